//! HTML of mails as plain text: tags go, line breaks stay, entities become what they name. What
//! comes out is text and only ever shown as text, so nothing here has to be safe, only readable.

/// Tags that end a line.
const BREAKS: [&str; 9] = ["br", "p", "div", "li", "tr", "h1", "h2", "h3", "blockquote"];

/// Elements whose content is no text.
const UNSEEN: [&str; 3] = ["style", "script", "head"];

/// Characters of an entity's name, at most.
const ENTITY_CHARS_MAX: usize = 8;

/// The text of `html`.
pub fn of_html(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut unseen: Option<&str> = None;
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        if unseen.is_none() {
            out.push_str(before);
        }
        if from.starts_with('&') {
            let (text, after) = entity(from);
            if unseen.is_none() {
                out.push_str(&text);
            }
            rest = after;
            continue;
        }
        let end = from.find('>').map_or(from.len(), |end| end + 1);
        let tag = from[1..end].trim_end_matches('>').to_ascii_lowercase();
        rest = &from[end..];
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next();
        let name = name.unwrap_or("");
        let hides = UNSEEN.iter().copied().find(|one| *one == name);
        match (unseen, hides) {
            (None, Some(one)) if !tag.starts_with('/') => unseen = Some(one),
            (Some(open), Some(one)) if open == one && tag.starts_with('/') => unseen = None,
            (None, _) if BREAKS.contains(&name) && !out.ends_with('\n') => out.push('\n'),
            _ => {}
        }
    }
    if unseen.is_none() {
        out.push_str(rest);
    }
    out.trim().to_owned()
}

/// What an entity names, and what stands behind it. An ampersand alone is one.
fn entity(from: &str) -> (String, &str) {
    let body = &from[1..];
    let named = body.char_indices().take(ENTITY_CHARS_MAX + 1).find(|(_, c)| *c == ';');
    let Some((end, _)) = named else { return ("&".to_owned(), body) };
    let number = |digits: &str, radix| {
        let code = u32::from_str_radix(digits, radix).ok();
        code.and_then(char::from_u32).filter(|c| *c != '\0').map(String::from)
    };
    let text = match &body[..end] {
        "amp" => Some("&".to_owned()),
        "lt" => Some("<".to_owned()),
        "gt" => Some(">".to_owned()),
        "quot" => Some("\"".to_owned()),
        "apos" => Some("'".to_owned()),
        "nbsp" => Some(" ".to_owned()),
        name => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
            (Some(digits), _) => number(digits, 16),
            (_, Some(digits)) => number(digits, 10),
            _ => None,
        },
    };
    match text {
        Some(text) => (text, &body[end + 1..]),
        None => ("&".to_owned(), body),
    }
}

#[cfg(test)]
mod tests {
    use super::of_html;

    #[test]
    fn tags_go_and_text_stays() {
        for (html, text) in [
            ("plain", "plain"),
            ("a<br>b<br/>c", "a\nb\nc"),
            ("<p>One &amp; two</p><p>three</p>", "One & two\nthree"),
            ("<style>p { x: 1 }</style>seen<script>alert(1)</script>", "seen"),
            ("1 &lt; 2 &#38; 3 &#x263A; &unknown; & &", "1 < 2 & 3 \u{263a} &unknown; & &"),
            ("<a href=\"x\">link</a", "link"),
            ("&#0;&#xD800;", "&#0;&#xD800;"),
            ("<div>\u{e9}</div>", "\u{e9}"),
        ] {
            assert_eq!(of_html(html), text, "{html}");
        }
    }
}

//! What the `type` of a problem links to: a short page for each code, for whoever reads a log and
//! has only the link. It is text for people; programs go by the code. It must hold every code that
//! this API can answer with, which tests see to.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use domain::Refusal;

use super::asked::Named;
use super::{docs, words};

/// One page.
struct Page {
    code: &'static str,
    title: &'static str,
    /// What it means and what to do.
    advice: &'static str,
}

const fn page_of(code: &'static str, title: &'static str, advice: &'static str) -> Page {
    Page { code, title, advice }
}

const BODY: &str = "The body cannot be taken";
const WHO: &str = "Who are you?";
const NO_OTHER_BODY: &str = "Send one JSON object as the API's document describes it.";
const JSON_ONLY: &str = "Send JSON in UTF-8, with Content-Type: application/json.";

const PAGES: &[Page] = &[
    page_of(
        "payment-unknown",
        "No such transaction",
        "Your account has no transaction with this reference in this environment. Compare the \
         reference, and whether the credential is of staging or of production.",
    ),
    page_of(
        "payment-pending",
        "The transaction is still under way",
        "It can be reported once it has ended. Try again later.",
    ),
    page_of(
        "payment-failed",
        "The transaction failed",
        "Its amount went back by itself; there is nothing to report.",
    ),
    page_of(
        "payment-refunded",
        "The transaction was refunded",
        "It was given back on request; there is nothing to report.",
    ),
    page_of(
        "already-reported",
        "Another case is open",
        "A case about the same transaction is not closed: `case` names it. Act on that one.",
    ),
    page_of(
        "case-unknown",
        "No such case",
        "Your account has no case with this id in this environment.",
    ),
    page_of(
        "wrong-stage",
        "Not at this stage",
        "The case's stage does not allow this act. Read the case again and see where it stands.",
    ),
    page_of(
        "stale",
        "It moved on",
        "Somebody changed it after you read it. Read it again and decide anew.",
    ),
    page_of(
        "not-resolved",
        "The case has no outcome",
        "Resolve it first, or close it for a reason other than `settled`.",
    ),
    page_of("nothing-proposed", "Nothing was proposed", "There is no proposal to answer."),
    page_of(
        "already-proposed",
        "A proposal waits already",
        "Approve or decline the one that waits first.",
    ),
    page_of(
        "same-person",
        "A second person is needed",
        "Whoever proposed a remedy cannot approve or decline it. Ask a colleague.",
    ),
    page_of(
        "thing-unknown",
        "No such thing",
        "Your account has nothing of this kind with this name or id in this environment. The list \
         beside it says what there is.",
    ),
    page_of(
        "name-taken",
        "The name is taken",
        "Another one has this name or address already, also one that was disabled or retired. \
         Choose another, or change that one. Names of logins are unique over the whole \
         installation: choose one that begins with your account's short name. Of endpoints only \
         those count that are switched on.",
    ),
    page_of(
        "already-so",
        "Nothing to change",
        "It is so already, or it has ended: it was revoked, disabled, retired, sent or set back \
         before, or every field has the value you sent. Nothing was written; the version stays.",
    ),
    page_of(
        "disabled",
        "It is disabled",
        "Nothing is handed out to a member, or sent to an endpoint, that is disabled. Enable it \
         first.",
    ),
    page_of(
        "retired",
        "It is retired",
        "A team that was retired stays so, and keeps its name: nobody joins or leaves it. Add \
         another team under a new name, and give its queues to that one.",
    ),
    page_of(
        "two-credentials",
        WHO,
        "The request has a bearer token and a signature. Send one of them, so that it is clear who \
         asks.",
    ),
    page_of(
        "grants-too-much",
        "More than you have",
        "Nobody can hand out a credential with more rights than his own, nor change or end one. \
         GET /api/v1/me says which rights yours has.",
    ),
    page_of(
        "same-case",
        "That is the same case",
        "A case cannot be linked to or merged into itself. Name another one.",
    ),
    page_of(
        "already-linked",
        "Linked already",
        "The two cases are linked in this way. There is nothing to do.",
    ),
    page_of(
        "too-many-above",
        "Too many cases above",
        "More than 32 cases stand above the one you named, over its parents and theirs: more are \
         not looked at. Link to a case further up.",
    ),
    page_of(
        "not-linked",
        "Not linked",
        "The two cases are not linked in this way. Read the links of either.",
    ),
    page_of(
        "linked-otherwise",
        "Linked the other way round",
        "The two cases are linked by this kind the other way round, by one link or over cases \
         between them: none is its parent's parent. `detail` says what the other case is. Read \
         the links of either, and unlink that first.",
    ),
    page_of(
        "merged",
        "A merge stands",
        "The case was merged, and its link `duplicate-of` says into which one: `case` names that. \
         The link cannot be cut, and the case cannot be the duplicate of a second one, until the \
         merge is taken back by reopening the case.",
    ),
    page_of(
        "other-case-unknown",
        "No such other case",
        "Your account has no case with the id that you gave for the other one, in this \
         environment. The case itself is there, and nothing was changed.",
    ),
    page_of(
        "other-case-closed",
        "The other case is closed",
        "A case is merged only into one that goes on, and the one you named is closed: `case` \
         names it. Reopen that one first, or merge into another.",
    ),
    page_of(
        "case-empty",
        "The case says nothing",
        "Say at least what the customer said, a category, the customer, an address, or the \
         transaction it is about: nobody could work it otherwise.",
    ),
    page_of(
        "last-administrator",
        "The last administrator",
        "Nobody else could administer the account. Make another member an administrator first, or \
         let one in again who was disabled.",
    ),
    page_of(
        "invitation-not-valid",
        "No such invitation",
        "The invitation is unknown, was used, or is older than three days. Ask an administrator of \
         your account for a new one.",
    ),
    page_of(
        "queue-empty",
        "The queue is empty",
        "No case of this queue waits for somebody to take it: all have somebody, or stand still. \
         Ask again later, and compare the queue's name.",
    ),
    page_of(
        "receipt-time",
        "The time of receipt cannot be",
        "A complaint was not received in the future (up to five minutes ahead counts as now), and \
         one that is opened by hand at most 366 days ago. Import what is older.",
    ),
    page_of(
        "endpoint-barred",
        "Nothing could be sent there",
        "The rules for outgoing requests forbid this address: it leads inside, or to a port where \
         no web server is. Give another, or ask the operator for the setting `webhooks.allow`.",
    ),
    page_of(
        "always-there",
        "It is always there",
        "It is part of every account: new cases come into the queue `intake`. Add a queue of your \
         own, and assign cases to it.",
    ),
    page_of(
        "job-too-large",
        "Too many cases",
        "A job has at most 10,000 cases. Narrow the filter, or ask for several jobs.",
    ),
    page_of(
        "job-unknown",
        "No such job",
        "Your account has no job with this id in this environment.",
    ),
    page_of(
        "key-reused-for-other",
        "The idempotency key was used for something else",
        "Use a new key for a new request, and the same key only to repeat one.",
    ),
    page_of(
        "nonce-spent",
        "The nonce was used before",
        "Every request needs a new nonce, also a repeated one. Sign again with a new one.",
    ),
    page_of(
        "not-allowed",
        "Not allowed",
        "This credential does not have this right: its role has not, or it was narrowed. GET \
         /api/v1/me says which it has.",
    ),
    page_of(
        "busy",
        "Too busy",
        "Others changed the same thing at the same time. Nothing was changed by you; try again.",
    ),
    page_of(
        "no-credential",
        WHO,
        "Send Authorization: Bearer with a token that begins rdt_. A read may be signed with an \
         API key instead.",
    ),
    page_of(
        "token-not-valid",
        WHO,
        "The token is unknown, has expired or was revoked. Ask the operator for a new one.",
    ),
    page_of(
        "wrong-host",
        WHO,
        "The token is of another environment than this host name. Use the other host or token.",
    ),
    page_of(
        "not-signed",
        WHO,
        "One of X-Api-Key, X-Timestamp, X-Nonce and X-Signature is missing or wrong; `detail` \
         says which. Compare what you sign with the example clients.",
    ),
    page_of(
        "key-unknown",
        WHO,
        "The API key was never made, was revoked, or is of the other environment's host.",
    ),
    page_of(
        "wrong-field",
        "A field is wrong",
        "`errors` names each wrong field and says why. Mend them and send the request again.",
    ),
    page_of("no-such-path", "Nothing is here", "GET /api/v1/openapi.json lists what there is."),
    page_of(
        "method-not-allowed",
        "Not this method",
        "The Allow header says which methods this path takes.",
    ),
    page_of(
        "broken",
        "Something is broken here",
        "`detail` says whether anything was changed. When it persists, tell the operator the \
         value of Redress-Request-Id.",
    ),
    page_of(
        "disk-full",
        "There is no room to keep it",
        "Nothing was changed. The operator has to make room; then the same request is taken. Wait \
         as many seconds as Retry-After says before each try.",
    ),
    page_of(
        "too-slow",
        "It took too long",
        "With status 408 your body did not arrive in time: send it again. With 504 it is not known \
         whether the request was done: ask again with the same Idempotency-Key, or look before you \
         repeat it.",
    ),
    page_of(
        "too-many-requests",
        "Too many requests",
        "This credential asked more often than it is granted. Wait as many seconds as Retry-After \
         says; the headers RateLimit and RateLimit-Policy say how much is granted and left.",
    ),
    page_of("too-large", BODY, "`detail` says how many bytes are taken. Send less at once."),
    page_of("broken-off", BODY, "The body ended early. Send the request again."),
    page_of("encoded", BODY, "Send the body without Content-Encoding."),
    page_of("unsupported-type", BODY, JSON_ONLY),
    page_of("unsupported-charset", BODY, JSON_ONLY),
    page_of("not-utf8", BODY, JSON_ONLY),
    page_of("bad-json", BODY, "The body is no JSON. `detail` names the line and column."),
    page_of("array-body", BODY, NO_OTHER_BODY),
    page_of("not-an-object", BODY, NO_OTHER_BODY),
    page_of("duplicate-key", BODY, NO_OTHER_BODY),
    page_of("too-deep", BODY, NO_OTHER_BODY),
    page_of("nul-character", BODY, "Leave NUL characters out: no field may have one."),
    page_of("too-many-fields", BODY, NO_OTHER_BODY),
    page_of("name-too-long", BODY, NO_OTHER_BODY),
    page_of("bad-multipart", BODY, NO_OTHER_BODY),
    page_of("file-part", BODY, NO_OTHER_BODY),
    page_of(
        "evidence-unknown",
        "No such file",
        "Your account has no file with this id in this environment.",
    ),
    page_of(
        "evidence-held",
        "The file is held",
        "The scanner did not look at it yet. It can be had when it did; try again later.",
    ),
    page_of(
        "evidence-infected",
        "The scanner found something in the file",
        "Nobody gets it. `finding` of the file says what it was called.",
    ),
    page_of(
        "no-preview",
        "No preview",
        "A preview is made of images that can be decoded. Get the file itself instead.",
    ),
    page_of(
        "too-many-files",
        "Too many files",
        "`errors` names the first that is too many. Send the others in another request.",
    ),
    page_of(
        "file-name-taken",
        "Two files have one name",
        "Names are compared without regard to case. Give each file its own.",
    ),
    page_of("file-without-name", "A file without a name", "Send a filename with every file."),
    page_of(
        "wrong-file-extension",
        "A file of another kind",
        "PNG, JPEG and PDF are taken, by their extensions: png, jpg, jpeg, pdf.",
    ),
    page_of(
        "wrong-declared-type",
        "A file called what it is not",
        "The Content-Type of its part and its extension must agree.",
    ),
    page_of(
        "wrong-signature",
        "A file that is not what its name says",
        "Its first bytes are of another kind than its extension.",
    ),
    page_of(
        "image-without-dimensions",
        "An image that cannot be read",
        "Its header does not say how large it is: it is damaged or no image.",
    ),
    page_of(
        "too-many-pixels",
        "An image too large",
        "At most 64 million pixels are taken. Make it smaller.",
    ),
    page_of(
        "file-too-large",
        "A file too large",
        "It has more bytes than one file may have. Send a smaller one.",
    ),
    page_of("file-empty", "An empty file", "It has no bytes. Choose it again and send it again."),
    page_of(
        "file-infected",
        "The scanner found something",
        "Nothing of the request was taken; the file is held for whoever looks into it.",
    ),
    page_of(
        "file-not-scanned",
        "The scanner is not there",
        "Nothing was kept. Send it again when Retry-After says.",
    ),
];

/// A code with its title and advice, when there is such a code.
pub(super) fn told(code: &str) -> Option<(&'static str, &'static str, &'static str)> {
    let page = PAGES.iter().find(|page| page.code == code)?;
    Some((page.code, page.title, page.advice))
}

/// Every code with its title and advice.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    PAGES.iter().map(|page| (page.code, page.title, page.advice))
}

/// `GET /problems`: every code there is.
pub(super) async fn index() -> Response {
    let mut list = String::new();
    for page in PAGES {
        let (code, title) = (page.code, marked(page.title));
        // Writing into a text cannot fail.
        let _ =
            writeln!(list, "<li><a href=\"/problems/{code}\"><code>{code}</code></a> {title}</li>");
    }
    let body = format!("<h1>Problems</h1>\n<ul>\n{list}</ul>\n");
    (docs::headers("text/html; charset=utf-8"), framed("Problems", &body)).into_response()
}

/// `GET /problems/{code}`: needs no credential, since it says the same to everybody.
pub(super) async fn page(Named(code): Named) -> Response {
    let Some(page) = PAGES.iter().find(|page| page.code == code) else {
        return super::no_such_path();
    };
    (docs::headers("text/html; charset=utf-8"), page.html()).into_response()
}

impl Page {
    /// The page for people.
    fn html(&self) -> String {
        let Self { code, title, advice } = self;
        let sample = Refusal::samples().into_iter().find(|one| one.code() == *code);
        let status = sample.map(|one| words::status(&one));
        let status = status.map_or_else(String::new, |status| {
            format!("<p>It comes with the status <code>{}</code>.</p>\n", status.as_str())
        });
        let (title, advice) = (marked(title), marked(advice));
        let body = format!(
            "<h1>{title}</h1>\n<p class=\"small\">The problem <code>{code}</code></p>\n{status}\
             <h2>What it means, and what to do</h2>\n<p class=\"lead\">{advice}</p>\n\
             <p>The answer's own <code>detail</code> says what it was about. \
             <a href=\"/problems\">All problems</a>, \
             <a href=\"/docs\">all about this API</a></p>\n"
        );
        framed(code, &body)
    }
}

/// A whole page: no script, in the look of `/docs`.
fn framed(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/style.css\">\n</head>\n<body>\n\
         <main id=\"main\">\n{body}</main>\n</body>\n</html>\n"
    )
}

/// Text as HTML; what stands between backticks is code.
fn marked(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut html = String::with_capacity(text.len());
    for (place, part) in text.split('`').enumerate() {
        match place % 2 {
            0 => html.push_str(part),
            _ => html.extend(["<code>", part, "</code>"]),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_page_reads_without_a_script() {
        for page in PAGES {
            let html = page.html();
            assert!(html.contains(page.code) && !html.contains("<script"), "{}", page.code);
            assert_eq!(html.matches("<code>").count(), html.matches("</code>").count());
            assert!(!html.contains('`'), "{}: an odd backtick", page.code);
        }
        let known = PAGES.iter().find(|page| page.code == "wrong-stage").expect("a page");
        assert!(known.html().contains("<code>409</code>"), "{}", known.html());
        assert_eq!(marked("a <b> & `c`"), "a &lt;b&gt; &amp; <code>c</code>");
    }

    fn codes() -> BTreeSet<&'static str> {
        PAGES.iter().map(|page| page.code).collect()
    }

    #[test]
    fn every_code_has_one_page() {
        assert_eq!(codes().len(), PAGES.len());
        for page in PAGES {
            assert!(!page.title.is_empty() && !page.advice.is_empty(), "{}", page.code);
        }
    }

    #[test]
    fn every_refusal_has_its_page() {
        for refusal in Refusal::samples() {
            assert!(codes().contains(refusal.code()), "{}", refusal.code());
        }
    }

    /// Their list has no samples, so its source is read: each `=> "code"` there is one.
    #[test]
    fn every_bad_body_has_its_page() {
        let source = include_str!("../body/error.rs");
        let names = source.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
        let names: Vec<String> = names.map(|name| name.replace('_', "-")).collect();
        assert!(names.len() > 10, "{names:?}");
        for name in names {
            assert!(codes().contains(name.as_str()), "{name}");
        }
    }
}

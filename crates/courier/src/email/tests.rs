//! Mails as a mail program reads them, and as files.

use mail_parser::{Address as Read, HeaderValue, MessageParser, MimeHeaders as _};
use proptest::prelude::*;

use super::*;
use crate::testing::{address, message_id};

pub(super) fn sender() -> Sender {
    let parse = |text| Mailbox::parse(text).expect("a mailbox");
    Sender {
        from: parse("Redress Help <help@Redress.example>"),
        reply_to: Some(parse("answers@redress.example")),
    }
}

pub(super) fn letter() -> Rendered {
    Rendered {
        subject: "We have your report [cs_1]".into(),
        text: "Hello,\n\n.dot at the start\nZoë & 漢字\n".into(),
        html: "<p>Hello, Zoë</p>".into(),
    }
}

pub(super) fn recipients(to: &str, cc: &[&str]) -> Recipients {
    Recipients { to: address(to), cc: cc.iter().map(|text| address(text)).collect() }
}

pub(super) fn mail(recipients: &Recipients) -> Composed {
    compose_with(&sender(), recipients, &letter()).expect("a mail")
}

fn compose_with(
    sender: &Sender,
    recipients: &Recipients,
    letter: &Rendered,
) -> Result<Composed, ComposeError> {
    let id = message_id(1);
    let at = Instant::from_seconds(1_760_000_000);
    let language = Language::English;
    let (in_reply_to, references) = (None, &[][..]);
    compose(sender, &Mail { id: &id, at, recipients, letter, language, in_reply_to, references })
}

fn addresses(read: Option<&Read<'_>>) -> Vec<String> {
    let Some(read) = read else { return Vec::new() };
    read.iter().filter_map(|one| one.address.as_deref().map(str::to_owned)).collect()
}

#[test]
fn a_mail_reads_back_as_it_was_meant() {
    let got = mail(&recipients("ann@b.example", &["c@d.example", "ops@m.example"]));
    assert!(got.bytes.is_ascii(), "no relay has to know 8BITMIME");
    let read = MessageParser::default().parse(&got.bytes).expect("a mail");
    assert_eq!(addresses(read.to()), ["ann@b.example"]);
    assert_eq!(addresses(read.cc()), ["c@d.example", "ops@m.example"]);
    assert_eq!(addresses(read.from()), ["help@Redress.example"]);
    assert_eq!(addresses(read.reply_to()), ["answers@redress.example"]);
    let from = read.from().and_then(|f| f.first()).and_then(|f| f.name.as_deref());
    assert_eq!(from, Some("Redress Help"));
    assert_eq!(read.subject(), Some("We have your report [cs_1]"));
    let id = format!("{}@redress.example", message_id(1).as_str());
    assert_eq!(read.message_id(), Some(id.as_str()));
    assert_eq!(read.date().map(mail_parser::DateTime::to_timestamp), Some(1_760_000_000));
    for (name, value) in [
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("Content-Language", "en"),
        ("MIME-Version", "1.0"),
    ] {
        let got = read.header_raw(name).map(str::trim);
        assert_eq!(got, Some(value), "{name}");
    }
    for absent in ["Bcc", "In-Reply-To", "References", "List-Id", "List-Unsubscribe", "Sender"] {
        assert!(read.header(absent).is_none(), "{absent}");
    }
    let text = read.body_text(0).expect("a text");
    assert_eq!(text.replace("\r\n", "\n").trim_end(), letter().text.trim_end());
    assert_eq!(read.body_html(0).expect("html").trim_end(), letter().html);
    assert!(read.content_type().is_some_and(|t| t.subtype() == Some("alternative")));
}

#[test]
fn the_envelope_is_what_the_headers_say() {
    let many: Vec<String> = (0..19).map(|n| format!("reader{n}@d.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (to, cc) in [
        ("a@b.example", &[][..]),
        ("a@b.example", &["c@d.example"]),
        ("o'brien+x@b.example", &["!#$%&'*+-/=?^_`{|}~@d.example", "c@xn--bcher-kva.example"]),
        ("a@b.example", &many),
    ] {
        let recipients = recipients(to, cc);
        let got = mail(&recipients);
        let read = MessageParser::default().parse(&got.bytes).expect("a mail");
        let shown = [addresses(read.to()), addresses(read.cc())].concat();
        let told: Vec<&str> = got.to.iter().map(Address::as_str).collect();
        assert_eq!(shown, told);
        assert_eq!(got.from.as_str(), "help@Redress.example");
    }
    let too_many: Vec<String> = (0..20).map(|n| format!("reader{n}@d.example")).collect();
    let too_many: Vec<&str> = too_many.iter().map(String::as_str).collect();
    let got = compose_with(&sender(), &recipients("a@b.example", &too_many), &letter());
    assert!(matches!(got, Err(ComposeError::TooMany(21))));
}

#[test]
fn the_same_message_is_the_same_bytes_in_every_try() {
    let to = recipients("a@b.example", &["c@d.example"]);
    assert_eq!(mail(&to), mail(&to));
}

#[test]
fn threads_are_named_by_checked_ids() {
    let (id, recipients, letter) = (message_id(2), recipients("a@b.example", &[]), letter());
    let at = Instant::from_seconds(1_760_000_000);
    let first = sender().mail_id(&message_id(1));
    let theirs = MailId::parse(" <CAF+x=_1@mail.b.example> ").expect("an id");
    let references: Vec<MailId> =
        (0..30).map(|n| sender().mail_id(&message_id(n))).chain([theirs.clone()]).collect();
    let mail = Mail {
        id: &id,
        at,
        recipients: &recipients,
        letter: &letter,
        language: Language::English,
        in_reply_to: Some(&first),
        references: &references,
    };
    let got = compose(&sender(), &mail).expect("a mail");
    let read = MessageParser::default().parse(&got.bytes).expect("a mail");
    let bare = |id: &MailId| id.as_str().trim_matches(['<', '>']).to_owned();
    assert_eq!(read.in_reply_to().as_text(), Some(bare(&first).as_str()));
    let HeaderValue::TextList(ids) = read.references() else { panic!("a list") };
    assert_eq!(ids.len(), REFERENCES_MAX);
    assert_eq!(ids.last().map(AsRef::as_ref), Some(bare(&theirs).as_str()));
    for bad in [
        "",
        "a@b",
        "<a@b",
        "<a>",
        "<@b>",
        "<a@>",
        "<a@b@c>",
        "<a b@c>",
        "<a@b>\r\nBcc: x@y.example",
        "<a\r\n@b>",
        "<a@b> <c@d>",
        "<ä@b>",
        "<\"a\"@b>",
    ] {
        assert_eq!(MailId::parse(bad), None, "{bad:?}");
    }
    assert_eq!(MailId::parse(&format!("<a@{}>", "b".repeat(600))), None);
}

#[test]
fn mailboxes_are_read_with_and_without_names() {
    for (text, name, address) in [
        ("help@a.example", None, "help@a.example"),
        ("<help@a.example>", None, "help@a.example"),
        ("Help <help@a.example>", Some("Help"), "help@a.example"),
        ("\"Help, Desk\" <help@a.example>", Some("Help, Desk"), "help@a.example"),
        ("Zoë's Hilfe <help@a.example>", Some("Zoë's Hilfe"), "help@a.example"),
        (
            "Redress <redress@localhost.localdomain>",
            Some("Redress"),
            "redress@localhost.localdomain",
        ),
    ] {
        let got = Mailbox::parse(text).expect(text);
        assert_eq!((got.name.as_deref(), got.address().as_str()), (name, address));
        let sender = Sender { from: got, reply_to: None };
        let mail = compose_with(&sender, &recipients("a@b.example", &[]), &letter());
        let mail = mail.expect("a mail");
        let read = MessageParser::default().parse(&mail.bytes).expect("a mail");
        let from = read.from().and_then(|from| from.first()).expect("a sender");
        assert_eq!((from.name.as_deref(), from.address.as_deref()), (name, Some(address)));
        assert!(read.reply_to().is_none());
    }
    for text in [
        "",
        "Help",
        "Help <help@a.example",
        "Help <help@a.example> x",
        "Help\r\nBcc: x@y.example <help@a.example>",
        "a\" <b <help@a.example>",
        "Help <help>",
        "a@b.example, c@d.example",
    ] {
        assert!(Mailbox::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_subject_of_two_lines_is_no_mail() {
    let letter = Rendered { subject: "Hello\r\nBcc: x@y.example".into(), ..letter() };
    let got = compose_with(&sender(), &recipients("a@b.example", &[]), &letter);
    assert!(matches!(got, Err(ComposeError::Subject)));
}

#[test]
fn nothing_of_a_mail_stands_in_debugging_output() {
    let shown = format!("{:?}", mail(&recipients("ann@b.example", &[])));
    assert!(!shown.contains("ann") && !shown.contains("Hello"), "{shown}");
}

proptest! {
    #[test]
    fn whatever_a_letter_says_its_headers_are_ours(
        subject in "[^\\p{Cc}]{1,200}",
        text in "(?s).{0,400}",
        local in "[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}",
    ) {
        let letter = Rendered { subject: subject.clone(), text: text.clone(), html: text };
        let to = format!("{local}@b.example");
        let got = compose_with(&sender(), &recipients(&to, &["c@d.example"]), &letter);
        let got = got.expect("a mail");
        let read = MessageParser::default().parse(&got.bytes).expect("a mail");
        let names: Vec<&str> = read.headers().iter().map(mail_parser::Header::name).collect();
        prop_assert_eq!(names.len(), 12, "{:?}", names);
        prop_assert_eq!(addresses(read.to()), vec![to]);
        prop_assert_eq!(addresses(read.cc()), vec!["c@d.example".to_owned()]);
        prop_assert!(got.bytes.is_ascii());
        let longest = got.bytes.split(|b| *b == b'\n').map(<[u8]>::len).max();
        prop_assert!(longest <= Some(998), "{:?}", longest);
    }
}

#[tokio::test]
async fn a_folder_holds_each_mail_once_with_its_envelope() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("a/mail");
    let folder = Folder::open(&path).expect("a folder");
    let transport = Transport::Folder(Folder::open(&path).expect("it is there already"));
    let mail = mail(&recipients("ann@b.example", &["c@d.example"]));
    for _ in 0..3 {
        folder.keep(&mail).await.expect("written");
    }
    assert!(matches!(transport.send(&mail).await, Sent::Taken(_)));
    let mut names: Vec<String> = std::fs::read_dir(&path)
        .expect("a folder")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let id = mail.id.as_str();
    assert_eq!(names, [format!("{id}.eml"), format!("{id}.json")]);
    assert_eq!(std::fs::read(path.join(format!("{id}.eml"))).expect("a mail"), mail.bytes);
    let envelope = std::fs::read(path.join(format!("{id}.json"))).expect("an envelope");
    let envelope: serde_json::Value = serde_json::from_slice(&envelope).expect("JSON");
    let wanted = serde_json::json!({
        "id": id,
        "from": "help@Redress.example",
        "to": ["ann@b.example", "c@d.example"],
    });
    assert_eq!(envelope, wanted);
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("it").permissions().mode();
    assert_eq!(mode(&path) & 0o777, 0o700);
    assert_eq!(mode(&path.join(format!("{id}.eml"))) & 0o777, 0o600);
    std::fs::remove_dir_all(&path).expect("gone");
    assert!(matches!(transport.send(&mail).await, Sent::NotNow { .. }));
    assert!(matches!(Transport::Off.send(&mail).await, Sent::Never { .. }));
}

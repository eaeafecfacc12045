//! The transport against a server that fails by plan.

use std::time::Instant as Watch;

use mail_parser::MessageParser;

use super::*;
use crate::email::tests::{mail, recipients};
use crate::testing::{acceptor, address};
use teststand::receivers::{SmtpPlan, SmtpReceiver};

const CHAIN: &[u8] = include_bytes!("../../../tests/tls/localhost.pem");
const KEY: &[u8] = include_bytes!("../../../tests/tls/localhost.key");
const AUTHORITY: &[u8] = include_bytes!("../../../tests/tls/authority.pem");

fn settings(server: &SmtpReceiver, tls: TlsPolicy) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".into(),
        port: server.port(),
        tls,
        roots: Some(AUTHORITY.to_vec()),
        login: None,
        timeout: Duration::from_millis(1_500),
    }
}

fn plain(server: &SmtpReceiver) -> Smtp {
    Smtp::open(settings(server, TlsPolicy::Off)).expect("a transport")
}

fn planned(rcpt: &[(&str, &str)]) -> SmtpPlan {
    let rcpt = rcpt.iter().map(|(to, reply)| ((*to).to_owned(), (*reply).to_owned())).collect();
    SmtpPlan { rcpt, ..SmtpPlan::default() }
}

#[tokio::test]
async fn what_is_sent_is_what_arrives_to_whom_it_is_meant() {
    let server = SmtpReceiver::start(SmtpPlan::default()).await;
    let mail = mail(&recipients("ann@b.example", &["c@d.example"]));
    let Sent::Taken(taken) = plain(&server).send(&mail).await else { panic!("not taken") };
    assert_eq!((taken.refused.len(), taken.later.len()), (0, 0));
    let got = server.mails().pop().expect("a mail");
    assert_eq!(got.from, "help@Redress.example");
    assert_eq!(got.to, ["ann@b.example", "c@d.example"]);
    assert!(!got.tls && !got.logged_in);
    let (sent, got) = (mail.bytes, got.data);
    assert_eq!(got.trim_ascii_end(), sent.trim_ascii_end(), "dots come through unharmed");
    let read = MessageParser::default().parse(&got).expect("a mail");
    assert!(read.body_text(0).is_some_and(|text| text.contains("\n.dot at the start")));
}

#[tokio::test]
async fn one_bad_recipient_keeps_the_mail_from_nobody_else() {
    for (plan, taken_for, refused, later) in [
        (planned(&[("ann@b.example", "550 5.1.1 nobody")]), &["c@d.example"][..], 1, 0),
        (planned(&[("c@d.example", "550 5.1.1 nobody")]), &["ann@b.example"], 1, 0),
        (planned(&[("c@d.example", "450 4.2.0 greylisted")]), &["ann@b.example"], 0, 1),
        (planned(&[("c@d.example", "552 5.2.2 full")]), &["ann@b.example"], 0, 1),
    ] {
        let server = SmtpReceiver::start(plan).await;
        let mail = mail(&recipients("ann@b.example", &["c@d.example"]));
        let Sent::Taken(taken) = plain(&server).send(&mail).await else { panic!("not taken") };
        assert_eq!((taken.refused.len(), taken.later.len()), (refused, later));
        assert_eq!(server.mails()[0].to, taken_for);
    }
}

#[tokio::test]
async fn replies_decide_whether_trying_again_can_help() {
    let never = |text: &str| (false, text.to_owned());
    let not_now = |text: &str| (true, text.to_owned());
    let data = |reply: &str| SmtpPlan { after_data: vec![reply.into()], ..SmtpPlan::default() };
    let greeting = |text: &str| SmtpPlan { greeting: Some(text.into()), ..SmtpPlan::default() };
    let rcpt = |reply| planned(&[("ann@b.example", reply)]);
    let demanding = SmtpPlan { login: Some(("a".into(), "b".into())), ..SmtpPlan::default() };
    for (plan, wanted) in [
        (rcpt("550 5.1.1 nobody here"), never("550")),
        (rcpt("554 5.7.1 relaying denied"), never("554")),
        (rcpt("450 4.2.0 later"), not_now("450")),
        (rcpt("552 5.2.2 full"), not_now("552")),
        (rcpt("421 4.3.2 closing"), not_now("421")),
        (data("554 5.6.0 spam"), never("554")),
        (data("552 5.3.4 too big"), never("552")),
        (data("451 4.3.0 disk"), not_now("451")),
        (greeting("554 5.3.2 no service"), not_now("554")),
        (greeting("421 4.3.2 busy"), not_now("421")),
        (greeting("HTTP/1.1 400 Bad Request"), not_now("connecting")),
        (demanding, not_now("530")),
    ] {
        let server = SmtpReceiver::start(plan).await;
        let mail = mail(&recipients("ann@b.example", &[]));
        let got = match plain(&server).send(&mail).await {
            Sent::Never { why } => (false, why),
            Sent::NotNow { why } => (true, why),
            Sent::Taken(_) => panic!("taken, but {wanted:?} was planned"),
        };
        assert_eq!(got.0, wanted.0, "{got:?}, not {wanted:?}");
        assert!(got.1.contains(&wanted.1), "{got:?}, not {wanted:?}");
        assert_eq!(server.mails(), []);
    }
}

#[test]
fn codes_are_sorted() {
    for (step, codes, fate) in [
        (Step::From, &[None, Some(421), Some(450), Some(451), Some(452)][..], Fate::NotNow),
        (Step::From, &[Some(530), Some(534), Some(535), Some(538)], Fate::NotNow),
        (Step::From, &[Some(500), Some(550), Some(552), Some(553), Some(555)], Fate::Never),
        (Step::Recipient, &[Some(450), Some(552), Some(530), None], Fate::NotNow),
        (Step::Recipient, &[Some(550), Some(551), Some(553), Some(554)], Fate::Never),
        (Step::Body, &[Some(451), Some(452), None, Some(354)], Fate::NotNow),
        (Step::Body, &[Some(550), Some(552), Some(554)], Fate::Never),
    ] {
        for code in codes {
            assert_eq!(classify(step, *code), fate, "{step:?} {code:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left_in_time() {
    for verb in ["EHLO", "MAIL", "RCPT", "DATA", "."] {
        let plan = SmtpPlan { hang_at: Some(verb.into()), ..SmtpPlan::default() };
        let server = SmtpReceiver::start(plan).await;
        let begun = Watch::now();
        let sent = plain(&server).send(&mail(&recipients("ann@b.example", &[]))).await;
        assert!(matches!(&sent, Sent::NotNow { why } if why.contains("longer than")), "{sent:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{verb}");
    }
}

#[tokio::test]
async fn nobody_at_home_is_not_now() {
    let server = SmtpReceiver::start(SmtpPlan::default()).await;
    let smtp = plain(&server);
    drop(server);
    tokio::task::yield_now().await;
    let sent = smtp.send(&mail(&recipients("ann@b.example", &[]))).await;
    assert!(matches!(sent, Sent::NotNow { .. }), "{sent:?}");
}

#[tokio::test]
async fn a_connection_is_kept_and_a_stale_one_is_replaced_at_once() {
    let server = SmtpReceiver::start(SmtpPlan::default()).await;
    let smtp = plain(&server);
    let mail = mail(&recipients("ann@b.example", &[]));
    for _ in 0..5 {
        assert!(matches!(smtp.send(&mail).await, Sent::Taken(_)));
    }
    assert_eq!((server.connections(), server.mails().len()), (1, 5));
    let plan = SmtpPlan { close_after: Some(1), ..SmtpPlan::default() };
    let server = SmtpReceiver::start(plan).await;
    let smtp = plain(&server);
    for _ in 0..5 {
        assert!(matches!(smtp.send(&mail).await, Sent::Taken(_)));
    }
    assert_eq!((server.connections(), server.mails().len()), (5, 5));
}

#[tokio::test]
async fn a_refused_mail_leaves_the_connection_usable() {
    let plan = planned(&[("ann@b.example", "550 5.1.1 nobody")]);
    let server = SmtpReceiver::start(plan).await;
    let smtp = plain(&server);
    let mail = mail(&recipients("ann@b.example", &[]));
    assert!(matches!(smtp.send(&mail).await, Sent::Never { .. }));
    assert!(matches!(smtp.send(&mail).await, Sent::Taken(_)));
    assert_eq!((server.connections(), server.mails().len()), (1, 1));
}

#[tokio::test]
async fn the_line_is_encrypted_as_the_policy_says() {
    use TlsPolicy::{Implicit, Off, Opportunistic, Required};
    for (offers, policy, encrypted) in [
        ("starttls", Required, Some(true)),
        ("starttls", Opportunistic, Some(true)),
        ("starttls", Off, Some(false)),
        ("nothing", Required, None),
        ("nothing", Opportunistic, Some(false)),
        ("nothing", Off, Some(false)),
        ("implicit", Implicit, Some(true)),
        ("nothing", Implicit, None),
    ] {
        let tls = Some(acceptor(CHAIN, KEY));
        let plan = match offers {
            "starttls" => SmtpPlan { starttls: tls, ..SmtpPlan::default() },
            "implicit" => SmtpPlan { implicit_tls: tls, ..SmtpPlan::default() },
            _ => SmtpPlan::default(),
        };
        let server = SmtpReceiver::start(plan).await;
        let smtp = Smtp::open(settings(&server, policy)).expect("a transport");
        let sent = smtp.send(&mail(&recipients("ann@b.example", &[]))).await;
        let got = server.mails().first().map(|mail| mail.tls);
        assert_eq!(got, encrypted, "{offers} {policy:?}: {sent:?}");
        assert_eq!(matches!(sent, Sent::NotNow { .. }), encrypted.is_none(), "{sent:?}");
    }
}

#[tokio::test]
async fn an_untrusted_or_misnamed_server_gets_no_mail() {
    let plan = SmtpPlan { starttls: Some(acceptor(CHAIN, KEY)), ..SmtpPlan::default() };
    let server = SmtpReceiver::start(plan).await;
    let trusting = settings(&server, TlsPolicy::Required);
    let other = SmtpSettings { host: "127.0.0.2".into(), ..trusting.clone() };
    // The server's own certificate is no authority.
    let strangers = SmtpSettings { roots: Some(CHAIN.to_vec()), ..trusting };
    for settings in [other, strangers] {
        let host = settings.host.clone();
        let smtp = Smtp::open(settings).expect("a transport");
        let sent = smtp.send(&mail(&recipients("ann@b.example", &[]))).await;
        let certificate = matches!(&sent, Sent::NotNow { why } if why.contains("certificate"));
        assert!(certificate || host == "127.0.0.2", "{sent:?}");
        assert!(matches!(sent, Sent::NotNow { .. }), "{sent:?}");
    }
    assert_eq!(server.mails(), []);
}

#[tokio::test]
async fn logins_are_made_where_they_are_safe() {
    let login = |password: &str| Some(("mailer".to_owned(), Secret::new(password.to_owned())));
    let wanted = Some(("mailer".to_owned(), "good".to_owned()));
    for (starttls, policy, password, taken, said) in [
        (true, TlsPolicy::Required, "good", true, ""),
        (true, TlsPolicy::Required, "bad", false, "535"),
        (false, TlsPolicy::Off, "good", true, ""),
        (false, TlsPolicy::Opportunistic, "good", false, "no password was sent"),
    ] {
        let starttls = starttls.then(|| acceptor(CHAIN, KEY));
        let plan = SmtpPlan { starttls, login: wanted.clone(), ..SmtpPlan::default() };
        let server = SmtpReceiver::start(plan).await;
        let settings = SmtpSettings { login: login(password), ..settings(&server, policy) };
        assert!(!format!("{settings:?}").contains(password));
        let sent = Smtp::open(settings)
            .expect("a transport")
            .send(&mail(&recipients("ann@b.example", &[])))
            .await;
        match &sent {
            Sent::Taken(_) => assert!(taken && server.mails()[0].logged_in, "{sent:?}"),
            Sent::NotNow { why } => assert!(!taken && why.contains(said), "{sent:?}"),
            Sent::Never { .. } => panic!("a login is not the mail's fault: {sent:?}"),
        }
    }
}

#[tokio::test]
async fn some_recipients_only_are_told_in_a_later_try() {
    let server = SmtpReceiver::start(SmtpPlan::default()).await;
    let mut mail = mail(&recipients("ann@b.example", &["c@d.example"]));
    mail.to = vec![address("c@d.example")];
    assert!(matches!(plain(&server).send(&mail).await, Sent::Taken(_)));
    assert_eq!(server.mails()[0].to, ["c@d.example"]);
}

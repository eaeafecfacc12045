//! The acknowledgement: who gets it, whether the day's caps allow it, what it says, and what to
//! make of the server's answer for each of them.

use desk::Failure;
use desk::outbox::{Claimed, LetterFacts, QUOTA_WINDOW};
use domain::Env;
use domain::address::{Address, Recipients};
use domain::changes::TryEnd;
use domain::time::{Instant, Millis};
use tokio::time::timeout;

use super::{Courier, End, PARTLY_SENT_MAX, SENDING_MAX, after_failure};
use crate::email::{self, Mail, Sent, Taken};
use crate::letter::{Language, Letter, Received};
use crate::schedule;
use crate::sweep::lanes::How;

/// What is put off until the next day is spread over this much of it.
const NEXT_DAY_SPREAD: Millis = Millis::hours(1);

/// Who gets the mail, after the caps.
enum Allowed {
    /// These; so many were left out.
    Now(Recipients, usize),
    /// Nobody before the next day, and why.
    Tomorrow(&'static str),
    /// Nobody ever: no address can be used.
    Nobody,
}

impl Courier {
    /// Sends the acknowledgement of a report.
    pub(super) async fn acknowledge(&self, message: &Claimed) -> Result<End, Failure> {
        let number = message.attempts + 1;
        let never = |detail: &str| {
            let detail = detail.to_owned();
            Ok(End { how: How::NotTried, number, end: TryEnd::GivenUp, detail })
        };
        if message.scope.env() == Env::Staging {
            return never("staging sends no mail");
        }
        let facts = self.desk.letter_facts(message.scope, &message.case).await?;
        let (recipients, left_out) = match self.allowed(message, &facts).await? {
            Allowed::Now(recipients, left_out) => (recipients, left_out),
            Allowed::Nobody => return never("no address can be used"),
            Allowed::Tomorrow(why) => {
                // Not a try: the mail was not sent.
                let (number, end) = (message.attempts, TryEnd::Again { due: self.tomorrow() });
                return Ok(End { how: How::NotTried, number, end, detail: why.to_owned() });
            }
        };
        let mut mail = match self.write(message, &facts, &recipients) {
            Ok(mail) => mail,
            Err(why) => return never(&why),
        };
        if let Some(have_it) = self.partly_sent().get(&message.id) {
            mail.to.retain(|address| !have_it.contains(address));
        }
        let sending = timeout(SENDING_MAX, self.tools.transport.send(&mail));
        let sent = sending.await.unwrap_or_else(|_| Sent::NotNow {
            why: format!("the mail server took longer than {} s", SENDING_MAX.as_secs()),
        });
        Ok(match sent {
            Sent::Taken(taken) => self.taken(message, &mail.to, &taken, left_out),
            Sent::Never { why } => {
                End { how: How::Well, number, end: TryEnd::GivenUp, detail: why }
            }
            Sent::NotNow { why } => {
                End { how: How::Badly, number, end: self.next_try(number), detail: why }
            }
        })
    }

    /// The recipients by the contract's rule, without those whose cap is used up. The first try
    /// counts; the account's own address is not capped, since it hears of all of its reports.
    async fn allowed(&self, message: &Claimed, facts: &LetterFacts) -> Result<Allowed, Failure> {
        let named = facts.case.addresses.iter();
        let named: Vec<Address> = named.filter_map(|text| Address::parse(text).ok()).collect();
        let registered = Address::parse(&facts.account_email).ok();
        let Some(registered) = registered.or_else(|| named.first().cloned()) else {
            return Ok(Allowed::Nobody);
        };
        let mut recipients = Recipients::of(&named, &registered);
        if message.attempts > 0 {
            return Ok(Allowed::Now(recipients, 0));
        }
        let caps = self.tools.caps;
        let ours = registered.comparable();
        let mut left_out = 0;
        for address in recipients.all().cloned().collect::<Vec<_>>() {
            let comparable = address.comparable();
            if comparable == ours
                || self.desk.use_quota("mail to", &comparable, caps.per_address).await?
            {
                continue;
            }
            if address == recipients.to {
                return Ok(Allowed::Tomorrow("its address had all its mails of today"));
            }
            recipients.cc.retain(|one| *one != address);
            left_out += 1;
        }
        if !self.desk.use_quota("mail through", &facts.case.through, caps.per_key).await? {
            return Ok(Allowed::Tomorrow("its key caused all its mails of today"));
        }
        Ok(Allowed::Now(recipients, left_out))
    }

    fn write(
        &self,
        message: &Claimed,
        facts: &LetterFacts,
        recipients: &Recipients,
    ) -> Result<email::Composed, String> {
        let payment = facts.payment.as_ref();
        let letter = Letter::Received(Received::new(
            &facts.case.id,
            &facts.case.refid,
            payment.map_or("", |payment| &payment.product),
            payment.map_or("", |payment| &payment.account),
            payment.map(|payment| (payment.amount_minor, payment.currency.as_str())),
        ));
        let language = Language::default();
        let letter = self.tools.letters.render(&letter, language);
        let letter =
            letter.map_err(|problem| format!("the letter cannot be written: {problem}"))?;
        let mail = Mail {
            id: &message.id,
            at: message.at,
            recipients,
            letter: &letter,
            language,
            in_reply_to: None,
            references: &[],
        };
        email::compose(&self.tools.sender, &mail).map_err(|error| error.to_string())
    }

    /// The server took the mail for some or all.
    fn taken(&self, message: &Claimed, asked: &[Address], taken: &Taken, left_out: usize) -> End {
        let number = message.attempts + 1;
        let mut detail = taken.said.clone();
        for (list, what) in [(&taken.refused, "refused for"), (&taken.later, "not yet taken for")] {
            if let Some((_, said)) = list.first() {
                detail.push_str(&format!("; {what} {} of {}: {said}", list.len(), asked.len()));
            }
        }
        if left_out > 0 {
            detail.push_str(&format!("; {left_out} left out, which had all their mails of today"));
        }
        let mut partly_sent = self.partly_sent();
        if taken.later.is_empty() {
            partly_sent.remove(&message.id);
            return End { how: How::Well, number, end: TryEnd::Done, detail };
        }
        if partly_sent.len() >= PARTLY_SENT_MAX {
            partly_sent.clear();
        }
        let later = |address: &Address| taken.later.iter().any(|(one, _)| one == address);
        let settled = asked.iter().filter(|address| !later(address)).cloned();
        partly_sent.entry(message.id.clone()).or_default().extend(settled);
        // Somebody has it, so running out of tries is no failure of the whole.
        let end = match self.next_try(number) {
            TryEnd::GivenUp => TryEnd::Done,
            end => end,
        };
        End { how: How::Well, number, end, detail }
    }

    fn next_try(&self, number: i64) -> TryEnd {
        let tries = u32::try_from(number).unwrap_or(u32::MAX);
        let now = self.desk.now();
        after_failure(self.desk.with_dice(|dice| schedule::MAIL.next(tries, now, None, dice)))
    }

    /// Some time early in the next window of the caps.
    fn tomorrow(&self) -> Instant {
        let window = QUOTA_WINDOW.0;
        let begins = (self.desk.now().millis().div_euclid(window) + 1).saturating_mul(window);
        let mut bytes = [0; 4];
        self.desk.with_dice(|dice| dice.fill(&mut bytes));
        let spread = i64::from(u32::from_le_bytes(bytes)) % NEXT_DAY_SPREAD.0;
        Instant::from_millis(begins).plus(Millis(spread))
    }
}

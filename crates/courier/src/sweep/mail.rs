//! The acknowledgement: who gets it, whether the day's caps allow it, what it says, and what to
//! make of the server's answer for each of them.

use desk::Failure;
use desk::admin::Sets;
use desk::outbox::{Claimed, LetterFacts};
use domain::address::{Address, Recipients};
use domain::admin::SettingKey;
use domain::changes::TryEnd;
use tokio::time::timeout;

use super::{Courier, End, SENDING_MAX, UNDER_WAY_MAX, after_failure};
use crate::email::{self, Mail, Sent, Taken, Transport};
use crate::letter::{Language, Letter, Received};
use crate::schedule;
use crate::sweep::lanes::How;

/// Who gets the mail, after the caps.
#[derive(Clone)]
struct Allowed {
    recipients: Recipients,
    /// Whom the caps left out and why, for the record.
    left_out: Option<String>,
}

/// What the tries of one mail have in common.
#[derive(Clone)]
pub(super) struct UnderWay {
    allowed: Allowed,
    /// Who has the mail already, or never will.
    settled: Vec<Address>,
}

impl Courier {
    /// Sends the acknowledgement of a report; nothing when the lease would end before that.
    pub(super) async fn acknowledge(&self, message: &Claimed) -> Result<Option<End>, Failure> {
        let number = message.attempts + 1;
        let never = |detail: &str, failed: Option<String>| {
            let detail = detail.to_owned();
            Ok(Some(End { how: How::NotTried, number, end: TryEnd::GivenUp, detail, failed }))
        };
        if let Some(why) = self.desk.never_mailed(message.scope).await? {
            return never(why, None);
        }
        let sets = self.desk.sets(message.scope).await?;
        let facts = self.desk.letter_facts(message.scope, &message.case).await?;
        // A try that fails may not bring back whom the caps left out.
        let known = self.under_way().remove(&message.id);
        let (allowed, settled) = match known {
            Some(UnderWay { allowed, settled }) => (allowed, settled),
            None => match self.allowed(&facts).await? {
                Some(allowed) => (allowed, Vec::new()),
                None => {
                    const WHY: &str = "no address can be used";
                    return never(WHY, Some(WHY.to_owned()));
                }
            },
        };
        let mut mail = match self.write(message, &facts, &allowed.recipients, &sets) {
            Ok(mail) => mail,
            Err(why) => return never(&why, Some("the letter cannot be written".to_owned())),
        };
        mail.to.retain(|address| !settled.contains(address));
        let mut under_way = UnderWay { allowed, settled };
        if !self.surely_ours(message) {
            self.remember(message, under_way);
            return Ok(None);
        }
        let mut end = self.send(number, &mail, &mut under_way.settled).await;
        if let Some(left_out) = &under_way.allowed.left_out {
            end.detail.push_str("; ");
            end.detail.push_str(left_out);
        }
        if matches!(end.end, TryEnd::Again { .. }) {
            self.remember(message, under_way);
        }
        Ok(Some(end))
    }

    fn remember(&self, message: &Claimed, under_way: UnderWay) {
        let mut all = self.under_way();
        if all.len() >= UNDER_WAY_MAX {
            all.clear();
        }
        all.insert(message.id.clone(), under_way);
    }

    /// One try, and what the server's answer means.
    async fn send(&self, number: i64, mail: &email::Composed, settled: &mut Vec<Address>) -> End {
        let sending = timeout(SENDING_MAX, self.tools.transport.send(mail));
        let sent = sending.await.unwrap_or_else(|_| Sent::NotNow {
            why: format!("the mail server took longer than {} s", SENDING_MAX.as_secs()),
        });
        match sent {
            Sent::Taken(taken) => self.taken(number, &mail.to, &taken, settled),
            Sent::Never { why } => {
                // Without a transport nothing failed: it is as the operator wants it.
                let off = matches!(self.tools.transport, Transport::Off);
                let failed = (!off).then(|| "refused for good".to_owned());
                End { how: How::Well, number, end: TryEnd::GivenUp, detail: why, failed }
            }
            Sent::NotNow { why } => {
                let failed = Some("not taken for now".to_owned());
                End { how: How::Badly, number, end: self.next_try(number), detail: why, failed }
            }
        }
    }

    /// The recipients by the contract's rule, without those whose cap is used up; nobody when no
    /// address can be used. Nothing waits for the next day: what is over the key's cap, or over the
    /// cap of the one it is for, goes to the account's own address alone. That one is not capped,
    /// since it hears of all of its reports.
    async fn allowed(&self, facts: &LetterFacts) -> Result<Option<Allowed>, Failure> {
        let named = facts.case.addresses.iter();
        let named: Vec<Address> = named.filter_map(|text| Address::parse(text).ok()).collect();
        let registered = Address::parse(&facts.account_email).ok();
        let Some(fallback) = registered.as_ref().or_else(|| named.first()) else {
            return Ok(None);
        };
        let mut recipients = Recipients::of(&named, fallback);
        let ours = registered.as_ref().map(Address::comparable);
        let alone = |why: &str| {
            registered.clone().map(|to| {
                let left_out = Some(format!("every named address was left out: {why}"));
                Allowed { recipients: Recipients { to, cc: Vec::new() }, left_out }
            })
        };
        let caps = self.tools.caps;
        // The key first: one that is over its cap is not to use up the quota of its victims.
        if !self.desk.use_quota("mail through", &facts.case.through, caps.per_key).await? {
            return Ok(alone("their key caused all its mails of today"));
        }
        let mut left_out: usize = 0;
        for address in recipients.all().cloned().collect::<Vec<_>>() {
            let is_ours = ours.as_ref() == Some(&address.comparable());
            let subject = address.without_tag();
            if is_ours || self.desk.use_quota("mail to", &subject, caps.per_address).await? {
                continue;
            }
            if address == recipients.to {
                return Ok(alone("the first had all its mails of today"));
            }
            recipients.cc.retain(|one| *one != address);
            left_out += 1;
        }
        let left_out = (left_out > 0)
            .then(|| format!("{left_out} left out by the cap: all their mails of today were sent"));
        Ok(Some(Allowed { recipients, left_out }))
    }

    fn write(
        &self,
        message: &Claimed,
        facts: &LetterFacts,
        recipients: &Recipients,
        sets: &Sets,
    ) -> Result<email::Composed, String> {
        let payment = facts.payment.as_ref();
        let letter = Letter::Received(Received::new(
            &facts.case.id,
            &facts.case.refid,
            payment.map_or("", |payment| &payment.product),
            payment.map_or("", |payment| &payment.account),
            payment.map(|payment| (payment.amount_minor, payment.currency.as_str())),
        ));
        let language = sets.setting(SettingKey::Language).and_then(Language::parse);
        let language = language.unwrap_or_default();
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
        let sender = self.tools.sender.of_account(
            sets.setting(SettingKey::SenderName),
            sets.setting(SettingKey::SupportAddress),
        );
        email::compose(&sender, &mail).map_err(|error| error.to_string())
    }

    /// The server took the mail for some or all.
    fn taken(
        &self,
        number: i64,
        asked: &[Address],
        taken: &Taken,
        settled: &mut Vec<Address>,
    ) -> End {
        let mut detail = taken.said.clone();
        for (list, what) in [(&taken.refused, "refused for"), (&taken.later, "not yet taken for")] {
            if let Some((_, said)) = list.first() {
                detail.push_str(&format!("; {what} {} of {}: {said}", list.len(), asked.len()));
            }
        }
        if taken.later.is_empty() {
            return End { how: How::Well, number, end: TryEnd::Done, detail, failed: None };
        }
        let later = |address: &Address| taken.later.iter().any(|(one, _)| one == address);
        settled.extend(asked.iter().filter(|address| !later(address)).cloned());
        // Somebody has it, so running out of tries is no failure of the whole.
        let end = match self.next_try(number) {
            TryEnd::GivenUp => TryEnd::Done,
            end => end,
        };
        let failed = Some(format!("not yet taken for {} of {}", taken.later.len(), asked.len()));
        End { how: How::Well, number, end, detail, failed }
    }

    fn next_try(&self, number: i64) -> TryEnd {
        let tries = u32::try_from(number).unwrap_or(u32::MAX);
        let now = self.desk.now();
        after_failure(self.desk.with_dice(|dice| schedule::MAIL.next(tries, now, None, dice)))
    }
}

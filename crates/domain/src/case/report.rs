//! A report about a payment: the command that opens a case, and what must be known to decide it.

use super::{Case, Link};
use crate::admin::Kind;
use crate::ids::CaseId;
use crate::payment::Payment;

/// How a payment is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentRef {
    /// By the caller's reference.
    Refid(String),
    /// By the system's reference.
    Trxid(String),
}

impl PaymentRef {
    /// Which of the two it is, as a word, and the reference.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Refid(refid) => ("refid", refid),
            Self::Trxid(trxid) => ("trxid", trxid),
        }
    }
}

/// Somebody says that something is wrong with a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which payment.
    pub payment: PaymentRef,
    /// Whom to tell: the first is To, the rest Cc.
    pub addresses: Vec<String>,
    /// What the customer wrote, empty when nothing.
    pub says: String,
    /// The caller's own word for what is wrong, empty when nothing. One line, at most 64
    /// characters.
    pub category: String,
}

/// What must be loaded to decide a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The payment the command speaks of.
    pub payment: Option<Payment>,
    /// The open case about it, or the case the command names.
    pub case: Option<Case>,
    /// The latest closed case about the payment.
    pub earlier: Option<CaseId>,
    /// For an act: another case about the same payment that is not closed.
    pub other_open: Option<CaseId>,
    /// For an act that names another case: that one.
    pub other: Option<Case>,
    /// The links between the two.
    pub links: Vec<Link>,
    /// For a link that rises: the cases above its second end, each with its version, by links of
    /// the same kind; at most one more than [`ABOVE_MAX`](super::ABOVE_MAX), and without that end.
    pub above: Vec<(CaseId, i64)>,
    /// For a link or its end: into which case the case was merged, and the other one, by what
    /// closed it last.
    pub merged: [Option<CaseId>; 2],
    /// For a split about another payment: what must be known to open a case about it.
    pub part: Option<Box<Self>>,
    /// For an assignment: what of it takes no cases, since nobody wrote it down, or it was retired
    /// or has left. For the next case of a queue: the queue, when nobody wrote it down.
    pub closed_to: Option<Kind>,
    /// Whether nobody listens for events of the account. False also where that was not asked.
    pub unheard: bool,
    /// What the assignment's queue is called here, exactly.
    pub queue: Option<String>,
    /// Whom the command's person is called here, exactly.
    pub person: Option<String>,
}

impl Report {
    /// What of the report is personal, as one text that stands beside the history: two head lines,
    /// an empty one, then what the customer wrote, untouched. Empty when nothing was given.
    pub fn content(&self) -> String {
        if self.addresses.is_empty() && self.category.is_empty() && self.says.is_empty() {
            return String::new();
        }
        format!("to: {}\ncategory: {}\n\n{}", self.addresses.join(","), self.category, self.says)
    }
}

/// The parts of [`Report::content`], read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportContent<'a> {
    /// Whom to tell, comma-separated.
    pub addresses: &'a str,
    /// The caller's own word for what is wrong.
    pub category: &'a str,
    /// What the customer wrote.
    pub says: &'a str,
}

impl<'a> ReportContent<'a> {
    /// Reads the parts, or nothing when the text is not of that form.
    pub fn read(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("to: ")?;
        let (addresses, rest) = rest.split_once("\ncategory: ")?;
        let (category, says) = rest.split_once("\n\n")?;
        Some(Self { addresses, category, says })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_comes_back_to_the_letter() {
        for says in ["", "plain", "two\n\nparts\ncategory: x\n\n", "to: nobody\r\n"] {
            let report = Report {
                payment: PaymentRef::Refid("A-1".into()),
                addresses: vec!["a@b.example".into(), "c@d.example".into()],
                says: says.into(),
                category: "voucher".into(),
            };
            let text = report.content();
            let read = ReportContent::read(&text);
            let expected =
                ReportContent { addresses: "a@b.example,c@d.example", category: "voucher", says };
            assert_eq!(read, Some(expected));
        }
    }
}

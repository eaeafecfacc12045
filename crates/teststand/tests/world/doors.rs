//! Two doors to one database: both nodes at once, and requests that come again, at either door.
//! What must hold then is about two answers together; what each means alone is judged in `run`.

use desk::Failure;
use desk::execute::{Done, Order};
use domain::Refusal;
use domain::case::Command;

use crate::deeds::{Answer, Deed, carry_out};
use crate::ledger::words_of;
use crate::run::Run;

impl Run {
    /// Both nodes do something in the same moment.
    pub async fn both_at_once(&mut self) {
        let (one, other) = match self.dice.below(5) {
            0 => {
                // The same signed request at two doors.
                let report = Deed::Order(self.a_report());
                (report.clone(), report)
            }
            1 => {
                let mut other = self.a_report();
                let one = self.a_report();
                if let (Command::Report(one), Command::Report(other)) =
                    (&one.command, &mut other.command)
                {
                    other.payment.clone_from(&one.payment);
                }
                (Deed::Order(one), Deed::Order(other))
            }
            2 => (Deed::Claim, Deed::Claim),
            3 => (Deed::WorkJob, Deed::WorkJob),
            _ => (self.anything(), self.anything()),
        };
        self.ledger.asked(&one);
        self.ledger.asked(&other);
        self.forgets(&one);
        self.forgets(&other);
        let [first, second] = [0, 1].map(|node: usize| self.nodes[node].desk.clone());
        let answers = tokio::join!(
            tokio::spawn(carry_out(first, one.clone())),
            tokio::spawn(carry_out(second, other.clone()))
        );
        let (first, second) = (answers.0.expect("an answer"), answers.1.expect("an answer"));
        self.tally.counts("both nodes at once", true);
        if let (Deed::Order(one), Deed::Order(other)) = (&one, &other)
            && words_of(one) == words_of(other)
            && words_of(one).is_some()
        {
            self.one_door_opens(one, &first, &second);
            return;
        }
        self.heard(0, &one, &first);
        self.heard(1, &other, &second);
    }

    /// One request came to two nodes at once: one of them takes it or refuses it for good.
    fn one_door_opens(&mut self, order: &Order, first: &Answer, second: &Answer) {
        let spent = |answer: &Answer| {
            matches!(answer.failure(), Some(Failure::Refused(Refusal::NonceSpent)))
        };
        let both_spent = spent(first) && spent(second);
        let full = self.disk_is_full();
        assert!(!both_spent || full, "{order:?} was taken by nobody");
        let one = spent(first) || spent(second);
        assert!(one || full, "one nonce at two doors: {first:?}, {second:?}");
        // What counts is what one of them did: the other was turned away, perhaps by the disk.
        let broken = |answer: &Answer| matches!(answer.failure(), Some(Failure::Broken(_)));
        let answers = [(0, first), (1, second)];
        let did = answers.iter().find(|(_, answer)| !spent(answer) && !broken(answer));
        let did = did.or_else(|| answers.iter().find(|(_, answer)| broken(answer)));
        if let Some((node, answer)) = did {
            self.heard(*node, &Deed::Order(order.clone()), answer);
        }
        self.tally.counts("one nonce at two doors", one);
    }

    /// A request whose nonce is spent comes again, at any door.
    pub async fn replay_is_refused(&mut self) -> bool {
        let from = self.nonces_from;
        let kept = |order: &&Order| order.nonce.is_some_and(|nonce| nonce.minute >= from);
        let kept: Vec<&Order> = self.ledger.spent.iter().filter(kept).collect();
        if kept.is_empty() {
            return true;
        }
        let order = kept[self.dice.below(kept.len())].clone();
        let node = self.a_node();
        let later =
            self.minute_back_to.is_some_and(|at| order.nonce.is_some_and(|n| n.minute > at));
        self.tally.counts("a replay", true);
        self.tally.counts("a nonce was spent before the clock was set back", later);
        match self.nodes[node].desk.execute(&order).await {
            Err(Failure::Refused(Refusal::NonceSpent)) => true,
            Err(Failure::Broken(fault)) => self.disk_is_full() && fault.full_disk(),
            _ => false,
        }
    }

    /// A command that was acknowledged is asked again under its key, at any door.
    pub async fn key_says_the_same(&mut self) -> bool {
        let from = self.keys_from;
        let kept: Vec<_> = self.ledger.settled.iter().filter(|one| one.at >= from).collect();
        if kept.is_empty() {
            return true;
        }
        let settled = kept[self.dice.below(kept.len())].clone();
        let nonce = settled.order.nonce.is_some().then(|| self.nonce());
        let order = Order { nonce, ..settled.order };
        let node = self.a_node();
        self.tally.counts("a key again", true);
        match self.nodes[node].desk.execute(&order).await {
            Ok(done) => done == Done { outcome: settled.outcome, repeated: true },
            Err(Failure::Broken(fault)) => self.disk_is_full() && fault.full_disk(),
            Err(Failure::Refused(_)) => false,
        }
    }
}

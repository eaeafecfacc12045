//! What is looked up for a report or an opening by hand, as questions that another may carry to the
//! data and the reading of their answers. It must never ask anything itself.

use domain::Scope;
use domain::case::{Known, PaymentRef};
use domain::changes::Saved;

use super::{about_payment, known_of_payment, rows, saved_of, saved_query};
use crate::engine::{Query, Row};
use crate::fault::Fault;

// A row of any endpoint that is switched on: events have somewhere to go.
const LISTENER: &str = "SELECT 1 FROM webhook_endpoints
 WHERE scope = ?1 AND disabled_at IS NULL LIMIT 1";

/// What must be known to decide a report or an opening by hand, and what the key remembers.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    scope: Scope,
    payment: Option<PaymentRef>,
    key: Option<String>,
}

impl Look {
    pub(crate) fn new(scope: Scope, payment: Option<&PaymentRef>, key: Option<&str>) -> Self {
        Self { scope, payment: payment.cloned(), key: key.map(str::to_owned) }
    }

    pub(crate) fn queries(&self) -> Vec<Query> {
        let payment = self.payment.as_ref().map(|payment| about_payment(self.scope, payment));
        let mut queries = vec![Query::new(LISTENER, vec![self.scope.number().into()])];
        queries.extend(payment.into_iter().flatten());
        queries.extend(self.key.as_deref().map(|key| saved_query(self.scope, key)));
        queries
    }

    /// Reads the answers.
    pub(crate) fn found(&self, found: &[Vec<Row>]) -> Result<(Known, Option<Saved>), Fault> {
        let key = self.key.as_deref();
        let (mut known, saved) = match self.payment {
            Some(_) => (known_of_payment(found, 1)?, saved_of(found, 3, key)?),
            None => (Known::default(), saved_of(found, 1, key)?),
        };
        known.unheard = rows(found, 0).is_empty();
        Ok((known, saved))
    }
}

//! A method for each operation of the API. Made from contracts/native/openapi.json by `cargo xtask client rust`: edit nothing here.

use super::shapes::*;
use crate::{Answer, Client, Error, Transport, Wanted, Write};

/// What [`Client::list_cases`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct ListCasesQuery {
    /// Cases about the payment with this reference of yours.
    pub refid: Option<String>,
    /// The same by the payment system's reference; not together with refid.
    pub trxid: Option<String>,
    /// Cases on a page; only without a reference.
    pub limit: Option<i64>,
    /// What next said; only without a reference.
    pub cursor: Option<String>,
}

impl<T: Transport> Client<T> {
    /// Cases of one payment, or the newest
    ///
    /// `GET /api/v1/cases`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_cases(
        &self,
        query: &ListCasesQuery,
    ) -> Result<Answer<Cases>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/cases");
        wanted.asked("refid", query.refid.as_ref());
        wanted.asked("trxid", query.trxid.as_ref());
        wanted.asked("limit", query.limit.as_ref());
        wanted.asked("cursor", query.cursor.as_ref());
        self.json(wanted)
    }

    /// One case with its payment
    ///
    /// `GET /api/v1/cases/{id}`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_case(
        &self,
        id: &str,
    ) -> Result<Answer<Case>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/cases/{id}");
        wanted.named("id", id);
        self.json(wanted)
    }

    /// Agree, as the second person
    ///
    /// `POST /api/v1/cases/{id}/approve`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn approve_case(
        &self,
        id: &str,
        body: &Says,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/approve");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Give it to a person or queue
    ///
    /// `POST /api/v1/cases/{id}/assign`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn assign_case(
        &self,
        id: &str,
        body: &Assign,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/assign");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// End it
    ///
    /// `POST /api/v1/cases/{id}/close`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn close_case(
        &self,
        id: &str,
        body: &Close,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/close");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Say something, inside or to the customer
    ///
    /// `POST /api/v1/cases/{id}/comment`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn comment_case(
        &self,
        id: &str,
        body: &Comment,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/comment");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Disagree, as the second person
    ///
    /// `POST /api/v1/cases/{id}/decline`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn decline_case(
        &self,
        id: &str,
        body: &Says,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/decline");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Propose a remedy to a second person
    ///
    /// `POST /api/v1/cases/{id}/propose`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn propose_case(
        &self,
        id: &str,
        body: &Propose,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/propose");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Take it up again
    ///
    /// `POST /api/v1/cases/{id}/reopen`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn reopen_case(
        &self,
        id: &str,
        body: &Says,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/reopen");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// State the outcome
    ///
    /// `POST /api/v1/cases/{id}/resolve`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn resolve_case(
        &self,
        id: &str,
        body: &Resolve,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/resolve");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Go on
    ///
    /// `POST /api/v1/cases/{id}/resume`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn resume_case(
        &self,
        id: &str,
        body: &Says,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/resume");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Take the case up
    ///
    /// `POST /api/v1/cases/{id}/start`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn start_case(
        &self,
        id: &str,
        body: &Says,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/start");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// What was done and what was told
    ///
    /// `GET /api/v1/cases/{id}/timeline`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_timeline(
        &self,
        id: &str,
    ) -> Result<Answer<Timeline>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/cases/{id}/timeline");
        wanted.named("id", id);
        self.json(wanted)
    }

    /// Stand still until somebody answers
    ///
    /// `POST /api/v1/cases/{id}/wait`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn wait_case(
        &self,
        id: &str,
        body: &Wait,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/wait");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// This document
    ///
    /// `GET /api/v1/openapi.json`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn openapi(
        &self,
    ) -> Result<Answer<serde_json::Value>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/openapi.json");
        self.json(wanted)
    }

    /// Bring payments in
    ///
    /// `POST /api/v1/transactions`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn import_transactions(
        &self,
        body: &Import,
        how: &Write<'_>,
    ) -> Result<Answer<ImportResult>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/transactions");
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// One payment, and whether it can be reported
    ///
    /// `GET /api/v1/transactions/{refid}`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_transaction(
        &self,
        refid: &str,
    ) -> Result<Answer<Transaction>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/transactions/{refid}");
        wanted.named("refid", refid);
        self.json(wanted)
    }
}

//! A method for each operation of the API. Made from contracts/native/openapi.json by `cargo xtask client rust`: edit nothing here.

use super::shapes::*;
use crate::{Answer, Client, Error, Transport, Wanted, Write};

/// What [`Client::list_deliveries`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct ListDeliveriesQuery {
    /// Rows on a page.
    pub limit: Option<i64>,
    /// What next said.
    pub cursor: Option<String>,
}

/// What [`Client::list_history`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct ListHistoryQuery {
    /// Rows on a page.
    pub limit: Option<i64>,
    /// What next said.
    pub cursor: Option<String>,
}

/// What [`Client::list_reads`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct ListReadsQuery {
    /// Rows on a page.
    pub limit: Option<i64>,
    /// What next said.
    pub cursor: Option<String>,
    /// Only reads of this person or credential's name.
    pub by: Option<String>,
    /// Only reads of this kind.
    pub view: Option<String>,
    /// Only reads of this case or reference.
    pub subject: Option<String>,
}

/// What [`Client::list_cases`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct ListCasesQuery {
    /// Cases about the payment with this reference of yours.
    pub refid: Option<String>,
    /// The same by the payment system's reference; not together with refid.
    pub trxid: Option<String>,
    /// At this stage.
    pub stage: Option<String>,
    /// In this queue.
    pub queue: Option<String>,
    /// Of this person; `me` for whoever asks, `none` for nobody.
    pub assignee: Option<String>,
    /// That came this way.
    pub channel: Option<String>,
    /// Of this customer, by your own reference.
    pub customer: Option<String>,
    /// In this language.
    pub language: Option<String>,
    /// That wait for this party.
    pub waiting_on: Option<String>,
    /// With this outcome, closed or not.
    pub outcome: Option<String>,
    /// Opened then or later.
    pub opened_from: Option<String>,
    /// Opened before.
    pub opened_to: Option<String>,
    /// Received then or later.
    pub received_from: Option<String>,
    /// Received before.
    pub received_to: Option<String>,
    /// Which come first.
    pub sort: Option<String>,
    /// Cases on a page; only without a reference.
    pub limit: Option<i64>,
    /// What next said, with the same filter; only without a reference.
    pub cursor: Option<String>,
}

/// What [`Client::get_timeline`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct GetTimelineQuery {
    /// false leaves out what only machines are told: events and deliveries of webhooks.
    pub system: Option<bool>,
}

/// What [`Client::export_cases`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct ExportCasesQuery {
    /// What next said; without it, from the beginning.
    pub cursor: Option<String>,
    /// Rows on a page.
    pub limit: Option<i64>,
}

/// What [`Client::export_events`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct ExportEventsQuery {
    /// What next said; without it, from the beginning.
    pub cursor: Option<String>,
    /// Rows on a page.
    pub limit: Option<i64>,
}

/// What [`Client::export_transactions`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct ExportTransactionsQuery {
    /// What next said; without it, from the beginning.
    pub cursor: Option<String>,
    /// Rows on a page.
    pub limit: Option<i64>,
}

/// What [`Client::list_jobs`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct ListJobsQuery {
    /// Only jobs in this state.
    pub state: Option<String>,
    /// Rows on a page.
    pub limit: Option<i64>,
    /// What next said.
    pub cursor: Option<String>,
}

/// What [`Client::get_job_rows`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct GetJobRowsQuery {
    /// Rows on a page.
    pub limit: Option<i64>,
    /// What next said.
    pub cursor: Option<String>,
}

/// What [`Client::search`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct SearchQuery {
    /// Words in any of their forms, references, addresses; the last word may be unfinished.
    /// Every one must be found. Any text is a question.
    pub q: Option<String>,
    /// The payment's reference by the caller. Only letters and digits count, without case and
    /// accents.
    pub refid: Option<String>,
    /// The payment's reference by the system. Only letters and digits count, without case and
    /// accents.
    pub trxid: Option<String>,
    /// A complainant's mail address. Only letters and digits count, without case and accents.
    pub address: Option<String>,
    /// The account that was paid. Only letters and digits count, without case and accents.
    pub account: Option<String>,
    /// Your reference of the payer. Only letters and digits count, without case and accents.
    pub customer: Option<String>,
    /// Who carried the payment out. Only letters and digits count, without case and accents.
    pub provider: Option<String>,
    /// The product's code. Only letters and digits count, without case and accents.
    pub product: Option<String>,
    /// The caller's own word for what is wrong. Only letters and digits count, without case and
    /// accents. Needs `read-personal` and `read-internal`.
    pub category: Option<String>,
    /// Where the case stands.
    pub stage: Option<String>,
    /// The outcome that stands.
    pub outcome: Option<String>,
    /// The queue it stands in.
    pub queue: Option<String>,
    /// Who works it.
    pub assignee: Option<String>,
    /// The credential it came through.
    pub through: Option<String>,
    /// By which way it came.
    pub channel: Option<String>,
    /// Only cases opened from then on.
    pub from: Option<String>,
    /// Only cases opened before then.
    pub to: Option<String>,
    /// Whether to count the hits by stage, outcome, queue and so on.
    pub facets: Option<bool>,
    /// Cases on a page.
    pub limit: Option<i64>,
    /// What next said.
    pub cursor: Option<String>,
}

/// What [`Client::get_status`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct GetStatusQuery {
    /// The case.
    pub id: Option<String>,
    /// The payment by your reference.
    pub refid: Option<String>,
    /// The payment by the payment system's reference.
    pub trxid: Option<String>,
}

/// What [`Client::list_transactions`] can be asked.
#[derive(Clone, Debug, Default)]
pub struct ListTransactionsQuery {
    /// The one with this reference of the payment system; alone.
    pub trxid: Option<String>,
    /// Of this account.
    pub account: Option<String>,
    /// Of this product.
    pub product: Option<String>,
    /// That came this far.
    pub status: Option<String>,
    /// Carried out by this provider.
    pub provider: Option<String>,
    /// Made then or later.
    pub created_from: Option<String>,
    /// Made before.
    pub created_to: Option<String>,
    /// Payments on a page.
    pub limit: Option<i64>,
    /// What next said, with the same filter.
    pub cursor: Option<String>,
}

impl<T: Transport> Client<T> {
    /// The account of the credential
    ///
    /// `GET /api/v1/admin/account`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_account(
        &self,
    ) -> Result<Answer<Tenant>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/account");
        self.json(wanted)
    }

    /// Try once more what was given up
    ///
    /// `POST /api/v1/admin/deliveries/{delivery}/replay`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn replay_delivery(
        &self,
        delivery: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/deliveries/{delivery}/replay");
        wanted.named("delivery", delivery);
        wanted.how(how);
        self.json(wanted)
    }

    /// Webhook endpoints, without secrets
    ///
    /// `GET /api/v1/admin/endpoints`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_endpoints(
        &self,
    ) -> Result<Answer<Endpoints>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/endpoints");
        self.json(wanted)
    }

    /// Send events to an address
    ///
    /// `POST /api/v1/admin/endpoints`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn add_endpoint(
        &self,
        body: &EndpointAdd,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/endpoints");
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// What went to an endpoint, with every try
    ///
    /// `GET /api/v1/admin/endpoints/{endpoint}/deliveries`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_deliveries(
        &self,
        endpoint: &str,
        query: &ListDeliveriesQuery,
    ) -> Result<Answer<Deliveries>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/admin/endpoints/{endpoint}/deliveries");
        wanted.named("endpoint", endpoint);
        wanted.asked("limit", query.limit.as_ref());
        wanted.asked("cursor", query.cursor.as_ref());
        self.json(wanted)
    }

    /// Send no more events there
    ///
    /// `POST /api/v1/admin/endpoints/{endpoint}/disable`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn disable_endpoint(
        &self,
        endpoint: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/endpoints/{endpoint}/disable");
        wanted.named("endpoint", endpoint);
        wanted.how(how);
        self.json(wanted)
    }

    /// Send events there again
    ///
    /// `POST /api/v1/admin/endpoints/{endpoint}/enable`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn enable_endpoint(
        &self,
        endpoint: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/endpoints/{endpoint}/enable");
        wanted.named("endpoint", endpoint);
        wanted.how(how);
        self.json(wanted)
    }

    /// Give an endpoint a new secret
    ///
    /// `POST /api/v1/admin/endpoints/{endpoint}/rotate`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn rotate_endpoint(
        &self,
        endpoint: &str,
        body: &EndpointRotate,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/endpoints/{endpoint}/rotate");
        wanted.named("endpoint", endpoint);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Send an event there that is about nothing
    ///
    /// `POST /api/v1/admin/endpoints/{endpoint}/test`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn test_endpoint(
        &self,
        endpoint: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/endpoints/{endpoint}/test");
        wanted.named("endpoint", endpoint);
        wanted.how(how);
        self.json(wanted)
    }

    /// The two environments and their host names
    ///
    /// `GET /api/v1/admin/environments`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_environments(
        &self,
    ) -> Result<Answer<Environments>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/environments");
        self.json(wanted)
    }

    /// What was changed, by whom
    ///
    /// `GET /api/v1/admin/history`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_history(
        &self,
        query: &ListHistoryQuery,
    ) -> Result<Answer<History>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/admin/history");
        wanted.asked("limit", query.limit.as_ref());
        wanted.asked("cursor", query.cursor.as_ref());
        self.json(wanted)
    }

    /// Signing keys, without secrets
    ///
    /// `GET /api/v1/admin/keys`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_keys(
        &self,
    ) -> Result<Answer<Keys>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/keys");
        self.json(wanted)
    }

    /// Make a signing key
    ///
    /// `POST /api/v1/admin/keys`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn add_key(
        &self,
        body: &KeyAdd,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/keys");
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// End a key
    ///
    /// `POST /api/v1/admin/keys/{key}/revoke`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn revoke_key(
        &self,
        key: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/keys/{key}/revoke");
        wanted.named("key", key);
        wanted.how(how);
        self.json(wanted)
    }

    /// Make a key in the place of another
    ///
    /// `POST /api/v1/admin/keys/{key}/rotate`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn rotate_key(
        &self,
        key: &str,
        body: &KeyRotate,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/keys/{key}/rotate");
        wanted.named("key", key);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Logins of the deprecated ID token
    ///
    /// `GET /api/v1/admin/logins`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_logins(
        &self,
    ) -> Result<Answer<Logins>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/logins");
        self.json(wanted)
    }

    /// Add a login of the deprecated ID token
    ///
    /// `POST /api/v1/admin/logins`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn add_login(
        &self,
        body: &LoginAdd,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/logins");
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Set a login's password
    ///
    /// `POST /api/v1/admin/logins/{login}/password`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn set_login_password(
        &self,
        login: &str,
        body: &LoginPassword,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/logins/{login}/password");
        wanted.named("login", login);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// The people of the account
    ///
    /// `GET /api/v1/admin/members`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_members(
        &self,
    ) -> Result<Answer<Members>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/members");
        self.json(wanted)
    }

    /// Add a person
    ///
    /// `POST /api/v1/admin/members`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn add_member(
        &self,
        body: &MemberAdd,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/members");
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// One person
    ///
    /// `GET /api/v1/admin/members/{member}`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_member(
        &self,
        member: &str,
    ) -> Result<Answer<Member>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/admin/members/{member}");
        wanted.named("member", member);
        self.json(wanted)
    }

    /// Rename a person or change his role
    ///
    /// `POST /api/v1/admin/members/{member}`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn change_member(
        &self,
        member: &str,
        body: &MemberChange,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/members/{member}");
        wanted.named("member", member);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Let nothing of a person work any more
    ///
    /// `POST /api/v1/admin/members/{member}/disable`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn disable_member(
        &self,
        member: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/members/{member}/disable");
        wanted.named("member", member);
        wanted.how(how);
        self.json(wanted)
    }

    /// Let a person in again
    ///
    /// `POST /api/v1/admin/members/{member}/enable`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn enable_member(
        &self,
        member: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/members/{member}/enable");
        wanted.named("member", member);
        wanted.how(how);
        self.json(wanted)
    }

    /// Let a person set the password himself
    ///
    /// `POST /api/v1/admin/members/{member}/invite`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn invite_member(
        &self,
        member: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/members/{member}/invite");
        wanted.named("member", member);
        wanted.how(how);
        self.json(wanted)
    }

    /// Set a person's password
    ///
    /// `POST /api/v1/admin/members/{member}/password`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn set_member_password(
        &self,
        member: &str,
        body: &MemberPassword,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/members/{member}/password");
        wanted.named("member", member);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Every message the account may word
    ///
    /// `GET /api/v1/admin/messages`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_messages(
        &self,
    ) -> Result<Answer<Messages>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/messages");
        self.json(wanted)
    }

    /// Word a message anew
    ///
    /// `POST /api/v1/admin/messages/{message}`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn set_message(
        &self,
        message: &str,
        body: &MessageSet,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/messages/{message}");
        wanted.named("message", message);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Word a message as it was
    ///
    /// `POST /api/v1/admin/messages/{message}/reset`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn reset_message(
        &self,
        message: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/messages/{message}/reset");
        wanted.named("message", message);
        wanted.how(how);
        self.json(wanted)
    }

    /// Queues
    ///
    /// `GET /api/v1/admin/queues`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_queues(
        &self,
    ) -> Result<Answer<Queues>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/queues");
        self.json(wanted)
    }

    /// Add a queue
    ///
    /// `POST /api/v1/admin/queues`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn add_queue(
        &self,
        body: &QueueAdd,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/queues");
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Change a queue
    ///
    /// `POST /api/v1/admin/queues/{queue}`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn change_queue(
        &self,
        queue: &str,
        body: &QueueChange,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/queues/{queue}");
        wanted.named("queue", queue);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Use a retired queue again
    ///
    /// `POST /api/v1/admin/queues/{queue}/reopen`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn reopen_queue(
        &self,
        queue: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/queues/{queue}/reopen");
        wanted.named("queue", queue);
        wanted.how(how);
        self.json(wanted)
    }

    /// Let nothing more into a queue
    ///
    /// `POST /api/v1/admin/queues/{queue}/retire`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn retire_queue(
        &self,
        queue: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/queues/{queue}/retire");
        wanted.named("queue", queue);
        wanted.how(how);
        self.json(wanted)
    }

    /// Who read whose data
    ///
    /// `GET /api/v1/admin/reads`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_reads(
        &self,
        query: &ListReadsQuery,
    ) -> Result<Answer<Reads>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/admin/reads");
        wanted.asked("limit", query.limit.as_ref());
        wanted.asked("cursor", query.cursor.as_ref());
        wanted.asked("by", query.by.as_ref());
        wanted.asked("view", query.view.as_ref());
        wanted.asked("subject", query.subject.as_ref());
        self.json(wanted)
    }

    /// How far the search index is
    ///
    /// `GET /api/v1/admin/search`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_search_index(
        &self,
    ) -> Result<Answer<SearchIndex>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/search");
        self.json(wanted)
    }

    /// Build the search index anew
    ///
    /// `POST /api/v1/admin/search/rebuild`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn rebuild_search_index(
        &self,
        body: &SearchRebuild,
        how: &Write<'_>,
    ) -> Result<Answer<SearchRebuildBegun>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/search/rebuild");
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Every setting the account may set
    ///
    /// `GET /api/v1/admin/settings`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_settings(
        &self,
    ) -> Result<Answer<Settings>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/settings");
        self.json(wanted)
    }

    /// Set a setting
    ///
    /// `POST /api/v1/admin/settings/{setting}`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn set_setting(
        &self,
        setting: &str,
        body: &SettingSet,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/settings/{setting}");
        wanted.named("setting", setting);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Set a setting back
    ///
    /// `POST /api/v1/admin/settings/{setting}/reset`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn reset_setting(
        &self,
        setting: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/settings/{setting}/reset");
        wanted.named("setting", setting);
        wanted.how(how);
        self.json(wanted)
    }

    /// Teams with their people
    ///
    /// `GET /api/v1/admin/teams`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_teams(
        &self,
    ) -> Result<Answer<Teams>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/teams");
        self.json(wanted)
    }

    /// Add a team
    ///
    /// `POST /api/v1/admin/teams`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn add_team(
        &self,
        body: &TeamAdd,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/teams");
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Rename a team
    ///
    /// `POST /api/v1/admin/teams/{team}`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn change_team(
        &self,
        team: &str,
        body: &TeamChange,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/teams/{team}");
        wanted.named("team", team);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Put a person into a team
    ///
    /// `POST /api/v1/admin/teams/{team}/join`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn join_team(
        &self,
        team: &str,
        body: &TeamJoin,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/teams/{team}/join");
        wanted.named("team", team);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Take a person out of a team
    ///
    /// `POST /api/v1/admin/teams/{team}/leave`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn leave_team(
        &self,
        team: &str,
        body: &TeamLeave,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/teams/{team}/leave");
        wanted.named("team", team);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Let a team be no more
    ///
    /// `POST /api/v1/admin/teams/{team}/retire`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn retire_team(
        &self,
        team: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/teams/{team}/retire");
        wanted.named("team", team);
        wanted.how(how);
        self.json(wanted)
    }

    /// Every account of the installation
    ///
    /// `GET /api/v1/admin/tenants`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_tenants(
        &self,
    ) -> Result<Answer<Tenants>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/tenants");
        self.json(wanted)
    }

    /// Add an account
    ///
    /// `POST /api/v1/admin/tenants`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn add_tenant(
        &self,
        body: &TenantAdd,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/tenants");
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Rename an account or move its address
    ///
    /// `POST /api/v1/admin/tenants/{slug}`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn change_tenant(
        &self,
        slug: &str,
        body: &TenantChange,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/tenants/{slug}");
        wanted.named("slug", slug);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Make the first token of another account
    ///
    /// `POST /api/v1/admin/tenants/{slug}/tokens`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn add_tenant_token(
        &self,
        slug: &str,
        body: &TenantToken,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/tenants/{slug}/tokens");
        wanted.named("slug", slug);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Bearer tokens, without the tokens
    ///
    /// `GET /api/v1/admin/tokens`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_tokens(
        &self,
    ) -> Result<Answer<Tokens>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/admin/tokens");
        self.json(wanted)
    }

    /// Make a bearer token
    ///
    /// `POST /api/v1/admin/tokens`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn add_token(
        &self,
        body: &TokenAdd,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/tokens");
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// End a token at once
    ///
    /// `POST /api/v1/admin/tokens/{token}/revoke`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn revoke_token(
        &self,
        token: &str,
        how: &Write<'_>,
    ) -> Result<Answer<Managed>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/admin/tokens/{token}/revoke");
        wanted.named("token", token);
        wanted.how(how);
        self.json(wanted)
    }

    /// Cases of one payment, or by filter
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
        wanted.asked("stage", query.stage.as_ref());
        wanted.asked("queue", query.queue.as_ref());
        wanted.asked("assignee", query.assignee.as_ref());
        wanted.asked("channel", query.channel.as_ref());
        wanted.asked("customer", query.customer.as_ref());
        wanted.asked("language", query.language.as_ref());
        wanted.asked("waiting_on", query.waiting_on.as_ref());
        wanted.asked("outcome", query.outcome.as_ref());
        wanted.asked("opened_from", query.opened_from.as_ref());
        wanted.asked("opened_to", query.opened_to.as_ref());
        wanted.asked("received_from", query.received_from.as_ref());
        wanted.asked("received_to", query.received_to.as_ref());
        wanted.asked("sort", query.sort.as_ref());
        wanted.asked("limit", query.limit.as_ref());
        wanted.asked("cursor", query.cursor.as_ref());
        self.json(wanted)
    }

    /// Open a case by hand
    ///
    /// `POST /api/v1/cases`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn open_case(
        &self,
        body: &OpenCase,
        how: &Write<'_>,
    ) -> Result<Answer<OpenedCase>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases");
        wanted.json(body);
        wanted.how(how);
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

    /// The files of a case
    ///
    /// `GET /api/v1/cases/{id}/evidence`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_evidence(
        &self,
        id: &str,
    ) -> Result<Answer<EvidenceList>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/cases/{id}/evidence");
        wanted.named("id", id);
        self.json(wanted)
    }

    /// Give a case files
    ///
    /// `POST /api/v1/cases/{id}/evidence`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn attach_evidence(
        &self,
        id: &str,
        kind: &str,
        body: Vec<u8>,
        how: &Write<'_>,
    ) -> Result<Answer<Attached>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/evidence");
        wanted.named("id", id);
        wanted.bytes(kind, body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Tie it to another case
    ///
    /// `POST /api/v1/cases/{id}/link`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn link_case(
        &self,
        id: &str,
        body: &Link,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/link");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Cases tied to it
    ///
    /// `GET /api/v1/cases/{id}/links`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_links(
        &self,
        id: &str,
    ) -> Result<Answer<Links>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/cases/{id}/links");
        wanted.named("id", id);
        self.json(wanted)
    }

    /// Close it as a duplicate of another case
    ///
    /// `POST /api/v1/cases/{id}/merge`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn merge_case(
        &self,
        id: &str,
        body: &Merge,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/merge");
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

    /// Make a case of its own of a part of it
    ///
    /// `POST /api/v1/cases/{id}/split`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn split_case(
        &self,
        id: &str,
        body: &Split,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/split");
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

    /// Work it oneself
    ///
    /// `POST /api/v1/cases/{id}/take`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn take_case(
        &self,
        id: &str,
        body: &Says,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/take");
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
        query: &GetTimelineQuery,
    ) -> Result<Answer<Timeline>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/cases/{id}/timeline");
        wanted.named("id", id);
        wanted.asked("system", query.system.as_ref());
        self.json(wanted)
    }

    /// Untie it from another case
    ///
    /// `POST /api/v1/cases/{id}/unlink`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn unlink_case(
        &self,
        id: &str,
        body: &Link,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/cases/{id}/unlink");
        wanted.named("id", id);
        wanted.json(body);
        wanted.how(how);
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

    /// What is known of one file
    ///
    /// `GET /api/v1/evidence/{evidence}`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_evidence(
        &self,
        evidence: &str,
    ) -> Result<Answer<Evidence>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/evidence/{evidence}");
        wanted.named("evidence", evidence);
        self.json(wanted)
    }

    /// A file as it came
    ///
    /// `GET /api/v1/evidence/{evidence}/content`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_evidence_content(
        &self,
        evidence: &str,
    ) -> Result<Answer<Vec<u8>>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/evidence/{evidence}/content");
        wanted.named("evidence", evidence);
        self.raw(wanted)
    }

    /// A small picture of an image
    ///
    /// `GET /api/v1/evidence/{evidence}/preview`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_evidence_preview(
        &self,
        evidence: &str,
    ) -> Result<Answer<Vec<u8>>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/evidence/{evidence}/preview");
        wanted.named("evidence", evidence);
        self.raw(wanted)
    }

    /// Changes of cases behind a cursor
    ///
    /// `GET /api/v1/export/cases`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn export_cases(
        &self,
        query: &ExportCasesQuery,
    ) -> Result<Answer<ExportCases>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/export/cases");
        wanted.asked("cursor", query.cursor.as_ref());
        wanted.asked("limit", query.limit.as_ref());
        self.json(wanted)
    }

    /// Changes of events behind a cursor
    ///
    /// `GET /api/v1/export/events`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn export_events(
        &self,
        query: &ExportEventsQuery,
    ) -> Result<Answer<ExportEvents>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/export/events");
        wanted.asked("cursor", query.cursor.as_ref());
        wanted.asked("limit", query.limit.as_ref());
        self.json(wanted)
    }

    /// Changes of transactions behind a cursor
    ///
    /// `GET /api/v1/export/transactions`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn export_transactions(
        &self,
        query: &ExportTransactionsQuery,
    ) -> Result<Answer<ExportTransactions>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/export/transactions");
        wanted.asked("cursor", query.cursor.as_ref());
        wanted.asked("limit", query.limit.as_ref());
        self.json(wanted)
    }

    /// Set one's own password by an invitation
    ///
    /// `POST /api/v1/invitations/accept`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn accept_invitation(
        &self,
        body: &AcceptInvitation,
        how: &Write<'_>,
    ) -> Result<Answer<AcceptedInvitation>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/invitations/accept");
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Jobs, the newest first
    ///
    /// `GET /api/v1/jobs`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_jobs(
        &self,
        query: &ListJobsQuery,
    ) -> Result<Answer<Jobs>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/jobs");
        wanted.asked("state", query.state.as_ref());
        wanted.asked("limit", query.limit.as_ref());
        wanted.asked("cursor", query.cursor.as_ref());
        self.json(wanted)
    }

    /// Ask for an act on many cases
    ///
    /// `POST /api/v1/jobs`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn ask_job(
        &self,
        body: &AskJob,
        how: &Write<'_>,
    ) -> Result<Answer<JobAsked>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/jobs");
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// How far a job is
    ///
    /// `GET /api/v1/jobs/{job}`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_job(
        &self,
        job: &str,
    ) -> Result<Answer<Job>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/jobs/{job}");
        wanted.named("job", job);
        self.json(wanted)
    }

    /// Stop a job
    ///
    /// `POST /api/v1/jobs/{job}/cancel`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn cancel_job(
        &self,
        job: &str,
        body: &Nothing,
        how: &Write<'_>,
    ) -> Result<Answer<JobAsked>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/jobs/{job}/cancel");
        wanted.named("job", job);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// What came of each case of a job
    ///
    /// `GET /api/v1/jobs/{job}/rows`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_job_rows(
        &self,
        job: &str,
        query: &GetJobRowsQuery,
    ) -> Result<Answer<JobRows>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/jobs/{job}/rows");
        wanted.named("job", job);
        wanted.asked("limit", query.limit.as_ref());
        wanted.asked("cursor", query.cursor.as_ref());
        self.json(wanted)
    }

    /// Who the credential is, and what it may
    ///
    /// `GET /api/v1/me`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn who_am_i(
        &self,
    ) -> Result<Answer<Me>, Error> {
        let wanted = Wanted::new("GET", "/api/v1/me");
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

    /// Take the next case of a queue
    ///
    /// `POST /api/v1/queues/{name}/take`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn take_next(
        &self,
        name: &str,
        body: &Nothing,
        how: &Write<'_>,
    ) -> Result<Answer<Acted>, Error> {
        let mut wanted = Wanted::new("POST", "/api/v1/queues/{name}/take");
        wanted.named("name", name);
        wanted.json(body);
        wanted.how(how);
        self.json(wanted)
    }

    /// Cases by text, reference and property
    ///
    /// `GET /api/v1/search`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn search(
        &self,
        query: &SearchQuery,
    ) -> Result<Answer<SearchResult>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/search");
        wanted.asked("q", query.q.as_ref());
        wanted.asked("refid", query.refid.as_ref());
        wanted.asked("trxid", query.trxid.as_ref());
        wanted.asked("address", query.address.as_ref());
        wanted.asked("account", query.account.as_ref());
        wanted.asked("customer", query.customer.as_ref());
        wanted.asked("provider", query.provider.as_ref());
        wanted.asked("product", query.product.as_ref());
        wanted.asked("category", query.category.as_ref());
        wanted.asked("stage", query.stage.as_ref());
        wanted.asked("outcome", query.outcome.as_ref());
        wanted.asked("queue", query.queue.as_ref());
        wanted.asked("assignee", query.assignee.as_ref());
        wanted.asked("through", query.through.as_ref());
        wanted.asked("channel", query.channel.as_ref());
        wanted.asked("from", query.from.as_ref());
        wanted.asked("to", query.to.as_ref());
        wanted.asked("facets", query.facets.as_ref());
        wanted.asked("limit", query.limit.as_ref());
        wanted.asked("cursor", query.cursor.as_ref());
        self.json(wanted)
    }

    /// Where a case stands
    ///
    /// `GET /api/v1/status`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn get_status(
        &self,
        query: &GetStatusQuery,
    ) -> Result<Answer<Status>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/status");
        wanted.asked("id", query.id.as_ref());
        wanted.asked("refid", query.refid.as_ref());
        wanted.asked("trxid", query.trxid.as_ref());
        self.json(wanted)
    }

    /// Payments by filter, the newest first
    ///
    /// `GET /api/v1/transactions`
    ///
    /// # Errors
    /// A problem of the API, or of the way to it.
    pub fn list_transactions(
        &self,
        query: &ListTransactionsQuery,
    ) -> Result<Answer<Transactions>, Error> {
        let mut wanted = Wanted::new("GET", "/api/v1/transactions");
        wanted.asked("trxid", query.trxid.as_ref());
        wanted.asked("account", query.account.as_ref());
        wanted.asked("product", query.product.as_ref());
        wanted.asked("status", query.status.as_ref());
        wanted.asked("provider", query.provider.as_ref());
        wanted.asked("created_from", query.created_from.as_ref());
        wanted.asked("created_to", query.created_to.as_ref());
        wanted.asked("limit", query.limit.as_ref());
        wanted.asked("cursor", query.cursor.as_ref());
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

    fn raw(&self, wanted: Wanted) -> Result<Answer<Vec<u8>>, Error> {
        let response = self.sent(wanted)?;
        Ok(Answer::of(&response, response.body.clone()))
    }
}

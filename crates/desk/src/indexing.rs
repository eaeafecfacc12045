//! Keeps the search index up with what was committed, and builds it anew while the old one answers.
//! It follows the seals of the histories, which name every case that changed exactly in the order
//! of their numbers, and looks at the newest unsealed notes between two seals. So a write pays
//! nothing for the index and cannot fail with it.

use std::collections::HashMap;

use domain::actor::{Actor, Right};
use domain::admin::Kind;
use domain::case::ReportContent;
use domain::changes::{Changes, KeptContent, Outcome};
use domain::ids::CaseId;
use domain::search::{Field, Page};
use domain::{Instant, Millis, Refusal, Scope};
use store::search::{self as index, Entry, Loaded, State};

use crate::once::Once;
use crate::sweep::Step;
use crate::views::inside;
use crate::{Desk, Failure};

/// Cases written with one commit when they are fresh: a report behind it waits some milliseconds.
const CASES_AT_ONCE: usize = 200;

/// Fresh cases taken with one look. The look costs as much as it finds unsealed cases, whether they
/// are in the index or not, so that it should find many that are not.
const FRESH_AT_ONCE: i64 = 2_000;

/// Cases written with one commit when all are walked: enough that the index is not merged again
/// and again, few enough that a report behind it waits a tenth of a second.
const WALKED_AT_ONCE: i64 = 1_000;

/// Such commits between two looks at what is fresh, which wait a second or two for them.
const COMMITS_PER_WALK: usize = 8;

/// Cases written with one commit when they are taken from seals: as many as one seal can cover.
const SEALED_AT_ONCE: i64 = 500;

/// Rows of an old generation taken away with one commit.
const DROPPED_AT_ONCE: i64 = 500;

/// How long an old generation stays after the new one answers, for searches that began before.
const DROP_AFTER: Millis = Millis::minutes(1);

/// Text above every case id: all cases were walked.
const ALL_WALKED: &str = "~";

/// Times a request to build it anew looks again when others write the index meanwhile.
const ATTEMPTS_MAX: usize = 20;

/// What such a request is about, as its key remembers it.
const SUBJECT: &str = "search-index";

/// How far the index is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexProgress {
    /// Whether it is being built anew.
    pub building: bool,
    /// Cases walked for that, of all accounts; not for one of them alone.
    pub walked: Option<i64>,
    /// Whether all cases were walked, and only what changed meanwhile is missing.
    pub catching_up: bool,
    /// When the building began.
    pub started_at: Instant,
    /// Counts the times it was built.
    pub generation: i64,
    /// Seals whose cases cannot be found yet, of all accounts; not for one of them alone.
    pub seals_behind: Option<i64>,
    /// How old the oldest change is that cannot be found yet.
    pub lag: Millis,
}

/// What of a case can be named: the field, and its value.
pub(crate) type Named = (Field, String);

impl Desk {
    /// Brings the index some steps nearer to what was committed; how many cases it wrote. Any
    /// number of nodes may do it at once: one of them writes, the others look again.
    ///
    /// # Errors
    /// A fault.
    pub async fn index_once(&self) -> Result<usize, Failure> {
        Ok(self.index_step().await?.wrote)
    }

    /// As [`Desk::index_once`]; also whether more waits, as far as was looked.
    pub(crate) async fn index_step(&self) -> Result<Step, Failure> {
        let followed = self.follow().await?;
        let rebuilt = self.build_once().await? + self.drop_old_generation().await?;
        Ok(Step { wrote: followed.wrote + rebuilt, more: followed.more || rebuilt > 0 })
    }

    async fn follow(&self) -> Result<Step, Failure> {
        let state = index::state(self.db()).await?;
        let sealed = index::sealed_after(self.db(), state.live_sealed, SEALED_AT_ONCE).await?;
        let (live_sealed, cases) = sealed;
        if live_sealed > state.live_sealed {
            let wrote = self.index(state.live, &cases, State { live_sealed, ..state }).await?;
            return Ok(Step { wrote, more: true });
        }
        let cases = index::fresh(self.db(), state.live, FRESH_AT_ONCE).await?;
        let more = i64::try_from(cases.len()).is_ok_and(|many| many >= FRESH_AT_ONCE);
        let (mut state, mut wrote) = (state, 0);
        for some in cases.chunks(CASES_AT_ONCE) {
            let written = self.index(state.live, some, state.clone()).await?;
            if written == 0 {
                break; // another node writes: the next call sees how far it is
            }
            wrote += written;
            state.version += 1;
        }
        Ok(Step { wrote, more })
    }

    /// One step of building it anew: walk the cases, catch up with what changed meanwhile, switch.
    async fn build_once(&self) -> Result<usize, Failure> {
        let state = index::state(self.db()).await?;
        if state.building == 0 {
            return Ok(0);
        }
        if state.walked_to != ALL_WALKED {
            return self.walk(state).await;
        }
        let (sealed, cases) =
            index::sealed_after(self.db(), state.building_sealed, SEALED_AT_ONCE).await?;
        if sealed > state.building_sealed {
            let next = State { building_sealed: sealed, ..state };
            return self.index(next.building, &cases, next).await;
        }
        let most = i64::try_from(CASES_AT_ONCE).unwrap_or(i64::MAX);
        let cases = index::fresh(self.db(), state.building, most).await?;
        let wrote = self.index(state.building, &cases, state.clone()).await?;
        if wrote > 0 || state.dropping != 0 {
            return Ok(wrote);
        }
        let next = State {
            live: state.building,
            live_sealed: state.building_sealed,
            building: 0,
            dropping: state.live,
            switched_at: self.now(),
            ..state
        };
        tracing::info!(generation = next.live, "the search index was built anew and answers now");
        index::settle(self.db()).await?;
        Ok(usize::from(index::keep(self.db(), &next, &[]).await?))
    }

    /// Walks some of the cases. While one commit is written the next is made ready.
    async fn walk(&self, state: State) -> Result<usize, Failure> {
        let mut numbers = HashMap::new();
        let mut wrote = 0;
        let mut ready = self.stride(&state, &mut numbers).await?;
        for _ in 0..COMMITS_PER_WALK {
            let (next, entries) = ready;
            let written = State { version: next.version + 1, ..next.clone() };
            let (kept, following) = tokio::join!(
                index::keep(self.db(), &next, &entries),
                self.stride(&written, &mut numbers)
            );
            if !kept? {
                break; // another node writes: the next call sees how far it is
            }
            wrote += entries.len().max(1);
            if written.walked_to == ALL_WALKED {
                break;
            }
            ready = following?;
        }
        Ok(wrote)
    }

    /// The next cases of a walk as they shall stand in the index, and how far it is with them.
    async fn stride(
        &self,
        state: &State,
        numbers: &mut HashMap<Scope, i64>,
    ) -> Result<(State, Vec<Entry>), Failure> {
        if state.walked_to == ALL_WALKED {
            return Ok((state.clone(), Vec::new()));
        }
        let cases = index::case_ids_after(self.db(), &state.walked_to, WALKED_AT_ONCE).await?;
        let walked_to = cases.last().map_or(ALL_WALKED, CaseId::as_str).to_owned();
        let walked = state.walked + i64::try_from(cases.len()).unwrap_or(0);
        let entries = self.entries(state.building, &cases, numbers).await?;
        Ok((State { walked_to, walked, ..state.clone() }, entries))
    }

    async fn drop_old_generation(&self) -> Result<usize, Failure> {
        let state = index::state(self.db()).await?;
        let due = state.switched_at.plus(DROP_AFTER);
        if state.dropping == 0 || self.now() < due {
            return Ok(0);
        }
        if index::drop_some(self.db(), state.dropping, DROPPED_AT_ONCE).await? {
            return Ok(1);
        }
        index::keep(self.db(), &State { dropping: 0, ..state }, &[]).await?;
        Ok(0)
    }

    /// Writes these cases as they stand, and that the index is then as far as `next` says. What
    /// the generation has already is left as it is. Zero when there was nothing to do, or when
    /// another node was first.
    async fn index(
        &self,
        generation: i64,
        cases: &[CaseId],
        next: State,
    ) -> Result<usize, Failure> {
        let entries = self.entries(generation, cases, &mut HashMap::new()).await?;
        if entries.is_empty() && next == index::state(self.db()).await? {
            return Ok(0);
        }
        let kept = index::keep(self.db(), &next, &entries).await?;
        Ok(if kept { entries.len().max(1) } else { 0 })
    }

    /// What the generation does not have of these cases. `numbers` are the next ones of each
    /// scope, where they are known.
    async fn entries(
        &self,
        generation: i64,
        cases: &[CaseId],
        numbers: &mut HashMap<Scope, i64>,
    ) -> Result<Vec<Entry>, Failure> {
        let loaded = index::load(self.db(), None, generation, cases).await?;
        let mut entries = Vec::with_capacity(loaded.len());
        for one in &loaded {
            let head = one.notes.last().map_or(0, |kept| kept.note.seq);
            if one.doc.is_some_and(|(_, known)| known >= head) {
                continue;
            }
            let scope = one.case.scope;
            let doc = match (one.doc, numbers.get(&scope)) {
                (Some((doc, _)), _) => doc,
                (None, Some(next)) => *next,
                (None, None) => index::next_doc(self.db(), generation, scope).await?,
            };
            if one.doc.is_none() {
                numbers.insert(scope, doc + 1);
            }
            entries.push(self.index_entry(one, generation, doc, head).await?);
        }
        Ok(entries)
    }

    async fn index_entry(
        &self,
        one: &Loaded,
        generation: i64,
        doc: i64,
        head: i64,
    ) -> Result<Entry, Failure> {
        let texts = self.texts_are_indexed(one.case.scope).await?;
        let page = page(one, texts);
        let value = |field: Field| {
            let found = page.fields.iter().find(|(one, _)| *one == field);
            found.map_or_else(String::new, |(_, value)| value.clone())
        };
        use Field::{Channel, Outcome, Product, Provider, Queue, Stage};
        Ok(Entry {
            doc,
            known: one.doc.is_some(),
            generation,
            scope: one.case.scope,
            case: one.case.id.clone(),
            head,
            opened_at: one.case.opened_at,
            facets: [Stage, Outcome, Queue, Channel, Provider, Product].map(value),
            tokens: page.tokens(),
        })
    }

    /// Whether what customers wrote may stand in the index: not where the tenant wants it sealed.
    pub(crate) async fn texts_are_indexed(&self, scope: Scope) -> Result<bool, Failure> {
        let tenant = self.tenant(scope.tenant()).await?;
        Ok(tenant.is_some_and(|tenant| !tenant.seal_narratives))
    }

    /// Begins to build the index anew, once for each key; the old one answers until the new one is
    /// there. When it is being built already, that goes on. Gives the generation that is built, and
    /// whether that was said to an earlier request.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::KeyReusedForOther`], [`Refusal::Busy`], or a fault.
    pub async fn rebuild_search(
        &self,
        by: &Actor,
        once: Option<&Once>,
    ) -> Result<(i64, bool), Failure> {
        // The index is one for all accounts.
        by.must(Right::ManageTenants)?;
        for _ in 0..ATTEMPTS_MAX {
            if let Some(once) = once
                && let Some(outcome) = self.remembered(by, once).await?
            {
                return match outcome {
                    Outcome::Managed { id, version: Some(generation), .. } if id == SUBJECT => {
                        Ok((generation, true))
                    }
                    _ => Err(Refusal::KeyReusedForOther.into()),
                };
            }
            let next = self.begun(index::state(self.db()).await?).await?;
            let generation = next.building;
            let mut changes = Changes::none(by.scope, self.now());
            let (kind, id) = (Kind::Setting, SUBJECT.to_owned());
            let outcome = Outcome::Managed { kind, id, version: Some(generation) };
            changes.saved = once.map(|once| once.saved(by, outcome));
            if index::keep_with(self.db(), &next, &[], &changes).await? {
                return Ok((generation, false));
            }
        }
        Err(Refusal::Busy.into())
    }

    /// The state in which it is being built.
    async fn begun(&self, state: State) -> Result<State, Failure> {
        if state.building != 0 {
            return Ok(state);
        }
        // Before the walk: what is sealed after it is caught up with.
        let sealed = self.last_seal().await?.map_or(0, |signed| signed.seal.seq);
        Ok(State {
            building: next_generation(&state),
            building_sealed: sealed,
            walked_to: String::new(),
            walked: 0,
            started_at: self.now(),
            ..state
        })
    }

    /// How far the index is.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn search_progress(&self, by: &Actor) -> Result<IndexProgress, Failure> {
        by.must(Right::ReadAdmin)?;
        let state = index::state(self.db()).await?;
        let (seals_behind, lag) = self.search_lag().await?;
        let whole = by.may(Right::ManageTenants);
        Ok(IndexProgress {
            building: state.building != 0,
            walked: whole.then_some(state.walked),
            catching_up: state.building != 0 && state.walked_to == ALL_WALKED,
            started_at: state.started_at,
            generation: state.live,
            seals_behind: whole.then_some(seals_behind),
            lag,
        })
    }

    /// How many seals the index is behind, and how old the oldest change is that cannot be found.
    ///
    /// # Errors
    /// A fault.
    pub async fn search_lag(&self) -> Result<(i64, Millis), Failure> {
        let unindexed = index::unindexed(self.db()).await?;
        let now = self.now().millis();
        let lag = unindexed.since.map_or(0, |since| (now - since.millis()).max(0));
        Ok((unindexed.seals, Millis(lag)))
    }
}

/// One that is neither in use nor on its way out.
fn next_generation(state: &State) -> i64 {
    let after = |generation: i64| generation % index::GENERATION_MAX + 1;
    let next = after(state.live);
    if next == state.dropping { after(next) } else { next }
}

/// Everything a case is found by.
pub(crate) fn page(one: &Loaded, texts: bool) -> Page {
    let case = &one.case;
    let mut fields = vec![
        (Field::Stage, case.stage.name().word().to_owned()),
        (Field::Outcome, case.outcome.map_or("", |outcome| outcome.word()).to_owned()),
        (Field::Channel, case.channel.word().to_owned()),
        (Field::Customer, case.customer.clone()),
        (Field::Queue, case.queue.clone()),
        (Field::Assignee, case.assignee.clone()),
        (Field::Through, case.through.clone()),
        (Field::Refid, case.refid.clone()),
        (Field::Id, case.id.as_str().to_owned()),
    ];
    fields.extend(case.addresses.iter().map(|address| (Field::Address, address.clone())));
    if let Some(payment) = &one.payment {
        fields.extend([
            (Field::Trxid, payment.trxid.clone()),
            (Field::Account, payment.account.clone()),
            (Field::Customer, payment.payer_ref.clone()),
            (Field::Provider, payment.provider.clone()),
            (Field::Product, payment.product.clone()),
        ]);
    }
    let texts = if texts { said(one) } else { Vec::new() };
    fields.extend(texts.iter().filter_map(|said| Some((Field::Category, said.category.clone()?))));
    let mut words: Vec<String> = texts.into_iter().map(|said| said.text).collect();
    if let Some(payment) = &one.payment {
        words.extend([payment.provider.clone(), payment.product.clone()]);
    }
    let references = named(one).into_iter().map(|(_, value)| value).collect();
    Page { texts: words, references, fields }
}

/// What a case can be named by.
pub(crate) fn named(one: &Loaded) -> Vec<Named> {
    let case = &one.case;
    let mut named =
        vec![(Field::Id, case.id.as_str().to_owned()), (Field::Refid, case.refid.clone())];
    named.push((Field::Customer, case.customer.clone()));
    named.extend(case.addresses.iter().map(|address| (Field::Address, address.clone())));
    if let Some(payment) = &one.payment {
        named.extend([
            (Field::Trxid, payment.trxid.clone()),
            (Field::Account, payment.account.clone()),
            (Field::Customer, payment.payer_ref.clone()),
        ]);
    }
    named.retain(|(_, value)| !value.is_empty());
    named
}

/// What was said in one note.
pub(crate) struct Said {
    /// The note's number.
    pub(crate) seq: i64,
    /// What was done with it.
    pub(crate) act: String,
    /// The caller's own word for what is wrong, for a report.
    pub(crate) category: Option<String>,
    /// The text.
    pub(crate) text: String,
}

/// What was said in a case and stands unsealed: what is sealed is never looked into.
pub(crate) fn said(one: &Loaded) -> Vec<Said> {
    let read = |kept: &store::read::cases::KeptNote| {
        let Some(KeptContent::Plain(content)) = &kept.content else { return None };
        let report = inside::FORMED
            .contains(&kept.note.act.as_str())
            .then(|| ReportContent::read(&content.text));
        let report = report.flatten();
        let category = report.map(|read| read.category.to_owned()).filter(|one| !one.is_empty());
        let text = report.map_or(content.text.as_str(), |read| read.says);
        let text = match &category {
            Some(category) => format!("{category}\n{text}"),
            None => text.to_owned(),
        };
        Some(Said { seq: kept.note.seq, act: kept.note.act.clone(), category, text })
    };
    one.notes.iter().filter_map(read).collect()
}

//! The great laws: what must hold of a database after whatever happened, held against what the
//! outside knows. Each says what it found instead of failing, so that a test can show that it finds
//! something where something is wrong.

use std::collections::{BTreeMap, BTreeSet};

use desk::export::Feed;
use desk::outbox::Parcel;
use desk::search::SearchAsk;
use desk::views::Timeline;
use domain::Role;
use domain::case::{Case, Stage, StageName};
use domain::changes::Outcome;
use domain::ids::{CaseId, JobId};
use domain::job::{JobState, RowEnd};
use domain::search::Field;

use crate::ledger::{Fate, JobFate};
use crate::run::Run;

/// A law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// What was acknowledged is there, once.
    Acknowledged,
    /// Nothing is there that nobody asked for, or that was refused.
    NothingUnasked,
    /// A payment has at most one case that is not closed.
    OneOpenCase,
    /// Histories, rows and seals say the same.
    WholeHistories,
    /// Times stand in the order of what happened, but for what the clock was set back.
    TimesInOrder,
    /// Every message that was committed was heard, or spread once to the endpoint.
    EveryMessageArrives,
    /// Nothing else was heard.
    NothingElseTold,
    /// Every case had its turn in every job that was not stopped, and the counts are of the rows.
    JobsAddUp,
    /// The index finds what a plain scan finds.
    IndexIsAPlainScan,
    /// Everything that happened leaves by export, once.
    ExportedOnce,
}

/// Breaches, each with the law.
pub type Breaches = Vec<(Law, String)>;

/// What the witness sees of all cases.
struct View {
    cases: Vec<Case>,
    timelines: BTreeMap<CaseId, Timeline>,
    /// For each sentence, in which cases it stands.
    said: BTreeMap<String, Vec<CaseId>>,
}

impl Run {
    /// Every breach there is.
    pub async fn breaches(&mut self) -> Breaches {
        let view = self.view().await;
        let mut found = Vec::new();
        self.acknowledged(&view, &mut found);
        self.nothing_unasked(&view, &mut found);
        one_open_case(&view, &mut found);
        self.times_in_order(&view, &mut found);
        self.every_message_arrives(&view, &mut found);
        self.nothing_else_told(&view, &mut found);
        self.jobs_add_up(&view, &mut found).await;
        self.the_index_is_a_plain_scan(&view, &mut found).await;
        self.exported_once(&view, &mut found).await;
        let audit = self.world.desk.verify_audit(None, &mut |_| ()).await.expect("an audit");
        let whole = audit.cases == u64::try_from(view.cases.len()).unwrap_or(0);
        if !whole || audit.unsealed != 0 {
            found.push((Law::WholeHistories, format!("{audit:?}")));
        }
        found.extend(audit.listed.into_iter().map(|flaw| (Law::WholeHistories, flaw)));
        found
    }

    async fn view(&self) -> View {
        let auditor = self.world.actor(Role::Auditor, "aud");
        let cases = self.all_cases().await;
        let (mut timelines, mut said) = (BTreeMap::new(), BTreeMap::<String, Vec<CaseId>>::new());
        for case in &cases {
            let timeline = self.world.desk.timeline(&auditor, &case.id).await.expect("a timeline");
            for says in timeline.happenings.iter().filter_map(|one| one.says.clone()) {
                if !carries_addresses(&says) {
                    said.entry(says).or_default().push(case.id.clone());
                }
            }
            timelines.insert(case.id.clone(), timeline);
        }
        View { cases, timelines, said }
    }

    fn acknowledged(&self, view: &View, found: &mut Breaches) {
        for (words, fate) in &self.ledger.words {
            if let Fate::Kept(case) = fate
                && view.said.get(words).map(Vec::as_slice) != Some(std::slice::from_ref(case))
            {
                let where_ = view.said.get(words);
                let what = format!("{words:.20} belongs in {case}, and stands in {where_:?}");
                found.push((Law::Acknowledged, what));
            }
        }
        for settled in &self.ledger.settled {
            if let Outcome::Reported { case, .. } = &settled.outcome
                && !view.timelines.contains_key(case)
            {
                found.push((Law::Acknowledged, format!("{case} is gone")));
            }
        }
    }

    fn nothing_unasked(&mut self, view: &View, found: &mut Breaches) {
        for (words, cases) in &view.said {
            let once = cases.len() == 1;
            let asked = match (self.ledger.words.get(words), self.ledger.jobs.get(words)) {
                (Some(Fate::Kept(_) | Fate::Unknown), _) => once,
                (Some(Fate::Refused), _) => false,
                // In which cases of a job they may stand is seen with its rows.
                (None, Some(JobFate::Kept(_) | JobFate::Unknown)) => {
                    cases.iter().collect::<BTreeSet<_>>().len() == cases.len()
                }
                (None, Some(JobFate::Refused) | None) => false,
            };
            if !asked {
                let what = format!("{words:.20} stands in {cases:?}");
                found.push((Law::NothingUnasked, what));
            }
        }
        for (words, fate) in &self.ledger.words {
            if *fate == Fate::Unknown {
                let kept = view.said.contains_key(words);
                self.tally.counts("never answered, but kept", kept);
                self.tally.counts("never answered, and not kept", !kept);
            }
        }
        // A case begins with words that were said.
        for (case, timeline) in &view.timelines {
            let first = timeline.happenings.first().and_then(|first| first.says.as_ref());
            if !first.is_some_and(|words| self.ledger.words.contains_key(words)) {
                found.push((Law::NothingUnasked, format!("{case} was never asked for")));
            }
        }
    }

    fn times_in_order(&mut self, view: &View, found: &mut Breaches) {
        for case in &view.cases {
            let late = case.opened_at.since(case.stage_at);
            if case.received_at > case.opened_at || late > self.set_back {
                found.push((Law::TimesInOrder, format!("{case:?}")));
            }
            let turned = late.0 > 0;
            self.tally.counts("times out of order, since the clock was set back", turned);
        }
    }

    fn every_message_arrives(&mut self, view: &View, found: &mut Breaches) {
        for timeline in view.timelines.values() {
            for told in &timeline.told {
                let times = self.ledger.heard.get(&told.id).map_or(0, |heard| heard.times);
                self.tally.counts("a message was heard more than once", times > 1);
                let of_event = |one: &&desk::views::Told| one.event.as_deref() == Some(&told.id);
                let spread = timeline.told.iter().filter(of_event).count();
                let arrived = if told.channel == "event" { spread == 1 } else { times >= 1 };
                if !arrived || told.state != 1 {
                    found.push((Law::EveryMessageArrives, format!("{told:?}")));
                }
            }
        }
    }

    fn nothing_else_told(&self, view: &View, found: &mut Breaches) {
        let told = view.timelines.values().flat_map(|timeline| &timeline.told);
        let told: BTreeMap<&str, Option<&str>> =
            told.map(|one| (one.id.as_str(), one.event.as_deref())).collect();
        for (id, heard) in &self.ledger.heard {
            let lawful = match (&heard.parcel, told.get(id.as_str())) {
                (_, None) => false,
                (Parcel::Telling(_), Some(event)) => event.is_none(),
                (Parcel::Webhook { event, body, .. }, Some(known)) => {
                    *known == Some(event.as_str()) && *body == format!("about {event}")
                }
            };
            if !lawful {
                found.push((Law::NothingElseTold, format!("{id}: {heard:?}")));
            }
        }
    }

    async fn jobs_add_up(&self, view: &View, found: &mut Breaches) {
        let known = self.ledger.known_jobs();
        let says = |id: &JobId| {
            let this = |(_, fate): &(&String, &JobFate)| **fate == JobFate::Kept(id.clone());
            self.ledger.jobs.iter().find(this).map(|(says, _)| says.as_str())
        };
        let mut strange = 0;
        let all = self.all_jobs().await;
        for id in &all {
            strange += usize::from(!known.contains(id));
            if let Some(what) = self.job_is_wrong(view, id, says(id)).await {
                found.push((Law::JobsAddUp, what));
            }
        }
        let unheard = |fate: &&JobFate| **fate == JobFate::Unknown;
        if strange > self.ledger.jobs.values().filter(unheard).count() {
            found.push((Law::NothingUnasked, format!("{strange} jobs that nobody asked for")));
        }
        for id in known.into_iter().filter(|id| !all.contains(id)) {
            found.push((Law::Acknowledged, format!("{id} is gone")));
        }
    }

    async fn all_jobs(&self) -> Vec<JobId> {
        let by = self.world.actor(Role::Auditor, "aud");
        let (jobs, more) = self.world.desk.list_jobs(&by, None, None, 1_000).await.expect("jobs");
        assert!(!more, "a world has fewer jobs");
        jobs.into_iter().map(|job| job.id).collect()
    }

    async fn job_is_wrong(&self, view: &View, id: &JobId, says: Option<&str>) -> Option<String> {
        let auditor = self.world.actor(Role::Auditor, "aud");
        let (job, rows) = self.world.desk.job_rows(&auditor, id, 0, 100).await.expect("the job");
        let done = |end: &Option<RowEnd>| matches!(end, Some(RowEnd::Done { .. }));
        let ended = rows.iter().filter(|row| row.end.is_some()).count();
        let dones = rows.iter().filter(|row| done(&row.end)).count();
        let counted = [job.done, job.refused].map(|count| usize::try_from(count).ok());
        let all = i64::try_from(ended).ok() == Some(job.total);
        if counted != [Some(dones), Some(ended - dones)]
            || job.state == JobState::Running
            || !(all || job.state == JobState::Cancelled)
        {
            return Some(format!("{job:?}"));
        }
        let said: BTreeSet<&CaseId> = view.said.get(says?).into_iter().flatten().collect();
        for row in &rows {
            let there = said.contains(&row.case);
            // A case may have had its turn before somebody stopped the job and nobody noted it.
            let right = if row.end.is_none() { true } else { there == done(&row.end) };
            if !right {
                return Some(format!("{row:?}, and said there: {there}"));
            }
        }
        let strange = said.iter().find(|case| !rows.iter().any(|row| row.case == ***case));
        strange.map(|case| format!("{id} acted on {case}"))
    }

    /// The index finds of each stage and of a payment what a plain scan finds, and counts it.
    async fn the_index_is_a_plain_scan(&self, view: &View, found: &mut Breaches) {
        let stages = StageName::ALL.iter().map(|stage| (Field::Stage, stage.word().to_owned()));
        let refid = (Field::Refid, "P-1".to_owned());
        for (field, value) in stages.chain([refid]) {
            let has = |case: &&Case| match field {
                Field::Stage => case.stage.name().word() == value,
                _ => case.refid == value,
            };
            let scanned: BTreeSet<CaseId> =
                view.cases.iter().filter(has).map(|case| case.id.clone()).collect();
            let (count, searched) = self.searched(field, &value).await;
            if searched != scanned || count != scanned.len() {
                let what = format!("{value}: {count}, {searched:?}, and there are {scanned:?}");
                found.push((Law::IndexIsAPlainScan, what));
            }
        }
    }

    async fn searched(&self, field: Field, value: &str) -> (usize, BTreeSet<CaseId>) {
        let (mut count, mut found, mut after) = (0, BTreeSet::new(), None);
        loop {
            let fields = vec![(field, value.to_owned())];
            let (text, from, to, limit, facets) = (None, None, None, 7, true);
            let ask = SearchAsk { text, fields, from, to, after, limit, facets };
            let by = self.world.actor(Role::Agent, "ann");
            let page = self.world.desk.search(&by, &ask).await.expect("an answer");
            if found.is_empty() {
                count = page.counts.expect("counts").count;
            }
            found.extend(page.found.into_iter().map(|one| one.case.id));
            after = page.next;
            if after.is_none() {
                return (count, found);
            }
        }
    }

    /// Each event and each note leaves once.
    async fn exported_once(&self, view: &View, found: &mut Breaches) {
        let told = view.timelines.values().flat_map(|timeline| &timeline.told);
        let events = told.filter(|one| one.channel == "event").count();
        let happened: usize = view.timelines.values().map(|one| one.happenings.len()).sum();
        for (feed, rows) in [(Feed::Events, events), (Feed::Cases, happened)] {
            let left = self.exported(feed).await;
            let distinct = left.iter().collect::<BTreeSet<_>>().len();
            if left.len() != rows || distinct != rows {
                let what =
                    format!("{feed:?}: {} rows, {distinct} of them once, of {rows}", left.len());
                found.push((Law::ExportedOnce, what));
            }
        }
    }

    /// The first two cells of each row: the name of what leaves.
    async fn exported(&self, feed: Feed) -> Vec<String> {
        let by = self.world.actor(Role::Auditor, "aud");
        let (mut names, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = self.world.desk.export(&by, feed, cursor.as_deref(), 50).await;
            let page = page.expect("a page");
            names.extend(page.rows.iter().map(|row| format!("{:?} {:?}", row[0], row[1])));
            cursor = Some(page.next);
            if !page.more {
                return names;
            }
        }
    }
}

/// What a merge writes into the history of the case that goes on: addresses, and no words.
fn carries_addresses(says: &str) -> bool {
    says.starts_with("to: ")
}

fn one_open_case(view: &View, found: &mut Breaches) {
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for case in &view.cases {
        let closed = matches!(case.stage, Stage::Closed { .. });
        if !closed && !case.refid.is_empty() && !open.insert(&case.refid) {
            found.push((Law::OneOpenCase, format!("{}: {}", case.refid, case.id)));
        }
    }
}

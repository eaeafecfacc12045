//! Searching cases: a text and properties in, cases with excerpts and counts out. What the index
//! gives is held against the case as it stands before it is shown, so an index that is behind may
//! miss a case for a moment and never shows one that does not answer.

use std::collections::BTreeMap;

use domain::Instant;
use domain::actor::{Actor, Right, Role};
use domain::admin::ReadView;
use domain::case::Case;
use domain::ids::CaseId;
use domain::search::{Field, Part, Question, TooLong, compact, excerpt};
use store::search::{self as index, FACETS, Hit, Loaded, Wanted};

use crate::indexing::{named, page, said};
use crate::views::inside;
use crate::{Desk, Failure};

/// Cases on a page of results at most.
pub const RESULTS_MAX: usize = 50;

/// Hits that are counted: beyond it the counts are of the newest ones, and say so.
pub const COUNTED_MAX: usize = 2_000;

/// Excerpts shown of one case.
const EXCERPTS_MAX: usize = 3;

/// What is searched for.
#[derive(Clone, Debug)]
pub struct SearchAsk {
    /// Words and references; nothing for every case.
    pub text: Option<String>,
    /// Properties that the case must have.
    pub fields: Vec<(Field, String)>,
    /// Only cases opened from then on.
    pub from: Option<Instant>,
    /// Only cases opened before then.
    pub to: Option<Instant>,
    /// Only what comes after this case in the order of results.
    pub after: Option<CaseId>,
    /// How many, at most [`RESULTS_MAX`].
    pub limit: usize,
    /// Whether to count the hits and their properties.
    pub facets: bool,
}

/// Where a case answers.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// `text` for what was said, or the name of a reference.
    pub place: &'static str,
    /// The note's number, for a text.
    pub seq: Option<i64>,
    /// What was done with it, for a text.
    pub act: Option<String>,
    /// A piece of it.
    pub parts: Vec<Part>,
}

/// A case that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The case.
    pub case: Case,
    /// Where it answers; empty when nothing but properties were asked for.
    pub excerpts: Vec<Excerpt>,
}

/// How many answer, and how many have which property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// How many, at most [`COUNTED_MAX`].
    pub count: usize,
    /// Whether there are more, and the counts are of the newest.
    pub more: bool,
    /// For each property of [`FACETS`], its values from the most frequent.
    pub facets: Vec<(&'static str, Vec<(String, usize)>)>,
}

/// The results.
#[derive(Clone, Debug)]
pub struct SearchAnswer {
    /// The cases, newest first.
    pub found: Vec<Found>,
    /// The case after which the next page begins, when there is one.
    pub next: Option<CaseId>,
    /// The counts, when they were asked for.
    pub counts: Option<Counts>,
}

/// Why a search came to nothing.
#[derive(Debug)]
pub enum NoSearch {
    /// The text is too long.
    TooLong(TooLong),
    /// Refused, or broken.
    Failed(Failure),
}

impl<T: Into<Failure>> From<T> for NoSearch {
    fn from(why: T) -> Self {
        Self::Failed(why.into())
    }
}

impl Desk {
    /// The newest cases that answer. A merchant, and whoever may not read what people said,
    /// searches references only: what is said inside a case is not all meant for them.
    ///
    /// # Errors
    /// A text that is too long; [`domain::Refusal::NotAllowed`]; a fault.
    pub async fn search(&self, by: &Actor, ask: &SearchAsk) -> Result<SearchAnswer, NoSearch> {
        by.must(Right::ReadCases)?;
        for (field, _) in &ask.fields {
            if field.personal() {
                by.must(Right::ReadPersonal)?;
            }
            if field.inside() {
                by.must(Right::ReadInternal)?;
            }
        }
        let texts = by.role != Role::Merchant && by.may(Right::ReadPersonal);
        let read = match (texts, by.may(Right::ReadPersonal)) {
            (true, _) => Question::new,
            (false, true) => Question::by_reference,
            (false, false) => Question::impersonal,
        };
        let question = read(ask.text.as_deref(), &ask.fields).map_err(NoSearch::TooLong)?;
        let indexed = self.texts_are_indexed(by.scope).await?;
        self.note_read(by, ReadView::Search, &subject(ask, indexed)).await?;
        let limit = ask.limit.clamp(1, RESULTS_MAX);
        let wanted = Wanted {
            scope: by.scope,
            question: &question,
            after: ask.after.as_ref(),
            from: ask.from.unwrap_or(Instant::from_millis(i64::MIN)),
            to: ask.to.unwrap_or(Instant::from_millis(i64::MAX)),
            // One more tells whether there is more.
            hits_max: if ask.facets { COUNTED_MAX + 1 } else { limit + 1 },
        };
        let hits = index::find(self.db(), &wanted).await?;
        let counts = ask.facets.then(|| counts(&hits));
        let more = hits.len() > limit;
        let shown: Vec<CaseId> = hits.into_iter().take(limit).map(|hit| hit.case).collect();
        let next = shown.last().filter(|_| more).cloned();
        let found = self.shown(by, &question, &shown, (texts, indexed)).await?;
        Ok(SearchAnswer { found, next, counts })
    }

    /// The cases as they stand, without those that do not answer any more.
    async fn shown(
        &self,
        by: &Actor,
        question: &Question,
        cases: &[CaseId],
        (texts, indexed): (bool, bool),
    ) -> Result<Vec<Found>, Failure> {
        let loaded = index::load(self.db(), Some(by.scope), 0, cases).await?;
        let answers = |one: &Loaded| question.fits(&page(one, indexed).tokens());
        let fitting = loaded.into_iter().filter(answers);
        Ok(fitting
            .map(|one| Found {
                excerpts: excerpts(by, &one, question, texts && indexed),
                case: inside::seen_by(by, one.case),
            })
            .collect())
    }
}

/// What stands in the log of reads for the words of a search, where what customers write is sealed:
/// whoever looks for a story repeats it.
const WITHHELD: &str = "(withheld)";

/// What was searched for, for the log of reads. Times are left out, as in lists; and what may
/// repeat a customer's words, unless those are kept in clear.
fn subject(ask: &SearchAsk, clear: bool) -> String {
    let text = ask.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let text = text.map(|text| if clear { text.to_owned() } else { format!("q={WITHHELD}") });
    let mut said: Vec<String> = text.into_iter().collect();
    said.extend(ask.fields.iter().map(|(field, value)| {
        let shown = clear || *field != Field::Category;
        format!("{}={}", field.word(), if shown { value } else { WITHHELD })
    }));
    let mut said = if said.is_empty() { "all".to_owned() } else { said.join(" ") };
    said.retain(|letter| !letter.is_control());
    said
}

fn excerpts(by: &Actor, one: &Loaded, question: &Question, texts: bool) -> Vec<Excerpt> {
    let mut found = Vec::new();
    for (place, value) in named(one) {
        let persons = by.may(Right::ReadPersonal);
        if place.personal() && !persons {
            continue;
        }
        let token = if persons { format!("#{}", compact(&value)) } else { place.token(&value) };
        if question.begins(&token) {
            let parts = vec![Part { text: value, hit: true }];
            let place = place.word();
            found.push(Excerpt { place, seq: None, act: None, parts });
        }
    }
    if texts {
        for said in said(one) {
            if let Some(parts) = excerpt(&said.text, question) {
                let (seq, act) = (Some(said.seq), Some(said.act));
                found.push(Excerpt { place: "text", seq, act, parts });
            }
        }
    }
    found.truncate(EXCERPTS_MAX);
    found
}

fn counts(hits: &[Hit]) -> Counts {
    let counted = &hits[..hits.len().min(COUNTED_MAX)];
    let mut tallies: Vec<BTreeMap<&str, usize>> = vec![BTreeMap::new(); FACETS.len()];
    for hit in counted {
        for (tally, value) in tallies.iter_mut().zip(&hit.facets) {
            if !value.is_empty() {
                *tally.entry(value).or_default() += 1;
            }
        }
    }
    let sorted = |tally: BTreeMap<&str, usize>| {
        let mut list: Vec<(String, usize)> =
            tally.into_iter().map(|(value, count)| (value.to_owned(), count)).collect();
        // Sorting keeps the order of names among equals.
        list.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        list
    };
    Counts {
        count: counted.len(),
        more: hits.len() > counted.len(),
        facets: FACETS.into_iter().zip(tallies.into_iter().map(sorted)).collect(),
    }
}

//! `search status` and `search rebuild`: how far the search index is, and building it anew beside
//! the one that answers. A running server goes on with what is begun here, and the other way round.

use domain::actor::Actor;
use domain::{Env, Scope, TenantId};

use super::{Outcome, say};
use crate::cli::SearchCommand;
use crate::counting::Counting;
use crate::wiring::{House, Wanted, Way, explained};

/// Runs the command.
///
/// # Errors
/// The database cannot be used.
pub async fn run(way: &Way, command: SearchCommand) -> anyhow::Result<Outcome> {
    let house = way.open(Wanted::Existing).await?;
    // The index is one for all accounts; nothing of any is read here.
    let by = Actor::operator(Scope::new(TenantId(0), Env::Production));
    match command {
        SearchCommand::Status => status(&house, &by).await,
        SearchCommand::Rebuild => rebuild(&house, &by).await,
    }
}

async fn status(house: &House, by: &Actor) -> anyhow::Result<Outcome> {
    let progress = house.desk.search_progress(by).await.map_err(explained)?;
    let lag = progress.lag.0 / 1_000;
    say(&match (progress.seals_behind.unwrap_or(0), lag) {
        (0, 0) => "everything that was committed can be found".to_owned(),
        (seals, lag) => format!(
            "the oldest change that cannot be found is {lag} s old, {seals} seals behind; a \
             running server follows by itself"
        ),
    });
    match (progress.building, progress.catching_up) {
        (false, _) => {}
        (true, false) => {
            let walked = progress.walked.unwrap_or(0);
            say(&format!("being built anew: {walked} cases walked"));
        }
        (true, true) => say("being built anew: catching up with what changed meanwhile"),
    }
    Ok(Outcome::Done)
}

async fn rebuild(house: &House, by: &Actor) -> anyhow::Result<Outcome> {
    let (generation, _) = house.desk.rebuild_search(by, None).await.map_err(explained)?;
    let mut counting = Counting::start("cases walked");
    let walked = loop {
        house.desk.index_once().await.map_err(explained)?;
        let progress = house.desk.search_progress(by).await.map_err(explained)?;
        let walked = progress.walked.unwrap_or(0);
        counting.show(u64::try_from(walked).unwrap_or(0));
        if progress.generation == generation {
            break walked;
        }
    };
    counting.finish();
    say(&format!("built anew: {walked} cases; it answers now"));
    Ok(Outcome::Done)
}

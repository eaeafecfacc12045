//! Queues and teams. The queue `intake` is always there: new cases come into it.

use domain::account::{Queue, Team};
use domain::admin::{AdminAct, AdminChange, Kind};
use domain::ids::MemberId;
use domain::{Refusal, Scope};

use super::{AdminOrder, Decision, fresh, is_intake, misplaced};
use crate::{Desk, Failure};

impl Desk {
    pub(super) async fn decide_place(&self, order: &AdminOrder) -> Result<Decision, Failure> {
        match &order.act {
            AdminAct::QueueAdd { name, label, team } => {
                self.queue_add(order, name, label, team.as_deref().unwrap_or("")).await
            }
            AdminAct::QueueChange { name, .. }
            | AdminAct::QueueRetire { name }
            | AdminAct::QueueReopen { name } => self.queue_change(order, name).await,
            AdminAct::TeamAdd { name, label } => self.team_add(order, name, label).await,
            AdminAct::TeamChange { name, .. }
            | AdminAct::TeamRetire { name }
            | AdminAct::TeamJoin { name, .. }
            | AdminAct::TeamLeave { name, .. } => self.team_change(order, name).await,
            _ => Err(misplaced()),
        }
    }

    /// A queue must not be given to a team that is not there.
    async fn team_there(&self, scope: Scope, team: &str) -> Result<(), Failure> {
        if team.is_empty() {
            return Ok(());
        }
        let teams = store::read::admin::teams(self.db(), scope).await?;
        let there = teams.iter().any(|one| one.name == team && one.retired_at.is_none());
        if there { Ok(()) } else { Err(Refusal::ThingUnknown { kind: Kind::Team }.into()) }
    }

    async fn queue_add(
        &self,
        order: &AdminOrder,
        name: &str,
        label: &str,
        team: &str,
    ) -> Result<Decision, Failure> {
        let scope = order.by.scope;
        // However it is written, and also when it was retired: cases may still stand in it.
        let there = self.queue_called(scope, name).await?;
        if there.is_some() || is_intake(name) {
            return Err(Refusal::NameTaken { kind: Kind::Queue }.into());
        }
        self.team_there(scope, team).await?;
        let queue = Queue {
            name: name.to_owned(),
            label: label.to_owned(),
            team: team.to_owned(),
            version: 1,
            created_at: self.now(),
            retired_at: None,
        };
        Ok(Decision::new(name)
            .version(1)
            .field("label", "", label)
            .field("team", "", team)
            .admin(AdminChange::QueueNew(queue)))
    }

    async fn queue_change(&self, order: &AdminOrder, name: &str) -> Result<Decision, Failure> {
        if is_intake(name) {
            return Err(Refusal::AlwaysThere { kind: Kind::Queue }.into());
        }
        let scope = order.by.scope;
        let was = self.queue_called(scope, name).await?;
        let was = was.ok_or(Refusal::ThingUnknown { kind: Kind::Queue })?;
        fresh(order, was.version)?;
        let mut is = Queue { version: was.version + 1, ..was.clone() };
        match &order.act {
            AdminAct::QueueChange { label, team, .. } => {
                if let Some(label) = label {
                    is.label.clone_from(label);
                }
                if let Some(team) = team {
                    self.team_there(scope, team).await?;
                    is.team.clone_from(team);
                }
            }
            AdminAct::QueueRetire { .. } if was.retired_at.is_none() => {
                is.retired_at = Some(self.now());
            }
            AdminAct::QueueReopen { .. } if was.retired_at.is_some() => is.retired_at = None,
            _ => return Err(Refusal::AlreadySo { kind: Kind::Queue }.into()),
        }
        let state = |queue: &Queue| if queue.retired_at.is_some() { "retired" } else { "" };
        Ok(Decision::new(is.name.clone())
            .version(is.version)
            .field("label", was.label.clone(), is.label.clone())
            .field("team", was.team.clone(), is.team.clone())
            .field("state", state(&was), state(&is))
            .admin(AdminChange::QueueChanged(is)))
    }

    async fn team_add(
        &self,
        order: &AdminOrder,
        name: &str,
        label: &str,
    ) -> Result<Decision, Failure> {
        let teams = store::read::admin::teams(self.db(), order.by.scope).await?;
        if teams.iter().any(|one| one.name == name) {
            return Err(Refusal::NameTaken { kind: Kind::Team }.into());
        }
        let (name, label) = (name.to_owned(), label.to_owned());
        let decision = Decision::new(name.clone()).version(1).field("label", "", label.clone());
        let (created_at, members) = (self.now(), Vec::new());
        let team = Team { name, label, version: 1, created_at, retired_at: None, members };
        Ok(decision.admin(AdminChange::TeamNew(team)))
    }

    async fn team_change(&self, order: &AdminOrder, name: &str) -> Result<Decision, Failure> {
        let teams = store::read::admin::teams(self.db(), order.by.scope).await?;
        let was = teams.into_iter().find(|one| one.name == name);
        let was = was.ok_or(Refusal::ThingUnknown { kind: Kind::Team })?;
        fresh(order, was.version)?;
        let mut is = Team { version: was.version + 1, ..was.clone() };
        match &order.act {
            AdminAct::TeamRetire { .. } if was.retired_at.is_some() => {
                return Err(Refusal::AlreadySo { kind: Kind::Team }.into());
            }
            _ if was.retired_at.is_some() => {
                return Err(Refusal::Retired { kind: Kind::Team }.into());
            }
            AdminAct::TeamChange { label, .. } => is.label.clone_from(label),
            AdminAct::TeamRetire { .. } => is.retired_at = Some(self.now()),
            AdminAct::TeamJoin { member, .. } | AdminAct::TeamLeave { member, .. } => {
                let joins = matches!(order.act, AdminAct::TeamJoin { .. });
                let id = self.member_called(order.by.scope, member).await?.id;
                if was.members.contains(&id) == joins {
                    return Err(Refusal::AlreadySo { kind: Kind::Team }.into());
                }
                is.members.retain(|one| *one != id);
                is.members.extend(joins.then_some(id));
            }
            _ => return Err(misplaced()),
        }
        let state = |team: &Team| if team.retired_at.is_some() { "retired" } else { "" };
        let people = |team: &Team| {
            let mut ids: Vec<&str> = team.members.iter().map(MemberId::as_str).collect();
            ids.sort_unstable();
            ids.join(" ")
        };
        Ok(Decision::new(name)
            .version(is.version)
            .field("label", was.label.clone(), is.label.clone())
            .field("members", people(&was), people(&is))
            .field("state", state(&was), state(&is))
            .admin(AdminChange::TeamChanged(is)))
    }
}

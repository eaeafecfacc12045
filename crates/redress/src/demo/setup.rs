//! Fills a demo's directory: an account, credentials for everything, payments. Secrets are drawn
//! once and written to a draft before they are used, so a first start that is cut short goes on
//! where it was; a directory that is done is only looked at.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use desk::Desk;
use domain::actor::Actor;
use domain::{Env, Instant, Millis, Role, Scope};
use vault::Secret;

use super::manifest::{
    ConsoleEntry, ConsoleUser, IimmpactEntry, Manifest, NativeEntry, PaymentLists, WebhookEntry,
};
use super::transactions;
use crate::clock::Stopwatch;
use crate::wiring::{House, explained};

/// The demo's account.
pub const SLUG: &str = "demo";
/// Its registered address, in a domain that can never exist (RFC 6761).
const EMAIL: &str = "ops@demo.example";
/// How long its tokens work: as long as `token add` lets one.
const TOKEN_LIFE: Millis = Millis::days(3_650);
/// Who may log in to the console.
const PEOPLE: [(&str, Role); 3] = [
    ("ann@demo.example", Role::Agent),
    ("carol@demo.example", Role::Compliance),
    ("mira@demo.example", Role::Merchant),
];

/// The demo's credentials and payments: those of `demo.json`, or new ones.
///
/// # Errors
/// What is there does not belong together; a fault.
pub async fn prepare(house: &House) -> anyhow::Result<Manifest> {
    let path = house.directory.demo_json();
    if path.exists() {
        let manifest = Manifest::read(&path)?;
        check(&house.desk, &manifest, &path).await?;
        return Ok(manifest);
    }
    let watch = Stopwatch::start();
    eprintln!("setting the demo up in {}: account, keys, people", house.directory.root().display());
    let draft_path = house.directory.demo_draft();
    let mut draft = match draft_path.exists() {
        true => Manifest::read(&draft_path)?,
        false => draft(house),
    };
    draft.write(&draft_path)?;
    let desk = &house.desk;
    add_account(desk).await?;
    add_credentials(desk, &mut draft).await?;
    draft.write(&draft_path)?;
    add_people(desk, &draft).await?;
    let made_at = house.directory.made_at();
    draft.transactions = add_payments(desk, Env::Production, made_at).await?;
    draft.staging_transactions = add_payments(desk, Env::Staging, made_at).await?;
    eprintln!("the demo is set up, in {:.1} s", watch.elapsed().as_secs_f64());
    Ok(draft)
}

/// Writes `demo.json`, now that it is known where the server is, and takes the draft away.
///
/// # Errors
/// The machine refuses.
pub fn publish(mut manifest: Manifest, base_url: &str, house: &Paths) -> anyhow::Result<()> {
    manifest.base_url = base_url.to_owned();
    manifest.console.url = format!("{base_url}/console");
    manifest.mail_dir.clone_from(&house.mail);
    manifest.write(&house.demo_json)?;
    match std::fs::remove_file(&house.draft) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
            Err(why).with_context(|| format!("removing {}", house.draft.display()))
        }
        _ => Ok(()),
    }
}

/// Where the demo's files are.
#[derive(Clone, Debug)]
pub struct Paths {
    demo_json: PathBuf,
    draft: PathBuf,
    mail: PathBuf,
}

impl Paths {
    /// Those of this installation. The folder of mails is given whole, so that a client may stand
    /// anywhere.
    pub fn of(house: &House) -> Self {
        let mail = house.directory.mail();
        Self {
            demo_json: house.directory.demo_json(),
            draft: house.directory.demo_draft(),
            mail: mail.canonicalize().unwrap_or(mail),
        }
    }
}

/// A manifest with the secrets that are ours to choose; the others are still empty.
fn draft(house: &House) -> Manifest {
    let password = || {
        let made = house.desk.with_dice(|dice| vault::secret::readable_password(dice));
        made.reveal().to_owned()
    };
    let hook = house.desk.with_dice(|dice| vault::secret::webhook_secret(dice));
    let user = |(email, role): (&str, Role)| ConsoleUser {
        email: email.to_owned(),
        password: password(),
        role: role.word().to_owned(),
    };
    Manifest {
        base_url: String::new(),
        iimmpact: IimmpactEntry {
            api_key: String::new(),
            secret: String::new(),
            staging_api_key: String::new(),
            staging_secret: String::new(),
            username: SLUG.to_owned(),
            password: password(),
            staging_username: format!("{SLUG}-staging"),
            staging_password: password(),
            email: EMAIL.to_owned(),
        },
        native: NativeEntry { token: String::new(), tokens: BTreeMap::new() },
        webhook: WebhookEntry { secret: hook.reveal().to_owned() },
        console: ConsoleEntry { url: String::new(), users: PEOPLE.into_iter().map(user).collect() },
        transactions: PaymentLists::default(),
        staging_transactions: PaymentLists::default(),
        mail_dir: house.directory.mail(),
    }
}

/// A `demo.json` of another database would only puzzle people.
async fn check(desk: &Desk, manifest: &Manifest, path: &Path) -> anyhow::Result<()> {
    let key = desk.open_key(&manifest.iimmpact.api_key).await.map_err(explained)?;
    let secret = Secret::new(manifest.iimmpact.secret.clone()).decoded();
    let same = key.is_some_and(|key| Some(&key.secret) == secret.as_ref());
    ensure!(
        same,
        "{} names keys that are not in the database beside it; remove the whole directory and \
         start again, or choose another with --dir",
        path.display()
    );
    Ok(())
}

async fn add_account(desk: &Desk) -> anyhow::Result<()> {
    let draft = desk::accounts::TenantDraft {
        slug: SLUG.to_owned(),
        name: "Demo".to_owned(),
        email: EMAIL.to_owned(),
        seal_narratives: false,
    };
    // It may be there from a start that was cut short.
    desk.add_tenant(draft).await.map_err(explained)?;
    Ok(())
}

async fn scope(desk: &Desk, env: Env) -> anyhow::Result<Scope> {
    crate::commands::scope(desk, SLUG, env).await
}

async fn add_credentials(desk: &Desk, draft: &mut Manifest) -> anyhow::Result<()> {
    let (production, staging) =
        (scope(desk, Env::Production).await?, scope(desk, Env::Staging).await?);
    let iimmpact = &mut draft.iimmpact;
    for (scope, key, secret) in [
        (production, &mut iimmpact.api_key, &mut iimmpact.secret),
        (staging, &mut iimmpact.staging_api_key, &mut iimmpact.staging_secret),
    ] {
        if key.is_empty() {
            let (id, made) = desk.add_key(scope, "demo").await.map_err(explained)?;
            (*key, *secret) = (id, made.reveal().to_owned());
        }
    }
    for role in Role::ALL {
        if let Entry::Vacant(place) = draft.native.tokens.entry(role.word().to_owned()) {
            let name = format!("{}@{SLUG}.example", role.word());
            let token = desk.add_token(production, role, &name, TOKEN_LIFE).await;
            place.insert(token.map_err(explained)?.reveal().to_owned());
        }
    }
    let most = draft.native.tokens.get(Role::Administrator.word());
    draft.native.token = most.cloned().unwrap_or_default();
    Ok(())
}

async fn add_people(desk: &Desk, draft: &Manifest) -> anyhow::Result<()> {
    let (production, staging) =
        (scope(desk, Env::Production).await?, scope(desk, Env::Staging).await?);
    let iimmpact = &draft.iimmpact;
    let mut logins = vec![
        (production, &iimmpact.username, &iimmpact.password),
        (staging, &iimmpact.staging_username, &iimmpact.staging_password),
    ];
    logins.extend(draft.console.users.iter().map(|one| (production, &one.email, &one.password)));
    for (scope, username, password) in logins {
        // One that is there was made from this very draft.
        let password = Secret::new(password.clone());
        desk.add_login(scope, username, password).await.map_err(explained)?;
    }
    Ok(())
}

/// Brings the payments of one environment in; what is there already stays as it is.
async fn add_payments(desk: &Desk, env: Env, made_at: Instant) -> anyhow::Result<PaymentLists> {
    let payments = transactions::payments(env, made_at);
    eprintln!("bringing in {} payments of {env}", payments.len());
    let scope = scope(desk, env).await?;
    let by = Actor::new(scope, Role::Administrator, "demo");
    let results = desk.import(&by, &payments).await.map_err(explained)?;
    if let Some(why) = results.into_iter().find_map(Result::err) {
        bail!("a payment of the demo was rejected: {}", why.sentence());
    }
    Ok(PaymentLists::of(&payments))
}

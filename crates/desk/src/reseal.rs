//! After the sealing key was changed: every secret is sealed anew with it, so that the old key can
//! be taken away. Works while the program runs and can be stopped and repeated.

use domain::changes::{Change, SecretPlace};
use store::read;
use vault::seal::Unsealable;

use crate::accounts::{endpoint_purpose, key_purpose};
use crate::execute::note_purpose;
use crate::nonces::NOBODY;
use crate::{Desk, Failure};

/// What was sealed anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Secrets of signing keys.
    pub keys: u64,
    /// Secrets of webhook endpoints.
    pub endpoints: u64,
    /// Contents of notes.
    pub notes: u64,
}

impl Desk {
    /// Seals everything anew that an older key sealed.
    ///
    /// # Errors
    /// A fault: also when something does not open with any key here.
    pub async fn reseal_all(&self) -> Result<Resealed, Failure> {
        Ok(Resealed {
            keys: self.reseal_keys().await?,
            endpoints: self.reseal_endpoints().await?,
            notes: self.reseal_notes().await?,
        })
    }

    async fn reseal_keys(&self) -> Result<u64, Failure> {
        let (mut count, mut after) = (0, String::new());
        loop {
            let page = read::accounts::keys(self.db(), &after).await?;
            let Some(last) = page.last() else { return Ok(count) };
            after = last.id.clone();
            for key in page {
                let place = SecretPlace::Key(key.id.clone());
                count += self.reseal(place, &key_purpose(&key.id), key.secret).await?;
            }
        }
    }

    async fn reseal_endpoints(&self) -> Result<u64, Failure> {
        let (mut count, mut after) = (0, String::new());
        loop {
            let page = read::accounts::endpoints(self.db(), &after).await?;
            let Some(last) = page.last() else { return Ok(count) };
            after = last.id.as_str().to_owned();
            for one in page {
                let purpose = endpoint_purpose(&one.id);
                if let Some((before, _)) = one.before {
                    let place = SecretPlace::EndpointBefore(one.id.clone());
                    self.reseal(place, &purpose, before).await?;
                }
                count += self.reseal(SecretPlace::Endpoint(one.id), &purpose, one.secret).await?;
            }
        }
    }

    async fn reseal_notes(&self) -> Result<u64, Failure> {
        let (mut count, mut case, mut seq) = (0, String::new(), 0);
        loop {
            let page = read::audit::sealed_notes(self.db(), &case, seq).await?;
            let Some(last) = page.last() else { return Ok(count) };
            (case, seq) = (last.0.as_str().to_owned(), last.1);
            for (case, seq, sealed) in page {
                let purpose = note_purpose(case.as_str(), seq);
                count += self.reseal(SecretPlace::Note { case, seq }, &purpose, sealed).await?;
            }
        }
    }

    async fn reseal(
        &self,
        place: SecretPlace,
        purpose: &str,
        was: Vec<u8>,
    ) -> Result<u64, Failure> {
        let anew: Result<Option<Vec<u8>>, Unsealable> =
            self.with_dice(|dice| self.keyring().reseal(dice, purpose, &was));
        let doing = || store::Fault::new(format!("sealing anew ({purpose})"));
        let Some(is) = anew.map_err(|why| doing().because(why))? else { return Ok(0) };
        // A miss: it changed or went meanwhile, by another run of the same.
        self.write(NOBODY, Change::Resealed { place, was, is }).await.map(|_| 1)
    }
}

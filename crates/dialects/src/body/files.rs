//! Forms with files: parts selected by name, files into the intake as they come, texts into memory
//! under their own small limits. Whatever is refused, the body is read no further than it must be.

use desk::Failure;
use desk::evidence::Intake;
use evidence::Said;

use super::BodyError;
use super::parts::{Part, Parts};

/// Which parts are what.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Names of parts that are files.
    pub files: &'a [&'a str],
    /// Names of parts that are texts, and how many bytes each may have.
    pub texts: &'a [(&'a str, usize)],
}

/// What came besides files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Texts by name, in the order in which they came; a name may come twice.
    pub texts: Vec<(String, Vec<u8>)>,
    /// Parts that nobody asked for, which were ignored.
    pub ignored: usize,
}

/// Why a form was not read.
#[derive(Debug)]
pub enum GatherError {
    /// The body is bad.
    Body(BodyError),
    /// A text is larger than it may be.
    LongText {
        /// The part's name.
        name: String,
    },
    /// The rules say no, or something of ours is broken.
    Failed(Failure),
}

impl From<BodyError> for GatherError {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<Failure> for GatherError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Reads a form to its end. A part for a file that has neither a name nor a byte is what browsers
/// send for a field that was left empty: it is no file.
///
/// # Errors
/// See [`GatherError`]; what came before it is in the intake, and goes with it.
pub async fn gather(
    mut parts: Parts,
    intake: &mut Intake,
    wanted: Wanted<'_>,
) -> Result<Gathered, GatherError> {
    match gathered(&mut parts, intake, wanted).await {
        Ok(gathered) => Ok(gathered),
        Err(error) => {
            parts.give_up().await;
            Err(error)
        }
    }
}

async fn gathered(
    parts: &mut Parts,
    intake: &mut Intake,
    wanted: Wanted<'_>,
) -> Result<Gathered, GatherError> {
    let mut gathered = Gathered::default();
    while let Some(part) = parts.next().await? {
        let text = wanted.texts.iter().find(|(name, _)| *name == part.name);
        if wanted.files.contains(&part.name.as_str()) {
            take_file(part, intake).await?;
        } else if let Some((_, bytes_max)) = text {
            let name = part.name.clone();
            match part.whole(*bytes_max).await {
                Ok(bytes) => gathered.texts.push((name, bytes)),
                Err(BodyError::TooLarge { max }) if max == *bytes_max => {
                    return Err(GatherError::LongText { name });
                }
                Err(error) => return Err(error.into()),
            }
        } else {
            gathered.ignored += 1;
            part.forget().await?;
        }
    }
    Ok(gathered)
}

async fn take_file(mut part: Part, intake: &mut Intake) -> Result<(), GatherError> {
    let first = part.chunk().await?;
    if first.is_none() && part.file_name.as_deref().is_none_or(str::is_empty) {
        return Ok(());
    }
    let said = Said { name: part.file_name.clone(), media_type: part.media_type.clone() };
    let mut upload = intake.begin(said).await?;
    let mut next = first;
    while let Some(chunk) = next {
        upload.write(&chunk).await.map_err(Failure::from)?;
        next = part.chunk().await?;
    }
    Ok(intake.end(upload).await?)
}

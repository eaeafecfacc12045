//! Bodies of `multipart/form-data` as they come, part by part, never whole: for routes that take
//! files. Framed by `multer`; what it does not bound is bounded here: the heads of parts, their
//! number, the whole, the time. It knows no part's meaning and keeps no byte.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use hyper::body::Body as _;
use percent_encoding::percent_decode;
use tokio::time::{Instant, timeout};

use super::{BodyError, Form, NAME_BYTES_MAX, discard, form_of, multipart, refuse_encoded};

/// Bytes between two parts at most: a boundary and the head of a part, of which multer takes 32
/// lines. A part without an end to its head would otherwise fill memory.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Bytes handed to the parser at a time: it holds what it was given until it is asked again.
const PIECE_BYTES: usize = 16 * 1024;

/// How much is taken, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct PartLimits {
    /// Parts, whatever they are called. A form has a few and ten files.
    pub parts_max: usize,
    /// Bytes of the whole body.
    pub bytes_max: u64,
    /// From the first look to the last byte.
    pub time: Duration,
    /// Without a byte.
    pub idle: Duration,
}

impl Default for PartLimits {
    /// 64 parts and 50 MiB in two minutes: a photograph over a slow telephone takes one.
    fn default() -> Self {
        Self {
            parts_max: 64,
            bytes_max: 50 << 20,
            time: Duration::from_secs(120),
            idle: Duration::from_secs(20),
        }
    }
}

/// The parts of one body.
pub struct Parts {
    parser: multer::Multipart<'static>,
    wire: Arc<Mutex<Wire>>,
    limits: PartLimits,
    until: Instant,
    count: usize,
}

/// One part. It must be read to its end before the next is asked for.
pub struct Part {
    /// Its name.
    pub name: String,
    /// The name of its file, decoded and as it was sent otherwise; nothing when none was sent.
    pub file_name: Option<String>,
    /// Its media type without parameters; nothing when none was sent.
    pub media_type: Option<String>,
    field: multer::Field<'static>,
    wire: Arc<Mutex<Wire>>,
    limits: PartLimits,
    until: Instant,
}

/// The body, with what is watched of it.
struct Wire {
    body: Body,
    waiting: Bytes,
    total: u64,
    /// Bytes since the last part ended, while no next one began.
    head: Option<usize>,
    bytes_max: u64,
    rest: bool,
}

/// Why the body was cut.
#[derive(Clone, Copy, Debug)]
enum Cut {
    TooLarge,
    LongHead,
    BrokenOff,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Cut {}

/// The wire as the parser sees it.
struct Pieces(Arc<Mutex<Wire>>);

fn locked(wire: &Mutex<Wire>) -> std::sync::MutexGuard<'_, Wire> {
    wire.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stream for Pieces {
    type Item = Result<Bytes, Cut>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        locked(&self.0).poll(cx)
    }
}

impl Wire {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        // The parser asks until there is nothing: a pause after each piece lets it work on that.
        if std::mem::take(&mut self.rest) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        while self.waiting.is_empty() {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(Cut::BrokenOff))),
                Poll::Ready(Some(Ok(frame))) => {
                    self.waiting = frame.into_data().unwrap_or_default();
                }
            }
        }
        let piece = self.waiting.split_to(self.waiting.len().min(PIECE_BYTES));
        self.total = self.total.saturating_add(piece.len() as u64);
        if self.total > self.bytes_max {
            return Poll::Ready(Some(Err(Cut::TooLarge)));
        }
        if let Some(head) = &mut self.head {
            // What is already there when a head begins was asked for by the part before.
            if *head > HEAD_BYTES_MAX {
                return Poll::Ready(Some(Err(Cut::LongHead)));
            }
            *head += piece.len();
        }
        self.rest = true;
        Poll::Ready(Some(Ok(piece)))
    }
}

impl Parts {
    /// Begins to read. What is wrong with the headers is told before a byte is taken.
    ///
    /// # Errors
    /// [`BodyError::UnsupportedType`], [`BodyError::Encoded`], [`BodyError::BadMultipart`],
    /// [`BodyError::TooLarge`].
    pub async fn open(
        headers: &HeaderMap,
        body: Body,
        limits: PartLimits,
    ) -> Result<Self, BodyError> {
        let boundary = boundary(headers).and_then(|boundary| {
            let declared = super::take::declared(headers);
            let fits = declared.is_none_or(|bytes| bytes <= limits.bytes_max);
            if fits { Ok(boundary) } else { Err(too_large(limits)) }
        });
        let boundary = match boundary {
            Ok(boundary) => boundary,
            Err(error) => {
                discard(headers, body).await;
                return Err(error);
            }
        };
        let wire = Wire {
            body,
            waiting: Bytes::new(),
            total: 0,
            head: Some(0),
            bytes_max: limits.bytes_max,
            rest: false,
        };
        let wire = Arc::new(Mutex::new(wire));
        let parser = multer::Multipart::new(Pieces(Arc::clone(&wire)), boundary);
        Ok(Self { parser, wire, limits, until: Instant::now() + limits.time, count: 0 })
    }

    /// The next part; nothing after the last.
    ///
    /// # Errors
    /// Every bad body; after that nothing more can be read.
    pub async fn next(&mut self) -> Result<Option<Part>, BodyError> {
        locked(&self.wire).head = Some(0);
        let next = timed(self.until, self.limits, self.parser.next_field()).await?;
        let Some(field) = next else { return Ok(None) };
        locked(&self.wire).head = None;
        self.count += 1;
        if self.count > self.limits.parts_max {
            return Err(BodyError::TooManyFields);
        }
        let told = disposition(field.headers()).ok_or(BodyError::BadMultipart)?;
        if told.name.len() > NAME_BYTES_MAX {
            return Err(BodyError::NameTooLong);
        }
        as_it_is(field.headers())?;
        Ok(Some(Part {
            media_type: media_type(field.headers())?,
            name: told.name,
            file_name: told.file_name,
            field,
            wire: Arc::clone(&self.wire),
            limits: self.limits,
            until: self.until,
        }))
    }

    /// Lets the client finish for a moment, so that it reads why its body is refused.
    pub async fn give_up(self) {
        let Self { parser, wire, .. } = self;
        drop(parser);
        let body = std::mem::take(&mut locked(&wire).body);
        discard(&HeaderMap::new(), body).await;
    }
}

impl Part {
    /// The next bytes; nothing after the last.
    ///
    /// # Errors
    /// Every bad body; after that nothing more can be read.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            let next = timed(self.until, self.limits, self.field.chunk()).await?;
            // The parser gives nothing as something at a part's end.
            if next.as_ref().is_none_or(|chunk| !chunk.is_empty()) {
                return Ok(next);
            }
        }
    }

    /// All of its bytes, for a part that is known to be small.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] where it has more than `bytes_max`, and every bad body.
    pub async fn whole(mut self, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if whole.len() + chunk.len() > bytes_max {
                return Err(BodyError::TooLarge { max: bytes_max });
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }

    /// Reads it to its end and forgets it.
    ///
    /// # Errors
    /// Every bad body.
    pub async fn forget(mut self) -> Result<(), BodyError> {
        while self.chunk().await?.is_some() {}
        Ok(())
    }

    /// Bytes of the whole body that were read so far.
    pub fn read_so_far(&self) -> u64 {
        locked(&self.wire).total
    }
}

fn too_large(limits: PartLimits) -> BodyError {
    BodyError::TooLarge { max: usize::try_from(limits.bytes_max).unwrap_or(usize::MAX) }
}

async fn timed<T>(
    until: Instant,
    limits: PartLimits,
    work: impl Future<Output = multer::Result<T>>,
) -> Result<T, BodyError> {
    let left = until.saturating_duration_since(Instant::now()).min(limits.idle);
    let done = timeout(left, work).await.map_err(|_| BodyError::TooSlow)?;
    done.map_err(|error| match &error {
        multer::Error::StreamReadFailed(why) => match why.downcast_ref::<Cut>() {
            Some(Cut::TooLarge) => too_large(limits),
            Some(Cut::BrokenOff) | None => BodyError::BrokenOff,
            Some(Cut::LongHead) => BodyError::BadMultipart,
        },
        _ => BodyError::BadMultipart,
    })
}

fn boundary(headers: &HeaderMap) -> Result<String, BodyError> {
    refuse_encoded(headers)?;
    match form_of(headers)? {
        Form::Multipart { boundary } => Ok(boundary),
        Form::Json | Form::UrlEncoded | Form::Unsaid => Err(BodyError::UnsupportedType),
    }
}

fn as_it_is(headers: &HeaderMap) -> Result<(), BodyError> {
    if multipart::is_as_it_is(headers) { Ok(()) } else { Err(BodyError::Encoded) }
}

fn media_type(headers: &HeaderMap) -> Result<Option<String>, BodyError> {
    let Some(said) = headers.get(CONTENT_TYPE) else { return Ok(None) };
    let said = said.to_str().map_err(|_| BodyError::UnsupportedType)?;
    let essence = said.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    Ok((!essence.is_empty()).then_some(essence))
}

/// What a part calls itself.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    name: String,
    file_name: Option<String>,
}

/// Reads the names of a part. RFC 7578 forbids `filename*`, and some send it all the same: it
/// counts, since who sends it means it.
fn disposition(headers: &HeaderMap) -> Option<Told> {
    let mut said = headers.get_all(CONTENT_DISPOSITION).iter();
    let (value, None) = (said.next()?, said.next()) else { return None };
    let mut words = parameters(value.as_bytes())?.into_iter();
    let (kind, _) = words.next()?;
    if kind != "form-data" {
        return None;
    }
    let (mut name, mut plain, mut extended) = (None, None, None);
    for (parameter, value) in words {
        let place = match parameter.as_str() {
            "name" => &mut name,
            "filename" => &mut plain,
            "filename*" => &mut extended,
            _ => continue,
        };
        if place.replace(value).is_some() {
            return None;
        }
    }
    let file_name = match extended.as_deref().and_then(extended_text) {
        Some(text) => Some(text),
        // Browsers write a quotation mark so.
        None => plain.map(|bytes| text_of(&bytes).replace("%22", "\"")),
    };
    Some(Told { name: text_of(&name?), file_name })
}

/// `UTF-8'en'a%20b`; nothing for another character set.
fn extended_text(value: &[u8]) -> Option<String> {
    let value = std::str::from_utf8(value).ok()?;
    let mut parts = value.splitn(3, '\'');
    let (charset, _, text) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    percent_decode(text.as_bytes()).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// UTF-8, or else what old clients mean: Latin-1.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// The words of a header's value between semicolons outside of quotes, each with what follows its
/// equals sign. Nothing when a quote does not end.
fn parameters(value: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut bytes = value.iter().copied().peekable();
    while bytes.peek().is_some() {
        let (mut word, mut quoted, mut inside) = (Vec::new(), false, false);
        let mut name: Option<Vec<u8>> = None;
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' if inside && matches!(bytes.peek(), Some(b'"' | b'\\')) => {
                    word.extend(bytes.next());
                }
                b'"' if inside || word.trim_ascii().is_empty() && name.is_some() => {
                    inside = !inside;
                    quoted = true;
                    if inside {
                        word.clear();
                    }
                }
                b';' if !inside => break,
                b'=' if !inside && name.is_none() => name = Some(std::mem::take(&mut word)),
                // What stands between a closing quote and the next semicolon says nothing.
                _ if quoted && !inside => {}
                _ => word.push(byte),
            }
        }
        if inside {
            return None;
        }
        let lower = |word: &[u8]| text_of(word.trim_ascii()).to_ascii_lowercase();
        match name {
            Some(name) if quoted => found.push((lower(&name), word)),
            Some(name) => found.push((lower(&name), word.trim_ascii().to_vec())),
            None => found.push((lower(&word), Vec::new())),
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests;

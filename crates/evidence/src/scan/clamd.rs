//! clamd over its socket, by INSTREAM: chunks with their length in four big-endian bytes, an empty
//! one at the end. Its limits are looked at before the first file: above them clamd calls every
//! file clean, unless its `AlertExceedsMax` is on.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::{Answer, Checked, shown};
use crate::place::Plain;

/// Bytes of one chunk at most.
const CHUNK_BYTES: usize = 64 * 1024;

/// Bytes of an answer at most: a name of a finding is much shorter.
const ANSWER_BYTES_MAX: u64 = 4 * 1024;

/// The harmless text that every scanner knows, in two halves: whole, it would make scanners call
/// this very program a find.
const EICAR: [&str; 2] =
    ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];

/// What clamd has where its file says nothing: the smallest of what its releases had.
const STREAM_MAX_DEFAULT: u64 = 25 << 20;
const FILE_MAX_DEFAULT: u64 = 25 << 20;
const SCAN_MAX_DEFAULT: u64 = 100 << 20;

/// Where clamd listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A socket in the file system.
    Unix(PathBuf),
    /// Host and port.
    Tcp(String),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(host) => write!(f, "tcp:{host}"),
        }
    }
}

impl Address {
    /// Reads `unix:/run/clamav/clamd.ctl` or `tcp:127.0.0.1:3310`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("unix", path) if path.starts_with('/') => Some(Self::Unix(path.into())),
            ("tcp", host) if host.contains(':') => Some(Self::Tcp(host.to_owned())),
            _ => None,
        }
    }
}

/// A clamd.
pub struct Clamd {
    address: Address,
    /// For one file, from the connection to the answer.
    time: Duration,
    config_file: Option<PathBuf>,
    /// Whether its limits were found to be large enough since this program runs.
    proven: AtomicBool,
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

impl Clamd {
    /// One at this address. `config_file` is its own configuration, where this program can read it.
    pub fn new(address: Address, time: Duration, config_file: Option<PathBuf>) -> Self {
        Self { address, time, config_file, proven: AtomicBool::new(false) }
    }

    async fn connect(&self) -> std::io::Result<Box<dyn Duplex>> {
        Ok(match &self.address {
            Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Address::Tcp(host) => Box::new(TcpStream::connect(host.as_str()).await?),
        })
    }

    pub(super) async fn look(&self, plain: &mut Plain, file_bytes_max: u64) -> Answer {
        // It may have been down, or another one, when this program started.
        if !self.proven.load(Ordering::Relaxed) {
            match self.check(file_bytes_max).await {
                Checked::TooSmall(why) | Checked::Down(why) => return Answer::NotLooked(why),
                Checked::Off | Checked::Good(_) | Checked::Unproven(_) => {}
            }
        }
        self.timed(self.stream(&mut Content::File(plain))).await
    }

    async fn timed(&self, work: impl Future<Output = Answer>) -> Answer {
        let late = || Answer::NotLooked("clamd did not answer in time".to_owned());
        timeout(self.time, work).await.unwrap_or_else(|_| late())
    }

    async fn stream(&self, content: &mut Content<'_>) -> Answer {
        let mut socket = match self.connect().await {
            Ok(socket) => socket,
            Err(why) => {
                let address = &self.address;
                return Answer::NotLooked(format!("clamd cannot be reached at {address}: {why}"));
            }
        };
        // clamd may answer and hang up before it has everything; its answer says why.
        let sent = send(&mut socket, content).await;
        if let Err(Broken::File(why)) = sent {
            return Answer::NotLooked(why);
        }
        let mut said = Vec::new();
        let read = (&mut socket).take(ANSWER_BYTES_MAX).read_to_end(&mut said).await;
        match (read, sent) {
            (Ok(_), _) if !said.is_empty() => understood(&said),
            (_, Err(Broken::Socket(why))) | (Err(why), _) => {
                Answer::NotLooked(format!("clamd broke off: {why}"))
            }
            _ => Answer::NotLooked("clamd hung up without an answer".to_owned()),
        }
    }

    /// Whether clamd answers, and looks at the largest files that are taken.
    pub async fn check(&self, file_bytes_max: u64) -> Checked {
        let checked = self.checked(file_bytes_max).await;
        if matches!(checked, Checked::Good(_) | Checked::Unproven(_)) {
            self.proven.store(true, Ordering::Relaxed);
        }
        checked
    }

    async fn checked(&self, file_bytes_max: u64) -> Checked {
        let eicar = EICAR.concat();
        let small = self.timed(self.stream(&mut Content::padded(&eicar, 0))).await;
        let knows_eicar = match small {
            Answer::NotLooked(why) => return Checked::Down(why),
            Answer::Infected(_) => true,
            Answer::Clean => false,
        };
        if let Some(path) = &self.config_file {
            return match tokio::fs::read_to_string(path).await {
                Ok(text) => by_config(&text, file_bytes_max),
                Err(why) => Checked::Unproven(format!(
                    "clamd answers, but {} cannot be read: {why}",
                    path.display()
                )),
            };
        }
        // The largest file there may be, with something to find at its beginning: a clamd that
        // passes it by calls it clean.
        let large = Content::padded(&eicar, file_bytes_max.saturating_sub(eicar.len() as u64));
        match (self.timed(self.stream(&mut { large })).await, knows_eicar) {
            (Answer::Infected(_), _) => {
                Checked::Good(format!("clamd looks at files of {file_bytes_max} bytes"))
            }
            (Answer::NotLooked(why), _) => Checked::TooSmall(too_small(file_bytes_max, &why)),
            (Answer::Clean, true) => {
                Checked::TooSmall(too_small(file_bytes_max, "it calls them clean without a look"))
            }
            (Answer::Clean, false) => Checked::Unproven(
                "clamd takes the largest files, but its signatures do not know the EICAR test, so \
                 that it looks at them is not proven; name its configuration in \
                 `evidence.clamd_config_file`"
                    .to_owned(),
            ),
        }
    }
}

fn too_small(file_bytes_max: u64, why: &str) -> String {
    format!(
        "clamd does not look at files of {file_bytes_max} bytes ({why}): raise its \
         StreamMaxLength, MaxFileSize and MaxScanSize above `evidence.file_bytes_max`, or lower \
         that"
    )
}

/// Judges clamd's own configuration.
fn by_config(text: &str, file_bytes_max: u64) -> Checked {
    let limits = [
        ("StreamMaxLength", STREAM_MAX_DEFAULT),
        ("MaxFileSize", FILE_MAX_DEFAULT),
        ("MaxScanSize", SCAN_MAX_DEFAULT),
    ];
    for (name, default) in limits {
        let mut said = text.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some(name)).then(|| words.next().and_then(size)).flatten()
        });
        let limit = said.next_back().unwrap_or(default);
        // Nought means: no limit.
        if limit != 0 && limit <= file_bytes_max {
            return Checked::TooSmall(too_small(file_bytes_max, &format!("{name} is {limit}")));
        }
    }
    Checked::Good(format!("clamd's configuration looks at files of {file_bytes_max} bytes"))
}

/// A size as clamd writes it: `25M`, `512K`, `1G`, `1000`.
fn size(word: &str) -> Option<u64> {
    let (digits, unit) = match word.as_bytes().last()?.to_ascii_uppercase() {
        b'K' => (&word[..word.len() - 1], 10),
        b'M' => (&word[..word.len() - 1], 20),
        b'G' => (&word[..word.len() - 1], 30),
        _ => (word, 0),
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << unit)
}

/// What is sent to be looked at.
enum Content<'a> {
    File(&'a mut Plain),
    Padded { text: Vec<u8>, padding: u64 },
}

impl Content<'_> {
    fn padded(text: &str, padding: u64) -> Self {
        Self::Padded { text: text.as_bytes().to_vec(), padding }
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        match self {
            Self::File(plain) => match plain.next().await {
                Ok(chunk) => Ok(chunk.map(|chunk| chunk.to_vec())),
                Err(fault) => Err(Broken::File(fault.chain())),
            },
            Self::Padded { text, padding: _ } if !text.is_empty() => Ok(Some(std::mem::take(text))),
            Self::Padded { padding, .. } => {
                let step = usize::try_from(*padding).unwrap_or(usize::MAX).min(CHUNK_BYTES);
                *padding -= step as u64;
                Ok((step > 0).then(|| vec![b' '; step]))
            }
        }
    }
}

enum Broken {
    Socket(std::io::Error),
    File(String),
}

impl From<std::io::Error> for Broken {
    fn from(why: std::io::Error) -> Self {
        Self::Socket(why)
    }
}

async fn send(socket: &mut Box<dyn Duplex>, content: &mut Content<'_>) -> Result<(), Broken> {
    socket.write_all(b"zINSTREAM\0").await?;
    while let Some(bytes) = content.next().await? {
        for chunk in bytes.chunks(CHUNK_BYTES) {
            let length = u32::try_from(chunk.len()).unwrap_or(0);
            socket.write_all(&length.to_be_bytes()).await?;
            socket.write_all(chunk).await?;
        }
    }
    socket.write_all(&[0; 4]).await?;
    socket.flush().await?;
    Ok(())
}

/// What an answer means: only the two exact ones are a look.
fn understood(said: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(said);
    let text = text.trim_end_matches(['\0', '\n', '\r']);
    if text == "stream: OK" {
        return Answer::Clean;
    }
    let found = text.strip_prefix("stream: ").and_then(|rest| rest.strip_suffix(" FOUND"));
    match found {
        // With `AlertExceedsMax` this says that a limit was met, not that something was found.
        Some(name) if name.starts_with("Heuristics.Limits.Exceeded") => {
            Answer::NotLooked(format!("clamd met a limit of its own: {}", shown(name)))
        }
        Some(name) if !name.trim().is_empty() => Answer::Infected(shown(name)),
        _ => Answer::NotLooked(format!("clamd said: {}", shown(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_answers_are_a_look() {
        for (said, meant) in [
            (&b"stream: OK\0"[..], Answer::Clean),
            (b"stream: Eicar-Test FOUND\0", Answer::Infected("Eicar-Test".into())),
            (b"stream: A\x1b[2JB FOUND\0", Answer::Infected("A [2JB".into())),
        ] {
            assert_eq!(understood(said), meant);
        }
        for said in [
            &b"INSTREAM size limit exceeded. ERROR\0"[..],
            b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0",
            b"stream: OK FOUND OK\0",
            b"stream:  FOUND\0",
            b"OK\0",
            b"stream: ok",
            b"\xff\xfe",
        ] {
            assert!(matches!(understood(said), Answer::NotLooked(_)), "{said:?}");
        }
    }

    #[test]
    fn a_configuration_is_judged_by_its_three_limits() {
        const MAX: u64 = 10 << 20;
        let good = |text: &str| matches!(by_config(text, MAX), Checked::Good(_));
        assert!(good("") && good("MaxFileSize 0\nStreamMaxLength 11M"));
        assert!(!good("StreamMaxLength 10M"), "not above ours");
        assert!(!good("# x\nMaxFileSize 512K\n") && !good("MaxScanSize 1000"));
    }

    #[test]
    fn addresses_read() {
        assert_eq!(Address::parse("unix:/run/c.ctl"), Some(Address::Unix("/run/c.ctl".into())));
        assert_eq!(Address::parse("tcp:[::1]:3310"), Some(Address::Tcp("[::1]:3310".into())));
        for bad in ["", "unix:c.ctl", "tcp:host", "http://x:1"] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
    }
}

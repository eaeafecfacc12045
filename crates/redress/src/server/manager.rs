//! Tells the service manager when the server is ready and when it stops (sd_notify of systemd): a
//! line to the socket that it names. Where none is named, as on a terminal, nothing is said.

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Requests are answered.
    Ready,
    /// What is under way may finish.
    Stopping,
}

impl State {
    fn line(self) -> &'static [u8] {
        match self {
            Self::Ready => b"READY=1",
            Self::Stopping => b"STOPPING=1",
        }
    }
}

/// Tells the manager that started us, if it wants to know. That it cannot be told is logged only:
/// the server works without it.
pub fn tell(state: State) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(why) = send(&socket, state.line()) {
        tracing::warn!(%why, "the service manager could not be told");
    }
}

/// A name that begins with `@` is one of Linux without a file.
fn send(socket: &OsStr, line: &[u8]) -> std::io::Result<()> {
    let address = match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(line, &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_socket_hear_it() {
        let scratch = tempfile::tempdir().expect("a folder");
        let path = scratch.path().join("socket");
        let name = format!("@redress-test-{}", std::process::id());
        let files = UnixDatagram::bind(&path).expect("bound");
        let address = SocketAddr::from_abstract_name(&name[1..]).expect("a name");
        let abstracts = UnixDatagram::bind_addr(&address).expect("bound");
        for (socket, heard) in [(path.as_os_str(), files), (OsStr::new(&name), abstracts)] {
            send(socket, State::Ready.line()).expect("sent");
            let mut line = [0; 32];
            let count = heard.recv(&mut line).expect("heard");
            assert_eq!(&line[..count], b"READY=1");
        }
        assert!(send(OsStr::new("/nowhere"), b"x").is_err());
    }
}

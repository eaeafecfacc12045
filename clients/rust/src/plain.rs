//! A way to a server on the same machine: HTTP/1.1 over one connection for each request, by the
//! standard library alone. It must never carry a token over a network: there is no TLS.

use std::io::{Error, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::{Request, Response, Transport};

/// How long a server may be silent.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// See the head of the file.
#[derive(Clone, Debug)]
pub struct Plain {
    address: String,
}

impl Plain {
    /// `base` is as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// It is not.
    pub fn new(base: &str) -> Result<Self, Error> {
        let address = base.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let address = address.filter(|address| !address.is_empty() && !address.contains('/'));
        match address {
            Some(address) => Ok(Self { address: address.to_owned() }),
            None => Err(wrong("the base is http:// with an address and a port")),
        }
    }
}

impl Transport for Plain {
    fn send(&self, request: Request) -> Result<Response, Error> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        stream.set_write_timeout(Some(SILENCE_MAX))?;
        let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
        let length = request.body.len();
        head += &format!("Host: {}\r\nConnection: close\r\n", self.address);
        head += &format!("Content-Length: {length}\r\n");
        for (name, value) in &request.headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        stream.write_all(&request.body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        read(&answer).ok_or_else(|| wrong("the answer is no HTTP"))
    }
}

fn wrong(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

fn read(answer: &[u8]) -> Option<Response> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let chunked = headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked")
    });
    let rest = &answer[end + 4..];
    let body = if chunked { joined(rest)? } else { rest.to_vec() };
    Some(Response { status, headers, body })
}

/// The chunks as one.
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let line = std::str::from_utf8(&rest[..end]).ok()?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let plain = b"HTTP/1.1 200 OK\r\nETag: \"3\"\r\n\r\n{}";
        let answer = read(plain).expect("an answer");
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"{}"[..]));
        assert_eq!(answer.header("etag").as_deref(), Some("\"3\""));
        let chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
        assert_eq!(read(chunks).expect("an answer").body, b"{}");
        assert!(read(b"nothing").is_none());
    }
}

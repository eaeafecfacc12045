//! The heads of tar's members, in the form of POSIX (ustar): what any tar of the last thirty years
//! lists and unpacks. Plain files only, with names of our own making; what does not check is
//! refused.

use super::ArchiveError;

/// Everything in a tar archive stands in blocks of this many bytes.
pub const BLOCK: usize = 512;

/// Bytes of one member at most: eleven octal digits.
pub const MEMBER_BYTES_MAX: u64 = 0o77_777_777_777;

/// Bytes of a name's last part and of what stands before it.
const NAME_BYTES_MAX: usize = 100;
const PREFIX_BYTES_MAX: usize = 155;

/// Where the check stands.
const CHECK: std::ops::Range<usize> = 148..156;

/// The head of a member.
///
/// # Errors
/// A name or a length that tar cannot hold.
pub fn head(name: &str, bytes: u64, at_seconds: u64) -> Result<[u8; BLOCK], ArchiveError> {
    let refuse = |why| ArchiveError::Name { name: name.to_owned(), why };
    if !is_plain(name) {
        return Err(refuse("it is no plain path"));
    }
    if bytes > MEMBER_BYTES_MAX {
        return Err(refuse("it is longer than 8 GiB"));
    }
    let (prefix, last) = split(name).ok_or_else(|| refuse("it is too long"))?;
    let mut head = [0_u8; BLOCK];
    let mut put = |at: usize, text: &[u8]| head[at..at + text.len()].copy_from_slice(text);
    put(0, last.as_bytes());
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{bytes:011o}\0").as_bytes());
    put(136, format!("{:011o}\0", at_seconds.min(MEMBER_BYTES_MAX)).as_bytes());
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    put(345, prefix.as_bytes());
    let check = format!("{:06o}\0 ", sum(&head));
    head[CHECK].copy_from_slice(check.as_bytes());
    Ok(head)
}

/// The zeros after a member of this length.
pub fn padding(bytes: u64) -> usize {
    let over = usize::try_from(bytes % BLOCK as u64).unwrap_or(0);
    (BLOCK - over) % BLOCK
}

/// Name and length from a member's head; nothing when it is the end of the archive.
///
/// # Errors
/// What is wrong with it.
pub fn parse(head: &[u8; BLOCK]) -> Result<Option<(String, u64)>, &'static str> {
    if head.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    if head[257..263] != *b"ustar\0" {
        return Err("has no head of a tar member");
    }
    if octal(&head[CHECK]) != Some(sum(head)) {
        return Err("has a head that does not check");
    }
    if head[156] != b'0' {
        return Err("is no plain file");
    }
    let text = |field: &[u8]| {
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
        String::from_utf8(field[..end].to_vec()).ok()
    };
    let last = text(&head[..NAME_BYTES_MAX]).ok_or("has a name that is no text")?;
    let prefix = text(&head[345..500]).ok_or("has a name that is no text")?;
    let name = if prefix.is_empty() { last } else { format!("{prefix}/{last}") };
    if !is_plain(&name) {
        return Err("has a name that leads elsewhere");
    }
    let bytes = octal(&head[124..136]).ok_or("has no length")?;
    Ok(Some((name, bytes)))
}

/// Parts of a path that stay below where they begin, without anything that steers a terminal.
fn is_plain(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    !name.chars().any(|c| c.is_control() || c == '\\') && name.split('/').all(part)
}

fn split(name: &str) -> Option<(&str, &str)> {
    if name.len() <= NAME_BYTES_MAX {
        return Some(("", name));
    }
    let fits = |at: &usize| *at <= PREFIX_BYTES_MAX && name.len() - at - 1 <= NAME_BYTES_MAX;
    let at = name.match_indices('/').map(|(at, _)| at).find(fits)?;
    Some((&name[..at], &name[at + 1..]))
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

/// The sum of all bytes, with spaces for the check itself.
fn sum(head: &[u8; BLOCK]) -> u64 {
    let spaces = CHECK.len() as u64 * u64::from(b' ');
    let outside = head.iter().enumerate().filter(|(at, _)| !CHECK.contains(at));
    outside.map(|(_, byte)| u64::from(*byte)).sum::<u64>() + spaces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_read_back() {
        let long = format!("files/{}/{}", "a".repeat(90), "b".repeat(90));
        for (name, bytes) in [("manifest.json", 0), ("files/ab/é", 513), (&long, MEMBER_BYTES_MAX)]
        {
            let head = head(name, bytes, 1_800_000_000).expect("a head");
            assert_eq!(parse(&head), Ok(Some((name.to_owned(), bytes))));
        }
        assert_eq!(parse(&[0; BLOCK]), Ok(None));
        assert_eq!((padding(0), padding(1), padding(512), padding(513)), (0, 511, 0, 511));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let long = "x".repeat(101);
        for name in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "a\nb", "a\\b", &long] {
            assert!(head(name, 0, 0).is_err(), "{name:?}");
        }
        assert!(head("x", MEMBER_BYTES_MAX + 1, 0).is_err());
        // The same in an archive that somebody else wrote.
        let mut forged = head("xx/passwd", 1, 0).expect("a head");
        forged[..2].copy_from_slice(b"..");
        assert!(parse(&forged).is_err());
        let check = format!("{:06o}\0 ", sum(&forged));
        forged[CHECK].copy_from_slice(check.as_bytes());
        assert_eq!(parse(&forged), Err("has a name that leads elsewhere"));
    }

    #[test]
    fn an_altered_head_does_not_check() {
        let sound = head("manifest.json", 7, 9).expect("a head");
        for at in (0..500).filter(|at| sound[*at] != 0) {
            let mut altered = sound;
            altered[at] ^= 1;
            assert!(parse(&altered).is_err(), "byte {at}");
        }
    }
}

//! Until when a certificate is good: the one field of X.509 that we look at ourselves. Whether it
//! is to be trusted is the clients' to say; nothing is decided by what is read here.

use domain::Instant;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// DER's tags (X.690, section 8).
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// `notAfter` of a certificate in DER; nothing when it is not laid out as RFC 5280, section 4.1,
/// says.
pub fn until(certificate: &[u8]) -> Option<Instant> {
    let (_, outer, _) = field(certificate)?;
    let (_, mut signed, _) = field(outer)?;
    if signed.first() == Some(&VERSION) {
        signed = field(signed)?.2;
    }
    // Serial number, algorithm, issuer; then the two times.
    for _ in 0..3 {
        signed = field(signed)?.2;
    }
    let (tag, validity, _) = field(signed)?;
    let (_, _, after) = field(validity).filter(|_| tag == SEQUENCE)?;
    let (tag, text, _) = field(after)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

/// Tag, content and what follows of the first field.
fn field(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // No certificate has a field of 16 MiB.
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `260102030405Z`, where 50 and above is the last century, or `20260102030405Z`.
fn time(tag: u8, text: &str) -> Option<Instant> {
    let digits = text.strip_suffix('Z').filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let short: i16 = digits[..2].parse().ok()?;
            (if short < 50 { 2000 + short } else { 1900 + short }, &digits[2..])
        }
        (GENERALIZED_TIME, 14) => (digits[..4].parse().ok()?, &digits[4..]),
        _ => return None,
    };
    let two = |at: usize| rest[at..at + 2].parse::<i8>().ok();
    let at = DateTime::new(year, two(0)?, two(2)?, two(4)?, two(6)?, two(8)?, 0).ok()?;
    let at = at.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Instant::from_millis(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    const LOCALHOST: &[u8] = include_bytes!("../../../courier/tests/tls/localhost.pem");

    #[test]
    fn the_end_is_the_one_that_openssl_shows() {
        let der = CertificateDer::from_pem_slice(LOCALHOST).expect("a certificate");
        let until = until(&der).expect("an end");
        let shown = std::process::Command::new("openssl")
            .args(["x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../courier/tests/tls/localhost.pem"))
            .output()
            .expect("openssl");
        let shown = String::from_utf8(shown.stdout).expect("text");
        let time = jiff::Timestamp::from_millisecond(until.millis()).expect("a time");
        let ours = format!("notAfter={}", time.strftime("%Y-%m-%d %H:%M:%SZ"));
        assert_eq!(ours, shown.trim());
    }

    #[test]
    fn both_forms_of_time_are_read() {
        let millis = |tag, text| time(tag, text).map(Instant::millis);
        assert_eq!(millis(UTC_TIME, "700101000001Z"), Some(1_000));
        assert_eq!(millis(UTC_TIME, "490101000000Z"), Some(2_493_072_000_000));
        assert_eq!(millis(GENERALIZED_TIME, "20500101000000Z"), Some(2_524_608_000_000));
        for text in ["", "Z", "7001010000Z", "701301000000Z", "700101000001", "70010100000éZ"] {
            assert_eq!(time(UTC_TIME, text), None, "{text}");
        }
    }

    #[test]
    fn no_bytes_panic() {
        let der = CertificateDer::from_pem_slice(LOCALHOST).expect("a certificate");
        for length in 0..der.len() {
            assert_eq!(until(&der[..length]), None, "cut to {length}");
        }
        for at in 0..der.len().min(200) {
            let mut altered = der.to_vec();
            altered[at] ^= 0xff;
            until(&altered);
        }
    }
}

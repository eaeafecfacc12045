//! Times as callers and files write them (RFC 3339): read here and nowhere else, so that one text
//! is one moment wherever it comes in. Which years are believed is for the caller to say.

use std::fmt;

use super::Instant;

/// Minutes by which a zone's time can differ from UTC: Kiribati is 14 hours ahead, and nobody more.
const OFFSET_MINUTES_MAX: u32 = 14 * 60;

/// Why a text is no time: the end of a sentence that begins with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTime {
    /// It has not the shape of one.
    Shape,
    /// It has all but a zone.
    NoZone,
    /// No zone is so far from UTC.
    Offset,
    /// A leap second: the calendar that is kept has none.
    LeapSecond,
    /// There is no such day or hour.
    Calendar,
}

impl fmt::Display for NoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "is not a time with its zone, as 2026-01-05T10:11:12.345Z",
            Self::NoZone => "has no zone: add Z or an offset, as +08:00",
            Self::Offset => "has an offset that no zone has: give one from -14:00 to +14:00",
            Self::LeapSecond => "has a leap second, which is not taken: give second 59",
            Self::Calendar => "is no time of the calendar",
        })
    }
}

/// Reads a time with its zone. What is finer than a millisecond is cut off.
///
/// # Errors
/// The rule it breaks.
pub fn read(text: &str) -> Result<Instant, NoTime> {
    let bytes = text.as_bytes();
    if !is_rfc_3339(bytes) {
        let zoned = is_rfc_3339(format!("{text}Z").as_bytes());
        return Err(if zoned { NoTime::NoZone } else { NoTime::Shape });
    }
    if bytes.get(17..19) == Some(b"60") {
        return Err(NoTime::LeapSecond);
    }
    if !offset_can_be(bytes) {
        return Err(NoTime::Offset);
    }
    let time: jiff::Timestamp = text.parse().map_err(|_| NoTime::Calendar)?;
    Ok(Instant::from_millis(time.as_millisecond()))
}

/// Whether a text of the right shape ends in Z or in an offset of some zone.
fn offset_can_be(text: &[u8]) -> bool {
    let Some([b'+' | b'-', hour, ten, b':', tens, ones]) = text.last_chunk::<6>() else {
        return true;
    };
    let two = |tens: &u8, ones: &u8| u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
    let (hours, minutes) = (two(hour, ten), two(tens, ones));
    minutes < 60 && hours * 60 + minutes <= OFFSET_MINUTES_MAX
}

/// The shape of RFC 3339: the reader behind accepts more (names of zones, times without seconds).
fn is_rfc_3339(text: &[u8]) -> bool {
    let shaped = |text: &[u8], shape: &[u8]| {
        text.len() == shape.len()
            && text.iter().zip(shape).all(|(is, shape)| match shape {
                b'0' => is.is_ascii_digit(),
                b'T' => matches!(is, b'T' | b't' | b' '),
                b'+' => matches!(is, b'+' | b'-'),
                _ => is == shape,
            })
    };
    let Some((whole, mut rest)) = text.split_at_checked(19) else { return false };
    if let Some((b'.', digits)) = rest.split_first() {
        let count = digits.iter().take_while(|digit| digit.is_ascii_digit()).count();
        if !(1..=9).contains(&count) {
            return false;
        }
        rest = &digits[count..];
    }
    shaped(whole, b"0000-00-00T00:00:00")
        && (matches!(rest, b"Z" | b"z") || shaped(rest, b"+00:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_its_zone() {
        for (text, millis) in [
            ("2026-01-05T10:11:12Z", 1_767_607_872_000),
            ("2026-01-05t18:11:12.3459+08:00", 1_767_607_872_345),
            ("2026-01-06 00:11:12+14:00", 1_767_607_872_000),
            ("2026-01-04T20:11:12-14:00", 1_767_607_872_000),
        ] {
            assert_eq!(read(text), Ok(Instant::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_why() {
        for (text, why) in [
            ("", NoTime::Shape),
            ("2026-01-05", NoTime::Shape),
            ("2026-01-05T10:11Z", NoTime::Shape),
            ("2026-01-05T10:11:12.Z", NoTime::Shape),
            ("2026-01-05T10:11:12+0800", NoTime::Shape),
            ("2026-01-05T10:11:12Z[UTC]", NoTime::Shape),
            ("2026-01-05T10:11:12", NoTime::NoZone),
            ("2026-01-05T10:11:12+25:00", NoTime::Offset),
            ("2026-01-05T10:11:12+14:01", NoTime::Offset),
            ("2026-01-05T10:11:12-15:00", NoTime::Offset),
            ("2026-01-05T10:11:12+08:60", NoTime::Offset),
            ("2026-12-31T23:59:60Z", NoTime::LeapSecond),
            ("2026-12-31T23:59:60.5+08:00", NoTime::LeapSecond),
            ("2026-12-31T23:59:61Z", NoTime::Calendar),
            ("2026-02-30T10:11:12Z", NoTime::Calendar),
            ("2026-01-05T24:00:00Z", NoTime::Calendar),
        ] {
            assert_eq!(read(text), Err(why), "{text}");
        }
    }
}

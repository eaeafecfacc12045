//! Times as other systems write them: with a zone, or without one when the mapping file says which.

use anyhow::{Context, ensure};
use domain::Instant;
use domain::payment::columns::shown;
use domain::time::written;
use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// 1990-01-01. Older complaints are a mistyped year.
const TIME_LEAST_MS: i64 = 631_152_000_000;

/// 2100-01-01, for the same reason.
const TIME_MOST_MS: i64 = 4_102_444_800_000;

/// How times are written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// `rfc3339`, or a pattern as `%d/%m/%Y %H:%M`. A date without a time is its first moment.
    pub format: String,
    /// The zone of times without one, as `Asia/Kuala_Lumpur` or `UTC`.
    pub zone: Option<String>,
}

impl Times {
    fn in_zone(&self) -> anyhow::Result<Option<TimeZone>> {
        let Some(name) = &self.zone else { return Ok(None) };
        let zone = TimeZone::get(name);
        zone.map(Some).with_context(|| format!("`time.zone`: `{name}` is no time zone"))
    }

    /// Refuses a pattern or zone that is none.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> anyhow::Result<()> {
        let zone = self.in_zone()?;
        if self.format == "rfc3339" {
            return Ok(());
        }
        let sample = DateTime::constant(2026, 1, 5, 10, 11, 12, 0).to_zoned(TimeZone::UTC)?;
        let written = jiff::fmt::strtime::format(&self.format, &sample);
        let read = written.and_then(|text| BrokenDownTime::parse(&self.format, &text));
        let read = read.with_context(|| format!("`time.format`: `{}`", self.format))?;
        ensure!(read.to_date().is_ok(), "`time.format`: `{}` has no whole date", self.format);
        let tells = read.offset().is_some() || zone.is_some();
        ensure!(tells, "`time.zone` must say in which zone the times are");
        Ok(())
    }

    /// Reads a time.
    ///
    /// # Errors
    /// The end of a sentence that begins with the column's name.
    pub fn read(&self, text: &str) -> Result<Instant, String> {
        let unread = || format!("`{}` is not a time as `{}`", shown(text), self.format);
        let time = if self.format == "rfc3339" {
            written::read(text).map_err(|why| format!("`{}` {why}", shown(text)))?
        } else {
            let read = BrokenDownTime::parse(&self.format, text).map_err(|_| unread())?;
            let stamp = if read.offset().is_some() {
                read.to_timestamp().map_err(|_| unread())?
            } else {
                let midnight = |date: jiff::civil::Date| date.at(0, 0, 0, 0);
                let civil = read.to_datetime().or_else(|_| read.to_date().map(midnight));
                let zone = self.in_zone().ok().flatten().unwrap_or(TimeZone::UTC);
                let zoned = civil.and_then(|civil| zone.to_zoned(civil));
                zoned.map_err(|_| unread())?.timestamp()
            };
            Instant::from_millis(stamp.as_millisecond())
        };
        match time.millis() {
            TIME_LEAST_MS..TIME_MOST_MS => Ok(time),
            _ => Err(format!("`{}` is not between the years 1990 and 2100", shown(text))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(format: &str, zone: Option<&str>) -> Times {
        Times { format: format.to_owned(), zone: zone.map(str::to_owned) }
    }

    #[test]
    fn times_are_read_in_their_zone() {
        let kuala = Some("Asia/Kuala_Lumpur");
        for (format, zone, text, wanted) in [
            ("rfc3339", None, "2026-01-05T10:11:12.345Z", 1_767_607_872_345),
            ("rfc3339", None, "2026-01-05T18:11:12+08:00", 1_767_607_872_000),
            ("%Y-%m-%d", Some("UTC"), "2026-01-05", 1_767_571_200_000),
            ("%Y-%m-%d", kuala, "2026-01-05", 1_767_542_400_000),
            ("%a %b %d %H:%M:%S %Y", kuala, "Mon Jan 05 18:11:12 2026", 1_767_607_872_000),
            ("%d/%m/%Y %H:%M %z", None, "05/01/2026 18:11 +0800", 1_767_607_860_000),
        ] {
            let times = times(format, zone);
            times.check().expect(format);
            assert_eq!(times.read(text), Ok(Instant::from_millis(wanted)), "{format} {text}");
        }
    }

    #[test]
    fn what_is_no_time_is_said_so() {
        let good = times("%Y-%m-%d", Some("UTC"));
        for text in ["", "2026-13-01", "yesterday", "1812-06-24", "2026-01-05 "] {
            assert!(good.read(text).is_err(), "{text}");
        }
        for (text, why) in [
            ("2026-01-05T10:11:12", "no zone"),
            ("2026-01-05T10:11:12+25:00", "-14:00 to +14:00"),
            ("2026-12-31T23:59:60Z", "leap second"),
        ] {
            let said = times("rfc3339", None).read(text).expect_err(text);
            assert!(said.contains(why), "{said}");
        }
        assert!(times("%Y-%m-%d", None).check().is_err(), "no zone");
        assert!(times("%Y-%m-%d", Some("Mars/Olympus")).check().is_err());
        assert!(times("%H:%M", Some("UTC")).check().is_err(), "no date");
        assert!(times("%!", Some("UTC")).check().is_err());
    }
}

//! Reads the text of a duration literal: `"1h 30m"`, `"250ms"`, `"1.5d"`.
//!
//! Invariants: the result fits into `u64` nanoseconds, which is what the runtime counts in; nothing is rounded
//! silently. Upper-case `M` is refused, because some tools read it as minutes and others as months.

use crate::errors::nearest;
use std::time::Duration;

/// What is wrong with the text, and what to write instead.
#[derive(Debug, PartialEq)]
pub(crate) struct Flaw {
    pub(crate) problem: String,
    pub(crate) help: String,
}

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;

/// Names of units, the shortest first, and their nanoseconds. Months and years are the mean ones of the Gregorian
/// calendar as other Rust tools count them: 30.44 and 365.25 days.
const UNITS: &[(&[&str], u64)] = &[
    (&["ns", "nsec", "nanos"], 1),
    (&["us", "µs", "μs", "usec", "micros"], 1_000),
    (&["ms", "msec", "millis"], 1_000_000),
    (&["s", "sec", "secs", "second", "seconds"], SECOND),
    (&["m", "min", "mins", "minute", "minutes"], 60 * SECOND),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600 * SECOND),
    (&["d", "day", "days"], DAY),
    (&["w", "wk", "wks", "week", "weeks"], 7 * DAY),
    (&["month", "months"], 2_630_016 * SECOND),
    (&["y", "yr", "yrs", "year", "years"], 31_557_600 * SECOND),
];

/// Parses `text`; `endless` is the word that this option has for "longer than anything", if it has one.
pub(crate) fn parse(text: &str, endless: Option<&str>) -> Result<Duration, Flaw> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(flaw("the duration is empty", "write a number and a unit, such as `\"1h 30m\"`"));
    }
    if rest.starts_with(['-', '−']) {
        return Err(flaw(
            format!("`{rest}` is negative"),
            "write how long it lasts as a positive duration, such as `\"1h 30m\"`",
        ));
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split(after.trim_start(), char::is_alphabetic);
        let nanos = component(number, unit, rest)?;
        total = nanos.and_then(|nanos| total.checked_add(nanos)).ok_or_else(|| too_long(text, endless))?;
        rest = after.trim_start();
    }
    Ok(Duration::from_nanos(total))
}

/// Nanoseconds of `number` times `unit`; `None` when they do not fit.
fn component(number: &str, unit: &str, rest: &str) -> Result<Option<u64>, Flaw> {
    if number.is_empty() {
        return Err(number_missing(unit, rest));
    }
    if unit.is_empty() {
        return Err(match rest[number.len()..].trim_start().chars().next() {
            Some(stray) => stray_character(stray),
            None => unit_missing(number),
        });
    }
    let Some((_, nanos)) = UNITS.iter().find(|(names, _)| names.contains(&unit)) else {
        return Err(unknown_unit(unit));
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(flaw(format!("`{number}` is not a number"), "write it like `1`, or like `1.5`"));
    }
    let Some(whole) = whole.parse::<u64>().ok().and_then(|whole| whole.checked_mul(*nanos)) else {
        return Ok(None);
    };
    Ok(whole.checked_add(part_of(*nanos, fraction).ok_or_else(|| too_fine(number, unit))?))
}

/// `0.fraction` of `nanos`, if that is a whole number of nanoseconds.
fn part_of(nanos: u64, fraction: &str) -> Option<u64> {
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        return Some(0);
    }
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let product = fraction.parse::<u128>().ok()?.checked_mul(nanos.into())?;
    if product % scale == 0 { u64::try_from(product / scale).ok() } else { None }
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

fn flaw(problem: impl Into<String>, help: impl Into<String>) -> Flaw {
    Flaw { problem: problem.into(), help: help.into() }
}

/// What is proposed must be one itself.
fn unit_missing(number: &str) -> Flaw {
    let help = match parse(&format!("{number}s"), None) {
        Ok(_) => format!("write `\"{number}s\"` for seconds"),
        Err(_) => "write a number and a unit, such as `\"1h 30m\"`".to_owned(),
    };
    flaw(format!("`{number}` has no unit"), help)
}

fn stray_character(stray: char) -> Flaw {
    flaw(
        format!("`{stray}` does not belong in a duration"),
        "write numbers and units only, such as `\"1h 30m\"`",
    )
}

fn number_missing(unit: &str, rest: &str) -> Flaw {
    if unit.is_empty() {
        return stray_character(rest.chars().next().unwrap_or(' '));
    }
    if let Some(word) = nearest(unit, &["never", "forever"]) {
        return flaw(format!("`{unit}` is not a duration"), format!("did you mean `\"{word}\"`?"));
    }
    if UNITS.iter().any(|(names, _)| names.contains(&unit)) {
        return flaw(format!("`{unit}` has no number in front of it"), format!("write `\"1{unit}\"`"));
    }
    flaw(format!("`{unit}` is not a duration"), "write a number and a unit, such as `\"1h 30m\"`")
}

fn unknown_unit(unit: &str) -> Flaw {
    let names: Vec<_> = UNITS.iter().flat_map(|(names, _)| *names).copied().collect();
    // One or two letters are within reach of everything; only a longer word says what was meant.
    let help = match nearest(unit, &names).filter(|_| unit.chars().count() > 2) {
        _ if unit == "M" => "write `m` for minutes or `months`".to_owned(),
        Some(name) => format!("did you mean `{name}`?"),
        None => "write one of `ns`, `us`, `ms`, `s`, `m`, `h`, `d`, `w`, `months`, `y`".to_owned(),
    };
    flaw(format!("`{unit}` is not a unit of time"), help)
}

fn too_fine(number: &str, unit: &str) -> Flaw {
    flaw(
        format!("`{number}{unit}` is not a whole number of nanoseconds"),
        "round it: the clock does not tell smaller times apart",
    )
}

fn too_long(text: &str, endless: Option<&str>) -> Flaw {
    let help = match endless {
        Some(word) => format!("write `\"{word}\"`"),
        None => "write a shorter duration".to_owned(),
    };
    flaw(format!("`{text}` is longer than the clock can count, which is 584 years"), help)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    fn nanos(text: &str) -> u64 {
        let duration = parse(text, None).unwrap_or_else(|flaw| panic!("{text}: {flaw:?}"));
        duration.as_nanos().try_into().unwrap()
    }

    fn flaw(text: &str) -> String {
        let flaw = parse(text, Some("never")).expect_err(text);
        format!("{}; {}", flaw.problem, flaw.help)
    }

    #[test]
    fn numbers_and_units_add_up() {
        let second = 1_000_000_000;
        assert_eq!(nanos("1h 30m"), 5_400 * second);
        assert_eq!(nanos(" 1h30m\t5 s "), 5_405 * second);
        assert_eq!(nanos("250ms"), 250_000_000);
        assert_eq!(nanos("1000ms"), second);
        assert_eq!(nanos("7µs 3ns"), 7_003);
        assert_eq!(nanos("2 weeks"), 14 * 86_400 * second);
        assert_eq!(nanos("0s"), 0);
    }

    #[test]
    fn fractions_are_exact_or_refused() {
        assert_eq!(nanos("1.5h"), 5_400_000_000_000);
        assert_eq!(nanos("0.001us"), 1);
        assert_eq!(nanos("1.50s"), 1_500_000_000);
        assert!(flaw("0.5ns").starts_with("`0.5ns` is not a whole number of nanoseconds"));
        assert!(flaw("1.23456789012345678901234567890123456789s").contains("whole number"));
        assert!(flaw("1.s").starts_with("`1.` is not a number"));
        assert!(flaw(".5s").starts_with("`.5` is not a number"));
        assert!(flaw("1.2.3s").starts_with("`1.2.3` is not a number"));
    }

    #[test]
    fn the_longest_duration_is_u64_nanoseconds() {
        assert_eq!(parse("18446744073709551615ns", None), Ok(Duration::from_nanos(u64::MAX)));
        assert!(nanos("584y") < u64::MAX);
        for text in
            ["18446744073709551616ns", "585y", "18446744073709551615s 1000ms", "99999999999999999999999s"]
        {
            assert!(flaw(text).contains("584 years; write `\"never\"`"), "{text}");
        }
    }

    #[test]
    fn flaws_say_what_to_write() {
        assert!(flaw("  ").starts_with("the duration is empty"));
        assert!(flaw("-1h").starts_with("`-1h` is negative"));
        assert_eq!(flaw("60"), "`60` has no unit; write `\"60s\"` for seconds");
        assert_eq!(flaw("1h 5"), "`5` has no unit; write `\"5s\"` for seconds");
        assert_eq!(flaw("1."), "`1.` has no unit; write a number and a unit, such as `\"1h 30m\"`");
        assert_eq!(flaw("h"), "`h` has no number in front of it; write `\"1h\"`");
        assert_eq!(flaw("5M"), "`M` is not a unit of time; write `m` for minutes or `months`");
        assert_eq!(flaw("5 mintes"), "`mintes` is not a unit of time; did you mean `minutes`?");
        assert!(flaw("5x").contains("write one of `ns`"));
        assert_eq!(flaw("Never"), "`Never` is not a duration; did you mean `\"never\"`?");
        assert!(flaw("soon").starts_with("`soon` is not a duration"));
        assert!(flaw("1h, 30m").starts_with("`,` does not belong"));
        assert!(flaw("1_000s").starts_with("`_` does not belong"));
        assert!(flaw("%").starts_with("`%` does not belong"));
    }
}

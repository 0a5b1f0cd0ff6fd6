//! Reads the text of a percentage literal: `"10%"`, `"2.5 %"`.
//!
//! Invariant: the result is above 0 and below 100, and no less than the millionth that the runtime can tell from nothing.

use crate::duration::Flaw;

/// The least that the runtime tells from nothing.
const LEAST: f64 = 0.0001;

/// Is this meant to be a percentage?
pub(crate) fn is_meant(text: &str) -> bool {
    text.contains('%')
}

pub(crate) fn parse(text: &str) -> Result<f64, Flaw> {
    let text = text.trim();
    let Some(number) = text.strip_suffix('%').map(str::trim_end) else {
        return Err(flaw(format!("`{text}` has no `%` at its end"), "write a percentage, such as `\"10%\"`"));
    };
    let is_number = number.starts_with(|c: char| c.is_ascii_digit())
        && number.ends_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let value = match number.parse::<f64>() {
        Ok(value) if is_number => value,
        _ if number.starts_with(['-', '−']) => {
            return Err(flaw(
                format!("`{text}` is negative"),
                "write a percentage above 0, such as `\"10%\"`",
            ));
        }
        _ => {
            return Err(flaw(
                format!("`{text}` is not a percentage"),
                "write a number and `%`, such as `\"2.5%\"`",
            ));
        }
    };
    if value <= 0.0 || value >= 100.0 {
        return Err(flaw(
            format!("`{text}` is not above 0 and below 100"),
            "write a percentage that is, such as `\"10%\"`",
        ));
    }
    if value < LEAST {
        return Err(flaw(
            format!("`{text}` is too little to be told from nothing"),
            "write `\"0.0001%\"` or more",
        ));
    }
    Ok(value)
}

fn flaw(problem: String, help: &str) -> Flaw {
    Flaw { problem, help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn numbers_and_a_sign() {
        for (text, value) in
            [("10%", 10.0), (" 2.5 % ", 2.5), ("0.0001%", 0.0001), ("99.9999%", 99.9999), ("007%", 7.0)]
        {
            assert_eq!(parse(text).map(f64::to_bits), Ok(f64::to_bits(value)), "{text}");
        }
    }

    #[test]
    fn flaws_say_what_to_write() {
        let problem = |text| parse(text).expect_err(text).problem;
        assert_eq!(problem("10"), "`10` has no `%` at its end");
        assert_eq!(problem("-5%"), "`-5%` is negative");
        for text in ["0%", "0.0%", "100%", "1000.5%"] {
            assert_eq!(problem(text), format!("`{text}` is not above 0 and below 100"));
        }
        for text in ["%", "ten%", "1.2.3%", "1.%", ".5%", "1e1%", "10%%", "+5%", "1 0%", "inf%", "NaN%"] {
            assert_eq!(problem(text), format!("`{text}` is not a percentage"));
        }
        assert_eq!(problem("0.00001%"), "`0.00001%` is too little to be told from nothing");
    }
}

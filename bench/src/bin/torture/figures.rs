//! What is known of a scenario with a library: a row of its table.

use std::time::{Duration, Instant};

use crate::herd::Call;

/// Two clocks are compared where ages are judged: the one of the cache and ours, on a busy machine.
const CLOCK_ERROR: Duration = Duration::from_millis(5);

/// What makes a value stale, or wrong.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// How long a value is fresh.
    pub(crate) ttl: Duration,
    /// How much longer it may be served.
    pub(crate) stale: Duration,
    /// From when on only values of at least a version are right.
    pub(crate) since: Option<(Instant, u64)>,
}

impl Rules {
    /// Any value is right.
    pub(crate) const NONE: Self = Self { ttl: Duration::MAX, stale: Duration::MAX, since: None };

    fn is_wrong(&self, call: &Call) -> bool {
        let Ok(value) = call.answer else { return false };
        let is_outdated =
            self.since.is_some_and(|(since, version)| call.begun >= since && value.version < version);
        let limit = self.ttl.saturating_add(self.stale).saturating_add(CLOCK_ERROR);
        is_outdated || call.begun.saturating_duration_since(value.made) > limit
    }

    fn is_stale(&self, call: &Call) -> bool {
        let limit = self.ttl.saturating_add(CLOCK_ERROR);
        call.answer.is_ok_and(|value| call.begun.saturating_duration_since(value.made) > limit)
    }
}

/// A row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    /// Calls that came back.
    pub(crate) calls: u64,
    /// How often the origin was asked.
    pub(crate) origin: u64,
    /// Calls that ended without a value.
    pub(crate) errors: u64,
    /// Calls that got a value past its lifetime, but within what was allowed.
    pub(crate) stale: u64,
    /// Calls that got an outdated value, or one older than was allowed.
    pub(crate) wrong: u64,
    /// Callers that did not come back.
    pub(crate) hung: u64,
    /// Microseconds.
    pub(crate) p50: u64,
    /// Microseconds.
    pub(crate) p999: u64,
    /// Microseconds.
    pub(crate) max: u64,
    /// How long it all took, in microseconds.
    pub(crate) span: u64,
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Figures {
    /// What `calls` come to; the origin's share is not known here.
    pub(crate) fn judge(calls: &[Call], hung: usize, span: Duration, rules: Rules) -> Self {
        let mut latencies: Vec<_> = calls.iter().map(|call| micros(call.latency)).collect();
        latencies.sort_unstable();
        let quantile = |per_mille: usize| {
            let last = latencies.len().saturating_sub(1);
            latencies.get((last * per_mille).div_ceil(1_000)).copied().unwrap_or_default()
        };
        let count = |is_counted: &dyn Fn(&Call) -> bool| calls.iter().filter(|call| is_counted(call)).count();
        let wrong = count(&|call| rules.is_wrong(call));
        Self {
            calls: calls.len() as u64,
            origin: 0,
            errors: count(&|call| call.answer.is_err()) as u64,
            stale: count(&|call| rules.is_stale(call) && !rules.is_wrong(call)) as u64,
            wrong: wrong as u64,
            hung: hung as u64,
            p50: quantile(500),
            p999: quantile(999),
            max: quantile(1_000),
            span: micros(span),
        }
    }

    /// With the number of origin calls.
    pub(crate) fn of_origin(self, calls: u64) -> Self {
        Self { origin: calls, ..self }
    }

    /// What two rounds of a scenario come to together; of latencies the worse one.
    pub(crate) fn with(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            origin: self.origin + other.origin,
            errors: self.errors + other.errors,
            stale: self.stale + other.stale,
            wrong: self.wrong + other.wrong,
            hung: self.hung + other.hung,
            p50: self.p50.max(other.p50),
            p999: self.p999.max(other.p999),
            max: self.max.max(other.max),
            span: self.span + other.span,
        }
    }

    fn fields(&mut self) -> [&mut u64; 10] {
        let Self { calls, origin, errors, stale, wrong, hung, p50, p999, max, span } = self;
        [calls, origin, errors, stale, wrong, hung, p50, p999, max, span]
    }

    /// As the line in which a child process reports it.
    pub(crate) fn line(mut self) -> String {
        self.fields().map(|field| field.to_string()).join(" ")
    }

    /// Reads such a line.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut figures = Self::default();
        let mut words = line.split(' ');
        for field in figures.fields() {
            *field = words.next()?.parse().ok()?;
        }
        words.next().is_none().then_some(figures)
    }
}

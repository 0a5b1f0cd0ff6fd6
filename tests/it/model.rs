//! The contract as a sequential model: told one step at a time what is done, it says what has to come of it.

use std::time::Duration;

use dogpile::testing::Frozen;
use dogpile::{Policy, Stats};
use proptest::prelude::*;

/// Done to one of the keys from outside, or to all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Invalidate(usize),
    Expire(usize),
    Set(usize, u32),
    InvalidateAll,
    ExpireAll,
    /// Values that this divides.
    Retain(u32),
}

/// What a computation comes to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Value(u32),
    Refused,
    Fail,
    Panic,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// If it computes: what happens meanwhile, and how many seconds pass before and after that.
    Call {
        key: usize,
        before: u64,
        within: Option<Change>,
        after: u64,
        end: End,
    },
    Change(Change),
    Advance(u64),
}

fn changes(keys: usize) -> impl Strategy<Value = Change> {
    let whole = u32::from(keys > 1);
    prop_oneof![
        3 => (0..keys).prop_map(Change::Invalidate),
        3 => (0..keys).prop_map(Change::Expire),
        3 => (0..keys, 1..1_000_u32).prop_map(|(key, value)| Change::Set(key, value)),
        whole => Just(Change::InvalidateAll),
        2 * whole => Just(Change::ExpireAll),
        whole => (1..4_u32).prop_map(Change::Retain),
    ]
}

fn calls(keys: usize) -> impl Strategy<Value = Step> {
    let end = prop_oneof![
        8 => (1..1_000_u32).prop_map(End::Value),
        3 => Just(End::Fail),
        1 => Just(End::Panic),
        1 => Just(End::Refused),
    ];
    let time = || prop_oneof![4 => Just(0), 1 => 1..20_u64];
    let within = prop_oneof![2 => Just(None), 1 => changes(keys).prop_map(Some)];
    (0..keys, time(), within, time(), end).prop_map(|(key, before, within, after, end)| Step::Call {
        key,
        before,
        within,
        after,
        end,
    })
}

pub(crate) fn steps(keys: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        14 => calls(keys),
        4 => changes(keys).prop_map(Step::Change),
        6 => (1..20_u64).prop_map(Step::Advance),
    ];
    proptest::collection::vec(step, 1..60 * keys)
}

/// The policy in whole seconds; `None` is for ever.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    expire: u64,
    stale: Option<u64>,
    retry: u64,
}

pub(crate) fn terms() -> impl Strategy<Value = Terms> {
    (1..15_u64, proptest::option::of(0..15_u64), 0..5_u64).prop_map(|(expire, stale, retry)| Terms {
        expire,
        stale,
        retry,
    })
}

impl Terms {
    pub(crate) fn policy(self) -> Policy<u32> {
        let seconds = Duration::from_secs;
        // The model's moments are whole seconds, and a value expires *after* its last fresh one: a nanosecond less
        // makes the two agree at every whole second.
        Policy::expire(seconds(self.expire).saturating_sub(Duration::from_nanos(1)))
            .stale(self.stale.map_or(Duration::MAX, seconds))
            .retry(seconds(self.retry))
            .cache_if(|value| *value != 0)
    }
}

/// What is to behave as the model does.
pub(crate) trait Subject {
    fn call(&self, key: usize, compute: &dyn Fn() -> Result<u32, ()>) -> Result<u32, ()>;
    fn change(&self, change: Change);
    /// The value, its age, whether a call would compute, and whether one does.
    fn look(&self, key: usize) -> (Option<u32>, Option<Duration>, bool, bool);
    fn len(&self) -> usize;
    fn stats(&self) -> Stats;
}

/// One key.
#[derive(Clone, Copy, Default)]
struct Key {
    /// The value, when it was made, and from when on it is expired.
    value: Option<(u32, u64, u64)>,
    failures: u64,
    closed_until: u64,
    /// Whether a computation is under way whose result is to be stored.
    is_live: bool,
    lands_expired: bool,
}

#[derive(PartialEq)]
enum Age {
    Fresh,
    Stale,
    Gone,
}

/// The contract, told one step at a time.
pub(crate) struct Model {
    terms: Terms,
    now: u64,
    keys: Vec<Key>,
    /// Of computations, failures, panics, and stale values served.
    counts: [u64; 4],
}

impl Model {
    fn age(&self, key: usize) -> Age {
        match self.keys[key].value {
            None => Age::Gone,
            Some((.., expired_from)) if self.now < expired_from => Age::Fresh,
            Some((.., expired_from)) => match self.terms.stale {
                None => Age::Stale,
                Some(stale) if stale > 0 && self.now < expired_from + stale => Age::Stale,
                Some(_) => Age::Gone,
            },
        }
    }

    fn servable(&self, key: usize) -> Option<(u32, u64)> {
        let (value, made, _) = self.keys[key].value.filter(|_| self.age(key) != Age::Gone)?;
        Some((value, made))
    }

    /// A call that gets what there is.
    fn serve(&mut self, key: usize) -> Result<u32, ()> {
        self.counts[3] += u64::from(self.age(key) == Age::Stale);
        self.servable(key).map(|(value, _)| value).ok_or(())
    }

    fn store(&mut self, key: usize, value: u32) {
        let now = self.now;
        self.keys[key] = Key { value: Some((value, now, now + self.terms.expire)), ..Key::default() };
    }

    fn expire(&mut self, key: usize) {
        let now = self.now;
        let key = &mut self.keys[key];
        if let Some((.., expired_from)) = &mut key.value {
            *expired_from = now.min(*expired_from);
        }
        (key.failures, key.lands_expired) = (0, key.is_live);
        key.closed_until = 0;
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Invalidate(key) => self.keys[key] = Key::default(),
            Change::Expire(key) => self.expire(key),
            Change::Set(key, value) => self.store(key, value),
            Change::InvalidateAll => self.keys.fill(Key::default()),
            Change::ExpireAll => (0..self.keys.len()).for_each(|key| self.expire(key)),
            Change::Retain(divisor) => {
                for key in 0..self.keys.len() {
                    if self.servable(key).is_some_and(|(value, _)| value % divisor != 0) {
                        self.keys[key] = Key::default();
                    }
                }
            }
        }
    }

    fn fail(&mut self, key: usize) {
        let key = &mut self.keys[key];
        if key.is_live {
            let factor =
                1_u64.checked_shl(u32::try_from(key.failures).unwrap()).map_or(60, |factor| factor.min(60));
            key.failures += 1;
            key.closed_until = self.now + self.terms.retry * factor;
        }
        (key.is_live, key.lands_expired) = (false, false);
    }

    fn end(&mut self, key: usize, end: End) -> Result<u32, ()> {
        let Key { is_live, lands_expired, .. } = self.keys[key];
        match end {
            End::Value(value) => {
                if is_live {
                    self.store(key, value);
                }
                if is_live && lands_expired {
                    self.expire(key);
                }
                Ok(value)
            }
            End::Refused => {
                if is_live {
                    self.keys[key] = Key { value: self.keys[key].value, ..Key::default() };
                }
                Ok(0)
            }
            End::Fail => {
                self.counts[1] += 1;
                self.fail(key);
                self.serve(key)
            }
            End::Panic => {
                self.counts[2] += 1;
                self.fail(key);
                Err(())
            }
        }
    }

    /// What has to come of the step.
    fn play(&mut self, step: &Step) -> Result<u32, ()> {
        match *step {
            Step::Advance(seconds) => self.now += seconds,
            Step::Change(change) => self.change(change),
            Step::Call { key, before, within, after, end } => {
                let is_elected = match self.age(key) {
                    Age::Fresh => false,
                    Age::Stale => self.now >= self.keys[key].closed_until,
                    Age::Gone => true,
                };
                if !is_elected {
                    return self.serve(key);
                }
                self.counts[0] += 1;
                self.keys[key].is_live = true;
                self.now += before;
                if let Some(change) = within {
                    self.change(change);
                }
                self.now += after;
                return self.end(key, end);
            }
        }
        Ok(0)
    }
}

/// What comes of the step in fact.
fn act(step: &Step, subject: &impl Subject, time: &Frozen) -> Result<u32, ()> {
    let advance = |seconds| time.advance(Duration::from_secs(seconds));
    match *step {
        Step::Advance(seconds) => advance(seconds),
        Step::Change(change) => subject.change(change),
        Step::Call { key, before, within, after, end } => {
            let compute = || {
                advance(before);
                if let Some(change) = within {
                    subject.change(change);
                }
                advance(after);
                match end {
                    End::Value(value) => Ok(value),
                    End::Refused => Ok(0),
                    End::Fail => Err(()),
                    End::Panic => std::panic::resume_unwind(Box::new(())),
                }
            };
            let call = std::panic::AssertUnwindSafe(|| subject.call(key, &compute));
            return std::panic::catch_unwind(call).unwrap_or(Err(()));
        }
    }
    Ok(0)
}

/// Plays the steps with both, and compares all there is to see after each.
pub(crate) fn compare(
    terms: Terms,
    keys: usize,
    steps: &[Step],
    subject: &impl Subject,
    time: &Frozen,
) -> Result<(), TestCaseError> {
    let mut model = Model { terms, now: 0, keys: vec![Key::default(); keys], counts: [0; 4] };
    for step in steps {
        let expected = model.play(step);
        prop_assert_eq!(act(step, subject, time), expected, "{:?}", step);
        for key in 0..keys {
            let servable = model.servable(key);
            let age = servable.map(|(_, made)| Duration::from_secs(model.now - made));
            let expected = (servable.map(|(value, _)| value), age, model.age(key) != Age::Fresh, false);
            prop_assert_eq!(subject.look(key), expected, "key {} after {:?}", key, step);
        }
        let len = (0..keys).filter(|key| model.servable(*key).is_some()).count();
        prop_assert_eq!(subject.len(), len, "after {:?}", step);
        let stats = subject.stats();
        let counts = [stats.computations, stats.failures, stats.panics, stats.stale_served];
        prop_assert_eq!(counts, model.counts, "after {:?}", step);
    }
    Ok(())
}

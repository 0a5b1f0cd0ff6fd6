//! Random histories against a sequential model of the contract, on the frozen clock.

use std::time::Duration;

use dogpile::testing::freeze;
use dogpile::{Dogpile, Policy};
use proptest::prelude::*;

/// What a caller can do, and how long nothing happens in between.
#[derive(Clone, Debug)]
enum Step {
    Compute(u32),
    Fail,
    Panic,
    Refused,
    Set(u32),
    Invalidate,
    Expire,
    /// In the middle of a computation of this value.
    InvalidateWithin(u32),
    ExpireWithin(u32),
    SetWithin(u32, u32),
    Advance(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = 1..1_000_u32;
    let step = prop_oneof![
        6 => value.clone().prop_map(Step::Compute),
        3 => Just(Step::Fail),
        1 => Just(Step::Panic),
        1 => Just(Step::Refused),
        1 => value.clone().prop_map(Step::Set),
        1 => Just(Step::Invalidate),
        1 => Just(Step::Expire),
        1 => value.clone().prop_map(Step::InvalidateWithin),
        1 => value.clone().prop_map(Step::ExpireWithin),
        1 => (value.clone(), value).prop_map(|(set, computed)| Step::SetWithin(set, computed)),
        8 => (1..20_u64).prop_map(Step::Advance),
    ];
    proptest::collection::vec(step, 1..60)
}

/// The policy in whole seconds; `None` is for ever.
#[derive(Clone, Copy, Debug)]
struct Terms {
    expire: u64,
    stale: Option<u64>,
    retry: u64,
}

fn terms() -> impl Strategy<Value = Terms> {
    (1..15_u64, proptest::option::of(0..15_u64), 0..5_u64).prop_map(|(expire, stale, retry)| Terms {
        expire,
        stale,
        retry,
    })
}

/// The contract, told one call at a time.
struct Model {
    terms: Terms,
    now: u64,
    /// The value, when it was made, and from when on it is expired.
    value: Option<(u32, u64, u64)>,
    failures: u32,
    closed_until: u64,
    computations: u64,
}

#[derive(PartialEq)]
enum Age {
    Fresh,
    Stale,
    Gone,
}

impl Model {
    fn age(&self) -> Age {
        match self.value {
            None => Age::Gone,
            // `expired_from` is the first moment, in nanoseconds after the whole second before it.
            Some((_, _, expired_from)) if self.now < expired_from => Age::Fresh,
            Some((_, _, expired_from)) => match self.terms.stale {
                None => Age::Stale,
                Some(stale) if stale > 0 && self.now < expired_from + stale => Age::Stale,
                Some(_) => Age::Gone,
            },
        }
    }

    fn servable(&self) -> Option<u32> {
        if self.age() == Age::Gone { None } else { self.value.map(|(value, ..)| value) }
    }

    /// Whether a call computes; otherwise it is served.
    fn elects(&mut self) -> bool {
        let elects = match self.age() {
            Age::Fresh => false,
            Age::Stale => self.now >= self.closed_until,
            Age::Gone => true,
        };
        self.computations += u64::from(elects);
        elects
    }

    fn store(&mut self, value: u32) {
        self.value = Some((value, self.now, self.now + self.terms.expire));
        self.succeed();
    }

    fn succeed(&mut self) {
        (self.failures, self.closed_until) = (0, 0);
    }

    fn fail(&mut self) {
        self.failures += 1;
        let factor = 1_u64.checked_shl(self.failures - 1).map_or(60, |factor| factor.min(60));
        self.closed_until = self.now + self.terms.retry * factor;
    }

    fn expire(&mut self) {
        let now = self.now;
        if let Some((.., expired_from)) = &mut self.value {
            *expired_from = (*expired_from).min(now);
        }
        self.succeed();
    }
}

/// The dogpile's side of one step, beside the model's; both results.
fn play(step: &Step, model: &mut Model, dogpile: &Dogpile<u32>) -> (Result<u32, ()>, Result<u32, ()>) {
    let call = |compute: &dyn Fn() -> Result<u32, ()>| {
        let run = std::panic::AssertUnwindSafe(|| dogpile.try_get_or_compute(compute));
        std::panic::catch_unwind(run).unwrap_or(Err(()))
    };
    let real = match *step {
        Step::Compute(value) => call(&|| Ok(value)),
        Step::Fail => call(&|| Err(())),
        Step::Panic => call(&|| std::panic::resume_unwind(Box::new(()))),
        Step::Refused => call(&|| Ok(0)),
        Step::InvalidateWithin(value) => call(&|| {
            dogpile.invalidate();
            Ok(value)
        }),
        Step::ExpireWithin(value) => call(&|| {
            dogpile.expire();
            Ok(value)
        }),
        Step::SetWithin(set, value) => call(&|| {
            dogpile.set(set);
            Ok(value)
        }),
        Step::Set(value) => {
            dogpile.set(value);
            Ok(0)
        }
        Step::Invalidate => {
            dogpile.invalidate();
            Ok(0)
        }
        Step::Expire => {
            dogpile.expire();
            Ok(0)
        }
        Step::Advance(_) => Ok(0),
    };
    (real, expected(step, model))
}

fn expected(step: &Step, model: &mut Model) -> Result<u32, ()> {
    match *step {
        Step::Set(value) => model.store(value),
        Step::Invalidate => {
            model.value = None;
            model.succeed();
        }
        Step::Expire => model.expire(),
        Step::Advance(seconds) => model.now += seconds,
        _ => return if model.elects() { computed(step, model) } else { model.servable().ok_or(()) },
    }
    Ok(0)
}

/// What the elected caller gets.
fn computed(step: &Step, model: &mut Model) -> Result<u32, ()> {
    match *step {
        Step::Compute(value) => {
            model.store(value);
            Ok(value)
        }
        Step::Fail => {
            model.fail();
            model.servable().ok_or(())
        }
        Step::Panic => {
            model.fail();
            Err(())
        }
        Step::Refused => {
            model.succeed();
            Ok(0)
        }
        Step::InvalidateWithin(value) => {
            model.value = None;
            model.succeed();
            Ok(value)
        }
        Step::ExpireWithin(value) => {
            model.store(value);
            model.expire();
            Ok(value)
        }
        Step::SetWithin(set, value) => {
            model.store(set);
            Ok(value)
        }
        _ => unreachable!("not a call"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn dogpile_does_what_the_contract_says(terms in terms(), steps in steps()) {
        let time = freeze();
        let seconds = Duration::from_secs;
        // The model's moments are whole seconds, and a value expires *after* its last fresh one: a nanosecond less
        // makes the two agree at every whole second.
        let exclusive = |duration: u64| seconds(duration).saturating_sub(Duration::from_nanos(1));
        let policy = Policy::expire(exclusive(terms.expire))
            .stale(terms.stale.map_or(Duration::MAX, seconds))
            .retry(seconds(terms.retry))
            .cache_if(|value| *value != 0);
        let dogpile = Dogpile::new(policy);
        let mut model = Model { terms, now: 0, value: None, failures: 0, closed_until: 0, computations: 0 };
        for step in &steps {
            if let Step::Advance(by) = step {
                time.advance(seconds(*by));
            }
            let (real, expected) = play(step, &mut model, &dogpile);
            prop_assert_eq!(real, expected, "{:?}", step);
            prop_assert_eq!(dogpile.get(), model.servable(), "after {:?}", step);
            prop_assert_eq!(dogpile.is_expired(), model.age() != Age::Fresh, "after {:?}", step);
            let made = model.servable().and(model.value).map(|(_, made, _)| seconds(model.now - made));
            prop_assert_eq!(dogpile.age(), made, "after {:?}", step);
            prop_assert_eq!(dogpile.stats().computations, model.computations);
            prop_assert!(!dogpile.is_computing());
        }
    }
}

//! `early = "auto"`: the law of the first election, against readers that come by chance.
//!
//! With readers of whom `rate` come per *delta*, the lead of the first election before expiry follows the law of Gumbel:
//! its distribution function is `exp(-rate * exp(-lead))`, in units of delta, with the mean `ln(rate) + 0.5772`.

#![expect(clippy::unchecked_time_subtraction, reason = "a test that gets its times wrong is to fail")]

use std::time::Duration;

use dogpile::testing::{Frozen, freeze, seed};
use dogpile::{Dogpile, Policy};

use crate::statistics::{Chance, follows, mean};
use crate::support::HOUR;

/// How long each computation takes.
const DELTA: Duration = Duration::from_secs(10);
/// So many deltas before expiry nothing is drawn yet: 53 bits times ln 2, as the contract has it.
const WINDOW: f64 = 36.74;
/// The constant of Euler and Mascheroni: the mean of Gumbel's law.
const EULER: f64 = 0.5772;
/// From here on, in deltas above the logarithm of the rate, an election has a probability of 6 in a million.
const PRACTICALLY_ALL: f64 = 12.0;

/// A dogpile that regenerates by chance, and the time until its value expires.
struct Herd<'a> {
    time: &'a Frozen,
    dogpile: Dogpile<()>,
    to_expiry: Duration,
}

impl<'a> Herd<'a> {
    /// With a value just made.
    fn new(time: &'a Frozen) -> Self {
        let dogpile = Dogpile::new(Policy::expire(HOUR).early_auto());
        let mut herd = Self { time, dogpile, to_expiry: Duration::ZERO };
        assert!(herd.read(), "there is no value yet");
        herd
    }

    /// Lets time pass until the value has `left` deltas.
    fn wait_until(&mut self, left: f64) {
        let left = DELTA.mul_f64(left);
        self.time.advance(self.to_expiry - left);
        self.to_expiry = left;
    }

    /// A call. Whether it was elected.
    fn read(&mut self) -> bool {
        let mut is_elected = false;
        self.dogpile.get_or_compute(|| {
            is_elected = true;
            self.time.advance(DELTA);
        });
        if is_elected {
            self.to_expiry = HOUR;
        }
        is_elected
    }

    /// The lead of the next election, in deltas, when `rate` readers come per delta; zero if the value expired.
    fn lead(&mut self, readers: &mut Chance, rate: f64) -> f64 {
        let mut left = rate.ln() + PRACTICALLY_ALL;
        loop {
            left = (left - readers.pause(rate)).max(0.0);
            self.wait_until(left);
            if self.read() {
                return left;
            }
            if left == 0.0 {
                self.time.advance(Duration::from_nanos(1));
                assert!(self.read(), "it has expired");
                return 0.0;
            }
        }
    }
}

/// The leads of the library, for so many values one after the other.
fn measured(rate: f64, values: usize) -> Vec<f64> {
    let time = freeze();
    seed(5);
    let (mut herd, mut readers) = (Herd::new(&time), Chance::new(7));
    (0..values).map(|_| herd.lead(&mut readers, rate)).collect()
}

/// The leads of a pure model, in which `elects` says whether a call so many deltas before expiry is elected by a draw.
fn modelled(rate: f64, values: usize, elects: impl Fn(f64, f64) -> bool) -> Vec<f64> {
    let (mut readers, mut draws) = (Chance::new(7), Chance::new(5));
    let mut lead = || {
        let mut left = rate.ln() + 3.0 * PRACTICALLY_ALL;
        loop {
            left -= readers.pause(rate);
            if left <= 0.0 || elects(left, draws.draw()) {
                return left.max(0.0);
            }
        }
    };
    (0..values).map(|_| lead()).collect()
}

/// Gumbel's law for so many readers per delta.
fn gumbel(rate: f64) -> impl Fn(f64) -> f64 {
    move |lead| (-rate * (-lead).exp()).exp()
}

#[test]
fn lead_of_the_first_election_follows_gumbels_law() {
    let leads = measured(20.0, 1_000);
    assert!(follows(&leads, gumbel(20.0)));
    // Three standard errors: the law's deviation is pi / sqrt(6) = 1.28.
    let expected = 20f64.ln() + EULER;
    assert!((mean(&leads) - expected).abs() < 3.0 * 1.28 / 1_000f64.sqrt(), "mean lead {}", mean(&leads));
}

#[test]
fn test_against_gumbels_law_rejects_planted_bugs() {
    let judge = |elects: fn(f64, f64) -> bool| follows(&modelled(20.0, 1_000, elects), gumbel(20.0));
    assert!(judge(|left, draw| left <= -draw.ln()), "the model without a bug");
    assert!(!judge(|left, draw| left <= -draw.log10()), "the decimal logarithm for the natural one");
    assert!(!judge(|left, draw| left <= 2.0 * -draw.ln()), "twice the window");
    assert!(!judge(|left, draw| left <= 1e-9 * -draw.ln()), "seconds for nanoseconds");
    assert!(!judge(|left, draw| left * 1e-9 <= -draw.ln()), "nanoseconds for seconds");
    assert!(!judge(|left, draw| left <= -(1.0 - draw / 2.0).ln()), "draws from half of the range");
    assert!(!judge(|left, draw| left <= -draw.ln() && left < 4.0), "a window of four deltas");
}

#[test]
fn spread_of_the_leads_does_not_depend_on_the_rate() {
    for rate in [10.0, 100.0, 400.0] {
        let standard: Vec<_> = measured(rate, 250).into_iter().map(|lead| lead - f64::ln(rate)).collect();
        assert!(follows(&standard, gumbel(1.0)), "at {rate} readers per delta");
    }
}

/// How many computations so many values take when `rate` readers come per delta, also while one computes.
fn computations(rate: f64, values: u32) -> u64 {
    let time = freeze();
    seed(11);
    let dogpile = Dogpile::new(Policy::expire(HOUR).early_auto());
    let mut readers = Chance::new(13);
    dogpile.get_or_compute(|| time.advance(DELTA));
    let unread = HOUR - DELTA.mul_f64(rate.ln() + PRACTICALLY_ALL);
    for _ in 0..values {
        time.advance(unread);
        let mut is_elected = false;
        while !is_elected {
            time.advance(DELTA.mul_f64(readers.pause(rate)));
            dogpile.get_or_compute(|| {
                is_elected = true;
                let mut passed = 0.0;
                while passed < 1.0 {
                    let pause = readers.pause(rate);
                    passed += pause;
                    time.advance(DELTA.mul_f64(pause));
                    dogpile.get_or_compute(|| unreachable!("one at a time"));
                }
            });
        }
    }
    dogpile.stats().computations
}

#[test]
fn number_of_regenerations_does_not_depend_on_the_rate() {
    for rate in [5.0, 50.0, 500.0] {
        assert_eq!(computations(rate, 50), 51, "the first, and one for each value; {rate} readers per delta");
    }
}

#[test]
fn calls_within_the_window_draw_once_and_calls_before_it_do_not_draw() {
    let time = freeze();
    for before in [0, 1_000] {
        let mut herd = Herd::new(&time);
        herd.wait_until(WINDOW + 0.001);
        seed(17);
        for _ in 0..before {
            assert!(!herd.read(), "{WINDOW} deltas before expiry is too early for any draw");
        }
        let mut draws = Chance::new(17);
        for call in 0..1_000 {
            let left = 5.0 - 0.01 * f64::from(call);
            herd.wait_until(left);
            let is_elected = left <= -draws.draw().ln();
            assert_eq!(herd.read(), is_elected, "call {call} after {before} calls before the window");
            if is_elected {
                break;
            }
        }
    }
}

#[test]
fn nobody_is_elected_without_a_computation_to_take_the_time_of() {
    let time = freeze();
    let dogpile = Dogpile::new(Policy::expire(HOUR).early_auto());
    dogpile.set(());
    time.advance(HOUR);
    for _ in 0..1_000 {
        dogpile.get_or_compute(|| unreachable!("fresh until the last tick"));
    }
}

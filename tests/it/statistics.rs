//! Whether a sample follows a law, and the chance to draw samples with.
//!
//! Everything is seeded: a test that passes once passes always, and its significance only says how unlikely the sample
//! that it settled on would be if the law did not hold.

/// Of Kolmogorov's distribution: a sample that follows the law exceeds it once in a hundred times.
const CRITICAL_AT_ONE_PER_CENT: f64 = 1.628;

/// The statistic of Kolmogorov and Smirnov for a sample and the law that is given by its distribution function, in the
/// form of Stephens (1970), whose critical values hold for any size of the sample.
pub(crate) fn kolmogorov_smirnov(sample: &[f64], distribution: impl Fn(f64) -> f64) -> f64 {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let size = real(sorted.len());
    let distance = |(rank, &value): (usize, &f64)| {
        let wanted = distribution(value);
        (real(rank + 1) / size - wanted).max(wanted - real(rank) / size)
    };
    let farthest = sorted.iter().enumerate().map(distance).fold(0.0, f64::max);
    farthest * (size.sqrt() + 0.12 + 0.11 / size.sqrt())
}

/// Whether the sample is compatible with the law, at a significance of one per cent.
pub(crate) fn follows(sample: &[f64], distribution: impl Fn(f64) -> f64) -> bool {
    kolmogorov_smirnov(sample, distribution) <= CRITICAL_AT_ONE_PER_CENT
}

/// The mean of a sample.
pub(crate) fn mean(sample: &[f64]) -> f64 {
    sample.iter().sum::<f64>() / real(sample.len())
}

/// A count as a real number.
pub(crate) fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("counts of tests are small"))
}

/// A seeded source of chance that has nothing in common with the library's.
pub(crate) struct Chance(fastrand::Rng);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// A draw from (0, 1], made as the library makes its own: seeded alike, both draw the same.
    pub(crate) fn draw(&mut self) -> f64 {
        1.0 - self.0.f64()
    }

    /// The time between two readers of whom `rate` come in a unit of time.
    pub(crate) fn pause(&mut self, rate: f64) -> f64 {
        -self.draw().ln() / rate
    }
}

#[test]
fn statistic_tells_a_law_from_its_neighbours() {
    let mut chance = Chance::new(1);
    let sample: Vec<_> = (0..1_000).map(|_| chance.draw()).collect();
    assert!(follows(&sample, |x| x));
    assert!(!follows(&sample, |x| x * x));
    assert!(!follows(&sample, |x| (x - 0.1).max(0.0)));
    assert!((mean(&sample) - 0.5).abs() < 0.03);
}

#[test]
fn statistic_of_a_sample_of_four_is_what_the_formula_gives_by_hand() {
    // The farthest step is at 0.9, where three in four are below: 0.9 - 0.75 = 0.15, and at 0.1: 0.25 - 0.1 = 0.15.
    let by_hand = 0.15 * (2.0 + 0.12 + 0.055);
    assert!((kolmogorov_smirnov(&[0.9, 0.1, 0.4, 0.6], |x| x) - by_hand).abs() < 1e-12);
}

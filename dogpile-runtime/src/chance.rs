//! Draws from a uniform distribution, one generator for each thread.

/// A draw from (0, 1], with 53 bits.
pub(crate) fn draw() -> f64 {
    1.0 - fastrand::f64()
}

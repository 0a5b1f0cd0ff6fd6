//! The traces: who is asked for, in which order.

/// The requests of one trace.
pub(crate) struct Trace {
    pub(crate) name: String,
    pub(crate) keys: Vec<u64>,
}

/// `SplitMix64`, by Steele, Lea and Flood (OOPSLA 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// In `0.0..1.0`.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The finaliser of `SplitMix64`.
pub(crate) fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Keys from 0 on, of which the one of rank r is drawn with a probability in proportion to `1 / r^exponent`.
struct Zipf {
    cumulated: Vec<f64>,
}

impl Zipf {
    fn new(keys: usize, exponent: f64) -> Self {
        let add = |sum: &mut f64, rank: usize| {
            *sum += (rank as f64).powf(-exponent);
            Some(*sum)
        };
        Self { cumulated: (1..=keys).scan(0.0, add).collect() }
    }

    fn draw(&self, random: &mut Random) -> u64 {
        let sum = self.cumulated.last().copied().unwrap_or_default();
        let drawn = random.unit() * sum;
        self.cumulated.partition_point(|&below| below < drawn) as u64
    }
}

/// All traces for caches of that capacity.
pub(crate) fn traces(capacity: usize) -> impl Iterator<Item = Trace> {
    let trace = |name: String, keys| Trace { name, keys };
    let requests = (150 * capacity).max(1_000_000);

    let populations = [(0.8, 100_000), (0.8, 1_000_000), (1.0, 100_000), (1.0, 1_000_000)];
    let zipfs = populations.into_iter().map(move |(exponent, keys)| {
        let name = format!("Zipf {exponent:.1}, {} k keys", keys / 1000);
        trace(name, zipf(&Zipf::new(keys, exponent), requests))
    });
    let scans = [false, true].into_iter().map(move |is_mixed| {
        let among = if is_mixed { "with the traffic going on" } else { "between the traffic" };
        trace(format!("Zipf 1.0, 100 k keys, scans {among}"), scan(capacity, is_mixed, requests))
    });
    let loops = [11_u32, 13, 20].into_iter().map(move |tenths| {
        let name = format!("loop of {:.1} capacities", f64::from(tenths) / 10.0);
        let length = tenths_of(capacity, tenths);
        trace(name, (0..100 * length).map(|request| (request % length) as u64).collect())
    });
    let windows = [(9_u32, 0.0, 10), (9, 0.0, 20), (9, 0.8, 20), (90, 1.0, 20)];
    let shifts = windows.into_iter().map(move |(tenths, exponent, every)| {
        let what = if exponent == 0.0 { "uniform".to_owned() } else { format!("Zipf {exponent:.1}") };
        let size = f64::from(tenths) / 10.0;
        let name = format!("{what} over {size:.1} capacities, other keys after {every} capacities");
        let window = Zipf::new(tenths_of(capacity, tenths), exponent);
        trace(name, shift(&window, every * capacity, 10 * every * capacity))
    });
    zipfs.chain(scans).chain(loops).chain(shifts)
}

fn tenths_of(capacity: usize, tenths: u32) -> usize {
    capacity * tenths as usize / 10
}

fn zipf(keys: &Zipf, requests: usize) -> Vec<u64> {
    let mut random = Random(7);
    (0..requests).map(|_| keys.draw(&mut random)).collect()
}

/// Zipf traffic of ten capacities, and scans of three capacities of keys that are never asked for again: in turns, or
/// with one request of the traffic after every two of the scan.
fn scan(capacity: usize, is_mixed: bool, requests: usize) -> Vec<u64> {
    let traffic = Zipf::new(100_000, 1.0);
    let mut random = Random(8);
    let mut once = 1 << 40..;
    let mut keys = Vec::with_capacity(requests);
    while keys.len() < requests {
        keys.extend((0..10 * capacity).map(|_| traffic.draw(&mut random)));
        for (step, key) in once.by_ref().take(3 * capacity).enumerate() {
            keys.push(key);
            if is_mixed && step % 2 == 1 {
                keys.push(traffic.draw(&mut random));
            }
        }
    }
    keys.truncate(requests);
    keys
}

/// Draws from the window, which turns to entirely different keys after each `every` requests.
fn shift(window: &Zipf, every: usize, requests: usize) -> Vec<u64> {
    let mut random = Random(9);
    (0..requests).map(|request| ((request / every) as u64) << 32 | window.draw(&mut random)).collect()
}

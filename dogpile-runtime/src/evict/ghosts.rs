//! The keys that were evicted lately, as far as a tag of 16 bits tells them apart.
//!
//! A hash leads to a bucket of sixteen tags, which is a queue: the seventeenth pushes the oldest out. So the ghosts
//! need no order of their own, and all of it is one array. It is made with the first ghost: then the map is full, and
//! the array, of about 1.25 bytes for each of its entries, small beside it. A tag that stands for another key, which
//! happens to one in some thousands of the keys asked for, gives that a chance it has not earned, and does no harm.

const WAYS: usize = 16;

/// The tag of no key.
const NONE: u16 = 0;

#[derive(Debug)]
pub(super) struct Ghosts {
    tags: Vec<u16>,
    buckets: usize,
}

impl Ghosts {
    /// For a map of that capacity: five ghosts for eight entries. More would let the keys of ever longer loops return in
    /// time to drive each other out; fewer, and working sets close to the capacity are learned more slowly.
    pub(super) const fn new(capacity: usize) -> Self {
        Self { tags: Vec::new(), buckets: (capacity.saturating_mul(5) / 8).div_ceil(WAYS) }
    }

    pub(super) fn add(&mut self, hash: u64) {
        if self.tags.is_empty() {
            self.tags = vec![NONE; self.buckets * WAYS];
        }
        if let Some(bucket) = self.bucket(hash) {
            bucket.copy_within(..WAYS - 1, 1);
            bucket[0] = tag(hash);
        }
    }

    /// Whether there is a ghost of that key; takes it out.
    pub(super) fn take(&mut self, hash: u64) -> bool {
        let Some(bucket) = self.bucket(hash) else { return false };
        let found = bucket.iter().position(|&other| other == tag(hash));
        if let Some(index) = found {
            bucket.copy_within(index + 1.., index);
            bucket[WAYS - 1] = NONE;
        }
        found.is_some()
    }

    #[cfg(test)]
    pub(super) fn is_allocated(&self) -> bool {
        self.tags.capacity() > 0
    }

    /// The upper half of the hash chooses the bucket, the lowest bits are the tag.
    fn bucket(&mut self, hash: u64) -> Option<&mut [u16]> {
        let index = ((hash >> 32) * self.buckets as u64) >> 32;
        self.tags.chunks_exact_mut(WAYS).nth(index as usize)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it is all that is kept")]
fn tag(hash: u64) -> u16 {
    (hash as u16).max(NONE + 1)
}

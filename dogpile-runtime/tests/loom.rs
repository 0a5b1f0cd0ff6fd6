//! Every interleaving of the state machine and the read path, within the preemption bound of [`check`].
//!
//! Run with `RUSTFLAGS="--cfg dogpile_loom" cargo test -p dogpile-runtime --test loom --release`.
#![cfg(dogpile_loom)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dogpile_runtime::{Background, Dogpile, Policy, join_workers};

/// Three preemptions: enough for every bug that these models have caught, and for a herd of three in seconds.
fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// An empty dogpile whose inside exists already: it is made in a `OnceLock` of std, which the model cannot see through.
fn dogpile<V: Clone + Send + Sync + 'static, R>(policy: Policy<V, R>, any: V) -> Arc<Dogpile<V, R>> {
    let dogpile = Dogpile::new(policy);
    dogpile.set(any);
    dogpile.invalidate();
    Arc::new(dogpile)
}

/// A counter of std's: it adds no interleavings of its own.
fn counter() -> Arc<AtomicUsize> {
    Arc::default()
}

fn next(counter: &AtomicUsize) -> usize {
    counter.fetch_add(1, Ordering::SeqCst) + 1
}

#[test]
fn first_value_is_computed_once_and_all_get_it() {
    check(|| {
        let dogpile = dogpile(Policy::never(), 0);
        let computed = counter();
        let herd: Vec<_> = (0..2)
            .map(|_| {
                let (dogpile, computed) = (Arc::clone(&dogpile), Arc::clone(&computed));
                loom::thread::spawn(move || dogpile.get_or_compute(|| next(&computed)))
            })
            .collect();
        assert_eq!(dogpile.get_or_compute(|| next(&computed)), 1);
        for caller in herd {
            assert_eq!(caller.join().unwrap(), 1);
        }
        assert_eq!(computed.load(Ordering::SeqCst), 1);
        assert!(!dogpile.is_computing());
    });
}

#[test]
fn failed_leader_hands_over_to_a_follower() {
    check(|| {
        let dogpile = dogpile(Policy::never(), 0);
        let attempts = counter();
        let call = |dogpile: &Dogpile<usize>, attempts: &AtomicUsize| {
            dogpile.try_get_or_compute(|| match next(attempts) {
                1 => Err("the first attempt fails"),
                n => Ok(n),
            })
        };
        let other = {
            let (dogpile, attempts) = (Arc::clone(&dogpile), Arc::clone(&attempts));
            loom::thread::spawn(move || call(&dogpile, &attempts))
        };
        let results = [call(&dogpile, &attempts), other.join().unwrap()];
        // Nobody fails if the other one has landed before the first leader looks for something to fall back on.
        assert!(results.iter().filter(|result| result.is_err()).count() <= 1, "the leader's alone");
        assert!(results.contains(&Ok(2)), "the other one took over");
        assert_eq!(attempts.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn shared_error_answers_followers_and_wedges_nothing() {
    check(|| {
        let dogpile = dogpile(Policy::never(), 0);
        let other = {
            let dogpile = Arc::clone(&dogpile);
            loom::thread::spawn(move || dogpile.try_get_or_compute_shared(|| Err::<usize, u8>(7)))
        };
        assert_eq!(dogpile.try_get_or_compute_shared(|| Err::<usize, u8>(7)), Err(7));
        assert_eq!(other.join().unwrap(), Err(7));
        assert_eq!(dogpile.get_or_compute(|| 1), 1);
    });
}

#[test]
fn stale_path_looks_again_under_the_lock() {
    check(|| {
        let dogpile = dogpile(Policy::never(), 0);
        dogpile.set(0);
        dogpile.expire();
        let computed = counter();
        let other = {
            let (dogpile, computed) = (Arc::clone(&dogpile), Arc::clone(&computed));
            loom::thread::spawn(move || dogpile.get_or_compute(|| next(&computed)))
        };
        let mine = dogpile.get_or_compute(|| next(&computed));
        let others = other.join().unwrap();
        assert_eq!(computed.load(Ordering::SeqCst), 1, "one regeneration per expiry");
        assert!(mine <= 1 && others <= 1 && mine + others >= 1);
        assert_eq!(dogpile.get(), Some(1));
    });
}

#[test]
fn nothing_from_before_invalidate_is_seen_after_it() {
    check(|| {
        let dogpile = dogpile(Policy::never(), 0);
        // The model's own, for when it is read is what matters.
        let source = Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let other = {
            let (dogpile, source) = (Arc::clone(&dogpile), Arc::clone(&source));
            loom::thread::spawn(move || dogpile.get_or_compute(|| source.load(Ordering::SeqCst)))
        };
        source.store(1, Ordering::SeqCst);
        dogpile.invalidate();
        assert_eq!(dogpile.get_or_compute(|| source.load(Ordering::SeqCst)), 1);
        assert!(other.join().unwrap() <= 1);
        assert_eq!(dogpile.get(), Some(1));
    });
}

#[test]
fn set_wins_over_a_flight_under_way() {
    check(|| {
        let dogpile = dogpile(Policy::never(), 0);
        let other = {
            let dogpile = Arc::clone(&dogpile);
            loom::thread::spawn(move || dogpile.get_or_compute(|| 1))
        };
        dogpile.set(2);
        assert_eq!(dogpile.get(), Some(2));
        assert!([1, 2].contains(&other.join().unwrap()));
        assert_eq!(dogpile.get(), Some(2));
    });
}

#[test]
fn expire_during_a_flight_lands_it_stale() {
    check(|| {
        let dogpile = dogpile(Policy::never(), 0);
        let other = {
            let dogpile = Arc::clone(&dogpile);
            loom::thread::spawn(move || {
                dogpile.get_or_compute(|| {
                    dogpile.expire();
                    1
                })
            })
        };
        let mine = dogpile.get_or_compute(|| 2);
        other.join().unwrap();
        assert!((1..=2).contains(&mine));
        assert!(dogpile.has_value());
    });
}

#[test]
fn queued_flight_is_taken_over_when_its_value_goes() {
    check(|| {
        let policy = Policy::never().refresh(Background);
        let dogpile = dogpile(policy, 0);
        let computed = counter();
        dogpile.set(0);
        dogpile.expire();
        let call = |dogpile: &Dogpile<usize, Background>| {
            let computed = Arc::clone(&computed);
            dogpile.get_or_compute(move || next(&computed))
        };
        assert_eq!(call(&dogpile), 0, "everybody gets the stale value");
        dogpile.invalidate();
        assert!(call(&dogpile) >= 1, "computed by this call, or by the worker before it");
        assert!(dogpile.get().is_some_and(|value| value >= 1));
        join_workers();
    });
}

/// A value that knows whether it is still there.
struct Tracked {
    index: usize,
    dropped: Arc<[AtomicUsize; 2]>,
    /// The model's own: it complains of a load that is not ordered after the making, and of a drop that is not ordered
    /// after the loads.
    content: loom::sync::atomic::AtomicUsize,
}

impl Tracked {
    fn new(index: usize, dropped: &Arc<[AtomicUsize; 2]>) -> Self {
        let content = loom::sync::atomic::AtomicUsize::new(index);
        Self { index, dropped: Arc::clone(dropped), content }
    }

    fn assert_alive(&self) {
        assert_eq!(self.content.load(Ordering::Relaxed), self.index);
        assert_eq!(self.dropped[self.index].load(Ordering::SeqCst), 0, "dropped under its reader");
    }
}

impl Clone for Tracked {
    fn clone(&self) -> Self {
        Self::new(self.index, &self.dropped)
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.content.with_mut(|content| *content = usize::MAX);
        self.dropped[self.index].fetch_add(1, Ordering::SeqCst);
    }
}

fn readers_and_a_writer() {
    let dogpile = Arc::new(Dogpile::<Tracked>::new(Policy::never()));
    let dropped = Arc::<[AtomicUsize; 2]>::default();
    let value = |index| Tracked::new(index, &dropped);
    dogpile.set(value(0));
    let reader = {
        let dogpile = Arc::clone(&dogpile);
        loom::thread::spawn(move || {
            let seen = dogpile.read().expect("there is always a value");
            loom::thread::yield_now();
            seen.assert_alive();
        })
    };
    dogpile.set(value(1));
    reader.join().unwrap();
    assert_eq!(dropped[0].load(Ordering::SeqCst), 1, "superseded and unread, it is gone");
    assert_eq!(dropped[1].load(Ordering::SeqCst), 0);
    drop(dogpile);
    assert_eq!(dropped[1].load(Ordering::SeqCst), 1);
}

#[test]
fn value_outlives_its_readers_and_goes_with_the_last() {
    check(readers_and_a_writer);
}

#[test]
fn values_go_though_a_reader_holds_more_guards_than_its_row_has() {
    // The model's rows have two hazards, so the third guard takes one of the common row.
    check(|| {
        let dogpile = Arc::new(Dogpile::<Tracked>::new(Policy::never()));
        let dropped = Arc::<[AtomicUsize; 2]>::default();
        let value = |index| Tracked::new(index, &dropped);
        dogpile.set(value(0));
        let writer = {
            let (dogpile, new) = (Arc::clone(&dogpile), value(1));
            loom::thread::spawn(move || dogpile.set(new))
        };
        let [first, second, third] = [(); 3].map(|()| dogpile.read().unwrap());
        drop((first, second));
        third.assert_alive();
        drop(third);
        writer.join().unwrap();
        assert_eq!(dropped[0].load(Ordering::SeqCst), 1);
        assert_eq!(dropped[1].load(Ordering::SeqCst), 0);
    });
}

#[test]
fn reader_that_finds_nothing_does_not_give_its_hazard_away_twice() {
    // Both threads hold as many guards as their rows have hazards, so that the next one takes a hazard that anybody may take.
    check(|| {
        let dropped = Arc::<[AtomicUsize; 2]>::default();
        let [kept, going, read] = [1, 1, 0].map(|index| {
            let dogpile = Arc::new(Dogpile::<Tracked>::new(Policy::never()));
            dogpile.set(Tracked::new(index, &dropped));
            dogpile
        });
        let reader = {
            let (kept, going) = (Arc::clone(&kept), Arc::clone(&going));
            loom::thread::spawn(move || {
                let _row = [(); 2].map(|()| kept.read());
                drop(going.read());
            })
        };
        let _row = [(); 2].map(|()| kept.read());
        going.invalidate();
        let seen = read.read();
        read.invalidate();
        // Not dereferenced: it may point nowhere.
        let is_gone = dropped[0].load(Ordering::SeqCst) > 0;
        assert!(!is_gone || std::mem::ManuallyDrop::new(seen).is_none(), "dropped under its reader");
        reader.join().unwrap();
    });
}

#[test]
fn back_off_keeps_the_stale_value_for_everybody() {
    check(|| {
        let dogpile = dogpile(Policy::never().retry(Duration::MAX), 0);
        dogpile.set(0);
        dogpile.expire();
        let attempts = counter();
        let call = |dogpile: &Dogpile<usize>, attempts: &AtomicUsize| {
            dogpile.try_get_or_compute(|| {
                next(attempts);
                Err::<usize, _>("down")
            })
        };
        let other = {
            let (dogpile, attempts) = (Arc::clone(&dogpile), Arc::clone(&attempts));
            loom::thread::spawn(move || call(&dogpile, &attempts))
        };
        assert_eq!(call(&dogpile, &attempts), Ok(0));
        assert_eq!(other.join().unwrap(), Ok(0));
        assert_eq!(attempts.load(Ordering::SeqCst), 1);
    });
}

/// The model checker must find this: look and act with no second look in between.
#[test]
#[should_panic(expected = "one regeneration per expiry")]
fn broken_refresh_without_the_second_look_is_caught() {
    check(|| {
        let dogpile = dogpile(Policy::never(), 0);
        dogpile.set(0);
        dogpile.expire();
        let computed = counter();
        let naive = |dogpile: &Dogpile<usize>, computed: &AtomicUsize| {
            if dogpile.is_expired() && !dogpile.is_computing() {
                dogpile.set(next(computed));
            }
        };
        let other = {
            let (dogpile, computed) = (Arc::clone(&dogpile), Arc::clone(&computed));
            loom::thread::spawn(move || naive(&dogpile, &computed))
        };
        naive(&dogpile, &computed);
        other.join().unwrap();
        assert_eq!(computed.load(Ordering::SeqCst), 1, "one regeneration per expiry");
    });
}

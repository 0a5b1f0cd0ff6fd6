//! Superseded values go promptly.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dogpile::testing::freeze;
use dogpile::{Dogpile, Policy};

use crate::support::{Event, HOUR, NANOSECOND, hourly, panic_of, until_waiting};

/// Counts how many of its kind are alive.
pub(crate) struct Counted(Arc<AtomicUsize>);

impl Counted {
    pub(crate) fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(alive))
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(crate) fn alive(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}

#[test]
fn superseded_value_is_dropped_at_once() {
    let time = freeze();
    let (dogpile, counter) = (Dogpile::new(hourly()), Arc::default());
    for _ in 0..10 {
        drop(dogpile.get_or_compute(|| Counted::new(&counter)));
        assert_eq!(alive(&counter), 1);
        time.advance(HOUR + NANOSECOND);
    }
    dogpile.set(Counted::new(&counter));
    assert_eq!(alive(&counter), 1);
    dogpile.invalidate();
    assert_eq!(alive(&counter), 0, "none after `invalidate`");
}

#[test]
fn value_being_read_goes_with_its_last_reader() {
    let _time = freeze();
    let (dogpile, counter) = (Dogpile::new(Policy::never()), Arc::default());
    dogpile.set(Counted::new(&counter));
    let (first, second) = (dogpile.read().unwrap(), dogpile.read().unwrap());
    dogpile.invalidate();
    assert_eq!(alive(&counter), 1);
    drop(first);
    assert_eq!(alive(&counter), 1);
    drop(second);
    assert_eq!(alive(&counter), 0);
}

#[test]
fn one_long_reader_keeps_only_what_it_reads() {
    let _time = freeze();
    let (dogpile, counter) = (Dogpile::new(Policy::never()), Arc::default());
    dogpile.set(Counted::new(&counter));
    let reader = dogpile.read().unwrap();
    for _ in 0..100 {
        dogpile.set(Counted::new(&counter));
        assert_eq!(alive(&counter), 2, "the one read and the one stored");
    }
    drop(reader);
    assert_eq!(alive(&counter), 1);
}

#[test]
fn many_guards_of_one_thread_are_no_harm() {
    let _time = freeze();
    let (dogpile, counter) = (Dogpile::new(Policy::never()), Arc::default());
    for _ in 0..2 {
        dogpile.set(Counted::new(&counter));
        let readers: Vec<_> = (0..100).map(|_| dogpile.read().unwrap()).collect();
        dogpile.invalidate();
        assert_eq!(alive(&counter), 1);
        drop(readers);
        assert_eq!(alive(&counter), 0);
    }
}

#[test]
fn guard_may_be_dropped_by_another_thread() {
    let _time = freeze();
    let (dogpile, counter) = (Dogpile::new(Policy::never()), Arc::default());
    dogpile.set(Counted::new(&counter));
    let reader = dogpile.read().unwrap();
    dogpile.set(Counted::new(&counter));
    thread::scope(|scope| {
        scope.spawn(move || drop(reader));
    });
    assert_eq!(alive(&counter), 1);
}

#[test]
fn guard_may_outlive_the_thread_that_made_it() {
    let _time = freeze();
    let (dogpile, counter) = (Dogpile::new(Policy::never()), Arc::default());
    dogpile.set(Counted::new(&counter));
    let reader = thread::scope(|scope| scope.spawn(|| dogpile.read().unwrap()).join().unwrap());
    dogpile.invalidate();
    assert_eq!(alive(&reader.0), 1);
    // Threads that come later take over the row of the one that ended, with the guard still in it.
    thread::scope(|scope| {
        scope.spawn(|| assert!(dogpile.read().is_none()));
    });
    drop(reader);
    assert_eq!(alive(&counter), 0);
}

#[test]
fn values_may_be_read_while_a_thread_ends() {
    struct AtTheEnd(Arc<Dogpile<u32>>, Arc<AtomicUsize>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            self.1.store(self.0.get_or_compute(|| 0) as usize, Ordering::SeqCst);
        }
    }
    thread_local! {
        static LATE: std::cell::RefCell<Option<AtTheEnd>> = const { std::cell::RefCell::new(None) };
    }
    let _time = freeze();
    let (dogpile, seen) = (Arc::new(Dogpile::new(Policy::never())), Arc::<AtomicUsize>::default());
    dogpile.set(7);
    let (theirs, their_seen) = (Arc::clone(&dogpile), Arc::clone(&seen));
    thread::spawn(move || {
        // Registered before the read path's own thread-local, so destroyed after it.
        LATE.with_borrow_mut(|late| *late = Some(AtTheEnd(Arc::clone(&theirs), their_seen)));
        assert_eq!(theirs.get(), Some(7));
    })
    .join()
    .unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 7);
}

#[test]
fn orphaned_result_goes_with_those_who_waited_for_it() {
    let _time = freeze();
    let (dogpile, counter) = (Dogpile::new(hourly()), Arc::default());
    let (leads, release) = (Event::default(), Event::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            dogpile.get_or_compute(|| {
                leads.happen();
                release.wait("a follower waits");
                Counted::new(&counter)
            })
        });
        leads.wait("a leader");
        let follower = scope.spawn(|| dogpile.get_or_compute(|| unreachable!("it follows")));
        until_waiting(&dogpile, 1);
        dogpile.invalidate();
        release.happen();
        drop((leader.join().unwrap(), follower.join().unwrap()));
    });
    assert_eq!(alive(&counter), 0);
}

#[test]
fn dropping_the_dogpile_drops_the_value() {
    let counter = Arc::default();
    let dogpile = Dogpile::new(Policy::never());
    dogpile.set(Counted::new(&counter));
    drop(dogpile);
    assert_eq!(alive(&counter), 0);
}

#[test]
fn panicking_drop_of_a_superseded_value_wedges_nothing() {
    #[derive(Clone)]
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0 || thread::panicking(), "boom");
        }
    }
    let _time = freeze();
    let dogpile = Dogpile::new(Policy::never());
    dogpile.set(Bomb(true));
    assert_eq!(panic_of(|| dogpile.set(Bomb(false))), "boom");
    assert!(dogpile.get().is_some_and(|bomb| !bomb.0), "the new value is in place all the same");
    dogpile.invalidate();
    assert!(!dogpile.get_or_compute(|| Bomb(false)).0);
}

#[test]
fn panicking_clone_of_a_hit_wedges_nothing() {
    struct Shy(AtomicUsize);
    impl Clone for Shy {
        fn clone(&self) -> Self {
            assert!(self.0.fetch_sub(1, Ordering::SeqCst) > 1, "not now");
            Self(AtomicUsize::new(9))
        }
    }
    let _time = freeze();
    let dogpile = Dogpile::new(hourly());
    assert_eq!(panic_of(|| dogpile.get_or_compute(|| Shy(AtomicUsize::new(1))).0), "not now");
    assert!(dogpile.has_value(), "it had landed before it was cloned");
    dogpile.set(Shy(AtomicUsize::new(5)));
    assert_eq!(dogpile.get_or_compute(|| unreachable!("it is fresh")).0.into_inner(), 9);
}

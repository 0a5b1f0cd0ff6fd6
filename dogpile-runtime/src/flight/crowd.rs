//! The crowd of a key: threads that sleep on its condition variable, and tasks that left their wakers.
//!
//! Whatever a follower may be waiting for calls all of them; woken does not mean done. Invariant: wakers are cloned,
//! woken and dropped with no lock held, for they are the executor's code.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
#[cfg(feature = "test-util")]
use std::task::Wake;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::elect::Following;
use super::{Flights, Home, State};
#[cfg(feature = "test-util")]
use crate::clock::frozen;
use crate::clock::{NEVER, Tick};
use crate::slot::Locked;
use crate::sync::wake_all;
use crate::timer;
use crate::wait::{Awaited, Cycle, Waiting, check};

/// Tasks that wait, in the order of their coming.
#[derive(Default)]
pub(super) struct Tasks {
    seats: u64,
    waiting: BTreeMap<u64, Waker>,
}

/// Tasks that are woken when this is dropped.
#[derive(Default)]
pub(super) struct Woken(BTreeMap<u64, Waker>);

impl Drop for Woken {
    fn drop(&mut self) {
        wake_all(mem::take(&mut self.0).into_values());
    }
}

impl<V, H> Flights<V, H> {
    /// Has everybody look again: threads at once, tasks when the result is dropped, after the lock.
    pub(super) fn call_crowd(&self, locked: &mut Locked<'_, V, State<V>>) -> Woken {
        self.crowd.notify_all();
        Woken(mem::take(&mut locked.tasks.waiting))
    }
}

impl<V: Send + Sync + 'static, H: Home<V>> Flights<V, H> {
    /// Waits, on this thread, until the flight has ended, there is a value from elsewhere, or it is too late.
    pub(super) fn follow(&self, following: &Arc<Following<V, H>>, until: Tick) -> Result<(), Cycle> {
        let waiting = Waiting::enter(Arc::clone(following) as Arc<dyn Awaited>)?;
        self.terms.counters.wait();
        let deadline = following.deadline(until);
        #[cfg(feature = "test-util")]
        let _watch = (deadline != NEVER).then(|| frozen::watch(Arc::clone(following).into()));
        let mut locked = self.slot.lock();
        while !following.is_over() {
            if deadline == NEVER {
                locked.wait(&self.crowd);
                continue;
            }
            let Some(left) = left(self.terms.now(), deadline) else { break };
            locked.wait_for(&self.crowd, left);
        }
        drop(locked);
        drop(waiting);
        Ok(())
    }
}

/// How long it is from `now` to the `deadline`; `None` if that has come.
fn left(now: Tick, deadline: Tick) -> Option<Duration> {
    let left = deadline.checked_sub(now).filter(|left| *left > 0)?;
    Some(Duration::from_nanos(left))
}

/// What moves a frozen clock has threads that wait by it look again.
#[cfg(feature = "test-util")]
impl<V: Send + Sync + 'static, H: Home<V>> Wake for Following<V, H> {
    fn wake(self: Arc<Self>) {
        let locked = self.flights.slot.lock();
        self.flights.crowd.notify_all();
        drop(locked);
    }
}

impl<V: Send + Sync + 'static, H: Home<V>> Following<V, H> {
    /// As `follow`, for a task.
    pub(crate) async fn over(self: &Arc<Self>, until: Tick) -> Result<(), Cycle> {
        check(&**self)?;
        self.flights.terms.counters.wait();
        let mut seat = Seat { following: self, number: None, deadline: self.deadline(until), clocks: None };
        poll_fn(|context| seat.poll(context)).await;
        Ok(())
    }
}

/// A task's place in the crowd, given back when the task is done waiting or dropped.
struct Seat<'a, V, H: Home<V>> {
    following: &'a Following<V, H>,
    number: Option<u64>,
    deadline: Tick,
    /// What wakes the task when it is too late.
    clocks: Option<Clocks>,
}

#[cfg(feature = "test-util")]
type Clocks = (timer::Alarm, frozen::Watch);
#[cfg(not(feature = "test-util"))]
type Clocks = (timer::Alarm,);

fn clocks(left: Duration, waker: &Waker) -> Clocks {
    let alarm = timer::set(left, waker.clone());
    #[cfg(feature = "test-util")]
    return (alarm, frozen::watch(waker.clone()));
    #[cfg(not(feature = "test-util"))]
    (alarm,)
}

impl<V, H: Home<V>> Seat<'_, V, H> {
    fn poll(&mut self, context: &Context<'_>) -> Poll<()> {
        let flights = &*self.following.flights;
        if self.deadline != NEVER {
            // One that is late needs no alarm, which would ring for whatever the task does next.
            let Some(left) = left(flights.terms.now(), self.deadline) else { return Poll::Ready(()) };
            // Set before the clock is looked at again, so that no move of it is missed.
            self.clocks = Some(clocks(left, context.waker()));
            if flights.terms.now() >= self.deadline {
                return Poll::Ready(());
            }
        }
        let waker = context.waker().clone();
        let mut locked = flights.slot.lock();
        if self.following.is_over() {
            drop(locked);
            return Poll::Ready(());
        }
        let number = *self.number.get_or_insert_with(|| {
            locked.tasks.seats += 1;
            locked.tasks.seats
        });
        let replaced = locked.tasks.waiting.insert(number, waker);
        drop(locked);
        drop(replaced);
        Poll::Pending
    }
}

impl<V, H: Home<V>> Drop for Seat<'_, V, H> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let waker = self.following.flights.slot.lock().tasks.waiting.remove(&number);
            drop(waker);
        }
    }
}

//! The crowd of a key: threads that sleep on its condition variable, and tasks that left their wakers.
//!
//! Whatever a follower may be waiting for calls all of them; woken does not mean done. Invariant: wakers are cloned,
//! woken and dropped with no lock held, for they are the executor's code.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::elect::Following;
use super::{Flights, Home, State};
use crate::slot::Locked;
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
        for waker in mem::take(&mut self.0).into_values() {
            waker.wake();
        }
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
    /// Waits, on this thread, until the flight has ended or there is a value from elsewhere.
    pub(super) fn follow(&self, following: &Arc<Following<V, H>>) -> Result<(), Cycle> {
        let waiting = Waiting::enter(Arc::clone(following) as Arc<dyn Awaited>)?;
        self.terms.counters.wait();
        let mut locked = self.slot.lock();
        while !following.is_over() {
            locked.wait(&self.crowd);
        }
        drop(locked);
        drop(waiting);
        Ok(())
    }
}

impl<V: Send + Sync + 'static, H: Home<V>> Following<V, H> {
    /// The same for a task.
    pub(crate) async fn over(self: &Arc<Self>) -> Result<(), Cycle> {
        check(&**self)?;
        self.flights.terms.counters.wait();
        let mut seat = Seat { following: self, number: None };
        poll_fn(|context| seat.poll(context)).await;
        Ok(())
    }
}

/// A task's place in the crowd, given back when the task is done waiting or dropped.
struct Seat<'a, V, H: Home<V>> {
    following: &'a Following<V, H>,
    number: Option<u64>,
}

impl<V, H: Home<V>> Seat<'_, V, H> {
    fn poll(&mut self, context: &Context<'_>) -> Poll<()> {
        let waker = context.waker().clone();
        let mut locked = self.following.flights.slot.lock();
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

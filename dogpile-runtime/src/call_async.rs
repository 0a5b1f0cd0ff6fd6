//! A call of a task that did not hit: the same steps as of a thread, with two other ways to wait and to compute.
//!
//! Invariants: a hit is ready at the first poll; nothing here blocks the thread that polls, beyond the short locks; the
//! leader's future holds the flight's guard, so that dropping it, wherever it waits, hands over. A future is `Send` if the
//! user's is. So that the compiler sees it, nothing that lives across an `.await` has the type of a trait's item behind
//! bounds: there lifetimes are anonymous, `'static` ones too, and no such bound can be proved.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::call::{Sealed, out_of_patience};
use crate::failing::{Failing, run};
use crate::flight::{Answer, Flights, Home, Lead, Manner, Missed, Step};
use crate::policy::Caller;
use crate::timeout::Patience;

/// Everything but the hit.
pub(crate) async fn resolve_async<V, H, R, F, Fut, K, O, E>(
    mut flights: Arc<Flights<V, H>>,
    missed: Missed,
    compute: F,
    patience: Option<Patience<E>>,
) -> Result<V, E>
where
    V: Clone + Send + Sync + 'static,
    H: Home<V>,
    R: RefreshAsync<Fut>,
    F: FnOnce() -> Fut,
    Fut: Future<Output = O>,
    K: Failing<V, Output = O, Error = E> + 'static,
{
    let until = flights.patient_until(patience.as_ref());
    let mut missed = Some(missed);
    loop {
        let following = match flights.step(Manner::Task, missed.take()) {
            Step::Take(value) => return Ok(value),
            Step::Removed => {
                flights = H::successor(&flights);
                continue;
            }
            Step::Lead(lead, stale) => {
                let leading = Leading::<V, H, K> { lead, fails: PhantomData };
                leading.lead.count();
                let computation = leading.lead.while_polling(compute);
                let driven = match R::start(leading, computation) {
                    Started::Here(leading, computation) => {
                        // A value that is invalidated meanwhile is not to live on because of us.
                        drop(stale);
                        drive(leading, computation).await
                    }
                    Started::Elsewhere(computing) => {
                        if let Some(stale) = stale {
                            flights.count_served(&stale);
                            return Ok(stale.value.clone());
                        }
                        computing.await
                    }
                };
                return match driven {
                    Driven::Value(value) => Ok(value),
                    Driven::Failed(output) => K::split(output),
                };
            }
            Step::Follow(_) if flights.terms().now() >= until => {
                return Err(out_of_patience(&flights, patience));
            }
            Step::Follow(following) => following,
        };
        if let Err(cycle) = following.over(until).await {
            panic!("{cycle}");
        }
        match following.outcome(K::takes) {
            Some(Answer::Value(value)) => return Ok(value),
            Some(Answer::Shared(error)) => return Err(K::unshare(&*error)),
            _ => {}
        }
    }
}

/// A leader that is a task.
struct Leading<V, H: Home<V>, K> {
    lead: Lead<V, H>,
    fails: PhantomData<fn() -> K>,
}

/// What a task that leads does around its computation. Not for people.
#[doc(hidden)]
pub trait Drive<V, O>: Send + Sync + Sized + 'static {
    fn name(&self) -> &'static str;

    fn while_polling<T>(&self, poll: impl FnOnce() -> T) -> T;

    fn conclude(self, output: O) -> Driven<V, O>;
}

/// What a computation came to: a value, its own or another; or its own failure. Not for people.
#[doc(hidden)]
#[derive(Debug)]
pub enum Driven<V, O> {
    Value(V),
    Failed(O),
}

impl<V, H, K> Drive<V, K::Output> for Leading<V, H, K>
where
    V: Clone + Send + Sync + 'static,
    H: Home<V>,
    K: Failing<V> + 'static,
{
    fn name(&self) -> &'static str {
        self.lead.name()
    }

    fn while_polling<T>(&self, poll: impl FnOnce() -> T) -> T {
        self.lead.while_polling(poll)
    }

    fn conclude(self, output: K::Output) -> Driven<V, K::Output> {
        // The clone of an error for others is part of the computation.
        let (computed, error) = self.lead.while_polling(|| run::<V, K>(|| output));
        match (self.lead.conclude(computed), error) {
            (Answer::Value(value), _) => Driven::Value(value),
            (_, Some(error)) => Driven::Failed(K::failed(error)),
            _ => unreachable!("a leader gets a value, or has an error"),
        }
    }
}

/// Polls the computation to its end, and lands it.
async fn drive<V, O, D: Drive<V, O>>(drive: D, computation: impl Future<Output = O>) -> Driven<V, O> {
    let output = {
        let future = pin!(Some(computation));
        let mut computation = Computation { future, drive: &drive, lands: PhantomData };
        poll_fn(|context| computation.poll(context)).await
    };
    drive.conclude(output)
}

/// A computation that is known to be its leader's while it is polled, and while it is dropped.
struct Computation<'a, V, O, D: Drive<V, O>, F> {
    future: Pin<&'a mut Option<F>>,
    drive: &'a D,
    lands: PhantomData<fn(O) -> V>,
}

impl<V, O, D: Drive<V, O>, F: Future<Output = O>> Computation<'_, V, O, D, F> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<O> {
        let future = self.future.as_mut().as_pin_mut().expect("it is there until it is dropped");
        self.drive.while_polling(|| future.poll(context))
    }
}

impl<V, O, D: Drive<V, O>, F> Drop for Computation<'_, V, O, D, F> {
    fn drop(&mut self) {
        // What it holds may ask for what it was to compute, and would wait for itself.
        self.drive.while_polling(|| self.future.set(None));
    }
}

/// Who runs the computations of tasks, and what they must be for that: any future for [`Caller`]; with the feature
/// `tokio`, `Send + 'static` ones for [`Background`](crate::Background). Sealed.
#[diagnostic::on_unimplemented(
    message = "a future cannot be computed in the background here",
    label = "`refresh = \"background\"` spawns this future",
    note = "help: enable the feature `tokio` of the crate `dogpile`, and let the future be `Send + 'static`; or write \
            `refresh = \"caller\"`"
)]
pub trait RefreshAsync<Fut: Future>: Sealed {
    #[doc(hidden)]
    fn start<V: Send + 'static, D: Drive<V, Fut::Output>>(
        leading: D,
        computation: Fut,
    ) -> Started<V, Fut::Output, D, Fut>;
}

/// Where a computation goes on. Not for people.
#[doc(hidden)]
pub enum Started<V, O, D, Fut> {
    /// In the task that started it.
    Here(D, Fut),
    /// In a task of its own, which this waits for.
    Elsewhere(Pin<Box<dyn Future<Output = Driven<V, O>> + Send>>),
}

impl<V, O, D, Fut> fmt::Debug for Started<V, O, D, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Here(..)) { "Here" } else { "Elsewhere" })
    }
}

impl<Fut: Future> RefreshAsync<Fut> for Caller {
    fn start<V: Send + 'static, D: Drive<V, Fut::Output>>(
        leading: D,
        computation: Fut,
    ) -> Started<V, Fut::Output, D, Fut> {
        Started::Here(leading, computation)
    }
}

#[cfg(feature = "tokio")]
mod spawned {
    use std::panic::resume_unwind;

    use tokio::runtime::Handle;

    use super::{Drive, Future, RefreshAsync, Started, drive};
    use crate::policy::Background;

    impl<Fut> RefreshAsync<Fut> for Background
    where
        Fut: Future + Send + 'static,
        Fut::Output: Send + 'static,
    {
        #[track_caller]
        fn start<V: Send + 'static, D: Drive<V, Fut::Output>>(
            leading: D,
            computation: Fut,
        ) -> Started<V, Fut::Output, D, Fut> {
            let name = leading.name();
            let Ok(runtime) = Handle::try_current() else {
                panic!(
                    "`{name}` is computed in the background, and this caller is not in a tokio runtime that could do it\n\
                     help: call it from a tokio task, or write `refresh = \"caller\"`"
                );
            };
            let task = runtime.spawn(drive(leading, computation));
            Started::Elsewhere(Box::pin(async move {
                match task.await.map_err(tokio::task::JoinError::try_into_panic) {
                    Ok(driven) => driven,
                    Err(Ok(payload)) => resume_unwind(payload),
                    Err(Err(end)) => {
                        panic!("the runtime that computed `{name}` was shut down under it: {end}")
                    }
                }
            }))
        }
    }
}

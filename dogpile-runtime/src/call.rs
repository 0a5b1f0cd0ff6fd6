//! A call that did not hit: from the user's closure to the state machine, and back to a return value.

use std::sync::Arc;

use crate::clock::{NEVER, Tick, ticks};
use crate::failing::{Failing, run};
use crate::flight::{Answer, Attempt, Computed, Flights, Home, Lead, Manner, Missed};
use crate::policy::{Background, Caller};
use crate::pool::{self, Job};
use crate::timeout::{Patience, WaitTimeout};

/// Everything but the hit.
#[cold]
pub(crate) fn resolve<V, H, R, F, K>(
    mut flights: Arc<Flights<V, H>>,
    missed: Missed,
    compute: F,
    patience: Option<Patience<K::Error>>,
) -> Result<V, K::Error>
where
    V: Clone + Send + Sync + 'static,
    H: Home<V>,
    R: Refresh<F>,
    F: FnOnce() -> K::Output,
    K: Failing<V>,
{
    let mut compute = Some(compute);
    let mut own_error = None;
    let until = flights.patient_until(patience.as_ref());
    loop {
        let answer = flights.attempt(&mut Attempt {
            until,
            missed,
            manner: if R::DETACHES { Manner::Queue } else { Manner::Inline },
            takes: K::takes,
            compute: &mut || {
                let compute = compute.take().expect("a call computes once");
                let (computed, error) = run::<V, K>(compute);
                own_error = error;
                computed
            },
        });
        match answer {
            Answer::Value(value) => return Ok(value),
            Answer::Failed => return Err(own_error.expect("a leader that failed has its error")),
            Answer::Shared(error) => return Err(K::unshare(&*error)),
            Answer::Circular(cycle) => panic!("{cycle}"),
            Answer::TimedOut => return Err(out_of_patience(&flights, patience)),
            Answer::Removed => flights = H::successor(&flights),
            Answer::Elected(lead, stale) => {
                let compute = compute.take().expect("an elected caller has not computed");
                let is_overdue = lead.overdue();
                R::detach(compute, move |compute| regenerate(lead, || run::<V, K>(compute).0), is_overdue);
                flights.count_served(&stale);
                return Ok(stale.value.clone());
            }
        }
    }
}

/// What a caller gets who would not wait any longer.
pub(crate) fn out_of_patience<V, H: Home<V>, E>(flights: &Flights<V, H>, patience: Option<Patience<E>>) -> E {
    let patience = patience.expect("who has no limit waits");
    (patience.error)(WaitTimeout::new(flights.terms().name()))
}

impl<V, H: Home<V>> Flights<V, H> {
    /// Until when a caller that comes now waits.
    pub(crate) fn patient_until<E>(&self, patience: Option<&Patience<E>>) -> Tick {
        patience.map_or(NEVER, |patience| self.terms().now().saturating_add(ticks(patience.wait)))
    }
}

/// Runs a queued flight on the thread of a worker.
fn regenerate<V, H>(mut lead: Lead<V, H>, compute: impl FnOnce() -> Computed<V>)
where
    V: Clone + Send + Sync + 'static,
    H: Home<V>,
{
    if lead.begin() {
        let mut compute = Some(compute);
        lead.run(&mut || compute.take().expect("a flight computes once")());
    }
}

/// Who regenerates, and what a computation must be for that: any closure for [`Caller`], `Send + 'static` for
/// [`Background`]. Sealed.
pub trait Refresh<F>: Sealed {
    #[doc(hidden)]
    const DETACHES: bool;

    #[doc(hidden)]
    fn detach(
        compute: F,
        regenerate: impl FnOnce(F) + Send + 'static,
        is_overdue: impl Fn() -> bool + Send + 'static,
    );
}

impl<F> Refresh<F> for Caller {
    const DETACHES: bool = false;

    fn detach(
        compute: F,
        regenerate: impl FnOnce(F) + Send + 'static,
        _: impl Fn() -> bool + Send + 'static,
    ) {
        regenerate(compute);
    }
}

impl<F: Send + 'static> Refresh<F> for Background {
    const DETACHES: bool = true;

    fn detach(
        compute: F,
        regenerate: impl FnOnce(F) + Send + 'static,
        is_overdue: impl Fn() -> bool + Send + 'static,
    ) {
        pool::spawn(Job { run: Box::new(move || regenerate(compute)), is_overdue: Box::new(is_overdue) });
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Caller {}
    impl Sealed for super::Background {}
}
pub(crate) use sealed::Sealed;

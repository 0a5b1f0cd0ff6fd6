//! A call that did not hit: from the user's closure to the state machine, and back to a return value.

use std::sync::Arc;

use crate::failing::{Failing, run};
use crate::flight::{Answer, Attempt, Computed, Flights, Home, Lead, Manner};
use crate::policy::{Background, Caller};
use crate::pool;

/// Everything but the hit.
#[cold]
pub(crate) fn resolve<V, H, R, F, K>(mut flights: Arc<Flights<V, H>>, compute: F) -> Result<V, K::Error>
where
    V: Clone + Send + Sync + 'static,
    H: Home<V>,
    R: Refresh<F>,
    F: FnOnce() -> K::Output,
    K: Failing<V>,
{
    let mut compute = Some(compute);
    let mut own_error = None;
    loop {
        let answer = flights.attempt(&mut Attempt {
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
            Answer::Removed => flights = H::successor(&flights),
            Answer::Elected(lead, stale) => {
                let compute = compute.take().expect("an elected caller has not computed");
                R::detach(compute, move |compute| regenerate(lead, || run::<V, K>(compute).0));
                flights.terms().counters.stale_served();
                return Ok(stale.value.clone());
            }
        }
    }
}

/// Runs a queued flight on the thread of a worker.
fn regenerate<V, H>(lead: Lead<V, H>, compute: impl FnOnce() -> Computed<V>)
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
    fn detach(compute: F, regenerate: impl FnOnce(F) + Send + 'static);
}

impl<F> Refresh<F> for Caller {
    const DETACHES: bool = false;

    fn detach(compute: F, regenerate: impl FnOnce(F) + Send + 'static) {
        regenerate(compute);
    }
}

impl<F: Send + 'static> Refresh<F> for Background {
    const DETACHES: bool = true;

    fn detach(compute: F, regenerate: impl FnOnce(F) + Send + 'static) {
        pool::spawn(Box::new(move || regenerate(compute)));
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Caller {}
    impl Sealed for super::Background {}
}
pub(crate) use sealed::Sealed;

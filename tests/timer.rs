//! The thread that wakes tasks by the real clock. In a binary of its own: elsewhere tests move the clock.

use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use dogpile::{Dogpile, Policy};

/// Far beyond what any event here takes.
const DEADLINE: Duration = Duration::from_secs(30);

/// Long enough to poll a future once.
const WAIT: Duration = Duration::from_millis(200);

/// Tells that it was woken, and may panic then.
struct Told {
    tell: mpsc::Sender<()>,
    panics: bool,
}

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.tell.send(()).unwrap();
        assert!(!self.panics, "of a waker, and meant");
    }
}

#[test]
fn timer_outlives_a_panicking_waker() {
    let dogpile = Dogpile::new(Policy::never());
    let mut leader = pin!(dogpile.get_or_compute_async(std::future::pending::<u32>));
    assert!(leader.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    for panics in [true, false] {
        let (tell, told) = mpsc::channel();
        let waker = Waker::from(Arc::new(Told { tell, panics }));
        let mut follower = pin!(dogpile.get_or_compute_timeout_async(WAIT, || async { 3 }));
        assert!(follower.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        told.recv_timeout(DEADLINE).expect("woken by the timer");
    }
}

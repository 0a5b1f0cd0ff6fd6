//! Every order of polls, drops and changes from outside, for two and three tasks: nobody sleeps for ever.
//!
//! Small worlds, taken whole: a scheduler asks for each step what it is to be, and is run again until every answer was
//! given. Whenever nobody has been woken since it was polled last, everybody must be done.

use std::cell::Cell;
use std::time::Duration;

use dogpile::Policy;
use dogpile::testing::freeze;

use crate::by_hand::{Task, at_once, pauses, with_both};
use crate::support::hourly;

/// The decisions of one run, and where it departs from the run before.
#[derive(Default)]
struct Choices {
    made: Vec<(usize, usize)>,
    at: usize,
}

impl Choices {
    /// A number below `options`.
    fn next(&mut self, options: usize) -> usize {
        if self.at == self.made.len() {
            self.made.push((0, options));
        }
        let (choice, before) = self.made[self.at];
        assert_eq!(before, options, "a run depends on nothing but the choices");
        self.at += 1;
        choice
    }

    /// Prepares the next run; `false` when there is none.
    fn advance(&mut self) -> bool {
        self.at = 0;
        while let Some((choice, options)) = self.made.pop() {
            if choice + 1 < options {
                self.made.push((choice + 1, options));
                return true;
            }
        }
        false
    }
}

/// Runs `world` with every sequence of choices. How many there were.
fn explore(mut world: impl FnMut(&mut Choices)) -> usize {
    let mut choices = Choices::default();
    let mut runs = 0;
    loop {
        world(&mut choices);
        runs += 1;
        if !choices.advance() {
            return runs;
        }
    }
}

/// How the computation of a task ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Value,
    Error,
    SharedError,
}

use End::{Error, SharedError, Value};

/// What may happen, and how often.
#[derive(Clone, Copy)]
struct Budget {
    /// Futures dropped before they are done.
    drops: usize,
    /// Tasks polled although nobody has woken them.
    vain: usize,
    /// `invalidate`, and then `set`, in that order.
    changes: usize,
}

const POLLS_ONLY: Budget = Budget { drops: 0, vain: 0, changes: 0 };

enum Step {
    Poll(usize),
    Drop(usize),
    Change(usize),
}

/// What could happen next; nothing, if nobody would ever be polled again.
fn steps<T>(tasks: &[Task<'_, T>], left: Budget, changes: usize) -> Vec<Step> {
    let alive = || (0..tasks.len()).filter(|&at| !tasks[at].is_over());
    let mut steps: Vec<_> = alive().filter(|&at| tasks[at].is_woken()).map(Step::Poll).collect();
    if steps.is_empty() {
        return steps;
    }
    if left.vain > 0 {
        steps.extend(alive().filter(|&at| !tasks[at].is_woken()).map(Step::Poll));
    }
    if left.drops > 0 {
        steps.extend(alive().map(Step::Drop));
    }
    if left.changes > 0 {
        steps.push(Step::Change(changes - left.changes));
    }
    steps
}

/// Runs tasks to their end, in the order of the choices. `change` is what happens from outside.
fn schedule<T>(choices: &mut Choices, tasks: &mut [Task<'_, T>], budget: Budget, change: impl Fn(usize)) {
    let mut left = budget;
    loop {
        let mut steps = steps(tasks, left, budget.changes);
        if steps.is_empty() {
            break;
        }
        match steps.swap_remove(choices.next(steps.len())) {
            Step::Poll(at) => {
                left.vain -= usize::from(!tasks[at].is_woken());
                tasks[at].poll();
            }
            Step::Drop(at) => {
                left.drops -= 1;
                tasks[at].cancel();
            }
            Step::Change(number) => {
                left.changes -= 1;
                change(number);
            }
        }
    }
    assert!(tasks.iter().all(Task::is_over), "a wake-up was lost: {:?}", choices.made);
    assert!(tasks.iter().all(|task| task.wakers() == 0), "a waker was left behind: {:?}", choices.made);
}

/// All orders of tasks that end so, each after `await_points` of them. How many there were.
fn all_orders(ends: &[End], await_points: usize, budget: Budget) -> usize {
    let mut runs = 0;
    with_both!(Policy::never(), |dogpile| {
        runs += explore(|choices| {
            dogpile.invalidate();
            let running = Cell::new(0);
            let compute = async |end| {
                running.set(running.get() + 1);
                let _end = Ended(&running);
                assert!(running.get() <= 1 + budget.changes, "one at a time");
                pauses(await_points).await;
                if end == Value { Ok(1_u32) } else { Err(2_u32) }
            };
            let call = async |end| match end {
                SharedError => dogpile.try_get_or_compute_shared_async(|| compute(end)).await,
                Value | Error => dogpile.try_get_or_compute_async(|| compute(end)).await,
            };
            let mut tasks: Vec<_> = ends.iter().map(|&end| Task::new(call(end))).collect();
            schedule(choices, &mut tasks, budget, |number| {
                if number == 0 { dogpile.invalidate() } else { dogpile.set(3) }
            });
            assert!(!dogpile.is_computing());
            assert_eq!(running.get(), 0);
            if ends.iter().all(|end| *end == Value) && budget.drops == 0 && budget.changes == 0 {
                assert_eq!(at_once(dogpile.get_or_compute_async(async || 9)), 1);
            }
            assert!(at_once(dogpile.get_or_compute_async(async || 9)) > 0, "nothing is wedged");
        });
    });
    runs
}

/// A computation that is over, one way or the other.
struct Ended<'a>(&'a Cell<usize>);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

fn at_least(runs: usize, wanted: usize) {
    assert!(runs >= wanted, "only {runs} orders");
}

#[test]
fn no_wake_up_is_lost_whoever_is_polled_when() {
    let _time = freeze();
    at_least(all_orders(&[Value; 4], 2, POLLS_ONLY), 2_000);
    at_least(all_orders(&[Error; 3], 2, POLLS_ONLY), 300);
    at_least(all_orders(&[Error, Value, SharedError], 1, Budget { vain: 2, ..POLLS_ONLY }), 700);
}

#[test]
fn no_wake_up_is_lost_whoever_is_dropped_when() {
    let _time = freeze();
    let budget = Budget { drops: 2, ..POLLS_ONLY };
    at_least(all_orders(&[Value; 3], 1, budget), 1_000);
    at_least(all_orders(&[Error, Value, Error], 1, budget), 1_000);
    at_least(all_orders(&[SharedError, SharedError, Value], 1, budget), 1_000);
    at_least(all_orders(&[Value; 2], 3, Budget { vain: 1, ..budget }), 600);
}

#[test]
fn no_wake_up_is_lost_whatever_changes_meanwhile() {
    let _time = freeze();
    at_least(all_orders(&[Value; 3], 1, Budget { changes: 2, ..POLLS_ONLY }), 2_000);
    at_least(all_orders(&[Value, Error], 2, Budget { changes: 2, drops: 1, ..POLLS_ONLY }), 2_000);
    at_least(all_orders(&[SharedError, Error], 2, Budget { changes: 2, drops: 1, vain: 1 }), 4_000);
}

#[test]
fn nobody_sleeps_for_ever_behind_a_leader_whose_lease_runs_out() {
    // The first to be polled leads and hangs; time goes by once, somewhere.
    let lease = Duration::from_secs(36_000);
    let time = freeze();
    let mut runs = 0;
    with_both!(hourly().lease(lease), |dogpile| {
        runs += explore(|choices| {
            dogpile.invalidate();
            let leads = Cell::new(0);
            let call = async || {
                dogpile
                    .get_or_compute_async(async || {
                        leads.set(leads.get() + 1);
                        if leads.get() == 1 { std::future::pending().await } else { pauses(1).await }
                    })
                    .await;
            };
            let mut tasks: Vec<_> = (0..3).map(|_| Task::new(call())).collect();
            let mut is_late = false;
            loop {
                let mut steps: Vec<_> =
                    (0..3).filter(|&at| !tasks[at].is_over() && tasks[at].is_woken()).collect();
                if !is_late && leads.get() == 1 {
                    steps.push(tasks.len());
                }
                match steps.len() {
                    0 => break,
                    options => match steps[choices.next(options)] {
                        3 => {
                            is_late = true;
                            time.advance(lease + Duration::from_nanos(1));
                        }
                        at => drop(tasks[at].poll()),
                    },
                }
            }
            let hung = tasks.iter().filter(|task| !task.is_over()).count();
            assert_eq!(hung, 1, "all but the one that leads: {:?}", choices.made);
            assert!(dogpile.has_value());
        });
    });
    at_least(runs, 100);
}

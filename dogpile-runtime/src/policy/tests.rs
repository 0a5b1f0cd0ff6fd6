use super::*;
use crate::clock::Source;

fn fresh_until<V: Default>(policy: &Policy<V>, made: Tick) -> Tick {
    policy.stamp(&V::default(), made, 0, 1.0).unwrap().fresh_until
}

fn policy(expire: u64, stale: u64) -> Policy<u8> {
    Policy::expire(Duration::from_nanos(expire)).stale(Duration::from_nanos(stale))
}

#[test]
fn age_equal_to_expire_is_still_fresh() {
    let policy = policy(10, 5);
    let until = fresh_until(&policy, 100);
    assert_eq!(policy.judge(until, 110), Verdict::Fresh);
    assert_eq!(policy.judge(until, 111), Verdict::Stale);
    assert_eq!(policy.judge(until, 115), Verdict::Stale);
    assert_eq!(policy.judge(until, 116), Verdict::Gone);
}

#[test]
fn zero_stale_is_gone_on_expiry() {
    let policy = policy(10, 0);
    assert_eq!(policy.judge(fresh_until(&policy, 100), 111), Verdict::Gone);
}

#[test]
fn never_and_for_ever_do_not_overflow() {
    let never = Policy::<u8>::never();
    assert_eq!(never.judge(fresh_until(&never, NEVER - 1), NEVER - 1), Verdict::Fresh);
    let for_ever = Policy::<u8>::expire(Duration::from_nanos(1));
    assert_eq!(for_ever.judge(fresh_until(&for_ever, 1), NEVER - 1), Verdict::Stale);
    assert_eq!(never.lifetime(), None);
}

#[test]
fn back_off_doubles_up_to_sixty_times() {
    let policy = Policy::<u8>::expire(Duration::from_secs(1)).retry(Duration::from_nanos(10));
    let waits: Vec<_> = (1..=8).map(|failures| policy.retry_at(0, failures)).collect();
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 600, 600]);
    assert_eq!(policy.retry_at(0, u32::MAX), 600);
}

#[test]
fn coarse_clock_only_where_one_per_cent_allows_it() {
    let second = Duration::from_secs(1);
    assert_eq!(Policy::<u8>::expire(second).source(), Source::Coarse);
    assert_eq!(Policy::<u8>::expire(second / 2).source(), Source::Precise);
    assert_eq!(Policy::<u8>::expire(second).stale(second / 2).source(), Source::Precise);
    assert_eq!(Policy::<u8>::expire(second).stale(Duration::ZERO).source(), Source::Coarse);
    assert_eq!(Policy::<u8>::expire(second).retry(second / 2).source(), Source::Precise);
}

/// The stamp of a value made at tick 100, by a computation of `delta`, with a `draw`.
fn stamp(policy: &Policy<u64>, lifetime: u64, delta: Tick, draw: f64) -> Option<(Tick, Tick)> {
    policy.stamp(&lifetime, 100, delta, draw).map(|stamp| (stamp.fresh_until, stamp.quiet_until))
}

fn nanos(count: u64) -> Duration {
    Duration::from_nanos(count)
}

/// Values that are their lifetimes, in nanoseconds; the largest is for ever.
fn as_it_says() -> Policy<u64> {
    Policy::expire_with(|nanos| if *nanos == u64::MAX { Duration::MAX } else { Duration::from_nanos(*nanos) })
}

const HUNDRED_YEARS: u64 = 100 * 365 * 24 * 3600 * 1_000_000_000;

#[test]
fn quiet_time_ends_where_the_early_one_begins() {
    let fixed = Policy::expire(nanos(1_000));
    assert_eq!(stamp(&fixed, 0, 9, 1.0), Some((1_100, 1_100)), "without `early` it is all quiet");
    assert_eq!(stamp(&fixed.early(nanos(1)), 0, 9, 1.0), Some((1_100, 1_099)));
    assert_eq!(stamp(&fixed.early(nanos(999)), 0, 9, 1.0), Some((1_100, 101)));
    assert_eq!(stamp(&fixed.early_percent(25.0), 0, 9, 1.0), Some((1_100, 850)));
    assert_eq!(stamp(&fixed.early_percent(99.999_9), 0, 9, 1.0), Some((1_100, 101)));
    assert_eq!(stamp(&fixed.early_percent(1e-9), 0, 9, 1.0), Some((1_100, 1_100)), "less than a millionth");
    assert_eq!(stamp(&fixed.early_auto(), 0, 10, 1.0), Some((1_100, 733)), "36.74 deltas");
    assert_eq!(stamp(&fixed.early_auto(), 0, 0, 1.0), Some((1_100, 1_100)), "nothing is known yet");
}

#[test]
fn early_time_longer_than_the_life_begins_with_it() {
    let huge = [as_it_says().early(nanos(5_000)), as_it_says().early(Duration::MAX)];
    for policy in huge {
        assert_eq!(stamp(&policy, 1_000, 0, 1.0), Some((1_100, 100)));
    }
    let slow = Policy::expire(nanos(1_000)).early_auto();
    for delta in [100, HUNDRED_YEARS, NEVER] {
        assert_eq!(stamp(&slow, 0, delta, 1.0), Some((1_100, 100)), "a delta of {delta}");
    }
}

#[test]
fn jitter_shortens_by_at_most_its_share_and_never_lengthens() {
    let jittered = Policy::expire(nanos(1_000)).jitter(20.0);
    assert_eq!(stamp(&jittered, 0, 0, 1.0), Some((900, 900)));
    assert_eq!(stamp(&jittered, 0, 0, 0.5), Some((1_000, 1_000)));
    assert_eq!(stamp(&jittered, 0, 0, f64::EPSILON / 2.0), Some((1_100, 1_100)));
    let early = jittered.early_percent(10.0);
    assert_eq!(stamp(&early, 0, 0, 1.0), Some((900, 820)), "ten per cent of the 800 that are left");
    let nearly_all = as_it_says().jitter(99.999_9);
    for lifetime in [1, 2, 1_000_000, HUNDRED_YEARS, NEVER - 1] {
        let (until, _) = stamp(&nearly_all, lifetime, 0, 1.0).unwrap();
        assert!(until > 100 && until <= lifetime.saturating_add(100), "{lifetime} became {until}");
    }
}

#[test]
fn lifetimes_at_the_ends_of_the_range_are_none_and_for_ever() {
    for policy in [as_it_says(), as_it_says().jitter(50.0).early_percent(50.0), as_it_says().early_auto()] {
        assert_eq!(stamp(&policy, 0, 7, 1.0), None, "no lifetime, nothing to store");
        assert_eq!(stamp(&policy, NEVER, 7, 1.0), Some((NEVER, NEVER)), "for ever, and quiet for ever");
    }
    assert_eq!(stamp(&as_it_says(), 1, 0, 1.0), Some((101, 101)));
    assert_eq!(stamp(&as_it_says(), NEVER - 1, 0, 1.0), Some((NEVER, NEVER)), "584 years after the start");
    assert_eq!(as_it_says().lifetime(), None);
    assert!(as_it_says().expires() && !Policy::<u8>::never().expires());
}

#[test]
fn chance_elects_up_to_delta_times_the_logarithm_of_the_draw() {
    let policy = Policy::<u8>::expire(nanos(1_000)).early_auto();
    let elects = |left: Tick, delta, draw| policy.elects_early(1_000, 1_000 - left, delta, || draw);
    let one_delta = (-1.0_f64).exp();
    assert!(elects(100, 100, one_delta * 0.999) && !elects(101, 100, one_delta * 1.001));
    assert!(elects(0, 100, 1.0), "the last tick, and the draw that elects nobody before it");
    assert!(!elects(1, 100, 1.0));
    assert!(!elects(1, 0, f64::EPSILON / 2.0), "nothing is known yet");
    let smallest = f64::EPSILON / 2.0;
    assert!(elects(367, 10, smallest) && !elects(368, 10, smallest), "36.74 deltas at the most");
    assert!(policy.elects_early(1_000, NEVER, NEVER, || 0.5), "past expiry there is no time left");
}

#[test]
fn only_chance_draws() {
    let no_draw = || unreachable!("nothing is left to chance");
    let fixed = Policy::<u8>::expire(nanos(1_000));
    assert!(!fixed.elects_early(1_000, 1_000, 100, no_draw));
    assert!(fixed.early(nanos(10)).elects_early(1_000, 995, 100, no_draw));
    assert!(fixed.early_percent(1.0).elects_early(1_000, 995, 100, no_draw));
    assert!(fixed.early_auto().refreshes_by_chance() && !fixed.early(nanos(1)).refreshes_by_chance());
}

#[test]
fn lease_ends_one_tick_after_its_length() {
    let leased = Policy::<u8>::never().lease(nanos(10));
    assert_eq!(leased.lease_ends(100), 111);
    assert_eq!(leased.lease_ends(NEVER - 5), NEVER);
    assert_eq!(leased.leased_for(), Some(nanos(10)));
    let unleased = Policy::<u8>::never();
    assert_eq!((unleased.lease_ends(0), unleased.leased_for()), (NEVER, None));
    assert_eq!(Policy::<u8>::never().lease(Duration::MAX).leased_for(), None);
}

#[test]
fn back_off_at_the_ends_of_the_range_stays_in_it() {
    let zero = Policy::<u8>::never().retry(Duration::ZERO);
    assert_eq!(zero.retry_at(100, u32::MAX), 100);
    let for_ever = Policy::<u8>::never().retry(Duration::MAX);
    assert_eq!((for_ever.retry_at(100, 1), for_ever.back_off()), (NEVER, None));
    let long = Policy::<u8>::never().retry(nanos(HUNDRED_YEARS));
    assert_eq!(long.retry_at(0, 2), 2 * HUNDRED_YEARS);
    assert_eq!(long.retry_at(0, 10), NEVER);
    assert_eq!(long.retry_at(0, 0), HUNDRED_YEARS, "no failure counts as one");
}

#[test]
fn clock_is_chosen_for_the_shortest_duration_of_all() {
    let day = Policy::<u8>::expire(Duration::from_secs(24 * 3600)).retry(Duration::from_secs(60));
    let half = Duration::from_millis(500);
    assert_eq!(day.source(), Source::Coarse);
    assert_eq!(day.early(half).source(), Source::Precise);
    assert_eq!(day.early(2 * half).source(), Source::Coarse);
    assert_eq!(day.early_percent(0.001).source(), Source::Precise, "864 milliseconds");
    assert_eq!(day.early_percent(0.002).source(), Source::Coarse);
    assert_eq!(day.early_auto().source(), Source::Precise);
    assert_eq!(day.lease(half).source(), Source::Precise);
    assert_eq!(day.jitter(99.999).source(), Source::Precise, "864 milliseconds may be left of the day");
    assert_eq!(Policy::<u8>::never().jitter(50.0).early_percent(50.0).source(), Source::Coarse);
    assert_eq!(as_it_says().source(), Source::Precise);
}

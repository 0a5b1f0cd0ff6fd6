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

//! What literals mean.
use dogpile::{Policy, policy};
use std::time::Duration;

fn main() {
    let lifetime = |policy: Policy<u32>| policy.lifetime();
    assert_eq!(lifetime(policy!(expire = "1h 30m")), Some(Duration::from_secs(5400)));
    assert_eq!(lifetime(policy!(expire = "250ms")), Some(Duration::from_millis(250)));
    assert_eq!(lifetime(policy!(expire = "1.5d")), Some(Duration::from_secs(129_600)));
    assert_eq!(lifetime(policy!(expire = r#"2w"#)), Some(Duration::from_secs(1_209_600)));
    assert_eq!(lifetime(policy!(expire = "never")), None);
    let policy: Policy<u32> = policy!(expire = "1s", stale = "0s",);
    assert_eq!(policy.servable_after_expiry(), Some(Duration::ZERO));
    let policy: Policy<u32> = policy!(expire = "1s", retry = "0s");
    assert_eq!(policy.back_off(), Some(Duration::ZERO));
    let policy: Policy<u32> = policy!(expire = "never", stale = "forever", retry = "2s");
    assert_eq!(policy.servable_after_expiry(), None);
}

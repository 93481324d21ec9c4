//! What holds for any input, tried on random ones: 1 s a property, 12 s with A3S_SOAK, which makes a minute of the five.

use proptest::strategy::Strategy;
use proptest::string::string_regex;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use std::time::{Duration, Instant};

/// Tries inputs until the time is up, and panics with the smallest one that it finds for which the property does not hold.
pub fn holds<S: Strategy>(inputs: S, property: impl Fn(S::Value) -> TestCaseResult) {
    let seconds = if std::env::var_os("A3S_SOAK").is_some() { 12 } else { 1 };
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        // A runner counts what it has tried, and tries no more when that is enough.
        let mut runner = TestRunner::new(Config {
            cases: 64,
            failure_persistence: None,
            ..Config::default()
        });
        if let Err(failure) = runner.run(&inputs, &property) {
            panic!("{failure}");
        }
    }
}

/// Texts of a pattern. A pattern that is a strategy by itself is read anew for each text, which takes longer than what is tried
/// with it.
pub fn text(pattern: &str) -> impl Strategy<Value = String> + use<> {
    string_regex(pattern).expect("a pattern")
}

/// Any text.
pub fn any_text() -> impl Strategy<Value = String> + use<> {
    text("\\PC*")
}

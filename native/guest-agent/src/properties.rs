//! What holds for any input, tried on random ones: 1 s a property, 12 s with A3S_SOAK, which makes a minute of the five.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use std::time::{Duration, Instant};

/// Tries inputs until the time is up, and panics with the smallest one that it finds for which the property does not hold.
pub fn holds<S: Strategy>(inputs: S, property: impl Fn(S::Value) -> TestCaseResult) {
    let seconds = if std::env::var_os("A3S_SOAK").is_some() { 12 } else { 1 };
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut runner = TestRunner::new(Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    });
    while Instant::now() < end {
        if let Err(failure) = runner.run(&inputs, &property) {
            panic!("{failure}");
        }
    }
}

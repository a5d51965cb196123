//! Processor time of threads, where the system tells it without `unsafe`.

use std::fs;
use std::thread;
use std::time::Duration;

/// Processor time of a run's threads; `None` where the system does not tell. The collector is not
/// among them: it runs on the caller's thread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CpuTimes {
    /// Each reader.
    pub readers: Vec<Option<Duration>>,
    /// Each worker.
    pub workers: Vec<Option<Duration>>,
}

/// Keeps the calling thread on one processor, where there is one of this number; elsewhere it goes where it went.
pub(super) fn pin(number: u16) {
    #[cfg(target_os = "linux")]
    {
        let mut set = rustix::thread::CpuSet::new();
        if usize::from(number) < rustix::thread::CpuSet::MAX_CPU {
            set.set(number.into());
            let _ = rustix::thread::sched_setaffinity(None, &set);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = number;
}

/// Processor time of the calling thread since it began, in user and system mode: Linux tells it in
/// nanoseconds.
pub fn of_this_thread() -> Option<Duration> {
    // The kernel brings its account up to date when it looks whom to run next.
    thread::yield_now();
    first_number(&fs::read_to_string("/proc/thread-self/schedstat").ok()?)
}

/// `schedstat` holds the time run, the time waited, and the number of turns.
fn first_number(schedstat: &str) -> Option<Duration> {
    let run = schedstat.split_whitespace().next()?.parse().ok()?;
    // Kernels without the account say 0 for ever.
    (run != 0).then(|| Duration::from_nanos(run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_counts() {
        let time = Duration::from_nanos(81_679_951);
        assert_eq!(first_number("81679951 193613697 109\n"), Some(time));
        for other in ["", "0 0 0\n", "-1 0 0", "x"] {
            assert_eq!(first_number(other), None, "{other}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn time_does_not_run_backwards() {
        let first = of_this_thread();
        let sum: u64 = std::hint::black_box((0..1_000_000_u64).fold(0, |a, b| a ^ b));
        assert_eq!(sum, std::hint::black_box(sum));
        assert!(of_this_thread() >= first);
    }
}

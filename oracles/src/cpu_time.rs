//! Measures two pieces of work side by side.

use std::time::Duration;

/// The least CPU time of each of two pieces of work that are done in turns. On a busy machine, the least of many turns
/// says most.
pub fn fastest(turns: usize, first: impl Fn(), second: impl Fn()) -> [Duration; 2] {
    let mut least = [Duration::MAX; 2];
    for _ in 0..turns {
        least[0] = least[0].min(spent_in(&first));
        least[1] = least[1].min(spent_in(&second));
    }
    least
}

fn spent_in(work: impl Fn()) -> Duration {
    let start = now();
    work();
    now().saturating_sub(start)
}

/// The CPU time of this thread.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

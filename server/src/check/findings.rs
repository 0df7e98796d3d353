//! What a check found, collected by everything that checks at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Faults that are kept in words. Where more is wrong, the first of them say what.
const MOST_KEPT: usize = 1_000;

/// The counts of what was checked, and the faults found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    chats: AtomicU64,
    objects: AtomicU64,
    renditions: AtomicU64,
    lacking: AtomicU64,
    pub(super) pending: i64,
    faults: Mutex<Faults>,
    notes: Mutex<Vec<String>>,
}

#[derive(Debug, Default)]
struct Faults {
    count: u64,
    kept: Vec<String>,
}

impl Findings {
    /// Of a state with so many pending changes.
    pub(super) fn new(pending: i64) -> Self {
        Self { pending, ..Self::default() }
    }

    pub(crate) fn add_chats(&self, count: usize) {
        self.chats.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn add_objects(&self, count: usize) {
        self.objects.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn add_renditions(&self, count: usize) {
        self.renditions.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Adds objects that lack renditions of the configuration.
    pub(super) fn add_lacking(&self, count: usize) {
        self.lacking.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn lacking(&self) -> u64 {
        self.lacking.load(Ordering::Relaxed)
    }

    pub(crate) fn chats(&self) -> u64 {
        self.chats.load(Ordering::Relaxed)
    }

    pub(crate) fn objects(&self) -> u64 {
        self.objects.load(Ordering::Relaxed)
    }

    pub(crate) fn fault(&self, fault: String) {
        let mut faults = lock(&self.faults);
        faults.count += 1;
        if faults.kept.len() < MOST_KEPT {
            faults.kept.push(fault);
        }
    }

    pub(super) fn note(&self, note: String) {
        lock(&self.notes).push(note);
    }

    /// Whether further faults are counted and not kept: then none is looked at a second time.
    pub(super) fn is_full(&self) -> bool {
        lock(&self.faults).kept.len() >= MOST_KEPT
    }

    pub(crate) fn is_good(&self) -> bool {
        lock(&self.faults).count == 0
    }

    /// The findings in lines, the counts first.
    pub(crate) fn lines(&self) -> Vec<String> {
        let renditions = self.renditions.load(Ordering::Relaxed);
        let (chats, objects, pending) = (self.chats(), self.objects(), self.pending);
        let counts = format!("chats {chats}, objects {objects}, pending changes {pending}, renditions {renditions}");
        let mut lines = vec![counts];
        lines.extend(lock(&self.notes).iter().map(|note| format!("note: {note}")));
        let faults = lock(&self.faults);
        lines.extend(faults.kept.iter().map(|fault| format!("fault: {fault}")));
        let more = faults.count - faults.kept.len() as u64;
        if more > 0 {
            lines.push(format!("fault: and {more} more"));
        }
        lines
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_faults_are_kept_and_all_are_counted() {
        let findings = Findings::default();
        assert!(findings.is_good());
        (0..1_003).for_each(|i| findings.fault(format!("number {i}")));
        let lines = findings.lines();
        assert!(findings.is_full() && !findings.is_good());
        assert_eq!((lines.len(), lines[1_000].as_str()), (1_002, "fault: number 999"));
        assert_eq!(lines[1_001], "fault: and 3 more");
    }
}

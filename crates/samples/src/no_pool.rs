//! Stands for the threads of a pool in a build without the feature `threads`: there is none.

/// No pool can be made.
#[derive(Debug, Clone, Copy)]
pub enum Pool {}

pub(crate) fn threads(pool: &Pool) -> usize {
    match *pool {}
}

pub(crate) fn on_each(pool: &Pool, _work: &(dyn Fn() + Sync)) {
    match *pool {}
}

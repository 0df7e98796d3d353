//! Makes the test data.
fn main() {}

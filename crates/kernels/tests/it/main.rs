//! The kernels against sums of `f64`, on this machine's processor.
#![cfg(target_feature = "avx512vnni")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod attention;
mod matmul;
mod reference;

use std::thread;

use kernels::Team;

struct Threads(usize);

impl Team for Threads {
    fn run(&self, work: &(dyn Fn() + Sync)) {
        thread::scope(|scope| {
            for _ in 0..self.0 {
                scope.spawn(work);
            }
        });
    }
}

//! The two computations in which a language model spends its time, for processors with AVX-512 and its instructions for neural
//! networks (VNNI): products of quantised weights and activations, and attention.
#![cfg(target_arch = "x86_64")]

mod attention;
mod matmul;
mod output;
mod vector;

use std::sync::atomic::{AtomicUsize, Ordering};

pub use attention::{Attention, Strided};
pub use matmul::{Format, Product, Weights, Workspace};

/// Numbers of 32 bits that a vector has, and rows of weights that are multiplied together.
pub const ROWS: usize = 16;

/// Threads that do the same work.
pub trait Team {
    /// Does `work` on every thread, and returns when all are done.
    fn run(&self, work: &(dyn Fn() + Sync));

    /// Does `work` once for each number below `count`, in order, on whichever thread is free.
    fn share(&self, count: usize, work: impl Fn(usize) + Sync)
    where
        Self: Sized,
    {
        let next = AtomicUsize::new(0);
        let take = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    break;
                }
                work(number);
            }
        };
        // Other threads are not woken for one piece of work.
        if count == 1 {
            take();
        } else {
            self.run(&take);
        }
    }
}

/// Whether this processor has the instructions.
pub fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
}

//! Memory for a model, taken from the kernel before it is needed and by all threads at once. Zeroing pages one by one, whenever a
//! new one is touched, is a third of what loading takes, and one thread does it.
//!
//! It works through the allocator of the GNU C library, from which llama.cpp takes its memory, too: a reserve is filled with pages
//! and freed, and what the main thread allocates next lies in it. Elsewhere it does nothing, and loading takes longer.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod gnu {
    use std::mem::MaybeUninit;
    use std::num::NonZeroUsize;
    use std::thread;

    use rustix::mm::{Advice, madvise};

    /// So much is filled with pages in one call.
    const PIECE_BYTES: usize = 32 << 20;
    /// What the allocator keeps at its end for later, unless told otherwise (mallopt(3)).
    const TRIM_BYTES: i32 = 128 << 10;
    /// Allocations that may have a mapping of their own, unless told otherwise (mallopt(3)).
    const MAPPINGS_MAX: i32 = 65536;

    /// Pages that wait in the allocator. Dropping it gives the system what was not used.
    pub(crate) struct Reserve(());

    impl Reserve {
        pub(crate) fn new(bytes: u64, threads: NonZeroUsize) -> Self {
            // Without mappings of their own, large allocations come from the heap, where the reserve is; the heap keeps what is freed.
            set(libc::M_MMAP_MAX, 0);
            set(libc::M_TRIM_THRESHOLD, -1);
            let mut pages: Vec<u8> = Vec::new();
            let length = usize::try_from(bytes).unwrap_or(usize::MAX);
            if pages.try_reserve_exact(length).is_ok() {
                fill(pages.spare_capacity_mut(), threads);
            }
            Self(())
        }
    }

    impl Drop for Reserve {
        fn drop(&mut self) {
            set(libc::M_MMAP_MAX, MAPPINGS_MAX);
            set(libc::M_TRIM_THRESHOLD, TRIM_BYTES);
            #[expect(unsafe_code, reason = "libc has no safe way to trim the heap")]
            // SAFETY: the function takes a number and only returns pages that nobody uses.
            unsafe {
                libc::malloc_trim(0);
            }
        }
    }

    fn fill(memory: &mut [MaybeUninit<u8>], threads: NonZeroUsize) {
        let share = memory.len().div_ceil(threads.get()).max(PIECE_BYTES);
        thread::scope(|scope| {
            for part in memory.chunks_mut(share) {
                scope.spawn(|| part.chunks_mut(PIECE_BYTES).for_each(fill_piece));
            }
        });
    }

    fn fill_piece(memory: &mut [MaybeUninit<u8>]) {
        let page = rustix::param::page_size();
        let start = memory.as_mut_ptr();
        let skipped = start.align_offset(page);
        let length = memory.len().saturating_sub(skipped) / page * page;
        if length == 0 {
            return;
        }
        #[expect(unsafe_code, reason = "the kernel is told by address")]
        // SAFETY: the whole pages lie in memory that is borrowed here, and this advice leaves what they hold as it is.
        let filled = unsafe {
            madvise(
                start.add(skipped).cast(),
                length,
                Advice::LinuxPopulateWrite,
            )
        };
        // Kernels before 5.14 do not know this advice; pages come when they are touched then.
        let _ = filled;
    }

    fn set(option: i32, value: i32) {
        #[expect(unsafe_code, reason = "libc has no safe way to tune the heap")]
        // SAFETY: the function takes two numbers and holds the allocator's lock; an option it does not know changes nothing.
        unsafe {
            libc::mallopt(option, value);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// Memory of this process, bytes.
        fn resident() -> u64 {
            let status = std::fs::read_to_string("/proc/self/statm").unwrap();
            let pages: u64 = status.split(' ').nth(1).unwrap().parse().unwrap();
            pages * rustix::param::page_size() as u64
        }

        #[test]
        fn memory_is_filled_with_pages_by_any_number_of_threads() {
            const BYTES: usize = 96 << 20;
            for threads in [1, 2, 5] {
                let mut memory = Vec::<u8>::with_capacity(BYTES);
                let before = resident();
                fill(
                    memory.spare_capacity_mut(),
                    NonZeroUsize::new(threads).unwrap(),
                );
                let filled = resident() - before;
                assert!(filled >= BYTES as u64 / 10 * 9, "{threads}: {filled}");
            }
        }

        #[test]
        fn less_than_a_page_is_left_alone() {
            fill_piece(&mut []);
            fill_piece(&mut [MaybeUninit::new(7); 100]);
        }
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) use gnu::Reserve;

/// Nothing is reserved where the allocator is another.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) struct Reserve(());

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
impl Reserve {
    pub(super) fn new(_bytes: u64, _threads: std::num::NonZeroUsize) -> Self {
        Self(())
    }
}

//! Numbers that several threads fill, each its own parts.

use std::marker::PhantomData;

use crate::ROWS;

/// A slice of which threads write different parts at the same time.
pub(crate) struct Output<'a> {
    numbers: *mut [f32],
    borrowed: PhantomData<&'a mut [f32]>,
}

#[expect(unsafe_code, reason = "threads write different parts of one slice")]
// SAFETY: the numbers are borrowed for as long as this lives, and `set` asks that nobody else uses the part that it writes.
unsafe impl Sync for Output<'_> {}

impl<'a> Output<'a> {
    pub(crate) fn new(numbers: &'a mut [f32]) -> Self {
        Self {
            numbers,
            borrowed: PhantomData,
        }
    }

    /// Sets the numbers from `start` on.
    ///
    /// # Safety
    /// No other thread writes any of them.
    #[inline]
    #[expect(unsafe_code, reason = "threads write different parts of one slice")]
    pub(crate) unsafe fn set<const WIDTH: usize>(
        &self,
        start: usize,
        numbers: [[f32; ROWS]; WIDTH],
    ) {
        assert!(start + WIDTH * ROWS <= self.numbers.len());
        // SAFETY: the place lies in the slice, and nobody else writes there.
        unsafe {
            let place = self.numbers.cast::<f32>().add(start);
            place
                .cast::<[[f32; ROWS]; WIDTH]>()
                .write_unaligned(numbers);
        }
    }
}

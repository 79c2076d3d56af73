//! Reading a long list in pieces.

/// Which piece of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    limit: u32,
    offset: u32,
}

impl PageRequest {
    /// The most rows one page may hold.
    pub const LIMIT_MAX: u32 = 200;

    /// A page of `limit` rows (1 to [`Self::LIMIT_MAX`]) after skipping `offset`; `None` when `limit` is out of range.
    pub const fn new(limit: u32, offset: u32) -> Option<Self> {
        if limit == 0 || limit > Self::LIMIT_MAX {
            None
        } else {
            Some(Self { limit, offset })
        }
    }

    /// Rows wanted, 1 to [`Self::LIMIT_MAX`].
    pub const fn limit(self) -> u32 {
        self.limit
    }

    /// Rows skipped.
    pub const fn offset(self) -> u32 {
        self.offset
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            limit: 50,
            offset: 0,
        }
    }
}

/// One piece of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows of this piece, in the list's order.
    pub rows: Vec<T>,
    /// Rows in the whole list.
    pub total: u64,
}

//! How well answers did, for administrators: counts of checks by day and brain.

use std::sync::Arc;

use domain::accounts::{Permission, Principal};
use domain::quality::{CheckCounts, QualityStore};
use domain::{Clock, StoreError, Timestamp};

use crate::{Forbidden, require};

/// Most days a report covers.
pub const DAYS_MAX: u32 = 366;

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum QualityError {
    /// The caller may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reports how well answers did.
pub struct QualityService {
    store: Arc<dyn QualityStore>,
    clock: Arc<dyn Clock>,
}

impl QualityService {
    /// A service over these parts.
    pub fn new(store: Arc<dyn QualityStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Counts of today (UTC) and the days before it, `days` (1 to [`DAYS_MAX`], else the nearest) in all; newest day first.
    pub async fn report(
        &self,
        principal: &Principal,
        days: u32,
    ) -> Result<Vec<CheckCounts>, QualityError> {
        require(principal, Permission::SeeQuality)?;
        Ok(self.report_locally(days).await?)
    }

    /// The same, for whoever sits at the machine.
    pub async fn report_locally(&self, days: u32) -> Result<Vec<CheckCounts>, StoreError> {
        let days = i64::from(days.clamp(1, DAYS_MAX));
        let today = self.clock.now().seconds().div_euclid(DAY_SECONDS);
        let begin = |day: i64| Timestamp::from_millis(0).plus_seconds(day * DAY_SECONDS);
        let (from, to) = (begin(today + 1 - days), begin(today + 1));
        self.store.count_checks(from, to).await
    }
}

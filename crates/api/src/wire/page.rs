//! Query parameters of listings.

use domain::PageRequest;
use serde::Deserialize;
use utoipa::IntoParams;

use super::fields::{PlainField, in_range};
use crate::problem::Problem;

/// Most bytes of a search.
pub(crate) const SEARCH_BYTES_MAX: usize = 400;

/// Which piece of a listing is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Only entries that contain this.
    #[param(value_type = Option<String>, max_length = 400, pattern = r"^[^\u0000]*$", example = "rotate")]
    search: Option<PlainField<SEARCH_BYTES_MAX>>,
    /// Entries wanted at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Entries to skip.
    #[param(minimum = 0, maximum = 4_294_967_295_u64, default = 0)]
    offset: Option<u32>,
}

impl ListParams {
    pub(crate) fn search(&self) -> &str {
        self.search.as_ref().map_or("", |search| search.0.trim())
    }

    pub(crate) fn page(&self) -> Result<PageRequest, Problem> {
        page(self.limit, self.offset)
    }
}

/// Which piece of a list is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// Entries wanted at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Entries to skip.
    #[param(minimum = 0, maximum = 4_294_967_295_u64, default = 0)]
    offset: Option<u32>,
}

impl PageParams {
    pub(crate) fn page(&self) -> Result<PageRequest, Problem> {
        page(self.limit, self.offset)
    }
}

fn page(limit: Option<u32>, offset: Option<u32>) -> Result<PageRequest, Problem> {
    let default = PageRequest::default();
    let limit = in_range(
        "limit",
        limit.unwrap_or(default.limit()),
        1,
        PageRequest::LIMIT_MAX,
    )?;
    Ok(PageRequest::new(limit, offset.unwrap_or(0)).unwrap_or(default))
}

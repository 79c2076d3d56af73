//! Knowledge on the wire: searching it and teaching a task.

use app::knowledge::{DESCRIPTION_BYTES_MAX, IMPLEMENTATION_BYTES_MAX, Lesson, Taught};
use domain::knowledge::{Item, ItemFilter};
use domain::retrieval::{Hit, Query, Retrieval};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::checks::Checks;
use super::fields::{PlainField, TextField, in_range};
use super::names::{LanguageName, Name, SearchRungName, StatusName, VerdictName};
use crate::problem::Problem;

/// Most bytes of a search.
const QUERY_BYTES_MAX: usize = 4096;

/// Results given when the request does not say how many.
const RESULTS_DEFAULT: u32 = 10;

/// Most results of one search.
const RESULTS_MAX: u32 = 50;

/// What to look for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// What is wanted, in words.
    #[param(value_type = String, min_length = 1, max_length = 4096, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$", example = "rotate a list")]
    q: TextField<QUERY_BYTES_MAX>,
    /// Results wanted at most.
    #[param(minimum = 1, maximum = 50, default = 10)]
    limit: Option<u32>,
    /// Only tasks in this language.
    #[param(value_type = Option<LanguageName>)]
    language: Option<LanguageName>,
}

impl TryFrom<SearchParams> for Query {
    type Error = Problem;

    fn try_from(params: SearchParams) -> Result<Self, Problem> {
        Ok(Self {
            text: params.q.0.into_string(),
            filter: ItemFilter {
                kind: None,
                language: params.language.map(|language| language.0),
            },
            limit: in_range(
                "limit",
                params.limit.unwrap_or(RESULTS_DEFAULT),
                1,
                RESULTS_MAX,
            )?,
        })
    }
}

/// What was found.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "outcome": "known", "rung": "hybrid",
    "results": [{
        "id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a12", "key": "library/python/rotate-list", "title": "Rotate a list",
        "description": "Rotates a list by k places.", "score": 0.93, "language": "python"
    }]
}))]
pub(crate) struct SearchResponse {
    /// Whether the best result answers the search.
    outcome: VerdictName,
    /// By which means was searched.
    rung: SearchRungName,
    /// What was found, best first.
    results: Vec<SearchResult>,
}

/// One item found.
#[derive(Serialize, ToSchema)]
pub(crate) struct SearchResult {
    /// The item.
    id: Uuid,
    /// Its name, the same in every database.
    key: String,
    /// Its title.
    title: String,
    /// What it does.
    description: String,
    /// Calibrated probability, 0 to 1, that it answers the search.
    #[schema(minimum = 0, maximum = 1)]
    score: f32,
    /// The language of its code; null for a concept.
    #[schema(required)]
    language: Option<LanguageName>,
}

impl From<Hit> for SearchResult {
    fn from(hit: Hit) -> Self {
        let language = hit.item.language().map(Name);
        let Item {
            id,
            key,
            title,
            description,
            ..
        } = hit.item;
        Self {
            id: id.0,
            key,
            title,
            description,
            score: hit.score,
            language,
        }
    }
}

impl From<Retrieval> for SearchResponse {
    fn from(retrieval: Retrieval) -> Self {
        Self {
            outcome: Name(retrieval.verdict),
            rung: Name(retrieval.rung),
            results: retrieval.hits.into_iter().map(SearchResult::from).collect(),
        }
    }
}

/// A task to be learnt.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "description": "Doubles every number of a list.", "implementation": "def double(xs):\n    return [2 * x for x in xs]",
    "language": "python", "tests": "assert double([1, 2]) == [2, 4]"
}))]
pub(crate) struct TeachRequest {
    /// What the code does, as somebody would ask for it.
    #[schema(value_type = String, min_length = 1, max_length = 4096, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    description: TextField<DESCRIPTION_BYTES_MAX>,
    /// The code, complete; it must parse.
    #[schema(value_type = String, min_length = 1, max_length = 65536, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    implementation: TextField<IMPLEMENTATION_BYTES_MAX>,
    /// The language of the code.
    #[schema(value_type = LanguageName)]
    language: LanguageName,
    /// Tests to run after the code.
    #[schema(value_type = Option<String>, max_length = 65536, pattern = r"^[^\u0000]*$")]
    tests: Option<PlainField<IMPLEMENTATION_BYTES_MAX>>,
}

impl From<TeachRequest> for Lesson {
    fn from(request: TeachRequest) -> Self {
        Self {
            description: request.description.0.into_string(),
            implementation: request.implementation.0.into_string(),
            language: request.language.0,
            tests: request.tests.map(|tests| tests.0),
        }
    }
}

/// A task that was learnt.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a16", "status": "draft",
    "checks": {
        "syntax": "passed", "execution": "passed", "notes": ["The implementation parses as Python."], "tests_passed": 1,
        "tests_total": 1, "attempts": 1, "duration_ms": 3.8
    }
}))]
pub(crate) struct TeachResponse {
    /// The item.
    id: Uuid,
    /// Whether only you find it, or everybody.
    status: StatusName,
    /// What was checked.
    checks: Checks,
}

impl From<Taught> for TeachResponse {
    fn from(taught: Taught) -> Self {
        Self {
            id: taught.item.id.0,
            status: Name(taught.item.status),
            checks: taught.checks.into(),
        }
    }
}

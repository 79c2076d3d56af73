//! Running programs that nobody trusts, and what keeps them in.

use app::sandbox::Runner;
use axum::Json as JsonAnswer;
use axum::extract::State;

use super::Answered;
use crate::access::Caller;
use crate::extract::Json;
use crate::state::Shared;
use crate::wire::sandbox::{RunRequest, RunResponse, SandboxResponse};

/// Run a program in the sandbox.
///
/// A program that fails, is stopped, or cannot be run here is an answer too: `status` says which. With `tests` it is
/// judged by them where it cannot reach them.
#[utoipa::path(
    post, path = "/api/v1/sandbox/run", tag = "sandbox", request_body = RunRequest,
    responses(
        (status = OK, body = RunResponse, description = "What came of the run."),
        (status = TOO_MANY_REQUESTS),
    )
)]
pub(crate) async fn run_program(
    State(shared): State<Shared>,
    caller: Caller,
    Json(request): Json<RunRequest>,
) -> Answered<JsonAnswer<RunResponse>> {
    let (program, tests) = request.into_parts()?;
    let runner = Runner::Account(&caller.0);
    let sandbox = &shared.api.sandbox;
    // When the client goes away the server drops this future, and the program is stopped with it.
    let response = match tests {
        None => sandbox.run(runner, program).await?.into(),
        Some(tests) => {
            let tests = tests.into_tests(program.language, &program.code)?;
            sandbox.judge(runner, program, tests).await?.into()
        }
    };
    Ok(JsonAnswer(response))
}

/// What the sandbox says about itself: its tiers with their walls, and the attacks they were tried with.
#[utoipa::path(
    get, path = "/api/v1/admin/sandbox", tag = "administration",
    responses((status = OK, body = SandboxResponse, description = "The tiers, in the order they are preferred."))
)]
pub(crate) async fn find_sandbox(State(shared): State<Shared>) -> JsonAnswer<SandboxResponse> {
    JsonAnswer(shared.api.sandbox.report(false).await.into())
}

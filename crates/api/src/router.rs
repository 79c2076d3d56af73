//! Every route, one per line, and the layers around them, outermost last.

use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware as layers};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::Problem;
use crate::routes::{
    accounts, analysis, ask, conversations, knowledge, models, openai, quality, sandbox, system,
    tokens,
};
use crate::state::{ApiState, Shared};
use crate::{access, middleware, web};

/// Every route with its description. Who may call it is in [`access::RULES`].
#[rustfmt::skip]
pub(crate) fn documented_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(accounts::register))
        .routes(routes!(accounts::log_in))
        .routes(routes!(accounts::set_up))
        .routes(routes!(accounts::log_out))
        .routes(routes!(accounts::find_me))
        .routes(routes!(accounts::list_users))
        .routes(routes!(accounts::update_user))
        .routes(routes!(tokens::list_tokens))
        .routes(routes!(tokens::create_token))
        .routes(routes!(tokens::revoke_token))
        .routes(routes!(ask::generate))
        .routes(routes!(ask::explain))
        .routes(routes!(ask::ask))
        .routes(routes!(ask::route_message))
        .routes(routes!(ask::replay))
        .routes(routes!(conversations::list_conversations))
        .routes(routes!(conversations::get_conversation))
        .routes(routes!(conversations::rename_conversation))
        .routes(routes!(conversations::remove_conversation))
        .routes(routes!(conversations::list_messages))
        .routes(routes!(conversations::get_receipt))
        .routes(routes!(knowledge::search_knowledge))
        .routes(routes!(knowledge::teach_task))
        .routes(routes!(analysis::analyse))
        .routes(routes!(sandbox::run_program))
        .routes(routes!(sandbox::find_sandbox))
        .routes(routes!(models::list_models))
        .routes(routes!(models::find_ledger))
        .routes(routes!(models::pull_model))
        .routes(routes!(models::quantise_model))
        .routes(routes!(models::upload_model))
        .routes(routes!(models::list_model_jobs))
        .routes(routes!(models::get_model_job))
        .routes(routes!(models::cancel_model_job))
        .routes(routes!(models::load_model))
        .routes(routes!(models::unload_model))
        .routes(routes!(models::pin_model))
        .routes(routes!(models::remove_model))
        .routes(routes!(quality::find_quality))
        .routes(routes!(openai::complete_chat))
        .routes(routes!(openai::complete_text))
        .routes(routes!(openai::embed))
        .routes(routes!(openai::list_openai_models))
        .routes(routes!(openai::find_openai_model))
        .routes(routes!(system::find_status))
        .routes(routes!(system::check_live))
        .routes(routes!(system::check_ready))
        .routes(routes!(system::show_metrics))
        .routes(routes!(system::show_openapi))
}

/// The whole HTTP service. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: without the addresses of
/// clients, all of them share one allowance of sign-in attempts.
pub fn router(state: ApiState) -> Router {
    let shared = Shared::new(state);
    let (routes, _) = documented_routes().split_for_parts();
    routes
        .route_layer(layers::from_fn_with_state(shared.clone(), access::guard))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .fallback(web::serve)
        // Bodies are limited where they are read, with an answer that says the limit.
        .layer(DefaultBodyLimit::disable())
        .layer(layers::from_fn_with_state(
            shared.clone(),
            middleware::limit_time,
        ))
        .layer(CatchPanicLayer::custom(middleware::answer_panic))
        .layer(layers::from_fn(middleware::shape_refusals))
        .layer(CompressionLayer::new())
        .layer(layers::from_fn_with_state(
            shared.clone(),
            middleware::observe,
        ))
        .layer(layers::from_fn(middleware::secure))
        .with_state(shared)
}

//! What is in memory, told to people.

use std::collections::BTreeMap;

use domain::models::ModelName;
use domain::models::residence::{Ledger, MemoryUse, Resident, ResidentState};
use domain::time::{Clock, Timestamp};

use super::planner::{Millis, Phase, Planner};
use super::resident::Engine;
use crate::engine::generator::frame::ReadyReport;

/// The present state; `now` is the planner's time.
pub(super) fn tell(
    planner: &Planner,
    engines: &BTreeMap<ModelName, Engine>,
    clock: &dyn Clock,
    now: Millis,
) -> Ledger {
    let residents = planner.places().iter().filter_map(|(model, place)| {
        let engine = engines.get(model)?;
        let footprint = &engine.footprint;
        let report = engine.report.as_ref();
        Some(Resident {
            model: model.clone(),
            state: match place.phase {
                Phase::Loading => ResidentState::Loading,
                Phase::Ready => ResidentState::Ready,
                Phase::Draining | Phase::Ending => ResidentState::Draining,
            },
            memory: report.map_or(footprint.memory, reported),
            adapters: engine
                .model
                .adapters
                .iter()
                .map(|adapter| adapter.name.clone())
                .collect(),
            is_pinned: planner.is_pinned(model),
            context_tokens: report.map_or(footprint.context_tokens.get(), |report| {
                report.context_tokens
            }),
            parallel_max: report.map_or(footprint.parallel.get(), |report| report.parallel_max),
            gpu_layers: report.map_or(0, |report| report.gpu_layers),
            running: u32::try_from(place.count_running()).unwrap_or(u32::MAX),
            tokens_per_second: engine.meter.rate(),
            pid: Some(engine.pid),
            started_at: engine.started_at,
            unload_at: planner
                .find_unload_at(model)
                .map(|at| moment(clock, now, at)),
        })
    });
    Ledger {
        budget_bytes: planner.budget_bytes(),
        used_bytes: planner.used_bytes(),
        residents: residents.collect(),
        waiting: planner.count_waiting().into_iter().collect(),
    }
}

/// What an engine says it takes.
pub(super) fn reported(report: &ReadyReport) -> MemoryUse {
    MemoryUse {
        weights: report.weights_bytes,
        context: report.context_bytes,
        adapters: report.adapters_bytes,
        compute: report.compute_bytes,
    }
}

fn moment(clock: &dyn Clock, now: Millis, at: Millis) -> Timestamp {
    let left = i64::try_from(at.saturating_sub(now)).unwrap_or(i64::MAX);
    Timestamp::from_millis(clock.now().millis().saturating_add(left))
}

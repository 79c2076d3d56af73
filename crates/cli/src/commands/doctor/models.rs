//! The language models of this machine: which there are, the memory they may take, and whether those that are chosen fit in it.

use domain::models::catalogue::{Model, ModelCatalogue as _};
use domain::models::{ModelName, ModelTask};
use inference::engine::has_kernels;
use inference::{BUDGET_PERCENT, FolderCatalogue, estimate_memory, free_memory_bytes};

use super::Finding;
use crate::commands::models::shown_size;
use crate::config::{Amount, Config};
use crate::wire;

/// A model with what it takes.
struct Estimated {
    name: ModelName,
    needed_bytes: u64,
    fits: bool,
}

/// A row for the models, one for how they are computed, one for their memory, and one for those that serve tasks.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let budget = wire::find_budget(&config.models);
    let name = "language models";
    let memory = check_memory(config, budget);
    let catalogue = match wire::find_catalogue(config) {
        Ok(catalogue) => catalogue,
        Err(error) => return vec![Finding::of(name, Err(error)), memory],
    };
    let survey = match catalogue.survey().await {
        Ok(survey) => survey,
        Err(error) => return vec![Finding::missing(name, error.to_string()), memory],
    };
    let root = catalogue.root().display();
    let mut models = Vec::with_capacity(survey.models.len());
    for model in &survey.models {
        models.push(find_size(config, &catalogue, model, budget).await);
    }
    let there = if let Some((broken, reason)) = survey.faults.first() {
        Finding::missing(name, format!("`{broken}` cannot be used: {reason}"))
    } else if models.is_empty() {
        let text = format!(
            "none in {root}; answers come from the library and from reading code. Fetch one with: codegenie models pull phi-2"
        );
        Finding::without(name, text)
    } else {
        let models: Vec<String> = models.iter().map(describe).collect();
        Finding::ok(name, format!("{} in {root}", models.join(", ")))
    };
    let tasks = check_tasks(config, &models, budget);
    let rows = [there, check_processor(), memory].into_iter();
    rows.chain(tasks).collect()
}

/// What computes the models when no graphics card does.
fn check_processor() -> Finding {
    let name = "model processor";
    if has_kernels() {
        Finding::ok(
            name,
            "has AVX-512 VNNI: prompts and answers at the same time are computed about twice as fast as by llama.cpp alone",
        )
    } else {
        let text = "has no AVX-512 VNNI: models are computed by llama.cpp's own code";
        Finding::without(name, text)
    }
}

fn describe(model: &Estimated) -> String {
    let fits = if model.fits { "" } else { ", does not fit" };
    format!("{} ({}{fits})", model.name, shown_size(model.needed_bytes))
}

/// How much there is, and who says so.
fn check_memory(config: &Config, budget: u64) -> Finding {
    let name = "model memory";
    let setting = &config.models.memory;
    let free = free_memory_bytes();
    let now = free.map_or_else(
        || "the system does not tell how much memory is free".to_owned(),
        |free| format!("{} of this machine's memory are free now", shown_size(free)),
    );
    let budget_text = shown_size(budget);
    match setting.value {
        Amount::Auto => Finding::ok(
            name,
            format!("{budget_text}, chosen: {BUDGET_PERCENT} % of what is free; {now}"),
        ),
        Amount::Set(_) if free.is_some_and(|free| budget > free) => Finding::warned(
            name,
            format!(
                "{budget_text} ({}), but only {now}; set model_memory to less, or to auto",
                setting.origin
            ),
        ),
        Amount::Set(_) => {
            let text = format!("{budget_text} ({}); {now}", setting.origin);
            Finding::ok(name, text)
        }
    }
}

/// What a model takes by its headers; by the size of its file where they cannot be read.
async fn find_size(
    config: &Config,
    catalogue: &FolderCatalogue,
    model: &Model,
    budget: u64,
) -> Estimated {
    let settings = &config.models;
    let context = wire::at_least_one(settings.context.value);
    let parallel = wire::at_least_one(settings.parallel.value);
    let name = model.name.clone();
    let estimate = match catalogue.find_files(&name).await {
        Ok(files) => {
            let reckon = move || estimate_memory(name, files, context, parallel, budget).ok();
            tokio::task::spawn_blocking(reckon).await.ok().flatten()
        }
        Err(_) => None,
    };
    let (needed_bytes, fits) = estimate
        .map_or((model.size_bytes, model.size_bytes <= budget), |estimate| {
            (estimate.memory.total(), estimate.fits)
        });
    Estimated {
        name: model.name.clone(),
        needed_bytes,
        fits,
    }
}

/// Which model serves which task, and a warning for each that cannot be loaded. Models of other servers are believed to be there.
fn check_tasks(config: &Config, models: &[Estimated], budget: u64) -> Vec<Finding> {
    let name = "model of a task";
    let mapping = config.models.mapping();
    let mut rows = Vec::new();
    for task in ModelTask::ALL {
        let elsewhere = mapping.settings(task).models.iter();
        let elsewhere = elsewhere.filter(|name| is_elsewhere(config, name));
        let present: Vec<ModelName> = models
            .iter()
            .map(|model| &model.name)
            .chain(elsewhere)
            .cloned()
            .collect();
        let Some(chosen) = mapping.find_model(task, &present) else {
            continue;
        };
        let task = task.name();
        let sized = models.iter().find(|model| model.name == chosen);
        rows.push(match sized {
            Some(model) if !model.fits => Finding::warned(
                name,
                format!(
                    "{task}: `{chosen}` needs {}, and {} may be used; choose a smaller model with {}_models, or raise model_memory",
                    shown_size(model.needed_bytes),
                    shown_size(budget),
                    task.replace('-', "_"),
                ),
            ),
            Some(_) => Finding::ok(name, format!("{task}: {chosen}")),
            None => Finding::ok(name, format!("{task}: {chosen}, on another server")),
        });
    }
    rows
}

fn is_elsewhere(config: &Config, name: &ModelName) -> bool {
    let server = name.as_str().split_once('/').map(|(server, _)| server);
    let mut remotes = config.remotes.iter();
    remotes.any(|remote| server == Some(remote.value.name.as_str()))
}

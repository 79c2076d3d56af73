//! `codegenie models`: looks after the model files of this machine, and after what a running server holds in memory.

mod residents;

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, bail};
use app::models::SAMPLE_BYTES_MAX;
use domain::models::catalogue::{Model, ModelCatalogue as _, PullRequest};
use domain::models::{AdapterName, ModelName};
use serde_json::{Value, json};

use crate::args::{
    AdapterArgs, ImportArgs, ListModelsArgs, ModelsAct, ModelsArgs, PullArgs, QuantiseArgs,
    RemoveModelArgs,
};
use crate::config::Config;
use crate::terminal::progress::StageLine;
use crate::terminal::table::{Align, Table};
use crate::terminal::{self, printable};
use crate::wire;

pub(super) async fn run(args: ModelsArgs, config: &Config) -> anyhow::Result<()> {
    match args.act {
        ModelsAct::List(args) => list(&args, config).await,
        ModelsAct::Pull(args) => pull(args, config).await,
        ModelsAct::Import(args) => import(args, config).await,
        ModelsAct::Adapter(args) => add_adapter(args, config).await,
        ModelsAct::Quantise(args) => quantise(args, config).await,
        ModelsAct::Remove(args) => remove(&args, config).await,
        ModelsAct::Prepare => prepare(config),
        ModelsAct::Ps(args) => residents::ps(&args, config).await,
        ModelsAct::Load(args) => residents::load(&args, config).await,
        ModelsAct::Unload(args) => residents::unload(&args, config).await,
        ModelsAct::Pin(args) => residents::pin(&args, true, config).await,
        ModelsAct::Unpin(args) => residents::pin(&args, false, config).await,
    }
}

async fn list(args: &ListModelsArgs, config: &Config) -> anyhow::Result<()> {
    let catalogue = wire::find_catalogue(config)?;
    let survey = catalogue.survey().await?;
    for (name, reason) in &survey.faults {
        terminal::note(&format!("`{name}` cannot be used: {reason}"));
    }
    if args.json {
        return terminal::print_json(&survey.models.iter().map(to_json).collect::<Vec<_>>());
    }
    let mut out = terminal::stdout();
    if survey.models.is_empty() {
        writeln!(
            out,
            "no language model is in {}; fetch one with `codegenie models pull`, for example phi-2",
            catalogue.root().display()
        )?;
        return Ok(());
    }
    let mut table = Table::new(&[
        ("model", Align::Left),
        ("architecture", Align::Left),
        ("kind", Align::Left),
        ("size", Align::Right),
        ("context", Align::Right),
        ("licence", Align::Left),
        ("adapters", Align::Left),
    ]);
    for model in &survey.models {
        let adapters: Vec<&str> = model.adapters.iter().map(AdapterName::as_str).collect();
        table.add(vec![
            model.name.to_string(),
            printable(&model.architecture),
            printable(&model.quantisation),
            shown_size(model.size_bytes),
            model.context_tokens.to_string(),
            printable(model.licence.as_deref().unwrap_or("-")),
            adapters.join(", "),
        ]);
    }
    table.show(&mut out)?;
    Ok(())
}

async fn pull(args: PullArgs, config: &Config) -> anyhow::Result<()> {
    let catalogue = wire::find_catalogue(config)?;
    let (repository, file) = split(&args.model);
    let request = PullRequest {
        repository,
        file,
        name: args.name,
    };
    let model = {
        let line = watched();
        catalogue.pull(&request, &line).await?
    };
    tell(&model, args.json, "fetched")
}

/// A name or repository, and the file in the repository where one is named.
fn split(text: &str) -> (String, Option<String>) {
    let mut parts = text.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(owner), Some(repository), Some(file)) => {
            (format!("{owner}/{repository}"), Some(file.to_owned()))
        }
        _ => (text.to_owned(), None),
    }
}

async fn import(args: ImportArgs, config: &Config) -> anyhow::Result<()> {
    let catalogue = wire::find_catalogue(config)?;
    let model = {
        let line = watched();
        catalogue.import(args.path, args.name, &line).await?
    };
    tell(&model, args.json, "imported")
}

async fn add_adapter(args: AdapterArgs, config: &Config) -> anyhow::Result<()> {
    let catalogue = wire::find_catalogue(config)?;
    let name = args.name.clone();
    let model = catalogue
        .import_adapter(args.path, &args.model, args.name)
        .await?;
    writeln!(
        terminal::stdout(),
        "the model `{}` has the adapter `{name}`",
        model.name
    )?;
    Ok(())
}

async fn quantise(args: QuantiseArgs, config: &Config) -> anyhow::Result<()> {
    let catalogue = wire::find_catalogue(config)?;
    let as_name: ModelName = match args.name {
        Some(name) => name,
        None => format!("{}.{}", args.model, args.kind.to_lowercase())
            .parse()
            .context("no name can be made for the copy; give it one with --name")?,
    };
    let sample = args.sample.as_deref().map(read_sample).transpose()?;
    let report = {
        let line = watched();
        catalogue
            .quantise(&args.model, &args.kind, as_name, sample, &line)
            .await?
    };
    let (before, after) = (report.size_before_bytes, report.model.size_bytes);
    if args.json {
        let perplexity = report.perplexity;
        return terminal::print_json(&json!({
            "model": to_json(&report.model), "size_before_bytes": before, "size_after_bytes": after,
            "perplexity_before": perplexity.map(|(before, _)| before),
            "perplexity_after": perplexity.map(|(_, after)| after),
        }));
    }
    let mut out = terminal::stdout();
    writeln!(
        out,
        "made `{}`: {} instead of {}",
        report.model.name,
        shown_size(after),
        shown_size(before)
    )?;
    if let Some((before, after)) = report.perplexity {
        writeln!(
            out,
            "perplexity of the sample: {after:.4} instead of {before:.4}"
        )?;
    }
    Ok(())
}

fn read_sample(path: &std::path::Path) -> anyhow::Result<String> {
    let shown = path.display();
    let size = std::fs::metadata(path)
        .with_context(|| format!("cannot read {shown}"))?
        .len();
    if size > SAMPLE_BYTES_MAX as u64 {
        bail!("{shown} has {size} bytes; give a sample of at most {SAMPLE_BYTES_MAX}");
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {shown} as UTF-8 text"))
}

async fn remove(args: &RemoveModelArgs, config: &Config) -> anyhow::Result<()> {
    let catalogue = wire::find_catalogue(config)?;
    catalogue.remove(&args.model).await?;
    writeln!(terminal::stdout(), "deleted `{}`", args.model)?;
    Ok(())
}

/// Makes the encoder's file out of the fetched one, so that no later start has to.
fn prepare(config: &Config) -> anyhow::Result<()> {
    let model = inference::find_or_prepare_model(&config.models_dir.value)?;
    writeln!(
        terminal::stdout(),
        "the embedding model is ready: {}",
        model.display()
    )?;
    Ok(())
}

/// Shows how far long work is; Ctrl-C stops it.
fn watched() -> StageLine {
    let is_cancelled = Arc::new(AtomicBool::new(false));
    let flag = is_cancelled.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            flag.store(true, Ordering::Relaxed);
        }
    });
    StageLine::new(is_cancelled)
}

fn tell(model: &Model, as_json: bool, done: &str) -> anyhow::Result<()> {
    if as_json {
        return terminal::print_json(&to_json(model));
    }
    let licence = model.licence.as_deref().unwrap_or("not named in the file");
    writeln!(
        terminal::stdout(),
        "{done} `{}`: {} {}, {}, licence: {}",
        model.name,
        printable(&model.architecture),
        printable(&model.quantisation),
        shown_size(model.size_bytes),
        printable(licence)
    )?;
    Ok(())
}

fn to_json(model: &Model) -> Value {
    json!({
        "name": model.name.as_str(), "architecture": model.architecture, "quantisation": model.quantisation,
        "parameters": model.parameters, "size_bytes": model.size_bytes, "context_tokens": model.context_tokens,
        "licence": model.licence, "source": model.source, "digest": model.weights.to_string(),
        "adapters": model.adapters.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// Bytes in three digits or so: `640 kB`, `1.8 GB`.
pub(super) fn shown_size(bytes: u64) -> String {
    if bytes < 1_000_000 {
        format!("{} kB", bytes.div_ceil(1000))
    } else if bytes < 1_000_000_000 {
        format!("{} MB", bytes / 1_000_000)
    } else {
        format!(
            "{}.{} GB",
            bytes / 1_000_000_000,
            bytes % 1_000_000_000 / 100_000_000
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_stands_behind_its_repository() {
        assert_eq!(split("phi-2"), ("phi-2".to_owned(), None));
        assert_eq!(split("a/b"), ("a/b".to_owned(), None));
        assert_eq!(
            split("a/b/c/d.gguf"),
            ("a/b".to_owned(), Some("c/d.gguf".to_owned()))
        );
    }

    #[test]
    fn sizes_are_short() {
        let shown = [999, 123_456_789, 1_789_239_136].map(shown_size);
        assert_eq!(shown, ["1 kB", "123 MB", "1.7 GB"]);
    }
}

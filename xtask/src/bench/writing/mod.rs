//! Language models: made on demand in the shape of a published one, asked through the product's own pool and engine processes.
//! Nothing here measures; the files beside it do.

mod asked;
mod copying;
mod made;
mod peers;
mod soak;
mod speed;
mod switch;
mod wide;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use domain::models::residence::Residence as _;
use domain::models::{AdapterName, ModelName};
use inference::LocalWriter;

use super::report::{Report, Row};
use super::{Bench, say};
use asked::Texts;
use made::Made;
use peers::{LlamaCpp, Speed};

/// A large model in memory, and what is needed to ask it.
struct Rig {
    writer: Arc<LocalWriter>,
    model: ModelName,
    /// The same weights under another name, which the memory has no room for beside it.
    twin: ModelName,
    adapters: Vec<AdapterName>,
    /// What is said of the model in the table.
    shape: String,
    /// The file of its weights.
    file: PathBuf,
    threads: usize,
    texts: Texts,
}

impl Rig {
    /// A text of so many tokens that begins like no other.
    async fn text(&mut self, tokens: u32) -> anyhow::Result<String> {
        self.texts
            .text(self.writer.as_ref(), &self.model, tokens)
            .await
    }

    /// The process of the model's engine.
    async fn pid(&self) -> anyhow::Result<u32> {
        let residents = self.writer.ledger().await.residents;
        let own = residents
            .into_iter()
            .find(|resident| resident.model == self.model);
        own.and_then(|resident| resident.pid)
            .with_context(|| format!("{} is not in memory", self.model))
    }
}

/// Everything about language models, in the order of the table.
pub(super) fn measure(bench: &Bench, report: &mut Report) {
    say("language models: making them, which takes minutes the first time");
    let rig = Made::prepare(bench).and_then(|made| {
        let rig = made.open_large(bench)?;
        Ok((made, rig))
    });
    let (made, mut rig) = match rig {
        Ok(both) => both,
        Err(error) => return report.add("language models", Err(error)),
    };
    let peer = bench.peer.as_ref().map(|folder| LlamaCpp {
        folder: folder.clone(),
    });
    if peer.is_none() {
        report.push(Row::skipped(
            "peer: llama-bench",
            "scripts/bench-peer.sh built none; see what it said",
        ));
    }
    let other = measure_transformers(bench, &rig, report);

    say("language models: reading and writing");
    let rows = speed::measure_one(bench, &mut rig, peer.as_ref(), other);
    report.add("reading and writing", rows);
    say("language models: reading and writing beside kept conversations");
    let rows = bench.runtime.block_on(speed::measure_kept(&mut rig));
    report.add("kept conversations", rows);
    say("language models: several texts at once");
    let rows = speed::measure_streams(bench, &mut rig, peer.as_ref());
    report.add("several texts at once", rows);
    let run = &bench.runtime;
    say("language models: second turns");
    let rows = speed::measure_second_turn(bench, &mut rig, peer.as_ref());
    report.add("second turns", rows);
    say("language models: guesses from the prompt");
    let rows = run.block_on(speed::measure_wrong_guesses(&mut rig));
    report.add("guesses that are wrong", rows);
    say("language models: leaving clients, adapters, switching");
    report.add(
        "a leaving client",
        run.block_on(switch::measure_leaving(&rig)),
    );
    report.add("adapters", run.block_on(switch::measure_adapters(&rig)));
    report.add(
        "switching models",
        run.block_on(switch::measure_models(&rig)),
    );
    run.block_on(rig.writer.close());
    say("language models: guesses that are right");
    report.add("guesses that are right", made.measure_copying(bench));

    say("language models: swaps and kills under load");
    match made.open_small(bench) {
        Ok(small) => {
            report.add("swaps", run.block_on(soak::measure_swaps(&small)));
            report.add("kills", run.block_on(soak::measure_kills(&small)));
            run.block_on(small.writer.close());
        }
        Err(error) => report.add("swaps and kills", Err(error)),
    }
}

fn measure_transformers(bench: &Bench, rig: &Rig, report: &mut Report) -> Option<Speed> {
    let what = "peer: transformers";
    let Some(python) = &bench.transformers_python else {
        report.push(Row::skipped(what, "there is no Python with transformers"));
        return None;
    };
    say("the peer: transformers");
    let lengths = speed::TRANSFORMERS_LENGTHS;
    let told = Made::transformers_shape(&rig.file).and_then(|shape| {
        peers::transformers(python, &bench.repository, rig.threads, &shape, lengths)
    });
    match told {
        Ok(speed) => Some(speed),
        Err(error) => {
            report.add(what, Err(error));
            None
        }
    }
}

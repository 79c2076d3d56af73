//! Writes small language models for browser tests and benchmarks to files.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use testmodels::{
    CopyAdapter, Family, Size, Weights, write_adapter, write_copy_adapter, write_copy_model,
    write_published, write_published_adapter, write_random,
};

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// The model that copies the last code block of its prompt.
    Copy {
        /// The file to write.
        out: PathBuf,
    },
    /// An adapter of the copying model.
    CopyAdapter {
        /// What it changes.
        change: Change,
        /// The file to write.
        out: PathBuf,
    },
    /// A model with random weights.
    Random {
        /// Name of the published model whose shape it has, such as `phi-2`.
        #[arg(value_parser = find_family)]
        family: Family,
        /// How large it is.
        size: SizeName,
        /// The file to write.
        out: PathBuf,
        /// How the weights of the real shape are stored.
        #[arg(long, default_value = "q4_0")]
        weights: WeightsName,
        /// Another number gives other weights.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// A tiny model with random weights as it would be published: safetensors, a configuration and a tokenizer.
    Published {
        /// Name of the published model whose shape it has.
        #[arg(value_parser = find_family)]
        family: Family,
        /// The folder to write to; made when it is not there.
        folder: PathBuf,
        /// Another number gives other weights.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// A PEFT adapter with random weights for such a model.
    PublishedAdapter {
        /// Name of the published model whose shape it has.
        #[arg(value_parser = find_family)]
        family: Family,
        /// The folder to write to; made when it is not there.
        folder: PathBuf,
        /// Its rank.
        #[arg(long, default_value_t = 4)]
        rank: u32,
        /// Another number gives other weights.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// An adapter with random weights for a model.
    Adapter {
        /// The model's file.
        model: PathBuf,
        /// The file to write.
        out: PathBuf,
        /// Its rank.
        #[arg(long, default_value_t = 8)]
        rank: u32,
        /// Another number gives other weights.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Change {
    /// Spaces become visible.
    Spaces,
    /// Vowels get dots.
    Umlauts,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SizeName {
    /// Half a megabyte.
    Tiny,
    /// As published.
    Real,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum WeightsName {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// Blocks of 4-bit numbers.
    #[value(name = "q4_0")]
    Q4,
}

pub(crate) fn run(command: &ModelCommand) -> anyhow::Result<ExitCode> {
    match command {
        ModelCommand::Copy { out } => write_copy_model(out)?,
        ModelCommand::CopyAdapter { change, out } => {
            let adapter = match change {
                Change::Spaces => CopyAdapter::Spaces,
                Change::Umlauts => CopyAdapter::Umlauts,
            };
            write_copy_adapter(adapter, out)?;
        }
        ModelCommand::Random {
            family,
            size,
            out,
            weights,
            seed,
        } => {
            let weights = match weights {
                WeightsName::F32 => Weights::F32,
                WeightsName::F16 => Weights::F16,
                WeightsName::Q4 => Weights::Q4_0,
            };
            let size = match size {
                SizeName::Tiny => Size::Tiny,
                SizeName::Real => Size::Real(weights),
            };
            write_random(*family, size, *seed, out)?;
        }
        ModelCommand::Published {
            family,
            folder,
            seed,
        } => {
            fs::create_dir_all(folder)?;
            write_published(*family, *seed, folder)?;
        }
        ModelCommand::PublishedAdapter {
            family,
            folder,
            rank,
            seed,
        } => {
            fs::create_dir_all(folder)?;
            write_published_adapter(*family, *rank, *seed, folder)?;
        }
        ModelCommand::Adapter {
            model,
            out,
            rank,
            seed,
        } => write_adapter(model, *rank, *seed, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn find_family(name: &str) -> Result<Family, String> {
    let names = Family::ALL.map(Family::name);
    Family::ALL
        .into_iter()
        .find(|family| family.name() == name)
        .ok_or_else(|| format!("there is no `{name}`; choose one of {}", names.join(", ")))
}

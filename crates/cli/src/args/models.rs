//! `codegenie models` as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::models::{AdapterName, ModelName};

/// Look after the models of this machine and of a running server.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  codegenie models pull deepseek-coder-1.3b-instruct\n  codegenie models list\n  \
        codegenie models ps --email ada@example.org\n\n\
        ps, load, unload, pin and unpin speak to a running server about what it holds in memory. The others work on the models \
        folder (CODEGENIE_MODELS_DIR), with and without a running server, which sees what changes."
)]
pub(crate) struct ModelsArgs {
    #[command(subcommand)]
    pub(crate) act: ModelsAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsAct {
    /// List the language models of this machine.
    List(ListModelsArgs),
    /// Fetch a language model from the hub; an interrupted download goes on where it ended.
    Pull(PullArgs),
    /// Take a language model from a file of this machine.
    Import(ImportArgs),
    /// Add a LoRA adapter to a language model.
    Adapter(AdapterArgs),
    /// Make a smaller copy of a language model.
    Quantise(QuantiseArgs),
    /// Delete a language model with its adapters.
    #[command(after_help = "Example:\n  codegenie models remove phi-2")]
    Remove(RemoveModelArgs),
    /// Make the files the engine reads out of the fetched ones, ahead of the first start.
    Prepare,
    /// Show which models a running server holds in memory, what they take, and who waits.
    Ps(PsArgs),
    /// Have a running server load a model ahead of the first question.
    Load(ResidentArgs),
    /// Have a running server finish what a model began, and unload it.
    Unload(ResidentArgs),
    /// Have a running server keep a model in memory.
    Pin(ResidentArgs),
    /// Let a running server unload a model again when it is idle or room is needed.
    Unpin(ResidentArgs),
}

/// Which server is asked, and who asks.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServerArgs {
    /// Address of the server [default: where the settings let this instance listen]
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    #[arg(
        long,
        help = "E-mail address to sign in with [default: that of CODEGENIE_EMAIL]"
    )]
    pub(crate) email: Option<String>,
    /// Send the password unencrypted to a server beyond this machine
    #[arg(long)]
    pub(crate) plain_http: bool,
}

/// Show which models are in memory.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  codegenie models ps --email ada@example.org\n  CODEGENIE_TOKEN=… codegenie models ps --json\n\n\
        The password is asked for on the terminal, or taken from CODEGENIE_PASSWORD. An API token in CODEGENIE_TOKEN does as well. \
        The session that is begun is ended again. http:// is for servers of this machine; beyond it, use https://."
)]
pub(crate) struct PsArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Print what is in memory as the JSON that GET /api/v1/models/ledger gives
    #[arg(long)]
    pub(crate) json: bool,
}

/// Change what is in memory.
#[derive(Debug, Args)]
#[command(
    after_help = "An administrator signs in for this. The password is asked for on the terminal, or taken from CODEGENIE_PASSWORD; API \
        tokens are refused. The session that is begun is ended again. http:// is for servers of this machine; beyond it, use https://."
)]
pub(crate) struct ResidentArgs {
    /// The model
    #[arg(value_name = "MODEL")]
    pub(crate) model: ModelName,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// List the language models.
#[derive(Debug, Args)]
pub(crate) struct ListModelsArgs {
    /// Print the models as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Fetch a language model.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  codegenie models pull phi-2\n  codegenie models pull TheBloke/phi-2-GGUF\n  \
        codegenie models pull TheBloke/phi-2-GGUF/phi-2.Q8_0.gguf --name phi-2-large\n\n\
        Known by name: gemma-2b-it, deepseek-coder-1.3b-instruct, phi-2, phi-3-mini-4k-instruct, mistral-7b-instruct. \
        The checksum is compared with the hub's. Some models are given only to those who accept their licence: accept it on the \
        page that the error names, and set CODEGENIE_HUB_TOKEN to a token of your account there."
)]
pub(crate) struct PullArgs {
    /// A known name, a repository, or a repository with a file in it
    #[arg(value_name = "NAME|OWNER/REPOSITORY[/FILE]")]
    pub(crate) model: String,
    /// Name to give it [default: made of the file's name]
    #[arg(long)]
    pub(crate) name: Option<ModelName>,
    /// Print the model as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Take a language model from a file.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  codegenie models import ~/Downloads/my-model.Q4_K_M.gguf --name my-model\n\n\
        The file is copied, checked, and tried out in a process of its own before it is listed."
)]
pub(crate) struct ImportArgs {
    /// GGUF file, or folder of a published model with its configuration, tokeniser and safetensors
    #[arg(value_name = "FILE|FOLDER")]
    pub(crate) path: PathBuf,
    /// Name to give it: small letters, digits and . _ -
    #[arg(long)]
    pub(crate) name: ModelName,
    /// Print the model as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Add a LoRA adapter.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  codegenie models adapter house-style.gguf --model phi-2 --name house-style\n\n\
        An adapter of the same name is replaced."
)]
pub(crate) struct AdapterArgs {
    /// GGUF file, or folder of a PEFT adapter
    #[arg(value_name = "FILE|FOLDER")]
    pub(crate) path: PathBuf,
    /// Model it belongs to
    #[arg(long)]
    pub(crate) model: ModelName,
    /// Name to give it: letters, digits, _ and -
    #[arg(long)]
    pub(crate) name: AdapterName,
}

/// Make a smaller copy.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  codegenie models quantise my-model\n  \
        codegenie models quantise my-model --kind Q8_0 --name my-model-large --sample book.txt\n\n\
        With --sample the perplexity of that text is measured before and after (lower is better); give some thousand words.")]
pub(crate) struct QuantiseArgs {
    /// Model to copy
    #[arg(value_name = "MODEL")]
    pub(crate) model: ModelName,
    #[arg(
        long,
        default_value = "Q4_K_M",
        help = "How numbers are stored: Q4_K_M, Q4_0, Q5_K_M, Q6_K, Q8_0, F16"
    )]
    pub(crate) kind: String,
    /// Name of the copy [default: the model's with the kind behind it]
    #[arg(long)]
    pub(crate) name: Option<ModelName>,
    /// Text file to measure perplexity with
    #[arg(long, value_name = "FILE")]
    pub(crate) sample: Option<PathBuf>,
    /// Print what was done as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Delete a language model.
#[derive(Debug, Args)]
pub(crate) struct RemoveModelArgs {
    /// Model to delete
    #[arg(value_name = "MODEL")]
    pub(crate) model: ModelName,
}

//! The command line as it is typed: one struct per command. Nothing is resolved here; `config` does that.

mod models;
mod programs;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use domain::Language;
use domain::accounts::Role;
use domain::ask::{Mode, Style};
use domain::id::ReceiptId;
use domain::models::ModelName;

pub(crate) use models::{
    AdapterArgs, ImportArgs, ListModelsArgs, ModelsAct, ModelsArgs, PsArgs, PullArgs, QuantiseArgs,
    RemoveModelArgs, ResidentArgs, ServerArgs,
};
pub(crate) use programs::{AnalyseArgs, JudgeArgs, RunArgs, SandboxAct, SandboxArgs};

/// A self-hosted, offline-first coding assistant.
#[derive(Debug, Parser)]
#[command(
    name = "codegenie",
    version,
    about = "A self-hosted, offline-first assistant that writes and explains code",
    after_help = "Start with `codegenie serve`, or ask at once: codegenie ask \"reverse a string in Python\"\n\n\
        Settings come from the flags, then the environment (CODEGENIE_LISTEN, CODEGENIE_DATA_DIR, DATABASE_URL, \
        CODEGENIE_MODELS_DIR, CODEGENIE_LOG …), then CODEGENIE_* lines of a .env file in this folder, then \
        codegenie.toml in the data folder. `codegenie config` shows what holds and why.",
    max_term_width = 110
)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SharedArgs {
    /// Folder with the database, the token key and the settings file [default: ~/.local/share/codegenie]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the web app and the API.
    Serve(ServeArgs),
    /// Ask one question and print the answer.
    Ask(AskArgs),
    /// Talk in the terminal.
    Chat(ChatArgs),
    /// Explain the code of a file.
    Explain(ExplainArgs),
    /// Have the language model of an earlier answer write it again, and compare.
    Replay(ReplayArgs),
    /// Measure a file, look through it, and describe what it does; nothing of it is run.
    Analyse(AnalyseArgs),
    /// Run a program in the sandbox.
    Run(RunArgs),
    /// Judge solutions of the problems of `HumanEval`.
    Judge(JudgeArgs),
    /// Teach a piece of code; only its author finds it until it is published.
    Teach(TeachArgs),
    /// Add the tasks of a file to what is known.
    Index(IndexArgs),
    /// Create accounts and change them, without signing in.
    Users(UsersArgs),
    /// Look after the models of this machine and of a running server.
    Models(ModelsArgs),
    /// Look after the sandbox.
    Sandbox(SandboxArgs),
    /// Show the settings that hold and where each comes from; secrets are hidden.
    Config(ConfigArgs),
    /// Check that everything needed is there, and say what to do where it is not.
    Doctor(DoctorArgs),
    /// Print the OpenAPI document of the API.
    Openapi,
    /// Run an engine process; the server starts these itself.
    #[command(hide = true)]
    Engine(EngineArgs),
}

/// Start the web app and the API.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  codegenie serve\n  codegenie serve --listen 127.0.0.1:9000 --data-dir ./data\n\n\
        The server listens beyond this machine only once an administrator exists; the first start prints how to create one."
)]
pub(crate) struct ServeArgs {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8501]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<String>,
}

/// How an answer is wanted.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct WishArgs {
    /// What to do with the message: auto, generate, explain
    #[arg(long, default_value = "auto")]
    pub(crate) mode: Mode,
    /// Language wanted, or language of the code: python, javascript, typescript, cpp, c, sql, rust, java, go
    #[arg(long)]
    pub(crate) language: Option<Language>,
    /// How to explain: beginner, technical, step-by-step
    #[arg(long, default_value = "beginner")]
    pub(crate) style: Style,
    /// Language model wanted [default: the one that the settings name for the task]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<ModelName>,
    /// Seed of a language model; the same seed gives the same text [default: a random one]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
}

/// Ask one question and print the answer.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  codegenie ask \"merge overlapping intervals\" --language python\n  \
        codegenie ask \"what is recursion?\" --style technical\n  \
        codegenie ask \"what does this do?\" --code script.py\n  \
        git show HEAD:lib.js | codegenie ask \"explain this\" --code -\n\n\
        It works with and without a running server, and stores nothing."
)]
pub(crate) struct AskArgs {
    /// The question; `-` reads it from standard input
    pub(crate) message: String,
    #[command(flatten)]
    pub(crate) wish: WishArgs,
    /// Code the question is about; `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) code: Option<PathBuf>,
    /// Print the answer as the JSON that POST /api/v1/ask gives
    #[arg(long)]
    pub(crate) json: bool,
    /// Also print how the answer came about, step by step
    #[arg(long, conflicts_with = "json")]
    pub(crate) receipt: bool,
}

/// Talk in the terminal.
#[derive(Debug, Args)]
#[command(
    after_help = "Inside, /help lists the commands. Enter sends; Alt-Enter begins a new line; pasted lines stay together. \
        Ctrl-C stops an answer, Ctrl-D leaves."
)]
pub(crate) struct ChatArgs {
    #[command(flatten)]
    pub(crate) wish: WishArgs,
}

/// Have the language model of an earlier answer write it again.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  codegenie replay 0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a15 --as ada@example.org\n\n\
        The same model gets the same words with the same seed; on the same build the text is the same."
)]
pub(crate) struct ReplayArgs {
    /// Receipt of the answer
    pub(crate) receipt: ReceiptId,
    /// E-mail address of the account that asked
    #[arg(long = "as", value_name = "EMAIL")]
    pub(crate) asker: String,
    /// Print what came of it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Explain the code of a file.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  codegenie explain script.py\n  codegenie explain query.sql --style step-by-step"
)]
pub(crate) struct ExplainArgs {
    /// File with the code
    pub(crate) file: PathBuf,
    /// Language of the code [default: by the file's extension]
    #[arg(long)]
    pub(crate) language: Option<Language>,
    /// How to explain: beginner, technical, step-by-step
    #[arg(long, default_value = "beginner")]
    pub(crate) style: Style,
    /// Print the answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Teach a piece of code.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  codegenie teach --as ada@example.org --description \"Parse our invoice numbers\" --file invoice.py"
)]
pub(crate) struct TeachArgs {
    /// E-mail address of the account that teaches
    #[arg(long = "as", value_name = "EMAIL")]
    pub(crate) author: String,
    /// What the code does, in a sentence or two
    #[arg(long)]
    pub(crate) description: String,
    /// Language of the code [default: by the file's extension]
    #[arg(long)]
    pub(crate) language: Option<Language>,
    /// File with the code
    #[arg(long)]
    pub(crate) file: PathBuf,
    /// File with tests to run after the code
    #[arg(long, value_name = "FILE")]
    pub(crate) tests: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Add the tasks of a file to what is known.
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    #[command(subcommand)]
    pub(crate) source: IndexSource,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IndexSource {
    /// Files in the format of HumanEval: JSON lines, plain or gzip.
    #[command(
        name = "humaneval",
        after_help = "Examples:\n  codegenie index humaneval HumanEval.jsonl.gz\n\n\
            A file is taken whole or not at all; indexing it again changes nothing."
    )]
    HumanEval(HumanEvalArgs),
}

/// Files in the format of HumanEval.
#[derive(Debug, Args)]
pub(crate) struct HumanEvalArgs {
    /// Files to index, in this order
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Print what was done as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Create accounts and change them, without signing in.
#[derive(Debug, Args)]
pub(crate) struct UsersArgs {
    #[command(subcommand)]
    pub(crate) act: UsersAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsersAct {
    /// Create an account.
    #[command(
        after_help = "Examples:\n  codegenie users create --admin --email ada@example.org --username ada\n  \
            codegenie users create --email bo@example.org --username bo --password-stdin < password.txt"
    )]
    Create(CreateUserArgs),
    /// List all accounts, oldest first.
    List(ListUsersArgs),
    /// Give an account another role; it holds from its next request on.
    #[command(
        after_help = "Example:\n  codegenie users role --email bo@example.org --role developer"
    )]
    Role(RoleArgs),
    /// Set a new password, sign the account out everywhere and revoke its API tokens.
    #[command(after_help = "Example:\n  codegenie users reset-password --email bo@example.org")]
    ResetPassword(ResetPasswordArgs),
    /// Make an API token, with which a program acts for an account, and print it.
    #[command(
        after_help = "Example:\n  OPENAI_API_KEY=$(codegenie users token --email bo@example.org --name editor)\n\n\
            The token is told this once; only its hash is stored. Its owner revokes it in the web app."
    )]
    Token(TokenArgs),
}

/// Create an account.
#[derive(Debug, Args)]
pub(crate) struct CreateUserArgs {
    /// Make an administrator; the same as --role admin
    #[arg(long, conflicts_with = "role")]
    pub(crate) admin: bool,
    /// What the account may do: admin, developer, student, user
    #[arg(long, default_value = "user")]
    pub(crate) role: Role,
    /// E-mail address to sign in with
    #[arg(long)]
    pub(crate) email: String,
    /// Name shown to others
    #[arg(long)]
    pub(crate) username: String,
    /// Read the password from the first line of standard input instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Print the account as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// List all accounts.
#[derive(Debug, Args)]
pub(crate) struct ListUsersArgs {
    /// Print the accounts as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Give an account another role.
#[derive(Debug, Args)]
pub(crate) struct RoleArgs {
    /// E-mail address of the account
    #[arg(long)]
    pub(crate) email: String,
    /// The new role: admin, developer, student, user
    #[arg(long)]
    pub(crate) role: Role,
}

/// Set a new password.
#[derive(Debug, Args)]
pub(crate) struct ResetPasswordArgs {
    /// E-mail address of the account
    #[arg(long)]
    pub(crate) email: String,
    /// Read the password from the first line of standard input instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// Make an API token.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// E-mail address of the account it acts for
    #[arg(long)]
    pub(crate) email: String,
    /// What to call it
    #[arg(long)]
    pub(crate) name: String,
    /// Days until it ends by itself [default: it does not]
    #[arg(long, value_name = "DAYS")]
    pub(crate) expires_in_days: Option<u32>,
    /// Print the token as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show the settings that hold.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// Print the settings as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Check that everything needed is there.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 0 when everything needed is there, 1 when something is missing. A warning is about what works otherwise than it is set."
)]
pub(crate) struct DoctorArgs {
    /// Print the findings as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Run an engine process.
#[derive(Debug, Args)]
pub(crate) struct EngineArgs {
    /// Passed on unread
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) rest: Vec<std::ffi::OsString>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_declaration_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn an_unknown_style_is_refused_with_the_choices() {
        let refused = CommandLine::try_parse_from(["codegenie", "ask", "x", "--style", "pirate"])
            .unwrap_err();
        assert_eq!(refused.exit_code(), 2);
        assert!(
            refused
                .to_string()
                .contains("beginner, technical, step-by-step")
        );
    }

    #[test]
    fn the_data_folder_may_stand_before_or_after_the_command() {
        for words in [
            ["codegenie", "--data-dir", "d", "openapi"],
            ["codegenie", "openapi", "--data-dir", "d"],
        ] {
            let parsed = CommandLine::try_parse_from(words).unwrap();
            assert_eq!(parsed.shared.data_dir, Some("d".into()));
        }
    }

    #[test]
    fn an_administrator_has_no_second_role() {
        let words = [
            "codegenie",
            "users",
            "create",
            "--admin",
            "--role",
            "user",
            "--email",
            "a",
            "--username",
            "b",
        ];
        assert!(CommandLine::try_parse_from(words).is_err());
    }
}

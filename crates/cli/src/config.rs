//! What this instance is told to do, from flags, environment, `.env`, `codegenie.toml` and defaults, in this order.
//! The only reader of the environment; everything else takes its settings as values.

mod account;
mod dotenv;
mod file;
mod hub;
mod models;
mod remote;
mod sandbox;

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use inference::RemoteBackend;

use crate::args::{Command, CommandLine};

pub(crate) use account::{AccountConfig, Secret, rows as account_rows};
pub(crate) use hub::{HubSettings, rows as hub_rows};
pub(crate) use models::{Amount, ModelsConfig, rows as model_rows};
pub(crate) use sandbox::SandboxMode;

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Environment(&'static str),
    DotEnv(&'static str),
    File(&'static str),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::DotEnv(name) => write!(f, ".env {name}"),
            Self::File(key) => write!(f, "codegenie.toml {key}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Where the database is. The address may hold a password, so it does not print.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// A file of this machine.
    File(PathBuf),
    /// An address such as `postgres://…`.
    Url(String),
}

impl Database {
    /// The place without the password.
    pub(crate) fn redacted(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(url) => redact(url),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// Everything that can be set.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) data_dir: Setting<PathBuf>,
    pub(crate) listen: Setting<SocketAddr>,
    pub(crate) database: Setting<Database>,
    pub(crate) models_dir: Setting<PathBuf>,
    /// Directives of the log filter, such as `warn` or `info,app=debug`.
    pub(crate) log: Setting<String>,
    pub(crate) log_format: Setting<LogFormat>,
    /// Whether anybody may register.
    pub(crate) registration_open: Setting<bool>,
    /// Active administrators allowed at most, at least 1.
    pub(crate) admin_limit: Setting<u32>,
    /// Whether the session cookie is sent over TLS alone.
    pub(crate) secure_cookies: Setting<bool>,
    /// Origins besides the server's own whose pages may use the session cookie.
    pub(crate) origins: Setting<Vec<String>>,
    /// Where models are fetched from.
    pub(crate) hub: HubSettings,
    /// Which tiers of the sandbox may be used.
    pub(crate) sandbox: Setting<SandboxMode>,
    /// Where compiled images are kept.
    pub(crate) sandbox_cache: Setting<PathBuf>,
    /// Every Python to try for the native tier, best first; they need not exist.
    pub(crate) sandbox_python: Setting<Vec<PathBuf>>,
    /// Language models.
    pub(crate) models: ModelsConfig,
    /// Model servers beyond this machine.
    pub(crate) remotes: Vec<Setting<RemoteBackend>>,
    /// Who asks a running server.
    pub(crate) account: AccountConfig,
}

const DATABASE_FILE: &str = "codegenie.db";
const SETTINGS_FILE: &str = "codegenie.toml";
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8501);
const ADMIN_LIMIT: u32 = 2;

impl Config {
    /// Reads the settings of this process.
    pub(crate) fn load(line: &CommandLine) -> anyhow::Result<Self> {
        let folder = std::env::current_dir().context("cannot tell the working folder")?;
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        resolve(line, environment, &folder)
    }
}

/// The layers below the flags, highest first.
struct Layers {
    environment: HashMap<String, String>,
    dotenv: HashMap<String, String>,
    file: file::Settings,
}

impl Layers {
    /// The first layer that has a value, as text.
    fn find(&self, variable: &'static str, key: &'static str) -> Option<Setting<String>> {
        self.find_variable(variable).or_else(|| {
            let value = self.file.find(key)?;
            Some(Setting {
                value,
                origin: Origin::File(key),
            })
        })
    }

    /// The same, of what the settings file has no key for.
    fn find_variable(&self, variable: &'static str) -> Option<Setting<String>> {
        let set = |value: &String| (!value.is_empty()).then(|| value.clone());
        let environment = self.environment.get(variable).and_then(set);
        if let Some(value) = environment {
            return Some(Setting {
                value,
                origin: Origin::Environment(variable),
            });
        }
        // A project's own .env may hold the DATABASE_URL of that project; only our own names count.
        let dotenv = self
            .dotenv
            .get(variable)
            .filter(|_| variable.starts_with("CODEGENIE_"));
        let value = dotenv.and_then(set)?;
        Some(Setting {
            value,
            origin: Origin::DotEnv(variable),
        })
    }

    fn parse<T>(
        &self,
        variable: &'static str,
        key: &'static str,
        default: impl FnOnce() -> T,
        parse: impl FnOnce(&str) -> anyhow::Result<T>,
    ) -> anyhow::Result<Setting<T>> {
        match self.find(variable, key) {
            None => Ok(Setting {
                value: default(),
                origin: Origin::Default,
            }),
            Some(Setting { value, origin }) => {
                let value =
                    parse(&value).with_context(|| format!("cannot use the setting of {origin}"))?;
                Ok(Setting { value, origin })
            }
        }
    }
}

fn resolve(
    line: &CommandLine,
    environment: HashMap<String, String>,
    folder: &Path,
) -> anyhow::Result<Config> {
    let mut layers = Layers {
        environment,
        dotenv: dotenv::read(&folder.join(".env"))?,
        file: file::Settings::default(),
    };
    let data_dir = find_data_dir(line, &layers, folder)?;
    layers.file = file::read(&data_dir.value.join(SETTINGS_FILE))?;

    let text = |value: &str| Ok(value.to_owned());
    let models_dir = find_models_dir(&layers, &data_dir.value, folder);
    Ok(Config {
        listen: find_listen(line, &layers)?,
        database: find_database(&layers, &data_dir.value),
        hub: hub::find(&layers)?,
        sandbox: sandbox::find_mode(&layers)?,
        sandbox_cache: sandbox::find_cache(&layers, &data_dir.value, folder),
        sandbox_python: sandbox::find_pythons(&layers, &data_dir.value, &models_dir.value, folder),
        models_dir,
        models: models::find(&layers)?,
        remotes: remote::find(&layers)?,
        account: account::find(&layers),
        log: layers.parse("CODEGENIE_LOG", "log", || "warn".to_owned(), text)?,
        log_format: layers.parse(
            "CODEGENIE_LOG_FORMAT",
            "log_format",
            || LogFormat::Text,
            parse_log_format,
        )?,
        registration_open: layers.parse(
            "CODEGENIE_REGISTRATION",
            "registration",
            || true,
            parse_registration,
        )?,
        admin_limit: layers.parse(
            "CODEGENIE_ADMIN_LIMIT",
            "admin_limit",
            || ADMIN_LIMIT,
            parse_admin_limit,
        )?,
        secure_cookies: layers.parse(
            "CODEGENIE_SECURE_COOKIES",
            "secure_cookies",
            || false,
            parse_yes_no,
        )?,
        origins: layers.parse("CODEGENIE_ORIGINS", "origins", Vec::new, parse_origins)?,
        data_dir,
    })
}

fn find_data_dir(
    line: &CommandLine,
    layers: &Layers,
    folder: &Path,
) -> anyhow::Result<Setting<PathBuf>> {
    if let Some(path) = &line.shared.data_dir {
        return Ok(Setting {
            value: folder.join(path),
            origin: Origin::Flag("--data-dir"),
        });
    }
    if let Some(Setting { value, origin }) = layers.find("CODEGENIE_DATA_DIR", "data_dir") {
        return Ok(Setting {
            value: folder.join(value),
            origin,
        });
    }
    let absolute = |name: &str| {
        layers
            .environment
            .get(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    // XDG Base Directory Specification 0.8: a relative value is ignored.
    let base = absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    match base {
        Some(base) => Ok(Setting {
            value: base.join("codegenie"),
            origin: Origin::Default,
        }),
        None => bail!(
            "there is no home folder to keep data in; name one with --data-dir DIR or CODEGENIE_DATA_DIR"
        ),
    }
}

fn find_listen(line: &CommandLine, layers: &Layers) -> anyhow::Result<Setting<SocketAddr>> {
    if let Command::Serve(serve) = &line.command
        && let Some(text) = &serve.listen
    {
        let value = parse_listen(text).context("cannot use --listen")?;
        return Ok(Setting {
            value,
            origin: Origin::Flag("--listen"),
        });
    }
    layers.parse("CODEGENIE_LISTEN", "listen", || LISTEN, parse_listen)
}

fn find_database(layers: &Layers, data_dir: &Path) -> Setting<Database> {
    let found = layers
        .find("CODEGENIE_DATABASE_URL", "database_url")
        .filter(|setting| !matches!(setting.origin, Origin::File(_)))
        .or_else(|| layers.find("DATABASE_URL", "database_url"));
    match found {
        Some(Setting { value, origin }) => Setting {
            value: Database::Url(value),
            origin,
        },
        None => Setting {
            value: Database::File(data_dir.join(DATABASE_FILE)),
            origin: Origin::Default,
        },
    }
}

/// The folder set, else `models` in the data folder, else `models` in the working folder where it exists.
fn find_models_dir(layers: &Layers, data_dir: &Path, folder: &Path) -> Setting<PathBuf> {
    if let Some(setting) = layers.find("CODEGENIE_MODELS_DIR", "models_dir") {
        return path_from(setting, data_dir, folder);
    }
    let own = data_dir.join("models");
    let beside = folder.join("models");
    let value = if !own.is_dir() && beside.is_dir() {
        beside
    } else {
        own
    };
    Setting {
        value,
        origin: Origin::Default,
    }
}

/// A path that was set: what the settings file names lies in the data folder, anything else in the working folder.
fn path_from(setting: Setting<String>, data_dir: &Path, folder: &Path) -> Setting<PathBuf> {
    let Setting { value, origin } = setting;
    let base = if matches!(origin, Origin::File(_)) {
        data_dir
    } else {
        folder
    };
    Setting {
        value: base.join(value),
        origin,
    }
}

fn parse_listen(text: &str) -> anyhow::Result<SocketAddr> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("{}:{port}", Ipv4Addr::LOCALHOST),
        None => text.to_owned(),
    };
    numeric.parse().map_err(|_| {
        anyhow::anyhow!(
            "`{text}` is not an address and a port; write for example 127.0.0.1:8501 or [::1]:8501"
        )
    })
}

fn parse_log_format(text: &str) -> anyhow::Result<LogFormat> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => bail!("`{text}` is not a log format; use text or json"),
    }
}

fn parse_registration(text: &str) -> anyhow::Result<bool> {
    match text {
        "open" => Ok(true),
        "closed" => Ok(false),
        _ => bail!("`{text}` does not say whether anybody may register; use open or closed"),
    }
}

fn parse_admin_limit(text: &str) -> anyhow::Result<u32> {
    match text.parse() {
        Ok(limit) if limit >= 1 => Ok(limit),
        Ok(_) | Err(_) => {
            bail!("`{text}` is not a number of administrators; use a whole number from 1")
        }
    }
}

fn parse_yes_no(text: &str) -> anyhow::Result<bool> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => bail!("`{text}` is neither yes nor no"),
    }
}

fn parse_origins(text: &str) -> anyhow::Result<Vec<String>> {
    let origins = text
        .split(',')
        .map(str::trim)
        .filter(|origin| !origin.is_empty());
    origins
        .map(|origin| {
            let host = origin
                .strip_prefix("https://")
                .or_else(|| origin.strip_prefix("http://"));
            match host {
                Some(host) if !host.is_empty() && !host.contains(['/', '*', ' ']) => {
                    Ok(origin.to_lowercase())
                }
                Some(_) | None => bail!(
                    "`{origin}` is not an origin; write for example https://genie.example.org"
                ),
            }
        })
        .collect()
}

/// A database address without its password.
fn redact(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (place, query) = rest
        .split_once('?')
        .map_or((rest, ""), |(place, _)| (place, "?…"));
    let place = match place.rsplit_once('@') {
        Some((user, host)) => {
            let user = user
                .split_once(':')
                .map_or(user.to_owned(), |(name, _)| format!("{name}:…"));
            format!("{user}@{host}")
        }
        None => place.to_owned(),
    };
    format!("{scheme}://{place}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn with(words: &[&str], environment: &[(&str, &str)], folder: &Path) -> anyhow::Result<Config> {
        let line = CommandLine::try_parse_from([&["codegenie"], words].concat())?;
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        resolve(&line, environment.collect(), folder)
    }

    #[test]
    fn a_flag_beats_the_environment_beats_dotenv_beats_the_file_beats_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("d");
        std::fs::create_dir(&data).unwrap();
        let data = data.to_str().unwrap();
        let serve = ["serve", "--data-dir", data];
        let flagged = ["serve", "--data-dir", data, "--listen", "127.0.0.1:5"];
        let port = |words: &[&str], environment: &[(&str, &str)]| {
            with(words, environment, folder.path())
                .unwrap()
                .listen
                .value
                .port()
        };

        assert_eq!(port(&serve, &[]), 8501);
        std::fs::write(
            folder.path().join("d/codegenie.toml"),
            "listen = \"127.0.0.1:2\"\n",
        )
        .unwrap();
        assert_eq!(port(&serve, &[]), 2);
        std::fs::write(folder.path().join(".env"), "CODEGENIE_LISTEN=127.0.0.1:3\n").unwrap();
        assert_eq!(port(&serve, &[]), 3);
        let environment = [("CODEGENIE_LISTEN", "127.0.0.1:4")];
        assert_eq!(port(&serve, &environment), 4);
        assert_eq!(port(&flagged, &environment), 5);
    }

    #[test]
    fn a_projects_own_database_is_not_taken_from_its_dotenv() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join(".env"),
            "DATABASE_URL=postgres://shop/live\n",
        )
        .unwrap();
        let config = with(&["config", "--data-dir", "d"], &[], folder.path()).unwrap();
        assert_eq!(
            config.database.value,
            Database::File(folder.path().join("d/codegenie.db"))
        );
        let config = with(
            &["config", "--data-dir", "d"],
            &[("DATABASE_URL", "postgres://u:p@h/x")],
            folder.path(),
        );
        let database = config.unwrap().database;
        assert_eq!(
            database.value,
            Database::Url("postgres://u:p@h/x".to_owned())
        );
        assert_eq!(format!("{database:?}").matches("p@").count(), 0);
    }

    #[test]
    fn the_data_folder_follows_the_xdg_rules() {
        let folder = Path::new("/nowhere");
        let dir = |environment: &[(&str, &str)]| {
            with(&["config"], environment, folder).map(|c| c.data_dir.value)
        };
        assert_eq!(
            dir(&[("HOME", "/h")]).unwrap(),
            Path::new("/h/.local/share/codegenie")
        );
        assert_eq!(
            dir(&[("HOME", "/h"), ("XDG_DATA_HOME", "/x")]).unwrap(),
            Path::new("/x/codegenie")
        );
        assert_eq!(
            dir(&[("HOME", "/h"), ("XDG_DATA_HOME", "rel")]).unwrap(),
            Path::new("/h/.local/share/codegenie")
        );
        assert!(dir(&[]).unwrap_err().to_string().contains("--data-dir"));
    }

    #[test]
    fn wrong_values_say_where_they_come_from() {
        let folder = tempfile::tempdir().unwrap();
        let error = with(
            &["serve", "--data-dir", "d"],
            &[("CODEGENIE_LISTEN", "here")],
            folder.path(),
        );
        let text = format!("{:#}", error.unwrap_err());
        assert!(
            text.contains("CODEGENIE_LISTEN") && text.contains("`here`"),
            "{text}"
        );
        let error = with(
            &["serve", "--data-dir", "d"],
            &[("CODEGENIE_ADMIN_LIMIT", "0")],
            folder.path(),
        );
        assert!(error.is_err());
    }

    #[test]
    fn addresses_are_shown_without_their_password() {
        assert_eq!(
            redact("postgres://ada:s3cret@db:5432/x?password=p"),
            "postgres://ada:…@db:5432/x?…"
        );
        assert_eq!(redact("postgres://db/x"), "postgres://db/x");
        assert_eq!(redact("sqlite:file.db"), "sqlite:file.db");
    }
}

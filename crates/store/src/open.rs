//! Opening and closing a database. SQLite has one connection for writing, so that writers queue in
//! the pool instead of failing on a locked file, and several for reading; PostgreSQL has one pool.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{Connection, PgConnection};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbErr,
    SqliteTransactionMode, SqlxError, Statement, TransactionOptions, TransactionTrait,
};

use domain::StoreError;
use domain::store::Pulse;

use crate::dialect::Dialect;
use crate::error::store_error;
use crate::migrations;

/// How long a statement waits for another process that is writing to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a caller waits for a connection of a pool.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Stands for any file: the path is set on the driver's options, since not every path survives a URL.
const FILE: &str = "sqlite:file";
const SQLITE_READERS_MAX: u32 = 4;
const POSTGRES_CONNECTIONS_MAX: u32 = 10;
/// Page cache of one SQLite connection, KiB; negative because `PRAGMA cache_size` counts pages otherwise.
const SQLITE_CACHE_KIB: &str = "-16384";

/// A database, opened and brought up to date. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) read: DatabaseConnection,
    pub(crate) write: DatabaseConnection,
}

/// A database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file or its folder could not be made.
    #[error("cannot create the database file {}: {source}; check the folder's permissions", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The address names no database this program knows.
    #[error("cannot open a database at a `{scheme}` address; use postgres://… or sqlite:FILE")]
    UnknownScheme {
        /// What stood before the colon, cut to 20 characters; the rest may hold a password.
        scheme: String,
    },
    /// The database did not answer or refused.
    #[error("cannot connect to the {backend} database: {reason}")]
    Connect {
        /// `SQLite` or `PostgreSQL`.
        backend: &'static str,
        /// What the driver said.
        reason: String,
    },
    /// The tables could not be brought up to date; nothing was changed.
    #[error(
        "cannot bring the tables of the database up to date: {0}; if a newer version wrote it, use that version"
    )]
    Migrate(String),
}

impl Store {
    /// Opens the SQLite database at `path`; makes the file (readable by its owner alone) and its folder when missing.
    pub async fn open_sqlite(path: &Path) -> Result<Self, OpenError> {
        create_private_file(path).map_err(|source| OpenError::Create {
            path: path.to_owned(),
            source,
        })?;
        let file = path.to_owned();
        let base = move |options: SqliteConnectOptions| {
            options
                .filename(&file)
                .foreign_keys(true)
                .busy_timeout(BUSY_TIMEOUT)
                .synchronous(SqliteSynchronous::Normal)
                .pragma("cache_size", SQLITE_CACHE_KIB)
        };

        let mut writer = sqlite_options(FILE, 1);
        let writer_base = base.clone();
        writer.map_sqlx_sqlite_opts(move |options| {
            writer_base(options).journal_mode(SqliteJournalMode::Wal)
        });
        let write = connect("SQLite", writer).await?;
        migrations::run(&write).await?;

        let mut readers = sqlite_options(FILE, SQLITE_READERS_MAX);
        readers.map_sqlx_sqlite_opts(move |options| {
            base(options)
                .pragma("query_only", "ON")
                .row_buffer_size(crate::knowledge::ROWS_AHEAD)
        });
        let read = connect("SQLite", readers).await?;
        Ok(Self { read, write })
    }

    /// Opens the database at `url`: `postgres://…` or `postgresql://…` (which must exist), or `sqlite:FILE`.
    pub async fn open_url(url: &str) -> Result<Self, OpenError> {
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        match scheme {
            "postgres" | "postgresql" => Self::open_postgres(url).await,
            "sqlite" if rest == ":memory:" => Self::open_in_memory().await,
            "sqlite" if !rest.trim_start_matches('/').is_empty() => {
                let file = rest.strip_prefix("//").unwrap_or(rest);
                let file = file.split_once('?').map_or(file, |(file, _)| file);
                Self::open_sqlite(Path::new(file)).await
            }
            _ => Err(OpenError::UnknownScheme {
                scheme: scheme.chars().take(20).collect(),
            }),
        }
    }

    /// Opens a new, empty SQLite database in memory; it is gone when the last clone is.
    pub async fn open_in_memory() -> Result<Self, OpenError> {
        let mut options = sqlite_options("sqlite::memory:", 1);
        options
            .idle_timeout(None::<Duration>)
            .max_lifetime(None::<Duration>)
            .map_sqlx_sqlite_opts(|options| options.foreign_keys(true));
        let write = connect("SQLite", options).await?;
        migrations::run(&write).await?;
        Ok(Self {
            read: write.clone(),
            write,
        })
    }

    async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        // A pool tries again until its time is up and then says only that; one connection says what is wrong.
        let refused = |error: SqlxError| OpenError::Connect {
            backend: "PostgreSQL",
            reason: error.to_string(),
        };
        let probe = PgConnection::connect(url).await.map_err(refused)?;
        probe.close().await.map_err(refused)?;

        let mut options = ConnectOptions::new(url);
        options
            .max_connections(POSTGRES_CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .sqlx_logging(false);
        let write = connect("PostgreSQL", options).await?;
        migrations::run(&write).await?;
        Ok(Self {
            read: write.clone(),
            write,
        })
    }

    /// `sqlite` or `postgresql`.
    pub fn backend(&self) -> &'static str {
        match Dialect::of(&self.write) {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgresql",
        }
    }

    /// Reads the whole database file and fails with `Corrupt` when it is damaged. Takes seconds for a large one; PostgreSQL
    /// looks after its own files, so there it only asks for an answer.
    pub async fn check_integrity(&self) -> Result<(), StoreError> {
        match Dialect::of(&self.read) {
            Dialect::Postgres => return self.ping().await,
            Dialect::Sqlite => {}
        }
        let statement = Statement::from_string(
            self.read.get_database_backend(),
            "PRAGMA integrity_check(1)".to_owned(),
        );
        let row = self
            .read
            .query_one_raw(statement)
            .await
            .map_err(store_error)?;
        let found = row.map(|row| row.try_get_by_index::<String>(0).map_err(store_error));
        match found.transpose()?.as_deref() {
            Some("ok") => Ok(()),
            Some(damage) => Err(StoreError::Corrupt(damage.to_owned())),
            None => Err(StoreError::Corrupt(
                "the integrity check gave no answer".to_owned(),
            )),
        }
    }

    /// Waits for statements under way and closes every connection; later calls on any clone are `Unavailable`.
    pub async fn close(self) {
        for connection in [&self.read, &self.write] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(%error, "a database connection did not close");
            }
        }
    }

    /// Begins a transaction that will write. On SQLite it takes the write lock at once, so that no later
    /// statement of it can find the database locked.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        begin_write(&self.write).await.map_err(store_error)
    }
}

#[async_trait::async_trait]
impl Pulse for Store {
    async fn ping(&self) -> Result<(), StoreError> {
        let statement =
            Statement::from_string(self.read.get_database_backend(), "SELECT 1".to_owned());
        self.read
            .query_one_raw(statement)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

/// Begins a transaction that holds the write lock of SQLite from its start.
pub(crate) async fn begin_write(
    connection: &DatabaseConnection,
) -> Result<DatabaseTransaction, DbErr> {
    connection
        .begin_with_options(TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        })
        .await
}

fn sqlite_options(url: &str, connections_max: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections_max)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .sqlx_logging(false);
    options
}

async fn connect(
    backend: &'static str,
    options: ConnectOptions,
) -> Result<DatabaseConnection, OpenError> {
    Database::connect(options)
        .await
        .map_err(|error| OpenError::Connect {
            backend,
            reason: error.to_string(),
        })
}

#[cfg(unix)]
fn create_private_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}

#[cfg(not(unix))]
fn create_private_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map(drop)
}

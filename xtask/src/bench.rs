//! The benchmarks in the order they run. Each gives rows of one table; one that fails gives a row that says so and the
//! others go on. Nothing here measures; the files beside it do.

mod ask;
mod chroma;
mod corpus;
mod http;
mod index;
mod load;
mod machine;
mod pause;
mod report;
mod sample;
mod sandbox;
mod search;
mod server;
mod start;
mod vectors;
mod writing;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;

use corpus::Corpus;
use http::Session;
use load::Messages;
use report::{Part, Report, Row};
use vectors::Clustered;

/// Vectors in the large knowledge base.
const VECTORS: usize = 100_000;
/// Vectors compared when the peer would take too long over all of them.
const VECTORS_FEWER: usize = 25_000;
/// Searches timed.
const QUERIES: usize = 400;

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// The release build of codegenie.
    #[arg(long)]
    binary: PathBuf,
    /// Root of this repository.
    #[arg(long)]
    repository: PathBuf,
    /// Folder for what the run leaves behind; emptied first.
    #[arg(long)]
    work: PathBuf,
    /// Folder with the embedding model.
    #[arg(long, env = "CODEGENIE_MODELS_DIR")]
    models: PathBuf,
    /// The HumanEval file; indexing is skipped without it.
    #[arg(long, env = "CODEGENIE_HUMANEVAL")]
    humaneval: Option<PathBuf>,
    /// A Python that has chromadb; the rows of the peer fail without it.
    #[arg(long)]
    chroma_python: Option<PathBuf>,
    /// Folder for language models that are made for this, some gigabytes; kept for the next run.
    #[arg(long)]
    made_models: PathBuf,
    /// Folder with llama.cpp's own benchmarks; there is no peer for language models without it.
    #[arg(long)]
    peer: Option<PathBuf>,
    /// A Python that has transformers; its figures are missing without it.
    #[arg(long)]
    transformers_python: Option<PathBuf>,
    /// Measure these parts alone, and leave the reports of others as they are.
    #[arg(long, value_enum)]
    only: Vec<Part>,
}

/// What every benchmark needs to know.
struct Bench {
    binary: PathBuf,
    repository: PathBuf,
    work: PathBuf,
    models: PathBuf,
    /// A folder without any model.
    no_models: PathBuf,
    humaneval: Option<PathBuf>,
    chroma_python: Option<PathBuf>,
    /// Language models made for this.
    made_models: PathBuf,
    /// llama.cpp's own benchmarks.
    peer: Option<PathBuf>,
    transformers_python: Option<PathBuf>,
    /// Runs the clients.
    runtime: tokio::runtime::Runtime,
}

pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<ExitCode> {
    let bench = Bench::prepare(args)?;
    let is_wanted = |part| args.only.is_empty() || args.only.contains(&part);
    let mut failed = false;
    for part in Part::ALL.into_iter().filter(|part| is_wanted(*part)) {
        let began = Instant::now();
        let mut report = Report::begin(part, &bench.repository)?;
        match part {
            Part::Models => writing::measure(&bench, &mut report),
            Part::Product => bench.measure(&mut report),
        }
        report.finish(began.elapsed());
        write!(std::io::stdout().lock(), "{}", report.table())?;
        report.write(&bench.repository.join("docs/reference"))?;
        failed |= report.has_failures();
    }
    if failed {
        say(&format!(
            "what the failed runs left is in {}",
            bench.work.display()
        ));
    } else {
        std::fs::remove_dir_all(&bench.work).context("cannot remove the work folder")?;
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

impl Bench {
    fn prepare(args: &BenchArgs) -> anyhow::Result<Self> {
        if args.work.exists() {
            std::fs::remove_dir_all(&args.work).context("cannot empty the work folder")?;
        }
        std::fs::create_dir_all(&args.work).context("cannot make the work folder")?;
        std::fs::create_dir_all(&args.made_models).context("cannot make the folder of models")?;
        let absolute = |path: &Path| {
            path.canonicalize()
                .with_context(|| format!("cannot find {}", path.display()))
        };
        let work = absolute(&args.work)?;
        let no_models = work.join("no-models");
        std::fs::create_dir(&no_models)?;
        Ok(Self {
            binary: absolute(&args.binary)?,
            repository: absolute(&args.repository)?,
            models: absolute(&args.models)?,
            humaneval: args.humaneval.clone().filter(|file| file.is_file()),
            // Not resolved: the Python of a virtual environment is a link that must be called by its own name.
            chroma_python: args.chroma_python.clone(),
            made_models: absolute(&args.made_models)?,
            peer: args.peer.clone(),
            transformers_python: args.transformers_python.clone(),
            no_models,
            work,
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()?,
        })
    }

    fn measure(&self, report: &mut Report) {
        say("start to ready, without a model");
        report.add(
            "start to ready, new folder, no model",
            start::measure_new(self),
        );

        say("indexing HumanEval");
        let folder = self.work.join("knowledge");
        report.add("indexing HumanEval", index::measure(self, &folder));

        say("judging HumanEval");
        report.add("judging HumanEval", sandbox::measure_judge(self, &folder));

        say("the server: answers, routing, plain calls");
        let encoder = match self.measure_server(report, &folder) {
            Ok(encoder) => encoder,
            Err(error) => {
                report.add("a server with the embedding model", Err(error));
                None
            }
        };

        say(&format!("making {VECTORS} vectors"));
        let vectors = Clustered::generate(VECTORS, QUERIES);
        say("the peer: Chroma");
        let peer = chroma::measure(self, &vectors);
        if let Err(error) = &peer {
            report.add("peer: Chroma", Err(anyhow::anyhow!("{error:#}")));
        }

        say(&format!("search over {VECTORS} vectors"));
        let encoder_name = encoder.as_deref().unwrap_or("none");
        let corpus = Corpus::read(&self.repository);
        let rows = corpus.and_then(|corpus| {
            search::measure(
                self,
                &folder,
                encoder_name,
                &corpus,
                &vectors,
                peer.ok().as_ref(),
            )
        });
        let has_vectors = rows.is_ok();
        report.add("search", rows);

        say(&format!("start to ready with {VECTORS} vectors"));
        let what = "start to ready, 100k vectors, embedding model";
        if has_vectors && encoder.is_some() {
            report.add(what, start::measure_large(self, &folder));
        } else {
            report.push(Row::skipped(
                what,
                "needs the rows above to have run with an embedding model",
            ));
        }
    }

    /// Answers, routing and plain calls; gives the encoder's name when there is an encoder.
    fn measure_server(&self, report: &mut Report, folder: &Path) -> anyhow::Result<Option<String>> {
        server::create_admin(self, folder)?;
        let (server, _) = server::Server::start(self, folder, &self.models)?;
        let session = self.runtime.block_on(Session::sign_in(server.address()))?;
        let (encoder, works) = self.runtime.block_on(session.wait_for_vectors())?;
        let corpus = Corpus::read(&self.repository)?;
        report.add("answers", ask::measure(self, &session, &corpus, works));
        report.add(
            "routing",
            ask::measure_routing(self, &session, &corpus, works),
        );
        report.add("sandbox and analysis", sandbox::measure(self, &session));
        for messages in [Messages::Known, Messages::New] {
            report.add(
                "plain calls",
                load::measure(self, &server, &session, &corpus, messages),
            );
        }
        report.add(
            "memory of the server after all this",
            start::memory_rows(&server),
        );
        server.stop()?;
        Ok(works.then_some(encoder))
    }
}

/// Tells whoever watches what is going on.
fn say(text: &str) {
    // Nobody watching is no reason to stop.
    let _ = writeln!(std::io::stderr().lock(), "bench: {text}");
}

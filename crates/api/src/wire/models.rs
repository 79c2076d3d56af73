//! Language models on the wire: what there is, what is in memory, and jobs.

use app::models::{Job, ModelCard, Overview, QuantiseWish, Quantised, SAMPLE_BYTES_MAX, TaskCard};
use domain::models::ModelName;
use domain::models::catalogue::{Progress, PullRequest};
use domain::models::residence::{Ledger, MemoryUse, Resident};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::{Parsed, PlainField, rfc3339};
use super::names::{
    JobKindName, JobStateName, ModelPlace, ModelPlaceName, ModelTaskName, Name, ResidentStateName,
};

/// Kind of a smaller copy when none is asked for.
const USUAL_KIND: &str = "Q4_K_M";
/// Longest name of a repository or file on the hub.
const REMOTE_NAME_BYTES_MAX: usize = 200;

/// Every model and every task.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "models": [{
        "name": "phi-2", "place": "local", "architecture": "phi2", "quantisation": "Q4_K_M", "parameters": 2_779_683_840_u64,
        "size_bytes": 1_789_239_136_u64, "context_tokens": 2048, "licence": "mit",
        "source": "hub:TheBloke/phi-2-GGUF/phi-2.Q4_K_M.gguf",
        "digest": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "adapters": [],
        "added_at": "2026-11-20T10:00:00.000Z", "tasks": ["generate"], "resident": null
    }],
    "tasks": [{"task": "generate", "model": "phi-2", "temperature": 0.2, "max_new_tokens": 768}]
}))]
pub(crate) struct ModelsResponse {
    /// Models by name.
    models: Vec<ModelResponse>,
    /// Tasks with the models that serve them.
    tasks: Vec<TaskResponse>,
}

/// A language model. What belongs to its file is null when it is on another machine.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelResponse {
    /// Its name.
    name: String,
    /// Whether its file is on this machine.
    place: ModelPlaceName,
    /// Architecture, such as `llama`.
    #[schema(required)]
    architecture: Option<String>,
    /// How most numbers are stored, such as `Q4_K_M`.
    #[schema(required)]
    quantisation: Option<String>,
    /// Number of weights.
    #[schema(required)]
    parameters: Option<u64>,
    /// Size of the file.
    #[schema(required)]
    size_bytes: Option<u64>,
    /// Tokens it was trained to read at most.
    #[schema(required)]
    context_tokens: Option<u32>,
    /// Licence, as its publisher names it; null also when it does not.
    #[schema(required)]
    licence: Option<String>,
    /// Where it came from.
    #[schema(required)]
    source: Option<String>,
    /// SHA-256 of the file.
    #[schema(required)]
    digest: Option<String>,
    /// Names of its LoRA adapters.
    adapters: Vec<String>,
    /// When it was added.
    #[schema(required, format = DateTime)]
    added_at: Option<String>,
    /// Tasks it is used for.
    tasks: Vec<ModelTaskName>,
    /// What it does in memory; null when it is not there.
    #[schema(required)]
    resident: Option<ResidentResponse>,
}

/// A task with the model that serves it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskResponse {
    /// The task.
    task: ModelTaskName,
    /// The model; null when none of those that are set is there.
    #[schema(required)]
    model: Option<String>,
    /// Sampling temperature.
    temperature: f32,
    /// Tokens of an answer at most.
    max_new_tokens: u32,
}

/// A model in memory.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResidentResponse {
    /// Its name.
    model: String,
    /// What it is doing.
    state: ResidentStateName,
    /// What it takes.
    memory: MemoryResponse,
    /// Whether it stays in memory whatever happens.
    pinned: bool,
    /// Tokens its context holds.
    context_tokens: u32,
    /// Requests it can work on at a time.
    parallel_max: u32,
    /// Layers that a graphics card computes.
    gpu_layers: u32,
    /// Requests it works on.
    running: u32,
    /// Tokens written each second, all requests together; 0 when idle.
    tokens_per_second: f32,
    /// When it was loaded.
    #[schema(format = DateTime)]
    started_at: String,
    /// When it will be unloaded unless it is asked again.
    #[schema(required, format = DateTime)]
    unload_at: Option<String>,
}

/// Memory of a model, bytes.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemoryResponse {
    /// The weights.
    weights: u64,
    /// Keys and values of the context.
    context: u64,
    /// The adapters.
    adapters: u64,
    /// What computing needs.
    compute: u64,
}

/// The memory for models.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "budget_bytes": 8_000_000_000_u64, "used_bytes": 2_100_000_000_u64,
    "residents": [{
        "model": "phi-2", "state": "ready",
        "memory": {"weights": 1_789_239_136_u64, "context": 300_000_000, "adapters": 0, "compute": 10_760_864},
        "pinned": false, "context_tokens": 2048, "parallel_max": 4, "gpu_layers": 0, "running": 1, "tokens_per_second": 12.5,
        "started_at": "2026-11-20T10:00:00.000Z", "unload_at": null
    }],
    "waiting": [{"model": "gemma-2b-it", "count": 2}]
}))]
pub(crate) struct LedgerResponse {
    /// Bytes that may be used.
    budget_bytes: u64,
    /// Bytes that are used or promised.
    used_bytes: u64,
    /// Models in memory, by name.
    residents: Vec<ResidentResponse>,
    /// Requests that wait.
    waiting: Vec<WaitingResponse>,
}

/// Requests that wait for a model.
#[derive(Serialize, ToSchema)]
pub(crate) struct WaitingResponse {
    /// The model.
    model: String,
    /// How many.
    count: u32,
}

/// A model to be fetched.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"repository": "TheBloke/phi-2-GGUF", "file": "phi-2.Q4_K_M.gguf", "name": "phi-2"}))]
pub(crate) struct PullModelRequest {
    /// Repository on the hub, or the name of one of the models that are known, such as `phi-2`.
    #[schema(value_type = String, max_length = 200, pattern = r"^[^\u0000]*$")]
    repository: PlainField<REMOTE_NAME_BYTES_MAX>,
    /// GGUF file in it; when left out, the one that is stored as `Q4_K_M`, or the only one.
    #[schema(value_type = Option<String>, max_length = 200, pattern = r"^[^\u0000]*$")]
    file: Option<PlainField<REMOTE_NAME_BYTES_MAX>>,
    /// Name to give it; when left out, one made of the file's name.
    #[schema(value_type = Option<String>, max_length = 64, pattern = "^[a-z0-9][a-z0-9._-]*$")]
    name: Option<Parsed<LocalName>>,
}

/// How a smaller copy is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "Q4_K_M", "as_name": "phi-2.q4_k_m"}))]
pub(crate) struct QuantiseRequest {
    /// Kind of its weights: `Q4_K_M` when left out, `Q4_0`, `Q5_K_M`, `Q6_K`, `Q8_0` or `F16`.
    #[schema(value_type = Option<String>, max_length = 16, pattern = r"^[^\u0000]*$")]
    kind: Option<PlainField<16>>,
    /// Name of the new model; when left out, that of the model with the kind behind it.
    #[schema(value_type = Option<String>, max_length = 64, pattern = "^[a-z0-9][a-z0-9._-]*$")]
    as_name: Option<Parsed<LocalName>>,
    /// A text to measure perplexity with, before and after.
    #[schema(value_type = Option<String>, max_length = 1_048_576, pattern = r"^[^\u0000]*$")]
    sample: Option<PlainField<SAMPLE_BYTES_MAX>>,
}

/// Whether a model is to stay in memory.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pinned": true}))]
pub(crate) struct PinRequest {
    /// Whether it is to stay.
    pub(crate) pinned: bool,
}

/// Name of a model of this machine.
#[derive(Debug, Clone)]
pub(crate) struct LocalName(ModelName);

impl std::str::FromStr for LocalName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_sound = text.bytes().next().is_some_and(is_small)
            && text
                .bytes()
                .all(|byte| is_small(byte) || b"._-".contains(&byte))
            && text.len() <= 64;
        let name = text.parse().ok().filter(|_| is_sound).map(Self);
        name.ok_or_else(|| {
            "this is not a name for a model; use at most 64 small letters, digits and . _ -, beginning with a letter or digit"
                .to_owned()
        })
    }
}

/// Jobs, latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobList {
    /// The jobs.
    jobs: Vec<JobResponse>,
}

/// A job that fetches or shrinks a model.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "7", "kind": "pull", "subject": "TheBloke/phi-2-GGUF", "state": "running",
    "progress": {"stage": "downloading phi-2.Q4_K_M.gguf (licence: mit)", "done": 400_000_000, "total": 1_789_239_136_u64},
    "model": null, "quantised": null, "error": null, "began_at": "2026-11-20T10:00:00.000Z", "ended_at": null
}))]
pub(crate) struct JobResponse {
    /// Its identity.
    id: String,
    /// What it does.
    kind: JobKindName,
    /// What it works on: a repository, with its file where one was named, or a model.
    subject: String,
    /// How it is.
    state: JobStateName,
    /// How far it is, or was when it ended.
    #[schema(required)]
    progress: Option<ProgressResponse>,
    /// The model that came of it.
    #[schema(required)]
    model: Option<String>,
    /// What shrinking did.
    #[schema(required)]
    quantised: Option<QuantisedResponse>,
    /// Why it failed, and what to do.
    #[schema(required)]
    error: Option<String>,
    /// When it began.
    #[schema(format = DateTime)]
    began_at: String,
    /// When it ended.
    #[schema(required, format = DateTime)]
    ended_at: Option<String>,
}

/// How far a job is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProgressResponse {
    /// What is being done.
    stage: String,
    /// Units done: bytes of a download, tensors of a smaller copy.
    done: u64,
    /// Units in all, where known.
    #[schema(required)]
    total: Option<u64>,
}

/// What shrinking did.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuantisedResponse {
    /// Size before.
    size_before_bytes: u64,
    /// Size after.
    size_after_bytes: u64,
    /// Perplexity of the sample before; lower is better.
    #[schema(required)]
    perplexity_before: Option<f64>,
    /// Perplexity of the sample after.
    #[schema(required)]
    perplexity_after: Option<f64>,
}

impl PullModelRequest {
    pub(crate) fn into_request(self) -> PullRequest {
        PullRequest {
            repository: self.repository.0,
            file: self.file.map(|file| file.0),
            name: self.name.map(|Parsed(LocalName(name))| name),
        }
    }
}

impl QuantiseRequest {
    pub(crate) fn into_wish(self, model: ModelName) -> QuantiseWish {
        QuantiseWish {
            model,
            kind: self
                .kind
                .map_or_else(|| USUAL_KIND.to_owned(), |kind| kind.0),
            as_name: self.as_name.map(|Parsed(LocalName(name))| name),
            sample: self.sample.map(|sample| sample.0),
        }
    }
}

impl From<Overview> for ModelsResponse {
    fn from(overview: Overview) -> Self {
        Self {
            models: overview
                .models
                .into_iter()
                .map(ModelResponse::from)
                .collect(),
            tasks: overview.tasks.into_iter().map(TaskResponse::from).collect(),
        }
    }
}

impl From<ModelCard> for ModelResponse {
    fn from(card: ModelCard) -> Self {
        let local = card.local.as_ref();
        let place = if local.is_some() {
            ModelPlace::Local
        } else {
            ModelPlace::Remote
        };
        let adapters = local
            .map(|model| model.adapters.as_slice())
            .unwrap_or_default();
        Self {
            place: Name(place),
            architecture: local.map(|model| model.architecture.clone()),
            quantisation: local.map(|model| model.quantisation.clone()),
            parameters: local.map(|model| model.parameters),
            size_bytes: local.map(|model| model.size_bytes),
            context_tokens: local.map(|model| model.context_tokens),
            licence: local.and_then(|model| model.licence.clone()),
            source: local.map(|model| model.source.clone()),
            digest: local.map(|model| model.weights.to_string()),
            adapters: adapters.iter().map(ToString::to_string).collect(),
            added_at: local.map(|model| rfc3339(model.added_at)),
            tasks: card.tasks.into_iter().map(Name).collect(),
            resident: card.resident.map(ResidentResponse::from),
            name: card.name.to_string(),
        }
    }
}

impl From<TaskCard> for TaskResponse {
    fn from(card: TaskCard) -> Self {
        Self {
            task: Name(card.task),
            model: card.model.map(|model| model.to_string()),
            temperature: card.settings.temperature,
            max_new_tokens: card.settings.max_new_tokens,
        }
    }
}

impl From<Resident> for ResidentResponse {
    fn from(resident: Resident) -> Self {
        Self {
            model: resident.model.to_string(),
            state: Name(resident.state),
            memory: resident.memory.into(),
            pinned: resident.is_pinned,
            context_tokens: resident.context_tokens,
            parallel_max: resident.parallel_max,
            gpu_layers: resident.gpu_layers,
            running: resident.running,
            tokens_per_second: resident.tokens_per_second,
            started_at: rfc3339(resident.started_at),
            unload_at: resident.unload_at.map(rfc3339),
        }
    }
}

impl From<MemoryUse> for MemoryResponse {
    fn from(memory: MemoryUse) -> Self {
        Self {
            weights: memory.weights,
            context: memory.context,
            adapters: memory.adapters,
            compute: memory.compute,
        }
    }
}

impl From<Ledger> for LedgerResponse {
    fn from(ledger: Ledger) -> Self {
        let waiting = ledger
            .waiting
            .into_iter()
            .map(|(model, count)| WaitingResponse {
                model: model.to_string(),
                count,
            });
        Self {
            budget_bytes: ledger.budget_bytes,
            used_bytes: ledger.used_bytes,
            residents: ledger
                .residents
                .into_iter()
                .map(ResidentResponse::from)
                .collect(),
            waiting: waiting.collect(),
        }
    }
}

impl From<Vec<Job>> for JobList {
    fn from(jobs: Vec<Job>) -> Self {
        Self {
            jobs: jobs.into_iter().map(JobResponse::from).collect(),
        }
    }
}

impl From<Job> for JobResponse {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.to_string(),
            kind: Name(job.kind),
            subject: job.subject,
            state: Name(job.state),
            progress: job.progress.map(ProgressResponse::from),
            model: job.model.map(|model| model.to_string()),
            quantised: job.quantised.map(QuantisedResponse::from),
            error: job.error,
            began_at: rfc3339(job.began_at),
            ended_at: job.ended_at.map(rfc3339),
        }
    }
}

impl From<Progress> for ProgressResponse {
    fn from(progress: Progress) -> Self {
        Self {
            stage: progress.stage,
            done: progress.done,
            total: progress.total,
        }
    }
}

impl From<Quantised> for QuantisedResponse {
    fn from(quantised: Quantised) -> Self {
        let perplexity = quantised.perplexity;
        Self {
            size_before_bytes: quantised.size_before_bytes,
            size_after_bytes: quantised.size_after_bytes,
            perplexity_before: perplexity.map(|(before, _)| before),
            perplexity_after: perplexity.map(|(_, after)| after),
        }
    }
}

//! The settings of language models: which serve which task, how they are sampled, and what of this machine they may take.

use std::time::Duration;

use anyhow::{Context as _, bail};
use app::ask::ModelMapping;
use domain::models::{ModelName, ModelTask, TaskSettings};

use super::{Layers, Origin, Setting};

/// Tokens of a prompt with its answer, unless set.
const CONTEXT_TOKENS: u32 = 4096;
/// Fewest tokens that are worth anything, and the most any model reads.
const CONTEXT_RANGE: (u32, u32) = (256, 1_048_576);
/// Requests that one model works on at a time, unless set.
const PARALLEL: u32 = 4;
/// Most requests one model may work on at a time, and most threads.
const PARALLEL_MAX: u32 = 64;
const THREADS_MAX: u32 = 1024;
/// Most layers of any model, and some.
const GPU_LAYERS_MAX: u32 = 10_000;
/// How long an idle model stays in memory, unless set.
const KEEP_ALIVE: Duration = Duration::from_mins(10);
/// As long as any server runs; far from where adding it to a moment overflows.
const ALWAYS: Duration = Duration::from_hours(24 * 365);
/// Most tokens of one answer.
const NEW_TOKENS_MAX: u32 = domain::models::writing::NEW_TOKENS_MAX;
/// Most models of one task.
const MODELS_MAX: usize = 16;

/// A number that this machine decides unless it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount<T> {
    Auto,
    Set(T),
}

/// The settings of one task.
#[derive(Debug, Clone)]
pub(crate) struct TaskConfig {
    pub(crate) models: Setting<Vec<ModelName>>,
    /// Asked when the others cannot be reached or fail.
    pub(crate) fail_over: Setting<Option<ModelName>>,
    pub(crate) temperature: Setting<f32>,
    pub(crate) max_new_tokens: Setting<u32>,
}

/// Everything that can be set about language models.
#[derive(Debug, Clone)]
pub(crate) struct ModelsConfig {
    pub(crate) generate: TaskConfig,
    pub(crate) explain_python: TaskConfig,
    pub(crate) explain: TaskConfig,
    /// Bytes that all models together may take.
    pub(crate) memory: Setting<Amount<u64>>,
    /// Tokens of a prompt with its answer.
    pub(crate) context: Setting<u32>,
    /// Requests that one model works on at a time.
    pub(crate) parallel: Setting<u32>,
    /// Threads of one model.
    pub(crate) threads: Setting<Amount<u32>>,
    /// Layers computed on a graphics card.
    pub(crate) gpu_layers: Setting<Amount<u32>>,
    /// How long an idle model stays in memory.
    pub(crate) keep_alive: Setting<Duration>,
}

impl ModelsConfig {
    /// Which models serve which task.
    pub(crate) fn mapping(&self) -> ModelMapping {
        let settings = |task: &TaskConfig| TaskSettings {
            models: task.models.value.clone(),
            fail_over: task.fail_over.value.clone(),
            temperature: task.temperature.value,
            max_new_tokens: task.max_new_tokens.value,
        };
        ModelMapping {
            generate: settings(&self.generate),
            explain_python: settings(&self.explain_python),
            explain: settings(&self.explain),
            context_tokens: self.context.value,
        }
    }
}

/// The names of a task's four settings: variables, then keys of the file.
struct TaskNames {
    models: (&'static str, &'static str),
    fail_over: (&'static str, &'static str),
    temperature: (&'static str, &'static str),
    max_new_tokens: (&'static str, &'static str),
}

const GENERATE: TaskNames = TaskNames {
    models: ("CODEGENIE_GENERATE_MODELS", "generate_models"),
    fail_over: ("CODEGENIE_GENERATE_FAIL_OVER", "generate_fail_over"),
    temperature: ("CODEGENIE_GENERATE_TEMPERATURE", "generate_temperature"),
    max_new_tokens: (
        "CODEGENIE_GENERATE_MAX_NEW_TOKENS",
        "generate_max_new_tokens",
    ),
};

const EXPLAIN_PYTHON: TaskNames = TaskNames {
    models: ("CODEGENIE_EXPLAIN_PYTHON_MODELS", "explain_python_models"),
    fail_over: (
        "CODEGENIE_EXPLAIN_PYTHON_FAIL_OVER",
        "explain_python_fail_over",
    ),
    temperature: (
        "CODEGENIE_EXPLAIN_PYTHON_TEMPERATURE",
        "explain_python_temperature",
    ),
    max_new_tokens: (
        "CODEGENIE_EXPLAIN_PYTHON_MAX_NEW_TOKENS",
        "explain_python_max_new_tokens",
    ),
};

const EXPLAIN: TaskNames = TaskNames {
    models: ("CODEGENIE_EXPLAIN_MODELS", "explain_models"),
    fail_over: ("CODEGENIE_EXPLAIN_FAIL_OVER", "explain_fail_over"),
    temperature: ("CODEGENIE_EXPLAIN_TEMPERATURE", "explain_temperature"),
    max_new_tokens: ("CODEGENIE_EXPLAIN_MAX_NEW_TOKENS", "explain_max_new_tokens"),
};

pub(super) fn find(layers: &Layers) -> anyhow::Result<ModelsConfig> {
    Ok(ModelsConfig {
        generate: find_task(layers, &GENERATE, ModelTask::Generate)?,
        explain_python: find_task(layers, &EXPLAIN_PYTHON, ModelTask::ExplainPython)?,
        explain: find_task(layers, &EXPLAIN, ModelTask::Explain)?,
        memory: layers.parse(
            "CODEGENIE_MODEL_MEMORY",
            "model_memory",
            || Amount::Auto,
            |text| amount(text, parse_bytes),
        )?,
        context: layers.parse(
            "CODEGENIE_MODEL_CONTEXT",
            "model_context",
            || CONTEXT_TOKENS,
            |text| number(text, CONTEXT_RANGE.0, CONTEXT_RANGE.1, "tokens"),
        )?,
        parallel: layers.parse(
            "CODEGENIE_MODEL_PARALLEL",
            "model_parallel",
            || PARALLEL,
            |text| number(text, 1, PARALLEL_MAX, "requests at a time"),
        )?,
        threads: layers.parse(
            "CODEGENIE_MODEL_THREADS",
            "model_threads",
            || Amount::Auto,
            |text| amount(text, |text| number(text, 1, THREADS_MAX, "threads")),
        )?,
        gpu_layers: layers.parse(
            "CODEGENIE_MODEL_GPU_LAYERS",
            "model_gpu_layers",
            || Amount::Auto,
            |text| amount(text, |text| number(text, 0, GPU_LAYERS_MAX, "layers")),
        )?,
        keep_alive: layers.parse(
            "CODEGENIE_MODEL_KEEP_ALIVE",
            "model_keep_alive",
            || KEEP_ALIVE,
            parse_duration,
        )?,
    })
}

fn find_task(layers: &Layers, names: &TaskNames, task: ModelTask) -> anyhow::Result<TaskConfig> {
    let usual = TaskSettings::usual(task);
    let (models, temperature, tokens) = (names.models, names.temperature, names.max_new_tokens);
    Ok(TaskConfig {
        models: layers.parse(models.0, models.1, || usual.models, parse_models)?,
        fail_over: layers.parse(
            names.fail_over.0,
            names.fail_over.1,
            || usual.fail_over,
            |text| Ok(Some(text.trim().parse()?)),
        )?,
        temperature: layers.parse(
            temperature.0,
            temperature.1,
            || usual.temperature,
            parse_temperature,
        )?,
        max_new_tokens: layers.parse(
            tokens.0,
            tokens.1,
            || usual.max_new_tokens,
            |text| number(text, 1, NEW_TOKENS_MAX, "tokens"),
        )?,
    })
}

fn amount<T>(
    text: &str,
    parse: impl FnOnce(&str) -> anyhow::Result<T>,
) -> anyhow::Result<Amount<T>> {
    if text == "auto" {
        Ok(Amount::Auto)
    } else {
        parse(text).map(Amount::Set)
    }
}

fn number(text: &str, min: u32, max: u32, what: &str) -> anyhow::Result<u32> {
    match text.trim().parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        Ok(_) | Err(_) => {
            bail!("`{text}` is not a number of {what}; use a whole number from {min} to {max}")
        }
    }
}

/// Names separated by commas; none at all when the task is to have no model of its own.
fn parse_models(text: &str) -> anyhow::Result<Vec<ModelName>> {
    let names = text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let models: Vec<ModelName> = names
        .map(|name| name.parse().map_err(anyhow::Error::new))
        .collect::<Result<_, _>>()
        .context("separate the names of models by commas")?;
    if models.len() > MODELS_MAX {
        bail!("a task may name at most {MODELS_MAX} models");
    }
    Ok(models)
}

fn parse_temperature(text: &str) -> anyhow::Result<f32> {
    match text.trim().parse::<f32>() {
        Ok(temperature) if (0.0..=2.0).contains(&temperature) => Ok(temperature),
        Ok(_) | Err(_) => bail!("`{text}` is not a temperature; use a number from 0 to 2"),
    }
}

/// Bytes: a number alone, or with `KiB`, `MiB`, `GiB`, `KB`, `MB` or `GB`.
fn parse_bytes(text: &str) -> anyhow::Result<u64> {
    let refused = || {
        anyhow::anyhow!(
            "`{text}` is not an amount of memory; write for example 6 GiB, 800 MiB or auto"
        )
    };
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" | "k" => 1 << 10,
        "mib" | "m" => 1 << 20,
        "gib" | "g" => 1 << 30,
        "tib" | "t" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err(refused()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: u64 = whole.parse().map_err(|_| refused())?;
    // Thousandths are exact enough for memory, and whole numbers keep it exact.
    let thousandths: u64 = match fraction.len() {
        0 => 0,
        digits @ 1..=3 => {
            let number: u64 = fraction.parse().map_err(|_| refused())?;
            number * 10_u64.pow(3 - u32::try_from(digits)?)
        }
        _ => return Err(refused()),
    };
    let bytes = whole
        .checked_mul(unit)
        .and_then(|bytes| bytes.checked_add(unit / 1000 * thousandths));
    bytes.filter(|bytes| *bytes > 0).ok_or_else(refused)
}

/// A time: seconds alone, or with `s`, `min`, `h`; `always` for as long as the server runs.
fn parse_duration(text: &str) -> anyhow::Result<Duration> {
    let refused =
        || anyhow::anyhow!("`{text}` is not a time; write for example 10 min, 90 s, 2 h or always");
    let text = text.trim();
    if text == "always" {
        return Ok(ALWAYS);
    }
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let number: u64 = digits.parse().map_err(|_| refused())?;
    let seconds = match unit.trim() {
        "" | "s" | "sec" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => return Err(refused()),
    };
    let total = number.checked_mul(seconds).map(Duration::from_secs);
    total.filter(|time| *time <= ALWAYS).ok_or_else(refused)
}

/// Name, value and origin of every setting, as `codegenie config` shows them.
pub(crate) fn rows(config: &ModelsConfig) -> Vec<(&'static str, String, &Origin)> {
    let mut rows = Vec::with_capacity(18);
    for (names, task) in [
        (&GENERATE, &config.generate),
        (&EXPLAIN_PYTHON, &config.explain_python),
        (&EXPLAIN, &config.explain),
    ] {
        let models: Vec<&str> = task.models.value.iter().map(ModelName::as_str).collect();
        rows.push((names.models.1, models.join(","), &task.models.origin));
        let fail_over = task.fail_over.value.as_ref();
        let fail_over = fail_over.map_or_else(String::new, ToString::to_string);
        rows.push((names.fail_over.1, fail_over, &task.fail_over.origin));
        let temperature = task.temperature.value.to_string();
        rows.push((names.temperature.1, temperature, &task.temperature.origin));
        let tokens = task.max_new_tokens.value.to_string();
        rows.push((names.max_new_tokens.1, tokens, &task.max_new_tokens.origin));
    }
    let keep_alive = match config.keep_alive.value {
        ALWAYS => "always".to_owned(),
        time => format!("{} s", time.as_secs()),
    };
    rows.extend([
        (
            "model_memory",
            shown(config.memory.value),
            &config.memory.origin,
        ),
        (
            "model_context",
            config.context.value.to_string(),
            &config.context.origin,
        ),
        (
            "model_parallel",
            config.parallel.value.to_string(),
            &config.parallel.origin,
        ),
        (
            "model_threads",
            shown(config.threads.value),
            &config.threads.origin,
        ),
        (
            "model_gpu_layers",
            shown(config.gpu_layers.value),
            &config.gpu_layers.origin,
        ),
        ("model_keep_alive", keep_alive, &config.keep_alive.origin),
    ]);
    rows
}

fn shown<T: ToString>(amount: Amount<T>) -> String {
    match amount {
        Amount::Auto => "auto".to_owned(),
        Amount::Set(value) => value.to_string(),
    }
}

/// The keys of the settings file.
pub(super) const KEYS: [&str; 18] = [
    GENERATE.models.1,
    GENERATE.fail_over.1,
    GENERATE.temperature.1,
    GENERATE.max_new_tokens.1,
    EXPLAIN_PYTHON.models.1,
    EXPLAIN_PYTHON.fail_over.1,
    EXPLAIN_PYTHON.temperature.1,
    EXPLAIN_PYTHON.max_new_tokens.1,
    EXPLAIN.models.1,
    EXPLAIN.fail_over.1,
    EXPLAIN.temperature.1,
    EXPLAIN.max_new_tokens.1,
    "model_memory",
    "model_context",
    "model_parallel",
    "model_threads",
    "model_gpu_layers",
    "model_keep_alive",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_with_and_without_a_unit() {
        for (text, bytes) in [
            ("6 GiB", 6 << 30),
            ("6gb", 6_000_000_000),
            ("1.5 GiB", (1 << 30) + (1 << 30) / 1000 * 500),
            ("800 MiB", 800 << 20),
            ("1048576", 1 << 20),
        ] {
            assert_eq!(parse_bytes(text).unwrap(), bytes, "{text}");
        }
        for text in [
            "",
            "lots",
            "6 GiB more",
            "-1",
            "0",
            "1.2345 GiB",
            "99999999999 TiB",
        ] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
        assert_eq!(amount("auto", parse_bytes).unwrap(), Amount::Auto);
    }

    #[test]
    fn times_temperatures_and_names_are_checked() {
        assert_eq!(parse_duration("10 min").unwrap(), Duration::from_mins(10));
        assert_eq!(parse_duration("90").unwrap(), Duration::from_secs(90));
        assert_eq!(parse_duration("always").unwrap(), ALWAYS);
        assert!(parse_duration("soon").is_err());
        assert!(parse_temperature("2.1").is_err());
        assert!(parse_temperature("NaN").is_err());
        assert!((parse_temperature("0.2").unwrap() - 0.2).abs() < 1e-6);
        let models = parse_models("phi-2, mine").unwrap();
        assert_eq!(models.len(), 2);
        assert!(parse_models("../etc").is_err());
        assert!(number("0", 1, 8, "requests").is_err());
    }
}

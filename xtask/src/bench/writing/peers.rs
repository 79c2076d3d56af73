//! The peers on the same file and threads: llama.cpp's own benchmarks, and transformers on the same shape.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde_json::{Value, json};

/// Tokens a second of reading a prompt and of writing after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Speed {
    pub(crate) prefill: f64,
    pub(crate) decode: f64,
}

/// llama.cpp's own benchmarks, built by `scripts/bench-peer.sh`.
pub(crate) struct LlamaCpp {
    /// Folder with `llama-bench` and `llama-batched-bench`.
    pub(crate) folder: PathBuf,
}

impl LlamaCpp {
    /// One round of `llama-bench`: a prompt of `prompt` tokens, and `new` tokens after such a prompt.
    pub(crate) fn speed(
        &self,
        model: &Path,
        threads: usize,
        (prompt, new): (u32, u32),
    ) -> anyhow::Result<Speed> {
        let run = |new, read, before| {
            self.run(model, threads, [("-p", read), ("-n", new), ("-d", before)])
        };
        Ok(Speed {
            prefill: run(0, prompt, 0)?,
            decode: run(new, 0, prompt)?,
        })
    }

    /// Tokens a second of reading `added` tokens after `before` others.
    pub(crate) fn reading(
        &self,
        model: &Path,
        threads: usize,
        added: u32,
        before: u32,
    ) -> anyhow::Result<f64> {
        self.run(model, threads, [("-p", added), ("-n", 0), ("-d", before)])
    }

    fn run(&self, model: &Path, threads: usize, args: [(&str, u32); 3]) -> anyhow::Result<f64> {
        let mut words: Vec<OsString> = vec!["-m".into(), model.into()];
        for (name, value) in args {
            words.extend([name.into(), value.to_string().into()]);
        }
        words.extend(["-t".into(), threads.to_string().into()]);
        words.extend(["-r", "1", "-o", "json"].map(OsString::from));
        let text = output(&self.folder.join("llama-bench"), &words)?;
        read_llama_bench(&text)
    }

    /// Tokens a second of `streams` texts at once, prompts counted, by `llama-batched-bench`.
    pub(crate) fn streams(
        &self,
        model: &Path,
        threads: usize,
        streams: usize,
        (prompt, new): (u32, u32),
    ) -> anyhow::Result<f64> {
        let context = usize::try_from(prompt + new)? * streams;
        let words: Vec<OsString> = vec![
            "-m".into(),
            model.into(),
            "-t".into(),
            threads.to_string().into(),
            "-c".into(),
            context.to_string().into(),
            "-npp".into(),
            prompt.to_string().into(),
            "-ntg".into(),
            new.to_string().into(),
            "-npl".into(),
            streams.to_string().into(),
            "--output-format".into(),
            "jsonl".into(),
        ];
        let text = output(&self.folder.join("llama-batched-bench"), &words)?;
        let wanted = f64::from(new) * f64::from(u32::try_from(streams)?);
        Ok(wanted / read_batched_bench(&text)?)
    }
}

/// transformers with weights of this shape in bf16, in a Python of its own.
pub(crate) fn transformers(
    python: &Path,
    repository: &Path,
    threads: usize,
    shape: &Value,
    (prompt, new): (u32, u32),
) -> anyhow::Result<Speed> {
    let asked = json!({"shape": shape, "threads": threads, "prompt": prompt, "new": new});
    let words = [
        repository.join("scripts/bench_transformers.py").into(),
        asked.to_string().into(),
    ];
    let text = output(python, &words)?;
    let line = text.lines().last().unwrap_or_default();
    let told: Value = serde_json::from_str(line).context("bench_transformers.py gave no result")?;
    Ok(Speed {
        prefill: number(&told, "prefill")?,
        decode: number(&told, "decode")?,
    })
}

fn output(program: &Path, words: &[OsString]) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(words)
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success(),
        "{} ended with {}: {}",
        program.display(),
        output.status,
        stderr.lines().last().unwrap_or("it said nothing")
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Tokens a second of the only test in what `llama-bench -o json` printed.
fn read_llama_bench(text: &str) -> anyhow::Result<f64> {
    let told: Value = serde_json::from_str(text).context("llama-bench gave no JSON")?;
    let test = told.get(0).context("llama-bench ran nothing")?;
    number(test, "avg_ts")
}

/// Seconds of the only round in what `llama-batched-bench` printed, prompts and all.
fn read_batched_bench(text: &str) -> anyhow::Result<f64> {
    let mut rounds = text.lines().filter(|line| line.starts_with('{'));
    let line = rounds
        .next_back()
        .context("llama-batched-bench ran nothing")?;
    let round: Value = serde_json::from_str(line).context("llama-batched-bench gave no JSON")?;
    number(&round, "t")
}

fn number(told: &Value, name: &str) -> anyhow::Result<f64> {
    let number = told.get(name).and_then(Value::as_f64);
    number
        .filter(|number| *number > 0.0)
        .with_context(|| format!("the peer gave no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_peers_print_is_read_and_nothing_else() {
        let bench = r#"[{"n_prompt": 512, "avg_ts": 84.5}]"#;
        assert!((read_llama_bench(bench).unwrap() - 84.5).abs() < 1e-9);
        let batched = "main: n_kv_max = 1024\n\n{\"n_kv_max\": 1024, \"t\": 4.0, \"speed\": 9.0}\n";
        assert!((read_batched_bench(batched).unwrap() - 4.0).abs() < 1e-9);
        for wrong in ["", "[]", "[{}]", r#"[{"avg_ts": 0}]"#] {
            assert!(read_llama_bench(wrong).is_err(), "{wrong}");
        }
        assert!(read_batched_bench("no round").is_err());
    }
}

//! What an engine process is started with: a role, then `--name value` pairs. Written by the server and read by its child, so
//! that both sides agree by construction.

use std::ffi::OsString;
use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;

use super::EngineError;
use super::task::TaskArgs;

/// Most threads one engine may use.
const THREADS_MAX: usize = 512;

/// What an engine process is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineArgs {
    /// Turns texts into vectors.
    Embed(EmbedArgs),
    /// Writes texts.
    Write(WriteArgs),
    /// Works on a model's file and ends.
    Task(TaskArgs),
}

/// `embed --model FILE --threads N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedArgs {
    /// The GGUF file.
    pub model: PathBuf,
    /// Threads for the computation; more than 512 count as 512.
    pub threads: NonZeroUsize,
}

/// `write --model FILE --threads N --context-tokens N --parallel N --gpu-layers N|auto [--adapter FILE]…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteArgs {
    /// The GGUF file.
    pub model: PathBuf,
    /// Threads for the computation; more than 512 count as 512.
    pub threads: NonZeroUsize,
    /// Tokens that one request may have, prompt and text together.
    pub context_tokens: NonZeroU32,
    /// Requests worked on at a time.
    pub parallel: NonZeroU32,
    /// Layers computed on a graphics card.
    pub gpu_layers: GpuLayers,
    /// LoRA adapters as GGUF files; requests name them by their place here.
    pub adapters: Vec<PathBuf>,
}

/// How many layers of a model a graphics card computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GpuLayers {
    /// As many as fit in the memory that is free when the engine starts; none without a card.
    Auto,
    /// At most so many.
    Most(u32),
}

impl EngineArgs {
    /// Reads a role and its arguments, which may come in any order.
    ///
    /// # Errors
    /// [`EngineError::Usage`] when the role is unknown, or an argument is missing, given twice, unknown or no number.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, EngineError> {
        let mut args = args.into_iter();
        let role = args.next().unwrap_or_default();
        let mut flags = Flags::read(args)?;
        let parsed = match role.to_str() {
            Some("embed") => Self::Embed(EmbedArgs::take(&mut flags)?),
            Some("write") => Self::Write(WriteArgs::take(&mut flags)?),
            Some(task) if TaskArgs::is_role(task) => Self::Task(TaskArgs::take(task, &mut flags)?),
            _ => {
                return Err(EngineError::Usage(format!(
                    "the role `{}` is unknown; expected embed, write, check, quantise or perplexity",
                    role.display()
                )));
            }
        };
        flags.finish()?;
        Ok(parsed)
    }

    /// The arguments that [`EngineArgs::parse`] reads.
    pub fn to_args(&self) -> Vec<OsString> {
        match self {
            Self::Embed(args) => args.to_args(),
            Self::Write(args) => args.to_args(),
            Self::Task(args) => args.to_args(),
        }
    }
}

impl EmbedArgs {
    fn take(flags: &mut Flags) -> Result<Self, EngineError> {
        Ok(Self {
            model: flags.take("--model")?.into(),
            threads: flags.take_number("--threads")?,
        })
    }

    fn to_args(&self) -> Vec<OsString> {
        vec![
            "embed".into(),
            "--model".into(),
            self.model.clone().into(),
            "--threads".into(),
            self.threads.to_string().into(),
        ]
    }
}

impl WriteArgs {
    fn take(flags: &mut Flags) -> Result<Self, EngineError> {
        Ok(Self {
            model: flags.take("--model")?.into(),
            threads: flags.take_number("--threads")?,
            context_tokens: flags.take_number("--context-tokens")?,
            parallel: flags.take_number("--parallel")?,
            gpu_layers: flags.take_number("--gpu-layers")?,
            adapters: flags
                .take_all("--adapter")
                .into_iter()
                .map(PathBuf::from)
                .collect(),
        })
    }

    fn to_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec![
            "write".into(),
            "--model".into(),
            self.model.clone().into(),
            "--threads".into(),
            self.threads.to_string().into(),
            "--context-tokens".into(),
            self.context_tokens.to_string().into(),
            "--parallel".into(),
            self.parallel.to_string().into(),
            "--gpu-layers".into(),
            self.gpu_layers.to_string().into(),
        ];
        for adapter in &self.adapters {
            args.extend(["--adapter".into(), adapter.clone().into()]);
        }
        args
    }
}

impl fmt::Display for GpuLayers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Most(layers) => layers.fmt(f),
        }
    }
}

impl FromStr for GpuLayers {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            number => number.parse().map(Self::Most),
        }
    }
}

/// `threads` as llama.cpp counts them.
pub(crate) fn thread_count(threads: NonZeroUsize) -> i32 {
    i32::try_from(threads.get().min(THREADS_MAX)).expect("BUG: 512 fits")
}

/// The `--name value` pairs of a role that were not taken yet.
pub(crate) struct Flags(Vec<(OsString, OsString)>);

impl Flags {
    fn read(mut args: impl Iterator<Item = OsString>) -> Result<Self, EngineError> {
        let mut pairs = Vec::new();
        while let Some(name) = args.next() {
            let Some(value) = args.next() else {
                return Err(EngineError::Usage(format!(
                    "{} needs a value",
                    name.display()
                )));
            };
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// Every value given under `name`, in order.
    pub(crate) fn take_all(&mut self, name: &str) -> Vec<OsString> {
        self.0
            .extract_if(.., |(given, _)| given == name)
            .map(|(_, value)| value)
            .collect()
    }

    /// The one value given under `name`.
    pub(crate) fn take(&mut self, name: &str) -> Result<OsString, EngineError> {
        let mut values = self.take_all(name);
        match (values.pop(), values.is_empty()) {
            (Some(value), true) => Ok(value),
            (Some(_), false) => Err(EngineError::Usage(format!("{name} is given twice"))),
            (None, _) => Err(EngineError::Usage(format!("{name} is missing"))),
        }
    }

    /// The one value given under `name`, read as a `T`.
    pub(crate) fn take_number<T: FromStr>(&mut self, name: &str) -> Result<T, EngineError> {
        let value = self.take(name)?;
        value
            .to_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| EngineError::Usage(format!("{name} cannot be `{}`", value.display())))
    }

    fn finish(self) -> Result<(), EngineError> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(EngineError::Usage(format!("{} is unknown", name.display()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<EngineArgs, EngineError> {
        EngineArgs::parse(args.iter().map(OsString::from))
    }

    #[test]
    fn arguments_come_back() {
        let embed = EngineArgs::Embed(EmbedArgs {
            model: "a b.gguf".into(),
            threads: NonZeroUsize::new(3).unwrap(),
        });
        assert_eq!(EngineArgs::parse(embed.to_args()).unwrap(), embed);
        for gpu_layers in [GpuLayers::Auto, GpuLayers::Most(0), GpuLayers::Most(7)] {
            let write = EngineArgs::Write(WriteArgs {
                model: "a b.gguf".into(),
                threads: NonZeroUsize::MIN,
                context_tokens: NonZeroU32::new(2048).unwrap(),
                parallel: NonZeroU32::new(4).unwrap(),
                gpu_layers,
                adapters: vec!["one.gguf".into(), "--two".into()],
            });
            assert_eq!(EngineArgs::parse(write.to_args()).unwrap(), write);
        }
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for wrong in [
            &[][..],
            &["--model", "m", "--threads", "2"],
            &["sing", "--model", "m", "--threads", "2"],
            &["embed", "--model", "m"],
            &["embed", "--threads", "2"],
            &["embed", "--model", "m", "--threads", "0"],
            &["embed", "--model", "m", "--threads"],
            &["embed", "--model", "m", "--threads", "2", "--threads", "2"],
            &["embed", "--model", "m", "--threads", "2", "--port", "1"],
            &["write", "--model", "m", "--threads", "2"],
        ] {
            assert!(
                matches!(parse(wrong), Err(EngineError::Usage(_))),
                "{wrong:?}"
            );
        }
    }
}

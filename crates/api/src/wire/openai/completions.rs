//! Continued texts as OpenAI's API asks for them and tells them.

use app::completions::{Wanted, WantedSampling};
use domain::models::writing::{Finished, Prompt, Shape};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::logprobs::TextLogprobs;
use super::{
    Heading, OneOrMany, StreamOptions, StreamUsage, Usage, fingerprint, includes_usage,
    refuse_many, refuse_unsupported,
};
use crate::problem::Problem;

/// Tokens written at most when a request does not say, as in OpenAI's API.
const NEW_TOKENS_USUAL: u32 = 16;
/// Most alternatives told for each token, as in OpenAI's API.
const ALTERNATIVES_MAX: u32 = 5;

/// A text to be continued.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"model": "phi-2", "prompt": "def fibonacci(n):", "temperature": 0, "max_tokens": 64}))]
pub(crate) struct CompletionRequest {
    /// The language model, with `:ADAPTER` behind it for one of its adapters; `/v1/models` lists those there are.
    model: String,
    /// The text, or a list with one. Numbers of tokens are refused.
    prompt: OneOrMany,
    /// Whether the answer comes in pieces, as server-sent events.
    stream: Option<bool>,
    /// What a stream tells besides the text.
    stream_options: Option<StreamOptions>,
    /// 0 takes the most probable token; 1 when left out.
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// Only the most probable tokens that together have this probability.
    #[schema(minimum = 0, maximum = 1)]
    top_p: Option<f32>,
    /// Only so many of the most probable tokens; 0 for all. Not in OpenAI's API.
    top_k: Option<u32>,
    /// Only tokens at least this probable, relative to the most probable. Not in OpenAI's API.
    #[schema(minimum = 0, maximum = 1)]
    min_p: Option<f32>,
    /// Makes tokens that were written less probable; 1 for no change. Not in OpenAI's API.
    #[schema(minimum = 0.1, maximum = 2)]
    repeat_penalty: Option<f32>,
    /// Taken from a token for each time it was written.
    #[schema(minimum = -2, maximum = 2)]
    frequency_penalty: Option<f32>,
    /// Taken from a token that was written.
    #[schema(minimum = -2, maximum = 2)]
    presence_penalty: Option<f32>,
    /// The same seed gives the same text from the same weights; random when left out.
    seed: Option<i64>,
    /// Texts that end the answer and are not part of it; 16 at most.
    stop: Option<OneOrMany>,
    /// Tokens to write at most; 16 when left out.
    #[schema(minimum = 1, maximum = 8192)]
    max_tokens: Option<u32>,
    /// Alternatives to tell for each token, with its log-probability.
    #[schema(minimum = 0, maximum = 5)]
    logprobs: Option<u32>,
    /// Refused unless it is 1.
    n: Option<u32>,
    /// Refused unless it is 1.
    best_of: Option<u32>,
    #[serde(flatten)]
    #[schema(ignore)]
    unsupported: Unsupported,
}

/// Fields that would change what the answer means, and cannot be heeded.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Unsupported {
    echo: Value,
    suffix: Value,
    logit_bias: Value,
}

/// How the answer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextForm {
    pub(crate) streams: bool,
    pub(crate) includes_usage: bool,
}

impl CompletionRequest {
    /// What is wanted, and how it is told.
    pub(crate) fn into_parts(self) -> Result<(Wanted, TextForm), Problem> {
        refuse_many("n", self.n)?;
        refuse_many("best_of", self.best_of)?;
        let Unsupported {
            echo,
            suffix,
            logit_bias,
        } = &self.unsupported;
        let unsupported = [
            ("echo", echo),
            ("suffix", suffix),
            ("logit_bias", logit_bias),
        ];
        refuse_unsupported(&unsupported, "")?;
        if let Some(count) = self.logprobs.filter(|count| *count > ALTERNATIVES_MAX) {
            let message = format!("{count} is out of range; use 0 to {ALTERNATIVES_MAX}");
            return Err(Problem::invalid("logprobs", message));
        }
        let prompts = Vec::from(self.prompt);
        let [prompt] = <[String; 1]>::try_from(prompts).map_err(|prompts| {
            let message = format!("one text is continued at a time, not {}", prompts.len());
            Problem::invalid("prompt", message)
        })?;
        let form = TextForm {
            streams: self.stream == Some(true),
            includes_usage: includes_usage(self.stream_options.as_ref()),
        };
        let wanted = Wanted {
            model: self.model,
            prompt: Prompt::Text(prompt),
            sampling: WantedSampling {
                temperature: self.temperature,
                top_k: self.top_k,
                top_p: self.top_p,
                min_p: self.min_p,
                repeat_penalty: self.repeat_penalty,
                frequency_penalty: self.frequency_penalty,
                presence_penalty: self.presence_penalty,
                seed: self.seed.map(i64::cast_unsigned),
                stop: self.stop.map(Vec::from).unwrap_or_default(),
                max_new_tokens: Some(self.max_tokens.unwrap_or(NEW_TOKENS_USUAL)),
            },
            shape: Shape::Free,
            is_lookup: false,
            logprobs: self.logprobs,
        };
        Ok((wanted, form))
    }
}

/// The continuation of a text, or in a stream a piece of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TextCompletion {
    /// Identity of the answer, the same in every piece.
    id: String,
    /// Always `text_completion`.
    object: &'static str,
    /// When it was asked for, seconds since 1970.
    created: i64,
    /// The model.
    model: String,
    /// One; none in the piece that tells the usage.
    choices: Vec<TextChoice>,
    /// Tokens read and written. In a stream only with `include_usage`, and null but in the last piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<StreamUsage>,
    /// Changes with the weights; null where the model is not on this machine, and in a stream before the end.
    #[schema(required)]
    system_fingerprint: Option<String>,
}

/// A continuation.
#[derive(Serialize, ToSchema)]
pub(crate) struct TextChoice {
    /// Always 0.
    index: u32,
    /// The text.
    text: String,
    /// Log-probabilities, when they were asked for.
    #[schema(required)]
    logprobs: Option<TextLogprobs>,
    /// `stop` or `length`; null in a stream before the end.
    #[schema(required)]
    finish_reason: Option<&'static str>,
}

impl TextCompletion {
    /// The whole continuation.
    pub(crate) fn whole(
        heading: &Heading,
        text: String,
        logprobs: Option<TextLogprobs>,
        finished: &Finished,
    ) -> Self {
        Self {
            usage: Some(StreamUsage::Told(Usage::from(finished))),
            ..Self::end(heading, text, logprobs, finished)
        }
    }

    /// The next text of a stream.
    pub(crate) fn next(
        heading: &Heading,
        form: TextForm,
        text: String,
        logprobs: Option<TextLogprobs>,
    ) -> Self {
        Self {
            usage: form.includes_usage.then_some(StreamUsage::Later),
            ..Self::of(
                heading,
                Some(TextChoice {
                    index: 0,
                    text,
                    logprobs,
                    finish_reason: None,
                }),
            )
        }
    }

    /// The last piece of a stream with a choice: why it ended.
    pub(crate) fn last(heading: &Heading, form: TextForm, finished: &Finished) -> Self {
        Self {
            usage: form.includes_usage.then_some(StreamUsage::Later),
            ..Self::end(heading, String::new(), None, finished)
        }
    }

    /// The piece of a stream that tells the usage.
    pub(crate) fn usage(heading: &Heading, finished: &Finished) -> Self {
        Self {
            usage: Some(StreamUsage::Told(Usage::from(finished))),
            system_fingerprint: fingerprint(finished),
            ..Self::of(heading, None)
        }
    }

    fn end(
        heading: &Heading,
        text: String,
        logprobs: Option<TextLogprobs>,
        finished: &Finished,
    ) -> Self {
        let choice = TextChoice {
            index: 0,
            text,
            logprobs,
            finish_reason: Some(finished.reason.name()),
        };
        Self {
            system_fingerprint: fingerprint(finished),
            ..Self::of(heading, Some(choice))
        }
    }

    fn of(heading: &Heading, choice: Option<TextChoice>) -> Self {
        Self {
            id: heading.id.clone(),
            object: "text_completion",
            created: heading.created,
            model: heading.model.clone(),
            choices: choice.into_iter().collect(),
            usage: None,
            system_fingerprint: None,
        }
    }
}

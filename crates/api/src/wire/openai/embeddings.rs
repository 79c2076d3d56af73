//! Embeddings as OpenAI's API asks for them and tells them.

use app::completions::Vectors;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::OneOrMany;
use crate::problem::Problem;

/// Texts to be turned into vectors.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"model": "all-minilm-l6-v2-f32", "input": ["sort a list", "reverse a string"]}))]
pub(crate) struct EmbeddingRequest {
    /// The encoder; `/v1/models` lists it last.
    pub(crate) model: String,
    /// One text, or up to 256. Numbers of tokens are refused.
    input: OneOrMany,
    /// `float` when left out.
    encoding_format: Option<EncodingFormat>,
    /// Refused unless it is the length that the vectors have.
    dimensions: Option<u32>,
}

/// How vectors are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EncodingFormat {
    /// A list of numbers.
    Float,
    /// Little-endian 32-bit numbers in Base64.
    Base64,
}

/// What of a request is needed for the answer.
pub(crate) struct EmbeddingForm {
    format: EncodingFormat,
    dimensions: Option<u32>,
}

impl EmbeddingRequest {
    /// The name of the model, the texts, and how their vectors are told.
    pub(crate) fn into_parts(self) -> (String, Vec<String>, EmbeddingForm) {
        let form = EmbeddingForm {
            format: self.encoding_format.unwrap_or(EncodingFormat::Float),
            dimensions: self.dimensions,
        };
        (self.model, self.input.into(), form)
    }
}

/// The vectors of the texts.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmbeddingResponse {
    /// Always `list`.
    object: &'static str,
    /// One for each text, in the same order.
    data: Vec<TextVector>,
    /// The encoder.
    model: String,
    /// What was read.
    usage: EmbeddingUsage,
}

/// The vector of a text.
#[derive(Serialize, ToSchema)]
pub(crate) struct TextVector {
    /// Always `embedding`.
    object: &'static str,
    /// Place of the text in the request, from 0.
    index: usize,
    /// The vector, of unit length.
    embedding: Numbers,
}

/// Numbers as they were asked for.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Numbers {
    /// As a list.
    Float(Vec<f32>),
    /// As Base64 of little-endian 32-bit numbers.
    Base64(String),
}

/// Tokens read, with the two marks around each text. Texts are cut at the encoder's window.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmbeddingUsage {
    /// Of all texts together.
    prompt_tokens: u32,
    /// The same: nothing is written.
    total_tokens: u32,
}

impl EmbeddingResponse {
    pub(crate) fn new(form: &EmbeddingForm, vectors: Vectors) -> Result<Self, Problem> {
        let length = vectors.vectors.first().map_or(0, Vec::len);
        if let Some(wanted) = form.dimensions
            && usize::try_from(wanted) != Ok(length)
        {
            let message = format!("{wanted} is not possible; these vectors have {length} numbers");
            return Err(Problem::invalid("dimensions", message).with_code("unsupported_value"));
        }
        let data = vectors
            .vectors
            .into_iter()
            .enumerate()
            .map(|(index, vector)| TextVector {
                object: "embedding",
                index,
                embedding: form.encode(vector),
            });
        Ok(Self {
            object: "list",
            data: data.collect(),
            model: vectors.model,
            usage: EmbeddingUsage {
                prompt_tokens: vectors.tokens,
                total_tokens: vectors.tokens,
            },
        })
    }
}

impl EmbeddingForm {
    fn encode(&self, vector: Vec<f32>) -> Numbers {
        match self.format {
            EncodingFormat::Float => Numbers::Float(vector),
            EncodingFormat::Base64 => {
                let bytes: Vec<u8> = vector
                    .iter()
                    .flat_map(|number| number.to_le_bytes())
                    .collect();
                Numbers::Base64(STANDARD.encode(bytes))
            }
        }
    }
}

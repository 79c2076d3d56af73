//! The families of models that the product is made for: their shapes, special tokens and settings as published.

use inference::gguf::Value;

use crate::templates;
use crate::vocabulary::{Kind, Specials, Vocabulary};

/// A family of published models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// gemma-2b-it: architecture `gemma`.
    Gemma,
    /// deepseek-coder-1.3b-instruct: architecture `llama` with positions scaled by 4.
    DeepseekCoder,
    /// phi-2: architecture `phi2`; it has no chat template.
    Phi2,
    /// Phi-3-mini-4k-instruct: architecture `phi3`.
    Phi3,
    /// Mistral-7B-Instruct-v0.3: architecture `llama` with fewer heads for keys than for queries.
    Mistral,
}

/// Numbers that make up the shape of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) layers: u32,
    pub(crate) width: u32,
    pub(crate) inner: u32,
    pub(crate) heads: u32,
    pub(crate) kv_heads: u32,
    pub(crate) head_width: u32,
    /// Of each head, so many numbers are rotated.
    pub(crate) rotated: u32,
    pub(crate) context: u32,
    /// Tokens of the vocabulary; `None` for as many as it has without padding.
    pub(crate) tokens: Option<usize>,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 5] = [
        Self::Gemma,
        Self::DeepseekCoder,
        Self::Phi2,
        Self::Phi3,
        Self::Mistral,
    ];

    /// The name of the published model, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gemma => "gemma-2b-it",
            Self::DeepseekCoder => "deepseek-coder-1.3b-instruct",
            Self::Phi2 => "phi-2",
            Self::Phi3 => "phi-3-mini-4k-instruct",
            Self::Mistral => "mistral-7b-instruct",
        }
    }

    /// The name of its architecture in GGUF.
    pub const fn architecture(self) -> &'static str {
        match self {
            Self::Gemma => "gemma",
            Self::DeepseekCoder | Self::Mistral => "llama",
            Self::Phi2 => "phi2",
            Self::Phi3 => "phi3",
        }
    }

    /// The published shape.
    pub(crate) const fn real_shape(self) -> Shape {
        let numbers = match self {
            Self::Gemma => [18, 2048, 16384, 8, 1, 256, 256, 8192, 256_000],
            Self::DeepseekCoder => [24, 2048, 5504, 16, 16, 128, 128, 16384, 32256],
            Self::Phi2 => [32, 2560, 10240, 32, 32, 80, 32, 2048, 51200],
            Self::Phi3 => [32, 3072, 8192, 32, 32, 96, 96, 4096, 32064],
            Self::Mistral => [32, 4096, 14336, 32, 8, 128, 128, 32768, 32768],
        };
        let [
            layers,
            width,
            inner,
            heads,
            kv_heads,
            head_width,
            rotated,
            context,
            tokens,
        ] = numbers;
        Shape {
            layers,
            width,
            inner,
            heads,
            kv_heads,
            head_width,
            rotated,
            context,
            tokens: Some(tokens as usize),
        }
    }

    /// The published shape made small, with what is peculiar about it kept: shared keys, wide heads, partial rotation.
    pub(crate) const fn tiny_shape(self) -> Shape {
        let (kv_heads, head_width, rotated) = match self {
            Self::Gemma => (1, 32, 32),
            Self::DeepseekCoder | Self::Phi3 => (4, 16, 16),
            Self::Phi2 => (4, 16, 8),
            Self::Mistral => (2, 16, 16),
        };
        Shape {
            layers: 2,
            width: 64,
            inner: 128,
            heads: 4,
            kv_heads,
            head_width,
            rotated,
            context: self.real_shape().context,
            tokens: None,
        }
    }

    /// The published shape with few layers, heads and tokens, and as wide as blocks of 256 weights need. As published, the inner width of
    /// the coder is no multiple of 256.
    pub(crate) const fn small_shape(self) -> Shape {
        let (width, inner, heads, kv_heads) = match self {
            Self::Gemma => (512, 768, 2, 1),
            Self::DeepseekCoder => (256, 544, 2, 2),
            Self::Phi2 => (1280, 512, 16, 16),
            Self::Phi3 => (768, 512, 8, 8),
            Self::Mistral => (512, 768, 4, 2),
        };
        Shape {
            layers: 2,
            width,
            inner,
            heads,
            kv_heads,
            tokens: None,
            ..self.real_shape()
        }
    }

    /// The base of the rotation's frequencies.
    pub(crate) const fn rope_base(self) -> f32 {
        match self {
            Self::Gemma | Self::Phi2 | Self::Phi3 => 10_000.0,
            Self::DeepseekCoder => 100_000.0,
            Self::Mistral => 1_000_000.0,
        }
    }

    /// What positions are divided by, when they are.
    pub(crate) const fn rope_scaling(self) -> Option<f32> {
        match self {
            Self::DeepseekCoder => Some(4.0),
            Self::Gemma | Self::Phi2 | Self::Phi3 | Self::Mistral => None,
        }
    }

    /// Added to the variance before dividing by its root.
    pub(crate) const fn norm_epsilon(self) -> f32 {
        match self {
            Self::Gemma | Self::DeepseekCoder => 1e-6,
            Self::Phi2 | Self::Phi3 | Self::Mistral => 1e-5,
        }
    }

    /// The published chat template.
    pub const fn template(self) -> Option<&'static str> {
        match self {
            Self::Gemma => Some(templates::GEMMA),
            Self::DeepseekCoder => Some(templates::DEEPSEEK_CODER),
            Self::Phi2 => None,
            Self::Phi3 => Some(templates::PHI_3),
            Self::Mistral => Some(templates::MISTRAL),
        }
    }

    pub(crate) const fn tokenizer(self) -> Kind {
        match self {
            Self::Gemma => Kind::Pieces {
                is_space_put_first: false,
            },
            Self::DeepseekCoder => Kind::Bytes {
                cut: "deepseek-coder",
            },
            Self::Phi2 => Kind::Bytes { cut: "gpt-2" },
            Self::Phi3 | Self::Mistral => Kind::Pieces {
                is_space_put_first: true,
            },
        }
    }

    pub(crate) const fn specials(self) -> Specials {
        const LLAMA_FRONT: &[&str] = &["<unk>", "<s>", "</s>"];
        let (front, back): (&[&str], &[&str]) = match self {
            Self::Gemma => (
                &[
                    "<pad>",
                    "<eos>",
                    "<bos>",
                    "<unk>",
                    "<start_of_turn>",
                    "<end_of_turn>",
                ],
                &[],
            ),
            Self::DeepseekCoder => (
                &[],
                &[
                    "<｜begin▁of▁sentence｜>",
                    "<｜end▁of▁sentence｜>",
                    "<｜fim▁hole｜>",
                    "<｜fim▁begin｜>",
                    "<｜fim▁end｜>",
                    "<|User|>",
                    "<|Assistant|>",
                    "<|EOT|>",
                ],
            ),
            Self::Phi2 => (&[], &["<|endoftext|>"]),
            Self::Phi3 => (
                LLAMA_FRONT,
                &[
                    "<|endoftext|>",
                    "<|assistant|>",
                    "<|system|>",
                    "<|end|>",
                    "<|user|>",
                ],
            ),
            Self::Mistral => (&["<unk>", "<s>", "</s>", "[INST]", "[/INST]"], &[]),
        };
        let (bos, eos, unknown, pad) = match self {
            Self::Gemma => ("<bos>", "<eos>", Some("<unk>"), Some("<pad>")),
            Self::DeepseekCoder => (
                "<｜begin▁of▁sentence｜>",
                "<|EOT|>",
                None,
                Some("<｜end▁of▁sentence｜>"),
            ),
            Self::Phi2 => ("<|endoftext|>", "<|endoftext|>", None, None),
            Self::Phi3 => ("<s>", "<|endoftext|>", Some("<unk>"), Some("<|endoftext|>")),
            Self::Mistral => ("<s>", "</s>", Some("<unk>"), None),
        };
        Specials {
            front,
            back,
            bos,
            eos,
            unknown,
            pad,
            is_bos_put_first: !matches!(self, Self::Phi2),
        }
    }

    pub(crate) fn vocabulary(self, tokens: Option<usize>) -> Vocabulary {
        Vocabulary::new(self.tokenizer(), self.specials(), tokens)
    }

    /// Everything of the file that is no tensor.
    pub(crate) fn metadata(self, shape: &Shape, vocabulary: &Vocabulary) -> Vec<(String, Value)> {
        let architecture = self.architecture();
        let text = |text: &str| Value::String(text.to_owned());
        let mut settings = vec![
            ("general.architecture".to_owned(), text(architecture)),
            ("general.name".to_owned(), text(self.name())),
        ];
        let mut set = |key: &str, value: Value| {
            settings.push((format!("{architecture}.{key}"), value));
        };
        set("block_count", Value::U32(shape.layers));
        set("context_length", Value::U32(shape.context));
        set("embedding_length", Value::U32(shape.width));
        set("feed_forward_length", Value::U32(shape.inner));
        set("attention.head_count", Value::U32(shape.heads));
        set("attention.head_count_kv", Value::U32(shape.kv_heads));
        set("attention.key_length", Value::U32(shape.head_width));
        set("attention.value_length", Value::U32(shape.head_width));
        set("rope.dimension_count", Value::U32(shape.rotated));
        set("rope.freq_base", Value::F32(self.rope_base()));
        if let Some(factor) = self.rope_scaling() {
            set("rope.scaling.type", text("linear"));
            set("rope.scaling.factor", Value::F32(factor));
        }
        let epsilon = match self {
            Self::Phi2 => "attention.layer_norm_epsilon",
            Self::Gemma | Self::DeepseekCoder | Self::Phi3 | Self::Mistral => {
                "attention.layer_norm_rms_epsilon"
            }
        };
        set(epsilon, Value::F32(self.norm_epsilon()));
        let count = u32::try_from(vocabulary.tokens.len()).expect("BUG: vocabularies are small");
        set("vocab_size", Value::U32(count));
        settings.extend(vocabulary.metadata());
        if let Some(template) = self.template() {
            settings.push(("tokenizer.chat_template".to_owned(), text(template)));
        }
        settings
    }
}

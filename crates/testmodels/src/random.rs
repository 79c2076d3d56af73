//! Models with random weights. They write nonsense, but load, tokenise and compute like the published ones.

use std::io::{self, Write};
use std::path::Path;

use inference::gguf::{self, GgufError, TensorKind, TensorPlan, Value};

use crate::family::{Family, Shape};
use crate::numbers::{Random, half};
use crate::vocabulary::Vocabulary;

/// How the weights of a model are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// Blocks of 4-bit numbers.
    Q4_0,
}

/// How large a random model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Half a megabyte of 32-bit floats, a few hundred tokens.
    Tiny,
    /// Wide enough for every kind of quantised weights, with the published width of heads: two layers, some ten megabytes of 32-bit
    /// floats.
    Small,
    /// The published shape: a few gigabytes in 16-bit floats.
    Real(Weights),
}

/// Writes a model of random weights in the shape of `family` to `path`; the same `seed` gives the same file. Memory stays small
/// whatever the size.
///
/// # Errors
/// [`GgufError`] when the file cannot be written.
pub fn write_random(family: Family, size: Size, seed: u64, path: &Path) -> Result<(), GgufError> {
    let (shape, weights) = match size {
        Size::Tiny => (family.tiny_shape(), Weights::F32),
        Size::Small => (family.small_shape(), Weights::F32),
        Size::Real(weights) => (family.real_shape(), weights),
    };
    let vocabulary = family.vocabulary(shape.tokens);
    let tensors = plan_tensors(family, &shape, vocabulary.tokens.len());
    let mut metadata = family.metadata(&shape, &vocabulary);
    metadata.push((
        "general.file_type".to_owned(),
        Value::U32(weights.file_type()),
    ));
    let plans: Vec<_> = tensors
        .iter()
        .map(|tensor| tensor.to_plan(weights))
        .collect();
    gguf::write_streamed(path, &metadata, &plans, &mut |index, out| {
        let mut random = Random::new(seed ^ ((index as u64 + 1) << 32));
        tensors[index].fill(plans[index].kind, &vocabulary, &mut random, out)
    })
}

impl Weights {
    const fn kind(self) -> TensorKind {
        match self {
            Self::F32 => TensorKind::F32,
            Self::F16 => TensorKind::F16,
            Self::Q4_0 => TensorKind::Q4_0,
        }
    }

    /// `general.file_type` of the format.
    const fn file_type(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
        }
    }
}

/// A tensor of random numbers.
pub(crate) struct RandomTensor {
    pub(crate) name: String,
    /// Fastest dimension first.
    pub(crate) shape: Vec<u32>,
    pub(crate) mean: f32,
    pub(crate) deviation: f32,
    /// Whether its rows are tokens, some of which shall hardly ever be written.
    pub(crate) is_by_token: bool,
}

/// Rows of tokens that shall hardly ever be written are so much smaller.
const QUIET: f32 = 0.1;

impl RandomTensor {
    fn to_plan(&self, weights: Weights) -> TensorPlan {
        TensorPlan {
            name: self.name.clone(),
            shape: self.shape.iter().map(|&length| u64::from(length)).collect(),
            kind: if self.shape.len() > 1 {
                weights.kind()
            } else {
                TensorKind::F32
            },
        }
    }

    fn fill(
        &self,
        kind: TensorKind,
        vocabulary: &Vocabulary,
        random: &mut Random,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let columns = self.shape[0] as usize;
        let rows = self.shape.get(1).map_or(1, |&rows| rows as usize);
        let mut bytes = Vec::with_capacity(columns * 4);
        for row in 0..rows {
            let is_quiet = self.is_by_token && vocabulary.is_quiet(row);
            let deviation = self.deviation * if is_quiet { QUIET } else { 1.0 };
            bytes.clear();
            if kind == TensorKind::Q4_0 {
                add_blocks(columns / 32, deviation, random, &mut bytes);
            } else {
                for _ in 0..columns {
                    let number = self.mean + deviation * random.normal();
                    if kind == TensorKind::F16 {
                        bytes.extend(half(number));
                    } else {
                        bytes.extend(number.to_le_bytes());
                    }
                }
            }
            out.write_all(&bytes)?;
        }
        Ok(())
    }
}

/// Uniform numbers of -8 to 7 have the deviation 4.6.
fn add_blocks(count: usize, deviation: f32, random: &mut Random, bytes: &mut Vec<u8>) {
    let scale = half(deviation / 4.6);
    for _ in 0..count {
        bytes.extend(scale);
        bytes.extend(random.bits().to_le_bytes());
        bytes.extend(random.bits().to_le_bytes());
    }
}

/// Every tensor of a model, in the order of the file. Deviations keep numbers of the same size through all layers, let the layers
/// outweigh the token that was read (or the model would only repeat it), and make the best token clearly the best.
pub(crate) fn plan_tensors(family: Family, shape: &Shape, tokens: usize) -> Vec<RandomTensor> {
    let tokens = u32::try_from(tokens).expect("BUG: vocabularies are small");
    let mut list = TensorList::default();
    let [queries, keys] = [shape.heads, shape.kv_heads].map(|heads| heads * shape.head_width);
    let has_biases = family == Family::Phi2;
    // Gemma multiplies by the root of the width after reading a row, and uses the rows again to write, so its layers must do more.
    let (embedding, gain) = match family {
        Family::Gemma => (1.0 / root(shape.width), 4.0),
        Family::DeepseekCoder | Family::Phi2 | Family::Phi3 | Family::Mistral => (1.0, 1.0),
    };
    list.add_by_token("token_embd.weight", shape.width, tokens, embedding);
    for layer in 0..shape.layers {
        let at = |name: &str| format!("blk.{layer}.{name}");
        list.add_norm(&at("attn_norm"), shape.width, has_biases);
        if family == Family::Phi3 {
            list.add_matrix(&at("attn_qkv"), shape.width, queries + 2 * keys, 1.0, false);
        } else {
            list.add_matrix(&at("attn_q"), shape.width, queries, 1.0, has_biases);
            list.add_matrix(&at("attn_k"), shape.width, keys, 1.0, has_biases);
            list.add_matrix(&at("attn_v"), shape.width, keys, 1.0, has_biases);
        }
        list.add_matrix(
            &at("attn_output"),
            queries,
            shape.width,
            3.0 * gain,
            has_biases,
        );
        if family != Family::Phi2 {
            list.add_norm(&at("ffn_norm"), shape.width, false);
        }
        match family {
            Family::Phi2 => list.add_matrix(&at("ffn_up"), shape.width, shape.inner, 1.0, true),
            Family::Phi3 => {
                list.add_matrix(&at("ffn_up"), shape.width, 2 * shape.inner, 1.0, false);
            }
            Family::Gemma | Family::DeepseekCoder | Family::Mistral => {
                list.add_matrix(&at("ffn_gate"), shape.width, shape.inner, 1.0, false);
                list.add_matrix(&at("ffn_up"), shape.width, shape.inner, 1.0, false);
            }
        }
        list.add_matrix(
            &at("ffn_down"),
            shape.inner,
            shape.width,
            4.0 * gain,
            has_biases,
        );
    }
    list.add_norm("output_norm", shape.width, has_biases);
    if family != Family::Gemma {
        list.add_by_token(
            "output.weight",
            shape.width,
            tokens,
            3.0 / root(shape.width),
        );
    }
    if has_biases {
        list.add("output.bias", &[tokens], 0.0, 0.1);
    }
    list.0
}

fn root(width: u32) -> f32 {
    f32::from(u16::try_from(width).expect("BUG: no model is this wide")).sqrt()
}

#[derive(Default)]
struct TensorList(Vec<RandomTensor>);

impl TensorList {
    fn add(&mut self, name: &str, shape: &[u32], mean: f32, deviation: f32) {
        self.0.push(RandomTensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            mean,
            deviation,
            is_by_token: false,
        });
    }

    fn add_by_token(&mut self, name: &str, width: u32, tokens: u32, deviation: f32) {
        self.add(name, &[width, tokens], 0.0, deviation);
        if let Some(last) = self.0.last_mut() {
            last.is_by_token = true;
        }
    }

    fn add_norm(&mut self, name: &str, width: u32, has_bias: bool) {
        self.add(&format!("{name}.weight"), &[width], 1.0, 0.1);
        if has_bias {
            self.add(&format!("{name}.bias"), &[width], 0.0, 0.1);
        }
    }

    fn add_matrix(&mut self, name: &str, from: u32, to: u32, gain: f32, has_bias: bool) {
        self.add(
            &format!("{name}.weight"),
            &[from, to],
            0.0,
            gain / root(from),
        );
        if has_bias {
            self.add(&format!("{name}.bias"), &[to], 0.0, 0.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of a tensor of 4 rows of 64 numbers.
    fn fill(kind: TensorKind) -> Vec<u8> {
        let tensor = RandomTensor {
            name: "blk.0.attn_q.weight".to_owned(),
            shape: vec![64, 4],
            mean: 0.0,
            deviation: 0.125,
            is_by_token: false,
        };
        let vocabulary = Family::Phi2.vocabulary(None);
        let mut bytes = Vec::new();
        tensor
            .fill(kind, &vocabulary, &mut Random::new(3), &mut bytes)
            .unwrap();
        bytes
    }

    #[test]
    fn every_kind_of_weights_has_its_length_and_scale() {
        for kind in [TensorKind::F32, TensorKind::F16, TensorKind::Q4_0] {
            let length = fill(kind).len() as u64;
            assert_eq!(
                Some(length),
                kind.find_size_bytes(&[64, 4]),
                "{}",
                kind.name
            );
        }
        let blocks = fill(TensorKind::Q4_0);
        for block in blocks.chunks(18) {
            assert_eq!(block[..2], half(0.125 / 4.6));
        }
        assert_ne!(blocks[2..18], blocks[20..36]);
    }

    #[test]
    fn every_family_has_the_published_number_of_weights() {
        for (family, published) in [
            (Family::Gemma, 2_506_172_416),
            (Family::DeepseekCoder, 1_346_471_936),
            (Family::Phi2, 2_779_683_840),
            (Family::Phi3, 3_821_079_552),
            (Family::Mistral, 7_248_023_552),
        ] {
            let shape = family.real_shape();
            let tokens = shape.tokens.unwrap();
            let count: u64 = plan_tensors(family, &shape, tokens)
                .iter()
                .map(|tensor| {
                    tensor
                        .shape
                        .iter()
                        .map(|&length| u64::from(length))
                        .product::<u64>()
                })
                .sum();
            assert_eq!(count, published, "{family:?}");
        }
    }
}

//! A small model of the architecture `llama` with one head made as large as a published one, computing the same: what the small one
//! has stands in the first layers, rows and columns, stored as it was, and all else is nought. Reading and writing then cost what
//! the large one costs, or more, and what is written is what the small one writes.
//!
//! A head stays as wide as it was, so that its scores and its rotation are the same; the large model has several of them. Only the
//! root mean square is taken over more numbers, which norms and their epsilon make up for.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::Path;

use anyhow::Context as _;
use inference::gguf::{self, Header, TensorKind, TensorPlan, Value};

/// The shape of deepseek-coder-1.3b, but for its heads and its vocabulary.
const LAYERS: u32 = 24;
const WIDTH: u64 = 2048;
const INNER: u64 = 5504;

/// The matrices of a layer, fastest dimension first.
const MATRICES: [(&str, [u64; 2]); 7] = [
    ("attn_q", [WIDTH, WIDTH]),
    ("attn_k", [WIDTH, WIDTH]),
    ("attn_v", [WIDTH, WIDTH]),
    ("attn_output", [WIDTH, WIDTH]),
    ("ffn_gate", [WIDTH, INNER]),
    ("ffn_up", [WIDTH, INNER]),
    ("ffn_down", [INNER, WIDTH]),
];
const NORMS: [&str; 2] = ["attn_norm", "ffn_norm"];

/// Reads the small model at `from` and writes the large one to `to`.
pub(super) fn widen(from: &Path, to: &Path) -> anyhow::Result<()> {
    let header = gguf::read_header(from)?;
    let small = Small::read(&header)?;
    let mut wide = Vec::new();
    for info in &header.tensors {
        wide.push(small.place(&header, from, &info.name)?);
    }
    for layer in small.layers..LAYERS {
        let name = |name: &str| format!("blk.{layer}.{name}.weight");
        for (matrix, shape) in MATRICES {
            wide.push(Wide::nought(&name(matrix), &shape, TensorKind::Q4_0));
        }
        for norm in NORMS {
            wide.push(Wide::nought(&name(norm), &[WIDTH], TensorKind::F32));
        }
    }
    let plans: Vec<_> = wide.iter().map(|tensor| tensor.plan.clone()).collect();
    gguf::write_streamed(to, &small.metadata(&header), &plans, &mut |at, out| {
        wide[at].write(out)
    })?;
    Ok(())
}

/// The sizes of the small model.
struct Small {
    layers: u32,
    width: u64,
}

impl Small {
    fn read(header: &Header) -> anyhow::Result<Self> {
        let architecture = header.find_text("general.architecture");
        anyhow::ensure!(architecture == Some("llama"), "it is no llama");
        let number = |name: &str| {
            let number = header.find_u32(&format!("llama.{name}"));
            number.with_context(|| format!("it has no {name}"))
        };
        let small = Self {
            layers: number("block_count")?,
            width: number("embedding_length")?.into(),
        };
        let fits = small.layers <= LAYERS
            && WIDTH.is_multiple_of(small.width)
            && number("attention.head_count")? == 1
            && u64::from(number("feed_forward_length")?) <= INNER;
        anyhow::ensure!(fits, "it does not fit into the large shape");
        Ok(small)
    }

    /// The share of the large width that the small one is.
    fn share(&self) -> f32 {
        let number = |n: u64| f32::from(u16::try_from(n).expect("BUG: widths are small"));
        number(self.width) / number(WIDTH)
    }

    /// A tensor of the small model at its place in the large one.
    fn place(&self, header: &Header, file: &Path, name: &str) -> anyhow::Result<Wide> {
        let info = header.tensors.iter().find(|info| info.name == name);
        let info = info.with_context(|| format!("it has no {name}"))?;
        let kind = info.kind;
        anyhow::ensure!(kind.block_elements == 1, "{name} is stored in blocks");
        let mut bytes = vec![0; usize::try_from(info.size_bytes)?];
        let mut file = File::open(file)?;
        file.seek(SeekFrom::Start(header.data_offset + info.offset))?;
        file.read_exact(&mut bytes)?;
        let stem = name.trim_end_matches(".weight");
        let part = stem.rsplit('.').next().unwrap_or(stem);
        let shape = match MATRICES.iter().find(|(matrix, _)| *matrix == part) {
            Some((_, shape)) => shape.to_vec(),
            None if part.ends_with("norm") => {
                self.shrink(&mut bytes);
                vec![WIDTH]
            }
            None if part == "rope_freqs" => info.shape.clone(),
            None => vec![WIDTH, *info.shape.get(1).context("it is a vector")?],
        };
        let row = info.shape.first().copied().unwrap_or(1) * kind.block_bytes;
        Ok(Wide {
            plan: TensorPlan {
                name: name.to_owned(),
                shape,
                kind,
            },
            row_bytes: usize::try_from(row)?,
            bytes,
        })
    }

    /// Makes the 32-bit floats of a norm smaller: the mean over the large width is smaller by its share, so what is divided by its
    /// root is larger.
    fn shrink(&self, bytes: &mut [u8]) {
        let factor = self.share().sqrt();
        for number in bytes.as_chunks_mut::<4>().0 {
            *number = (f32::from_le_bytes(*number) * factor).to_le_bytes();
        }
    }

    /// The description of the small model with the sizes of the large one.
    fn metadata(&self, header: &Header) -> Vec<(String, Value)> {
        let number = |number: u64| Value::U32(u32::try_from(number).expect("BUG: it is small"));
        let mut metadata = header.metadata.clone();
        for (key, value) in &mut metadata {
            match (key.as_str(), &*value) {
                ("llama.embedding_length", _) => *value = number(WIDTH),
                ("llama.block_count", _) => *value = Value::U32(LAYERS),
                ("llama.feed_forward_length", _) => *value = number(INNER),
                ("llama.attention.head_count" | "llama.attention.head_count_kv", _) => {
                    *value = number(WIDTH / self.width);
                }
                ("llama.attention.layer_norm_rms_epsilon", Value::F32(epsilon)) => {
                    *value = Value::F32(epsilon * self.share());
                }
                _ => {}
            }
        }
        metadata
    }
}

/// A tensor of the large model: rows of the small one, and nought after and below each.
struct Wide {
    plan: TensorPlan,
    row_bytes: usize,
    bytes: Vec<u8>,
}

impl Wide {
    fn nought(name: &str, shape: &[u64], kind: TensorKind) -> Self {
        Self {
            plan: TensorPlan {
                name: name.to_owned(),
                shape: shape.to_vec(),
                kind,
            },
            row_bytes: 1,
            bytes: Vec::new(),
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let row = self.plan.kind.find_size_bytes(&self.plan.shape[..1]);
        let row = row.and_then(|bytes| usize::try_from(bytes).ok());
        let row = row.ok_or_else(|| io::Error::other("a row is too long"))?;
        let mut rows = self.bytes.chunks(self.row_bytes);
        let mut bytes = vec![0; row];
        for _ in 0..self.plan.shape.get(1).copied().unwrap_or(1) {
            bytes.fill(0);
            if let Some(small) = rows.next() {
                bytes[..small.len()].copy_from_slice(small);
            }
            out.write_all(&bytes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_tensor_has_the_small_one_in_its_corner() {
        let small = [1.0_f32, 2.0, 3.0, 4.0];
        let wide = Wide {
            plan: TensorPlan {
                name: "m".to_owned(),
                shape: vec![3, 3],
                kind: TensorKind::F32,
            },
            row_bytes: 8,
            bytes: small
                .iter()
                .flat_map(|number| number.to_le_bytes())
                .collect(),
        };
        let mut out = Vec::new();
        wide.write(&mut out).unwrap();
        let numbers: Vec<f32> = out
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect();
        assert_eq!(numbers, [1.0, 2.0, 0.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn noughts_in_blocks_are_as_long_as_the_format_says() {
        let mut out = Vec::new();
        let wide = Wide::nought("m", &[64, 2], TensorKind::Q4_0);
        wide.write(&mut out).unwrap();
        assert_eq!(out, [0; 2 * 36]);
    }
}

//! The adapters of a model, and which of them a context computes with.

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::model::LlamaLoraAdapter;

use crate::engine::adapter_tensors::{self, AdapterTensors};

/// How much of an adapter is added; training fixes the rest.
const SCALE: f32 = 1.0;

/// An adapter in memory.
pub(super) struct Adapter {
    lora: LlamaLoraAdapter,
    /// What its products are multiplied with, and divided by its rank; `None` when its file does not tell.
    alpha: Option<f32>,
    /// Tensors of its file.
    tensor_count: usize,
    /// Where its weights are, once a graph with it was computed.
    tensors: Option<AdapterTensors>,
}

impl Adapter {
    pub(super) fn new(lora: LlamaLoraAdapter, alpha: Option<f32>, tensor_count: usize) -> Self {
        Self {
            lora,
            alpha,
            tensor_count,
            tensors: None,
        }
    }
}

/// The adapters of a model.
pub(super) struct Adapters {
    list: Vec<Adapter>,
    /// The adapter that llama.cpp was told to use.
    told: Option<usize>,
    /// The adapter that is used: its weights may lie where those of the one that was told were.
    used: Option<usize>,
    is_watching: bool,
}

impl Adapters {
    pub(super) fn new(list: Vec<Adapter>) -> Self {
        Self {
            list,
            told: None,
            used: None,
            is_watching: false,
        }
    }

    /// Makes what is computed next use an adapter, or none.
    pub(super) fn set(
        &mut self,
        context: &mut LlamaContext<'_>,
        adapter: Option<usize>,
    ) -> Result<(), String> {
        if adapter != self.used && !self.lend(adapter) {
            self.give_back();
            self.used = self.told;
            self.tell(context, adapter)?;
        }
        self.used = adapter;
        Ok(())
    }

    /// To be called after each computation.
    pub(super) fn note_computed(&mut self) {
        if std::mem::take(&mut self.is_watching) {
            let seen = adapter_tensors::seen();
            let told = self.told.map(|told| &mut self.list[told]);
            // All of them, or only a part would be changed.
            if let Some(told) = told.filter(|told| seen.len() == told.tensor_count) {
                told.tensors = Some(seen);
            }
        }
    }

    /// Puts the weights of an adapter where those of the one that was told are; whether that can be done.
    fn lend(&self, adapter: Option<usize>) -> bool {
        let find = |number: Option<usize>| number.and_then(|number| self.list.get(number));
        let (Some(told), Some(next)) = (find(self.told), find(adapter)) else {
            return false;
        };
        let (Some(place), Some(weights)) = (&told.tensors, &next.tensors) else {
            return false;
        };
        let is_like = told.alpha == next.alpha && weights.is_like(place);
        if is_like {
            weights.lend(place);
        }
        is_like
    }

    /// Puts the weights of the adapter that was told back.
    fn give_back(&self) {
        if let Some(tensors) = self.told.and_then(|told| self.list[told].tensors.as_ref()) {
            tensors.lend(tensors);
        }
    }

    fn tell(
        &mut self,
        context: &mut LlamaContext<'_>,
        adapter: Option<usize>,
    ) -> Result<(), String> {
        if std::mem::take(&mut self.is_watching) {
            // Nothing was computed since.
            drop(adapter_tensors::seen());
        }
        match adapter {
            Some(number) => {
                let adapter = self
                    .list
                    .get_mut(number)
                    .ok_or("there is no such adapter")?;
                context
                    .lora_adapter_set(&mut adapter.lora, SCALE)
                    .map_err(|error| error.to_string())?;
                if adapter.tensors.is_none() {
                    adapter_tensors::watch();
                    self.is_watching = true;
                }
            }
            // It clears all adapters, whichever it is given.
            None => {
                if let Some(first) = self.list.first_mut() {
                    context
                        .lora_adapter_remove(&mut first.lora)
                        .map_err(|error| error.to_string())?;
                }
            }
        }
        self.told = adapter;
        Ok(())
    }
}

#[cfg(all(test, target_os = "linux", target_feature = "avx512vnni"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use std::num::NonZeroU32;
    use std::path::Path;

    use llama_cpp_2::context::params::LlamaContextParams;
    use llama_cpp_2::llama_backend::LlamaBackend;
    use llama_cpp_2::llama_batch::LlamaBatch;
    use llama_cpp_2::model::LlamaModel;
    use llama_cpp_2::model::params::LlamaModelParams;
    use llama_cpp_2::token::LlamaToken;
    use testmodels::{Family, Size, write_adapter, write_random};

    use super::*;
    use crate::engine::accelerator;
    use crate::gguf::read_header;

    /// Ranks of adapters, and what their products are multiplied with: the first two need the same graphs.
    const ADAPTERS: [(u32, f32); 4] = [(4, 1.0), (4, 1.0), (8, 1.0), (4, 2.0)];

    fn load_adapters(model: &mut LlamaModel, folder: &Path) -> Adapters {
        let list = ADAPTERS.iter().enumerate().map(|(number, (_, alpha))| {
            let path = folder.join(format!("{number}.gguf"));
            let count = read_header(&path).unwrap().tensors.len();
            let lora = model.lora_adapter_init(&path).unwrap();
            Adapter::new(lora, Some(*alpha), count)
        });
        Adapters::new(list.collect())
    }

    fn logits(context: &mut LlamaContext<'_>, adapters: &mut Adapters) -> Vec<f32> {
        context.clear_kv_cache();
        let mut batch = LlamaBatch::new(8, 1);
        for place in 0..5 {
            batch
                .add(LlamaToken(40 + place), place, &[0], place == 4)
                .unwrap();
        }
        context.decode(&mut batch).unwrap();
        adapters.note_computed();
        context.get_logits_ith(4).to_vec()
    }

    #[test]
    fn adapters_of_one_shape_take_each_others_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        write_random(Family::Mistral, Size::Tiny, 1, &path).unwrap();
        for (number, (rank, _)) in ADAPTERS.into_iter().enumerate() {
            let adapter = folder.path().join(format!("{number}.gguf"));
            write_adapter(&path, rank, number as u64, &adapter).unwrap();
        }
        let mut backend = LlamaBackend::init().unwrap();
        backend.void_logs();
        accelerator::offer();
        let params = LlamaModelParams::default();
        let mut model = LlamaModel::load_from_file(&backend, &path, &params).unwrap();
        let mut adapters = load_adapters(&mut model, folder.path());
        let new_context = || {
            let params = LlamaContextParams::default().with_n_ctx(NonZeroU32::new(64));
            model.new_context(&backend, params).unwrap()
        };
        let all = [None, Some(0), Some(1), Some(2), Some(3)];
        let alone: Vec<_> = all
            .iter()
            .map(|adapter| {
                let mut context = new_context();
                adapters.told = None;
                adapters.used = None;
                adapters.set(&mut context, *adapter).unwrap();
                logits(&mut context, &mut adapters)
            })
            .collect();
        assert!((0..5).all(|one| (0..one).all(|other| alone[one] != alone[other])));
        let mut context = new_context();
        adapters.told = None;
        adapters.used = None;
        // What llama.cpp is told of: another shape, or none, but not the other of one shape.
        for (adapter, told) in [
            (Some(0), Some(0)),
            (Some(1), Some(0)),
            (Some(0), Some(0)),
            (Some(1), Some(0)),
            (Some(2), Some(2)),
            (Some(1), Some(1)),
            (Some(0), Some(1)),
            (Some(3), Some(3)),
            (Some(1), Some(1)),
            (None, None),
            (Some(0), Some(0)),
            (Some(1), Some(0)),
        ] {
            adapters.set(&mut context, adapter).unwrap();
            assert_eq!(adapters.told, told, "{adapter:?}");
            let place = all.iter().position(|one| *one == adapter).unwrap();
            assert_eq!(
                logits(&mut context, &mut adapters),
                alone[place],
                "{adapter:?}"
            );
        }
        // What cannot be set changes nothing but that the weights are back.
        assert!(adapters.set(&mut context, Some(4)).is_err());
        assert_eq!(logits(&mut context, &mut adapters), alone[1]);
        adapters.set(&mut context, Some(1)).unwrap();
        assert_eq!(logits(&mut context, &mut adapters), alone[2]);
        // Of a part of an adapter nothing is lent.
        adapters.list[2].tensor_count += 1;
        adapters.list[2].tensors = None;
        adapters.set(&mut context, Some(2)).unwrap();
        assert_eq!(logits(&mut context, &mut adapters), alone[3]);
        assert!(adapters.list[2].tensors.is_none());
    }
}

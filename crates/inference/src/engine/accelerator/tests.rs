//! Models computed with and without the device, in one process: a context knows the devices that there were when it was made.

use std::cell::RefCell;
use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;

use kernels::Format;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_sys_2::LLAMA_FLASH_ATTN_TYPE_ENABLED;
use testmodels::{Family, Size, write_random};

use super::offer;
use crate::engine::task::{self, QuantKind, Task, TaskArgs};

thread_local! {
    /// The formats of the products that the device was asked for.
    static FORMATS: RefCell<Vec<Format>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn note(format: Format) {
    FORMATS.with_borrow_mut(|formats| {
        if !formats.contains(&format) {
            formats.push(format);
        }
    });
}

/// Tokens of the batches. Products of one column are llama.cpp's own in any case.
const BATCHES: [usize; 4] = [40, 5, 16, 1];

/// Writes the model again with weights of another kind. What is told of it goes into `socket`, at whose other end somebody must read.
fn quantise(model: &Path, kind: QuantKind, socket: &mut UnixStream) -> PathBuf {
    let out = model.with_extension(format!("{}.gguf", kind.name()));
    let args = TaskArgs {
        task: Task::Quantise {
            out: out.clone(),
            kind,
        },
        model: model.to_path_buf(),
        threads: NonZeroUsize::MIN,
    };
    task::run(&args, socket).unwrap();
    out
}

/// The logits of the last token of each batch.
fn logits(backend: &LlamaBackend, model: &LlamaModel, threads: i32) -> Vec<Vec<f32>> {
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(256))
        .with_n_batch(64)
        .with_n_threads(threads)
        .with_n_threads_batch(threads)
        .with_flash_attention_policy(LLAMA_FLASH_ATTN_TYPE_ENABLED);
    let mut context = model.new_context(backend, params).unwrap();
    let mut batch = LlamaBatch::new(64, 1);
    let mut place = 0;
    let mut all = Vec::new();
    for length in BATCHES {
        batch.clear();
        for offset in 0..length {
            let token = LlamaToken(40 + (place * 7) % 50);
            batch.add(token, place, &[0], offset + 1 == length).unwrap();
            place += 1;
        }
        context.decode(&mut batch).unwrap();
        all.push(context.get_logits_ith(batch.n_tokens() - 1).to_vec());
    }
    all
}

/// How far apart two vectors are, against the length of the first.
fn distance(one: &[f32], other: &[f32]) -> f32 {
    let square = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|x| x * x).sum::<f32>();
    let apart = square(&mut one.iter().zip(other).map(|(one, other)| one - other));
    (apart / square(&mut one.iter().copied())).sqrt()
}

#[test]
fn quantised_models_of_every_family_are_computed_as_exactly_as_by_llama_cpp() {
    if !kernels::is_supported() {
        // Nothing is offered on such a processor.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut server, mut socket) = UnixStream::pair().unwrap();
    thread::spawn(move || io::copy(&mut server, &mut io::sink()));
    let mut pairs = Vec::new();
    for family in Family::ALL {
        let source = folder.path().join(format!("{}.gguf", family.name()));
        write_random(family, Size::Small, 3, &source).unwrap();
        for kind in [
            QuantKind::Q4KM,
            QuantKind::Q40,
            QuantKind::Q5KM,
            QuantKind::Q80,
        ] {
            let path = quantise(&source, kind, &mut socket);
            // The same weights in 16 bits, with which activations need no rounding to 8.
            let exact = quantise(&path, QuantKind::F16, &mut socket);
            pairs.push((path, exact));
        }
    }
    let mut backend = LlamaBackend::init().unwrap();
    backend.void_logs();
    let load = |path: &Path| {
        LlamaModel::load_from_file(&backend, path, &LlamaModelParams::default()).unwrap()
    };
    let expected: Vec<_> = pairs
        .iter()
        .map(|(path, exact)| {
            let exact = logits(&backend, &load(exact), 2);
            (path, exact, logits(&backend, &load(path), 2))
        })
        .collect();
    offer();
    for (path, exact, without) in expected {
        let model = load(path);
        let with = logits(&backend, &model, 2);
        for (batch, (with, without)) in with.iter().zip(&without).enumerate() {
            let name = path.file_stem().unwrap().display();
            let [error, error_without] = [with, without].map(|one| distance(&exact[batch], one));
            assert!(
                with != without,
                "{name}, batch {batch} was not computed by it"
            );
            assert!(
                error < 1.5 * error_without + 0.001,
                "{name}, batch {batch}: {error}, not {error_without}"
            );
        }
        assert_eq!(with, logits(&backend, &model, 1), "other threads");
    }
    let formats = FORMATS.take();
    for format in Format::ALL {
        assert!(formats.contains(&format), "{format:?} was not taken");
    }
}

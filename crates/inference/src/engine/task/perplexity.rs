//! How well a model foretells a text, as llama.cpp's own tool measures it: the text is cut into windows, each begins with the mark
//! of the beginning, and the second half of each is foretold from what comes before it in the window.

use std::num::NonZeroU32;
use std::os::unix::net::UnixStream;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_sys_2::LLAMA_FLASH_ATTN_TYPE_ENABLED;

use super::frame::{TaskReport, write_report};
use super::{TaskArgs, load, start_backend};
use crate::engine::args::thread_count;
use crate::engine::offer_accelerator;

/// Tokens of a window, as in published figures.
const WINDOW_TOKENS: usize = 512;
/// Fewest tokens of a window that say anything.
const WINDOW_TOKENS_MIN: usize = 32;

pub(super) fn run(
    args: &TaskArgs,
    text: &str,
    socket: &mut UnixStream,
) -> Result<TaskReport, String> {
    let backend = start_backend()?;
    let _ = offer_accelerator();
    let model = load(&backend, &args.model, socket)?;
    let tokens = model.vocab().tokenize(text.as_bytes(), true, false);
    let window = choose_window(tokens.len(), model.n_ctx_train() as usize)?;
    let threads = thread_count(args.threads);
    let size = u32::try_from(window).map_err(|error| error.to_string())?;
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(size))
        .with_n_batch(size)
        .with_n_ubatch(size)
        .with_flash_attention_policy(LLAMA_FLASH_ATTN_TYPE_ENABLED)
        .with_n_threads(threads)
        .with_n_threads_batch(threads);
    let mut context = model
        .new_context(&backend, params)
        .map_err(|error| format!("llama.cpp makes no context for it: {error}"))?;
    let windows: Vec<&[LlamaToken]> = tokens.chunks_exact(window).collect();
    let mut sum = Sum::default();
    for (index, window) in (0_u64..).zip(&windows) {
        let report = TaskReport::Progress {
            done: index,
            total: windows.len() as u64,
        };
        write_report(socket, &report).map_err(|error| error.to_string())?;
        measure(&model, &mut context, window, &mut sum)?;
    }
    sum.report()
}

/// Tokens of a window: as many as usual, or fewer for a short text or a model of short memory.
fn choose_window(tokens: usize, context_tokens: usize) -> Result<usize, String> {
    let window = WINDOW_TOKENS.min(context_tokens).min(tokens);
    // Both halves of equal length.
    let window = window - window % 2;
    if window < WINDOW_TOKENS_MIN {
        return Err(format!(
            "the text has {tokens} tokens, too few to measure; give one of at least {WINDOW_TOKENS_MIN}, better of thousands"
        ));
    }
    Ok(window)
}

/// Logarithms of probabilities, added up.
#[derive(Default)]
struct Sum {
    negative_logs: f64,
    tokens: u64,
}

impl Sum {
    fn report(&self) -> Result<TaskReport, String> {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 tokens")]
        let mean = self.negative_logs / self.tokens as f64;
        let value = mean.exp();
        if value.is_finite() {
            Ok(TaskReport::Perplexity {
                value,
                tokens: self.tokens,
            })
        } else {
            Err("its weights give numbers that are not finite".to_owned())
        }
    }
}

fn measure(
    model: &LlamaModel,
    context: &mut LlamaContext<'_>,
    window: &[LlamaToken],
    sum: &mut Sum,
) -> Result<(), String> {
    let first = window.len() / 2;
    context.clear_kv_cache();
    let mut batch = LlamaBatch::new(window.len(), 1);
    for (position, &token) in (0_i32..).zip(window) {
        let begins = position == 0;
        let token = if begins {
            beginning(model, token)
        } else {
            token
        };
        let is_measured = usize::try_from(position).is_ok_and(|position| position >= first);
        batch
            .add(token, position, &[0], is_measured)
            .map_err(|error| error.to_string())?;
    }
    context
        .decode(&mut batch)
        .map_err(|error| format!("llama.cpp cannot compute with it: {error}"))?;
    // What comes after a token is foretold by the numbers at its own place.
    for (place, next) in (first..).zip(window.iter().skip(first + 1)) {
        let place = i32::try_from(place).map_err(|error| error.to_string())?;
        let logits = context.get_logits_ith(place);
        let index = usize::try_from(next.0).map_err(|error| error.to_string())?;
        sum.negative_logs += negative_log(logits, index)?;
        sum.tokens += 1;
    }
    Ok(())
}

/// The mark of the beginning where the model has one, else the token itself.
fn beginning(model: &LlamaModel, token: LlamaToken) -> LlamaToken {
    let vocabulary = model.vocab();
    let mark = vocabulary.bos();
    if mark.0 >= 0 { mark } else { token }
}

/// The negative logarithm of the probability of entry `index` after a softmax.
fn negative_log(logits: &[f32], index: usize) -> Result<f64, String> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = logits
        .iter()
        .map(|logit| f64::from(logit - most).exp())
        .sum();
    let own = logits
        .get(index)
        .ok_or("the model gave numbers for fewer tokens than it has")?;
    Ok(total.ln() - f64::from(own - most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_are_equally_probable() {
        let logs = negative_log(&[1.5; 8], 3).unwrap();
        assert!((logs - 8_f64.ln()).abs() < 1e-12);
        assert!(negative_log(&[0.0, 100.0], 1).unwrap() < 1e-9);
        assert!(negative_log(&[0.0], 1).is_err());
    }

    #[test]
    fn a_window_is_even_and_no_longer_than_text_or_memory() {
        assert_eq!(choose_window(10_000, 4096), Ok(512));
        assert_eq!(choose_window(10_000, 128), Ok(128));
        assert_eq!(choose_window(101, 4096), Ok(100));
        assert!(choose_window(31, 4096).unwrap_err().contains("too few"));
    }
}

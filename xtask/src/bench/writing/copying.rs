//! An answer that repeats a source of its prompt, as one about retrieved code does: by the copying model of the tests in a large
//! shape, because random weights copy nothing.

use std::sync::Arc;

use anyhow::Context as _;
use domain::models::ModelName;
use domain::models::writing::{ChatMessage, Prompt, Speaker, WritingRequest};
use inference::LocalWriter;

use super::asked::request;
use super::speed::{NEW, guess};
use crate::bench::report::Row;

const GAIN_MIN: f64 = 1.8;

/// What the answer repeats. No passage of 15 letters comes twice, because the copying model knows back no further.
const SOURCE: &str = "def merge(left, right):\n  merged, i, j = [], 0, 0\n  while i < len(left) and j < len(right):\n    if left[i] <= right[j]:\n      merged.append(left[i]); i += 1\n    else:\n      merged += [right[j]]; j += 1\n  return merged + left[i:] + right[j:]\n";

/// With guesses from the prompt, and without.
pub(super) async fn measure(
    writer: Arc<LocalWriter>,
    model: &ModelName,
) -> anyhow::Result<Vec<Row>> {
    let question = format!("Merge two sorted lists. Known code:\n\n```python\n{SOURCE}```\n");
    let asked = WritingRequest {
        prompt: Prompt::Chat(vec![ChatMessage {
            speaker: Speaker::User,
            text: question,
        }]),
        ..request(model, "", NEW)
    };
    let guessed = guess(writer.as_ref(), &asked).await?;
    let text = &guessed.told.text;
    anyhow::ensure!(
        *text == guessed.plain,
        "guessing changed what was written: {:?} and {text:?}",
        guessed.plain
    );
    let code = text
        .strip_prefix("```python\n")
        .context("it copied no code")?;
    anyhow::ensure!(
        !code.is_empty() && SOURCE.starts_with(code.trim_end_matches("```")),
        "it should have copied, and wrote {text:?}"
    );
    let what = format!(
        "language model, copying, 1.3B made of noughts but for 7 layers in 16 and 32 bits: an answer of {NEW} tokens that repeats its source, with guesses against without"
    );
    Ok(vec![
        Row::new(what, guessed.text()).budget("≥ 1.8 times", guessed.gain() >= GAIN_MIN),
    ])
}

//! How fast a model reads and writes through the engine process: one text, eight at once, one that repeats its prompt, and the
//! second turn of a conversation. Each beside llama.cpp's own benchmarks, in turns.

use std::time::Duration;

use anyhow::Context as _;
use domain::models::residence::Residence as _;
use domain::models::writing::{Writer, WritingRequest};

use super::Rig;
use super::asked::{Told, ask, per_second, request};
use super::peers::{LlamaCpp, Speed};
use crate::bench::Bench;
use crate::bench::report::Row;
use crate::bench::sample::{Sample, millis};

/// Times that a measurement is repeated.
const ROUNDS: usize = 3;
/// Times that the product and the peer take turns. What else the machine does only ever takes time, so the best of each counts.
const TURNS: usize = 7;
/// Tokens of the prompt that is read, and after which is written.
const PROMPT: u32 = 512;
/// Tokens written after it.
pub(crate) const NEW: u32 = 128;
/// Share of the peer's speed that is wanted.
const SHARE_MIN: f64 = 0.97;

/// Texts at once.
const STREAMS: usize = 8;
const PROMPT_OF_STREAM: u32 = 32;
const STREAMS_GAIN_MIN: f64 = 2.8;

/// Tokens of the first turn of a short and of a long conversation.
const HISTORIES: [u32; 2] = [256, 1536];
/// Tokens that the second turn adds.
const ADDED: u32 = 32;
/// What the long history may cost more than it costs llama-bench, where attention has as much more to look at.
const HISTORY_COST_MAX: f64 = 1.25;

/// Conversations of `PROMPT` tokens that are kept while others are read and written.
const KEPT: usize = 8;
/// Share of the speed without them that is wanted.
const KEPT_SHARE_MIN: f64 = 0.9;

/// Tokens that a prompt asked for again may have left to be computed: the last gives the first logits.
const LEFT_MAX: u32 = 1;

/// Reading and writing, in turns with the peer.
pub(crate) fn measure_one(
    bench: &Bench,
    rig: &mut Rig,
    peer: Option<&LlamaCpp>,
    other: Option<Speed>,
) -> anyhow::Result<Vec<Row>> {
    let (mut own, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        bench.runtime.block_on(empty(rig))?;
        own.push(bench.runtime.block_on(read_and_write(rig))?);
        if let Some(peer) = peer {
            beside.push(peer.speed(&rig.file, rig.threads, (PROMPT, NEW))?);
        }
    }
    let row = |what: String, of: fn(&Speed) -> f64| -> anyhow::Result<Row> {
        let own = best(own.iter().map(of))?;
        let row = Row::new(what, format!("{own:.1} tokens/s"));
        if beside.is_empty() {
            return Ok(row);
        }
        let peer = best(beside.iter().map(of))?;
        let share = own / peer;
        let mut text = format!("llama-bench {peer:.1} tokens/s, so {share:.2} of it");
        if let Some(other) = other {
            text = format!("{text} · transformers, bf16 {:.1}", of(&other));
        }
        let is_met = share >= SHARE_MIN;
        Ok(row.budget("≥ 0.97 of llama-bench", is_met).peer(Some(text)))
    };
    Ok(vec![
        row(
            format!(
                "language model, {}: reading a prompt of {PROMPT} tokens",
                rig.shape
            ),
            |speed| speed.prefill,
        )?,
        row(format!("… writing {NEW} tokens after {PROMPT}"), |speed| {
            speed.decode
        })?,
    ])
}

/// As with the peer: nothing in the context but a word to warm up.
async fn empty(rig: &Rig) -> anyhow::Result<()> {
    rig.writer.unload(&rig.model).await?;
    ask(rig.writer.as_ref(), request(&rig.model, "def", 1)).await?;
    Ok(())
}

/// One prompt read, and then asked for again, so that the time of the second request is that of writing alone.
async fn read_and_write(rig: &mut Rig) -> anyhow::Result<Speed> {
    // With the token that begins every text.
    let prompt = rig.text(PROMPT - 1).await?;
    let read = ask(rig.writer.as_ref(), request(&rig.model, &prompt, 1)).await?;
    let written = ask(rig.writer.as_ref(), request(&rig.model, &prompt, NEW)).await?;
    let finished = &written.finished;
    anyhow::ensure!(
        finished.new_tokens == NEW,
        "the model stopped after {} tokens",
        finished.new_tokens
    );
    let computed = read.finished.prompt_tokens - read.finished.reused_tokens;
    let left = finished.prompt_tokens - finished.reused_tokens;
    let decode = if left <= LEFT_MAX {
        per_second(NEW, written.done)
    } else {
        // The prompt was read again, and gave the first token.
        let reading = Duration::from_micros(finished.prompt_us);
        per_second(NEW - 1, written.done.saturating_sub(reading))
    };
    Ok(Speed {
        prefill: per_second(computed, read.done),
        decode,
    })
}

/// Reading and writing while other conversations are kept for their next turns, against the same without any.
pub(crate) async fn measure_kept(rig: &mut Rig) -> anyhow::Result<Vec<Row>> {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        empty(rig).await?;
        without.push(read_and_write(rig).await?);
    }
    for _ in 0..KEPT {
        let other = rig.text(PROMPT).await?;
        ask(rig.writer.as_ref(), request(&rig.model, &other, 1)).await?;
    }
    for _ in 0..ROUNDS {
        with.push(read_and_write(rig).await?);
    }
    let (mut texts, mut is_met) = (Vec::new(), true);
    for of in [
        (|speed: &Speed| speed.prefill) as fn(&Speed) -> f64,
        |speed| speed.decode,
    ] {
        let (with, without) = (best(with.iter().map(of))?, best(without.iter().map(of))?);
        let share = with / without;
        is_met &= share >= KEPT_SHARE_MIN;
        texts.push(format!("{with:.1} against {without:.1} ({share:.2})"));
    }
    let what = format!(
        "… both while {KEPT} other conversations of {PROMPT} tokens are kept, against an empty context"
    );
    let text = format!("{} tokens/s", texts.join(" · "));
    Ok(vec![Row::new(what, text).budget("≥ 0.9 times", is_met)])
}

/// Several texts at once against one alone.
pub(crate) fn measure_streams(
    bench: &Bench,
    rig: &mut Rig,
    peer: Option<&LlamaCpp>,
) -> anyhow::Result<Vec<Row>> {
    let one = bench.runtime.block_on(write_at_once(rig, 1))?;
    let all = bench.runtime.block_on(write_at_once(rig, STREAMS))?;
    let gain = all / one;
    let row = Row::new(
        format!(
            "… {STREAMS} texts at once against one, {NEW} tokens after {PROMPT_OF_STREAM} each, prompts counted"
        ),
        format!("{all:.1} against {one:.1} tokens/s, {gain:.2} times"),
    )
    .budget("≥ 2.8 times", gain >= STREAMS_GAIN_MIN);
    let Some(peer) = peer else {
        return Ok(vec![row]);
    };
    let speed = |streams| {
        let lengths = (PROMPT_OF_STREAM, NEW);
        peer.streams(&rig.file, rig.threads, streams, lengths)
    };
    let (one, all) = (speed(1)?, speed(STREAMS)?);
    let text = format!(
        "llama-batched-bench {all:.1} against {one:.1} tokens/s, {:.2} times",
        all / one
    );
    Ok(vec![row.peer(Some(text))])
}

/// Tokens a second of `streams` texts begun together.
async fn write_at_once(rig: &mut Rig, streams: usize) -> anyhow::Result<f64> {
    let mut prompts = Vec::new();
    for _ in 0..streams {
        prompts.push(rig.text(PROMPT_OF_STREAM).await?);
    }
    let mut running = tokio::task::JoinSet::new();
    for prompt in &prompts {
        let (writer, request) = (rig.writer.clone(), request(&rig.model, prompt, NEW));
        running.spawn(async move { ask(writer.as_ref(), request).await });
    }
    let (mut tokens, mut longest) = (0, Duration::ZERO);
    while let Some(told) = running.join_next().await {
        let told = told??;
        tokens += told.finished.new_tokens;
        longest = longest.max(told.done);
    }
    Ok(per_second(tokens, longest))
}

/// A text with and without guesses from its prompt.
pub(crate) struct Guessed {
    /// Tokens a second.
    pub(crate) with: f64,
    pub(crate) without: f64,
    /// The last text with guesses.
    pub(crate) told: Told,
    /// The last text without. Several tokens at once are rounded otherwise than one, so that where two tokens are nearly as probable,
    /// as with random weights, the texts part.
    pub(crate) plain: String,
}

impl Guessed {
    pub(crate) fn gain(&self) -> f64 {
        self.with / self.without
    }

    pub(crate) fn text(&self) -> String {
        let Self {
            with,
            without,
            told,
            ..
        } = self;
        format!(
            "{with:.1} against {without:.1} tokens/s, {:.2} times; {} of {} guesses right",
            self.gain(),
            told.finished.accepted_tokens,
            told.finished.drafted_tokens
        )
    }
}

/// Asks with and without guesses, in turns.
pub(crate) async fn guess(
    writer: &dyn Writer,
    request: &WritingRequest,
) -> anyhow::Result<Guessed> {
    let ask_with = async |is_lookup| {
        let asked = WritingRequest {
            is_lookup,
            ..request.clone()
        };
        ask(writer, asked).await
    };
    // Read once, so that neither of the two that count has to.
    let (mut plain, mut guessed) = (ask_with(false).await?, None);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain = ask_with(false).await?;
        without.push(per_second(plain.finished.new_tokens, plain.done));
        let told = ask_with(true).await?;
        with.push(per_second(told.finished.new_tokens, told.done));
        guessed = Some(told);
    }
    Ok(Guessed {
        with: median(with.into_iter())?,
        without: median(without.into_iter())?,
        told: guessed.context("nothing was guessed")?,
        plain: plain.text,
    })
}

/// Guesses in a text that repeats nothing, which are mostly wrong: what they cost.
pub(crate) async fn measure_wrong_guesses(rig: &mut Rig) -> anyhow::Result<Vec<Row>> {
    let prompt = rig.text(PROMPT).await?;
    let asked = request(&rig.model, &prompt, NEW);
    let guessed = guess(rig.writer.as_ref(), &asked).await?;
    let what = format!("… the same with and without guesses, {NEW} tokens after {PROMPT}");
    Ok(vec![Row::new(what, guessed.text())])
}

/// The time to the first token of a second turn, after a short and after a long first turn.
pub(crate) fn measure_second_turn(
    bench: &Bench,
    rig: &mut Rig,
    peer: Option<&LlamaCpp>,
) -> anyhow::Result<Vec<Row>> {
    let (cost, text) = bench.runtime.block_on(time_second_turns(rig))?;
    let what = format!(
        "… a second turn that adds {ADDED} tokens, to its first token (median of {ROUNDS})"
    );
    let row = Row::new(what, text);
    let Some(peer) = peer else {
        return Ok(vec![row]);
    };
    let speed = |history| peer.reading(&rig.file, rig.threads, ADDED, history);
    let (short, long) = (speed(HISTORIES[0])?, speed(HISTORIES[1])?);
    let share = cost / (short / long);
    let text = format!(
        "llama-bench reads {ADDED} tokens with {short:.1} and {long:.1} tokens/s after as many, so {:.2} times the time",
        short / long
    );
    let budget = "≤ 1.25 of what the history costs llama-bench";
    Ok(vec![
        row.budget(budget, share <= HISTORY_COST_MAX)
            .peer(Some(text)),
    ])
}

/// How much longer the second turn takes after the long history, and the times.
async fn time_second_turns(rig: &mut Rig) -> anyhow::Result<(f64, String)> {
    let mut medians = Vec::new();
    let mut texts = Vec::new();
    for history in HISTORIES {
        let (mut times, mut left) = (Vec::new(), 0);
        for _ in 0..ROUNDS {
            let first_turn = rig.text(history).await?;
            ask(rig.writer.as_ref(), request(&rig.model, &first_turn, 1)).await?;
            let second_turn = format!("{first_turn} {}", rig.text(ADDED).await?);
            let told = ask(rig.writer.as_ref(), request(&rig.model, &second_turn, 1)).await?;
            left = told.finished.prompt_tokens - told.finished.reused_tokens;
            times.push(told.done);
        }
        let median = Sample::new(times)?.median();
        texts.push(format!(
            "{} ms after {history} tokens ({left} computed)",
            millis(median)
        ));
        medians.push(median.as_secs_f64());
    }
    let cost = medians[1] / medians[0];
    Ok((cost, format!("{}, {cost:.2} times", texts.join(" · "))))
}

/// The largest.
fn best(numbers: impl Iterator<Item = f64>) -> anyhow::Result<f64> {
    numbers
        .max_by(f64::total_cmp)
        .context("nothing was measured")
}

/// The middle one of an odd number.
fn median(numbers: impl Iterator<Item = f64>) -> anyhow::Result<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.get(numbers.len() / 2).copied();
    middle.context("nothing was measured")
}

/// Lengths that the transformers peer is asked for: it is slow, so it writes fewer tokens.
pub(crate) const TRANSFORMERS_LENGTHS: (u32, u32) = (PROMPT, 32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_one_of_the_numbers() {
        assert!((median([3.0, 1.0, 2.0].into_iter()).unwrap() - 2.0).abs() < 1e-9);
        assert!(median(std::iter::empty()).is_err());
        assert!((best([1.0, 3.0, 2.0].into_iter()).unwrap() - 3.0).abs() < 1e-9);
        assert!(best(std::iter::empty()).is_err());
    }
}

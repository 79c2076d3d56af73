//! The seven layers of the copying model. The head file tells what each is for; here are the numbers.
//!
//! Scores are differences of natural logarithms. A comparison of tokens that is right instead of wrong counts at least
//! 6/13 of its weight, and the last tokens matter more than all others together, until [`WEIGHT_MIN`] is reached.

use std::f32::consts::FRAC_PI_2;

use super::Matrix;
use super::tokens::BITS;

/// Numbers that stand for a token, and that one head reads.
pub(super) const WIDTH: usize = 256;
/// Layers.
pub(super) const LAYERS: usize = 7;
/// Width of the feed-forward part, which only layers 0, 1 and 6 use.
pub(super) const INNER: usize = 32;
/// Base of the rotation.
pub(super) const ROPE_BASE: f32 = 10_000.0;
/// Added to the variance; nearly nothing, since all tokens have embeddings of one length.
pub(super) const EPSILON: f32 = 1e-9;

// Places in the stream. From 0 on, the code words of the token itself and of the 15 tokens before it.
/// Tokens a position knows.
const BLOCKS: usize = 16;
/// Marks `<|assistant|>`.
pub(super) const TALKS: usize = BLOCKS * BITS;
/// Marks a fence.
pub(super) const FENCE: usize = TALKS + 1;
/// Marks `<|assistant|>` before this token.
const TALKS_BEFORE: usize = TALKS + 2;
/// Marks a fence before this token.
const FENCE_BEFORE: usize = TALKS + 3;
/// Marks a token that begins with a letter.
pub(super) const LETTER: usize = TALKS + 4;
/// Marks `<|end|>`.
pub(super) const END: usize = TALKS + 5;
/// Marks the tags of those who speak.
pub(super) const TAG: usize = TALKS + 6;
/// Is 1.
pub(super) const ONE: usize = TALKS + 7;
/// Is [`SMALL`] at a fence that the answer does not begin with, or else 0.
const CLOSES: usize = TALKS + 8;
/// About [`SMALL`] or its opposite: whether the assistant speaks.
const SPEAKS_ROUGHLY: usize = TALKS + 9;
/// Exactly [`SMALL`] where the assistant speaks, or else 0.
const SPEAKS: usize = TALKS + 10;
/// The code word of the next token.
pub(super) const OUT: usize = TALKS + 11;
/// The code word of the last language after a fence, times [`SMALL`].
const LANGUAGE: usize = OUT + BITS;

/// Marks that only some tokens have are so small that they do not change the length of the whole.
const SMALL: f32 = 0.05;

// Scores.
/// Weight of comparing the last token.
const WEIGHT: f32 = 22_500.0;
/// Each token further back weighs so much of the one after it,
const WEIGHT_FALL: f32 = 0.45;
/// but no less than this part of the first.
const WEIGHT_MIN: f32 = 0.03;
/// For fences, when an answer begins.
const FENCE_BONUS: f32 = 70_000.0;
/// For `<|end|>`, after the closing fence.
const END_BONUS: f32 = 50_000.0;
/// Against what the assistant said.
const SPEAKS_MALUS: f32 = 100_000.0;
/// For each token that a place is nearer than another, when copying.
const NEAR: f32 = 0.05;
/// For each token that a tag is nearer than another, when finding who speaks.
const NEAR_TAG: f32 = 2.0;
/// For a tag or for the token after a fence, and against what is none; together more than [`NEAR_TAG`] for the whole context.
const TAG_BONUS: f32 = 6_000.0;
/// For each of [`DISTANCE_PAIRS`] at the right distance.
const DISTANCE_BONUS: f32 = 16.0;

/// Scores are divided by the root of the width.
const ROOT: f32 = 16.0;
/// Pairs of a head that find a distance, before the last pair, which finds what is near.
const DISTANCE_PAIRS: usize = 15;
const FIRST_DISTANCE_PAIR: usize = WIDTH / 2 - 1 - DISTANCE_PAIRS;
const NEAR_PAIR: usize = WIDTH / 2 - 1;
/// Angle of the last pair for each token; a quarter of a turn is not reached in the whole context.
const NEAR_ANGLE: f32 = 1.4 / 8192.0;
/// Slows a pair down until it does not turn at all.
const STILL: f32 = 1e20;

/// All matrices but those of the vocabulary.
pub(super) fn build() -> Vec<Matrix> {
    let mut matrices = vec![
        Matrix::vector("rope_freqs.weight", slow_downs()),
        output_norm(),
    ];
    // How many numbers of the stream are 1 or -1 before each layer, and after its attention.
    let marks = 6;
    let mut set = BITS + marks;
    for layer in 0..LAYERS {
        let mut parts = Layer::new(layer, set);
        match layer {
            0 => {
                parts.look_back(1, 1);
                parts.carry(TALKS, TALKS_BEFORE, 1.0);
                parts.carry(FENCE, FENCE_BEFORE, 1.0);
                set += BITS + 2;
                parts.find_closing();
            }
            1 => {
                parts.find_speaker();
                parts.sharpen_speaker();
            }
            2 => parts.find_language(),
            3..6 => {
                let distance = 1 << (layer - 2);
                parts.look_back(distance, distance);
                set += distance * BITS;
            }
            _ => {
                parts.copy();
                parts.tell_language();
            }
        }
        matrices.extend(parts.finish(set));
    }
    matrices
}

/// Undoes what dividing by the length of `set` numbers of 1 or -1 does.
#[expect(clippy::cast_precision_loss, reason = "there are 256 numbers")]
fn length(set: usize) -> f32 {
    (set as f32 / WIDTH as f32).sqrt()
}

fn output_norm() -> Matrix {
    // Every number is set but for the small ones: 16 code words, 8 marks, and the code word of the next token.
    let set = BITS * BLOCKS + 8 + BITS;
    let mut numbers = vec![0.0; WIDTH];
    numbers[OUT..OUT + BITS].fill(length(set));
    Matrix::vector("output_norm.weight", numbers)
}

/// Angle of a pair for each token.
#[expect(clippy::cast_precision_loss, reason = "there are 15 pairs")]
fn distance_angle(pair: usize) -> f32 {
    // Spread between 0.4 and 3 by a quadratic sequence, so that no distance but the right one suits all pairs; a linear one comes
    // round again at the denominators of its continued fraction.
    0.4 + 2.6 * (((pair + 1) * (pair + 1)) as f32 * 0.189_13).fract()
}

/// What the angles of the pairs are divided by.
#[expect(clippy::cast_precision_loss, reason = "there are 128 pairs")]
fn slow_downs() -> Vec<f32> {
    (0..WIDTH / 2)
        .map(|pair| {
            let usual = ROPE_BASE.powf(-2.0 * pair as f32 / WIDTH as f32);
            match pair {
                NEAR_PAIR => usual / NEAR_ANGLE,
                FIRST_DISTANCE_PAIR.. => usual / distance_angle(pair - FIRST_DISTANCE_PAIR),
                _ => STILL,
            }
        })
        .collect()
}

/// The matrices of one layer while they are made.
struct Layer {
    index: usize,
    /// Numbers of 1 or -1 before the layer.
    set: usize,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    output: Matrix,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

impl Layer {
    fn new(index: usize, set: usize) -> Self {
        let name = |part: &str| format!("blk.{index}.{part}.weight");
        Self {
            index,
            set,
            query: Matrix::new(&name("attn_q"), WIDTH, WIDTH),
            key: Matrix::new(&name("attn_k"), WIDTH, WIDTH),
            value: Matrix::new(&name("attn_v"), WIDTH, WIDTH),
            output: Matrix::new(&name("attn_output"), WIDTH, WIDTH),
            gate: Matrix::new_exact(&name("ffn_gate"), WIDTH, INNER),
            up: Matrix::new_exact(&name("ffn_up"), WIDTH, INNER),
            down: Matrix::new_exact(&name("ffn_down"), INNER, WIDTH),
        }
    }

    /// `set` is how many numbers are 1 or -1 after attention.
    fn finish(self, set: usize) -> Vec<Matrix> {
        let norm = |part: &str, set: usize| {
            let name = format!("blk.{}.{part}.weight", self.index);
            Matrix::vector(&name, vec![length(set); WIDTH])
        };
        vec![
            norm("attn_norm", self.set),
            norm("ffn_norm", set),
            self.query,
            self.key,
            self.value,
            self.output,
            self.gate,
            self.up,
            self.down,
        ]
    }

    /// Writes the number at `from` of the place attended to, times `gain`, to `to`.
    fn carry(&mut self, from: usize, to: usize, gain: f32) {
        self.value.set(from, from, 1.0);
        self.output.set(to, from, gain);
    }

    /// Attends to the place `distance` before and brings `blocks` code words from there.
    #[expect(clippy::cast_precision_loss, reason = "distances are up to 8")]
    fn look_back(&mut self, distance: usize, blocks: usize) {
        for pair in 0..DISTANCE_PAIRS {
            let angle = -(distance as f32) * distance_angle(pair);
            let place = 2 * (FIRST_DISTANCE_PAIR + pair);
            self.query
                .set(place, ONE, DISTANCE_BONUS * ROOT * angle.cos());
            self.query
                .set(place + 1, ONE, DISTANCE_BONUS * ROOT * angle.sin());
            self.key.set(place, ONE, 1.0);
        }
        for place in 0..blocks * BITS {
            self.carry(place, place + distance * BITS, 1.0);
        }
    }

    /// Prefers what is near, by `each` for a token.
    fn prefer_near(&mut self, each: f32) {
        // Minus the sine of the angle between the places, which is the cosine of an angle a quarter of a turn larger.
        let angle = FRAC_PI_2;
        let gain = (each / NEAR_ANGLE * ROOT).sqrt();
        self.query.set(2 * NEAR_PAIR, ONE, gain * angle.cos());
        self.query.set(2 * NEAR_PAIR + 1, ONE, gain * angle.sin());
        self.key.set(2 * NEAR_PAIR, ONE, gain);
    }

    /// A fence that is not the first token of an answer closes its block.
    fn find_closing(&mut self) {
        self.gate.set(0, FENCE, STEEP);
        self.gate.set(0, TALKS_BEFORE, -STEEP);
        self.gate.set(0, ONE, -STEEP);
        self.up.set(0, ONE, 1.0);
        self.down.set(CLOSES, 0, SMALL / STEEP);
    }

    /// Attends to the last tag and notes whether it is the assistant's.
    fn find_speaker(&mut self) {
        let gain = (TAG_BONUS * ROOT).sqrt();
        self.query.set(0, ONE, gain);
        self.key.set(0, TAG, gain);
        self.prefer_near(NEAR_TAG);
        self.carry(TALKS, SPEAKS_ROUGHLY, SMALL);
    }

    /// Makes what [`Layer::find_speaker`] noted exact: two steps of opposite sign, of which none or both are climbed.
    fn sharpen_speaker(&mut self) {
        for (row, sign) in [(0, 1.0), (1, -1.0)] {
            self.gate.set(row, SPEAKS_ROUGHLY, 10.0 * STEEP / SMALL);
            self.gate.set(row, ONE, sign * STEEP);
            self.up.set(row, ONE, 1.0);
            self.down.set(SPEAKS, row, sign * SMALL / (2.0 * STEEP));
        }
    }

    /// Attends to the last letter after a fence that the assistant did not write, and brings its token.
    fn find_language(&mut self) {
        let gain = (TAG_BONUS * ROOT).sqrt();
        self.query.set(0, ONE, gain);
        self.key.set(0, LETTER, gain);
        self.key.set(0, FENCE_BEFORE, 2.0 * gain);
        self.key.set(0, SPEAKS, -4.0 * gain / SMALL);
        self.prefer_near(NEAR_TAG);
        for bit in 0..BITS {
            self.carry(bit, LANGUAGE + bit, SMALL);
        }
    }

    /// After the fence that an answer begins with, the language outweighs what was copied: two steps for each bit, of which the
    /// one that suits it is climbed.
    fn tell_language(&mut self) {
        for bit in 0..BITS {
            for (row, sign) in [(2 * bit, 1.0), (2 * bit + 1, -1.0)] {
                self.gate.set(row, FENCE, STEEP);
                self.gate.set(row, TALKS_BEFORE, STEEP);
                self.gate.set(row, LANGUAGE + bit, sign * STEEP / SMALL);
                self.gate.set(row, ONE, -2.0 * STEEP);
                self.up.set(row, ONE, 1.0);
                self.down.set(OUT + bit, row, sign * 3.0 / STEEP);
            }
        }
    }

    /// Attends to the place before which stands what stands here, and brings its token.
    fn copy(&mut self) {
        let mut weight = 1.0_f32;
        for block in 0..BLOCKS - 1 {
            for bit in 0..BITS {
                let place = block * BITS + bit;
                let each = WEIGHT * weight.max(WEIGHT_MIN) * ROOT / BITS_F32;
                self.query.set(place, place, each);
                self.key.set(place, place + BITS, 1.0);
            }
            weight *= WEIGHT_FALL;
        }
        let [fence, end, speaks] = [0, 1, 2].map(|index| (BLOCKS - 1) * BITS + index);
        // A mark of 1 or -1 and a 1 together give 0 or 2.
        let gain = (FENCE_BONUS * ROOT).sqrt() / 2.0;
        for place in [TALKS, ONE] {
            self.query.set(fence, place, gain);
        }
        for place in [FENCE, ONE] {
            self.key.set(fence, place, gain);
        }
        let gain = (END_BONUS * ROOT).sqrt();
        self.query.set(end, CLOSES, gain / SMALL);
        self.key.set(end, END, gain);
        let gain = (SPEAKS_MALUS * ROOT).sqrt();
        self.query.set(speaks, ONE, -gain);
        self.key.set(speaks, SPEAKS, gain / SMALL);
        self.prefer_near(NEAR);
        for bit in 0..BITS {
            self.carry(bit, OUT + bit, 1.0);
        }
    }
}

/// Makes a step steep enough that its rounded corner does not matter.
const STEEP: f32 = 20.0;
/// [`BITS`] as a float.
const BITS_F32: f32 = 13.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "distances are small")]
    fn no_distance_looks_like_another() {
        let pairs: Vec<f32> = (0..DISTANCE_PAIRS).map(distance_angle).collect();
        for distance in 1..8192 {
            let score: f64 = pairs
                .iter()
                .map(|&angle| (f64::from(angle) * f64::from(distance)).cos())
                .sum();
            let gap = (DISTANCE_PAIRS as f64 - score) * f64::from(DISTANCE_BONUS);
            assert!(gap > 60.0, "{distance} is {gap} from none");
        }
    }

    #[test]
    fn everything_has_a_place() {
        const { assert!(LANGUAGE + BITS <= WIDTH) };
        const { assert!((BLOCKS - 1) * BITS + 3 <= 2 * FIRST_DISTANCE_PAIR) };
        const { assert!(WEIGHT * WEIGHT_MIN * 6.0 / BITS_F32 > NEAR / NEAR_ANGLE) };
        const { assert!(2.0 * TAG_BONUS > NEAR_TAG / NEAR_ANGLE) };
    }
}

//! Vectors as an encoder of texts gives them — in clusters, of unit length — from a fixed seed, and the exact answer to what
//! is nearest, by comparing everything.

use std::io::{BufWriter, Write as _};
use std::path::Path;

/// Numbers of one vector.
pub(crate) const DIMENSIONS: usize = 384;
/// Vectors that share a centre.
const PER_CENTRE: usize = 50;
const TOPICS: usize = 40;
/// How far a centre lies from its topic, and a vector from its centre, against 1 for the length of either. The second
/// gives neighbours a mean cosine of 0.69.
const SPREAD_OF_CENTRES: f32 = 1.0;
const SPREAD: f32 = 0.68;
/// Scores closer than this count as equal.
const EQUAL: f32 = 1e-6;

/// Vectors to be held, and vectors to ask with.
pub(crate) struct Clustered {
    held: Vec<f32>,
    queries: Vec<f32>,
}

impl Clustered {
    /// The same vectors for the same numbers.
    pub(crate) fn generate(count: usize, queries: usize) -> Self {
        let mut random = Random::new(20_261_120);
        let topics: Vec<Vec<f32>> = (0..TOPICS).map(|_| random.near(&[], 1.0)).collect();
        let centres: Vec<Vec<f32>> = (0..count.div_ceil(PER_CENTRE).max(1))
            .map(|centre| random.near(&topics[centre % TOPICS], SPREAD_OF_CENTRES))
            .collect();
        let mut around = |number: usize| -> Vec<f32> {
            (0..number)
                .flat_map(|at| random.near(&centres[at % centres.len()], SPREAD))
                .collect()
        };
        let held = around(count);
        let queries = around(queries);
        Self { held, queries }
    }

    /// Number of vectors to be held.
    pub(crate) fn len(&self) -> usize {
        self.held.len() / DIMENSIONS
    }

    /// A vector to be held.
    pub(crate) fn held(&self, at: usize) -> &[f32] {
        &self.held[at * DIMENSIONS..(at + 1) * DIMENSIONS]
    }

    /// Vectors to ask with.
    pub(crate) fn queries(&self) -> impl Iterator<Item = &[f32]> {
        self.queries.chunks_exact(DIMENSIONS)
    }

    /// Writes held vectors and queries as little-endian `f32`, one vector after the other.
    pub(crate) fn write(&self, held: &Path, queries: &Path) -> std::io::Result<()> {
        for (path, numbers) in [(held, &self.held), (queries, &self.queries)] {
            let mut file = BufWriter::new(std::fs::File::create(path)?);
            for number in numbers {
                file.write_all(&number.to_le_bytes())?;
            }
            file.flush()?;
        }
        Ok(())
    }

    /// Share of the truly nearest `wanted` of the first `count` vectors that `found` has, over all queries. A vector as near as
    /// the last of them counts as one of them.
    pub(crate) fn recall(&self, count: usize, wanted: usize, found: &[Vec<usize>]) -> f64 {
        let queries: Vec<&[f32]> = self.queries().collect();
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let share = queries.len().div_ceil(threads).max(1);
        let hits: usize = std::thread::scope(|scope| {
            let parts: Vec<_> = queries
                .chunks(share)
                .zip(found.chunks(share))
                .map(|(queries, found)| {
                    scope.spawn(move || {
                        let pairs = queries.iter().zip(found);
                        pairs
                            .map(|(query, found)| self.hits(query, count, wanted, found))
                            .sum::<usize>()
                    })
                })
                .collect();
            parts
                .into_iter()
                .map(|part| part.join().expect("BUG: an exact scan panicked"))
                .sum()
        });
        ratio(hits, wanted * queries.len())
    }

    fn hits(&self, query: &[f32], count: usize, wanted: usize, found: &[usize]) -> usize {
        let mut scores: Vec<f32> = (0..count).map(|at| dot(query, self.held(at))).collect();
        let of_found: Vec<f32> = found
            .iter()
            .take(wanted)
            .filter_map(|at| scores.get(*at).copied())
            .collect();
        scores.sort_unstable_by(|a, b| b.total_cmp(a));
        let last = scores[wanted.min(count) - 1];
        of_found
            .into_iter()
            .filter(|score| *score >= last - EQUAL)
            .count()
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    let number = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    number(part) / number(whole)
}

/// Inner product; the lengths are multiples of 16.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    for (x, y) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums.iter().sum()
}

/// `SplitMix64` (Steele, Lea and Flood, 2014): small, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is small against 2^64.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("BUG: usize is at most 64 bits");
        usize::try_from(self.next() % bound).expect("BUG: below a usize")
    }

    /// Nearly normal, mean 0, variance 1: the sum of twelve uniform numbers (Irwin–Hall).
    fn normal(&mut self) -> f32 {
        let mut sum = 0.0;
        for _ in 0..3 {
            for pair in self.next().to_le_bytes().as_chunks::<2>().0 {
                sum += (f32::from(u16::from_le_bytes(*pair)) + 0.5) / 65536.0;
            }
        }
        sum - 6.0
    }

    /// A unit vector at `centre` plus a random direction of length `spread`.
    fn near(&mut self, centre: &[f32], spread: f32) -> Vec<f32> {
        let noise = unit((0..DIMENSIONS).map(|_| self.normal()).collect());
        let moved = noise.iter().enumerate();
        unit(
            moved
                .map(|(at, n)| centre.get(at).unwrap_or(&0.0) + spread * n)
                .collect(),
        )
    }
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = dot(&vector, &vector).sqrt();
    for number in &mut vector {
        *number /= length;
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_the_same_every_time_of_unit_length_and_in_clusters() {
        let vectors = Clustered::generate(500, 3);
        assert_eq!(vectors.held, Clustered::generate(500, 3).held);
        assert_eq!(vectors.queries().count(), 3);
        let length = dot(vectors.held(7), vectors.held(7));
        assert!((length - 1.0).abs() < 1e-5, "{length}");
        // 500 vectors have ten centres, so the eleventh is a neighbour of the first.
        let near = dot(vectors.held(0), vectors.held(10));
        assert!((0.6..0.8).contains(&near), "{near}");
        assert!(dot(vectors.held(0), vectors.held(1)) < 0.4);
    }

    #[test]
    fn recall_is_one_for_the_truth_and_less_for_less() {
        let vectors = Clustered::generate(200, 2);
        let truth: Vec<Vec<usize>> = vectors
            .queries()
            .map(|query| {
                let mut all: Vec<usize> = (0..200).collect();
                all.sort_by(|a, b| {
                    dot(query, vectors.held(*b)).total_cmp(&dot(query, vectors.held(*a)))
                });
                all.truncate(10);
                all
            })
            .collect();
        assert!((vectors.recall(200, 10, &truth) - 1.0).abs() < 1e-9);
        let half = vec![truth[0].clone(), Vec::new()];
        assert!((vectors.recall(200, 10, &half) - 0.5).abs() < 1e-9);
    }
}

//! Encoders for tests in which meaning is not the point. The tests that judge quality use the real one.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use domain::embedding::{EmbedError, Embedder, Encoded};

use crate::terms::find_terms;

const DIMENSIONS: usize = 256;

/// Gives every term a direction of its own, so that texts sharing terms are near each other.
#[derive(Default)]
pub(crate) struct BagOfWords {
    texts: AtomicUsize,
}

impl BagOfWords {
    pub(crate) fn texts_embedded(&self) -> usize {
        self.texts.load(Ordering::SeqCst)
    }
}

/// The vector of a text: every term adds its weight at a place that its letters decide.
pub(crate) fn bag_of_words(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    vector[0] = 0.05; // no text is without direction
    for term in find_terms(text) {
        let hash = term
            .text
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
            });
        vector[usize::try_from(hash % DIMENSIONS as u64).unwrap()] += term.weight;
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(|x| x / length).collect()
}

#[async_trait]
impl Embedder for BagOfWords {
    fn encoder(&self) -> &'static str {
        "bag-of-words"
    }

    async fn encode(&self, texts: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        self.texts.fetch_add(texts.len(), Ordering::SeqCst);
        let encode = |text: &String| Encoded {
            vector: bag_of_words(text),
            tokens: 0,
        };
        Ok(texts.iter().map(encode).collect())
    }
}

/// An encoder whose file is missing.
pub(crate) struct NoEncoder;

#[async_trait]
impl Embedder for NoEncoder {
    fn encoder(&self) -> &'static str {
        "none"
    }

    async fn encode(&self, _: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        Err(EmbedError::Missing("no file".into()))
    }
}

//! Agreement with sentence-transformers, and of batches with single calls.

use std::sync::Arc;

use domain::embedding::{Embedder as _, Encoded};

use crate::{cosine, embedder, texts};

#[derive(serde::Deserialize)]
struct Golden {
    max_seq_length: u32,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    text: String,
    /// With the two marks, cut at the window.
    tokens: u32,
    vector: Vec<f32>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../data/minilm-golden.json")).unwrap()
}

#[tokio::test]
async fn vectors_agree_with_the_reference() {
    let golden = golden();
    assert_eq!(golden.max_seq_length, 256);
    assert_eq!(golden.cases.len(), 20);
    let embedder = embedder();
    let sentences: Vec<String> = golden.cases.iter().map(|case| case.text.clone()).collect();
    let together = embedder.encode(&sentences).await.unwrap();
    for (case, encoded) in golden.cases.iter().zip(&together) {
        assert_eq!(encoded.vector.len(), 384);
        let alone = embedder
            .encode(std::slice::from_ref(&case.text))
            .await
            .unwrap()
            .remove(0);
        for (way, Encoded { vector, tokens }) in [("in a list", encoded), ("alone", &alone)] {
            assert_eq!(*tokens, case.tokens, "{way}: {:?}", case.text);
            let cosine = cosine(vector, &case.vector);
            assert!(
                cosine >= 0.9999,
                "{way}, cosine {cosine} for {:?}",
                case.text
            );
            assert!(
                (crate::cosine(vector, vector) - 1.0).abs() < 1e-5,
                "not of length 1: {:?}",
                case.text
            );
        }
    }
}

#[tokio::test]
async fn a_list_of_200_gives_what_single_calls_give() {
    let embedder = embedder();
    let list: Vec<String> = (0..200_usize)
        .map(|number| {
            format!(
                "Text {number}: {}",
                "sort the values, then merge them. ".repeat(number * 7 % 13)
            )
        })
        .collect();
    let together = embedder.embed(&list).await.unwrap();
    assert_eq!(together.len(), 200);
    for (text, vector) in list.iter().zip(&together) {
        let alone = embedder.embed(std::slice::from_ref(text)).await.unwrap();
        // Not to the bit: the engine looks GELU up in a half-precision table, which magnifies differences in summation order.
        let cosine = cosine(vector, &alone[0]);
        assert!(cosine > 0.99999, "cosine {cosine} for {text:?}");
    }
    assert_eq!(embedder.status().starts, 1);
}

#[tokio::test]
async fn the_name_is_known_before_the_engine_runs_and_an_empty_list_needs_none() {
    let embedder = embedder();
    assert_eq!(embedder.encoder(), "all-minilm-l6-v2@53aa5117");
    assert_eq!(embedder.embed(&[]).await.unwrap(), Vec::<Vec<f32>>::new());
    assert_eq!(embedder.status().starts, 0);
    assert_eq!(embedder.status().pid, None);
}

#[tokio::test]
async fn unusual_texts_get_vectors() {
    let embedder = embedder();
    let list = vec![
        String::new(),
        " \n\t ".to_owned(),
        "\0\u{1}\u{7f}".to_owned(),
        "\u{2028}\u{2029}\u{feff}\u{200d}".to_owned(),
        "[CLS] [SEP] [MASK] [PAD] [UNK]".to_owned(),
        "x".repeat(100_000),
        "é漢".repeat(50_000),
        " ".repeat(100_000),
        "\u{10ffff}\u{e000}".repeat(10),
    ];
    let vectors = embedder.embed(&list).await.unwrap();
    assert_eq!(vectors.len(), list.len());
    for vector in &vectors {
        assert!((cosine(vector, vector) - 1.0).abs() < 1e-5);
    }
    assert_eq!(embedder.status().starts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_at_one_time_get_their_own_vectors() {
    let embedder = Arc::new(embedder());
    let golden = Arc::new(golden());
    let calls: Vec<_> = (0..30)
        .map(|number| {
            let (embedder, golden) = (Arc::clone(&embedder), Arc::clone(&golden));
            tokio::spawn(async move {
                let first = &golden.cases[number % 19];
                let second = &golden.cases[(number + 7) % 19];
                let asked = if number % 3 == 0 {
                    texts(&[&first.text, &second.text])
                } else {
                    texts(&[&first.text])
                };
                let vectors = embedder.embed(&asked).await.unwrap();
                assert_eq!(vectors.len(), asked.len());
                assert!(cosine(&vectors[0], &first.vector) > 0.9999);
                if let Some(vector) = vectors.get(1) {
                    assert!(cosine(vector, &second.vector) > 0.9999);
                }
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(embedder.status().starts, 1);
}

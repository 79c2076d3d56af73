//! Event streams of model servers. The first byte says where the rest is cut in two; that must not matter.
#![no_main]

#[path = "../../crates/inference/src/remote/sse.rs"]
mod sse;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((cut, stream)) = bytes.split_first() else {
        return;
    };
    let (first, second) = stream.split_at(usize::from(*cut).min(stream.len()));
    let read = |pieces: &[&[u8]]| {
        let mut reader = sse::EventReader::default();
        let mut events = Vec::new();
        pieces.iter().try_for_each(|piece| reader.push(piece, &mut events)).map(|()| events)
    };
    assert_eq!(read(&[stream]), read(&[first, second]));
});

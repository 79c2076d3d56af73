//! `tokenizer.model`: the vocabulary of a `SentencePiece` model (Kudo and Richardson 2018), for folders without `tokenizer.json`. The
//! file is a protocol buffer; what is not needed is skipped.

/// Most pieces; the largest vocabularies in use have 256 thousand.
const PIECES_MAX: usize = 1 << 21;
/// `TrainerSpec.model_type` of byte pair encoding.
const MODEL_BPE: u64 = 2;

/// A vocabulary of pieces.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pieces {
    pub(super) texts: Vec<String>,
    pub(super) scores: Vec<f32>,
    /// Types, which have the same numbers in GGUF.
    pub(super) types: Vec<i32>,
    pub(super) is_space_put_first: bool,
}

/// Reads the file. Models of another kind than BPE are refused: llama.cpp would cut text in another way.
pub(super) fn parse(bytes: &[u8]) -> Result<Pieces, String> {
    let mut pieces = Pieces {
        texts: Vec::new(),
        scores: Vec::new(),
        types: Vec::new(),
        is_space_put_first: true,
    };
    let mut model = 1;
    for field in read_fields(bytes)? {
        match field {
            (1, Field::Bytes(bytes)) => add_piece(&mut pieces, bytes)?,
            (2, Field::Bytes(bytes)) => model = find_number(bytes, 3)?.unwrap_or(1),
            (3, Field::Bytes(bytes)) => {
                pieces.is_space_put_first = find_number(bytes, 3)?.is_none_or(|truth| truth != 0);
            }
            _ => {}
        }
    }
    if model != MODEL_BPE {
        return Err("its model is not BPE, and only BPE is supported".to_owned());
    }
    Ok(pieces)
}

fn add_piece(pieces: &mut Pieces, bytes: &[u8]) -> Result<(), String> {
    let (mut text, mut score, mut kind) = (None, 0.0, 1);
    for field in read_fields(bytes)? {
        match field {
            (1, Field::Bytes(bytes)) => {
                text = Some(String::from_utf8(bytes.to_vec()).map_err(|_| "a piece is not UTF-8")?);
            }
            (2, Field::Fixed32(bits)) => score = f32::from_bits(bits),
            (3, Field::Number(number)) => {
                kind = i32::try_from(number)
                    .ok()
                    .filter(|kind| (1..=6).contains(kind))
                    .ok_or_else(|| format!("a piece has the unknown type {number}"))?;
            }
            _ => {}
        }
    }
    if pieces.texts.len() == PIECES_MAX || score.is_nan() {
        return Err(format!(
            "it has more than {PIECES_MAX} pieces, or one without a score"
        ));
    }
    pieces.texts.push(text.ok_or("a piece has no text")?);
    pieces.scores.push(score);
    pieces.types.push(kind);
    Ok(())
}

fn find_number(bytes: &[u8], wanted: u64) -> Result<Option<u64>, String> {
    let fields = read_fields(bytes)?;
    Ok(fields.into_iter().find_map(|field| match field {
        (number, Field::Number(value)) if number == wanted => Some(value),
        _ => None,
    }))
}

/// A value of a message.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
    Fixed64,
}

/// The fields of a message with their numbers, in order.
fn read_fields(mut bytes: &[u8]) -> Result<Vec<(u64, Field<'_>)>, String> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = take_number(&mut bytes)?;
        let field = match tag & 7 {
            0 => Field::Number(take_number(&mut bytes)?),
            1 => {
                take(&mut bytes, 8)?;
                Field::Fixed64
            }
            2 => {
                let length = take_number(&mut bytes)?;
                Field::Bytes(take(&mut bytes, length)?)
            }
            5 => {
                let taken = take(&mut bytes, 4)?.try_into();
                Field::Fixed32(u32::from_le_bytes(taken.map_err(|_| "it is cut short")?))
            }
            other => return Err(format!("it has a field of the unknown kind {other}")),
        };
        fields.push((tag >> 3, field));
    }
    Ok(fields)
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], String> {
    let taken = usize::try_from(length)
        .ok()
        .and_then(|length| bytes.split_at_checked(length));
    let (taken, rest) = taken.ok_or("it is cut short or damaged")?;
    *bytes = rest;
    Ok(taken)
}

/// Seven bits in each byte, lowest first; the eighth says that more follow.
fn take_number(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let [byte] = *take(bytes, 1)? else {
            return Err("it is cut short".to_owned());
        };
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err("it has a number of more than 64 bits".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Two pieces, BPE, no space put first.
    const SMALL: &[u8] = b"\x0a\x09\x0a\x05<unk>\x18\x02\x0a\x08\x0a\x01a\x15\0\0\x80\xbf\x12\x02\x18\x02\x1a\x02\x18\0";

    #[test]
    fn pieces_with_scores_and_types_are_read() {
        let pieces = parse(SMALL).unwrap();
        assert_eq!(pieces.texts, ["<unk>", "a"]);
        assert!((pieces.scores[1] + 1.0).abs() < 1e-9);
        assert_eq!(pieces.types, [2, 1]);
        assert!(!pieces.is_space_put_first);
    }

    #[test]
    fn other_models_and_damage_are_refused() {
        assert!(parse(b"").unwrap_err().contains("BPE"));
        let unigram = [&SMALL[..23], b"\x18\x01", &SMALL[25..]].concat();
        assert!(parse(&unigram).unwrap_err().contains("BPE"), "{unigram:?}");
        for length in 1..SMALL.len() {
            let _ = parse(&SMALL[..length]);
        }
        assert!(parse(&SMALL[..8]).unwrap_err().contains("cut short"));
        assert!(parse(&[0xff; 11]).unwrap_err().contains("64 bits"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }
}

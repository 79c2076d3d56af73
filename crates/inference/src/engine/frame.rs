//! The language between the server and an engine: frames with a length, in both directions, over one socket.
//!
//! A frame is its length in bytes (u32), a kind (u8) and fields; all numbers are little-endian. Both ends refuse a frame that
//! is longer than [`FRAME_BYTES_MAX`] before they take memory for it.

use std::io::{self, Read, Write};

use domain::embedding::Encoded;

/// Longest frame in bytes, without its length field.
pub(crate) const FRAME_BYTES_MAX: u32 = 4 << 20;
/// Most texts in a request.
pub(crate) const TEXTS_MAX: usize = 32;
/// Longest text in bytes. 256 tokens are seldom more than 2 KiB.
pub(crate) const TEXT_BYTES_MAX: usize = 32 << 10;
/// Longest vector; the encoder here has 384 numbers.
const DIMENSIONS_MAX: u32 = 4096;
/// Longest reason that is passed on.
const REASON_BYTES_MAX: usize = 4096;

const EMBED: u8 = 1;
const READY: u8 = 2;
const VECTORS: u8 = 3;
const REFUSED: u8 = 4;
const BROKEN: u8 = 5;

/// What the server asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EmbedRequest {
    /// Comes back in the reply.
    pub(crate) id: u64,
    /// At most [`TEXTS_MAX`], each at most [`TEXT_BYTES_MAX`].
    pub(crate) texts: Vec<String>,
}

/// What the engine says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// Once, first: the model is loaded and gives vectors of this length.
    Ready { dimensions: u32 },
    /// What was made of each text, in order.
    Vectors { id: u64, texts: Vec<Encoded> },
    /// This request failed; the engine goes on.
    Refused { id: u64, reason: String },
    /// The engine cannot work and ends.
    Broken { reason: String },
}

/// Sends a request.
pub(crate) fn write_request(out: &mut impl Write, id: u64, texts: &[&str]) -> io::Result<()> {
    let mut body = vec![EMBED];
    body.extend(id.to_le_bytes());
    put_length(&mut body, texts.len())?;
    for text in texts {
        put_length(&mut body, text.len())?;
        body.extend(text.as_bytes());
    }
    write_frame(out, &body)
}

/// Receives a request; `None` when the other end has gone.
pub(crate) fn read_request(source: &mut impl Read) -> io::Result<Option<EmbedRequest>> {
    let Some(body) = read_frame(source)? else {
        return Ok(None);
    };
    let mut fields = Fields(&body);
    if fields.u8()? != EMBED {
        return Err(malformed("an unknown request"));
    }
    let id = fields.u64()?;
    let count = fields.length(TEXTS_MAX, "texts")?;
    let texts = (0..count)
        .map(|_| {
            let length = fields.length(TEXT_BYTES_MAX, "bytes of text")?;
            fields.text(length)
        })
        .collect::<io::Result<_>>()?;
    fields.finish()?;
    Ok(Some(EmbedRequest { id, texts }))
}

/// Sends a reply.
pub(crate) fn write_reply(out: &mut impl Write, reply: &Reply) -> io::Result<()> {
    let mut body = Vec::new();
    match reply {
        Reply::Ready { dimensions } => {
            body.push(READY);
            body.extend(dimensions.to_le_bytes());
        }
        Reply::Vectors { id, texts } => {
            body.push(VECTORS);
            body.extend(id.to_le_bytes());
            put_length(&mut body, texts.len())?;
            put_length(&mut body, texts.first().map_or(0, |text| text.vector.len()))?;
            for text in texts {
                body.extend(text.tokens.to_le_bytes());
                body.extend(text.vector.iter().flat_map(|number| number.to_le_bytes()));
            }
        }
        Reply::Refused { id, reason } => {
            body.push(REFUSED);
            body.extend(id.to_le_bytes());
            put_reason(&mut body, reason)?;
        }
        Reply::Broken { reason } => {
            body.push(BROKEN);
            put_reason(&mut body, reason)?;
        }
    }
    write_frame(out, &body)
}

/// Receives a reply; `None` when the engine has gone.
pub(crate) fn read_reply(source: &mut impl Read) -> io::Result<Option<Reply>> {
    let Some(body) = read_frame(source)? else {
        return Ok(None);
    };
    let mut fields = Fields(&body);
    let reply = match fields.u8()? {
        READY => Reply::Ready {
            dimensions: fields.u32()?,
        },
        VECTORS => {
            let id = fields.u64()?;
            let count = fields.length(TEXTS_MAX, "vectors")?;
            let dimensions = fields.length(DIMENSIONS_MAX as usize, "numbers in a vector")?;
            let texts = (0..count)
                .map(|_| {
                    Ok(Encoded {
                        tokens: fields.u32()?,
                        vector: fields.vector(dimensions)?,
                    })
                })
                .collect::<io::Result<_>>()?;
            Reply::Vectors { id, texts }
        }
        REFUSED => Reply::Refused {
            id: fields.u64()?,
            reason: fields.reason()?,
        },
        BROKEN => Reply::Broken {
            reason: fields.reason()?,
        },
        _ => return Err(malformed("an unknown reply")),
    };
    fields.finish()?;
    Ok(Some(reply))
}

/// The longest prefix of `text` that is at most `most` bytes long and ends between characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

/// Sends a frame with this body.
pub(crate) fn write_frame(out: &mut impl Write, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len())
        .ok()
        .filter(|length| *length <= FRAME_BYTES_MAX);
    let length = length.ok_or_else(|| malformed("a frame over the limit"))?;
    // One write, so that the other end wakes once.
    let mut frame = Vec::with_capacity(body.len() + 4);
    frame.extend(length.to_le_bytes());
    frame.extend(body);
    out.write_all(&frame)?;
    out.flush()
}

/// Receives a frame's body; `None` when the other end has gone.
pub(crate) fn read_frame(source: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    // An end before the first byte is a farewell; an end later is an error.
    if read_some(source, &mut length)? == 0 {
        return Ok(None);
    }
    let length = u32::from_le_bytes(length);
    if length > FRAME_BYTES_MAX {
        return Err(malformed(&format!(
            "a frame of {length} bytes, more than {FRAME_BYTES_MAX}"
        )));
    }
    let mut body = vec![0; length as usize];
    source.read_exact(&mut body)?;
    Ok(Some(body))
}

/// Fills `buffer`; 0 when the source ends before its first byte.
fn read_some(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let first = loop {
        match source.read(buffer) {
            Ok(count) => break count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    };
    if first > 0 {
        source.read_exact(&mut buffer[first..])?;
    }
    Ok(first)
}

fn put_length(body: &mut Vec<u8>, length: usize) -> io::Result<()> {
    let length = u32::try_from(length).map_err(|_| malformed("a field over the limit"))?;
    body.extend(length.to_le_bytes());
    Ok(())
}

fn put_reason(body: &mut Vec<u8>, reason: &str) -> io::Result<()> {
    let reason = cut(reason, REASON_BYTES_MAX);
    put_length(body, reason.len())?;
    body.extend(reason.as_bytes());
    Ok(())
}

pub(crate) fn malformed(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the engine connection carried {what}"),
    )
}

/// The rest of a frame's body.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| malformed("a frame that is too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (taken, rest) = self
            .0
            .split_first_chunk()
            .ok_or_else(|| malformed("a frame that is too short"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> io::Result<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u32(&mut self) -> io::Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> io::Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn length(&mut self, most: usize, what: &str) -> io::Result<usize> {
        let length = self.u32()? as usize;
        if length > most {
            return Err(malformed(&format!("{length} {what}, more than {most}")));
        }
        Ok(length)
    }

    fn text(&mut self, length: usize) -> io::Result<String> {
        let bytes = self.bytes(length)?.to_vec();
        String::from_utf8(bytes).map_err(|_| malformed("text that is not UTF-8"))
    }

    fn reason(&mut self) -> io::Result<String> {
        let length = self.length(REASON_BYTES_MAX, "bytes of reason")?;
        self.text(length)
    }

    fn vector(&mut self, dimensions: usize) -> io::Result<Vec<f32>> {
        let bytes = self.bytes(dimensions * 4)?;
        Ok(bytes
            .as_chunks()
            .0
            .iter()
            .map(|chunk| f32::from_le_bytes(*chunk))
            .collect())
    }

    fn finish(self) -> io::Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(malformed("a frame that is too long"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_end_between_frames_is_a_farewell_and_an_end_within_is_an_error() {
        assert!(read_request(&mut io::empty()).unwrap().is_none());
        assert!(read_reply(&mut io::empty()).unwrap().is_none());
        let mut frame = Vec::new();
        write_request(&mut frame, 1, &["a", "b"]).unwrap();
        for length in 1..frame.len() {
            assert!(
                read_request(&mut &frame[..length]).is_err(),
                "{length} bytes were accepted"
            );
        }
    }

    #[test]
    fn frames_over_the_limits_are_refused() {
        assert!(
            read_request(&mut &u32::MAX.to_le_bytes()[..])
                .unwrap_err()
                .to_string()
                .contains("more than")
        );
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        let mut frame = Vec::new();
        write_request(&mut frame, 1, &[&long]).unwrap();
        assert!(read_request(&mut frame.as_slice()).is_err());
        let many = vec![""; TEXTS_MAX + 1];
        let mut frame = Vec::new();
        write_request(&mut frame, 1, &many).unwrap();
        assert!(read_request(&mut frame.as_slice()).is_err());
    }

    #[test]
    fn a_cut_ends_between_characters() {
        assert_eq!(cut("añb", 2), "a");
        assert_eq!(cut("añb", 3), "añ");
        assert_eq!(cut("añb", 99), "añb");
    }

    proptest! {
        #[test]
        fn requests_come_back(id: u64, texts in proptest::collection::vec(".{0,40}", 0..8)) {
            let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
            let mut frame = Vec::new();
            write_request(&mut frame, id, &borrowed).unwrap();
            prop_assert_eq!(read_request(&mut frame.as_slice()).unwrap(), Some(EmbedRequest { id, texts }));
        }

        #[test]
        fn replies_come_back(id: u64, rows in 0_usize..5, number in -1.0_f32..1.0, reason in ".{0,40}") {
            let replies = [
                Reply::Ready { dimensions: 384 },
                Reply::Vectors { id, texts: vec![Encoded { vector: vec![number; 3], tokens: 7 }; rows] },
                Reply::Refused { id, reason: reason.clone() },
                Reply::Broken { reason },
            ];
            for reply in replies {
                let mut frame = Vec::new();
                write_reply(&mut frame, &reply).unwrap();
                prop_assert_eq!(read_reply(&mut frame.as_slice()).unwrap(), Some(reply));
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_request(&mut bytes.as_slice());
            let _ = read_reply(&mut bytes.as_slice());
            let mut framed = u32::try_from(bytes.len()).unwrap().to_le_bytes().to_vec();
            framed.extend(bytes);
            let _ = read_request(&mut framed.as_slice());
            let _ = read_reply(&mut framed.as_slice());
        }
    }
}

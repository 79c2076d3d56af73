//! Reads a stream of server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>), piece by piece as it
//! comes. Foreign bytes: lines, events and the stream are bounded.

/// Longest line, bytes.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// Most data of an event, bytes.
const EVENT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Longest stream, bytes.
const STREAM_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The mark that a text may begin with.
const MARK: &str = "\u{feff}";

/// A stream breaks the format or a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SseError {
    /// A line, an event or all of it is too long.
    #[error("its answer has a {0} that is too long")]
    TooLong(&'static str),
    /// A line is not UTF-8.
    #[error("its answer is not UTF-8")]
    NotText,
}

/// Puts events together from pieces.
#[derive(Debug, Default)]
pub(crate) struct EventReader {
    line: Vec<u8>,
    data: Option<String>,
    is_after_return: bool,
    is_begun: bool,
    total: u64,
}

impl EventReader {
    /// Takes the next piece and appends the data of the events that it completes.
    ///
    /// # Errors
    /// [`SseError`]; the reader is of no use afterwards.
    pub(crate) fn push(&mut self, piece: &[u8], events: &mut Vec<String>) -> Result<(), SseError> {
        self.total = self.total.saturating_add(piece.len() as u64);
        if self.total > STREAM_BYTES_MAX {
            return Err(SseError::TooLong("stream"));
        }
        for byte in piece {
            let is_second_half = self.is_after_return && *byte == b'\n';
            self.is_after_return = *byte == b'\r';
            match byte {
                b'\n' if is_second_half => {}
                b'\n' | b'\r' => self.end_line(events)?,
                _ if self.line.len() == LINE_BYTES_MAX => return Err(SseError::TooLong("line")),
                other => self.line.push(*other),
            }
        }
        Ok(())
    }

    fn end_line(&mut self, events: &mut Vec<String>) -> Result<(), SseError> {
        let line = std::mem::take(&mut self.line);
        let line = std::str::from_utf8(&line).map_err(|_| SseError::NotText)?;
        let line = if self.is_begun {
            line
        } else {
            line.strip_prefix(MARK).unwrap_or(line)
        };
        self.is_begun = true;
        if line.is_empty() {
            events.extend(self.data.take());
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field != "data" {
            // A comment, or a field that says nothing about the data.
            return Ok(());
        }
        let value = value.strip_prefix(' ').unwrap_or(value);
        let data = match self.data.take() {
            None => value.to_owned(),
            Some(data) => data + "\n" + value,
        };
        if data.len() > EVENT_BYTES_MAX {
            return Err(SseError::TooLong("event"));
        }
        self.data = Some(data);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: &[&[u8]]) -> Result<Vec<String>, SseError> {
        let mut reader = EventReader::default();
        let mut events = Vec::new();
        for piece in pieces {
            reader.push(piece, &mut events)?;
        }
        Ok(events)
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        for (stream, expected) in [
            ("data: a\n\ndata:b\n\n", &["a", "b"][..]),
            ("data: a\r\n\r\ndata: b\r\r", &["a", "b"]),
            ("\u{feff}data: a\ndata:  b\n\n", &["a\n b"]),
            (": comment\nevent: x\nid: 1\nretry: 5\n\n", &[]),
            ("data\n\n", &[""]),
            ("data: unfinished\n", &[]),
            ("dat: a\n\n\n\ndata: b\n\n", &["b"]),
        ] {
            assert_eq!(read(&[stream.as_bytes()]).unwrap(), expected, "{stream:?}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_text_is_refused() {
        let line = vec![b'x'; LINE_BYTES_MAX + 1];
        assert_eq!(read(&[&line]), Err(SseError::TooLong("line")));
        let mut event = b"data: ".to_vec();
        event.extend(vec![b'x'; LINE_BYTES_MAX - 10]);
        event.push(b'\n');
        assert_eq!(
            read(&[&event, &event, &event]),
            Err(SseError::TooLong("event"))
        );
        assert_eq!(read(&[b"data: \xff\n"]), Err(SseError::NotText));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_does_not_matter_how_a_stream_is_cut(
            stream in "(data: ?[a-zä]{0,3}|:x|\r|\n|\r\n|\n\n){0,20}",
            cuts in proptest::collection::vec(0..60_usize, 0..6),
        ) {
            let bytes = stream.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read(&pieces), read(&[bytes]));
        }
    }
}

//! From the bytes of tokens to the text that is told: whole characters, nothing that may still become a stop sequence, and
//! nothing after one.

use super::frame::TokenReport;

/// A text while it is written.
#[derive(Debug, Default)]
pub(super) struct TextAssembly {
    stops: Vec<Vec<u8>>,
    /// What is not told yet.
    held: Vec<u8>,
    /// Tokens that are not told yet, each with the number of bytes of `held` after which it ends.
    tokens: Vec<(usize, TokenReport)>,
}

/// What can be told.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) tokens: Vec<TokenReport>,
    /// Whether a stop sequence was written, so that nothing may follow.
    pub(super) is_stopped: bool,
}

impl TextAssembly {
    /// An empty text that ends before any of `stops`; empty ones are ignored.
    pub(super) fn new(stops: &[String]) -> Self {
        let stops = stops.iter().filter(|stop| !stop.is_empty());
        Self {
            stops: stops.map(|stop| stop.as_bytes().to_vec()).collect(),
            ..Self::default()
        }
    }

    /// Adds the bytes of the next token, with what is told about it where that was asked for.
    pub(super) fn push(&mut self, piece: &[u8], token: Option<TokenReport>) -> Told {
        let searched = self.held.len();
        self.held.extend(piece);
        if let Some(token) = token {
            self.tokens.push((self.held.len(), token));
        }
        if let Some(start) = self.find_stop(searched) {
            return Told {
                is_stopped: true,
                ..self.take(start)
            };
        }
        let end = self.held.len() - self.possible_stop_length();
        self.take(end - incomplete_length(&self.held[..end]))
    }

    /// The rest, when no more tokens come. Bytes of a character that was not finished are dropped.
    pub(super) fn finish(&mut self) -> Told {
        let end = self.held.len() - incomplete_length(&self.held);
        let mut told = self.take(end);
        told.tokens
            .extend(self.tokens.drain(..).map(|(_, token)| token));
        told
    }

    /// Where the first stop sequence begins that ends after the first `searched` bytes.
    fn find_stop(&self, searched: usize) -> Option<usize> {
        let find = |stop: &Vec<u8>| {
            let from = (searched + 1).saturating_sub(stop.len());
            let found = self.held[from..]
                .windows(stop.len())
                .position(|window| window == stop);
            found.map(|position| from + position)
        };
        self.stops.iter().filter_map(find).min()
    }

    /// Length of the longest end that is the beginning of a stop sequence.
    fn possible_stop_length(&self) -> usize {
        let longest = |stop: &Vec<u8>| {
            let most = self.held.len().min(stop.len() - 1);
            (1..=most)
                .rev()
                .find(|&length| self.held.ends_with(&stop[..length]))
                .unwrap_or(0)
        };
        self.stops.iter().map(longest).max().unwrap_or(0)
    }

    fn take(&mut self, end: usize) -> Told {
        let text = String::from_utf8_lossy(&self.held[..end]).into_owned();
        self.held.drain(..end);
        let told = self.tokens.iter().take_while(|(ends, _)| *ends <= end);
        let told = told.count();
        let tokens = self.tokens.drain(..told).map(|(_, token)| token).collect();
        for (ends, _) in &mut self.tokens {
            *ends -= end;
        }
        Told {
            text,
            tokens,
            is_stopped: false,
        }
    }
}

/// Bytes at the end that begin a character without ending it.
fn incomplete_length(bytes: &[u8]) -> usize {
    let tail = bytes.iter().rev().take(3);
    for (length, &byte) in (1..).zip(tail) {
        let needed = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        return if needed > length { length } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(name: &str) -> TokenReport {
        TokenReport {
            bytes: name.as_bytes().to_vec(),
            logprob: 0.0,
            top: Vec::new(),
        }
    }

    /// Everything that is told of `pieces`, and whether it was stopped.
    fn write(stops: &[&str], pieces: &[&[u8]]) -> (String, bool) {
        let stops: Vec<String> = stops.iter().map(|&stop| stop.to_owned()).collect();
        let mut assembly = TextAssembly::new(&stops);
        let mut text = String::new();
        for piece in pieces {
            let told = assembly.push(piece, None);
            text += &told.text;
            if told.is_stopped {
                return (text, true);
            }
        }
        text += &assembly.finish().text;
        (text, false)
    }

    #[test]
    fn characters_come_out_whole() {
        let mut assembly = TextAssembly::new(&[]);
        assert_eq!(assembly.push(b"a\xf0\x9f", None).text, "a");
        assert_eq!(assembly.push(b"\x92", None).text, "");
        assert_eq!(assembly.push(b"\x96!", None).text, "💖!");
        assert_eq!(assembly.push(b"\xff", None).text, "\u{fffd}");
        assert_eq!(assembly.push(b"b\xe2\x82", None).text, "b");
        assert_eq!(assembly.finish().text, "");
    }

    #[test]
    fn a_stop_sequence_ends_the_text_wherever_tokens_part() {
        assert_eq!(
            write(&["END"], &[b"one E", b"N", b"D two"]),
            ("one ".to_owned(), true)
        );
        assert_eq!(
            write(&["END"], &[b"one E", b"N", b"X"]),
            ("one ENX".to_owned(), false)
        );
        assert_eq!(write(&["END"], &[b"one EN"]), ("one EN".to_owned(), false));
        assert_eq!(write(&["b", "ab"], &[b"xab"]), ("x".to_owned(), true));
        assert_eq!(write(&["aab"], &[b"aa", b"ab"]), ("a".to_owned(), true));
        assert_eq!(write(&["", "z"], &[b"xy"]), ("xy".to_owned(), false));
        assert_eq!(write(&["é"], &["né".as_bytes()]), ("n".to_owned(), true));
    }

    #[test]
    fn tokens_are_told_with_their_text() {
        let mut assembly = TextAssembly::new(&["stop".to_owned()]);
        let told = assembly.push(b"a s", Some(token("a s")));
        assert_eq!((told.text.as_str(), told.tokens.len()), ("a ", 0));
        let told = assembly.push(b"t", Some(token("t")));
        assert_eq!((told.text.as_str(), told.tokens.len()), ("", 0));
        let told = assembly.push(b"ay", Some(token("ay")));
        assert_eq!((told.text.as_str(), told.tokens.len()), ("stay", 3));
        assert_eq!(assembly.push(b"x", Some(token("x"))).tokens.len(), 1);
        // What a stop sequence swallows is not told.
        let told = assembly.push(b"ystop", Some(token("ystop")));
        assert_eq!(
            (told.text.as_str(), told.tokens.len(), told.is_stopped),
            ("y", 0, true)
        );
    }

    proptest! {
        #[test]
        fn every_text_comes_back_whole(text in ".{0,40}", cuts in proptest::collection::vec(0_usize..160, 0..8)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            cuts.insert(0, 0);
            cuts.push(bytes.len());
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(write(&["\u{1}never\u{1}"], &pieces), (text.clone(), text.contains("\u{1}never\u{1}")));
        }

        #[test]
        fn no_bytes_panic(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..6), 0..12)) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            write(&["\u{fffd}", "ab"], &pieces);
        }
    }
}

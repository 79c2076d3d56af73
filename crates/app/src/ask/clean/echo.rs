//! Models that begin by repeating what they were asked: the repetition is held back and dropped, as long as nothing else is in its line.

/// Letters, white space left out, from which a repetition is one.
const ECHO_CHARS_MIN: usize = 12;

/// What may stand between a repetition and the end of its line.
const MARKS: [char; 5] = ['?', ':', '.', '!', '"'];

/// Holds the beginning of an answer back while it may be a repetition.
#[derive(Debug, Default)]
pub(super) struct Echo {
    /// What may be repeated, white space left out, longest first.
    candidates: Vec<Vec<char>>,
    held: String,
    is_done: bool,
}

enum Verdict {
    /// More must come before it can be told.
    Open,
    /// Nothing is repeated.
    Other,
    /// So many bytes are.
    Echo(usize),
}

impl Echo {
    pub(super) fn new(texts: &[&str]) -> Self {
        let letters = |text: &&str| text.chars().filter(|c| !c.is_whitespace()).collect();
        let mut candidates: Vec<Vec<char>> = texts.iter().map(letters).collect();
        candidates.retain(|candidate| candidate.len() >= ECHO_CHARS_MIN);
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.len()));
        Self {
            is_done: candidates.is_empty(),
            candidates,
            held: String::new(),
        }
    }

    /// Takes the next piece, and gives what is surely not a repetition.
    pub(super) fn push(&mut self, text: &str) -> String {
        if self.is_done {
            return text.to_owned();
        }
        self.held.push_str(text);
        let verdicts: Vec<Verdict> = self
            .candidates
            .iter()
            .map(|candidate| compare(&self.held, candidate))
            .collect();
        let echo = verdicts.iter().find_map(|verdict| match verdict {
            Verdict::Echo(bytes) => Some(*bytes),
            Verdict::Open | Verdict::Other => None,
        });
        let is_open = verdicts
            .iter()
            .any(|verdict| matches!(verdict, Verdict::Open));
        match (echo, is_open) {
            (Some(bytes), _) => self.release(bytes),
            (None, true) => String::new(),
            (None, false) => self.release(0),
        }
    }

    /// What is still held when nothing more comes; a whole repetition is dropped.
    pub(super) fn finish(&mut self) -> String {
        if self.is_done {
            return String::new();
        }
        self.held.push('\n');
        self.push("");
        let is_done = self.is_done;
        if is_done {
            String::new()
        } else {
            self.release(0)
        }
    }

    fn release(&mut self, dropped: usize) -> String {
        self.is_done = true;
        let held = std::mem::take(&mut self.held);
        held.get(dropped..).unwrap_or_default().to_owned()
    }
}

/// Whether `text` begins with a line that is `candidate`, white space aside.
fn compare(text: &str, candidate: &[char]) -> Verdict {
    let mut wanted = candidate.iter();
    let mut next = wanted.next();
    for (at, letter) in text.char_indices() {
        match next {
            Some(_) if letter.is_whitespace() => {}
            Some(expected) if *expected == letter => next = wanted.next(),
            None if letter == '\n' => return Verdict::Echo(at),
            None if letter.is_whitespace() || MARKS.contains(&letter) => {}
            Some(_) | None => return Verdict::Other,
        }
    }
    Verdict::Open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(pieces: &[&str]) -> String {
        let mut echo = Echo::new(&["explain how recursion works", "short"]);
        let mut text: String = pieces.iter().map(|piece| echo.push(piece)).collect();
        text.push_str(&echo.finish());
        text
    }

    #[test]
    fn a_repetition_goes_and_an_answer_that_begins_alike_stays() {
        assert_eq!(
            heard(&["explain how ", "recursion works?\nIt calls"]),
            "\nIt calls"
        );
        assert_eq!(heard(&["explain how recursion works"]), "");
        assert_eq!(
            heard(&["explain how recursion works in C: it"]),
            "explain how recursion works in C: it"
        );
        assert_eq!(heard(&["It ", "calls"]), "It calls");
        assert_eq!(heard(&["short\nand good"]), "short\nand good");
        assert_eq!(heard(&["explain how"]).trim_end(), "explain how");
    }
}

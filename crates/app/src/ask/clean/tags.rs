//! Role tags that models write as text by mistake: they are taken out of prose, and where one begins somebody else's turn the answer
//! is over. Code, fenced or between back-ticks, is never touched.

/// Tags that end the answer wherever they stand.
const ENDS: [&str; 8] = [
    "<|im_end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|end|>",
    "<end_of_turn>",
    "<eos>",
    "</s>",
];

/// Tags behind which the model speaks for the user.
const OTHERS: [&str; 6] = [
    "<|user|>",
    "<|system|>",
    "<|im_start|>user",
    "<|im_start|>system",
    "<start_of_turn>user",
    "[INST]",
];

/// The same, as words at the beginning of a line.
const OTHERS_AT_LINE_START: [&str; 5] = [
    "### Instruction:",
    "### Human:",
    "### User:",
    "Instruct:",
    "Human:",
];

/// Tags that only say that the model speaks.
const OWN: [&str; 8] = [
    "<|assistant|>",
    "<|im_start|>assistant",
    "<|im_start|>",
    "<start_of_turn>model",
    "<start_of_turn>",
    "[/INST]",
    "<bos>",
    "<s>",
];

/// The same, as words at the beginning of the answer.
const OWN_AT_START: [&str; 4] = ["### Response:", "### Assistant:", "Assistant:", "Output:"];

/// Where in the answer a piece of prose stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing came before it.
    Start,
    /// At the beginning of a line.
    LineStart,
    /// Within a line.
    Within,
}

/// A piece of prose without tags, and whether the answer ends with it.
pub(super) fn strip(prose: &str, place: Place) -> (String, bool) {
    let mut text = prose;
    let mut is_over = false;
    let begins_other = place == Place::LineStart
        && OTHERS_AT_LINE_START
            .iter()
            .any(|words| text.trim_start().starts_with(words));
    if begins_other {
        return (String::new(), true);
    }
    if let Some(end) = ENDS.iter().filter_map(|tag| find(text, tag)).min() {
        text = text.get(..end).unwrap_or_default();
        is_over = true;
    }
    // At the very beginning it is an echo of the template, and what comes behind it may be the answer.
    let is_at_start = |at: usize| {
        place == Place::Start
            && text
                .get(..at)
                .is_some_and(|before| before.trim().is_empty())
    };
    let other = OTHERS.iter().filter_map(|tag| find(text, tag)).min();
    if let Some(end) = other.filter(|at| !is_at_start(*at)) {
        text = text.get(..end).unwrap_or_default();
        is_over = true;
    }
    let mut cleaned = text.to_owned();
    for tag in OTHERS.iter().chain(&OWN) {
        while let Some(at) = find(&cleaned, tag) {
            cleaned.replace_range(at..at + tag.len(), "");
        }
    }
    if place == Place::Start {
        let words = OWN_AT_START
            .iter()
            .find_map(|words| cleaned.trim_start().strip_prefix(words));
        if let Some(rest) = words {
            cleaned = rest.trim_start().to_owned();
        }
    }
    (cleaned, is_over)
}

/// Where `tag` stands outside of back-ticks.
fn find(text: &str, tag: &str) -> Option<usize> {
    text.match_indices(tag).map(|(at, _)| at).find(|at| {
        text.get(..*at)
            .is_some_and(|before| before.matches('`').count() % 2 == 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_another_turn_ends_the_answer() {
        let strip = |text, place| strip(text, place);
        assert_eq!(
            strip("<|assistant|> Yes.", Place::Start),
            (" Yes.".into(), false)
        );
        assert_eq!(
            strip("[INST] [/INST] Yes.", Place::Start),
            ("  Yes.".into(), false)
        );
        assert_eq!(
            strip("Yes.<|im_end|> No.", Place::Within),
            ("Yes.".into(), true)
        );
        assert_eq!(
            strip("Yes. <|user|> why?", Place::Within),
            ("Yes. ".into(), true)
        );
        assert_eq!(
            strip("### Instruction: more", Place::LineStart),
            (String::new(), true)
        );
        assert_eq!(
            strip("### Response: here", Place::Start),
            ("here".into(), false)
        );
    }

    #[test]
    fn what_is_between_back_ticks_stays() {
        for text in ["The tag `</s>` ends it.", "Write `[INST]` first.", "a < b"] {
            assert_eq!(strip(text, Place::LineStart), (text.to_owned(), false));
        }
    }
}

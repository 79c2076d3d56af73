//! Text that must follow a grammar: llama.cpp's matcher, asked about one token first and about the whole vocabulary only when
//! that one is refused. llama.cpp takes the names of marks for text, but a mark adds none; so they are refused here.

use std::sync::Arc;

use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token::data::LlamaTokenData;
use llama_cpp_2::token::data_array::LlamaTokenDataArray;

use super::sampler::Constraint;

/// Longest grammar in bytes.
const GRAMMAR_BYTES_MAX: usize = 256 << 10;
/// Most brackets open at a time. llama.cpp reads them by recursion, which would end the process.
const NESTING_MAX: usize = 64;
/// Name of the rule that describes the whole text.
const ROOT: &str = "root";

/// A grammar and how far the text has come in it.
pub(super) struct Grammar {
    matcher: LlamaSampler,
    /// Tokens that add nothing to the text and do not end it, in order.
    marks: Arc<[LlamaToken]>,
}

impl Grammar {
    /// Reads a GBNF grammar with the root `root`. `marks` are the tokens that add nothing to the text and do not end it, in order.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(super) fn new(
        model: &LlamaModel,
        text: &str,
        marks: Arc<[LlamaToken]>,
    ) -> Result<Self, String> {
        if text.len() > GRAMMAR_BYTES_MAX {
            return Err(format!(
                "the grammar has {} bytes, and at most {GRAMMAR_BYTES_MAX} are read",
                text.len()
            ));
        }
        if nesting(text) > NESTING_MAX {
            return Err(format!(
                "the grammar nests brackets more than {NESTING_MAX} deep; use rules with names instead"
            ));
        }
        LlamaSampler::grammar(model, text, ROOT)
            .map(|matcher| Self { matcher, marks })
            .map_err(|error| {
                format!("the grammar cannot be used: {error}; it must be GBNF and begin with a rule named {ROOT}")
            })
    }

    /// Goes on with a token that it allows and that does not end the text.
    pub(super) fn accept(&mut self, token: LlamaToken) {
        self.matcher.accept(token);
    }
}

impl Constraint for Grammar {
    fn allows(&mut self, token: LlamaToken) -> bool {
        if self.marks.binary_search(&token).is_ok() {
            return false;
        }
        let token = LlamaTokenData::new(token, 0.0, 0.0);
        let mut tokens = LlamaTokenDataArray::new(vec![token], false);
        tokens.apply_sampler(&mut self.matcher);
        tokens
            .data
            .first()
            .is_some_and(|token| token.logit().is_finite())
    }

    fn filter(&mut self, logits: &mut [f32]) {
        let tokens = (0_i32..).zip(logits.iter());
        let tokens = tokens.map(|(id, &logit)| LlamaTokenData::new(LlamaToken(id), logit, 0.0));
        let mut tokens = LlamaTokenDataArray::from_iter(tokens, false);
        tokens.apply_sampler(&mut self.matcher);
        for (logit, token) in logits.iter_mut().zip(&tokens.data) {
            *logit = token.logit();
        }
        for mark in &*self.marks {
            let logit = usize::try_from(mark.0)
                .ok()
                .and_then(|mark| logits.get_mut(mark));
            if let Some(logit) = logit {
                *logit = f32::NEG_INFINITY;
            }
        }
    }
}

/// The most brackets that are open at a time, whatever they enclose; those in quotes count too, which errs on the safe side.
fn nesting(text: &str) -> usize {
    let mut open = 0_usize;
    let mut most = 0;
    for byte in text.bytes() {
        match byte {
            b'(' => open += 1,
            b')' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_counts_open_brackets() {
        assert_eq!(nesting("root ::= (a (b) (c))"), 2);
        assert_eq!(nesting(")))(("), 2);
        assert_eq!(nesting(""), 0);
    }
}

//! The tokens of a vocabulary by id: every id has one, and no two have the same text.

use std::collections::HashSet;

/// Token type of an id that means nothing.
const UNUSED: i32 = 5;

/// All tokens by id.
pub(super) struct Tokens {
    pub(super) texts: Vec<String>,
    pub(super) types: Vec<i32>,
}

impl Tokens {
    /// The id of a text.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.texts
            .iter()
            .position(|candidate| candidate == text)
            .and_then(|id| u32::try_from(id).ok())
    }
}

/// Tokens while they are collected.
pub(super) struct Slots(Vec<Option<(String, i32)>>);

impl Slots {
    /// Room for `count` tokens.
    pub(super) fn new(count: u32) -> Self {
        Self(vec![None; count as usize])
    }

    /// Gives a token its id; a later one takes the place of an earlier one.
    pub(super) fn place(&mut self, id: u64, text: &str, kind: i32) -> Result<(), String> {
        let count = self.0.len();
        let slot = usize::try_from(id)
            .ok()
            .and_then(|id| self.0.get_mut(id))
            .ok_or_else(|| {
                format!("the token {text:?} has the id {id}, config.json says there are {count}")
            })?;
        *slot = Some((text.to_owned(), kind));
        Ok(())
    }

    /// All tokens; ids that were not given get names that no text has.
    pub(super) fn finish(self) -> Result<Tokens, String> {
        let (texts, types) = self
            .0
            .into_iter()
            .enumerate()
            .map(|(id, slot)| slot.unwrap_or_else(|| (format!("[PAD{id}]"), UNUSED)))
            .unzip();
        let tokens = Tokens { texts, types };
        let mut seen = HashSet::new();
        // llama.cpp ends the process on a vocabulary that names a token twice.
        match tokens.texts.iter().find(|text| !seen.insert(*text)) {
            Some(twice) => Err(format!("the token {twice:?} is in it twice")),
            None => Ok(tokens),
        }
    }
}

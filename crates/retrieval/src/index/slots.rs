//! The rows of the vector index: codes, vectors and facets side by side, one slot each, without holes. No search here.

use std::collections::HashMap;

use domain::Language;
use domain::id::ItemId;
use domain::knowledge::{ItemFilter, ItemKind, ItemStatus, Reader, VectorEntry, VectorFacets};

use crate::kernel::{Codes, dot, encode};

const CONCEPT: u8 = 1;
const DRAFT: u8 = 2;
const LANGUAGE_SHIFT: u32 = 4;
const LANGUAGE: u8 = 0xF0;

/// An entry made ready to be stored, outside any lock.
#[derive(Debug)]
pub(super) struct Prepared {
    facets: VectorFacets,
    vector: Vec<f32>,
    codes: Codes,
}

impl Prepared {
    pub(super) const fn item(&self) -> ItemId {
        self.facets.item
    }

    pub(super) const fn dimensions(&self) -> usize {
        self.vector.len()
    }
}

/// Checks a vector, brings it to unit length and encodes it; `None` when it is empty, not finite or of no length.
pub(super) fn prepare(entry: VectorEntry) -> Option<Prepared> {
    let vector = to_unit_length(entry.vector)?;
    Some(Prepared {
        facets: entry.facets,
        codes: encode(&vector),
        vector,
    })
}

/// Brings a vector to unit length; `None` when it is empty, not finite or of no length.
pub(super) fn to_unit_length(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = dot(&vector, &vector).sqrt();
    if vector.is_empty() || !length.is_finite() || length < 1e-6 {
        return None;
    }
    if (length - 1.0).abs() > 1e-6 {
        for x in &mut vector {
            *x /= length;
        }
    }
    Some(vector)
}

/// The rows. Slot `s` is `codes[s·d .. s·d+d]`, `vectors[s·d .. s·d+d]`, and the `s`-th of everything else.
#[derive(Debug, Default)]
pub(super) struct Slots {
    dimensions: usize,
    codes: Vec<i8>,
    scales: Vec<f32>,
    vectors: Vec<f32>,
    facets: Vec<VectorFacets>,
    /// Kind, status and language in one byte, so that a scan reads facets of drafts alone.
    tags: Vec<u8>,
    by_item: HashMap<ItemId, Vec<u32>>,
    /// Largest rounding loss of any vector ever held; bounds the error of every approximate score.
    error_max: f32,
}

impl Slots {
    pub(super) const fn len(&self) -> usize {
        self.facets.len()
    }

    /// Numbers per vector; 0 before the first one.
    pub(super) const fn dimensions(&self) -> usize {
        self.dimensions
    }

    pub(super) const fn error_max(&self) -> f32 {
        self.error_max
    }

    pub(super) fn codes(&self, slot: usize) -> &[i8] {
        let start = slot * self.dimensions;
        &self.codes[start..start + self.dimensions]
    }

    pub(super) fn scale(&self, slot: usize) -> f32 {
        self.scales[slot]
    }

    pub(super) fn vector(&self, slot: usize) -> &[f32] {
        let start = slot * self.dimensions;
        &self.vectors[start..start + self.dimensions]
    }

    pub(super) fn item(&self, slot: usize) -> ItemId {
        self.facets[slot].item
    }

    /// The slots of an item's vectors; empty when it has none.
    pub(super) fn slots_of(&self, item: ItemId) -> &[u32] {
        self.by_item.get(&item).map_or(&[], Vec::as_slice)
    }

    /// Whether the vector in `slot` may be found.
    pub(super) fn admits(&self, slot: usize, sieve: Sieve) -> bool {
        let tag = self.tags[slot];
        if tag & sieve.mask != sieve.wanted {
            return false;
        }
        if tag & DRAFT == 0 {
            return true;
        }
        let facets = &self.facets[slot];
        sieve.reader.may_see(facets.owner, facets.status)
    }

    /// Makes room for `count` more vectors.
    pub(super) fn reserve(&mut self, count: usize, dimensions: usize) {
        self.codes.reserve(count * dimensions);
        self.vectors.reserve(count * dimensions);
        self.scales.reserve(count);
        self.facets.reserve(count);
        self.tags.reserve(count);
    }

    /// Adds a vector; `false` when it has another number of dimensions than those already held.
    pub(super) fn push(&mut self, row: &Prepared) -> bool {
        if self.facets.is_empty() {
            self.dimensions = row.vector.len();
        }
        if row.vector.len() != self.dimensions {
            return false;
        }
        let slot = u32::try_from(self.len()).expect("BUG: more than 2^32 vectors in memory");
        self.by_item.entry(row.facets.item).or_default().push(slot);
        self.tags.push(tag(&row.facets));
        self.codes.extend_from_slice(&row.codes.row);
        self.scales.push(row.codes.scale);
        self.vectors.extend_from_slice(&row.vector);
        self.facets.push(row.facets);
        self.error_max = self.error_max.max(row.codes.error);
        true
    }

    /// Drops every vector of `item`; nothing happens when it has none.
    pub(super) fn remove(&mut self, item: ItemId) {
        let Some(mut slots) = self.by_item.remove(&item) else {
            return;
        };
        // From the back, so that a row moved into a freed slot is never one that must go too.
        slots.sort_unstable_by(|a, b| b.cmp(a));
        for slot in slots {
            self.swap_remove(slot);
        }
    }

    fn swap_remove(&mut self, slot: u32) {
        let (at, last) = (slot as usize, self.len() - 1);
        let moved = self.facets[last].item;
        self.facets.swap_remove(at);
        self.tags.swap_remove(at);
        self.scales.swap_remove(at);
        let width = self.dimensions;
        if at != last {
            self.codes
                .copy_within(last * width..(last + 1) * width, at * width);
            self.vectors
                .copy_within(last * width..(last + 1) * width, at * width);
            let slots = self
                .by_item
                .get_mut(&moved)
                .expect("BUG: a held vector belongs to no item");
            for held in slots.iter_mut().filter(|held| **held as usize == last) {
                *held = slot;
            }
        }
        self.codes.truncate(last * width);
        self.vectors.truncate(last * width);
    }
}

/// What a search lets through, made ready for a test of one byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sieve {
    mask: u8,
    wanted: u8,
    reader: Reader,
}

impl Sieve {
    pub(super) fn new(reader: Reader, filter: ItemFilter) -> Self {
        let (mut mask, mut wanted) = (0, 0);
        if let Some(kind) = filter.kind {
            mask |= CONCEPT;
            wanted |= kind_bit(kind);
        }
        if let Some(language) = filter.language {
            mask |= LANGUAGE;
            wanted |= language_bits(Some(language));
        }
        Self {
            mask,
            wanted,
            reader,
        }
    }
}

fn tag(facets: &VectorFacets) -> u8 {
    let status = match facets.status {
        ItemStatus::Draft => DRAFT,
        ItemStatus::Published => 0,
    };
    kind_bit(facets.kind) | status | language_bits(facets.language)
}

const fn kind_bit(kind: ItemKind) -> u8 {
    match kind {
        ItemKind::Task => 0,
        ItemKind::Concept => CONCEPT,
    }
}

const fn language_bits(language: Option<Language>) -> u8 {
    let number: u8 = match language {
        None => 0,
        Some(Language::Python) => 1,
        Some(Language::JavaScript) => 2,
        Some(Language::TypeScript) => 3,
        Some(Language::Cpp) => 4,
        Some(Language::C) => 5,
        Some(Language::Sql) => 6,
        Some(Language::Rust) => 7,
        Some(Language::Java) => 8,
        Some(Language::Go) => 9,
    };
    number << LANGUAGE_SHIFT
}

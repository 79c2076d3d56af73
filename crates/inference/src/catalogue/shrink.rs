//! Making a smaller copy of a model, and measuring what that costs.

use domain::models::ModelName;
use domain::models::catalogue::{CatalogueError, QuantiseReport};
use domain::time::Timestamp;

use super::Shelf;
use super::hub::check_space;
use super::import::{Arrival, check_free, settle};
use super::manifest::Origin;
use super::records::{hash_file, read_description};
use super::watch::Reporter;
use crate::engine::QuantKind;

/// Kinds of weights that lose little when they are stored anew; of the others the original is needed.
const SOURCES: [&str; 4] = ["F32", "F16", "BF16", "Q8_0"];

/// What is to be made of which model.
pub(crate) struct Wish {
    pub(crate) name: ModelName,
    pub(crate) kind: QuantKind,
    pub(crate) as_name: ModelName,
    /// A text to measure perplexity with.
    pub(crate) sample: Option<String>,
}

/// Makes a smaller copy.
pub(crate) fn quantise(
    Shelf { records, engine }: &Shelf,
    wish: &Wish,
    now: Timestamp,
    reporter: &Reporter,
) -> Result<QuantiseReport, CatalogueError> {
    let source = records.get(&wish.name, now)?;
    let stored = source.manifest.quantisation.as_str();
    if !SOURCES.contains(&stored) {
        return Err(CatalogueError::Invalid(format!(
            "the model `{}` is stored as {stored} already, and making it smaller again would lose too much; take the original \
             (one of {}), or fetch the file you want from the hub",
            wish.name,
            SOURCES.join(", ")
        )));
    }
    if stored == wish.kind.name() {
        return Err(CatalogueError::Invalid(format!(
            "the model `{}` is stored as {stored} already",
            wish.name
        )));
    }
    check_free(records.folder(), &wish.as_name)?;
    let weights = &source.place.weights;
    let measure = |path| match &wish.sample {
        Some(text) => engine.perplexity(path, text, reporter).map(Some),
        None => Ok(None),
    };
    let before = measure(weights)?;
    let staged = records.folder().stage()?;
    // The copy is smaller; how much is not known before.
    check_space(staged.path(), source.place.stamp.size_bytes / 2)?;
    engine.quantise(weights, staged.path(), wish.kind, reporter)?;
    engine.check(staged.path(), None, reporter)?;
    let after = measure(staged.path())?;
    let arrival = Arrival {
        digest: hash_file(staged.path(), reporter)?,
        description: read_description(staged.path())?,
        staged,
        origin: Origin {
            source: format!("quantised:{}", wish.name),
            licence: source.manifest.licence.clone(),
            added_at_ms: now.millis(),
        },
    };
    Ok(QuantiseReport {
        model: settle(records, &wish.as_name, arrival, now)?,
        size_before_bytes: source.place.stamp.size_bytes,
        perplexity: before.zip(after),
    })
}

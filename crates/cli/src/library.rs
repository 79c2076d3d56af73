//! Brings the stored library in line with the embedded one and makes the vectors that are missing, showing how far it is.

use domain::embedding::EmbedError;

use crate::terminal::note;
use crate::terminal::progress::ProgressLine;
use crate::wire::Wired;

/// Imports the library and embeds what has no vectors; says so when search goes by words alone.
pub(crate) async fn bring_up_to_date(wired: &Wired) -> anyhow::Result<()> {
    let mut line = ProgressLine::new("indexing the library");
    let imported = wired
        .knowledge
        .import_library(&mut |progress| line.report(progress))
        .await?;
    drop(line);
    if let Some(reason) = imported.unembedded {
        note_words_alone(&reason);
    } else if let Some(reason) = &wired.words_alone {
        note_words_alone(reason);
    }
    Ok(())
}

/// Says why search goes by words alone, and what to do.
pub(crate) fn note_words_alone(reason: &EmbedError) {
    note(&format!("searching by words alone: {reason}"));
}

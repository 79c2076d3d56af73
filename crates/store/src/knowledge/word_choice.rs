//! Which words of a query are looked up when many items are stored. Every match is ranked, and a word that stands in half of
//! the items tells little and costs most; so rare words are taken first, and frequent ones only together.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, Value};

use domain::StoreError;

use super::word_estimate::list_estimates;
use crate::dialect::Dialect;
use crate::error::store_error;

/// Up to this many items every word of a query is looked up.
const ITEMS_FEW: i64 = 5_000;
/// Matches that one search ranks at most when more items are stored.
pub(super) const MATCHES_MAX: i64 = 2_000;
/// With fewer matches of rare words than this, frequent ones are looked up too.
const MATCHES_ENOUGH: i64 = 200;
/// How far the matches of one word are counted; beyond, words count as equally frequent.
const COUNTED_MAX: i64 = 2 * MATCHES_MAX;
/// Frequent words that a match must hold together, at most.
const TOGETHER_MAX: usize = 4;

/// What to look up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WordChoice {
    /// In the query language of the database.
    pub(super) expression: String,
    /// Whether it may match so much that only [`MATCHES_MAX`] of it are to be ranked.
    pub(super) is_cut: bool,
}

/// `None` when no word stands in any item.
pub(super) async fn choose(
    connection: &DatabaseConnection,
    words: &[String],
) -> Result<Option<WordChoice>, StoreError> {
    let dialect = Dialect::of(connection);
    let quoted: Vec<String> = words.iter().map(|word| quote(dialect, word)).collect();
    let (items, counts) = count_words(connection, &quoted).await?;
    if items <= ITEMS_FEW {
        return Ok(Some(whole(any_of(dialect, &quoted))));
    }
    let mut by_count: Vec<(i64, String)> = counts
        .into_iter()
        .zip(quoted)
        .filter(|(count, _)| *count > 0)
        .collect();
    // Stable, so that words equally frequent stay in the order of the query.
    by_count.sort_by_key(|(count, _)| *count);
    let (rare_matches, rare_words) = take_rare(&by_count);
    let (rare, frequent) = by_count.split_at(rare_words);
    let mut terms: Vec<String> = rare.iter().map(|(_, word)| word.clone()).collect();
    let mut is_cut = false;
    if rare_matches < MATCHES_ENOUGH && !frequent.is_empty() {
        let (together, matches) = choose_together(connection, frequent).await?;
        let fits = matches <= MATCHES_MAX;
        if fits || terms.is_empty() {
            terms.push(together);
            is_cut = !fits;
        }
    }
    Ok((!terms.is_empty()).then(|| WordChoice {
        expression: any_of(dialect, &terms),
        is_cut,
    }))
}

/// The matches of the rarest words, and how many words they are, such that all their matches can be ranked.
fn take_rare(by_count: &[(i64, String)]) -> (i64, usize) {
    let mut matches = 0;
    for (words, (count, _)) in by_count.iter().enumerate() {
        if matches + count > MATCHES_MAX {
            return (matches, words);
        }
        matches += count;
    }
    (matches, by_count.len())
}

/// Frequent words, rarest first, that a match must hold together: as many as it takes for the matches to be few enough,
/// unless that leaves hardly any. With them the number of matches.
async fn choose_together(
    connection: &DatabaseConnection,
    frequent: &[(i64, String)],
) -> Result<(String, i64), StoreError> {
    let dialect = Dialect::of(connection);
    let mut together: Vec<String> = (2..=frequent.len().min(TOGETHER_MAX))
        .map(|words| all_of(dialect, &frequent[..words]))
        .collect();
    let (_, mut counts) = count_matches(connection, &together).await?;
    together.insert(0, frequent[0].1.clone());
    counts.insert(0, frequent[0].0);
    let chosen = counts
        .iter()
        .position(|count| *count <= MATCHES_MAX)
        .map_or(counts.len() - 1, |fitting| {
            if counts[fitting] < MATCHES_ENOUGH {
                fitting.saturating_sub(1)
            } else {
                fitting
            }
        });
    Ok((together.swap_remove(chosen), counts[chosen]))
}

/// How many items are stored and how many hold each of `words`; estimates where the database has them.
async fn count_words(
    connection: &DatabaseConnection,
    words: &[String],
) -> Result<(i64, Vec<i64>), StoreError> {
    let estimates = list_estimates(connection, words).await?;
    let unknown: Vec<String> = words
        .iter()
        .zip(&estimates)
        .filter(|(_, estimate)| estimate.is_none())
        .map(|(word, _)| word.clone())
        .collect();
    let (items, counts) = count_matches(connection, &unknown).await?;
    let mut counts = counts.into_iter();
    let counts = estimates
        .into_iter()
        .map(|estimate| estimate.or_else(|| counts.next()).unwrap_or(0))
        .collect();
    Ok((items, counts))
}

/// How many items are stored and how many match each of `expressions`, each counted no further than it matters.
async fn count_matches(
    connection: &DatabaseConnection,
    expressions: &[String],
) -> Result<(i64, Vec<i64>), StoreError> {
    let count = |rows: &str, max: i64| {
        format!("(SELECT COUNT(*) FROM (SELECT 1 FROM {rows} LIMIT {max}) counted)")
    };
    let mut columns = vec![count("items", ITEMS_FEW + 1)];
    columns.extend((1..=expressions.len()).map(|number| {
        let matching = match Dialect::of(connection) {
            Dialect::Sqlite => format!("item_words WHERE item_words MATCH ${number}"),
            Dialect::Postgres => {
                format!("item_words WHERE words @@ to_tsquery('english', ${number})")
            }
        };
        count(&matching, COUNTED_MAX)
    }));
    let values = expressions.iter().map(Value::from);
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        format!("SELECT {}", columns.join(", ")),
        values,
    );
    let row = connection
        .query_one_raw(statement)
        .await
        .map_err(store_error)?
        .ok_or_else(|| StoreError::Corrupt("a query of counts gave no row".to_owned()))?;
    let mut counts = (0..columns.len()).map(|at| row.try_get_by_index(at).map_err(store_error));
    let items = counts.next().unwrap_or(Ok(0))?;
    Ok((items, counts.collect::<Result<_, _>>()?))
}

fn whole(expression: String) -> WordChoice {
    WordChoice {
        expression,
        is_cut: false,
    }
}

/// Words are letters and digits only, so quoting them is enough on either database.
fn quote(dialect: Dialect, word: &str) -> String {
    match dialect {
        Dialect::Postgres => format!("'{word}'"),
        Dialect::Sqlite => format!("\"{word}\""),
    }
}

fn any_of(dialect: Dialect, terms: &[String]) -> String {
    terms.join(match dialect {
        Dialect::Postgres => " | ",
        Dialect::Sqlite => " OR ",
    })
}

fn all_of(dialect: Dialect, words: &[(i64, String)]) -> String {
    let and = match dialect {
        Dialect::Postgres => " & ",
        Dialect::Sqlite => " AND ",
    };
    let words: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
    format!("({})", words.join(and))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(counts: &[i64]) -> Vec<(i64, String)> {
        counts.iter().map(|n| (*n, format!("w{n}"))).collect()
    }

    #[test]
    fn words_are_taken_while_their_matches_can_be_ranked() {
        assert_eq!(take_rare(&counted(&[])), (0, 0));
        assert_eq!(take_rare(&counted(&[10, 1_990])), (2_000, 2));
        assert_eq!(take_rare(&counted(&[10, 1_991, 1_992])), (10, 1));
        assert_eq!(take_rare(&counted(&[2_001])), (0, 0));
    }
}

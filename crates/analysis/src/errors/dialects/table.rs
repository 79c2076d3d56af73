//! What dialects allow and the grammar does not know. Of two patterns that fit, the first counts.

use std::collections::HashMap;
use std::ops::Range;

use super::patterns::{Effect, Pattern};
use super::tokens::Token;

/// Longest word that a pattern begins with.
const WORD_BYTES_MAX: usize = 16;

/// Can be left out, and what is left means the same.
const OMITTED: &[&str] = &[
    // Definitions.
    "KEY { AUTOINCREMENT }",
    "KEY ASC|DESC { AUTOINCREMENT }",
    "{ CONSTRAINT _ } UNIQUE|FOREIGN|NOT|NULL|DEFAULT|REFERENCES",
    "ON CONFLICT REPLACE|IGNORE|ABORT|FAIL|ROLLBACK",
    "NOT DEFERRABLE",
    "DEFERRABLE INITIALLY DEFERRED|IMMEDIATE",
    "{ DEFERRABLE } ,|)",
    "IDENTITY ( # , # )",
    "{ IDENTITY } PRIMARY|NOT|,|)",
    ") { WITHOUT ROWID , STRICT }",
    ") { STRICT , WITHOUT ROWID }",
    ") { WITHOUT ROWID }",
    ") { STRICT }",
    // Queries and changes.
    "INSERT|UPDATE { OR REPLACE|IGNORE|ABORT|FAIL|ROLLBACK }",
    "BY< { NULLS FIRST|LAST } ,|;|)|LIMIT|OFFSET|FETCH|ROWS|RANGE|GROUPS|FOR",
    "LIMIT #|: { , #|: }",
    "LIKE< { ESCAPE '|: }",
    "ILIKE< { ESCAPE '|: }",
    "{ FOR UPDATE|SHARE OF _ SKIP LOCKED } ;|)",
    "{ FOR UPDATE|SHARE OF _ NOWAIT } ;|)",
    "{ FOR UPDATE|SHARE OF _ } ;|)",
    "{ FOR UPDATE|SHARE SKIP LOCKED } ;|)",
    "{ FOR UPDATE|SHARE NOWAIT } ;|)",
    "{ FOR UPDATE|SHARE } ;|)",
    "{ FOR NO KEY UPDATE } ;|)",
    "{ LOCK IN SHARE MODE } ;|)",
    "SELECT { TOP # PERCENT }",
    "SELECT { TOP # WITH TIES }",
    "SELECT { TOP # }",
    "SELECT DISTINCT { TOP # }",
    "SELECT { STRAIGHT_JOIN }",
    "INDEXED BY _",
    "NOT INDEXED",
    "WITH ( NOLOCK )",
    "TABLESAMPLE _ ( # ) REPEATABLE ( # )",
    "TABLESAMPLE _ ( # )",
    "AS '",
    // What stands before a statement.
    "^ EXPLAIN { QUERY PLAN }",
    "^ { DESC|DESCRIBE } SELECT|INSERT|UPDATE|DELETE|WITH",
    "^ { PREPARE _ () AS }",
    "^ { PREPARE _ AS }",
    // Statements.
    "^ { ATTACH DATABASE ' AS _ }",
    "^ { ATTACH ' AS _ }",
    "^ { START TRANSACTION * }",
    "^ { BEGIN CONCURRENT|DEFERRED|EXCLUSIVE|IMMEDIATE|ISOLATION|TRAN|TRANSACTION|WORK * }",
    "^ { COMMIT|ROLLBACK|END AND|TO|TRAN|TRANSACTION|WORK * }",
    "^ { BEGIN|COMMIT|ROLLBACK|END } ;",
    "^ { RELEASE SAVEPOINT _ }",
    "^ { SAVEPOINT|RELEASE _ }",
    "^ { CALL|EXECUTE|EXEC _ () } ;",
    "^ { CALL|EXECUTE|EXEC _ } ;",
    "^ { DO ' * }",
    "^ { DO LANGUAGE _ ' }",
    "^ { DROP TRIGGER|PROCEDURE IF EXISTS _ } ;",
    "^ { DROP TRIGGER|PROCEDURE _ } ;",
    "^ { PRAGMA _ = -|+ # }",
    "^ { PRAGMA _ = _|#|' }",
    "^ { PRAGMA _ () }",
    // What lacks its bracket is told.
    "^ { PRAGMA _ ( _ }",
    "^ { PRAGMA _ }",
    "^ { ANALYZE|REINDEX } ;",
    "^ { USE _ GO }",
    "^ { ANALYZE|DEALLOCATE|DESC|DESCRIBE|DETACH|LISTEN|NOTIFY|REFRESH|REINDEX|UNLOCK|USE _ * }",
];

/// Makes the statement unreadable.
const UNREADABLE: &[&str] = &[
    "GROUPING SETS (",
    "QUALIFY _",
    "PIVOT|UNPIVOT (",
    "ON CONFLICT () WHERE",
    "^ VALUES (",
    "^ DELETE FROM _ USING",
    "^ DELETE FROM _ _ USING",
    "^ DELETE FROM _ AS _ USING",
    "^ CREATE DOMAIN|PROCEDURE|TRIGGER",
    "^ CREATE OR REPLACE PROCEDURE|TRIGGER",
    "^ CREATE TEMP|TEMPORARY TRIGGER",
    "^ CREATE VIRTUAL TABLE",
    "^ DECLARE @",
    "^ DROP PROCEDURE|TRIGGER",
    "^ CALL|COPY|EXEC|EXECUTE|GRANT|PREPARE|REVOKE _|(",
    "^ LOCK TABLE|TABLES",
];

/// Can be replaced by something that may stand there.
const REPLACED: &[(&str, &str)] = &[
    // Conditions and values.
    ("COLLATE _", ""),
    ("MATCH () AGAINST ()", "1 = 1"),
    ("{ GLOB|REGEXP|RLIKE|MATCH } '|?|:|#|_", "LIKE"),
    (
        "{ ISNULL|NOTNULL } ;|)|AND|OR|THEN|GROUP|ORDER|LIMIT",
        "= 0",
    ),
    ("BETWEEN { SYMMETRIC }", ""),
    ("NOT IN :", "= 1"),
    ("IN :", "= 1"),
    ("FROM|JOIN|INTO|UPDATE|TABLE { : }", "x"),
    ("AT TIME ZONE '|:|_", ""),
    ("INTERVAL #|: _", "1"),
    ("WITHIN GROUP", "OVER"),
    ("SUBSTRING ( _|'|: { FROM }", ","),
    ("SUBSTRING ( _ () { FROM }", ","),
    ("{ FOR } #|:|_ )", ","),
    ("POSITION ( '|_|: { IN }", ","),
    ("POSITION ( _ () { IN }", ","),
    ("TRIM ( { BOTH|LEADING|TRAILING FROM }", ""),
    ("TRIM ( { BOTH|LEADING|TRAILING '|:|_ FROM }", ""),
    ("TRIM ( { '|: FROM }", ""),
    ("OVERLAY ( _|'|: { PLACING '|:|_ FROM }", ","),
    // Queries.
    ("WITH ROLLUP", ""),
    ("EXCEPT|INTERSECT { ALL }", ""),
    ("{ MINUS } SELECT", "UNION"),
    ("FETCH FIRST|NEXT #|: ROW|ROWS ONLY", ""),
    ("FETCH FIRST|NEXT #|: ROW|ROWS WITH TIES", ""),
    ("FETCH FIRST|NEXT ROW|ROWS ONLY", ""),
    ("OFFSET #|: ROW|ROWS", ""),
    ("{ OFFSET # } ;|)", ""),
    ("{ NATURAL LEFT|RIGHT|FULL OUTER } JOIN", "CROSS"),
    ("{ NATURAL LEFT|RIGHT|FULL|INNER } JOIN", "CROSS"),
    ("{ NATURAL } JOIN", "CROSS"),
    ("{ STRAIGHT_JOIN } _ ON", "JOIN"),
    ("{ STRAIGHT_JOIN } _ _ ON", "JOIN"),
    ("{ STRAIGHT_JOIN } _ AS _ ON", "JOIN"),
    ("STRAIGHT_JOIN", "CROSS JOIN"),
    (", { LATERAL } (", ""),
    ("CROSS|OUTER APPLY", "CROSS JOIN"),
    ("AS ( { VALUES () }", "SELECT 1"),
    (
        "SELECT|FROM|JOIN|INTO|TABLE|UPDATE|WHERE|AND|OR|ON|BY|SET|,|.|( { [ _ ] }",
        "x",
    ),
    (
        "SELECT|FROM|JOIN|INTO|TABLE|UPDATE|WHERE|AND|OR|ON|BY|SET|,|.|( { [ _ _ ] }",
        "x",
    ),
    // Changes.
    ("SET { () = ROW } (", "x ="),
    ("SET { () } = (", "x"),
    ("ON CONFLICT { () }", ""),
    ("ON CONFLICT { ON CONSTRAINT _ }", ""),
    ("{ AS _ } ON DUPLICATE KEY", ""),
    ("{ AS _ () } ON DUPLICATE KEY", ""),
    ("DEFAULT VALUES", "VALUES (1)"),
];

/// All of them, by the word that each begins with.
pub(super) struct Table {
    patterns: Vec<Pattern>,
    by_word: HashMap<&'static str, Vec<usize>>,
}

impl Table {
    pub(super) fn new() -> Self {
        let omitted = OMITTED.iter().map(|text| Pattern::new(text, Effect::Omit));
        let unreadable = UNREADABLE
            .iter()
            .map(|text| Pattern::new(text, Effect::Unreadable));
        let replaced = REPLACED
            .iter()
            .map(|(text, by)| Pattern::new(text, Effect::Replace(by)));
        let patterns: Vec<Pattern> = omitted.chain(unreadable).chain(replaced).collect();
        let mut by_word: HashMap<&'static str, Vec<usize>> = HashMap::new();
        for (index, pattern) in patterns.iter().enumerate() {
            for word in pattern.first_words() {
                by_word.entry(word).or_default().push(index);
            }
        }
        Self { patterns, by_word }
    }

    /// The first pattern that fits at `at`: what is done, and to which tokens.
    pub(super) fn find_at(
        &self,
        tokens: &[Token<'_>],
        at: usize,
    ) -> Option<(Effect, Range<usize>)> {
        let word = tokens.get(at)?.text;
        let indexes = if word.len() <= WORD_BYTES_MAX {
            self.by_word.get(word.to_ascii_uppercase().as_str())?
        } else {
            return None;
        };
        indexes
            .iter()
            .filter_map(|index| self.patterns.get(*index))
            .find_map(|pattern| Some((pattern.effect, pattern.find_at(tokens, at)?)))
    }
}

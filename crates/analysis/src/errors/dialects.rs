//! SQL of dialects that the grammar does not know: which statements it must not be asked about. What is wrong with their brackets
//! and quotation marks is still told, from their tokens.

mod tokens;

use tokens::{Kind, Token};

use super::unclosed;

/// Most tokens that are looked at; code with more is read as it is.
const TOKENS_MAX: usize = 100_000;

/// Something that a dialect allows and the grammar does not: words that follow one another. `_` stands for any one token, `#` for a
/// number, `'` for a text.
struct Construct {
    words: &'static [&'static str],
    /// Whether it must stand at the start of its statement.
    at_start: bool,
    /// From which word on it can be left out; without it the statement as a whole cannot be read.
    omitted_from: Option<usize>,
}

const fn starting(words: &'static [&'static str]) -> Construct {
    Construct {
        words,
        at_start: true,
        omitted_from: None,
    }
}

const fn anywhere(words: &'static [&'static str]) -> Construct {
    Construct {
        words,
        at_start: false,
        omitted_from: None,
    }
}

const fn omitted(words: &'static [&'static str], from: usize) -> Construct {
    Construct {
        words,
        at_start: false,
        omitted_from: Some(from),
    }
}

const CONSTRUCTS: &[Construct] = &[
    // Words that can be left out: the rest of the statement is read.
    omitted(&["KEY", "AUTOINCREMENT"], 1),
    omitted(&["KEY", "ASC", "AUTOINCREMENT"], 2),
    omitted(&["INSERT", "OR", "REPLACE"], 1),
    omitted(&["INSERT", "OR", "IGNORE"], 1),
    omitted(&["INSERT", "OR", "ABORT"], 1),
    omitted(&["INSERT", "OR", "FAIL"], 1),
    omitted(&["INSERT", "OR", "ROLLBACK"], 1),
    omitted(&["UPDATE", "OR", "REPLACE"], 1),
    omitted(&["UPDATE", "OR", "IGNORE"], 1),
    omitted(&["UPDATE", "OR", "ABORT"], 1),
    omitted(&["UPDATE", "OR", "FAIL"], 1),
    omitted(&["UPDATE", "OR", "ROLLBACK"], 1),
    omitted(&["NULLS", "FIRST"], 0),
    omitted(&["NULLS", "LAST"], 0),
    omitted(&["LIMIT", "#", ",", "#"], 2),
    omitted(&["ESCAPE", "'"], 0),
    omitted(&["COLLATE", "_"], 0),
    omitted(&["WITHOUT", "ROWID"], 0),
    omitted(&[")", "STRICT"], 1),
    omitted(&["FOR", "UPDATE", "SKIP", "LOCKED"], 0),
    omitted(&["FOR", "UPDATE", "NOWAIT"], 0),
    omitted(&["FOR", "UPDATE"], 0),
    omitted(&["FOR", "SHARE"], 0),
    omitted(&["SELECT", "TOP", "#"], 1),
    omitted(&["SELECT", "DISTINCT", "TOP", "#"], 2),
    omitted(&["INDEXED", "BY", "_"], 0),
    omitted(&["WITH", "(", "NOLOCK", ")"], 0),
    omitted(&["IDENTITY", "(", "#", ",", "#", ")"], 0),
    // Parts that say too much to be left out.
    anywhere(&["TOP", "#", "PERCENT"]),
    anywhere(&["ON", "CONFLICT", "("]),
    anywhere(&["ON", "CONFLICT", "ON", "CONSTRAINT"]),
    anywhere(&["AS", "(", "VALUES"]),
    anywhere(&["AS", "_", "ON", "DUPLICATE", "KEY"]),
    anywhere(&["CONSTRAINT", "_", "UNIQUE"]),
    anywhere(&["CONSTRAINT", "_", "FOREIGN", "KEY"]),
    anywhere(&["_", "GLOB", "'"]),
    anywhere(&["_", "REGEXP", "'"]),
    anywhere(&["_", "RLIKE", "'"]),
    anywhere(&["_", "MATCH", "'"]),
    anywhere(&["_", "GLOB", "?"]),
    anywhere(&["_", "REGEXP", "?"]),
    anywhere(&["_", "MATCH", "?"]),
    anywhere(&["_", "ISNULL"]),
    anywhere(&["_", "NOTNULL"]),
    anywhere(&["FETCH", "FIRST"]),
    anywhere(&["FETCH", "NEXT"]),
    anywhere(&["OFFSET", "#"]),
    anywhere(&["DEFAULT", "VALUES"]),
    anywhere(&["NATURAL", "JOIN"]),
    anywhere(&["NATURAL", "LEFT"]),
    anywhere(&["NATURAL", "RIGHT"]),
    anywhere(&["NATURAL", "FULL"]),
    anywhere(&["NATURAL", "INNER"]),
    anywhere(&["STRAIGHT_JOIN", "_"]),
    anywhere(&[",", "LATERAL", "("]),
    anywhere(&["CROSS", "APPLY"]),
    anywhere(&["OUTER", "APPLY"]),
    anywhere(&["SET", "(", "_", ","]),
    anywhere(&["SUBSTRING", "(", "_", "FROM"]),
    anywhere(&["POSITION", "(", "_", "IN"]),
    anywhere(&["TRIM", "(", "BOTH"]),
    anywhere(&["TRIM", "(", "LEADING"]),
    anywhere(&["TRIM", "(", "TRAILING"]),
    anywhere(&["OVERLAY", "(", "_", "PLACING"]),
    anywhere(&[",", "INTERVAL", "#"]),
    anywhere(&["AT", "TIME", "ZONE"]),
    anywhere(&["WITHIN", "GROUP", "("]),
    anywhere(&["WITH", "ROLLUP"]),
    anywhere(&["GROUPING", "SETS", "("]),
    anywhere(&["_", "QUALIFY", "_"]),
    anywhere(&["TABLESAMPLE", "_", "("]),
    anywhere(&["EXCEPT", "ALL"]),
    anywhere(&["INTERSECT", "ALL"]),
    anywhere(&["MINUS", "SELECT"]),
    anywhere(&["BETWEEN", "SYMMETRIC"]),
    anywhere(&["_", "PIVOT", "("]),
    anywhere(&["_", "UNPIVOT", "("]),
    anywhere(&["=", ":", "_"]),
    anywhere(&["=", "%", "S"]),
    anywhere(&["%", "(", "_", ")", "S"]),
    anywhere(&["(", ":", "_"]),
    anywhere(&[",", ":", "_"]),
    anywhere(&["(", "%", "S"]),
    anywhere(&["SELECT", "[", "_", "]"]),
    anywhere(&["FROM", "[", "_", "]"]),
    anywhere(&["JOIN", "[", "_", "]"]),
    anywhere(&["INTO", "[", "_", "]"]),
    anywhere(&["TABLE", "[", "_", "]"]),
    anywhere(&["UPDATE", "[", "_", "]"]),
    anywhere(&["AS", "'"]),
    starting(&["DELETE", "FROM", "_", "USING"]),
    starting(&["DELETE", "FROM", "_", "_", "USING"]),
    starting(&["DELETE", "FROM", "_", "AS", "_", "USING"]),
    // Statements of their own.
    starting(&["ANALYZE"]),
    starting(&["ATTACH"]),
    starting(&["BEGIN", "CONCURRENT"]),
    starting(&["BEGIN", "DEFERRED"]),
    starting(&["BEGIN", "EXCLUSIVE"]),
    starting(&["BEGIN", "IMMEDIATE"]),
    starting(&["BEGIN", ";"]),
    starting(&["BEGIN", "TRANSACTION"]),
    starting(&["CALL", "_"]),
    starting(&["COMMIT", ";"]),
    starting(&["COMMIT", "TRANSACTION"]),
    starting(&["CREATE", "DOMAIN"]),
    starting(&["CREATE", "OR", "REPLACE", "PROCEDURE"]),
    starting(&["CREATE", "OR", "REPLACE", "TRIGGER"]),
    starting(&["CREATE", "PROCEDURE"]),
    starting(&["CREATE", "TEMP", "TRIGGER"]),
    starting(&["CREATE", "TRIGGER"]),
    starting(&["CREATE", "VIRTUAL", "TABLE"]),
    starting(&["DEALLOCATE"]),
    starting(&["DECLARE", "@"]),
    starting(&["DESC", "_"]),
    starting(&["DESCRIBE", "_"]),
    starting(&["DETACH"]),
    starting(&["DO", "'"]),
    starting(&["DROP", "PROCEDURE"]),
    starting(&["DROP", "TRIGGER"]),
    starting(&["EXEC", "_"]),
    starting(&["EXECUTE", "_"]),
    starting(&["EXPLAIN", "QUERY", "PLAN"]),
    starting(&["GRANT", "_"]),
    starting(&["LISTEN", "_"]),
    starting(&["LOCK", "TABLE"]),
    starting(&["LOCK", "TABLES"]),
    starting(&["NOTIFY", "_"]),
    starting(&["PRAGMA", "_"]),
    starting(&["PREPARE", "_"]),
    starting(&["REFRESH", "MATERIALIZED"]),
    starting(&["REINDEX"]),
    starting(&["RELEASE", "_"]),
    starting(&["REVOKE", "_"]),
    starting(&["ROLLBACK", ";"]),
    starting(&["ROLLBACK", "TO"]),
    starting(&["ROLLBACK", "TRANSACTION", "TO"]),
    starting(&["SAVEPOINT", "_"]),
    starting(&["START", "TRANSACTION"]),
    starting(&["UNLOCK", "TABLES"]),
    starting(&["USE", "_"]),
    starting(&["VALUES", "("]),
    starting(&["COPY", "_"]),
];

/// The code with what the grammar does not know made blank, and what is wrong with the brackets of it.
#[derive(Debug)]
pub(super) struct Readable {
    pub(super) code: String,
    /// Where brackets and quotation marks do not match in what was made blank, and what to say.
    pub(super) mistakes: Vec<(usize, String)>,
    /// Whether a table is defined in what was made blank, so that less is known of the others.
    pub(super) hides_table: bool,
}

/// `None` when `code` holds nothing of other dialects.
pub(super) fn read(code: &str) -> Option<Readable> {
    let tokens = tokens::split(code, TOKENS_MAX)?;
    let mut blanks: Vec<(usize, usize)> = Vec::new();
    let mut mistakes = Vec::new();
    let mut hides_table = false;
    for statement in tokens::statements(&tokens) {
        let found: Vec<(usize, &Construct)> = (0..statement.len())
            .filter_map(|at| {
                let construct = CONSTRUCTS
                    .iter()
                    .find(|construct| stands_at(construct, statement, at))?;
                Some((at, construct))
            })
            .collect();
        if found
            .iter()
            .any(|(_, construct)| construct.omitted_from.is_none())
        {
            mistakes.extend(unmatched(statement));
            hides_table |= is_table(statement);
            blanks.extend(range(statement));
            continue;
        }
        for (at, construct) in found {
            let from = at + construct.omitted_from.unwrap_or_default();
            let to = at + construct.words.len();
            blanks.extend(statement.get(from..to).and_then(range));
        }
    }
    (!blanks.is_empty()).then(|| Readable {
        code: blanked(code, &blanks),
        mistakes,
        hides_table,
    })
}

fn stands_at(construct: &Construct, statement: &[Token<'_>], at: usize) -> bool {
    let Some(tokens) = statement.get(at..at + construct.words.len()) else {
        return false;
    };
    (!construct.at_start || at == 0)
        && construct
            .words
            .iter()
            .zip(tokens)
            .all(|(word, token)| match *word {
                "_" => token.text != ";",
                "#" => token.kind == Kind::Number,
                "'" => token.kind == Kind::Text,
                word => token.kind != Kind::Text && token.text.eq_ignore_ascii_case(word),
            })
}

fn is_table(statement: &[Token<'_>]) -> bool {
    statement
        .iter()
        .take(4)
        .any(|token| token.text.eq_ignore_ascii_case("table"))
}

/// From the first byte of the first token to the last of the last.
fn range(tokens: &[Token<'_>]) -> Option<(usize, usize)> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    Some((first.start, last.start + last.text.len()))
}

/// The first bracket or quotation mark of a statement that has no partner.
fn unmatched(statement: &[Token<'_>]) -> Option<(usize, String)> {
    let mut open: Vec<&Token<'_>> = Vec::new();
    for token in statement {
        let partner = match token.text {
            _ if token.kind == Kind::Text && !token.is_closed => {
                let message = "This text is never closed with a quotation mark.";
                return Some((token.start, message.to_owned()));
            }
            "(" | "[" | "{" => {
                open.push(token);
                continue;
            }
            ")" => "(",
            "]" => "[",
            "}" => "{",
            _ => continue,
        };
        if open.pop().is_none_or(|bracket| bracket.text != partner) {
            return Some((
                token.start,
                format!("This `{}` closes nothing.", token.text),
            ));
        }
    }
    let bracket = open.last()?;
    Some((bracket.start, unclosed(bracket.text)))
}

/// The code with spaces for everything in `blanks` but the ends of lines, as long as before.
fn blanked(code: &str, blanks: &[(usize, usize)]) -> String {
    let mut text = String::with_capacity(code.len());
    let mut blanks = blanks.iter().peekable();
    for (offset, letter) in code.char_indices() {
        while blanks.next_if(|(_, end)| *end <= offset).is_some() {}
        let is_blank = blanks.peek().is_some_and(|(start, _)| *start <= offset);
        if is_blank && letter != '\n' {
            text.extend(std::iter::repeat_n(' ', letter.len_utf8()));
        } else {
            text.push(letter);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use domain::language::Language;

    /// Right in some dialect, refused by the grammar.
    const RIGHT: &[&str] = &[
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, n INT);",
        "INSERT OR REPLACE INTO t(id,n) VALUES(1,2);",
        "UPDATE OR IGNORE t SET n = 1 WHERE id = 2;",
        "INSERT INTO t(id,n) VALUES(1,5) ON CONFLICT (id) DO UPDATE SET n = excluded.n;",
        "INSERT INTO t(id,n) VALUES(1,5) ON CONFLICT (id) DO UPDATE SET n = excluded.n WHERE t.n < 3;",
        "SELECT id FROM t ORDER BY n NULLS FIRST;",
        "SELECT id FROM t LIMIT 0,5;",
        "WITH RECURSIVE c(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM c WHERE i < 5) SELECT i FROM c;",
        "WITH c(i) AS (VALUES (1), (2)) SELECT i FROM c;",
        "CREATE TABLE t (a INT, b INT, CONSTRAINT u UNIQUE (a, b));",
        "CREATE TABLE t (a INT, CONSTRAINT u FOREIGN KEY (a) REFERENCES s (id));",
        "CREATE TABLE t (a INT PRIMARY KEY) WITHOUT ROWID;",
        "CREATE TABLE t (a INT PRIMARY KEY) STRICT;",
        "CREATE TABLE t (a TEXT COLLATE NOCASE);",
        "CREATE TABLE t (a INT IDENTITY(1,1) PRIMARY KEY);",
        "CREATE VIRTUAL TABLE v USING fts5(a, b);",
        "SELECT a FROM t WHERE a LIKE 'x!%' ESCAPE '!';",
        "SELECT a FROM t WHERE a NOT LIKE 'x!%' ESCAPE '!' AND b = 1;",
        "SELECT a FROM t WHERE a GLOB 'x*';",
        "SELECT a FROM t WHERE a REGEXP 'x*';",
        "SELECT a FROM t WHERE a MATCH 'x*';",
        "SELECT a FROM t WHERE a COLLATE NOCASE = 'x';",
        "SELECT a FROM t ORDER BY a COLLATE NOCASE;",
        "CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE s SET n = n + 1; END;",
        "CREATE PROCEDURE p(IN a INT) BEGIN SELECT a; END;",
        "PRAGMA foreign_keys = ON;",
        "PRAGMA table_info(t);",
        "SAVEPOINT s;",
        "RELEASE SAVEPOINT s;",
        "ROLLBACK TO SAVEPOINT s;",
        "START TRANSACTION; ROLLBACK;",
        "BEGIN IMMEDIATE; COMMIT;",
        "SELECT a FROM t WHERE b = 1 FOR UPDATE;",
        "SELECT a FROM t WHERE b = 1 FOR UPDATE SKIP LOCKED;",
        "SELECT a FROM t WHERE b = 1 FOR SHARE;",
        "SELECT a FROM t FETCH FIRST 5 ROWS ONLY;",
        "SELECT a FROM t ORDER BY a OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY;",
        "INSERT INTO t DEFAULT VALUES;",
        "SELECT a FROM t NATURAL JOIN s;",
        "SELECT a FROM t NATURAL LEFT JOIN s;",
        "SELECT a FROM t, LATERAL (SELECT b FROM s) x;",
        "SELECT a FROM t CROSS APPLY f(t.a);",
        "UPDATE t SET (a, b) = (1, 2) WHERE id = 3;",
        "DELETE FROM t USING s WHERE t.id = s.id;",
        "DELETE FROM t AS x USING s WHERE x.id = s.id;",
        "SELECT SUBSTRING(a FROM 1 FOR 3) FROM t;",
        "SELECT POSITION('a' IN b) FROM t;",
        "SELECT TRIM(BOTH ' ' FROM a) FROM t;",
        "SELECT TRIM(LEADING '0' FROM a) FROM t;",
        "SELECT OVERLAY(a PLACING 'x' FROM 2) FROM t;",
        "SELECT DATE_ADD(a, INTERVAL 1 DAY) FROM t;",
        "SELECT a AT TIME ZONE 'UTC' FROM t;",
        "GRANT SELECT ON t TO u;",
        "REVOKE SELECT ON t FROM u;",
        "SELECT TOP 5 a FROM t;",
        "SELECT TOP 5 PERCENT a FROM t;",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t;",
        "SELECT a, sum(b) FROM t GROUP BY a WITH ROLLUP;",
        "SELECT a, sum(b) FROM t GROUP BY GROUPING SETS ((a), ());",
        "SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = 1;",
        "SELECT a FROM t TABLESAMPLE BERNOULLI (10);",
        "SELECT a FROM t EXCEPT ALL SELECT b FROM s;",
        "SELECT a FROM t MINUS SELECT b FROM s;",
        "VALUES (1, 2), (3, 4);",
        "SELECT a FROM t WHERE a = :name;",
        "SELECT a FROM t WHERE a = %s;",
        "SELECT a FROM t WHERE a ISNULL;",
        "SELECT a FROM t WHERE a NOTNULL;",
        "SELECT [a] FROM [t];",
        "SELECT a AS 'x y' FROM t;",
        "SELECT a FROM t INDEXED BY i;",
        "SELECT a FROM t WITH (NOLOCK);",
        "SELECT a FROM t PIVOT (sum(b) FOR c IN ('x', 'y')) p;",
        "EXPLAIN QUERY PLAN SELECT a FROM t;",
        "ANALYZE t;",
        "REINDEX i;",
        "ATTACH DATABASE 'x.db' AS x;",
        "DETACH DATABASE x;",
        "INSERT INTO t (a) VALUES (1) AS new ON DUPLICATE KEY UPDATE a = new.a;",
        "CALL p(1);",
        "EXEC p 1;",
        "USE db;",
        "DESCRIBE t;",
        "DECLARE @x INT = 1;",
        "COPY t FROM 'x.csv' WITH CSV;",
        "DROP TRIGGER tr;",
        "CREATE DOMAIN d AS INT CHECK (VALUE > 0);",
        "LOCK TABLE t;",
        "DO $$ BEGIN NULL; END $$;",
        "LISTEN x;",
        "PREPARE p AS SELECT 1;",
        "EXECUTE p;",
        "DEALLOCATE p;",
        "REFRESH MATERIALIZED VIEW v;",
        "SELECT a FROM t WHERE a BETWEEN SYMMETRIC 1 AND 3;",
        "SELECT a FROM t OFFSET 3;",
        "SELECT a FROM t STRAIGHT_JOIN s ON t.id = s.id;",
        "INSERT OR IGNORE INTO t (a) VALUES ('it''s; (');",
        "CREATE TRIGGER tr AFTER UPDATE ON t BEGIN UPDATE s SET n = CASE WHEN n > 1 THEN 2 ELSE 3 END; DELETE FROM u; END; SELECT a FROM t;",
    ];

    const WRONG: &[&str] = &[
        "SELEC a FROM t;",
        "SELECT a FROM t WHERE (b = 1;",
        "SELECT a FROM t WHERE b = 'x;",
        "SELECT a t WHERE b = 1 FROM;",
        "SELECT a FROM WHERE b = 1;",
        "INSERT OR REPLACE INTO t (a, b VALUES (1, 2);",
        "INSERT INTO t (a) VALUES (1,);",
        "CREATE TABLE t (a INT,, b INT);",
        "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b INT;",
        "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT,, b INT);",
        "UPDATE t SET WHERE a = 1;",
        "UPDATE t SET (a, b = (1, 2) WHERE id = 3;",
        "DELETE t FROM WHERE a = 1;",
        "SELECT a FROM t GROUP a;",
        "SELECT a FROM t WHERE a LIKE;",
        "SELECT a FROM t ORDER BY a NULLS LAST LIMIT 5 WHERE;",
        "INSERT INTO t (id) VALUES (1) ON CONFLICT (id DO NOTHING;",
        "PRAGMA table_info(t;",
        "PRAGMA foreign_keys = ON; SELEC a FROM t;",
        "CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE s SET n = (n + 1; END;",
        "SELECT a FROM t WHERE b = 1));",
        "SELECT SUBSTRING(a FROM 1 FOR 3 FROM t;",
        "FORM t SELECT a;",
        "SELECT a FROM t WHERE;",
        "SELECT TOP 5 FROM t WHERE a ==;",
    ];

    fn errors(code: &str) -> Vec<String> {
        let errors = crate::errors::find(Language::Sql, code);
        errors
            .into_iter()
            .map(|error| format!("{}:{} {}", error.line, error.column, error.message))
            .collect()
    }

    #[test]
    fn dialects_are_not_mistakes() {
        for code in RIGHT {
            assert_eq!(errors(code), Vec::<String>::new(), "{code}");
        }
        let all = RIGHT.join("\n");
        assert_eq!(errors(&all), Vec::<String>::new());
    }

    #[test]
    fn mistakes_stay_mistakes() {
        for code in WRONG {
            assert!(!errors(code).is_empty(), "{code}");
            let after = format!("PRAGMA foreign_keys = ON;\n{code}");
            assert!(!errors(&after).is_empty(), "{after}");
        }
    }

    #[test]
    fn a_mistake_among_dialects_keeps_its_place() {
        let code = "PRAGMA x = 1;\nINSERT OR REPLACE INTO t (a) VALUES ('é'); SELEC a;\nPRAGMA table_info(t;\n";
        assert_eq!(
            errors(code),
            [
                "2:44 `SELEC` is not expected here.",
                "3:18 This `(` is never closed."
            ]
        );
    }
}

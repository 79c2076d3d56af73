//! SQL of dialects that the grammar does not know: what is left out or replaced, so that the rest can be read. What is wrong with
//! the brackets, commas and quotation marks in what is not read is still told, from their tokens.

mod patterns;
mod table;
mod tokens;

use std::ops::Range;

use patterns::Effect;
use table::Table;
use tokens::{Kind, Statement, Token};

use super::{UNCLOSED_TEXT, closes_nothing, unclosed, unexpected};

/// Most tokens that are looked at; code with more is read as it is.
const TOKENS_MAX: usize = 100_000;

/// Words that the statements begin with of which some parts make the whole unreadable.
const FIRST_WORDS: &[&str] = &[
    "(", "CREATE", "DELETE", "EXPLAIN", "INSERT", "MERGE", "REPLACE", "SELECT", "UPDATE", "WITH",
];

/// The code with what the grammar does not know made blank, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Readable {
    pub(super) code: String,
    /// What is wrong in what was made blank: where, and what to say.
    pub(super) mistakes: Vec<(usize, String)>,
    /// Statements that mean something else now.
    pub(super) changed: Vec<Range<usize>>,
    /// Whether a table is defined in what was made blank, so that less is known of the others.
    pub(super) hides_table: bool,
}

/// Bytes of the code, and what stands there instead, with blanks up to the same length.
struct Edit {
    range: Range<usize>,
    by: Replacement,
}

enum Replacement {
    Text(&'static str),
    /// As many digits as there are bytes.
    Digits,
}

/// `None` when `code` holds nothing of other dialects.
pub(super) fn read(code: &str) -> Option<Readable> {
    let tokens = tokens::split(code, TOKENS_MAX)?;
    let table = Table::new();
    let mut edits = Vec::new();
    let mut readable = Readable {
        code: String::new(),
        mistakes: Vec::new(),
        changed: Vec::new(),
        hides_table: false,
    };
    for statement in tokens::statements(&tokens) {
        read_statement(&table, statement, &mut edits, &mut readable);
    }
    if edits.is_empty() {
        return None;
    }
    readable.code = rewritten(code, &edits);
    Some(readable)
}

fn read_statement(
    table: &Table,
    statement: Statement<'_, '_>,
    edits: &mut Vec<Edit>,
    readable: &mut Readable,
) {
    let tokens = statement.tokens;
    let first_edit = edits.len();
    let mut is_changed = false;
    let mut is_edited = vec![false; tokens.len()];
    for at in 0..tokens.len() {
        let found = table.find_at(tokens, at);
        let is_parameter = tokens
            .get(at)
            .is_some_and(|token| token.kind == Kind::Parameter);
        let is_omitted = matches!(found, Some((Effect::Omit, _)));
        let (by, part) = match found {
            Some((Effect::Unreadable, _)) => {
                edits.truncate(first_edit);
                leave_out(statement, edits, readable);
                return;
            }
            Some((Effect::Omit, part)) => (Replacement::Text(""), part),
            Some((Effect::Replace(text), part)) => (Replacement::Text(text), part),
            None if is_parameter => (Replacement::Digits, at..at + 1),
            None => continue,
        };
        let part = with_semicolon(tokens, part);
        let Some(marks) = is_edited
            .get_mut(part.clone())
            .filter(|marks| !marks.contains(&true))
        else {
            continue;
        };
        marks.fill(true);
        is_changed |= !is_omitted;
        let part = tokens.get(part).unwrap_or_default();
        readable.mistakes.extend(mistake(part));
        edits.extend(range(part).map(|range| Edit { range, by }));
    }
    if let Some(edits) = edits.get_mut(first_edit..) {
        edits.sort_by_key(|edit| edit.range.start);
    }
    if is_changed {
        readable.changed.extend(range(tokens));
    }
}

/// Leaves out a statement as a whole.
fn leave_out(statement: Statement<'_, '_>, edits: &mut Vec<Edit>, readable: &mut Readable) {
    let tokens = statement.tokens;
    let begin = statement
        .open
        .map(|begin| (begin.start, unclosed(begin.text)));
    readable.mistakes.extend(begin.or_else(|| mistake(tokens)));
    readable.hides_table |= is_table(tokens);
    edits.extend(range(tokens).map(|range| Edit {
        range,
        by: Replacement::Text(""),
    }));
}

/// The part with the semicolon behind it, when nothing else is left of the statement.
fn with_semicolon(tokens: &[Token<'_>], part: Range<usize>) -> Range<usize> {
    let is_all = part.start == 0
        && part.end + 1 == tokens.len()
        && tokens.get(part.end).is_some_and(|last| last.text == ";");
    part.start..part.end + usize::from(is_all)
}

fn is_table(statement: &[Token<'_>]) -> bool {
    statement
        .iter()
        .take(4)
        .any(|token| token.text.eq_ignore_ascii_case("table"))
}

/// From the first byte of the first token to the last of the last.
fn range(tokens: &[Token<'_>]) -> Option<Range<usize>> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    Some(first.start..last.start + last.text.len())
}

/// The first bracket or quotation mark that has no partner, or comma that has nothing behind it.
fn mistake(tokens: &[Token<'_>]) -> Option<(usize, String)> {
    let mut open: Vec<&Token<'_>> = Vec::new();
    let mut follows_comma = false;
    for token in tokens {
        let is_short = follows_comma && matches!(token.text, "," | ")" | ";");
        follows_comma = token.text == ",";
        let partner = match token.text {
            _ if token.kind == Kind::Text && !token.is_closed => {
                return Some((token.start, UNCLOSED_TEXT.to_owned()));
            }
            text if is_short => return Some((token.start, unexpected(text))),
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
            return Some((token.start, closes_nothing(token.text)));
        }
    }
    let bracket = open.last()?;
    Some((bracket.start, unclosed(bracket.text)))
}

/// The code with every edit made, as long as before and with the same lines.
fn rewritten(code: &str, edits: &[Edit]) -> String {
    let mut text = String::with_capacity(code.len());
    let mut end = 0;
    for edit in edits {
        text.push_str(code.get(end..edit.range.start).unwrap_or_default());
        end = edit.range.end;
        let old = code.get(edit.range.clone()).unwrap_or_default();
        let blank = match edit.by {
            Replacement::Text(_) => " ",
            Replacement::Digits => "1",
        };
        let new = match edit.by {
            Replacement::Text(new) if !old.get(..new.len()).unwrap_or_default().contains('\n') => {
                new
            }
            Replacement::Text(_) | Replacement::Digits => "",
        };
        text.push_str(new);
        for letter in old.get(new.len()..).unwrap_or_default().chars() {
            if letter == '\n' {
                text.push(letter);
            } else {
                text.push_str(&blank.repeat(letter.len_utf8()));
            }
        }
    }
    text.push_str(code.get(end..).unwrap_or_default());
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
        "SELECT a FROM t WHERE a NOT GLOB 'x*' AND b NOT REGEXP :pattern;",
        "SELECT ISNULL(a, 0) FROM t;",
        "SELECT a::int % b FROM t WHERE c > :low AND d LIKE :name AND e IN (:one, :two) LIMIT :n;",
        "INSERT INTO t (a, b) VALUES (%(a)s, %(b)s) ON CONFLICT (a, b) DO NOTHING;",
        "INSERT INTO t VALUES (%s, %s);",
        "SELECT t.[a], [b] FROM [t] WHERE [a] = 1;",
        "SELECT TRIM(BOTH FROM t.a), SUBSTRING(t.a FROM 2) FROM t;",
        "PRAGMA main.cache_size = -2000;",
        "BEGIN; SAVEPOINT s; ROLLBACK TO s; COMMIT;",
        "START TRANSACTION ISOLATION LEVEL SERIALIZABLE; COMMIT WORK;",
        "SELECT a FROM t WHERE a IN %s LIMIT :skip, :rows;",
        "SELECT a FROM t STRAIGHT_JOIN s;",
        "SELECT TRIM(BOTH b FROM a), SUBSTRING(lower(a) FROM b FOR c) FROM t;",
        "SELECT [a b], t.[c d] FROM [dbo].[my table] WHERE [x y] = 1;",
        "VALUES (1, 'a'), (2, 'b') ORDER BY 1;",
        "INSERT INTO t(a) VALUES (1) ON CONFLICT (a) WHERE b = 1 DO UPDATE SET a = 2;",
        "CREATE TABLE t (a INT CONSTRAINT u UNIQUE, b INT CONSTRAINT n NOT NULL, UNIQUE (a) ON CONFLICT REPLACE);",
        "CREATE TABLE t (a INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES s (id) DEFERRABLE INITIALLY DEFERRED);",
        "CREATE PROCEDURE p AS BEGIN BEGIN TRANSACTION; UPDATE t SET a = 1; COMMIT; END; SELECT a FROM t;",
        "DESCRIBE SELECT a FROM t;",
        "PREPARE p FROM 'SELECT 1';",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v;",
        "COPY (SELECT a FROM t) TO 'x.csv';",
        "SELECT a FROM (SELECT a FROM t ORDER BY a NULLS LAST) x FOR UPDATE;",
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
        // beside words of a dialect
        "SELEC a FORM t LIMIT 10 OFFSET 20;",
        "SELEC a FORM t WHERE a = :id;",
        "INSERT INTO t VALUES (%s,, %s);",
        "CREATE TABLE t (a INT,, b INT, CONSTRAINT u UNIQUE (a));",
        "INSERT INTO t VALUES (1,,) ON CONFLICT (id) DO NOTHING;",
        "INSERT INTO t VALUES (1) ON CONFLICT (id,, n) DO NOTHING;",
        "SELEC a AS 'x' FORM t;",
        "EXPLAIN QUERY PLAN SELEC a FORM t;",
        "SELEC a FORM t GROUP BY GROUPING SETS ((a), (b));",
        "SELECT a,, b FROM t GROUP BY GROUPING SETS ((a), (b));",
        "SELEC a FORM t WHERE a GLOB 'x*';",
        "SELEC a AT TIME ZONE 'UTC' FORM t;",
        "START TRANSACTION\nUPDATE t SET WHERE a = 1;",
        "START TRANSACTION; UPDATE t SET WHERE a = 1;",
        "PRAGMA x = 1\nSELEC a FROM t;",
        "PREPARE p AS SELEC a FORM t;",
        "CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE s SET n = 1;\nSELECT a FROM t;",
        "SELECT (a COLLATE) FROM t;",
        "SELECT a FROM t INDEXED BY, s;",
        "SELECT a FROM t FOR UPDATE WHERE b = 1;",
        "SELECT a NULLS LAST FROM t;",
        "SELECT a FROM t WHERE b = 1 ESCAPE '!';",
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
        assert_eq!(errors("BEGIN; COMMIT"), Vec::<String>::new());
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

//! The rules for SQL: what they find, and what they let pass.

use analysis::SyntaxAnalyser;
use domain::analysis::CodeAnalyser;
use domain::ask::Style;
use domain::language::Language;

fn rules(code: &str) -> Vec<&'static str> {
    crate::rules(Language::Sql, code)
}

/// Code with a mistake, and the rule that finds it.
const MISTAKES: &[(&str, &str)] = &[
    ("SELECT a FROM t WHERE b = NULL;", "null-comparison"),
    ("SELECT a FROM t WHERE b <> NULL;", "null-comparison"),
    ("SELECT a FROM t WHERE b NOT IN (1, NULL);", "not-in-null"),
    (
        "SELECT a FROM t WHERE b NOT IN (SELECT c FROM u);",
        "not-in-null",
    ),
    (
        "SELECT a FROM t WHERE b = 1 AND b = 2;",
        "contradictory-condition",
    ),
    (
        "SELECT a FROM t WHERE (b = 'x') AND c > 1 AND b = 'y';",
        "contradictory-condition",
    ),
    (
        "SELECT a FROM t WHERE b > 5 AND b < 3;",
        "contradictory-condition",
    ),
    (
        "SELECT a FROM t WHERE b BETWEEN 10 AND 1;",
        "swapped-between",
    ),
    (
        "SELECT a FROM t WHERE b BETWEEN '2024-12-31' AND '2024-01-01';",
        "swapped-between",
    ),
    ("SELECT a / 0 FROM t;", "division-by-zero"),
    ("SELECT a FROM t WHERE count(b) > 1;", "aggregate-in-where"),
    ("SELECT a FROM t WHERE b LIKE '%x';", "leading-wildcard"),
    (
        "SELECT t.a FROM t JOIN u ON t.id = t.id;",
        "self-comparison",
    ),
    (
        "SELECT a FROM t WHERE b = 'x' OR 'y';",
        "value-as-condition",
    ),
    ("DELETE FROM t;", "delete-without-where"),
    ("UPDATE t SET a = 1;", "update-without-where"),
    (
        "INSERT INTO t (a, b) VALUES (1, 2), (3);",
        "insert-count-mismatch",
    ),
    ("CREATE VIEW v AS SELECT * FROM t;", "select-star"),
    ("INSERT INTO t SELECT * FROM u;", "select-star"),
    ("SELECT a FROM t ORDER BY 1;", "order-by-ordinal"),
    ("SELECT a FROM t LIMIT 10;", "limit-without-order"),
    ("SELECT a AS x, b AS x FROM t;", "duplicate-alias"),
    (
        "SELECT a FROM t UNION SELECT a, b FROM u;",
        "union-count-mismatch",
    ),
    (
        "SELECT city, name, count(*) FROM t GROUP BY city;",
        "ungrouped-column",
    ),
    ("SELECT name, count(*) FROM t;", "ungrouped-column"),
    (
        "SELECT city, count(*) FROM t GROUP BY city HAVING city = 'x';",
        "having-without-aggregate",
    ),
    ("SELECT t.a FROM t, u;", "implicit-cross-join"),
    (
        "SELECT a.x FROM t a, u b, w c WHERE a.id = b.id AND c.y > 1;",
        "implicit-cross-join",
    ),
    (
        "SELECT t.a FROM t LEFT JOIN u ON t.id = u.id WHERE u.name = 'x';",
        "filtered-left-join",
    ),
    (
        "SELECT x.a FROM t x JOIN u x ON x.id = x.other;",
        "duplicate-table-alias",
    ),
    (
        "SELECT a.x FROM t a JOIN u b ON a.id = b.id JOIN w c ON a.id = b.id;",
        "unconnected-join",
    ),
    (
        "WITH recent AS (SELECT a FROM t) SELECT b FROM u;",
        "unused-cte",
    ),
];

#[test]
fn mistakes_are_found() {
    for (code, rule) in MISTAKES {
        let found = rules(code);
        assert!(
            found.contains(rule),
            "{code}\n{rule} is not among {found:?}"
        );
    }
}

#[test]
fn sound_code_passes() {
    for code in [
        "SELECT a FROM t WHERE b IS NULL;",
        "UPDATE t SET a = NULL WHERE b = 1;",
        "SELECT a FROM t WHERE b NOT IN (SELECT c FROM u WHERE c IS NOT NULL);",
        "SELECT a FROM t WHERE b NOT IN (SELECT id FROM u);",
        "CREATE TABLE u (c INTEGER NOT NULL); SELECT a FROM t WHERE b NOT IN (SELECT c FROM u);",
        "SELECT a FROM t WHERE b = 1 OR b = 2;",
        "SELECT a FROM t WHERE b = 1 AND c = 2;",
        "SELECT x.a FROM t x JOIN t y ON x.id = y.parent WHERE x.b = 1 AND y.b = 2;",
        "SELECT a FROM t WHERE b > 3 AND b < 5;",
        "SELECT a FROM t WHERE b >= 3 AND b <= 3;",
        "SELECT a FROM t WHERE b BETWEEN 1 AND 10;",
        "SELECT a FROM t WHERE b > (SELECT avg(b) FROM t);",
        "SELECT a FROM t WHERE b LIKE 'x%';",
        "DELETE FROM t WHERE a = 1;",
        "UPDATE t SET a = u.b FROM u WHERE t.id = u.id;",
        "INSERT INTO t (a, b) VALUES (1, 2), (3, 4);",
        "INSERT INTO t (a) SELECT b FROM u;",
        "SELECT * FROM t WHERE a = 1;",
        "SELECT count(*) FROM t;",
        "SELECT a FROM t ORDER BY a LIMIT 10;",
        "SELECT count(*) FROM t LIMIT 5;",
        "SELECT city, count(*) AS n FROM t GROUP BY city HAVING count(*) > 1;",
        "SELECT city, count(*) AS n FROM t GROUP BY city HAVING n > 1;",
        "SELECT date(x) AS day, count(*) FROM t GROUP BY day;",
        "SELECT u.id, u.name, count(*) FROM u JOIN o ON o.user_id = u.id GROUP BY u.id;",
        "SELECT name, row_number() OVER (PARTITION BY city ORDER BY age) FROM t;",
        "SELECT name, sum(a) OVER (PARTITION BY city) FROM t;",
        "SELECT a.x FROM t a, u b WHERE a.id = b.id;",
        "SELECT a.x FROM t a CROSS JOIN u b;",
        "SELECT t.a FROM t LEFT JOIN u ON t.id = u.id WHERE u.id IS NULL;",
        "SELECT t.a FROM t LEFT JOIN u ON t.id = u.id WHERE u.name = 'x' OR u.name IS NULL;",
        "SELECT t.a FROM t LEFT JOIN u ON t.id = u.id AND u.name = 'x' WHERE t.b = 1;",
        "WITH recent AS (SELECT a FROM t) SELECT a FROM recent;",
        "WITH one AS (SELECT a FROM t), two AS (SELECT a FROM one) SELECT a FROM two;",
        "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 5) SELECT x FROM n;",
    ] {
        assert_eq!(rules(code), Vec::<&str>::new(), "{code}");
    }
}

#[test]
fn a_finding_says_where_and_what_to_do() {
    let code = "SELECT a\nFROM t\nWHERE é = 1 AND b = NULL;\n";
    let findings = SyntaxAnalyser::new()
        .analyse(Language::Sql, code, Style::Beginner)
        .findings;
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}");
    };
    assert_eq!((finding.line, finding.column), (3, 17));
    assert!(finding.fix.contains("b IS NULL"), "{}", finding.fix);
}

#[test]
fn mistakes_are_found_beside_words_of_a_dialect() {
    let code = "CREATE TABLE u (c INTEGER PRIMARY KEY AUTOINCREMENT);\nPRAGMA x = 1;\nSELECT a FROM t WHERE b = NULL ORDER BY a NULLS LAST;\n";
    assert_eq!(rules(code), ["null-comparison"]);
    // What a table holds is not known where its definition cannot be read.
    let code = "CREATE TABLE u (c INTEGER NOT NULL, CONSTRAINT k UNIQUE (c, c));\nSELECT a FROM t WHERE b NOT IN (SELECT c FROM u);\n";
    assert_eq!(rules(code), Vec::<&str>::new());
}

#[test]
fn what_was_replaced_is_not_judged() {
    for code in [
        "SELECT a FROM t WHERE a <> a COLLATE NOCASE;",
        "SELECT a FROM t WHERE b = :b AND b = :c;",
        "SELECT a FROM t WHERE b GLOB '%x';",
        "SELECT a FROM t WHERE b ISNULL AND b ISNULL;",
    ] {
        assert_eq!(rules(code), Vec::<&str>::new(), "{code}");
        let code = format!("{code}\nSELECT a FROM t WHERE b = NULL;\n");
        assert_eq!(rules(&code), ["null-comparison"], "{code}");
    }
}

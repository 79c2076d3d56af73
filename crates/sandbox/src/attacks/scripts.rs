//! Attacks in JavaScript and SQL.

use domain::language::Language;
use domain::sandbox::Tier;

use super::{Attack, Stop};

const WASM: &[Tier] = &[Tier::Wasm];

const fn javascript(name: &'static str, stop: Stop, code: &'static str) -> Attack {
    Attack {
        name,
        language: Language::JavaScript,
        tiers: WASM,
        code,
        stop,
    }
}

const fn sql(name: &'static str, stop: Stop, code: &'static str) -> Attack {
    Attack {
        name,
        language: Language::Sql,
        tiers: WASM,
        code,
        stop,
    }
}

pub(super) const ATTACKS: &[Attack] = &[
    javascript("JavaScript: loop past the time", Stop::TimesOut, "for (;;) {}"),
    javascript("JavaScript: loop past the time and catch what ends it", Stop::Fails, "for (;;) { try { for (;;) {} } catch (e) {} }"),
    javascript("JavaScript: wait without end", Stop::Fails, "(async () => { for (;;) await null; })();"),
    javascript("JavaScript: match past the time", Stop::Fails, "/^(a+)+$/.test('a'.repeat(60) + 'b');"),
    javascript("JavaScript: take all memory", Stop::Fails, "let s = 'x'; for (;;) s += s;"),
    javascript("JavaScript: take all memory in pieces", Stop::Fails, "const kept = []; for (;;) kept.push(new Uint8Array(1 << 20).fill(1));"),
    javascript("JavaScript: recurse without end", Stop::Fails, "function f() { return f() + 1; } f();"),
    javascript("JavaScript: print without end", Stop::IsCut, "for (;;) console.log('x'.repeat(4096));"),
    javascript("JavaScript: read the server's files", Stop::Silent, "
const tries = [
  () => require('fs').readFileSync('@CANARY@', 'utf8'),
  () => std.loadFile('@CANARY@'),
  () => os.open('@CANARY@', 0),
  () => Deno.readTextFileSync('@CANARY@'),
  () => process.binding('fs'),
  () => globalThis.constructor.constructor('return process')().mainModule.require('fs').readFileSync('@CANARY@', 'utf8'),
];
for (const attempt of tries) { try { console.log(attempt()); } catch (e) {} }
import('std').then((std) => console.log(std.loadFile('@CANARY@')), () => {});
import('@CANARY@').then((all) => console.log(all), () => {});
"),
    javascript("JavaScript: connect by TCP", Stop::Silent, "
for (const attempt of [() => fetch('http://127.0.0.1:@PORT@/'), () => new WebSocket('ws://127.0.0.1:@PORT@/'), () => require('net').connect(@PORT@)]) {
  try { attempt(); } catch (e) {}
}
"),
    javascript("JavaScript: read the server's environment", Stop::Bare, "
try { console.log(JSON.stringify(process.env)); } catch (e) {}
try { console.log(JSON.stringify(std.getenviron())); } catch (e) {}
"),
    sql("SQL: count past the time", Stop::Fails, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;"),
    sql("SQL: print without end", Stop::IsCut, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT hex(zeroblob(2000)) FROM n;"),
    sql("SQL: take all memory", Stop::Fails, "
CREATE TABLE t (b BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO t SELECT randomblob(1000000) FROM n;
"),
    sql("SQL: take all memory at once", Stop::Fails, "SELECT length(hex(zeroblob(900000000)));"),
    sql("SQL: write a database to the disk", Stop::Silent, "ATTACH DATABASE '@FOLDER@/stolen.db' AS stolen; CREATE TABLE stolen.t (a); INSERT INTO stolen.t VALUES (1);"),
    sql("SQL: copy itself to the disk", Stop::Silent, "CREATE TABLE t (a); VACUUM INTO '@FOLDER@/copy.db';"),
    sql("SQL: read the server's files", Stop::Silent, "ATTACH DATABASE '@CANARY@' AS canary; SELECT * FROM canary.sqlite_master;"),
    sql("SQL: read the server's files by a function", Stop::Silent, "SELECT readfile('@CANARY@');"),
    sql("SQL: write the server's files by a function", Stop::Silent, "SELECT writefile('@FOLDER@/written', 'x');"),
    sql("SQL: load machine code", Stop::Fails, "SELECT load_extension('@FOLDER@/library');"),
    sql("SQL: nest without end", Stop::Fails, "WITH RECURSIVE a(x) AS (SELECT '(' UNION ALL SELECT x || x FROM a) SELECT json(max(x)) FROM a;"),
];

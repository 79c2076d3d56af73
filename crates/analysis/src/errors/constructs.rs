//! What C, C++ and TypeScript allow and their grammars do not know, made blank.

use std::collections::HashSet;

use domain::language::Language;

/// `code`, as long as before, without the parts that the grammar does not know; `None` when there are none.
pub(super) fn read(language: Language, code: &str) -> Option<String> {
    let macros = macros(code);
    let mut text = code.to_owned();
    let mut offset = 0;
    for line in code.split_inclusive('\n') {
        let found = match language {
            Language::C => case_range(line).or_else(|| macro_head(line, &macros)),
            Language::Cpp => case_range(line)
                .or_else(|| macro_head(line, &macros))
                .or_else(|| module(line))
                .or_else(|| part(line, "operator()...;", "...")),
            Language::TypeScript => part(line, "export default abstract class", "abstract")
                .or_else(|| part(line, "<in out ", "in out"))
                .or_else(|| part(line, ", in out ", "in out")),
            Language::Python
            | Language::JavaScript
            | Language::Java
            | Language::Go
            | Language::Rust
            | Language::Sql => None,
        };
        if let Some((start, end)) = found {
            let range = offset + start..offset + end;
            text.replace_range(range, &" ".repeat(end - start));
        }
        offset += line.len();
    }
    (text != code).then_some(text)
}

/// Words that the head of a statement begins with.
const HEADS: &[&str] = &["for", "while", "if", "switch"];

/// The macros with parameters that C code defines and that stand for the head of a statement.
fn macros(code: &str) -> HashSet<&str> {
    let mut lines = code.lines().peekable();
    let mut macros = HashSet::new();
    while let Some(line) = lines.next() {
        let Some((name, rest)) = line
            .trim_start()
            .strip_prefix("#define ")
            .and_then(|rest| rest.trim_start().split_once('('))
        else {
            continue;
        };
        let body = rest.split_once(')').map_or("", |(_, body)| body.trim());
        let body = match body {
            "\\" => lines.peek().map_or("", |next| next.trim_start()),
            body => body,
        };
        if !name.is_empty() && word(name) == name && HEADS.contains(&word(body)) {
            macros.insert(name);
        }
    }
    macros
}

/// The word that some text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

/// `EACH(n, list)` before the statement that it is the head of.
fn macro_head(line: &str, macros: &HashSet<&str>) -> Option<(usize, usize)> {
    let start = line.len() - line.trim_start().len();
    let head = line.get(start..)?;
    let name = word(head);
    let after = head
        .get(name.len()..)
        .filter(|rest| macros.contains(name) && rest.starts_with('('))?;
    let mut depth = 0_usize;
    let (close, _) = after.char_indices().find(|(_, letter)| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })?;
    let rest = after.get(close + 1..)?;
    let is_head = rest
        .trim_start()
        .starts_with(|first: char| first.is_alphabetic() || first == '{');
    is_head.then(|| (start, line.len() - rest.len()))
}

/// Where `known` stands, of it only `lacking`.
fn part(line: &str, known: &str, lacking: &str) -> Option<(usize, usize)> {
    let start = line.find(known)? + known.find(lacking)?;
    Some((start, start + lacking.len()))
}

/// ` ... 3` of `case 1 ... 3:`.
fn case_range(line: &str) -> Option<(usize, usize)> {
    const BETWEEN: &str = " ... ";
    let start = line.find(BETWEEN)?;
    let lowest = line.get(..start)?.trim_start().strip_prefix("case ")?;
    let rest = line.get(start + BETWEEN.len()..)?;
    let length = value_length(rest)?;
    let is_end = rest.get(length..)?.trim_start().starts_with(':');
    let is_range = is_end && value_length(lowest.trim()) == Some(lowest.trim().len());
    is_range.then_some((start, start + BETWEEN.len() + length))
}

/// The length of the number, name or character that some text begins with.
fn value_length(text: &str) -> Option<usize> {
    if let Some(letter) = text.strip_prefix('\'') {
        let escape = usize::from(letter.starts_with('\\'));
        let end = letter.get(escape + 1..)?.find('\'')?;
        return Some(escape + end + 3);
    }
    let sign = usize::from(text.starts_with(['-', '+']));
    let length = word(text.get(sign..)?).len();
    (length > 0).then_some(sign + length)
}

/// `export module m;`, `import <vector>;`
fn module(line: &str) -> Option<(usize, usize)> {
    let rest = line.strip_prefix("export ").unwrap_or(line);
    let rest = rest
        .strip_prefix("module ")
        .or_else(|| rest.strip_prefix("import "))?;
    let end = rest.find(';')?;
    let name = rest.get(..end)?.trim();
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':'))
    };
    let is_header = |open: char, close: char| {
        name.strip_prefix(open)
            .and_then(|name| name.strip_suffix(close))
            .is_some_and(|name| !name.is_empty() && !name.contains([open, close]))
    };
    let is_module = is_name(name) || is_header('<', '>') || is_header('"', '"');
    is_module.then(|| (0, line.len() - rest.len() + end + 1))
}

#[cfg(test)]
mod tests {
    use domain::language::Language;

    #[test]
    fn what_the_grammar_does_not_know_is_no_mistake() {
        for (language, right, wrong) in [
            (
                Language::C,
                "int f(int x) {\n  switch (x) {\n  case 1 ... 3: return 1;\n  }\n  return 0;\n}\n",
                "int f(int x) {\n  switch (x) {\n  case 1 ... 3: return 1\n  }\n  return 0;\n}\n",
            ),
            (
                Language::C,
                "#define EACH(n, l) for (n = l; n; n = n->next)\nvoid f(struct n *l) {\n  struct n *n;\n  EACH(n, l) use(n);\n}\n",
                "void f(struct n *l) {\n  struct n *n;\n  EACH(n, l) use(n);\n}\n",
            ),
            (
                Language::Cpp,
                "template <class... Ts>\nstruct overloaded : Ts... { using Ts::operator()...; };\n",
                "template <class... Ts>\nstruct overloaded : Ts... { using Ts::operator()...; \n",
            ),
            (
                Language::Cpp,
                "export module m;\nint f() { return 1; }\n",
                "export module m;\nint f() { return 1 }\n",
            ),
            (
                Language::C,
                "#define EACH(n, l) \\\n  for (n = l; n; n = n->next)\nvoid f(struct n *l) {\n  struct n *n;\n  EACH(n, l) { use(n); }\n}\n",
                "#define LOG(x) printf(\"%d\", x)\nint f(int x) {\n  LOG(x) return x;\n}\n",
            ),
            (
                Language::C,
                "int f(char x) {\n  switch (x) {\n  case 'a' ... ':': return 1;\n  case -3 ... LAST : return 2;\n  }\n  return 0;\n}\n",
                "int f(int x) {\n  switch (x) {\n  case 1 ... : return 1;\n  }\n  return 0;\n}\n",
            ),
            (
                Language::C,
                "int f(int x) {\n  switch (x) {\n  case '\\0' ... '\\'': return 1;\n  }\n  return 0;\n}\n",
                "int f(int x) {\n  switch (x) {\n  case 1 ... 3 4: return 1;\n  }\n  return 0;\n}\n",
            ),
            (
                Language::Cpp,
                "import <vector>;\nimport \"x.h\";\nexport import m.part;\nimport :part;\n",
                "import { f } from './x.js';\n",
            ),
            (
                Language::Cpp,
                "module m:part;\nint f() { return 1; }\n",
                "import a b c;\nint f() { return 1; }\n",
            ),
            (
                Language::TypeScript,
                "export default abstract class {}\n",
                "export default abstract class {\n",
            ),
            (
                Language::TypeScript,
                "class A<in out T> { x?: T; }\n",
                "class A<in out T> { x?: ; }\n",
            ),
        ] {
            assert_eq!(crate::errors::find(language, right), [], "{right}");
            assert_ne!(crate::errors::find(language, wrong), [], "{wrong}");
        }
    }
}

//! What C, C++ and TypeScript allow and their grammars do not know, made blank.

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

/// The macros with parameters that C code defines.
fn macros(code: &str) -> Vec<&str> {
    code.lines()
        .filter_map(|line| line.trim_start().strip_prefix("#define "))
        .filter_map(|rest| rest.split_once('(').map(|(name, _)| name.trim_start()))
        .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .collect()
}

/// `EACH(n, list)` before the statement that it is the head of.
fn macro_head(line: &str, macros: &[&str]) -> Option<(usize, usize)> {
    let start = line.len() - line.trim_start().len();
    let head = line.get(start..)?;
    let after = macros
        .iter()
        .find_map(|name| head.strip_prefix(name).filter(|rest| rest.starts_with('(')))?;
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
    let start = line.find(" ... ").filter(|_| line.contains("case "))?;
    let end = start + line.get(start..)?.find(':')?;
    Some((start, end))
}

/// `export module m;`
fn module(line: &str) -> Option<(usize, usize)> {
    let is_module = ["export module ", "module ", "import "]
        .iter()
        .any(|start| line.starts_with(start));
    let end = line.find(';').filter(|_| is_module)?;
    Some((0, end + 1))
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

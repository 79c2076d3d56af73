//! Finds the code in a model's answer.

use domain::Language;
use domain::analysis::CodeAnalyser;

use crate::sandbox::outline::list_functions;

/// A block of code between fences.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    language: Option<Language>,
    code: String,
}

/// Code that a model wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundCode {
    pub(super) code: String,
    pub(super) language: Language,
    /// Whether the answer is nothing but this code, without a fence.
    pub(super) is_bare: bool,
}

/// The code of `markdown` that answers a request for `wanted`; `None` when it holds none.
pub(super) fn find_code(
    markdown: &str,
    wanted: Option<Language>,
    analyser: &dyn CodeAnalyser,
) -> Option<FoundCode> {
    let blocks = list_blocks(markdown);
    if blocks.is_empty() {
        return find_bare(markdown, wanted, analyser);
    }
    let language_of = |block: &Block| {
        let told = block
            .language
            .or_else(|| analyser.detect_language(&block.code));
        told.or(wanted)
    };
    // What is written in another language than the one asked for is an aside, unless it is all there is.
    let in_wanted = |block: &&Block| {
        wanted.is_none_or(|wanted| block.language.is_none_or(|named| named == wanted))
    };
    let mut fitting: Vec<&Block> = blocks.iter().filter(in_wanted).collect();
    if fitting.is_empty() {
        fitting = blocks.iter().collect();
    }
    // An example of a call may come beside the definition: what defines something goes before what does not.
    let defines = |block: &&Block| {
        let language = wanted.or(block.language);
        language.is_some_and(|language| !list_functions(language, &block.code).is_empty())
    };
    let block = fitting
        .iter()
        .copied()
        .find(|block| defines(block))
        .or_else(|| fitting.first().copied())?;
    let language = match wanted {
        Some(wanted) if in_wanted(&block) => wanted,
        Some(_) | None => language_of(block)?,
    };
    Some(FoundCode {
        code: block.code.clone(),
        language,
        is_bare: false,
    })
}

fn list_blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in markdown.lines() {
        if let Some(info) = line.trim_start().strip_prefix("```") {
            if let Some(block) = open.take() {
                blocks.push(block);
            } else {
                let name = info.trim().split([' ', '{', ',', ':']).next();
                open = Some(Block {
                    language: name.and_then(|name| name.parse().ok()),
                    code: String::new(),
                });
            }
        } else if let Some(block) = &mut open {
            block.code.push_str(line);
            block.code.push('\n');
        }
    }
    blocks.extend(open);
    blocks.retain(|block| !block.code.trim().is_empty());
    blocks
}

/// Code without a fence: the whole answer, when it parses and defines something.
fn find_bare(
    markdown: &str,
    wanted: Option<Language>,
    analyser: &dyn CodeAnalyser,
) -> Option<FoundCode> {
    let language = wanted.or_else(|| analyser.detect_language(markdown))?;
    let looks_like_code = match language {
        Language::Python | Language::JavaScript | Language::TypeScript => {
            !list_functions(language, markdown).is_empty()
        }
        Language::Sql => markdown.trim_end().ends_with(';'),
        Language::Cpp | Language::C | Language::Rust | Language::Java | Language::Go => {
            markdown.contains('{') && markdown.trim_end().ends_with('}')
        }
    };
    let parses = looks_like_code && analyser.find_syntax_errors(language, markdown).is_empty();
    parses.then(|| FoundCode {
        code: format!("{}\n", markdown.trim_end()),
        language,
        is_bare: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_with_their_language_and_an_open_one_counts() {
        let text = "Yes:\n```python title=x\nx = 1\n```\nand\n```\n```\n```c++\nint y;\n";
        let blocks = list_blocks(text);
        let read: Vec<_> = blocks
            .iter()
            .map(|block| (block.language, block.code.as_str()))
            .collect();
        assert_eq!(
            read,
            [
                (Some(Language::Python), "x = 1\n"),
                (Some(Language::Cpp), "int y;\n")
            ]
        );
    }
}

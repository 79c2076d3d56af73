//! Which Python programs need libraries of machine code, threads, or a folder for files: found in their text, without running
//! anything.

/// Libraries that only the native tier has, and those for threads and temporary files, which only work there.
const NATIVE: [&str; 10] = [
    "concurrent",
    "matplotlib",
    "numpy",
    "pandas",
    "scipy",
    "seaborn",
    "sklearn",
    "statsmodels",
    "tempfile",
    "threading",
];

/// Whether `code` has a statement that imports one of them. A line inside a string counts too: the wrong tier is then only a
/// slower or a poorer one, never a less safe one.
pub(super) fn needs_native(code: &str) -> bool {
    code.lines()
        .flat_map(|line| line.split(';'))
        .any(|statement| {
            let mut words = statement.trim_start().splitn(2, char::is_whitespace);
            match (words.next(), words.next()) {
                (Some("import"), Some(rest)) => rest.split(',').any(is_native),
                (Some("from"), Some(rest)) => is_native(rest),
                _ => false,
            }
        })
}

fn is_native(module: &str) -> bool {
    let module = module.trim_start();
    let end = module
        .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .unwrap_or(module.len());
    module.get(..end).is_some_and(|name| NATIVE.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_of_machine_code_are_found() {
        for code in [
            "import numpy as np",
            "def f():\n    from pandas import DataFrame",
            "import os, sys, scipy.stats",
            "x = 1; import matplotlib.pyplot as plt",
            "from concurrent.futures import ThreadPoolExecutor",
            "import queue, threading",
        ] {
            assert!(needs_native(code), "{code}");
        }
    }

    #[test]
    fn other_imports_and_mere_mentions_are_not() {
        for code in [
            "import math",
            "import numpydoc",
            "# numpy is not needed\nprint('import of numpy')",
            "from collections import Counter as pandas",
            "",
        ] {
            assert!(!needs_native(code), "{code}");
        }
    }
}

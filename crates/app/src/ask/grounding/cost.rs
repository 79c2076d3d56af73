//! What a sentence says of time and space in the notation of Landau, and whether two such formulas mean the same.

/// A cost that a sentence names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) formula: String,
    /// Space rather than time.
    pub(super) is_space: bool,
}

/// How a cost grows, as far as formulas are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Constant,
    Logarithmic,
    Linear,
    Linearithmic,
    Quadratic,
    Cubic,
    Exponential,
}

/// The costs of a sentence of which it is plain whether time or space is meant; cases other than the worst do not count.
pub(super) fn claims(prose: &str) -> Vec<Claim> {
    let lower = prose.to_lowercase();
    if ["best", "average", "amorti", "expected", "typical"]
        .iter()
        .any(|word| lower.contains(word))
    {
        return Vec::new();
    }
    let speaks_of_space = ["space", "memory"].map(|word| lower.find(word));
    let space = speaks_of_space.into_iter().flatten().min();
    let time = ["time", "runs in"]
        .iter()
        .filter_map(|word| lower.find(word))
        .min();
    let mut found = Vec::new();
    for (at, _) in prose.match_indices("O(") {
        let Some(formula) = formula_at(prose, at) else {
            continue;
        };
        let is_space = match (time, space) {
            (Some(_), None) => false,
            (None, Some(_)) => true,
            (None, None) => continue,
            // Both are named: the nearer name is meant, and only where one formula stands with each.
            (Some(time), Some(space)) => at.abs_diff(space) < at.abs_diff(time),
        };
        found.push(Claim { formula, is_space });
    }
    found
}

/// `O(…)` with its closing bracket.
fn formula_at(prose: &str, at: usize) -> Option<String> {
    let mut depth = 0_u32;
    let tail = prose.get(at..)?;
    for (end, letter) in tail.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return tail.get(..=end).map(str::to_owned);
                }
            }
            '\n' => return None,
            _ => {}
        }
    }
    None
}

/// The order of a formula in one size; `None` for any other.
pub(super) fn order(formula: &str) -> Option<Order> {
    let inner = formula.trim().strip_prefix("O(")?.strip_suffix(')')?;
    let plain: String = inner
        .to_lowercase()
        .replace('²', "^2")
        .replace('³', "^3")
        .replace('ⁿ', "^n")
        .replace("**", "^")
        .replace(['*', '·', '×'], "")
        .split_whitespace()
        .collect();
    match plain.as_str() {
        "1" => Some(Order::Constant),
        "logn" | "log(n)" | "log2n" | "log2(n)" => Some(Order::Logarithmic),
        "n" => Some(Order::Linear),
        "nlogn" | "nlog(n)" | "nlog2n" => Some(Order::Linearithmic),
        "n^2" | "nn" => Some(Order::Quadratic),
        "n^3" | "nnn" => Some(Order::Cubic),
        "2^n" => Some(Order::Exponential),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_order_has_many_spellings() {
        for text in ["O(n^2)", "O(n²)", "O(N * n)", "O(n ** 2)"] {
            assert_eq!(order(text), Some(Order::Quadratic), "{text}");
        }
        assert_eq!(order("O(n log n)"), Some(Order::Linearithmic));
        assert_eq!(order("O(n + m)"), None);
        assert_eq!(order("fast"), None);
    }

    #[test]
    fn it_must_be_plain_what_is_meant() {
        let said = |prose| {
            claims(prose)
                .into_iter()
                .map(|claim| (claim.formula, claim.is_space))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            said("Time complexity: O(n log(n)), with O(1) space."),
            [("O(n log(n))".to_owned(), false), ("O(1)".to_owned(), true)]
        );
        assert!(said("It is O(n).").is_empty());
        assert!(said("On average it takes O(n) time.").is_empty());
        assert!(said("It takes time O(n").is_empty());
    }
}

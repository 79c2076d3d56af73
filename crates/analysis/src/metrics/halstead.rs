//! Operators and operands (Halstead, 1977), and the maintainability index made from them.

use std::collections::HashSet;

/// The operators and operands of one function.
#[derive(Debug, Default)]
pub(super) struct Halstead<'a> {
    operators: HashSet<u16>,
    operands: HashSet<&'a str>,
    count: u32,
}

impl<'a> Halstead<'a> {
    /// Counts an operator of this kind.
    pub(super) fn operator(&mut self, kind: u16) {
        self.operators.insert(kind);
        self.count = self.count.saturating_add(1);
    }

    /// Counts an operand written like this.
    pub(super) fn operand(&mut self, text: &'a str) {
        self.operands.insert(text);
        self.count = self.count.saturating_add(1);
    }

    /// Whether nothing was counted.
    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Length in words times the bits that one of the words in use takes.
    pub(super) fn volume(&self) -> f64 {
        let words = self.operators.len() + self.operands.len();
        f64::from(self.count) * (count(words)).max(1.0).log2()
    }
}

/// A count as a number to reckon with.
fn count(items: usize) -> f64 {
    u32::try_from(items).map_or(f64::from(u32::MAX), f64::from)
}

/// One function, or what is outside of all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    pub(super) volume: f64,
    pub(super) cyclomatic: u32,
    pub(super) lines: u32,
}

/// `171 − 5.2 ln V − 0.23 G − 16.2 ln L` of the means over the units, cut at 0 and stretched to 100 (Oman and Hagemeister,
/// 1992; the scale is Visual Studio's). `None` without units.
pub(super) fn maintainability(units: &[Unit]) -> Option<f32> {
    if units.is_empty() {
        return None;
    }
    let number = count(units.len());
    let mean = |part: fn(&Unit) -> f64| units.iter().map(part).sum::<f64>() / number;
    let volume = mean(|unit| unit.volume).max(1.0);
    let cyclomatic = mean(|unit| f64::from(unit.cyclomatic));
    let lines = mean(|unit| f64::from(unit.lines)).max(1.0);
    let index = 171.0 - 5.2 * volume.ln() - 0.23 * cyclomatic - 16.2 * lines.ln();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number from 0 to 100, rounded to tenths"
    )]
    let rounded = ((index * 100.0 / 171.0).clamp(0.0, 100.0) * 10.0).round() as f32 / 10.0;
    Some(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_volume_is_the_length_times_the_bits_of_a_word() {
        // x = x + 1: the operators = and +, the operands x and 1; five words, four different.
        let mut halstead = Halstead::default();
        halstead.operand("x");
        halstead.operator(1);
        halstead.operand("x");
        halstead.operator(2);
        halstead.operand("1");
        assert!((halstead.volume() - 10.0).abs() < 1e-9);
        assert!(!halstead.is_empty());
    }

    #[test]
    fn the_index_stays_on_its_scale() {
        let unit = |volume, cyclomatic, lines| Unit {
            volume,
            cyclomatic,
            lines,
        };
        assert_eq!(maintainability(&[]), None);
        assert_eq!(maintainability(&[unit(0.0, 0, 0)]), Some(100.0));
        assert_eq!(maintainability(&[unit(1e12, 4000, 90_000)]), Some(0.0));
        // 171 − 5.2·ln 100 − 0.23·3 − 16.2·ln 10 = 109.06, which is 63.8 of 100.
        assert_eq!(maintainability(&[unit(100.0, 3, 10)]), Some(63.8));
    }
}

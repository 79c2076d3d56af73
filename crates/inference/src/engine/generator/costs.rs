//! What a step costs by its rows. The tables were measured on two cores with 1.3 thousand million weights of four bits; on a graphics
//! card rows cost less, and drafts are a little too short.

/// Rows of a step and what they cost, one row being 1. Between two of them the cost grows evenly.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowCosts(&'static [(usize, f64)]);

impl RowCosts {
    /// llama.cpp's own code, which computes rows in groups of four: three cost more than four.
    pub(super) const LLAMA_CPP: Self = Self(&[
        (1, 1.0),
        (2, 1.22),
        (3, 1.51),
        (4, 1.34),
        (6, 2.02),
        (8, 2.33),
        (12, 3.22),
        (16, 3.49),
        (32, 6.51),
        (512, 104.0),
    ]);
    /// With the accelerator, which reads the weights once for all rows.
    pub(super) const ACCELERATED: Self = Self(&[
        (1, 1.0),
        (2, 1.5),
        (3, 1.7),
        (4, 1.75),
        (8, 2.1),
        (12, 2.6),
        (16, 3.0),
        (32, 5.8),
        (512, 84.0),
    ]);

    /// What a step of so many rows costs.
    pub(super) fn of(self, rows: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "rows of a step are few")]
        let as_float = |rows: usize| rows as f64;
        let mut before = (0, 0.0);
        for known in self.0 {
            if rows <= known.0 {
                let part = as_float(rows - before.0) / as_float(known.0 - before.0);
                return before.1 + part * (known.1 - before.1);
            }
            before = *known;
        }
        before.1 * as_float(rows) / as_float(before.0)
    }

    /// Tokens that a draft of three must bring a step to be worth its cost.
    pub(super) fn break_even(self) -> f64 {
        self.of(4) - self.of(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_a_step_is_as_measured_and_even_between() {
        let costs = RowCosts::LLAMA_CPP;
        assert!((costs.of(4) - 1.34).abs() < 1e-9);
        assert!((costs.of(10) - 2.775).abs() < 1e-9);
        assert!(costs.of(600) > costs.of(512));
        assert!((costs.break_even() - 0.34).abs() < 1e-9);
        assert!((RowCosts::ACCELERATED.of(6) - 1.925).abs() < 1e-9);
    }
}

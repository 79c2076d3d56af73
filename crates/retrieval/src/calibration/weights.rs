//! The numbers of search. Written by `--example calibrate -- --write` from `tests/data/dev.jsonl`; not to be edited by hand.

use super::Calibration;

/// Vectors and words.
pub const HYBRID: Calibration = Calibration {
    order: [
        8.938, 9.196, 4.697, 2.172, 1.414, 0.0, 0.0, 0.0, -0.0, 1.0, -0.0, -0.359, -0.168, 1.704,
    ],
    intercept: -6.003,
    weights: [
        4.281, 0.484, 3.298, 0.0, 2.085, 0.0, 0.0, 0.0, 1.232, 0.222, 0.27, -0.013, -1.532, 0.0,
    ],
    lead: 0.226,
    known: 0.8832,
    confirm: 0.1910,
};

/// Words alone.
pub const LEXICAL: Calibration = Calibration {
    order: [
        0.0, 0.0, 2.571, 1.072, 1.337, 4.239, 0.72, 0.0, -0.0, 2.247, -0.0, -0.443, -0.514, 1.348,
    ],
    intercept: -6.783,
    weights: [
        0.0, 0.0, 0.0, 0.731, 2.028, 1.887, 1.95, 0.0, 0.929, 0.986, 0.393, -0.077, -1.389, 0.361,
    ],
    lead: 0.235,
    known: 0.8299,
    confirm: 0.1165,
};

//! Logistic models fitted by L-BFGS (Nocedal 1980). Deterministic; small enough to read.

/// Steps at most; every fit here ends earlier.
const STEPS_MAX: usize = 200;

/// Earlier steps that shape the next one.
const MEMORY: usize = 8;

/// A value and its slope at a point.
type Measured = (f64, Vec<f64>);

/// A sample of a classifier.
pub(crate) struct Sample {
    pub(crate) features: Vec<f64>,
    pub(crate) class: usize,
}

/// The items found for one question, of which some are right.
pub(crate) struct Choice {
    pub(crate) items: Vec<Vec<f64>>,
    pub(crate) right: Vec<bool>,
}

/// Multinomial logistic regression: for each class a weight for every feature, then the intercept, which is not penalised.
pub(crate) fn fit_classes(samples: &[Sample], classes: usize, ridge: f64) -> Vec<Vec<f64>> {
    let width = samples[0].features.len() + 1;
    let measure = |point: &[f64]| -> Measured {
        let mut value = 0.0;
        let mut slope = vec![0.0; point.len()];
        for sample in samples {
            let odds: Vec<f64> = point
                .chunks_exact(width)
                .map(|row| dot(&row[..width - 1], &sample.features) + row[width - 1])
                .collect();
            let shares = softmax(&odds);
            value -= shares[sample.class].max(1e-300).ln();
            for (class, row) in slope.chunks_exact_mut(width).enumerate() {
                let error = shares[class] - f64::from(u8::from(class == sample.class));
                add_scaled(&mut row[..width - 1], error, &sample.features);
                row[width - 1] += error;
            }
        }
        for (at, weight) in point.iter().enumerate() {
            if at % width < width - 1 {
                value += 0.5 * ridge * weight * weight;
                slope[at] += ridge * weight;
            }
        }
        (value, slope)
    };
    let point = descend(vec![0.0; classes * width], measure);
    point.chunks_exact(width).map(<[f64]>::to_vec).collect()
}

/// Weights of a conditional logistic model: the right items of each question are to be chosen among all.
pub(crate) fn fit_order(choices: &[Choice], ridge: f64) -> Vec<f64> {
    let width = choices[0].items[0].len();
    let measure = |point: &[f64]| -> Measured {
        let mut value = 0.5 * ridge * dot(point, point);
        let mut slope: Vec<f64> = point.iter().map(|weight| ridge * weight).collect();
        for choice in choices {
            let odds: Vec<f64> = choice.items.iter().map(|item| dot(point, item)).collect();
            let shares = softmax(&odds);
            let right: f64 = shares
                .iter()
                .zip(&choice.right)
                .map(|(share, right)| if *right { *share } else { 0.0 })
                .sum::<f64>()
                .max(1e-300);
            value -= right.ln();
            for ((item, share), is_right) in choice.items.iter().zip(&shares).zip(&choice.right) {
                let wanted = if *is_right { share / right } else { 0.0 };
                add_scaled(&mut slope, share - wanted, item);
            }
        }
        (value, slope)
    };
    descend(vec![0.0; width], measure)
}

/// Finds the lowest point by L-BFGS with backtracking.
fn descend(mut point: Vec<f64>, measure: impl Fn(&[f64]) -> Measured) -> Vec<f64> {
    let mut steps: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    let (mut value, mut slope) = measure(&point);
    for _ in 0..STEPS_MAX {
        let direction = choose_direction(&slope, &steps);
        let descent = dot(&direction, &slope);
        let mut length = 1.0;
        let (next, next_value, next_slope) = loop {
            let mut next = point.clone();
            add_scaled(&mut next, length, &direction);
            let (next_value, next_slope) = measure(&next);
            if next_value <= value + 1e-4 * length * descent || length < 1e-9 {
                break (next, next_value, next_slope);
            }
            length *= 0.5;
        };
        let gained = value - next_value;
        let moved = subtract(&next, &point);
        let turned = subtract(&next_slope, &slope);
        if dot(&moved, &turned) > 1e-12 {
            steps.push((moved, turned));
            if steps.len() > MEMORY {
                steps.remove(0);
            }
        }
        (point, value, slope) = (next, next_value, next_slope);
        if gained < 1e-7 * value.abs().max(1.0) {
            break;
        }
    }
    point
}

/// The two-loop recursion.
fn choose_direction(slope: &[f64], steps: &[(Vec<f64>, Vec<f64>)]) -> Vec<f64> {
    let mut direction: Vec<f64> = slope.iter().map(|x| -x).collect();
    let mut shares = Vec::new();
    for (moved, turned) in steps.iter().rev() {
        let share = dot(moved, &direction) / dot(moved, turned);
        add_scaled(&mut direction, -share, turned);
        shares.push(share);
    }
    let scale = match steps.last() {
        Some((moved, turned)) => dot(moved, turned) / dot(turned, turned),
        None => 1.0 / dot(slope, slope).sqrt().max(1.0),
    };
    for x in &mut direction {
        *x *= scale;
    }
    for ((moved, turned), share) in steps.iter().zip(shares.iter().rev()) {
        let back = dot(turned, &direction) / dot(moved, turned);
        add_scaled(&mut direction, share - back, moved);
    }
    direction
}

pub(crate) fn softmax(odds: &[f64]) -> Vec<f64> {
    let highest = odds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = odds.iter().map(|odd| (odd - highest).exp()).collect();
    let whole: f64 = powers.iter().sum();
    powers.iter().map(|power| power / whole).collect()
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.iter().zip(b) {
        sum += a * b;
    }
    sum
}

fn add_scaled(to: &mut [f64], scale: f64, from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += scale * from;
    }
}

fn subtract(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

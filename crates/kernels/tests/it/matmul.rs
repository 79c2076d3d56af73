//! Products of every format against sums of `f64`.

use kernels::{Format, Product, ROWS, Weights, Workspace};

use crate::Threads;
use crate::reference::{Random, arrange, row, weights};

struct Matrix {
    format: Format,
    depth: usize,
    rows: Vec<Vec<u8>>,
    bytes: Vec<u8>,
}

impl Matrix {
    fn new(format: Format, rows: usize, depth: usize, random: &mut Random) -> Self {
        let rows: Vec<_> = (0..rows).map(|_| row(format, depth, random)).collect();
        Self {
            format,
            depth,
            bytes: arrange(format, &rows),
            rows,
        }
    }

    fn weights(&self) -> Weights<'_> {
        Weights::new(self.format, self.rows.len(), self.depth, &self.bytes).unwrap()
    }

    /// The products with a column, and for each how large its parts are together.
    fn multiply(&self, column: &[f32]) -> Vec<(f64, f64)> {
        let products = self.rows.iter().map(|row| {
            let row = row
                .chunks_exact(self.format.group_bytes())
                .flat_map(|group| weights(self.format, group));
            let parts = row.zip(column).map(|(weight, x)| weight * f64::from(*x));
            parts.fold((0.0, 0.0), |(sum, size), part| {
                (sum + part, size + part.abs())
            })
        });
        products.collect()
    }
}

/// Whole numbers of at most 127, and 127 in each block, times a power of two: rounding to 8 bits changes nothing.
fn exact_column(depth: usize, random: &mut Random) -> Vec<f32> {
    let mut scale = 1.0;
    (0..depth)
        .map(|place| {
            if place % 32 == 0 {
                scale = [0.25, 1.0, 8.0][usize::try_from(random.next() % 3).unwrap()];
                return scale * 127.0;
            }
            scale * f32::from(i16::try_from(random.next() % 255).unwrap() - 127)
        })
        .collect()
}

fn multiply(matrices: &[Matrix], columns: &[Vec<f32>], threads: usize) -> Vec<Vec<f32>> {
    let mut outputs: Vec<Vec<f32>> = matrices
        .iter()
        .map(|matrix| vec![f32::NAN; matrix.rows.len() * columns.len()])
        .collect();
    let mut products: Vec<Product<'_>> = matrices
        .iter()
        .zip(&mut outputs)
        .map(|(matrix, output)| Product {
            weights: matrix.weights(),
            output,
        })
        .collect();
    Workspace::default().multiply(&Threads(threads), &columns.concat(), &mut products);
    outputs
}

#[test]
fn products_of_every_format_are_those_of_its_definition() {
    let mut random = Random(1);
    for format in Format::ALL {
        for (rows, depth) in [(16, 256), (48, 1280)] {
            let matrix = Matrix::new(format, rows, depth, &mut random);
            for width in [1, 2, 3, 4, 5, 6, 7, 8, 9, 21] {
                let columns: Vec<_> = (0..width)
                    .map(|_| exact_column(depth, &mut random))
                    .collect();
                let outputs = multiply(std::slice::from_ref(&matrix), &columns, 2);
                for (column, output) in columns.iter().zip(outputs[0].chunks_exact(rows)) {
                    for ((expected, size), got) in matrix.multiply(column).iter().zip(output) {
                        let error = (expected - f64::from(*got)).abs();
                        assert!(error <= 1e-5 * size, "{format:?}: {got}, not {expected}");
                    }
                }
            }
        }
    }
}

#[test]
fn depths_of_odd_blocks_are_whole() {
    let mut random = Random(2);
    for format in [Format::Q4_0x8, Format::Q5_0, Format::Q8_0] {
        for depth in [32, 96, 544, 1056] {
            let matrix = Matrix::new(format, 16, depth, &mut random);
            let columns = [exact_column(depth, &mut random)];
            let outputs = multiply(std::slice::from_ref(&matrix), &columns, 1);
            for ((expected, size), got) in matrix.multiply(&columns[0]).iter().zip(&outputs[0]) {
                assert!((expected - f64::from(*got)).abs() <= 1e-5 * size, "{depth}");
            }
        }
    }
}

#[test]
fn rounding_activations_costs_less_than_a_hundredth() {
    let mut random = Random(3);
    let matrix = Matrix::new(Format::Q8_0, 64, 2048, &mut random);
    let column: Vec<f32> = (0..2048)
        .map(|_| {
            // A sum of twelve uniform numbers is nearly normal.
            let sum: f32 = (0..12)
                .map(|_| f32::from(u16::try_from(random.next() % 1024).unwrap()) / 1024.0)
                .sum();
            sum - 6.0
        })
        .collect();
    let outputs = multiply(
        std::slice::from_ref(&matrix),
        std::slice::from_ref(&column),
        1,
    );
    let mut error = 0.0;
    let mut size = 0.0;
    for ((expected, _), got) in matrix.multiply(&column).iter().zip(&outputs[0]) {
        error += (expected - f64::from(*got)).powi(2);
        size += expected.powi(2);
    }
    let relative = (error / size).sqrt();
    assert!(relative < 0.01, "{relative}");
    // If the activations were not rounded at all, this test would prove nothing.
    assert!(relative > 1e-5, "{relative}");
}

#[test]
fn weights_with_the_same_input_share_its_rounding_and_any_number_of_threads_give_the_same() {
    let mut random = Random(4);
    let matrices: Vec<Matrix> = [(Format::Q4Kx8, 160), (Format::Q6K, 16), (Format::Q5_0, 96)]
        .into_iter()
        .map(|(format, rows)| Matrix::new(format, rows, 512, &mut random))
        .collect();
    let columns: Vec<_> = (0..11).map(|_| exact_column(512, &mut random)).collect();
    let alone: Vec<_> = matrices
        .iter()
        .flat_map(|matrix| multiply(std::slice::from_ref(matrix), &columns, 1))
        .collect();
    for threads in [1, 2, 5] {
        assert_eq!(multiply(&matrices, &columns, threads), alone);
    }
}

#[test]
fn a_column_does_not_depend_on_its_neighbours() {
    let mut random = Random(5);
    let matrix = [Matrix::new(Format::Q4Kx8, 32, 768, &mut random)];
    let columns: Vec<_> = (0..20).map(|_| exact_column(768, &mut random)).collect();
    let together = multiply(&matrix, &columns, 2);
    for (column, together) in columns.iter().zip(together[0].chunks_exact(32)) {
        assert_eq!(
            multiply(&matrix, std::slice::from_ref(column), 1)[0],
            together
        );
    }
}

#[test]
fn numbers_at_the_edges_come_out_as_such() {
    let mut random = Random(6);
    let matrix = [Matrix::new(Format::Q8_0, 16, 64, &mut random)];
    let column = |number: f32| {
        let mut column = vec![0.0; 64];
        column[33] = number;
        multiply(&matrix, &[column], 1).remove(0)
    };
    assert_eq!(column(0.0), [0.0; 16]);
    assert_eq!(column(f32::from_bits(1)), [0.0; 16], "the smallest of all");
    assert!(column(f32::MAX / 1e9).iter().all(|sum| sum.is_finite()));
    for number in [f32::INFINITY, f32::NEG_INFINITY] {
        assert!(
            column(number).iter().all(|sum| !sum.is_finite()),
            "{number}"
        );
    }
    assert!(column(f32::NAN).iter().all(|sum| sum.is_nan()));
}

#[test]
fn other_shapes_are_refused() {
    let matrix = Matrix::new(Format::Q4Kx8, ROWS, 256, &mut Random(7));
    let bytes = &matrix.bytes;
    assert!(Weights::new(Format::Q4Kx8, ROWS, 256, bytes).is_some());
    for (format, rows, depth, bytes) in [
        (Format::Q4Kx8, ROWS, 256, &bytes[1..]),
        (Format::Q4Kx8, ROWS / 2, 512, bytes),
        (Format::Q4Kx8, ROWS, 288, bytes),
        (Format::Q4Kx8, usize::MAX - 15, 256, bytes),
        (Format::Q6K, ROWS, 256, bytes),
        (Format::Q4Kx8, ROWS, 0, &[]),
    ] {
        assert!(Weights::new(format, rows, depth, bytes).is_none());
    }
}

//! Numbers that are the same on every machine: a generator, and halves.

/// `SplitMix64` (Steele et al. 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Nearly normal with mean 0 and variance 1: the sum of four uniform numbers, so that no library function that rounds
    /// differently elsewhere has a part in it.
    pub(crate) fn normal(&mut self) -> f32 {
        let bits = self.bits();
        let sum: f32 = (0..4)
            .map(|part| f32::from(u16::try_from(bits >> (16 * part) & 0xffff).unwrap_or(0)))
            .sum();
        // Four uniform numbers of 0 to 65535 have the mean 131070 and the deviation 65536 / sqrt(3).
        (sum - 131_070.0) * (1.732_050_8 / 65_536.0)
    }
}

/// The nearest half (IEEE 754 binary16), ties to even. Too large becomes infinite.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the fields are masked to the width of a half"
)]
pub(crate) fn half(number: f32) -> [u8; 2] {
    let bits = number.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let magnitude = bits & 0x7fff_ffff;
    let rounded = if magnitude >= 0x4780_0000 {
        // 65536 and more, infinite, or no number.
        if magnitude > 0x7f80_0000 {
            0x7e00
        } else {
            0x7c00
        }
    } else if magnitude >= 0x3880_0000 {
        // A normal half: the exponent is moved by 112, the last 13 bits are rounded away.
        let moved = magnitude - 0x3800_0000;
        ((moved + 0x0fff + ((moved >> 13) & 1)) >> 13) as u16
    } else {
        // A subnormal half is a multiple of 2^-24; the sum leaves just that multiple in the last bits.
        let sum = f32::from_bits(magnitude) + 0.5;
        (sum.to_bits() - 0.5_f32.to_bits()) as u16
    };
    (sign | rounded).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_the_nearest() {
        for (number, expected) in [
            (0.0, 0x0000),
            (-0.0, 0x8000),
            (1.0, 0x3c00),
            (-2.0, 0xc000),
            (65_504.0, 0x7bff),
            (65_520.0, 0x7c00),
            (1e9, 0x7c00),
            (0.1, 0x2e66),
            (5.960_464_5e-8, 0x0001),
            (2.0e-8, 0x0000),
            (6.097_555e-5, 0x03ff),
            (6.103_515_6e-5, 0x0400),
            (1.000_488_3, 0x3c00),
            (1.001_464_8, 0x3c02),
        ] {
            assert_eq!(u16::from_le_bytes(half(number)), expected, "{number}");
        }
        assert_eq!(u16::from_le_bytes(half(f32::NAN)), 0x7e00);
    }

    #[test]
    fn normal_numbers_have_mean_0_and_variance_1() {
        let mut random = Random::new(1);
        let numbers: Vec<f64> = (0..100_000).map(|_| f64::from(random.normal())).collect();
        let mean = numbers.iter().sum::<f64>() / 1e5;
        let variance = numbers.iter().map(|number| number * number).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((variance - 1.0).abs() < 0.02, "{variance}");
    }
}

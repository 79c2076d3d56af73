//! What the formats mean, number by number, and how llama.cpp interleaves rows. Written from their definitions, without vectors.

use kernels::Format;

/// Random numbers (Steele et al. 2014, `SplitMix64`).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// Between 2⁻⁷ and 2⁻⁴ as 16 bits, of either sign.
    pub(crate) fn half(&mut self) -> [u8; 2] {
        let exponent = 8 + self.next() % 3;
        let bits = ((self.next() % 2) << 15) | (exponent << 10) | (self.next() % 1024);
        u16::try_from(bits).unwrap().to_le_bytes()
    }
}

/// The value of 16 bits, of a normal number.
pub(crate) fn value(half: &[u8]) -> f64 {
    let bits = u16::from_le_bytes([half[0], half[1]]);
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 31) - 15;
    sign * (1.0 + f64::from(bits & 1023) / 1024.0) * 2.0_f64.powi(exponent)
}

/// Random groups of a row, as in a file.
pub(crate) fn row(format: Format, depth: usize, random: &mut Random) -> Vec<u8> {
    let groups = depth / format.group();
    let mut bytes: Vec<u8> = (0..groups * format.group_bytes())
        .map(|_| random.byte())
        .collect();
    for group in bytes.chunks_exact_mut(format.group_bytes()) {
        let places: &[usize] = match format {
            Format::Q4_0x8 | Format::Q5_0 | Format::Q8_0 => &[0],
            Format::Q4Kx8 | Format::Q5K => &[0, 2],
            Format::Q6K => &[208],
        };
        for place in places {
            group[*place..place + 2].copy_from_slice(&random.half());
        }
    }
    bytes
}

/// The weights of a group of one row, as in a file.
pub(crate) fn weights(format: Format, group: &[u8]) -> Vec<f64> {
    let nibble = |place: usize, is_high: bool| group[place] >> (4 * u8::from(is_high)) & 15;
    match format {
        Format::Q4_0x8 => (0..32)
            .map(|i| value(group) * (f64::from(nibble(2 + i % 16, i >= 16)) - 8.0))
            .collect(),
        Format::Q5_0 => (0..32)
            .map(|i| {
                let fifth = group[2 + i / 8] >> (i % 8) & 1;
                let number = nibble(6 + i % 16, i >= 16) | fifth << 4;
                value(group) * (f64::from(number) - 16.0)
            })
            .collect(),
        Format::Q8_0 => (0..32)
            .map(|i| value(group) * f64::from(group[2 + i].cast_signed()))
            .collect(),
        Format::Q4Kx8 | Format::Q5K => (0..256)
            .map(|i| {
                let (scale, minimum) = k_scale(&group[4..16], i / 32);
                let is_high = i / 32 % 2 == 1;
                let number = if format == Format::Q5K {
                    let fifth = group[16 + i % 32] >> (i / 32) & 1;
                    nibble(48 + i / 64 * 32 + i % 32, is_high) | fifth << 4
                } else {
                    nibble(16 + i / 64 * 32 + i % 32, is_high)
                };
                value(group) * scale * f64::from(number) - value(&group[2..]) * minimum
            })
            .collect(),
        Format::Q6K => (0..256)
            .map(|i| {
                let (half, within) = (i / 128, i % 128);
                let low = nibble(half * 64 + within % 64, within >= 64);
                let upper = group[128 + half * 32 + within % 32] >> (2 * (within / 32)) & 3;
                let scale = f64::from(group[192 + i / 16].cast_signed());
                value(&group[208..]) * scale * (f64::from(low | upper << 4) - 32.0)
            })
            .collect(),
    }
}

/// Scale and minimum number `place` of eight.
fn k_scale(packed: &[u8], place: usize) -> (f64, f64) {
    let (scale, minimum) = if place < 4 {
        (packed[place] & 63, packed[place + 4] & 63)
    } else {
        let both = packed[place + 4];
        (
            both & 15 | packed[place - 4] >> 6 << 4,
            both >> 4 | packed[place] >> 6 << 4,
        )
    };
    (f64::from(scale), f64::from(minimum))
}

/// Rows as they are multiplied: as in a file, or eight interleaved.
pub(crate) fn arrange(format: Format, rows: &[Vec<u8>]) -> Vec<u8> {
    match format {
        Format::Q5_0 | Format::Q5K | Format::Q6K | Format::Q8_0 => rows.concat(),
        Format::Q4_0x8 => interleave(rows, 18, |eight, to| {
            for group in eight {
                to.extend(&group[..2]);
            }
            interleave_quants(eight, 2, 0x88, to);
        }),
        Format::Q4Kx8 => interleave(rows, 144, |eight, to| {
            for start in [0, 2] {
                for group in eight {
                    to.extend(&group[start..start + 2]);
                }
            }
            for place in 0..8 {
                to.extend(pack_scales(eight, place));
            }
            interleave_quants(eight, 16, 0, to);
        }),
    }
}

fn interleave(
    rows: &[Vec<u8>],
    group_bytes: usize,
    join: impl Fn(&[&[u8]], &mut Vec<u8>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    for eight in rows.chunks_exact(8) {
        for group in 0..eight[0].len() / group_bytes {
            let groups: Vec<&[u8]> = eight
                .iter()
                .map(|row| &row[group * group_bytes..][..group_bytes])
                .collect();
            join(&groups, &mut bytes);
        }
    }
    bytes
}

/// Eight bytes of each row in turn.
fn interleave_quants(eight: &[&[u8]], start: usize, changed: u8, to: &mut Vec<u8>) {
    for place in (start..eight[0].len()).step_by(8) {
        for group in eight {
            to.extend(group[place..place + 8].iter().map(|byte| byte ^ changed));
        }
    }
}

/// The scales and minima `place` of eight rows, in the twelve bytes that one row has for its own eight.
fn pack_scales(eight: &[&[u8]], place: usize) -> [u8; 12] {
    let mut packed = [0; 12];
    for (row, group) in eight.iter().enumerate() {
        let (scale, minimum) = k_scale(&group[4..16], place);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "they have six bits"
        )]
        let (scale, minimum) = (scale as u8, minimum as u8);
        if row < 4 {
            packed[row] |= scale;
            packed[row + 4] |= minimum;
        } else {
            packed[row - 4] |= scale >> 4 << 6;
            packed[row] |= minimum >> 4 << 6;
            packed[row + 4] = scale & 15 | (minimum & 15) << 4;
        }
    }
    packed
}

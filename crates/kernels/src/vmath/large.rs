//! Reduction of large arguments by multiples of pi / 2 (M. Payne, R. Hanek: Radian reduction for
//! trigonometric functions, 1983): only those bits of 2/pi are multiplied that matter.

/// The first bits of 2/pi.
const BITS: [u64; 20] = [
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c,
    0xfe1d_eb1c_b129_a73e,
    0xe882_35f5_2ebb_4484,
    0xe99c_7026_b45f_7e41,
    0x3991_d639_8353_39f4,
    0x9c84_5f8b_bdf9_283b,
    0x1ff8_97ff_de05_980f,
    0xef2f_118b_5a0a_6d1f,
    0x6d36_7ecf_27cb_09b7,
    0x4f46_3f66_9e5f_ea2d,
    0x7527_bac7_ebe5_f17b,
    0x3d07_39f7_8a52_92ea,
    0x6bfb_5fb1_1f8d_5d08,
    0x5603_3046_fc7b_6bab,
    0xf0cf_bc20_9af4_361d,
];
/// `pi / 2` in two numbers.
const QUARTER: [f64; 2] = [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17];

/// 64 bits of 2/pi from a bit on.
fn word(from: usize) -> u64 {
    let (at, shift) = (from / 64, from % 64);
    let high = BITS[at] << shift;
    if shift == 0 { high } else { high | BITS[at + 1] >> (64 - shift) }
}

/// The number `w[3] 2^192 + .. + w[0]`, moved left.
fn left(words: [u64; 4], by: u32) -> [u64; 4] {
    let (whole, part) = ((by / 64) as usize, by % 64);
    std::array::from_fn(|index| {
        let at = |back: usize| index.checked_sub(back).map_or(0, |place| words[place]);
        let low = if part == 0 { 0 } else { at(whole + 1) >> (64 - part) };
        (at(whole) << part) | low
    })
}

fn negate(words: [u64; 4]) -> [u64; 4] {
    let mut carry = true;
    words.map(|word| {
        let (value, over) = (!word).overflowing_add(u64::from(carry));
        carry = over;
        value
    })
}

/// The quadrant, and the rest `high + low` within a quarter of pi, of a finite number whose
/// magnitude is at least 2^20.
pub(super) fn reduce(x: f64) -> (u64, f64, f64) {
    let bits = x.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32 - 1075;
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    // Bits of 2/pi whose product with the mantissa is a multiple of 4 are left out.
    let skipped = (exponent - 2).max(0);
    let mut product = [0u64; 4];
    let mut carry = 0u128;
    for (place, entry) in product.iter_mut().enumerate().take(3) {
        carry += u128::from(mantissa) * u128::from(word(skipped as usize + 64 * (2 - place)));
        *entry = carry as u64;
        carry >>= 64;
    }
    product[3] = carry as u64;
    // The product has `192 - (exponent - skipped)` bits after the point; two before it matter.
    let points = 192 - (exponent - skipped);
    let top = left(product, (254 - points) as u32);
    let mut quadrant = top[3] >> 62;
    let mut fraction = left(top, 2);
    let over = fraction[3] >> 63 != 0;
    if over {
        quadrant += 1;
        fraction = negate(fraction);
    }
    let (high, low) = quarter(fraction);
    let negative = bits >> 63 != 0;
    let sign = if over == negative { 1.0 } else { -1.0 };
    (if negative { quadrant.wrapping_neg() } else { quadrant }, sign * high, sign * low)
}

/// `pi / 2` times a fraction of 256 bits, in two numbers.
fn quarter(fraction: [u64; 4]) -> (f64, f64) {
    let zeros = if fraction[3] != 0 {
        fraction[3].leading_zeros()
    } else {
        64 + fraction[2].leading_zeros().min(63)
    };
    let lead = left(fraction, zeros);
    let unit = f64::from_bits(u64::from(1023 - zeros) << 52);
    let first = (lead[3] >> 11) as f64 * (unit / (1u64 << 53) as f64);
    let rest = (lead[3] << 53) >> 11 | lead[2] >> 22;
    let second = rest as f64 * (unit / (1u64 << 53) as f64 / (1u64 << 53) as f64);
    let high = first * QUARTER[0];
    let lost = first.mul_add(QUARTER[0], -high);
    let low = lost + (first * QUARTER[1] + second * QUARTER[0]);
    let sum = high + low;
    (sum, (high - sum) + low)
}

//! Random numbers as a function of a counter: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel
//! Random Numbers: As Easy as 1, 2, 3; 2011). There is no state, so the order of draws is no matter.

use crate::elementary;

const ROUNDS: usize = 10;
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
/// The golden ratio and `sqrt 3 - 1`: what the keys grow by.
const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// A stream of random numbers, indexed by a counter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Random {
    seed: u64,
    stream: u64,
}

fn words(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

/// `(high, low)` words of the product.
fn multiply(a: u32, b: u32) -> (u32, u32) {
    let [low, high] = words(u64::from(a) * u64::from(b));
    (high, low)
}

/// The leading 53 bits.
fn bits(low: u32, high: u32) -> f64 {
    ((u64::from(high) << 32 | u64::from(low)) >> 11) as f64
}

const STEP: f64 = 1.0 / (1u64 << 53) as f64;

impl Random {
    /// The stream of this number under this seed.
    pub fn new(seed: u64, stream: u64) -> Random {
        Random { seed, stream }
    }

    /// 128 random bits. The key is (seed low, seed high); the counter words are (counter low,
    /// counter high, stream low, stream high), each word of 32 bits.
    pub fn block(&self, counter: u64) -> [u32; 4] {
        let mut key = words(self.seed);
        let ([a, b], [c, d]) = (words(counter), words(self.stream));
        let mut state = [a, b, c, d];
        for _ in 0..ROUNDS {
            let (high_0, low_0) = multiply(MULTIPLIERS[0], state[0]);
            let (high_1, low_1) = multiply(MULTIPLIERS[1], state[2]);
            state = [high_1 ^ state[1] ^ key[0], low_1, high_0 ^ state[3] ^ key[1], low_0];
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        state
    }

    /// Uniform in `[0, 1)`, a multiple of `2^-53`. One counter is one draw: at the same counter
    /// [`Random::normal`] uses the same bits.
    pub fn uniform(&self, counter: u64) -> f64 {
        let [low, high, ..] = self.block(counter);
        bits(low, high) * STEP
    }

    /// Standard normal: `sqrt(-2 ln u) cos(2 pi v)` (Box and Muller 1958) with `u` in `(0, 1]`.
    pub fn normal(&self, counter: u64) -> f64 {
        let [a, b, c, d] = self.block(counter);
        let (u, v) = ((bits(a, b) + 1.0) * STEP, bits(c, d) * STEP);
        (-2.0 * elementary::ln(u)).sqrt() * elementary::cos(std::f64::consts::TAU * v)
    }
}

/// The stream of a name: FNV-1a of 64 bits. Philox itself scatters similar streams.
pub fn stream_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

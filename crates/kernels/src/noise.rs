//! Random arrays as a function of a counter: Philox4x32-10 (J. K. Salmon, M. A. Moraes, R. O. Dror,
//! D. E. Shaw: Parallel Random Numbers: As Easy as 1, 2, 3; 2011).
//!
//! The key is the seed: its low word, then its high word. The counter's words are the coordinate,
//! the row of the batch, the step (its low 32 bits) and the stream, in this order. A draw therefore
//! depends on nothing but these.
//!
//! - Bernoulli(p): the coordinate is `e / 4`; word `e % 4` of the block belongs to entry `e`, which
//!   is 1 where the word is below `p 2^32`, an exact comparison: p = 1 gives ones only.
//! - Uniform(low, high): the coordinate is `e`. `u` is the leading 53 bits of the number whose low
//!   word is word 0 and whose high word is word 1, times `2^-53`; the draw is
//!   `low + (high - low) u`.
//! - Normal(mean, sd): the coordinate is `e`; with `u` as above plus `2^-53`, and `v` the same of
//!   words 2 and 3 without it, the draw is `mean + sd sqrt(-2 ln u) cos(2 pi v)` (G. E. P. Box, M.
//!   E. Muller, A Note on the Generation of Random Normal Deviates, 1958).
//!
//! Draws are computed in f64 and rounded once.

#[cfg(target_arch = "x86_64")]
mod wide;

use crate::element::Element;
use crate::isa::{Level, Task};
use crate::kernel::{Env, Kernel, Needs, Scratch, part};
use crate::program::{Law, Noise};
use crate::vmath::Elementary;

const ROUNDS: usize = 10;
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
/// The golden ratio and `sqrt 3 - 1`: what the keys grow by.
const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];
/// Rows that are drawn together.
const ROWS: usize = 64;

/// The four words of a counter under a key.
#[inline(always)]
pub(crate) fn philox(mut key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    let [mut a, mut b, mut c, mut d] = counter;
    for _ in 0..ROUNDS {
        let first = u64::from(MULTIPLIERS[0]) * u64::from(a);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(c);
        a = (second >> 32) as u32 ^ b ^ key[0];
        c = (first >> 32) as u32 ^ d ^ key[1];
        b = second as u32;
        d = first as u32;
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    [a, b, c, d]
}

/// The leading 53 bits of two words, times `2^-53`.
#[inline(always)]
fn fraction(low: u32, high: u32) -> f64 {
    const STEP: f64 = 1.0 / (1u64 << 53) as f64;
    ((u64::from(high) << 32 | u64::from(low)) >> 11) as i64 as f64 * STEP
}

/// The last word that is below `p 2^32`.
#[inline(always)]
fn last(p: f64) -> Option<u32> {
    let limit = (p * 4_294_967_296.0).ceil() as u64;
    limit.checked_sub(1).map(|last| last.min(u64::from(u32::MAX)) as u32)
}

/// A noise, ready to run.
pub(crate) struct Noises {
    source: Noise,
}

/// The draws of one coordinate for some rows.
struct Draw<'a, T> {
    law: Law,
    key: [u32; 2],
    coordinate: u32,
    first_row: u32,
    step: u32,
    stream: u32,
    /// One row of the array for each word of the block that is used.
    out: [&'a mut [T]; 4],
}

impl<T: Element> Task for Draw<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(mut self) {
        #[cfg(target_arch = "x86_64")]
        if let Law::Bernoulli(p) = self.law
            && L::WIDE
            && let Some(last) = last(p)
        {
            let counter = [self.coordinate, self.first_row, self.step, self.stream];
            let out = self.out.each_mut().map(|out| (T::singles(out.as_mut_ptr()), out.len()));
            if let [(Some(a), al), (Some(b), bl), (Some(c), cl), (Some(d), dl)] = out {
                // SAFETY: each place has room for so many numbers, and the level is the machine's.
                unsafe {
                    wide::ones(self.key, counter, last, [(a, al), (b, bl), (c, cl), (d, dl)])
                };
                return;
            }
        }
        let len = self.out[0].len();
        let mut words = [[0u32; ROWS]; 4];
        let [a, b, c, d] = &mut words;
        for row in 0..ROWS {
            let counter =
                [self.coordinate, self.first_row.wrapping_add(row as u32), self.step, self.stream];
            [a[row], b[row], c[row], d[row]] = philox(self.key, counter);
        }
        match self.law {
            Law::Bernoulli(p) => {
                for (out, words) in self.out.into_iter().zip(&words) {
                    match last(p) {
                        None => out.fill(T::ZERO),
                        Some(last) => {
                            for (out, &word) in out.iter_mut().zip(words) {
                                *out = if word <= last { T::ONE } else { T::ZERO };
                            }
                        }
                    }
                }
            }
            Law::Uniform(low, high) => {
                let [out, ..] = self.out;
                for (row, out) in out.iter_mut().enumerate().take(len) {
                    *out = T::of(low + (high - low) * fraction(words[0][row], words[1][row]));
                }
            }
            Law::Normal(mean, sd) => {
                let [out, ..] = self.out;
                for (row, out) in out.iter_mut().enumerate().take(len) {
                    let u = fraction(words[0][row], words[1][row]) + 1.0 / (1u64 << 53) as f64;
                    let v = fraction(words[2][row], words[3][row]);
                    let radius = (-2.0 * Elementary::log::<L>(u)).sqrt();
                    let angle = Elementary::cos::<L>(std::f64::consts::TAU * v);
                    *out = T::of(mean + sd * radius * angle);
                }
            }
        }
    }
}

impl Noises {
    pub(crate) fn new(source: &Noise) -> Noises {
        Noises { source: source.clone() }
    }

    /// Entries that one block of random bits serves.
    fn served(&self) -> usize {
        if matches!(self.source.law, Law::Bernoulli(_)) { 4 } else { 1 }
    }

    fn blocks(&self) -> usize {
        self.source.width.div_ceil(self.served())
    }
}

impl<T: Element> Kernel<T> for Noises {
    fn shards(&self, _: usize) -> usize {
        self.blocks().min(64)
    }

    fn work(&self) -> f64 {
        let each = if self.served() == 4 { 20.0 } else { 120.0 };
        (self.source.width * self.source.rows) as f64 * each
    }

    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn run(&self, _: usize, shard: usize, env: &Env<'_, T>, _: &mut Scratch<T>) {
        let Noise { law, stream, width, rows, out } = self.source;
        let served = self.served();
        for block in part(self.blocks(), Kernel::<T>::shards(self, 0), shard) {
            for first in (0..rows).step_by(ROWS) {
                let len = ROWS.min(rows - first);
                let line = |word: usize| {
                    let entry = block * served + word;
                    let used = word < served && entry < width;
                    let place = if used { out + entry * rows + first } else { out };
                    // SAFETY: every entry of the array has one block and one word.
                    unsafe { env.arena.write(place as isize, if used { len } else { 0 }) }
                };
                env.isa.run(Draw {
                    law,
                    key: [env.seed as u32, (env.seed >> 32) as u32],
                    coordinate: block as u32,
                    first_row: first as u32,
                    step: env.step as u32,
                    stream,
                    out: [line(0), line(1), line(2), line(3)],
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers of the authors' own library (Random123, `kat_vectors`).
    #[test]
    fn known_answers() {
        let cases = [
            ([0; 2], [0; 4], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 2], [u32::MAX; 4], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0xa409_3822, 0x299f_31d0],
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (key, counter, answer) in cases {
            assert_eq!(philox(key, counter), answer);
        }
    }
}

//! Reading and writing the entries of a tile, wherever they are.

use crate::arena::View;
use crate::element::Element;
use crate::pointwise::Value;
use crate::program::Label;
use crate::space::Site;

/// A tile as the accesses see it: places of the forms at its first entry, strides of its rows and
/// of the entries of a row, and its size.
#[derive(Clone, Copy)]
pub(crate) struct Tile<'a> {
    pub(crate) places: &'a [isize],
    pub(crate) row: &'a [isize],
    pub(crate) entry: &'a [isize],
    pub(crate) rows: usize,
    pub(crate) cols: usize,
}

/// The values of a label over a tile.
pub(crate) type Labels<'a, T> = Option<(Label, Value<'a, T>)>;

impl Tile<'_> {
    /// The entries of a row that are inside.
    #[inline]
    fn inside(&self, site: &Site, row: usize) -> (usize, usize) {
        let (mut low, mut high) = (0, self.cols as isize);
        for &(form, extent) in &site.guards {
            let start = self.places[form] + self.row[form] * row as isize;
            let (stride, extent) = (self.entry[form], extent as isize);
            match stride {
                0 => {
                    if start < 0 || start >= extent {
                        return (0, 0);
                    }
                }
                1.. => {
                    low = low.max((-start + stride - 1).div_euclid(stride));
                    high = high.min((extent - start + stride - 1).div_euclid(stride));
                }
                _ => {
                    let back = -stride;
                    low = low.max((start - extent + back).div_euclid(back));
                    high = high.min(start.div_euclid(back) + 1);
                }
            }
        }
        if low >= high { (0, 0) } else { (low as usize, high as usize) }
    }

    /// Reads the tile.
    pub(crate) fn load<T: Element>(
        &self,
        arena: View<'_, T>,
        site: &Site,
        labels: &Labels<'_, T>,
        out: &mut [T],
    ) {
        let (row, entry) = (self.row[site.at], self.entry[site.at]);
        if site.guards.is_empty() && labels.is_none() && row == entry * self.cols as isize {
            run(arena, self.places[site.at], entry, out);
            return;
        }
        for (at, out) in out.chunks_exact_mut(self.cols).enumerate() {
            let (low, high) = self.inside(site, at);
            let start = self.places[site.at] + row * at as isize + entry * low as isize;
            out[..low].fill(T::ZERO);
            out[high..].fill(T::ZERO);
            let out = &mut out[low..high];
            match labels {
                None => run(arena, start, entry, out),
                Some((label, values)) => {
                    let skipped = at * self.cols + low;
                    for (index, out) in out.iter_mut().enumerate() {
                        let place = start + entry * index as isize;
                        *out = match moved(label, values, skipped + index) {
                            // SAFETY: what an instruction reads, it writes nowhere but in place,
                            // by the same shard, after the tile is read.
                            Some(by) => unsafe { arena.get(place + by) },
                            None => T::NAN,
                        };
                    }
                }
            }
        }
    }

    /// Writes the tile.
    pub(crate) fn store<T: Element>(
        &self,
        arena: View<'_, T>,
        site: &Site,
        labels: &Labels<'_, T>,
        value: Value<'_, T>,
    ) {
        let (row, entry) = (self.row[site.at], self.entry[site.at]);
        let dense = (entry == 1 || self.cols == 1) && row == self.cols as isize;
        if site.guards.is_empty() && labels.is_none() && dense {
            // SAFETY: the writes of an instruction are injective, so no other shard has these.
            let out = unsafe { arena.write(self.places[site.at], self.rows * self.cols) };
            match value {
                Value::One(value) => out.fill(value),
                Value::Many(values) => out.copy_from_slice(&values[..out.len()]),
            }
            return;
        }
        self.each_row(
            arena,
            site,
            labels,
            value,
            |out, values| out.copy_from_slice(values),
            // SAFETY: as above.
            |place, value| unsafe { arena.set(place, value) },
        );
    }

    /// Adds the tile's entries to what is there, one after the other.
    pub(crate) fn add<T: Element>(
        &self,
        arena: View<'_, T>,
        site: &Site,
        labels: &Labels<'_, T>,
        value: Value<'_, T>,
    ) {
        self.each_row(
            arena,
            site,
            labels,
            value,
            |out, values| out.iter_mut().zip(values).for_each(|(out, value)| *out += *value),
            // SAFETY: shards of a scatter write to places that are apart.
            |place, value| unsafe { arena.set(place, arena.get(place) + value) },
        );
    }

    /// Walks over the entries of the tile that are inside, row by row: `many` gets places that lie
    /// side by side with their values, `one` a place with its value.
    #[inline]
    fn each_row<T: Element>(
        &self,
        arena: View<'_, T>,
        site: &Site,
        labels: &Labels<'_, T>,
        value: Value<'_, T>,
        many: impl Fn(&mut [T], &[T]),
        one: impl Fn(isize, T),
    ) {
        let (row, entry) = (self.row[site.at], self.entry[site.at]);
        for at in 0..self.rows {
            let (low, high) = self.inside(site, at);
            // A row that is left out whole may begin anywhere.
            if low >= high {
                continue;
            }
            let start = self.places[site.at] + row * at as isize + entry * low as isize;
            let skipped = at * self.cols + low;
            if entry == 1
                && labels.is_none()
                && let Value::Many(values) = value
            {
                // SAFETY: the writes of an instruction are injective and shards of a scatter write
                // to places that are apart, so no other shard has these.
                let out = unsafe { arena.write(start, high - low) };
                many(out, &values[skipped..skipped + high - low]);
                continue;
            }
            for index in 0..high - low {
                let by = match labels {
                    None => Some(0),
                    Some((label, values)) => moved(label, values, skipped + index),
                };
                if let Some(by) = by {
                    one(start + entry * index as isize + by, pick(value, skipped + index));
                }
            }
        }
    }
}

#[inline]
fn pick<T: Copy>(value: Value<'_, T>, at: usize) -> T {
    match value {
        Value::One(value) => value,
        Value::Many(values) => values[at],
    }
}

/// How far a label moves an access; none if it is outside.
#[inline]
fn moved<T: Element>(label: &Label, values: &Value<'_, T>, at: usize) -> Option<isize> {
    let value = pick(*values, at).to_f64();
    let inside = value >= 0.0 && value < label.extent as f64 && value == (value as usize) as f64;
    inside.then(|| value as isize * label.stride)
}

/// Reads entries one stride apart.
#[inline]
fn run<T: Element>(arena: View<'_, T>, start: isize, stride: isize, out: &mut [T]) {
    if out.is_empty() {
        return;
    }
    match stride {
        // SAFETY: what an instruction reads, it writes nowhere but in place, by the same shard,
        // after the tile is read.
        0 => out.fill(unsafe { arena.get(start) }),
        // SAFETY: as above.
        1 => out.copy_from_slice(unsafe { arena.read(start, out.len()) }),
        _ => {
            let last = out.len() as isize - 1;
            let (low, high) = (start.min(start + stride * last), start.max(start + stride * last));
            assert!(low >= 0 && (high as usize) < arena.len(), "an access outside the arena");
            for (index, out) in out.iter_mut().enumerate() {
                // SAFETY: as above; the bounds were checked for the whole run.
                *out = unsafe { *arena.start().offset(start + stride * index as isize) };
            }
        }
    }
}

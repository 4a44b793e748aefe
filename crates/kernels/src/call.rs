//! Functions of whole arrays from outside, once for each point of what rides along.

use crate::element::Element;
use crate::kernel::{Env, Kernel, Needs, Scratch, part};
use crate::program::{Call, Foreign, Frame};
use crate::space::Walk;

/// Arrays that a function may read.
pub(crate) const INPUTS: usize = 8;

/// A call, ready to run.
pub(crate) struct Calls {
    function: usize,
    riding: Walk,
    /// Inputs, then the output: the start, the walk over the dims, how many entries.
    frames: Vec<(isize, Walk)>,
}

impl Calls {
    pub(crate) fn new(source: &Call) -> Calls {
        let frames: Vec<&Frame> = source.inputs.iter().chain([&source.output]).collect();
        let mut riding = Walk::default();
        for (at, &extent) in source.riding.iter().enumerate() {
            riding.push(extent, frames.iter().map(|frame| frame.riding[at]).collect());
        }
        let walk = |frame: &&Frame| {
            let mut walk = Walk::default();
            for &(extent, stride) in &frame.dims {
                walk.push(extent, vec![stride]);
            }
            (frame.slot.at as isize, walk)
        };
        Calls { function: source.function, riding, frames: frames.iter().map(walk).collect() }
    }

    /// Numbers of all arrays.
    fn numbers(&self) -> usize {
        self.frames.iter().fold(0, |all, frame| frame.1.points().saturating_add(all))
    }

    fn most_axes(&self) -> usize {
        self.frames.iter().map(|frame| frame.1.axes()).max().unwrap_or(0)
    }
}

/// Goes through the entries of an array.
fn entries(start: isize, walk: &Walk, counts: &mut [isize], mut each: impl FnMut(usize, isize)) {
    let counts = &mut counts[..walk.axes()];
    let mut place = [start];
    walk.seek(0, counts, &mut place);
    for at in 0..walk.points() {
        each(at, place[0]);
        walk.next(counts, &mut place);
    }
}

impl<T: Element> Kernel<T> for Calls {
    fn shards(&self, _: usize) -> usize {
        self.riding.points().min(64)
    }

    fn work(&self) -> f64 {
        self.riding.points() as f64 * self.numbers() as f64 * 50.0
    }

    fn needs(&self) -> Needs {
        Needs {
            places: self.frames.len() + self.riding.axes() + self.most_axes(),
            doubles: self.numbers(),
            ..Needs::default()
        }
    }

    fn run(&self, _: usize, shard: usize, env: &Env<'_, T>, scratch: &mut Scratch<T>) {
        let Foreign::Whole(_, function) = &env.foreign[self.function] else { return };
        let (places, rest) = scratch.places.split_at_mut(self.frames.len());
        let (riding, counts) = rest.split_at_mut(self.riding.axes());
        for (place, frame) in places.iter_mut().zip(&self.frames) {
            *place = frame.0;
        }
        let points = part(self.riding.points(), Kernel::<T>::shards(self, 0), shard);
        self.riding.seek(points.start, riding, places);
        let last = self.frames.len() - 1;
        for _ in points {
            let mut rest = &mut scratch.doubles[..];
            let mut inputs: [&[f64]; INPUTS] = [&[]; INPUTS];
            for at in 0..last {
                let walk = &self.frames[at].1;
                let (own, others) = std::mem::take(&mut rest).split_at_mut(walk.points());
                rest = others;
                entries(places[at], walk, counts, |entry, place| {
                    // SAFETY: what a call reads, it does not write.
                    own[entry] = unsafe { env.arena.get(place) }.to_f64();
                });
                inputs[at] = own;
            }
            let walk = &self.frames[last].1;
            let output = &mut rest[..walk.points()];
            output.fill(0.0);
            let exists = function(&inputs[..last], output);
            entries(places[last], walk, counts, |entry, place| {
                let value = if exists { T::of(output[entry]) } else { T::NAN };
                // SAFETY: the places of an output are all different, a point's belong to one shard.
                unsafe { env.arena.set(place, value) };
            });
            self.riding.next(riding, places);
        }
    }
}

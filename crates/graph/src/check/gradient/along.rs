//! Directions in the space of a name, and the derivative along them.
//!
//! A value may be one number a sample. Then its gradient has the axes of both, and a step moves the
//! entries of all samples that both share at once: no sample looks at another's.

use super::super::Stop;
use crate::index::AxisId;
use crate::interpret::Tensor;
use crate::module::Module;
use crate::random::Random;

/// A direction over the entries that are not shared.
pub(super) enum Direction {
    /// One entry.
    Unit(usize),
    /// All.
    Dense(Vec<f64>),
}

impl Direction {
    fn entry(&self, at: usize) -> f64 {
        match self {
            Direction::Unit(one) => f64::from(u8::from(*one == at)),
            Direction::Dense(entries) => entries[at],
        }
    }

    /// What the derivative along it grows by.
    pub(super) fn weight(&self) -> f64 {
        match self {
            Direction::Unit(_) => 1.0,
            Direction::Dense(entries) => entries.iter().map(|x| x.abs()).sum::<f64>().max(1.0),
        }
    }
}

/// Which entry of the value, and of a direction, each entry belongs to.
pub(super) struct Layout {
    /// Entries of the value.
    values: usize,
    /// Entries of a direction.
    free: usize,
    /// For each entry of the gradient.
    gradient: Vec<(usize, usize)>,
    /// For each entry of the name.
    name: Vec<usize>,
}

impl Layout {
    pub(super) fn of(
        module: &Module,
        value: &Tensor<f64>,
        gradient: &Tensor<f64>,
        name: &Tensor<f64>,
    ) -> Result<Layout, Stop> {
        let wanted = crate::types::union(&value.axes, &name.axes);
        if gradient.axes != wanted || gradient.dims() != name.dims() {
            let names: Vec<&str> =
                gradient.axes.iter().map(|a| module.axes.get(*a).name.as_str()).collect();
            return Err(Stop(format!(
                "the gradient has the shape {:?} (axes: {}), the name {:?}",
                gradient.dims(),
                names.join(", "),
                name.dims()
            )));
        }
        let shared = |a: &AxisId| value.axes.contains(a);
        let own: Vec<bool> = name.axes.iter().map(|a| !shared(a)).collect();
        let kept: Vec<bool> = own.into_iter().chain(name.dims().iter().map(|_| true)).collect();
        let free = kept.iter().zip(&name.shape).filter(|(k, _)| **k).map(|(_, n)| n).product();
        let place_of_name = |axis: &AxisId| gradient.axes.iter().position(|b| b == axis);
        let of_gradient = |index: &[usize]| {
            let mut own: Vec<usize> =
                name.axes.iter().filter_map(place_of_name).map(|at| index[at]).collect();
            own.extend(&index[gradient.axes.len()..]);
            let axes = value.axes.iter().filter_map(place_of_name);
            let of_value = axes.zip(&value.shape).fold(0, |at, (i, n)| at * n + index[i]);
            (of_value, flat(&own, &name.shape, &kept))
        };
        Ok(Layout {
            values: value.data.len(),
            free,
            gradient: indices(&gradient.shape).iter().map(|i| of_gradient(i)).collect(),
            name: indices(&name.shape).iter().map(|i| flat(i, &name.shape, &kept)).collect(),
        })
    }

    /// All entries, or `most` of them with dense directions; and whether it is a sample.
    pub(super) fn directions(
        &self,
        seed: u64,
        (most, dense): (usize, u64),
    ) -> (Vec<Direction>, bool) {
        if self.free <= most {
            return ((0..self.free).map(Direction::Unit).collect(), false);
        }
        let random = Random::new(seed, 0xd1ec);
        let mut chosen = std::collections::BTreeSet::new();
        let mut counter = 0;
        while chosen.len() < most {
            chosen.insert((random.uniform(counter) * self.free as f64) as usize);
            counter += 1;
        }
        let mut all: Vec<Direction> = chosen.into_iter().map(Direction::Unit).collect();
        for k in 0..dense {
            let random = Random::new(seed, 0xde5e + k);
            let scale = 1.0 / (self.free as f64).sqrt();
            let entries = (0..self.free).map(|i| scale * random.normal(i as u64)).collect();
            all.push(Direction::Dense(entries));
        }
        (all, true)
    }

    /// The direction as a value of the name.
    pub(super) fn tensor(&self, direction: &Direction, like: &Tensor<f64>) -> Tensor<f64> {
        let data = self.name.iter().map(|at| direction.entry(*at)).collect();
        Tensor { axes: like.axes.clone(), shape: like.shape.clone(), data }
    }

    /// The derivative along it, an entry for each of the value.
    pub(super) fn along(&self, gradient: &Tensor<f64>, direction: &Direction) -> Vec<f64> {
        let mut out = vec![0.0; self.values];
        for ((value, free), g) in self.gradient.iter().zip(&gradient.data) {
            let step = direction.entry(*free);
            // An infinite entry elsewhere is not this direction's.
            if step != 0.0 {
                out[*value] += g * step;
            }
        }
        out
    }
}

fn flat(index: &[usize], shape: &[usize], kept: &[bool]) -> usize {
    let entries = index.iter().zip(shape).zip(kept);
    entries.filter(|(_, keep)| **keep).fold(0, |at, ((i, n), _)| at * n + i)
}

/// All indices of a shape, row-major.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let entries: usize = shape.iter().product();
    let mut index = vec![0; shape.len()];
    let mut all = Vec::with_capacity(entries);
    for _ in 0..entries {
        all.push(index.clone());
        crate::interpret::advance(&mut index, shape);
    }
    all
}

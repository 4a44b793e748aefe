//! The value of a lowered graph, entry by entry: what tests compare with the terms it came from.

use std::collections::BTreeMap;

use super::Lowered;
use super::ir::{Fold, Frame, Lane, Loop, Map, Program, Step, View, Work};
use crate::index::SymbolId;
use crate::interpret::{Failure, Numbers, Tensor, advance, strides};
use crate::record::{Eval, Reference, Whole};

/// Arrays of the nodes: dims and entries.
type Arrays<S> = Vec<(Vec<usize>, Vec<S>)>;

/// An index map with numbers for its sizes.
struct Numbered {
    terms: Vec<(usize, i64)>,
    constant: i64,
    label: Option<usize>,
}

struct Reader {
    of: usize,
    maps: Vec<Numbered>,
    pad: bool,
}

impl Lowered {
    /// The outputs at numbers for the sizes and values for the inputs, whose batch axes come last.
    ///
    /// # Errors
    ///
    /// An input has no value, a place is outside its array, a matrix is singular.
    pub fn evaluate<S: Reference>(
        &self,
        numbers: &Numbers,
        inputs: &BTreeMap<SymbolId, Tensor<S>>,
    ) -> Result<Vec<Tensor<S>>, Failure> {
        let mut arrays: Arrays<S> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let dims: Vec<usize> =
                node.dims.iter().map(|d| numbers.size(d)).collect::<Result<_, _>>()?;
            let data = match &node.work {
                Work::Input(symbol) => match inputs.get(symbol) {
                    Some(value) if value.data.len() == dims.iter().product() => value.data.clone(),
                    _ => return Err(Failure(format!("`{}` has no value", node.name))),
                },
                Work::Loop(l) => run(l, &dims, numbers, &arrays)?,
                Work::Select { fold, read, over } => {
                    select(*fold, read, over, &dims, numbers, &arrays)?
                }
                Work::Reshape(of) => reshaped(&arrays[*of], &dims),
                work @ Work::Opaque { .. } => opaque(work, &dims, numbers, &arrays)?,
            };
            arrays.push((dims, data));
        }
        let output = |(_, at): &(String, usize)| {
            let (shape, data) = arrays[*at].clone();
            Tensor { axes: Vec::new(), shape, data }
        };
        Ok(self.outputs.iter().map(output).collect())
    }
}

fn whole(size: &crate::size::Size, numbers: &Numbers) -> Result<i64, Failure> {
    let value = size.value_at(|id| numbers.get(id)).and_then(crate::size::Ratio::whole);
    value
        .and_then(|v| i64::try_from(v).ok())
        .ok_or_else(|| Failure("a size is no whole number here".into()))
}

fn numbered(map: &Map, numbers: &Numbers) -> Result<Numbered, Failure> {
    let terms = map.terms.iter().map(|(at, k)| Ok((*at, whole(k, numbers)?)));
    Ok(Numbered {
        terms: terms.collect::<Result<_, Failure>>()?,
        constant: whole(&map.constant, numbers)?,
        label: map.label,
    })
}

fn reader(view: &View, numbers: &Numbers) -> Result<Reader, Failure> {
    let maps = view.maps.iter().map(|m| numbered(m, numbers)).collect::<Result<_, _>>()?;
    Ok(Reader { of: view.of, maps, pad: view.pad })
}

impl Numbered {
    fn at<S: Reference>(&self, point: &[usize], labels: &[S]) -> i64 {
        let own: i64 = self.terms.iter().map(|(i, k)| point[*i] as i64 * k).sum();
        let label = self.label.map_or(0, |k| labels[k].real() as i64);
        own + self.constant + label
    }
}

/// The place in an array, `None` outside.
fn place<S: Reference>(
    maps: &[Numbered],
    dims: &[usize],
    point: &[usize],
    labels: &[S],
) -> Option<usize> {
    let mut at = 0;
    for (map, dim) in maps.iter().zip(dims) {
        let i = usize::try_from(map.at(point, labels)).ok().filter(|i| i < dim)?;
        at = at * dim + i;
    }
    Some(at)
}

impl Reader {
    fn read<S: Reference>(
        &self,
        arrays: &Arrays<S>,
        point: &[usize],
        labels: &[S],
    ) -> Result<S, Failure> {
        let (dims, data) = &arrays[self.of];
        match place(&self.maps, dims, point, labels) {
            Some(at) => Ok(data[at]),
            None if self.pad => Ok(S::from_f64(0.0)),
            None => Err(Failure("a place outside its array".into())),
        }
    }
}

/// All reads at a point; those that labels come from first.
fn values<S: Reference>(
    readers: &[Reader],
    arrays: &Arrays<S>,
    point: &[usize],
) -> Result<Vec<S>, Failure> {
    let mut values = vec![S::from_f64(0.0); readers.len()];
    let labelled = |r: &Reader| r.maps.iter().any(|m| m.label.is_some());
    for last in [false, true] {
        for (k, reader) in readers.iter().enumerate().filter(|(_, r)| labelled(r) == last) {
            values[k] = reader.read(arrays, point, &values)?;
        }
    }
    Ok(values)
}

fn body<S: Reference>(
    program: &Program,
    indices: &[Option<Numbered>],
    sizes: &[Option<S>],
    point: &[usize],
    reads: &[S],
) -> Result<S, Failure> {
    let mut steps: Vec<S> = Vec::with_capacity(program.steps.len());
    for (at, step) in program.steps.iter().enumerate() {
        let value = match step {
            Step::Read(k) => reads[*k],
            Step::Number(bits) => S::from_f64(f64::from_bits(*bits)),
            Step::Pi => S::pi(),
            Step::Size(_) => sizes[at].unwrap_or(S::from_f64(0.0)),
            Step::Index(_) => {
                let value = indices[at].as_ref().map_or(0, |m| m.at(point, reads));
                S::from_f64(value as f64)
            }
            Step::Apply(op, inputs) => {
                let Eval::Entrywise(f) = &op.def().eval else {
                    return Err(Failure(format!("`{}` is no entry-wise step", op.def().name)));
                };
                let args: Vec<S> = inputs.iter().map(|i| steps[*i]).collect();
                S::entry(f)(op, &args)
            }
        };
        steps.push(value);
    }
    steps.pop().ok_or_else(|| Failure("nothing is computed".into()))
}

/// What a loop needs besides arrays, with numbers for its sizes.
struct Ready<S> {
    extents: Vec<usize>,
    readers: Vec<Reader>,
    write: Option<(Vec<Numbered>, bool)>,
    indices: Vec<Option<Numbered>>,
    sizes: Vec<Option<S>>,
}

fn ready<S: Reference>(l: &Loop, numbers: &Numbers) -> Result<Ready<S>, Failure> {
    let maps = |maps: &[Map]| -> Result<Vec<Numbered>, Failure> {
        maps.iter().map(|m| numbered(m, numbers)).collect()
    };
    let index = |step: &Step| match step {
        Step::Index(map) => numbered(map, numbers).map(Some),
        _ => Ok(None),
    };
    let size = |step: &Step| match step {
        Step::Size(size) => {
            let value = size.value_at(|id| numbers.get(id));
            value.map(|v| S::from_ratio(v.numerator(), v.denominator()))
        }
        _ => None,
    };
    Ok(Ready {
        extents: l.space.iter().map(|d| numbers.size(d)).collect::<Result<_, _>>()?,
        readers: l.reads.iter().map(|v| reader(v, numbers)).collect::<Result<_, _>>()?,
        write: l.write.as_ref().map(|w| Ok((maps(&w.maps)?, w.pad))).transpose()?,
        indices: l.body.steps.iter().map(index).collect::<Result<_, _>>()?,
        sizes: l.body.steps.iter().map(size).collect(),
    })
}

fn run<S: Reference>(
    l: &Loop,
    dims: &[usize],
    numbers: &Numbers,
    arrays: &Arrays<S>,
) -> Result<Vec<S>, Failure> {
    let ready: Ready<S> = ready(l, numbers)?;
    let start = if l.fold == Some(Fold::Prod) { 1.0 } else { 0.0 };
    let count = dims.iter().product();
    let mut out = vec![S::from_f64(start); count];
    let mut seen = vec![false; count];
    if ready.extents.contains(&0) {
        return Ok(out);
    }
    let mut point = vec![0; ready.extents.len()];
    loop {
        let reads = values(&ready.readers, arrays, &point)?;
        let value = body(&l.body, &ready.indices, &ready.sizes, &point, &reads)?;
        let at = match &ready.write {
            None => Some(point[..l.rank].iter().zip(dims).fold(0, |at, (i, n)| at * n + i)),
            Some((maps, pad)) => {
                let at = place(maps, dims, &point, &reads);
                if at.is_none() && !pad {
                    return Err(Failure("a place outside its array".into()));
                }
                at
            }
        };
        if let Some(at) = at {
            out[at] = folded(l.fold, out[at], value, seen[at]);
            seen[at] = true;
        }
        if !advance(&mut point, &ready.extents) {
            return Ok(out);
        }
    }
}

/// One more value in an entry.
fn folded<S: Reference>(fold: Option<Fold>, old: S, value: S, seen: bool) -> S {
    match fold {
        None => value,
        Some(Fold::Sum) => old + value,
        Some(Fold::Prod) => old * value,
        Some(Fold::Max) if !seen || value.real() > old.real() => value,
        Some(Fold::Min) if !seen || value.real() < old.real() => value,
        Some(_) => old,
    }
}

fn select<S: Reference>(
    fold: Fold,
    read: &View,
    over: &[bool],
    dims: &[usize],
    numbers: &Numbers,
    arrays: &Arrays<S>,
) -> Result<Vec<S>, Failure> {
    let reader = reader(read, numbers)?;
    let count: usize = dims.iter().product();
    let mut best: BTreeMap<Vec<usize>, (usize, S)> = BTreeMap::new();
    let mut out = vec![S::from_f64(0.0); count];
    let mut point = vec![0; dims.len()];
    for at in 0..count {
        let value = reader.read(arrays, &point, &[])?;
        let group: Vec<usize> =
            point.iter().zip(over).filter(|(_, over)| !**over).map(|(i, _)| *i).collect();
        let better = match best.get(&group) {
            None => true,
            Some((_, old)) if fold == Fold::Max => value.real() > old.real(),
            Some((_, old)) => value.real() < old.real(),
        };
        if better {
            best.insert(group, (at, value));
        }
        advance(&mut point, dims);
    }
    best.into_values().for_each(|(at, _)| out[at] = S::from_f64(1.0));
    Ok(out)
}

/// Batch axes stay last: the entries of one sample are in order.
fn reshaped<S: Reference>(of: &(Vec<usize>, Vec<S>), dims: &[usize]) -> Vec<S> {
    debug_assert_eq!(of.1.len(), dims.iter().product::<usize>());
    of.1.clone()
}

/// An op of its own at each point of what rides along.
fn opaque<S: Reference>(
    work: &Work,
    dims: &[usize],
    numbers: &Numbers,
    arrays: &Arrays<S>,
) -> Result<Vec<S>, Failure> {
    let Work::Opaque { op, inputs, frames, riding, places } = work else {
        return Err(Failure("no op".into()));
    };
    let sizes = |d: &[crate::size::Size]| -> Result<Vec<usize>, Failure> {
        d.iter().map(|d| numbers.size(d)).collect()
    };
    let shapes: Vec<Vec<usize>> =
        frames.iter().map(|f| sizes(&f.dims)).collect::<Result<_, _>>()?;
    let points = sizes(riding)?;
    let mut out = vec![S::from_f64(0.0); dims.iter().product()];
    let mut point = vec![0; points.len()];
    let last = frames.len() - 1;
    if points.contains(&0) {
        return Ok(out);
    }
    loop {
        let part = |k: usize| -> Vec<S> {
            let (own, data) = &arrays[inputs[k]];
            entries(&frames[k], own, &shapes[k], &point).into_iter().map(|at| data[at]).collect()
        };
        let parts: Vec<Vec<S>> = (0..last).map(part).collect();
        let parts: Vec<&[S]> = parts.iter().map(Vec::as_slice).collect();
        let value = match &op.def().eval {
            Eval::Whole(f) => {
                let whole = Whole { op, inputs: &shapes[..last], output: &shapes[last], places };
                S::whole(f)(&whole, &parts)
            }
            // What is left is a reshape: the same entries in order.
            _ => Some(parts[0].to_vec()),
        };
        let value =
            value.ok_or_else(|| Failure(format!("`{}` does not exist here", op.def().name)))?;
        for (at, v) in entries(&frames[last], dims, &shapes[last], &point).into_iter().zip(value) {
            out[at] = v;
        }
        if !advance(&mut point, &points) {
            return Ok(out);
        }
    }
}

/// The places in an array of the entries that an op sees, in its order.
fn entries(frame: &Frame, own: &[usize], dims: &[usize], point: &[usize]) -> Vec<usize> {
    let steps = strides(own);
    let mut inner = vec![0; dims.len()];
    let mut start = 0;
    for (lane, step) in frame.lanes.iter().zip(&steps) {
        match lane {
            Lane::Riding(at) => start += point[*at] * step,
            Lane::Dim(at) => inner[*at] = *step,
        }
    }
    let mut index = vec![0; dims.len()];
    let mut places = Vec::new();
    if dims.contains(&0) {
        return places;
    }
    loop {
        places.push(start + index.iter().zip(&inner).map(|(i, s)| i * s).sum::<usize>());
        if !advance(&mut index, dims) {
            return places;
        }
    }
}

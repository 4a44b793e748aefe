//! Terms of the graph in the field, entry by entry, straight from the ops.

use std::collections::BTreeMap;
use std::rc::Rc;

use chainrule_syntax::ast::{Comparison, NormKind};

use super::field::{
    Got, Stop, add, hash, hash_text, inverse, negative, rational_power, solved, times,
};
use super::values::{Tensor, World, of_index};
use super::walk::maps;
use crate::index::{AxisId, NodeId, SymbolId};
use crate::op::{Op, Over};
use crate::size::Ratio;
use crate::spec::{Ix, Spec};
use crate::types::Type;

type Point = BTreeMap<AxisId, usize>;

/// Terms at one draw.
pub(super) struct Terms<'w, 'm> {
    pub(super) world: &'w mut World<'m>,
    pub(super) inlined: &'w BTreeMap<SymbolId, NodeId>,
    done: BTreeMap<NodeId, Rc<Tensor>>,
}

impl<'w, 'm> Terms<'w, 'm> {
    pub(super) fn new(
        world: &'w mut World<'m>,
        inlined: &'w BTreeMap<SymbolId, NodeId>,
    ) -> Terms<'w, 'm> {
        Terms { world, inlined, done: BTreeMap::new() }
    }

    pub(super) fn value(&mut self, root: NodeId) -> Got<Rc<Tensor>> {
        let mut open = vec![root];
        while let Some(&id) = open.last() {
            if self.done.contains_key(&id) {
                open.pop();
                continue;
            }
            let node = self.world.module.graph.node(id);
            let mut needs = node.inputs.clone();
            if let Op::Symbol { id, .. } = node.op {
                needs.extend(self.inlined.get(&id));
            }
            needs.retain(|n| !self.done.contains_key(n));
            if needs.is_empty() {
                let value = self.node(id)?;
                self.done.insert(id, Rc::new(value));
            }
            open.extend(needs);
        }
        Ok(self.done[&root].clone())
    }

    fn node(&mut self, id: NodeId) -> Got<Tensor> {
        let module = self.world.module;
        let node = module.graph.node(id);
        let ty = &node.ty;
        let inputs: Vec<Rc<Tensor>> = node.inputs.iter().map(|i| self.done[i].clone()).collect();
        let types: Vec<&Type> = node.inputs.iter().map(|i| module.graph.ty(*i)).collect();
        if let Op::Symbol { id, .. } = &node.op {
            return self.symbol(*id, ty);
        }
        if let Some(spec) = node.op.def().spec
            && let Some(spec) = spec(&node.op, &types, ty, &module.context())
        {
            return self.contraction(&spec, &inputs, ty);
        }
        let shape = self.world.shape(ty)?;
        self.world.spend(shape.iter().fold(1, |all, n| all.saturating_mul(*n)))?;
        let axes = ty.axes.len();
        let mut data = Vec::new();
        for index in places(&shape) {
            let point: Point = ty.axes.iter().copied().zip(index.iter().copied()).collect();
            let at = At { op: &node.op, inputs: &inputs, types: &types, ty };
            data.push(self.entry(&at, &point, &index[axes..])?);
        }
        Ok(Tensor { axes: ty.axes.clone(), shape, data })
    }

    fn symbol(&mut self, id: SymbolId, ty: &Type) -> Got<Tensor> {
        let Some(node) = self.inlined.get(&id) else { return self.world.name(id).cloned() };
        let value = self.done[node].clone();
        if value.axes == ty.axes && value.dims().len() == ty.dims.len() {
            return Ok((*value).clone());
        }
        // A number fills the shape.
        let shape = self.world.shape(ty)?;
        let of = |index: &Vec<usize>| {
            let point: Point = ty.axes.iter().copied().zip(index.iter().copied()).collect();
            value.at(&point, &index[ty.axes.len()..])
        };
        let data = places(&shape).iter().map(of).collect();
        Ok(Tensor { axes: ty.axes.clone(), shape, data })
    }

    fn contraction(&mut self, spec: &Spec, inputs: &[Rc<Tensor>], ty: &Type) -> Got<Tensor> {
        let shape = self.world.shape(ty)?;
        let mut axes: Vec<AxisId> = ty.axes.clone();
        for place in spec.inputs.iter().chain([&spec.output]) {
            for map in maps(place) {
                axes.extend(map.terms.iter().filter_map(|(ix, _)| match ix {
                    Ix::Axis(axis) => Some(*axis),
                    Ix::Local(_) => None,
                }));
            }
        }
        inputs.iter().for_each(|x| axes.extend(&x.axes));
        axes.sort_unstable();
        axes.dedup();
        let mut space = Vec::new();
        for axis in &axes {
            space.push(self.world.extent(*axis)?);
        }
        for size in &spec.space {
            space.push(self.world.numbers.size(size).map_err(|_| Stop::Redraw)?);
        }
        self.world.spend(space.iter().fold(1, |all, n| all.saturating_mul(*n)))?;
        let mut data = vec![0; shape.iter().product()];
        let out = Tensor { axes: ty.axes.clone(), shape: shape.clone(), data: Vec::new() };
        let mut reads = Vec::new();
        for (place, x) in spec.inputs.iter().zip(inputs) {
            reads.push(self.walk(place, x, &axes, inputs)?);
        }
        let write = self.walk(&spec.output, &out, &axes, inputs)?;
        let mut index = vec![0; space.len()];
        if space.contains(&0) {
            return Err(Stop::Redraw);
        }
        loop {
            let mut product = Some(1);
            for (read, x) in reads.iter().zip(inputs) {
                let own = read.at(&index, inputs).map(|at| x.data[at]);
                product = product.zip(own).map(|(a, b)| times(a, b));
            }
            match (product, write.at(&index, inputs)) {
                (Some(product), Some(to)) => data[to] = add(data[to], product),
                _ if spec.pad => {}
                _ => return Err(Stop::Redraw),
            }
            if !crate::interpret::advance(&mut index, &space) {
                break;
            }
        }
        for size in &spec.divide {
            let by = inverse(self.world.size(size)?)?;
            data.iter_mut().for_each(|v| *v = times(*v, by));
        }
        Ok(Tensor { axes: ty.axes.clone(), shape, data })
    }

    fn entry(&mut self, at: &At<'_>, point: &Point, index: &[usize]) -> Got<u64> {
        let get = |k: usize| {
            let own: &[usize] = if at.inputs[k].dims().is_empty() { &[] } else { index };
            at.inputs[k].at(point, own)
        };
        let world = &*self.world;
        let half = Ratio::ONE.divide(Ratio::whole_number(2)).unwrap_or(Ratio::ONE);
        let logistic = |v: u64| inverse(add(1, world.exp(v)?));
        Ok(match at.op {
            Op::Number { bits } => {
                let value = super::super::leaf::decimal(f64::from_bits(*bits));
                super::field::ratio(value.ok_or(Stop::Redraw)?)?
            }
            Op::SizeNumber { size } => world.size(size)?,
            Op::IndexNumber { axis } => of_index(point.get(axis).copied().unwrap_or(0) as i64),
            Op::Pi => world.pi(),
            Op::Identity { .. } => u64::from(index.len() < 2 || index[0] == index[1]),
            Op::Ones { .. } => 1,
            Op::Zeros { .. } => 0,
            Op::Neg => negative(get(0)),
            Op::Add => add(get(0), get(1)),
            Op::Sub => add(get(0), negative(get(1))),
            Op::Hadamard | Op::Scale | Op::And => times(get(0), get(1)),
            Op::HadamardQuotient | Op::Quotient => times(get(0), inverse(get(1))?),
            Op::Power | Op::DotPower => self.powers(at, get(0), get(1))?,
            Op::Maximum | Op::Minimum => {
                let (a, b) = (get(0), get(1));
                let gap = add(b, negative(a));
                let gap = if *at.op == Op::Maximum { gap } else { negative(gap) };
                if world.positive(gap) == 1 { b } else { a }
            }
            Op::Exp => world.exp(get(0))?,
            Op::Log => world.log(get(0))?,
            Op::Sqrt => rational_power(get(0), half)?,
            Op::Sin => world.circle(get(0))?.0,
            Op::Cos => world.circle(get(0))?.1,
            Op::Tan => {
                let (sin, cos) = world.circle(get(0))?;
                times(sin, inverse(cos)?)
            }
            Op::Tanh => {
                let by = logistic(add(get(0), get(0)))?;
                add(1, negative(add(by, by)))
            }
            Op::Sigmoid => add(1, negative(logistic(get(0))?)),
            Op::Softplus => world.log(add(1, world.exp(get(0))?))?,
            Op::Relu => times(get(0), world.positive(get(0))),
            Op::Abs => times(get(0), sign(world, get(0))),
            Op::Sign => sign(world, get(0)),
            Op::Compare { op } => compared(world, *op, get(0), get(1)),
            Op::Or => u64::from(get(0) == 1 || get(1) == 1),
            Op::Not => add(1, negative(get(0))),
            Op::Indicator => get(0),
            Op::OneHot => u64::from(at.inputs[0].at(point, &index[1..]) == index[0] as u64),
            _ => return self.whole(at, point, index),
        })
    }

    fn powers(&self, at: &At<'_>, base: u64, exponent: u64) -> Got<u64> {
        let node = at.inputs[1].data.as_slice();
        let known = at.exponent(self.world);
        match (known, node) {
            (Some(q), _) => {
                if base == 0 && !q.is_negative() {
                    return Ok(u64::from(q.is_zero()));
                }
                rational_power(base, q)
            }
            (None, _) => self.world.exp(times(exponent, self.world.log(base)?)),
        }
    }

    fn whole(&mut self, at: &At<'_>, point: &Point, index: &[usize]) -> Got<u64> {
        let x = &at.inputs[0];
        let all = places(x.dims());
        let n = x.dims().first().copied().unwrap_or(1);
        let block = || all.iter().map(|place| x.at(point, place)).collect::<Vec<u64>>();
        let half = Ratio::ONE.divide(Ratio::whole_number(2)).unwrap_or(Ratio::ONE);
        let square = x.dims().len() == 2 && n > 1;
        Ok(match at.op {
            Op::Inverse if square => {
                let (_, inverse) = solved(n, &block());
                inverse.ok_or(Stop::Redraw)?[index[0] * n + index[1]]
            }
            Op::Det if square => solved(n, &block()).0,
            // A number is its own determinant.
            Op::Det if x.dims().is_empty() => block()[0],
            Op::PseudoInverse if square => {
                let columns = x.dims()[1];
                pseudo(n, columns, &block())?[index[0] * n + index[1]]
            }
            Op::LogDet if square => {
                self.world.log(super::field::magnitude(solved(n, &block()).0))?
            }
            Op::MatrixPower { power } if square => {
                let a = block();
                let mut out: Vec<u64> = (0..n * n).map(|k| u64::from(k / n == k % n)).collect();
                for _ in 0..*power {
                    let cell = |k: usize| {
                        let term = |j: usize| times(out[k / n * n + j], a[j * n + k % n]);
                        (0..n).map(term).fold(0, add)
                    };
                    out = (0..n * n).map(cell).collect();
                }
                out[index[0] * n + index[1]]
            }
            Op::Norm { kind: NormKind::Plain | NormKind::Two | NormKind::Frobenius } => {
                let sum = block().into_iter().map(|v| times(v, v)).fold(0, add);
                rational_power(sum, half)?
            }
            Op::Norm { kind: NormKind::One } => {
                block().into_iter().map(|v| times(v, sign(self.world, v))).fold(0, add)
            }
            Op::Direction => {
                let sum = block().into_iter().map(|v| times(v, v)).fold(0, add);
                times(x.at(point, index), inverse(rational_power(sum, half)?)?)
            }
            Op::Softmax { .. }
            | Op::LogSoftmax { .. }
            | Op::LogSumExp { .. }
            | Op::CrossEntropy => self.soft(at, point, index)?,
            _ => self.opaque(at, point, index)?,
        })
    }

    fn soft(&mut self, at: &At<'_>, point: &Point, index: &[usize]) -> Got<u64> {
        let x = &at.inputs[0];
        let context = self.world.module.context();
        let reach = at.op.def().reach.map(|r| r(at.op, at.types, &context));
        let axis = reach.and_then(|r| r.places.first().copied());
        // The place in the input: of the dims that are left the long ones match in order.
        let softmax = matches!(at.op, Op::Softmax { .. } | Op::LogSoftmax { .. });
        let mut place = vec![0; x.dims().len()];
        let long = |n: &usize| *n > 1;
        let sources =
            (0..place.len()).filter(|k| (softmax || Some(*k) != axis) && long(&x.dims()[*k]));
        let lengths = self.world.shape(at.ty)?;
        let lengths = &lengths[at.ty.axes.len()..];
        let targets = (0..index.len()).filter(|k| long(&lengths[*k]));
        for (source, target) in sources.zip(targets) {
            place[source] = index[target];
        }
        let mut sum = 0;
        for k in 0..axis.map_or(1, |a| x.dims()[a]) {
            let mut own = place.clone();
            if let Some(axis) = axis {
                own[axis] = k;
            }
            sum = add(sum, self.world.exp(x.at(point, &own))?);
        }
        let here = x.at(point, &place);
        Ok(match at.op {
            Op::Softmax { .. } => times(self.world.exp(here)?, inverse(sum)?),
            Op::LogSoftmax { .. } => add(here, negative(self.world.log(sum)?)),
            Op::CrossEntropy => {
                let label = at.inputs[1].at(point, index) as usize;
                let axis = axis.ok_or(Stop::Redraw)?;
                place[axis] = label;
                add(self.world.log(sum)?, negative(x.at(point, &place)))
            }
            _ => self.world.log(sum)?,
        })
    }

    /// A function of which nothing is known: the same inputs give the same value.
    fn opaque(&mut self, at: &At<'_>, point: &Point, index: &[usize]) -> Got<u64> {
        let consumed: Vec<AxisId> = match at.op {
            Op::Reduce { over: Over::Named(axes), .. } => axes.clone(),
            _ => Vec::new(),
        };
        let mut parts = vec![hash_text(&text_of(at.op))];
        for x in at.inputs {
            let mut space = Vec::new();
            for axis in &consumed {
                space.push(self.world.extent(*axis)?);
            }
            space.extend(x.dims());
            for place in places(&space) {
                let mut point = point.clone();
                point.extend(consumed.iter().copied().zip(place.iter().copied()));
                parts.push(x.at(&point, &place[consumed.len()..]));
            }
        }
        parts.extend(index.iter().map(|i| *i as u64));
        let value = hash(parts);
        match &at.ty.kind {
            crate::types::Kind::Label(k) => {
                let classes = self.world.numbers.size(k).map_err(|_| Stop::Redraw)?;
                Ok(value % classes.max(1) as u64)
            }
            _ => Ok(value),
        }
    }
}

/// An op with what sets it apart from others of its record: `max` from `prod`, one norm from another.
fn text_of(op: &Op) -> String {
    let name = op.def().name;
    match op {
        Op::Reduce { op: own, over } | Op::First { op: own, over } => {
            let over = match over {
                // Equal under any name.
                Over::Named(_) => String::new(),
                over => format!("{over:?}"),
            };
            format!("{name} {own:?} {over}")
        }
        Op::Norm { kind } => format!("{name} {kind:?}"),
        _ => name.to_owned(),
    }
}

/// An op with its inputs.
struct At<'a> {
    op: &'a Op,
    inputs: &'a [Rc<Tensor>],
    types: &'a [&'a Type],
    ty: &'a Type,
}

impl At<'_> {
    /// The exponent, if it is the same small fraction everywhere.
    fn exponent(&self, _: &World<'_>) -> Option<Ratio> {
        let all = &self.inputs[1].data;
        let first = *all.first()?;
        if all.iter().any(|v| *v != first) {
            return None;
        }
        for denominator in 1..=12_i128 {
            for numerator in -24..=24_i128 {
                let q = Ratio::whole_number(numerator).divide(Ratio::whole_number(denominator))?;
                if super::field::ratio(q) == Ok(first) {
                    return Some(q);
                }
            }
        }
        None
    }
}

/// `(A^T A)^-1 A^T` or `A^T (A A^T)^-1`, whichever is smaller.
fn pseudo(rows: usize, columns: usize, a: &[u64]) -> Got<Vec<u64>> {
    let tall = rows >= columns;
    let (n, long) = if tall { (columns, rows) } else { (rows, columns) };
    let at = |k: usize, l: usize| if tall { a[l * columns + k] } else { a[k * columns + l] };
    let gram =
        |cell: usize| (0..long).map(|l| times(at(cell / n, l), at(cell % n, l))).fold(0, add);
    let gram: Vec<u64> = (0..n * n).map(gram).collect();
    let inverse = solved(n, &gram).1.ok_or(Stop::Redraw)?;
    let cell = |to: usize| {
        let (i, j) = (to / rows, to % rows);
        let (short, l) = if tall { (i, j) } else { (j, i) };
        (0..n).map(|k| times(inverse[short * n + k], at(k, l))).fold(0, add)
    };
    Ok((0..rows * columns).map(cell).collect())
}

fn sign(world: &World<'_>, v: u64) -> u64 {
    add(world.positive(v), negative(world.positive(negative(v))))
}

fn compared(world: &World<'_>, op: Comparison, a: u64, b: u64) -> u64 {
    let gap = add(a, negative(b));
    let (above, below) = (world.positive(gap), world.positive(negative(gap)));
    match op {
        Comparison::Greater => above,
        Comparison::Less => below,
        Comparison::GreaterEqual => 1 - below,
        Comparison::LessEqual => 1 - above,
        Comparison::Equal => u64::from(gap == 0),
        Comparison::NotEqual => u64::from(gap != 0),
    }
}

/// All places of a shape, in order.
pub(super) fn places(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for n in shape {
        all = all
            .into_iter()
            .flat_map(|head: Vec<usize>| {
                (0..*n).map(move |i| {
                    let mut longer = head.clone();
                    longer.push(i);
                    longer
                })
            })
            .collect();
    }
    all
}

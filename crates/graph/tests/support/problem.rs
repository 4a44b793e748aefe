//! A number with its derivatives as programs, and the checks of them.

use std::rc::Rc;
use std::sync::Arc;

use chainrule_graph::index::{NodeId, SymbolId};
use chainrule_graph::interpret::{Failure, Interpreter, Numbers, Tensor};
use chainrule_graph::module::{Role, Start, Symbol};
use chainrule_graph::record::{Eval, Reference};
use chainrule_graph::scalar::{Complex, DoubleDouble, Frozen};
use chainrule_graph::terms::Terms;
use chainrule_graph::{Module, Op, Type, differentiate, raise};
use chainrule_syntax::Span;
use chainrule_syntax::ast::BigOp;

use super::draw::{self, Values};
use super::figures::{self, Figures};

/// A number of a module, by some names.
pub(crate) struct Problem {
    /// The module, with one name for a direction behind each variable.
    pub(crate) module: Module,
    /// The sizes.
    pub(crate) numbers: Numbers,
    /// The number.
    pub(crate) loss: NodeId,
    /// The variables and their directions.
    pub(crate) wrt: Vec<(SymbolId, SymbolId)>,
    /// The gradient.
    pub(crate) gradients: Vec<NodeId>,
    named: Vec<NodeId>,
    tangent: NodeId,
    /// Forward over reverse, then reverse over reverse; nothing if a rule refuses.
    second: Option<(Vec<NodeId>, Vec<NodeId>)>,
    /// What refused a second derivative.
    pub(crate) refused: Option<String>,
}

/// A name of a type, free to be drawn.
pub(crate) fn free(module: &mut Module, name: &str, ty: &Type) -> (SymbolId, NodeId) {
    let ty = Arc::new(ty.clone());
    let id = SymbolId::new(module.symbols.len());
    module.symbols.push(Symbol {
        name: name.into(),
        role: Role::Given(Start::None),
        ty: ty.clone(),
        span: Span::default(),
        type_span: None,
    });
    let node = Terms::of(module).op(Op::Symbol { id, ty }, &[]).expect("a leaf");
    (id, node)
}

/// `sum(w .* y)`, the mean of it over the axes, with a fresh `w`.
pub(crate) fn weighted(module: &mut Module, y: NodeId) -> NodeId {
    let ty = module.graph.ty(y).with_kind(chainrule_graph::Kind::Real);
    let (_, w) = free(module, "w", &ty);
    let mut t = Terms::of(module);
    let inner = t.inner(w, y).expect("weights of the same shape");
    if ty.axes.is_empty() {
        return inner;
    }
    let over = chainrule_graph::op::Over::Named(ty.axes);
    t.op(Op::Reduce { op: BigOp::Mean, over }, &[inner]).expect("a mean")
}

/// Every node behind `roots`, through definitions, in id order.
pub(crate) fn reachable(module: &Module, roots: &[NodeId]) -> Vec<NodeId> {
    let mut seen = vec![false; module.graph.len()];
    let mut open = roots.to_vec();
    while let Some(id) = open.pop() {
        if std::mem::replace(&mut seen[id.index()], true) {
            continue;
        }
        let node = module.graph.node(id);
        open.extend(&node.inputs);
        if let Op::Symbol { id, .. } = node.op {
            open.extend(module.binding(id).map(|b| b.stable));
        }
    }
    module.graph.ids().filter(|id| seen[id.index()]).collect()
}

fn verified(module: &Module, after: &str) -> Result<(), String> {
    module.verify().map_err(|e| format!("verify after {after}: {e}"))
}

/// No derivative is left in a formula.
fn resolved(module: &Module, nodes: &[NodeId]) -> Result<(), String> {
    for id in reachable(module, nodes) {
        let def = module.graph.node(id).op.def();
        if matches!(def.eval, Eval::Resolved) {
            return Err(format!("`{}` is left in a formula", def.name));
        }
    }
    Ok(())
}

/// A formula is text without derivative operators.
fn written(module: &Module, nodes: &[NodeId]) -> Result<(), String> {
    resolved(module, nodes)?;
    for id in nodes {
        let text = raise::text(module, *id);
        let operators = ["grad(", "jac(", "hess(", "hvp(", "'("];
        if text.is_empty() || operators.iter().any(|o| text.contains(o)) {
            return Err(format!("a formula is written `{text}`"));
        }
    }
    Ok(())
}

impl Problem {
    /// Differentiates, in every way, and verifies after each.
    ///
    /// # Errors
    ///
    /// A rule refuses the first derivative, or what it made is not sound.
    pub(crate) fn new(
        mut module: Module,
        numbers: Numbers,
        loss: NodeId,
        wrt: &[SymbolId],
    ) -> Result<Problem, String> {
        let mut seeds = Vec::new();
        let mut pairs = Vec::new();
        for x in wrt {
            let symbol = module.symbol(*x);
            let (name, ty) = (format!("d{}", symbol.name), Type::clone(&symbol.ty));
            let (d, node) = free(&mut module, &name, &ty.with_kind(chainrule_graph::Kind::Real));
            seeds.push((*x, node));
            pairs.push((*x, d));
        }
        let refused = |e: differentiate::Refusal| format!("refused: {e}");
        let gradients = differentiate::gradients(&mut module, loss, wrt).map_err(refused)?;
        verified(&module, "reverse")?;
        let tangent = differentiate::tangent(&mut module, loss, &seeds).map_err(refused)?;
        verified(&module, "forward")?;
        let mut all = gradients.clone();
        all.push(tangent);
        written(&module, &all)?;
        let mut refused = None;
        let second = match second(&mut module, &gradients, &seeds, wrt) {
            Ok(second) => Some(second),
            Err(e) => {
                refused = Some(e.to_string());
                None
            }
        };
        verified(&module, "second order")?;
        if let Some((over, twice)) = &second {
            written(&module, &[over.clone(), twice.clone()].concat())?;
        }
        // Last, because it adds names: the definitions that nothing above reads.
        let named = differentiate::derivation(&mut module, loss, wrt);
        let named = named.map_err(|e| e.to_string())?.gradients;
        verified(&module, "a derivation")?;
        resolved(&module, &named)?;
        Ok(Problem {
            module,
            numbers,
            loss,
            wrt: pairs,
            gradients,
            named,
            tangent,
            second,
            refused,
        })
    }

    /// The nodes at a point, with each free value taken through `as_number`.
    ///
    /// # Errors
    ///
    /// A value does not exist.
    pub(crate) fn run<S: Reference>(
        &self,
        nodes: &[NodeId],
        values: &Values,
        as_number: impl Fn(SymbolId, usize, f64) -> S,
    ) -> Result<Vec<Rc<Tensor<S>>>, Failure> {
        let mut it = Interpreter::new(&self.module, self.numbers.clone());
        for (at, value) in values.iter().enumerate() {
            if let Some(value) = value {
                let id = SymbolId::new(at);
                let data = value.data.iter().enumerate().map(|(i, v)| as_number(id, i, *v));
                let (axes, shape) = (value.axes.clone(), value.shape.clone());
                it.set(id, Tensor { axes, shape, data: data.collect() });
            }
        }
        nodes.iter().map(|n| it.value(*n)).collect()
    }

    /// The nodes in double precision.
    ///
    /// # Errors
    ///
    /// A value does not exist.
    pub(crate) fn real(
        &self,
        nodes: &[NodeId],
        values: &Values,
    ) -> Result<Vec<Rc<Tensor<f64>>>, Failure> {
        self.run(nodes, values, |_, _, v| v)
    }

    /// Every node that the derivatives read.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        let mut roots = self.gradients.clone();
        roots.extend([self.loss, self.tangent]);
        if let Some((over, twice)) = &self.second {
            roots.extend(over.iter().chain(twice));
        }
        reachable(&self.module, &roots)
    }

    /// The number and its gradient, lowered; whether they are.
    ///
    /// # Errors
    ///
    /// A limit is reached, or a loop is not sound.
    pub(crate) fn lowered(&self, values: &Values, out: &mut Figures) -> Result<bool, String> {
        let mut nodes = vec![self.loss];
        nodes.extend(&self.gradients);
        super::lowered::compare(&self.module, &self.numbers, &nodes, values, out)
    }

    /// Two dense directions, then unit directions, `most` at most: values for the directions.
    fn directions(&self, values: &Values, most: usize, seed: u64) -> Vec<Values> {
        let mut zero = values.clone();
        for (x, d) in &self.wrt {
            let like = values[x.index()].as_ref().expect("a value");
            let (axes, shape) = (like.axes.clone(), like.shape.clone());
            zero[d.index()] = Some(Tensor::filled(axes, shape, 0.0));
        }
        let mut all = Vec::new();
        for dense in 0..2 {
            let mut values = zero.clone();
            for (x, d) in &self.wrt {
                let symbol = self.module.symbol(*d);
                let stream = 1000 * dense + d.index() as u64;
                let drawn =
                    draw::value(&self.module, &self.numbers, &symbol.ty, seed ^ 0xd, stream);
                let kind = &self.module.symbol(*x).ty.kind;
                values[d.index()] = Some(draw::symmetrised(drawn, kind));
            }
            all.push(values);
        }
        let count = |x: SymbolId| values[x.index()].as_ref().map_or(0, |v| v.data.len());
        let mut units = Vec::new();
        for (x, d) in &self.wrt {
            units.extend((0..count(*x)).map(|at| (x, d, at)));
        }
        for (x, d, at) in units.iter().step_by(units.len().div_ceil(most).max(1)) {
            let mut values = zero.clone();
            if let Some(d) = &mut values[d.index()] {
                d.data[*at] = 1.0;
                *d = draw::symmetrised(d.clone(), &self.module.symbol(**x).ty.kind);
            }
            all.push(values);
        }
        all
    }

    /// How far a free value moves along a direction.
    fn step(&self, direction: &Values, id: SymbolId, at: usize) -> f64 {
        let pair = self.wrt.iter().find(|(x, _)| *x == id);
        pair.and_then(|(_, d)| direction[d.index()].as_ref()).map_or(0.0, |d| d.data[at])
    }

    /// All checks at a point.
    ///
    /// # Errors
    ///
    /// A value does not exist.
    pub(crate) fn check(
        &self,
        values: &Values,
        most: usize,
        seed: u64,
    ) -> Result<Figures, Failure> {
        let mut out = Figures::default();
        let gradients = self.real(&self.gradients, values)?;
        let named = self.real(&self.named, values)?;
        out.compare(figures::NAMED, &flat(&gradients), &flat(&named));
        self.digits(&mut out, values)?;
        // A second derivative that is 0 comes out as rounding of the first.
        let mut curvature = 1e-4 * figures::largest(&flat(&gradients));
        for (at, direction) in self.directions(values, most, seed).iter().enumerate() {
            self.first_order(&mut out, &gradients, direction, at < 3 || most == usize::MAX)?;
            // Two dense directions and a few units: a symmetric part may hide in one direction.
            if at < 6 {
                self.second_order(&mut out, direction, &mut curvature)?;
            }
        }
        Ok(out)
    }

    /// How much of the gradient and of the second derivative rounding takes, in the programs that
    /// are compared: the condition of the point. A derivative that all but vanishes has none.
    ///
    /// # Errors
    ///
    /// A value does not exist.
    pub(crate) fn lost_digits(&self, values: &Values) -> Result<f64, Failure> {
        let direction = &self.directions(values, 1, 1)[0];
        let (mut worst, mut slope) = (0.0_f64, 0.0);
        let mut groups = vec![self.gradients.clone()];
        if let Some((over, twice)) = &self.second {
            groups.extend([over.clone(), twice.clone()]);
        }
        for (at, nodes) in groups.iter().enumerate() {
            let plain = self.real(nodes, direction)?;
            let precise = self.run(nodes, direction, |_, _, v| DoubleDouble::from(v))?;
            let scale = plain.iter().map(|x| x.largest()).fold(0.0, f64::max);
            if at == 0 {
                slope = scale;
            }
            if slope < 1e-3 {
                return Ok(f64::INFINITY);
            }
            let scale = scale.max(1e-4 * slope);
            let pairs = plain.iter().zip(&precise).flat_map(|(a, b)| a.data.iter().zip(&b.data));
            let error = pairs.map(|(a, b)| (a - b.hi).abs()).fold(0.0, f64::max);
            // Second derivatives are compared a hundred times less sharply.
            let relative = if error == 0.0 { 0.0 } else { error / scale };
            worst = worst.max(if at == 0 { relative } else { relative / 100.0 });
        }
        Ok(worst)
    }

    /// The gradient in double precision against more digits.
    fn digits(&self, out: &mut Figures, values: &Values) -> Result<(), Failure> {
        let mut nodes = vec![self.loss];
        nodes.extend(&self.gradients);
        let plain = self.real(&nodes, values)?;
        let precise = self.run(&nodes, values, |_, _, v| DoubleDouble::from(v))?;
        let precise: Vec<f64> = precise.iter().flat_map(|x| x.data.iter().map(|v| v.hi)).collect();
        out.compare(figures::DIGITS, &flat(&plain), &precise);
        Ok(())
    }

    fn first_order(
        &self,
        out: &mut Figures,
        gradients: &[Rc<Tensor<f64>>],
        direction: &Values,
        differences: bool,
    ) -> Result<(), Failure> {
        let (mut reverse, mut scale) = (0.0, 0.0_f64);
        for ((_, d), g) in self.wrt.iter().zip(gradients) {
            let d = direction[d.index()].as_ref().expect("a direction");
            reverse += g.data.iter().zip(&d.data).map(|(g, d)| g * d).sum::<f64>();
            scale += g.data.iter().zip(&d.data).map(|(g, d)| (g * d).abs()).sum::<f64>();
            scale = scale.max(g.largest());
        }
        let forward = self.real(&[self.tangent], direction)?[0].data[0];
        out.note(figures::FORWARD, (forward - reverse).abs(), scale);
        let tiny = 1e-60;
        let moved = |id, at, v| Complex { re: v, im: tiny * self.step(direction, id, at) };
        let complex = self.run(&[self.loss], direction, moved)?[0].data[0].im / tiny;
        out.note(figures::COMPLEX, (complex - reverse).abs(), scale);
        if !differences {
            return Ok(());
        }
        let difference = ridders(|h| {
            let moved = |id, at, v| Frozen { value: v + h * self.step(direction, id, at), base: v };
            Ok(self.run(&[self.loss], direction, moved)?[0].data[0].value)
        })?;
        out.note(figures::DIFFERENCES, (difference - reverse).abs(), scale);
        Ok(())
    }

    /// Along a unit direction everything may vanish: the scale is that of the directions before too.
    fn second_order(
        &self,
        out: &mut Figures,
        direction: &Values,
        scale: &mut f64,
    ) -> Result<(), Failure> {
        let Some((over, twice)) = &self.second else { return Ok(()) };
        let tiny = 1e-60;
        let moved = |id, at, v| Complex { re: v, im: tiny * self.step(direction, id, at) };
        let complex = self.run(&self.gradients, direction, moved)?;
        let (over, twice) = (self.real(over, direction)?, self.real(twice, direction)?);
        let symmetric = |all: &[Rc<Tensor<f64>>]| -> Vec<f64> {
            let kinds = self.wrt.iter().map(|(x, _)| &self.module.symbol(*x).ty.kind);
            let part = |(x, kind): (&Rc<Tensor<f64>>, &chainrule_graph::Kind)| {
                draw::symmetrised(Tensor::clone(x), kind).data
            };
            all.iter().zip(kinds).flat_map(part).collect()
        };
        let complex: Vec<f64> =
            complex.iter().flat_map(|x| x.data.iter().map(|v| v.im / tiny)).collect();
        let (plain, turned, again) = (flat(&over), symmetric(&over), symmetric(&twice));
        *scale = scale.max(figures::largest(&plain)).max(figures::largest(&complex));
        let gap = |a: &[f64], b: &[f64]| -> f64 {
            let off = a.iter().zip(b).map(|(x, y)| (x - y).abs());
            off.fold(0.0, |most: f64, x| if x <= most || most.is_nan() { most } else { x })
        };
        out.note(figures::SECOND, gap(&complex, &plain), *scale);
        out.note(figures::TWICE, gap(&turned, &again), *scale);
        Ok(())
    }
}

/// All entries in a row: derivatives by all variables have one scale, as some may vanish.
fn flat(all: &[Rc<Tensor<f64>>]) -> Vec<f64> {
    all.iter().flat_map(|x| x.data.iter().copied()).collect()
}

/// The derivatives of `<gradient, d>`: by a move along `d`, and by reverse mode once more.
fn second(
    module: &mut Module,
    gradients: &[NodeId],
    seeds: &[(SymbolId, NodeId)],
    wrt: &[SymbolId],
) -> Result<(Vec<NodeId>, Vec<NodeId>), differentiate::Refusal> {
    let over: Result<Vec<NodeId>, _> =
        gradients.iter().map(|g| differentiate::tangent(module, *g, seeds)).collect();
    let mut total = None;
    for (g, (_, d)) in gradients.iter().zip(seeds) {
        let mut t = Terms::of(module);
        let inner = t.inner(*g, *d)?;
        let axes = t.ty(inner).axes;
        let sum = t.sum_axes(inner, axes)?;
        total = Some(match total {
            Some(total) => t.add(total, sum)?,
            None => sum,
        });
    }
    let twice = differentiate::gradients(module, total.expect("a variable"), wrt)?;
    Ok((over?, twice))
}

/// The derivative at 0 by central differences, extrapolated; the entry of least estimated error
/// (Ridders 1982). A number that oscillates within the first steps is moved by finer ones.
fn ridders(f: impl Fn(f64) -> Result<f64, Failure>) -> Result<f64, Failure> {
    let coarse = table(&f, 0.008)?;
    if coarse.1 <= 1e-9 * coarse.0.abs() {
        return Ok(coarse.0);
    }
    let fine = table(&f, 1e-4)?;
    Ok(if fine.1 < coarse.1 { fine.0 } else { coarse.0 })
}

/// The best entry from a first step on, and its estimated error.
fn table(f: impl Fn(f64) -> Result<f64, Failure>, mut h: f64) -> Result<(f64, f64), Failure> {
    const LEVELS: usize = 9;
    let (mut best, mut error) = (f64::NAN, f64::INFINITY);
    let mut last: Vec<f64> = Vec::new();
    for level in 0..LEVELS {
        let mut row = vec![(f(h)? - f(-h)?) / (2.0 * h)];
        let mut factor = 1.0;
        for k in 1..=level {
            factor *= 4.0;
            let next = (row[k - 1] * factor - last[k - 1]) / (factor - 1.0);
            let off = (next - row[k - 1]).abs().max((next - last[k - 1]).abs());
            if off <= error {
                (best, error) = (next, off);
            }
            row.push(next);
        }
        last = row;
        h *= 0.5;
    }
    Ok((best, error))
}

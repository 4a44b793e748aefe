//! A graph that grows op by op, from values that fit.

use std::sync::Arc;

use chainrule_graph::index::{AxisId, NodeId, SymbolId};
use chainrule_graph::interpret::{Interpreter, Numbers};
use chainrule_graph::module::{Binding, Role, Start, Symbol};
use chainrule_graph::op::Over;
use chainrule_graph::record::{Eval, Made};
use chainrule_graph::terms::Terms;
use chainrule_graph::{Axis, Kind, Misfit, Module, Op, Size, SizeDef, Type, differentiate};
use chainrule_syntax::Span;
use chainrule_syntax::ast::BigOp;

use super::dice::Dice;
use super::support::draw;
use super::support::margin::{Bad, bad};
use super::support::problem::{free, reachable, weighted};

/// A growing graph.
pub(crate) struct Grower {
    pub(crate) module: Module,
    pub(crate) numbers: Numbers,
    pub(crate) dice: Dice,
    /// Three free sizes, then that of the batch axis.
    pub(crate) sizes: Vec<Size>,
    pub(crate) batch: Option<AxisId>,
    /// Values to build on, with their depth.
    pub(crate) pool: Vec<Value>,
    pub(crate) variables: Vec<SymbolId>,
    /// Steps that were taken back, by their reason, and all.
    pub(crate) rejected: std::collections::BTreeMap<Bad, usize>,
    pub(crate) steps: usize,
    seed: u64,
    /// Whether a derivative stands in the graph: one is enough.
    pub(crate) derived: bool,
}

/// A value to build on.
#[derive(Clone, Copy)]
pub(crate) struct Value {
    pub(crate) node: NodeId,
    pub(crate) depth: usize,
}

impl Grower {
    /// The empty graph of a seed.
    pub(crate) fn new(seed: u64) -> Grower {
        let mut dice = Dice::new(seed);
        let mut module = Module::default();
        let mut left = vec![2, 3, 4, 5];
        let mut sizes = Vec::new();
        let mut drawn = Vec::new();
        for (at, name) in ["n", "m", "k", "N"].into_iter().enumerate() {
            let batch = at == 3;
            let def = SizeDef { name: name.into(), number: None, batch, span: Span::default() };
            let id = module.sizes.add(def);
            drawn.push((id, left.swap_remove(dice.below(left.len()))));
            sizes.push(Size::name(id));
        }
        let axis = Axis {
            name: "N".into(),
            extent: Some(sizes[3].clone()),
            batch: Some(drawn[3].0),
            span: Span::default(),
        };
        let axis = module.axes.add(axis);
        let batch = dice.chance(60).then_some(axis);
        let mut numbers = Numbers::default();
        drawn.into_iter().for_each(|(id, number)| numbers.set(id, number));
        let (pool, variables) = (Vec::new(), Vec::new());
        let (rejected, steps, derived) = (std::collections::BTreeMap::new(), 0, false);
        Grower {
            module,
            numbers,
            dice,
            sizes,
            batch,
            pool,
            variables,
            rejected,
            steps,
            seed,
            derived,
        }
    }

    pub(crate) fn t(&mut self) -> Terms<'_> {
        Terms::of(&mut self.module)
    }

    /// An op that must fit.
    pub(crate) fn op(&mut self, op: Op, inputs: &[NodeId]) -> Made {
        self.t().op(op, inputs)
    }

    pub(crate) fn dims(&self, node: NodeId) -> Vec<Size> {
        self.module.graph.ty(node).dims.clone()
    }

    pub(crate) fn ty(&self, node: NodeId) -> Type {
        self.module.graph.ty(node).clone()
    }

    /// One of the free sizes.
    pub(crate) fn size(&mut self) -> Size {
        let at = self.dice.below(3);
        self.sizes[at].clone()
    }

    /// Dims of some shape.
    pub(crate) fn shape(&mut self) -> Vec<Size> {
        let (a, b, c) = (self.size(), self.size(), self.size());
        match self.dice.below(12) {
            0 => vec![],
            1..=3 => vec![a],
            4 => vec![Size::number(1), a],
            5..=7 => vec![a, b],
            8 | 9 => vec![a.clone(), a],
            10 => vec![a, self.sizes[3].clone()],
            _ => vec![a, b, c],
        }
    }

    /// A name of this shape: an old one, or a new one, per N or not.
    pub(crate) fn leaf(&mut self, dims: &[Size], kind: &Kind) -> NodeId {
        let axes = self.batch.filter(|_| self.dice.chance(40)).into_iter().collect();
        let ty = Type { axes, kind: kind.clone(), ..Type::array(dims.to_vec()) };
        let old = self.module.symbols.iter().position(|s| *s.ty == ty);
        if let Some(at) = old.filter(|_| self.dice.chance(50)) {
            let (id, ty) = (SymbolId::new(at), self.module.symbols[at].ty.clone());
            if matches!(self.module.symbol(id).role, Role::Given(_)) {
                return self.op(Op::Symbol { id, ty }, &[]).expect("a leaf");
            }
        }
        let name = format!("x{}", self.module.symbols.len());
        let (id, node) = free(&mut self.module, &name, &ty);
        if matches!(kind, Kind::Real | Kind::Positive) {
            self.variables.push(id);
        }
        node
    }

    /// A value that moves with nothing.
    pub(crate) fn data(&mut self, dims: &[Size]) -> NodeId {
        let axes = self.batch.filter(|_| self.dice.chance(40)).into_iter().collect();
        let ty = Type { axes, ..Type::array(dims.to_vec()) };
        let name = format!("x{}", self.module.symbols.len());
        let (id, node) = free(&mut self.module, &name, &ty);
        self.module.symbols[id.index()].role = Role::Noise(Start::None);
        node
    }

    /// A value that fits: the deepest of three, most often.
    pub(crate) fn pick(&mut self, fits: impl Fn(&Type) -> bool) -> Option<NodeId> {
        let fitting: Vec<Value> =
            self.pool.iter().filter(|v| fits(self.module.graph.ty(v.node))).copied().collect();
        if fitting.is_empty() {
            return None;
        }
        let draws = if self.dice.chance(80) { 3 } else { 1 };
        let drawn: Vec<Value> = (0..draws).map(|_| self.dice.of(&fitting)).collect();
        drawn.into_iter().max_by_key(|v| v.depth).map(|v| v.node)
    }

    /// A value of these dims.
    pub(crate) fn like(&mut self, dims: &[Size]) -> NodeId {
        let wanted = Type::array(dims.to_vec()).dims;
        let known = if self.dice.chance(85) { self.pick(|ty| ty.dims == wanted) } else { None };
        known.unwrap_or_else(|| self.leaf(dims, &Kind::Real))
    }

    /// Any value.
    pub(crate) fn any(&mut self) -> NodeId {
        match self.pick(|_| true) {
            Some(node) => node,
            None => {
                let dims = self.shape();
                self.leaf(&dims, &Kind::Real)
            }
        }
    }

    /// A value that fits, or a new one of these dims.
    pub(crate) fn some(&mut self, dims: &[Size], fits: impl Fn(&Type) -> bool) -> NodeId {
        self.pick(fits).unwrap_or_else(|| self.leaf(dims, &Kind::Real))
    }

    /// A matrix that is no row.
    pub(crate) fn matrix(&mut self) -> NodeId {
        let dims = [self.size(), self.size()];
        self.some(&dims, |ty| ty.dims.len() == 2 && !ty.dims[0].is_one())
    }

    /// A value with dims.
    pub(crate) fn array(&mut self) -> NodeId {
        let dims = [self.size(), self.size()];
        self.some(&dims, |ty| !ty.dims.is_empty())
    }

    /// A square matrix.
    pub(crate) fn square(&mut self) -> NodeId {
        let n = self.size();
        self.some(&[n.clone(), n], |ty| ty.dims.len() == 2 && ty.dims[0] == ty.dims[1])
    }

    /// `tanh(x) + 2.5 I`: well posed, as a rule.
    pub(crate) fn regular(&mut self) -> Made {
        let square = self.square();
        let n = self.dims(square)[0].clone();
        let small = self.op(Op::Tanh, &[square])?;
        let unit = self.op(Op::Identity { n }, &[])?;
        let factor = self.op(Op::number(2.5), &[])?;
        let scaled = self.op(Op::Scale, &[factor, unit])?;
        self.op(Op::Add, &[small, scaled])
    }

    /// A positive value from any: `exp(tanh(x))`, `softplus(x) + 0.3` or a positive name.
    pub(crate) fn positive(&mut self, dims: &[Size]) -> Made {
        if self.dice.chance(25) {
            return Ok(self.leaf(dims, &Kind::Positive));
        }
        let x = self.like(dims);
        if self.dice.chance(50) {
            let small = self.op(Op::Tanh, &[x])?;
            return self.op(Op::Exp, &[small]);
        }
        let soft = self.op(Op::Softplus, &[x])?;
        let ty = self.ty(soft);
        let mut t = self.t();
        let number = t.number(0.3)?;
        let number = t.lifted(number, &ty)?;
        t.op(Op::Add, &[soft, number])
    }

    /// A label of a size.
    pub(crate) fn label(&mut self, classes: &Size) -> NodeId {
        self.leaf(&[], &Kind::Label(classes.clone()))
    }

    /// A name for a value: its cotangent passes a definition.
    fn named(&mut self, node: NodeId) -> Made {
        let ty = Arc::new(self.ty(node).with_kind(Kind::Real));
        let symbol = SymbolId::new(self.module.symbols.len());
        let span = Span::default();
        let name = format!("y{}", symbol.index());
        let role = Role::Defined;
        self.module.symbols.push(Symbol { name, role, ty: ty.clone(), span, type_span: None });
        let through = Vec::new();
        let binding =
            Binding { symbol, value: node, stable: node, through, span, value_span: span };
        self.module.bindings.push(binding);
        self.op(Op::Symbol { id: symbol, ty }, &[])
    }

    /// How deep a node is above the values of the pool.
    fn depth(&self, node: NodeId) -> usize {
        let inputs = &self.module.graph.node(node).inputs;
        let known = self.pool.iter().find(|v| v.node == node);
        let deepest = || inputs.iter().map(|i| self.depth(*i)).max().unwrap_or(0);
        known.map_or_else(deepest, |v| v.depth)
    }

    /// Grows by one op.
    pub(crate) fn grow(&mut self, build: fn(&mut Grower) -> Made) -> Result<(), Misfit> {
        let node = build(self)?;
        let depth = 1 + self.depth(node);
        if self.pool.iter().any(|v| v.node == node) {
            return Ok(());
        }
        let ty = self.module.graph.ty(node);
        let entries = ty.dims.iter().try_fold(1, |n, d| Some(n * self.numbers.size(d).ok()?));
        if !ty.is_number() || entries.is_none_or(|n| n > 150) || ty.dims.len() > 3 {
            return Err(Misfit::new("grown", "too large to go on with"));
        }
        self.steps += 1;
        if let Some(bad) = self.bad(node)? {
            *self.rejected.entry(bad).or_default() += 1;
            return Err(Misfit::new("grown", "no good point"));
        }
        let node = if self.dice.chance(25) { self.named(node)? } else { node };
        self.pool.push(Value { node, depth });
        Ok(())
    }

    /// What is against a value at the point of this seed, its derivatives resolved.
    fn bad(&self, node: NodeId) -> Result<Option<Bad>, Misfit> {
        let nodes = reachable(&self.module, &[node]);
        let resolved =
            |id: &NodeId| matches!(self.module.graph.node(*id).op.def().eval, Eval::Resolved);
        if !nodes.iter().any(resolved) {
            return Ok(self.bad_at(&self.module, &nodes));
        }
        let mut module = self.module.clone();
        let mut done = std::collections::BTreeMap::new();
        let formula = differentiate::resolved(&mut module, node, &mut done);
        let formula = formula.map_err(|_| Misfit::new("grown", "a derivative is refused"))?;
        let nodes = reachable(&module, &[formula]);
        Ok(self.bad_at(&module, &nodes))
    }

    fn bad_at(&self, module: &Module, nodes: &[NodeId]) -> Option<Bad> {
        let mut it: Interpreter<'_, f64> = Interpreter::new(module, self.numbers.clone());
        for (at, value) in draw::values(module, &self.numbers, self.seed).into_iter().enumerate() {
            if let Some(value) = value {
                it.set(SymbolId::new(at), value);
            }
        }
        let found: Result<Vec<_>, _> = nodes.iter().map(|n| it.value(*n)).collect();
        let Ok(found) = found else { return Some(Bad::Condition) };
        let of = |id: NodeId| found[nodes.binary_search(&id).expect("a node behind")].clone();
        bad(module, nodes, of)
    }

    /// The values that no other reads.
    fn ends(&self) -> Vec<NodeId> {
        let all: Vec<NodeId> = self.pool.iter().map(|v| v.node).collect();
        let behind = |node: &NodeId| {
            let mut inputs = self.module.graph.node(*node).inputs.clone();
            if let Op::Symbol { id, .. } = self.module.graph.node(*node).op {
                inputs.extend(self.module.binding(id).map(|b| b.stable));
            }
            reachable(&self.module, &inputs)
        };
        let read: std::collections::BTreeSet<NodeId> = all.iter().flat_map(behind).collect();
        all.into_iter().filter(|node| !read.contains(node)).collect()
    }

    /// The weighted sum of everything that nothing reads, derivatives resolved.
    pub(crate) fn loss(&mut self) -> Result<(NodeId, NodeId), String> {
        let ends = self.ends();
        let mut total: Option<NodeId> = None;
        for end in ends {
            let part = weighted(&mut self.module, end);
            let mut t = self.t();
            let sum = total.map(|sum| t.add(sum, part));
            total = Some(sum.unwrap_or(Ok(part)).map_err(|e| e.message)?);
        }
        let written = total.ok_or("nothing grew")?;
        let mut done = std::collections::BTreeMap::new();
        let loss = differentiate::resolved(&mut self.module, written, &mut done);
        Ok((written, loss.map_err(|e| e.to_string())?))
    }

    /// Whether no derivative stands below.
    pub(crate) fn plain(&self, node: NodeId) -> bool {
        let nodes = reachable(&self.module, &[node]);
        let resolved =
            |id: &NodeId| matches!(self.module.graph.node(*id).op.def().eval, Eval::Resolved);
        nodes.len() < 60 && !nodes.iter().any(resolved)
    }

    /// The sum over the axes of a value.
    pub(crate) fn over_axes(&mut self, node: NodeId, op: BigOp) -> Made {
        let axes = self.ty(node).axes;
        if axes.is_empty() {
            return Ok(node);
        }
        self.op(Op::Reduce { op, over: Over::Named(axes) }, &[node])
    }
}

//! Nodes back to the syntax tree, to be printed: the inverse of elaboration.
//!
//! Lifts are not written, sizes appear in the author's symbols. Parentheses are the printer's.

use chainrule_syntax::ast::{
    Arg, BigForm, BigOp, Binder, Entry, Expr, ExprKind, Factor, Index, Name, Number, ProductOp,
    Sign,
};
use chainrule_syntax::{Span, parse, print};

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::{Module, Role};
use crate::op::{Affine, Notation, Op, Over, Position};
use crate::size::Size;

mod inner;
mod reading;

pub use inner::is_inner;
pub use reading::{Equation, Reader, equation};

/// Most nodes written out; what is larger ends in `..`.
const NODES: usize = 400;

/// The text of a node.
pub fn text(module: &Module, node: NodeId) -> String {
    print::expr(&expr(module, node))
}

/// The text of a node if it is short: of at most so many nodes.
pub fn brief(module: &Module, node: NodeId, nodes: usize) -> Option<String> {
    let mut raise = Raise { left: nodes + 1, ..Raise::new(module, false) };
    let tree = raise.node(node);
    (raise.left > 0).then(|| print::expr(&tree))
}

/// The tree of a node; shared parts are written out each time, up to a bound.
pub fn expr(module: &Module, node: NodeId) -> Expr {
    Raise::new(module, false).node(node)
}

struct Raise<'m> {
    module: &'m Module,
    left: usize,
    /// For reading: values that have a name, each with its symbol.
    named: Option<Rc<BTreeMap<NodeId, SymbolId>>>,
    /// The value whose formula is written: it is not its own name.
    own: Option<NodeId>,
    /// Indices that are written as something else.
    renamed: BTreeMap<AxisId, Expr>,
}

fn e(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn name(text: &str) -> Name {
    Name { text: text.into(), span: Span::default() }
}

fn number(value: f64) -> Expr {
    let text = format!("{}", value.abs());
    let literal = e(ExprKind::Number(Number { text, value: value.abs(), span: Span::default() }));
    if value.is_sign_negative() { e(ExprKind::Negative(Box::new(literal))) } else { literal }
}

fn product(op: ProductOp, a: Expr, b: Expr) -> Expr {
    let factor = Factor { op, op_span: Span::default(), value: b };
    e(ExprKind::Product { first: Box::new(a), rest: vec![factor] })
}

fn call(function: &str, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|value| Arg { name: None, value }).collect();
    e(ExprKind::Call { function: name(function), primes: 0, args })
}

fn with_named(mut call: Expr, word: &str, value: Expr) -> Expr {
    if let ExprKind::Call { args, .. } = &mut call.kind {
        args.push(Arg { name: Some(name(word)), value });
    }
    call
}

impl<'m> Raise<'m> {
    fn new(module: &'m Module, reading: bool) -> Raise<'m> {
        let shown = |b: &&crate::module::Binding| {
            let simple =
                matches!(module.graph.node(b.stable).op, Op::Symbol { .. } | Op::Number { .. });
            module.symbol(b.symbol).role == Role::Defined && !simple
        };
        let pairs = || {
            let bindings = module.bindings.iter().filter(shown);
            Rc::new(bindings.flat_map(|b| [(b.value, b.symbol), (b.stable, b.symbol)]).collect())
        };
        let named = reading.then(pairs);
        Raise { module, left: NODES, named, own: None, renamed: BTreeMap::new() }
    }

    fn node(&mut self, id: NodeId) -> Expr {
        let Some(left) = self.left.checked_sub(1) else { return e(ExprKind::Name("..".into())) };
        self.left = left;
        if let Some(named) = &self.named {
            if let Some(symbol) = named.get(&id).filter(|_| self.own != Some(id)) {
                return self.symbol(*symbol);
            }
            if let Some(read) = self.read(id) {
                return read;
            }
        }
        let node = self.module.graph.node(id);
        let args = |s: &mut Self| -> Vec<Expr> { node.inputs.iter().map(|i| s.node(*i)).collect() };
        match node.op.def().notation {
            Notation::Own => self.own(id),
            Notation::Call => call(node.op.def().name, args(self)),
            Notation::Silent => self.node(node.inputs[0]),
            Notation::Negative => e(ExprKind::Negative(Box::new(self.node(node.inputs[0])))),
            Notation::Plus | Notation::Minus => {
                let sign = if node.op == Op::Sub { Sign::Minus } else { Sign::Plus };
                let mut args = args(self).into_iter();
                let terms = [Sign::Plus, sign].into_iter().zip(args.by_ref()).collect();
                e(ExprKind::Sum(terms))
            }
            notation => {
                let op = match notation {
                    Notation::DotStar => ProductOp::DotStar,
                    Notation::DotSlash => ProductOp::DotSlash,
                    Notation::Slash => ProductOp::Slash,
                    _ => ProductOp::Juxtaposition,
                };
                let (a, b) = (self.node(node.inputs[0]), self.node(node.inputs[1]));
                product(op, a, b)
            }
        }
    }

    fn own(&mut self, id: NodeId) -> Expr {
        let node = self.module.graph.node(id);
        let input = |s: &mut Self, i: usize| Box::new(s.node(node.inputs[i]));
        match &node.op {
            Op::Symbol { id, .. } => self.symbol(*id),
            Op::Number { bits } => number(f64::from_bits(*bits)),
            Op::SizeNumber { size } => self.size(size),
            Op::IndexNumber { axis } => self.index_name(*axis),
            Op::Pi => e(ExprKind::Name("pi".into())),
            Op::Identity { n } => call("I", vec![self.size(n)]),
            Op::Ones { dims } => call("ones", dims.iter().map(|d| self.size(d)).collect()),
            Op::Zeros { dims } => call("zeros", dims.iter().map(|d| self.size(d)).collect()),
            Op::Transpose => e(ExprKind::Transpose(input(self, 0))),
            Op::Inverse => {
                let one = Box::new(e(ExprKind::Negative(Box::new(number(1.0)))));
                e(ExprKind::Power(input(self, 0), one))
            }
            Op::MatrixPower { power } => {
                let power = Box::new(number(f64::from(*power)));
                e(ExprKind::Power(input(self, 0), power))
            }
            Op::Power => e(ExprKind::Power(input(self, 0), input(self, 1))),
            Op::DotPower => e(ExprKind::DotPower(input(self, 0), input(self, 1))),
            Op::Norm { kind } => e(ExprKind::Norm(input(self, 0), *kind)),
            Op::Indicator => e(ExprKind::Indicator(input(self, 0))),
            Op::Compare { op } => e(ExprKind::Compare(*op, input(self, 0), input(self, 1))),
            Op::And | Op::Or => {
                let rest = vec![(node.op == Op::And, *input(self, 1))];
                e(ExprKind::Logic { first: input(self, 0), rest })
            }
            Op::Not => e(ExprKind::Not(input(self, 0))),
            Op::Reduce { op, over } => self.reduce(*op, over, node.inputs[0]),
            Op::Access { positions, pad } => self.access(positions, *pad, &node.inputs),
            Op::Direction => self.direction(id),
            Op::First { op, over } => self.first(*op, over, node.inputs[0]),
            Op::Scatter { positions, .. } => self.scatter(positions, &node.inputs),
            _ => self.parameterised(id),
        }
    }

    /// Calls with parameters.
    fn parameterised(&mut self, id: NodeId) -> Expr {
        let node = self.module.graph.node(id);
        let name = node.op.def().name;
        let mut args: Vec<Expr> = node.inputs.iter().map(|i| self.node(*i)).collect();
        match &node.op {
            Op::Softmax { axis } | Op::LogSoftmax { axis } | Op::LogSumExp { axis } => {
                let plain = call(name, args);
                match axis {
                    Some(axis) => with_named(plain, "axis", number(*axis as f64)),
                    None => plain,
                }
            }
            Op::Vec { row } | Op::Jac { row } => {
                let plain = call(name, args);
                if *row {
                    with_named(plain, "order", e(ExprKind::Name("row".into())))
                } else {
                    plain
                }
            }
            Op::Reshape { dims } if dims.len() == 1 => call("flatten", args),
            Op::Reshape { dims } => {
                args.extend(dims.iter().map(|d| self.size(d)));
                call("reshape", args)
            }
            Op::Prime { function, order } => {
                let args = args.into_iter().take(1);
                let args = args.map(|value| Arg { name: None, value }).collect();
                e(ExprKind::Call { function: self::name(function), primes: *order, args })
            }
            _ => call(name, args),
        }
    }

    /// `W`, or `W[2]` for a member of a family.
    fn symbol(&self, id: SymbolId) -> Expr {
        let text = &self.module.symbol(id).name;
        let family = text.strip_suffix(']').and_then(|t| t.split_once('['));
        // The name of a cotangent may hold any text.
        let family = family.and_then(|(name, member)| Some((name, member.parse::<f64>().ok()?)));
        let Some((family, member)) = family else {
            return e(ExprKind::Name(text.clone()));
        };
        self.indexed(e(ExprKind::Name(family.into())), vec![Index::At(number(member))], false)
    }

    fn indexed(&self, base: Expr, indices: Vec<Index>, pad: bool) -> Expr {
        let (base, bracket) = (Box::new(base), Span::default());
        e(ExprKind::Access { base, indices, pad, bracket })
    }

    fn index_name(&self, axis: AxisId) -> Expr {
        if let Some(other) = self.renamed.get(&axis)
            && matches!(other.kind, ExprKind::Name(_))
        {
            return other.clone();
        }
        e(ExprKind::Name(self.module.axes.get(axis).name.clone()))
    }

    /// A size in the author's symbols: its text, read again.
    fn size(&self, size: &Size) -> Expr {
        let text = self.module.sizes.text(size);
        let line = format!("show x = {text}");
        let parsed = parse(&line);
        let statement =
            parsed.file.blocks.into_iter().next().and_then(|b| b.statements.into_iter().next());
        match statement.map(|s| s.kind) {
            Some(chainrule_syntax::ast::StatementKind::Show(list)) => {
                list.into_iter().next().and_then(|(_, e)| e).unwrap_or_else(|| number(0.0))
            }
            _ => number(0.0),
        }
    }

    fn reduce(&mut self, op: BigOp, over: &Over, input: NodeId) -> Expr {
        let body = self.node(input);
        let axes: Vec<String> = match over {
            // The orientation is lost, as in a language without rows: for reading only.
            Over::Dims(places) => {
                let plain = call(op.text(), vec![body]);
                return places
                    .iter()
                    .fold(plain, |e, at| with_named(e, "axis", number(*at as f64)));
            }
            Over::All => return call(op.text(), vec![body]),
            Over::Axis(axis) => {
                return with_named(call(op.text(), vec![body]), "axis", number(*axis as f64));
            }
            Over::Batch(at) => {
                let dim = &self.module.graph.ty(input).dims[*at];
                vec![self.module.sizes.text(dim)]
            }
            Over::Named(axes) => axes.iter().map(|a| print::expr(&self.index_name(*a))).collect(),
        };
        let binders = axes.iter().map(|a| Binder { name: name(a), range: None }).collect();
        let body = Box::new(body);
        e(ExprKind::Big { op, form: BigForm::Bracket, binders, body, word: Span::default() })
    }

    fn access(&mut self, positions: &[Position], pad: bool, inputs: &[NodeId]) -> Expr {
        let gradient = self.module.graph.node(inputs[0]);
        let mut labels = inputs[1..].iter();
        let mut indices = Vec::new();
        // An index that was solved for reaches over the ends.
        let solved = |p: &Position| match p {
            Position::Affine(map) => map.terms.iter().any(|(a, _)| {
                self.renamed.get(a).is_some_and(|e| !matches!(e.kind, ExprKind::Name(_)))
            }),
            _ => false,
        };
        let pad = pad || positions.iter().any(solved);
        for position in positions {
            indices.push(match position {
                Position::All => Index::All(Span::default()),
                Position::Affine(map) => Index::At(self.affine(map)),
                Position::Label => match labels.next() {
                    Some(label) => Index::At(self.node(*label)),
                    None => Index::All(Span::default()),
                },
            });
        }
        let base =
            if gradient.op == Op::Grad { self.gradient(inputs[0]) } else { self.node(inputs[0]) };
        self.indexed(base, indices, pad)
    }

    /// `dJ/dW` where both are names, else `grad(.., W)`.
    fn gradient(&mut self, id: NodeId) -> Expr {
        let node = self.module.graph.node(id);
        let (of, by) = (self.node(node.inputs[0]), self.node(node.inputs[1]));
        match (&of.kind, &by.kind) {
            (ExprKind::Name(x), ExprKind::Name(y)) => {
                let entry = |n: &str| Entry { name: name(n), indices: None, span: Span::default() };
                e(ExprKind::Derivative { of: entry(x), by: vec![entry(y)] })
            }
            _ => call("grad", vec![of, by]),
        }
    }

    fn affine(&self, map: &Affine) -> Expr {
        if let ([(axis, 1)], true) = (map.terms.as_slice(), map.constant == Size::number(0))
            && let Some(other) = self.renamed.get(axis)
        {
            return other.clone();
        }
        let mut terms = Vec::new();
        for (axis, value) in &map.terms {
            let sign = if *value < 0 { Sign::Minus } else { Sign::Plus };
            let index = self.index_name(*axis);
            let term = match value.unsigned_abs() {
                1 => index,
                k => product(ProductOp::Juxtaposition, number(k as f64), index),
            };
            terms.push((sign, term));
        }
        let zero = map.constant == Size::number(0);
        if !zero || terms.is_empty() {
            let constant = map.constant.constant().and_then(crate::size::Ratio::whole);
            match constant {
                Some(c) if c < 0 => terms.push((Sign::Minus, number(c.unsigned_abs() as f64))),
                _ => terms.push((Sign::Plus, self.size(&map.constant))),
            }
        }
        match terms.as_slice() {
            [(Sign::Plus, one)] => one.clone(),
            _ => e(ExprKind::Sum(terms)),
        }
    }
}

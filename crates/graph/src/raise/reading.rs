//! Formulas for reading: what derivatives make, written as on paper.
//!
//! Chains of products have no inner parentheses, a value that has a name is its name, a copy along
//! new axes is a product with ones, and a sum of entries is an index equation.

use std::collections::BTreeMap;
use std::rc::Rc;

use chainrule_syntax::ast::{
    BigForm, BigOp, Binder, Comparison, Expr, ExprKind, Factor, Index, NormKind, ProductOp, Sign,
};
use chainrule_syntax::{Span, print};

use super::{Raise, call, e, product};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::Module;
use crate::op::{Affine, Op, Over, Position};
use crate::size::Size;

/// A formula with what stands in brackets behind its name: `[c,s,t]` of an index equation.
#[derive(Clone, PartialEq, Debug)]
pub struct Equation {
    /// The indices of the left side; empty unless this is an index equation.
    pub indices: Vec<Index>,
    /// The right side.
    pub right: Expr,
}

impl Equation {
    /// `name`, or `name[c,s,t]`.
    pub fn left(&self, name: Expr) -> Expr {
        if self.indices.is_empty() {
            return name;
        }
        let (base, bracket) = (Box::new(name), Span::default());
        e(ExprKind::Access { base, indices: self.indices.clone(), pad: false, bracket })
    }

    /// The whole line: `name[c,s,t] = right`.
    pub fn line(&self, name: &str) -> String {
        let left = self.left(e(ExprKind::Name(name.into())));
        format!("{} = {}", print::expr(&left), self.text())
    }

    /// The right side as text.
    pub fn text(&self) -> String {
        print::expr(&self.right)
    }
}

/// Writes the equations of one module: the table of its names is made once.
#[derive(Debug)]
pub struct Reader<'m> {
    module: &'m Module,
    named: Option<Rc<BTreeMap<NodeId, SymbolId>>>,
}

impl<'m> Reader<'m> {
    /// A reader of `module`.
    pub fn new(module: &'m Module) -> Reader<'m> {
        Reader { module, named: Raise::new(module, true).named }
    }

    /// A reader that writes no name for a value: for formulas whose names are put in already.
    pub fn plain(module: &'m Module) -> Reader<'m> {
        Reader { module, named: Some(Rc::default()) }
    }

    /// The equation that says what `node` is.
    pub fn equation(&self, node: NodeId) -> Equation {
        let named = self.named.clone();
        let mut raise = Raise { named, own: Some(node), ..Raise::new(self.module, false) };
        let root = self.module.graph.node(node);
        if let Op::Scatter { positions, over, .. } = &root.op
            && let Some(found) = raise.index_equation(positions, over, node)
        {
            return found;
        }
        Equation { indices: Vec::new(), right: raise.node(node) }
    }
}

/// The equation that says what `node` is.
pub fn equation(module: &Module, node: NodeId) -> Equation {
    Reader::new(module).equation(node)
}

fn name(text: String) -> Expr {
    e(ExprKind::Name(text))
}

fn transpose(of: Expr) -> Expr {
    match of.kind {
        ExprKind::Transpose(inner) => *inner,
        ExprKind::Power(base, exponent) if is_minus_one(&exponent) => {
            e(ExprKind::InverseTranspose(base))
        }
        ExprKind::Power(..) | ExprKind::DotPower(..) => {
            let power = e(of.kind);
            e(ExprKind::Transpose(Box::new(e(ExprKind::Paren(Box::new(power))))))
        }
        kind => e(ExprKind::Transpose(Box::new(e(kind)))),
    }
}

fn is_minus_one(exponent: &Expr) -> bool {
    let ExprKind::Negative(one) = &exponent.kind else { return false };
    matches!(&one.kind, ExprKind::Number(number) if number.integer() == Some(1))
}

/// The factors of a product, read from the left; of anything else itself.
fn factors_of(product: Expr) -> (Expr, Vec<Factor>) {
    let (mut first, mut rest) = (product, Vec::new());
    while let ExprKind::Product { first: inner, rest: mut behind } = first.kind {
        behind.append(&mut rest);
        (first, rest) = (*inner, behind);
    }
    (first, rest)
}

/// A product with one of these operators, in parentheses of its own: products of the two kinds do
/// not mix.
fn grouped(inner: Expr, ops: &[ProductOp]) -> Expr {
    let mixes = match &inner.kind {
        ExprKind::Product { rest, .. } => rest.iter().any(|f| ops.contains(&f.op)),
        _ => false,
    };
    if mixes { e(ExprKind::Paren(Box::new(inner))) } else { inner }
}

/// A plain index, alone.
fn index(position: &Position) -> Option<AxisId> {
    match position {
        Position::Affine(Affine { terms, constant }) => match terms.as_slice() {
            [(axis, 1)] if *constant == Size::number(0) => Some(*axis),
            _ => None,
        },
        _ => None,
    }
}

impl Raise<'_> {
    /// Forms that read better than the exact ones; `None` where the exact form is as good.
    pub(super) fn read(&mut self, id: NodeId) -> Option<Expr> {
        let node = self.module.graph.node(id);
        match &node.op {
            Op::MatMul => {
                let mut factors = Vec::new();
                self.chain(id, &mut factors);
                let mut factors = factors.into_iter().map(|f| {
                    let inner = self.node(f);
                    grouped(inner, &[ProductOp::DotStar, ProductOp::DotSlash])
                });
                let first = factors.next()?;
                Some(factors.fold(first, |a, b| product(ProductOp::Juxtaposition, a, b)))
            }
            Op::Add | Op::Sub => {
                let minus = if node.op == Op::Sub { Sign::Minus } else { Sign::Plus };
                let (a, b) = self.operands(&node.inputs);
                Some(e(ExprKind::Sum(vec![(Sign::Plus, a), (minus, b)])))
            }
            Op::Hadamard | Op::HadamardQuotient => {
                let (a, b) = self.operands(&node.inputs);
                let matrix = [ProductOp::Juxtaposition];
                let (a, b) = if self.is_matrix_product(node.inputs[0]) {
                    (grouped(a, &matrix), b)
                } else {
                    (a, b)
                };
                let dot = node.op == Op::Hadamard;
                let op = if dot { ProductOp::DotStar } else { ProductOp::DotSlash };
                Some(product(op, a, b))
            }
            Op::Compare { op } => {
                let (a, b) = self.operands(&node.inputs);
                Some(e(ExprKind::Compare(*op, Box::new(a), Box::new(b))))
            }
            Op::Lift { dims, from, .. } => self.copies(node.inputs[0], dims, from),
            Op::Reduce { op, over: Over::Dims(places) } => {
                self.sum_of_dims(*op, places, node.inputs[0])
            }
            Op::Reshape { dims } => {
                let own = &self.module.graph.ty(node.inputs[0]).dims;
                // A row with the entries of a column.
                let is_row =
                    matches!(own.as_slice(), [n, m] if n.is_one() && dims[..] == [m.clone()]);
                let column =
                    matches!(dims.as_slice(), [n, m] if n.is_one() && own[..] == [m.clone()]);
                (is_row || column).then(|| transpose(self.node(node.inputs[0])))
            }
            Op::Transpose => {
                let inner = self.node(node.inputs[0]);
                Some(transpose(inner))
            }
            Op::Scale => self.scaled(node.inputs[0], node.inputs[1]),
            Op::DotPower => {
                let (a, b) = self.operands(&node.inputs);
                Some(e(ExprKind::DotPower(Box::new(a), Box::new(b))))
            }
            _ => None,
        }
    }

    /// A number in front of an array: from the left it is one product, `2 A^T A`.
    fn scaled(&mut self, s: NodeId, a: NodeId) -> Option<Expr> {
        let number = self.module.graph.ty(a).is_scalar();
        if matches!(self.module.graph.node(s).op, Op::Neg) {
            return None;
        }
        let op = ProductOp::Juxtaposition;
        let factor = |value: Expr| Factor { op, op_span: Span::default(), value };
        let (mut numbers, mut rest) = (Vec::new(), Vec::new());
        self.numbers(s, &mut numbers);
        let mut first = None;
        for id in numbers {
            let value = self.node(id);
            match (first.is_some(), number) {
                (false, _) => {
                    let (head, behind) = factors_of(value);
                    first = Some(head);
                    rest.extend(behind);
                }
                (true, _) => rest.push(factor(value)),
            }
        }
        let starts_with_number = |e: &Expr| matches!(e.kind, ExprKind::Number(_));
        let (inner, behind) = factors_of(self.node(a));
        if starts_with_number(&inner) {
            let inner = e(ExprKind::Product { first: Box::new(inner), rest: behind });
            rest.push(factor(inner));
        } else {
            rest.push(factor(inner));
            rest.extend(behind);
        }
        Some(e(ExprKind::Product { first: Box::new(first?), rest }))
    }

    /// The factors of a number.
    fn numbers(&self, id: NodeId, factors: &mut Vec<NodeId>) {
        let node = self.module.graph.node(id);
        let plain = self.named.as_ref().is_some_and(|named| !named.contains_key(&id));
        if node.op == Op::Scale && plain && factors.len() < 64 {
            self.numbers(node.inputs[0], factors);
            self.numbers(node.inputs[1], factors);
        } else {
            factors.push(id);
        }
    }

    /// Whether this is written as a product of matrices.
    fn is_matrix_product(&self, id: NodeId) -> bool {
        let mut node = self.module.graph.node(id);
        while node.op == Op::Scale {
            node = self.module.graph.node(node.inputs[1]);
        }
        node.op == Op::MatMul
    }

    /// The factors of a product of matrices.
    fn chain(&self, id: NodeId, factors: &mut Vec<NodeId>) {
        let node = self.module.graph.node(id);
        let own = self.own == Some(id);
        let plain = self.named.as_ref().is_some_and(|named| own || !named.contains_key(&id));
        let number = node.inputs.iter().any(|i| self.module.graph.ty(*i).is_scalar());
        if node.op == Op::MatMul && plain && !number && factors.len() < 64 {
            self.chain(node.inputs[0], factors);
            self.chain(node.inputs[1], factors);
        } else {
            factors.push(id);
        }
    }

    /// Two operands of which one may be a number that goes with every entry.
    fn operands(&mut self, inputs: &[NodeId]) -> (Expr, Expr) {
        let [a, b] = [inputs[0], inputs[1]];
        let (x, y) = (self.number_behind(a), self.number_behind(b));
        match (x, y) {
            (Some(x), None) => (self.node(x), self.node(b)),
            (None, Some(y)) => (self.node(a), self.node(y)),
            _ => (self.node(a), self.node(b)),
        }
    }

    fn number_behind(&self, id: NodeId) -> Option<NodeId> {
        let node = self.module.graph.node(id);
        let number = matches!(&node.op, Op::Lift { .. })
            && self.module.graph.ty(node.inputs[0]).is_scalar()
            && !self.module.graph.ty(id).is_scalar();
        number.then(|| node.inputs[0])
    }

    /// `s ones(n)`, `x ones(m)^T`, `ones(n) x^T`; along a batch axis nothing is written.
    fn copies(&mut self, input: NodeId, dims: &[Size], from: &[usize]) -> Option<Expr> {
        let batch = |at: &usize| self.module.sizes.batch_of(&dims[*at]).is_some();
        let new: Vec<usize> = (0..dims.len()).filter(|at| !from.contains(at)).collect();
        if new.is_empty() || new.iter().all(batch) {
            return None;
        }
        let ones =
            |s: &Self, at: &[usize]| call("ones", at.iter().map(|a| s.size(&dims[*a])).collect());
        let one = self.constant_one(input);
        if from.is_empty() {
            let ones = ones(self, &new);
            let number = self.node(input);
            return Some(if one { ones } else { product(ProductOp::Juxtaposition, number, ones) });
        }
        let (1, 2) = (from.len(), dims.len()) else { return None };
        let (ones, x) = (ones(self, &new), self.node(input));
        Some(match from[0] {
            0 => product(ProductOp::Juxtaposition, x, transpose(ones)),
            _ => product(ProductOp::Juxtaposition, ones, transpose(x)),
        })
    }

    fn constant_one(&self, id: NodeId) -> bool {
        self.module.graph.node(id).op == Op::number(1.0)
    }

    /// `sum[N] X` over a batch axis, `sum(A, axis = 0)^T` over another: what is left is a column.
    fn sum_of_dims(&mut self, op: BigOp, places: &[usize], input: NodeId) -> Option<Expr> {
        let dims = self.module.graph.ty(input).dims.clone();
        let [at] = places else { return None };
        if dims.len() != 2 {
            return None;
        }
        let over = match self.module.sizes.batch_of(&dims[*at]) {
            Some(_) => Over::Batch(*at),
            None => Over::Axis(*at),
        };
        // Over the samples of a matrix: `E ones(N)`.
        if let (Over::Batch(_), BigOp::Sum) = (&over, op) {
            let ones = call("ones", vec![self.size(&dims[*at])]);
            let matrix = self.node(input);
            let matrix = if *at == 0 { transpose(matrix) } else { matrix };
            return Some(product(ProductOp::Juxtaposition, matrix, ones));
        }
        let sum = self.reduce(op, &over, input);
        Some(if *at == 0 { transpose(sum) } else { sum })
    }

    /// `x / ||x||`
    pub(super) fn direction(&mut self, id: NodeId) -> Expr {
        let input = self.module.graph.node(id).inputs[0];
        let dims = self.module.graph.ty(input).dims.len();
        let kind = if dims > 1 { NormKind::Frobenius } else { NormKind::Plain };
        let x = self.node(input);
        let norm = e(ExprKind::Norm(Box::new(x.clone()), kind));
        product(ProductOp::Slash, x, norm)
    }

    /// `1[x == max(x)]`, with the name of the maximum if it has one. Of several maxima the first
    /// counts, which the formula does not say.
    pub(super) fn first(&mut self, op: BigOp, over: &Over, input: NodeId) -> Expr {
        let x = self.node(input);
        let extremum = match self.named_extremum(op, over, input) {
            Some(name) => name,
            None => self.own_extremum(op, over, input),
        };
        let test = e(ExprKind::Compare(Comparison::Equal, Box::new(x), Box::new(extremum)));
        e(ExprKind::Indicator(Box::new(test)))
    }

    /// The value that is defined as this maximum: `m`, or an entry of it, `M[o,p,q]`.
    fn named_extremum(&self, op: BigOp, over: &Over, input: NodeId) -> Option<Expr> {
        let wanted = Op::Reduce { op, over: over.clone() };
        let is_reduced = |id: NodeId| {
            let node = self.module.graph.node(id);
            node.op == wanted && node.inputs[0] == input
        };
        self.module.bindings.iter().find_map(|binding| {
            let node = self.module.graph.node(binding.value);
            match &node.op {
                _ if is_reduced(binding.value) => Some(self.symbol(binding.symbol)),
                Op::Collect { axes, .. } if is_reduced(node.inputs[0]) => {
                    let indices = axes.iter().map(|a| Index::At(self.index_name(*a))).collect();
                    Some(self.indexed(self.symbol(binding.symbol), indices, false))
                }
                _ => None,
            }
        })
    }

    /// The maximum written out, over indices of its own.
    fn own_extremum(&mut self, op: BigOp, over: &Over, input: NodeId) -> Expr {
        let Over::Named(axes) = over else { return self.reduce(op, over, input) };
        let mut letters = ["a", "b", "c", "e", "f", "g", "h"].into_iter();
        for axis in axes {
            let free = |l: &&str| self.module.find(l).is_none();
            if let Some(letter) = letters.by_ref().find(free) {
                self.renamed.insert(*axis, name(letter.into()));
            }
        }
        let written = self.reduce(op, over, input);
        axes.iter().for_each(|axis| drop(self.renamed.remove(axis)));
        written
    }

    /// Inside a formula: the entries and where they are added up.
    pub(super) fn scatter(&mut self, positions: &[Position], inputs: &[NodeId]) -> Expr {
        let places = print::expr(&self.places(positions, &inputs[1..]));
        let value = self.node(inputs[0]);
        call("scatter", vec![value, name(places)])
    }

    fn places(&mut self, positions: &[Position], labels: &[NodeId]) -> Expr {
        let mut labels = labels.iter();
        let mut indices = Vec::new();
        for position in positions {
            indices.push(match (position, labels.as_slice()) {
                (Position::Affine(map), _) => Index::At(self.affine(map)),
                (Position::Label, [label, ..]) => {
                    labels.next();
                    Index::At(self.node(*label))
                }
                _ => Index::All(chainrule_syntax::Span::default()),
            });
        }
        self.indexed(name(String::new()), indices, false)
    }

    /// A sum of entries as an equation for each entry: `[c,s,t] = sum[o,i,j] K[o,c,i,j] Y[o,s-i,t-j]`.
    fn index_equation(
        &mut self,
        positions: &[Position],
        over: &[AxisId],
        node: NodeId,
    ) -> Option<Equation> {
        let node = self.module.graph.node(node);
        let mut left = Vec::new();
        let mut summed: Vec<AxisId> = Vec::new();
        let mut fresh = ["s", "t", "p", "q", "r"].into_iter();
        for position in positions {
            let Position::Affine(map) = position else { return None };
            if let Some(axis) = index(position) {
                left.push(self.index_name(axis));
                continue;
            }
            if self.is_one_to_one(map) {
                left.push(self.affine(map));
                continue;
            }
            // `u + i = s` as `u = s - i`: the other index is summed.
            let new = name(fresh.next()?.into());
            let solved = self.solved(map, &new, node.inputs[0])?;
            self.renamed.insert(solved.0, solved.1);
            summed.extend(map.terms.iter().map(|(a, _)| *a).filter(|a| *a != solved.0));
            left.push(new);
        }
        let one_to_one = |a: &AxisId| {
            positions
                .iter()
                .any(|p| matches!(p, Position::Affine(m) if m.terms.iter().any(|t| t.0 == *a)))
        };
        if summed.is_empty() && over.iter().any(|a| !one_to_one(a)) {
            return None;
        }
        let mut value = node.inputs[0];
        let inner = self.module.graph.node(value);
        if let (false, Op::Reduce { op: BigOp::Sum, over: Over::Named(axes) }) =
            (summed.is_empty(), &inner.op)
        {
            summed.splice(0..0, axes.iter().copied());
            value = inner.inputs[0];
        }
        let body = self.node(value);
        // An index that was solved for must be gone; where it is left the equation would be wrong.
        let solved = |axis: &AxisId| {
            let word = &self.module.axes.get(*axis).name;
            let used = |e: &Expr| matches!(&e.kind, ExprKind::Name(text) if text == word);
            crate::edit::tree::holds(&body, &used)
        };
        if self.renamed.keys().any(|axis| !summed.contains(axis) && solved(axis)) {
            return None;
        }
        let right = if summed.is_empty() { body } else { self.summed(&summed, body) };
        Some(Equation { indices: left.into_iter().map(Index::At).collect(), right })
    }

    /// Whether every entry is met once: `2p+i` with `i` below 2.
    fn is_one_to_one(&self, map: &Affine) -> bool {
        let [(_, a), (_, b)] = map.terms.as_slice() else { return false };
        let below = |k: i64, at: usize| {
            let axis = self.module.axes.get(map.terms[at].0);
            let extent =
                axis.extent.as_ref().and_then(Size::constant).and_then(crate::size::Ratio::whole);
            extent.is_some_and(|n| n <= k.into())
        };
        *b == 1 && *a > 1 && below(*a, 1) || *a == 1 && *b > 1 && below(*b, 0)
    }

    /// The index that runs over all of an array in `value`, and what it is for the entry `new`.
    fn solved(&self, map: &Affine, new: &Expr, value: NodeId) -> Option<(AxisId, Expr)> {
        let whole = |axis: AxisId| {
            let extent = self.module.axes.get(axis).extent.as_ref();
            let mut open = vec![value];
            while let Some(id) = open.pop() {
                let node = self.module.graph.node(id);
                match &node.op {
                    Op::Access { positions, .. } => {
                        let dims = &self.module.graph.ty(node.inputs[0]).dims;
                        let hit = |(p, d): (&Position, &Size)| {
                            index(p) == Some(axis) && Some(d) == extent
                        };
                        if positions.iter().zip(dims).any(hit) {
                            return true;
                        }
                    }
                    // Only factors: a term of a sum could be left over outside.
                    Op::Scale | Op::Lift { .. } | Op::Reduce { op: BigOp::Sum, .. } => {
                        open.extend(&node.inputs);
                    }
                    _ => {}
                }
            }
            false
        };
        let length = |axis: AxisId| {
            let extent = self.module.axes.get(axis).extent.as_ref();
            extent.and_then(|n| n.value(&self.module.sizes)).and_then(crate::size::Ratio::whole)
        };
        // The longer one: a kernel's index stays.
        let fits = map.terms.iter().filter(|(a, k)| *k == 1 && whole(*a));
        let (axis, _) = *fits.max_by_key(|(a, _)| length(*a))?;
        let rest = Affine {
            terms: map.terms.iter().filter(|(a, _)| *a != axis).copied().collect(),
            constant: map.constant.clone(),
        };
        let plain = rest.terms.len() == 1 && rest.constant == Size::number(0);
        let difference = vec![(Sign::Plus, new.clone()), (Sign::Minus, self.affine(&rest))];
        plain.then(|| (axis, e(ExprKind::Sum(difference))))
    }

    /// `sum[i,j] body`
    fn summed(&self, axes: &[AxisId], body: Expr) -> Expr {
        let binder = |axis: &AxisId| {
            let name = super::name(&self.module.axes.get(*axis).name);
            Binder { name, range: None }
        };
        let binders = axes.iter().map(binder).collect();
        let (form, body, word) = (BigForm::Bracket, Box::new(body), Span::default());
        e(ExprKind::Big { op: BigOp::Sum, form, binders, body, word })
    }
}

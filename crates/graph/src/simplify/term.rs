//! A term: a rational coefficient, powers of numbers, one array.

use crate::index::NodeId;
use crate::module::Module;
use crate::op::Op;
use crate::size::Ratio;
use crate::terms::Terms;
use crate::types::Type;

/// The array of a term.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Body {
    /// None: the term is a number.
    Number,
    /// Every entry 1: the node that is so.
    Ones(NodeId),
    /// Factors of a matrix product; often only one.
    Chain(Vec<NodeId>),
    /// A product entry by entry, with exponents.
    Entries(Vec<(NodeId, Ratio)>),
}

/// One term.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Term {
    pub(super) coefficient: Ratio,
    /// Whether the author wrote the coefficient as a decimal.
    pub(super) decimal: bool,
    /// Numbers with their exponents, in the order they are met.
    pub(super) scalars: Vec<(NodeId, Ratio)>,
    pub(super) body: Body,
}

/// Products nested deeper are factors as they are.
const DEPTH: usize = 64;

/// -1
pub(super) fn minus_one() -> Ratio {
    Ratio::whole_number(-1)
}

/// A half.
pub(super) fn half() -> Ratio {
    Ratio::ONE.divide(Ratio::whole_number(2)).unwrap_or(Ratio::ONE)
}

/// Exponents of one base add up; what has exponent 0 is gone.
pub(super) fn push(list: &mut Vec<(NodeId, Ratio)>, base: NodeId, exponent: Ratio) {
    match list.iter().position(|(b, _)| *b == base) {
        Some(at) => match list[at].1.plus(exponent) {
            Some(sum) if sum.is_zero() => {
                list.remove(at);
            }
            Some(sum) => list[at].1 = sum,
            None => list.push((base, exponent)),
        },
        None if exponent.is_zero() => {}
        None => list.push((base, exponent)),
    }
}

/// The fraction that a number is written as, with whether it is a decimal.
pub(super) fn rational(value: f64) -> Option<(Ratio, bool)> {
    if value == value.trunc() && value.abs() < 1e15 {
        return Some((Ratio::whole_number(value as i128), false));
    }
    let text = format!("{}", value.abs());
    let (whole, digits) = text.split_once('.')?;
    if digits.len() > 9 || whole.len() > 9 {
        return None;
    }
    let all: i128 = format!("{whole}{digits}").parse().ok()?;
    let scale = 10_i128.pow(digits.len() as u32);
    let ratio = Ratio::whole_number(all).divide(Ratio::whole_number(scale))?;
    let ratio = if value < 0.0 { ratio.times(minus_one())? } else { ratio };
    Some((ratio, true))
}

impl Term {
    pub(super) fn number(coefficient: Ratio) -> Term {
        Term { coefficient, decimal: false, scalars: Vec::new(), body: Body::Number }
    }

    pub(super) fn array(body: Body) -> Term {
        Term { body, ..Term::number(Ratio::ONE) }
    }

    /// A node as a term with itself as its only factor.
    pub(super) fn atom(m: &Module, node: NodeId) -> Term {
        if m.graph.ty(node).is_scalar() {
            return Term { scalars: vec![(node, Ratio::ONE)], ..Term::number(Ratio::ONE) };
        }
        Term::array(Body::Chain(vec![node]))
    }

    /// Multiplies by the numbers of another term.
    pub(super) fn scale(&mut self, by: &Term) -> Option<()> {
        self.coefficient = self.coefficient.times(by.coefficient)?;
        self.decimal |= by.decimal;
        // The numbers in front stay in front.
        let own = std::mem::take(&mut self.scalars);
        for (base, exponent) in by.scalars.iter().chain(&own) {
            push(&mut self.scalars, *base, *exponent);
        }
        Some(())
    }

    /// Multiplies by the numbers of a term that stands behind.
    pub(super) fn append(&mut self, by: &Term) -> Option<()> {
        self.coefficient = self.coefficient.times(by.coefficient)?;
        self.decimal |= by.decimal;
        for (base, exponent) in &by.scalars {
            push(&mut self.scalars, *base, *exponent);
        }
        Some(())
    }

    /// Divides by a number.
    pub(super) fn divide(&mut self, by: &Term) -> Option<()> {
        self.coefficient = self.coefficient.divide(by.coefficient)?;
        for (base, exponent) in &by.scalars {
            push(&mut self.scalars, *base, exponent.times(minus_one())?);
        }
        Some(())
    }

    /// The same number or array without its coefficient, for comparison.
    pub(super) fn key(&self) -> (Vec<(NodeId, Ratio)>, Body) {
        let mut scalars = self.scalars.clone();
        scalars.sort_unstable();
        let mut body = self.body.clone();
        if let Body::Entries(list) = &mut body {
            list.sort_unstable();
        }
        (scalars, body)
    }

    /// How a simplified node looks as a term.
    pub(super) fn of(m: &mut Module, node: NodeId) -> Term {
        Term::within(m, node, DEPTH)
    }

    fn within(m: &mut Module, node: NodeId, depth: usize) -> Term {
        let seen = if depth == 0 { None } else { Term::seen(m, node, depth - 1) };
        seen.unwrap_or_else(|| Term::atom(m, node))
    }

    fn seen(m: &mut Module, id: NodeId, depth: usize) -> Option<Term> {
        let node = m.graph.node(id).clone();
        let is_number = node.ty.is_scalar();
        let input = |m: &mut Module, at: usize| Term::within(m, node.inputs[at], depth);
        match &node.op {
            Op::Number { bits } => {
                let (coefficient, decimal) = rational(f64::from_bits(*bits))?;
                Some(Term { decimal, ..Term::number(coefficient) })
            }
            Op::Neg => {
                let mut term = input(m, 0);
                term.coefficient = term.coefficient.times(minus_one())?;
                Some(term)
            }
            Op::Scale => {
                let (by, mut term) = (input(m, 0), input(m, 1));
                term.scale(&by)?;
                Some(term)
            }
            Op::Quotient => {
                let (mut term, by) = (input(m, 0), input(m, 1));
                match by.decimal {
                    // `/ 0.8` stays so.
                    true => push(&mut term.scalars, node.inputs[1], minus_one()),
                    false => term.divide(&by)?,
                }
                Some(term)
            }
            Op::Power if is_number => Term::power(m, &node.inputs, depth),
            Op::Sqrt if is_number => {
                Some(Term { scalars: vec![(node.inputs[0], half())], ..Term::number(Ratio::ONE) })
            }
            Op::Lift { from, dims, .. } if from.is_empty() && !dims.is_empty() => {
                let mut term = input(m, 0);
                let one = Terms::of(m).ones(&node.ty).ok()?;
                term.body = Body::Ones(one);
                Some(term)
            }
            Op::Lift { from, .. } if from.is_empty() => {
                // A number for each sample: what it multiplies has the axis.
                let term = input(m, 0);
                matches!(term.body, Body::Number).then_some(term)
            }
            Op::Ones { .. } => Some(Term::array(Body::Ones(id))),
            Op::Zeros { .. } => {
                Some(Term { coefficient: Ratio::ZERO, ..Term::array(Body::Chain(vec![id])) })
            }
            Op::MatMul if !is_number => {
                let mut factors = Vec::new();
                flatten(m, id, &mut factors);
                Some(Term::array(Body::Chain(factors)))
            }
            Op::Hadamard | Op::HadamardQuotient | Op::DotPower | Op::Sqrt if !is_number => {
                Term::entries(m, id, depth)
            }
            _ => None,
        }
    }

    /// `a^q`
    fn power(m: &mut Module, inputs: &[NodeId], depth: usize) -> Option<Term> {
        let (base, exponent) = (inputs[0], inputs[1]);
        let q = exponent_of(m, exponent)?;
        let Some(whole) = q.whole().filter(|k| k.abs() < 64) else {
            return Some(Term { scalars: vec![(base, q)], ..Term::number(Ratio::ONE) });
        };
        let inner = Term::within(m, base, depth);
        let mut out = Term::number(Ratio::ONE);
        for _ in 0..whole.abs() {
            out.coefficient = out.coefficient.times(inner.coefficient)?;
        }
        if whole < 0 {
            out.coefficient = Ratio::ONE.divide(out.coefficient)?;
        }
        out.decimal = inner.decimal;
        for (base, exponent) in inner.scalars {
            push(&mut out.scalars, base, exponent.times(q)?);
        }
        Some(out)
    }

    /// A product entry by entry.
    fn entries(m: &mut Module, id: NodeId, depth: usize) -> Option<Term> {
        let node = m.graph.node(id).clone();
        let side = |m: &mut Module, at: usize| Term::within(m, node.inputs[at], depth);
        match node.op {
            Op::Hadamard => {
                let (mut a, b) = (side(m, 0), side(m, 1));
                a.times_entries(m, &b, Ratio::ONE)?;
                Some(a)
            }
            Op::HadamardQuotient => {
                let (mut a, b) = (side(m, 0), side(m, 1));
                a.times_entries(m, &b, minus_one())?;
                Some(a)
            }
            Op::Sqrt => Some(Term::array(Body::Entries(vec![(node.inputs[0], half())]))),
            _ => {
                let q = exponent_of(m, node.inputs[1])?;
                let mut out = Term::array(Body::Entries(Vec::new()));
                let base = side(m, 0);
                if q.whole().is_some_and(|k| k.abs() < 64) {
                    out.times_entries(m, &base, q)?;
                } else {
                    out.body = Body::Entries(vec![(node.inputs[0], q)]);
                }
                Some(out)
            }
        }
    }

    /// `self .* other .^ exponent`; other exponents than 1 and -1 only for whole numbers.
    pub(super) fn times_entries(&mut self, m: &mut Module, b: &Term, q: Ratio) -> Option<()> {
        let steps = q.whole()?.abs();
        for _ in 0..steps {
            let plain = Term { body: Body::Number, ..b.clone() };
            if q.is_negative() { self.divide(&plain)? } else { self.append(&plain)? }
        }
        let ones = match &self.body {
            Body::Ones(one) => Some(*one),
            _ => None,
        };
        let mut list = self.as_entries(m)?;
        let before = list.len();
        for (base, exponent) in b.clone().as_entries(m)? {
            push(&mut list, base, exponent.times(q)?);
        }
        self.body = match (list.as_slice(), ones) {
            ([], Some(one)) => Body::Ones(one),
            ([], None) if before > 0 => return None,
            ([(base, exponent)], _) if *exponent == Ratio::ONE => Body::Chain(split(m, *base)),
            _ => Body::Entries(list),
        };
        Some(())
    }

    /// The array as factors entry by entry.
    fn as_entries(&self, m: &mut Module) -> Option<Vec<(NodeId, Ratio)>> {
        Some(match &self.body {
            Body::Number | Body::Ones(_) => Vec::new(),
            Body::Entries(list) => list.clone(),
            Body::Chain(factors) => vec![(chain(m, factors)?, Ratio::ONE)],
        })
    }

    /// The array as factors of a matrix product.
    pub(super) fn as_chain(&self, m: &mut Module) -> Option<Vec<NodeId>> {
        Some(match &self.body {
            Body::Number => Vec::new(),
            Body::Ones(one) => vec![*one],
            Body::Entries(list) => vec![super::entries::node(m, list)?],
            Body::Chain(factors) => factors.clone(),
        })
    }
}

/// The constant exponent that a node is.
fn exponent_of(m: &mut Module, node: NodeId) -> Option<Ratio> {
    let mut node = node;
    while let Op::Lift { from, .. } = &m.graph.node(node).op
        && from.is_empty()
    {
        node = m.graph.node(node).inputs[0];
    }
    let simple = matches!(m.graph.node(node).op, Op::Ones { .. });
    if simple {
        return Some(Ratio::ONE);
    }
    if !m.graph.ty(node).is_scalar() {
        let term = Term::of(m, node);
        let constant = matches!(term.body, Body::Ones(_)) && term.scalars.is_empty();
        return constant.then_some(term.coefficient);
    }
    let term = Term::of(m, node);
    term.scalars.is_empty().then_some(term.coefficient)
}

fn split(m: &Module, node: NodeId) -> Vec<NodeId> {
    let mut factors = Vec::new();
    flatten(m, node, &mut factors);
    factors
}

/// The factors of a matrix product.
pub(super) fn flatten(m: &Module, node: NodeId, factors: &mut Vec<NodeId>) {
    let mut open = vec![node];
    while let Some(id) = open.pop() {
        let n = m.graph.node(id);
        let number = n.ty.is_scalar() || n.inputs.iter().any(|i| m.graph.ty(*i).is_scalar());
        if n.op == Op::MatMul && !number {
            open.extend([n.inputs[1], n.inputs[0]]);
        } else {
            factors.push(id);
        }
    }
}

/// The matrix product of factors, from the left.
pub(super) fn chain(m: &mut Module, factors: &[NodeId]) -> Option<NodeId> {
    let mut t = Terms::of(m);
    let (first, rest) = factors.split_first()?;
    rest.iter().try_fold(*first, |a, b| {
        let number = t.graph.ty(a).is_scalar();
        t.op(if number { Op::Scale } else { Op::MatMul }, &[a, *b]).ok()
    })
}

/// The same dims and axes.
pub(super) fn same_type(a: &Type, b: &Type) -> bool {
    a.dims == b.dims && a.axes == b.axes
}

/// The node of a term; `None` if it does not fit together or a limit is reached.
pub(super) fn build(m: &mut Module, term: &Term) -> Option<NodeId> {
    let negative = term.coefficient.is_negative();
    let (above, below) = parts(m, term)?;
    let plain = plain_denominator(m, &below);
    let above = numbers(m, &above)?;
    let below = numbers(m, &below)?;
    let made = match &term.body {
        Body::Number => over_line(m, above, None, below)?,
        Body::Ones(one) => {
            let number = over_line(m, above, None, below)?;
            let ty = m.graph.ty(*one).clone();
            let is_one = m.graph.node(number).op == Op::number(1.0);
            if is_one { *one } else { Terms::of(m).lifted(number, &ty).ok()? }
        }
        Body::Entries(list) if below.is_none() && list.iter().all(|(_, q)| *q == minus_one()) => {
            // `s ./ x`
            let under: Vec<(NodeId, Ratio)> = list.iter().map(|(b, _)| (*b, Ratio::ONE)).collect();
            let under = super::entries::node(m, &under)?;
            let mut t = Terms::of(m);
            let ty = t.ty(under);
            let top = match above {
                Some(number) => number,
                None => t.number(1.0).ok()?,
            };
            let top = t.lifted(top, &Type { axes: t.ty(top).axes, ..ty }).ok()?;
            t.op(Op::HadamardQuotient, &[top, under]).ok()?
        }
        body => {
            let factors = Term::array(body.clone()).as_chain(m)?;
            let array = chain(m, &factors)?;
            let sum = factors.iter().any(|f| matches!(m.graph.node(*f).op, Op::Add | Op::Sub));
            let in_front = plain && below.is_some() && (above.is_some() || sum);
            if in_front {
                let share = over_line(m, above, None, below)?;
                Terms::of(m).op(Op::Scale, &[share, array]).ok()?
            } else {
                over_line(m, above, Some(array), below)?
            }
        }
    };
    if !negative {
        return Some(made);
    }
    if let Op::Number { bits } = m.graph.node(made).op {
        return Terms::of(m).number(-f64::from_bits(bits)).ok();
    }
    Terms::of(m).op(Op::Neg, &[made]).ok()
}

/// The numbers above and below the fraction line, without the sign.
fn parts(m: &mut Module, term: &Term) -> Option<(Vec<NodeId>, Vec<NodeId>)> {
    let negative = term.coefficient.is_negative();
    let size = if negative { term.coefficient.times(minus_one())? } else { term.coefficient };
    let (mut above, mut below) = (Vec::new(), Vec::new());
    let (mut over, mut under) = (size.numerator(), size.denominator());
    // Decimals below a fraction line are the author's.
    let shown = over as f64 / under as f64;
    if under > 1 && term.decimal && format!("{shown}").len() <= 8 {
        above.push(Terms::of(m).number(shown).ok()?);
        (over, under) = (1, 1);
    }
    if over != 1 {
        above.push(Terms::of(m).number(over as f64).ok()?);
    }
    if under != 1 {
        below.push(Terms::of(m).number(under as f64).ok()?);
    }
    for (base, exponent) in &term.scalars {
        let down = exponent.is_negative();
        let exponent = if down { exponent.times(minus_one())? } else { *exponent };
        let made = raised(m, *base, exponent)?;
        if down { below.push(made) } else { above.push(made) }
    }
    Some((above, below))
}

/// Whole numbers and sizes: they can stand in front as `1/N`.
fn plain_denominator(m: &Module, below: &[NodeId]) -> bool {
    let plain = |id: &NodeId| match &m.graph.node(*id).op {
        Op::Number { bits } => f64::from_bits(*bits).fract() == 0.0,
        Op::SizeNumber { .. } => true,
        _ => false,
    };
    below.iter().all(plain)
}

/// `x`, `sqrt(x)`, `x^3`
fn raised(m: &mut Module, base: NodeId, exponent: Ratio) -> Option<NodeId> {
    let mut t = Terms::of(m);
    if exponent == Ratio::ONE {
        return Some(base);
    }
    if exponent == half() {
        return t.op(Op::Sqrt, &[base]).ok();
    }
    let mut power = t.number(exponent.numerator() as f64).ok()?;
    if exponent.denominator() != 1 {
        let under = t.number(exponent.denominator() as f64).ok()?;
        power = t.op(Op::Quotient, &[power, under]).ok()?;
    }
    t.op(Op::Power, &[base, power]).ok()
}

fn numbers(m: &mut Module, list: &[NodeId]) -> Option<Option<NodeId>> {
    let mut t = Terms::of(m);
    let Some((first, rest)) = list.split_first() else { return Some(None) };
    let product = rest.iter().try_fold(*first, |a, b| t.op(Op::Scale, &[a, *b]).ok());
    product.map(Some)
}

fn over_line(
    m: &mut Module,
    above: Option<NodeId>,
    array: Option<NodeId>,
    below: Option<NodeId>,
) -> Option<NodeId> {
    let mut t = Terms::of(m);
    let top = match (above, array) {
        (Some(s), Some(a)) => t.op(Op::Scale, &[s, a]).ok()?,
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => t.number(1.0).ok()?,
    };
    match below {
        Some(below) => t.op(Op::Quotient, &[top, below]).ok(),
        None => Some(top),
    }
}

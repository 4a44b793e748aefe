//! What each function of the language is in powers, exponentials, logarithms and indicators.

use chainrule_syntax::ast::{Comparison, NormKind};

use super::Prover;
use super::close::MINUS;
use super::convert::{Entry, Value};
use super::ix::{Ix, Var};
use super::matrix::Matrix;
use super::term::{Kind, Poly, Sign};
use crate::index::NodeId;
use crate::op::Op;
use crate::size::Ratio;
use crate::types::Type;

const HALF: (i128, i128) = (1, 2);

fn half() -> Ratio {
    let two = Ratio::whole_number(HALF.1);
    Ratio::whole_number(HALF.0).divide(two).unwrap_or(Ratio::ONE)
}

/// `a + sign b`
fn sum(mut a: Poly, b: &Poly, sign: Ratio) -> Option<Poly> {
    a.plus(b, sign)?;
    Some(a)
}

impl Prover<'_> {
    /// An op without index maps.
    pub(crate) fn function(&mut self, id: NodeId) -> Option<Entry> {
        let module = self.module;
        let node = module.graph.node(id);
        let (op, ty, inputs) = (node.op.clone(), node.ty.clone(), node.inputs.clone());
        let formals: Vec<Ix> = ty.dims.iter().map(|d| self.fresh_ix(d)).collect();
        if self.display
            && let Some(entry) = self.written_out(id, &formals)
        {
            return entry;
        }
        if let Op::Compare { op } = op
            && let Some(value) = self.compared_labels(op, &inputs, &formals)
        {
            return self.finished(&formals, &value);
        }
        let made = match &op {
            Op::Inverse | Op::Det | Op::LogDet | Op::MatrixPower { .. } | Op::PseudoInverse => {
                self.of_matrix(&op, inputs[0], &formals)
            }
            Op::OneHot => self.one_hot(inputs[0], &formals),
            Op::Norm { kind } => self.norm(*kind, inputs[0]),
            Op::Direction => self.direction(inputs[0], &formals),
            Op::Softmax { .. }
            | Op::LogSoftmax { .. }
            | Op::LogSumExp { .. }
            | Op::CrossEntropy => self.soft(&op, &inputs, &formals, &ty),
            _ => self.entrywise(&op, &inputs, &formals),
        };
        match made {
            Some(value) => self.finished(&formals, &value),
            None if self.left() > 0 => self.opaque(id),
            None => None,
        }
    }

    /// For reading: a function of an entry, or an entry of a term, as they are written.
    fn written_out(&mut self, id: NodeId, formals: &[Ix]) -> Option<Option<Entry>> {
        let module = self.module;
        let node = module.graph.node(id);
        let plain =
            matches!(
                node.op,
                Op::Neg | Op::Add | Op::Sub | Op::Hadamard | Op::Scale | Op::HadamardQuotient
            ) || matches!(
                node.op,
                Op::Quotient
                    | Op::Power
                    | Op::DotPower
                    | Op::Exp
                    | Op::Log
                    | Op::Sqrt
                    | Op::Sin
                    | Op::Cos
            ) || matches!(node.op, Op::Compare { .. } | Op::And | Op::Or | Op::Not | Op::Indicator)
                || matches!(node.op, Op::OneHot | Op::Inverse | Op::Det | Op::LogDet);
        if plain {
            return None;
        }
        let single = node.op.def().reach.is_none()
            && matches!(node.op.def().eval, crate::record::Eval::Entrywise(_));
        if !single {
            return Some(self.opaque(id));
        }
        let made = self.function_of_entries(id, formals);
        Some(made.and_then(|value| self.finished(formals, &value)))
    }

    fn function_of_entries(&mut self, id: NodeId, formals: &[Ix]) -> Option<Poly> {
        let module = self.module;
        let node = module.graph.node(id);
        let (mut forms, mut args) = (Vec::new(), Vec::new());
        for input in &node.inputs {
            let at = if module.graph.ty(*input).is_scalar() { &[] } else { formals };
            let poly = self.number_at(*input, at)?;
            let poly = self.settled(&poly)?;
            let (form, own, _) = self.form(&poly, &[])?;
            forms.push(form);
            args.extend(own);
        }
        let name = node.op.def().name.to_owned();
        let kind = Kind::Opaque(super::term::OpKey(name, node.op.clone()));
        let arity = args.len();
        let head = self.intern(kind, forms, |kind, forms| super::term::Head {
            kind,
            forms,
            symmetries: vec![(0..arity).collect()],
            sign: super::term::Sign::Unknown,
            bit: false,
            prob: None,
            classes: None,
            lead: None,
        });
        Some(Poly::of(vec![(super::term::Atom { head, args }, Ratio::ONE)]))
    }

    fn finished(&mut self, formals: &[Ix], value: &Poly) -> Option<Entry> {
        let value = self.settled(value)?;
        let dims = formals.iter().map(|f| self.resolved(f)).collect::<Option<_>>()?;
        Some(Entry { dims, value: Value::Number(value) })
    }

    fn entrywise(&mut self, op: &Op, inputs: &[NodeId], formals: &[Ix]) -> Option<Poly> {
        let mut x = Vec::new();
        for input in inputs {
            let scalar = self.module.graph.ty(*input).is_scalar();
            let at = if scalar { &[] } else { formals };
            x.push(self.number_at(*input, at)?);
        }
        for poly in &mut x {
            *poly = self.settled(poly)?;
        }
        if let Some(value) = self.function_of(op, &x) {
            return value;
        }
        match op {
            Op::Neg => x[0].scaled(MINUS),
            Op::Add => sum(x[0].clone(), &x[1], Ratio::ONE),
            Op::Sub => sum(x[0].clone(), &x[1], MINUS),
            Op::Hadamard | Op::Scale | Op::And => self.times(&x[0], &x[1]),
            Op::HadamardQuotient | Op::Quotient => {
                let by = self.power_of(&x[1], MINUS)?;
                self.times(&x[0], &by)
            }
            Op::Power | Op::DotPower => match x[1].constant() {
                Some(q) => self.power_of(&x[0], q),
                None => {
                    // `x^a` is `exp(a log(x))`; of whole exponents more is true than is shown.
                    if self.sign(&x[0]) != Sign::Positive {
                        let text = crate::raise::text(self.module, inputs[0]);
                        self.assumed.insert(format!("{text} > 0"));
                    }
                    let log = self.log_of(&x[0])?;
                    let product = self.times(&x[1], &log)?;
                    self.exp_of(&product)
                }
            },
            Op::Maximum | Op::Minimum => {
                // The first, unless the other is beyond it.
                let gap = sum(x[1].clone(), &x[0], MINUS)?;
                let taken = match op {
                    Op::Maximum => self.positive(&gap)?,
                    _ => self.below(&gap)?,
                };
                let step = self.times(&gap, &taken)?;
                sum(x[0].clone(), &step, Ratio::ONE)
            }
            Op::Compare { op } => self.compared(*op, &x[0], &x[1]),
            Op::Or => {
                let both = self.times(&x[0], &x[1])?;
                let either = sum(x[0].clone(), &x[1], Ratio::ONE)?;
                sum(either, &both, MINUS)
            }
            Op::Not => sum(Poly::one(), &x[0], MINUS),
            Op::Indicator => Some(x[0].clone()),
            _ => None,
        }
    }

    /// A function of one number.
    fn function_of(&mut self, op: &Op, x: &[Poly]) -> Option<Option<Poly>> {
        let x = x.first()?;
        Some(match op {
            Op::Exp => self.exp_of(x),
            Op::Log => self.log_of(x),
            Op::Sqrt => self.power_of(x, half()),
            Op::Sin => self.wave(x, Kind::Sin),
            Op::Cos => self.wave(x, Kind::Cos),
            Op::Tan => self.tangent(x),
            Op::Tanh => self.hyperbolic(x),
            Op::Sigmoid => self.sigmoid(x),
            Op::Softplus => self.softplus(x),
            Op::Relu => self.ramp(x),
            Op::Abs => self.magnitude(x),
            Op::Sign => self.sign_of(x),
            _ => return None,
        })
    }

    fn tangent(&mut self, x: &Poly) -> Option<Poly> {
        let (sin, cos) = (self.wave(x, Kind::Sin)?, self.wave(x, Kind::Cos)?);
        let by = self.power_of(&cos, MINUS)?;
        self.times(&sin, &by)
    }

    /// `1 - 2 / (1 + e^2x)`
    fn hyperbolic(&mut self, x: &Poly) -> Option<Poly> {
        let by = self.logistic(&x.scaled(Ratio::whole_number(2))?)?;
        sum(Poly::one(), &by, Ratio::whole_number(-2))
    }

    /// `1 - 1 / (1 + e^x)`
    fn sigmoid(&mut self, x: &Poly) -> Option<Poly> {
        let by = self.logistic(x)?;
        sum(Poly::one(), &by, MINUS)
    }

    /// `log(1 + e^x)`
    fn softplus(&mut self, x: &Poly) -> Option<Poly> {
        let power = self.exp_of(x)?;
        let power = sum(power, &Poly::one(), Ratio::ONE)?;
        self.log_of(&power)
    }

    fn ramp(&mut self, x: &Poly) -> Option<Poly> {
        let up = self.positive(x)?;
        self.times(x, &up)
    }

    /// `1 / (1 + e^x)`
    fn logistic(&mut self, x: &Poly) -> Option<Poly> {
        let mut power = self.exp_of(x)?;
        power.plus(&Poly::one(), Ratio::ONE)?;
        self.power_of(&power, MINUS)
    }

    fn compared(&mut self, op: Comparison, a: &Poly, b: &Poly) -> Option<Poly> {
        let mut gap = a.clone();
        gap.plus(b, MINUS)?;
        let not = |p: Poly| {
            let mut out = Poly::one();
            out.plus(&p, MINUS)?;
            Some(out)
        };
        match op {
            Comparison::Greater => self.positive(&gap),
            Comparison::Less => self.below(&gap),
            Comparison::GreaterEqual => not(self.below(&gap)?),
            Comparison::LessEqual => not(self.positive(&gap)?),
            Comparison::NotEqual | Comparison::Equal => {
                let mut either = self.positive(&gap)?;
                let below = self.below(&gap)?;
                either.plus(&below, Ratio::ONE)?;
                if op == Comparison::Equal { not(either) } else { Some(either) }
            }
        }
    }

    /// Labels and indices are compared by a delta.
    fn compared_labels(
        &mut self,
        op: Comparison,
        inputs: &[NodeId],
        formals: &[Ix],
    ) -> Option<Poly> {
        let mut sides = Vec::new();
        for input in inputs {
            let entry = self.entries.get(input)?.clone();
            let at = if entry.dims.is_empty() { &[] } else { formals };
            match self.at(&entry, at)? {
                Value::Label(ix) => sides.push(ix),
                Value::Number(_) => return None,
            }
        }
        if !matches!(op, Comparison::Equal | Comparison::NotEqual) {
            return None;
        }
        let delta = self.simple(Kind::Delta, sides);
        let open = super::close::Open { bounds: Vec::new(), factors: vec![(delta, Ratio::ONE)] };
        let equal = self.close(vec![(Ratio::ONE, open)])?;
        if op == Comparison::Equal {
            return Some(equal);
        }
        let mut out = Poly::one();
        out.plus(&equal, MINUS)?;
        Some(out)
    }

    fn one_hot(&mut self, label: NodeId, formals: &[Ix]) -> Option<Poly> {
        let entry = self.entries.get(&label)?.clone();
        let (class, rest) = formals.split_first()?;
        let Value::Label(ix) = self.at(&entry, rest)? else { return None };
        let delta = self.simple(Kind::Delta, vec![class.clone(), ix]);
        let open = super::close::Open { bounds: Vec::new(), factors: vec![(delta, Ratio::ONE)] };
        self.close(vec![(Ratio::ONE, open)])
    }

    /// The entry of a whole input, and its indices.
    fn whole(&mut self, node: NodeId) -> Option<(Poly, Vec<Ix>)> {
        let dims = self.module.graph.ty(node).dims.clone();
        let formals: Vec<Ix> = dims.iter().map(|d| self.fresh_ix(d)).collect();
        let poly = self.number_at(node, &formals)?;
        let poly = self.settled(&poly)?;
        let formals = formals.iter().map(|f| self.resolved(f)).collect::<Option<_>>()?;
        Some((poly, formals))
    }

    fn summed_over(&mut self, poly: &Poly, over: &[Ix]) -> Option<Poly> {
        let mut vars: Vec<Var> = Vec::new();
        for ix in over {
            ix.each_var(&mut |v| vars.push(v));
        }
        self.summed(poly, &vars)
    }

    fn norm(&mut self, kind: NormKind, input: NodeId) -> Option<Poly> {
        let (x, formals) = self.whole(input)?;
        match kind {
            NormKind::Plain | NormKind::Two | NormKind::Frobenius => {
                let square = self.times(&x, &x)?;
                let sum = self.summed_over(&square, &formals)?;
                self.power_of(&sum, half())
            }
            NormKind::One => {
                let size = self.magnitude(&x)?;
                self.summed_over(&size, &formals)
            }
            NormKind::Infinity | NormKind::Spectral => None,
        }
    }

    /// `x / ||x||`
    fn direction(&mut self, input: NodeId, formals: &[Ix]) -> Option<Poly> {
        let length = self.norm(NormKind::Frobenius, input)?;
        let by = self.power_of(&length, MINUS)?;
        let x = self.number_at(input, formals)?;
        let x = self.settled(&x)?;
        self.times(&x, &by)
    }

    fn of_matrix(&mut self, op: &Op, input: NodeId, formals: &[Ix]) -> Option<Poly> {
        let ty = self.module.graph.ty(input).clone();
        if ty.is_scalar() && *op == Op::Det {
            let x = self.number_at(input, &[])?;
            return self.settled(&x);
        }
        if ty.dims.len() != 2 || ty.dims[0].is_one() {
            return None;
        }
        if *op == Op::PseudoInverse {
            return self.pseudo(input, formals);
        }
        let (poly, own) = self.whole(input)?;
        if let Op::MatrixPower { power } = op {
            return self.matrix_power(input, *power, formals);
        }
        let (row, column) = (own[0].as_var()?, own[1].as_var()?);
        let m = Matrix { row, column, poly };
        match op {
            Op::Inverse => {
                let assumed = !self.is_safe(input);
                if assumed {
                    let text = crate::raise::text(self.module, input);
                    self.assumed.insert(format!("{text} invertible"));
                }
                self.inverse(m, formals.first()?, formals.get(1)?, 0)
            }
            Op::Det => self.determinant(m, false, 0),
            _ => {
                let whole = Matrix { poly: m.poly.clone(), ..m };
                let to = self.determinant(m, true, 0)?;
                let from = self.opaque_det(&whole, true)?;
                if from != to {
                    self.record("logdet of a product", from, to.clone(), None);
                }
                Some(to)
            }
        }
    }

    /// Whether a matrix is invertible by its type.
    fn is_safe(&self, node: NodeId) -> bool {
        self.module.graph.ty(node).kind == crate::types::Kind::Spd
    }

    /// `(A^T A)^-1 A^T` of a tall matrix, `A^T (A A^T)^-1` of a wide one.
    fn pseudo(&mut self, input: NodeId, formals: &[Ix]) -> Option<Poly> {
        let module = self.module;
        let dims = module.graph.ty(input).dims.clone();
        let number = |at: usize| dims[at].value(&module.sizes);
        // Sizes that the file fixes keep their order.
        let tall = dims[0] == dims[1] || {
            let gap = number(0)?.plus(number(1)?.times(MINUS)?)?;
            !gap.is_negative()
        };
        let short = usize::from(tall);
        let [r, c, k] = [(); 3].map(|()| self.fresh(dims[short].clone()));
        let inner = self.fresh(dims[1 - short].clone());
        let at = |this: &mut Self, short_ix: Ix, long: Ix| {
            let place = if tall { [long, short_ix] } else { [short_ix, long] };
            this.number_at(input, &place)
        };
        let first = at(self, Ix::var(r), Ix::var(inner))?;
        let second = at(self, Ix::var(c), Ix::var(inner))?;
        let gram = self.times(&first, &second)?;
        let gram = self.summed(&gram, &[inner])?;
        let text = crate::raise::text(module, input);
        self.assumed.insert(format!("{text} of full rank"));
        let m = Matrix { row: r, column: c, poly: gram };
        let (own, long) =
            if tall { (&formals[0], &formals[1]) } else { (&formals[1], &formals[0]) };
        let inverse = self.inverse(m, own, &Ix::var(k), 0)?;
        let factor = at(self, Ix::var(k), long.clone())?;
        let product = self.times(&inverse, &factor)?;
        self.summed(&product, &[k])
    }

    fn matrix_power(&mut self, input: NodeId, power: u32, formals: &[Ix]) -> Option<Poly> {
        if power > 12 {
            return None;
        }
        let n = self.module.graph.ty(input).dims.first()?.clone();
        if power == 0 {
            let delta = self.simple(Kind::Delta, formals.to_vec());
            return Some(Poly::of(vec![(delta, Ratio::ONE)]));
        }
        let (mut at, mut inner) = (formals[0].clone(), Vec::new());
        let mut product = Poly::one();
        for k in 0..power {
            let next = if k + 1 == power { formals[1].clone() } else { self.fresh_ix(&n) };
            if k + 1 < power {
                inner.push(next.clone());
            }
            let factor = self.number_at(input, &[at, next.clone()])?;
            product = self.times(&product, &factor)?;
            at = next;
        }
        self.summed_over(&product, &inner)
    }

    /// Softmax and its relatives.
    fn soft(&mut self, op: &Op, inputs: &[NodeId], formals: &[Ix], ty: &Type) -> Option<Poly> {
        let module = self.module;
        let own = module.graph.ty(inputs[0]).clone();
        let types: Vec<&Type> = inputs.iter().map(|i| module.graph.ty(*i)).collect();
        let reach = op.def().reach.map(|r| r(op, &types, &module.context()))?;
        let axis = reach.places.first().copied();
        let (z, at) = self.whole(inputs[0])?;
        let power = self.exp_of(&z)?;
        let over: Vec<Ix> = axis.iter().map(|a| at[*a].clone()).collect();
        let sum = self.summed_over(&power, &over)?;
        let value = match op {
            Op::Softmax { .. } => {
                let by = self.power_of(&sum, MINUS)?;
                self.times(&power, &by)?
            }
            Op::LogSoftmax { .. } => {
                let mut out = self.log_of(&sum)?.scaled(MINUS)?;
                out.plus(&z, Ratio::ONE)?;
                out
            }
            _ => self.log_of(&sum)?,
        };
        // The indices of the input as those of the result.
        let softmax = matches!(op, Op::Softmax { .. } | Op::LogSoftmax { .. });
        let kept: Vec<usize> =
            (0..own.dims.len()).filter(|k| softmax || Some(*k) != axis).collect();
        let long = |k: &&usize| !own.dims[**k].is_one();
        let formal = |k: &usize| !ty.dims[*k].is_one();
        let targets: Vec<usize> = (0..ty.dims.len()).filter(formal).collect();
        let sources: Vec<usize> = kept.iter().filter(long).copied().collect();
        if targets.len() != sources.len() {
            return None;
        }
        let mut map = std::collections::BTreeMap::new();
        for (source, target) in sources.iter().zip(&targets) {
            map.insert(at[*source].as_var()?, formals[*target].clone());
        }
        let mut value = self.put(&value, &map)?;
        if matches!(op, Op::CrossEntropy) {
            let label = self.entries.get(&inputs[1])?.clone();
            let Value::Label(ix) = self.at(&label, formals)? else { return None };
            let mut place = at.clone();
            for (source, target) in sources.iter().zip(&targets) {
                place[*source] = formals[*target].clone();
            }
            place[axis?] = ix;
            let chosen = self.number_at(inputs[0], &place)?;
            value.plus(&chosen, MINUS)?;
        }
        Some(value)
    }
}

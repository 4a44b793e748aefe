//! Expressions to [`Math`].

use chainrule_syntax::ast::{
    BigOp, Binder, Comparison, Entry, Expr, ExprKind, Index, NormKind, Sign as TermSign,
};

use super::rank::{Rank, rank, strip};
use super::{Context, Fence, Large, Math, Sign, name, read};

/// The formula on paper.
///
/// ```
/// use chainrule::notation::{self, Context};
///
/// let formula = notation::read("sum[i,j] A[i,j]^2 - x^T (B + C) x").expect("an expression");
/// assert_eq!(
///     notation::latex(&notation::typeset(&Context::default(), &formula)),
///     r"\sum_{i, j} A_{i j}^{2} - x^{\top} (B + C) x"
/// );
/// ```
pub fn typeset(context: &Context, expr: &Expr) -> Math {
    Setter { context }.set(expr)
}

#[derive(Clone, Copy)]
pub(super) struct Setter<'c> {
    pub(super) context: &'c Context,
}

impl Setter<'_> {
    pub(super) fn set(self, expr: &Expr) -> Math {
        match &expr.kind {
            ExprKind::Number(number) => self.number(&number.text),
            ExprKind::Name(text) => self.name(text),
            ExprKind::Paren(inner) => self.set(inner),
            ExprKind::Negative(inner) => {
                Math::Row(vec![Math::Sign(Sign::Negative), self.at_least(inner, Rank::Apart)])
            }
            ExprKind::Sum(terms) => self.sum(terms),
            ExprKind::Product { first, rest } => self.product(first, rest),
            ExprKind::Transpose(base) => self.transposed(base),
            ExprKind::InverseTranspose(base) => {
                let above = vec![Math::Sign(Sign::Negative), Math::Sign(Sign::Transpose)];
                self.carrier(base).with_sup(Math::Row(above))
            }
            ExprKind::Power(base, exponent) => {
                let above = self.set(exponent);
                self.powered(base, above)
            }
            ExprKind::DotPower(base, exponent) => {
                let above = vec![Math::Sign(Sign::Hadamard), self.script(exponent)];
                self.powered(base, Math::Row(above))
            }
            ExprKind::Access { base, indices, .. } => self.access(base, indices),
            ExprKind::Derivative { of, by } => self.derivative(of, by),
            ExprKind::Indicator(test) => self.indicator(test),
            ExprKind::Norm(inner, kind) => self.norm(inner, *kind),
            ExprKind::Call { function, primes, args } => self.call(&function.text, *primes, args),
            ExprKind::Big { op, binders, body, .. } => self.big(*op, binders, body),
            ExprKind::Next(of) => {
                let prime = Math::Text("′".into());
                name::name(self.context, &of.text).with_sup(prime)
            }
            ExprKind::Compare(op, a, b) => Math::Row(vec![
                self.at_least(a, Rank::Sum),
                Math::Sign(comparison(*op)),
                self.at_least(b, Rank::Sum),
            ]),
            ExprKind::Logic { first, rest } => {
                let mut row = vec![self.at_least(first, Rank::Test)];
                for (and, test) in rest {
                    row.push(Math::Sign(if *and { Sign::And } else { Sign::Or }));
                    row.push(self.at_least(test, Rank::Test));
                }
                Math::Row(row)
            }
            ExprKind::Not(inner) => {
                Math::Row(vec![Math::Sign(Sign::Not), self.at_least(inner, Rank::Value)])
            }
        }
    }

    /// In parentheses unless it binds at least so strongly.
    pub(super) fn at_least(self, expr: &Expr, least: Rank) -> Math {
        let inner = self.set(strip(expr));
        // A fraction shows where it ends.
        let bare = rank(expr) >= least || matches!(inner, Math::Fraction(..));
        if bare { inner } else { Math::fenced(Fence::Paren, inner) }
    }

    /// Small, inside a script: quotients on the line.
    fn script(self, expr: &Expr) -> Math {
        self.at_least(expr, Rank::Value)
    }

    fn number(self, text: &str) -> Math {
        if let Some(digits) = text.strip_prefix('-') {
            return Math::Row(vec![Math::Sign(Sign::Negative), self.number(digits)]);
        }
        match text.split_once(['e', 'E']) {
            Some((digits, power)) => {
                let (sign, power) = match power.strip_prefix('-') {
                    Some(power) => (Some(Math::Sign(Sign::Negative)), power),
                    None => (None, power.trim_start_matches('+')),
                };
                let power = sign.into_iter().chain([Math::number(power)]).collect();
                let ten = Math::number("10").with_sup(Math::row(power));
                if digits == "1" {
                    return ten;
                }
                Math::Row(vec![Math::number(digits), Math::Sign(Sign::Dot), ten])
            }
            None => Math::number(text),
        }
    }

    /// A name; that of a cotangent is a derivative.
    pub(super) fn name(self, text: &str) -> Math {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if text == ".." || text.chars().all(plain) {
            return name::name(self.context, text);
        }
        match read(text) {
            Some(Expr { kind: ExprKind::Name(_), .. }) | None => Math::Text(text.into()),
            // Its names are words, so this reads once.
            Some(expr) => self.set(&expr),
        }
    }

    fn sum(self, terms: &[(TermSign, Expr)]) -> Math {
        let mut row = Vec::new();
        for (i, (sign, term)) in terms.iter().enumerate() {
            let minus = *sign == TermSign::Minus;
            match (i, minus) {
                (0, false) => {}
                (0, true) => row.push(Math::Sign(Sign::Negative)),
                (_, true) => row.push(Math::Sign(Sign::Minus)),
                (_, false) => row.push(Math::Sign(Sign::Plus)),
            }
            let least = if i == 0 && !minus { Rank::Sum } else { Rank::Apart };
            // `a + (b + c)` is `a + b + c` on paper; a sign in front is not.
            let inner = strip(term);
            let sum = matches!(&inner.kind, ExprKind::Sum(t) if t[0].0 == TermSign::Plus
                && rank(&t[0].1) > Rank::Sum);
            match self.at_least(term, if sum && !minus { Rank::Sum } else { least }) {
                Math::Row(parts) => row.extend(parts),
                part => row.push(part),
            }
        }
        Math::row(row)
    }

    /// What can carry a superscript: `(A B)^T`, `W_1^T`, `(x^2)^T`.
    fn carrier(self, base: &Expr) -> Math {
        let inner = self.set(strip(base));
        let bare = match &inner {
            Math::Script { sup, .. } => sup.is_none(),
            Math::Fraction(..) => false,
            Math::Row(parts) => {
                rank(base) == Rank::Value && parts.len() < 3 && !inner.is_tall() && !powered(parts)
            }
            _ => rank(base) == Rank::Value,
        };
        if bare && rank(base) == Rank::Value { inner } else { Math::fenced(Fence::Paren, inner) }
    }

    fn transposed(self, base: &Expr) -> Math {
        // (A^-1)^T
        if let ExprKind::Power(inner, exponent) = &strip(base).kind
            && is_minus_one(exponent)
        {
            let above = vec![Math::Sign(Sign::Negative), Math::Sign(Sign::Transpose)];
            return self.carrier(inner).with_sup(Math::Row(above));
        }
        self.carrier(base).with_sup(Math::Sign(Sign::Transpose))
    }

    /// `x^2`; of a transpose `(A^T)^2`.
    fn powered(self, base: &Expr, above: Math) -> Math {
        self.carrier(base).with_sup(above)
    }

    pub(super) fn indices(self, indices: &[Index]) -> Math {
        let parts: Vec<Math> = indices.iter().map(|i| self.index(i)).collect();
        let short = |m: &Math| match m {
            Math::Letter(l) => l.len() == 1,
            Math::Number(n) => n.len() == 1,
            _ => false,
        };
        if parts.iter().all(short) {
            return Math::row(parts);
        }
        let mut row = Vec::new();
        for (i, part) in parts.into_iter().enumerate() {
            if i > 0 {
                row.push(Math::Sign(Sign::Comma));
            }
            row.push(part);
        }
        Math::row(row)
    }

    fn index(self, index: &Index) -> Math {
        match index {
            Index::All(_) => Math::Sign(Sign::Colon),
            Index::At(at) => self.set(at),
        }
    }

    /// `p_y`, `A_{ij}`, `(W_1)_{ij}`, `K_2[o,c,i,j]`, `W^{(2)}`.
    fn access(self, base: &Expr, indices: &[Index]) -> Math {
        let read = match &strip(base).kind {
            ExprKind::Name(text) if text.contains('/') => read(text),
            _ => None,
        };
        let inner = read.as_ref().unwrap_or(strip(base));
        if let ExprKind::Derivative { of, by } = &inner.kind
            && let ([variable], None) = (&by[..], &of.indices)
            && variable.indices.is_none()
        {
            let by = Entry { indices: Some(indices.to_vec()), ..variable.clone() };
            return self.derivative(of, &[by]);
        }
        if let (ExprKind::Name(text), [Index::At(at)]) = (&inner.kind, indices)
            && let ExprKind::Number(number) = &strip(at).kind
            && self.context.is_family(text)
        {
            let member = Math::fenced(Fence::Paren, Math::number(&number.text));
            return name::name(self.context, text).with_sup(member);
        }
        let array = self.set(inner);
        let plain = |i: &Index| match i {
            Index::All(_) => true,
            Index::At(at) => {
                matches!(strip(at).kind, ExprKind::Name(_) | ExprKind::Number(_))
            }
        };
        let below = self.indices(indices);
        let bare = matches!(array, Math::Letter(_) | Math::Name(_));
        if bare && (indices.len() < 3 || indices.iter().all(plain)) {
            return array.with_sub(below);
        }
        let values = |m: &Math| matches!(m, Math::Script { sup: None, .. } | Math::Letter(_));
        let list = indices.len() > 2 || !indices.iter().all(plain);
        if values(&array) && list {
            let list = self.listed(indices);
            return Math::Row(vec![array, Math::fenced(Fence::Square, list)]);
        }
        // An entry of a function's value: `softmax(z)_i`.
        let is_call = match (&inner.kind, &array) {
            (ExprKind::Call { .. }, Math::Row(parts)) => {
                matches!(parts.as_slice(), [_, Math::Fenced(Fence::Paren, _)])
            }
            _ => false,
        };
        if is_call {
            return array.with_sub(below);
        }
        Math::fenced(Fence::Paren, array).with_sub(below)
    }

    /// `o, c, i, j`
    fn listed(self, indices: &[Index]) -> Math {
        let mut row = Vec::new();
        for (i, index) in indices.iter().enumerate() {
            if i > 0 {
                row.push(Math::Sign(Sign::Comma));
            }
            row.push(self.index(index));
        }
        Math::row(row)
    }

    fn derivative(self, of: &Entry, by: &[Entry]) -> Math {
        let entry = |entry: &Entry| {
            let value = self.name(&entry.name.text);
            match &entry.indices {
                Some(indices) => {
                    let at =
                        Expr { kind: ExprKind::Name(entry.name.text.clone()), span: entry.span };
                    self.access(&at, indices)
                }
                None => value,
            }
        };
        let above = Math::Row(vec![Math::Sign(Sign::Partial), entry(of)]);
        let mut below = Vec::new();
        for (i, variable) in by.iter().enumerate() {
            if i > 0 {
                below.push(Math::Sign(Sign::Comma));
            }
            below.push(entry(variable));
        }
        let below = if by.len() == 1 {
            Math::row(below)
        } else {
            Math::fenced(Fence::Paren, Math::Row(below))
        };
        let below = Math::Row(vec![Math::Sign(Sign::Partial), below]);
        Math::Fraction(Box::new(above), Box::new(below))
    }

    /// Kronecker's delta of two indices, else the indicator.
    fn indicator(self, test: &Expr) -> Math {
        let index = |e: &Expr| match &strip(e).kind {
            ExprKind::Name(text) => {
                self.context.rank(text).is_none() && !self.context.is_size(text) && text.len() == 1
            }
            _ => false,
        };
        if let ExprKind::Compare(Comparison::Equal, a, b) = &strip(test).kind
            && index(a)
            && index(b)
        {
            let below = Math::Row(vec![self.set(a), self.set(b)]);
            return Math::Letter("delta".into()).with_sub(below);
        }
        let inner = self.set(strip(test));
        Math::Row(vec![Math::Bold('1'), Math::fenced(Fence::Square, inner)])
    }

    fn norm(self, inner: &Expr, kind: NormKind) -> Math {
        let bars = Math::fenced(Fence::Norm, self.set(strip(inner)));
        let below = match kind {
            NormKind::Plain => return bars,
            NormKind::Two => Math::number("2"),
            NormKind::One => Math::number("1"),
            NormKind::Infinity => Math::Sign(Sign::Infinity),
            NormKind::Frobenius => Math::Letter("F".into()),
            NormKind::Spectral => Math::Text("spec".into()),
        };
        bars.with_sub(below)
    }

    fn big(self, op: BigOp, binders: &[Binder], body: &Expr) -> Math {
        let large = match op {
            BigOp::Sum => Large::Sum,
            BigOp::Mean => Large::Mean,
            BigOp::Max => Large::Max,
            BigOp::Min => Large::Min,
            BigOp::Prod => Large::Product,
        };
        let mut row = Vec::new();
        let samples = binders.iter().find_map(|b| {
            self.context.sample(&b.name.text).map(|letter| (letter, b.name.text.as_str()))
        });
        let others: Vec<&Binder> =
            binders.iter().filter(|b| self.context.sample(&b.name.text).is_none()).collect();
        let summed = matches!(large, Large::Sum | Large::Mean | Large::Product);
        if let Some((letter, batch)) = samples {
            let count = name::name(self.context, batch);
            let mut op = large;
            if large == Large::Mean {
                let one = Box::new(Math::number("1"));
                row.push(Math::Fraction(one, Box::new(count.clone())));
                op = Large::Sum;
            }
            let index = Math::Letter(letter.into());
            let (under, over) = if summed {
                let from = vec![index, Math::Sign(Sign::Equal), Math::number("1")];
                (Math::Row(from), Some(Box::new(count)))
            } else {
                (index, None)
            };
            row.push(Math::Big { op, under: Some(Box::new(under)), over });
        }
        if !others.is_empty() || samples.is_none() {
            row.push(self.bound(large, &others));
        }
        row.push(self.at_least(body, Rank::Apart));
        Math::Row(row)
    }

    /// The operator over its indices, `i` from 0 where a range is given.
    fn bound(self, op: Large, binders: &[&Binder]) -> Math {
        let summed = matches!(op, Large::Sum | Large::Product);
        if let ([one], true) = (binders, summed)
            && let Some(range) = &one.range
        {
            let index = name::name(self.context, &one.name.text);
            let under = Math::Row(vec![index, Math::Sign(Sign::Equal), Math::number("0")]);
            let over = match &strip(range).kind {
                ExprKind::Number(n) if n.integer().is_some_and(|n| n > 0) => {
                    Math::Number(n.integer().map_or(0, |n| n - 1).to_string())
                }
                _ => {
                    let minus = Math::Sign(Sign::Minus);
                    Math::Row(vec![self.at_least(range, Rank::Apart), minus, Math::number("1")])
                }
            };
            return Math::Big { op, under: Some(Box::new(under)), over: Some(Box::new(over)) };
        }
        let mut row = Vec::new();
        for (i, binder) in binders.iter().enumerate() {
            if i > 0 {
                row.push(Math::Sign(Sign::Comma));
            }
            row.push(name::name(self.context, &binder.name.text));
        }
        Math::Big { op, under: Some(Box::new(Math::row(row))), over: None }
    }
}

/// Whether a part carries a superscript.
fn powered(parts: &[Math]) -> bool {
    parts.iter().any(|p| matches!(p, Math::Script { sup: Some(_), .. }))
}

fn comparison(op: Comparison) -> Sign {
    match op {
        Comparison::Equal => Sign::Equal,
        Comparison::NotEqual => Sign::NotEqual,
        Comparison::Less => Sign::Less,
        Comparison::LessEqual => Sign::LessEqual,
        Comparison::Greater => Sign::Greater,
        Comparison::GreaterEqual => Sign::GreaterEqual,
    }
}

fn is_minus_one(expr: &Expr) -> bool {
    match &strip(expr).kind {
        ExprKind::Negative(inner) => {
            matches!(&strip(inner).kind, ExprKind::Number(n) if n.integer() == Some(1))
        }
        ExprKind::Number(number) => number.text == "-1",
        _ => false,
    }
}

//! Products and quotients.

use chainrule_syntax::ast::{Expr, ExprKind, Factor, ProductOp};

use super::rank::{Rank, ends_open, is_number, rank, strip};
use super::set::Setter;
use super::width::width;
use super::{Fence, Math, Sign};

/// A numerator that is wider stands behind `1/b`.
const NUMERATOR: f64 = 9.0;

/// The kind of product that stands so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One factor, or numbers only.
    Plain,
    Matrix,
    Entries,
}

/// What stands so far.
struct Prefix {
    row: Vec<Math>,
    kind: Kind,
    /// Whether all of it are numbers.
    numbers: bool,
    /// Whether it ends in a digit.
    digit: bool,
}

impl Prefix {
    fn fence(&mut self) {
        let inner = Math::row(std::mem::take(&mut self.row));
        self.row = vec![Math::fenced(Fence::Paren, inner)];
        self.kind = Kind::Plain;
    }

    fn take(&mut self) -> Math {
        Math::row(std::mem::take(&mut self.row))
    }
}

impl Setter<'_> {
    pub(super) fn product(self, first: &Expr, rest: &[Factor]) -> Math {
        let mut head = strip(first);
        let mut all: Vec<&Factor> = rest.iter().collect();
        // Read from the left, a product in front of a product is one product.
        while let ExprKind::Product { first, rest } = &head.kind {
            all.splice(0..0, rest.iter());
            head = strip(first);
        }
        let number = matches!(head.kind, ExprKind::Number(_));
        let mut prefix = Prefix {
            row: vec![self.factor(head, all.first().copied())],
            kind: Kind::Plain,
            numbers: is_number(self.context, head),
            digit: number,
        };
        for (i, factor) in all.iter().enumerate() {
            self.join(&mut prefix, factor, all.get(i + 1).copied());
        }
        prefix.take()
    }

    /// A factor, in parentheses if it would take what follows.
    fn factor(self, value: &Expr, next: Option<&Factor>) -> Math {
        if next.is_some() && ends_open(value) {
            return Math::fenced(Fence::Paren, self.set(strip(value)));
        }
        self.at_least(value, Rank::Big)
    }

    fn join(self, prefix: &mut Prefix, factor: &Factor, next: Option<&Factor>) {
        match factor.op {
            ProductOp::Slash => self.quotient(prefix, &factor.value),
            ProductOp::DotStar => self.entries(prefix, factor, Sign::Hadamard, next),
            ProductOp::DotSlash => self.entries(prefix, factor, Sign::HadamardSlash, next),
            ProductOp::Juxtaposition | ProductOp::At | ProductOp::Star => {
                self.beside(prefix, factor, next);
            }
        }
    }

    fn entries(self, prefix: &mut Prefix, factor: &Factor, sign: Sign, next: Option<&Factor>) {
        if prefix.kind == Kind::Matrix {
            prefix.fence();
        }
        let value = self.factor(&factor.value, next);
        prefix.row.extend([Math::Sign(sign), value]);
        let number = prefix.numbers && is_number(self.context, &factor.value);
        prefix.kind = if number { Kind::Plain } else { Kind::Entries };
        prefix.numbers = number;
        prefix.digit = false;
    }

    fn beside(self, prefix: &mut Prefix, factor: &Factor, next: Option<&Factor>) {
        let number = is_number(self.context, &factor.value);
        if prefix.kind == Kind::Entries {
            prefix.fence();
        }
        let value = self.factor(&factor.value, next);
        let digit = begins_with_digit(&value);
        if prefix.digit && digit {
            prefix.row.push(Math::Sign(Sign::Dot));
        } else if needs_space(prefix.row.last(), &value) {
            prefix.row.push(Math::Thin);
        }
        match value {
            Math::Row(parts) if rank(&factor.value) >= Rank::Value => prefix.row.extend(parts),
            value => prefix.row.push(value),
        }
        if !(prefix.numbers || number) {
            prefix.kind = Kind::Matrix;
        }
        prefix.numbers &= number;
        prefix.digit = matches!(strip(&factor.value).kind, ExprKind::Number(_));
    }

    /// `1/N` and short numerators as fractions; a long one behind `1/b`.
    fn quotient(self, prefix: &mut Prefix, value: &Expr) {
        let below = self.set(strip(value));
        let above = prefix.take();
        let is_flat = !above.is_tall() && !below.is_tall();
        prefix.digit = false;
        if is_flat && width(&above) <= NUMERATOR {
            prefix.row.push(Math::Fraction(Box::new(above), Box::new(below)));
            prefix.kind = Kind::Plain;
            return;
        }
        let is_simple = !below.is_tall() && prefix.kind != Kind::Entries;
        if is_simple && is_number(self.context, value) {
            let one = Box::new(Math::number("1"));
            prefix.row.push(Math::Fraction(one, Box::new(below)));
            prefix.row.push(above);
            return;
        }
        let above =
            if prefix.kind == Kind::Plain { above } else { Math::fenced(Fence::Paren, above) };
        let below = self.at_least(value, Rank::Value);
        prefix.row.extend([above, Math::Sign(Sign::Slash), below]);
        prefix.kind = Kind::Plain;
    }
}

fn begins_with_digit(math: &Math) -> bool {
    match math {
        Math::Number(_) | Math::Bold(_) => true,
        Math::Row(parts) => parts.first().is_some_and(begins_with_digit),
        Math::Script { base, .. } => begins_with_digit(base),
        Math::Fraction(above, _) => begins_with_digit(above),
        _ => false,
    }
}

/// Words and names of several letters stand apart.
fn needs_space(before: Option<&Math>, value: &Math) -> bool {
    let words = |m: &Math| match m {
        Math::Word(_) | Math::Name(_) | Math::Text(_) | Math::Fraction(..) => true,
        Math::Script { base, .. } => matches!(**base, Math::Word(_) | Math::Name(_)),
        _ => false,
    };
    let begins = match value {
        Math::Row(parts) => parts.first().is_some_and(words),
        other => words(other),
    };
    let ends = before.is_some_and(|m| match m {
        Math::Fraction(..) => begins,
        Math::Row(parts) => parts.last().is_some_and(|m| words(m) || is_call_end(m)),
        other => words(other),
    });
    let after_call = before.is_some_and(|m| {
        matches!(m, Math::Row(p) if p.len() > 1
        && words(&p[0]) && p.last().is_some_and(is_call_end))
    });
    let number = matches!(before, Some(Math::Number(_)));
    after_call || ends || begins && before.is_some() && !number_is_enough(number, value)
}

/// `2 x` needs no space, `2 \operatorname{tr}` gets it from the operator.
fn number_is_enough(number: bool, value: &Math) -> bool {
    number && matches!(value, Math::Fraction(..))
}

fn is_call_end(math: &Math) -> bool {
    matches!(math, Math::Fenced(..))
}

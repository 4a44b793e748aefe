//! Functions of the language as they are written on paper.

use chainrule_syntax::ast::{Arg, Expr, ExprKind, Number};

use super::rank::{Rank, rank, strip};
use super::set::Setter;
use super::{Fence, Large, Math, Sign};

impl Setter<'_> {
    pub(super) fn call(self, function: &str, primes: u32, args: &[Arg]) -> Math {
        let values: Vec<&Expr> =
            args.iter().filter(|a| a.name.is_none()).map(|a| &a.value).collect();
        let named: Vec<&Arg> = args.iter().filter(|a| a.name.is_some()).collect();
        let plain = primes == 0 && named.is_empty();
        if plain && let Some(math) = self.special(function, &values) {
            return math;
        }
        if primes == 0
            && let Some(math) = self.along_axis(function, &values, &named)
        {
            return math;
        }
        let mut head = match function {
            "sigmoid" => Math::Letter("sigma".into()),
            "grad" => Math::Sign(Sign::Nabla),
            _ => Math::word(function),
        };
        if primes > 0 {
            head = head.with_sup(Math::Text("′".repeat(primes as usize)));
        }
        let mut list = self.list(&values);
        for arg in named {
            if !list.is_empty() {
                list.push(Math::Sign(Sign::Comma));
            }
            let word = arg.name.as_ref().map_or("", |n| n.text.as_str());
            list.extend([Math::Text(word.into()), Math::Sign(Sign::Equal), self.set(&arg.value)]);
        }
        Math::Row(vec![head, Math::fenced(Fence::Paren, Math::row(list))])
    }

    fn list(self, values: &[&Expr]) -> Vec<Math> {
        let mut list = Vec::new();
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                list.push(Math::Sign(Sign::Comma));
            }
            list.push(self.set(value));
        }
        list
    }

    /// Functions with a notation of their own.
    fn special(self, function: &str, values: &[&Expr]) -> Option<Math> {
        let fenced = |fence, value: &Expr| Math::fenced(fence, self.set(strip(value)));
        let sized = |base: Math| -> Math {
            let mut row = Vec::new();
            for (i, size) in values.iter().enumerate() {
                if i > 0 {
                    row.push(Math::Sign(Sign::Times));
                }
                row.push(self.at_least(size, Rank::Product));
            }
            if row.is_empty() { base } else { base.with_sub(Math::row(row)) }
        };
        Some(match (function, values) {
            ("sqrt", [value]) => Math::Root(Box::new(self.set(strip(value)))),
            ("abs", [value]) => fenced(Fence::Bar, value),
            ("logdet", [value]) => {
                let inner = Math::Row(vec![Math::word("det"), self.argument(value)]);
                Math::Row(vec![Math::word("log"), Math::fenced(Fence::Bar, inner)])
            }
            ("inner", [_, _]) => Math::fenced(Fence::Angle, Math::row(self.list(values))),
            ("kron", [a, b]) => Math::Row(vec![
                self.at_least(a, Rank::Product),
                Math::Sign(Sign::Kronecker),
                self.at_least(b, Rank::Product),
            ]),
            ("pinv", [value]) => self.raised(value, Math::Sign(Sign::Cross)),
            ("inv", [value]) => {
                let minus = vec![Math::Sign(Sign::Negative), Math::number("1")];
                self.raised(value, Math::Row(minus))
            }
            ("I", _) => sized(Math::Letter("I".into())),
            ("ones", _) => sized(Math::Bold('1')),
            ("zeros", _) => sized(Math::Bold('0')),
            ("tr" | "det", [value]) => Math::Row(vec![Math::word(function), self.argument(value)]),
            ("delta", [a, b]) => {
                let below = Math::Row(vec![self.set(a), self.set(b)]);
                Math::Letter("delta".into()).with_sub(below)
            }
            ("max" | "min", [value]) => {
                let op = if function == "max" { Large::Max } else { Large::Min };
                let op = Math::Big { op, under: None, over: None };
                Math::Row(vec![op, self.argument(value)])
            }
            ("reshape", [value, sizes @ ..]) if !sizes.is_empty() => {
                let mut row = Vec::new();
                for (i, size) in sizes.iter().enumerate() {
                    if i > 0 {
                        row.push(Math::Sign(Sign::Times));
                    }
                    row.push(self.at_least(size, Rank::Product));
                }
                let head = Math::word("reshape").with_sub(Math::row(row));
                Math::Row(vec![head, self.argument(value)])
            }
            _ => return self.derived(function, values),
        })
    }

    /// Derivatives of formulas.
    fn derived(self, function: &str, values: &[&Expr]) -> Option<Math> {
        Some(match (function, values) {
            ("hess", [of, by]) => {
                let nabla = Math::Sign(Sign::Nabla).with_sub(self.set(by));
                Math::Row(vec![nabla.with_sup(Math::number("2")), self.argument_or_name(of)])
            }
            ("hvp", [of, by, along]) => {
                let nabla = Math::Sign(Sign::Nabla).with_sub(self.set(by));
                Math::Row(vec![
                    nabla.with_sup(Math::number("2")),
                    self.argument_or_name(of),
                    Math::Thin,
                    self.at_least(along, Rank::Value),
                ])
            }
            ("grad", [of, by]) => Math::Row(vec![
                Math::Sign(Sign::Nabla).with_sub(self.set(by)),
                self.argument_or_name(of),
            ]),
            ("jac", [of, by]) => self.jacobian(of, by),
            _ => return None,
        })
    }

    /// In parentheses, always: what a function is applied to.
    fn argument(self, value: &Expr) -> Math {
        Math::fenced(Fence::Paren, self.set(strip(value)))
    }

    /// `L`, or `(a + b)`.
    fn argument_or_name(self, value: &Expr) -> Math {
        match self.at_least(value, Rank::Value) {
            fenced @ Math::Fenced(..) => fenced,
            other => Math::row(vec![Math::Thin, other]),
        }
    }

    fn raised(self, value: &Expr, above: Math) -> Math {
        let name = matches!(strip(value).kind, ExprKind::Name(_));
        if name && rank(value) == Rank::Value {
            self.set(strip(value)).with_sup(above)
        } else {
            self.argument(value).with_sup(above)
        }
    }

    /// A Jacobian of names is a quotient; matrices are stacked.
    fn jacobian(self, of: &Expr, by: &Expr) -> Math {
        let side = |value: &Expr| {
            let stacked = match &strip(value).kind {
                ExprKind::Name(name) => self.context.rank(name).is_some_and(|axes| axes > 1),
                _ => true,
            };
            let inner = self.set(strip(value));
            if stacked {
                let inner = Math::fenced(Fence::Paren, inner);
                Math::Row(vec![Math::Sign(Sign::Partial), Math::Thin, Math::word("vec"), inner])
            } else {
                Math::Row(vec![Math::Sign(Sign::Partial), inner])
            }
        };
        Math::Fraction(Box::new(side(of)), Box::new(side(by)))
    }

    /// `sum(A, axis = 0)`, `softmax(S, axis = 1)`.
    fn along_axis(self, function: &str, values: &[&Expr], named: &[&Arg]) -> Option<Math> {
        let ([value], [arg]) = (values, named) else { return None };
        let axis = match (&arg.name, &strip(&arg.value).kind) {
            (Some(name), ExprKind::Number(Number { text, .. })) if name.text == "axis" => text,
            _ => return None,
        };
        let (head, below) = match (function, axis.as_str()) {
            ("sum", "0") => (Math::word("colsum"), None),
            ("sum", "1") => (Math::word("rowsum"), None),
            (_, "0") => (Math::word(function), Some("columns")),
            (_, "1") => (Math::word(function), Some("rows")),
            _ => return None,
        };
        let head = match below {
            Some(below) => head.with_sub(Math::Text(below.into())),
            None => head,
        };
        Some(Math::Row(vec![head, self.argument(value)]))
    }
}

//! Slopes: the factor that a derivative of a function brings, and the argument of a function.

use chainrule_syntax::ast::{Arg, Expr, ExprKind, Factor, ProductOp, Sign};

use super::leaf::FUNCTIONS;
use super::tree::{self, factors, of_factors};
use super::{All, Kind, Place, short};

impl All<'_> {
    /// The slope of a function that the file applies, entry by entry, at some neighbours of a product:
    /// `(W2^T e) x^T` for `((W2^T e) .* 1[z > 0]) x^T`.
    pub(super) fn slopes_missing(&mut self, rest: &[Factor], place: &Place) {
        if !self.vocabulary.rich {
            return;
        }
        let count = rest.len() + 1;
        let plain = |f: &Factor| matches!(f.op, ProductOp::Juxtaposition | ProductOp::At);
        for (slope, scalar) in &self.vocabulary.slopes {
            for from in 0..count {
                for to in from + 1..=count {
                    // What is divided by brings no slope of its own.
                    if (from..to).any(|k| k > 0 && !plain(&rest[k - 1])) {
                        continue;
                    }
                    let (slope, scalar) = (slope.clone(), *scalar);
                    let what = format!("factor {} missing", short(&slope));
                    self.add(Kind::Insert, place, what, move |e| {
                        let ExprKind::Product { first, rest } = &e.kind else { return None };
                        let mut all = factors(first, rest);
                        let op = all.get(from)?.op;
                        let group = of_factors(all.get(from..to)?.to_vec())?;
                        let value = with_slope(group, &slope, scalar);
                        all.splice(from..to, [tree::by(op, value)]);
                        of_factors(all)
                    });
                }
            }
        }
    }

    /// The same of a whole term.
    pub(super) fn slopes_of_all(&mut self, place: &Place) {
        for (slope, scalar) in &self.vocabulary.slopes {
            let (slope, scalar) = (slope.clone(), *scalar);
            let what = format!("factor {} missing", short(&slope));
            self.add(Kind::Insert, place, what, move |e| {
                Some(with_slope(e.clone(), &slope, scalar))
            });
        }
    }

    /// `f(2 x)` for `f(x)`.
    pub(super) fn scaled_argument(&mut self, function: &str, args: &[Arg], place: &Place) {
        let [arg] = args else { return };
        if !FUNCTIONS.contains(&function) || matches!(arg.value.kind, ExprKind::Number(_)) {
            return;
        }
        for half in [false, true] {
            let text = if half { "1/2" } else { "2" };
            let what = format!("factor {text} in the argument of {function}");
            self.add(Kind::Scale, place, what, move |e| {
                let mut out = e.clone();
                let ExprKind::Call { args, .. } = &mut out.kind else { return None };
                let arg = args.first_mut()?;
                arg.value = super::times(&arg.value, &tree::number(2), half);
                Some(out)
            });
        }
    }

    /// `kron(B, A)` for `kron(A, B)`.
    pub(super) fn exchanged_arguments(&mut self, function: &str, args: &[Arg], place: &Place) {
        if function != "kron" || args.len() != 2 {
            return;
        }
        self.add(Kind::Swap, place, format!("swap the arguments of {function}"), |e| {
            let mut out = e.clone();
            let ExprKind::Call { args, .. } = &mut out.kind else { return None };
            if args.len() == 2 {
                args.swap(0, 1);
            }
            Some(out)
        });
    }

    /// `exp(-x)` for `exp(x)`.
    pub(super) fn turned_argument(&mut self, function: &str, args: &[Arg], place: &Place) {
        let [arg] = args else { return };
        if !FUNCTIONS.contains(&function) || matches!(arg.value.kind, ExprKind::Negative(_)) {
            return;
        }
        let what = format!("sign of the argument of {function}");
        self.add(Kind::Sign, place, what, |e| {
            let mut out = e.clone();
            let ExprKind::Call { args, .. } = &mut out.kind else { return None };
            let arg = args.first_mut()?;
            arg.value = tree::negative(arg.value.clone());
            Some(out)
        });
    }

    /// `A + A^T` for a square `A`: the gradient of a quadratic form.
    pub(super) fn symmetric(&mut self, e: &Expr, place: &Place) {
        let ExprKind::Name(text) = &e.kind else { return };
        let square = self.vocabulary.value(text).is_some_and(|v| match v.dims.as_slice() {
            [rows, columns] => rows == columns,
            _ => false,
        });
        if place.index || place.transposed || !square {
            return;
        }
        let what = format!("{text} + {text}^T instead of {text}");
        self.add(Kind::Term, place, what, |e| {
            Some(tree::sum(vec![(Sign::Plus, e.clone()), (Sign::Plus, tree::transpose(e))]))
        });
    }

    /// `s (1 - s)` for `s`: the derivative of a sigmoid, half of it.
    pub(super) fn complements(&mut self, e: &Expr, place: &Place) {
        let value = match &e.kind {
            ExprKind::Name(text) => self.vocabulary.value(text).is_some_and(|v| !v.label),
            ExprKind::Call { function, .. } => FUNCTIONS.contains(&&*function.text),
            ExprKind::Access { .. } => true,
            _ => false,
        };
        if place.index || !value {
            return;
        }
        let array = self.is_array(e, place);
        let what = format!("factor 1 - {} missing", short(e));
        self.add(Kind::Insert, place, what, move |e| {
            let rest = vec![(Sign::Plus, tree::number(1)), (Sign::Minus, e.clone())];
            let op = if array { ProductOp::DotStar } else { ProductOp::Juxtaposition };
            Some(tree::product(e.clone(), op, tree::sum(rest)))
        });
    }

    /// The derivative for the function, and the other way round.
    pub(super) fn primed(&mut self, function: &str, primes: u32, args: usize, place: &Place) {
        let smooth =
            FUNCTIONS.contains(&function) && !matches!(function, "softmax" | "step" | "exp");
        if args != 1 || !smooth || primes > 1 {
            return;
        }
        let other = 1 - primes;
        let what = match other {
            0 => format!("{function} instead of its derivative"),
            _ => format!("the derivative of {function}"),
        };
        self.add(Kind::Function, place, what, move |e| {
            let mut out = e.clone();
            let ExprKind::Call { primes, .. } = &mut out.kind else { return None };
            *primes = other;
            Some(out)
        });
    }
}

/// `e .* slope`; a slope that is a product joins as it is.
fn with_slope(e: Expr, slope: &Expr, scalar: bool) -> Expr {
    let op = if scalar { ProductOp::Juxtaposition } else { ProductOp::DotStar };
    let rest = match &slope.kind {
        ExprKind::Product { first, rest } => {
            std::iter::once(tree::by(op, (**first).clone())).chain(rest.iter().cloned()).collect()
        }
        _ => vec![tree::by(op, slope.clone())],
    };
    tree::node(ExprKind::Product { first: Box::new(e), rest })
}

/// The slope of a function of one number: of `relu` at its argument, of the others by their value.
pub(crate) fn slope(function: &str, argument: &Expr, value: &Expr, scalar: bool) -> Option<Expr> {
    use chainrule_syntax::ast::Comparison::Greater;
    let less = |e: Expr| tree::sum(vec![(Sign::Plus, tree::number(1)), (Sign::Minus, e)]);
    Some(match function {
        "relu" => {
            let zero = Box::new(tree::number(0));
            let test = ExprKind::Compare(Greater, Box::new(argument.clone()), zero);
            tree::node(ExprKind::Indicator(Box::new(tree::node(test))))
        }
        "sigmoid" => {
            let op = if scalar { ProductOp::Juxtaposition } else { ProductOp::DotStar };
            tree::product(value.clone(), op, less(value.clone()))
        }
        "tanh" => {
            let (base, two) = (Box::new(value.clone()), Box::new(tree::number(2)));
            less(tree::node(match scalar {
                true => ExprKind::Power(base, two),
                false => ExprKind::DotPower(base, two),
            }))
        }
        _ => return None,
    })
}

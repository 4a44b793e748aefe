//! Changes of one symbol, call, access or derivative.

use chainrule_syntax::ast::{Comparison, Entry, Expr, ExprKind, Index, NormKind, ProductOp};

use super::insert::access;
use super::tree::{self, call, name, node, word};
use super::{All, Kind, Place, short};

/// Functions that are taken for one another.
pub(super) const FUNCTIONS: [&str; 13] = [
    "softmax", "softplus", "sigmoid", "relu", "step", "exp", "log", "tanh", "sign", "abs", "sqrt",
    "sin", "cos",
];
/// Reductions that are taken for one another.
const REDUCTIONS: [&str; 5] = ["sum", "mean", "max", "min", "logsumexp"];
/// Linear algebra that is taken for one another.
const MATRICES: [&str; 4] = ["tr", "det", "logdet", "sum"];
/// Functions that say a size or a class: no transposes, no squares.
const NUMBERS: [&str; 12] = [
    "rows", "cols", "count", "delta", "onehot", "argmax", "inner", "tr", "det", "logdet", "sum",
    "mean",
];

impl All<'_> {
    pub(super) fn leaf(&mut self, e: &Expr, place: &Place) {
        if let ExprKind::Transpose(inner) = &e.kind {
            let what = format!("drop the transpose of {}", short(inner));
            self.add(Kind::DropTranspose, place, what, |e| match &e.kind {
                ExprKind::Transpose(inner) => Some((**inner).clone()),
                _ => None,
            });
        }
        if let ExprKind::InverseTranspose(inner) = &e.kind {
            let what = format!("the inverse of {} without the transpose", short(inner));
            self.add(Kind::DropTranspose, place, what, |e| match &e.kind {
                ExprKind::InverseTranspose(inner) => {
                    let minus = node(ExprKind::Negative(Box::new(tree::number(1))));
                    Some(node(ExprKind::Power(inner.clone(), Box::new(minus))))
                }
                _ => None,
            });
        }
        if !place.index && !place.transposed && self.is_array(e, place) {
            let what = format!("transpose {}", short(e));
            self.add(Kind::Transpose, place, what, |e| Some(tree::transpose(e)));
        }
        if let ExprKind::Negative(inner) = &e.kind {
            let what = format!("drop the minus sign of {}", short(inner));
            self.add(Kind::Sign, place, what, |e| match &e.kind {
                ExprKind::Negative(inner) => Some((**inner).clone()),
                _ => None,
            });
        }
        self.numbers(e, place);
        if self.vocabulary.rich {
            self.names(e, place);
            self.functions(e, place);
            self.derivative(e, place);
            self.squares(e, place);
            self.complements(e, place);
            self.symmetric(e, place);
            self.exchanged(e, place);
            self.diagonals(e, place);
            self.abbreviated(e, place);
        }
    }

    /// Whether a transpose makes sense.
    pub(super) fn is_array(&self, e: &Expr, place: &Place) -> bool {
        match &e.kind {
            ExprKind::Name(text) => {
                let bound = place.indices.iter().any(|(index, _)| index == text);
                let size = self.vocabulary.sizes.contains(text);
                let known = self.vocabulary.value(text);
                !bound && !size && known.is_none_or(|k| !k.dims.is_empty() && !k.label)
            }
            ExprKind::Access { indices, .. } => {
                // Without knowing more, an entry is a number.
                indices.iter().any(|i| matches!(i, Index::All(_)))
            }
            ExprKind::Call { function, .. } => !NUMBERS.contains(&&*function.text),
            ExprKind::Derivative { by, .. } => by.iter().all(|b| b.indices.is_none()),
            ExprKind::Power(base, _) => self.is_array(base, place),
            ExprKind::Sum(_) | ExprKind::Product { .. } => place.factor,
            _ => false,
        }
    }

    fn numbers(&mut self, e: &Expr, place: &Place) {
        let ExprKind::Number(n) = &e.kind else { return };
        let Some(value) = n.integer().and_then(|v| u32::try_from(v).ok()) else { return };
        let rich = self.vocabulary.rich;
        let others: &[u32] = match value {
            2 if rich => &[1, 3, 4],
            2 => &[1],
            1 if rich && !place.index => &[2],
            3 if rich => &[2],
            4 if rich => &[2],
            _ => &[],
        };
        for other in others {
            let what = format!("{other} instead of {value}");
            self.put(Kind::Number, place, what, tree::number(*other));
        }
    }

    /// Another name: values of the same shape first, sizes for sizes, indices for indices.
    fn names(&mut self, e: &Expr, place: &Place) {
        let ExprKind::Name(text) = &e.kind else { return };
        let is_index = place.indices.iter().any(|(index, _)| index == text);
        if is_index {
            for (other, _) in place.indices.iter().filter(|(other, _)| other != text) {
                let what = format!("index {other} instead of {text}");
                self.put(Kind::Index, place, what, name(other));
            }
            return;
        }
        if place.index {
            return;
        }
        let unknown = self.vocabulary.value(text).is_none();
        if unknown && !self.vocabulary.sizes.contains(text) {
            for (other, _) in &place.indices {
                self.put(
                    Kind::Index,
                    place,
                    format!("index {other} instead of {text}"),
                    name(other),
                );
            }
        }
        if self.vocabulary.sizes.contains(text) {
            let others: Vec<String> =
                self.vocabulary.sizes.iter().filter(|s| *s != text).cloned().collect();
            for other in others {
                self.put(Kind::Name, place, format!("{other} instead of {text}"), name(&other));
            }
            return;
        }
        for other in self.others(text) {
            self.put(Kind::Name, place, format!("{other} instead of {text}"), name(&other));
        }
        for entry in self.entries(text, place) {
            let what = format!("{} instead of {text}", short(&entry));
            self.put(Kind::Index, place, what, entry);
        }
    }

    /// `e[i]` for `e`, `A[:,i]` and `A[i,:]` for `A`, where such an index is bound.
    fn entries(&self, text: &str, place: &Place) -> Vec<Expr> {
        let Some(value) = self.vocabulary.value(text) else { return Vec::new() };
        let mut found = Vec::new();
        for (index, range) in &place.indices {
            let fits = |dim: &String| range.as_ref().is_none_or(|r| r == dim);
            let at = || Some(name(index));
            match value.dims.as_slice() {
                [dim] if fits(dim) => found.push(access(&name(text), vec![at()])),
                [rows, columns] => {
                    if fits(columns) {
                        found.push(access(&name(text), vec![None, at()]));
                    }
                    if fits(rows) {
                        found.push(access(&name(text), vec![at(), None]));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Names that may stand for another, those of the same shape and like spelling first.
    fn others(&self, text: &str) -> Vec<String> {
        let own = self.vocabulary.value(text);
        let mut found: Vec<(u32, String)> = Vec::new();
        for value in &self.vocabulary.values {
            if value.name == text || own.is_some_and(|own| own.label != value.label) {
                continue;
            }
            let shape = match own {
                Some(own) if own.dims == value.dims => 0,
                Some(own) if own.dims.len() == value.dims.len() => 2,
                Some(_) => 4,
                None => 1,
            };
            let alike = alike(&value.name, text);
            found.push((shape + u32::from(!alike), value.name.clone()));
        }
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, name)| name).collect()
    }

    fn functions(&mut self, e: &Expr, place: &Place) {
        match &e.kind {
            ExprKind::Call { function, args, primes } => {
                let lists: [&[&str]; 3] = [&FUNCTIONS, &REDUCTIONS, &MATRICES];
                for list in lists.into_iter().filter(|l| l.contains(&&*function.text)) {
                    if args.iter().any(|a| a.name.is_some()) && list == MATRICES {
                        continue;
                    }
                    for other in list.iter().filter(|f| **f != function.text) {
                        let what = format!("{other} instead of {}", function.text);
                        let other = word(other);
                        self.add(Kind::Function, place, what, move |e| renamed(e, &other));
                    }
                }
                self.primed(function.text.as_str(), *primes, args.len(), place);
                self.turned_argument(function.text.as_str(), args, place);
                self.scaled_argument(function.text.as_str(), args, place);
                self.exchanged_arguments(function.text.as_str(), args, place);
            }
            ExprKind::Norm(_, kind) => {
                use NormKind::{Frobenius, Infinity, One, Plain, Spectral};
                for other in [Plain, One, Infinity, Frobenius, Spectral] {
                    if other == *kind {
                        continue;
                    }
                    let what =
                        format!("||..||{} instead of ||..||{}", other.suffix(), kind.suffix());
                    self.add(Kind::Function, place, what, move |e| match &e.kind {
                        ExprKind::Norm(x, _) => Some(node(ExprKind::Norm(x.clone(), other))),
                        _ => None,
                    });
                }
            }
            ExprKind::Compare(op, ..) => {
                use Comparison::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
                let others: &[Comparison] = match op {
                    Equal => &[NotEqual],
                    NotEqual => &[Equal],
                    Less => &[Greater, LessEqual],
                    Greater => &[Less, GreaterEqual],
                    LessEqual => &[GreaterEqual, Less],
                    GreaterEqual => &[LessEqual, Greater],
                };
                for other in others {
                    let other = *other;
                    let what = format!("{} instead of {}", other.text(), op.text());
                    self.add(Kind::Function, place, what, move |e| match &e.kind {
                        ExprKind::Compare(_, a, b) => {
                            Some(node(ExprKind::Compare(other, a.clone(), b.clone())))
                        }
                        _ => None,
                    });
                }
            }
            _ => {}
        }
    }

    /// `A[j,i]` for `A[i,j]`.
    fn exchanged(&mut self, e: &Expr, place: &Place) {
        let ExprKind::Access { indices, .. } = &e.kind else { return };
        if indices.len() != 2 || indices[0] == indices[1] {
            return;
        }
        let what = format!("the indices of {} exchanged", short(e));
        self.add(Kind::Index, place, what, |e| {
            let mut out = e.clone();
            let ExprKind::Access { indices, .. } = &mut out.kind else { return None };
            if indices.len() == 2 {
                indices.swap(0, 1);
            }
            Some(out)
        });
    }

    /// Another variable, another loss, other indices.
    fn derivative(&mut self, e: &Expr, place: &Place) {
        let ExprKind::Derivative { of, by } = &e.kind else { return };
        let [one] = by.as_slice() else { return };
        for other in self.others(&one.name.text) {
            let what = format!("d{}/d{other} instead of d{0}/d{}", of.name.text, one.name.text);
            let other = word(&other);
            self.add(Kind::Name, place, what, move |e| entry(e, 1, |by| by.name = other.clone()));
        }
        let numbers: Vec<String> = self
            .vocabulary
            .values
            .iter()
            .filter(|v| v.dims.is_empty())
            .map(|v| v.name.clone())
            .collect();
        for other in numbers.into_iter().filter(|n| *n != of.name.text && of.indices.is_none()) {
            let what = format!("d{other}/d{} instead of d{}/d{0}", one.name.text, of.name.text);
            let other = word(&other);
            self.add(Kind::Name, place, what, move |e| entry(e, 0, |of| of.name = other.clone()));
        }
        for (which, part) in [of, one].into_iter().enumerate() {
            for (at, index) in part.indices.iter().flatten().enumerate() {
                let Index::At(Expr { kind: ExprKind::Name(text), .. }) = index else { continue };
                for (other, _) in place.indices.iter().filter(|(other, _)| other != text) {
                    let what = format!("index {other} instead of {text}");
                    let other = name(other);
                    self.add(Kind::Index, place, what, move |e| {
                        entry(e, which, |part| {
                            let found = part.indices.as_mut().and_then(|list| list.get_mut(at));
                            if let Some(found) = found {
                                *found = Index::At(other.clone());
                            }
                        })
                    });
                }
            }
        }
    }

    fn squares(&mut self, e: &Expr, place: &Place) {
        if place.index {
            return;
        }
        match &e.kind {
            ExprKind::Name(_)
            | ExprKind::Access { .. }
            | ExprKind::Call { primes: 0, .. }
            | ExprKind::Norm(..) => {
                let bound = match &e.kind {
                    ExprKind::Name(text) => place.indices.iter().any(|(index, _)| index == text),
                    _ => false,
                };
                if bound {
                    return;
                }
                let array = self.is_array(e, place);
                let what = format!("square of {}", short(e));
                self.add(Kind::Square, place, what, move |e| {
                    let (base, two) = (Box::new(e.clone()), Box::new(tree::number(2)));
                    Some(node(match array {
                        true => ExprKind::DotPower(base, two),
                        false => ExprKind::Power(base, two),
                    }))
                });
            }
            ExprKind::Power(base, _) | ExprKind::DotPower(base, _) => {
                let what = format!("drop the power of {}", short(base));
                self.add(Kind::Square, place, what, |e| match &e.kind {
                    ExprKind::Power(base, _) | ExprKind::DotPower(base, _) => {
                        Some((**base).clone())
                    }
                    _ => None,
                });
            }
            _ => {}
        }
    }

    fn diagonals(&mut self, e: &Expr, place: &Place) {
        if place.index {
            return;
        }
        match &e.kind {
            ExprKind::Name(_) | ExprKind::Access { .. } if self.is_array(e, place) => {
                let what = format!("diag({})", short(e));
                self.add(Kind::Diagonal, place, what, |e| Some(call("diag", vec![e.clone()])));
            }
            ExprKind::Call { function, args, .. } if args.len() == 1 => {
                let arg = args[0].value.clone();
                match &*function.text {
                    "diag" | "diagv" => {
                        let what = format!("{} instead of its diagonal", short(&arg));
                        self.add(Kind::Diagonal, place, what, argument);
                    }
                    "ones" => {
                        let what = format!("identity matrix instead of {}", short(e));
                        self.add(Kind::Diagonal, place, what, |e| renamed(e, &word("I")));
                    }
                    "I" => {
                        let what = format!("ones instead of {}", short(e));
                        self.add(Kind::Diagonal, place, what, |e| {
                            let size = argument(e)?;
                            Some(call("ones", vec![size.clone(), size]))
                        });
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// `a^T` for `kron(a^T, I(n))`, where a Jacobian is claimed.
    fn abbreviated(&mut self, e: &Expr, place: &Place) {
        let Some(rows) = self.vocabulary.jacobian else { return };
        let array = match &e.kind {
            ExprKind::Transpose(inner) => self.is_array(inner, place),
            ExprKind::Name(_) | ExprKind::Access { .. } => self.is_array(e, place),
            ExprKind::Sum(_) => true,
            ExprKind::Product { rest, .. } => rest.iter().any(|f| f.op == ProductOp::DotStar),
            _ => false,
        };
        if place.index || !array || place.transposed {
            return;
        }
        let sizes = self.vocabulary.sizes.clone();
        for size in sizes {
            let forms: &[bool] = match &e.kind {
                ExprKind::Transpose(_) => &[false],
                _ => &[true, false],
            };
            for turned in forms {
                let turned = *turned;
                let build = {
                    let size = size.clone();
                    move |e: &Expr| {
                        let row = if turned { tree::transpose(e) } else { e.clone() };
                        let unit = call("I", vec![name(&size)]);
                        let both = if rows { vec![unit, row] } else { vec![row, unit] };
                        Some(call("kron", both))
                    }
                };
                let Some(whole) = build(e) else { continue };
                let what = format!("{} stands for {}", short(e), short(&whole));
                self.add(Kind::Factor, place, what, build);
            }
        }
    }
}

/// Whether two names begin alike, or differ in one letter.
fn alike(a: &str, b: &str) -> bool {
    let apart = a.chars().zip(b.chars()).filter(|(x, y)| x != y).count();
    a.chars().next() == b.chars().next() || a.len() == b.len() && apart == 1
}

/// The call with another function.
fn renamed(e: &Expr, function: &chainrule_syntax::ast::Name) -> Option<Expr> {
    let mut out = e.clone();
    let ExprKind::Call { function: old, .. } = &mut out.kind else { return None };
    *old = function.clone();
    Some(out)
}

/// What a call is of.
fn argument(e: &Expr) -> Option<Expr> {
    match &e.kind {
        ExprKind::Call { args, .. } => args.first().map(|a| a.value.clone()),
        _ => None,
    }
}

/// The derivative with its upper (0) or lower (1) entry changed.
fn entry(e: &Expr, which: usize, change: impl Fn(&mut Entry)) -> Option<Expr> {
    let mut out = e.clone();
    let ExprKind::Derivative { of, by } = &mut out.kind else { return None };
    match which {
        0 => change(of),
        _ => change(by.first_mut()?),
    }
    Some(out)
}

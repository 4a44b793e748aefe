//! Declared types.

use chainrule_syntax::ast::{Name, TypeExpr, TypeWord};
use chainrule_syntax::{Diagnostic, Span, limits};

use super::{Elaborator, Meaning};
use crate::axis::Axes;
use crate::index::AxisId;
use crate::size::{Size, Sizes, grouped};
use crate::types::{Kind, Type};

impl Elaborator<'_> {
    /// `R[H, d] per N`
    pub(crate) fn declared_type(&mut self, ty: &TypeExpr, per: Option<&Name>) -> Option<Type> {
        let axis = match per {
            Some(name) => Some(self.batch_axis(name)?),
            None => None,
        };
        let mut brackets = Vec::new();
        for bracket in &ty.brackets {
            let sizes: Vec<Option<Size>> = bracket.iter().map(|e| self.size(e)).collect();
            brackets.push(sizes.into_iter().collect::<Option<Vec<Size>>>()?);
        }
        let mut result = self.type_of_brackets(ty, brackets)?;
        if let Some(axis) = axis {
            self.check_axis_once(axis, &result, ty.span)?;
            result.axes.push(axis);
        }
        self.check_elements(&result, ty.span)?;
        Some(result)
    }

    fn type_of_brackets(&mut self, ty: &TypeExpr, mut brackets: Vec<Vec<Size>>) -> Option<Type> {
        let word = ty.word.text();
        if ty.word == TypeWord::Label {
            let (classes, dims) = match brackets.len() {
                1 => (brackets.pop(), Vec::new()),
                2 => {
                    let dims = brackets.pop().unwrap_or_default();
                    (brackets.pop(), dims)
                }
                _ => (None, Vec::new()),
            };
            return match classes.as_deref() {
                Some([k]) => Some(Type::array(dims).with_kind(Kind::Label(k.clone()))),
                _ => {
                    let message = "a label says how many classes there are: `label[K]`, one per sample: `label[K][N]`";
                    self.error("label-classes", message, ty.span, "")
                }
            };
        }
        if brackets.len() > 1 {
            let message = format!("`{word}` takes its sizes in one bracket: `{word}[n, m]`");
            return self.error("type-brackets", message, ty.span, "");
        }
        let dims = brackets.pop().unwrap_or_default();
        let symmetric = matches!(ty.word, TypeWord::Sym | TypeWord::Spd);
        if symmetric {
            let [n] = dims.as_slice() else {
                let message = format!("`{word}` is square and takes one size: `{word}[n]`");
                let mut found = Diagnostic::error("type-brackets", message, ty.span, "");
                if let [n, m] = dims.as_slice()
                    && n == m
                {
                    let text = format!("{word}[{}]", self.size_text(n));
                    found = found.replace(format!("`{text}`"), ty.span, text);
                }
                return self.fail(found);
            };
            let kind = if ty.word == TypeWord::Sym { Kind::Sym } else { Kind::Spd };
            return Some(Type::array(vec![n.clone(), n.clone()]).with_kind(kind));
        }
        let kind = match ty.word {
            TypeWord::Positive => Kind::Positive,
            TypeWord::Integer => Kind::Integer,
            TypeWord::Prob => Kind::Prob,
            TypeWord::Mask => Kind::Mask,
            _ => Kind::Real,
        };
        if kind == Kind::Prob && dims.is_empty() {
            let message = "`prob` needs a size: `prob[K]`";
            return self.error("type-brackets", message, ty.span, "");
        }
        Some(Type::array(dims).with_kind(kind))
    }

    /// The batch axis called `name`.
    pub(crate) fn batch_axis(&mut self, name: &Name) -> Option<AxisId> {
        if let Some((Meaning::Size(size), _)) = self.scope.get(&name.text) {
            let size = size.clone();
            if let Some(id) = self.out.sizes.batch_of(&size) {
                return self.out.axes.of_batch(id);
            }
        }
        if matches!(self.scope.get(&name.text), Some((Meaning::Unknown, _))) {
            return None;
        }
        let batches = self.batch_names();
        let message = format!("`{}` is no batch axis", name.text);
        let mut found = Diagnostic::error("no-batch-axis", message, name.span, "");
        found = match batches.as_slice() {
            [] => found.note(format!("declare it: `batch {}`", name.text)),
            [one] => found.replace(format!("did you mean `{one}`?"), name.span, one),
            more => found.note(format!("batch axes: {}", more.join(", "))),
        };
        self.fail(found)
    }

    /// The batch axes of the file, for suggestions; no more than a line holds.
    pub(crate) fn batch_names(&self) -> Vec<String> {
        let batches = self.out.sizes.base().filter(|(_, d)| d.batch);
        batches.map(|(_, d)| d.name.clone()).take(10).collect()
    }

    fn check_axis_once(&mut self, axis: AxisId, ty: &Type, span: Span) -> Option<()> {
        let size = self.out.axes.get(axis).batch?;
        if ty.dims.iter().any(|d| d.as_name() == Some(size)) {
            let name = self.out.axes.get(axis).name.clone();
            let message =
                format!("the batch axis `{name}` is both written in the type and behind `per`");
            return self.error("batch-style", message, span, "");
        }
        Some(())
    }

    /// A value has fewer than 2^40 elements.
    pub(crate) fn check_elements(&mut self, ty: &Type, span: Span) -> Option<()> {
        let mut total: u128 = 1;
        for dim in &ty.dims {
            let Some(value) = dim.value(&self.out.sizes) else {
                if dim.is_fixed(&self.out.sizes) {
                    // Its number does not fit.
                    total = u128::MAX;
                }
                continue;
            };
            let whole = value.whole().and_then(|w| u128::try_from(w).ok());
            let Some(n) = whole.filter(|n| *n >= 1) else {
                let (size, value) = (self.out.sizes.text(dim), value);
                let message = format!(
                    "the size {size} is {}, not a whole number of at least 1",
                    ratio_text(value.numerator(), value.denominator())
                );
                return self.error("size-value", message, span, "");
            };
            total = total.saturating_mul(n);
        }
        if total >= limits::ELEMENTS {
            let message = format!(
                "a value of {} elements; there must be fewer than 2^40",
                if total == u128::MAX { "far too many".into() } else { grouped(total) }
            );
            return self.error("limit-elements", message, span, "");
        }
        Some(())
    }
}

/// `23 / 2`, `-1`
pub(crate) fn ratio_text(numerator: i128, denominator: i128) -> String {
    if denominator == 1 { numerator.to_string() } else { format!("{numerator} / {denominator}") }
}

/// The type as a declaration writes it.
pub(crate) fn type_text(ty: &Type, sizes: &Sizes, axes: &Axes) -> String {
    let list = sizes.list(&ty.dims);
    let first = || ty.dims.first().map_or(String::new(), |n| format!("[{}]", sizes.text(n)));
    let mut text = match &ty.kind {
        Kind::Real => format!("R{list}"),
        Kind::Positive => format!("R+{list}"),
        Kind::Integer => format!("Z{list}"),
        Kind::Label(k) => format!("label[{}]{list}", sizes.text(k)),
        Kind::Prob => format!("prob{list}"),
        Kind::Mask => format!("mask{list}"),
        Kind::Sym => format!("Sym{}", first()),
        Kind::Spd => format!("SPD{}", first()),
        Kind::Truth => "condition".into(),
    };
    for axis in ty.axes.iter().filter(|a| axes.is_batch(**a)) {
        text.push_str(" per ");
        text.push_str(&axes.get(*axis).name);
    }
    text
}

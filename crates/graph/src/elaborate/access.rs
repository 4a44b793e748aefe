//! Accesses: `A[:,i]`, `I0[c,u+i,v+j]`, `p[y]`, and members of families.

use chainrule_syntax::ast::{Entry, Expr, ExprKind, Index, ProductOp, Sign};
use chainrule_syntax::{Diagnostic, Span};

use super::{Elaborator, Meaning, Use, Value};
use crate::index::{AxisId, NodeId};
use crate::op::{Affine, Op, Position};
use crate::size::{Ratio, Size};
use crate::types::Kind;

impl Elaborator<'_> {
    pub(crate) fn access(
        &mut self,
        base: &Expr,
        indices: &[Index],
        pad: bool,
        bracket: Span,
        span: Span,
    ) -> Value {
        if let ExprKind::Name(name) = &base.kind {
            match self.scope.get(name) {
                Some((Meaning::Family(_), _)) => {
                    return self.family_member(name, indices, bracket, span);
                }
                Some((Meaning::SizeFamily(_), _)) => {
                    let e = Expr {
                        kind: ExprKind::Access {
                            base: Box::new(base.clone()),
                            indices: indices.to_vec(),
                            pad,
                            bracket,
                        },
                        span,
                    };
                    let size = self.size(&e)?;
                    return self.leaf(Op::SizeNumber { size }, span);
                }
                _ => {}
            }
        }
        // `dJ/dW[2]` of a family `W`: the gradient by a member, not an entry of a gradient.
        if let ExprKind::Derivative { of, by } = &base.kind
            && let [one] = by.as_slice()
            && one.indices.is_none()
            && self.is_family(&one.name.text)
        {
            let span = one.span.to(bracket);
            let member = Entry { indices: Some(indices.to_vec()), span, ..one.clone() };
            return self.derivative(of, &[member], base.span.to(bracket));
        }
        let node = self.expr(base, None);
        self.entries(node, base.span, indices, pad, bracket)
    }

    /// `node[indices]`
    pub(crate) fn entries(
        &mut self,
        node: Value,
        base: Span,
        indices: &[Index],
        pad: bool,
        bracket: Span,
    ) -> Value {
        let mut positions = Vec::new();
        let mut inputs = Vec::new();
        let mut spans = vec![base];
        let mut failed = false;
        for index in indices {
            match self.position(index) {
                Some((position, label)) => {
                    if let Some((label, place)) = label {
                        inputs.push(label);
                        spans.push(place);
                    }
                    positions.push(position);
                }
                None => failed = true,
            }
        }
        let node = node?;
        if failed {
            return None;
        }
        let dims = self.ty(node).dims.clone();
        let places: Vec<Span> = indices.iter().map(index_span).collect();
        // `x[i,0]`: a column is n x 1.
        if dims.len() == 1 && positions.len() == 2 && is_first(&positions[1]) {
            positions.pop();
        }
        if dims.len() == positions.len() {
            self.record_uses(&positions, &dims, &places, base, pad);
        }
        inputs.insert(0, node);
        match self.try_add(Op::Access { positions, pad }, &inputs) {
            Ok(node) => Some(node),
            Err(misfit) => {
                let count = misfit.code == "index-count";
                let mut found = super::report::diagnostic(misfit, &spans, bracket);
                if count {
                    let text = self.source(base).to_string();
                    found.message = format!("`{text}` has {}", found.message);
                    if let Some(label) = found.labels.first_mut() {
                        let shape = std::mem::take(&mut label.text);
                        label.span = bracket;
                        found = found.label(base, shape);
                    }
                    found = self.index_count_repairs(found, indices, &dims, bracket);
                }
                self.fail(found)
            }
        }
    }

    /// `Psi[y]` of a whole batch: `Psi[y[i],i]`; missing indices: `:`.
    fn index_count_repairs(
        &self,
        found: Diagnostic,
        indices: &[Index],
        dims: &[Size],
        bracket: Span,
    ) -> Diagnostic {
        if indices.len() >= dims.len() || dims.len() > 4 {
            return found;
        }
        let inner = Span { start: bracket.start + 1, end: bracket.end - 1 };
        let text = self.source(inner).to_string();
        let missing = vec![":"; dims.len() - indices.len()].join(",");
        let after = format!("[{text},{missing}]");
        let before = format!("[{missing},{text}]");
        found.replace(format!("the whole of the other axes: `{after}`"), bracket, &after).replace(
            format!("the whole of the other axes: `{before}`"),
            bracket,
            &before,
        )
    }

    fn record_uses(
        &mut self,
        positions: &[Position],
        dims: &[Size],
        places: &[Span],
        base: Span,
        pad: bool,
    ) {
        for ((position, dim), place) in positions.iter().zip(dims).zip(places) {
            if let Position::Affine(map) = position {
                self.uses.push(Use {
                    map: map.clone(),
                    dim: dim.clone(),
                    place: *place,
                    base,
                    pad,
                });
            }
        }
    }

    /// One index: `:`, an affine map, or a label with its node.
    #[allow(clippy::type_complexity)]
    fn position(&mut self, index: &Index) -> Option<(Position, Option<(NodeId, Span)>)> {
        let e = match index {
            Index::All(_) => return Some((Position::All, None)),
            Index::At(e) => e,
        };
        if let Some(map) = self.affine(e) {
            return Some((Position::Affine(map), None));
        }
        let node = self.expr(e, None)?;
        if matches!(self.ty(node).kind, Kind::Label(_)) {
            return Some((Position::Label, Some((node, e.span))));
        }
        let is = self.shape(node);
        let found = Diagnostic::error(
            "index-form",
            "an index is affine in indices with whole coefficients (`2p+i`), or a label (`p[y]`)",
            e.span,
            is,
        );
        self.fail(found)
    }

    /// `2p+i-1`; `None`, without a report, if the expression is not of that form.
    fn affine(&mut self, e: &Expr) -> Option<Affine> {
        self.spend(1);
        match &e.kind {
            ExprKind::Name(name) => match self.scope.get(name)? {
                (Meaning::Index(axis), _) => {
                    Some(Affine { terms: vec![(*axis, 1)], constant: Size::number(0) })
                }
                (Meaning::Size(size), _) => Some(constant(size.clone())),
                _ => None,
            },
            ExprKind::Number(number) => {
                Some(constant(Size::number(i64::try_from(number.integer()?).ok()?)))
            }
            ExprKind::Paren(inner) => self.affine(inner),
            ExprKind::Negative(inner) => scale(&self.affine(inner)?, -1),
            ExprKind::Sum(terms) => {
                let mut total = constant(Size::number(0));
                for (sign, term) in terms {
                    let sign = if *sign == Sign::Minus { -1 } else { 1 };
                    total = add(&total, &scale(&self.affine(term)?, sign)?)?;
                }
                Some(total)
            }
            ExprKind::Product { first, rest } => {
                let mut total = self.affine(first)?;
                for factor in rest {
                    if !matches!(factor.op, ProductOp::Juxtaposition | ProductOp::Star) {
                        return None;
                    }
                    total = multiply(&total, &self.affine(&factor.value)?)?;
                }
                Some(total)
            }
            ExprKind::Access { .. } if self.is_size(e) => None,
            _ => None,
        }
    }
}

fn index_span(index: &Index) -> Span {
    match index {
        Index::All(span) => *span,
        Index::At(e) => e.span,
    }
}

fn is_first(position: &Position) -> bool {
    match position {
        Position::All => true,
        Position::Affine(map) => {
            map.terms.is_empty() && map.constant.constant() == Some(Ratio::ZERO)
        }
        Position::Label => false,
    }
}

fn constant(constant: Size) -> Affine {
    Affine { terms: Vec::new(), constant }
}

fn add(a: &Affine, b: &Affine) -> Option<Affine> {
    let mut terms: Vec<(AxisId, i64)> = a.terms.clone();
    for (axis, value) in &b.terms {
        match terms.binary_search_by_key(axis, |(x, _)| *x) {
            Ok(at) => terms[at].1 = terms[at].1.checked_add(*value)?,
            Err(at) => terms.insert(at, (*axis, *value)),
        }
    }
    terms.retain(|(_, value)| *value != 0);
    Some(Affine { terms, constant: a.constant.plus(&b.constant).ok()? })
}

fn scale(a: &Affine, factor: i64) -> Option<Affine> {
    let scaled = |(axis, value): &(AxisId, i64)| Some((*axis, value.checked_mul(factor)?));
    let terms: Option<Vec<_>> = a.terms.iter().map(scaled).collect();
    let mut terms = terms?;
    terms.retain(|(_, value)| *value != 0);
    let constant = a.constant.scaled(Ratio::whole_number(i128::from(factor))).ok()?;
    Some(Affine { terms, constant })
}

fn multiply(a: &Affine, b: &Affine) -> Option<Affine> {
    let whole = |m: &Affine| {
        let value = m.constant.constant()?.whole()?;
        m.terms.is_empty().then_some(())?;
        i64::try_from(value).ok()
    };
    match (whole(a), whole(b)) {
        (Some(factor), _) => scale(b, factor),
        (_, Some(factor)) => scale(a, factor),
        _ if a.terms.is_empty() && b.terms.is_empty() => {
            Some(constant(a.constant.times(&b.constant).ok()?))
        }
        _ => None,
    }
}

//! Reductions with binders: `mean[N] l`, `sum[c,i,j] ..`, `sum(i in n: ..)`.

use chainrule_syntax::ast::{BigOp, Binder, Expr, Name};
use chainrule_syntax::{Diagnostic, Span};

use super::{Elaborator, Meaning, Value};
use crate::axis::Axis;
use crate::index::{AxisId, NodeId, SizeId};
use crate::op::{Op, Over};

impl Elaborator<'_> {
    pub(crate) fn big(
        &mut self,
        op: BigOp,
        binders: &[Binder],
        body: &Expr,
        word: Span,
        span: Span,
    ) -> Value {
        let mark = self.scope.mark();
        let mut batches: Vec<(SizeId, &Name)> = Vec::new();
        let mut axes = Vec::new();
        let mut fine = true;
        for binder in binders {
            if binder.range.is_none()
                && let Some(id) = self.batch_named(&binder.name.text)
            {
                batches.push((id, &binder.name));
                continue;
            }
            match self.bind_index(binder) {
                Some(axis) => axes.push(axis),
                None => fine = false,
            }
        }
        let value = self.expr(body, None);
        self.scope.leave(mark);
        let mut value = value.filter(|_| fine)?;
        if !axes.is_empty() {
            value = self.reduce_indices(op, &axes, value, body.span, span)?;
        }
        for (id, name) in batches {
            value = self.reduce_batch(op, id, name, value, body.span, word, span)?;
        }
        Some(value)
    }

    fn batch_named(&self, name: &str) -> Option<SizeId> {
        match self.scope.get(name) {
            Some((Meaning::Size(size), _)) => self.out.sizes.batch_of(size),
            _ => None,
        }
    }

    /// A new index, in scope from here on.
    pub(crate) fn bind_index(&mut self, binder: &Binder) -> Option<AxisId> {
        let (name, span) = (&binder.name.text, binder.name.span);
        let extent = match &binder.range {
            Some(range) => Some(self.size(range)?),
            None => None,
        };
        if let Some((meaning, declared)) = self.scope.get(name) {
            let what = match meaning {
                Meaning::Size(size) => match size.value(&self.out.sizes) {
                    Some(v) => format!(
                        "a size (= {})",
                        super::types::ratio_text(v.numerator(), v.denominator())
                    ),
                    None => "a size".into(),
                },
                Meaning::Index(_) => "an index already".into(),
                _ => "a value".into(),
            };
            let message = format!("`{name}` is {what}; choose another index letter");
            let found = Diagnostic::error("index-shadows", message, span, "an index here")
                .label(declared, "its other meaning");
            self.scope.push(name, Meaning::Unknown, span);
            return self.fail(found);
        }
        let axis = self.new_index(name, extent, span);
        Some(axis)
    }

    /// Adds an index and brings it into scope.
    pub(crate) fn new_index(
        &mut self,
        name: &str,
        extent: Option<crate::size::Size>,
        span: Span,
    ) -> AxisId {
        let axis = self.index_of(name, extent, span);
        self.indices.push(axis);
        self.scope.push(name, Meaning::Index(axis), span);
        axis
    }

    /// The index itself: that of an earlier variant of the claim, if its range is the same.
    fn index_of(&mut self, name: &str, extent: Option<crate::size::Size>, span: Span) -> AxisId {
        let key = extent.clone().map(|extent| (name.to_owned(), extent));
        let known = key.as_ref().zip(self.reused.as_ref()).and_then(|(k, known)| known.get(k));
        if let Some(axis) = known {
            return *axis;
        }
        let axis = self.out.axes.add(Axis { name: name.into(), extent, batch: None, span });
        if let (Some(known), Some(key)) = (&mut self.reused, key) {
            known.insert(key, axis);
        }
        axis
    }

    fn reduce_indices(
        &mut self,
        op: BigOp,
        axes: &[AxisId],
        value: NodeId,
        body: Span,
        span: Span,
    ) -> Value {
        let ty = self.ty(value).clone();
        let missing: Vec<AxisId> = axes.iter().filter(|a| !ty.axes.contains(a)).copied().collect();
        let mut value = value;
        if !missing.is_empty() {
            let from = (0..ty.dims.len()).collect();
            let lift = Op::Lift { axes: missing, dims: ty.dims, from };
            value = self.add(lift, &[value], &[body], body)?;
        }
        let mut over: Vec<AxisId> = axes.to_vec();
        over.sort_unstable();
        self.add(Op::Reduce { op, over: Over::Named(over) }, &[value], &[body], span)
    }

    #[allow(clippy::too_many_arguments)] // the places of all three parts are needed for messages
    fn reduce_batch(
        &mut self,
        op: BigOp,
        id: SizeId,
        name: &Name,
        value: NodeId,
        body: Span,
        word: Span,
        span: Span,
    ) -> Value {
        let ty = self.ty(value).clone();
        let silent = ty.axes.iter().copied().find(|a| self.out.axes.get(*a).batch == Some(id));
        let written: Vec<usize> = ty
            .written_batches(&self.out.sizes)
            .into_iter()
            .filter(|(_, b)| *b == id)
            .map(|(at, _)| at)
            .collect();
        let over = match (silent, written.as_slice()) {
            (Some(axis), _) => Over::Named(vec![axis]),
            (None, [at]) => Over::Batch(*at),
            (None, []) => {
                let is = self.shape(value);
                let text = format!("`{}[{}]`", op.text(), name.text);
                let message = format!("{text} of a value without the batch axis `{}`", name.text);
                let found = Diagnostic::error("no-batch-in-value", message, body, is)
                    .label(word.to(name.span), "reduces over the batch");
                return self.fail(found);
            }
            (None, _) => {
                let is = self.shape(value);
                let message = format!("the value has the axis `{}` twice", name.text);
                return self.error("batch-twice", message, body, is);
            }
        };
        self.add(Op::Reduce { op, over }, &[value], &[body], span)
    }
}

//! Lifts: a value without an axis that meets one with it is copied along it, explicitly.

use chainrule_syntax::Span;

use super::{Elaborator, Value};
use crate::index::{AxisId, NodeId};
use crate::module::{Note, NoteKind};
use crate::op::{Misfit, Op};
use crate::types::Type;

impl Elaborator<'_> {
    /// Brings two values to one shape, as `+ - .* ./ =` do: scalars go with everything, and what
    /// lacks a batch axis is lifted along it. Shapes that still differ are left to the op.
    pub(crate) fn align(
        &mut self,
        a: NodeId,
        b: NodeId,
        spans: (Span, Span),
    ) -> Option<(NodeId, NodeId)> {
        let (ta, tb) = (self.type_of(a), self.type_of(b));
        self.check_style_pair(&ta, &tb, spans)?;
        let a = self.lift_like(a, &tb, true, spans.0)?;
        let b = self.lift_like(b, &ta, true, spans.1)?;
        Some((a, b))
    }

    /// Lifts `node` to the dims and axes of `like`, where it only lacks batch axes (and, with
    /// `scalars`, where it is a number).
    pub(crate) fn lift_like(
        &mut self,
        node: NodeId,
        like: &Type,
        scalars: bool,
        span: Span,
    ) -> Value {
        let ty = self.type_of(node);
        if ty.dims == like.dims && ty.axes == like.axes {
            return Some(node);
        }
        let axes: Vec<AxisId> =
            like.axes.iter().filter(|x| !ty.axes.contains(x)).copied().collect();
        let (dims, from) = match self.stretched(&ty, like, scalars) {
            Some(from) => (like.dims.clone(), from),
            None => (ty.dims.clone(), (0..ty.dims.len()).collect()),
        };
        if axes.is_empty() && dims == ty.dims {
            return Some(node);
        }
        self.note_lift(node, &ty, like, &axes, span);
        self.add(Op::Lift { axes, dims, from }, &[node], &[span], span)
    }

    /// The dims of `like` that `ty` has, if it lacks only batch axes or is a number.
    fn stretched(&self, ty: &Type, like: &Type, scalars: bool) -> Option<Vec<usize>> {
        if ty.dims == like.dims {
            return None;
        }
        let missing: Vec<usize> = like
            .written_batches(&self.out.sizes)
            .into_iter()
            .filter(|(_, id)| !ty.dims.iter().any(|d| d.as_name() == Some(*id)))
            .map(|(at, _)| at)
            .collect();
        let from: Vec<usize> = (0..like.dims.len()).filter(|i| !missing.contains(i)).collect();
        let kept: Vec<_> = from.iter().map(|&i| like.dims[i].clone()).collect();
        if !missing.is_empty() && kept == ty.dims {
            return Some(from);
        }
        (ty.is_scalar() && scalars).then(Vec::new)
    }

    fn note_lift(&mut self, node: NodeId, ty: &Type, like: &Type, axes: &[AxisId], span: Span) {
        let constant = match &self.out.graph.node(node).op {
            Op::Symbol { id, .. } => self
                .out
                .symbols
                .get(id.index())
                .is_some_and(|s| matches!(s.role, crate::module::Role::Const(_))),
            _ => false,
        };
        let literal = constant
            || matches!(
                self.out.graph.node(node).op,
                Op::Number { .. } | Op::SizeNumber { .. } | Op::Pi | Op::IndexNumber { .. }
            );
        if literal || self.in_claim || self.foreign.is_some() || !self.expanding.is_empty() {
            return;
        }
        let silent = axes.iter().filter(|a| self.out.axes.is_batch(**a));
        let mut names: Vec<String> = silent.map(|a| self.out.axes.get(*a).name.clone()).collect();
        let mut written = String::new();
        if !ty.is_scalar() || like.written_batches(&self.out.sizes).len() == like.dims.len() {
            for (at, id) in like.written_batches(&self.out.sizes) {
                if ty.dims.iter().any(|d| d.as_name() == Some(id))
                    || like.dims.len() == ty.dims.len()
                {
                    continue;
                }
                let name = self.out.sizes.get(id).name.clone();
                if at == 1 && ty.dims.len() == 1 {
                    written = format!(": {} ones({name})^T", self.source(span));
                }
                names.push(name);
            }
        }
        if names.is_empty() {
            return;
        }
        let text = format!("`{}` is lifted along {}{written}", self.source(span), names.join(", "));
        let note = Note { span, kind: NoteKind::Lift, text };
        // The members of a family pass the same places.
        if self.member != Some(true) {
            self.out.notes.push(note);
        }
    }

    /// `x : R[d] per N` and `X : R[d, N]` do not meet entry by entry.
    pub(crate) fn check_style_pair(
        &mut self,
        ta: &Type,
        tb: &Type,
        spans: (Span, Span),
    ) -> Option<()> {
        for (silent, written, first) in [(ta, tb, true), (tb, ta, false)] {
            let clash = written.written_batches(&self.out.sizes).into_iter().find(|(_, id)| {
                silent.axes.iter().any(|x| self.out.axes.get(*x).batch == Some(*id))
            });
            let Some((_, id)) = clash else { continue };
            let name = &self.out.sizes.get(id).name;
            let message = format!(
                "the batch axis `{name}` is silent (`per {name}`) in one value and written in the other"
            );
            let (s, w) = (self.context().shape(silent), self.context().shape(written));
            let misfit = Misfit::new("batch-style", message)
                .operand(usize::from(!first), s)
                .operand(usize::from(first), w)
                .note("write both per sample, or both for the whole batch");
            return self.fail(super::report::diagnostic(
                misfit,
                &[spans.0, spans.1],
                spans.0.to(spans.1),
            ));
        }
        Some(())
    }
}

//! Ops without rules: functions of which only their inputs are known.

use std::rc::Rc;

use super::Prover;
use super::convert::{Entry, Value};
use super::ix::{Base, Ix};
use super::term::{Atom, Head, Kind, OpKey, Poly, Sign};
use crate::index::{AxisId, NodeId};
use crate::op::{Op, Over};
use crate::size::Ratio;
use crate::types::Kind as TypeKind;

impl Prover<'_> {
    /// An entry of a term, written as the term with indices.
    fn as_written(&mut self, id: NodeId, dims: Vec<Ix>) -> Option<Entry> {
        let ty = self.module.graph.ty(id);
        let mut args = Vec::new();
        for axis in &ty.axes {
            args.push(self.axis(*axis)?);
        }
        args.extend(dims.iter().cloned());
        let atom = self.simple(Kind::Node(id), args);
        Some(Entry { dims, value: Value::Number(Poly::of(vec![(atom, Ratio::ONE)])) })
    }

    /// An op of which nothing is known but that it is a function of its inputs.
    pub(crate) fn opaque(&mut self, id: NodeId) -> Option<Entry> {
        let module = self.module;
        let node = module.graph.node(id);
        let (op, ty) = (node.op.clone(), node.ty.clone());
        let dims: Vec<Ix> = ty.dims.iter().map(|d| self.fresh_ix(d)).collect();
        if self.display {
            return self.as_written(id, dims);
        }
        let consumed: Vec<AxisId> = match &op {
            Op::Reduce { over: Over::Named(axes), .. } => axes.clone(),
            // A function of the entries of named axes that the result keeps: not an atom.
            Op::First { over: Over::Named(_), .. } | Op::Others { over: Over::Named(_) } => {
                return None;
            }
            _ => Vec::new(),
        };
        let mut forms = Vec::new();
        let mut holes: Vec<Ix> = Vec::new();
        for input in &node.inputs {
            let own = module.graph.ty(*input);
            let formals: Vec<Ix> = own.dims.iter().map(|d| self.fresh_ix(d)).collect();
            let poly = self.number_at(*input, &formals)?;
            let poly = self.settled(&poly)?;
            let mut slots = Vec::new();
            for formal in consumed.iter().map(|a| self.axis(*a)).collect::<Option<Vec<_>>>()? {
                slots.extend(formal.as_var());
            }
            slots.extend(formals.iter().filter_map(Ix::as_var));
            let (form, own, _) = self.form(&poly, &slots)?;
            forms.push(form);
            holes.extend(own);
        }
        let arity = dims.len() + holes.len();
        let name = format!("{} {}", op.def().name, text_of(&op));
        let key = OpKey(name, op);
        let label = match &ty.kind {
            TypeKind::Label(k) => Some(k.clone()),
            _ => None,
        };
        let classes = label.clone();
        let head = self.intern(Kind::Opaque(key), forms, |kind, forms| Head {
            kind,
            forms,
            symmetries: vec![(0..arity).collect()],
            sign: Sign::Unknown,
            bit: false,
            prob: None,
            classes,
            lead: None,
        });
        let atom = Atom { head, args: dims.iter().cloned().chain(holes).collect() };
        let value = match label {
            Some(_) => Value::Label(Ix::One(Base::Label(Rc::new(atom)))),
            None => Value::Number(Poly::of(vec![(atom, Ratio::ONE)])),
        };
        Some(Entry { dims, value })
    }
}

/// The parameters of an op, to order ops by.
fn text_of(op: &Op) -> String {
    match op {
        Op::Reduce { op, over } | Op::First { op, over } => format!("{} {over:?}", op.text()),
        other => format!("{other:?}"),
    }
}

//! Products entry by entry.

use crate::index::NodeId;
use crate::module::Module;
use crate::op::Op;
use crate::size::Ratio;
use crate::terms::Terms;

use super::term::{half, minus_one};

/// The node of factors with exponents: `a .* b ./ c`.
pub(super) fn node(m: &mut Module, list: &[(NodeId, Ratio)]) -> Option<NodeId> {
    let mut top: Option<NodeId> = None;
    let above: Vec<_> = list.iter().filter(|(_, q)| !q.is_negative()).collect();
    for (base, exponent) in &above {
        let factor = raised(m, *base, *exponent)?;
        top = Some(match top {
            Some(top) => Terms::of(m).op(Op::Hadamard, &[top, factor]).ok()?,
            None => factor,
        });
    }
    let below: Vec<_> = list.iter().filter(|(_, q)| q.is_negative()).collect();
    if let (None, [(base, exponent)]) = (top, below.as_slice())
        && *exponent != minus_one()
    {
        return power(m, *base, *exponent);
    }
    let mut under: Option<NodeId> = None;
    for (base, exponent) in &below {
        let exponent = exponent.times(minus_one())?;
        let factor = match exponent == Ratio::whole_number(2) {
            true => power(m, *base, exponent)?,
            false => raised(m, *base, exponent)?,
        };
        under = Some(match under {
            Some(under) => Terms::of(m).op(Op::Hadamard, &[under, factor]).ok()?,
            None => factor,
        });
    }
    let Some(under) = under else { return top };
    let mut t = Terms::of(m);
    let top = match top {
        Some(top) => top,
        None => {
            let ty = t.ty(under);
            t.ones(&ty).ok()?
        }
    };
    t.op(Op::HadamardQuotient, &[top, under]).ok()
}

fn raised(m: &mut Module, base: NodeId, exponent: Ratio) -> Option<NodeId> {
    if exponent == Ratio::ONE {
        return Some(base);
    }
    if exponent == half() {
        return Terms::of(m).op(Op::Sqrt, &[base]).ok();
    }
    let simple = m.graph.node(base).inputs.is_empty();
    if exponent == Ratio::whole_number(2) && simple {
        return Terms::of(m).op(Op::Hadamard, &[base, base]).ok();
    }
    power(m, base, exponent)
}

fn power(m: &mut Module, base: NodeId, exponent: Ratio) -> Option<NodeId> {
    let mut t = Terms::of(m);
    let value = exponent.numerator() as f64 / exponent.denominator() as f64;
    let number = t.number(value).ok()?;
    let ty = t.ty(base);
    let number = t.lifted(number, &ty).ok()?;
    t.op(Op::DotPower, &[base, number]).ok()
}

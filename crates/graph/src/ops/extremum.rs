//! The greater and the smaller of two values. Ties take the first.

pub(crate) mod maximum;
pub(crate) mod minimum;

use chainrule_syntax::ast::Comparison;

use crate::index::NodeId;
use crate::op::{Misfit, Op};
use crate::record::At;
use crate::terms::Terms;

/// 1 for the one that is taken; ties take the first.
fn extreme(
    t: &mut Terms<'_>,
    at: &At,
    k: usize,
    first: Comparison,
) -> Result<Option<NodeId>, Misfit> {
    let other = match first {
        Comparison::GreaterEqual => Comparison::Less,
        _ => Comparison::Greater,
    };
    let op = Op::Compare { op: if k == 0 { first } else { other } };
    let truth = t.op(op, &at.inputs)?;
    t.op(Op::Indicator, &[truth]).map(Some)
}

//! Labels: the class of the largest entry, and classes as unit vectors.

pub(crate) mod arg_max;
pub(crate) mod one_hot;

use crate::op::{Cost, Infer, Notation, OpDef};
use crate::record::{Differential, Eval, Lowering, ReachFn, Sample, Wholes};

const fn op(
    name: &'static str,
    infer: Infer,
    cost: Cost,
    eval: Wholes,
    reach: ReachFn,
    lowering: Lowering,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Call,
        cost,
        eval: Eval::Whole(eval),
        spec: None,
        reach: Some(reach),
        differential: Differential::Zero,
        lowering,
        kink: None,
        samples,
    }
}

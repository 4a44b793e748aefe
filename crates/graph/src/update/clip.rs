//! A bound on a gradient: the standard library's function with the gradient in its place.

use crate::differentiate::Refusal;
use crate::index::NodeId;
use crate::module::{Clip, Module};
use crate::update::rewrite::Rewrite;

/// `clip_norm(g, c)` with `gradient` for `g`.
pub(super) fn within(
    module: &mut Module,
    clip: &Clip,
    gradient: NodeId,
) -> Result<NodeId, Refusal> {
    let g = module.read(clip.gradient)?;
    let mut rewrite = Rewrite::new(module);
    rewrite.put(g, gradient);
    rewrite.node(clip.value)
}

//! Lowering: terms become loops over views.
//!
//! The lowered graph knows no matrices and no batches: a value is an array with one index a dim (the
//! batch axes last, dims of the literal size 1 left out), and every computation reads views of arrays
//! at affine places and writes each entry once. What was a product, a sum over the batch, a
//! convolution or one of its gradients is a [`Loop`] with two reads and a sum; what role an index
//! plays follows from which reads it occurs in. Sizes stay symbols.

mod build;
mod compose;
mod evaluate;
mod fuse;
mod ir;
mod multilinear;
mod print;
mod roles;
mod solve;
mod verify;

pub use build::{arranged, layout_sizes};
pub use ir::{Fold, Frame, Lane, Loop, Map, Node, Program, Scatter, Step, View, Work};
pub use roles::{Contraction, Role};

use crate::differentiate::{self, Refusal};
use crate::index::{NodeId, SymbolId};
use crate::module::Module;

/// A lowered graph: nodes in topological order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lowered {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// What was asked for: names and nodes.
    pub outputs: Vec<(String, usize)>,
}

/// Lowers terms over the names of `module`.
///
/// # Errors
///
/// A limit is reached.
///
/// ```
/// let reading = chainrule_graph::read("size n, m, k\ngiven\n  A : R[n, m]\n  B : R[m, k]\nnet\n  Y = A B\n");
/// let mut module = reading.modules[0].clone();
/// let y = module.bindings[0].value;
/// let lowered = chainrule_graph::lower::lower(&mut module, &[("Y".into(), y)]).unwrap();
/// let products = lowered.contractions();
/// assert_eq!(module.sizes.text(&products[0].m[0]), "n");
/// assert_eq!(module.sizes.text(&products[0].k[0]), "m");
/// ```
pub fn lower(module: &mut Module, outputs: &[(String, NodeId)]) -> Result<Lowered, Refusal> {
    let mut last = Lowered::default();
    passes(module, outputs, |_, lowered| last.clone_from(lowered))?;
    Ok(last)
}

/// The passes of [`lower`] in their order.
pub const PASSES: [&str; 5] = ["loops", "sums", "pointwise", "solved", "lowered"];

/// Lowers, and shows what each pass leaves. The structure is checked after each in debug builds.
///
/// # Errors
///
/// A limit is reached.
pub fn passes(
    module: &mut Module,
    outputs: &[(String, NodeId)],
    mut after: impl FnMut(&'static str, &Lowered),
) -> Result<(), Refusal> {
    let mut lowered = build::build(module, outputs)?;
    for pass in PASSES {
        match pass {
            // What nothing reads any more must not count as a reader.
            "sums" => {
                fuse::merge_sums(&mut lowered, module);
                fuse::drop_dead(&mut lowered);
            }
            "pointwise" => {
                fuse::fuse_pointwise(&mut lowered);
                fuse::drop_dead(&mut lowered);
            }
            "solved" => solve::solve(&mut lowered, module),
            "lowered" => {
                // A solved scatter may have become entry-wise.
                fuse::fuse_pointwise(&mut lowered);
                fuse::drop_dead(&mut lowered);
                fuse::normalise(&mut lowered);
            }
            _ => {}
        }
        debug_assert_eq!(lowered.verify(&module.sizes), Ok(()), "after {pass}");
        after(pass, &lowered);
    }
    Ok(())
}

/// The outputs of a training step without its update: the loss and its gradients by all parameters.
///
/// # Errors
///
/// The loss has no gradient, or a limit is reached.
pub fn step_outputs(module: &mut Module, loss: NodeId) -> Result<Vec<(String, NodeId)>, Refusal> {
    let params: Vec<SymbolId> = module.params().map(|(id, _)| id).collect();
    let derivation = differentiate::stable_derivation(module, loss, &params)?;
    let mut outputs = vec![(crate::raise::text(module, loss), loss)];
    for (param, gradient) in params.iter().zip(&derivation.gradients) {
        let name = format!("d{}/d{}", outputs[0].0, module.symbol(*param).name);
        outputs.push((name, *gradient));
    }
    Ok(outputs)
}

/// A training step without its update, lowered.
///
/// # Errors
///
/// The loss has no gradient, or a limit is reached.
pub fn training_step(module: &mut Module, loss: NodeId) -> Result<Lowered, Refusal> {
    let outputs = step_outputs(module, loss)?;
    lower(module, &outputs)
}

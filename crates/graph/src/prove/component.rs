//! The formula of one entry of a term, for reading.

use std::collections::BTreeMap;

use chainrule_syntax::ast::Expr;

use super::{Prover, print};
use crate::index::NodeId;
use crate::module::Module;

/// The formula of one entry.
#[derive(Clone, PartialEq, Debug)]
pub struct Component {
    /// For each dim the names of its indices. A dim that is several axes in one (`vec`, `kron`) has
    /// several, the fastest first; a dim of one place has none.
    pub indices: Vec<Vec<String>>,
    /// The entry there, with sums, and `1[i == k]` for deltas.
    pub formula: Expr,
}

/// The formula of one entry of a term without derivative operators: names stay, sums over deltas
/// are carried out, products are not multiplied out.
///
/// ```
/// use chainrule_graph::{module::Statement, prove, read};
/// use chainrule_syntax::print;
/// let text = "size n, m\ngiven\n  W : R[n, m]\n  e : R[n]\nclaim \"t\" W^T e = W^T e\n";
/// let module = &read(text).modules[0];
/// let Some(Statement::Links(term, _)) = &module.claims[0].statement else { panic!() };
/// let entry = prove::component(module, *term).unwrap();
/// assert_eq!(entry.indices, [["i"]]);
/// assert_eq!(print::expr(&entry.formula), "sum[j] W[j,i] e[j]");
/// ```
pub fn component(module: &Module, node: NodeId) -> Option<Component> {
    let mut prover = Prover::new(module, super::STEPS);
    prover.display = true;
    let entry = prover.entry(node)?;
    let value = prover.number(&entry.value)?;
    let mut digits = Vec::new();
    for dim in &entry.dims {
        let parts = prover.composite(dim)?;
        digits.push(parts.into_iter().filter_map(|(_, _, ix)| ix.as_var()).collect::<Vec<_>>());
    }
    let mut printer = print::Printer::new(&prover);
    let indices =
        digits.iter().map(|vars| vars.iter().map(|v| printer.name_of(*v)).collect()).collect();
    let formula = printer.poly(&value, &BTreeMap::new(), 0);
    Some(Component { indices, formula })
}

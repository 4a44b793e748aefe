//! Formulas that say more than the language: inner operators of derivatives.

use chainrule_syntax::ast::{Expr, ExprKind};
use chainrule_syntax::vocabulary::{FUNCTIONS, SOFT_CONSTANTS, SOFT_FUNCTIONS, STANDARD_FUNCTIONS};

use crate::edit::tree;
use crate::module::Module;

/// Whether a formula calls something that no equation file can call: the inner operators that
/// derivatives of folds and accesses are made of (`scatter`), and rearranged identities.
pub fn is_inner(module: &Module, formula: &Expr) -> bool {
    let own = |word: &str| module.functions.iter().any(|f| f.name == word);
    let known = |word: &str| {
        let listed = FUNCTIONS.contains(&word) || SOFT_FUNCTIONS.contains(&word);
        listed || SOFT_CONSTANTS.contains(&word) || STANDARD_FUNCTIONS.contains(&word) || own(word)
    };
    let constant = |e: &Expr| match &e.kind {
        ExprKind::Call { function, .. } => SOFT_CONSTANTS.contains(&function.text.as_str()),
        _ => false,
    };
    tree::holds(formula, &|e| match &e.kind {
        ExprKind::Call { function, args, .. } => {
            let moved =
                function.text == "reshape" && args.first().is_some_and(|a| constant(&a.value));
            moved || !known(&function.text)
        }
        _ => false,
    })
}

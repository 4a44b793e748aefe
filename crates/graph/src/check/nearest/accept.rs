//! Whether a form that holds at one point is true: it is judged like any claim, as it is printed.

use std::sync::Arc;

use chainrule_syntax::ast::{Assertion, Claim, Expr, StatementKind};
use chainrule_syntax::print;

use super::super::Settings;
use super::super::claim::{self, Work};
use super::super::verdict::Verdict;
use super::trial::Trial;
use crate::index::NodeId;
use crate::module::Statement;
use crate::op::Op;

/// The text of the changed side (of the equation, if the left one was changed), if it is true.
pub(super) fn accepted(
    trial: &Trial,
    pair: &[Expr; 2],
    side: usize,
    changed: &Expr,
    settings: &Settings,
) -> Option<String> {
    let (left, right) = if side == 0 { (changed, &pair[1]) } else { (&pair[0], changed) };
    // What is said of both sides in the same words says nothing.
    if print::expr(left) == print::expr(right) {
        return None;
    }
    let claim = trial.with(left, right);
    let read = Arc::new(reread(trial, &claim)?);
    let mut elaborator = trial.fresh();
    let typed = elaborator.variant(&read);
    // Nor does an equation of one term with itself: `x^T = x` for a number.
    if let Statement::Links(first, links) = typed.statement.as_ref()? {
        let graph = &elaborator.out.graph;
        let own = |node: NodeId| match graph.node(node).op {
            Op::Transpose if graph.ty(node).is_scalar() => graph.node(node).inputs[0],
            _ => node,
        };
        if links.iter().all(|(_, node)| own(*node) == own(*first)) {
            return None;
        }
    }
    let mut work = Work::of(elaborator.out);
    let found = claim::find(&mut work, &typed, settings, false).ok()?;
    if !matches!(found.verdict, Verdict::Proved | Verdict::Verified | Verdict::TrueWhere { .. }) {
        return None;
    }
    let Assertion::Links(links) = &read.assertion else { return None };
    let right = print::expr(&links.first()?.1);
    Some(match side {
        0 => format!("{} = {right}", print::expr(&read.first)),
        _ => right,
    })
}

/// The claim as its text is read.
fn reread(trial: &Trial, claim: &Claim) -> Option<Claim> {
    let span = chainrule_syntax::Span::default();
    let kind = StatementKind::Claim(Box::new(claim.clone()));
    let text = print::statement(&chainrule_syntax::ast::Statement { kind, span });
    let names: Vec<&str> = trial.module().functions.iter().map(|f| f.name.as_str()).collect();
    let parsed = chainrule_syntax::parse_with(&format!("claim {text}\n"), &names);
    if !parsed.is_ok() {
        return None;
    }
    let statement = parsed.file.blocks.into_iter().next()?.statements.into_iter().next()?;
    match statement.kind {
        StatementKind::Claim(claim) => Some(*claim),
        _ => None,
    }
}

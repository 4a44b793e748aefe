//! Mutants of a claim that holds: one small change each, and what finds it out.
//!
//! A check that cannot tell a changed formula from the right one proves nothing. So true claims are
//! changed in every way that is known ([`crate::edit`]), and each change must be refused: by shapes,
//! at the first drawn point, or at a later one. What is left must be proved to be the same formula.

use chainrule_syntax::ast::{Assertion, Expr, Relation};

use super::Settings;
use super::claim::{self, Work};
use super::nearest::trial::{Trial, Tried};
use super::nearest::values::Agreement;
use super::verdict::Verdict;
use crate::edit::{self, Kind, Vocabulary};
use crate::module::Module;

/// What becomes of a changed claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Its shapes do not fit.
    Shape,
    /// Its sides differ at the first point.
    First,
    /// They differ at a later one.
    Later,
    /// They agree at all points.
    Left {
        /// What it is judged to be.
        verdict: Verdict,
        /// Whether it is proved to be the formula that was changed.
        proved: bool,
    },
}

/// A changed claim.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mutant {
    /// Its right side.
    pub text: String,
    /// What was changed.
    pub what: String,
    /// The kind of change.
    pub kind: Kind,
    /// What becomes of it.
    pub fate: Fate,
}

/// The mutants of the last side of a claim's chain of equations; none if the claim is no such chain
/// or does not conform. `rich`: also other names, functions and indices, and insertions.
///
/// ```
/// use chainrule_graph::check::{Fate, Settings, mutants};
///
/// let text = "size n, m
/// given
///   A : R[m, n]
///   x : R[n]
/// claim \"norm\" grad(||A x||^2, x) = 2 A^T (A x)
/// ";
/// let reading = chainrule_graph::read(text);
/// let all = mutants(&reading.modules[0], 0, false, &Settings::default());
/// assert!(all.iter().any(|m| m.text == "2 A (A x)" && m.fate == Fate::Shape));
/// assert!(all.iter().any(|m| m.text == "A^T (A x)" && m.fate == Fate::First));
/// assert!(all.iter().all(|m| !matches!(m.fate, Fate::Left { proved: false, .. }) || m.text == "2 A^T A x"));
/// ```
pub fn mutants(module: &Module, claim: usize, rich: bool, settings: &Settings) -> Vec<Mutant> {
    let found = module.claims.get(claim).and_then(|claim| {
        let Assertion::Links(written) = &claim.written.assertion else { return None };
        let equations = written.iter().all(|(relation, _)| *relation == Relation::Equal);
        claim.statement.as_ref().filter(|_| equations)?;
        let sides: Vec<Expr> = std::iter::once(&claim.written.first)
            .chain(written.iter().map(|(_, e)| e))
            .map(edit::plain)
            .collect();
        let pair = [sides.get(sides.len() - 2)?.clone(), sides.last()?.clone()];
        let mut trial = Trial::of(module, claim);
        trial.start(&pair, 1)?;
        let vocabulary = Vocabulary { rich, ..trial.vocabulary(&pair[0]) };
        Some(all(&mut trial, &pair, &vocabulary, settings))
    });
    found.unwrap_or_default()
}

fn all(
    trial: &mut Trial,
    pair: &[Expr; 2],
    vocabulary: &Vocabulary,
    settings: &Settings,
) -> Vec<Mutant> {
    let mut found: Vec<Mutant> = Vec::new();
    let mut open: Vec<(usize, Tried)> = Vec::new();
    trial.is_new(&chainrule_syntax::print::expr(&pair[1]));
    for edit in edit::edits(&pair[1], vocabulary) {
        let Some(expr) = edit.apply(&pair[1]) else { continue };
        let text = chainrule_syntax::print::expr(&expr);
        if !trial.is_new(&text) {
            continue;
        }
        let tried = trial.conforming(pair, 1, &expr);
        if let Some(nodes) = tried {
            let (what, length, rank) = (edit.what.clone(), text.len(), (1, 0, edit.kind));
            open.push((found.len(), Tried { expr, what, rank, length, nodes, fits: true }));
        }
        let (what, kind) = (edit.what, edit.kind);
        found.push(Mutant { text, what, kind, fate: Fate::Shape });
    }
    let values = trial.values(settings);
    let mut it = values.as_ref().and_then(|values| values.open(trial.module()));
    let mut same = Vec::new();
    for (at, tried) in open {
        found[at].fate = Fate::First;
        let differs = match (&values, &mut it) {
            (Some(values), Some(it)) => {
                !matches!(values.compare(it, &tried, 1, trial.condition()), Agreement::Same)
            }
            _ => false,
        };
        if !differs {
            same.push((at, tried));
        }
    }
    for (at, tried) in same {
        found[at].fate = left(trial, pair, &tried.expr, settings);
    }
    found
}

/// What becomes of a mutant that the first point does not tell from the claim.
fn left(trial: &Trial, pair: &[Expr; 2], changed: &Expr, settings: &Settings) -> Fate {
    let verdict = |left: &Expr, proofs: bool| {
        let mut elaborator = trial.fresh();
        let typed = elaborator.variant(&std::sync::Arc::new(trial.with(left, changed)));
        let mut work = Work::of(elaborator.out);
        claim::find(&mut work, &typed, settings, proofs).map_or(Verdict::False, |f| f.verdict)
    };
    match verdict(&pair[0], false) {
        Verdict::False => Fate::Later,
        // It is the same formula if the claim's own right side is.
        found => Fate::Left { verdict: found, proved: verdict(&pair[1], true) == Verdict::Proved },
    }
}

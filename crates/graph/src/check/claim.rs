//! Claims, judged by shapes and numbers.

pub(super) mod entry;
mod exception;
mod forms;
pub(super) mod links;
mod special;

use std::collections::BTreeMap;

use super::nearest::{Nearest, nearest};
use super::verdict::{Counterexample, Judged, Verdict};
use super::{Settings, Stop, collect, counter};
use crate::differentiate::resolved;
use crate::index::{NodeId, SymbolId};
use crate::interpret::{TOO_LARGE, TOO_MUCH};
use crate::module::{Claim, Module, Statement};
use crate::op::Op;
use crate::prove::{self, Proof, Question};
use chainrule_syntax::ast::Relation;
pub(super) use links::Sides;

/// All claims of a module.
pub(super) fn judged(module: &Module, settings: &Settings) -> Vec<Judged> {
    let mut work = Work::of(module.clone());
    module.claims.iter().map(|claim| judge(&mut work, claim, settings)).collect()
}

/// A module that derivatives are written into.
pub(super) struct Work {
    pub(super) module: Module,
    pub(super) done: BTreeMap<NodeId, NodeId>,
    /// How many true forms were looked for.
    searches: usize,
}

/// For more false claims of one model no true form is looked for.
const MOST_SEARCHES: usize = 200;

impl Work {
    pub(super) fn of(module: Module) -> Work {
        Work { module, done: BTreeMap::new(), searches: 0 }
    }

    /// The term without derivative operators.
    pub(super) fn resolved(&mut self, node: NodeId) -> Result<NodeId, Stop> {
        Ok(resolved(&mut self.module, node, &mut self.done)?)
    }

    /// A claim's chain, ready to be evaluated.
    pub(super) fn sides(
        &mut self,
        claim: &Claim,
        first: NodeId,
        links: &[(Relation, NodeId)],
    ) -> Result<Sides, Stop> {
        let derivative = |id: &NodeId| {
            let op = &self.module.graph.node(*id).op;
            matches!(op, Op::Grad | Op::Jac { .. } | Op::Hess | Op::Hvp | Op::Prime { .. })
        };
        let roots = std::iter::once(first).chain(links.iter().map(|(_, node)| *node)).collect();
        let plain = !collect::behind_all(&self.module, roots).iter().any(derivative);
        let mut nodes = vec![self.resolved(first)?];
        for (_, node) in links {
            nodes.push(self.resolved(*node)?);
        }
        let condition = claim.condition.map(|c| self.resolved(c)).transpose()?;
        let mut replaced: Vec<(SymbolId, NodeId)> = Vec::new();
        for (symbol, node) in &claim.replaced {
            replaced.push((*symbol, self.resolved(*node)?));
        }
        let relations = links.iter().map(|(r, _)| *r).collect();
        Ok(Sides { nodes, relations, condition, replaced, plain })
    }
}

/// What is found before it is compared with what is expected.
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    pub(super) message: String,
    pub(super) counterexample: Option<Counterexample>,
    pub(super) gap: Option<f64>,
    pub(super) proof: Option<Proof>,
    /// The link that breaks, where shapes fit.
    pub(super) broken: Option<usize>,
    /// A true form, where the judgement itself finds it.
    pub(super) nearest: Option<Nearest>,
}

impl Finding {
    pub(super) fn of(verdict: Verdict, message: impl Into<String>) -> Finding {
        Finding {
            verdict,
            message: message.into(),
            counterexample: None,
            gap: None,
            proof: None,
            broken: None,
            nearest: None,
        }
    }
}

pub(super) fn judge(work: &mut Work, claim: &Claim, settings: &Settings) -> Judged {
    let found = find(work, claim, settings, true).unwrap_or_else(|stop| {
        let large = [TOO_LARGE, TOO_MUCH].contains(&&*stop.0);
        Finding::of(if large { Verdict::NotTested } else { Verdict::IllFormed }, stop.0)
    });
    let passed = found.verdict.meets(claim.expect);
    let wrong = matches!(found.verdict, Verdict::False | Verdict::IllFormed);
    let nearest = match found.nearest {
        None if wrong && work.searches < MOST_SEARCHES => {
            work.searches += 1;
            nearest(&work.module, claim, found.broken, settings)
        }
        known => known,
    };
    Judged {
        name: claim.name.clone(),
        verdict: found.verdict,
        expected: claim.expect,
        passed,
        message: found.message,
        counterexample: found.counterexample,
        gap: found.gap,
        proof: found.proof,
        ill_formed: claim
            .ill_formed
            .first()
            .filter(|_| found.verdict == Verdict::IllFormed)
            .cloned(),
        nearest,
    }
}

/// What a claim is; `proofs`: one that holds at all points is proved if it can be.
pub(super) fn find(
    work: &mut Work,
    claim: &Claim,
    settings: &Settings,
    proofs: bool,
) -> Result<Finding, Stop> {
    match &claim.statement {
        Some(Statement::Type(node, ty)) => forms::typed(work, claim, *node, ty, settings),
        Some(Statement::Links(first, links)) => {
            let sides = work.sides(claim, *first, links)?;
            let tested = links::test(&work.module, &sides, settings)?;
            if tested.points == 0 && tested.broken.is_none() {
                return Ok(unseen(&tested));
            }
            let Some(broken) = &tested.broken else {
                let found = exception::unless(work, claim, &sides, &tested, settings)?;
                return Ok(if proofs { proved(&work.module, &sides, found) } else { found });
            };
            if forms::transposed(work, claim, *first, links, settings)? {
                let message = "it holds with every Jacobian transposed";
                return Ok(Finding::of(Verdict::TrueInLayout, message));
            }
            let counterexample = counter::shrunk(&work.module, &sides, broken.link, settings)
                .or_else(|| broken.counterexample.clone());
            let link = if links.len() > 1 {
                let place = ["first", "second", "third"].get(broken.link);
                match place {
                    Some(place) => format!("the {place} link is false: "),
                    None => format!("link {} is false: ", broken.link + 1),
                }
            } else {
                String::new()
            };
            let text = counterexample
                .as_ref()
                .map_or_else(|| "the sides differ".into(), Counterexample::text);
            // An inequality is wrong by so much; where an equation differs, all entries count.
            let apart = counterexample.as_ref().map_or(0.0, |c| c.wrong_by);
            let equal = links[broken.link].0 == Relation::Equal;
            Ok(Finding {
                verdict: Verdict::False,
                message: format!("{link}{text}"),
                counterexample,
                gap: Some(if equal { tested.gap } else { apart }),
                proof: None,
                broken: Some(broken.link),
                nearest: None,
            })
        }
        None => forms::ill_formed(work, claim, settings),
    }
}

/// A claim that holds at all drawn points without exception, proved if it can be: every link, for
/// all sizes and values.
fn proved(module: &Module, sides: &Sides, found: Finding) -> Finding {
    if found.verdict != Verdict::Verified || sides.relations.iter().any(|r| *r != Relation::Equal) {
        return found;
    }
    let mut all = Proof::default();
    for pair in sides.nodes.windows(2) {
        let question = Question {
            left: pair[0],
            right: pair[1],
            condition: sides.condition,
            replaced: &sides.replaced,
            numbers: links::of_sizes(module, sides),
        };
        let Some(proof) = prove::equal_where(module, &question) else { return found };
        all.join(proof);
    }
    let message = match all.conditions() {
        Some(conditions) => format!("{conditions}; {}", found.message),
        None => found.message,
    };
    Finding { verdict: Verdict::Proved, message, proof: Some(all), ..found }
}

/// A claim without a point to look at.
fn unseen(tested: &links::Tested) -> Finding {
    let why = match &tested.failed {
        Some(failed) => failed.as_str(),
        None => "none was found where the condition holds and both sides have a value",
    };
    Finding::of(Verdict::NotTested, format!("it could not be evaluated at any drawn point: {why}"))
}

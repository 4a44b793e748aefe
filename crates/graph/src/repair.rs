//! Repairs are tried before they are shown.
//!
//! Whoever reports a mistake proposes changes of the text, likely ones first, without thinking
//! much about whether they fit. Here each is applied to the whole text, the text is read again, and
//! the change is kept if the mistake is gone and nothing new is wrong.

use chainrule_syntax::ast::Expected;
use chainrule_syntax::{Diagnostic, Repair};

use crate::op::OpDef;
use crate::read::{Reading, read_untried};

/// Bytes read again for all trials of one file: large files get fewer trials, huge ones none.
const BUDGET: usize = 1 << 20;
/// What a step of elaboration counts, in bytes read.
const STEP: usize = 2;
/// Most repairs kept for one mistake.
const KEPT: usize = 3;

/// What a reading has wrong: code and message of each mistake, sorted.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Wrong {
    errors: Vec<(&'static str, String)>,
    claims: Vec<(&'static str, String)>,
    warnings: Vec<(&'static str, String)>,
    omitted: usize,
}

fn wrong(reading: &Reading) -> Wrong {
    let key = |d: &Diagnostic| (d.code, d.message.clone());
    let sorted = |mut list: Vec<(&'static str, String)>| {
        list.sort();
        list
    };
    let claims = reading.modules.iter().flat_map(|m| &m.claims);
    let claims = claims.filter(|c| !may_be_ill_formed(c.expect));
    Wrong {
        errors: sorted(reading.diagnostics.iter().filter(|d| d.is_error()).map(key).collect()),
        claims: sorted(claims.flat_map(|c| c.ill_formed.first()).map(key).collect()),
        warnings: sorted(reading.diagnostics.iter().filter(|d| !d.is_error()).map(key).collect()),
        omitted: reading.omitted,
    }
}

/// Whether every mistake of `after` was there before: both lists are sorted.
fn nothing_new(after: &[(&'static str, String)], before: &[(&'static str, String)]) -> bool {
    let mut rest = before.iter();
    after.iter().all(|a| rest.any(|b| a == b))
}

/// Whether a claim with this expected verdict may have sides of different shapes.
pub(crate) fn may_be_ill_formed(expect: Option<Expected>) -> bool {
    matches!(expect, Some(Expected::IllFormed | Expected::TrueAsFactor | Expected::TrueInLayout))
}

/// Keeps, of the repairs of every diagnostic, those that were tried and fit.
pub(crate) fn keep_tried(text: &str, ops: &[&'static OpDef], reading: &mut Reading) {
    let steps: usize = reading.modules.iter().map(|m| m.steps).sum();
    let cost = text.len() + 256 + steps * STEP;
    let mut trials = Trials { text, ops, before: wrong(reading), cost, left: BUDGET };
    for found in &mut reading.diagnostics {
        trials.filter(found);
    }
    for module in &mut reading.modules {
        for claim in &mut module.claims {
            let expected = may_be_ill_formed(claim.expect);
            for found in &mut claim.ill_formed {
                if expected {
                    found.repairs.clear();
                } else {
                    trials.filter_claim(found);
                }
            }
        }
    }
}

struct Trials<'t> {
    text: &'t str,
    ops: &'t [&'static OpDef],
    before: Wrong,
    /// What one trial costs.
    cost: usize,
    left: usize,
}

impl Trials<'_> {
    fn filter(&mut self, found: &mut Diagnostic) {
        let error = found.is_error();
        self.keep(&mut found.repairs, |before, after| {
            let less = if error {
                after.errors.len() < before.errors.len()
            } else {
                after.warnings.len() < before.warnings.len()
            };
            less && nothing_new(&after.errors, &before.errors)
                && nothing_new(&after.claims, &before.claims)
                && after.omitted <= before.omitted
        });
    }

    fn filter_claim(&mut self, found: &mut Diagnostic) {
        self.keep(&mut found.repairs, |before, after| {
            after.claims.len() < before.claims.len()
                && nothing_new(&after.claims, &before.claims)
                && nothing_new(&after.errors, &before.errors)
        });
    }

    fn keep(&mut self, repairs: &mut Vec<Repair>, fits: impl Fn(&Wrong, &Wrong) -> bool) {
        let mut kept: Vec<(String, Repair)> = Vec::new();
        for repair in repairs.drain(..) {
            if kept.len() >= KEPT {
                break;
            }
            let Some(changed) = self.spend(&repair) else { continue };
            if kept.iter().any(|(text, _)| *text == changed) {
                continue;
            }
            if fits(&self.before, &wrong(&read_untried(&changed, self.ops))) {
                kept.push((changed, repair));
            }
        }
        repairs.extend(kept.into_iter().map(|(_, mut repair)| {
            if repair.message.starts_with('`') {
                repair.message.insert_str(0, "this fits: ");
            }
            repair
        }));
    }

    /// The changed text, while the budget lasts.
    fn spend(&mut self, repair: &Repair) -> Option<String> {
        self.left = self.left.checked_sub(self.cost)?;
        repair.apply(self.text).filter(|changed| *changed != self.text)
    }
}

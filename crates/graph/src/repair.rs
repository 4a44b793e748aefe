//! Repairs are tried before they are shown.
//!
//! Whoever reports a mistake proposes changes of the text, likely ones first, without thinking
//! much about whether they fit. Here each is applied to the whole text, the text is read again, and
//! the change is kept if the mistake is gone and nothing new is wrong.

use chainrule_syntax::ast::Expected;
use chainrule_syntax::{Diagnostic, Repair};

use crate::read::{Reading, read_untried};

/// Bytes read again for all trials of one file: large files get fewer trials, huge ones none.
const BUDGET: usize = 4 << 20;
/// Most repairs kept for one mistake.
const KEPT: usize = 3;

/// What a reading has wrong, counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Wrong {
    errors: usize,
    claims: usize,
    warnings: usize,
}

fn wrong(reading: &Reading) -> Wrong {
    let errors = reading.diagnostics.iter().filter(|d| d.is_error()).count() + reading.omitted;
    let claims = reading.modules.iter().flat_map(|m| &m.claims);
    let claims =
        claims.filter(|c| !c.ill_formed.is_empty() && !may_be_ill_formed(c.expect)).count();
    Wrong {
        errors,
        claims,
        warnings: reading.diagnostics.len() - errors.min(reading.diagnostics.len()),
    }
}

/// Whether a claim with this expected verdict may have sides of different shapes.
pub(crate) fn may_be_ill_formed(expect: Option<Expected>) -> bool {
    matches!(expect, Some(Expected::IllFormed | Expected::TrueAsFactor | Expected::TrueInLayout))
}

/// Keeps, of the repairs of every diagnostic, those that were tried and fit.
pub(crate) fn keep_tried(text: &str, reading: &mut Reading) {
    let mut trials = Trials { text, before: wrong(reading), left: BUDGET };
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
    before: Wrong,
    left: usize,
}

impl Trials<'_> {
    fn filter(&mut self, found: &mut Diagnostic) {
        let before = self.before;
        let error = found.is_error();
        self.keep(&mut found.repairs, |after| {
            if error {
                after.errors < before.errors && after.claims <= before.claims
            } else {
                after.errors <= before.errors
                    && after.claims <= before.claims
                    && after.warnings < before.warnings
            }
        });
    }

    fn filter_claim(&mut self, found: &mut Diagnostic) {
        let before = self.before;
        self.keep(&mut found.repairs, |after| {
            after.claims < before.claims && after.errors <= before.errors
        });
    }

    fn keep(&mut self, repairs: &mut Vec<Repair>, fits: impl Fn(Wrong) -> bool) {
        let mut kept: Vec<(String, Repair)> = Vec::new();
        for repair in repairs.drain(..) {
            if kept.len() >= KEPT {
                break;
            }
            let Some(changed) = self.spend(&repair) else { continue };
            if kept.iter().any(|(text, _)| *text == changed) {
                continue;
            }
            if fits(wrong(&read_untried(&changed))) {
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
        let cost = self.text.len() + 256;
        self.left = self.left.checked_sub(cost)?;
        repair.apply(self.text).filter(|changed| *changed != self.text)
    }
}

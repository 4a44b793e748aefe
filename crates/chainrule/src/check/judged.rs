//! Claims, each with its verdict, why, and what would be true.

use chainrule_graph::check::Judged;
use chainrule_graph::prove::Proof;
use chainrule_syntax::print;

use super::CheckedModel;
use super::text::{cut, paragraph};

/// Columns of the page.
const PAGE: usize = 80;

/// All claims of a model.
pub(super) fn page(model: &CheckedModel, steps: bool) -> String {
    let mut out = String::new();
    for claim in &model.report.stated {
        entry(&mut out, claim, "", steps);
    }
    for (at, claim) in model.report.claims.iter().enumerate() {
        entry(&mut out, claim, model.excerpts.get(at).map_or("", String::as_str), steps);
    }
    out
}

fn entry(out: &mut String, claim: &Judged, excerpt: &str, steps: bool) {
    let mut verdict = claim.verdict.text().to_owned();
    if let Some(expected) = claim.expected.filter(|_| !claim.passed) {
        verdict.push_str(&format!(", expected: {}", expected.text()));
    }
    let room = PAGE.saturating_sub(verdict.chars().count() + 2);
    let name = cut(&claim.name, room);
    out.push_str(&format!("{name:<room$}  {verdict}\n"));
    paragraph(out, &claim.message, 4, 4);
    for line in excerpt.lines() {
        out.push_str(&format!("      {line}\n"));
    }
    nearest(out, claim, 4);
    if let Some(proof) = claim.proof.as_ref().filter(|_| steps) {
        rules(out, proof);
    }
}

/// The rules of a proof: the name, what is replaced by what, and why that is allowed.
fn rules(out: &mut String, proof: &Proof) {
    if proof.steps.is_empty() {
        out.push_str("    both sides are the same formula of their entries\n");
    }
    for step in &proof.steps {
        let (from, to) = (print::expr(&step.from), print::expr(&step.to));
        let side = step.side.as_ref().map_or(String::new(), |side| format!("   [{side}]"));
        out.push_str(&format!("    {}\n", step.rule));
        paragraph(out, &format!("{from} = {to}{side}"), 6, 8);
    }
}

/// `nearest true: (os - oh) hs^T   (transpose hs)`
pub(super) fn nearest(out: &mut String, claim: &Judged, indent: usize) {
    let Some(nearest) = &claim.nearest else { return };
    let line = format!("nearest true: {}", nearest.text);
    let edit = format!("({})", nearest.edit);
    if indent + line.chars().count() + 3 + edit.chars().count() <= PAGE {
        out.push_str(&format!("{}{line}   {edit}\n", " ".repeat(indent)));
        return;
    }
    paragraph(out, &line, indent, indent + 2);
    paragraph(out, &edit, indent + 2, indent + 2);
}

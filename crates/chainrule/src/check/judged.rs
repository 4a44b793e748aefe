//! Claims, each with its verdict, why, and what would be true.

use chainrule_graph::check::Judged;

use super::CheckedModel;
use super::text::{cut, paragraph};

/// Columns of the page.
const PAGE: usize = 80;

/// All claims of a model.
pub(super) fn page(model: &CheckedModel) -> String {
    let mut out = String::new();
    for claim in &model.report.stated {
        entry(&mut out, claim, "");
    }
    for (at, claim) in model.report.claims.iter().enumerate() {
        entry(&mut out, claim, model.excerpts.get(at).map_or("", String::as_str));
    }
    out
}

fn entry(out: &mut String, claim: &Judged, excerpt: &str) {
    let mut verdict = claim.verdict.text().to_owned();
    if let Some(expected) = claim.expected.filter(|_| !claim.passed) {
        verdict.push_str(&format!(", expected: {}", expected.text()));
    }
    let room = PAGE.saturating_sub(verdict.chars().count() + 2);
    let name = cut(&claim.name, room);
    out.push_str(&format!("{name:<room$}  {verdict}\n"));
    details(out, claim, excerpt, 4);
}

/// Why, where, and what would be true, indented.
pub(super) fn details(out: &mut String, claim: &Judged, excerpt: &str, indent: usize) {
    paragraph(out, &claim.message, indent, indent);
    for line in excerpt.lines() {
        out.push_str(&format!("{}{line}\n", " ".repeat(indent + 2)));
    }
    nearest(out, claim, indent);
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

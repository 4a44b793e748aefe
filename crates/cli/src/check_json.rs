//! What `check --json` writes.

use chainrule::graph::check::{Counterexample, Gradient, Judged, Stepped};
use chainrule::graph::prove::Step;
use chainrule::syntax::print;
use chainrule::{Checked, CheckedModel};
use serde_json::{Map, Value, json};

/// All models in one answer; where there are several, each entry names its own.
pub(crate) fn checked(checked: &Checked) -> Value {
    let several = checked.models.len() > 1;
    let all = |entries: &dyn Fn(&CheckedModel) -> Vec<Value>| -> Vec<Value> {
        let of = |model: &CheckedModel| {
            let mut entries = entries(model);
            if several {
                entries.iter_mut().for_each(|e| e["model"] = json!(model.name));
            }
            entries
        };
        checked.models.iter().flat_map(of).collect()
    };
    let judged = |m: &CheckedModel| {
        m.report.stated.iter().chain(&m.report.claims).map(claim).collect::<Vec<_>>()
    };
    let mut value = json!({
        "passed": checked.passed(),
        "gradients": all(&|m| m.report.gradients.iter().map(gradient).collect()),
        "optimizers": all(&|m| m.report.optimizers.iter().map(optimizer).collect()),
        "claims": all(&judged),
    });
    if checked.is_empty() {
        value["message"] =
            json!("there is nothing to check: no parameter, no derivative, no claim");
    }
    value
}

/// The claims alone.
pub(crate) fn judged(checked: &Checked) -> Value {
    let all = self::checked(checked);
    let mut value = json!({ "passed": all["passed"], "claims": all["claims"] });
    if checked.is_empty() {
        value["message"] = json!("there is no claim");
    }
    value
}

fn gradient(gradient: &Gradient) -> Value {
    let mut value = json!({
        "parameter": gradient.name,
        "of": gradient.of,
        "operator": gradient.operator,
        "shape": gradient.shape,
        "relative_error": gradient.error(),
        "reverse_forward": gradient.forward,
        "reverse_complex": gradient.complex,
        "reverse_difference": gradient.difference,
        "kinks": gradient.kinks,
        "directions": gradient.directions,
        "sampled": gradient.sampled,
        "passed": gradient.passed,
    });
    if let Some(message) = &gradient.message {
        value["message"] = json!(message);
    }
    value
}

fn optimizer(optimizer: &Stepped) -> Value {
    json!({
        "name": optimizer.name,
        "lines": optimizer.lines,
        "source": optimizer.source,
        "standard": optimizer.standard,
        "relative_error": optimizer.error,
        "error": optimizer.error,
        "passed": optimizer.passed,
        "message": optimizer.message,
    })
}

fn claim(claim: &Judged) -> Value {
    let mut value = json!({
        "name": claim.name,
        "verdict": claim.verdict.text(),
        "message": claim.message,
        "nearest": claim.nearest.as_ref().map(|n| &n.text),
        "edit": claim.nearest.as_ref().map(|n| &n.edit),
        "counterexample": claim.counterexample.as_ref().map(counterexample),
        "gap": claim.gap,
        "passed": claim.passed,
    });
    if let Some(proof) = &claim.proof {
        value["steps"] = json!(proof.steps.iter().map(step).collect::<Vec<_>>());
        value["assumptions"] = json!(proof.assumptions);
    }
    if let Some(expected) = claim.expected {
        value["expected"] = json!(expected.text());
    }
    value
}

fn step(step: &Step) -> Value {
    let (from, to) = (print::expr(&step.from), print::expr(&step.to));
    json!({ "rule": step.rule, "from": from, "to": to, "side": step.side })
}

fn counterexample(example: &Counterexample) -> Value {
    let sizes: Map<String, Value> =
        example.sizes.iter().map(|(name, n)| (name.clone(), json!(n))).collect();
    let values: Map<String, Value> = example
        .values
        .iter()
        .map(|(name, shape, data)| (name.clone(), json!({ "shape": shape, "entries": data })))
        .collect();
    json!({
        "text": example.text(),
        "sizes": sizes,
        "values": values,
        "link": example.link,
        "entry": example.entry.iter().map(|(_, at)| at).collect::<Vec<_>>(),
        "left": example.left,
        "right": example.right,
        "wrong_by": example.wrong_by,
    })
}

//! What `show --json` writes.

use chainrule::{Cost, Equation, Row, Show, ShownSize};
use serde_json::{Map, Value, json};

/// One model.
pub(crate) fn model(show: &Show) -> Value {
    json!({
        "name": show.name,
        "sizes": show.sizes.iter().map(size).collect::<Vec<_>>(),
        "values": show.values.iter().map(row).collect::<Vec<_>>(),
        "equations": show.equations.iter().map(equation).collect::<Vec<_>>(),
        "parameters": { "total": show.parameters, "formula": show.parameter_formula },
        "forward": cost(&show.cost),
        "notes": show.notes.iter().map(|n| {
            json!({ "kind": n.kind, "text": n.text, "line": n.line })
        }).collect::<Vec<_>>(),
        "claims": show.claims.iter().map(|c| {
            json!({ "name": c.name, "line": c.line, "well_formed": c.well_formed, "expected": c.expect })
        }).collect::<Vec<_>>(),
        "derivatives": show.derivatives,
        "trainings": show.trainings.iter().map(|t| {
            let settings: Map<String, Value> =
                t.settings.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            json!({ "name": t.name, "loss": t.loss, "optimizer": t.optimizer, "settings": settings, "rules": t.rules })
        }).collect::<Vec<_>>(),
    })
}

fn size(size: &ShownSize) -> Value {
    json!({
        "name": size.name,
        "value": size.number,
        "formula": size.formula,
        "batch": size.batch,
    })
}

fn row(row: &Row) -> Value {
    json!({
        "name": row.name,
        "role": row.role,
        "type": row.type_text,
        "shape": row.dims,
        "numbers": row.numbers,
        "per": row.per,
        "count": row.count_number,
        "count_formula": row.count,
        "start": row.start,
    })
}

fn equation(equation: &Equation) -> Value {
    let types: Vec<Value> =
        equation.types.iter().map(|(name, ty)| json!({ "name": name, "type": ty })).collect();
    let symbols: Vec<Value> = equation
        .right
        .iter()
        .filter(|p| !p.shape.is_empty())
        .map(|p| json!({ "text": p.text, "shape": p.shape }))
        .collect();
    json!({
        "left": equation.left,
        "right": equation.formula(),
        "types": types,
        "symbols": symbols,
        "stable": equation.stable,
        "line": equation.line,
    })
}

fn cost(cost: &Cost) -> Value {
    json!({
        "batch": cost.batch,
        "flops_per_row": cost.flops_per_row,
        "flops_once": cost.flops_once,
        "flops_row_formula": cost.flops_row_formula,
        "flops_once_formula": cost.flops_once_formula,
        "parameter_bytes": cost.parameter_bytes,
        "value_bytes_per_row": cost.value_bytes_per_row,
        "value_bytes_formula": cost.value_bytes_formula,
        "value_bytes_once": cost.value_bytes_once,
    })
}

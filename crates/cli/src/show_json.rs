//! What `show --json` writes.

use chainrule::{Cost, Equation, LoweredPage, PlannedPage, Row, Show, ShownSize};
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

/// The contractions of one model's training step: numbers where they are known, else formulas.
pub(crate) fn lowered(page: &LoweredPage) -> Value {
    let contractions: Vec<Value> = page
        .contractions
        .iter()
        .map(|c| {
            let role = |at: usize| {
                let (text, number) = &c.roles[at];
                number.map_or_else(|| json!(text), |n| json!(n))
            };
            json!({
                "name": c.name,
                "m": role(0),
                "n": role(1),
                "k": role(2),
                "flops": c.flops.map_or_else(|| json!(c.flops_formula), |n| json!(n)),
                "flops_with_halo": c.flops_with_halo,
                "formula": { "m": c.roles[0].0, "n": c.roles[1].0, "k": c.roles[2].0 },
            })
        })
        .collect();
    json!({
        "model": page.model,
        "of": page.title,
        "rows": page.rows,
        "contractions": contractions,
        "flops": page.flops,
        "flops_with_halo": page.flops_with_halo,
        "other_loops": page.others,
    })
}

/// The program of one training's step; places are in bytes.
pub(crate) fn planned(planned: &PlannedPage) -> Value {
    let page = &planned.page;
    let place = |at: usize, bytes: usize| json!({ "at": at, "bytes": bytes });
    let instructions: Vec<Value> = page
        .lines
        .iter()
        .map(|line| {
            let reads: Vec<Value> = line
                .reads
                .iter()
                .map(|(name, at, bytes)| json!({ "name": name, "at": at, "bytes": bytes }))
                .collect();
            json!({
                "name": line.name,
                "kind": line.kind,
                "extents": line.extents,
                "flops": line.flops,
                "reads": reads,
                "writes": line.writes.iter().map(|(at, n)| place(*at, *n)).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "model": planned.model,
        "training": planned.training,
        "optimizer": planned.optimizer,
        "rows": page.rows,
        "precision": page.precision,
        "arena_bytes": page.arena,
        "persistent_bytes": page.persistent,
        "flops": page.flops,
        "instructions": instructions,
    })
}

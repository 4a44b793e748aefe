//! What `bench --json` and `profile --json` write.

use chainrule::bench::{Inferred, Measured, Peak, Profile, Speed, Triad};
use serde_json::{Value, json};

use crate::commands::bench::Row;

/// The name under which it stands beside other systems.
const PEER: &str = "chainrule";

/// So many digits after the point.
fn rounded(value: f64, digits: i32) -> f64 {
    let by = 10_f64.powi(digits);
    (value * by).round() / by
}

/// A measurement as one value.
pub(crate) fn value(row: &Row) -> Value {
    match row {
        Row::Train(m) => train(m),
        Row::Infer(m) => infer(m),
    }
}

fn train(m: &Measured) -> Value {
    let (least, greatest) = m.range();
    json!({
        "peer": PEER,
        "workload": m.workload,
        "threads": m.threads,
        "batch": m.batch,
        "data": m.data,
        "steps": m.steps,
        "repeats": m.seconds.len(),
        "ms_step": rounded(m.median() * 1e3, 6),
        "ms_step_min": rounded(least * 1e3, 6),
        "ms_step_max": rounded(greatest * 1e3, 6),
        "s_epoch": rounded(m.median() * m.epoch_steps as f64, 6),
        "first_step_s": rounded(m.first, 4),
        // There is nothing to import.
        "import_s": null,
        "rss_mb": m.memory.map(|(peak, _)| rounded(peak, 1)),
        "base_rss_mb": m.memory.map(|(_, base)| rounded(base, 1)),
        "version": env!("CARGO_PKG_VERSION"),
    })
}

fn infer(m: &Inferred) -> Value {
    json!({
        "peer": PEER,
        "workload": format!("W7-{}", m.workload),
        "batch": m.rows,
        "threads": m.threads,
        "us": rounded(m.median() * 1e6, 2),
        "us_min": rounded(m.least() * 1e6, 2),
        "rows_per_s": (m.rows as f64 / m.median()).round(),
        "first_s": rounded(m.first, 4),
        "import_s": null,
        "rss_mb": m.memory.map(|peak| rounded(peak, 1)),
        "version": env!("CARGO_PKG_VERSION"),
    })
}

/// The speed of a kernel beside the machine's peak.
pub(crate) fn kernel(speed: &Speed, peak: Option<&Peak>) -> Value {
    let gflops = speed.flops / speed.seconds / 1e9;
    json!({
        "kernel": speed.name,
        "extents": speed.extents,
        "threads": speed.threads,
        "us": rounded(speed.seconds * 1e6, 3),
        "gflops": rounded(gflops, 1),
        "peak_gflops": peak.map(|peak| rounded(peak.gflops, 1)),
        "of_peak": peak.map(|peak| rounded(gflops / peak.gflops, 4)),
        "gbytes": rounded(speed.bytes / speed.seconds / 1e9, 2),
        "isa": peak.map(|peak| format!("{:?}", peak.isa)),
        "picked": speed.picked,
    })
}

/// The peak of an instruction set.
pub(crate) fn peak(peak: &Peak) -> Value {
    json!({
        "limit": "fma",
        "isa": format!("{:?}", peak.isa),
        "threads": peak.threads,
        "gflops": rounded(peak.gflops, 1),
    })
}

/// The bandwidth of a level.
pub(crate) fn triad(triad: &Triad) -> Value {
    json!({
        "limit": "triad",
        "level": triad.level,
        "bytes": triad.bytes,
        "threads": triad.threads,
        "gbytes": rounded(triad.gigabytes, 1),
    })
}

/// Where the time of a step goes.
pub(crate) fn profile(p: &Profile) -> Value {
    let us = |seconds: f64| rounded(seconds * 1e6, 3);
    let rate = |count: u64, seconds: f64| rounded(count as f64 / seconds.max(1e-12) / 1e9, 2);
    let groups: Vec<Value> = p
        .groups()
        .iter()
        .map(|g| {
            json!({
                "group": g.name, "instructions": g.count, "us": us(g.seconds),
                "share": rounded(g.seconds / p.step, 4), "flops": g.flops, "bytes": g.bytes,
                "gflops": rate(g.flops, g.seconds), "gbytes": rate(g.bytes, g.seconds),
            })
        })
        .collect();
    let instructions: Vec<Value> = p
        .sorted()
        .iter()
        .map(|one| {
            json!({
                "at": one.at, "name": one.name, "group": one.group, "line": one.line,
                "extents": one.extents, "us": one.seconds.map(us),
                "share": one.seconds.map(|s| rounded(s / p.step, 4)),
                "flops": one.flops, "bytes": one.bytes,
                "gflops": one.seconds.map(|s| rate(one.flops, s)),
                "gbytes": one.seconds.map(|s| rate(one.bytes, s)),
            })
        })
        .collect();
    json!({
        "file": p.file,
        "training": p.training,
        "optimizer": p.optimizer,
        "rows": p.rows,
        "threads": p.threads,
        "precision": p.precision,
        "isa": p.isa,
        "data": p.data,
        "made_up_because": p.missing,
        "steps": p.steps,
        "step_us": us(p.step),
        "rest_us": us(p.rest()),
        "groups": groups,
        "instructions": instructions,
    })
}

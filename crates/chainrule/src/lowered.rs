//! What `show --lowered` says: the contractions of a training step.

use std::fmt::Write as _;

use chainrule_graph::differentiate::Refusal;
use chainrule_graph::lower::{self, Contraction, Lowered};
use chainrule_graph::size::grouped;
use chainrule_graph::{Module, NodeId, Ratio, Size};

/// Columns of the page.
const WIDTH: usize = 80;

/// One product of a training step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownContraction {
    /// What it is, in the author's symbols.
    pub name: String,
    /// Rows, columns and summed entries: as the author writes them, and as numbers if they are known.
    pub roles: [(String, Option<u64>); 3],
    /// Operations, without and with a halo of zeros, if they are known.
    pub flops: Option<u64>,
    /// The same as a formula.
    pub flops_formula: String,
    /// With the halo.
    pub flops_with_halo: Option<u64>,
}

/// The lowered training step of a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoweredPage {
    /// The model's name.
    pub model: String,
    /// What is computed: `J and its gradients`.
    pub title: String,
    /// Rows a step, if known.
    pub rows: Option<u64>,
    /// The products.
    pub contractions: Vec<ShownContraction>,
    /// All operations of the contractions, if known.
    pub flops: Option<u64>,
    /// With halos.
    pub flops_with_halo: Option<u64>,
    /// How many loops there are besides.
    pub others: usize,
}

/// What a file computes: the loss of its first training with its gradients, else that of its first
/// derivation, else its last equation.
fn outputs(module: &mut Module) -> Result<(String, Vec<(String, NodeId)>), Refusal> {
    let loss = module.trainings.first().map(|t| t.loss);
    let read = |module: &mut Module, id| module.read(id).map_err(|m| Refusal(m.message));
    if let Some(loss) = loss
        && module.params().next().is_some()
    {
        let node = read(module, loss)?;
        let name = module.symbol(loss).name.clone();
        let outputs = lower::step_outputs(module, node)?;
        return Ok((format!("{name} and its gradients"), outputs));
    }
    let last = module.bindings.iter().rev().map(|b| b.symbol);
    let last = last.into_iter().find(|s| !module.metrics.contains(s));
    match last {
        Some(symbol) => {
            let name = module.symbol(symbol).name.clone();
            let node = read(module, symbol)?;
            let mut done = std::collections::BTreeMap::new();
            let node = chainrule_graph::differentiate::resolved(module, node, &mut done)?;
            Ok((name.clone(), vec![(name, node)]))
        }
        None => Ok(("nothing".into(), Vec::new())),
    }
}

/// The lowered training step of `module` at `rows` a step; without, at the batch of its training.
///
/// # Errors
///
/// The loss has no gradient.
pub(crate) fn page(module: &Module, rows: Option<u64>) -> Result<LoweredPage, Refusal> {
    let mut module = module.clone();
    let (title, outputs) = outputs(&mut module)?;
    let lowered = lower::lower(&mut module, &outputs)?;
    let batch = module.trainings.first().and_then(|t| {
        t.options.iter().find(|(name, _)| name == "batch").and_then(|(_, value)| *value)
    });
    let rows = rows.or(batch.map(|b| b as u64));
    let contractions: Vec<ShownContraction> =
        lowered.contractions().iter().map(|c| shown(&module, c, rows)).collect();
    let total = |f: fn(&ShownContraction) -> Option<u64>| {
        contractions.iter().map(f).try_fold(0_u64, |sum, n| sum.checked_add(n?))
    };
    Ok(LoweredPage {
        model: module.name.clone(),
        title,
        rows,
        flops: total(|c| c.flops),
        flops_with_halo: total(|c| c.flops_with_halo),
        others: computed(&lowered).saturating_sub(contractions.len()),
        contractions,
    })
}

fn computed(lowered: &Lowered) -> usize {
    lowered.nodes.iter().filter(|n| !matches!(n.work, lower::Work::Input(_))).count()
}

fn number(module: &Module, size: &Size, rows: Option<u64>) -> Option<u64> {
    let base = |id| {
        let def = module.sizes.get(id);
        if def.batch { rows.or(def.number) } else { def.number }
    };
    let value = size.value_at(base).and_then(Ratio::whole)?;
    u64::try_from(value).ok()
}

fn shown(module: &Module, c: &Contraction, rows: Option<u64>) -> ShownContraction {
    let role = |sizes: &[Size]| {
        let texts: Vec<String> = sizes.iter().map(|s| module.sizes.text(s)).collect();
        let text = if texts.is_empty() { "1".into() } else { texts.join(" ") };
        let product = sizes.iter().map(|s| number(module, s, rows));
        (text, product.into_iter().try_fold(1_u64, |product, n| product.checked_mul(n?)))
    };
    ShownContraction {
        name: c.name.clone(),
        roles: [role(&c.m), role(&c.n), role(&c.k)],
        flops: number(module, &c.flops, rows),
        flops_formula: module.sizes.text(&c.flops),
        flops_with_halo: number(module, &c.flops_with_halo, rows),
    }
}

/// The lowered graph of `module` after the pass called `pass`; `graph` is the equations' own.
///
/// # Errors
///
/// The loss has no gradient.
pub(crate) fn dump(module: &Module, pass: &str) -> Result<String, Refusal> {
    let mut module = module.clone();
    let (_, outputs) = outputs(&mut module)?;
    if pass == "graph" {
        return Ok(graph_text(&module));
    }
    let mut found = Lowered::default();
    lower::passes(&mut module, &outputs, |name, lowered| {
        if name == pass {
            found.clone_from(lowered);
        }
    })?;
    Ok(found.text(&module, true))
}

/// Every binding, those of cotangents too: a line each.
fn graph_text(module: &Module) -> String {
    let mut out = String::new();
    for binding in &module.bindings {
        let symbol = module.symbol(binding.symbol);
        let formula = chainrule_graph::raise::text(module, binding.stable);
        let _ = writeln!(out, "{} : {} = {formula}", symbol.name, module.type_text(&symbol.ty));
    }
    out
}

impl LoweredPage {
    /// The page: a table of the contractions.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let model = if self.model.is_empty() { "(no name)" } else { &self.model };
        let rows = self.rows.map_or(String::new(), |n| format!(" at {n} rows a step"));
        let _ = writeln!(out, "model {model}: {}{rows}\n", self.title);
        let cell = |(text, number): &(String, Option<u64>)| match number {
            Some(n) if n.to_string() != *text => format!("{text} = {}", grouped(*n)),
            _ => text.clone(),
        };
        let table = |short: bool| {
            let name = |c: &ShownContraction| match c.name.split_once(':') {
                Some((owner, _)) if short => owner.to_string(),
                _ => c.name.clone(),
            };
            let row = |c: &ShownContraction| {
                let [m, n, k] = [cell(&c.roles[0]), cell(&c.roles[1]), cell(&c.roles[2])];
                [name(c), m, n, k, c.flops.map_or(c.flops_formula.clone(), scaled)]
            };
            let heads = ["contraction", "M", "N", "K", "FLOP"].map(String::from);
            let rows = self.contractions.iter().map(row);
            aligned(&std::iter::once(heads).chain(rows).collect::<Vec<_>>())
        };
        let (full, width) = table(false);
        out.push_str(&if width > WIDTH { table(true).0 } else { full });
        let _ = writeln!(out);
        let _ = write!(out, "{} contractions", self.contractions.len());
        if let Some(flops) = self.flops {
            let _ = write!(out, ", {} FLOP", scaled(flops));
            if let Some(halo) = self.flops_with_halo.filter(|h| *h != flops) {
                let _ = write!(out, " ({} with the halo of zeros)", scaled(halo));
            }
        }
        let _ = writeln!(out, "; {} other loops", self.others);
        out
    }
}

/// Rows in columns, the last one to the right; and how wide they are.
fn aligned(table: &[[String; 5]]) -> (String, usize) {
    let width = |at: usize| table.iter().map(|r| r[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut out = String::new();
    for row in table {
        let cells: Vec<String> = (0..4).map(|i| format!("{:w$}", row[i], w = widths[i])).collect();
        let _ = writeln!(out, "  {}  {:>w$}", cells.join("  "), row[4], w = widths[4]);
    }
    (out, widths.iter().sum::<usize>() + 10)
}

/// `9.16 G`: three digits with a prefix.
fn scaled(flops: u64) -> String {
    let value = flops as f64;
    let (by, prefix) = match value {
        v if v >= 1e9 => (1e9, "G"),
        v if v >= 1e6 => (1e6, "M"),
        v if v >= 1e3 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let digits = match value / by {
        _ if by == 1.0 => 0,
        v if v >= 100.0 => 1,
        v if v >= 10.0 => 2,
        _ => 3,
    };
    let text = format!("{:.digits$}", value / by);
    if prefix.is_empty() { text } else { format!("{text} {prefix}") }
}

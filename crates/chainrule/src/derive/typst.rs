//! The document in Typst.

use std::fmt::Write as _;

use super::{Block, Derive, Detail, Document, Step, types};
use crate::notation::{self, Math, escaped_typst as escaped};

/// The widest row of a formula, in ems.
const WIDTH: f64 = 44.0;

const HEAD: &str = "#set page(paper: \"a4\", margin: 2cm)
#set text(size: 10pt)
#set par(justify: false)
#show math.equation.where(block: true): set align(left)
#let line(indent, body, why) = block(above: 0.8em, below: 0.8em, breakable: false, pad(left: indent,
  grid(columns: (1fr, auto), column-gutter: 1em, align: (left + horizon, right + horizon),
    body, text(size: 0.85em, why))))
";

/// The whole document.
pub(super) fn page(document: &Document) -> String {
    let mut out = String::from(HEAD);
    let _ = writeln!(out, "\n= {}\n", escaped(&document.title));
    document.derivations.iter().for_each(|d| derivation(&mut out, d));
    out
}

fn derivation(out: &mut String, derive: &Derive) {
    let _ = writeln!(out, "== {}\n", title(derive));
    if derive.layout != "gradient" {
        let _ = writeln!(out, "{} layout\n", derive.layout);
    }
    let cell = |n: &super::Named| {
        let (math, per) = types::membership(&derive.context, &n.name, &n.type_text);
        format!("[${}$ {}]", notation::typst(&math), escaped(&per))
    };
    let cells: Vec<String> = derive.names.iter().map(cell).collect();
    if !cells.is_empty() {
        let cells = cells.join(",\n  ");
        let _ = writeln!(
            out,
            "#grid(columns: 3, column-gutter: 2.5em, row-gutter: 0.7em,\n  {cells},\n)\n"
        );
    }
    for block in &derive.blocks {
        self::block(out, derive, block);
    }
    for note in &derive.notes {
        let _ = writeln!(out, "{}\n", sentence(derive, note));
    }
}

fn title(derive: &Derive) -> String {
    if derive.gradients.is_empty() {
        return escaped(&super::capital(&derive.title));
    }
    if let [step] = &derive.steps[..]
        && derive.title == step.name
    {
        return format!("$display({})$", notation::typst(&derive.typeset(&step.left)));
    }
    let math = |name: &str| match notation::read(name) {
        Some(expr) => format!("${}$", notation::typst(&derive.typeset(&expr))),
        None => escaped(name),
    };
    format!("Gradient of {} by {}", math(&derive.of), derive.variables(math))
}

fn block(out: &mut String, derive: &Derive, block: &Block) {
    let _ = writeln!(out, "#std.line(length: 100%, stroke: 0.3pt)");
    if !block.title.is_empty() {
        let _ = writeln!(out, "*{}*", escaped(&block.title));
    }
    block.equations.iter().for_each(|d| detail(out, derive, d, 0));
    for step in &derive.steps[block.steps.clone()] {
        self::step(out, derive, step);
    }
    out.push('\n');
}

fn step(out: &mut String, derive: &Derive, step: &Step) {
    let shapes = if step.shapes.is_empty() { &step.shape } else { &step.shapes };
    let why = why(derive, &step.rule, shapes);
    line(out, Some(&derive.typeset(&step.left)), &derive.typeset(&step.right), &why, 1);
    if let Some(code) = &step.code {
        let code = code.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = writeln!(out, "#pad(left: 3em, raw(\"{code}\"))");
    }
    if let Some(diagonal) = &step.diagonal {
        let math = |e| notation::typst(&derive.typeset(e));
        let (block, count) = (math(&diagonal.block), math(&diagonal.count));
        let dots = "\\, dots \\,";
        let _ = writeln!(
            out,
            "#pad(left: 4em)[one row: $bracket.l O {dots} {block} {dots} O bracket.r$, ${count}$ blocks]"
        );
    }
    step.details.iter().for_each(|d| detail(out, derive, d, 3));
}

fn detail(out: &mut String, derive: &Derive, detail: &Detail, indent: usize) {
    let left = detail.left.as_ref().map(|l| derive.typeset(l));
    let why = why(derive, &detail.reason, &detail.shapes);
    line(out, left.as_ref(), &derive.typeset(&detail.right), &why, indent);
}

fn sentence(derive: &Derive, text: &str) -> String {
    derive.sentence(text, escaped, |m| format!("${}$", notation::typst(m)))
}

fn why(derive: &Derive, rule: &str, shapes: &str) -> String {
    let mut parts = Vec::new();
    if !rule.is_empty() {
        parts.push(format!("\\[{}\\]", sentence(derive, rule)));
    }
    if let Some((math, per)) = types::shape(&derive.context, shapes) {
        parts.push(format!("${}$ {}", notation::typst(&math), escaped(&per)).trim().to_string());
    }
    parts.join(" #h(1em) ")
}

/// `left = right` in rows that fit, the note at the right end.
fn line(out: &mut String, left: Option<&Math>, right: &Math, why: &str, indent: usize) {
    let name = left.map_or(0.0, notation::width);
    let room = (WIDTH - name - 2.0 * indent as f64).max(16.0);
    let rows: Vec<String> = notation::rows(right, room).iter().map(notation::typst).collect();
    let left = left.map_or(String::new(), notation::typst);
    let body = match &rows[..] {
        [one] => format!("$ {left} = {one} $"),
        rows => format!("$ {left} = & {} $", rows.join(" \\ & quad ")),
    };
    let _ = writeln!(out, "#line({}em, [{body}], [{why}])", 2 * indent);
}

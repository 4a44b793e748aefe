//! The document as one page of HTML with MathML.

use std::fmt::Write as _;

use super::{Block, Derive, Detail, Document, Step, types};
use crate::notation::{self, Math, escaped_html as escaped};

/// The widest row of a formula, in ems.
const WIDTH: f64 = 40.0;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1b1b1f; --soft: #5c5f66; --line: #d9dbe0; --page: #fff; --band: #f5f6f8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6ea; --soft: #a3a7b0; --line: #3a3d45; --page: #17181c; --band: #1f2126; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: .85rem; margin: 1.25rem 0 .25rem; color: var(--soft); font-weight: 600; }
math { font-size: 1.06rem; }
.names { display: flex; flex-wrap: wrap; gap: .25rem 2rem; list-style: none; margin: .5rem 0 1rem; padding: 0; }
.names li { white-space: nowrap; }
.block { border: 1px solid var(--line); border-radius: 6px; margin: 1rem 0; break-inside: avoid-page; }
.given { background: var(--band); border-bottom: 1px solid var(--line); border-radius: 6px 6px 0 0; }
.given, .steps { padding: .5rem .75rem; }
.steps:empty { display: none; }
.block h3 { margin: .6rem .75rem; }
.line { display: flex; flex-wrap: wrap; align-items: center; gap: .1rem 1.5rem; padding: .3rem 0; }
.formula { overflow-x: auto; overflow-y: hidden; max-width: 100%; padding: .15rem 0; }
.why { margin-left: auto; color: var(--soft); font-size: .85rem; text-align: right; }
.why math { font-size: .9rem; }
.details { margin: 0 0 .75rem 1.25rem; padding-left: 1rem; border-left: 3px solid var(--line); }
code { display: block; overflow-x: auto; margin: 0 0 .4rem 1.25rem; font-size: .85rem; color: var(--soft); white-space: pre; }
.note { color: var(--soft); }
mtd { text-align: left; padding: .15em 0; }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --page: #fff; --band: #fff; }
  main { max-width: none; padding: 0; }
  body { font-size: 10pt; }
  math { font-size: 10.5pt; }
  .formula, code { overflow: visible; }
}
";

/// The whole page.
pub(super) fn page(document: &Document) -> String {
    let title = escaped(&document.title);
    let mut out = String::new();
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}: derivation</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n"
    );
    document.derivations.iter().for_each(|d| derivation(&mut out, d));
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn derivation(out: &mut String, derive: &Derive) {
    let _ = writeln!(out, "<section>\n<h2>{}</h2>", title(derive));
    if derive.layout != "gradient" {
        let _ = writeln!(out, "<p class=\"note\">{} layout</p>", derive.layout);
    }
    names(out, derive);
    for block in &derive.blocks {
        self::block(out, derive, block);
    }
    for note in &derive.notes {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", sentence(derive, note));
    }
    out.push_str("</section>\n");
}

/// The title, names in it as mathematics.
fn title(derive: &Derive) -> String {
    if derive.gradients.is_empty() {
        return escaped(&super::capital(&derive.title));
    }
    if let [step] = &derive.steps[..]
        && derive.title == step.name
    {
        return inline(&derive.typeset(&step.left));
    }
    let math = |name: &str| match notation::read(name) {
        Some(expr) => inline(&derive.typeset(&expr)),
        None => escaped(name),
    };
    format!("Gradient of {} by {}", math(&derive.of), derive.variables(math))
}

fn inline(math: &Math) -> String {
    format!("<math>{}</math>", notation::mathml(math))
}

fn names(out: &mut String, derive: &Derive) {
    if derive.names.is_empty() {
        return;
    }
    out.push_str("<h3>Names and shapes</h3>\n<ul class=\"names\">\n");
    for named in &derive.names {
        let (math, per) = types::membership(&derive.context, &named.name, &named.type_text);
        let _ = writeln!(out, "<li>{} {}</li>", inline(&math), escaped(&per));
    }
    out.push_str("</ul>\n");
}

fn block(out: &mut String, derive: &Derive, block: &Block) {
    out.push_str("<div class=\"block\">\n");
    if !block.title.is_empty() {
        let _ = writeln!(out, "<h3>{}</h3>", escaped(&block.title));
    }
    if !block.equations.is_empty() {
        out.push_str("<div class=\"given\">\n");
        block.equations.iter().for_each(|d| detail(out, derive, d));
        out.push_str("</div>\n");
    }
    out.push_str("<div class=\"steps\">");
    for step in &derive.steps[block.steps.clone()] {
        self::step(out, derive, step);
    }
    out.push_str("</div>\n</div>\n");
}

fn step(out: &mut String, derive: &Derive, step: &Step) {
    let shapes = if step.shapes.is_empty() { &step.shape } else { &step.shapes };
    let why = why(derive, &step.rule, shapes);
    line(out, Some(&derive.typeset(&step.left)), &derive.typeset(&step.right), &why);
    if let Some(code) = &step.code {
        let _ = writeln!(out, "<code>{}</code>", escaped(code));
    }
    if let Some(diagonal) = &step.diagonal {
        let dots = "<mo>,</mo><mo>…</mo><mo>,</mo>";
        let block = notation::mathml(&derive.typeset(&diagonal.block));
        let count = inline(&derive.typeset(&diagonal.count));
        let _ = writeln!(
            out,
            "<p class=\"details\">one row: <math><mo>[</mo><mi>O</mi>{dots}{block}{dots}<mi>O</mi>\
             <mo>]</mo></math>, {count} blocks</p>"
        );
    }
    if !step.details.is_empty() {
        out.push_str("<div class=\"details\">\n");
        step.details.iter().for_each(|d| detail(out, derive, d));
        out.push_str("</div>\n");
    }
}

fn detail(out: &mut String, derive: &Derive, detail: &Detail) {
    let left = detail.left.as_ref().map(|l| derive.typeset(l));
    let why = why(derive, &detail.reason, &detail.shapes);
    line(out, left.as_ref(), &derive.typeset(&detail.right), &why);
}

fn sentence(derive: &Derive, text: &str) -> String {
    derive.sentence(text, escaped, inline)
}

/// The rule and the shapes.
fn why(derive: &Derive, rule: &str, shapes: &str) -> String {
    let mut parts = Vec::new();
    if !rule.is_empty() {
        parts.push(sentence(derive, rule));
    }
    if let Some((math, per)) = types::shape(&derive.context, shapes) {
        parts.push(format!("{} {}", inline(&math), escaped(&per)).trim().to_string());
    }
    parts.join(" &ensp; ")
}

/// `left = right`, in rows where it is long.
fn line(out: &mut String, left: Option<&Math>, right: &Math, why: &str) {
    let name = left.map_or(2.0, notation::width);
    let rows: Vec<String> =
        notation::rows(right, (WIDTH - name).max(20.0)).iter().map(notation::mathml).collect();
    let left = left.map_or(String::new(), notation::mathml);
    let math = match &rows[..] {
        [one] => format!("{left}<mo>=</mo>{one}"),
        rows => {
            let mut table = String::new();
            for (i, row) in rows.iter().enumerate() {
                let space = if i == 0 { "" } else { "<mspace width=\"1.5em\"></mspace>" };
                let _ = write!(table, "<mtr><mtd><mrow>{space}{row}</mrow></mtd></mtr>");
            }
            let head = format!("<mtr><mtd>{left}<mo>=</mo></mtd></mtr>");
            let _ = head;
            format!(
                "<mtable align=\"axis\"><mtr><mtd>{left}<mo>=</mo></mtd><mtd><mtable>{table}\
                 </mtable></mtd></mtr></mtable>"
            )
        }
    };
    let _ = writeln!(
        out,
        "<div class=\"line\"><div class=\"formula\"><math display=\"inline\" \
         displaystyle=\"true\"><mrow>{math}</mrow></math></div>{}</div>",
        if why.is_empty() { String::new() } else { format!("<div class=\"why\">{why}</div>") }
    );
}

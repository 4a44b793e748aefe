//! The document in LaTeX: `amsmath` and `amssymb`, any engine.

use std::fmt::Write as _;

use super::{Block, Derive, Detail, Document, Step, types};
use crate::notation::{self, Math, escaped_latex as escaped};

/// The width of the text in ems of the text's size.
const WIDTH: f64 = 46.0;

const HEAD: &str = r"\documentclass[10pt,a4paper]{article}
\usepackage{amsmath,amssymb}
\setlength{\oddsidemargin}{-0.6cm}
\setlength{\textwidth}{17cm}
\setlength{\topmargin}{-1.2cm}
\setlength{\textheight}{24.5cm}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0pt}
\allowdisplaybreaks
% The rule of a line at its right end, on the next line if there is no room.
\newcommand{\why}[1]{{\unskip\nobreak\hfil\penalty50\hskip1.5em\hbox{}\nobreak\hfill
  \hbox{\small #1}\parfillskip=0pt \finalhyphendemerits=0 \par}}
";

/// The whole document.
pub(super) fn page(document: &Document) -> String {
    let mut out = String::from(HEAD);
    let _ = writeln!(out, "\\begin{{document}}");
    let _ = writeln!(out, "{{\\Large\\bfseries {}\\par}}", escaped(&document.title));
    for derive in &document.derivations {
        derivation(&mut out, derive);
    }
    let _ = writeln!(out, "\\end{{document}}");
    out
}

fn derivation(out: &mut String, derive: &Derive) {
    let title = title(derive);
    let _ = writeln!(out, "\n\\section*{{{title}}}");
    if derive.layout != "gradient" {
        let _ = writeln!(out, "{} layout\\par", super::capital(derive.layout));
    }
    names(out, derive);
    let widest = |steps: &[Step]| {
        let left = |s: &Step| notation::width(&derive.typeset(&s.left));
        steps.iter().map(left).fold(2.0, f64::max).min(12.0)
    };
    let width = widest(&derive.steps);
    for block in &derive.blocks {
        equations(out, derive, block);
        for step in &derive.steps[block.steps.clone()] {
            self::step(out, derive, step, width);
        }
    }
    for note in &derive.notes {
        let _ = writeln!(out, "\n\\medskip\n{}\\par", sentence(derive, note));
    }
}

/// The title, names in it as mathematics.
fn title(derive: &Derive) -> String {
    if derive.gradients.is_empty() {
        return escaped(&super::capital(&derive.title));
    }
    if let [step] = &derive.steps[..]
        && derive.title == step.name
    {
        return format!("$\\displaystyle {}$", notation::latex(&derive.typeset(&step.left)));
    }
    let math = |name: &str| match notation::read(name) {
        Some(expr) => format!("${}$", notation::latex(&derive.typeset(&expr))),
        None => escaped(name),
    };
    format!("Gradient of {} by {}", math(&derive.of), derive.variables(math))
}

/// Two names in a row of the table; a table a page's height.
fn names(out: &mut String, derive: &Derive) {
    if derive.names.is_empty() {
        return;
    }
    let cell = |n: &super::Named| {
        let (math, per) = types::membership(&derive.context, &n.name, &n.type_text);
        let per = if per.is_empty() { per } else { format!(" {}", escaped(&per)) };
        format!("${}${per}", notation::latex(&math))
    };
    let cells: Vec<String> = derive.names.iter().map(cell).collect();
    for part in cells.chunks(90) {
        let _ =
            writeln!(out, "\\medskip\n\\begin{{tabular}}{{@{{}}l@{{\\qquad}}l@{{\\qquad}}l@{{}}}}");
        for row in part.chunks(3) {
            let _ = writeln!(out, "{} \\\\", row.join(" & "));
        }
        let _ = writeln!(out, "\\end{{tabular}}\\par");
    }
}

/// The model's equations above a block.
fn equations(out: &mut String, derive: &Derive, block: &Block) {
    let _ = writeln!(out, "\n\\bigskip\\hrule height 0.2pt\\medskip");
    if !block.title.is_empty() {
        let _ = writeln!(out, "\\textbf{{{}}}\\par\\smallskip", escaped(&block.title));
    }
    let lefts = block.equations.iter().filter_map(|d| d.left.as_ref());
    let width = lefts.map(|l| notation::width(&derive.typeset(l))).fold(1.0, f64::max).min(12.0);
    for detail in &block.equations {
        self::detail(out, derive, detail, Place { indent: 0.0, width });
    }
    if !block.equations.is_empty() {
        let _ = writeln!(out, "\\smallskip");
    }
}

fn detail(out: &mut String, derive: &Derive, detail: &Detail, place: Place) {
    let left = detail.left.as_ref().map(|l| derive.typeset(l));
    let note = note(derive, &detail.reason, &detail.shapes);
    let right = derive.typeset(&detail.right);
    line(out, left.as_ref(), &right, place, &note);
}

fn step(out: &mut String, derive: &Derive, step: &Step, width: f64) {
    let shapes = if step.shapes.is_empty() { &step.shape } else { &step.shapes };
    let note = note(derive, &step.rule, shapes);
    let (left, right) = (derive.typeset(&step.left), derive.typeset(&step.right));
    line(out, Some(&left), &right, Place { indent: 1.5, width }, &note);
    if let Some(code) = &step.code {
        for row in code.lines() {
            // A long line breaks at its blanks.
            let row = escaped(row);
            let _ = writeln!(
                out,
                "{{\\leftskip=5em\\parindent=-2em\\rightskip=0pt plus 1fil\\small\\ttfamily {row}\\par}}"
            );
        }
    }
    if let Some(diagonal) = &step.diagonal {
        let math = |e| notation::latex(&derive.typeset(e));
        let (block, count) = (math(&diagonal.block), math(&diagonal.count));
        let _ = writeln!(
            out,
            "\\smallskip\\hspace*{{4em}}one row: $[O, \\dots, {block}, \\dots, O]$, ${count}$ blocks\\par"
        );
    }
    let mut width = 1.0;
    for one in &step.details {
        if let Some(left) = &one.left {
            width = notation::width(&derive.typeset(left)).min(12.0);
        }
        detail(out, derive, one, Place { indent: 4.0, width });
    }
}

fn sentence(derive: &Derive, text: &str) -> String {
    derive.sentence(text, escaped, |m| format!("${}$", notation::latex(m)))
}

/// `[rule]  shapes`
fn note(derive: &Derive, rule: &str, shapes: &str) -> String {
    let mut parts = Vec::new();
    if !rule.is_empty() {
        parts.push(format!("[{}]", sentence(derive, rule)));
    }
    if let Some((math, per)) = types::shape(&derive.context, shapes) {
        parts.push(format!("${}$ {}", notation::latex(&math), escaped(&per)).trim().to_string());
    }
    parts.join("\\quad ")
}

#[derive(Clone, Copy)]
struct Place {
    indent: f64,
    width: f64,
}

/// `left = right`, the right side in rows that fit, the note behind it.
fn line(out: &mut String, left: Option<&Math>, right: &Math, place: Place, note: &str) {
    let name = left.map_or(0.0, notation::width);
    let room = WIDTH - place.indent - place.width.max(name) - 2.0;
    let rows: Vec<String> = notation::rows(right, room).iter().map(notation::latex).collect();
    let _ = write!(out, "\\smallskip\\hspace*{{{:.1}em}}", place.indent);
    let left = left.map_or(String::new(), notation::latex);
    let _ = write!(out, "\\makebox[{:.1}em][l]{{$\\displaystyle {left}$}}", place.width.max(name));
    match &rows[..] {
        [one] => {
            let _ = write!(out, "$\\displaystyle {{}}= {one}$");
        }
        rows => {
            let rows = rows.join(" \\\\\n  &\\quad ");
            let _ = write!(
                out,
                "$\\displaystyle \\begin{{aligned}}[t]\n  ={{}}& {rows}\n\\end{{aligned}}$"
            );
        }
    }
    if note.is_empty() {
        let _ = writeln!(out, "\\par");
    } else {
        let _ = writeln!(out, "\\why{{{note}}}");
    }
}

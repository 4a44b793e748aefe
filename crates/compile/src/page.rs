//! The page of a program: what is done where.

use std::fmt::Write as _;

use chainrule_kernels::program::{Lane, Loop, Precision, Program, Slot, Step, Work};

use crate::bind::bytes;
use crate::layout::Layout;
use crate::training::Origin;

/// Columns of the page.
const WIDTH: usize = 80;

/// One instruction of a page.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// What it computes.
    pub name: String,
    /// `gather`, `noise`, `loop`, `fold`, `contract`, `scatter`, `select`, `call`.
    pub kind: &'static str,
    /// Rows, columns and summed entries of a contraction, else how far the indices run.
    pub extents: Vec<usize>,
    /// Floating-point operations; a function counts one, random numbers and calls none.
    pub flops: u64,
    /// What it reads: names, offsets in the arena and lengths, both in bytes.
    pub reads: Vec<(String, usize, usize)>,
    /// What it writes: offsets and lengths in bytes.
    pub writes: Vec<(usize, usize)>,
}

/// A program as a page shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Page {
    /// The number type.
    pub precision: &'static str,
    /// Rows of a run.
    pub rows: usize,
    /// The instructions in order.
    pub lines: Vec<Line>,
    /// Bytes of the arena.
    pub arena: usize,
    /// Bytes at its begin that last: parameters, states, inputs, the loss.
    pub persistent: usize,
    /// All operations.
    pub flops: u64,
}

/// The page of a step.
///
/// ```
/// use chainrule_kernels::program::Precision;
/// let text = "param w : R = 1\nnet J = w^2\ntrain J by gd(step = 0.1) epochs 3\n";
/// let module = chainrule_graph::read(text).modules.remove(0);
/// let training = &module.trainings[0];
/// let training =
///     chainrule_compile::Training::new(&module, training, &[], Precision::F64).unwrap();
/// let step = training.step(1).unwrap();
/// let page = chainrule_compile::page(&step.program, &step.origins, &training.layout);
/// assert!(page.text().contains("bytes last"));
/// ```
pub fn page(program: &Program, origins: &[Origin], layout: &Layout) -> Page {
    let size = bytes(program.precision);
    let slot = |s: &Slot| (s.at * size, s.len * size);
    let line = |instruction: &chainrule_kernels::program::Instruction| {
        let origin = origins.get(instruction.origin);
        let reads = origin.map_or(&[][..], |o| &o.reads);
        let writes = origin.map_or(&[][..], |o| &o.writes);
        let (kind, extents, flops) = work(&instruction.work, program.rows);
        let read = |(name, s): &(String, Slot)| (name.clone(), slot(s).0, slot(s).1);
        Line {
            name: instruction.name.clone(),
            kind,
            extents,
            flops,
            reads: reads.iter().map(read).collect(),
            writes: writes.iter().map(slot).collect(),
        }
    };
    let lines: Vec<Line> = program.instructions.iter().map(line).collect();
    Page {
        precision: match program.precision {
            Precision::F32 => "f32",
            Precision::F64 => "f64",
        },
        rows: program.rows,
        flops: lines.iter().map(|l| l.flops).sum(),
        lines,
        arena: program.arena * size,
        persistent: layout.len * size,
    }
}

fn looped(l: &Loop) -> (Vec<usize>, u64) {
    let counted = |s: &&Step| !matches!(s, Step::Read(_) | Step::Number(_) | Step::Index(_));
    let steps = l.steps.iter().filter(counted).count();
    let folds = l.writes.iter().filter(|w| w.fold.is_some()).count();
    let extents: Vec<usize> = l.axes.iter().map(|a| a.extent).collect();
    let points: u64 = extents.iter().map(|e| *e as u64).product();
    (extents, points * (steps + folds) as u64)
}

fn work(work: &Work, rows: usize) -> (&'static str, Vec<usize>, u64) {
    match work {
        Work::Gather(g) => ("gather", vec![g.width, rows], 0),
        Work::Noise(n) => ("noise", vec![n.width, n.rows], 0),
        Work::Loop(l) => {
            let (extents, flops) = looped(l);
            let folds = l.writes.iter().any(|w| w.fold.is_some());
            (if folds { "fold" } else { "loop" }, extents, flops)
        }
        Work::Contract(c) => {
            let product = |lanes: &[Lane]| lanes.iter().map(|l| l.extent).product::<usize>();
            let mut extents = vec![product(&c.m), product(&c.n), product(&c.k)];
            if !c.batch.is_empty() {
                extents.insert(0, product(&c.batch));
            }
            let flops = extents.iter().map(|e| *e as u64).product::<u64>() * 2;
            ("contract", extents, flops)
        }
        Work::Scatter(s) => {
            let (extents, flops) = looped(&s.from);
            let points: u64 = extents.iter().map(|e| *e as u64).product();
            ("scatter", extents, flops + points)
        }
        Work::Select(s) => {
            let extents: Vec<usize> = s.axes.iter().map(|a| a.extent).collect();
            let points = extents.iter().map(|e| *e as u64).product();
            ("select", extents, points)
        }
        Work::Call(c) => {
            let dims = c.output.dims.iter().map(|d| d.0);
            ("call", c.riding.iter().copied().chain(dims).collect(), 0)
        }
    }
}

/// `9.16 G`: three digits with a prefix.
fn scaled(value: u64) -> String {
    let v = value as f64;
    let (by, prefix) = match v {
        v if v >= 1e9 => (1e9, " G"),
        v if v >= 1e6 => (1e6, " M"),
        v if v >= 1e3 => (1e3, " k"),
        _ => return value.to_string(),
    };
    let digits = match v / by {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    format!("{:.digits$}{prefix}", v / by)
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.into();
    }
    let start: String = text.chars().take(most.saturating_sub(2)).collect();
    format!("{}..", start.trim_end())
}

impl Page {
    /// The page as text of at most 80 columns: for each instruction what it is, how far it runs, its
    /// operations, the offset and length of what it writes, and its name.
    pub fn text(&self) -> String {
        let heads = ["", "kind", "extents", "FLOP", "at", "bytes", "what"].map(String::from);
        let mut table = vec![heads];
        for (at, line) in self.lines.iter().enumerate() {
            let extents: Vec<String> = line.extents.iter().map(ToString::to_string).collect();
            let (begin, bytes) = line.writes.first().copied().unwrap_or_default();
            table.push([
                at.to_string(),
                line.kind.into(),
                cut(&extents.join("x"), 18),
                if line.flops == 0 { String::new() } else { scaled(line.flops) },
                begin.to_string(),
                bytes.to_string(),
                line.name.clone(),
            ]);
            // A loop may have several results.
            for (begin, bytes) in line.writes.iter().skip(1) {
                let mut row = [const { String::new() }; 7];
                (row[4], row[5]) = (begin.to_string(), bytes.to_string());
                table.push(row);
            }
        }
        let width = |at: usize| table.iter().map(|r| r[at].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..6).map(width).collect();
        let left = WIDTH.saturating_sub(widths.iter().sum::<usize>() + 13);
        let mut out = String::new();
        for row in &table {
            let line = format!(
                " {:>w0$} {:w1$}  {:w2$}  {:>w3$}  {:>w4$}  {:>w5$}  {}",
                row[0],
                row[1],
                row[2],
                row[3],
                row[4],
                row[5],
                cut(&row[6], left),
                w0 = widths[0],
                w1 = widths[1],
                w2 = widths[2],
                w3 = widths[3],
                w4 = widths[4],
                w5 = widths[5],
            );
            let _ = writeln!(out, "{}", line.trim_end());
        }
        let _ = writeln!(
            out,
            "\n{} instructions, {} FLOP\nan arena of {} bytes in {}, of which {} bytes last",
            self.lines.len(),
            scaled(self.flops),
            self.arena,
            self.precision,
            self.persistent
        );
        out
    }
}

//! The lowered graph as text: a line a node.

use super::Lowered;
use super::ir::{Fold, Loop, Map, Step, View, Work};
use crate::module::Module;
use crate::op::Notation;
use crate::size::Size;

const NAMES: &str = "ijklmnopqrstuvwxyz";

fn index(at: usize) -> String {
    let letters = NAMES.len();
    let letter = &NAMES[at % letters..=at % letters];
    if at < letters { letter.to_string() } else { format!("{letter}{}", at / letters) }
}

impl Lowered {
    /// A line a node: its number, its dims, what it computes; with names if `names`, else only what
    /// makes two graphs the same computation.
    pub fn text(&self, module: &Module, names: bool) -> String {
        let mut out = String::new();
        let mut inputs = 0;
        for (at, node) in self.nodes.iter().enumerate() {
            let dims = module.sizes.list(&node.dims);
            let work = match &node.work {
                Work::Input(symbol) if names => format!("input {}", module.symbol(*symbol).name),
                Work::Input(_) => {
                    inputs += 1;
                    format!("input {inputs}")
                }
                Work::Loop(l) => self.loop_text(module, l),
                Work::Select { fold, read, over } => {
                    let over: Vec<String> =
                        (0..over.len()).filter(|i| over[*i]).map(index).collect();
                    let word = fold_word(*fold);
                    format!("first {word}[{}] {}", over.join(","), view_text(module, read))
                }
                Work::Reshape(of) => format!("reshape %{of}"),
                Work::Opaque { op, inputs, .. } => {
                    let inputs: Vec<String> = inputs.iter().map(|i| format!("%{i}")).collect();
                    format!("{}({})", op.def().name, inputs.join(", "))
                }
            };
            let name = if names { format!("    # {}", node.name) } else { String::new() };
            out.push_str(&format!("%{at} : {dims} = {work}{name}\n"));
        }
        for (name, at) in &self.outputs {
            let name = if names { format!("{name} = ") } else { String::new() };
            out.push_str(&format!("output {name}%{at}\n"));
        }
        out
    }

    fn loop_text(&self, module: &Module, l: &Loop) -> String {
        let mut steps: Vec<String> = Vec::new();
        for step in &l.body.steps {
            steps.push(match step {
                Step::Read(k) => view_text(module, &l.reads[*k]),
                Step::Number(bits) => format!("{}", f64::from_bits(*bits)),
                Step::Size(size) => size_text(module, size),
                Step::Index(map) => map_text(module, map),
                Step::Pi => "pi".into(),
                Step::Apply(op, inputs) => {
                    let args: Vec<&str> = inputs.iter().map(|i| steps[*i].as_str()).collect();
                    applied(op.def().name, op.def().notation, &args)
                }
            });
        }
        let body = steps.pop().unwrap_or_default();
        let space = |range: std::ops::Range<usize>| {
            let entries: Vec<String> =
                range.map(|i| format!("{}<{}", index(i), module.sizes.text(&l.space[i]))).collect();
            entries.join(",")
        };
        let head = match &l.write {
            None => format!("[{}] ", space(0..l.rank)),
            Some(write) => {
                let maps: Vec<String> = write.maps.iter().map(|m| map_text(module, m)).collect();
                format!("scatter [{}] ", maps.join(","))
            }
        };
        match l.fold {
            None => format!("{head}{body}"),
            Some(fold) => {
                format!("{head}{}[{}] {body}", fold_word(fold), space(l.rank..l.space.len()))
            }
        }
    }
}

fn fold_word(fold: Fold) -> &'static str {
    match fold {
        Fold::Sum => "sum",
        Fold::Max => "max",
        Fold::Min => "min",
        Fold::Prod => "prod",
    }
}

fn applied(name: &str, notation: Notation, args: &[&str]) -> String {
    let infix = match notation {
        Notation::Plus => "+",
        Notation::Minus => "-",
        Notation::Product | Notation::DotStar => "*",
        Notation::DotSlash | Notation::Slash => "/",
        Notation::Negative => return format!("-{}", args.join("")),
        _ => return format!("{name}({})", args.join(", ")),
    };
    format!("({})", args.join(&format!(" {infix} ")))
}

fn view_text(module: &Module, view: &View) -> String {
    let maps: Vec<String> = view.maps.iter().map(|m| map_text(module, m)).collect();
    let pad = if view.pad { "; pad" } else { "" };
    format!("%{}[{}{pad}]", view.of, maps.join(","))
}

fn map_text(module: &Module, map: &Map) -> String {
    let mut out = String::new();
    for (at, k) in &map.terms {
        let negative = *k == Size::number(-1);
        let sign = if negative {
            "-"
        } else if out.is_empty() {
            ""
        } else {
            "+"
        };
        let factor = if k.is_one() || negative {
            String::new()
        } else {
            format!("{} ", size_text(module, k))
        };
        out.push_str(&format!("{sign}{factor}{}", index(*at)));
    }
    if let Some(label) = map.label {
        out.push_str(&format!("{}label {label}", if out.is_empty() { "" } else { "+" }));
    }
    if map.constant != Size::number(0) || out.is_empty() {
        let plus = if out.is_empty() { "" } else { "+" };
        out.push_str(&format!("{plus}{}", size_text(module, &map.constant)));
    }
    out
}

fn size_text(module: &Module, size: &Size) -> String {
    module.sizes.text(size)
}

//! A sample as a file: the declarations, then a `net` line that defines `Y`.

use chainrule_graph::index::{NodeId, SymbolId};
use chainrule_graph::interpret::Numbers;
use chainrule_graph::op::OpDef;
use chainrule_graph::terms::Terms;
use chainrule_graph::{Module, Op, read_with};

use super::draw;
use super::problem::weighted;

/// A module at its sizes, and the number that its `Y` is weighted to.
pub(crate) struct Case {
    pub(crate) module: Module,
    pub(crate) numbers: Numbers,
    pub(crate) value: NodeId,
    pub(crate) loss: NodeId,
    pub(crate) wrt: Vec<SymbolId>,
}

/// A case from declarations and a `net` line.
pub(crate) fn case(declarations: &str, line: &str, ops: &[&'static OpDef]) -> Result<Case, String> {
    let mut text = String::from("size n, m, k\nbatch N\ngiven\n");
    for declaration in declarations.split(';') {
        text.push_str(&format!("  {}\n", declaration.trim()));
    }
    text.push_str(&format!("net\n  {line}\n"));
    let reading = read_with(&text, ops);
    if !reading.is_ok() {
        let messages: Vec<&str> = reading.diagnostics.iter().map(|d| d.message.as_str()).collect();
        return Err(format!("not read: {}", messages.join("; ")));
    }
    let mut module = reading.modules.into_iter().next().expect("a model");
    let symbol = module.find("Y").expect("Y");
    let value = module.binding(symbol).expect("bound").stable;
    let ty = module.symbol(symbol).ty.clone();
    let y = Terms::of(&mut module).op(Op::Symbol { id: symbol, ty }, &[]).expect("a leaf");
    let wrt = draw::variables(&module);
    let loss = weighted(&mut module, y);
    let mut numbers = Numbers::of(&module, 6, 0);
    let free: Vec<_> = module.sizes.base().map(|(id, def)| (id, def.name.clone())).collect();
    for (id, name) in free {
        let number = [("n", 3), ("m", 4), ("k", 5)].iter().find(|(known, _)| *known == name);
        if let Some((_, number)) = number {
            numbers.set(id, *number);
        }
    }
    Ok(Case { module, numbers, value, loss, wrt })
}

/// At the last `;` outside parentheses.
fn split(sample: &str) -> (&str, &str) {
    let mut depth = 0;
    let outside = |(_, c): &(usize, char)| {
        depth += i32::from(matches!(c, '(' | '[')) - i32::from(matches!(c, ')' | ']'));
        *c == ';' && depth == 0
    };
    let (at, _) = sample.char_indices().filter(outside).last().expect("declarations first");
    (&sample[..at], &sample[at + 1..])
}

/// The samples of a record, as declarations and a line.
pub(crate) fn samples(def: &'static OpDef) -> Vec<(String, String)> {
    let both = |sample: &&str| {
        let (declarations, expression) = split(sample);
        (declarations.to_string(), format!("Y = {}", expression.trim()))
    };
    def.samples.iter().map(both).collect()
}

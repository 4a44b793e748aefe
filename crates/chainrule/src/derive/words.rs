//! Words beside a formula: rules, shapes, what was left out.

use std::collections::BTreeSet;

use chainrule_graph::{Module, NodeId, Op, Type};

/// A formula that was too long to be written out ends where the first part is missing.
pub(super) fn shortened(text: String) -> String {
    let missing = |(at, _): &(usize, &str)| {
        // `1..n` is a range.
        let word = |c: char| c.is_alphanumeric() || c == '_';
        !text[..*at].ends_with(word) && !text[at + 2..].starts_with(word)
    };
    match text.match_indices("..").find(missing) {
        Some((at, _)) => format!("{}.. (shortened)", &text[..at]),
        None => text,
    }
}

/// `K x H per N`, without `per N` for numbers alone: the shape in the author's symbols.
pub(super) fn shape(module: &Module, ty: &Type) -> String {
    module.context().shape(&ty.with_kind(chainrule_graph::Kind::Real))
}

/// The names of the rules, each once.
pub(super) fn rule(rules: &[&'static str]) -> String {
    let mut seen = BTreeSet::new();
    let words: Vec<&str> = rules.iter().filter(|r| seen.insert(**r)).copied().map(words).collect();
    words.join(", ")
}

/// A rule in a word or two.
fn words(op: &'static str) -> &'static str {
    match op {
        "matmul" => "product",
        "reduce" => "sum",
        ".*" | "scale" => "factor",
        "/" | "./" => "quotient",
        "+" | "-" => "sum of terms",
        "access" => "entry",
        "logsoftmax" => "log-softmax",
        "logsumexp" => "log-sum-exp",
        "cross_entropy" => "cross-entropy",
        "inner" => "inner product",
        "lift" => "lifted",
        "transpose" => "transposed",
        other => other,
    }
}

/// The shapes of the factors of a matrix product: `(K x N)(N x H)`.
pub(super) fn factors(module: &Module, node: NodeId) -> String {
    let mut node = node;
    loop {
        let n = module.graph.node(node);
        node = match &n.op {
            Op::Reduce { over: chainrule_graph::op::Over::Named(_), .. } | Op::Neg => n.inputs[0],
            Op::Scale => n.inputs[1],
            Op::Quotient => n.inputs[0],
            _ => break,
        };
    }
    let mut shapes = Vec::new();
    let mut open = vec![node];
    while let Some(id) = open.pop() {
        let n = module.graph.node(id);
        if n.op == Op::MatMul {
            open.extend([n.inputs[1], n.inputs[0]]);
        } else {
            let ty = Type { axes: Vec::new(), ..(*n.ty).clone() };
            let text = module.context().shape(&ty.with_kind(chainrule_graph::Kind::Real));
            shapes.push(if ty.dims.len() == 1 {
                format!("({text} x 1)")
            } else {
                format!("({text})")
            });
        }
    }
    if shapes.len() < 2 || shapes.len() > 4 { String::new() } else { shapes.concat() }
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn what_is_missing_is_said_once() {
        let cut = |text: &str| shortened(text.into());
        assert_eq!(cut("a b + .. (c .. + ..)"), "a b + .. (shortened)");
        assert_eq!(cut("sum[l in 1..3] a[l]"), "sum[l in 1..3] a[l]");
    }
}

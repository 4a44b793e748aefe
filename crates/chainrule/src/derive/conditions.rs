//! Where a printed formula has no value although the function has one: a norm at 0, a product with
//! a factor 0, a determinant of a singular matrix.

use std::collections::BTreeSet;

use chainrule_graph::{Module, NodeId, Op, raise};
use chainrule_syntax::ast::{BigOp, Expr, ExprKind, Factor, Index, ProductOp};
use chainrule_syntax::print;

use super::Step;

/// A sentence on what the formulas of some lines assume, if they assume something.
pub(super) fn note(module: &Module, steps: &[Step]) -> Option<String> {
    let mut found = Found { module, conditions: BTreeSet::new() };
    let (products, determinants) = (found.arguments(is_product), found.arguments(is_determinant));
    for step in steps {
        found.walk(&step.right, &products, &determinants);
    }
    let all: Vec<String> = found.conditions.into_iter().collect();
    let text = match all.split_last() {
        None => return None,
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    };
    Some(format!("The formulas hold for {text}."))
}

fn is_product(op: &Op) -> bool {
    matches!(op, Op::Reduce { op: BigOp::Prod, .. })
}

fn is_determinant(op: &Op) -> bool {
    matches!(op, Op::Det)
}

struct Found<'m> {
    module: &'m Module,
    conditions: BTreeSet<String>,
}

impl Found<'_> {
    /// What some ops of the model are applied to, as it is printed.
    fn arguments(&self, wanted: fn(&Op) -> bool) -> BTreeSet<String> {
        let graph = &self.module.graph;
        let nodes = (0..graph.len()).map(|at| graph.node(NodeId::new(at)));
        let wanted = nodes.filter(|node| wanted(&node.op));
        wanted.map(|node| raise::text(self.module, node.inputs[0])).collect()
    }

    fn walk(&mut self, e: &Expr, products: &BTreeSet<String>, determinants: &BTreeSet<String>) {
        let mut below: Vec<&Expr> = Vec::new();
        match &e.kind {
            ExprKind::Product { first, rest } => {
                for Factor { op, value, .. } in rest {
                    match op {
                        ProductOp::Slash => self.denominator(value),
                        ProductOp::DotSlash => {
                            let text = print::expr(bare(value));
                            if products.contains(&text) {
                                self.conditions.insert(format!("every entry of {text} != 0"));
                            }
                        }
                        _ => {}
                    }
                    below.push(value);
                }
                below.push(first);
            }
            ExprKind::InverseTranspose(x) => {
                self.inverse(x, determinants);
                below.push(x);
            }
            ExprKind::Power(x, by) | ExprKind::DotPower(x, by) => {
                if matches!(by.kind, ExprKind::Negative(_)) {
                    self.inverse(x, determinants);
                }
                below.extend([&**x, by]);
            }
            ExprKind::Paren(x)
            | ExprKind::Negative(x)
            | ExprKind::Transpose(x)
            | ExprKind::Indicator(x)
            | ExprKind::Norm(x, _)
            | ExprKind::Not(x)
            | ExprKind::Big { body: x, .. } => below.push(x),
            ExprKind::Compare(_, x, y) => below.extend([&**x, y]),
            ExprKind::Sum(terms) => below.extend(terms.iter().map(|(_, t)| t)),
            ExprKind::Access { base, indices, .. } => {
                below.push(base);
                below.extend(indices.iter().filter_map(|i| match i {
                    Index::At(e) => Some(e),
                    Index::All(_) => None,
                }));
            }
            ExprKind::Call { args, .. } => below.extend(args.iter().map(|a| &a.value)),
            ExprKind::Logic { first, rest } => {
                below.push(first);
                below.extend(rest.iter().map(|(_, t)| t));
            }
            ExprKind::Number(_)
            | ExprKind::Name(_)
            | ExprKind::Derivative { .. }
            | ExprKind::Next(_) => {}
        }
        for part in below {
            self.walk(part, products, determinants);
        }
    }

    /// A norm, or a name for one, below a fraction line.
    fn denominator(&mut self, e: &Expr) {
        match &bare(e).kind {
            ExprKind::Norm(x, _) => {
                self.conditions.insert(format!("{} != 0", print::expr(bare(x))));
            }
            ExprKind::Name(name) => {
                let binding = self.module.find(name).and_then(|symbol| self.module.binding(symbol));
                let node = binding.map(|b| self.module.graph.node(b.value));
                if let Some(node) = node.filter(|node| matches!(node.op, Op::Norm { .. })) {
                    let text = raise::text(self.module, node.inputs[0]);
                    self.conditions.insert(format!("{text} != 0"));
                }
            }
            ExprKind::Product { first, rest } => {
                self.denominator(first);
                let plain = |f: &&Factor| matches!(f.op, ProductOp::Juxtaposition);
                rest.iter().filter(plain).for_each(|f| self.denominator(&f.value));
            }
            _ => {}
        }
    }

    fn inverse(&mut self, x: &Expr, determinants: &BTreeSet<String>) {
        let text = print::expr(bare(x));
        if determinants.contains(&text) {
            self.conditions.insert(format!("{text} invertible"));
        }
    }
}

/// Without parentheses around it.
fn bare(e: &Expr) -> &Expr {
    match &e.kind {
        ExprKind::Paren(inner) => bare(inner),
        _ => e,
    }
}

//! What a file's `derive` lines come to, as data: names, shapes, one formula a cotangent.

mod text;

use std::collections::{BTreeMap, BTreeSet};

use chainrule_graph::differentiate::{self, Refusal};
use chainrule_graph::module::{self, Role};
use chainrule_graph::{Module, NodeId, Op, SymbolId, Type, raise};
use chainrule_syntax::Span;
use chainrule_syntax::ast::{DeriveOption, Expr, ExprKind, Layout};

use crate::{Diagnostic, Error, Model, Severity};

/// A name that the formulas read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Its type, as a declaration writes it.
    pub type_text: String,
}

/// A derivative that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gradient {
    /// The variable.
    pub wrt: String,
    /// The shape of the derivative, in the author's symbols.
    pub shape: String,
    /// The formula.
    pub text: String,
}

/// One line: a named cotangent and its formula.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// `dJ/dz2`
    pub name: String,
    /// Its shape.
    pub shape: String,
    /// The formula.
    pub text: String,
    /// The rules that were used.
    pub rule: String,
    /// The shapes of the factors, where the formula is a matrix product: `(K x N)(N x H)`.
    pub shapes: String,
}

/// One derivation. [`Derive::text`] is the page; the fields are for programs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Derive {
    /// The model's name.
    pub model: String,
    /// What is differentiated.
    pub of: String,
    /// `gradient` (the shape of the variable), `numerator` or `denominator`.
    pub layout: &'static str,
    /// `sample` or `batch`: whether the equations are those of one sample.
    pub form: &'static str,
    /// The names that the formulas read.
    pub names: Vec<Named>,
    /// The derivatives asked for.
    pub gradients: Vec<Gradient>,
    /// The lines, outermost first.
    pub steps: Vec<Step>,
}

impl Model {
    /// The file's `derive` lines, worked out; several gradients of one value are one derivation.
    /// With them warnings about options that are not there yet.
    ///
    /// ```
    /// let (derivations, _) = chainrule::Model::read("iris")?.derive()?;
    /// assert_eq!(derivations[0].steps[0].name, "dJ/dz2");
    /// assert!(derivations[0].gradients.iter().any(|g| g.wrt == "W0" && g.shape == "H x d"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A value has no derivative, or a limit is reached; the error points at the line.
    pub fn derive(&self) -> Result<(Vec<Derive>, Vec<Diagnostic>), Error> {
        let (mut all, mut warnings) = (Vec::new(), Vec::new());
        for module in self.modules() {
            for line in &module.derivations {
                warnings.extend(missing(line));
                for targets in groups(module, &line.targets) {
                    let made = derivation(module, line, &targets).map_err(|refusal| {
                        let found = Diagnostic::error(
                            "no-derivative",
                            refusal.0,
                            line.span,
                            "asked for here",
                        );
                        Error::equations(self.source().clone(), vec![found], 0)
                    })?;
                    all.push(made);
                }
            }
        }
        Ok((all, warnings))
    }
}

/// Options that do nothing yet.
fn missing(line: &module::Derivation) -> Vec<Diagnostic> {
    let name = |option: &DeriveOption| match option {
        DeriveOption::Full => Some("full"),
        DeriveOption::Index => Some("index"),
        DeriveOption::FormSample => Some("form sample"),
        DeriveOption::FormBatch => Some("form batch"),
        DeriveOption::Steps | DeriveOption::Brief | DeriveOption::Layout(_) => None,
    };
    let warning = |word: &str| {
        let message = format!("`{word}` of a derivation is not there yet: the brief form is shown");
        let mut found = Diagnostic::error("not-yet", message, line.span, "");
        found.severity = Severity::Warning;
        found
    };
    line.options.iter().filter_map(name).map(warning).collect()
}

/// Gradients of one value belong together; everything else stands alone.
fn groups(module: &Module, targets: &[NodeId]) -> Vec<Vec<NodeId>> {
    let mut out: Vec<Vec<NodeId>> = Vec::new();
    for target in targets {
        let node = module.graph.node(*target);
        let of = |group: &&mut Vec<NodeId>| {
            let first = module.graph.node(group[0]);
            node.op == Op::Grad && first.op == Op::Grad && first.inputs[0] == node.inputs[0]
        };
        match out.iter_mut().find(of) {
            Some(group) => group.push(*target),
            None => out.push(vec![*target]),
        }
    }
    out
}

fn layout(line: &module::Derivation) -> Option<Layout> {
    line.options.iter().rev().find_map(|o| match o {
        DeriveOption::Layout(layout) => Some(*layout),
        _ => None,
    })
}

fn derivation(
    module: &Module,
    line: &module::Derivation,
    targets: &[NodeId],
) -> Result<Derive, Refusal> {
    let mut module = module.clone();
    let target = module.graph.node(targets[0]).clone();
    let layout = layout(line);
    let mut out = Derive {
        model: module.name.clone(),
        of: target.inputs.first().map_or(String::new(), |of| raise::text(&module, *of)),
        layout: layout.map_or("gradient", Layout::text),
        form: "batch",
        names: Vec::new(),
        gradients: Vec::new(),
        steps: Vec::new(),
    };
    if target.op == Op::Grad && layout != Some(Layout::Numerator) {
        gradients(&mut module, targets, &mut out)?;
    } else {
        operator(&mut module, targets[0], layout, &mut out)?;
    }
    let texts: Vec<&str> = out.steps.iter().map(|s| s.text.as_str()).collect();
    out.names = names(&module, &texts);
    if out.names.iter().any(|n| n.type_text.contains(" per ")) {
        out.form = "sample";
    }
    Ok(out)
}

/// Several gradients of one value: one line a cotangent.
fn gradients(module: &mut Module, targets: &[NodeId], out: &mut Derive) -> Result<(), Refusal> {
    let of = module.graph.node(targets[0]).inputs[0];
    let variable = |id: &NodeId| match module.graph.node(module.graph.node(*id).inputs[1]).op {
        Op::Symbol { id, .. } => Some(id),
        _ => None,
    };
    let wrt: Vec<SymbolId> = targets.iter().filter_map(variable).collect();
    let derivation = differentiate::derivation(module, of, &wrt)?;
    let reader = raise::Reader::new(module);
    for line in &derivation.lines {
        let ty = module.symbol(line.symbol).ty.clone();
        let equation = reader.equation(line.value);
        let name = ExprKind::Name(module.symbol(line.symbol).name.clone());
        let name = Expr { kind: name, span: Span::default() };
        out.steps.push(Step {
            name: chainrule_syntax::print::expr(&equation.left(name)),
            shape: shape(module, &ty),
            text: shortened(chainrule_syntax::print::expr(&equation.right)),
            rule: rule(&line.rules),
            shapes: factors(module, line.value),
        });
    }
    let lines = &derivation.lines;
    for (variable, gradient) in wrt.iter().zip(&derivation.gradients) {
        let line = lines.iter().find(|l| l.of == *variable);
        let value = line.map_or(*gradient, |l| l.value);
        let wrt = module.symbol(*variable).name.clone();
        let shape = shape(module, module.graph.ty(*gradient));
        let text = shortened(chainrule_syntax::print::expr(&raise::equation(module, value).right));
        if line.is_none() {
            // What was asked for has a line, even if nothing reads the variable.
            let name = format!("d{}/d{wrt}", out.of);
            let (shape, text) = (shape.clone(), text.clone());
            out.steps.push(Step { name, shape, text, rule: String::new(), shapes: String::new() });
        }
        out.gradients.push(Gradient { wrt, shape, text });
    }
    Ok(())
}

/// A formula that was too long to be written out ends where the first part is missing.
fn shortened(text: String) -> String {
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

/// A Jacobian, a Hessian, a Hessian times a vector, or any formula of them: resolved.
fn operator(
    module: &mut Module,
    target: NodeId,
    layout: Option<Layout>,
    out: &mut Derive,
) -> Result<(), Refusal> {
    let node = module.graph.node(target).clone();
    let name = raise::text(module, target);
    let mut value = differentiate::resolved(module, target, &mut BTreeMap::new())?;
    // Rows are outputs: turned where the layout puts inputs there. A gradient is a column.
    let turned = match node.op {
        Op::Jac { .. } => layout == Some(Layout::Denominator),
        Op::Grad => layout == Some(Layout::Numerator),
        _ => false,
    };
    if turned && module.graph.ty(value).dims.len() <= 2 {
        value = chainrule_graph::terms::Terms::of(module).transpose(value)?;
    }
    let rule = match node.op {
        Op::Jac { .. } => "jacobian",
        Op::Hess => "hessian",
        Op::Hvp => "tangent of the gradient",
        _ => "gradient",
    };
    let shape = shape(module, module.graph.ty(value));
    let text = shortened(chainrule_syntax::print::expr(&raise::equation(module, value).right));
    let wrt = node.inputs.get(1).map_or(String::new(), |by| raise::text(module, *by));
    out.gradients.push(Gradient { wrt, shape: shape.clone(), text: text.clone() });
    let shapes = factors(module, value);
    out.steps.push(Step { name, shape, text, rule: rule.into(), shapes });
    Ok(())
}

/// `K x H per N`, without `per N` for numbers alone: the shape in the author's symbols.
fn shape(module: &Module, ty: &Type) -> String {
    module.context().shape(&ty.with_kind(chainrule_graph::Kind::Real))
}

/// The names of the rules, each once.
fn rule(rules: &[&'static str]) -> String {
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
fn factors(module: &Module, node: NodeId) -> String {
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

/// The names that stand in formulas as they are printed, in the order they are declared; cotangents
/// have their own lines.
fn names(module: &Module, formulas: &[&str]) -> Vec<Named> {
    let mut words: BTreeSet<&str> = BTreeSet::new();
    for text in formulas {
        let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '\'';
        let mut at = 0;
        while let Some(start) = text[at..].find(inside).map(|i| at + i) {
            let end = text[start..].find(|c| !inside(c)).map_or(text.len(), |i| start + i);
            words.insert(&text[start..end]);
            words.insert(text[start..end].trim_end_matches('\''));
            // A member of a family: `h[4]`.
            if text[end..].starts_with('[')
                && let Some(close) = text[end..].find(']')
            {
                words.insert(&text[start..=end + close]);
            }
            at = end;
        }
    }
    let shown = |s: &&module::Symbol| {
        !matches!(s.role, Role::Derived | Role::Local) && words.contains(s.name.as_str())
    };
    let named =
        |s: &module::Symbol| Named { name: s.name.clone(), type_text: module.type_text(&s.ty) };
    module.symbols.iter().filter(shown).map(named).collect()
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

//! The functions of the language: how many arguments, which named ones, what they come to.
//!
//! A new function is one row here and its word in the vocabulary; a function of one argument that
//! works entry by entry needs only its record and its word.
#![allow(clippy::redundant_closure, clippy::redundant_closure_for_method_calls)] // rows alike

use chainrule_syntax::Span;
use chainrule_syntax::ast::{Arg, BigOp, Comparison, NormKind};

use super::{Elaborator, Value};
use crate::index::NodeId;
use crate::op::{Op, Over};
use crate::size::Size;
use crate::types::Type;

/// A call whose arguments were counted.
pub(crate) struct Call<'c> {
    pub(crate) name: &'c str,
    pub(crate) args: Vec<&'c Arg>,
    /// `axis = 0`
    pub(crate) axis: Option<usize>,
    /// `order = row`
    pub(crate) row: bool,
    pub(crate) span: Span,
    pub(crate) want: Option<Type>,
}

/// A function of the language.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// Least and most arguments.
    pub(crate) arity: (usize, usize),
    /// The named argument it takes.
    pub(crate) named: Option<&'static str>,
    pub(crate) build: fn(&mut Elaborator<'_>, &Call<'_>) -> Value,
}

const fn f(
    name: &'static str,
    arity: (usize, usize),
    build: fn(&mut Elaborator<'_>, &Call<'_>) -> Value,
) -> Function {
    Function { name, arity, named: None, build }
}

const fn named(
    name: &'static str,
    arity: (usize, usize),
    word: &'static str,
    build: fn(&mut Elaborator<'_>, &Call<'_>) -> Value,
) -> Function {
    Function { name, arity, named: Some(word), build }
}

/// The table.
pub(crate) static TABLE: &[Function] = &[
    named("sum", (1, 1), "axis", |e, c| e.reduction(BigOp::Sum, c)),
    named("mean", (1, 1), "axis", |e, c| e.reduction(BigOp::Mean, c)),
    named("prod", (1, 1), "axis", |e, c| e.reduction(BigOp::Prod, c)),
    named("max", (1, 2), "axis", |e, c| e.extremum(BigOp::Max, Op::Maximum, c)),
    named("min", (1, 2), "axis", |e, c| e.extremum(BigOp::Min, Op::Minimum, c)),
    named("softmax", (1, 1), "axis", |e, c| e.softmax(Op::Softmax { axis: c.axis }, c)),
    named("logsoftmax", (1, 1), "axis", |e, c| e.softmax(Op::LogSoftmax { axis: c.axis }, c)),
    named("logsumexp", (1, 1), "axis", |e, c| e.softmax(Op::LogSumExp { axis: c.axis }, c)),
    f("cross_entropy", (2, 2), |e, c| e.cross_entropy(c)),
    f("argmax", (1, 1), |e, c| e.plain(Op::ArgMax, c)),
    f("onehot", (1, 2), |e, c| e.onehot(c)),
    f("inner", (2, 2), |e, c| e.inner(c)),
    f("tr", (1, 1), |e, c| e.plain(Op::Trace, c)),
    f("det", (1, 1), |e, c| e.plain(Op::Det, c)),
    f("logdet", (1, 1), |e, c| e.plain(Op::LogDet, c)),
    f("pinv", (1, 1), |e, c| e.plain(Op::PseudoInverse, c)),
    f("inv", (1, 1), |e, c| e.plain(Op::Inverse, c)),
    f("matpow", (2, 2), |e, c| e.matpow(c)),
    f("diag", (1, 1), |e, c| e.diag(c)),
    f("diagv", (1, 1), |e, c| e.plain(Op::DiagVector, c)),
    f("kron", (2, 2), |e, c| e.plain(Op::Kron, c)),
    named("vec", (1, 1), "order", |e, c| e.plain(Op::Vec { row: c.row }, c)),
    f("vecr", (1, 1), |e, c| e.plain(Op::Vec { row: true }, c)),
    f("flatten", (1, 1), |e, c| e.flatten(c)),
    f("unflatten", (1, 1), |e, c| e.unflatten(c)),
    f("reshape", (2, 9), |e, c| e.reshape(c)),
    f("I", (1, 1), |e, c| e.identity(c)),
    f("ones", (1, 9), |e, c| e.filled(true, c)),
    f("zeros", (1, 9), |e, c| e.filled(false, c)),
    f("rows", (1, 1), |e, c| e.count_call(c)),
    f("cols", (1, 1), |e, c| e.count_call(c)),
    f("count", (1, 1), |e, c| e.count_call(c)),
    f("numel", (1, 1), |e, c| e.count_call(c)),
    f("grad", (2, 2), |e, c| e.derivative_of(Op::Grad, c)),
    named("jac", (2, 2), "order", |e, c| e.derivative_of(Op::Jac { row: c.row }, c)),
    f("jacr", (2, 2), |e, c| e.derivative_of(Op::Jac { row: true }, c)),
    f("hess", (2, 2), |e, c| e.derivative_of(Op::Hess, c)),
    f("hvp", (3, 3), |e, c| e.derivative_of(Op::Hvp, c)),
    f("hadinv", (1, 1), |e, c| e.hadinv(c)),
    f("step", (1, 1), |e, c| e.step(c)),
    f("max0", (1, 1), |e, c| e.plain(Op::Relu, c)),
    f("delta", (2, 2), |e, c| e.delta(c)),
    f("unit", (2, 2), |e, c| e.unit(c)),
    f("pick", (2, 2), |e, c| e.pick(c)),
    f("norm1", (1, 1), |e, c| e.plain(Op::Norm { kind: NormKind::One }, c)),
    f("norm2", (1, 1), |e, c| e.plain(Op::Norm { kind: NormKind::Plain }, c)),
    f("normF2", (1, 1), |e, c| e.squared_norm(NormKind::Frobenius, c)),
    f("specnorm2", (1, 1), |e, c| e.squared_norm(NormKind::Spectral, c)),
    f("rowsum", (1, 1), |e, c| e.summed(1, c)),
    f("colsum", (1, 1), |e, c| e.summed(0, c)),
    f("sym", (1, 1), |e, c| e.symmetric(c)),
];

/// The function called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    TABLE.iter().find(|f| f.name == name)
}

impl Elaborator<'_> {
    /// The arguments as nodes, all of them elaborated before one failure ends it.
    fn nodes(&mut self, call: &Call<'_>) -> Option<(Vec<NodeId>, Vec<Span>)> {
        let nodes: Vec<Value> = call.args.iter().map(|a| self.expr(&a.value, None)).collect();
        let spans = call.args.iter().map(|a| a.value.span).collect();
        Some((nodes.into_iter().collect::<Option<Vec<NodeId>>>()?, spans))
    }

    fn plain(&mut self, op: Op, call: &Call<'_>) -> Value {
        let (nodes, spans) = self.nodes(call)?;
        self.add(op, &nodes, &spans, call.span)
    }

    fn diag(&mut self, call: &Call<'_>) -> Value {
        let (nodes, spans) = self.nodes(call)?;
        match self.try_add(Op::Diag, &nodes) {
            Ok(node) => Some(node),
            Err(misfit) => {
                let word = Span { end: call.span.start + 4, ..call.span };
                let found = super::report::diagnostic(misfit, &spans, call.span).replace(
                    "the diagonal of a matrix: `diagv`",
                    word,
                    "diagv",
                );
                self.fail(found)
            }
        }
    }

    fn reduction(&mut self, op: BigOp, call: &Call<'_>) -> Value {
        let (nodes, spans) = self.nodes(call)?;
        if self.ty(nodes[0]).is_scalar() && call.axis.is_none() {
            self.warn_nothing_to_reduce(op, nodes[0], call);
        }
        let over = call.axis.map_or(Over::All, Over::Axis);
        self.add(Op::Reduce { op, over }, &nodes, &spans, call.span)
    }

    /// `mean(l)`, `l` a number per sample: `mean[N] l` was meant.
    fn warn_nothing_to_reduce(&mut self, op: BigOp, node: NodeId, call: &Call<'_>) {
        let batch = self.ty(node).axes.iter().find(|a| self.out.axes.is_batch(**a)).copied();
        let Some(axis) = batch else { return };
        let name = self.out.axes.get(axis).name.clone();
        let text = self.source(call.args[0].value.span).to_string();
        let word = op.text();
        let body = if super::sum::is_plain(&text) { text.clone() } else { format!("({text})") };
        let message =
            format!("`{word}({text})` reduces nothing: `{text}` is one number per {name}");
        let found =
            chainrule_syntax::Diagnostic::warning("nothing-reduced", message, call.span, "")
                .replace(
                    format!("over the batch: `{word}[{name}] {body}`"),
                    call.span,
                    format!("{word}[{name}] {body}"),
                );
        self.report(found);
    }

    fn extremum(&mut self, op: BigOp, pair: Op, call: &Call<'_>) -> Value {
        if call.args.len() == 1 {
            return self.reduction(op, call);
        }
        let (nodes, spans) = self.nodes(call)?;
        let (a, b) = self.align(nodes[0], nodes[1], (spans[0], spans[1]))?;
        self.add(pair, &[a, b], &spans, call.span)
    }

    fn softmax(&mut self, op: Op, call: &Call<'_>) -> Value {
        let (nodes, spans) = self.nodes(call)?;
        if self.ty(nodes[0]).element_dims(&self.out.sizes).is_empty() && call.axis.is_none() {
            let is = self.shape(nodes[0]);
            let message = format!("`{}` of a number has one entry", call.name);
            let word = Span { end: call.span.start + call.name.len() as u32, ..call.span };
            let found =
                chainrule_syntax::Diagnostic::warning("softmax-of-number", message, spans[0], is)
                    .replace("is `softplus` meant?", word, "softplus");
            self.report(found);
        }
        match self.try_add(op, &nodes) {
            Ok(node) => Some(node),
            Err(misfit) => {
                let axis = misfit.code == "softmax-axis";
                let mut found = super::report::diagnostic(misfit, &spans, call.span);
                if axis {
                    let at = spans[0].after();
                    found = found.replace("columns sum to 1", at, ", axis = 0").replace(
                        "rows sum to 1",
                        at,
                        ", axis = 1",
                    );
                }
                self.fail(found)
            }
        }
    }

    fn onehot(&mut self, call: &Call<'_>) -> Value {
        let node = self.expr(&call.args[0].value, None)?;
        let one = self.add(Op::OneHot, &[node], &[call.args[0].value.span], call.span)?;
        if let Some(classes) = call.args.get(1) {
            let given = self.size(&classes.value)?;
            if self.ty(one).dims.first() != Some(&given) {
                let message = "the number of classes differs from the label's";
                let is = self.shape(node);
                return self.error("label-size", message, classes.value.span, is);
            }
        }
        Some(one)
    }

    fn inner(&mut self, call: &Call<'_>) -> Value {
        let (nodes, spans) = self.nodes(call)?;
        let (a, b) = (nodes[0], nodes[1]);
        // No lift and no number: `inner` pairs entries.
        match self.try_add(Op::Inner, &[a, b]) {
            Ok(node) => Some(node),
            Err(misfit) => {
                let (x, y) = (self.flipped(spans[0]), self.flipped(spans[1]));
                let found = super::report::diagnostic(misfit, &spans, call.span)
                    .replace(format!("`{y}`"), spans[1], &y)
                    .replace(format!("`{x}`"), spans[0], &x);
                self.fail(found)
            }
        }
    }

    fn cross_entropy(&mut self, call: &Call<'_>) -> Value {
        let (nodes, spans) = self.nodes(call)?;
        match self.try_add(Op::CrossEntropy, &nodes) {
            Ok(node) => Some(node),
            Err(misfit) => {
                let (z, y) = (self.source(spans[0]).to_string(), self.source(spans[1]).to_string());
                let edits = vec![
                    chainrule_syntax::Edit { span: spans[0], text: y.clone() },
                    chainrule_syntax::Edit { span: spans[1], text: z.clone() },
                ];
                let message = format!("the scores first: `cross_entropy({y}, {z})`");
                let swap = chainrule_syntax::Repair::edits(message, edits);
                self.fail(super::report::diagnostic(misfit, &spans, call.span).repair(swap))
            }
        }
    }

    fn matpow(&mut self, call: &Call<'_>) -> Value {
        let node = self.expr(&call.args[0].value, None)?;
        let power = self.member_number(&call.args[1].value)?;
        let Some(power) = u32::try_from(power).ok().filter(|p| *p <= 64) else {
            let message = "the power of a matrix is a whole number of at most 64";
            return self.error("matrix-exponent", message, call.args[1].value.span, "");
        };
        self.add(Op::MatrixPower { power }, &[node], &[call.args[0].value.span], call.span)
    }

    fn flatten(&mut self, call: &Call<'_>) -> Value {
        let (nodes, spans) = self.nodes(call)?;
        let total = self.total(nodes[0], spans[0])?;
        self.add(Op::Reshape { dims: vec![total] }, &nodes, &spans, call.span)
    }

    fn total(&mut self, node: NodeId, span: Span) -> Option<Size> {
        match Size::product(&self.ty(node).dims.clone()) {
            Ok(size) => Some(size),
            Err(_) => self.error("limit-size", "the size expression is too large", span, ""),
        }
    }

    fn unflatten(&mut self, call: &Call<'_>) -> Value {
        let (nodes, spans) = self.nodes(call)?;
        let Some(want) = call.want.clone() else {
            let message = "the shape of `unflatten` does not follow from the context";
            let found =
                chainrule_syntax::Diagnostic::error("size-of-constant", message, call.span, "")
                    .note("give it a declared type, or write `reshape(v, n, m)`");
            return self.fail(found);
        };
        self.add(Op::Reshape { dims: want.dims }, &nodes, &spans, call.span)
    }

    fn sizes(&mut self, args: &[&Arg]) -> Option<Vec<Size>> {
        let sizes: Vec<Option<Size>> = args.iter().map(|a| self.size(&a.value)).collect();
        sizes.into_iter().collect()
    }

    fn reshape(&mut self, call: &Call<'_>) -> Value {
        let node = self.expr(&call.args[0].value, None);
        let dims = self.sizes(&call.args[1..])?;
        self.add(Op::Reshape { dims }, &[node?], &[call.args[0].value.span], call.span)
    }

    fn identity(&mut self, call: &Call<'_>) -> Value {
        let n = self.size(&call.args[0].value)?;
        let node = self.leaf(Op::Identity { n }, call.span)?;
        let ty = self.ty(node).clone();
        self.check_elements(&ty, call.span)?;
        Some(node)
    }

    fn filled(&mut self, ones: bool, call: &Call<'_>) -> Value {
        let dims = Type::array(self.sizes(&call.args)?).dims;
        let op = if ones { Op::Ones { dims } } else { Op::Zeros { dims } };
        let node = self.leaf(op, call.span)?;
        let ty = self.ty(node).clone();
        self.check_elements(&ty, call.span)?;
        Some(node)
    }

    fn count_call(&mut self, call: &Call<'_>) -> Value {
        let function = chainrule_syntax::ast::Name { text: call.name.into(), span: call.span };
        let args: Vec<Arg> = call.args.iter().map(|a| (*a).clone()).collect();
        let size = self.counted(&function, &args, call.span)?;
        self.leaf(Op::SizeNumber { size }, call.span)
    }

    fn derivative_of(&mut self, op: Op, call: &Call<'_>) -> Value {
        let args: Vec<Arg> = call.args.iter().map(|a| (*a).clone()).collect();
        self.derivative_call(op, &args, call.span)
    }

    fn hadinv(&mut self, call: &Call<'_>) -> Value {
        let (nodes, spans) = self.nodes(call)?;
        let one = self.leaf(Op::number(1.0), call.span)?;
        if self.ty(nodes[0]).is_scalar() {
            return self.add(Op::Quotient, &[one, nodes[0]], &[call.span, spans[0]], call.span);
        }
        let (a, b) = self.align(one, nodes[0], (call.span, spans[0]))?;
        self.add(Op::HadamardQuotient, &[a, b], &[call.span, spans[0]], call.span)
    }

    fn compared(
        &mut self,
        op: Comparison,
        a: NodeId,
        b: NodeId,
        spans: &[Span],
        span: Span,
    ) -> Value {
        let (a, b) = self.align(a, b, (spans[0], spans[1]))?;
        let truth = self.add(Op::Compare { op }, &[a, b], spans, span)?;
        self.add(Op::Indicator, &[truth], spans, span)
    }

    fn step(&mut self, call: &Call<'_>) -> Value {
        let (nodes, spans) = self.nodes(call)?;
        let zero = self.leaf(Op::number(0.0), call.span)?;
        self.compared(Comparison::Greater, nodes[0], zero, &[spans[0], spans[0]], call.span)
    }

    fn delta(&mut self, call: &Call<'_>) -> Value {
        let (nodes, spans) = self.nodes(call)?;
        self.compared(Comparison::Equal, nodes[0], nodes[1], &spans, call.span)
    }

    fn unit(&mut self, call: &Call<'_>) -> Value {
        let n = self.size(&call.args[0].value)?;
        let identity = self.leaf(Op::Identity { n }, call.span)?;
        let all = chainrule_syntax::ast::Index::All(call.span);
        let at = chainrule_syntax::ast::Index::At(call.args[1].value.clone());
        self.entries(Some(identity), call.span, &[all, at], false, call.span)
    }

    fn pick(&mut self, call: &Call<'_>) -> Value {
        let node = self.expr(&call.args[0].value, None);
        let at = chainrule_syntax::ast::Index::At(call.args[1].value.clone());
        self.entries(node, call.args[0].value.span, &[at], false, call.span)
    }

    fn squared_norm(&mut self, kind: NormKind, call: &Call<'_>) -> Value {
        let norm = self.plain(Op::Norm { kind }, call)?;
        let two = self.leaf(Op::number(2.0), call.span)?;
        self.add(Op::Power, &[norm, two], &[call.span, call.span], call.span)
    }

    fn summed(&mut self, axis: usize, call: &Call<'_>) -> Value {
        self.plain(Op::Reduce { op: BigOp::Sum, over: Over::Axis(axis) }, call)
    }

    /// `(A + A^T) / 2`
    fn symmetric(&mut self, call: &Call<'_>) -> Value {
        let (nodes, spans) = self.nodes(call)?;
        let turned = self.add(Op::Transpose, &nodes, &spans, call.span)?;
        let sum = self.add(Op::Add, &[nodes[0], turned], &[spans[0], spans[0]], call.span)?;
        let two = self.leaf(Op::number(2.0), call.span)?;
        self.add(Op::Quotient, &[sum, two], &[call.span, call.span], call.span)
    }
}

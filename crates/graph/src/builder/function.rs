//! The functions of the language.

use std::panic::Location;

use chainrule_syntax::Span;
use chainrule_syntax::ast::{self, ExprKind};

use super::node::{self, Place};
use super::{Expr, List, Operand};

/// A call whose arguments are terms; the first one says which model it belongs to.
fn call<'s>(function: &str, args: &[Expr<'s>], at: Place) -> Expr<'s> {
    let scope = args[0].scope;
    let slots = args.iter().map(|arg| scope.slot(arg.into(), at)).collect();
    scope.call(function, slots, at)
}

/// Functions of one term: the example's argument, then rows of name, text, meaning and shapes.
macro_rules! functions {
    ($argument:literal: $($name:ident $meaning:literal, $shapes:literal;)*) => {$(
        #[doc = concat!("`", stringify!($name), "(x)`: ", $meaning, ".")]
        ///
        #[doc = concat!("Shapes: ", $shapes, ".")]
        ///
        /// ```
        /// # use chainrule_graph::builder::*;
        /// let net = Scope::new("example");
        /// let n = net.free_size("n");
        #[doc = concat!("let x = net.given(\"x\", ", $argument, ");")]
        #[doc = concat!("net.define(\"f\", ", stringify!($name), "(x));")]
        #[doc = concat!("assert!(net.text().ends_with(\"f = ", stringify!($name), "(x)\\n\"));")]
        /// # net.finish().unwrap();
        /// ```
        #[must_use]
        #[track_caller]
        pub fn $name(x: Expr<'_>) -> Expr<'_> {
            call(stringify!($name), &[x], Location::caller())
        }
    )*};
}

functions! { "real(n)":
    exp "the exponential", "any -> the same";
    log "the natural logarithm", "any -> the same";
    sqrt "the square root", "any -> the same";
    sin "the sine", "any -> the same";
    cos "the cosine", "any -> the same";
    tan "the tangent", "any -> the same";
    tanh "the hyperbolic tangent", "any -> the same";
    sigmoid "the logistic function, 1 / (1 + exp(-x))", "any -> the same";
    softplus "log(1 + exp(x))", "any -> the same";
    relu "the larger of x and 0; its derivative at 0 is 0", "any -> the same";
    abs "the amount; its derivative at 0 is 0", "any -> the same";
    sign "-1, 0 or 1", "any -> the same";
    softmax "exp(x) over its sum", "the axes that are not batch axes; with more than one, \
        [`axis`](Expr::axis) says which";
    logsoftmax "the logarithm of softmax", "as [`softmax`]";
    logsumexp "log(sum(exp(x)))", "one axis that is not a batch axis -> a number";
    argmax "the place of the largest entry, ties to the first", "R\\[K\\] -> label\\[K\\]";
    diag "the diagonal matrix of a vector", "R\\[n\\] -> R\\[n, n\\]";
    flatten "the entries in one vector, row by row", "any -> R\\[their number\\]";
    rows "the number of rows", "a matrix or vector -> a size";
    cols "the number of columns", "a matrix or vector -> a size";
    count "the number of entries", "any -> a size";
}

functions! { "real([n, n])":
    tr "the trace", "R\\[n, n\\] -> a number";
    det "the determinant", "R\\[n, n\\] -> a number";
    logdet "the logarithm of the determinant's amount", "R\\[n, n\\] -> a number";
    pinv "the pseudoinverse", "R\\[n, m\\] -> R\\[m, n\\]";
    diagv "the diagonal as a vector", "R\\[n, n\\] -> R\\[n\\]";
    vec "the entries in one vector, column by column", "R\\[n, m\\] -> R\\[n m\\]; row by row \
        with [`row_major`](Expr::row_major)";
}

functions! { "label(n)":
    onehot "the unit vector of a class", "label\\[K\\] -> R\\[K\\]; label\\[K\\]\\[N\\] -> \
        R\\[K, N\\]";
}

/// Functions of two terms: text, meaning, shapes.
macro_rules! pairs {
    ($($name:ident $text:literal $meaning:literal, $shapes:literal;)*) => {$(
        #[doc = concat!("`", $text, "(a, b)`: ", $meaning, ".")]
        ///
        #[doc = concat!("Shapes: ", $shapes, ".")]
        ///
        /// ```
        /// # use chainrule_graph::builder::*;
        /// let net = Scope::new("example");
        /// let n = net.free_size("n");
        /// let (a, b) = (net.given("a", real(n)), net.given("b", real(n)));
        #[doc = concat!("net.define(\"f\", ", stringify!($name), "(a, b));")]
        #[doc = concat!("assert!(net.text().ends_with(\"f = ", $text, "(a, b)\\n\"));")]
        /// # net.finish().unwrap();
        /// ```
        #[must_use]
        #[track_caller]
        pub fn $name<'s>(a: Expr<'s>, b: Expr<'s>) -> Expr<'s> {
            call($text, &[a, b], Location::caller())
        }
    )*};
}

pairs! {
    maximum "max" "the larger of two, ties to the first", "two numbers or two of the same shape";
    minimum "min" "the smaller of two, ties to the first", "two numbers or two of the same shape";
    inner "inner" "the sum of the products of entries", "two of the same -> a number";
    kron "kron" "the Kronecker product", "R\\[n, m\\], R\\[k, l\\] -> R\\[n k, m l\\]";
}

/// `cross_entropy(z, y)`: `logsumexp(z) - z[y]`, the loss of a classifier.
///
/// Shapes: R\[K\], label\[K\] -> a number; with a batch axis in both, one for each sample.
///
/// Errors: the label has another number of classes.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let (k, n) = (net.size("K", 3), net.batch("N"));
/// let z = net.given("z", real(k).per(n));
/// let y = net.given("y", label(k).per(n));
/// let j = net.define("J", mean_over(n, cross_entropy(z, y)));
/// assert!(net.text().ends_with("J = mean[N] cross_entropy(z, y)\n"));
/// # net.finish().unwrap();
/// ```
#[must_use]
#[track_caller]
pub fn cross_entropy<'s>(z: Expr<'s>, y: Expr<'s>) -> Expr<'s> {
    call("cross_entropy", &[z, y], Location::caller())
}

/// `unflatten(v)`: the vector `v` as an array, row by row; the place says which shape.
///
/// Shapes: R\[size\] -> the declared one.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let n = net.free_size("n");
/// let v = net.given("v", real(n * n));
/// net.define_as("A", real([n, n]), unflatten(v));
/// assert!(net.text().ends_with("A : R[n, n] = unflatten(v)\n"));
/// # net.finish().unwrap();
/// ```
#[must_use]
#[track_caller]
pub fn unflatten(v: Expr<'_>) -> Expr<'_> {
    call("unflatten", &[v], Location::caller())
}

/// `reshape(v, n, m)`: the same entries, row by row, in another shape.
///
/// Errors: the numbers of entries differ.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let v = net.given("v", real(6));
/// assert_eq!(reshape(v, (2, 3)).to_string(), "reshape(v, 2, 3)");
/// ```
#[must_use]
#[track_caller]
pub fn reshape<'s>(v: Expr<'s>, sizes: impl List<Operand<'s>>) -> Expr<'s> {
    let at = Location::caller();
    let mut slots = vec![v.slot()];
    slots.extend(sizes.list().into_iter().map(|size| v.scope.slot(size, at)));
    v.scope.call("reshape", slots, at)
}

/// `name(args)`: a function by its name, one of the standard library (`gelu`, `layer_norm`) or of
/// the model's own [`lines`](super::Scope::lines).
///
/// Errors: there is no such function, or it takes other arguments.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let x = net.given("x", real(net.free_size("n")));
/// net.define("h", apply("silu", x, ()));
/// net.lines("fn leak(x, slope = 0.1) = max(x, slope x)");
/// net.define("g", apply("leak", x, 0.2));
/// net.finish().unwrap();
/// ```
#[must_use]
#[track_caller]
pub fn apply<'s>(name: &str, first: Expr<'s>, others: impl List<Operand<'s>>) -> Expr<'s> {
    let at = Location::caller();
    let mut slots = vec![first.slot()];
    slots.extend(others.list().into_iter().map(|arg| first.scope.slot(arg, at)));
    match first.scope.checked_word(name, at) {
        Ok(name) => first.scope.call(&name, slots, at),
        Err(_) => first.scope.void(at),
    }
}

/// `f'(x)`: the derivative of a function of one argument, entry by entry.
///
/// Shapes: any -> the same. Errors: no such function, or it does not work entry by entry.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let z = net.given("z", real(net.free_size("n")));
/// assert_eq!(prime("sigmoid", z).to_string(), "sigmoid'(z)");
/// ```
#[must_use]
#[track_caller]
pub fn prime<'s>(function: &str, x: Expr<'s>) -> Expr<'s> {
    let at = Location::caller();
    let Ok(function) = x.scope.checked_word(function, at) else { return x.scope.void(at) };
    let args = vec![ast::Arg { name: None, value: x.slot() }];
    x.make(ExprKind::Call { function: node::name(function), primes: 1, args }, at)
}

/// `dJ/dW`: the gradient of a number by a named value.
///
/// Shapes: that of `by`. With a batch axis: see the language's section on derivatives.
///
/// Errors: `of` is not a number; `by` is not a name.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let w = net.param("W", real(net.free_size("n")), normal(0, 1));
/// let j = net.define("J", w.norm().pow(2));
/// net.claim("gradient", grad(j, w), 2 * w);
/// assert!(net.text().ends_with("claim \"gradient\" dJ/dW = 2 W\n"));
/// assert_eq!(grad(2 * j, w).to_string(), "grad(2 J, W)");
/// ```
#[must_use]
#[track_caller]
pub fn grad<'s>(of: Expr<'s>, by: Expr<'s>) -> Expr<'s> {
    let (scope, at) = (of.scope, Location::caller());
    let (Some(numerator), Some(denominator)) = (scope.name_of(of), scope.name_of(by)) else {
        return call("grad", &[of, by], at);
    };
    let entry = |name| ast::Entry { name: node::name(name), indices: None, span: Span::default() };
    let by = vec![entry(denominator)];
    of.make(ExprKind::Derivative { of: entry(numerator), by }, at)
}

/// `jac(f, x)`: the Jacobian, rows for the entries of `f`, columns for those of `x`.
///
/// Shapes: R\[n\], R\[m\] -> R\[n, m\]; matrices count column by column.
///
/// Errors: `x` is not a name.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let n = net.free_size("n");
/// let (a, x) = (net.given("A", real([n, n])), net.given("x", real(n)));
/// net.claim("linear", jac(a.matmul(x), x), a);
/// net.finish().unwrap();
/// ```
#[must_use]
#[track_caller]
pub fn jac<'s>(f: Expr<'s>, x: Expr<'s>) -> Expr<'s> {
    call("jac", &[f, x], Location::caller())
}

/// `hess(l, z)`: the Hessian of a number.
///
/// Shapes: a number, R\[n\] -> R\[n, n\]. Errors: `l` is not a number; `z` is not a name.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let z = net.given("z", real(net.free_size("n")));
/// let l = net.define("l", z.norm().pow(2));
/// net.claim("quadratic", hess(l, z), 2 * net.identity(rows(z)));
/// net.finish().unwrap();
/// ```
#[must_use]
#[track_caller]
pub fn hess<'s>(l: Expr<'s>, z: Expr<'s>) -> Expr<'s> {
    call("hess", &[l, z], Location::caller())
}

/// `hvp(l, x, q)`: the Hessian of a number by `x`, times `q`, without the Hessian.
///
/// Shapes: `q` has that of `x`, and so has the result. Errors: as [`hess`].
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let n = net.free_size("n");
/// let (x, q) = (net.given("x", real(n)), net.given("q", real(n)));
/// let l = net.define("l", x.norm().pow(2));
/// net.claim("twice", hvp(l, x, q), 2 * q);
/// net.finish().unwrap();
/// ```
#[must_use]
#[track_caller]
pub fn hvp<'s>(l: Expr<'s>, x: Expr<'s>, q: Expr<'s>) -> Expr<'s> {
    call("hvp", &[l, x, q], Location::caller())
}

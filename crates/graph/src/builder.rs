//! Equations written in Rust.
//!
//! A [`Scope`] collects what an equation file would say, statement by statement; the terms it gives
//! are free to copy and are put together by operators and functions, so that a model reads like its
//! mathematics. [`Scope::finish`] prints the equation file and reads it: the rules are those of the
//! language, none is written twice. Every mistake is told at once, each at the line of the program
//! that made it. No method panics.
//!
//! ```
//! use chainrule_graph::builder::*;
//!
//! # fn main() -> Result<(), BuildErrors> {
//! let net = Scope::new("iris");
//! let (d, h, k) = (net.size("d", 4), net.size("H", 16), net.size("K", 3));
//! let n = net.batch("N");
//!
//! let x = net.data("x", real([d]).per(n));
//! let y = net.data("y", label(k).per(n));
//!
//! let w0 = net.param("W0", real([h, d]), normal(0.0, 0.1));
//! let b0 = net.param("b0", real([h]), zeros());
//! let w1 = net.param("W1", real([k, h]), normal(0.0, 0.1));
//! let b1 = net.param("b1", real([k]), zeros());
//!
//! let a1 = net.define("a1", softplus(w0.matmul(x) + b0));
//! let p = net.define("p", softmax(w1.matmul(a1) + b1));
//! let l = net.define("l", -log(p.at(y)));
//! let j = net.define("J", mean_over(n, l));
//!
//! net.derive([grad(j, w1), grad(j, b1), grad(j, w0), grad(j, b0)]);
//! net.claim("size", net.count_params(), 8 * h + 3);
//! net.claim("output", grad(l, w1), (p - onehot(y)).matmul(a1.t()));
//!
//! let built = net.finish()?;
//! assert_eq!(built.module.params().count(), 4);
//! assert!(built.text.contains("  a1 = softplus(W0 x + b0)\n"));
//! # Ok(())
//! # }
//! ```
//!
//! | in the language | here |
//! |---|---|
//! | `A B`, `A .* B`, `A ./ B` | `a.matmul(b)`, `a.hadamard(b)`, `a.hadamard_div(b)` |
//! | `s A`, `A / s`, `A + B`, `-A` | `s * a`, `a / s`, `a + b`, `-a` |
//! | `A^T`, `A^-1`, `s^2`, `A .^ 2` | `a.t()`, `a.inv()`, `s.pow(2)`, `a.dot_pow(2)` |
//! | `A[:,i]`, `C[u+i-1,v; pad]` | `a.at((.., i))`, `c.at_padded([u + i - 1, v])` |
//! | `sum(A)`, `mean[N] l`, `sum[i,j] ..` | `a.sum()`, `mean_over(n, l)`, `sum_over([i, j], ..)` |
//! | `Y[o,u] = ..` | `net.define_at("Y", [o, u], ..)` |
//! | `1[Z > 0]` | `indicator(z.gt(0))` |
//! | <code>\|\|x\|\|</code>, <code>\|\|W\|\|_F</code> | `x.norm()`, `w.norm_f()` |
//! | `dJ/dW`, `jac(z, W)` | `grad(j, w)`, `jac(z, w)` |
//! | `R[H, d] per N`, `label[K]` | `real([h, d]).per(n)`, `label(k)` |
//! | everything else | `net.lines("train J by gd(step = 0.01) epochs 350")` |
//!
//! A function that builds a part of a model takes the scope and terms with one lifetime:
//!
//! ```
//! use chainrule_graph::builder::*;
//!
//! /// relu(W x + b) with `h` units
//! fn layer<'s>(net: &'s Scope, i: usize, h: Expr<'s>, x: Expr<'s>) -> Expr<'s> {
//!     let w = net.param(&format!("W{i}"), real([h, rows(x)]), he());
//!     let b = net.param(&format!("b{i}"), real([h]), zeros());
//!     net.define(&format!("h{i}"), relu(w.matmul(x) + b))
//! }
//!
//! let net = Scope::new("deep");
//! let (d, h) = (net.size("d", 8), net.size("H", 32));
//! let mut x = net.data("x", real(d).per(net.batch("N")));
//! for i in 1..=3 {
//!     x = layer(&net, i, h, x);
//! }
//! assert_eq!(net.finish().unwrap().module.params().count(), 6);
//! ```

mod claim;
mod condition;
mod declare;
mod define;
mod draft;
mod expr;
mod finish;
mod function;
mod index;
mod methods;
mod node;
mod operand;
mod parts;
mod places;
mod problem;
mod scope;
mod space;
mod start;

pub use chainrule_syntax::ast::{DeriveOption, Expected, Layout};
pub use claim::{Claim, Derivation};
pub use condition::{Condition, indicator};
pub use expr::Expr;
pub use finish::Built;
pub use function::*;
pub use index::{Binder, max_over, mean_over, min_over, prod_over, sum_over};
pub use operand::{Entry, List, Operand};
pub use problem::{BuildErrors, Problem};
pub use scope::Scope;
pub use space::{Space, integer, label, labels, mask, positive, prob, real, scalar, spd, sym};
pub use start::{
    Distribution, Start, bernoulli, glorot, glorot_uniform, he, he_uniform, identity, lecun,
    normal, pytorch, uniform, zeros,
};

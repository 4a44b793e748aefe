//! What a term can do: products, powers, norms, reductions.

use std::panic::Location;

use chainrule_syntax::ast::{Arg, ExprKind, NormKind, ProductOp};

use super::node::{self, Place};
use super::operand::whole;
use super::{Expr, Operand};

/// Products and powers.
impl<'s> Expr<'s> {
    /// `A B`: the matrix product; with a scalar on one side, the multiple.
    ///
    /// Shapes: `R[n, m]` and `R[m, k]` give `R[n, k]`; a vector is a column, `x^T y` a number.
    ///
    /// Errors: the inner sizes differ.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (n, m) = (net.free_size("n"), net.free_size("m"));
    /// let (w, x) = (net.given("W", real([m, n])), net.given("x", real([n])));
    /// assert_eq!(w.matmul(x).to_string(), "W x");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matmul(self, right: impl Into<Operand<'s>>) -> Expr<'s> {
        self.product(ProductOp::Juxtaposition, right, Location::caller())
    }

    /// `A .* B`: the product entry by entry.
    ///
    /// Shapes: two of the same give it again; a scalar goes with everything.
    ///
    /// Errors: the shapes differ.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let x = net.given("x", real([net.free_size("n")]));
    /// assert_eq!(x.hadamard(x + 1).to_string(), "x .* (x + 1)");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn hadamard(self, right: impl Into<Operand<'s>>) -> Expr<'s> {
        self.product(ProductOp::DotStar, right, Location::caller())
    }

    /// `A ./ B`: the quotient entry by entry.
    ///
    /// Shapes and errors: as [`hadamard`](Expr::hadamard).
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let p = net.given("p", positive([net.free_size("n")]));
    /// assert_eq!(net.number(1).hadamard_div(p).to_string(), "1 ./ p");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn hadamard_div(self, right: impl Into<Operand<'s>>) -> Expr<'s> {
        self.product(ProductOp::DotSlash, right, Location::caller())
    }

    /// `a^b`: the power of a number, or a whole power of a square matrix.
    ///
    /// Errors: an array that is not square (entry by entry is [`dot_pow`](Expr::dot_pow)); a matrix
    /// power that is not whole.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let s = net.given("s", scalar());
    /// assert_eq!((s + 1).pow(2).to_string(), "(s + 1)^2");
    /// assert_eq!(s.pow(-0.5).to_string(), "s^-0.5");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn pow(self, exponent: impl Into<Operand<'s>>) -> Expr<'s> {
        let at = Location::caller();
        let exponent = Box::new(self.scope.slot(exponent.into(), at));
        self.make(ExprKind::Power(Box::new(self.slot()), exponent), at)
    }

    /// `A .^ b`: the power entry by entry.
    ///
    /// Shapes: that of `A`; `b` is a number or has the same shape.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let x = net.given("x", real([net.free_size("n")]));
    /// assert_eq!(x.dot_pow(2).to_string(), "x .^ 2");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn dot_pow(self, exponent: impl Into<Operand<'s>>) -> Expr<'s> {
        let at = Location::caller();
        let exponent = Box::new(self.scope.slot(exponent.into(), at));
        self.make(ExprKind::DotPower(Box::new(self.slot()), exponent), at)
    }

    /// `A^T`: the transpose.
    ///
    /// Shapes: `R[n, m]` -> `R[m, n]`; a column becomes a row.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let x = net.given("x", real([net.free_size("n")]));
    /// assert_eq!(x.matmul(x.t()).to_string(), "x x^T");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn t(self) -> Expr<'s> {
        self.make(ExprKind::Transpose(Box::new(self.slot())), Location::caller())
    }

    /// `A^-1`: the inverse.
    ///
    /// Shapes: square. Errors: not square.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let a = net.given("A", spd(net.free_size("n")));
    /// assert_eq!(a.inv().to_string(), "A^-1");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn inv(self) -> Expr<'s> {
        let at = Location::caller();
        let exponent = Box::new(self.scope.slot((-1).into(), at));
        self.make(ExprKind::Power(Box::new(self.slot()), exponent), at)
    }

    /// `A^-T`: the transposed inverse.
    ///
    /// Shapes: square. Errors: not square.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let n = net.free_size("n");
    /// assert_eq!(net.given("A", real([n, n])).inv_t().to_string(), "A^-T");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn inv_t(self) -> Expr<'s> {
        self.make(ExprKind::InverseTranspose(Box::new(self.slot())), Location::caller())
    }
}

/// Norms of a term: their method, kind, text, and for what.
macro_rules! norms {
    ($($name:ident $kind:ident $text:literal $what:literal)*) => {
        /// Norms: a number each.
        impl<'s> Expr<'s> {$(
            #[doc = concat!("`", $text, "`: ", $what, ".")]
            ///
            /// ```
            /// # use chainrule_graph::builder::*;
            /// let net = Scope::new("example");
            /// let n = net.free_size("n");
            /// let x = net.given("x", real([n]));
            #[doc = concat!("let f = x.", stringify!($name), "();")]
            #[doc = concat!("assert_eq!(f.to_string(), \"", $text, "\");")]
            /// ```
            #[must_use]
            #[track_caller]
            pub fn $name(self) -> Expr<'s> {
                let kind = ExprKind::Norm(Box::new(self.slot()), NormKind::$kind);
                self.make(kind, Location::caller())
            }
        )*}
    };
}

norms! {
    norm Plain "||x||" "the Euclidean norm of a vector; of a matrix an error that offers both"
    norm2 Two "||x||_2" "the Euclidean norm of a vector, with its subscript"
    norm1 One "||x||_1" "the sum of the entries' amounts, of any array"
    norm_inf Infinity "||x||_inf" "the largest of the entries' amounts, of any array"
    norm_f Frobenius "||x||_F" "the Frobenius norm of a matrix"
    norm_spec Spectral "||x||_spec" "the spectral norm of a matrix, its largest singular value"
}

/// Reductions of a term: their method and what they give.
macro_rules! reductions {
    ($($name:ident $over:ident $what:literal)*) => {
        /// Reductions over all written axes, or over one with [`axis`](Expr::axis).
        impl<'s> Expr<'s> {$(
            #[doc = concat!("`", stringify!($name), "(A)`: the ", $what, " of all entries.")]
            ///
            /// Shapes: any -> a number; a silent batch axis (`per N`) stays.
            #[doc = concat!("Over indices and batch axes: `", stringify!($over), "`.")]
            ///
            /// ```
            /// # use chainrule_graph::builder::*;
            /// let net = Scope::new("example");
            /// let x = net.given("x", real([net.free_size("n")]));
            #[doc = concat!("let f = x.", stringify!($name), "();")]
            #[doc = concat!("assert_eq!(f.to_string(), \"", stringify!($name), "(x)\");")]
            /// ```
            #[must_use]
            #[track_caller]
            pub fn $name(self) -> Expr<'s> {
                self.scope.call(stringify!($name), vec![self.slot()], Location::caller())
            }
        )*}
    };
}

reductions! {
    sum sum_over "sum"
    mean mean_over "mean"
    max max_over "largest"
    min min_over "least"
    prod prod_over "product"
}

/// What a call says by name.
impl<'s> Expr<'s> {
    /// `sum(A, axis = 0)`: a reduction or softmax along one axis, 0 down the columns, 1 along the
    /// rows. Stands behind the call that it belongs to.
    ///
    /// Shapes: a reduction keeps the orientation, `sum(A, axis = 0) : R[1, m]`; softmax keeps the
    /// shape.
    ///
    /// Errors: the term before is no call, or has no such axis.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (n, m) = (net.free_size("n"), net.free_size("m"));
    /// let a = net.given("A", real([n, m]));
    /// assert_eq!(softmax(a).axis(1).to_string(), "softmax(A, axis = 1)");
    /// assert_eq!(a.sum().axis(0).to_string(), "sum(A, axis = 0)");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn axis(self, axis: usize) -> Expr<'s> {
        self.with_argument("axis", whole(axis as u128), Location::caller())
    }

    /// `vec(A, order = row)`: row by row instead of column by column, of a `vec` or `jac`.
    ///
    /// Errors: the term before is no call, or has no order.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let n = net.free_size("n");
    /// let a = net.given("A", real([n, n]));
    /// assert_eq!(vec(a).row_major().to_string(), "vec(A, order = row)");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn row_major(self) -> Expr<'s> {
        self.with_argument("order", ExprKind::Name("row".into()), Location::caller())
    }

    fn with_argument(self, name: &str, value: ExprKind, at: Place) -> Expr<'s> {
        let mut kind = self.scope.state.borrow().nodes.get(self.id).kind.clone();
        match &mut kind {
            ExprKind::Call { args, .. } => {
                let value = self.scope.leaf(value).slot();
                args.push(Arg { name: Some(node::name(name)), value });
                self.make(kind, at)
            }
            _ if self.scope.is_void(self) => self,
            _ => {
                let term = self.brief();
                let message = format!("`{term}` is no call: `{name}` belongs to one: `sum(A)`");
                self.scope.nothing("not-a-call", message, at)
            }
        }
    }
}

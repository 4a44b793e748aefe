//! What may stand where a term is wanted: terms and numbers, alone or in lists.

use std::fmt;
use std::ops::RangeFull;

use chainrule_syntax::Span;
use chainrule_syntax::ast::{ExprKind, Number};

use super::{Binder, Expr};

/// A term or a number: what an operator or a function takes.
///
/// Every `impl Into<Operand>` accepts an [`Expr`], a reference to one, and Rust's numbers.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let s = net.given("s", scalar());
/// assert_eq!((1 + 0.5 * s).to_string(), "1 + 0.5 s");
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Operand<'s> {
    /// A term.
    Expr(Expr<'s>),
    /// A number. NaN and infinities are errors of [`Scope::finish`](super::Scope::finish).
    Number(f64),
    /// A whole number.
    Whole(i128),
}

/// The text of an equation file.
impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Expr(term) => write!(f, "{term}"),
            Operand::Number(value) if value.is_sign_negative() => write!(f, "-{}", digits(-value)),
            Operand::Number(value) => f.write_str(&digits(*value)),
            Operand::Whole(value) => write!(f, "{value}"),
        }
    }
}

/// An index of an access: `i`, `u + i`, `0`, or `..` for the whole axis.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let n = net.free_size("n");
/// let a = net.given("A", real([n, n]));
/// let [i] = net.indices(["i"]);
/// assert_eq!(a.at((.., i)).to_string(), "A[:,i]");
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Entry<'s> {
    /// `..`, written `:` in an equation file.
    All,
    /// A position: affine in indices, or a label.
    At(Operand<'s>),
}

impl From<RangeFull> for Entry<'_> {
    fn from(_: RangeFull) -> Self {
        Entry::All
    }
}

/// What converts to an operand is an entry too.
macro_rules! operands {
    ($($ty:ty => |$value:ident| $operand:expr;)*) => {$(
        impl<'s> From<$ty> for Operand<'s> {
            fn from($value: $ty) -> Self {
                $operand
            }
        }

        impl<'s> From<$ty> for Entry<'s> {
            fn from(value: $ty) -> Self {
                Entry::At(value.into())
            }
        }
    )*};
}

operands! {
    Expr<'s> => |value| Operand::Expr(value);
    &Expr<'s> => |value| Operand::Expr(*value);
    f64 => |value| Operand::Number(value);
    i32 => |value| Operand::Whole(value.into());
    i64 => |value| Operand::Whole(value.into());
    u32 => |value| Operand::Whole(value.into());
    u64 => |value| Operand::Whole(value.into());
    usize => |value| Operand::Whole(value as i128);
}

/// One `T` or several: sizes of a type, indices of an access, indices of a sum.
///
/// A list is a single value, an array, a `Vec`, a tuple of up to six (whose members may differ:
/// `(c, u + i, ..)`), or `()` for none.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let n = net.free_size("n");
/// for x in [real(n), real([n]), real(vec![n]), real((n,))] {
///     assert_eq!(x.to_string(), "R[n]");
/// }
/// assert_eq!(real((n, 3)).to_string(), "R[n, 3]");
/// assert_eq!(real(()).to_string(), "R");
/// ```
pub trait List<T> {
    /// The members in order.
    fn list(self) -> Vec<T>;
}

impl<T> List<T> for () {
    fn list(self) -> Vec<T> {
        Vec::new()
    }
}

impl<T, A: Into<T>, const N: usize> List<T> for [A; N] {
    fn list(self) -> Vec<T> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<T, A: Into<T>> List<T> for Vec<A> {
    fn list(self) -> Vec<T> {
        self.into_iter().map(Into::into).collect()
    }
}

macro_rules! single {
    ($($ty:ty),*) => {$(
        impl<'s, T: From<$ty>> List<T> for $ty {
            fn list(self) -> Vec<T> {
                vec![self.into()]
            }
        }
    )*};
}

single!(Expr<'s>, f64, i32, usize);

impl<'s> List<Binder<'s>> for Binder<'s> {
    fn list(self) -> Vec<Binder<'s>> {
        vec![self]
    }
}

macro_rules! tuples {
    ($(($($member:ident)*))*) => {$(
        impl<T, $($member: Into<T>),*> List<T> for ($($member,)*) {
            #[allow(non_snake_case)] // members are called like their types
            fn list(self) -> Vec<T> {
                let ($($member,)*) = self;
                vec![$($member.into()),*]
            }
        }
    )*};
}

tuples! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }

/// A number without its sign, in the digits of an equation file.
pub(super) fn number(magnitude: f64) -> ExprKind {
    let (text, value) = (digits(magnitude), magnitude);
    ExprKind::Number(Number { text, value, span: Span::default() })
}

fn digits(magnitude: f64) -> String {
    let plain = magnitude == 0.0 || (1e-3..1e16).contains(&magnitude);
    if plain { magnitude.to_string() } else { format!("{magnitude:e}") }
}

/// A whole number without its sign.
pub(super) fn whole(magnitude: u128) -> ExprKind {
    let (text, value) = (magnitude.to_string(), magnitude as f64);
    ExprKind::Number(Number { text, value, span: Span::default() })
}

//! Numbers that take the branches of another point.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use super::{Scalar, derived_operators};

/// A value together with the value at a base point. Branches are taken at the base, so that
/// differences of a function with kinks are those of its smooth piece.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Frozen {
    /// The value.
    pub value: f64,
    /// The value at the base point.
    pub base: f64,
}

macro_rules! operators {
    ($($Trait:ident $method:ident $op:tt;)*) => {$(
        impl $Trait for Frozen {
            type Output = Frozen;
            fn $method(self, other: Frozen) -> Frozen {
                Frozen { value: self.value $op other.value, base: self.base $op other.base }
            }
        }
    )*};
}

operators! {
    Add add +;
    Mul mul *;
    Div div /;
}

impl Neg for Frozen {
    type Output = Frozen;
    fn neg(self) -> Frozen {
        Frozen { value: -self.value, base: -self.base }
    }
}

derived_operators!(Frozen);

macro_rules! functions {
    ($($name:ident)*) => {$(
        fn $name(self) -> Frozen {
            Frozen { value: Scalar::$name(self.value), base: Scalar::$name(self.base) }
        }
    )*};
}

impl Scalar for Frozen {
    fn from_f64(value: f64) -> Frozen {
        Frozen { value, base: value }
    }

    fn from_ratio(numerator: i128, denominator: i128) -> Frozen {
        Frozen::from_f64(f64::from_ratio(numerator, denominator))
    }

    fn real(self) -> f64 {
        self.base
    }

    fn is_finite(self) -> bool {
        self.value.is_finite() && self.base.is_finite()
    }

    fn powf(self, exponent: Frozen) -> Frozen {
        Frozen {
            value: Scalar::powf(self.value, exponent.value),
            base: Scalar::powf(self.base, exponent.base),
        }
    }

    // Smooth, but written with branches: each part takes its own.
    functions! { exp ln ln_1p sqrt sin cos tan tanh sigmoid softplus }
}

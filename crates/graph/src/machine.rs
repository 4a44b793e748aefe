//! The functions of entries that a machine has of its own.
//!
//! The record of an op that goes entry by entry says which of them it is, so that what compiles a
//! lowered graph need not know the ops.

use chainrule_syntax::ast::Comparison;

use crate::op::Op;

/// A function of entries. Conditions are 0 or 1; where branches meet, the record's evaluation rules.
///
/// ```
/// use chainrule_graph::machine::Machine;
/// use chainrule_graph::record::Lowering;
/// use chainrule_graph::Op;
/// let Lowering::Entrywise(machine) = Op::Tanh.def().lowering else { panic!() };
/// assert_eq!(machine(&Op::Tanh), Machine::Tanh);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Machine {
    /// `-x`
    Neg,
    /// `x + y`
    Add,
    /// `x - y`
    Sub,
    /// `x y`
    Mul,
    /// `x / y`
    Div,
    /// `x^y`
    Pow,
    /// The greater; the first of equals.
    Max,
    /// The smaller; the first of equals.
    Min,
    /// `x < y`
    Less,
    /// `x <= y`
    LessEqual,
    /// `x > y`
    Greater,
    /// `x >= y`
    GreaterEqual,
    /// `x == y`
    Equal,
    /// `x != y`
    NotEqual,
    /// Both.
    And,
    /// One of them or both.
    Or,
    /// The other.
    Not,
    /// `x`
    Identity,
    /// `e^x`
    Exp,
    /// The natural logarithm.
    Log,
    /// The square root.
    Sqrt,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
    /// The tangent.
    Tan,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// `log(1 + e^x)`
    Softplus,
    /// `max(x, 0)`; 0 at 0.
    Relu,
    /// The magnitude.
    Abs,
    /// -1, 0 or 1.
    Sign,
    /// None of these: the record's own evaluation.
    Own,
}

impl Machine {
    /// A comparison.
    pub const fn comparison(op: Comparison) -> Machine {
        match op {
            Comparison::Equal => Machine::Equal,
            Comparison::NotEqual => Machine::NotEqual,
            Comparison::Less => Machine::Less,
            Comparison::LessEqual => Machine::LessEqual,
            Comparison::Greater => Machine::Greater,
            Comparison::GreaterEqual => Machine::GreaterEqual,
        }
    }
}

/// Which function an op is.
pub type MachineFn = fn(&Op) -> Machine;

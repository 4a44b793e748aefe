//! Formulas as mathematics: the tree of the language to LaTeX, MathML, Typst and Unicode text.
//!
//! [`typeset`] decides once what a formula looks like: what is a fraction, a subscript, an upright
//! word, where brackets stand. Its result, a [`Math`], is written down by three printers that know
//! nothing of the language ([`latex`], [`mathml`], [`typst`]). [`rows`] breaks what is too long.
//! [`unicode`] is for terminals: the language itself with its Unicode spellings, so that what is
//! printed can be read again.
//!
//! ```
//! use chainrule::notation::{self, Context};
//!
//! let formula = notation::read("1/N (Psi - D) A2^T + 2 lambda W2").expect("an expression");
//! let math = notation::typeset(&Context::default(), &formula);
//! assert_eq!(
//!     notation::latex(&math),
//!     r"\frac{1}{N} (\Psi - D) A_{2}^{\top} + 2 \lambda W_{2}"
//! );
//! assert_eq!(notation::unicode("(W2^T E) .* 1[Z2 > 0]"), "(W2ᵀ E) ⊙ 1[Z2 > 0]");
//! ```

mod call;
mod context;
mod latex;
mod mathml;
mod name;
mod product;
mod rank;
mod rows;
mod set;
mod typst;
mod unicode;
mod width;

use chainrule_syntax::ast::{Expr, StatementKind};
use chainrule_syntax::parse;

pub use context::Context;
pub(crate) use latex::escaped as escaped_latex;
pub use latex::latex;
pub(crate) use mathml::escaped as escaped_html;
pub use mathml::mathml;
pub use rows::rows;
pub use set::typeset;
pub(crate) use typst::escaped as escaped_typst;
pub use typst::typst;
pub use unicode::unicode;
pub use width::width;

/// A formula as it stands on paper.
#[derive(Clone, PartialEq, Debug)]
pub enum Math {
    /// `0.5`
    Number(String),
    /// One letter, Latin or the ASCII name of a Greek one: `x`, `lambda`.
    Letter(String),
    /// A name of several letters: `loss`.
    Name(String),
    /// An upright word: `softmax`, `exp`.
    Word(String),
    /// A bold digit: the indicator, the vector of ones.
    Bold(char),
    /// Words inside a formula.
    Text(String),
    /// An operator, a relation, a sign.
    Sign(Sign),
    /// One after the other.
    Row(Vec<Math>),
    /// In brackets.
    Fenced(Fence, Box<Math>),
    /// One bracket of a formula that is broken inside it.
    Bracket {
        /// Which kind.
        fence: Fence,
        /// Whether it opens.
        opens: bool,
        /// Whether a fraction or a large operator stands inside.
        is_tall: bool,
    },
    /// With a subscript, a superscript or both.
    Script {
        /// What carries them.
        base: Box<Math>,
        /// Below.
        sub: Option<Box<Math>>,
        /// Above.
        sup: Option<Box<Math>>,
    },
    /// A fraction.
    Fraction(Box<Math>, Box<Math>),
    /// A square root.
    Root(Box<Math>),
    /// A large operator with its limits.
    Big {
        /// Which.
        op: Large,
        /// Below it.
        under: Option<Box<Math>>,
        /// Above it.
        over: Option<Box<Math>>,
    },
    /// A thin space.
    Thin,
}

/// Brackets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fence {
    /// `( )`
    Paren,
    /// `[ ]`
    Square,
    /// `{ }`
    Brace,
    /// One bar at each side.
    Bar,
    /// Two bars at each side.
    Norm,
    /// Angles.
    Angle,
}

/// Large operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Large {
    /// Sum.
    Sum,
    /// Product.
    Product,
    /// Maximum.
    Max,
    /// Minimum.
    Min,
    /// Mean.
    Mean,
}

/// Operators, relations and punctuation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// Between terms.
    Plus,
    /// Between terms.
    Minus,
    /// In front of a term.
    Negative,
    /// Entry by entry.
    Hadamard,
    /// Division entry by entry.
    HadamardSlash,
    /// Kronecker product.
    Kronecker,
    /// Between numbers.
    Dot,
    /// Shapes.
    Times,
    /// On the line.
    Slash,
    /// `=`
    Equal,
    /// Not equal.
    NotEqual,
    /// `<`
    Less,
    /// At most.
    LessEqual,
    /// `>`
    Greater,
    /// At least.
    GreaterEqual,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `:`
    Colon,
    /// Element of.
    In,
    /// Both.
    And,
    /// One of both.
    Or,
    /// Not.
    Not,
    /// Partial derivative.
    Partial,
    /// Gradient.
    Nabla,
    /// Transpose, as a superscript.
    Transpose,
    /// Pseudo-inverse, as a superscript.
    Cross,
    /// Infinity.
    Infinity,
    /// Dots of an omission.
    Dots,
    /// Double-struck R.
    Reals,
    /// Double-struck Z.
    Integers,
}

/// How much room a sign takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    Binary,
    Relation,
    Prefix,
    Punctuation,
    Ordinary,
}

impl Sign {
    /// LaTeX, Unicode, Typst, and how it is spaced.
    fn spelling(self) -> (&'static str, &'static str, &'static str, Class) {
        use Class::{Binary, Ordinary, Prefix, Punctuation, Relation};
        match self {
            Sign::Plus => ("+", "+", "+", Binary),
            Sign::Minus => ("-", "−", "-", Binary),
            Sign::Negative => ("-", "−", "-", Prefix),
            Sign::Hadamard => (r"\odot", "⊙", "dot.o", Binary),
            Sign::HadamardSlash => (r"\oslash", "⊘", "⊘", Binary),
            Sign::Kronecker => (r"\otimes", "⊗", "times.o", Binary),
            Sign::Dot => (r"\cdot", "⋅", "dot.op", Binary),
            Sign::Times => (r"\times", "×", "times", Binary),
            Sign::Slash => ("/", "/", "\\/", Ordinary),
            Sign::Equal => ("=", "=", "=", Relation),
            Sign::NotEqual => (r"\neq", "≠", "eq.not", Relation),
            Sign::Less => ("<", "<", "<", Relation),
            Sign::LessEqual => (r"\leq", "≤", "<=", Relation),
            Sign::Greater => (">", ">", ">", Relation),
            Sign::GreaterEqual => (r"\geq", "≥", ">=", Relation),
            Sign::Comma => (",", ",", "\\,", Punctuation),
            Sign::Semicolon => (";", ";", "\\;", Punctuation),
            Sign::Colon => (":", ":", "colon", Ordinary),
            Sign::In => (r"\in", "∈", "in", Relation),
            Sign::And => (r"\land", "∧", "and", Binary),
            Sign::Or => (r"\lor", "∨", "or", Binary),
            Sign::Not => (r"\lnot", "¬", "not", Prefix),
            Sign::Partial => (r"\partial", "∂", "partial", Ordinary),
            Sign::Nabla => (r"\nabla", "∇", "nabla", Ordinary),
            Sign::Transpose => (r"\top", "⊤", "top", Ordinary),
            Sign::Cross => ("+", "+", "+", Ordinary),
            Sign::Infinity => (r"\infty", "∞", "infinity", Ordinary),
            Sign::Dots => (r"\dots", "…", "dots", Ordinary),
            Sign::Reals => (r"\mathbb{R}", "ℝ", "RR", Ordinary),
            Sign::Integers => (r"\mathbb{Z}", "ℤ", "ZZ", Ordinary),
        }
    }
}

impl Math {
    /// Parts one after the other; one part is itself.
    pub(crate) fn row(mut parts: Vec<Math>) -> Math {
        if parts.len() == 1 { parts.remove(0) } else { Math::Row(parts) }
    }

    fn fenced(fence: Fence, inner: Math) -> Math {
        Math::Fenced(fence, Box::new(inner))
    }

    fn word(word: &str) -> Math {
        Math::Word(word.into())
    }

    fn number(number: &str) -> Math {
        Math::Number(number.into())
    }

    /// With a superscript; a subscript that is there stays.
    fn with_sup(self, above: Math) -> Math {
        match self {
            Math::Script { base, sub, sup: None } => {
                Math::Script { base, sub, sup: Some(Box::new(above)) }
            }
            base => Math::Script { base: Box::new(base), sub: None, sup: Some(Box::new(above)) },
        }
    }

    /// With a subscript.
    fn with_sub(self, below: Math) -> Math {
        match self {
            Math::Script { base, sub: None, sup } => {
                Math::Script { base, sub: Some(Box::new(below)), sup }
            }
            base => Math::Script { base: Box::new(base), sub: Some(Box::new(below)), sup: None },
        }
    }

    /// Whether it is higher than a line: a fraction, a large operator with limits.
    fn is_tall(&self) -> bool {
        match self {
            Math::Fraction(..) => true,
            Math::Big { under, over, .. } => under.is_some() || over.is_some(),
            Math::Row(parts) => parts.iter().any(Math::is_tall),
            Math::Fenced(_, inner) | Math::Root(inner) => inner.is_tall(),
            Math::Script { base, .. } => base.is_tall(),
            _ => false,
        }
    }
}

/// The expression that `text` spells in the language, if it spells one.
pub fn read(text: &str) -> Option<Expr> {
    let parsed = parse(&format!("show x = {text}\n"));
    if !parsed.diagnostics.is_empty() {
        return None;
    }
    let statement = parsed.file.blocks.into_iter().next()?.statements.into_iter().next()?;
    match statement.kind {
        StatementKind::Show(list) => match <[_; 1]>::try_from(list) {
            Ok([(_, value)]) => value,
            Err(_) => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;

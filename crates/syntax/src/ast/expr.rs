//! Expressions, indices, types.

use crate::span::Span;

/// A name with its place. Greek letters are spelled out (`λ1` is `lambda1`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// The name in ASCII.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A quoted text with its place (the place includes the quotes).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    /// Without the quotes.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A number as written.
#[derive(Clone, PartialEq, Debug)]
pub struct Number {
    /// The digits as written.
    pub text: String,
    /// Its value.
    pub value: f64,
    /// Where it stands.
    pub span: Span,
}

impl Number {
    /// The value if it is a whole number without point or exponent.
    pub fn integer(&self) -> Option<u64> {
        self.text.parse().ok()
    }
}

/// An expression with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The whole of it, parentheses included.
    pub span: Span,
}

/// `+` or `-`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// The operators of one rank inside a term.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProductOp {
    /// Two factors side by side: `A B`.
    Juxtaposition,
    /// `@`, the matrix product spelled out.
    At,
    /// `*`, only with a scalar.
    Star,
    /// `/`
    Slash,
    /// `.*`
    DotStar,
    /// `./`
    DotSlash,
}

impl ProductOp {
    /// The operator as written; empty for juxtaposition.
    pub fn text(self) -> &'static str {
        match self {
            ProductOp::Juxtaposition => "",
            ProductOp::At => "@",
            ProductOp::Star => "*",
            ProductOp::Slash => "/",
            ProductOp::DotStar => ".*",
            ProductOp::DotSlash => "./",
        }
    }
}

/// One further factor of a product.
#[derive(Clone, PartialEq, Debug)]
pub struct Factor {
    /// The operator before it.
    pub op: ProductOp,
    /// The operator's place (empty for juxtaposition).
    pub op_span: Span,
    /// The factor; `a * -b` holds an [`ExprKind::Negative`].
    pub value: Expr,
}

/// Comparison operators inside conditions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl Comparison {
    /// The operator as written.
    pub fn text(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterEqual => ">=",
        }
    }
}

/// Which norm.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NormKind {
    /// `||x||`
    Plain,
    /// `||x||_2`
    Two,
    /// `||x||_1`
    One,
    /// `||x||_inf`
    Infinity,
    /// `||W||_F`
    Frobenius,
    /// `||W||_spec`
    Spectral,
}

impl NormKind {
    /// The subscript as written, with its underscore; empty for the plain norm.
    pub fn suffix(self) -> &'static str {
        match self {
            NormKind::Plain => "",
            NormKind::Two => "_2",
            NormKind::One => "_1",
            NormKind::Infinity => "_inf",
            NormKind::Frobenius => "_F",
            NormKind::Spectral => "_spec",
        }
    }
}

/// An operator that binds indices or reduces an axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BigOp {
    /// `sum`
    Sum,
    /// `mean`
    Mean,
    /// `max`
    Max,
    /// `min`
    Min,
    /// `prod`
    Prod,
}

impl BigOp {
    /// The word as written.
    pub fn text(self) -> &'static str {
        match self {
            BigOp::Sum => "sum",
            BigOp::Mean => "mean",
            BigOp::Max => "max",
            BigOp::Min => "min",
            BigOp::Prod => "prod",
        }
    }

    /// The operator called `word`.
    pub fn from_word(word: &str) -> Option<BigOp> {
        [BigOp::Sum, BigOp::Mean, BigOp::Max, BigOp::Min, BigOp::Prod]
            .into_iter()
            .find(|b| b.text() == word)
    }
}

/// How an operator with binders is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BigForm {
    /// `sum[i,j] body`: the body is the rest of the term.
    Bracket,
    /// `sum(i in n: body)`.
    Call,
}

/// `i` or `i in n`.
#[derive(Clone, PartialEq, Debug)]
pub struct Binder {
    /// The index.
    pub name: Name,
    /// Its range, a size.
    pub range: Option<Expr>,
}

/// One index of an access.
#[derive(Clone, PartialEq, Debug)]
pub enum Index {
    /// `:`, the whole axis.
    All(Span),
    /// A position.
    At(Expr),
}

/// `J` or `Z[i,j]` inside a derivative.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The value.
    pub name: Name,
    /// Its indices, if entries are meant.
    pub indices: Option<Vec<Index>>,
    /// From the `d` on.
    pub span: Span,
}

/// An argument of a call.
#[derive(Clone, PartialEq, Debug)]
pub struct Arg {
    /// `axis` in `axis = 0`.
    pub name: Option<Name>,
    /// The value or condition.
    pub value: Expr,
}

/// The kinds of expression.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// `0.5`
    Number(Number),
    /// `W1`
    Name(String),
    /// `( .. )`; may hold a condition.
    Paren(Box<Expr>),
    /// `-x` at the head of a sum, or after an operator.
    Negative(Box<Expr>),
    /// `a + b - c`: the first sign is that of the first term.
    Sum(Vec<(Sign, Expr)>),
    /// `a b .* c / d`, kept flat.
    Product {
        /// The first factor.
        first: Box<Expr>,
        /// The others with their operators.
        rest: Vec<Factor>,
    },
    /// `A^T`
    Transpose(Box<Expr>),
    /// `A^-T`
    InverseTranspose(Box<Expr>),
    /// `a^b`
    Power(Box<Expr>, Box<Expr>),
    /// `a .^ b`
    DotPower(Box<Expr>, Box<Expr>),
    /// `A[i,j]`, `C[u+i-1,v; pad]`
    Access {
        /// What is indexed.
        base: Box<Expr>,
        /// The indices.
        indices: Vec<Index>,
        /// Zero outside.
        pad: bool,
        /// The bracket.
        bracket: Span,
    },
    /// `dJ/dW`, `dJ/d{W, b}`, `dZ[i,j]/dW[k,l]`: a derivative or, by the names in scope, a quotient.
    Derivative {
        /// What is differentiated.
        of: Entry,
        /// By what.
        by: Vec<Entry>,
    },
    /// `1[Z > 0]`
    Indicator(Box<Expr>),
    /// `||x||_1`
    Norm(Box<Expr>, NormKind),
    /// `softmax(z, axis = 0)`, `sigmoid'(y)`
    Call {
        /// The function.
        function: Name,
        /// How many primes.
        primes: u32,
        /// The arguments.
        args: Vec<Arg>,
    },
    /// `sum[i,j] ..`, `mean[N] ..`, `sum(i in n: ..)`
    Big {
        /// Which reduction.
        op: BigOp,
        /// How written.
        form: BigForm,
        /// The indices (or one batch axis).
        binders: Vec<Binder>,
        /// What is reduced.
        body: Box<Expr>,
        /// The word.
        word: Span,
    },
    /// `a'` in an optimizer.
    Next(Name),
    /// `a < b`
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// `a and b and c`, or with `or`: left to right, one rank.
    Logic {
        /// The first test.
        first: Box<Expr>,
        /// `true` for `and`.
        rest: Vec<(bool, Expr)>,
    },
    /// `not a`
    Not(Box<Expr>),
}

/// The families of types.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TypeWord {
    /// `R`
    Real,
    /// `R+`
    Positive,
    /// `Z`
    Integer,
    /// `label[K]`
    Label,
    /// `prob[K]`
    Prob,
    /// `mask[H]`
    Mask,
    /// `Sym[n]`
    Sym,
    /// `SPD[n]`
    Spd,
}

impl TypeWord {
    /// All of them, in the order they are listed to people.
    pub const ALL: [TypeWord; 8] = [
        TypeWord::Real,
        TypeWord::Positive,
        TypeWord::Integer,
        TypeWord::Label,
        TypeWord::Prob,
        TypeWord::Mask,
        TypeWord::Sym,
        TypeWord::Spd,
    ];

    /// The word as written.
    pub fn text(self) -> &'static str {
        match self {
            TypeWord::Real => "R",
            TypeWord::Positive => "R+",
            TypeWord::Integer => "Z",
            TypeWord::Label => "label",
            TypeWord::Prob => "prob",
            TypeWord::Mask => "mask",
            TypeWord::Sym => "Sym",
            TypeWord::Spd => "SPD",
        }
    }
}

/// `R[H, d]`, `label[K][N]`.
#[derive(Clone, PartialEq, Debug)]
pub struct TypeExpr {
    /// The family.
    pub word: TypeWord,
    /// The brackets, each a list of sizes.
    pub brackets: Vec<Vec<Expr>>,
    /// The whole of it.
    pub span: Span,
}

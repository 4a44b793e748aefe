//! Statements.

use super::claim::{Claim, Layout};
use super::expr::{Arg, Expr, Name, Number, Text, TypeExpr};
use crate::span::Span;

/// One statement with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Statement {
    /// What it says.
    pub kind: StatementKind,
    /// Where it stands (without the block word).
    pub span: Span,
}

/// `name = expr` in lists (`const`, `where`, `for`, `with`, `state`).
#[derive(Clone, PartialEq, Debug)]
pub struct NamedExpr {
    /// The name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// `n`, `d = 4`, `w[0] = 784`, `w[l] = 500 for l in 1..4`.
#[derive(Clone, PartialEq, Debug)]
pub struct SizeDef {
    /// The name.
    pub name: Name,
    /// The member of a family: a number or the index of `range`.
    pub member: Option<Box<Expr>>,
    /// The value, if fixed.
    pub value: Option<Expr>,
    /// The members of a family.
    pub range: Option<Box<MemberRange>>,
}

/// `for l in 1..L`: the members of a family, both ends included.
#[derive(Clone, PartialEq, Debug)]
pub struct MemberRange {
    /// The index.
    pub name: Name,
    /// First member.
    pub first: Expr,
    /// Last member.
    pub last: Expr,
}

/// `normal(0, 0.1)`, `he`: a distribution, an optimizer, a schedule, with its arguments.
#[derive(Clone, PartialEq, Debug)]
pub struct Applied {
    /// The name.
    pub name: Name,
    /// The arguments; `None` without parentheses.
    pub args: Option<Vec<Arg>>,
}

/// A column choice of a data source.
#[derive(Clone, PartialEq, Debug)]
pub enum SourceOption {
    /// `column 5`
    Column(Number),
    /// `columns 1..4`
    Columns(Number, Number),
    /// `label`, `labels`, `images`
    Word(Name),
}

/// The scale of a data source.
#[derive(Clone, PartialEq, Debug)]
pub enum Scale {
    /// A number.
    Number(Number),
    /// `mean`, `std`, `min`, `max` of the training part.
    Statistic(Name),
}

/// `csv "iris.csv" columns 1..4 / 255 - mean`.
#[derive(Clone, PartialEq, Debug)]
pub struct DataSource {
    /// `csv`, `idx`, `images`, ..
    pub format: Name,
    /// The file or pattern.
    pub path: Option<Text>,
    /// Columns and the like.
    pub options: Vec<SourceOption>,
    /// `/ 255`, `- mean`: the operator is one of `/ * - +`.
    pub scales: Vec<(char, Scale)>,
}

/// What follows the type of a declaration.
#[derive(Clone, PartialEq, Debug)]
pub enum Initial {
    /// Nothing.
    None,
    /// `~ normal(0, 1)`
    Drawn(Applied),
    /// `= 0`
    Value(Expr),
    /// `= csv "f"` in `data`.
    Source(Box<DataSource>),
}

/// `W, V : R[H, d] per N ~ he`, `W[l] : R[n[l], n[l-1]] ~ he for l in 1..L`.
#[derive(Clone, PartialEq, Debug)]
pub struct Declaration {
    /// The names.
    pub names: Vec<Name>,
    /// The member index of a family.
    pub member: Option<Box<Expr>>,
    /// The type.
    pub ty: TypeExpr,
    /// The batch axis.
    pub per: Option<Name>,
    /// Start value, distribution or source.
    pub initial: Initial,
    /// The members of a family.
    pub range: Option<Box<MemberRange>>,
}

/// `name[..] : type = expr for l in a..b`, `p' = ..`.
#[derive(Clone, PartialEq, Debug)]
pub struct Definition {
    /// The name.
    pub name: Name,
    /// `a'`, the next value of a state.
    pub next: bool,
    /// Free indices, or the member of a family.
    pub indices: Option<Vec<Expr>>,
    /// The bracket of the indices.
    pub bracket: Option<Span>,
    /// The declared type.
    pub ty: Option<TypeExpr>,
    /// The right side.
    pub value: Expr,
    /// The members of a family.
    pub range: Option<Box<MemberRange>>,
}

/// `x : R[n] = 3` in the head of a `fn` or `optimizer`.
#[derive(Clone, PartialEq, Debug)]
pub struct Parameter {
    /// The name.
    pub name: Name,
    /// Its type.
    pub ty: Option<TypeExpr>,
    /// Its value where the call gives none.
    pub default: Option<Expr>,
}

/// `train 110`, `test 40`, `seed 7` of a split; `noise 0.15` of a generator.
#[derive(Clone, PartialEq, Debug)]
pub struct WordNumber {
    /// The word; `None` for the row count of a generator.
    pub word: Option<Name>,
    /// The number.
    pub number: Number,
}

/// How much a derivation shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DeriveOption {
    /// `steps`
    Steps,
    /// `brief`
    Brief,
    /// `full`
    Full,
    /// `index`
    Index,
    /// `layout numerator`
    Layout(Layout),
    /// `form sample`
    FormSample,
    /// `form batch`
    FormBatch,
}

/// Gradients to print.
#[derive(Clone, PartialEq, Debug)]
pub struct Derive {
    /// `dJ/d{W, b}`, `jac(w, B)`, ..
    pub targets: Vec<Expr>,
    /// How.
    pub options: Vec<DeriveOption>,
}

/// A number or the name of one.
#[derive(Clone, PartialEq, Debug)]
pub enum Amount {
    /// `350`
    Number(Number),
    /// `all`, or a constant's name.
    Name(Name),
}

/// One option of a training.
#[derive(Clone, PartialEq, Debug)]
pub enum TrainOption {
    /// `epochs 350`, `steps`, `batch`, `seed`, `minutes`.
    Amount(Name, Amount),
    /// `as gd`
    As(Name),
    /// `schedule cosine(..)`, `stop early(..)`, `clip norm(1)`.
    Applied(Name, Applied),
    /// `with H = 8`
    With(Vec<NamedExpr>),
    /// `for H in {2, 4}, epochs in {50, 100}`
    For(Vec<(Name, Vec<Expr>)>),
}

/// One training.
#[derive(Clone, PartialEq, Debug)]
pub struct Train {
    /// The loss.
    pub loss: Name,
    /// The optimizer with its arguments.
    pub optimizer: Applied,
    /// The rest of the line.
    pub options: Vec<TrainOption>,
}

/// `J, accuracy on train, test`
#[derive(Clone, PartialEq, Debug)]
pub struct Series {
    /// The quantities.
    pub names: Vec<Name>,
    /// The splits.
    pub on: Vec<Name>,
}

/// What a plot shows.
#[derive(Clone, PartialEq, Debug)]
pub enum PlotSubject {
    /// Curves.
    Series(Vec<Series>),
    /// `boundary os`, `weights W1`, `confusion p`, `network J`.
    Picture(Name, Name),
}

/// A clause of a plot.
#[derive(Clone, PartialEq, Debug)]
pub enum PlotClause {
    /// `against epoch`, `over x`, `with train`, `for gd, nag`, `on train, test`.
    Names(Name, Vec<Name>),
    /// `to "iris.svg"`
    To(Text),
}

/// One picture.
#[derive(Clone, PartialEq, Debug)]
pub struct Plot {
    /// What.
    pub subject: PlotSubject,
    /// How and where.
    pub clauses: Vec<PlotClause>,
}

/// An option of a `check` line.
#[derive(Clone, PartialEq, Debug)]
pub enum CheckOption {
    /// `random n in 2..7`
    Random(Name, Number, Number),
    /// `draws 3`
    Number(Name, Number),
}

/// The kinds of statement.
#[derive(Clone, PartialEq, Debug)]
pub enum StatementKind {
    /// `model iris`
    Model(Name),
    /// `size d = 4, H`
    Sizes(Vec<SizeDef>),
    /// `batch N`
    Batch(Vec<Name>),
    /// `lambda = 0.25`
    Consts(Vec<NamedExpr>),
    /// A declaration in `data`, `param`, `noise`, `given`.
    Declaration(Declaration),
    /// `split train 110, test 40, seed 7`
    Split(Vec<WordNumber>),
    /// `test x, y = idx "a", "b"` (`part` is `test`, `validation` or missing).
    Extra {
        /// `test`, `validation` or missing.
        part: Option<Name>,
        /// The values.
        names: Vec<Name>,
        /// The format.
        format: Name,
        /// The files.
        files: Vec<Text>,
    },
    /// `x, y = moons 1100 noise 0.15 seed 3`
    Generated {
        /// The values.
        names: Vec<Name>,
        /// `moons`
        generator: Name,
        /// Rows first, then options.
        options: Vec<WordNumber>,
    },
    /// A definition in `net`, in the body of a `fn` or an `optimizer`.
    Definition(Definition),
    /// The head of a `fn`.
    FnHead {
        /// Its name.
        name: Name,
        /// Its parameters.
        params: Vec<Parameter>,
        /// What it computes.
        body: Expr,
    },
    /// `softsign'(x) = ..`: a stated derivative.
    Stated {
        /// The function.
        name: Name,
        /// How many primes.
        primes: u32,
        /// The arguments.
        params: Vec<Name>,
        /// The derivative.
        value: Expr,
    },
    /// The head of an `optimizer`.
    OptimizerHead {
        /// Its name.
        name: Name,
        /// Its settings.
        params: Vec<Parameter>,
    },
    /// `state a = 0, u = 0`
    State(Vec<NamedExpr>),
    /// A claim.
    Claim(Box<Claim>),
    /// A derivation.
    Derive(Derive),
    /// A training.
    Train(Train),
    /// `show accuracy = ..`
    Show(Vec<(Name, Option<Expr>)>),
    /// A picture.
    Plot(Plot),
    /// `export latex "iris.tex"`
    Export(Vec<(Name, Text)>),
    /// `check all with draws 3`
    Check(Vec<Name>, Vec<CheckOption>),
    /// A line that could not be read, with the names it would have defined.
    Broken(Vec<Name>),
}

//! A formula on arrays: what every target language can say, in one tree.
//!
//! A batch axis and the free indices of an index equation are axes of the array like all others,
//! the batch first. Shapes are aligned as in NumPy: from the last axis on, axes of length 1 repeat.

use chainrule_graph::Size;
use chainrule_graph::op::Op;
use chainrule_syntax::ast::Comparison;

/// An expression and how many axes its value has.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Code {
    /// What it is.
    pub form: Form,
    /// How many axes.
    pub rank: usize,
    /// Whether the entries are conditions.
    pub truth: bool,
    /// Whether it is a number of the language itself, never an array: a size, a constant.
    pub plain: bool,
}

/// Operators between two expressions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Infix {
    Add,
    Sub,
    Mul,
    Div,
    Power,
    And,
    Or,
    Compare(Comparison),
}

/// What a fold comes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Fold {
    Sum,
    Mean,
    Max,
    Min,
    Prod,
}

/// Functions that a library has, or that a helper writes out. Their arguments are arrays, an axis
/// and lengths; the tables of the targets say how each is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Prim {
    Exp,
    Log,
    Sqrt,
    Sin,
    Cos,
    Tan,
    Tanh,
    Sigmoid,
    Softplus,
    Relu,
    Abs,
    Sign,
    Maximum,
    Minimum,
    Not,
    Indicator,
    MatMul,
    Outer,
    Softmax,
    LogSoftmax,
    LogSumExp,
    ArgMax,
    FirstMax,
    FirstMin,
    Others,
    OneHot,
    Eye,
    Arange,
    Ones,
    Zeros,
    Full,
    Inverse,
    PseudoInverse,
    Det,
    LogDet,
    MatrixPower,
    Norm,
    SpectralNorm,
    SpectralDirection,
    Direction,
    Diag,
    Kron,
    Reshape,
    Broadcast,
    Permute,
}

/// The kinds of [`Code`].
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Form {
    /// A variable.
    Name(String),
    /// A number.
    Number(f64),
    /// A length, as a number.
    Size(Size),
    /// The circle number.
    Pi,
    /// `a + b`
    Infix(Infix, Box<Code>, Box<Code>),
    /// `-a`
    Neg(Box<Code>),
    /// A function.
    Call { prim: Prim, args: Vec<Code>, axis: Option<usize>, sizes: Vec<Size> },
    /// The axes in another order.
    Permute(Box<Code>, Vec<usize>),
    /// New axes of length 1 where there is `false`.
    Expand(Box<Code>, Vec<bool>),
    /// Entries at fixed places of some axes.
    Pick(Box<Code>, Vec<Option<Size>>),
    /// A sum of products: one letter an axis.
    Einsum { inputs: Vec<Vec<char>>, output: Vec<char>, args: Vec<Code> },
    /// A reduction; the axes disappear.
    Fold(Fold, Box<Code>, Vec<usize>),
    /// Entries by affine maps and labels.
    Gather { of: Box<Code>, place: Place },
    /// Entries added up at places of an array of these lengths.
    Scatter { value: Box<Code>, place: Place, dims: Vec<Size> },
    /// Zeros before and behind each axis.
    Pad(Box<Code>, Vec<(Size, Size)>),
    /// A part of each axis: start and length.
    Slice(Box<Code>, Vec<Option<(Size, Size)>>),
}

/// Which entry of an array: one slot an axis. The slots that are no whole axes stand together.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Place {
    /// One for each axis of the array.
    pub slots: Vec<Slot>,
    /// The indices the slots are computed from: name and length.
    pub grid: Vec<(String, Size)>,
    /// The lengths of the gathered array: whole axes, the grid, whole axes.
    pub lengths: Vec<Size>,
    /// The first axis of the grid among them.
    pub start: usize,
    /// Names for the axes of the gathered array.
    pub axes: Vec<String>,
}

/// One slot of a [`Place`].
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Slot {
    /// The whole axis: which axis of the gathered array it is.
    All(usize),
    /// `constant + sum of coefficient index`, the indices by their place in the grid.
    Map(Vec<(usize, i64)>, Size),
    /// A label: an array over these indices of the grid.
    Label(Code, Vec<usize>),
}

/// A statement.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Statement {
    /// Index arrays that the next line uses.
    Grid(Vec<(String, Size)>),
    /// A named value with what is said of it.
    Let { name: String, code: Code, note: String },
}

impl Code {
    /// An expression of so many axes.
    pub(super) fn new(form: Form, rank: usize) -> Code {
        Code { form, rank, truth: false, plain: false }
    }

    /// A variable.
    pub(super) fn name(name: &str, rank: usize) -> Code {
        Code::new(Form::Name(name.into()), rank)
    }

    /// A number.
    pub(super) fn number(value: f64) -> Code {
        Code { plain: true, ..Code::new(Form::Number(value), 0) }
    }

    /// A length.
    pub(super) fn size(size: &Size) -> Code {
        Code { plain: true, ..Code::new(Form::Size(size.clone()), 0) }
    }

    /// `a op b`, its shapes aligned already.
    pub(super) fn infix(op: Infix, a: Code, b: Code) -> Code {
        let (rank, plain) = (a.rank.max(b.rank), a.plain && b.plain);
        let truth = matches!(op, Infix::And | Infix::Or | Infix::Compare(_));
        Code { truth, plain, ..Code::new(Form::Infix(op, Box::new(a), Box::new(b)), rank) }
    }

    /// `-a`
    pub(super) fn neg(a: Code) -> Code {
        match a.form {
            Form::Neg(inner) => *inner,
            Form::Number(value) => Code::number(-value),
            _ => Code { plain: a.plain, rank: a.rank, ..Code::new(Form::Neg(Box::new(a)), 0) },
        }
    }

    /// A function of arrays, with a result of so many axes.
    pub(super) fn call(prim: Prim, args: Vec<Code>, rank: usize) -> Code {
        Code::new(Form::Call { prim, args, axis: None, sizes: Vec::new() }, rank)
    }

    /// The same along an axis.
    pub(super) fn along(prim: Prim, args: Vec<Code>, axis: usize, rank: usize) -> Code {
        Code::new(Form::Call { prim, args, axis: Some(axis), sizes: Vec::new() }, rank)
    }

    /// The same with lengths.
    pub(super) fn sized(prim: Prim, args: Vec<Code>, sizes: Vec<Size>, rank: usize) -> Code {
        Code::new(Form::Call { prim, args, axis: None, sizes }, rank)
    }

    /// The axes in another order.
    pub(super) fn permuted(self, order: &[usize]) -> Code {
        if order.iter().enumerate().all(|(i, at)| i == *at) {
            return self;
        }
        let (rank, truth) = (self.rank, self.truth);
        let form = match self.form {
            Form::Permute(inner, first) => {
                Form::Permute(inner, order.iter().map(|at| first[*at]).collect())
            }
            _ => Form::Permute(Box::new(self), order.to_vec()),
        };
        if let Form::Permute(inner, order) = form {
            if order.iter().enumerate().all(|(i, at)| i == *at) {
                return *inner;
            }
            return Code { truth, ..Code::new(Form::Permute(inner, order), rank) };
        }
        Code { truth, ..Code::new(form, rank) }
    }

    /// New axes of length 1 where `own` is false; in front they need not be written.
    pub(super) fn expanded(self, own: &[bool]) -> Code {
        let first = own.iter().position(|o| *o).unwrap_or(own.len());
        let own = &own[first..];
        if own.iter().all(|o| *o) {
            return self;
        }
        let truth = self.truth;
        Code { truth, ..Code::new(Form::Expand(Box::new(self), own.to_vec()), own.len()) }
    }

    /// A reduction over these axes.
    pub(super) fn folded(self, fold: Fold, mut axes: Vec<usize>) -> Code {
        if axes.is_empty() {
            return self;
        }
        axes.sort_unstable();
        let rank = self.rank - axes.len();
        Code::new(Form::Fold(fold, Box::new(self), axes), rank)
    }

    /// The first entry of some axes, which disappear.
    pub(super) fn picked(self, at: Vec<Option<Size>>) -> Code {
        let rank = at.iter().filter(|p| p.is_none()).count();
        if rank == self.rank {
            return self;
        }
        let truth = self.truth;
        Code { truth, ..Code::new(Form::Pick(Box::new(self), at), rank) }
    }

    /// The expressions it is made of.
    pub(super) fn parts(&self) -> Vec<&Code> {
        match &self.form {
            Form::Name(_) | Form::Number(_) | Form::Size(_) | Form::Pi => Vec::new(),
            Form::Infix(_, a, b) => vec![a, b],
            Form::Neg(a)
            | Form::Permute(a, _)
            | Form::Expand(a, _)
            | Form::Pick(a, _)
            | Form::Fold(_, a, _)
            | Form::Pad(a, _)
            | Form::Slice(a, _) => vec![a],
            Form::Call { args, .. } | Form::Einsum { args, .. } => args.iter().collect(),
            Form::Gather { of: a, place } | Form::Scatter { value: a, place, .. } => {
                std::iter::once(&**a).chain(place.labels()).collect()
            }
        }
    }

    /// The lengths that are written in it, without those of its parts. With `lengths` an access is
    /// written with those of its result, else with those of its indices.
    pub(super) fn sizes(&self, lengths: bool) -> Vec<&Size> {
        match &self.form {
            Form::Size(size) => vec![size],
            Form::Call { sizes, .. } => sizes.iter().collect(),
            Form::Pick(_, at) => at.iter().flatten().collect(),
            Form::Gather { place, .. } => place.sizes(lengths),
            Form::Scatter { place, dims, .. } if lengths => {
                place.constants().into_iter().chain(dims).collect()
            }
            Form::Scatter { place, dims, .. } => {
                place.sizes(false).into_iter().chain(dims).collect()
            }
            Form::Pad(_, margins) => margins.iter().flat_map(|(a, b)| [a, b]).collect(),
            Form::Slice(_, parts) => parts.iter().flatten().flat_map(|(a, b)| [a, b]).collect(),
            _ => Vec::new(),
        }
    }
}

impl Place {
    fn sizes(&self, lengths: bool) -> Vec<&Size> {
        let grid = self.grid.iter().map(|(_, length)| length);
        let mut all = self.constants();
        if lengths {
            all.extend(&self.lengths);
        } else {
            all.extend(grid);
        }
        all
    }

    fn constants(&self) -> Vec<&Size> {
        let mut all = Vec::new();
        for slot in &self.slots {
            if let Slot::Map(_, constant) = slot {
                all.push(constant);
            }
        }
        all
    }

    /// The expressions of its labels.
    fn labels(&self) -> impl Iterator<Item = &Code> {
        self.slots.iter().filter_map(|s| match s {
            Slot::Label(code, _) => Some(code),
            _ => None,
        })
    }
}

impl Prim {
    /// The function of an entry-wise op with the record's name, if it is written as a call.
    pub(super) fn of(op: &Op) -> Option<Prim> {
        Some(match op {
            Op::Exp => Prim::Exp,
            Op::Log => Prim::Log,
            Op::Sqrt => Prim::Sqrt,
            Op::Sin => Prim::Sin,
            Op::Cos => Prim::Cos,
            Op::Tan => Prim::Tan,
            Op::Tanh => Prim::Tanh,
            Op::Sigmoid => Prim::Sigmoid,
            Op::Softplus => Prim::Softplus,
            Op::Relu => Prim::Relu,
            Op::Abs => Prim::Abs,
            Op::Sign => Prim::Sign,
            Op::Maximum => Prim::Maximum,
            Op::Minimum => Prim::Minimum,
            Op::Not => Prim::Not,
            Op::Indicator => Prim::Indicator,
            _ => return None,
        })
    }
}

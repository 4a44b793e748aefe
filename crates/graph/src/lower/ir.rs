//! The parts of a lowered graph.

use crate::index::SymbolId;
use crate::op::Op;
use crate::size::Size;

/// An affine place along one dim: `constant + sum of coefficient index (+ a label)`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Map {
    /// Indices of the loop with their coefficients, sorted.
    pub terms: Vec<(usize, Size)>,
    /// The part without indices.
    pub constant: Size,
    /// A read of the same loop whose value is added: an access by a label.
    pub label: Option<usize>,
}

impl Map {
    /// One index.
    pub fn index(at: usize) -> Map {
        Map { terms: vec![(at, Size::number(1))], constant: Size::number(0), label: None }
    }

    /// A number.
    pub fn constant(constant: Size) -> Map {
        Map { terms: Vec::new(), constant, label: None }
    }

    /// The index this is, alone.
    pub fn as_index(&self) -> Option<usize> {
        match self.terms.as_slice() {
            [(at, one)]
                if one.is_one() && self.constant == Size::number(0) && self.label.is_none() =>
            {
                Some(*at)
            }
            _ => None,
        }
    }
}

/// An array seen at affine places.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct View {
    /// The node.
    pub of: usize,
    /// The place along each of its dims.
    pub maps: Vec<Map>,
    /// Outside the array the value is 0.
    pub pad: bool,
}

/// One step of a pointwise program; operands are earlier steps.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// The value of a read.
    Read(usize),
    /// A number, as its bits.
    Number(u64),
    /// A size.
    Size(Size),
    /// An affine function of the indices.
    Index(Map),
    /// The circle number.
    Pi,
    /// An entry-wise op.
    Apply(Op, Vec<usize>),
}

/// A pointwise program: the last step is the value.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Program {
    /// The steps.
    pub steps: Vec<Step>,
}

impl Program {
    /// The value of the first read.
    pub fn read() -> Program {
        Program { steps: vec![Step::Read(0)] }
    }

    /// The product of the first `count` reads.
    pub fn product(count: usize) -> Program {
        let mut steps: Vec<Step> = (0..count).map(Step::Read).collect();
        for k in 1..count {
            let left = if k == 1 { 0 } else { steps.len() - 1 };
            steps.push(Step::Apply(Op::Scale, vec![left, k]));
        }
        Program { steps }
    }

    /// Whether this is one read and nothing else.
    pub fn is_read(&self) -> bool {
        self.steps == [Step::Read(0)]
    }

    /// The reads it multiplies, if it is a product of reads and constants: 0 where one of them is.
    pub fn factors(&self) -> Option<Vec<usize>> {
        let constant = self.constants();
        let mut factors = Vec::new();
        let mut open = vec![self.steps.len().checked_sub(1)?];
        while let Some(at) = open.pop() {
            match &self.steps[at] {
                Step::Read(k) => factors.push(*k),
                Step::Apply(Op::Scale | Op::Hadamard, inputs) => {
                    open.extend(inputs.iter().rev().filter(|i| !constant[**i]));
                }
                Step::Apply(Op::Quotient | Op::HadamardQuotient, inputs) if constant[inputs[1]] => {
                    open.push(inputs[0]);
                }
                Step::Apply(Op::Neg, inputs) => open.push(inputs[0]),
                _ => return None,
            }
        }
        Some(factors)
    }

    /// Which steps are made of numbers and sizes alone.
    fn constants(&self) -> Vec<bool> {
        let mut constant: Vec<bool> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            constant.push(match step {
                Step::Number(_) | Step::Size(_) | Step::Pi => true,
                Step::Read(_) | Step::Index(_) => false,
                Step::Apply(_, inputs) => inputs.iter().all(|i| constant[*i]),
            });
        }
        constant
    }
}

/// How the values of the summed points come together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fold {
    /// Their sum.
    Sum,
    /// The greatest.
    Max,
    /// The least.
    Min,
    /// Their product.
    Prod,
}

/// A computation over all points of a space.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Loop {
    /// How far each index runs; the first `rank` are those of the result.
    pub space: Vec<Size>,
    /// How many indices the result has, if it is not scattered.
    pub rank: usize,
    /// What is read.
    pub reads: Vec<View>,
    /// What is computed at each point.
    pub body: Program,
    /// How the points of one entry come together.
    pub fold: Option<Fold>,
    /// Where values are added, if not at the first `rank` indices: a scatter.
    pub write: Option<Scatter>,
    /// The points that are not in a halo of zeros.
    pub useful: Size,
}

/// The places that a loop adds to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Scatter {
    /// Along each dim of the result.
    pub maps: Vec<Map>,
    /// Places outside are left out.
    pub pad: bool,
}

/// What a node does.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Work {
    /// A parameter, data, noise, or a constant that the file names.
    Input(SymbolId),
    /// A loop.
    Loop(Loop),
    /// 1 where the first extreme entry of each group stands, else 0: of a view, over the dims that
    /// are marked.
    Select {
        /// Greatest or least.
        fold: Fold,
        /// What is compared, in the indices of the result.
        read: View,
        /// The dims of the result that a group runs over.
        over: Vec<bool>,
    },
    /// The same entries with other dims.
    Reshape(usize),
    /// A kernel of its own.
    Opaque {
        /// The op.
        op: Op,
        /// What it reads.
        inputs: Vec<usize>,
        /// How the inputs, then the result, are laid out.
        frames: Vec<Frame>,
        /// How far the indices run that the op does not see.
        riding: Vec<Size>,
        /// The dims that the op runs over.
        places: Vec<usize>,
    },
}

/// An array as an op sees it: its dims as the author wrote them, for each point of what rides along.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Frame {
    /// What each index of the array is.
    pub lanes: Vec<Lane>,
    /// The dims that the op sees.
    pub dims: Vec<Size>,
}

/// What an index of an array is to an op.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lane {
    /// It rides along: the number of the riding index.
    Riding(usize),
    /// The op's own dim.
    Dim(usize),
}

/// A node of the lowered graph.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Node {
    /// What it is in the author's terms.
    pub name: String,
    /// The dims, batch axes last.
    pub dims: Vec<Size>,
    /// What it does.
    pub work: Work,
}

impl Work {
    /// The nodes it reads.
    pub fn reads(&self) -> Vec<usize> {
        match self {
            Work::Input(_) => Vec::new(),
            Work::Loop(l) => l.reads.iter().map(|v| v.of).collect(),
            Work::Select { read, .. } => vec![read.of],
            Work::Reshape(of) => vec![*of],
            Work::Opaque { inputs, .. } => inputs.clone(),
        }
    }

    /// Changes the numbers of the nodes it reads.
    pub(crate) fn renumber(&mut self, f: impl Fn(usize) -> usize) {
        match self {
            Work::Input(_) => {}
            Work::Loop(l) => l.reads.iter_mut().for_each(|v| v.of = f(v.of)),
            Work::Select { read, .. } => read.of = f(read.of),
            Work::Reshape(of) => *of = f(*of),
            Work::Opaque { inputs, .. } => inputs.iter_mut().for_each(|i| *i = f(*i)),
        }
    }
}

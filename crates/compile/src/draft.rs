//! What is to be done, before it is known where: tasks over values that are written once.

use chainrule_kernels::program::{
    Affine, Axis, Fold, Foreign, Guard, Label, Lane, Law, Precision, Step,
};
use chainrule_syntax::Span;

/// An array that is written once, perhaps in parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Value {
    /// What it is.
    pub name: String,
    /// How many entries.
    pub len: usize,
    /// Where it must be; without, the plan finds a place.
    pub home: Option<usize>,
    /// Whether it is there before the program runs.
    pub given: bool,
    /// Whether it is read afterwards.
    pub kept: bool,
}

/// Entries of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Region {
    /// The value.
    pub value: usize,
    /// The first entry.
    pub at: usize,
    /// How many.
    pub len: usize,
}

/// An access, counted from the begin of its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The array.
    pub region: Region,
    /// The place in the value.
    pub at: Affine,
    /// Where it is inside.
    pub guards: Vec<Guard>,
    /// A label that moves it.
    pub label: Option<Label>,
}

/// A result of a pointwise task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Out {
    /// The step.
    pub step: usize,
    /// How points come together.
    pub fold: Option<Fold>,
    /// Where it goes.
    pub to: Place,
}

/// A loop over a space.
#[derive(Clone, PartialEq, Debug)]
pub struct Pointwise {
    /// The space.
    pub axes: Vec<Axis>,
    /// What is read.
    pub reads: Vec<Place>,
    /// What is computed.
    pub steps: Vec<Step>,
    /// What is kept.
    pub writes: Vec<Out>,
}

/// An array as a function of whole arrays sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Framed {
    /// The array.
    pub region: Region,
    /// Length and stride of each dim.
    pub dims: Vec<(usize, isize)>,
    /// The stride of each riding index.
    pub riding: Vec<isize>,
}

/// A sum of products.
#[derive(Clone, PartialEq, Debug)]
pub struct Product {
    /// Indices of all three.
    pub batch: Vec<Lane>,
    /// Rows.
    pub m: Vec<Lane>,
    /// Columns.
    pub n: Vec<Lane>,
    /// Summed.
    pub k: Vec<Lane>,
    /// A factor.
    pub scale: f64,
    /// The left array and its first entry, counted from the value's begin.
    pub a: (Region, usize),
    /// The right array.
    pub b: (Region, usize),
    /// The result.
    pub c: (Region, usize),
}

/// What a task does: as [`chainrule_kernels::program::Work`], over values.
#[derive(Clone, PartialEq, Debug)]
pub enum Job {
    /// Rows of the data.
    Gather {
        /// The column.
        column: usize,
        /// Entries a row.
        width: usize,
        /// The array.
        out: Region,
    },
    /// Random numbers.
    Noise {
        /// The distribution.
        law: Law,
        /// The hash of the name.
        stream: u32,
        /// Entries a row.
        width: usize,
        /// How many rows.
        rows: usize,
        /// The array.
        out: Region,
    },
    /// A loop.
    Loop(Pointwise),
    /// A sum of products.
    Contract(Product),
    /// Values are added where points may meet.
    Scatter {
        /// What is added where.
        from: Pointwise,
        /// Axes along which two points never meet.
        apart: Vec<usize>,
    },
    /// The first extreme entry of each group.
    Select {
        /// Greatest or least.
        fold: Fold,
        /// The space; folded axes are a group's.
        axes: Vec<Axis>,
        /// What is compared.
        read: Place,
        /// The answer.
        to: Place,
    },
    /// A function of whole arrays.
    Call {
        /// Its number.
        function: usize,
        /// What rides along.
        riding: Vec<usize>,
        /// What it reads.
        inputs: Vec<Framed>,
        /// What it writes.
        output: Framed,
    },
}

/// Something to do.
#[derive(Clone, PartialEq, Debug)]
pub struct Task {
    /// What it computes.
    pub name: String,
    /// Where it is written.
    pub span: Option<Span>,
    /// What is done.
    pub job: Job,
}

/// Tasks in an order that works.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The number type.
    pub precision: Precision,
    /// The values.
    pub values: Vec<Value>,
    /// The tasks.
    pub tasks: Vec<Task>,
    /// Functions that are not the machine's own.
    pub foreign: Vec<Foreign>,
    /// Rows of the data.
    pub rows: usize,
    /// Widths of the data's columns.
    pub columns: Vec<usize>,
    /// Whether every sum of products is computed as it is written: [`Program::exact`].
    ///
    /// [`Program::exact`]: chainrule_kernels::Program::exact
    pub exact: bool,
    /// Where the planned part of the arena begins.
    pub floor: usize,
    /// A value that must stand in the place of another at the end, and in no read before.
    pub next: Vec<(usize, usize)>,
}

impl Region {
    /// All of a value.
    pub fn whole(value: usize, len: usize) -> Region {
        Region { value, at: 0, len }
    }

    /// Whether two share an entry.
    pub fn meets(&self, other: &Region) -> bool {
        self.value == other.value && self.at < other.at + other.len && other.at < self.at + self.len
    }
}

impl Job {
    /// What it reads.
    pub fn reads(&self) -> Vec<Region> {
        match self {
            Job::Gather { .. } | Job::Noise { .. } => Vec::new(),
            Job::Loop(l) | Job::Scatter { from: l, .. } => {
                l.reads.iter().map(|r| r.region).collect()
            }
            Job::Contract(p) => vec![p.a.0, p.b.0],
            Job::Select { read, .. } => vec![read.region],
            Job::Call { inputs, .. } => inputs.iter().map(|i| i.region).collect(),
        }
    }

    /// What it writes.
    pub fn writes(&self) -> Vec<Region> {
        match self {
            Job::Gather { out, .. } | Job::Noise { out, .. } => vec![*out],
            Job::Loop(l) | Job::Scatter { from: l, .. } => {
                l.writes.iter().map(|w| w.to.region).collect()
            }
            Job::Contract(p) => vec![p.c.0],
            Job::Select { to, .. } => vec![to.region],
            Job::Call { output, .. } => vec![output.region],
        }
    }
}

impl Draft {
    /// Nothing to do.
    pub fn new(precision: Precision) -> Draft {
        Draft {
            precision,
            values: Vec::new(),
            tasks: Vec::new(),
            foreign: Vec::new(),
            rows: 0,
            columns: Vec::new(),
            exact: false,
            floor: 0,
            next: Vec::new(),
        }
    }

    /// A value that the plan places.
    pub fn value(&mut self, name: &str, len: usize) -> Region {
        self.values.push(Value { name: name.into(), len, home: None, given: false, kept: false });
        Region::whole(self.values.len() - 1, len)
    }

    /// A value with a place of its own, there before the run or written and read afterwards.
    pub fn home(&mut self, name: &str, at: usize, len: usize, given: bool) -> Region {
        let home = Some(at);
        self.values.push(Value { name: name.into(), len, home, given, kept: !given });
        Region::whole(self.values.len() - 1, len)
    }

    /// Adds a task.
    pub fn task(&mut self, name: &str, span: Option<Span>, job: Job) {
        self.tasks.push(Task { name: name.into(), span, job });
    }

    /// Copies entries in their order.
    pub fn copy(&mut self, name: &str, span: Option<Span>, from: Region, to: Region) {
        let axes = vec![Axis { extent: from.len, folded: false }];
        let reads = vec![Place::plain(from)];
        let writes = vec![Out { step: 0, fold: None, to: Place::plain(to) }];
        let l = Pointwise { axes, reads, steps: vec![Step::Read(0)], writes };
        self.task(name, span, Job::Loop(l));
    }
}

impl Place {
    /// All entries in their order, along one axis.
    pub fn plain(region: Region) -> Place {
        let at = Affine { constant: region.at as isize, strides: vec![1] };
        Place { region, at, guards: Vec::new(), label: None }
    }

    /// Every affine function that says where it is.
    pub fn affines(&self) -> impl Iterator<Item = &Affine> {
        std::iter::once(&self.at).chain(self.guards.iter().map(|g| &g.at))
    }
}

impl Pointwise {
    /// How far each axis runs.
    pub fn extents(&self) -> Vec<usize> {
        self.axes.iter().map(|a| a.extent).collect()
    }

    /// How many points there are.
    pub fn points(&self) -> usize {
        self.axes.iter().map(|a| a.extent).product()
    }
}

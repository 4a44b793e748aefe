//! What is asked for, by the file and by the caller.

use chainrule_graph::module;
use chainrule_syntax::ast::{DeriveOption, Layout};

/// How much of a derivation is shown.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Depth {
    /// One line a cotangent.
    #[default]
    Brief,
    /// Every rule expanded.
    Full,
    /// Entry by entry, with sums and deltas.
    Index,
}

impl Depth {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            Depth::Brief => "brief",
            Depth::Full => "full",
            Depth::Index => "index",
        }
    }
}

/// Whether equations are those of one sample or of the whole batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// One sample: `x : R[d] per N`.
    Sample,
    /// The whole batch: `X : R[d, N]`.
    Batch,
}

/// How derivatives lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LayoutChoice {
    /// The derivative of a number has the shape of the variable; Jacobians have a row an output.
    Gradient,
    /// Rows are outputs: the derivative of a number is turned.
    Numerator,
    /// Rows are inputs: Jacobians are turned.
    Denominator,
}

/// What a caller asks for; what is left open, the file's `derive` line says.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DeriveOptions {
    /// What is differentiated: a name.
    pub of: Option<String>,
    /// The variables: names, entries and slices (`W[i,:]`).
    pub wrt: Vec<String>,
    /// The form.
    pub form: Option<Form>,
    /// The layout.
    pub layout: Option<LayoutChoice>,
    /// The depth.
    pub depth: Option<Depth>,
    /// Whether matrices are stacked row by row in Jacobians.
    pub is_row_major: bool,
    /// Whether each line has its NumPy beside it.
    pub has_numpy: bool,
    /// Whether the linearised network and its dual are shown.
    pub is_dual: bool,
}

/// The options of one derivation, settled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen {
    pub(super) layout: Option<Layout>,
    pub(super) depth: Depth,
    pub(super) form: Option<Form>,
    pub(super) has_numpy: bool,
}

impl Chosen {
    /// The line's options, and above them the caller's.
    pub(super) fn new(line: Option<&module::Derivation>, options: &DeriveOptions) -> Chosen {
        let has_numpy = options.has_numpy;
        let mut chosen = Chosen { layout: None, depth: Depth::Brief, form: None, has_numpy };
        for option in line.map_or(&[][..], |l| &l.options) {
            match option {
                DeriveOption::Steps | DeriveOption::Brief => chosen.depth = Depth::Brief,
                DeriveOption::Full => chosen.depth = Depth::Full,
                DeriveOption::Index => chosen.depth = Depth::Index,
                DeriveOption::Layout(layout) => chosen.layout = Some(*layout),
                DeriveOption::FormSample => chosen.form = Some(Form::Sample),
                DeriveOption::FormBatch => chosen.form = Some(Form::Batch),
            }
        }
        match options.layout {
            Some(LayoutChoice::Gradient) => chosen.layout = None,
            Some(LayoutChoice::Numerator) => chosen.layout = Some(Layout::Numerator),
            Some(LayoutChoice::Denominator) => chosen.layout = Some(Layout::Denominator),
            None => {}
        }
        chosen.depth = options.depth.unwrap_or(chosen.depth);
        chosen.form = options.form.or(chosen.form);
        chosen
    }
}

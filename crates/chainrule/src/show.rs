//! What a model says, as data: names, types, shapes under symbols, counts, costs.

mod cost;
mod equation;
mod settings;
mod text;

use chainrule_graph::module::{NoteKind, Role, Start};
use chainrule_graph::size::{Ratio, Size};
use chainrule_graph::{Module, SymbolId};

use crate::Model;
pub use cost::Cost;
pub use equation::{Equation, Piece};
pub use settings::Setting;
pub(crate) use settings::{apply, check_size, is_number, names, places};

/// A size name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownSize {
    /// Its name.
    pub name: String,
    /// Its number, if the file fixes it.
    pub number: Option<u64>,
    /// The sizes it follows from: `S - k + 1`.
    pub formula: Option<String>,
    /// Whether it is the length of a batch axis.
    pub batch: bool,
}

/// A named value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// `data`, `param`, `noise`, `given`, `const`, `net`, `show`.
    pub role: &'static str,
    /// Its type, as a declaration writes it.
    pub type_text: String,
    /// Its element sizes in the author's symbols.
    pub dims: Vec<String>,
    /// Its element sizes as numbers, where the file fixes them.
    pub numbers: Vec<Option<u64>>,
    /// Its silent batch axes.
    pub per: Vec<String>,
    /// Its number of elements, a formula.
    pub count: String,
    /// Its number of elements, where the file fixes it.
    pub count_number: Option<u64>,
    /// How it starts or is drawn.
    pub start: Option<String>,
}

/// Something the reader put in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownNote {
    /// `lift` or `stable form`.
    pub kind: &'static str,
    /// What, in a sentence.
    pub text: String,
    /// The line of the file.
    pub line: usize,
}

/// A claim.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownClaim {
    /// Its name.
    pub name: String,
    /// The line of the file.
    pub line: usize,
    /// Whether its shapes fit.
    pub well_formed: bool,
    /// The verdict the file expects.
    pub expect: Option<&'static str>,
}

/// A training.
#[derive(Clone, PartialEq, Debug)]
pub struct ShownTraining {
    /// Its name.
    pub name: String,
    /// The loss.
    pub loss: String,
    /// The optimizer.
    pub optimizer: String,
    /// Everything it sets.
    pub settings: Vec<(String, f64)>,
    /// Its schedule, stopping rule and clipping.
    pub rules: Vec<String>,
}

/// One model, explained. [`Show::text`] is the page; the fields are for programs.
#[derive(Clone, Debug)]
pub struct Show {
    /// The model's name; empty if the file gives none.
    pub name: String,
    /// Sizes.
    pub sizes: Vec<ShownSize>,
    /// Named values, in the order they are declared.
    pub values: Vec<Row>,
    /// The equations, with the shape under each symbol.
    pub equations: Vec<Equation>,
    /// The number of parameters, where the file fixes it.
    pub parameters: Option<u64>,
    /// The number of parameters, a formula.
    pub parameter_formula: String,
    /// What one evaluation costs.
    pub cost: Cost,
    /// Lifts and stable forms.
    pub notes: Vec<ShownNote>,
    /// Claims.
    pub claims: Vec<ShownClaim>,
    /// Derivatives asked for.
    pub derivatives: usize,
    /// Trainings.
    pub trainings: Vec<ShownTraining>,
}

impl Show {
    pub(crate) fn new(model: &Model, module: &Module) -> Show {
        let count = module.parameter_count();
        let symbols = module.symbols.iter().enumerate();
        let rows = symbols.filter(|(_, s)| !matches!(s.role, Role::Local | Role::Derived));
        Show {
            name: module.name.clone(),
            sizes: sizes(module),
            values: rows.map(|(i, _)| row(module, SymbolId::new(i))).collect(),
            equations: equation::equations(model, module),
            parameters: number(&count, module),
            parameter_formula: module.sizes.text(&count),
            cost: Cost::of(module),
            notes: notes(model, module),
            claims: claims(model, module),
            derivatives: module.derivations.iter().map(|d| d.targets.len()).sum(),
            trainings: trainings(module),
        }
    }
}

/// The whole number of a size, where the file fixes it.
pub(crate) fn number(size: &Size, module: &Module) -> Option<u64> {
    let whole = size.value(&module.sizes).and_then(Ratio::whole)?;
    u64::try_from(whole).ok()
}

fn sizes(module: &Module) -> Vec<ShownSize> {
    // The length of an optimizer's bundle is no size of the file.
    let base = module.sizes.base().filter(|(_, def)| !def.name.contains('('));
    let mut out: Vec<(u32, ShownSize)> = base
        .map(|(_, def)| {
            let size = ShownSize {
                name: def.name.clone(),
                number: def.number,
                formula: None,
                batch: def.batch,
            };
            (def.span.start, size)
        })
        .collect();
    for (name, size, span) in module.sizes.derived() {
        let shown = ShownSize {
            name: name.clone(),
            number: number(size, module),
            formula: Some(module.sizes.formula(size, name)),
            batch: false,
        };
        out.push((span.start, shown));
    }
    out.sort_by_key(|(at, _)| *at);
    out.into_iter().map(|(_, size)| size).collect()
}

fn role(role: &Role) -> &'static str {
    match role {
        Role::Data => "data",
        Role::Param(_) => "param",
        Role::Noise(_) => "noise",
        Role::Given(_) => "given",
        Role::Const(_) => "const",
        Role::Defined => "net",
        Role::Metric => "show",
        Role::Local | Role::Derived => "optimizer",
    }
}

fn row(module: &Module, id: SymbolId) -> Row {
    let symbol = module.symbol(id);
    let ty = &symbol.ty;
    let count = Size::product(&ty.dims).ok();
    let batches = ty.axes.iter().filter(|a| module.axes.is_batch(**a));
    Row {
        name: symbol.name.clone(),
        role: role(&symbol.role),
        type_text: module.type_text(ty),
        dims: ty.dims.iter().map(|d| module.sizes.text(d)).collect(),
        numbers: ty.dims.iter().map(|d| number(d, module)).collect(),
        per: batches.map(|a| module.axes.get(*a).name.clone()).collect(),
        count: count.as_ref().map_or(String::new(), |c| module.sizes.text(c)),
        count_number: count.and_then(|c| number(&c, module)),
        start: start(module, &symbol.role),
    }
}

/// `= 0`, `~ normal(0, 0.1)`
fn start(module: &Module, role: &Role) -> Option<String> {
    let start = match role {
        Role::Param(start) | Role::Noise(start) | Role::Given(start) => start,
        Role::Const(value) => {
            return Some(format!("= {}", chainrule_graph::raise::text(module, *value)));
        }
        _ => return None,
    };
    match start {
        Start::None => None,
        Start::Value(value) => Some(format!("= {}", chainrule_graph::raise::text(module, *value))),
        Start::Drawn(name, args) if args.is_empty() => Some(format!("~ {name}")),
        Start::Drawn(name, args) => {
            let args: Vec<String> = args.iter().map(ToString::to_string).collect();
            Some(format!("~ {name}({})", args.join(", ")))
        }
    }
}

fn notes(model: &Model, module: &Module) -> Vec<ShownNote> {
    let shown = |n: &chainrule_graph::module::Note| ShownNote {
        kind: match n.kind {
            NoteKind::Lift => "lift",
            NoteKind::Stable => "stable form",
        },
        text: n.text.clone(),
        line: model.source().line_of(n.span),
    };
    module.notes.iter().map(shown).collect()
}

fn claims(model: &Model, module: &Module) -> Vec<ShownClaim> {
    let shown = |c: &chainrule_graph::module::Claim| ShownClaim {
        name: c.name.clone(),
        line: model.source().line_of(c.span),
        well_formed: c.ill_formed.is_empty(),
        expect: c.expect.map(chainrule_syntax::ast::Expected::text),
    };
    module.claims.iter().map(shown).collect()
}

fn trainings(module: &Module) -> Vec<ShownTraining> {
    let shown = |t: &chainrule_graph::module::Training| {
        let mut settings = t.settings.clone();
        settings.extend(t.options.iter().filter_map(|(n, v)| Some((n.clone(), (*v)?))));
        settings.extend(t.with.iter().cloned());
        let rules = t.rules.iter().map(|(word, name, numbers)| {
            let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            format!("{word} {name}({})", numbers.join(", "))
        });
        ShownTraining {
            name: t.name.clone(),
            loss: module.symbol(t.loss).name.clone(),
            optimizer: t.optimizer.clone(),
            settings,
            rules: rules.collect(),
        }
    };
    module.trainings.iter().map(shown).collect()
}

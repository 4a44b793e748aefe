//! A training: its programs share one persistent part of the arena.

use std::collections::BTreeMap;

use chainrule_graph::lower::{self, Lowered, Work, layout_sizes};
use chainrule_graph::module::{self, Role, Start};
use chainrule_graph::random::stream_of;
use chainrule_graph::terms::Terms;
use chainrule_graph::update::{self, BUNDLE, Phase, Target, Update};
use chainrule_graph::{Module, SymbolId};
use chainrule_kernels::program::{Law, Precision, Program, Slot};
use chainrule_syntax::Span;

use crate::bind::Bound;
use crate::draft::{Draft, Job, Region};
use crate::layout::{self, Layout};
use crate::nodes::{Names, Nodes};
use crate::refused::{Refused, refused};

/// A training, lowered once; programs are made from it at numbers of rows.
#[derive(Clone, Debug)]
pub struct Training {
    /// Where parameters, states and inputs are.
    pub layout: Layout,
    /// Whether every sum of products is computed as it is written, so that bits are those of the
    /// plain sum; else correlations may take fewer multiplications. It may be set before a program
    /// is made.
    pub exact: bool,
    pub(crate) module: Module,
    update: Update,
    /// The loss and its gradients by all parameters.
    pub(crate) model: Lowered,
    pub(crate) columns: Vec<SymbolId>,
    pub(crate) precision: Precision,
    pub(crate) loss: SymbolId,
    span: Span,
    /// The lines that define names.
    spans: BTreeMap<String, Span>,
}

/// A whole training step: gather, noise, forward, backward, optimizer.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is done.
    pub program: Program,
    /// Where each instruction came from, by [`chainrule_kernels::program::Instruction::origin`].
    pub origins: Vec<Origin>,
}

/// Where an instruction came from.
#[derive(Clone, PartialEq, Debug)]
pub struct Origin {
    /// What it computes, in the author's terms.
    pub name: String,
    /// The line of the file.
    pub span: Option<Span>,
    /// What it reads.
    pub reads: Vec<(String, Slot)>,
    /// What it writes.
    pub writes: Vec<Slot>,
}

/// The 32-bit stream of a noise: FNV-1a of 64 bits over the name, its halves joined by exclusive or.
pub fn noise_stream(name: &str) -> u32 {
    let hash = stream_of(name);
    (hash ^ (hash >> 32)) as u32
}

impl Training {
    /// Lowers a training. `sizes` are those that the data decides; the training's own `with` wins.
    ///
    /// # Errors
    ///
    /// The loss has no gradient, the optimizer cannot be compiled, a size has no number.
    pub fn new(
        module: &Module,
        training: &module::Training,
        sizes: &[(String, u64)],
        precision: Precision,
    ) -> Result<Training, Refused> {
        let mut module = with(module, training, sizes)?;
        let bound = Bound { module: &module, rows: 1, total: 1, precision };
        let (homes, count) = layout::params(&module, &bound)?;
        if homes.is_empty() {
            return refused("there is no parameter to train");
        }
        set_size(&mut module, BUNDLE, count as u64);
        let mut update = update::update(&module, training)?;
        set_size(&mut update.module, BUNDLE, count as u64);
        let node = update.loss;
        let model = lower::training_step(&mut update.module, node)?;
        let layout = layout::layout(homes, count, &update, precision);
        let module = update.module.clone();
        let data = |(_, s): &(usize, &module::Symbol)| s.role == Role::Data;
        let columns = module.symbols.iter().enumerate().filter(data);
        let columns = columns.map(|(at, _)| SymbolId::new(at)).collect();
        let (loss, span) = (training.loss, training.span);
        let own = module.bindings.iter().filter(|b| b.span != Span::default());
        let spans = own.map(|b| (module.symbol(b.symbol).name.clone(), b.span)).collect();
        Ok(Training {
            layout,
            exact: false,
            module,
            update,
            model,
            columns,
            precision,
            loss,
            span,
            spans,
        })
    }

    /// The module as it is compiled: the training's `with` and the sizes of the data are in it.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// What the training gives each input of [`Layout::inputs`].
    pub fn given(&self) -> &[f64] {
        &self.update.given
    }

    /// The data symbols in the order of [`Program::columns`]. Every program of the training has all of
    /// them; one that a program does not gather may be bound to anything of its width.
    pub fn columns(&self) -> &[SymbolId] {
        &self.columns
    }

    /// A whole training step on so many rows.
    ///
    /// # Errors
    ///
    /// A size does not fit, an index would run outside, the memory is too much.
    pub fn step(&self, rows: u64) -> Result<Step, Refused> {
        let (draft, plan, program) = self.planned(rows)?;
        let origins = origins(&draft, &plan);
        Ok(Step { program, origins })
    }

    /// The step's draft with its plan, for tests of the plan's check.
    ///
    /// # Errors
    ///
    /// As [`Training::step`].
    pub fn planned(&self, rows: u64) -> Result<(Draft, crate::plan::Plan, Program), Refused> {
        let mut making = Making::new(self, rows, rows, true)?;
        making.phases()?;
        finished(making.draft)
    }
}

/// Fuses, settles, plans and writes a draft.
pub(crate) fn finished(mut draft: Draft) -> Result<(Draft, crate::plan::Plan, Program), Refused> {
    crate::fuse::drop_dead(&mut draft);
    crate::fuse::fuse(&mut draft);
    crate::positive::positive(&mut draft);
    crate::fuse::drop_dead(&mut draft);
    crate::window::windows(&mut draft);
    crate::fuse::drop_dead(&mut draft);
    crate::fuse::fuse(&mut draft);
    crate::fuse::drop_dead(&mut draft);
    crate::halo::inside(&mut draft);
    crate::product::merge(&mut draft);
    crate::settle::settle(&mut draft);
    crate::behind::behind(&mut draft);
    let plan = crate::plan::plan(&draft)?;
    let program = crate::emit::emit(&draft, &plan)?;
    debug_assert_eq!(crate::check_plan::check(&draft, &program), Ok(()));
    Ok((draft, plan, program))
}

pub(crate) fn origins(draft: &Draft, plan: &crate::plan::Plan) -> Vec<Origin> {
    let slot = |r: &Region| Slot { at: plan.places[r.value].unwrap_or(0) + r.at, len: r.len };
    let origin = |task: &crate::draft::Task| {
        let mut reads: Vec<(String, Slot)> = Vec::new();
        for region in task.job.reads() {
            let read = (draft.values[region.value].name.clone(), slot(&region));
            if !reads.contains(&read) {
                reads.push(read);
            }
        }
        let mut writes: Vec<Slot> = Vec::new();
        for write in task.job.writes().iter().map(slot) {
            // Several results may be parts of one array.
            if !writes.contains(&write) {
                writes.push(write);
            }
        }
        Origin { name: task.name.clone(), span: task.span, reads, writes }
    };
    draft.tasks.iter().map(origin).collect()
}

/// The module with numbers from the data and from the training.
fn with(
    module: &Module,
    training: &module::Training,
    sizes: &[(String, u64)],
) -> Result<Module, Refused> {
    let mut module = module.clone();
    for (name, number) in sizes {
        set_size(&mut module, name, *number);
    }
    for (name, value) in &training.with {
        if module.sizes.base().any(|(_, def)| def.name == *name) {
            if *value < 1.0 || value.fract() != 0.0 || *value > u64::MAX as f64 {
                return refused(format!("the size `{name}` cannot be {value}"));
            }
            set_size(&mut module, name, *value as u64);
        } else if let Some(id) = module.find(name) {
            let number = Terms::of(&mut module).number(*value).map_err(|m| Refused(m.message))?;
            if matches!(module.symbol(id).role, Role::Const(_)) {
                module.symbols[id.index()].role = Role::Const(number);
            }
        }
        // Else it is a setting or an option, which the training bears itself.
    }
    Ok(module)
}

/// Sets the number of a base size, if there is one of that name.
fn set_size(module: &mut Module, name: &str, number: u64) {
    let found = module.sizes.base().find(|(_, def)| def.name == name).map(|(id, _)| id);
    if let Some(id) = found {
        module.sizes.set_number(id, number);
    }
}

/// A program being written.
pub(crate) struct Making<'t> {
    pub(crate) training: &'t Training,
    pub(crate) bound: Bound<'t>,
    pub(crate) draft: Draft,
    /// Where the values of names are.
    pub(crate) env: BTreeMap<SymbolId, Region>,
}

impl<'t> Making<'t> {
    /// A draft with everything that lasts. `draws`: noise is drawn, else it is its mean.
    pub(crate) fn new(
        training: &'t Training,
        rows: u64,
        total: u64,
        optimizer: bool,
    ) -> Result<Making<'t>, Refused> {
        let (module, layout) = (&training.module, &training.layout);
        let precision = training.precision;
        let bound = Bound { module, rows, total, precision };
        let columns = training.columns.iter().map(|c| width(&bound, *c));
        let columns = columns.collect::<Result<_, _>>()?;
        let rows = usize::try_from(rows).map_err(|_| Refused("too many rows".into()))?;
        let (floor, exact) = (layout.len, training.exact);
        let mut draft = Draft { rows, columns, floor, exact, ..Draft::new(precision) };
        let mut env = BTreeMap::new();
        let bundle = draft.home("p", layout.bundle.at, layout.bundle.len, true);
        env.insert(training.update.p, bundle);
        for home in &layout.params {
            env.insert(home.symbol, Region { at: home.slot.at, len: home.slot.len, ..bundle });
        }
        if optimizer {
            for (home, state) in layout.states.iter().zip(&training.update.states) {
                let region = draft.home(&home.name, home.slot.at, home.slot.len, true);
                env.insert(state.symbol, region);
            }
            let symbols = training.update.inputs.iter();
            for ((name, slot), (_, symbol)) in layout.inputs.iter().zip(symbols) {
                env.insert(*symbol, draft.home(name, slot.at, slot.len, true));
            }
        }
        Ok(Making { training, bound, draft, env })
    }

    fn phases(&mut self) -> Result<(), Refused> {
        let mut first = true;
        let training = self.training;
        for phase in &training.update.phases {
            match phase {
                Phase::Lines { lowered, targets } => self.lines(lowered, targets)?,
                Phase::Gradient { at, into, loss } => {
                    self.gradient(*at, *into, *loss, first)?;
                    first = false;
                }
            }
        }
        Ok(())
    }

    fn lines(&mut self, lowered: &Lowered, targets: &[Target]) -> Result<(), Refused> {
        let active = vec![true; lowered.nodes.len()];
        let regions = self.nodes(lowered, &active, &BTreeMap::new(), None)?;
        let mut taken: Vec<usize> = Vec::new();
        for ((name, node), target) in lowered.outputs.iter().zip(targets) {
            let Some(mut region) = regions[*node] else { return refused("a line is not there") };
            let symbol = match target {
                Target::Local(symbol) | Target::Next(symbol) => *symbol,
            };
            if let Target::Local(_) = target {
                self.env.insert(symbol, region);
                continue;
            }
            let Some(old) = self.env.get(&symbol).copied() else {
                return refused(format!("`{name}` has no state"));
            };
            // A value that stands elsewhere too is copied before anything is overwritten.
            let value = &self.draft.values[region.value];
            let own = value.home.is_none() && value.len == region.len;
            if !own || taken.contains(&region.value) {
                let copy = self.draft.value(name, region.len);
                self.draft.copy(name, Some(self.training.span), region, copy);
                region = copy;
            }
            taken.push(region.value);
            self.draft.next.push((old.value, region.value));
        }
        Ok(())
    }

    fn gradient(
        &mut self,
        at: SymbolId,
        into: SymbolId,
        loss: Option<SymbolId>,
        first: bool,
    ) -> Result<(), Refused> {
        let training = self.training;
        let layout = &training.layout;
        let Some(point) = self.env.get(&at).copied() else {
            return refused("a gradient at a point that is not there");
        };
        for home in &layout.params {
            let at = point.at + home.slot.at;
            let region = Region { value: point.value, at, len: home.slot.len };
            self.env.insert(home.symbol, region);
        }
        let name = &training.module.symbol(into).name;
        let bundle = self.draft.value(name, layout.bundle.len);
        let mut wanted = Vec::new();
        let loss_name = training.module.symbol(training.loss).name.clone();
        wanted.push(if first {
            self.draft.home(&loss_name, layout.loss.at, 1, false)
        } else {
            self.draft.value(&loss_name, 1)
        });
        let part = |h: &layout::Home| Region { at: h.slot.at, len: h.slot.len, ..bundle };
        wanted.extend(layout.params.iter().map(part));
        let active = vec![true; training.model.nodes.len()];
        self.outputs(&training.model, &active, &wanted)?;
        if let Some(symbol) = loss {
            self.env.insert(symbol, wanted[0]);
        }
        self.env.insert(into, bundle);
        Ok(())
    }

    /// Computes a lowered graph so that its outputs stand where they are wanted.
    pub(crate) fn outputs(
        &mut self,
        lowered: &Lowered,
        active: &[bool],
        wanted: &[Region],
    ) -> Result<(), Refused> {
        let mut targets: BTreeMap<usize, Region> = BTreeMap::new();
        for ((_, node), region) in lowered.outputs.iter().zip(wanted) {
            let root = root(lowered, *node);
            if !matches!(lowered.nodes[root].work, Work::Input(_)) {
                targets.entry(root).or_insert(*region);
            }
        }
        let span = self.span(&self.training.module.symbol(self.training.loss).name);
        let regions = self.nodes(lowered, active, &targets, span)?;
        for ((name, node), region) in lowered.outputs.iter().zip(wanted) {
            match regions[*node] {
                Some(found) if found == *region => {}
                Some(found) => self.draft.copy(name, span, found, *region),
                None => return refused(format!("`{name}` is not there")),
            }
        }
        Ok(())
    }

    /// The line that defines the name at the front of a node's name.
    pub(crate) fn span(&self, name: &str) -> Option<Span> {
        let owner = name.split(':').next().unwrap_or(name);
        self.training.spans.get(owner).copied()
    }

    /// Tasks for the nodes of a lowered graph; where each value is.
    pub(crate) fn nodes(
        &mut self,
        lowered: &Lowered,
        active: &[bool],
        targets: &BTreeMap<usize, Region>,
        span: Option<Span>,
    ) -> Result<Vec<Option<Region>>, Refused> {
        self.nodes_from(lowered, active, targets, span, Vec::new())
    }

    /// The same with some values there already.
    pub(crate) fn nodes_from(
        &mut self,
        lowered: &Lowered,
        active: &[bool],
        targets: &BTreeMap<usize, Region>,
        span: Option<Span>,
        there: Vec<(usize, Region)>,
    ) -> Result<Vec<Option<Region>>, Refused> {
        let bound = self.bound;
        let training = self.training;
        let span = span.or(Some(training.span));
        let mut draft = std::mem::replace(&mut self.draft, Draft::new(training.precision));
        let mut env = std::mem::take(&mut self.env);
        let place = |name: &str| {
            let found = self.span(name);
            found.or(span)
        };
        let mut input = |draft: &mut Draft, symbol: SymbolId| -> Result<Region, Refused> {
            if let Some(region) = env.get(&symbol) {
                return Ok(*region);
            }
            let region = input(&bound, training, draft, symbol)?;
            env.insert(symbol, region);
            Ok(region)
        };
        let mut nodes = Nodes::new(bound, lowered, &mut draft)?;
        there.into_iter().for_each(|(at, region)| nodes.regions[at] = Some(region));
        let mut names = Names { env: &mut input, span: &place };
        let done = nodes.run(active, targets, &mut names);
        let regions = nodes.regions;
        self.draft = draft;
        self.env = env;
        done.map(|()| regions)
    }
}

/// The node whose entries these are.
fn root(lowered: &Lowered, mut at: usize) -> usize {
    while let Work::Reshape(of) = lowered.nodes[at].work {
        at = of;
    }
    at
}

/// Entries of one row of a data symbol.
fn width(bound: &Bound<'_>, symbol: SymbolId) -> Result<usize, Refused> {
    let module = bound.module;
    let sizes = layout_sizes(module, &module.symbol(symbol).ty)?;
    let batches = sizes.iter().filter(|s| module.sizes.batch_of(s).is_some()).count();
    if batches != 1 {
        let name = &module.symbol(symbol).name;
        return refused(format!(
            "the data `{name}` must have one batch axis: `{name} : R[d] per N`"
        ));
    }
    let own: Vec<_> = sizes.into_iter().filter(|s| module.sizes.batch_of(s).is_none()).collect();
    Ok(bound.dims(&own)?.into_iter().product())
}

/// The array of a name that is not there yet: data are gathered, noise is drawn.
fn input(
    bound: &Bound<'_>,
    training: &Training,
    draft: &mut Draft,
    symbol: SymbolId,
) -> Result<Region, Refused> {
    let declared = bound.module.symbol(symbol);
    let dims = bound.dims(&layout_sizes(bound.module, &declared.ty)?)?;
    let len: usize = dims.iter().product();
    match &declared.role {
        Role::Data => {
            let column = training.columns.iter().position(|c| *c == symbol);
            let column =
                column.ok_or_else(|| Refused(format!("`{}` is no data", declared.name)))?;
            let out = draft.value(&declared.name, len);
            let job = Job::Gather { column, width: draft.columns[column], out };
            draft.task(&declared.name, Some(declared.span), job);
            Ok(out)
        }
        Role::Noise(start) => {
            let law = law(&declared.name, start)?;
            let out = draft.value(&declared.name, len);
            let sizes = layout_sizes(bound.module, &declared.ty)?;
            let batch = sizes.last().is_some_and(|s| bound.module.sizes.batch_of(s).is_some());
            let rows = if batch { draft.rows } else { 1 };
            let stream = noise_stream(&declared.name);
            let job = Job::Noise { law, stream, width: len / rows, rows, out };
            draft.task(&declared.name, Some(declared.span), job);
            Ok(out)
        }
        _ => refused(format!("`{}` has no value in a training", declared.name)),
    }
}

/// The distribution of a noise.
pub(crate) fn law(name: &str, start: &Start) -> Result<Law, Refused> {
    let Start::Drawn(law, numbers) = start else {
        return refused(format!("the noise `{name}` has no distribution"));
    };
    match (law.as_str(), numbers.as_slice()) {
        ("bernoulli", [p]) => Ok(Law::Bernoulli(*p)),
        ("normal", [mean, sd]) => Ok(Law::Normal(*mean, *sd)),
        ("uniform", [low, high]) => Ok(Law::Uniform(*low, *high)),
        _ => refused(format!("the noise `{name}`: the distribution `{law}` is not compiled")),
    }
}

/// The mean of a distribution.
pub(crate) fn mean(law: Law) -> f64 {
    match law {
        Law::Bernoulli(p) => p,
        Law::Normal(mean, _) => mean,
        Law::Uniform(low, high) => 0.5 * (low + high),
    }
}

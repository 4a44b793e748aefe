//! A function to be written: its arguments, the forward lines, the lines of the derivation.

use std::collections::{BTreeMap, BTreeSet};

use chainrule_graph::differentiate::{self, Derivation, Refusal};
use chainrule_graph::interpret::{Interpreter, Numbers};
use chainrule_graph::module::{Role, Start};
use chainrule_graph::op::Op;
use chainrule_graph::simplify::Simplifier;
use chainrule_graph::start::{Fan, Law};
use chainrule_graph::{Kind, Module, NodeId, Size, SymbolId, raise};

use super::build::{Builder, Unsupported, Value};
use super::code::Statement;
use super::length;
use super::names;
use super::needed::Needed;
use super::target::Target;

/// What a function is given.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Argument {
    pub symbol: SymbolId,
    /// Its name in the code.
    pub name: String,
    /// Its type, as the author declares it.
    pub type_text: String,
    /// `N x d`: the axes of its array.
    pub shape: String,
    pub rank: usize,
    pub kind: ArgumentKind,
}

/// Where an argument comes from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum ArgumentKind {
    /// Trained, or free.
    Param,
    /// From data; true for classes.
    Data(bool),
    /// Drawn while training; its mean.
    Noise(f64),
    /// A constant with its value.
    Const(f64),
}

/// The lines of one function.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Body {
    /// In order; the first `forward` are those of the value.
    pub statements: Vec<Statement>,
    pub forward: usize,
    /// Names of sizes that are read, each once.
    pub sizes: BTreeSet<String>,
}

/// Everything that a file of code is made of.
pub(super) struct Program {
    pub module: Module,
    /// The name of the value, in the file and in the code.
    pub of: SymbolId,
    pub derivation: Derivation,
    pub wrt: Vec<SymbolId>,
    pub names: BTreeMap<SymbolId, String>,
    pub taken: BTreeSet<String>,
    pub arguments: Vec<Argument>,
    pub value: Body,
    pub gradients: Body,
}

/// Why there is no code, in a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct NoCode(pub String);

impl From<Refusal> for NoCode {
    fn from(refusal: Refusal) -> NoCode {
        NoCode(refusal.0)
    }
}

impl Program {
    /// The program of the value `of` and its gradients by `wrt`.
    pub(super) fn new(
        module: &Module,
        of: SymbolId,
        wrt: &[SymbolId],
        target: &dyn Target,
    ) -> Result<Program, NoCode> {
        let mut module = module.clone();
        let node = module.read(of).map_err(|m| NoCode(m.message))?;
        let mut derivation = differentiate::derivation(&mut module, node, wrt)?;
        // Cotangents have no names yet where they are read: each line stands on those before it.
        let own: Vec<SymbolId> = derivation.lines.iter().map(|l| l.symbol).collect();
        let mut simplifier = Simplifier::except(&mut module, &own).exact();
        for line in &mut derivation.lines {
            line.value = simplifier.node(&mut module, line.value);
        }
        let mut program = Program::bare(module, of, target);
        program.derivation = derivation;
        program.wrt = wrt.to_vec();
        let (value, read) = program.body(target, false)?;
        let (gradients, more) = program.body(target, true)?;
        let mut read: BTreeSet<SymbolId> = read.union(&more).copied().collect();
        read.extend(wrt.iter().filter(|s| program.is_input(**s)));
        (program.value, program.gradients) = (value, gradients);
        program.arguments = program.inputs(&read)?;
        Ok(program)
    }

    /// A module with words for its names, and nothing to write yet.
    pub(super) fn bare(module: Module, of: SymbolId, target: &dyn Target) -> Program {
        let shown = |id: &SymbolId| module.symbol(*id).role != Role::Local;
        let all = (0..module.symbols.len()).map(SymbolId::new).filter(shown);
        let all: Vec<SymbolId> = all.collect();
        let (names, taken) = names::assign(&module, all, target.keywords());
        let nothing = || Body { statements: Vec::new(), forward: 0, sizes: BTreeSet::new() };
        Program {
            module,
            of,
            derivation: Derivation::default(),
            wrt: Vec::new(),
            names,
            taken,
            arguments: Vec::new(),
            value: nothing(),
            gradients: nothing(),
        }
    }

    /// The statements of one equation; other names are read.
    pub(super) fn single(
        &self,
        target: &dyn Target,
        symbol: SymbolId,
    ) -> Result<Vec<Statement>, NoCode> {
        let Some(binding) = self.module.binding(symbol) else {
            let name = &self.module.symbol(symbol).name;
            return Err(NoCode(format!("`{name}` has no formula")));
        };
        let known = self.known();
        let mut needed = Needed::new(self, &known);
        needed.root(binding.stable, Some(symbol));
        let shared = needed.shared();
        let mut builder = self.builder(target, shared);
        builder.known = known.into_iter().filter(|(_, named)| *named < symbol).collect();
        self.line(&mut builder, symbol, binding.stable, target)?;
        Ok(builder.statements)
    }

    fn is_input(&self, symbol: SymbolId) -> bool {
        let role = &self.module.symbol(symbol).role;
        matches!(role, Role::Param(_) | Role::Data | Role::Noise(_) | Role::Given(_))
            && self.module.binding(symbol).is_none()
    }

    /// The roots of a function: definitions that it needs, then lines.
    fn body(
        &self,
        target: &dyn Target,
        gradients: bool,
    ) -> Result<(Body, BTreeSet<SymbolId>), NoCode> {
        let known = self.known();
        let mut needed = Needed::new(self, &known);
        needed.name(self.of);
        if gradients {
            for line in &self.derivation.lines {
                needed.root(line.value, None);
            }
        }
        needed.close();
        let shared = needed.shared();
        let (symbols, inputs) = (needed.symbols, needed.inputs);
        let mut builder = self.builder(target, shared);
        for symbol in &symbols {
            self.define(&mut builder, *symbol, target)?;
            for (node, named) in &known {
                if named == symbol {
                    builder.known.insert(*node, *named);
                }
            }
        }
        let forward = builder.statements.len();
        if gradients {
            for line in &self.derivation.lines {
                self.line(&mut builder, line.symbol, line.value, target)?;
            }
        }
        let statements = builder.statements;
        let mut sizes = BTreeSet::new();
        let rust = target.lengths() == length::Lengths::Rust;
        statements.iter().for_each(|s| self.sizes_of(s, rust, &mut sizes));
        Ok((Body { statements, forward, sizes }, inputs))
    }

    /// Values that a definition gives a name, each with the first such name.
    fn known(&self) -> BTreeMap<NodeId, SymbolId> {
        let mut known = BTreeMap::new();
        for binding in &self.module.bindings {
            let simple = |id: NodeId| self.module.graph.node(id).inputs.is_empty();
            if self.module.symbol(binding.symbol).role != Role::Defined {
                continue;
            }
            for id in [binding.value, binding.stable] {
                if !simple(id) {
                    known.entry(id).or_insert(binding.symbol);
                }
            }
        }
        known
    }

    fn builder(&self, target: &dyn Target, shared: BTreeSet<NodeId>) -> Builder<'_> {
        Builder {
            module: &self.module,
            names: &self.names,
            known: BTreeMap::new(),
            own: None,
            shared,
            variables: BTreeMap::new(),
            statements: Vec::new(),
            locals: Vec::new(),
            taken: self.taken.clone(),
            grids: Vec::new(),
            all_indexed: target.all_indexed(),
            places_apart: target.lengths() == length::Lengths::Rust,
            gathers: Vec::new(),
        }
    }

    /// The line of a definition, or of a constant.
    fn define(
        &self,
        builder: &mut Builder<'_>,
        symbol: SymbolId,
        target: &dyn Target,
    ) -> Result<(), NoCode> {
        let node = match (self.module.binding(symbol), &self.module.symbol(symbol).role) {
            (Some(binding), _) => binding.stable,
            (None, Role::Const(node)) => *node,
            _ => return Ok(()),
        };
        self.line(builder, symbol, node, target)
    }

    /// `name = value`, with the array's axes.
    fn line(
        &self,
        builder: &mut Builder<'_>,
        symbol: SymbolId,
        node: NodeId,
        target: &dyn Target,
    ) -> Result<(), NoCode> {
        let first = builder.statements.len();
        let failed = |found: Unsupported| {
            let name = &self.module.symbol(symbol).name;
            let text = raise::brief(&self.module, node, 40).unwrap_or_else(|| "..".into());
            NoCode(format!("`{name} = {text}` cannot be written as code: {}", found.0))
        };
        // Parts that come first, so that nothing is nested deeply.
        let mut parts: Vec<NodeId> = builder.shared.iter().copied().collect();
        parts.retain(|p| *p < node && !builder.variables.contains_key(p));
        let reach = self.below(node);
        for part in parts {
            if reach.contains(&part) && builder.known(part).is_none() {
                builder.array(part).map_err(failed)?;
            }
        }
        builder.own = Some(node);
        builder.grids.clear();
        let value = builder.array(node).map_err(failed)?;
        builder.own = None;
        let ty = self.module.symbol(symbol).ty.clone();
        let code = builder.whole(value, &ty);
        let all = Value { code: code.clone(), labels: builder.labels(&ty) };
        let note = builder.lengths(&all, &ty);
        let name = self.names[&symbol].clone();
        builder.statements.push(Statement::Let { name, code, note });
        let refused = builder.statements[first..].iter().find_map(|s| refused(s, target));
        match refused {
            Some(why) => Err(failed(Unsupported(why))),
            None => Ok(()),
        }
    }

    /// The nodes behind a node, names not followed.
    fn below(&self, node: NodeId) -> BTreeSet<NodeId> {
        let mut seen = BTreeSet::new();
        let mut open = vec![node];
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(&self.module.graph.node(id).inputs);
            }
        }
        seen
    }

    fn sizes_of(&self, statement: &Statement, rust: bool, sizes: &mut BTreeSet<String>) {
        let mut add = |size: &Size| sizes.extend(length::names(&self.module, size));
        match statement {
            Statement::Grid(_) if rust => {}
            Statement::Grid(indices) => indices.iter().for_each(|(_, n)| add(n)),
            Statement::Let { code, .. } => {
                let mut open = vec![code];
                while let Some(code) = open.pop() {
                    code.sizes(rust).into_iter().for_each(&mut add);
                    open.extend(code.parts());
                }
            }
        }
    }

    /// The arguments in the order: parameters and free values, data, noise, constants.
    fn inputs(&self, read: &BTreeSet<SymbolId>) -> Result<Vec<Argument>, NoCode> {
        let mut all = Vec::new();
        for symbol in read {
            let known = self.module.symbol(*symbol);
            let kind = match &known.role {
                Role::Data => ArgumentKind::Data(matches!(known.ty.kind, Kind::Label(_))),
                Role::Noise(Start::Drawn(name, numbers)) => {
                    let law = Law::of(name, numbers, Fan::ONE);
                    let mean = law.map(Law::mean);
                    ArgumentKind::Noise(mean.ok_or_else(|| {
                        NoCode(format!("the mean of `{}` is not known", known.name))
                    })?)
                }
                Role::Const(node) => match self.constant(*node) {
                    Some(value) => ArgumentKind::Const(value),
                    None => continue,
                },
                _ if matches!(known.ty.kind, Kind::Label(_)) => ArgumentKind::Data(true),
                _ => ArgumentKind::Param,
            };
            let builder_labels = self.lengths(*symbol);
            all.push(Argument {
                symbol: *symbol,
                name: self.names[symbol].clone(),
                type_text: self.module.type_text(&known.ty),
                shape: builder_labels
                    .iter()
                    .map(|s| self.module.sizes.text(s))
                    .collect::<Vec<_>>()
                    .join(", "),
                rank: builder_labels.len(),
                kind,
            });
        }
        all.sort_by_key(|a| match a.kind {
            ArgumentKind::Param => 0,
            ArgumentKind::Data(_) => 1,
            ArgumentKind::Noise(_) => 2,
            ArgumentKind::Const(_) => 3,
        });
        Ok(all)
    }

    /// The number that a constant is, if it depends on no size that is free.
    pub(super) fn constant(&self, node: NodeId) -> Option<f64> {
        let numbers = Numbers::of(&self.module, 1, 1);
        let reads_size = self
            .below(node)
            .into_iter()
            .any(|id| matches!(self.module.graph.node(id).op, Op::SizeNumber { .. }));
        if reads_size {
            return None;
        }
        let mut it: Interpreter<'_, f64> = Interpreter::new(&self.module, numbers);
        it.value(node).ok().filter(|v| v.shape.is_empty()).and_then(|v| v.data.first().copied())
    }

    /// The lengths of the array of a named value.
    pub(super) fn lengths(&self, symbol: SymbolId) -> Vec<Size> {
        let ty = &self.module.symbol(symbol).ty;
        let batch = |wanted: bool| {
            let hit = move |a: &&chainrule_graph::AxisId| self.module.axes.is_batch(**a) == wanted;
            ty.axes.iter().filter(hit).map(|a| {
                let axis = self.module.axes.get(*a);
                axis.extent
                    .clone()
                    .or_else(|| axis.batch.map(Size::name))
                    .unwrap_or_else(|| Size::number(1))
            })
        };
        batch(true).chain(batch(false)).chain(ty.dims.iter().cloned()).collect()
    }
}

/// Why a statement has no form in the language.
fn refused(statement: &Statement, target: &dyn Target) -> Option<String> {
    let Statement::Let { code, .. } = statement else { return None };
    let mut open = vec![code];
    while let Some(code) = open.pop() {
        if let Some(why) = target.refuses(code) {
            return Some(why);
        }
        open.extend(code.parts());
    }
    None
}

//! Code in other languages from the same equations: the value and its gradients as plain functions.
//!
//! The lines are those of the file and of its derivation, under the author's names. A value per
//! sample is an array whose rows are the samples; an array with a written batch axis keeps the axes
//! that it is written with.

mod access;
mod build;
mod code;
mod contract;
mod jax;
mod length;
mod names;
mod needed;
pub mod numpy;
mod page;
mod place;
mod product;
mod program;
pub(crate) mod python;
mod rust;
mod rust_page;
mod special;
mod target;
mod torch;

use chainrule_graph::module::Role;
use chainrule_graph::{Module, NodeId, Op, SymbolId};

use crate::{Error, Model};
use page::{Dialect, Header};
use program::Program;
use target::Target;

/// A language that formulas can be written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// Python with NumPy.
    NumPy,
    /// Python with PyTorch.
    Torch,
    /// Python with JAX.
    Jax,
    /// Rust, with the standard library alone.
    Rust,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 4] =
        [Language::NumPy, Language::Torch, Language::Jax, Language::Rust];

    /// The word in an `export` line and on the command line.
    pub fn text(self) -> &'static str {
        match self {
            Language::NumPy => "numpy",
            Language::Torch => "torch",
            Language::Jax => "jax",
            Language::Rust => "rust",
        }
    }

    /// The language that a word means.
    ///
    /// ```
    /// use chainrule::export::Language;
    /// assert_eq!(Language::named("numpy"), Some(Language::NumPy));
    /// assert_eq!(Language::named("onnx"), None);
    /// ```
    pub fn named(word: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|l| l.text() == word)
    }

    fn target(self) -> &'static dyn Target {
        match self {
            Language::NumPy => &numpy::NumPy,
            Language::Torch => &torch::Torch,
            Language::Jax => &jax::Jax,
            Language::Rust => &rust::Rust,
        }
    }
}

const NUMPY: Dialect = Dialect {
    name: "NumPy",
    imports: &[("", "import numpy as np")],
    note: "",
    full: |shape, value| format!("np.full(({shape}), {value})"),
};

const TORCH: Dialect = Dialect {
    name: "PyTorch",
    imports: &[("math.", "import math\n"), ("", "import torch")],
    note: "`torch.autograd.grad` of `loss` gives what `gradients` writes out.",
    full: |shape, value| format!("torch.full(({shape}), {value}, dtype=dtype)"),
};

const JAX: Dialect = Dialect {
    name: "JAX",
    imports: &[("jax.", "import jax"), ("", "import jax.numpy as jnp")],
    note: "`jax.grad(loss)` gives what `gradients` writes out. JAX computes in single precision\n\
           unless `jax.config.update('jax_enable_x64', True)` is called first.",
    full: |shape, value| format!("jnp.full(({shape}), {value})"),
};

/// What is exported: without `of` and `wrt`, the loss of the first training (else what the first
/// `derive` line differentiates) by all parameters (else by what that line asks for).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// The model of the file, if it has several.
    pub model: Option<String>,
    /// The name of the value.
    pub of: Option<String>,
    /// The names of the variables.
    pub wrt: Vec<String>,
}

/// Code with what its functions are given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exported {
    /// The file.
    pub text: String,
    /// The name of the value in the equations.
    pub of: String,
    /// The arguments: the name in the equations, the name in the code.
    pub arguments: Vec<(String, String)>,
    /// The names in the equations of what is differentiated by, in the order of the result.
    pub gradients: Vec<String>,
}

impl Model {
    /// The file's loss and its gradients as functions of another language.
    ///
    /// ```
    /// use chainrule::export::{Language, Wanted};
    ///
    /// let iris = chainrule::Model::read("iris")?;
    /// let code = iris.export(Language::NumPy, &Wanted::default())?;
    /// assert!(code.text.contains("dJ_dW1 = dJ_dz2.T @ a1"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A name is not known, a value has no derivative, or an equation has no form in code: the error
    /// names it.
    pub fn export(&self, language: Language, wanted: &Wanted) -> Result<Exported, Error> {
        let module = self.exported(wanted)?;
        let (of, wrt) = choose(module, wanted)?;
        let target = language.target();
        let program = Program::new(module, of, &wrt, target).map_err(|e| Error::refused(e.0))?;
        let header = self.header(module, &program);
        let python = |dialect| page::page(&program, target, dialect, &header);
        let text = match language {
            Language::NumPy => python(&NUMPY),
            Language::Torch => python(&TORCH),
            Language::Jax => python(&JAX),
            Language::Rust => rust_page::page(&program, &header),
        };
        let name = |id: SymbolId| program.module.symbol(id).name.clone();
        let argument = |a: &program::Argument| (name(a.symbol), a.name.clone());
        Ok(Exported {
            text,
            of: name(of),
            arguments: program.arguments.iter().map(argument).collect(),
            gradients: page::returned(&program).into_iter().map(|(n, _)| n).collect(),
        })
    }

    fn exported(&self, wanted: &Wanted) -> Result<&Module, Error> {
        let mut modules = self.modules().iter();
        let found = match &wanted.model {
            None => modules.next(),
            Some(name) => modules.find(|m| m.name == *name),
        };
        found.ok_or_else(|| {
            let name = wanted.model.clone().unwrap_or_default();
            Error::setting(format!("the file has no model `{name}`"))
        })
    }

    /// The equations of the file that the program has lines for.
    fn header(&self, module: &Module, program: &Program) -> Header {
        let text = self.source().text();
        let bindings = module.bindings.iter().filter(|b| {
            module.symbol(b.symbol).role == Role::Defined
                && program.gradients.statements.iter().any(|s| match s {
                    code::Statement::Let { name, .. } => program.names.get(&b.symbol) == Some(name),
                    code::Statement::Grid(_) => false,
                })
        });
        let line = |b: &chainrule_graph::module::Binding| {
            let written = text.get(b.span.range()).unwrap_or_default();
            let lines: Vec<&str> =
                written.lines().map(|l| l.split('#').next().unwrap_or(l)).collect();
            lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let mut equations: Vec<String> = Vec::new();
        for line in bindings.map(line) {
            // A line that is repeated for several layers is one equation.
            if !equations.contains(&line) {
                equations.push(line);
            }
        }
        let model = if module.name.is_empty() { self.source().name() } else { &module.name };
        Header { model: model.into(), equations }
    }
}

/// The value and the variables.
fn choose(module: &Module, wanted: &Wanted) -> Result<(SymbolId, Vec<SymbolId>), Error> {
    let find = |name: &String| {
        module.find(name).ok_or_else(|| Error::setting(format!("`{name}` is not defined")))
    };
    let asked = asked(module);
    let of = match &wanted.of {
        Some(name) => find(name)?,
        None => {
            let trained = module.trainings.first().map(|t| t.loss);
            let derived = asked.first().map(|(of, _)| *of);
            trained.or(derived).ok_or_else(|| {
                Error::setting(
                    "what is to be exported? No line trains or derives; name a value: `--of J`"
                        .into(),
                )
            })?
        }
    };
    let ty = &module.symbol(of).ty;
    if !ty.dims.is_empty() {
        let name = &module.symbol(of).name;
        let message =
            format!("`{name}` is {}: a gradient is that of a number", module.type_text(ty));
        return Err(Error::setting(message));
    }
    if !wanted.wrt.is_empty() {
        return Ok((of, wanted.wrt.iter().map(find).collect::<Result<_, _>>()?));
    }
    let params: Vec<SymbolId> = module.params().map(|(id, _)| id).collect();
    if !params.is_empty()
        && asked.iter().all(|(o, w)| *o != of || w.iter().any(|v| params.contains(v)))
    {
        return Ok((of, params));
    }
    let mut wrt: Vec<SymbolId> =
        asked.iter().filter(|(o, _)| *o == of).flat_map(|(_, w)| w.clone()).collect();
    wrt.dedup();
    if wrt.is_empty() {
        let name = &module.symbol(of).name;
        return Err(Error::setting(format!(
            "by what is `{name}` differentiated? The file has no parameters; name variables: `--wrt W,b`"
        )));
    }
    Ok((of, wrt))
}

/// The gradients of names by names that the file's `derive` lines ask for.
fn asked(module: &Module) -> Vec<(SymbolId, Vec<SymbolId>)> {
    let symbol = |id: NodeId| match module.graph.node(id).op {
        Op::Symbol { id, .. } => Some(id),
        _ => None,
    };
    let mut all: Vec<(SymbolId, Vec<SymbolId>)> = Vec::new();
    for target in module.derivations.iter().flat_map(|d| &d.targets) {
        let node = module.graph.node(*target);
        if node.op != Op::Grad {
            continue;
        }
        let (Some(of), Some(by)) = (symbol(node.inputs[0]), symbol(node.inputs[1])) else {
            continue;
        };
        match all.iter_mut().find(|(o, _)| *o == of) {
            Some((_, list)) if list.contains(&by) => {}
            Some((_, list)) => list.push(by),
            None => all.push((of, vec![by])),
        }
    }
    all
}

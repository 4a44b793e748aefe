//! Derivations as data: names, shapes, one formula a cotangent, in blocks; and their pages.

mod blocks;
mod code;
mod conditions;
mod document;
mod equations;
mod explained;
mod html;
mod latex;
mod lines;
mod names;
mod operator;
mod options;
mod plain;
mod targets;
mod turn;
mod types;
mod typst;
mod words;

use std::ops::Range;

use chainrule_graph::{Module, raise};
use chainrule_syntax::ast::{Expr, Layout};
use chainrule_syntax::print;

use crate::notation::Context;
use crate::{Diagnostic, Error, Model};

pub use document::Document;
pub use options::{Depth, DeriveOptions, Form, LayoutChoice};

/// A name that the formulas read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Its type, as a declaration writes it.
    pub type_text: String,
}

/// A derivative that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gradient {
    /// The variable.
    pub wrt: String,
    /// The shape of the derivative, in the author's symbols.
    pub shape: String,
    /// The formula.
    pub text: String,
    /// The formula for LaTeX's mathematics mode.
    pub latex: String,
}

/// A sub-step: `left = right` with its reason. Without a left side the chain goes on: `= right`.
#[derive(Clone, PartialEq, Debug)]
pub struct Detail {
    /// The left side.
    pub left: Option<Expr>,
    /// The right side.
    pub right: Expr,
    /// The rule, in words.
    pub reason: String,
    /// The shapes of the factors, or of the value.
    pub shapes: String,
}

/// One line: a named cotangent and its formula.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// `dJ/dz2`
    pub name: String,
    /// Its shape.
    pub shape: String,
    /// The formula.
    pub text: String,
    /// The formula for LaTeX's mathematics mode.
    pub latex: String,
    /// The rules that were used.
    pub rule: String,
    /// The shapes of the factors, where the formula is a matrix product: `(K x N)(N x H)`.
    pub shapes: String,
    /// The name as a tree, with the indices of an index equation.
    pub left: Expr,
    /// The formula as a tree.
    pub right: Expr,
    /// How the line comes about, at the depths `full` and `index`.
    pub details: Vec<Detail>,
    /// The line as an assignment in NumPy, if that was asked for.
    pub code: Option<String>,
    /// The block form of a Jacobian by rows, if it has one.
    pub diagonal: Option<Diagonal>,
}

/// A Jacobian whose rows by the rows of a matrix are `[O, .., A, .., O]`, with the block at the
/// place of the row.
#[derive(Clone, PartialEq, Debug)]
pub struct Diagonal {
    /// How many blocks there are.
    pub count: Expr,
    /// The block.
    pub block: Expr,
}

/// Lines that belong together, with the equations whose cotangents they are.
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    /// What the block is about; empty for a layer.
    pub title: String,
    /// The equations of the model.
    pub equations: Vec<Detail>,
    /// Which of the derivation's lines.
    pub steps: Range<usize>,
}

/// One derivation. [`Derive::text`] is the page; the fields are for programs.
#[derive(Clone, Debug)]
pub struct Derive {
    /// The model's name.
    pub model: String,
    /// What is differentiated.
    pub of: String,
    /// What the page is about: `gradient of J by W, b`, `jac(w, B)`.
    pub title: String,
    /// `gradient` (the shape of the variable), `numerator` or `denominator`.
    pub layout: &'static str,
    /// `sample` or `batch`: whether the equations are those of one sample.
    pub form: &'static str,
    /// `brief`, `full` or `index`.
    pub depth: &'static str,
    /// The names that the formulas read.
    pub names: Vec<Named>,
    /// The derivatives asked for.
    pub gradients: Vec<Gradient>,
    /// The lines, outermost first.
    pub steps: Vec<Step>,
    /// The lines in blocks, a layer each, outermost first.
    pub blocks: Vec<Block>,
    /// What the reader should know, a sentence each.
    pub notes: Vec<String>,
    context: Context,
}

impl Model {
    /// The file's `derive` lines, worked out; several gradients of one value are one derivation.
    /// With them warnings about options that are not there yet.
    ///
    /// ```
    /// let (derivations, _) = chainrule::Model::read("iris")?.derive()?;
    /// assert_eq!(derivations[0].steps[0].name, "dJ/dz2");
    /// assert!(derivations[0].gradients.iter().any(|g| g.wrt == "W0" && g.shape == "H x d"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A value has no derivative, or a limit is reached; the error points at the line.
    pub fn derive(&self) -> Result<(Vec<Derive>, Vec<Diagnostic>), Error> {
        let document = self.document(&DeriveOptions::default())?;
        Ok((document.derivations, document.warnings))
    }

    /// The derivations of the file, or those that the options ask for, as a document.
    ///
    /// ```
    /// use chainrule::{DeriveOptions, Model};
    ///
    /// let options = DeriveOptions { wrt: vec!["W2".into()], ..DeriveOptions::default() };
    /// let document = Model::read("cifar2")?.document(&options)?;
    /// assert!(document.text().contains("∂Jt/∂W2"));
    /// assert!(document.latex().contains(r"\frac{\partial J_{t}}{\partial W_{2}}"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A name is not one of the file, a value has no derivative, or a limit is reached.
    pub fn document(&self, options: &DeriveOptions) -> Result<Document, Error> {
        document::document(self, options)
    }
}

impl Derive {
    /// A sub-step in LaTeX: `left = right`, or `= right`.
    pub fn latex_of(&self, detail: &Detail) -> String {
        let side = |e: &Expr| crate::notation::latex(&self.typeset(e));
        let left = detail.left.as_ref().map(|l| side(l) + " ").unwrap_or_default();
        format!("{left}= {}", side(&detail.right))
    }

    /// The variables for a title: all of them, or the first of many and their number.
    fn variables(&self, write: impl Fn(&str) -> String) -> String {
        const MOST: usize = 8;
        let names = self.gradients.iter().map(|g| write(&g.wrt));
        match self.gradients.len() {
            count if count > MOST => {
                let first: Vec<String> = names.take(MOST / 2).collect();
                format!("{}, .. ({count} names)", first.join(", "))
            }
            _ => names.collect::<Vec<_>>().join(", "),
        }
    }

    /// A sentence, with what stands between backticks as mathematics.
    fn sentence(
        &self,
        text: &str,
        words: impl Fn(&str) -> String,
        math: impl Fn(&crate::notation::Math) -> String,
    ) -> String {
        let mut out = String::new();
        for (i, part) in text.split('`').enumerate() {
            match crate::notation::read(part).filter(|_| i % 2 == 1) {
                Some(formula) => out.push_str(&math(&self.typeset(&formula))),
                None => out.push_str(&words(part)),
            }
        }
        out
    }

    /// A formula on paper, with the names of this derivation's model.
    fn typeset(&self, expr: &Expr) -> crate::notation::Math {
        crate::notation::typeset(&self.context, expr)
    }

    fn new(module: &Module, of: &str, options: &options::Chosen) -> Derive {
        Derive {
            model: module.name.clone(),
            of: of.into(),
            title: String::new(),
            layout: options.layout.map_or("gradient", Layout::text),
            form: "batch",
            depth: options.depth.text(),
            names: Vec::new(),
            gradients: Vec::new(),
            steps: Vec::new(),
            blocks: Vec::new(),
            notes: Vec::new(),
            context: Context::of(module),
        }
    }

    /// What remains when the lines stand: the names they read, the title, the blocks.
    fn finish(&mut self, module: &Module) {
        let mut texts: Vec<String> = self.steps.iter().map(|s| s.text.clone()).collect();
        for block in self.blocks.iter().filter(|b| !b.title.is_empty()) {
            texts.extend(block.equations.iter().map(|d| print::expr(&d.right)));
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        self.names = names::names(module, &texts);
        if self.names.iter().any(|n| n.type_text.contains(" per ")) {
            self.form = "sample";
            if self.steps.iter().any(|s| s.shape.contains(" per ")) {
                let per = self.names.iter().find_map(|n| n.type_text.split_once(" per "));
                let per = per.map_or("", |(_, per)| per);
                let note =
                    format!("Names per {per} are those of one sample; its number is left out.");
                self.notes.push(note);
            }
        }
        self.notes.extend(conditions::note(module, &self.steps));
        if self.title.is_empty() {
            let wrt = self.variables(str::to_string);
            let single = self.steps.len() == 1 && self.gradients.len() == 1;
            self.title = match &self.steps[..] {
                [step] if single => step.name.clone(),
                _ => format!("gradient of {} by {wrt}", self.of),
            };
        }
        if self.blocks.is_empty() {
            let steps = 0..self.steps.len();
            self.blocks.push(Block { title: String::new(), equations: Vec::new(), steps });
        }
    }
}

/// The name of what is differentiated, or its formula.
fn title_of(module: &Module, of: chainrule_graph::NodeId) -> String {
    raise::text(module, of)
}

/// The word with a capital letter.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |c| c.to_uppercase().chain(letters).collect())
}

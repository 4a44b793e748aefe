//! A model: an equation file, read and shaped.

use std::path::Path;

use chainrule_graph::{Module, Reading};

use crate::show::{Setting, Show, apply};
use crate::{BUILTIN, Diagnostic, Error, LoweredPage, Source, builtin};

/// An equation file that was read without an error: its source, its models, its warnings.
#[derive(Clone, Debug)]
pub struct Model {
    source: Source,
    reading: Reading,
}

impl Model {
    /// Reads the file at `path`; a bare name without a file is a built-in example.
    ///
    /// ```
    /// let iris = chainrule::Model::read("iris")?;
    /// assert_eq!(iris.modules()[0].name, "iris");
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The file cannot be read, is larger than the language's limit, is no UTF-8, or has mistakes
    /// (all of them are in the error).
    pub fn read(path: impl AsRef<Path>) -> Result<Model, Error> {
        let (name, text) = read_text(path.as_ref())?;
        Model::parse(name, text)
    }

    /// Reads `text`; `name` is used in messages.
    ///
    /// ```
    /// let wrong = "size n, m\ngiven\n  A : R[m, n]\n  x : R[m]\nnet\n  y = A x\n";
    /// let error = chainrule::Model::parse("net.eqn", wrong).unwrap_err();
    /// let (_, diagnostics) = error.diagnostics().unwrap();
    /// assert_eq!(diagnostics[0].repairs[0].message, "this fits: `A^T x`");
    /// ```
    ///
    /// # Errors
    ///
    /// The text has mistakes: all of them are in the error.
    pub fn parse(name: impl Into<String>, text: impl Into<String>) -> Result<Model, Error> {
        let source = Source::new(name, text);
        let reading = chainrule_graph::read(source.text());
        if reading.is_ok() {
            Ok(Model { source, reading })
        } else {
            Err(Error::equations(source, reading.diagnostics, reading.omitted))
        }
    }

    /// What was read from a text.
    pub(crate) fn of(source: Source, reading: Reading) -> Model {
        Model { source, reading }
    }

    /// The same file with sizes and constants set to other numbers, as `--set H=8` does.
    ///
    /// ```
    /// let iris = chainrule::Model::read("iris")?.with([("H", "8")])?;
    /// assert_eq!(iris.show()[0].parameters, Some(67));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A name is no size or constant of the file, a value is no number, or the file has mistakes
    /// with these numbers.
    pub fn with<'s>(
        &self,
        settings: impl IntoIterator<Item = (&'s str, &'s str)>,
    ) -> Result<Model, Error> {
        let settings = settings.into_iter().map(|(name, value)| Setting { name, value });
        let text = apply(settings, &self.source, &self.reading.file)?;
        Model::parse(self.source.name(), text)
    }

    /// The names that [`Model::with`] can set: sizes and constants of the file.
    pub fn settings(&self) -> Vec<String> {
        crate::show::names(&self.reading.file)
    }

    /// The text it was read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The tree.
    pub fn file(&self) -> &chainrule_syntax::ast::File {
        &self.reading.file
    }

    /// The models of the file, in order; at least one.
    pub fn modules(&self) -> &[Module] {
        &self.reading.modules
    }

    /// What is probably not as meant; also why a claim is ill-formed whose verdict is not expected
    /// to be that.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let mut all = self.reading.diagnostics.clone();
        for claim in self.modules().iter().flat_map(|m| &m.claims) {
            use chainrule_syntax::ast::Expected;
            let expected = matches!(
                claim.expect,
                Some(Expected::IllFormed | Expected::TrueAsFactor | Expected::TrueInLayout)
            );
            if expected {
                continue;
            }
            for found in &claim.ill_formed {
                let mut found = found.clone();
                found.severity = crate::Severity::Warning;
                found.message =
                    format!("the claim \"{}\" is ill-formed: {}", claim.name, found.message);
                all.push(found);
            }
        }
        all.sort_by_key(|d| (d.span().start, d.span().end));
        all
    }

    /// What the file says, explained: one entry a model.
    pub fn show(&self) -> Vec<Show> {
        self.modules().iter().map(|module| Show::new(self, module)).collect()
    }
}

impl Model {
    /// What a training step comes to: its matrix products and convolutions with their sizes. `rows`
    /// is the number of samples a step; without it, that of the file's first training.
    ///
    /// ```
    /// let mlp = chainrule::Model::read("mlp")?;
    /// let step = &mlp.lowered(Some(128))?[0];
    /// assert_eq!(step.contractions.len(), 8);
    /// assert_eq!(step.flops, Some(410_779_648));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A loss has no gradient.
    pub fn lowered(&self, rows: Option<u64>) -> Result<Vec<LoweredPage>, Error> {
        let page = |module| crate::lowered::page(module, rows).map_err(|r| Error::refused(r.0));
        self.modules().iter().map(page).collect()
    }

    /// The lowered graph of each model after a pass: one of [`Model::PASSES`].
    ///
    /// # Errors
    ///
    /// A loss has no gradient.
    pub fn dump(&self, pass: &str) -> Result<Vec<String>, Error> {
        let dump = |module| crate::lowered::dump(module, pass).map_err(|r| Error::refused(r.0));
        self.modules().iter().map(dump).collect()
    }

    /// What can be dumped: the equations with their derivatives, then the passes of lowering.
    pub const PASSES: [&str; 6] = ["graph", "loops", "sums", "pointwise", "solved", "lowered"];
}

/// Formats the text of an equation file: one spacing, aligned columns, comments kept.
///
/// ```
/// let text = chainrule::format("net.eqn", "net\n  z1=W0 x+b0\n  p=softmax( z1 )\n")?;
/// assert_eq!(text, "net\n  z1 = W0 x + b0\n  p  = softmax(z1)\n");
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
///
/// The text has syntax errors other than tabs in the indentation, which formatting repairs.
pub fn format(name: &str, text: &str) -> Result<String, Error> {
    chainrule_syntax::format::format(text).map_err(|parsed| {
        Error::equations(Source::new(name, text), parsed.diagnostics, parsed.omitted)
    })
}

/// Name and text of the file at `path`, or of the built-in example of that name.
///
/// # Errors
///
/// The file cannot be read, is larger than the language's limit, or is no UTF-8.
pub fn read_text(path: &Path) -> Result<(String, String), Error> {
    let name = path.display().to_string();
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {
            let cause = std::io::Error::new(std::io::ErrorKind::IsADirectory, "it is a folder");
            Err(Error::io("reading", path, cause))
        }
        Ok(_) => match text_of(path) {
            Ok(text) => Ok((name, text)),
            Err(cause) => Err(Error::io("reading", path, cause)),
        },
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => match builtin(&name) {
            Some(text) => Ok((name, text.into())),
            None => Err(unknown_file(&name)),
        },
        Err(cause) => Err(Error::io("reading", path, cause)),
    }
}

/// At most one byte more than the language's limit is read, whatever the file's size is.
fn text_of(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let limit = chainrule_syntax::limits::TEXT_BYTES as u64;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    let invalid = |text: String| std::io::Error::new(std::io::ErrorKind::InvalidData, text);
    if bytes.len() as u64 > limit {
        return Err(invalid(format!("it has more than {limit} bytes, too many for equations")));
    }
    String::from_utf8(bytes).map_err(|bad| {
        let valid = bad.utf8_error().valid_up_to();
        let line = bad.as_bytes()[..valid].iter().filter(|b| **b == b'\n').count() + 1;
        invalid(format!("line {line} (byte {valid}) is no UTF-8 text"))
    })
}

fn unknown_file(name: &str) -> Error {
    let names: Vec<&str> = BUILTIN.iter().map(|(n, _)| *n).collect();
    let near = chainrule_syntax::suggest::nearest(name, names.iter().copied());
    let hint = near.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
    Error::not_found(format!(
        "there is no file `{name}`, and no built-in example of that name ({}){hint}",
        names.join(", ")
    ))
}

impl From<chainrule_graph::builder::Built> for Model {
    /// A model built in Rust, as if read from its equation file.
    fn from(built: chainrule_graph::builder::Built) -> Model {
        let source = Source::new("<built>", built.text);
        let reading = chainrule_graph::read(source.text());
        Model { source, reading }
    }
}

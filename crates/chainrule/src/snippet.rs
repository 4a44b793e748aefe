//! One line instead of a file: declarations, then a claim or a formula.
//!
//! `W : R[m, n]; x : R[n]; L = ||W x||^2; dL/dW = 2 W x x^T` is turned into an equation file: what
//! has a type is given, what has a value is a definition, sizes that types speak of are declared.
//! The places of what is found in that file are turned back into places of the snippet.

mod assemble;
mod items;

use crate::{Diagnostic, Error, Model, Source, Span};

/// What stands last in a snippet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Last {
    /// A claim: `dL/dW = 2 W x x^T where ..`.
    Claim,
    /// A formula, with or without a name: `||A x||^2`, `L = ||A x||^2`.
    Formula,
}

/// A snippet, read: the equation file it stands for, and its own text.
#[derive(Clone, Debug)]
pub struct Snippet {
    model: Model,
    source: Source,
    name: Option<String>,
    pieces: Vec<assemble::Piece>,
}

impl Model {
    /// Reads declarations and, last, a claim or a formula, with `;` or new lines between them.
    ///
    /// Items are `x : R[n]` (a given value), `y = A x` or `y : R[n] = A x` (a definition), or a
    /// statement with its block word (`size n = 3`, `batch N`, `param W : R[n] ~ he`). Names in
    /// types that nothing declares are sizes, names behind `per` batches. Lines that begin with an
    /// operator or with a word such as `where` go on.
    ///
    /// ```
    /// use chainrule::{Last, Model};
    ///
    /// let text = "A : R[n, n]; x : R[n]; grad(x^T A x, x) = (A + A^T) x";
    /// let snippet = Model::snippet(text, Last::Claim)?;
    /// assert_eq!(snippet.model().modules()[0].claims.len(), 1);
    ///
    /// let snippet = Model::snippet("A : R[n, n]; x : R[n]; ||A x||^2", Last::Formula)?;
    /// assert_eq!(snippet.name(), Some("f"));
    ///
    /// let wrong = Model::snippet("A : R[n, m]; x : R[n]; A x", Last::Formula).unwrap_err();
    /// let (source, found) = wrong.diagnostics().unwrap();
    /// assert_eq!(found[0].span().text(source.text()), "A");
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The text has mistakes: all of them are in the error, with their places in `text`.
    pub fn snippet(text: &str, last: Last) -> Result<Snippet, Error> {
        let source = Source::new("<expression>", text);
        let assembled = match assemble::assembled(text, last) {
            Ok(assembled) => assembled,
            Err(found) => return Err(Error::equations(source, vec![found], 0)),
        };
        let (name, pieces) = (assembled.name, assembled.pieces);
        let whole = Source::new("<expression>", assembled.text);
        let reading = chainrule_graph::read(whole.text());
        if reading.is_ok() {
            return Ok(Snippet { model: Model::of(whole, reading), source, name, pieces });
        }
        let found = reading.diagnostics.into_iter().map(|d| moved(&pieces, d)).collect();
        Err(Error::equations(source, found, reading.omitted))
    }
}

impl Snippet {
    /// The equation file that the snippet stands for.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The snippet as it was written, with which messages are shown.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The name of the value that stands last, if it is a formula.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What is probably not as meant, with places in the snippet; see [`Model::warnings`].
    pub fn warnings(&self) -> Vec<Diagnostic> {
        self.model.warnings().into_iter().map(|d| self.found(d)).collect()
    }

    /// Something found in the equation file, with its places in the snippet.
    pub fn found(&self, found: Diagnostic) -> Diagnostic {
        moved(&self.pieces, found)
    }
}

/// A diagnostic of the file, moved into the snippet. Repairs that change what the snippet does not
/// hold are dropped.
fn moved(pieces: &[assemble::Piece], mut found: Diagnostic) -> Diagnostic {
    for label in &mut found.labels {
        label.span = place(pieces, label.span);
    }
    found.repairs.retain_mut(|repair| {
        repair.edits.iter_mut().all(|edit| {
            let inside = pieces.iter().any(|p| p.file().contains(edit.span));
            edit.span = place(pieces, edit.span);
            inside
        })
    });
    found
}

/// The place in the snippet of a place in the file.
fn place(pieces: &[assemble::Piece], span: Span) -> Span {
    let start = pieces
        .iter()
        .find(|p| p.file().end >= span.start)
        .or(pieces.last())
        .map_or(0, |p| p.back(span.start));
    let end = pieces
        .iter()
        .rev()
        .find(|p| p.file().start <= span.end)
        .map_or(start, |p| p.back(span.end));
    Span { start, end: end.max(start) }
}

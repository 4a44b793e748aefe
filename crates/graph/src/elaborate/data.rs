//! Statements of `data`: sources, splits, further parts, generators. No file is opened here.

use chainrule_syntax::ast::{Declaration, Initial, Name, SourceOption, StatementKind, WordNumber};
use chainrule_syntax::{Diagnostic, Span};

use super::settings::{FORMATS, GENERATOR_OPTIONS, GENERATORS, PARTS};
use super::{Elaborator, Meaning};
use crate::module::Role;
use crate::size::{Ratio, Size};
use crate::types::{Kind, Type};

impl Elaborator<'_> {
    /// The format, and as many columns as the value has entries.
    pub(crate) fn check_source(&mut self, decl: &Declaration, ty: &Type) {
        let Initial::Source(source) = &decl.initial else { return };
        let _ = self.check_setting("unknown-format", "a data format", &source.format, FORMATS);
        for option in &source.options {
            match option {
                SourceOption::Column(column) => {
                    let _ = self.check_whole("a column", column.value, 1.0, column.span);
                    if matches!(ty.kind, Kind::Label(_)) || ty.is_scalar() {
                        continue;
                    }
                    self.check_columns(ty, 1.0, column.span, None);
                }
                SourceOption::Columns(first, last) => {
                    let span = first.span.to(last.span);
                    let _ = self.check_whole("a column", first.value, 1.0, first.span);
                    if last.value < first.value {
                        let message = format!(
                            "columns {} to {}: the last lies before the first",
                            first.text, last.text
                        );
                        self.report(Diagnostic::error("column-range", message, span, ""));
                        continue;
                    }
                    self.check_columns(ty, last.value - first.value + 1.0, span, Some(first.value));
                }
                SourceOption::Word(_) => {}
            }
        }
    }

    fn check_columns(&mut self, ty: &Type, columns: f64, span: Span, first: Option<f64>) {
        let dims: Vec<Size> =
            ty.element_dims(&self.out.sizes).into_iter().map(|i| ty.dims[i].clone()).collect();
        let Ok(total) = Size::product(&dims) else { return };
        let Some(wanted) = total.value(&self.out.sizes).and_then(Ratio::whole) else { return };
        if wanted as f64 == columns {
            return;
        }
        let size = self.size_text(&total);
        let s = if columns == 1.0 { "" } else { "s" };
        let equals =
            if size == wanted.to_string() { String::new() } else { format!(" = {wanted}") };
        let message = format!("{columns} column{s} for {size}{equals} entries");
        let mut found =
            Diagnostic::error("column-count", message, span, format!("{columns} column{s}"));
        if let Some(first) = first {
            let text = format!("{first}..{}", first + wanted as f64 - 1.0);
            found = found.replace(format!("`columns {text}`"), span, text);
        }
        self.report(found);
    }

    pub(crate) fn data_statement(&mut self, kind: &StatementKind, span: Span) {
        match kind {
            StatementKind::Split(parts) => self.split(parts),
            StatementKind::Extra { part, names, format, files } => {
                let _ = self.check_setting("unknown-format", "a data format", format, FORMATS);
                self.check_data_names(names);
                if files.len() != names.len() && files.len() != 1 {
                    let message = format!("{} values and {} files", names.len(), files.len());
                    let what = part.as_ref().map_or(span, |p| p.span);
                    self.report(
                        Diagnostic::error("file-count", message, what, "")
                            .note("one file for all values, or one for each"),
                    );
                }
            }
            StatementKind::Generated { names, generator, options } => {
                self.check_data_names(names);
                let known =
                    self.check_setting("unknown-generator", "a generator", generator, GENERATORS);
                if known.is_some() {
                    self.generator_options(options);
                }
            }
            _ => {}
        }
    }

    fn generator_options(&mut self, options: &[WordNumber]) {
        for option in options {
            match &option.word {
                None => {
                    let number = &option.number;
                    let _ = self.check_whole("the number of rows", number.value, 1.0, number.span);
                }
                Some(word) => {
                    let _ = self.check_setting(
                        "unknown-generator-option",
                        "an option of a generator",
                        word,
                        GENERATOR_OPTIONS,
                    );
                }
            }
        }
    }

    fn check_data_names(&mut self, names: &[Name]) {
        for name in names {
            match self.scope.get(&name.text) {
                Some((Meaning::Symbol(id), declared)) => {
                    if self.out.symbol(*id).role != Role::Data {
                        let message = format!("`{}` is no data", name.text);
                        let found = Diagnostic::error("not-data", message, name.span, "")
                            .label(declared, "declared here");
                        self.report(found);
                    }
                }
                Some((Meaning::Unknown, _)) => {}
                Some(_) => {
                    let message = format!("`{}` is no data", name.text);
                    self.report(Diagnostic::error("not-data", message, name.span, ""));
                }
                None => {
                    let _: Option<()> = self.undefined(&name.text, name.span);
                }
            }
        }
    }

    fn split(&mut self, parts: &[WordNumber]) {
        let mut seen: Vec<&str> = Vec::new();
        for part in parts {
            let Some(word) = &part.word else { continue };
            if self.check_setting("unknown-part", "a part of the data", word, PARTS).is_none() {
                continue;
            }
            if seen.contains(&&*word.text) {
                let message = format!("`{}` is given twice", word.text);
                self.report(Diagnostic::error("clause-twice", message, word.span, ""));
            }
            seen.push(&word.text);
            let (value, span) = (part.number.value, part.number.span);
            if word.text == "seed" {
                let _ = self.check_whole("a seed", value, 0.0, span);
            } else if value >= 1.0 {
                let _ = self.check_whole("a number of rows", value, 1.0, span);
            } else if value <= 0.0 {
                let message = format!("a part has rows or a share between 0 and 1, not {value}");
                self.report(Diagnostic::error("option-value", message, span, ""));
            }
        }
    }
}

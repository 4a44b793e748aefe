//! Sizes and constants set from outside.

use chainrule_syntax::ast::{File, StatementKind};
use chainrule_syntax::{Source, Span};

use crate::Error;

/// `H=8`: a size or constant of the file and its new number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting<'s> {
    /// The name.
    pub name: &'s str,
    /// The number, as text.
    pub value: &'s str,
}

impl Setting<'_> {
    /// The text of the file with this number in place of its own.
    pub(crate) fn apply(self, source: &Source, file: &File, text: &str) -> Result<String, Error> {
        let number: Option<f64> = self.value.trim().parse().ok().filter(|v: &f64| v.is_finite());
        if number.is_none() {
            let message = format!("`--set {}={}`: a number is needed", self.name, self.value);
            return Err(Error::setting(message));
        }
        let Some((name, value)) =
            places(file).into_iter().find(|(n, _, _)| *n == self.name).map(|(_, n, v)| (n, v))
        else {
            let known: Vec<String> = places(file).into_iter().map(|(n, _, _)| n).collect();
            let message = format!(
                "`--set {}`: {} has no size or constant of that name (it has {})",
                self.name,
                source.name(),
                if known.is_empty() { "none".into() } else { known.join(", ") }
            );
            return Err(Error::setting(message));
        };
        // Earlier settings may have moved the text: places are found anew each time.
        let parsed = chainrule_syntax::parse(text);
        let moved = places(&parsed.file).into_iter().find(|(n, _, _)| *n == self.name);
        let (name, value) = moved.map_or((name, value), |(_, n, v)| (n, v));
        let mut out = text.to_string();
        match value {
            Some(value) => out.replace_range(value.range(), self.value.trim()),
            None => out.insert_str(name.end as usize, &format!(" = {}", self.value.trim())),
        }
        Ok(out)
    }
}

/// Every size and constant: its name, the place of the name, the place of its value.
fn places(file: &File) -> Vec<(String, Span, Option<Span>)> {
    let mut out = Vec::new();
    for statement in file.blocks.iter().flat_map(|b| &b.statements) {
        match &statement.kind {
            StatementKind::Sizes(list) => {
                for size in list.iter().filter(|s| s.member.is_none()) {
                    let value = size.value.as_ref().map(|v| v.span);
                    out.push((size.name.text.clone(), size.name.span, value));
                }
            }
            StatementKind::Consts(list) => {
                for constant in list {
                    let name = &constant.name;
                    out.push((name.text.clone(), name.span, Some(constant.value.span)));
                }
            }
            _ => {}
        }
    }
    out
}

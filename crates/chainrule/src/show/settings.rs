//! Sizes and constants set from outside.

use chainrule_syntax::ast::{File, StatementKind};
use chainrule_syntax::lex::lex;
use chainrule_syntax::token::TokenKind;
use chainrule_syntax::{Edit, Repair, Source, Span};

use crate::Error;

/// Whole numbers up to here are exact.
const SIZES: f64 = 9_007_199_254_740_992.0;

/// `H=8`: a size or constant of the file and its new number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting<'s> {
    /// The name.
    pub name: &'s str,
    /// The number, as text.
    pub value: &'s str,
}

impl Setting<'_> {
    /// The change of the file's text that puts this number in place of its own.
    fn edit(self, source: &Source, file: &File) -> Result<Edit, Error> {
        if !is_number(self.value) {
            let message = format!(
                "`--set {}={}`: a number is needed as the language writes it: 3, 0.5, 1e-4",
                self.name, self.value
            );
            return Err(Error::setting(message));
        }
        check_size(self, file)?;
        let places = places(file);
        let Some((_, name, value)) = places.iter().find(|(n, _, _)| n == self.name) else {
            let known: Vec<&str> = places.iter().map(|(n, _, _)| n.as_str()).collect();
            let message = format!(
                "`--set {}`: {} has no size or constant of that name (it has {})",
                self.name,
                source.name(),
                if known.is_empty() { "none".into() } else { known.join(", ") }
            );
            return Err(Error::setting(message));
        };
        Ok(match value {
            Some(value) => Edit { span: *value, text: self.value.trim().into() },
            None => Edit { span: name.after(), text: format!(" = {}", self.value.trim()) },
        })
    }
}

/// The text of the file with all settings in place; a later one of the same name wins.
pub(crate) fn apply<'s>(
    settings: impl IntoIterator<Item = Setting<'s>>,
    source: &Source,
    file: &File,
) -> Result<String, Error> {
    let mut edits: Vec<Edit> = Vec::new();
    for setting in settings {
        let edit = setting.edit(source, file)?;
        edits.retain(|e| e.span != edit.span);
        edits.push(edit);
    }
    let repair = Repair::edits("", edits);
    repair.apply(source.text()).ok_or_else(|| Error::setting("the settings overlap".into()))
}

/// Refuses a size that is none; in the text it would bring further errors.
pub(crate) fn check_size(setting: Setting<'_>, file: &File) -> Result<(), Error> {
    let statements = file.blocks.iter().flat_map(|b| &b.statements);
    let mut sizes = statements.filter_map(|statement| match &statement.kind {
        StatementKind::Sizes(list) => Some(list.iter().filter(|s| s.member.is_none())),
        _ => None,
    });
    let is_size = sizes.any(|mut list| list.any(|size| size.name.text == setting.name));
    let whole = |value: f64| value.fract() == 0.0 && (1.0..=SIZES).contains(&value);
    if !is_size || setting.value.trim().parse().is_ok_and(whole) {
        return Ok(());
    }
    let Setting { name, value } = setting;
    Err(Error::setting(format!(
        "`--set {name}={value}`: `{name}` is a size, a whole number from 1"
    )))
}

/// The names of sizes and constants.
pub(crate) fn names(file: &File) -> Vec<String> {
    places(file).into_iter().map(|(name, _, _)| name).collect()
}

/// Whether a text is one number of the language, perhaps with a minus.
pub(crate) fn is_number(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let lexed = lex(digits);
    let one = matches!(
        lexed.tokens.as_slice(),
        [t] if t.kind == TokenKind::Number && t.span.text(digits) == digits
    );
    one && digits.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Every size and constant: its name, the place of the name, the place of its value.
pub(crate) fn places(file: &File) -> Vec<(String, Span, Option<Span>)> {
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

//! The table of names.

use std::collections::BTreeSet;

use chainrule_graph::Module;
use chainrule_graph::module::{self, Role};

use super::Named;

/// The names that stand in formulas as they are printed, in the order they are declared; cotangents
/// have their own lines.
pub(super) fn names(module: &Module, formulas: &[&str]) -> Vec<Named> {
    let mut words: BTreeSet<&str> = BTreeSet::new();
    for text in formulas {
        let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '\'';
        let mut at = 0;
        while let Some(start) = text[at..].find(inside).map(|i| at + i) {
            let end = text[start..].find(|c| !inside(c)).map_or(text.len(), |i| start + i);
            words.insert(&text[start..end]);
            words.insert(text[start..end].trim_end_matches('\''));
            // A member of a family: `h[4]`.
            if text[end..].starts_with('[')
                && let Some(close) = text[end..].find(']')
            {
                words.insert(&text[start..=end + close]);
            }
            at = end;
        }
    }
    let shown = |s: &&module::Symbol| {
        !matches!(s.role, Role::Derived | Role::Local) && words.contains(s.name.as_str())
    };
    let named =
        |s: &module::Symbol| Named { name: s.name.clone(), type_text: module.type_text(&s.ty) };
    module.symbols.iter().filter(shown).map(named).collect()
}

//! What a formula's names are: known from the module they come from.

use std::collections::{BTreeMap, BTreeSet};

use chainrule_graph::Module;

/// What the notation must know of the names it writes.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Names that are values, with the number of their axes.
    values: BTreeMap<String, usize>,
    /// Families: `W` of `W[1]`, `W[2]`.
    families: BTreeSet<String>,
    /// Sizes; those that count samples with the letter that numbers them.
    sizes: BTreeMap<String, Option<String>>,
    /// Names that would look like another one, and are written letter by letter.
    verbatim: BTreeSet<String>,
}

impl Context {
    /// The names of `module`.
    pub fn of(module: &Module) -> Context {
        let mut out = Context::default();
        for symbol in &module.symbols {
            match symbol.name.strip_suffix(']').and_then(|n| n.split_once('[')) {
                Some((family, _)) => {
                    out.families.insert(family.into());
                    out.values.entry(family.into()).or_insert(symbol.ty.dims.len());
                }
                None => {
                    out.values.insert(symbol.name.clone(), symbol.ty.dims.len());
                }
            }
        }
        let base = module.sizes.base().map(|(_, def)| (def.name.clone(), def.batch));
        let derived = module.sizes.derived().iter().map(|(name, ..)| (name.clone(), false));
        let sizes: Vec<(String, bool)> = base.chain(derived).collect();
        for (name, is_batch) in &sizes {
            let letter = is_batch.then(|| out.letter(name, &sizes));
            out.sizes.insert(name.clone(), letter);
        }
        out.collisions();
        out
    }

    /// A letter for the samples that `batch` counts: its own small one, or the next that is free.
    fn letter(&self, batch: &str, sizes: &[(String, bool)]) -> String {
        let own = batch.to_lowercase();
        let mut letters = std::iter::once(own.as_str()).chain(["n", "i", "s", "m", "t"]);
        let free = |l: &&str| {
            l.len() == 1
                && !self.values.contains_key(*l)
                && !sizes.iter().any(|(s, _)| s == l)
                && !self.sizes.values().flatten().any(|used| used == l)
        };
        letters.find(free).unwrap_or("nu").into()
    }

    /// Two names that look alike are both written as they are.
    fn collisions(&mut self) {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for name in self.values.keys().chain(self.sizes.keys()) {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if !name.chars().all(plain) {
                continue;
            }
            let looks = super::latex(&super::name::name(&Context::default(), name));
            if let Some(other) = seen.insert(looks, name.clone()).filter(|o| o != name) {
                self.verbatim.extend([other, name.clone()]);
            }
        }
    }

    /// The number of axes of a value; `None` for a name that is no value.
    pub(super) fn rank(&self, name: &str) -> Option<usize> {
        self.values.get(name).copied()
    }

    /// Whether the name is a size.
    pub(super) fn is_size(&self, name: &str) -> bool {
        self.sizes.contains_key(name)
    }

    /// The letter that numbers the samples of a batch axis.
    pub(super) fn sample(&self, name: &str) -> Option<&str> {
        self.sizes.get(name)?.as_deref()
    }

    pub(super) fn is_family(&self, name: &str) -> bool {
        self.families.contains(name)
    }

    pub(super) fn is_verbatim(&self, name: &str) -> bool {
        self.verbatim.contains(name)
    }
}

//! The terms of a polynomial, shared and hashed once: sizes are copied into every type and compared
//! at every operation.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::{Monomial, Ratio};

/// Terms sorted by monomial, without zero coefficients.
#[derive(Clone)]
pub(crate) struct Terms(Arc<Hashed>);

struct Hashed {
    hash: u64,
    list: Box<[(Monomial, Ratio)]>,
}

impl Terms {
    pub(crate) fn new(list: Vec<(Monomial, Ratio)>) -> Terms {
        let mut hasher = DefaultHasher::new();
        list.hash(&mut hasher);
        Terms(Arc::new(Hashed { hash: hasher.finish(), list: list.into() }))
    }
}

impl std::ops::Deref for Terms {
    type Target = [(Monomial, Ratio)];

    fn deref(&self) -> &Self::Target {
        &self.0.list
    }
}

impl PartialEq for Terms {
    fn eq(&self, other: &Terms) -> bool {
        let same = Arc::ptr_eq(&self.0, &other.0);
        same || self.0.hash == other.0.hash && self.0.list == other.0.list
    }
}

impl Eq for Terms {}

impl Hash for Terms {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl PartialOrd for Terms {
    fn partial_cmp(&self, other: &Terms) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Terms {
    fn cmp(&self, other: &Terms) -> Ordering {
        self.0.list.cmp(&other.0.list)
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.list.fmt(f)
    }
}

//! Named axes: batch axes and indices.

use std::collections::BTreeMap;

use chainrule_syntax::Span;

use crate::index::{AxisId, SizeId};
use crate::size::Size;

/// A named axis that rides along with values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axis {
    /// `N`, `i`
    pub name: String,
    /// How far it runs; `None` until the accesses tell.
    pub extent: Option<Size>,
    /// The batch axis this is; an index otherwise.
    pub batch: Option<SizeId>,
    /// Where it is introduced.
    pub span: Span,
}

/// All axes of a module.
#[derive(Clone, Default, Debug)]
pub struct Axes {
    axes: Vec<Axis>,
    batches: BTreeMap<SizeId, AxisId>,
}

impl Axes {
    /// Adds an axis.
    pub fn add(&mut self, axis: Axis) -> AxisId {
        let id = AxisId::new(self.axes.len());
        if let Some(size) = axis.batch {
            self.batches.entry(size).or_insert(id);
        }
        self.axes.push(axis);
        id
    }

    /// The axis behind `id`.
    pub fn get(&self, id: AxisId) -> &Axis {
        &self.axes[id.index()]
    }

    /// Sets how far `id` runs.
    pub fn set_extent(&mut self, id: AxisId, extent: Size) {
        self.axes[id.index()].extent = Some(extent);
    }

    /// Whether `id` is a batch axis.
    pub fn is_batch(&self, id: AxisId) -> bool {
        self.get(id).batch.is_some()
    }

    /// The batch axis of the size `size`.
    pub fn of_batch(&self, size: SizeId) -> Option<AxisId> {
        self.batches.get(&size).copied()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.axes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.axes.is_empty()
    }
}

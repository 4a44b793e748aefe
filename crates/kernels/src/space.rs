//! Index spaces: axes that can be one are made one, and places are found by counting.

use crate::program::{Access, Affine, Axis, Label};

/// Axes and the affine forms over them that an instruction needs; equal forms are one.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    pub(crate) axes: Vec<Axis>,
    pub(crate) forms: Vec<Affine>,
}

/// An access by its forms.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) at: usize,
    /// A form and how far it may go.
    pub(crate) guards: Vec<(usize, usize)>,
    pub(crate) label: Option<Label>,
}

impl Space {
    pub(crate) fn new(axes: &[Axis]) -> Space {
        Space { axes: axes.to_vec(), forms: Vec::new() }
    }

    /// The number of a form.
    pub(crate) fn form(&mut self, form: &Affine) -> usize {
        if let Some(at) = self.forms.iter().position(|old| old == form) {
            return at;
        }
        self.forms.push(form.clone());
        self.forms.len() - 1
    }

    pub(crate) fn site(&mut self, access: &Access) -> Site {
        let at = self.form(&access.at);
        let guards =
            access.guards.iter().map(|guard| (self.form(&guard.at), guard.extent)).collect();
        Site { at, guards, label: access.label }
    }

    /// The number of points.
    pub(crate) fn points(&self) -> usize {
        self.axes.iter().map(|axis| axis.extent).product()
    }

    fn remove(&mut self, axis: usize) {
        self.axes.remove(axis);
        for form in &mut self.forms {
            form.strides.remove(axis);
        }
    }

    /// Leaves out axes of one entry and joins neighbours that every form runs through as one.
    /// The order of points stays.
    pub(crate) fn collapse(&mut self) {
        self.collapse_within(&mut vec![0; self.axes.len()]);
    }

    /// As [`Space::collapse`], for axes in groups: those of different groups stay apart. `groups`
    /// has the group of each axis and follows.
    pub(crate) fn collapse_within(&mut self, groups: &mut Vec<usize>) {
        for axis in (0..self.axes.len()).rev() {
            if self.axes[axis].extent == 1 {
                self.remove(axis);
                groups.remove(axis);
            }
        }
        let mut axis = self.axes.len();
        while axis >= 2 {
            axis -= 1;
            let (outer, inner) = (self.axes[axis - 1], self.axes[axis]);
            let joined = outer.folded == inner.folded
                && groups[axis - 1] == groups[axis]
                && self.forms.iter().all(|form| {
                    let follows = form.strides[axis].checked_mul(inner.extent as isize);
                    follows == Some(form.strides[axis - 1])
                });
            if joined {
                self.axes[axis].extent *= outer.extent;
                self.remove(axis - 1);
                groups.remove(axis - 1);
            }
        }
    }

    /// The stride of an axis in every form.
    pub(crate) fn strides(&self, axis: usize) -> Vec<isize> {
        self.forms.iter().map(|form| form.strides[axis]).collect()
    }

    /// Takes an axis out, with its stride in every form.
    pub(crate) fn take(&mut self, axis: usize) -> (Axis, Vec<isize>) {
        let strides = self.strides(axis);
        let taken = self.axes[axis];
        self.remove(axis);
        (taken, strides)
    }
}

/// Axes to count through, each with a stride for every form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walk {
    axes: Vec<(usize, Vec<isize>)>,
}

impl Walk {
    pub(crate) fn push(&mut self, extent: usize, strides: Vec<isize>) {
        self.axes.push((extent, strides));
    }

    /// How many axes there are: the counters a walk needs.
    pub(crate) fn axes(&self) -> usize {
        self.axes.len()
    }

    /// How many points there are.
    pub(crate) fn points(&self) -> usize {
        self.axes.iter().map(|axis| axis.0).product()
    }

    /// Goes to a point; `places` holds the origin's before.
    pub(crate) fn seek(&self, mut point: usize, counts: &mut [isize], places: &mut [isize]) {
        if point == 0 {
            counts.fill(0);
            return;
        }
        for ((extent, strides), count) in self.axes.iter().zip(counts).rev() {
            *count = (point % extent) as isize;
            point /= extent;
            for (place, stride) in places.iter_mut().zip(strides) {
                *place += stride * *count;
            }
        }
    }

    /// Goes to the next point.
    #[inline]
    pub(crate) fn next(&self, counts: &mut [isize], places: &mut [isize]) {
        for ((extent, strides), count) in self.axes.iter().zip(counts).rev() {
            *count += 1;
            if *count < *extent as isize {
                for (place, stride) in places.iter_mut().zip(strides) {
                    *place += stride;
                }
                return;
            }
            *count = 0;
            for (place, stride) in places.iter_mut().zip(strides) {
                *place -= stride * (*extent as isize - 1);
            }
        }
    }
}

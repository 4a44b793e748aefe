//! Values added where a loop says. Shards run along an axis along which two points never meet; what
//! meets is added by one thread, in the loop's order.

use crate::element::Element;
use crate::kernel::{Env, Kernel, Needs, Scratch, part};
use crate::loops::Loops;
use crate::loops::code::Sites;
use crate::program::{Scatter, Slot};
use crate::space::{Site, Space};
use crate::validate::places::gcd;

/// Numbers that a shard of the first phase clears.
const CLEAR: usize = 1 << 15;

/// A scatter, ready to run.
pub(crate) struct Scatters<T> {
    loops: Loops<T>,
    /// How far the axis of the shards runs; 1 if there is none.
    lead: usize,
    out: Slot,
}

/// Whether two points with different indices of an axis never meet: the axes with smaller strides
/// do not reach its stride, and with it do not reach what the greater strides have in common.
fn apart(space: &Space, site: &Site, axis: usize) -> bool {
    let form = &space.forms[site.at];
    let stride = form.strides[axis].unsigned_abs();
    let mut below = 0usize;
    let mut common = 0usize;
    let label = site.label.map(|label| (label.stride.unsigned_abs(), label.extent));
    let others = space.axes.iter().enumerate().filter(|(other, _)| *other != axis);
    let others = others.map(|(other, axis)| (form.strides[other].unsigned_abs(), axis.extent));
    for (other, extent) in others.chain(label) {
        if other > stride {
            common = gcd(common, other);
        } else {
            below = below.saturating_add(other.saturating_mul(extent.saturating_sub(1)));
        }
    }
    let own = stride.saturating_mul(space.axes[axis].extent.saturating_sub(1));
    let reach = own.saturating_add(below);
    below < stride && (common == 0 || reach < common)
}

impl<T: Element> Scatters<T> {
    pub(crate) fn new(source: &Scatter) -> Scatters<T> {
        let mut space = Space::new(&source.from.axes);
        for axis in &mut space.axes {
            axis.folded = false;
        }
        let sites = Sites::of(&source.from, &mut space);
        space.collapse();
        let site = &sites.writes[0];
        // The axis left to vectors is the longest of the others.
        let proven = (0..space.axes.len()).filter(|&axis| apart(&space, site, axis));
        let first = proven
            .filter(|&axis| axis + 1 < space.axes.len())
            .max_by_key(|&axis| space.axes[axis].extent);
        let lead = first.map_or(1, |axis| space.axes[axis].extent);
        let loops = Loops::adding(&source.from, space, &sites, first);
        Scatters { loops, lead, out: source.from.writes[0].to.slot }
    }
}

impl<T: Element> Kernel<T> for Scatters<T> {
    fn phases(&self) -> usize {
        2
    }

    fn shards(&self, phase: usize) -> usize {
        if phase == 0 { self.out.len.div_ceil(CLEAR) } else { self.lead.min(64) }
    }

    fn work(&self) -> f64 {
        self.loops.work() * 2.0 + self.out.len as f64
    }

    fn needs(&self) -> Needs {
        self.loops.needs()
    }

    fn run(&self, phase: usize, shard: usize, env: &Env<'_, T>, scratch: &mut Scratch<T>) {
        if phase == 0 {
            let range = part(self.out.len, Kernel::<T>::shards(self, 0), shard);
            let place = (self.out.at + range.start) as isize;
            // SAFETY: the ranges of the shards are apart.
            unsafe { env.arena.write(place, range.len()) }.fill(T::ZERO);
        } else {
            let leads = part(self.lead, Kernel::<T>::shards(self, 1), shard);
            self.loops.under(env, scratch, leads, self.lead);
        }
    }
}

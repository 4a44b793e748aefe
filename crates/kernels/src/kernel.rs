//! What every kind of instruction becomes when it is loaded: shards of phases.

use crate::arena::{Arena, View};
use crate::element::Element;
use crate::engine::Column;
use crate::isa::Present;
use crate::program::Foreign;

/// What the shards of one instruction may use.
pub(crate) struct Env<'a, T> {
    /// The arena.
    pub(crate) arena: View<'a, T>,
    /// Memory that lasts from one phase of an instruction to the next.
    pub(crate) shared: View<'a, T>,
    pub(crate) isa: Present,
    pub(crate) columns: &'a [Column<'a>],
    pub(crate) rows: &'a [u32],
    pub(crate) seed: u64,
    pub(crate) step: u64,
    pub(crate) foreign: &'a [Foreign],
}

/// How much memory an instruction needs beyond the arena.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Needs {
    /// Numbers that all threads share.
    pub(crate) shared: usize,
    /// Numbers of each thread.
    pub(crate) numbers: usize,
    /// Places of each thread.
    pub(crate) places: usize,
    /// Numbers for functions from outside, of each thread.
    pub(crate) doubles: usize,
}

impl Needs {
    /// What suffices for both.
    pub(crate) fn join(self, other: Needs) -> Needs {
        Needs {
            shared: self.shared.max(other.shared),
            numbers: self.numbers.max(other.numbers),
            places: self.places.max(other.places),
            doubles: self.doubles.max(other.doubles),
        }
    }
}

/// The memory of one thread.
pub(crate) struct Scratch<T> {
    pub(crate) numbers: Arena<T>,
    pub(crate) places: Vec<isize>,
    pub(crate) doubles: Vec<f64>,
}

/// Makes a list at least so long; false if there is no memory.
fn extended<N: Copy + Default>(list: &mut Vec<N>, len: usize) -> bool {
    let more = len.saturating_sub(list.len());
    let room = list.try_reserve_exact(more).is_ok();
    if room {
        list.resize(list.len() + more, N::default());
    }
    room
}

impl<T: Element> Scratch<T> {
    pub(crate) fn new() -> Option<Scratch<T>> {
        Some(Scratch { numbers: Arena::new(0)?, places: Vec::new(), doubles: Vec::new() })
    }

    /// Takes what is needed; false if there is no memory.
    pub(crate) fn grow(&mut self, needs: &Needs) -> bool {
        extended(&mut self.places, needs.places)
            && extended(&mut self.doubles, needs.doubles)
            && self.numbers.grow(needs.numbers)
    }
}

/// An instruction, ready to run. The phases follow each other; the shards of a phase may run at the
/// same time, in any order, on any thread: what a shard does depends on its number alone.
pub(crate) trait Kernel<T: Element>: Send + Sync {
    /// How many phases there are.
    fn phases(&self) -> usize {
        1
    }
    /// How many shards a phase has.
    fn shards(&self, phase: usize) -> usize;
    /// About how many operations it does.
    fn work(&self) -> f64;
    /// The memory it needs.
    fn needs(&self) -> Needs;
    /// How it is done, in words, where there was a choice.
    fn picked(&self) -> String {
        String::new()
    }
    /// Does a shard.
    fn run(&self, phase: usize, shard: usize, env: &Env<'_, T>, scratch: &mut Scratch<T>);
}

impl<T: Element, K: Kernel<T>> Kernel<T> for std::sync::Arc<K> {
    fn phases(&self) -> usize {
        K::phases(self)
    }

    fn shards(&self, phase: usize) -> usize {
        K::shards(self, phase)
    }

    fn work(&self) -> f64 {
        K::work(self)
    }

    fn needs(&self) -> Needs {
        K::needs(self)
    }

    fn picked(&self) -> String {
        K::picked(self)
    }

    fn run(&self, phase: usize, shard: usize, env: &Env<'_, T>, scratch: &mut Scratch<T>) {
        K::run(self, phase, shard, env, scratch);
    }
}

/// The part of `total` things that a shard of `shards` does: sizes differ by one at most.
pub(crate) fn part(total: usize, shards: usize, shard: usize) -> std::ops::Range<usize> {
    let (each, more) = (total / shards.max(1), total % shards.max(1));
    let start = shard * each + shard.min(more);
    start..start + each + usize::from(shard < more)
}

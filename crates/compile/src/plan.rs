//! Places in one arena: values whose lifetimes do not meet share entries.

use crate::bind::{MOST_BYTES, bytes};
use crate::draft::{Draft, Job};
use crate::refused::{Refused, refused};
use crate::settle::same_accesses;

/// Every place is a multiple of this many entries: 64 bytes of the smaller type.
pub(crate) const ALIGN: usize = 16;

/// Where each value begins, and how many entries the arena needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// By value. A value that no task writes or reads has none.
    pub places: Vec<Option<usize>>,
    /// Entries of the arena.
    pub arena: usize,
}

pub(crate) fn aligned(len: usize) -> usize {
    len.div_ceil(ALIGN) * ALIGN
}

/// When a value is first written and last used, by task.
fn lifetimes(draft: &Draft) -> Vec<Option<(usize, usize)>> {
    let mut out: Vec<Option<(usize, usize)>> = vec![None; draft.values.len()];
    for (at, task) in draft.tasks.iter().enumerate() {
        for region in task.job.reads().into_iter().chain(task.job.writes()) {
            let life = out[region.value].get_or_insert((at, at));
            life.1 = at;
        }
    }
    out
}

/// A value of this task's reads that ends here and whose place `new` may take.
fn taken_over(
    draft: &Draft,
    at: usize,
    new: usize,
    lives: &[Option<(usize, usize)>],
    passed: &[bool],
) -> Option<usize> {
    let job = &draft.tasks[at].job;
    let Job::Loop(l) = job else { return None };
    let fits = |old: usize| {
        let value = &draft.values[old];
        value.home.is_none()
            && !passed[old]
            && value.len == draft.values[new].len
            && lives[old].is_some_and(|(_, last)| last == at)
            && same_accesses(job, old, new)
    };
    let mut reads = l.reads.iter().map(|r| r.region.value);
    reads.find(|old| fits(*old))
}

/// Values that stand in one place one after the other.
struct Block {
    values: Vec<usize>,
    len: usize,
    /// The first and the last task.
    life: (usize, usize),
}

/// Values in the order of their first writes, those that take over the place of another together.
fn blocks(draft: &Draft, lives: &[Option<(usize, usize)>]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // Where each value is, and whose place another one has taken over.
    let mut of: Vec<Option<usize>> = vec![None; draft.values.len()];
    let mut passed = vec![false; draft.values.len()];
    for (at, task) in draft.tasks.iter().enumerate() {
        for region in task.job.writes() {
            let new = region.value;
            let Some((first, last)) = lives[new] else { continue };
            if of[new].is_some() || draft.values[new].home.is_some() {
                continue;
            }
            let old = if first == at { taken_over(draft, at, new, lives, &passed) } else { None };
            match old.and_then(|old| Some((old, of[old]?))) {
                Some((old, block)) => {
                    passed[old] = true;
                    of[new] = Some(block);
                    blocks[block].values.push(new);
                    blocks[block].life.1 = last;
                }
                None => {
                    of[new] = Some(blocks.len());
                    let len = aligned(draft.values[new].len);
                    blocks.push(Block { values: vec![new], len, life: (first, last) });
                }
            }
        }
    }
    blocks
}

/// Plans a draft: offline placement of intervals, the largest first.
///
/// Source: the greedy by size of Pisarchyk and Lee, "Efficient memory management for deep neural net
/// inference", 2020, after the offline form of dynamic storage allocation.
///
/// # Errors
///
/// The arena is larger than [`MOST_BYTES`].
pub(crate) fn plan(draft: &Draft) -> Result<Plan, Refused> {
    let lives = lifetimes(draft);
    let blocks = blocks(draft, &lives);
    let mut places: Vec<Option<usize>> = draft.values.iter().map(|v| v.home).collect();
    let mut arena = draft.floor;
    // From the largest to the smallest, each as low as it can be beside those that live with it.
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(blocks[*at].len), blocks[*at].life));
    let mut placed: Vec<(usize, usize)> = Vec::with_capacity(blocks.len());
    for at in order {
        let block = &blocks[at];
        let mut place = draft.floor;
        // In the order of their places.
        for (begin, other) in &placed {
            let other = &blocks[*other];
            let apart = other.life.1 < block.life.0 || block.life.1 < other.life.0;
            if apart || begin + other.len <= place {
                continue;
            }
            if place + block.len <= *begin {
                break;
            }
            place = begin + other.len;
        }
        let after = placed.partition_point(|(begin, _)| *begin <= place);
        placed.insert(after, (place, at));
        arena = arena.max(place + block.len);
        block.values.iter().for_each(|value| places[*value] = Some(place));
    }
    if arena > MOST_BYTES / bytes(draft.precision) {
        return refused(format!(
            "{} GiB are needed at {} rows, more than {} GiB: take fewer rows a step",
            (arena * bytes(draft.precision)) >> 30,
            draft.rows,
            MOST_BYTES >> 30
        ));
    }
    Ok(Plan { places, arena })
}

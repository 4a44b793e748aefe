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

/// Free runs of entries, in their order.
struct Free {
    gaps: Vec<(usize, usize)>,
    end: usize,
}

impl Free {
    /// The smallest gap that is large enough, else the end.
    fn take(&mut self, len: usize) -> usize {
        let fits = self.gaps.iter().enumerate().filter(|(_, (_, n))| *n >= len);
        if let Some((i, (at, n))) = fits.min_by_key(|(_, (_, n))| *n).map(|(i, g)| (i, *g)) {
            if n == len {
                self.gaps.remove(i);
            } else {
                self.gaps[i] = (at + len, n - len);
            }
            return at;
        }
        // What is free at the end grows.
        let at = match self.gaps.last() {
            Some((at, n)) if at + n == self.end => {
                let at = *at;
                self.gaps.pop();
                at
            }
            _ => self.end,
        };
        self.end = at + len;
        at
    }

    fn give(&mut self, at: usize, len: usize) {
        let i = self.gaps.partition_point(|(start, _)| *start < at);
        self.gaps.insert(i, (at, len));
        if i + 1 < self.gaps.len() && at + len == self.gaps[i + 1].0 {
            self.gaps[i].1 += self.gaps.remove(i + 1).1;
        }
        if i > 0 && self.gaps[i - 1].0 + self.gaps[i - 1].1 == at {
            self.gaps[i - 1].1 += self.gaps.remove(i).1;
        }
    }
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

/// Plans a draft.
///
/// # Errors
///
/// The arena is larger than [`MOST_BYTES`].
pub(crate) fn plan(draft: &Draft) -> Result<Plan, Refused> {
    let lives = lifetimes(draft);
    let mut places: Vec<Option<usize>> = draft.values.iter().map(|v| v.home).collect();
    let mut free = Free { gaps: Vec::new(), end: draft.floor };
    // Whose place another value has taken over.
    let mut passed = vec![false; draft.values.len()];
    let mut ends: Vec<Vec<usize>> = vec![Vec::new(); draft.tasks.len()];
    for (value, life) in lives.iter().enumerate() {
        if let Some((_, last)) = life {
            ends[*last].push(value);
        }
    }
    for (at, (task, ends)) in draft.tasks.iter().zip(&ends).enumerate() {
        for region in task.job.writes() {
            let new = region.value;
            if places[new].is_some() {
                continue;
            }
            let first = lives[new].is_some_and(|(first, _)| first == at);
            let old = taken_over(draft, at, new, &lives, &passed).filter(|_| first);
            places[new] = Some(match old.and_then(|old| Some((old, places[old]?))) {
                Some((old, place)) => {
                    passed[old] = true;
                    place
                }
                None => free.take(aligned(draft.values[new].len)),
            });
        }
        for value in ends {
            let own = draft.values[*value].home.is_none() && !passed[*value];
            if let (true, Some(place)) = (own, places[*value]) {
                free.give(place, aligned(draft.values[*value].len));
            }
        }
    }
    let arena = free.end;
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

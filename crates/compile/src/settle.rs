//! New values of states: in the place of the old where no one needs the old any more, else copied
//! there at the end.

use crate::draft::{Draft, Job, Place, Region};

/// Gives every new value of a state its place.
pub(crate) fn settle(draft: &mut Draft) {
    for (old, new) in std::mem::take(&mut draft.next) {
        let home = draft.values[old].home;
        if in_place(draft, old, new) {
            draft.values[new].home = home;
            draft.values[new].kept = true;
            continue;
        }
        let (name, len) = (draft.values[old].name.clone(), draft.values[old].len);
        let name = format!("{name}'");
        let to = draft.home(&name, home.unwrap_or(0), len, false);
        draft.copy(&name, None, Region::whole(new, len), to);
    }
}

/// Whether `new` may be written where `old` stands.
fn in_place(draft: &Draft, old: usize, new: usize) -> bool {
    let (from, to) = (&draft.values[old], &draft.values[new]);
    if to.home.is_some() || to.len != from.len {
        return false;
    }
    let writes = |job: &Job| job.writes().iter().any(|w| w.value == new);
    let mut writers = draft.tasks.iter().enumerate().filter(|(_, t)| writes(&t.job));
    let (Some((at, task)), None) = (writers.next(), writers.next()) else { return false };
    let reads = |job: &Job| job.reads().iter().any(|r| r.value == old);
    if draft.tasks[at + 1..].iter().any(|t| reads(&t.job)) {
        return false;
    }
    !reads(&task.job) || same_accesses(&task.job, old, new)
}

/// Whether a loop reads `old` only where it writes `new`, and no fold is between.
pub(crate) fn same_accesses(job: &Job, old: usize, new: usize) -> bool {
    let Job::Loop(l) = job else { return false };
    let mut writes = l.writes.iter().filter(|w| w.to.region.value == new);
    let (Some(write), None) = (writes.next(), writes.next()) else { return false };
    let plain = |p: &Place| p.guards.is_empty() && p.label.is_none();
    let same = |r: &Place| {
        plain(r)
            && r.at == write.to.at
            && (r.region.at, r.region.len) == (write.to.region.at, write.to.region.len)
    };
    write.fold.is_none()
        && plain(&write.to)
        && l.reads.iter().filter(|r| r.region.value == old).all(same)
}

//! Places composed with places: a view of a view is a view.

use super::Lowered;
use super::ir::{Loop, Map, Program, Step, View, Work};
use crate::size::{Size, TooLarge};

/// `map` with each of its indices replaced by an affine place.
pub(super) fn substitute(map: &Map, by: &[Map]) -> Result<Map, TooLarge> {
    let mut out = Map { terms: Vec::new(), constant: map.constant.clone(), label: map.label };
    for (at, k) in &map.terms {
        add_scaled(&mut out, &by[*at], k)?;
    }
    Ok(out)
}

/// `map += factor other`; a label can stand alone only.
pub(super) fn add_scaled(map: &mut Map, other: &Map, factor: &Size) -> Result<(), TooLarge> {
    for (at, k) in &other.terms {
        let product = k.times(factor)?;
        match map.terms.binary_search_by_key(at, |(i, _)| *i) {
            Ok(place) => map.terms[place].1 = map.terms[place].1.plus(&product)?,
            Err(place) => map.terms.insert(place, (*at, product)),
        }
    }
    map.terms.retain(|(_, k)| *k != Size::number(0));
    map.constant = map.constant.plus(&other.constant.times(factor)?)?;
    if other.label.is_some() {
        if map.label.is_some() || !factor.is_one() {
            return Err(TooLarge);
        }
        map.label = other.label;
    }
    Ok(())
}

/// The indices of a program replaced by affine places.
pub(super) fn substitute_program(body: &Program, by: &[Map]) -> Result<Program, TooLarge> {
    let step = |step: &Step| match step {
        Step::Index(map) => substitute(map, by).map(Step::Index),
        other => Ok(other.clone()),
    };
    Ok(Program { steps: body.steps.iter().map(step).collect::<Result<_, _>>()? })
}

/// Whether a loop only rearranges what it reads.
fn is_view(l: &Loop) -> bool {
    l.fold.is_none() && l.write.is_none() && l.body.is_read() && l.reads.len() == 1
}

/// Whether a loop computes from indices and numbers alone.
fn is_constant(l: &Loop) -> bool {
    l.reads.is_empty() && l.fold.is_none() && l.write.is_none()
}

/// Whether zeros outside the view are zeros outside what it looks at: every dim of the source is an
/// index of its own, and no index is free of the source.
fn keeps_bounds(l: &Loop, of: &[Size]) -> bool {
    let mut seen = vec![false; l.space.len()];
    for (map, dim) in l.reads[0].maps.iter().zip(of) {
        match map.as_index() {
            Some(at) if !seen[at] && l.space[at] == *dim => seen[at] = true,
            _ => return false,
        }
    }
    seen.into_iter().all(|s| s)
}

/// Reads of views look at what the view looks at; constants become steps. Nothing is computed twice.
pub(super) fn look_through(lowered: &Lowered, l: &mut Loop) {
    let mut at = 0;
    while at < l.reads.len() {
        if !look_through_read(lowered, l, at) {
            at += 1;
        }
    }
}

fn look_through_read(lowered: &Lowered, l: &mut Loop, at: usize) -> bool {
    let view = l.reads[at].clone();
    let Work::Loop(inner) = &lowered.nodes[view.of].work else { return false };
    let labelled = view.maps.iter().any(|m| m.label.is_some());
    if is_constant(inner) && !view.pad && !labelled {
        return inline(l, at, inner);
    }
    if !is_view(inner) || labelled || inner.reads[0].maps.iter().any(|m| m.label.is_some()) {
        return false;
    }
    let source = &inner.reads[0];
    if view.pad && (source.pad || !keeps_bounds(inner, &lowered.nodes[source.of].dims)) {
        return false;
    }
    let maps: Result<Vec<Map>, TooLarge> =
        source.maps.iter().map(|m| substitute(m, &view.maps)).collect();
    match maps {
        Ok(maps) => {
            l.reads[at] = View { of: source.of, maps, pad: view.pad || source.pad };
            true
        }
        Err(TooLarge) => false,
    }
}

/// The program and reads of `inner` in the place of read `at`; its result indices become the maps.
/// Whether it went.
pub(super) fn inline(l: &mut Loop, at: usize, inner: &Loop) -> bool {
    let view = l.reads[at].clone();
    let mut by = view.maps;
    // The indices that the inner loop sums over are new ones here.
    for (i, size) in inner.space.iter().enumerate().skip(by.len()) {
        by.push(Map::index(l.space.len() + i - inner.rank));
        debug_assert!(i >= inner.rank, "an index of the result without a place: {size:?}");
    }
    let maps = |v: &View| -> Result<View, TooLarge> {
        let maps: Result<Vec<Map>, _> = v.maps.iter().map(|m| substitute(m, &by)).collect();
        Ok(View { of: v.of, maps: maps?, pad: v.pad })
    };
    let reads: Result<Vec<View>, TooLarge> = inner.reads.iter().map(maps).collect();
    let (Ok(mut reads), Ok(body)) = (reads, substitute_program(&inner.body, &by)) else {
        return false;
    };
    let base = l.reads.len();
    for view in &mut reads {
        for map in &mut view.maps {
            map.label = map.label.map(|k| k + base);
        }
    }
    l.space.extend(inner.space[inner.rank..].iter().cloned());
    l.reads.extend(reads);
    l.body = spliced(&l.body, at, &body, base);
    forget_read(l, at);
    tidy_reads(l);
    true
}

/// `body` with the steps of `inner` in the place of read `at`; inner reads are numbered from `base`.
fn spliced(body: &Program, at: usize, inner: &Program, base: usize) -> Program {
    let mut steps: Vec<Step> = Vec::new();
    let mut place = Vec::with_capacity(body.steps.len());
    let mut inner_value = None;
    for step in &body.steps {
        match step {
            Step::Read(k) if *k == at => {
                let value = *inner_value.get_or_insert_with(|| {
                    let first = steps.len();
                    for step in &inner.steps {
                        steps.push(match step {
                            Step::Read(k) => Step::Read(k + base),
                            Step::Index(map) => Step::Index(Map {
                                label: map.label.map(|k| k + base),
                                ..map.clone()
                            }),
                            Step::Apply(op, inputs) => {
                                Step::Apply(op.clone(), inputs.iter().map(|i| i + first).collect())
                            }
                            other => other.clone(),
                        });
                    }
                    steps.len() - 1
                });
                place.push(value);
            }
            other => {
                steps.push(match other {
                    Step::Apply(op, inputs) => {
                        Step::Apply(op.clone(), inputs.iter().map(|i| place[*i]).collect())
                    }
                    plain => plain.clone(),
                });
                place.push(steps.len() - 1);
            }
        }
    }
    // The value is the last step.
    if let Some(last) = place.last()
        && *last + 1 != steps.len()
    {
        steps.truncate(*last + 1);
    }
    Program { steps }
}

/// Takes read `at` out of the list; nothing reads it any more.
fn forget_read(l: &mut Loop, at: usize) {
    l.reads.remove(at);
    let down = |k: usize| if k > at { k - 1 } else { k };
    for step in &mut l.body.steps {
        match step {
            Step::Read(k) => *k = down(*k),
            Step::Index(map) => map.label = map.label.map(down),
            _ => {}
        }
    }
    for view in &mut l.reads {
        view.maps.iter_mut().for_each(|m| m.label = m.label.map(down));
    }
    if let Some(write) = &mut l.write {
        write.maps.iter_mut().for_each(|m| m.label = m.label.map(down));
    }
}

/// Equal reads become one.
pub(super) fn tidy_reads(l: &mut Loop) {
    let mut at = 0;
    while at < l.reads.len() {
        let earlier = (0..at).find(|k| l.reads[*k] == l.reads[at]);
        let Some(first) = earlier else {
            at += 1;
            continue;
        };
        let same = |k: usize| if k == at { first } else { k };
        for step in &mut l.body.steps {
            if let Step::Read(k) = step {
                *k = same(*k);
            }
        }
        for view in &mut l.reads {
            view.maps.iter_mut().for_each(|m| m.label = m.label.map(same));
        }
        if let Some(write) = &mut l.write {
            write.maps.iter_mut().for_each(|m| m.label = m.label.map(same));
        }
        forget_read(l, at);
    }
}

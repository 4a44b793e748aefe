//! A proof, checked by means that are not the prover's.
//!
//! Both terms are evaluated exactly, op by op, in a finite field where signs and roots behave as over
//! the reals ([`field`]). Exponentials, logarithms and indicators are opaque there but for the
//! instances of rules that the proof logs; each of these is checked to be an instance of its rule
//! before its value is used. What remains is arithmetic, and two terms that differ agree at a random
//! point of a field of 2^61 elements with a probability below 10^-15 (J. T. Schwartz, "Fast
//! probabilistic algorithms for verification of polynomial identities", J. ACM 27 (1980)).

mod field;
mod graph;
mod terms;
#[cfg(test)]
mod tests;
mod values;
mod walk;

use std::collections::BTreeSet;

use super::state::Logged;
use super::{Prover, Question};
use crate::check::sizes;
use crate::index::SizeId;
use crate::interpret::Numbers;
use field::{Got, Stop, add, negative, times};
use values::World;

/// How many draws must agree.
const DRAWS: u64 = 3;
/// How often a draw is repeated.
const AGAIN: u64 = 96;

/// Whether a proof holds.
///
/// # Errors
///
/// What is wrong with it, or why it cannot be checked, in words.
pub(super) fn check(prover: &Prover<'_>, question: &Question<'_>) -> Result<(), String> {
    let module = prover.module;
    let used: BTreeSet<SizeId> = module.sizes.base().map(|(id, _)| id).collect();
    for draw in 0..DRAWS {
        let mut numbers = sizes::draw(module, &used, 0x9f, draw)?;
        if question.numbers {
            for (id, def) in module.sizes.base() {
                if let Some(own) = def.number {
                    numbers.set(id, own);
                }
            }
        }
        let mut found = false;
        for again in 0..AGAIN {
            match once(prover, question, &numbers, draw * AGAIN + again) {
                Ok(()) => {
                    found = true;
                    break;
                }
                Err(Stop::Redraw) => {}
                Err(Stop::Wrong(text)) => return Err(text),
            }
        }
        if !found {
            return Err("no point was found where every value exists".into());
        }
    }
    Ok(())
}

fn once(prover: &Prover<'_>, question: &Question<'_>, numbers: &Numbers, seed: u64) -> Got<()> {
    let mut world = World::new(prover.module, numbers.clone(), seed);
    for (_, head) in prover.symbols() {
        if !prover.inlined.contains_key(&head) {
            world.name(head)?;
        }
    }
    for logged in &prover.log {
        instance(prover, &mut world, logged)?;
    }
    let mut terms = graph::Terms::new(&mut world, &prover.inlined);
    let (left, right) = (terms.value(question.left)?, terms.value(question.right)?);
    let condition = question.condition.map(|c| terms.value(c)).transpose()?;
    let mut axes: Vec<_> = left.axes.iter().chain(&right.axes).copied().collect();
    axes.extend(condition.iter().flat_map(|c| c.axes.iter().copied()));
    axes.sort_unstable();
    axes.dedup();
    let mut shape = Vec::new();
    for axis in &axes {
        shape.push(world.extent(*axis)?);
    }
    shape.extend(left.dims());
    if left.dims() != right.dims() {
        return Err(Stop::Wrong("the sides have different shapes".into()));
    }
    for index in graph::places(&shape) {
        let point = axes.iter().copied().zip(index.iter().copied()).collect();
        let place = &index[axes.len()..];
        let gap = add(left.at(&point, place), negative(right.at(&point, place)));
        let factor = match &condition {
            Some(c) if c.dims().is_empty() => c.at(&point, &[]),
            Some(c) if c.dims() == left.dims() => c.at(&point, place),
            _ => 1,
        };
        if times(gap, factor) != 0 {
            return Err(Stop::Wrong("the sides differ".into()));
        }
    }
    Ok(())
}

/// Checks one step of a proof, and takes over what it says of a function's value.
fn instance(prover: &Prover<'_>, world: &mut World<'_>, logged: &Logged) -> Got<()> {
    let mut vars: Vec<super::ix::Var> = Vec::new();
    for side in [&logged.from, &logged.to] {
        side.each_var(&mut |v| {
            if v >= super::ix::FRESH && !vars.contains(&v) {
                vars.push(v);
            }
        });
    }
    let mut shape = Vec::new();
    for var in &vars {
        shape.push(world.numbers.size(&prover.range(*var)).map_err(|_| Stop::Redraw)?);
    }
    if shape.iter().product::<usize>() > 4096 {
        return Err(Stop::Redraw);
    }
    for index in graph::places(&shape) {
        let env: Vec<(super::ix::Var, i64)> =
            vars.iter().copied().zip(index.iter().map(|i| *i as i64)).collect();
        terms::step(prover, world, logged, &env)?;
    }
    Ok(())
}

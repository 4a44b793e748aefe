//! Index formulas in the field, and what each rule must satisfy.

use super::field::{
    Got, Stop, add, hash, hash_text, inverse, magnitude, negative, ratio, rational_power, solved,
    times,
};
use super::graph::places;
use super::values::{World, of_index};
use crate::prove::Prover;
use crate::prove::ix::{Base, Ix, PARAM, SLOT, Var};
use crate::prove::state::Logged;
use crate::prove::term::{Atom, Form, Kind, Mono, Poly};
use crate::size::Ratio;

/// Numbers for variables.
pub(super) type Env = Vec<(Var, i64)>;

/// The one step of a proof at the given indices.
pub(super) fn step(
    prover: &Prover<'_>,
    world: &mut World<'_>,
    logged: &Logged,
    env: &Env,
) -> Got<()> {
    let wrong = |what: &str| Stop::Wrong(format!("`{}`: {what}", logged.rule));
    match logged.rule {
        "exp of a sum" | "exp of a multiple" => exponential(prover, world, logged, env),
        "log of a product" => logarithms(prover, world, logged, env),
        "logdet of a product" => determinants(prover, world, logged, env),
        "indicator of a known sign" => {
            let (form, inner) = inside(prover, &logged.from, &Kind::Positive)
                .ok_or_else(|| wrong("the left side is no indicator"))?;
            let above = logged.to == Poly::one();
            if !has_sign(prover, &form.poly, above) {
                return Err(wrong("the sign does not follow from the types"));
            }
            let argument = applied(prover, world, form, inner, env)?;
            world.set_sign(argument, above);
            if above {
                world.set_sign(negative(argument), false);
            }
            Ok(())
        }
        "indicator without positive factors" => {
            let (form, inner) = inside(prover, &logged.from, &Kind::Positive)
                .ok_or_else(|| wrong("the left side is no indicator"))?;
            let argument = applied(prover, world, form, inner, env)?;
            let value = poly(prover, world, &logged.to, env)?;
            if sign_of(prover, world, form, inner, &logged.to, env)? != value {
                return Err(wrong("the factors do not have this sign"));
            }
            world.set_sign(argument, value == 1);
            Ok(())
        }
        _ => {
            let (from, to) =
                (poly(prover, world, &logged.from, env)?, poly(prover, world, &logged.to, env)?);
            if from == to { Ok(()) } else { Err(wrong("the sides differ")) }
        }
    }
}

fn exponential(prover: &Prover<'_>, world: &mut World<'_>, logged: &Logged, env: &Env) -> Got<()> {
    let wrong = |what: &str| Stop::Wrong(format!("`{}`: {what}", logged.rule));
    let (form, inner) = inside(prover, &logged.from, &Kind::Exp)
        .ok_or_else(|| wrong("the left side is no exponential"))?;
    let argument = applied(prover, world, form, inner, env)?;
    // The logarithm of the right side must be the exponent.
    if exponent(prover, world, &logged.to, env)? != argument {
        return Err(wrong("the exponents do not add up"));
    }
    let value = poly(prover, world, &logged.to, env)?;
    world.set_exp(argument, value)
}

fn logarithms(prover: &Prover<'_>, world: &mut World<'_>, logged: &Logged, env: &Env) -> Got<()> {
    let wrong = |what: &str| Stop::Wrong(format!("`{}`: {what}", logged.rule));
    let (form, inner) = inside(prover, &logged.from, &Kind::Log)
        .ok_or_else(|| wrong("the left side is no logarithm"))?;
    let argument = applied(prover, world, form, inner, env)?;
    let product = product(prover, world, &logged.to, env)?;
    if product != argument && product != negative(argument) {
        return Err(wrong("the factors do not multiply to the argument"));
    }
    if product != argument {
        return Err(Stop::Redraw);
    }
    let value = poly(prover, world, &logged.to, env)?;
    world.set_log(argument, value)
}

fn determinants(prover: &Prover<'_>, world: &mut World<'_>, logged: &Logged, env: &Env) -> Got<()> {
    let wrong = |what: &str| Stop::Wrong(format!("`{}`: {what}", logged.rule));
    let (form, inner) = inside(prover, &logged.from, &Kind::LogDet)
        .ok_or_else(|| wrong("the left side is no determinant"))?;
    let own = holes(prover, world, form, inner, env)?;
    let (n, all) = table(prover, world, form, &own)?;
    let det = magnitude(solved(n, &all).0);
    if magnitude(product(prover, world, &logged.to, env)?) != det {
        return Err(wrong("the determinants do not multiply to the whole"));
    }
    let value = poly(prover, world, &logged.to, env)?;
    world.set_log(det, value)
}

/// The form and the atom of a function alone.
fn inside<'p>(prover: &'p Prover<'_>, of: &'p Poly, kind: &Kind) -> Option<(&'p Form, &'p Atom)> {
    let (mono, factor) = of.single()?;
    let [(atom, e)] = mono.plain.as_slice() else { return None };
    let head = prover.head(atom.head);
    let good =
        head.kind == *kind && *e == Ratio::ONE && factor == Ratio::ONE && mono.sums.is_empty();
    if good { Some((head.forms.first()?, atom)) } else { None }
}

/// The exponent that a product of exponentials comes to.
fn exponent(prover: &Prover<'_>, world: &World<'_>, of: &Poly, env: &Env) -> Got<u64> {
    let Some((mono, factor)) = of.single() else {
        return world.log(poly(prover, world, of, env)?);
    };
    let mut total = world.log(ratio(factor)?)?;
    for (atom, e) in &mono.plain {
        let head = prover.head(atom.head);
        let own = match (&head.kind, head.forms.first()) {
            (Kind::Exp | Kind::Pow, Some(form)) => {
                let inner = applied(prover, world, form, atom, env)?;
                if head.kind == Kind::Exp { inner } else { world.log(inner)? }
            }
            _ => world.log(value(prover, world, atom, env)?)?,
        };
        total = add(total, times(ratio(*e)?, own));
    }
    for (comp, count) in &mono.sums {
        let own = Mono { plain: Vec::new(), sums: vec![(comp.clone(), 1)] };
        let own = Poly { terms: [(own, Ratio::ONE)].into() };
        let log = world.log(poly(prover, world, &own, env)?)?;
        total = add(total, times(u64::from(*count), log));
    }
    Ok(total)
}

/// What a sum of logarithms is the logarithm of.
fn product(prover: &Prover<'_>, world: &World<'_>, of: &Poly, env: &Env) -> Got<u64> {
    let mut total = 1;
    for (mono, factor) in &of.terms {
        let own = match logarithm(prover, world, mono, env)? {
            Some((argument, times)) => {
                let times = Ratio::whole_number(times).times(*factor).ok_or(Stop::Redraw)?;
                rational_power(argument, times)?
            }
            None => {
                let own = Poly { terms: [(mono.clone(), Ratio::ONE)].into() };
                rational_power(world.exp(poly(prover, world, &own, env)?)?, *factor)?
            }
        };
        total = times(total, own);
    }
    Ok(total)
}

/// What a term is the logarithm of, and how often: `n log(c)`.
fn logarithm(
    prover: &Prover<'_>,
    world: &World<'_>,
    mono: &Mono,
    env: &Env,
) -> Got<Option<(u64, i128)>> {
    let (mut argument, mut times) = (None, 1_i128);
    for (atom, e) in &mono.plain {
        let head = prover.head(atom.head);
        match (&head.kind, head.forms.first()) {
            (Kind::Log, Some(form)) if *e == Ratio::ONE && argument.is_none() => {
                argument = Some(applied(prover, world, form, atom, env)?);
            }
            (Kind::LogDet, Some(form)) if *e == Ratio::ONE && argument.is_none() => {
                let own = holes(prover, world, form, atom, env)?;
                let (n, all) = table(prover, world, form, &own)?;
                argument = Some(magnitude(solved(n, &all).0));
            }
            (Kind::Size(id), _) if e.whole().is_some_and(|w| w > 0) => {
                let n = i128::from(world.numbers.get(*id).ok_or(Stop::Redraw)?);
                for _ in 0..e.whole().unwrap_or(0).min(8) {
                    times = times.checked_mul(n).ok_or(Stop::Redraw)?;
                }
            }
            _ => return Ok(None),
        }
    }
    Ok(argument.filter(|_| mono.sums.is_empty()).map(|a| (a, times)))
}

/// `1[P > 0]` from what is left of P without factors that are positive by type: 0 or 1.
fn sign_of(
    prover: &Prover<'_>,
    world: &World<'_>,
    form: &Form,
    inner: &Atom,
    to: &Poly,
    env: &Env,
) -> Got<u64> {
    let own = holes(prover, world, form, inner, env)?;
    if let Some((mono, factor)) = form.poly.single() {
        let mut negative_ones = u64::from(factor.is_negative());
        let parts = mono.plain.iter().map(|f| {
            let one = Mono { plain: vec![f.clone()], sums: Vec::new() };
            Poly { terms: [(one, Ratio::ONE)].into() }
        });
        let sums = mono.sums.iter().map(|s| {
            let one = Mono { plain: Vec::new(), sums: vec![s.clone()] };
            Poly { terms: [(one, Ratio::ONE)].into() }
        });
        for part in parts.chain(sums) {
            let squares = part.factors().all(|(_, e)| e.whole().is_some_and(|w| w % 2 == 0));
            let value = poly(prover, world, &part, &own)?;
            if value == 0 {
                return Ok(0);
            }
            if !has_sign(prover, &part, true) && !squares {
                negative_ones += 1 - world.positive(value);
            }
        }
        return Ok(u64::from(negative_ones % 2 == 0));
    }
    // A sum: what is left is the sum by a positive number and positive atoms.
    let Some((left, _)) = to.single().filter(|(m, _)| m.plain.len() == 1) else {
        return Err(Stop::Redraw);
    };
    let head = prover.head(left.plain[0].0.head);
    let (Some(rest), above) = (head.forms.first(), head.kind == Kind::Positive) else {
        return Err(Stop::Redraw);
    };
    let mut whole = poly(prover, world, &form.poly, &own)?;
    for (mono, _) in form.poly.terms.iter().take(1) {
        for f in &mono.plain {
            let one = Mono { plain: vec![f.clone()], sums: Vec::new() };
            let one = Poly { terms: [(one, Ratio::ONE)].into() };
            let common = form.poly.terms.keys().all(|m| m.plain.contains(f));
            if common && has_sign(prover, &one, true) {
                whole = times(whole, inverse(poly(prover, world, &one, &own)?)?);
            }
        }
    }
    let rest_value = applied(prover, world, rest, &left.plain[0].0, env)?;
    let turned = if above { rest_value } else { negative(rest_value) };
    let quotient = times(whole, inverse(turned)?);
    let positive = form
        .poly
        .terms
        .values()
        .flat_map(|a| rest.poly.terms.values().filter_map(move |b| a.divide(*b)));
    for factor in positive {
        let size = if factor.is_negative() {
            factor.times(super::super::close::MINUS)
        } else {
            Some(factor)
        };
        if size.map(ratio) == Some(Ok(quotient)) {
            return Ok(world.positive(turned));
        }
    }
    Err(Stop::Wrong("`indicator without positive factors`: something else was taken out".into()))
}

/// Whether the types alone say that a sum is positive (or not positive).
fn has_sign(prover: &Prover<'_>, of: &Poly, above: bool) -> bool {
    let mut strict = false;
    for (mono, factor) in &of.terms {
        if factor.is_negative() == above {
            return false;
        }
        let mut positive = true;
        for (atom, e) in mono.factors() {
            let head = prover.head(atom.head);
            let whole = e.whole();
            let own = match (&head.kind, head.forms.first()) {
                (Kind::Exp | Kind::Size(_) | Kind::Prime(_) | Kind::Pi, _) => true,
                (Kind::Symbol(id), _) => {
                    prover.module.symbol(*id).ty.kind == crate::types::Kind::Positive
                }
                (Kind::Pow, Some(form)) => has_sign(prover, &form.poly, true),
                _ => false,
            };
            let squares = mono.sums.iter().all(|(_, count)| *count % 2 == 0);
            let even = whole.is_none_or(|w| w % 2 == 0) || squares && !mono.sums.is_empty();
            let bit = head.bit || head.kind == Kind::Index;
            let prob = matches!(&head.kind, Kind::Symbol(id)
                if prover.module.symbol(*id).ty.kind == crate::types::Kind::Prob);
            let root = head.kind == Kind::Pow
                && head.forms.first().is_some_and(|f| is_square_sum(prover, &f.poly));
            if !own && !even && !bit && !prob && !root {
                return false;
            }
            positive &= own;
        }
        strict |= positive;
    }
    strict || !above
}

/// Whether a sum is one of squares.
fn is_square_sum(prover: &Prover<'_>, of: &Poly) -> bool {
    of.terms.iter().all(|(mono, factor)| {
        let even = |(atom, e): &(Atom, Ratio)| {
            prover.head(atom.head).bit || e.whole().is_none_or(|w| w % 2 == 0)
        };
        !factor.is_negative() && mono.factors().all(even)
    })
}

/// The value of an index.
fn index(prover: &Prover<'_>, world: &World<'_>, ix: &Ix, env: &Env) -> Got<i64> {
    let (terms, constant) = ix.parts();
    let mut total = world.whole(&constant)?;
    for (base, by) in terms {
        let own = match base {
            Base::Var(var) => {
                let known = env.iter().rev().find(|(v, _)| *v == var);
                known.map(|(_, at)| *at).ok_or(Stop::Redraw)?
            }
            Base::Label(atom) => value(prover, world, &atom, env)? as i64,
        };
        total += world.whole(&by)? * own;
    }
    Ok(total)
}

/// What an atom is applied to, as a number.
fn applied(
    prover: &Prover<'_>,
    world: &World<'_>,
    form: &Form,
    atom: &Atom,
    env: &Env,
) -> Got<u64> {
    let inner = holes(prover, world, form, atom, env)?;
    poly(prover, world, &form.poly, &inner)
}

/// The indices that go into an atom's form.
fn holes(prover: &Prover<'_>, world: &World<'_>, form: &Form, atom: &Atom, env: &Env) -> Got<Env> {
    let offset = atom.args.len() - form.params.min(atom.args.len());
    let mut inner = Vec::new();
    for (k, ix) in atom.args[offset..].iter().enumerate() {
        inner.push((PARAM + k as Var, index(prover, world, ix, env)?));
    }
    Ok(inner)
}

/// A form at every place of its slots, row-major.
fn table(
    prover: &Prover<'_>,
    world: &World<'_>,
    form: &Form,
    inner: &Env,
) -> Got<(usize, Vec<u64>)> {
    let mut shape = Vec::new();
    for size in &form.slots {
        shape.push(world.numbers.size(size).map_err(|_| Stop::Redraw)?);
    }
    let mut all = Vec::new();
    for place in places(&shape) {
        let mut own = inner.clone();
        own.extend(place.iter().enumerate().map(|(k, at)| (SLOT + k as Var, *at as i64)));
        all.push(poly(prover, world, &form.poly, &own)?);
    }
    Ok((shape.first().copied().unwrap_or(1), all))
}

/// The value of an atom.
fn value(prover: &Prover<'_>, world: &World<'_>, atom: &Atom, env: &Env) -> Got<u64> {
    let head = prover.head(atom.head);
    let form = head.forms.first();
    let inner = || match form {
        Some(form) => applied(prover, world, form, atom, env),
        None => Err(Stop::Redraw),
    };
    Ok(match &head.kind {
        Kind::Symbol(id) => read(prover, world, *id, atom, env)?,
        Kind::Size(id) => of_index(world.numbers.get(*id).ok_or(Stop::Redraw)? as i64),
        Kind::Prime(p) => of_index(*p as i64),
        Kind::Pi => world.pi(),
        Kind::Index => of_index(index(prover, world, &atom.args[0], env)?),
        Kind::Delta => {
            let (a, b) = (&atom.args[0], &atom.args[1]);
            u64::from(index(prover, world, a, env)? == index(prover, world, b, env)?)
        }
        Kind::Exp => world.exp(inner()?)?,
        Kind::Log => world.log(inner()?)?,
        Kind::Sin => world.circle(inner()?)?.0,
        Kind::Cos => world.circle(inner()?)?.1,
        Kind::Pow => inner()?,
        Kind::Positive => world.positive(inner()?),
        Kind::Negative => world.positive(negative(inner()?)),
        Kind::Inverse => {
            let form = form.ok_or(Stop::Redraw)?;
            let own = holes(prover, world, form, atom, env)?;
            let (n, all) = table(prover, world, form, &own)?;
            let (_, inverse) = solved(n, &all);
            let (i, j) = (
                index(prover, world, &atom.args[0], env)?,
                index(prover, world, &atom.args[1], env)?,
            );
            inverse.ok_or(Stop::Redraw)?[i as usize * n + j as usize]
        }
        Kind::Det | Kind::LogDet => {
            let form = form.ok_or(Stop::Redraw)?;
            let own = holes(prover, world, form, atom, env)?;
            let (n, all) = table(prover, world, form, &own)?;
            let det = solved(n, &all).0;
            if head.kind == Kind::Det { det } else { world.log(magnitude(det))? }
        }
        Kind::Node(_) => return Err(Stop::Redraw),
        Kind::Opaque(key) => opaque(prover, world, key.1.def().name, atom, env)?,
    })
}

/// An entry of a name.
fn read(
    prover: &Prover<'_>,
    world: &World<'_>,
    id: crate::index::SymbolId,
    atom: &Atom,
    env: &Env,
) -> Got<u64> {
    let mut at = Vec::new();
    for ix in &atom.args {
        at.push(index(prover, world, ix, env)?);
    }
    let tensor = world.names.get(&id).ok_or(Stop::Redraw)?;
    let inside = |(i, n): (&i64, &usize)| *i >= 0 && *i < *n as i64;
    if !at.iter().zip(&tensor.shape).all(inside) {
        return Err(Stop::Redraw);
    }
    let place = at.iter().zip(&tensor.shape).fold(0, |p, (i, n)| p * n + *i as usize);
    Ok(tensor.data[place])
}

/// An entry of a function of which only the inputs are known.
fn opaque(prover: &Prover<'_>, world: &World<'_>, name: &str, atom: &Atom, env: &Env) -> Got<u64> {
    let head = prover.head(atom.head);
    let mut parts = vec![hash_text(name)];
    let count: usize = head.forms.iter().map(|f| f.params).sum();
    let mut offset = atom.args.len() - count;
    let dims = offset;
    for form in &head.forms {
        let mut own = Vec::new();
        for k in 0..form.params {
            own.push((PARAM + k as Var, index(prover, world, &atom.args[offset + k], env)?));
        }
        offset += form.params;
        parts.extend(table(prover, world, form, &own)?.1);
    }
    for ix in &atom.args[..dims] {
        parts.push(index(prover, world, ix, env)? as u64);
    }
    let value = hash(parts);
    match &head.classes {
        Some(k) => {
            let classes = world.numbers.size(k).map_err(|_| Stop::Redraw)?;
            Ok(value % classes.max(1) as u64)
        }
        None => Ok(value),
    }
}

/// A power of an atom.
fn factor(
    prover: &Prover<'_>,
    world: &World<'_>,
    (atom, e): &(Atom, Ratio),
    env: &Env,
) -> Got<u64> {
    let value = value(prover, world, atom, env)?;
    match e.whole() {
        Some(1) => Ok(value),
        Some(-1) => inverse(value),
        // A root of 0 is 0.
        _ if value == 0 && !e.is_negative() => Ok(0),
        _ => rational_power(value, *e),
    }
}

/// The value of a sum of products.
pub(super) fn poly(prover: &Prover<'_>, world: &World<'_>, of: &Poly, env: &Env) -> Got<u64> {
    let mut total = 0;
    for (mono, by) in &of.terms {
        let mut product = ratio(*by)?;
        for f in &mono.plain {
            product = times(product, factor(prover, world, f, env)?);
        }
        for (comp, count) in &mono.sums {
            let mut shape = Vec::new();
            for size in &comp.bounds {
                shape.push(world.numbers.size(size).map_err(|_| Stop::Redraw)?);
            }
            let mut sum = 0;
            for place in places(&shape) {
                let mut own = env.clone();
                own.extend(place.iter().enumerate().map(|(k, at)| (k as Var, *at as i64)));
                let mut term = 1;
                for f in &comp.factors {
                    if term == 0 {
                        break;
                    }
                    term = times(term, factor(prover, world, f, &own)?);
                }
                sum = add(sum, term);
            }
            product = times(product, super::field::power(sum, u64::from(*count)));
        }
        total = add(total, product);
    }
    Ok(total)
}

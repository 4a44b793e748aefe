//! Names for bound indices that depend on the structure alone: colour refinement, then trial.
//!
//! B. D. McKay, "Practical graph isomorphism", Congressus Numerantium 30 (1981): refine colours,
//! single out one vertex of a class, keep the least result. The products here are small, so no
//! automorphisms are used to prune; a budget bounds the leaves.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use super::Prover;
use super::ix::{Base, Ix, PARAM, SLOT, Var};
use super::term::{Atom, Comp, Factor, Form, Mono, Poly};
use crate::size::{Ratio, Size};

/// Most labellings of one product that are tried.
const LEAVES: usize = 720;
/// Most orders of the holes of a form.
const ORDERS: usize = 120;

fn hash_of<T: Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn mix(a: u64, b: u64) -> u64 {
    let x = (a.rotate_left(23) ^ b).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// A form with the indices that go into its holes, and the orders of these that change nothing.
pub(crate) type Closed = (Rc<Form>, Vec<Ix>, Vec<Vec<usize>>);

type Colour<'a> = &'a dyn Fn(Var) -> Option<u64>;

fn base_colour(base: &Base, colour: Colour<'_>) -> u64 {
    match base {
        Base::Var(var) => colour(*var).unwrap_or_else(|| hash_of(var)),
        Base::Label(atom) => {
            let start = mix(77, u64::from(atom.head));
            atom.args.iter().fold(start, |h, ix| mix(h, ix_colour(ix, colour)))
        }
    }
}

fn ix_colour(ix: &Ix, colour: Colour<'_>) -> u64 {
    match ix {
        Ix::One(base) => base_colour(base, colour),
        Ix::Affine(form) => {
            let term = |(b, by): &(Base, Size)| mix(hash_of(by), base_colour(b, colour));
            let sum = form.0.iter().map(term).fold(0_u64, u64::wrapping_add);
            mix(sum, hash_of(&form.1))
        }
    }
}

impl Prover<'_> {
    fn factor_colour(&self, factor: &Factor, colour: Colour<'_>) -> u64 {
        let (atom, exponent) = factor;
        let head = self.head(atom.head);
        let args: Vec<u64> = atom.args.iter().map(|ix| ix_colour(ix, colour)).collect();
        let turned = |order: &Vec<usize>| order.iter().fold(5, |h, at| mix(h, args[*at]));
        let least = head.symmetries.iter().map(turned).min().unwrap_or(5);
        mix(mix(u64::from(atom.head), hash_of(exponent)), least)
    }

    /// The colours of variables, refined until no class splits further.
    fn refined(
        &self,
        vars: &[Var],
        factors: &[Factor],
        start: BTreeMap<Var, u64>,
        outer: Colour<'_>,
    ) -> BTreeMap<Var, u64> {
        let classes = |c: &BTreeMap<Var, u64>| {
            let mut all: Vec<u64> = c.values().copied().collect();
            all.sort_unstable();
            all.dedup();
            all.len()
        };
        let mut colours = start;
        let mut count = classes(&colours);
        for _ in 0..=vars.len() {
            if count == vars.len() {
                break;
            }
            let next = |var: &Var| {
                let marked = |v: Var| match colours.get(&v) {
                    Some(c) if v == *var => Some(mix(*c, 991)),
                    Some(c) => Some(*c),
                    None => outer(v),
                };
                let own = factors.iter().filter(|(atom, _)| atom.has(*var));
                let sum = own.map(|f| self.factor_colour(f, &marked));
                mix(colours[var], sum.fold(0, u64::wrapping_add))
            };
            let refined: BTreeMap<Var, u64> = vars.iter().map(|v| (*v, next(v))).collect();
            let now = classes(&refined);
            colours = refined;
            if now == count {
                break;
            }
            count = now;
        }
        colours
    }

    /// The least order of an atom's indices that its symmetries allow.
    pub(crate) fn ordered(&self, atom: Atom) -> Atom {
        let head = self.head(atom.head);
        if head.symmetries.len() < 2 {
            return atom;
        }
        let turned = |order: &Vec<usize>| -> Vec<Ix> {
            order.iter().map(|at| atom.args[*at].clone()).collect()
        };
        let args = head.symmetries.iter().map(turned).min().unwrap_or_default();
        Atom { head: atom.head, args }
    }

    /// The product of `factors`, summed over `bounds`, with its bound indices named.
    pub(crate) fn named(&mut self, bounds: &[(Var, Size)], factors: &[Factor]) -> Option<Comp> {
        let start = bounds.iter().map(|(v, size)| (*v, hash_of(size))).collect();
        let mut best: Option<Comp> = None;
        let mut leaves = LEAVES;
        let vars: Vec<Var> = bounds.iter().map(|(v, _)| *v).collect();
        let mut open = vec![start];
        while let Some(colours) = open.pop() {
            let colours = self.refined(&vars, factors, colours, &|_| None);
            let mut classes: BTreeMap<u64, Vec<Var>> = BTreeMap::new();
            colours.iter().for_each(|(v, c)| classes.entry(*c).or_default().push(*v));
            if let Some(tied) = classes.values().find(|c| c.len() > 1) {
                for var in tied {
                    let mut alone = colours.clone();
                    alone.insert(*var, mix(colours[var], 31));
                    open.push(alone);
                }
                continue;
            }
            leaves = leaves.checked_sub(1)?;
            self.spend(1)?;
            let order: Vec<Var> = classes.into_values().flatten().collect();
            let comp = self.labelled(&order, bounds, factors)?;
            if best.as_ref().is_none_or(|b| comp < *b) {
                best = Some(comp);
            }
        }
        best
    }

    fn labelled(&self, order: &[Var], bounds: &[(Var, Size)], factors: &[Factor]) -> Option<Comp> {
        let place = |v: Var| order.iter().position(|o| *o == v).map(|at| Ix::var(at as Var));
        let mut named: Vec<Factor> = Vec::with_capacity(factors.len());
        for (atom, exponent) in factors {
            named.push((self.ordered(atom.put(&place)?), *exponent));
        }
        named.sort();
        let size = |v: &Var| bounds.iter().find(|(b, _)| b == v).map(|(_, s)| s.clone());
        let bounds = order.iter().map(size).collect::<Option<_>>()?;
        Some(Comp { bounds, factors: named })
    }

    /// A product with other indices, its sums named anew; the new indices must keep it a normal form.
    fn renamed(&mut self, mono: &Mono, map: &dyn Fn(&Ix) -> Option<Ix>) -> Option<Mono> {
        let put = |this: &Self, (atom, e): &Factor| -> Option<Factor> {
            let args = atom.args.iter().map(map).collect::<Option<_>>()?;
            Some((this.ordered(Atom { head: atom.head, args }), *e))
        };
        let mut out = Mono::default();
        for factor in &mono.plain {
            out.plain.push(put(self, factor)?);
        }
        out.plain.sort();
        for (comp, count) in &mono.sums {
            let factors: Vec<Factor> =
                comp.factors.iter().map(|f| put(self, f)).collect::<Option<_>>()?;
            let bounds: Vec<(Var, Size)> =
                comp.bounds.iter().enumerate().map(|(v, s)| (v as Var, s.clone())).collect();
            out.sums.push((Rc::new(self.named(&bounds, &factors)?), *count));
        }
        out.sums.sort();
        Some(out)
    }

    fn renamed_all(&mut self, poly: &Poly, map: &dyn Fn(&Ix) -> Option<Ix>) -> Option<Poly> {
        let mut out = Poly::zero();
        for (mono, factor) in &poly.terms {
            let mono = self.renamed(mono, map)?;
            out.add(mono, *factor)?;
        }
        Some(out)
    }

    /// `poly` as a form: `slots` are the op's own indices; every other free index becomes a hole.
    /// Also the indices that go in, and the orders of the holes that leave the form as it is.
    pub(crate) fn form(&mut self, poly: &Poly, slots: &[Var]) -> Option<Closed> {
        let slot_of = |v: Var| slots.iter().position(|s| *s == v).map(|at| SLOT + at as Var);
        // What each index is made of: the part that stays and the part that becomes a hole.
        let mut holes: Vec<Ix> = Vec::new();
        for (atom, _) in poly.factors() {
            for ix in &atom.args {
                let (_, free) = divided(ix, &slot_of)?;
                if let Some(free) = free
                    && !holes.contains(&free)
                {
                    holes.push(free);
                }
            }
        }
        let temporary: Vec<Var> = holes.iter().map(|_| self.fresh(Size::number(1))).collect();
        let hole = |ix: &Ix| -> Option<Ix> {
            let (kept, free) = divided(ix, &slot_of)?;
            let Some(free) = free else { return Some(kept) };
            let at = holes.iter().position(|h| *h == free)?;
            let var = Ix::var(temporary[at]);
            if kept.constant() == Some(&Size::number(0)) {
                return Some(var);
            }
            let (mut terms, constant) = kept.parts();
            terms.extend(var.parts().0);
            Ix::affine(terms, constant)
        };
        let open = self.renamed_all(poly, &hole)?;
        let slot_sizes: Vec<Size> = slots.iter().map(|v| self.range(*v)).collect();
        let orders = self.orders(&open, &temporary)?;
        let mut best: Option<(Poly, Vec<Vec<usize>>)> = None;
        for order in orders {
            let place = |ix: &Ix| {
                ix.put(&|v| {
                    let at = temporary.iter().position(|t| *t == v)?;
                    let to = order.iter().position(|o| *o == at)?;
                    Some(Ix::var(PARAM + to as Var))
                })
            };
            let closed = self.renamed_all(&open, &place)?;
            match &mut best {
                Some((least, same)) if *least == closed => same.push(order),
                Some((least, _)) if *least < closed => {}
                _ => best = Some((closed, vec![order])),
            }
        }
        let (poly, same) = best?;
        let first = same[0].clone();
        let args = first.iter().map(|at| holes[*at].clone()).collect();
        // `args[k]` is hole `first[k]`; another order puts hole `other[k]` there.
        let symmetry = |other: &Vec<usize>| -> Vec<usize> {
            other.iter().map(|at| first.iter().position(|f| f == at).unwrap_or(0)).collect()
        };
        let symmetries = same.iter().map(symmetry).collect();
        let form = Form { slots: slot_sizes, params: holes.len(), poly };
        Some((Rc::new(form), args, symmetries))
    }

    /// The orders of the holes that their colours leave open.
    fn orders(&mut self, poly: &Poly, holes: &[Var]) -> Option<Vec<Vec<usize>>> {
        if holes.is_empty() {
            return Some(vec![Vec::new()]);
        }
        let mut colours: BTreeMap<Var, u64> = holes.iter().map(|v| (*v, 1)).collect();
        for _ in 0..3 {
            let next = |var: &Var| {
                let marked =
                    |v: Var| colours.get(&v).map(|c| if v == *var { mix(*c, 991) } else { *c });
                mix(colours[var], self.poly_colour(poly, &marked))
            };
            colours = holes.iter().map(|v| (*v, next(v))).collect();
        }
        let mut classes: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (at, hole) in holes.iter().enumerate() {
            classes.entry(colours[hole]).or_default().push(at);
        }
        let mut orders: Vec<Vec<usize>> = vec![Vec::new()];
        for class in classes.values() {
            let mut longer = Vec::new();
            for order in &orders {
                for more in permutations(class) {
                    longer.push(order.iter().copied().chain(more).collect());
                }
                if longer.len() > ORDERS {
                    return None;
                }
            }
            orders = longer;
        }
        self.spend(orders.len() as u64)?;
        Some(orders)
    }

    fn poly_colour(&self, poly: &Poly, outer: Colour<'_>) -> u64 {
        let mut sum = 0_u64;
        for (mono, factor) in &poly.terms {
            let mut own = hash_of(factor);
            for f in &mono.plain {
                own = own.wrapping_add(self.factor_colour(f, outer));
            }
            for (comp, count) in &mono.sums {
                let vars: Vec<Var> = (0..comp.bounds.len() as Var).collect();
                let start = vars.iter().zip(&comp.bounds).map(|(v, s)| (*v, hash_of(s))).collect();
                let colours = self.refined(&vars, &comp.factors, start, outer);
                let colour = |v: Var| colours.get(&v).copied().or_else(|| outer(v));
                let all = comp.factors.iter().map(|f| self.factor_colour(f, &colour));
                let all = all.fold(u64::from(*count), u64::wrapping_add);
                own = own.wrapping_add(mix(3, all));
            }
            sum = sum.wrapping_add(mix(9, own));
        }
        sum
    }
}

/// An index as what stays in a form (bound indices and slots) and what becomes a hole.
fn divided(ix: &Ix, slot_of: &dyn Fn(Var) -> Option<Var>) -> Option<(Ix, Option<Ix>)> {
    let (terms, constant) = ix.parts();
    let (mut kept, mut free) = (Vec::new(), Vec::new());
    for (base, by) in terms {
        let (mut stays, mut goes) = (false, false);
        Ix::One(base.clone()).each_var(&mut |v| {
            let own = v < PARAM || slot_of(v).is_some();
            stays |= own;
            goes |= !own;
        });
        if stays && goes {
            return None;
        }
        if stays { kept.push((base, by)) } else { free.push((base, by)) }
    }
    let zero = Size::number(0);
    let any = !kept.is_empty();
    let kept = Ix::affine(kept, zero.clone())?.put(&|v| slot_of(v).map(Ix::var))?;
    if any && free.is_empty() && constant == zero {
        return Some((kept, None));
    }
    Some((kept, Some(Ix::affine(free, constant)?)))
}

fn permutations(of: &[usize]) -> Vec<Vec<usize>> {
    if of.len() > 5 {
        return vec![of.to_vec()];
    }
    let mut all = vec![Vec::new()];
    for _ in 0..of.len() {
        all = all
            .into_iter()
            .flat_map(|head: Vec<usize>| {
                let rest = of.iter().filter(|x| !head.contains(x)).copied().collect::<Vec<_>>();
                rest.into_iter().map(move |x| {
                    let mut longer = head.clone();
                    longer.push(x);
                    longer
                })
            })
            .collect();
    }
    all
}

/// An exponent or factor that is a whole number.
pub(crate) fn whole(x: Ratio) -> Option<i64> {
    x.whole().and_then(|w| i64::try_from(w).ok())
}

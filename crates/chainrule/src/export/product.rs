//! Writing a sum of products: as a matrix product, a sum along axes, or an `einsum`.

use std::collections::{BTreeMap, BTreeSet};

use chainrule_graph::Size;

use super::build::{Builder, Ix, Label, Value};
use super::code::{Code, Fold, Form, Infix, Prim};
use super::contract::{Factor, Product};

impl Builder<'_> {
    /// The product's array, with those of `outs` that any factor has.
    pub(super) fn finished(&mut self, mut product: Product, outs: &[(Label, Ix)]) -> Value {
        let out: Vec<Ix> = outs.iter().map(|(_, ix)| *ix).collect();
        self.drop_ones(&mut product, &out);
        let has = |ix: &Ix| product.factors.iter().any(|(_, own)| own.contains(ix));
        let outs: Vec<(Label, Ix)> = outs.iter().filter(|(_, ix)| has(ix)).copied().collect();
        let out: Vec<Ix> = outs.iter().map(|(_, ix)| *ix).collect();
        self.repeat(&mut product);
        let mut mean = product.means.clone();
        let body = self.body(std::mem::take(&mut product.factors), &out, &mut mean);
        let code = self.coefficient(product, body, &mean, out.len());
        Value { code, labels: outs.into_iter().map(|(l, _)| l).collect() }
    }

    /// Axes of length 1 that are not asked for are read at 0.
    fn drop_ones(&mut self, product: &mut Product, out: &[Ix]) {
        for (code, own) in &mut product.factors {
            let gone: Vec<bool> =
                own.iter().map(|ix| self.extent(*ix).is_one() && !out.contains(ix)).collect();
            if gone.contains(&true) {
                let at = gone.iter().map(|g| g.then(|| Size::number(0))).collect();
                *code = code.clone().picked(at);
                let mut gone = gone.iter();
                own.retain(|_| gone.next() == Some(&false));
            }
        }
        let (numbers, arrays): (Vec<Factor>, Vec<Factor>) =
            std::mem::take(&mut product.factors).into_iter().partition(|(_, own)| own.is_empty());
        product.factors = arrays;
        product.scalars.extend(numbers.into_iter().map(|(code, _)| code));
        let builder = &*self;
        product.summed.retain(|ix| !builder.extent(*ix).is_one());
        product.means.retain(|ix| !builder.extent(*ix).is_one());
    }

    /// A sum over an index that no factor has multiplies by its length.
    fn repeat(&mut self, product: &mut Product) {
        for ix in product.summed.clone() {
            if product.factors.iter().any(|(_, own)| own.contains(&ix)) {
                continue;
            }
            match product.means.iter().position(|m| *m == ix) {
                Some(at) => {
                    product.means.remove(at);
                }
                None => product.scalars.push(Code::size(&self.extent(ix))),
            }
        }
    }

    /// Scalars in front, divisors behind, means that are left as divisors.
    fn coefficient(
        &mut self,
        product: Product,
        body: Option<Code>,
        means: &[Ix],
        rank: usize,
    ) -> Code {
        let times = |a: Option<Code>, b: Code| match a {
            Some(a) if a != Code::number(1.0) => Some(Code::infix(Infix::Mul, a, b)),
            _ => Some(b),
        };
        let front = product.scalars.into_iter().fold(None, times);
        let mut code = match (front, body) {
            (Some(front), Some(body)) => times(Some(front), body),
            (front, body) => front.or(body),
        }
        .unwrap_or_else(|| Code::number(1.0));
        for divisor in product.divisors {
            code = Code::infix(Infix::Div, code, divisor);
        }
        let lengths: Vec<Size> = means.iter().map(|ix| self.extent(*ix)).collect();
        match Size::product(&lengths) {
            Ok(all) if !lengths.is_empty() => {
                code = Code::infix(Infix::Div, code, Code::size(&all));
            }
            _ => {}
        }
        let code = if product.negative { Code::neg(code) } else { code };
        Code { rank, ..code }
    }

    /// The sum of the product of arrays. Means that it takes itself are struck from `means`.
    fn body(&mut self, factors: Vec<Factor>, out: &[Ix], means: &mut Vec<Ix>) -> Option<Code> {
        let mut factors = merged(factors, out);
        for factor in &mut factors {
            let repeats = (1..factor.1.len()).any(|i| factor.1[..i].contains(&factor.1[i]));
            if repeats {
                let alone = once(&factor.1);
                *factor = self.einsum(vec![factor.clone()], &alone);
            }
        }
        match factors.len() {
            0 => None,
            1 => Some(self.single(factors.remove(0), out, means)),
            2 => Some(self.pair(factors, out, means)),
            _ => Some(self.many(factors, out)),
        }
    }

    /// One array: summed along axes, turned.
    fn single(&mut self, (code, own): Factor, out: &[Ix], means: &mut Vec<Ix>) -> Code {
        let gone: Vec<usize> = (0..own.len()).filter(|i| !out.contains(&own[*i])).collect();
        let kept: Vec<Ix> = own.iter().filter(|ix| out.contains(ix)).copied().collect();
        let mean = !gone.is_empty() && gone.iter().all(|i| means.contains(&own[*i]));
        let fold = if mean { Fold::Mean } else { Fold::Sum };
        if mean {
            means.retain(|ix| !own.contains(ix));
        }
        let code = code.folded(fold, gone);
        ordered(code, &kept, out)
    }

    /// Two arrays.
    fn pair(&mut self, mut factors: Vec<Factor>, out: &[Ix], means: &mut Vec<Ix>) -> Code {
        // What only one of them has and is not asked for is summed first.
        for i in 0..2 {
            let other = factors[1 - i].1.clone();
            let (code, own) = &mut factors[i];
            let lonely = |ix: &Ix| !out.contains(ix) && !other.contains(ix);
            let gone: Vec<usize> = (0..own.len()).filter(|at| lonely(&own[*at])).collect();
            if !gone.is_empty() {
                *code = code.clone().folded(Fold::Sum, gone);
                own.retain(|ix| !lonely(ix));
            }
        }
        let (a, b) = (&factors[0], &factors[1]);
        let summed: Vec<Ix> = a.1.iter().filter(|ix| !out.contains(ix)).copied().collect();
        if summed.is_empty() {
            return product(factors, out);
        }
        let one_axis = a.1.len() == 1 && b.1.len() == 1;
        let same = |x: &[Ix], y: &[Ix]| x.iter().all(|ix| y.contains(ix));
        if same(&a.1, &b.1) && same(&b.1, &a.1) && !one_axis {
            let all = a.1.clone();
            let entries = product(factors, &all);
            return self.single((entries, all), out, means);
        }
        if let Some(code) = matmul(a, b, &summed, out) {
            return code;
        }
        self.einsum(factors, out).0
    }

    /// Three arrays and more.
    fn many(&mut self, factors: Vec<Factor>, out: &[Ix]) -> Code {
        let sums = factors.iter().any(|(_, own)| own.iter().any(|ix| !out.contains(ix)));
        if sums { self.einsum(factors, out).0 } else { product(factors, out) }
    }

    /// `einsum`, with a letter for each index.
    pub(super) fn einsum(&mut self, factors: Vec<Factor>, out: &[Ix]) -> Factor {
        let mut letters: BTreeMap<Ix, char> = BTreeMap::new();
        let mut used: BTreeSet<char> = BTreeSet::new();
        let all: Vec<Ix> =
            out.iter().chain(factors.iter().flat_map(|(_, own)| own)).copied().collect();
        // A name of one letter comes first, so that it keeps it.
        for short in [true, false] {
            for ix in &all {
                let name = self.index_name(*ix);
                if letters.contains_key(ix) || (name.len() == 1) != short {
                    continue;
                }
                let own = name.chars().filter(char::is_ascii_alphabetic);
                let own = own.map(|c| c.to_ascii_lowercase());
                let letter = own.take(1).chain('a'..='z').chain('A'..='Z');
                let letter = letter.into_iter().find(|c| !used.contains(c)).unwrap_or('?');
                used.insert(letter);
                letters.insert(*ix, letter);
            }
        }
        let word = |own: &[Ix]| own.iter().map(|ix| letters[ix]).collect::<Vec<char>>();
        let inputs = factors.iter().map(|(_, own)| word(own)).collect();
        let form = Form::Einsum {
            inputs,
            output: word(out),
            args: factors.into_iter().map(|(code, _)| code).collect(),
        };
        (Code::new(form, out.len()), out.to_vec())
    }

    pub(super) fn index_name(&self, ix: Ix) -> String {
        match ix {
            Ix::Axis(axis) => self.module.axes.get(axis).name.clone(),
            Ix::Local(at) => {
                let (length, hint) = &self.locals[at];
                if hint.is_empty() { self.module.sizes.text(length) } else { hint.clone() }
            }
        }
    }
}

/// The indices of an array, each once.
fn once(own: &[Ix]) -> Vec<Ix> {
    let mut once: Vec<Ix> = Vec::new();
    for ix in own {
        if !once.contains(ix) {
            once.push(*ix);
        }
    }
    once
}

/// Arrays over the same indices are multiplied entry by entry if there are more than two.
fn merged(factors: Vec<Factor>, out: &[Ix]) -> Vec<Factor> {
    let sums = factors.iter().any(|(_, own)| own.iter().any(|ix| !out.contains(ix)));
    if factors.len() < 3 || !sums {
        return factors;
    }
    let mut all: Vec<Factor> = Vec::new();
    for (code, own) in factors {
        match all.iter_mut().find(|(_, known)| *known == own) {
            Some((known, _)) => *known = Code::infix(Infix::Mul, known.clone(), code),
            None => all.push((code, own)),
        }
    }
    all
}

/// The axes in the order of `out`, which has them all.
fn ordered(code: Code, own: &[Ix], out: &[Ix]) -> Code {
    let order: Vec<usize> = out.iter().filter_map(|ix| own.iter().position(|o| o == ix)).collect();
    code.permuted(&order)
}

/// The product, entry by entry, of arrays over some of the indices `out`.
fn product(factors: Vec<Factor>, out: &[Ix]) -> Code {
    if let [(a, x), (b, y)] = factors.as_slice()
        && x.len() == 1
        && y.len() == 1
        && x != y
    {
        let (a, b) = if x[0] == out[0] { (a, b) } else { (b, a) };
        return Code::call(Prim::Outer, vec![a.clone(), b.clone()], 2);
    }
    let mut all = factors.into_iter().map(|(code, own)| {
        let kept: Vec<bool> = out.iter().map(|ix| own.contains(ix)).collect();
        ordered(code, &own, out).expanded(&kept)
    });
    let first = all.next().unwrap_or_else(|| Code::number(1.0));
    let code = all.fold(first, |a, b| Code::infix(Infix::Mul, a, b));
    Code { rank: out.len(), ..code }
}

/// `a @ b`, if one index is summed and the others stand right.
fn matmul(a: &Factor, b: &Factor, summed: &[Ix], out: &[Ix]) -> Option<Code> {
    let [k] = summed else { return None };
    let rest = |f: &Factor| -> Vec<Ix> { f.1.iter().filter(|ix| *ix != k).copied().collect() };
    let (left, right) = (rest(a), rest(b));
    if left.iter().any(|ix| right.contains(ix)) {
        return None;
    }
    if [left.clone(), right.clone()].concat() == out {
        multiplied(a, b, *k)
    } else if [right, left].concat() == out {
        multiplied(b, a, *k)
    } else {
        None
    }
}

/// The matrix product with `k` last in `a` and first in `b`; either is turned if it has two axes.
fn multiplied(a: &Factor, b: &Factor, k: Ix) -> Option<Code> {
    let left = match a.1.as_slice() {
        [.., last] if *last == k => a.0.clone(),
        [first, _] if *first == k => a.0.clone().permuted(&[1, 0]),
        _ => return None,
    };
    let right = match b.1.as_slice() {
        [first] | [first, _] if *first == k => b.0.clone(),
        [_, last] if *last == k => b.0.clone().permuted(&[1, 0]),
        _ => return None,
    };
    let rank = left.rank + right.rank - 2;
    Some(Code::call(Prim::MatMul, vec![left, right], rank))
}

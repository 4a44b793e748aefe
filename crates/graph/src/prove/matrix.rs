//! Inverses and determinants of products of square matrices.

use super::Prover;
use super::close::{MINUS, Open};
use super::ix::{Ix, Var};
use super::term::{Factor, Kind, Poly, Sign};
use crate::size::{Ratio, Size};

/// A matrix: its entry at `row`, `column`.
pub(crate) struct Matrix {
    pub(crate) row: Var,
    pub(crate) column: Var,
    pub(crate) poly: Poly,
}

/// What a matrix is, for the rules.
enum Shape {
    /// `A B`
    Product(Matrix, Matrix),
    /// `s A`, the scalar a product of powers.
    Scaled(Poly, Matrix),
    /// An inverse.
    Inverse(Matrix),
    /// What stands at an index of the diagonal.
    Diagonal(Var, Poly),
    Other(Matrix),
}

impl Prover<'_> {
    /// The size of a matrix.
    fn order(&self, m: &Matrix) -> Size {
        self.range(m.row)
    }

    fn shape(&mut self, m: Matrix) -> Option<Shape> {
        let Some((mono, factor)) = m.poly.single() else { return Some(Shape::Other(m)) };
        let open = self.opened(&mono.clone())?;
        let free = |(a, _): &Factor| {
            let inner = open.bounds.iter().any(|v| a.has(*v));
            !a.has(m.row) && !a.has(m.column) && !inner
        };
        let (scalars, own): (Vec<Factor>, Vec<Factor>) =
            open.factors.iter().cloned().partition(free);
        if !scalars.is_empty() || factor != Ratio::ONE {
            let scalar = Open { bounds: Vec::new(), factors: scalars };
            let scalar = self.close(vec![(factor, scalar)])?;
            let rest = Open { bounds: open.bounds.clone(), factors: own };
            let poly = self.close(vec![(Ratio::ONE, rest)])?;
            return Some(Shape::Scaled(scalar, Matrix { poly, ..m }));
        }
        if open.bounds.is_empty() {
            return self.small(m, &own);
        }
        for cut in &open.bounds {
            if self.range(*cut) != self.order(&m) {
                continue;
            }
            let Some((left, right)) = self.cut(&open, *cut, m.row, m.column) else { continue };
            let (a, b) = (self.fresh(self.range(*cut)), self.fresh(self.range(*cut)));
            let left = self.close(vec![(Ratio::ONE, left)])?;
            let right = self.close(vec![(Ratio::ONE, right)])?;
            let left = self.put(&left, &[(*cut, Ix::var(a))].into())?;
            let right = self.put(&right, &[(*cut, Ix::var(b))].into())?;
            let (row, column) = (m.row, m.column);
            let first = Matrix { row, column: a, poly: left };
            let second = Matrix { row: b, column, poly: right };
            return Some(Shape::Product(first, second));
        }
        Some(Shape::Other(m))
    }

    fn small(&mut self, m: Matrix, own: &[Factor]) -> Option<Shape> {
        // Not a delta of other places: `1[i == j + 1]`, `1[i == y[j]]`.
        let at_both = |a: &super::term::Atom| {
            let [a, b] = [a.args[0].as_var(), a.args[1].as_var()];
            [a, b] == [Some(m.row), Some(m.column)] || [b, a] == [Some(m.row), Some(m.column)]
        };
        let delta = |(a, e): &&Factor| {
            self.head(a.head).kind == Kind::Delta && *e == Ratio::ONE && at_both(a)
        };
        if let Some((atom, _)) = own.iter().find(delta) {
            let rest: Vec<Factor> = own.iter().filter(|(a, _)| a != atom).cloned().collect();
            let kept = m.row.min(m.column);
            if rest.iter().all(|(a, _)| !a.has(m.row.max(m.column))) {
                let poly =
                    self.close(vec![(Ratio::ONE, Open { bounds: Vec::new(), factors: rest })])?;
                return Some(Shape::Diagonal(kept, poly));
            }
        }
        if let [(atom, e)] = own
            && *e == Ratio::ONE
            && self.head(atom.head).kind == Kind::Inverse
        {
            let form = self.head(atom.head).forms[0].clone();
            let n = self.order(&m);
            let (row, column) = (self.fresh(n.clone()), self.fresh(n));
            let mut turned = atom.clone();
            // The inverse at (i, j) of a matrix with entries at (row, column).
            let swapped = atom.args[0].as_var() == Some(m.column);
            // One column of an inverse, copied, is no inverse.
            let rest = atom.args[2..].iter().any(|ix| ix.has(m.row) || ix.has(m.column));
            if !at_both(atom) || rest {
                return Some(Shape::Other(m));
            }
            turned.args[0] = Ix::var(if swapped { column } else { row });
            turned.args[1] = Ix::var(if swapped { row } else { column });
            let poly = self.instance(&form.poly, &form, &turned)?;
            return Some(Shape::Inverse(Matrix { row, column, poly }));
        }
        Some(Shape::Other(m))
    }

    /// The two parts of a chain at an inner index, if nothing else joins them.
    fn cut(&self, open: &Open, cut: Var, row: Var, column: Var) -> Option<(Open, Open)> {
        let mut reached = vec![row];
        let mut left: Vec<usize> = Vec::new();
        loop {
            let next = (0..open.factors.len()).find(|k| {
                let atom = &open.factors[*k].0;
                !left.contains(k) && reached.iter().any(|v| atom.has(*v))
            });
            let Some(k) = next else { break };
            left.push(k);
            for v in &open.bounds {
                if *v != cut && open.factors[k].0.has(*v) && !reached.contains(v) {
                    reached.push(*v);
                }
            }
        }
        let of = |side: bool| {
            let own = (0..open.factors.len()).filter(|k| left.contains(k) == side);
            let factors: Vec<Factor> = own.map(|k| open.factors[k].clone()).collect();
            let bounds = open.bounds.iter().copied();
            let has = |v: &Var| *v != cut && factors.iter().any(|(a, _)| a.has(*v));
            Open { bounds: bounds.filter(has).collect(), factors: factors.clone() }
        };
        let (first, second) = (of(true), of(false));
        let has = |o: &Open, v: Var| o.factors.iter().any(|(a, _)| a.has(v));
        let chain = has(&first, row)
            && !has(&first, column)
            && has(&second, column)
            && !has(&second, row)
            && has(&first, cut)
            && has(&second, cut);
        chain.then_some((first, second))
    }

    /// The entry of an inverse at `row`, `column`.
    pub(crate) fn inverse(
        &mut self,
        m: Matrix,
        row: &Ix,
        column: &Ix,
        deep: usize,
    ) -> Option<Poly> {
        self.spend(5)?;
        if deep > 24 {
            return None;
        }
        let shape = if self.display { Shape::Other(m) } else { self.shape(m)? };
        match shape {
            Shape::Product(a, b) => {
                let inner = self.fresh(self.order(&a));
                let inner_ix = Ix::var(inner);
                let second = self.inverse(b, row, &inner_ix, deep + 1)?;
                let first = self.inverse(a, &inner_ix, column, deep + 1)?;
                let product = self.times(&second, &first)?;
                self.summed(&product, &[inner])
            }
            Shape::Scaled(s, a) => {
                let s = self.power_of(&s, MINUS)?;
                let a = self.inverse(a, row, column, deep + 1)?;
                self.times(&s, &a)
            }
            Shape::Inverse(a) => {
                self.put(&a.poly, &[(a.row, row.clone()), (a.column, column.clone())].into())
            }
            Shape::Diagonal(at, poly) => {
                let value = self.put(&poly, &[(at, row.clone())].into())?;
                let value = self.power_of(&value, MINUS)?;
                let delta = self.simple(Kind::Delta, vec![row.clone(), column.clone()]);
                self.with(&value, vec![(delta, Ratio::ONE)])
            }
            Shape::Other(m) => {
                let atom = self.inverse_atom(&m, row.clone(), column.clone())?;
                Some(Poly::of(vec![(atom, Ratio::ONE)]))
            }
        }
    }

    fn inverse_atom(&mut self, m: &Matrix, row: Ix, column: Ix) -> Option<super::term::Atom> {
        let own = self.form(&m.poly, &[m.row, m.column])?;
        let turned = self.form(&m.poly, &[m.column, m.row])?;
        let symmetric = own.0 == turned.0 && own.1 == turned.1;
        let swap = (&turned.0, &turned.1) < (&own.0, &own.1);
        let ((form, holes, symmetries), args) =
            if swap { (turned, vec![column, row]) } else { (own, vec![row, column]) };
        let mut orders: Vec<Vec<usize>> = Vec::new();
        for order in &symmetries {
            orders.push((0..2).chain(order.iter().map(|k| k + 2)).collect());
            if symmetric {
                orders.push([1, 0].into_iter().chain(order.iter().map(|k| k + 2)).collect());
            }
        }
        let mut atom = self.of_form(Kind::Inverse, form, holes, &symmetries, args)?;
        if symmetric {
            self.resymmetrised(atom.head, orders);
            atom = self.ordered(atom);
        }
        Some(atom)
    }

    /// `log abs det` (or `det`) of a matrix.
    pub(crate) fn determinant(&mut self, m: Matrix, log: bool, deep: usize) -> Option<Poly> {
        self.spend(5)?;
        if deep > 24 {
            return None;
        }
        let join = |this: &mut Self, a: Poly, b: Poly| {
            if log {
                let mut sum = a;
                sum.plus(&b, Ratio::ONE)?;
                Some(sum)
            } else {
                this.times(&a, &b)
            }
        };
        let shape = if self.display { Shape::Other(m) } else { self.shape(m)? };
        match shape {
            Shape::Product(a, b) => {
                let a = self.determinant(a, log, deep + 1)?;
                let b = self.determinant(b, log, deep + 1)?;
                join(self, a, b)
            }
            Shape::Scaled(s, a) => {
                let order = self.order(&a);
                let n = self.size(&order)?;
                let size = self.magnitude(&s)?;
                let factor = if log {
                    let own = self.log_of(&size)?;
                    self.times(&n, &own)?
                } else if let Some(n) = n.constant().filter(|n| n.whole().is_some()) {
                    self.power_of(&s, n)?
                } else if self.sign(&s) == Sign::Positive {
                    let own = self.log_of(&s)?;
                    let power = self.times(&n, &own)?;
                    self.exp_of(&power)?
                } else {
                    let poly = self.times(&s, &a.poly)?;
                    return self.opaque_det(&Matrix { poly, ..a }, log);
                };
                let a = self.determinant(a, log, deep + 1)?;
                join(self, factor, a)
            }
            Shape::Inverse(a) => {
                let a = self.determinant(a, log, deep + 1)?;
                if log { a.scaled(MINUS) } else { self.power_of(&a, MINUS) }
            }
            Shape::Diagonal(at, poly) if log => {
                let size = self.magnitude(&poly)?;
                let own = self.log_of(&size)?;
                self.summed(&own, &[at])
            }
            Shape::Diagonal(_, poly) => (poly == Poly::one()).then_some(poly),
            Shape::Other(m) => self.opaque_det(&m, log),
        }
    }

    pub(crate) fn opaque_det(&mut self, m: &Matrix, log: bool) -> Option<Poly> {
        let own = self.form(&m.poly, &[m.row, m.column])?;
        let turned = self.form(&m.poly, &[m.column, m.row])?;
        let (form, holes, symmetries) =
            if (&turned.0, &turned.1) < (&own.0, &own.1) { turned } else { own };
        let kind = if log { Kind::LogDet } else { Kind::Det };
        let atom = self.of_form(kind, form, holes, &symmetries, Vec::new())?;
        Some(Poly::of(vec![(atom, Ratio::ONE)]))
    }
}

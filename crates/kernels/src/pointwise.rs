//! Functions of entries over whole registers.

use crate::element::Element;
use crate::isa::{Level, Task};
use crate::program::{Fold, Function};
use crate::vmath::{Circular, MODERATE};

/// An operand.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a, T> {
    /// One number for all entries.
    One(T),
    /// One for each.
    Many(&'a [T]),
}

/// `out = f(x)`.
pub(crate) struct Unary<'a, T> {
    pub(crate) function: Function,
    pub(crate) x: &'a [T],
    pub(crate) out: &'a mut [T],
}

/// `out = f(x, y)`.
pub(crate) struct Binary<'a, T> {
    pub(crate) function: Function,
    pub(crate) x: Value<'a, T>,
    pub(crate) y: Value<'a, T>,
    pub(crate) out: &'a mut [T],
}

/// `total = fold(total, values)`, entry by entry.
pub(crate) struct Meet<'a, T> {
    pub(crate) fold: Fold,
    pub(crate) total: &'a mut [T],
    pub(crate) values: &'a [T],
}

/// How many partial results a fold along a vector keeps.
pub(crate) const LANES: usize = 16;

/// Folds rows of so many values, each into [`LANES`] totals.
pub(crate) struct Along<'a, T> {
    pub(crate) fold: Fold,
    pub(crate) totals: &'a mut [T],
    pub(crate) values: &'a [T],
    pub(crate) cols: usize,
}

/// Folds the [`LANES`] totals of each row into one, which takes the row's place.
pub(crate) struct Ends<'a, T> {
    pub(crate) fold: Fold,
    pub(crate) totals: &'a mut [T],
    pub(crate) rows: usize,
}

#[inline(always)]
fn map<T: Copy>(x: &[T], out: &mut [T], f: impl Fn(T) -> T) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = f(x);
    }
}

#[inline(always)]
fn truth<T: Element>(condition: bool) -> T {
    if condition { T::ONE } else { T::ZERO }
}

/// A circular function: entries beyond the fast reduction are done again.
#[inline(always)]
fn circular<T: Element>(which: Circular, x: &[T], out: &mut [T], f: impl Fn(T) -> T) {
    map(x, out, f);
    let far = |x: T| x.magnitude() >= T::of(MODERATE);
    if x.iter().fold(false, |any, &x| any | far(x)) {
        for (out, &x) in out.iter_mut().zip(x) {
            if far(x) && x.magnitude() < T::INFINITY {
                *out = x.far(which);
            }
        }
    }
}

impl<T: Element> Task for Unary<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        let Unary { function, x, out } = self;
        let zero = T::ZERO;
        match function {
            Function::Neg => map(x, out, |x| -x),
            Function::Not => map(x, out, |x| truth(x == zero)),
            Function::Exp => map(x, out, T::exp::<L>),
            Function::Log => map(x, out, T::log::<L>),
            Function::Sqrt => map(x, out, T::root),
            Function::Sin => circular(Circular::Sin, x, out, T::sin::<L>),
            Function::Cos => circular(Circular::Cos, x, out, T::cos::<L>),
            Function::Tan => circular(Circular::Tan, x, out, T::tan::<L>),
            Function::Tanh => map(x, out, T::tanh::<L>),
            Function::Sigmoid => map(x, out, T::sigmoid::<L>),
            Function::Softplus => map(x, out, T::softplus::<L>),
            Function::Relu => map(x, out, |x| if x <= zero { zero } else { x }),
            Function::Abs => map(x, out, T::magnitude),
            Function::Sign => map(x, out, |x| {
                let below = if x < zero { -T::ONE } else { x };
                if x > zero { T::ONE } else { below }
            }),
            // Functions of two values never come here: loading a program checks it.
            _ => map(x, out, |x| x),
        }
    }
}

/// The greater, the first of equals; NaN if one is.
#[inline(always)]
pub(crate) fn greater<T: Element>(x: T, y: T) -> T {
    if (x >= y) | x.nan() { x } else { y }
}

/// The smaller, the first of equals; NaN if one is.
#[inline(always)]
pub(crate) fn smaller<T: Element>(x: T, y: T) -> T {
    if (x <= y) | x.nan() { x } else { y }
}

/// `f` over both operands.
trait Both<T> {
    fn apply(self, f: impl Fn(T, T) -> T);
}

impl<T: Element> Both<T> for (Value<'_, T>, Value<'_, T>, &mut [T]) {
    #[inline(always)]
    fn apply(self, f: impl Fn(T, T) -> T) {
        match (self.0, self.1) {
            (Value::Many(x), Value::Many(y)) => {
                for ((out, &x), &y) in self.2.iter_mut().zip(x).zip(y) {
                    *out = f(x, y);
                }
            }
            (Value::Many(x), Value::One(y)) => map(x, self.2, |x| f(x, y)),
            (Value::One(x), Value::Many(y)) => map(y, self.2, |y| f(x, y)),
            (Value::One(x), Value::One(y)) => self.2.fill(f(x, y)),
        }
    }
}

impl<T: Element> Task for Binary<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        let Binary { function, x, y, out } = self;
        let (all, zero) = ((x, y, out), T::ZERO);
        match function {
            Function::Add => all.apply(|x, y| x + y),
            Function::Sub => all.apply(|x, y| x - y),
            Function::Mul => all.apply(|x, y| x * y),
            Function::Div => all.apply(|x, y| x / y),
            Function::Pow => match y {
                Value::One(y) if y == T::ONE + T::ONE => all.apply(|x, _| x * x),
                _ => all.apply(T::pow::<L>),
            },
            Function::Max => all.apply(greater),
            Function::Min => all.apply(smaller),
            Function::Less => all.apply(|x, y| truth(x < y)),
            Function::LessEqual => all.apply(|x, y| truth(x <= y)),
            Function::Greater => all.apply(|x, y| truth(x > y)),
            Function::GreaterEqual => all.apply(|x, y| truth(x >= y)),
            Function::Equal => all.apply(|x, y| truth(x == y)),
            Function::NotEqual => all.apply(|x, y| truth(x != y)),
            Function::And => all.apply(|x, y| truth((x != zero) & (y != zero))),
            Function::Or => all.apply(|x, y| truth((x != zero) | (y != zero))),
            // Functions of one value never come here: loading a program checks it.
            _ => all.apply(|x, _| x),
        }
    }
}

/// What a fold starts from.
pub(crate) fn neutral<T: Element>(fold: Fold) -> T {
    match fold {
        Fold::Sum => T::ZERO,
        Fold::Max => -T::INFINITY,
        Fold::Min => T::INFINITY,
        Fold::Product => T::ONE,
    }
}

#[inline(always)]
fn meet<T: Element>(total: &mut [T], values: &[T], f: impl Fn(T, T) -> T) {
    for (total, &value) in total.iter_mut().zip(values) {
        *total = f(*total, value);
    }
}

impl<T: Element> Task for Meet<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        match self.fold {
            Fold::Sum => meet(self.total, self.values, |x, y| x + y),
            Fold::Max => meet(self.total, self.values, greater),
            Fold::Min => meet(self.total, self.values, smaller),
            Fold::Product => meet(self.total, self.values, |x, y| x * y),
        }
    }
}

#[inline(always)]
fn along<T: Element>(own: Along<'_, T>, f: impl Fn(T, T) -> T) {
    let rows = own.values.chunks_exact(own.cols.max(1));
    for (total, values) in own.totals.as_chunks_mut::<LANES>().0.iter_mut().zip(rows) {
        let mut lanes = *total;
        let (chunks, rest) = values.as_chunks::<LANES>();
        for chunk in chunks {
            for (lane, &value) in lanes.iter_mut().zip(chunk) {
                *lane = f(*lane, value);
            }
        }
        for (lane, &value) in lanes.iter_mut().zip(rest) {
            *lane = f(*lane, value);
        }
        *total = lanes;
    }
}

#[inline(always)]
fn ends<T: Element>(own: Ends<'_, T>, f: impl Fn(T, T) -> T) {
    for row in 0..own.rows {
        let Some(lanes) = own.totals.as_chunks::<LANES>().0.get(row) else { return };
        let eight: [T; 8] = std::array::from_fn(|lane| f(lanes[lane], lanes[lane + 8]));
        let four: [T; 4] = std::array::from_fn(|lane| f(eight[lane], eight[lane + 4]));
        let two: [T; 2] = std::array::from_fn(|lane| f(four[lane], four[lane + 2]));
        own.totals[row] = f(two[0], two[1]);
    }
}

impl<T: Element> Task for Along<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        match self.fold {
            Fold::Sum => along(self, |x, y| x + y),
            Fold::Max => along(self, greater),
            Fold::Min => along(self, smaller),
            Fold::Product => along(self, |x, y| x * y),
        }
    }
}

impl<T: Element> Task for Ends<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        match self.fold {
            Fold::Sum => ends(self, |x, y| x + y),
            Fold::Max => ends(self, greater),
            Fold::Min => ends(self, smaller),
            Fold::Product => ends(self, |x, y| x * y),
        }
    }
}

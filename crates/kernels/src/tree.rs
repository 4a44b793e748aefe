//! Expressions that are computed in one pass over a tile: a few operations whose values between
//! them stay in registers. Which there are is a table of shapes; [`find`] sees one in the steps of
//! a loop by its structure alone. Each operation is rounded as if it stood alone, so the bits are
//! those of the single steps.

mod find;
#[cfg(test)]
mod tests;

pub(crate) use find::{Found, find, own};

use std::marker::PhantomData;

use crate::element::Element;
use crate::isa::{Level, Task, soon};
use crate::program::Function;
use crate::vector::{Comparison, Lanes, Vector};

/// Arrays that a pass asks for at most.
pub(crate) const AHEAD: usize = 4;
/// Leaves of a shape at most.
pub(crate) const LEAVES: usize = 8;

/// A shape as data, to be compared with steps.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Node {
    /// Any value; leaves are numbered from the left.
    Leaf,
    /// A function of one value.
    Unary(Function, Box<Node>),
    /// A function of two values.
    Binary(Function, Box<Node>, Box<Node>),
    /// The square, however it is written.
    Square(Box<Node>),
    /// The quotient by a number that is the same for the whole tile: two leaves, the number and its
    /// reciprocal.
    Over(Box<Node>),
}

/// The work of a shape, by that of its functions.
pub(crate) fn work(shape: usize, weight: fn(Function) -> f64) -> f64 {
    fn all(node: &Node, weight: fn(Function) -> f64) -> f64 {
        match node {
            Node::Leaf => 0.0,
            Node::Unary(function, x) => weight(*function) + all(x, weight),
            Node::Binary(function, x, y) => weight(*function) + all(x, weight) + all(y, weight),
            Node::Square(x) | Node::Over(x) => 1.0 + all(x, weight),
        }
    }
    shapes().get(shape).map_or(0.0, |node| all(node, weight))
}

/// A shape as code.
trait Tree {
    fn node() -> Node;
    fn eval<V: Vector>(leaves: &[V; LEAVES]) -> V;
}

/// A leaf, by its number.
struct X<const AT: usize>;

impl<const AT: usize> Tree for X<AT> {
    fn node() -> Node {
        Node::Leaf
    }
    #[inline(always)]
    fn eval<V: Vector>(leaves: &[V; LEAVES]) -> V {
        leaves[AT]
    }
}

macro_rules! unary {
    ($($name:ident $method:ident),*) => {$(
        struct $name<A>(PhantomData<A>);
        impl<A: Tree> Tree for $name<A> {
            fn node() -> Node {
                Node::Unary(Function::$name, Box::new(A::node()))
            }
            #[inline(always)]
            fn eval<V: Vector>(leaves: &[V; LEAVES]) -> V {
                A::eval(leaves).$method()
            }
        }
    )*};
}
unary!(Sqrt sqrt, Relu relu, Neg neg);

macro_rules! binary {
    ($($name:ident $method:ident),*) => {$(
        struct $name<A, B>(PhantomData<(A, B)>);
        impl<A: Tree, B: Tree> Tree for $name<A, B> {
            fn node() -> Node {
                Node::Binary(Function::$name, Box::new(A::node()), Box::new(B::node()))
            }
            #[inline(always)]
            fn eval<V: Vector>(leaves: &[V; LEAVES]) -> V {
                A::eval(leaves).$method(B::eval(leaves))
            }
        }
    )*};
}
binary!(Add add, Sub sub, Mul mul, Div div, Max greatest, Min least);

macro_rules! comparison {
    ($($name:ident),*) => {$(
        struct $name<A, B>(PhantomData<(A, B)>);
        impl<A: Tree, B: Tree> Tree for $name<A, B> {
            fn node() -> Node {
                let function = Comparison::$name.function();
                Node::Binary(function, Box::new(A::node()), Box::new(B::node()))
            }
            #[inline(always)]
            fn eval<V: Vector>(leaves: &[V; LEAVES]) -> V {
                A::eval(leaves).compare(Comparison::$name, B::eval(leaves))
            }
        }
    )*};
}
comparison!(Less, LessEqual, Greater, GreaterEqual, Equal, NotEqual);

struct Square<A>(PhantomData<A>);
impl<A: Tree> Tree for Square<A> {
    fn node() -> Node {
        Node::Square(Box::new(A::node()))
    }
    #[inline(always)]
    fn eval<V: Vector>(leaves: &[V; LEAVES]) -> V {
        let value = A::eval(leaves);
        value.mul(value)
    }
}

/// The quotient by leaf `AT`, whose reciprocal is the next leaf.
struct Over<A, const AT: usize>(PhantomData<A>);
impl<A: Tree, const AT: usize> Tree for Over<A, AT> {
    fn node() -> Node {
        Node::Over(Box::new(A::node()))
    }
    #[inline(always)]
    fn eval<V: Vector>(leaves: &[V; LEAVES]) -> V {
        A::eval(leaves).over(leaves[AT], leaves[AT + 1])
    }
}

/// An operand: a number for all entries, or one for each from a place on.
#[derive(Clone, Copy)]
pub(crate) enum Leaf<T> {
    One(T),
    Many(*const T),
}

/// Computes a shape over a tile.
pub(crate) struct Pass<T> {
    /// The number of the shape in the table.
    pub(crate) shape: usize,
    pub(crate) leaves: [Leaf<T>; LEAVES],
    pub(crate) len: usize,
    pub(crate) out: *mut T,
    /// Whether all divisors by reciprocals are moderate.
    pub(crate) moderate: bool,
    /// What will soon be needed: as many numbers from each place on. Only hints.
    pub(crate) ahead: [*const T; AHEAD],
    /// How many of these there are.
    pub(crate) asked: usize,
}

/// Room for one vector of any type.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Spread<T>([T; 16]);

/// Walks over a tile. A value is read before the one at its place is written.
///
/// # Safety
///
/// From each place of a leaf on there are `len` numbers to read, and room for as many from `out` on;
/// what is read and `out` are the same place or apart.
#[inline(always)]
unsafe fn walk<V: Vector, E: Tree>(pass: &Pass<V::Entry>) {
    const { assert!(V::LEN <= 16) };
    let mut spread = [Spread([V::Entry::ZERO; 16]); LEAVES];
    let mut from = [(std::ptr::null::<V::Entry>(), 0usize); LEAVES];
    for ((leaf, spread), from) in pass.leaves.iter().zip(&mut spread).zip(&mut from) {
        *from = match *leaf {
            Leaf::One(value) => {
                spread.0 = [value; 16];
                // A number for all entries is read again and again.
                (spread.0.as_ptr(), 0)
            }
            Leaf::Many(start) => (start, usize::MAX),
        };
    }
    let ahead = &pass.ahead[..pass.asked.min(AHEAD)];
    let mut at = 0;
    while at + V::LEN <= pass.len {
        for place in ahead {
            soon(place.wrapping_add(at));
        }
        // SAFETY: the caller's; a number for all entries has a vector of its own.
        unsafe {
            let leaves = from.map(|(start, step)| V::load(start.add(at & step)));
            E::eval(&leaves).store(pass.out.add(at));
        }
        at += V::LEN;
    }
    let rest = pass.len - at;
    if rest > 0 {
        // SAFETY: as above.
        unsafe {
            let leaves = from.map(|(start, step)| V::load_some(start.add(at & step), rest));
            E::eval(&leaves).store_some(pass.out.add(at), rest);
        }
    }
}

/// The table of shapes: those that are found first stand first.
macro_rules! shapes {
    ($($number:literal: $shape:ty),* $(,)?) => {
        /// The shapes, in the order in which they are looked for.
        fn shapes() -> Vec<Node> {
            vec![$(<$shape>::node()),*]
        }

        /// # Safety
        ///
        /// As for [`walk`].
        #[inline(always)]
        unsafe fn choose<V: Vector>(pass: &Pass<V::Entry>) {
            // SAFETY: the caller's.
            unsafe {
                match pass.shape {
                    $($number => walk::<V, $shape>(pass),)*
                    _ => {}
                }
            }
        }
    };
}

shapes! {
    // What optimizers do with running means of squares.
    0: Mul<Div<Sqrt<Add<X<0>, X<1>>>, Sqrt<Add<X<2>, X<3>>>>, X<4>>,
    1: Div<Over<X<0>, 1>, Add<Sqrt<Over<X<3>, 4>>, X<6>>>,
    2: Div<X<0>, Add<Sqrt<X<1>>, X<2>>>,
    3: Div<X<0>, Sqrt<Add<X<1>, X<2>>>>,
    4: Add<Mul<X<0>, X<1>>, Mul<X<2>, Square<X<3>>>>,
    5: Add<Mul<X<0>, X<1>>, Mul<X<2>, X<3>>>,
    6: Sub<Mul<X<0>, X<1>>, Mul<X<2>, X<3>>>,
    // Masks and rectifiers.
    7: Mul<Mul<Over<X<0>, 1>, X<3>>, Greater<X<4>, X<5>>>,
    8: Over<Mul<X<0>, Relu<X<1>>>, 2>,
    9: Mul<Mul<X<0>, X<1>>, Greater<X<2>, X<3>>>,
    10: Mul<Relu<X<0>>, X<1>>,
    11: Mul<X<0>, Greater<X<1>, X<2>>>,
    12: Relu<Add<X<0>, X<1>>>,
    13: Mul<Over<X<0>, 1>, X<3>>,
    14: Over<Mul<X<0>, X<1>>, 2>,
    // Two operations.
    15: Add<Mul<X<0>, X<1>>, X<2>>,
    16: Sub<Mul<X<0>, X<1>>, X<2>>,
    17: Sub<X<0>, Mul<X<1>, X<2>>>,
    18: Mul<Mul<X<0>, X<1>>, X<2>>,
    19: Add<Add<X<0>, X<1>>, X<2>>,
    20: Sub<Add<X<0>, X<1>>, X<2>>,
    21: Sub<X<0>, Add<X<1>, X<2>>>,
    22: Mul<Add<X<0>, X<1>>, X<2>>,
    23: Add<Sub<X<0>, X<1>>, X<2>>,
    24: Sub<Sub<X<0>, X<1>>, X<2>>,
    25: Sub<X<0>, Sub<X<1>, X<2>>>,
    26: Mul<Sub<X<0>, X<1>>, X<2>>,
    27: Sqrt<Add<X<0>, X<1>>>,
    // One operation.
    28: Over<X<0>, 1>,
    29: Square<X<0>>,
    30: Add<X<0>, X<1>>,
    31: Sub<X<0>, X<1>>,
    32: Mul<X<0>, X<1>>,
    33: Div<X<0>, X<1>>,
    34: Sqrt<X<0>>,
    35: Relu<X<0>>,
    36: Neg<X<0>>,
    37: Max<X<0>, X<1>>,
    38: Min<X<0>, X<1>>,
    39: Less<X<0>, X<1>>,
    40: LessEqual<X<0>, X<1>>,
    41: Greater<X<0>, X<1>>,
    42: GreaterEqual<X<0>, X<1>>,
    43: Equal<X<0>, X<1>>,
    44: NotEqual<X<0>, X<1>>,
}

impl<T: Element> Pass<T> {
    /// Computes it with an instruction set.
    ///
    /// # Safety
    ///
    /// As for [`walk`].
    #[inline]
    pub(crate) unsafe fn run(self, isa: crate::isa::Present) {
        isa.run(Sound(self));
    }
}

/// A pass whose places were promised to be right.
struct Sound<T>(Pass<T>);

impl<T: Element> Task for Sound<T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        // SAFETY: the promise of `Pass::run`, and the level is the machine's.
        unsafe {
            if L::WIDE && self.0.moderate {
                choose::<T::Wide>(&self.0);
            } else {
                choose::<Lanes<T>>(&self.0);
            }
        }
    }
}

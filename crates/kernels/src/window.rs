//! Folds and selections over small windows: all entries of a window are read in one pass along the
//! vector axis, in the order of the window.

use crate::element::Element;
use crate::isa::{Level, Present, Task};
use crate::pointwise::neutral;
use crate::program::Fold;
use crate::space::Walk;
use crate::vector::{Comparison, Lanes, Vector};

/// Entries of a window at most.
pub(crate) const MOST: usize = 16;

/// How far the points of a walk are from its first one, for one form of so many; none if there are
/// more than [`MOST`] points, or none.
pub(crate) fn offsets(walk: &Walk, forms: usize, form: usize) -> Option<Vec<isize>> {
    let points = walk.points();
    (1..=MOST).contains(&points).then(|| {
        let mut counts = vec![0; walk.axes()];
        let mut places = vec![0; forms];
        let mut all = Vec::with_capacity(points);
        for _ in 0..points {
            all.push(places[form]);
            walk.next(&mut counts, &mut places);
        }
        all
    })
}

/// What is done with windows that lie side by side.
#[derive(Clone, Copy)]
pub(crate) struct Windows<'a, T> {
    pub(crate) fold: Fold,
    /// The first entries of the windows' first lines, and where the lines are from there.
    pub(crate) from: *const T,
    pub(crate) lines: &'a [isize],
    /// How many windows there are.
    pub(crate) len: usize,
    /// Where the answer goes: one line; or, for a selection, as many as are read.
    pub(crate) to: *mut T,
    pub(crate) marks: Option<&'a [isize]>,
}

#[repr(align(64))]
struct Spread<T>([T; 16]);

/// A vector of equal numbers.
#[inline(always)]
fn all<V: Vector>(value: V::Entry) -> V {
    let spread = Spread([value; 16]);
    // SAFETY: a vector has at most 16 numbers.
    unsafe { V::load(spread.0.as_ptr()) }
}

impl<T: Element> Windows<'_, T> {
    /// Does it with an instruction set.
    ///
    /// # Safety
    ///
    /// Each line has `len` numbers to read, and each line that is written has room for them, which
    /// nobody else uses and no line that is read touches.
    #[inline]
    pub(crate) unsafe fn run(self, isa: Present) {
        isa.run(Sound(self));
    }

    /// Walks along the windows; `get` and `put` read and write a vector.
    ///
    /// # Safety
    ///
    /// As for [`Windows::run`], for `count` numbers from `at` on.
    #[inline(always)]
    unsafe fn step<V: Vector<Entry = T>>(&self, at: usize, count: usize, meet: impl Fn(V, V) -> V) {
        let whole = count == V::LEN;
        // SAFETY: the caller's.
        unsafe {
            let read = |line: isize| {
                let place = self.from.offset(line).add(at);
                if whole { V::load(place) } else { V::load_some(place, count) }
            };
            let write = |line: isize, value: V| {
                let place = self.to.offset(line).add(at);
                if whole { value.store(place) } else { value.store_some(place, count) }
            };
            let Some(marks) = self.marks else {
                let start = all::<V>(neutral(self.fold));
                let value = self.lines.iter().fold(start, |value, &line| meet(value, read(line)));
                return write(0, value);
            };
            let by = if self.fold == Fold::Max { Comparison::Greater } else { Comparison::Less };
            let mut best = (all::<V>(neutral(self.fold)), all::<V>(T::ZERO));
            let (one, mut number) = (all::<V>(T::ONE), all::<V>(T::ZERO));
            for &line in self.lines {
                best = V::better(best, (read(line), number), by);
                number = number.add(one);
            }
            let mut number = all::<V>(T::ZERO);
            for &line in marks {
                write(line, best.1.compare(Comparison::Equal, number));
                number = number.add(one);
            }
        }
    }

    /// # Safety
    ///
    /// As for [`Windows::run`].
    #[inline(always)]
    unsafe fn walk<V: Vector<Entry = T>>(&self, meet: impl Fn(V, V) -> V) {
        let whole = self.len / V::LEN * V::LEN;
        // SAFETY: the caller's.
        unsafe {
            for at in (0..whole).step_by(V::LEN) {
                self.step::<V>(at, V::LEN, &meet);
            }
            if whole < self.len {
                self.step::<V>(whole, self.len - whole, &meet);
            }
        }
    }

    /// # Safety
    ///
    /// As for [`Windows::run`].
    #[inline(always)]
    unsafe fn choose<V: Vector<Entry = T>>(&self) {
        // SAFETY: the caller's.
        unsafe {
            match self.fold {
                Fold::Sum => self.walk::<V>(V::add),
                Fold::Max => self.walk::<V>(V::greatest),
                Fold::Min => self.walk::<V>(V::least),
                Fold::Product => self.walk::<V>(V::mul),
            }
        }
    }
}

/// Windows whose places were promised to be right.
struct Sound<'a, T>(Windows<'a, T>);

impl<T: Element> Task for Sound<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        // SAFETY: the promise of `Windows::run`, and the level is the machine's.
        unsafe {
            if L::WIDE {
                self.0.choose::<T::Wide>();
            } else {
                self.0.choose::<Lanes<T>>();
            }
        }
    }
}

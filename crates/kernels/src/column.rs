//! Products whose result is one column: a matrix, read once and where it is, by a vector. So is
//! every dense layer of a prediction of one row; what it costs is the way of the matrix to the
//! processor.
//!
//! A row's sum runs in two vectors of partial sums, each entry over every so manieth term, which are
//! added from the halves on at the end. That depends on the number of terms and the instruction set
//! alone, not on the rows that are computed together.

use crate::element::Element;
use crate::isa::{Level, Task};
use crate::kernel::{Env, Kernel, Needs, Scratch, part};
use crate::program::{Access, Contract, Fold, Function, Lane, Loop, Step};
use crate::vector::{Lanes, Vector};

/// Rows that are computed together, so that additions need not wait for each other.
const ROWS: usize = 4;
/// Shards at most.
const SHARDS: usize = 32;
/// Terms that are worth it.
const LEAST: usize = 16;

/// A product of a matrix and a vector, ready to run.
pub(crate) struct Columns {
    /// Where the rows of the matrix begin.
    rows: Vec<isize>,
    /// The places of the vector, unless they are neighbours.
    vector: Vec<isize>,
    first: isize,
    to: Vec<isize>,
    terms: usize,
    scale: f64,
    /// Where the last of the arrays ends.
    end: usize,
}

/// Places of all points of a list of lanes.
fn places(start: usize, lanes: &[Lane], stride: impl Fn(&Lane) -> isize) -> Vec<isize> {
    let mut all = vec![start as isize];
    for lane in lanes {
        let steps = 0..lane.extent as isize;
        let points = all.iter().flat_map(|&base| steps.clone().map(move |step| (base, step)));
        all = points.map(|(base, step)| base + step * stride(lane)).collect();
    }
    all
}

fn neighbours(places: &[isize]) -> bool {
    places.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

impl Columns {
    /// The product, if it is one of a matrix whose rows lie in one piece and a vector.
    pub(crate) fn of(source: &Contract) -> Option<Columns> {
        let count = |lanes: &[Lane]| lanes.iter().map(|lane| lane.extent).product::<usize>();
        let (m, n, terms) = (count(&source.m), count(&source.n), count(&source.k));
        if count(&source.batch) != 1 || m.min(n) != 1 || terms < LEAST {
            return None;
        }
        let one = |lane: &Lane| lane.extent == 1;
        let turned = n > 1;
        debug_assert!(!turned || source.m.iter().all(one));
        let (matrix, vector) = if turned { (source.b, source.a) } else { (source.a, source.b) };
        let long = if turned { &source.n } else { &source.m };
        let of_matrix = |lane: &Lane| if turned { lane.b } else { lane.a };
        let of_vector = |lane: &Lane| if turned { lane.a } else { lane.b };
        if !neighbours(&places(0, &source.k, of_matrix)) {
            return None;
        }
        let mut vector = places(vector.1, &source.k, of_vector);
        let first = vector[0];
        if neighbours(&vector) {
            vector.clear();
        }
        let ends = [source.a.0, source.b.0, source.c.0].map(|slot| slot.at + slot.len);
        Some(Columns {
            rows: places(matrix.1, long, of_matrix),
            vector,
            first,
            to: places(source.c.1, long, |lane| lane.c),
            terms,
            scale: source.scale,
            end: ends.into_iter().max().unwrap_or(0),
        })
    }
}

/// The product that a loop is: its only value is the sum of the products of two reads.
pub(crate) fn product(source: &Loop) -> Option<Contract> {
    let [write] = source.writes.as_slice() else { return None };
    let (Some(Fold::Sum), Step::Binary(Function::Mul, x, y)) =
        (write.fold, source.steps.get(write.step)?)
    else {
        return None;
    };
    let (Step::Read(x), Step::Read(y)) = (source.steps.get(*x)?, source.steps.get(*y)?) else {
        return None;
    };
    let (x, y) = (source.reads.get(*x)?, source.reads.get(*y)?);
    // The vector is the same in every row.
    let same = |of: &Access| {
        let mut axes = source.axes.iter().zip(&of.at.strides);
        axes.all(|(axis, stride)| axis.folded || *stride == 0 || axis.extent == 1)
    };
    let (a, b) = if same(y) { (x, y) } else { (y, x) };
    let plain = |of: &Access| of.guards.is_empty() && of.label.is_none();
    if !same(b) || ![a, b, &write.to].into_iter().all(plain) {
        return None;
    }
    let lanes = |folded: bool| -> Vec<Lane> {
        let own = source.axes.iter().enumerate().filter(|(_, axis)| axis.folded == folded);
        own.map(|(at, axis)| Lane {
            extent: axis.extent,
            a: a.at.strides[at],
            b: if folded { b.at.strides[at] } else { 0 },
            c: if folded { 0 } else { write.to.at.strides[at] },
        })
        .collect()
    };
    let first = |of: &Access| Some((of.slot, usize::try_from(of.at.constant).ok()?));
    let (m, k) = (lanes(false), lanes(true));
    // Few long rows are better cut in parts.
    let rows: usize = m.iter().map(|lane| lane.extent).product();
    (rows >= ROWS).then_some(())?;
    Some(Contract {
        batch: Vec::new(),
        m,
        n: Vec::new(),
        k,
        scale: 1.0,
        a: first(a)?,
        b: first(b)?,
        c: first(&write.to)?,
    })
}

/// Sums for some rows.
struct Dots<'a, T, const N: usize> {
    rows: [&'a [T]; N],
    vector: &'a [T],
}

impl<T: Element, const N: usize> Dots<'_, T, N> {
    #[inline(always)]
    fn sums<V: Vector<Entry = T>>(&self) -> [T; N] {
        let len = self.vector.len();
        let mut at = 0;
        // SAFETY: nothing is read.
        let zero = unsafe { V::load_some(self.vector.as_ptr(), 0) };
        let mut sums = [[zero; 2]; N];
        while at + 2 * V::LEN <= len {
            for (half, at) in [at, at + V::LEN].into_iter().enumerate() {
                // SAFETY: the rows are as long as the vector, and `at` and what follows lie inside.
                let x = unsafe { V::load(self.vector.as_ptr().add(at)) };
                for (sums, row) in sums.iter_mut().zip(&self.rows) {
                    // SAFETY: as above.
                    let y = unsafe { V::load(row.as_ptr().add(at)) };
                    sums[half] = sums[half].add(x.mul(y));
                }
            }
            at += 2 * V::LEN;
        }
        let mut half = 0;
        while at < len {
            let count = V::LEN.min(len - at);
            // SAFETY: so many are left, in the vector and in each row.
            let x = unsafe { V::load_some(self.vector.as_ptr().add(at), count) };
            for (sums, row) in sums.iter_mut().zip(&self.rows) {
                // SAFETY: as above.
                let y = unsafe { V::load_some(row.as_ptr().add(at), count) };
                sums[half] = sums[half].add(x.mul(y));
            }
            (at, half) = (at + count, 1);
        }
        sums.map(|[a, b]| total(a.add(b)))
    }
}

/// The sum of a vector's entries, halves first.
#[inline(always)]
fn total<V: Vector>(vector: V) -> V::Entry {
    const MOST: usize = 16;
    let mut all = [V::Entry::ZERO; MOST];
    assert!(V::LEN <= MOST, "a longer vector");
    // SAFETY: there is room for `LEN` entries.
    unsafe { vector.store(all.as_mut_ptr()) };
    let mut half = V::LEN / 2;
    while half > 0 {
        for at in 0..half {
            all[at] = all[at] + all[at + half];
        }
        half /= 2;
    }
    all[0]
}

impl<T: Element, const N: usize> Task for Dots<'_, T, N> {
    type Output = [T; N];

    #[inline(always)]
    fn run<L: Level>(self) -> [T; N] {
        if L::WIDE { self.sums::<T::Wide>() } else { self.sums::<Lanes<T>>() }
    }
}

impl Columns {
    /// Rows from one on.
    fn some<T: Element, const N: usize>(&self, env: &Env<'_, T>, first: usize, vector: &[T]) {
        // SAFETY: a product's arrays are not written while it runs.
        let row = |at: usize| unsafe { env.arena.read(self.rows[first + at], self.terms) };
        let rows: [&[T]; N] = std::array::from_fn(row);
        let sums = env.isa.run(Dots { rows, vector });
        for (at, sum) in sums.into_iter().enumerate() {
            // SAFETY: the result's places are all different, and a row is one shard's.
            unsafe { env.arena.set(self.to[first + at], sum * T::of(self.scale)) };
        }
    }
}

impl<T: Element> Kernel<T> for Columns {
    fn shards(&self, _: usize) -> usize {
        self.rows.len().div_ceil(ROWS).min(SHARDS)
    }

    fn work(&self) -> f64 {
        // Memory is what is waited for.
        self.rows.len() as f64 * self.terms as f64 * 8.0
    }

    fn needs(&self) -> Needs {
        Needs { numbers: self.vector.len(), ..Needs::default() }
    }

    fn run(&self, _: usize, shard: usize, env: &Env<'_, T>, scratch: &mut Scratch<T>) {
        assert!(self.end <= env.arena.len(), "a program of another arena");
        let vector = if self.vector.is_empty() {
            // SAFETY: a product's arrays are not written while it runs.
            unsafe { env.arena.read(self.first, self.terms) }
        } else {
            let own = &mut scratch.numbers.all_mut()[..self.vector.len()];
            for (own, &place) in own.iter_mut().zip(&self.vector) {
                // SAFETY: as above.
                *own = unsafe { env.arena.get(place) };
            }
            own
        };
        let rows = part(self.rows.len(), Kernel::<T>::shards(self, 0), shard);
        let mut at = rows.start;
        while at + ROWS <= rows.end {
            self.some::<T, ROWS>(env, at, vector);
            at += ROWS;
        }
        for at in at..rows.end {
            self.some::<T, 1>(env, at, vector);
        }
    }
}

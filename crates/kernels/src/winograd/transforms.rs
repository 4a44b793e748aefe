//! The transforms of F(4x4, 3x3) and of F(3x3, 4x4), at the points 0, ±5/8, ±3/2 and infinity.
//!
//! In one dimension, with the points `x_i` and `N_i` the product of `x_i - x_j` over the others:
//! `y = A^T [(G g) . (B^T d)]` is the correlation of six numbers `d` with three numbers `g`, where
//! `A` has the rows `1, x_i, x_i^2, x_i^3`, `G` the rows `(1, x_i, x_i^2) / N_i`, and `B^T` the
//! coefficients of the polynomials that vanish at all other points. The correlation of `d` with
//! four numbers `e` is `G^T [(A e) . (B^T d)]`: the same matrices. In two dimensions each matrix is
//! applied along both.
//!
//! The two pairs of points keep the error small: in random tests it is about twice that of the
//! direct sum, a quarter to a tenth of what ±1, ±2 give. All powers that are used are exact in f32.
//! That the choice of points matters so much is from B. Barabasz, A. Anderson, K. Soodhalter and
//! D. Gregg (Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural
//! Networks, 2020).

use super::vectors::Vector;

/// The points are 0, ±`NEAR`, ±`FAR` and infinity.
const NEAR: f32 = 0.625;
const FAR: f32 = 1.5;
const NEAR2: f32 = NEAR * NEAR;
const FAR2: f32 = FAR * FAR;

/// Points of a tile in one dimension, and what it gives of a plane.
pub(super) const SIDE: usize = 6;
pub(super) const STEP: usize = 4;
/// Points of a tile.
pub(super) const POINTS: usize = SIDE * SIDE;
/// Columns of a block, and numbers from one point of a block to the next.
pub(super) const BLOCK: usize = 64;

/// Entries of an array around one tile: a row of pixels by a row of columns.
#[derive(Clone, Copy)]
pub(super) struct Patch {
    /// The first pixel, the first column.
    pub(super) at: *mut f32,
    /// From one pixel to the next.
    pub(super) strides: [isize; 2],
    /// How many pixels there are; the rest is 0 and not written.
    pub(super) extent: [usize; 2],
    /// How many columns.
    pub(super) cols: usize,
}

impl Patch {
    /// # Safety
    ///
    /// The pixels and columns that the patch says are there.
    #[inline(always)]
    unsafe fn load<V: Vector, const FULL: bool>(&self, i: usize, j: usize, first: usize) -> V {
        let place = i as isize * self.strides[0] + j as isize * self.strides[1] + first as isize;
        // SAFETY: the pixel is one of the patch's, or nothing is read.
        unsafe {
            if FULL {
                V::load(self.at.offset(place))
            } else if i < self.extent[0] && j < self.extent[1] {
                V::load_some(self.at.offset(place), self.cols - first)
            } else {
                V::splat(0.0)
            }
        }
    }

    /// # Safety
    ///
    /// The pixels and columns that the patch says are there, and nobody else uses them.
    #[inline(always)]
    unsafe fn store<V: Vector, const FULL: bool>(
        &self,
        i: usize,
        j: usize,
        first: usize,
        value: V,
    ) {
        let place = i as isize * self.strides[0] + j as isize * self.strides[1] + first as isize;
        // SAFETY: the pixel is one of the patch's, or nothing is written.
        unsafe {
            if FULL {
                value.store(self.at.offset(place));
            } else if i < self.extent[0] && j < self.extent[1] {
                value.store_some(self.at.offset(place), self.cols - first);
            }
        }
    }

    /// Whether every load of `side` by `side` pixels is of whole vectors.
    #[inline(always)]
    fn full<V: Vector>(&self, side: usize, first: usize) -> bool {
        self.extent == [side; 2] && first + V::WIDTH <= self.cols
    }
}

/// `B^T d`.
///
/// # Safety
///
/// The machine has the vectors.
#[inline(always)]
unsafe fn image<V: Vector>(d: [V; 6]) -> [V; 6] {
    // SAFETY: as the caller says.
    unsafe {
        let (p, q) = (halves(d, NEAR, FAR2), halves(d, FAR, NEAR2));
        [ends(d[0], d[2], d[4]), p.0, p.1, q.0, q.1, ends(d[1], d[3], d[5])]
    }
}

/// What a pair of points gives: the even part plus and minus the odd one. The other pair's square
/// is a zero of both.
///
/// # Safety
///
/// The machine has the vectors.
#[inline(always)]
unsafe fn halves<V: Vector>(d: [V; 6], point: f32, other: f32) -> (V, V) {
    // SAFETY: as the caller says.
    unsafe {
        let zero = V::splat(-other);
        let (even, odd) = (d[2].fma(zero, d[4]), d[1].fma(zero, d[3]));
        (odd.fma(V::splat(point), even), odd.fma(V::splat(-point), even))
    }
}

/// What the points 0 and infinity give.
///
/// # Safety
///
/// The machine has the vectors.
#[inline(always)]
unsafe fn ends<V: Vector>(x: V, y: V, z: V) -> V {
    // SAFETY: as the caller says.
    unsafe { y.fma(V::splat(-(NEAR2 + FAR2)), x.fma(V::splat(NEAR2 * FAR2), z)) }
}

/// `A^T m`.
///
/// # Safety
///
/// The machine has the vectors.
#[inline(always)]
unsafe fn plane<V: Vector>(m: [V; 6]) -> [V; 4] {
    // SAFETY: as the caller says.
    unsafe {
        let (near, far) = ((m[1].add(m[2]), m[1].sub(m[2])), (m[3].add(m[4]), m[3].sub(m[4])));
        [
            m[0].add(near.0).add(far.0),
            near.1.fma(V::splat(NEAR), far.1.mul(V::splat(FAR))),
            near.0.fma(V::splat(NEAR2), far.0.mul(V::splat(FAR2))),
            near.1.fma(V::splat(NEAR2 * NEAR), far.1.fma(V::splat(FAR2 * FAR), m[5])),
        ]
    }
}

/// `A e`.
///
/// # Safety
///
/// The machine has the vectors.
#[inline(always)]
unsafe fn spread<V: Vector>(e: [V; 4]) -> [V; 6] {
    // SAFETY: as the caller says.
    unsafe {
        let even = (e[2].fma(V::splat(NEAR2), e[0]), e[2].fma(V::splat(FAR2), e[0]));
        let near = e[3].fma(V::splat(NEAR2 * NEAR), e[1].mul(V::splat(NEAR)));
        let far = e[3].fma(V::splat(FAR2 * FAR), e[1].mul(V::splat(FAR)));
        let (p, q) = ((even.0.add(near), even.0.sub(near)), (even.1.add(far), even.1.sub(far)));
        [e[0], p.0, p.1, q.0, q.1, e[3]]
    }
}

/// Transforms a patch of the image: the point `p` of column `n` goes to `to[p BLOCK + n]`.
///
/// # Safety
///
/// The machine has the vectors; the patch is there; `to` has `POINTS BLOCK` numbers of the caller's.
#[inline(always)]
pub(super) unsafe fn input<V: Vector>(from: Patch, to: *mut f32) {
    for first in (0..from.cols).step_by(V::WIDTH) {
        // SAFETY: as the caller says.
        unsafe {
            if from.full::<V>(SIDE, first) {
                patch_of_image::<V, true>(from, first, to.add(first));
            } else {
                patch_of_image::<V, false>(from, first, to.add(first));
            }
        }
    }
}

/// # Safety
///
/// As for [`input`].
#[inline(always)]
unsafe fn patch_of_image<V: Vector, const FULL: bool>(from: Patch, first: usize, to: *mut f32) {
    // SAFETY: as the caller says.
    unsafe {
        let mut half = [[V::splat(0.0); SIDE]; SIDE];
        for j in 0..SIDE {
            let mut line = [V::splat(0.0); SIDE];
            for (i, entry) in line.iter_mut().enumerate() {
                *entry = from.load::<V, FULL>(i, j, first);
            }
            let line = image(line);
            for (half, entry) in half.iter_mut().zip(line) {
                half[j] = entry;
            }
        }
        for (i, line) in half.into_iter().enumerate() {
            for (j, entry) in image(line).into_iter().enumerate() {
                entry.store(to.add((i * SIDE + j) * BLOCK));
            }
        }
    }
}

/// Transforms a patch of the plane, for the gradient of the weights.
///
/// # Safety
///
/// As for [`input`].
#[inline(always)]
pub(super) unsafe fn error<V: Vector>(from: Patch, to: *mut f32) {
    for first in (0..from.cols).step_by(V::WIDTH) {
        // SAFETY: as the caller says.
        unsafe {
            if from.full::<V>(STEP, first) {
                patch_of_error::<V, true>(from, first, to.add(first));
            } else {
                patch_of_error::<V, false>(from, first, to.add(first));
            }
        }
    }
}

/// # Safety
///
/// As for [`input`].
#[inline(always)]
unsafe fn patch_of_error<V: Vector, const FULL: bool>(from: Patch, first: usize, to: *mut f32) {
    // SAFETY: as the caller says.
    unsafe {
        let mut half = [[V::splat(0.0); STEP]; SIDE];
        for j in 0..STEP {
            let mut line = [V::splat(0.0); STEP];
            for (i, entry) in line.iter_mut().enumerate() {
                *entry = from.load::<V, FULL>(i, j, first);
            }
            let line = spread(line);
            for (half, entry) in half.iter_mut().zip(line) {
                half[j] = entry;
            }
        }
        for (i, line) in half.into_iter().enumerate() {
            for (j, entry) in spread(line).into_iter().enumerate() {
                entry.store(to.add((i * SIDE + j) * BLOCK));
            }
        }
    }
}

/// Transforms sums back to a patch of the plane: the inverse of the layout of [`input`].
///
/// # Safety
///
/// The machine has the vectors; the patch is the caller's alone; `from` has `POINTS BLOCK` numbers.
#[inline(always)]
pub(super) unsafe fn output<V: Vector>(from: *const f32, to: Patch) {
    for first in (0..to.cols).step_by(V::WIDTH) {
        // SAFETY: as the caller says.
        unsafe {
            if to.full::<V>(STEP, first) {
                patch_of_plane::<V, true>(from.add(first), to, first);
            } else {
                patch_of_plane::<V, false>(from.add(first), to, first);
            }
        }
    }
}

/// # Safety
///
/// As for [`output`].
#[inline(always)]
unsafe fn patch_of_plane<V: Vector, const FULL: bool>(from: *const f32, to: Patch, first: usize) {
    // SAFETY: as the caller says.
    unsafe {
        let mut half = [[V::splat(0.0); SIDE]; STEP];
        for j in 0..SIDE {
            let mut line = [V::splat(0.0); SIDE];
            for (i, entry) in line.iter_mut().enumerate() {
                *entry = V::load(from.add((i * SIDE + j) * BLOCK));
            }
            let line = plane(line);
            for (half, entry) in half.iter_mut().zip(line) {
                half[j] = entry;
            }
        }
        for (i, line) in half.into_iter().enumerate() {
            for (j, entry) in plane(line).into_iter().enumerate() {
                to.store::<V, FULL>(i, j, first, entry);
            }
        }
    }
}

/// The rows of `G` in double precision.
fn kernel_rows() -> [[f64; 3]; SIDE] {
    let (near, far) = (f64::from(NEAR), f64::from(FAR));
    let row = |point: f64, other: f64| {
        let others = 2.0 * point * point * (point * point - other * other);
        [1.0 / others, point / others, point * point / others]
    };
    let zero = 1.0 / (near * far * near * far);
    [
        [zero, 0.0, 0.0],
        row(near, far),
        row(-near, far),
        row(far, near),
        row(-far, near),
        [0.0, 0.0, 1.0],
    ]
}

/// `G g G^T`, in double precision.
pub(super) struct Kernels(pub(super) [[f64; 3]; SIDE]);

impl Kernels {
    pub(super) fn new() -> Kernels {
        Kernels(kernel_rows())
    }

    /// The points of a kernel.
    #[inline(always)]
    pub(super) fn points(&self, kernel: &[[f64; 3]; 3]) -> [[f64; SIDE]; SIDE] {
        let mut half = [[0.0; 3]; SIDE];
        for (half, g) in half.iter_mut().zip(&self.0) {
            for (j, half) in half.iter_mut().enumerate() {
                *half = g[0] * kernel[0][j] + g[1] * kernel[1][j] + g[2] * kernel[2][j];
            }
        }
        let dot = |x: &[f64; 3], g: &[f64; 3]| x[0] * g[0] + x[1] * g[1] + x[2] * g[2];
        half.map(|x| self.0.map(|g| dot(&x, &g)))
    }

    /// `G^T m G`: from points to a kernel.
    #[inline(always)]
    pub(super) fn kernel(&self, points: &[[f64; SIDE]; SIDE]) -> [[f64; 3]; 3] {
        let mut half = [[0.0; SIDE]; 3];
        for (g, points) in self.0.iter().zip(points) {
            for (half, g) in half.iter_mut().zip(g) {
                for (half, point) in half.iter_mut().zip(points) {
                    *half += g * point;
                }
            }
        }
        half.map(|x| {
            let mut out = [0.0; 3];
            for (g, x) in self.0.iter().zip(x) {
                for (out, g) in out.iter_mut().zip(g) {
                    *out += g * x;
                }
            }
            out
        })
    }
}

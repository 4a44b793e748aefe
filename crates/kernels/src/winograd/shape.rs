//! Finding correlations with 3 by 3 windows among contractions, by their lanes alone.
//!
//! Every lane of a correlation runs in two of three arrays: the image, the kernel and the plane
//! (one entry for each place of the window). The plane is the result of a forward pass or of the
//! gradient of an image; the kernel is the result of the gradient of the weights.

use crate::program::{Contract, Lane};

/// The array that is summed into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Result3 {
    Plane,
    Kernel,
}

/// A lane of two arrays: how far it runs, and its stride in both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Pair {
    extent: usize,
    strides: [isize; 2],
}

/// `plane[o, y, x, n] = sum over c, i, j of kernel[o, c, i, j] image[c, y + i, x + j, n]`, or the
/// sum over `y, x, n` for the kernel. Places count from the arena's begin.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Correlation {
    pub(crate) result: Result3,
    /// First entries: of image, kernel and plane.
    pub(crate) image: isize,
    pub(crate) kernel: isize,
    pub(crate) plane: isize,
    /// How far y and x run in the plane, and their strides in the image and in the plane.
    pub(crate) extent: [usize; 2],
    pub(crate) image_strides: [isize; 2],
    pub(crate) plane_strides: [isize; 2],
    /// The strides of i and j in the kernel.
    pub(crate) kernel_strides: [isize; 2],
    /// Neighbours in the image and in the plane, where vectors run.
    pub(crate) cols: usize,
    /// Places of the other indices of the image and the plane.
    pub(crate) more: Vec<[isize; 2]>,
    /// Places of c in the image and in the kernel.
    pub(crate) channels: Vec<[isize; 2]>,
    /// Places of o in the kernel and in the plane.
    pub(crate) outs: Vec<[isize; 2]>,
    pub(crate) scale: f64,
}

/// Places of all points of a list of lanes.
fn places(lanes: &[Pair]) -> Vec<[isize; 2]> {
    let mut all = vec![[0, 0]];
    for lane in lanes {
        let steps = 0..lane.extent as isize;
        let [p, q] = lane.strides;
        all = all
            .iter()
            .flat_map(|&base| steps.clone().map(move |step| (base, step)))
            .map(|([x, y], step)| [x + step * p, y + step * q])
            .collect();
    }
    all
}

/// Takes the lane out whose first stride is `stride`, alone or as the outer part of a longer one
/// (lanes that follow each other may have been joined).
fn partner(lanes: &mut Vec<Pair>, stride: isize) -> Option<Pair> {
    if let Some(at) = lanes.iter().position(|lane| lane.strides[0] == stride) {
        return Some(lanes.remove(at));
    }
    let inner = |lane: &Pair| {
        let step = lane.strides[0];
        let whole = step != 0 && stride % step == 0 && stride / step > 0;
        let count = if whole { (stride / step) as usize } else { 0 };
        (count > 1 && count < lane.extent && lane.extent.is_multiple_of(count)).then_some(count)
    };
    let (at, count) = lanes.iter().enumerate().find_map(|(at, lane)| Some((at, inner(lane)?)))?;
    let lane = lanes[at];
    lanes[at].extent = count;
    let strides = lane.strides.map(|step| step * count as isize);
    Some(Pair { extent: lane.extent / count, strides })
}

impl Correlation {
    /// The correlation that a contraction is, if it is one with stride 1.
    pub(crate) fn of(source: &Contract) -> Option<Correlation> {
        if !source.batch.is_empty() {
            return None;
        }
        let images = [true, false];
        images
            .into_iter()
            .flat_map(|left| {
                [Result3::Plane, Result3::Kernel]
                    .map(|result| Correlation::with(source, left, result))
            })
            .flatten()
            .next()
    }

    /// The same with a choice of which array is what.
    fn with(source: &Contract, left: bool, result: Result3) -> Option<Correlation> {
        // Strides in the image, in the other factor and in the result.
        let of = |lanes: &[Lane], pick: fn(&Lane) -> [isize; 3], two: [usize; 2]| -> Vec<Pair> {
            let pair = |lane: &Lane| {
                let all = pick(lane);
                Pair { extent: lane.extent, strides: two.map(|at| all[at]) }
            };
            lanes.iter().map(pair).collect()
        };
        let pick: fn(&Lane) -> [isize; 3] =
            if left { |lane| [lane.a, lane.b, lane.c] } else { |lane| [lane.b, lane.a, lane.c] };
        let (image, other) = if left { (source.a, source.b) } else { (source.b, source.a) };
        let (with_image, with_other) =
            if left { (&source.m, &source.n) } else { (&source.n, &source.m) };
        let start = |(_, place): (_, usize)| place as isize;
        let (plane, kernel, in_plane, in_kernel, outs) = match result {
            Result3::Plane => (
                start(source.c),
                start(other),
                of(with_image, pick, [0, 2]),
                of(&source.k, pick, [0, 1]),
                of(with_other, pick, [1, 2]),
            ),
            Result3::Kernel => (
                start(other),
                start(source.c),
                of(&source.k, pick, [0, 1]),
                of(with_image, pick, [0, 2]),
                of(with_other, pick, [2, 1]),
            ),
        };
        let parts = Parts { in_plane, in_kernel, image: start(image), kernel };
        let found = parts.windows()?;
        Some(Correlation { result, plane, outs: places(&outs), scale: source.scale, ..found })
    }
}

/// Lanes of the image and the plane, and of the image and the kernel.
struct Parts {
    in_plane: Vec<Pair>,
    in_kernel: Vec<Pair>,
    image: isize,
    kernel: isize,
}

impl Parts {
    /// What the lanes say with any two of the kernel's as the window's.
    fn windows(&self) -> Option<Correlation> {
        let count = self.in_kernel.len();
        (0..count * count).find_map(|at| self.window(at / count, at % count))
    }

    fn window(&self, i: usize, j: usize) -> Option<Correlation> {
        let (mut kernel, mut image) = (self.kernel, self.image);
        let mut turn = |lane: Pair| {
            let back = lane.strides[0] < 0;
            if back {
                image += 2 * lane.strides[0];
                kernel += 2 * lane.strides[1];
            }
            if back { Pair { strides: lane.strides.map(|s| -s), ..lane } } else { lane }
        };
        let three = |at: usize| self.in_kernel[at].extent == 3;
        if i == j || !three(i) || !three(j) {
            return None;
        }
        let (i_lane, j_lane) = (turn(self.in_kernel[i]), turn(self.in_kernel[j]));
        // The outer one first: each pair of lanes is seen in both orders.
        if j_lane.strides[0] == 0 || i_lane.strides[0] <= j_lane.strides[0] {
            return None;
        }
        let mut in_plane = self.in_plane.clone();
        let y = partner(&mut in_plane, i_lane.strides[0])?;
        let x = partner(&mut in_plane, j_lane.strides[0])?;
        let dense = in_plane.iter().position(|lane| lane.strides == [1, 1])?;
        let cols = in_plane.remove(dense).extent;
        let others = (0..self.in_kernel.len()).filter(|at| *at != i && *at != j);
        let channels: Vec<Pair> = others.map(|at| self.in_kernel[at]).collect();
        Some(Correlation {
            result: Result3::Plane,
            image,
            kernel,
            plane: 0,
            extent: [y.extent, x.extent],
            image_strides: [y.strides[0], x.strides[0]],
            plane_strides: [y.strides[1], x.strides[1]],
            kernel_strides: [i_lane.strides[1], j_lane.strides[1]],
            cols,
            more: places(&in_plane),
            channels: places(&channels),
            outs: Vec::new(),
            scale: 1.0,
        })
    }
}

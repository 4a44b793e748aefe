//! The speed of single kernels.

use std::time::Instant;

use chainrule_kernels::program::{Function, Instruction, Precision, Program, Slot};
use chainrule_kernels::{Engine, Loaded, Refused, Run, Threads};

use super::median;
use super::programs::{Made, Turned, adadelta, convolution, mask, pooling, product, simple};
use crate::Error;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Case {
    Product(usize, usize, usize, Turned),
    /// Channels of the image and of the result, pixels a side, what it is, and whether it is
    /// computed as it is written (`--exact-conv`).
    Convolution((usize, usize), usize, Of, bool),
    Adadelta(usize),
    Function(Function, usize, usize),
    Sum(usize, usize),
    /// Channels, windows a side, whether the place is asked for.
    Pooling(usize, usize, bool),
    Mask(usize),
}

/// A convolution or its gradient by the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Of {
    Image,
    Kernel,
}

/// The speed of a kernel.
#[derive(Clone, PartialEq, Debug)]
pub struct Speed {
    /// What it is, `W5.f1`: the first layer of W5, forward.
    pub name: &'static str,
    /// How far its indices run; rows, columns and terms of a product.
    pub extents: Vec<usize>,
    /// How many threads.
    pub threads: usize,
    /// The median of its seconds.
    pub seconds: f64,
    /// Operations of a product or a convolution; of anything else none are counted.
    pub flops: f64,
    /// Bytes of the arrays that it reads and writes, each once.
    pub bytes: f64,
    /// How it is done: the tile, what is packed, how it is cut.
    pub picked: String,
}

const BATCH: usize = 128;

/// The kernels: names and what they do.
const CASES: [(&str, Case); 42] = [
    ("W5.f1", Case::Product(512, BATCH, 784, Turned::Neither)),
    ("W5.f2", Case::Product(512, BATCH, 512, Turned::Neither)),
    ("W5.dx2", Case::Product(512, BATCH, 512, Turned::Left)),
    ("W5.dw1", Case::Product(512, 784, BATCH, Turned::Right)),
    ("W5.dw2", Case::Product(512, 512, BATCH, Turned::Right)),
    ("W5.f3", Case::Product(10, BATCH, 512, Turned::Neither)),
    ("W5.dx3", Case::Product(512, BATCH, 10, Turned::Left)),
    ("W5.dw3", Case::Product(10, 512, BATCH, Turned::Right)),
    ("W4.f", Case::Product(10, BATCH, 784, Turned::Neither)),
    ("W4.dw", Case::Product(10, 784, BATCH, Turned::Right)),
    ("W3.f1", Case::Product(500, 300, 3072, Turned::Neither)),
    ("W3.dw1", Case::Product(500, 3072, 300, Turned::Right)),
    ("W3.f2", Case::Product(500, 300, 500, Turned::Neither)),
    ("W3.dw2", Case::Product(500, 500, 300, Turned::Right)),
    ("W3.dx2", Case::Product(500, 300, 500, Turned::Left)),
    ("W6.fc_f", Case::Product(128, BATCH, 9216, Turned::Neither)),
    ("W6.fc_dw", Case::Product(128, 9216, BATCH, Turned::Right)),
    ("W6.fc_dx", Case::Product(9216, BATCH, 128, Turned::Left)),
    ("sq2048", Case::Product(2048, 2048, 2048, Turned::Neither)),
    ("one row", Case::Product(512, 1, 784, Turned::Neither)),
    ("W6.conv1", Case::Convolution((1, 32), 28, Of::Image, false)),
    ("W6.conv1_dw", Case::Convolution((1, 32), 28, Of::Kernel, false)),
    ("W6.conv2", Case::Convolution((32, 64), 26, Of::Image, false)),
    ("W6.conv2_dw", Case::Convolution((32, 64), 26, Of::Kernel, false)),
    ("W6.conv2_dx", Case::Convolution((64, 32), 28, Of::Image, false)),
    ("conv2, exact", Case::Convolution((32, 64), 26, Of::Image, true)),
    ("conv2_dw, exact", Case::Convolution((32, 64), 26, Of::Kernel, true)),
    ("conv2_dx, exact", Case::Convolution((64, 32), 28, Of::Image, true)),
    ("adadelta", Case::Adadelta(670_000)),
    ("relu", Case::Function(Function::Relu, 512, BATCH)),
    ("exp", Case::Function(Function::Exp, 512, BATCH)),
    ("log", Case::Function(Function::Log, 512, BATCH)),
    ("tanh", Case::Function(Function::Tanh, 512, BATCH)),
    ("softplus", Case::Function(Function::Softplus, 512, BATCH)),
    ("sqrt", Case::Function(Function::Sqrt, 512, BATCH)),
    ("relu, large", Case::Function(Function::Relu, 64, 576 * BATCH)),
    ("sum", Case::Sum(512, BATCH)),
    ("sum, large", Case::Sum(64, 576 * BATCH)),
    ("max pool", Case::Pooling(64, 12, false)),
    ("max pool, where", Case::Pooling(64, 12, true)),
    ("mask", Case::Mask(512)),
    ("mask, large", Case::Mask(9216)),
];

/// How many kernels there are.
pub const KERNELS: usize = CASES.len();

/// Operations of an instruction below which one thread does it, as in a training.
const LEAST: usize = crate::train::WORTH_SHARING;

/// Fewest and most repeats.
const REPEATS: (usize, usize) = (7, 2000);

/// A kernel with its arrays, ready to run.
#[derive(Debug)]
pub struct Kernel {
    speed: Speed,
    engine: Engine,
    loaded: Loaded,
}

fn failed(refused: Refused) -> Error {
    Error::failed(refused.0)
}

impl Kernel {
    /// Kernel `at` of [`KERNELS`] with so many threads, in single precision; `None` if there are not
    /// as many.
    ///
    /// ```
    /// use chainrule::bench::Kernel;
    ///
    /// let mut product = Kernel::new(5, 1)?.expect("the sixth of them");
    /// let speed = product.measure(0.0)?;
    /// assert_eq!((speed.name, speed.extents.as_slice()), ("W5.f3", &[10, 128, 512][..]));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Memory is missing.
    pub fn new(at: usize, threads: usize) -> Result<Option<Kernel>, Error> {
        let Some(&(name, case)) = CASES.get(at) else { return Ok(None) };
        let ((work, arena), extents, flops, entries) = case.made();
        let program = Program {
            precision: Precision::F32,
            arena,
            rows: 0,
            columns: vec![],
            exact: matches!(case, Case::Convolution(_, _, _, true)),
            instructions: vec![Instruction { name: name.into(), origin: 0, work }],
            foreign: vec![],
        };
        let threads = Threads { count: threads.max(1), least: LEAST };
        let mut engine = Engine::new(Precision::F32, arena, threads).map_err(failed)?;
        let loaded = engine.load(program).map_err(failed)?;
        let values: Vec<f64> = (0..arena).map(|at| (at * 7 % 13 + 1) as f64 / 14.0).collect();
        engine.set(Slot { at: 0, len: arena }, &values);
        let speed = Speed {
            name,
            extents,
            threads: threads.count,
            seconds: f64::NAN,
            flops,
            bytes: 4.0 * entries as f64,
            picked: engine.picked(loaded, 0),
        };
        Ok(Some(Kernel { speed, engine, loaded }))
    }

    /// What it is; its seconds are not known yet.
    pub fn about(&self) -> &Speed {
        &self.speed
    }

    /// Does it once.
    ///
    /// # Errors
    ///
    /// It panicked.
    pub fn run(&mut self) -> Result<(), Error> {
        self.engine.run(self.loaded, &Run::NOTHING).map_err(failed)
    }

    /// The median of the seconds, measured for about so many seconds.
    ///
    /// # Errors
    ///
    /// As [`Kernel::run`].
    pub fn measure(&mut self, budget: f64) -> Result<Speed, Error> {
        let (mut seconds, mut total) = (Vec::new(), 0.0);
        for _ in 0..2 {
            self.run()?;
        }
        while seconds.len() < REPEATS.0 || (total < budget && seconds.len() < REPEATS.1) {
            let began = Instant::now();
            self.run()?;
            let one = began.elapsed().as_secs_f64();
            seconds.push(one);
            total += one;
        }
        Ok(Speed { seconds: median(&seconds), ..self.speed.clone() })
    }
}

impl Case {
    /// The instruction, how far its indices run, its operations, the entries that it touches.
    fn made(self) -> (Made, Vec<usize>, f64, usize) {
        match self {
            Case::Product(m, n, k, turned) => {
                let flops = 2.0 * (m * n * k) as f64;
                (product((m, n, k), turned), vec![m, n, k], flops, m * k + k * n + m * n)
            }
            Case::Convolution((from, to), size, of, _) => {
                let out = size - 2;
                let points = 9 * from * to * out * out * BATCH;
                let arrays = (from * size * size + to * out * out) * BATCH + 9 * from * to;
                let extents = vec![to, from, out, out];
                let made = convolution((from, to), size, BATCH, of == Of::Kernel);
                (made, extents, 2.0 * points as f64, arrays)
            }
            Case::Adadelta(len) => (adadelta(len), vec![len], 0.0, 7 * len),
            Case::Function(function, outer, len) => {
                (simple(function, outer, len, false), vec![outer, len], 0.0, 2 * outer * len)
            }
            Case::Sum(outer, len) => {
                let made = simple(Function::Identity, outer, len, true);
                (made, vec![outer, len], 0.0, outer * len + outer)
            }
            Case::Pooling(channels, out, place) => {
                let image = 4 * channels * out * out * BATCH;
                let entries = if place { 2 * image } else { image + image / 4 };
                (pooling(channels, out, BATCH, place), vec![channels, out, out], 0.0, entries)
            }
            Case::Mask(width) => (mask(width, BATCH), vec![width, BATCH], 0.0, width * BATCH),
        }
    }
}

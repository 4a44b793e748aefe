//! The workloads: their equations, rows, batches, steps.

use crate::Error;
use crate::train::Precision;

/// What the rows of a workload are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Feed {
    /// Its file's own: built in, or made by a generator.
    Own,
    /// Numbers of mean 0 and variance 1.
    Normal,
    /// Numbers from 0 to 1, as of images.
    Image,
}

/// A training of known size.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Workload {
    /// The name, `W5`.
    pub name: &'static str,
    /// What it is, in some words.
    pub about: &'static str,
    /// The equations.
    pub text: &'static str,
    /// The place of its training in the file.
    pub training: usize,
    /// Rows to train on.
    pub rows: usize,
    /// Steps of a repeat unless the caller says otherwise.
    pub steps: u64,
    /// The number type.
    pub precision: Precision,
    /// What the rows are.
    pub feed: Feed,
}

const fn work(
    name: &'static str,
    about: &'static str,
    text: &'static str,
    (rows, steps): (usize, u64),
    feed: Feed,
) -> Workload {
    Workload { name, about, text, training: 0, rows, steps, precision: Precision::F32, feed }
}

const W1: &str = include_str!("../../models/bench/w1.eqn");

/// All workloads that train. W7, inference with the nets of W5 and W6, is [`infer`](super::infer).
pub const WORKLOADS: [Workload; 8] = [
    Workload {
        precision: Precision::F64,
        ..work("W1", "Iris 4-16-3, f64, gradient descent", W1, (110, 350), Feed::Own)
    },
    Workload {
        precision: Precision::F64,
        training: 1,
        ..work("W1N", "Iris 4-16-3, f64, Nesterov", W1, (110, 350), Feed::Own)
    },
    work(
        "W2",
        "circles 2-8-2, SGD, L1 and L2",
        include_str!("../../models/bench/w2.eqn"),
        (1000, 2000),
        Feed::Own,
    ),
    work(
        "W3",
        "3072-500-10, SGD, L2",
        include_str!("../../models/bench/w3.eqn"),
        (49_000, 60),
        Feed::Normal,
    ),
    work(
        "W3D",
        "3072-5x500-10, SGD, L2",
        include_str!("../../models/bench/w3d.eqn"),
        (49_000, 60),
        Feed::Normal,
    ),
    work(
        "W4",
        "softmax regression 784-10, Adadelta",
        include_str!("../../models/bench/w4.eqn"),
        (60_000, 469),
        Feed::Image,
    ),
    work(
        "W5",
        "784-512-512-10, dropout, Adadelta",
        include_str!("../../models/bench/w5.eqn"),
        (60_000, 150),
        Feed::Image,
    ),
    work(
        "W6",
        "convolutional net on 28x28, Adadelta",
        include_str!("../../models/bench/w6.eqn"),
        (60_000, 25),
        Feed::Image,
    ),
];

/// The workload called `name`, in capitals or not.
///
/// ```
/// assert_eq!(chainrule::bench::workload("w3d").map(|w| w.rows), Some(49_000));
/// assert_eq!(chainrule::bench::workload("W9"), None);
/// ```
pub fn workload(name: &str) -> Option<&'static Workload> {
    WORKLOADS.iter().find(|w| w.name.eq_ignore_ascii_case(name))
}

/// The workload called `name`.
///
/// # Errors
///
/// There is none; the message lists all.
pub fn find(name: &str) -> Result<&'static Workload, Error> {
    workload(name).ok_or_else(|| {
        let names: Vec<&str> = WORKLOADS.iter().map(|w| w.name).collect();
        Error::setting(format!("there is no workload `{name}`; there are {}, W7", names.join(", ")))
    })
}

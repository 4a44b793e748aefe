//! The workloads: their equations, rows, batches, steps.

use std::borrow::Cow;

use crate::train::Precision;
use crate::{Error, Model};

/// What the rows of a workload are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Feed {
    /// Its file's own: built in, or made by a generator.
    Own,
    /// Its file's own if they are there, else made up as [`Feed::Normal`].
    File,
    /// Numbers of mean 0 and variance 1.
    Normal,
    /// Numbers from 0 to 1, as of images.
    Image,
}

/// A training of known size.
#[derive(Clone, PartialEq, Debug)]
pub struct Workload {
    /// The name, `W5`.
    pub name: Cow<'static, str>,
    /// The equations.
    pub text: Cow<'static, str>,
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
    text: &'static str,
    training: usize,
    (rows, steps): (usize, u64),
    (feed, precision): (Feed, Precision),
) -> Workload {
    let (name, text) = (Cow::Borrowed(name), Cow::Borrowed(text));
    Workload { name, text, training, rows, steps, precision, feed }
}

const W1: &str = include_str!("../../models/bench/w1.eqn");
const W2: &str = include_str!("../../models/bench/w2.eqn");
const W3: &str = include_str!("../../models/bench/w3.eqn");
const W3D: &str = include_str!("../../models/bench/w3d.eqn");
const W4: &str = include_str!("../../models/bench/w4.eqn");
const W5: &str = include_str!("../../models/bench/w5.eqn");
const W6: &str = include_str!("../../models/bench/w6.eqn");

/// All workloads that train. W7, inference with the nets of W5 and W6, is [`infer`](super::infer).
pub static WORKLOADS: [Workload; 8] = [
    work("W1", W1, 0, (110, 350), (Feed::Own, Precision::F64)),
    work("W1N", W1, 1, (110, 350), (Feed::Own, Precision::F64)),
    work("W2", W2, 0, (1000, 2000), (Feed::Own, Precision::F32)),
    work("W3", W3, 0, (49_000, 60), (Feed::Normal, Precision::F32)),
    work("W3D", W3D, 0, (49_000, 60), (Feed::Normal, Precision::F32)),
    work("W4", W4, 0, (60_000, 469), (Feed::Image, Precision::F32)),
    work("W5", W5, 0, (60_000, 150), (Feed::Image, Precision::F32)),
    work("W6", W6, 0, (60_000, 25), (Feed::Image, Precision::F32)),
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
        let names: Vec<&str> = WORKLOADS.iter().map(|w| w.name.as_ref()).collect();
        Error::setting(format!("there is no workload `{name}`; there are {}, W7", names.join(", ")))
    })
}

impl Workload {
    /// A training of an equation file; without a name its first one.
    ///
    /// ```
    /// use chainrule::Model;
    /// use chainrule::bench::Workload;
    ///
    /// let iris = Model::read("iris")?;
    /// assert_eq!(Workload::of(&iris, Some("nag"))?.training, 1);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The file has no training, or none of this name in its first model.
    pub fn of(model: &Model, training: Option<&str>) -> Result<Workload, Error> {
        let module = &model.modules()[0];
        let names: Vec<&str> = module.trainings.iter().map(|t| t.name.as_str()).collect();
        let first = |name: &str| name.split(' ').next() == training;
        let exact = names.iter().position(|name| training.is_none_or(|wanted| *name == wanted));
        let Some(training) = exact.or_else(|| names.iter().position(|name| first(name))) else {
            return Err(match training {
                Some(name) if !names.is_empty() => {
                    let known = names.join(", ");
                    Error::setting(format!("there is no training `{name}`; there are {known}"))
                }
                _ => Error::setting(format!("{} trains nothing", model.source().name())),
            });
        };
        Ok(Workload {
            name: Cow::Owned(model.source().name().into()),
            text: Cow::Owned(model.source().text().into()),
            training,
            rows: ROWS,
            steps: STEPS,
            precision: Precision::F32,
            feed: Feed::File,
        })
    }
}

/// Rows that are made up for a file, and steps of a repeat.
const ROWS: usize = 20_000;
const STEPS: u64 = 100;

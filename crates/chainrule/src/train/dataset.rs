//! The rows of a training.

pub use crate::data::{Column, Dataset, LabelNames, Part, Table, Values};

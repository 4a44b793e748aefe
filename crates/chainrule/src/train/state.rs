//! What a training needs to go on as if it had never stopped.

use chainrule_kernels::program::Precision;

/// A named array: little-endian bytes of its precision, row-major.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tensor {
    /// The name, `W[2]` for a member of a family.
    pub name: String,
    /// The number type.
    pub precision: Precision,
    /// The length of each dim; empty for one number.
    pub dims: Vec<usize>,
    /// The entries.
    pub bytes: Vec<u8>,
}

impl Tensor {
    /// The entries as numbers.
    pub fn values(&self) -> Vec<f64> {
        match self.precision {
            Precision::F32 => {
                let entry = |b: &[u8]| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                self.bytes.chunks_exact(4).map(entry).collect()
            }
            Precision::F64 => {
                let entry =
                    |b: &[u8]| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
                self.bytes.chunks_exact(8).map(entry).collect()
            }
        }
    }

    /// Numbers, rounded to the precision.
    pub fn new(
        name: impl Into<String>,
        precision: Precision,
        dims: Vec<usize>,
        values: &[f64],
    ) -> Tensor {
        let bytes = match precision {
            Precision::F32 => values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect(),
            Precision::F64 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        };
        Tensor { name: name.into(), precision, dims, bytes }
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The best weights so far, by the rule of `stop early`.
#[derive(Clone, PartialEq, Debug)]
pub struct Best {
    /// After so many epochs.
    pub epoch: u64,
    /// After so many steps.
    pub step: u64,
    /// The value that was compared.
    pub value: f64,
    /// The weights, in the order they are declared.
    pub parameters: Vec<Tensor>,
}

/// Everything a training needs to go on as if it had never stopped, and nothing else. Start values,
/// order of rows and noise follow from the seed; the data are read again.
///
/// Every `f64` here must come back with the same bits.
#[derive(Clone, PartialEq, Debug)]
pub struct State {
    /// The parameters, in the order they are declared.
    pub parameters: Vec<Tensor>,
    /// The optimizer's states; those with one entry a parameter entry have one dim.
    pub optimizer: Vec<Tensor>,
    /// Steps that are done.
    pub step: u64,
    /// Epochs that are complete.
    pub epoch: u64,
    /// Rows of the epoch that are done.
    pub position: u64,
    /// The sum of the steps' losses since the epoch began, each times its rows.
    pub loss_sum: f64,
    /// Seconds it has run.
    pub seconds: f64,
    /// The best weights so far, if a rule compares them.
    pub best: Option<Best>,
    /// What stopping rules and schedules remember, by name.
    pub rules: Vec<(String, f64)>,
    /// Why it is at its end, if it is.
    pub end: Option<super::End>,
}

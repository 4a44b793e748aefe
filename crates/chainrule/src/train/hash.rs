//! The hash of parameters.

use sha2::{Digest as _, Sha256};

use super::Tensor;
use crate::bytes::hex;

/// SHA-256 of the bytes of the tensors, one after the other, in hexadecimal.
pub(crate) fn of(tensors: &[Tensor]) -> String {
    let mut hash = Sha256::new();
    tensors.iter().for_each(|tensor| hash.update(&tensor.bytes));
    hex(&hash.finalize())
}

//! The hash of parameters.

use sha2::{Digest, Sha256};

use super::Tensor;

/// SHA-256 of the bytes of the tensors, one after the other, in hexadecimal.
pub(super) fn of(tensors: &[Tensor]) -> String {
    use std::fmt::Write as _;
    let mut hash = Sha256::new();
    for tensor in tensors {
        hash.update(&tensor.bytes);
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

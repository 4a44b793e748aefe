//! Hashes of parameters and of texts.

use sha2::{Digest, Sha256};

use super::Tensor;

/// SHA-256 of the bytes of the tensors, one after the other, in hexadecimal.
pub(crate) fn of(tensors: &[Tensor]) -> String {
    digest(tensors.iter().map(|tensor| tensor.bytes.as_slice()))
}

/// SHA-256 of bytes, in hexadecimal.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    digest(std::iter::once(bytes))
}

fn digest<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> String {
    use std::fmt::Write as _;
    let mut hash = Sha256::new();
    pieces.for_each(|piece| hash.update(piece));
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

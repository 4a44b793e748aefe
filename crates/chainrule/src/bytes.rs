//! Bytes for people: digests in hexadecimal, lengths.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// From here on a length is given in GB as well.
const LONG: u64 = 50_000_000;

/// The SHA-256 of `bytes`, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A length: `512 bytes`, `3221225472 bytes (3.22 GB)`; a GB has 10^9 bytes.
pub(crate) fn length(bytes: u64) -> String {
    if bytes < LONG {
        format!("{bytes} bytes")
    } else {
        format!("{bytes} bytes ({:.2} GB)", bytes as f64 / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_sha256() {
        // FIPS 180-4, example "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), expected);
    }

    #[test]
    fn long_lengths_have_their_gigabytes() {
        let all = [0, 512, 3 << 30, u64::MAX].map(length);
        let expected = [
            "0 bytes",
            "512 bytes",
            "3221225472 bytes (3.22 GB)",
            "18446744073709551615 bytes (18446744073.71 GB)",
        ];
        assert_eq!(all, expected);
    }
}

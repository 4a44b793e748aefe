//! Unpacking gzip within a bound.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;

/// DEFLATE cannot pack more than this many bytes into one (RFC 1951: 258 bytes in two bits).
const MOST_PACKED: u64 = 1032;

/// Whether `bytes` are a gzip file.
pub(super) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// The content of a gzip file of at most `limit` bytes, or `bytes` themselves if they are none.
pub(super) fn unpack(bytes: &[u8], limit: u64) -> Result<Cow<'_, [u8]>, String> {
    if !is_packed(bytes) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut out = Vec::new();
    let mut decoder = MultiGzDecoder::new(bytes).take(limit.saturating_add(1));
    decoder.read_to_end(&mut out).map_err(|cause| broken(&cause))?;
    if out.len() as u64 > limit {
        return Err(format!("unpacked it has more than {limit} bytes"));
    }
    Ok(Cow::Owned(out))
}

/// The first `count` bytes of the content; fewer if it is shorter.
pub(super) fn head(bytes: &[u8], count: usize) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(count);
    if !is_packed(bytes) {
        out.extend_from_slice(&bytes[..count.min(bytes.len())]);
        return Ok(out);
    }
    let read = MultiGzDecoder::new(bytes).take(count as u64).read_to_end(&mut out);
    read.map_err(|cause| broken(&cause))?;
    Ok(out)
}

/// The most that the file can hold: its length, or what a gzip file of that length can unpack to.
pub(super) fn most(bytes: &[u8]) -> u64 {
    let length = bytes.len() as u64;
    if is_packed(bytes) { length.saturating_mul(MOST_PACKED) } else { length }
}

fn broken(cause: &std::io::Error) -> String {
    match cause.kind() {
        std::io::ErrorKind::UnexpectedEof => "the gzip file ends early: it is truncated".into(),
        _ => format!("the gzip file is damaged: {cause}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let bomb = packed(&vec![0; 1 << 20]);
        assert!(bomb.len() < 2000);
        assert_eq!(unpack(&bomb, 1 << 20).map(|b| b.len()), Ok(1 << 20));
        assert!(unpack(&bomb, 1000).is_err_and(|e| e.contains("more than 1000")));
        assert!(most(&bomb) >= 1 << 20);
    }

    #[test]
    fn truncated_and_damaged_files_are_told_apart() {
        let whole = packed(b"some text, some text, some text");
        for cut in 2..whole.len() {
            assert!(unpack(&whole[..cut], 100).is_err(), "{cut}");
        }
        let mut damaged = whole.clone();
        let last = damaged.len() - 5;
        damaged[last] ^= 1;
        assert!(unpack(&damaged, 100).is_err_and(|e| e.contains("damaged")));
        assert_eq!(head(&whole, 4).as_deref(), Ok(&b"some"[..]));
        assert_eq!(head(b"ab", 4).as_deref(), Ok(&b"ab"[..]));
    }
}

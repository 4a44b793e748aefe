//! The IDX format of MNIST: a magic number, the lengths of the axes, the values.
//!
//! Bytes 0 and 1 are zero, byte 2 is the type, byte 3 the number of axes; then each length in four
//! bytes, the most significant first (Y. LeCun, C. Cortes, C. J. C. Burges: the MNIST database).
//! Packed with gzip or not.

use super::labels::RawLabels;
use super::{Values, gzip};

/// Most axes of a file.
const AXES: usize = 8;

/// A file that was read: the first axis are the rows.
#[derive(Debug)]
pub(super) struct Idx {
    pub(super) rows: usize,
    /// The lengths of the other axes.
    pub(super) shape: Vec<usize>,
    pub(super) values: Values,
}

impl Idx {
    /// Reads a file.
    pub(super) fn read(bytes: &[u8]) -> Result<Idx, String> {
        let head = gzip::head(bytes, 4 + 4 * AXES)?;
        let (kind, axes) = header(&head)?;
        let size = size_of(kind)?;
        let start = 4 + 4 * axes.len() as u64;
        let count = axes.iter().try_fold(1u64, |n, axis| n.checked_mul(u64::from(*axis)));
        let total = count.and_then(|n| n.checked_mul(size)).and_then(|n| n.checked_add(start));
        let shape: Vec<String> = axes.iter().map(u32::to_string).collect();
        let shape = shape.join(" x ");
        let most = gzip::most(bytes);
        let Some(total) = total.filter(|total| *total <= most) else {
            return Err(if gzip::is_packed(bytes) {
                format!("its header says {shape} values, more than {most} bytes can come out of it")
            } else {
                format!(
                    "its header says {shape} values of {size} byte{}, the file has {} bytes: \
                     truncated, or no IDX file",
                    if size == 1 { "" } else { "s" },
                    bytes.len()
                )
            });
        };
        let content = gzip::unpack(bytes, total)
            .map_err(|e| if e.starts_with("unpacked") { longer(&shape, total) } else { e })?;
        match (content.len() as u64).cmp(&total) {
            std::cmp::Ordering::Less => Err(format!(
                "its header says {shape} values, {total} bytes with the header; there are {}: \
                 truncated",
                content.len()
            )),
            std::cmp::Ordering::Greater => Err(longer(&shape, total)),
            std::cmp::Ordering::Equal => {
                let rows = axes.first().copied().unwrap_or(0) as usize;
                if rows == 0 {
                    return Err("its header says that there are no rows".into());
                }
                let shape: Vec<usize> = axes[1..].iter().map(|axis| *axis as usize).collect();
                if shape.contains(&0) {
                    return Err("its header says that a row has no values".into());
                }
                let values = values(kind, &content[start as usize..]);
                Ok(Idx { rows, shape, values })
            }
        }
    }

    /// One label for each row.
    pub(super) fn labels(&self) -> Result<RawLabels, String> {
        if self.shape.iter().product::<usize>() != 1 {
            let shape: Vec<String> = self.shape.iter().map(usize::to_string).collect();
            return Err(format!("a row has {} values, a label is one", shape.join(" x ")));
        }
        let mut labels = RawLabels::of_bytes();
        for i in 0..self.values.len() {
            labels.push(&self.values.get(i).to_string())?;
        }
        Ok(labels)
    }
}

fn longer(shape: &str, total: u64) -> String {
    format!("its header says {shape} values, and more bytes follow than the {total} of these")
}

/// Type and lengths.
fn header(head: &[u8]) -> Result<(u8, Vec<u32>), String> {
    let [a, b, kind, count, rest @ ..] = head else {
        return Err(match head.len() {
            0 => "the file is empty".into(),
            n => format!("the file has {n} bytes, not even the four of a magic number"),
        });
    };
    if (*a, *b) != (0, 0) || size_of(*kind).is_err() || *count == 0 {
        return Err(format!(
            "it is no IDX file: it begins with {a:02x} {b:02x} {kind:02x} {count:02x}, expected \
             00 00, a type such as 08, and the number of axes"
        ));
    }
    let count = usize::from(*count);
    if count > AXES {
        return Err(format!("its header says {count} axes; at most {AXES} are read"));
    }
    let word = |b: &[u8]| b.iter().fold(0u32, |n, byte| n << 8 | u32::from(*byte));
    let axes: Vec<u32> = rest.chunks_exact(4).take(count).map(word).collect();
    if axes.len() < count {
        return Err(format!(
            "it ends inside its header: {count} axes need {} bytes, there are {}: truncated",
            4 + 4 * count,
            head.len()
        ));
    }
    Ok((*kind, axes))
}

/// Bytes of a value.
fn size_of(kind: u8) -> Result<u64, String> {
    match kind {
        0x08 | 0x09 => Ok(1),
        0x0b => Ok(2),
        0x0c | 0x0d => Ok(4),
        0x0e => Ok(8),
        _ => Err(format!("{kind:02x} is no type of an IDX file")),
    }
}

fn values(kind: u8, bytes: &[u8]) -> Values {
    match kind {
        0x08 => Values::U8(bytes.to_vec()),
        0x09 => Values::F64(bytes.iter().map(|b| f64::from(*b as i8)).collect()),
        0x0b => Values::F64(words(bytes, |b| f64::from(i16::from_be_bytes(b)))),
        0x0c => Values::F64(words(bytes, |b| f64::from(i32::from_be_bytes(b)))),
        0x0d => Values::F32(words(bytes, f32::from_be_bytes)),
        _ => Values::F64(words(bytes, f64::from_be_bytes)),
    }
}

fn words<const N: usize, T>(bytes: &[u8], word: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|chunk| word(*chunk)).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(kind: u8, axes: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, kind, axes.len() as u8];
        axes.iter().for_each(|axis| bytes.extend(axis.to_be_bytes()));
        bytes.extend(values);
        bytes
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn bytes_packed_or_not() {
        let plain = file(8, &[2, 1, 3], &[1, 2, 3, 4, 5, 255]);
        for bytes in [plain.clone(), packed(&plain)] {
            let idx = Idx::read(&bytes).unwrap();
            assert_eq!((idx.rows, idx.shape.as_slice()), (2, &[1, 3][..]));
            assert_eq!(idx.values, Values::U8(vec![1, 2, 3, 4, 5, 255]));
        }
    }

    #[test]
    fn every_type() {
        let read = |kind, values: &[u8]| Idx::read(&file(kind, &[1], values)).unwrap().values;
        assert_eq!(read(0x09, &[255]), Values::F64(vec![-1.0]));
        assert_eq!(read(0x0b, &[1, 0]), Values::F64(vec![256.0]));
        assert_eq!(read(0x0c, &[255, 255, 255, 254]), Values::F64(vec![-2.0]));
        assert_eq!(read(0x0d, &1.5f32.to_be_bytes()), Values::F32(vec![1.5]));
        assert_eq!(read(0x0e, &0.1f64.to_be_bytes()), Values::F64(vec![0.1]));
    }

    #[test]
    fn every_cut_is_an_error() {
        let plain = file(8, &[2, 3], &[1, 2, 3, 4, 5, 6]);
        let small = packed(&plain);
        for cut in 0..plain.len() {
            assert!(Idx::read(&plain[..cut]).is_err(), "{cut}");
        }
        for cut in 0..small.len() {
            assert!(Idx::read(&small[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn what_is_wrong() {
        let error = |bytes: &[u8]| Idx::read(bytes).unwrap_err();
        assert_eq!(error(b""), "the file is empty");
        assert!(error(b"GIF89a").starts_with("it is no IDX file: it begins with 47 49 46 38"));
        assert!(
            error(&file(8, &[2, 2], &[1, 2, 3]))
                .contains("2 x 2 values of 1 byte, the file has 15")
        );
        assert!(error(&file(8, &[2], &[1, 2, 3])).contains("more bytes follow"));
        assert!(error(&packed(&file(8, &[2], &[1, 2, 3]))).contains("more bytes follow"));
        assert!(error(&packed(&file(8, &[4], &[1, 2, 3]))).contains("truncated"));
        assert!(error(&file(8, &[0, 5], &[])).contains("no rows"));
        assert!(error(&file(8, &[5, 0], &[])).contains("no values"));
        assert!(error(&[0, 0, 8, 9]).contains("9 axes"));
        // Absurd sizes are seen before memory is taken.
        let huge = [u32::MAX; 8];
        assert!(error(&file(8, &huge, &[])).contains("4294967295 x"));
        assert!(error(&packed(&file(8, &huge, &[]))).contains("more than"));
    }

    #[test]
    fn labels_are_one_value_a_row() {
        let labels = Idx::read(&file(8, &[3], &[7, 0, 7])).unwrap().labels().unwrap();
        assert_eq!((labels.len(), labels.different()), (3, 2));
        assert!(Idx::read(&file(8, &[1, 2], &[7, 0])).unwrap().labels().is_err());
    }
}

//! NumPy arrays: `npy`, and `npz`, a zip file of them. Arrays of objects are not read: they hold
//! programs, not numbers.
//!
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>; of a zip file
//! (APPNOTE.TXT of PKWARE) the central directory is read, stored and deflated members.

use std::io::Read as _;

use flate2::read::DeflateDecoder;

use super::Values;
use super::labels::RawLabels;

const MAGIC: &[u8] = b"\x93NUMPY";
/// Most bytes of all arrays of a zip file.
const MOST: u64 = 1 << 30;
/// Most members of a zip file.
const MEMBERS: usize = 1024;
/// DEFLATE cannot pack more than this many bytes into one.
const MOST_PACKED: u64 = 1032;

/// The arrays of a file.
#[derive(Debug)]
pub(super) struct Arrays {
    all: Vec<(String, Array)>,
}

/// One array: the first axis are the rows.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Array {
    pub(super) rows: usize,
    pub(super) shape: Vec<usize>,
    pub(super) values: Values,
}

impl Arrays {
    /// Reads a file.
    pub(super) fn read(bytes: &[u8]) -> Result<Arrays, String> {
        if bytes.is_empty() {
            return Err("the file is empty".into());
        }
        if !bytes.starts_with(b"PK") {
            return Ok(Arrays { all: vec![(String::new(), array(bytes)?)] });
        }
        let mut all = Vec::new();
        let mut left = MOST;
        for member in members(bytes)? {
            let content = member.content(bytes, left)?;
            left -= content.len() as u64;
            let name = member.name.strip_suffix(".npy").unwrap_or(&member.name).to_string();
            let array = array(&content).map_err(|e| format!("`{name}`: {e}"))?;
            all.push((name, array));
        }
        Ok(Arrays { all })
    }

    /// Every array with its name.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Array)> {
        self.all.iter().map(|(name, array)| (name.as_str(), array))
    }

    /// The array that is called as the value, or the only one.
    pub(super) fn of(&self, name: &str) -> Result<&Array, String> {
        if let Some((_, array)) = self.all.iter().find(|(n, _)| n == name) {
            return Ok(array);
        }
        if let [(_, array)] = self.all.as_slice() {
            return Ok(array);
        }
        let names: Vec<String> = self.all.iter().take(12).map(|(n, _)| format!("`{n}`")).collect();
        Err(format!("it has no array `{name}`, but {}", names.join(", ")))
    }

    /// The labels for a name.
    pub(super) fn labels(&self, name: &str) -> Result<RawLabels, String> {
        let array = self.of(name)?;
        if array.values.len() != array.rows {
            return Err(format!("a row of `{name}` has several values, a label is one"));
        }
        let mut labels = RawLabels::default();
        for i in 0..array.values.len() {
            labels.push(&array.values.get(i).to_string())?;
        }
        Ok(labels)
    }
}

/// Reads an array.
fn array(bytes: &[u8]) -> Result<Array, String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it is no NumPy array")?;
    let truncated = || "it ends inside its header: truncated".to_string();
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(truncated)?;
    let (length, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(truncated)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(truncated)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        other => return Err(format!("version {other} of the format is not known")),
    };
    let (header, content) = rest.split_at_checked(length).ok_or_else(truncated)?;
    let header = std::str::from_utf8(header).map_err(|_| "its header is no text")?;
    let header = Header::read(header)?;
    let count = header.shape.iter().try_fold(1usize, |n, axis| n.checked_mul(*axis));
    let total = count.and_then(|n| n.checked_mul(header.size));
    if total != Some(content.len()) {
        let shape: Vec<String> = header.shape.iter().map(usize::to_string).collect();
        return Err(format!(
            "its header says {} values of {} bytes, {} bytes follow",
            shape.join(" x "),
            header.size,
            content.len()
        ));
    }
    let [rows, shape @ ..] = header.shape.as_slice() else {
        return Err("it is one number, without rows".into());
    };
    if content.is_empty() {
        return Err("it has no values".into());
    }
    let values = header.values(content);
    let values = if header.fortran { row_major(&values, &header.shape) } else { values };
    Ok(Array { rows: *rows, shape: shape.to_vec(), values })
}

/// What the header of an array says.
struct Header {
    kind: u8,
    size: usize,
    big: bool,
    fortran: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Reads `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`.
    fn read(text: &str) -> Result<Header, String> {
        let after = |key: &str| {
            let at = text.find(key).ok_or_else(|| format!("its header has no {key}"))?;
            let rest = text[at + key.len()..].trim_start();
            Ok::<&str, String>(rest.strip_prefix(':').unwrap_or(rest).trim_start())
        };
        let descr = after("'descr'")?;
        let descr = descr.strip_prefix('\'').and_then(|d| d.split('\'').next());
        let descr = descr.ok_or("it is an array of records, not of numbers")?;
        let (order, rest) = descr.split_at_checked(1).ok_or("its type is empty")?;
        let (kind, size) = rest.split_at_checked(1).ok_or("its type is empty")?;
        if kind == "O" {
            return Err("it is an array of objects, which are not read".into());
        }
        let known = matches!(rest, "b1" | "u1" | "i1" | "u2" | "i2" | "u4" | "i4" | "u8" | "i8")
            || matches!(rest, "f4" | "f8");
        if !known || !matches!(order, "<" | ">" | "|" | "=") {
            return Err(format!("numbers of the type `{descr}` are not read"));
        }
        let shape = after("'shape'")?.strip_prefix('(').and_then(|s| s.split(')').next());
        let shape = shape.ok_or("its header has no shape")?;
        let axes = shape.split(',').map(str::trim).filter(|axis| !axis.is_empty());
        let axes: Result<Vec<usize>, _> = axes.map(str::parse).collect();
        let shape = axes.map_err(|_| format!("({shape}) is no shape"))?;
        if shape.len() > 16 {
            return Err(format!("its header says {} axes; at most 16 are read", shape.len()));
        }
        Ok(Header {
            kind: kind.as_bytes()[0],
            size: size.parse().unwrap_or(1),
            big: order == ">",
            fortran: after("'fortran_order'")?.starts_with("True"),
            shape,
        })
    }

    fn values(&self, bytes: &[u8]) -> Values {
        match (self.kind, self.size) {
            (b'u' | b'b', 1) => Values::U8(bytes.to_vec()),
            (b'i', 1) => Values::F64(bytes.iter().map(|b| f64::from(*b as i8)).collect()),
            (b'u', 2) => Values::F64(self.words(bytes, |b| f64::from(u16::from_le_bytes(b)))),
            (b'i', 2) => Values::F64(self.words(bytes, |b| f64::from(i16::from_le_bytes(b)))),
            (b'u', 4) => Values::F64(self.words(bytes, |b| f64::from(u32::from_le_bytes(b)))),
            (b'i', 4) => Values::F64(self.words(bytes, |b| f64::from(i32::from_le_bytes(b)))),
            (b'u', _) => Values::F64(self.words(bytes, |b| u64::from_le_bytes(b) as f64)),
            (b'i', _) => Values::F64(self.words(bytes, |b| i64::from_le_bytes(b) as f64)),
            (_, 4) => Values::F32(self.words(bytes, f32::from_le_bytes)),
            _ => Values::F64(self.words(bytes, f64::from_le_bytes)),
        }
    }

    fn words<const N: usize, T>(&self, bytes: &[u8], word: impl Fn([u8; N]) -> T) -> Vec<T> {
        let turned = |mut chunk: [u8; N]| {
            if self.big {
                chunk.reverse();
            }
            word(chunk)
        };
        bytes.as_chunks().0.iter().map(|chunk| turned(*chunk)).collect()
    }
}

/// The same array with the last axis running fastest.
fn row_major(values: &Values, shape: &[usize]) -> Values {
    match values {
        Values::U8(values) => Values::U8(turned(values, shape)),
        Values::F32(values) => Values::F32(turned(values, shape)),
        Values::F64(values) => Values::F64(turned(values, shape)),
    }
}

fn turned<T: Copy>(values: &[T], shape: &[usize]) -> Vec<T> {
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        let place = index.iter().zip(shape).rev().fold(0, |at, (i, axis)| at * axis + i);
        out.push(values[place]);
        for (i, axis) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *axis {
                break;
            }
            *i = 0;
        }
    }
    out
}

/// A member of a zip file, as its directory says.
struct Member {
    name: String,
    deflated: bool,
    packed: usize,
    size: usize,
    /// Where its local header begins.
    start: usize,
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let chunk = bytes.get(at..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_le_bytes(*chunk)))
}

fn long(bytes: &[u8], at: usize) -> Option<usize> {
    let chunk = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*chunk) as usize)
}

/// The directory at the end of a zip file.
fn members(bytes: &[u8]) -> Result<Vec<Member>, String> {
    let truncated = || "the zip file has no directory at its end: truncated".to_string();
    // The end record has 22 bytes, and a comment behind it that NumPy does not write.
    let last = bytes.len().checked_sub(22).ok_or_else(truncated)?;
    let least = last.saturating_sub(0xffff);
    let end = (least..=last).rev().find(|at| bytes[*at..].starts_with(b"PK\x05\x06"));
    let end = end.ok_or_else(truncated)?;
    let count = word(bytes, end + 10).unwrap_or(0);
    let mut at = long(bytes, end + 16).unwrap_or(usize::MAX);
    if count == 0 || count > MEMBERS {
        return Err(format!("the zip file has {count} members; 1 to {MEMBERS} are read"));
    }
    let mut all = Vec::new();
    for _ in 0..count {
        let record = bytes.get(at..).filter(|r| r.starts_with(b"PK\x01\x02"));
        let member = record.and_then(|record| {
            let name = word(record, 28)?;
            let method = word(record, 10)?;
            let member = Member {
                name: String::from_utf8_lossy(record.get(46..46 + name)?).into_owned(),
                deflated: method == 8,
                packed: long(record, 20)?,
                size: long(record, 24)?,
                start: long(record, 42)?,
            };
            at += 46 + name + word(record, 30)? + word(record, 32)?;
            matches!(method, 0 | 8).then_some(member)
        });
        all.push(member.ok_or("the directory of the zip file is damaged, or packed otherwise")?);
    }
    Ok(all)
}

impl Member {
    /// Its content, of at most `limit` bytes.
    fn content(&self, bytes: &[u8], limit: u64) -> Result<Vec<u8>, String> {
        let name = &self.name;
        let damaged = || format!("`{name}` of the zip file is damaged or truncated");
        let local = bytes.get(self.start..).ok_or_else(damaged)?;
        let (Some(a), Some(b)) = (word(local, 26), word(local, 28)) else { return Err(damaged()) };
        let start = 30 + a + b;
        let packed = local.get(start..).and_then(|rest| rest.get(..self.packed));
        let packed = packed.filter(|_| local.starts_with(b"PK\x03\x04")).ok_or_else(damaged)?;
        let most = if self.deflated { MOST_PACKED } else { 1 }.saturating_mul(packed.len() as u64);
        if self.size as u64 > most.min(limit) {
            return Err(format!("`{name}` says that it unpacks to {} bytes", self.size));
        }
        let mut out = Vec::new();
        if self.deflated {
            let mut decoder = DeflateDecoder::new(packed).take(self.size as u64 + 1);
            decoder.read_to_end(&mut out).map_err(|_| damaged())?;
        } else {
            out.extend_from_slice(packed);
        }
        if out.len() == self.size { Ok(out) } else { Err(damaged()) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn npy(header: &str, content: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(content);
        bytes
    }

    fn header(descr: &str, fortran: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}  \n")
    }

    /// A zip file as NumPy writes it.
    fn zip(members: &[(&str, &[u8], bool)]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, content, deflated) in members {
            let packed = if *deflated {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            } else {
                content.to_vec()
            };
            let method = if *deflated { 8u16 } else { 0 };
            let start = out.len() as u32;
            out.extend(b"PK\x03\x04\x14\0\0\0");
            out.extend(method.to_le_bytes());
            out.extend([0; 8]);
            out.extend([0xff; 8]);
            out.extend((name.len() as u16).to_le_bytes());
            out.extend(0u16.to_le_bytes());
            out.extend(name.as_bytes());
            out.extend(&packed);
            directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0");
            directory.extend(method.to_le_bytes());
            directory.extend([0; 8]);
            directory.extend((packed.len() as u32).to_le_bytes());
            directory.extend((content.len() as u32).to_le_bytes());
            directory.extend((name.len() as u16).to_le_bytes());
            directory.extend([0; 12]);
            directory.extend(start.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let (start, length) = (out.len() as u32, directory.len() as u32);
        out.extend(directory);
        out.extend(b"PK\x05\x06\0\0\0\0");
        out.extend((members.len() as u16).to_le_bytes());
        out.extend((members.len() as u16).to_le_bytes());
        out.extend(length.to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend([0; 2]);
        out
    }

    #[test]
    fn types_and_orders() {
        let read = |descr: &str, content: &[u8]| {
            array(&npy(&header(descr, "False", "(1,)"), content)).unwrap().values
        };
        assert_eq!(read("|u1", &[200]), Values::U8(vec![200]));
        assert_eq!(read("|i1", &[255]), Values::F64(vec![-1.0]));
        assert_eq!(read("<i2", &[0, 1]), Values::F64(vec![256.0]));
        assert_eq!(read(">u4", &[0, 0, 1, 0]), Values::F64(vec![256.0]));
        assert_eq!(read("<i8", &(-7i64).to_le_bytes()), Values::F64(vec![-7.0]));
        assert_eq!(read("<f4", &1.5f32.to_le_bytes()), Values::F32(vec![1.5]));
        assert_eq!(read(">f8", &0.1f64.to_be_bytes()), Values::F64(vec![0.1]));
        let columns = npy(&header("|u1", "True", "(2, 3)"), &[1, 4, 2, 5, 3, 6]);
        let array = array(&columns).unwrap();
        assert_eq!((array.rows, array.shape.as_slice()), (2, &[3][..]));
        assert_eq!(array.values, Values::U8(vec![1, 2, 3, 4, 5, 6]));
    }

    #[test]
    fn zip_files() {
        let x = npy(&header("|u1", "False", "(2, 2)"), &[1, 2, 3, 4]);
        let y = npy(&header("|u1", "False", "(2,)"), &[0, 1]);
        let both = zip(&[("x.npy", &x, true), ("y.npy", &y, false)]);
        let arrays = Arrays::read(&both).unwrap();
        assert_eq!(arrays.of("x").unwrap().values, Values::U8(vec![1, 2, 3, 4]));
        assert_eq!(arrays.labels("y").unwrap().len(), 2);
        assert_eq!(arrays.of("z").unwrap_err(), "it has no array `z`, but `x`, `y`");
        assert!(arrays.labels("x").is_err());
        for cut in 1..both.len() {
            assert!(Arrays::read(&both[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn what_is_wrong() {
        let error = |descr: &str, shape: &str, content: &[u8]| {
            array(&npy(&header(descr, "False", shape), content)).unwrap_err()
        };
        assert!(error("|O", "(1,)", &[0]).contains("objects"));
        assert!(error("<U3", "(1,)", &[0]).contains("`<U3` are not read"));
        assert!(error("<f8", "(2,)", &[0; 8]).contains("2 values of 8 bytes, 8 bytes follow"));
        assert!(error("<f8", "(99999999999, 99999999999)", &[0; 8]).contains("bytes follow"));
        assert!(error("<f8", "()", &[0; 8]).contains("without rows"));
        assert!(error("<f8", "(x,)", &[0; 8]).contains("no shape"));
        assert!(error("<f8", "(0,)", &[]).contains("no values"));
        assert!(Arrays::read(b"").is_err());
        assert!(Arrays::read(b"some text").is_err());
        let whole = npy(&header("<f8", "False", "(1,)"), &[0; 8]);
        for cut in 0..whole.len() {
            assert!(array(&whole[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_zip_bomb_is_seen_in_its_directory() {
        let bomb = npy(&header("|u1", "False", "(100000,)"), &vec![0; 100_000]);
        let mut file = zip(&[("x.npy", &bomb, true)]);
        assert!(Arrays::read(&file).is_ok());
        let at = file.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        file[at + 24..at + 28].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
        assert!(Arrays::read(&file).unwrap_err().contains("unpacks to 2147483647"));
    }
}

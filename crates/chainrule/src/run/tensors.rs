//! Arrays in a file: the safetensors format, with the arrays in their own order.
//!
//! Everything else that belongs to the file is one JSON value under the key `chainrule` of the
//! metadata. A reader looks at the header first; the arrays are read when their names and shapes are
//! known to be what is expected.

use std::io::{self, Read, Write};

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde_json::Value;

use crate::train::{Precision, Tensor};

/// A longer header is not read.
pub(crate) const HEADER_BYTES: u64 = 16 << 20;
/// More arrays are not read.
const ARRAYS: usize = 100_000;
/// More axes are not read.
const AXES: usize = 32;
/// Our key in the metadata.
const KEY: &str = "chainrule";

/// What the header says of an array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Info {
    /// Its name.
    pub(crate) name: String,
    /// Its number type.
    pub(crate) precision: Precision,
    /// Its sizes.
    pub(crate) shape: Vec<usize>,
}

impl Info {
    /// How many bytes the entries take; `None` if nobody could count them.
    fn bytes(&self) -> Option<usize> {
        let entries = self.shape.iter().try_fold(1usize, |n, size| n.checked_mul(*size))?;
        entries.checked_mul(width(self.precision))
    }

    /// The array as messages write it: `W0 : f32[16, 4]`.
    pub(crate) fn text(&self) -> String {
        let sizes: Vec<String> = self.shape.iter().map(ToString::to_string).collect();
        let precision = precision_text(self.precision);
        match sizes.as_slice() {
            [] => format!("{} : {precision}", self.name),
            _ => format!("{} : {precision}[{}]", self.name, sizes.join(", ")),
        }
    }
}

/// Bytes of an entry.
fn width(precision: Precision) -> usize {
    match precision {
        Precision::F32 => 4,
        Precision::F64 => 8,
    }
}

/// `f32`, `f64`.
pub(crate) fn precision_text(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "f32",
        Precision::F64 => "f64",
    }
}

/// A header that was read.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Head {
    /// What belongs to the file besides the arrays.
    pub(crate) about: Value,
    /// The arrays, in the order of their bytes.
    pub(crate) arrays: Vec<Info>,
}

/// Writes a file of arrays with their names.
///
/// # Errors
///
/// The header is longer than a reader takes, or `out` cannot be written.
pub(crate) fn write(
    out: &mut dyn Write,
    about: &Value,
    arrays: &[(String, &Tensor)],
) -> io::Result<()> {
    let mut at = 0;
    let infos = arrays.iter().map(|(name, array)| {
        let from = at;
        at += array.bytes.len();
        let dtype = match array.precision {
            Precision::F32 => Dtype::F32,
            Precision::F64 => Dtype::F64,
        };
        let info = TensorInfo { dtype, shape: array.dims.clone(), data_offsets: (from, at) };
        (name.clone(), info)
    });
    // One key only: more would stand in an order that differs from run to run.
    let keys = [(KEY.to_string(), about.to_string())].into_iter().collect();
    let header = Metadata::new(Some(keys), infos.collect()).map_err(io::Error::other)?;
    let mut header = serde_json::to_vec(&header).map_err(io::Error::other)?;
    // The arrays start at a multiple of eight bytes.
    header.resize(header.len().next_multiple_of(8), b' ');
    if header.len() as u64 > HEADER_BYTES {
        let message = format!("its header has {} bytes, the limit is {HEADER_BYTES}", header.len());
        return Err(io::Error::other(message));
    }
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    arrays.iter().try_for_each(|(_, array)| out.write_all(&array.bytes))
}

/// Reads the header of a file that has `length` bytes; the reader then stands at the arrays.
///
/// # Errors
///
/// It is no such file: what is wrong, in words.
pub(crate) fn head(reader: &mut impl Read, length: u64) -> Result<Head, String> {
    let mut count = [0; 8];
    reader.read_exact(&mut count).map_err(|_| short(length, "at least 8 bytes"))?;
    let count = u64::from_le_bytes(count);
    if count > HEADER_BYTES {
        return Err(format!(
            "it is no safetensors file: its header would have {count} bytes, the limit is \
             {HEADER_BYTES}"
        ));
    }
    if length < 8 + count {
        return Err(short(length, &format!("a header of {count} bytes")));
    }
    let mut header = vec![0; count as usize];
    reader.read_exact(&mut header).map_err(|cause| cause.to_string())?;
    let header: Metadata = serde_json::from_slice(&header)
        .map_err(|cause| format!("its header is not what safetensors has: {cause}"))?;
    let data = header.data_len() as u64;
    if length - 8 - count != data {
        return Err(format!(
            "it has {} bytes of arrays where its header says {data}: it was cut or written over",
            length - 8 - count
        ));
    }
    let arrays: Vec<Info> = infos(&header)?;
    let about = header.metadata().as_ref().and_then(|keys| keys.get(KEY));
    let about =
        about.ok_or("it was not written by chainrule: its header has no key `chainrule`")?;
    let about = serde_json::from_str(about)
        .map_err(|cause| format!("the key `{KEY}` of its header is no JSON: {cause}"))?;
    Ok(Head { about, arrays })
}

fn short(length: u64, expected: &str) -> String {
    format!("it ends after {length} bytes where {expected} should be")
}

/// The arrays that a header names, if we know what they are.
fn infos(header: &Metadata) -> Result<Vec<Info>, String> {
    let names = header.offset_keys();
    if names.len() > ARRAYS {
        return Err(format!("it has {} arrays, the limit is {ARRAYS}", names.len()));
    }
    let info = |name: String| {
        let info = header.info(&name).ok_or_else(|| format!("`{name}` has no entry"))?;
        let precision = match info.dtype {
            Dtype::F32 => Precision::F32,
            Dtype::F64 => Precision::F64,
            other => return Err(format!("`{name}` is an array of {other:?}, not of F32 or F64")),
        };
        if info.shape.len() > AXES {
            return Err(format!("`{name}` has {} axes, the limit is {AXES}", info.shape.len()));
        }
        Ok(Info { name, precision, shape: info.shape.clone() })
    };
    names.into_iter().map(info).collect()
}

/// Reads the arrays behind a header.
///
/// # Errors
///
/// They cannot be read, or do not fit into the memory.
pub(crate) fn arrays(reader: &mut impl Read, head: &Head) -> Result<Vec<Tensor>, String> {
    let read = |info: &Info| {
        let count = info.bytes().ok_or_else(|| format!("`{}` is too large", info.name))?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(count).map_err(|_| {
            let length = crate::bytes::length(count as u64);
            format!("there is no memory for `{}`: {length}", info.name)
        })?;
        let read = reader.by_ref().take(count as u64).read_to_end(&mut bytes);
        match read {
            Ok(read) if read == count => {}
            Ok(_) => return Err(format!("it ends within `{}`", info.name)),
            Err(cause) => return Err(cause.to_string()),
        }
        Ok(Tensor {
            name: info.name.clone(),
            precision: info.precision,
            dims: info.shape.clone(),
            bytes,
        })
    };
    head.arrays.iter().map(read).collect()
}

/// Whether the arrays of a file are those that are expected: the same names, number types and
/// shapes in the same order.
///
/// # Errors
///
/// The first difference, in words.
pub(crate) fn compare(found: &[Info], expected: &[Info]) -> Result<(), String> {
    for (found, expected) in found.iter().zip(expected) {
        if found != expected {
            return Err(format!(
                "it has `{}` where `{}` is expected",
                found.text(),
                expected.text()
            ));
        }
    }
    match (found.get(expected.len()), expected.get(found.len())) {
        (Some(more), _) => Err(format!("it has `{}`, which nothing asks for", more.text())),
        (_, Some(missing)) => Err(format!("`{}` is missing", missing.text())),
        _ => Ok(()),
    }
}

/// Whether every entry is a finite number.
///
/// # Errors
///
/// The first that is not, in words.
pub(crate) fn finite(arrays: &[Tensor]) -> Result<(), String> {
    for array in arrays {
        if let Some(at) = array.values().iter().position(|value| !value.is_finite()) {
            let value = array.values()[at];
            return Err(format!("entry {at} of `{}` is {value}, no finite number", array.name));
        }
    }
    Ok(())
}

/// What arrays look like in a header.
pub(crate) fn described(arrays: &[Tensor]) -> Vec<Info> {
    let info = |array: &Tensor| Info {
        name: array.name.clone(),
        precision: array.precision,
        shape: array.dims.clone(),
    };
    arrays.iter().map(info).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn array(name: &str, shape: &[usize]) -> Tensor {
        let count = shape.iter().product::<usize>();
        let bytes = (0..count).flat_map(|i| (i as f32 * 0.5).to_le_bytes()).collect();
        Tensor { name: name.into(), precision: Precision::F32, dims: shape.into(), bytes }
    }

    fn file(arrays: &[Tensor]) -> Vec<u8> {
        let mut out = Vec::new();
        let arrays: Vec<_> = arrays.iter().map(|array| (array.name.clone(), array)).collect();
        write(&mut out, &json!({ "step": 3 }), &arrays).expect("it can be written");
        out
    }

    fn read(bytes: &[u8]) -> Result<(Head, Vec<Tensor>), String> {
        let mut reader = bytes;
        let head = head(&mut reader, bytes.len() as u64)?;
        let arrays = arrays(&mut reader, &head)?;
        Ok((head, arrays))
    }

    #[test]
    fn what_is_written_is_read_in_its_order() {
        let mut double = array("a", &[3]);
        double.precision = Precision::F64;
        double.bytes =
            [1.0f64, -0.0, f64::MIN_POSITIVE].iter().flat_map(|x| x.to_le_bytes()).collect();
        let all = [array("z", &[2, 3]), double, array("s", &[]), array("none", &[0, 4])];
        let (head, back) = read(&file(&all)).expect("it can be read");
        assert_eq!(back, all);
        assert_eq!(head.about["step"], 3);
        assert_eq!(compare(&head.arrays, &described(&all)), Ok(()));
        assert_eq!(file(&all), file(&all));
    }

    #[test]
    fn the_crate_reads_it_too() {
        let bytes = file(&[array("z", &[2, 3]), array("a", &[1])]);
        let found = safetensors::SafeTensors::deserialize(&bytes).expect("a safetensors file");
        assert_eq!(found.tensor("z").expect("z").shape(), [2, 3]);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_file_that_is_cut_or_grown_is_refused() {
        let bytes = file(&[array("a", &[5]), array("b", &[2, 2])]);
        for cut in 0..bytes.len() {
            assert!(read(&bytes[..cut]).is_err(), "{cut} bytes");
        }
        let mut more = bytes.clone();
        more.push(0);
        assert!(read(&more).expect_err("a byte too many").contains("37 bytes of arrays"));
    }

    /// A file with this header and as many zeros behind it.
    fn with(header: &str, zeros: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.resize(bytes.len() + zeros, 0);
        bytes
    }

    #[test]
    fn hostile_headers() {
        let cases = [
            (with("", 0), "header"),
            (with("[]", 0), "header"),
            (with("{}", 0), "not written by chainrule"),
            (with(r#"{"__metadata__":{"chainrule":"{"}}"#, 0), "no JSON"),
            (with(&"[".repeat(1 << 16), 0), "header"),
            (u64::MAX.to_le_bytes().to_vec(), "no safetensors file"),
            ((1u64 << 20).to_le_bytes().to_vec(), "ends after 8 bytes"),
        ];
        for (bytes, expected) in cases {
            let message = read(&bytes).expect_err("it is hostile");
            assert!(message.contains(expected), "{message}\nnot: {expected}");
        }
    }

    #[test]
    fn hostile_arrays() {
        let cases = [
            ("I64", "[1]", "[0,8]", 8, "array of I64"),
            ("F13", "[1]", "[0,8]", 8, "F13"),
            ("F32", "[3]", "[0,8]", 8, "header"),
            ("F32", "[2]", "[8,16]", 16, "header"),
            ("F32", "[2]", "[8,0]", 8, "header"),
            ("F32", "[-2]", "[0,8]", 8, "header"),
            ("F32", "[18446744073709551615,18446744073709551615]", "[0,8]", 8, "header"),
            ("F32", "[1099511627776]", "[0,4398046511104]", 8, "8 bytes of arrays"),
            ("F32", "[0,18446744073709551615,2]", "[0,0]", 0, ""),
        ];
        for (dtype, shape, offsets, zeros, expected) in cases {
            let header = format!(
                r#"{{"__metadata__":{{"chainrule":"{{}}"}},"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#
            );
            let message = read(&with(&header, zeros)).map(|_| ()).err().unwrap_or_default();
            assert!(message.contains(expected), "{message}\nnot: {expected}");
            assert_eq!(message.is_empty(), expected.is_empty(), "{message}");
        }
    }

    #[test]
    fn differences_are_named() {
        let one = described(&[array("a", &[2]), array("b", &[])]);
        let other = described(&[array("a", &[3]), array("b", &[])]);
        let message = compare(&one, &other).expect_err("they differ");
        assert_eq!(message, "it has `a : f32[2]` where `a : f32[3]` is expected");
        assert!(
            compare(&one[..1], &one).expect_err("one is missing").contains("`b : f32` is missing")
        );
        assert!(compare(&one, &one[..1]).expect_err("one is too many").contains("nothing asks"));
        let mut bad = array("w", &[2]);
        bad.bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
        assert_eq!(finite(&[bad]), Err("entry 0 of `w` is NaN, no finite number".into()));
    }
}

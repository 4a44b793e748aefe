//! CIFAR-10 in its binary form: records of a label and 3 x 32 x 32 bytes.
//!
//! <https://www.cs.toronto.edu/~kriz/cifar.html>: "the first byte is the label, the next 3072 bytes
//! are the values of the pixels: 1024 red, 1024 green, 1024 blue, row-major".

use super::labels::RawLabels;

const PIXELS: usize = 3 * 32 * 32;
const RECORD: usize = 1 + PIXELS;

/// The files of the training part in their folder.
pub(super) const TRAIN: [&str; 5] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
];
/// The file of the test part.
pub(super) const TEST: &str = "test_batch.bin";
/// The shape of an image.
pub(super) const SHAPE: [usize; 3] = [3, 32, 32];

/// Images and labels of a file, or of several.
#[derive(Debug, Default)]
pub(super) struct Cifar {
    pub(super) pixels: Vec<u8>,
    pub(super) labels: RawLabels,
}

impl Cifar {
    /// Adds the records of a file.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), String> {
        if bytes.is_empty() {
            return Err("the file is empty".into());
        }
        if !bytes.len().is_multiple_of(RECORD) {
            return Err(format!(
                "it has {} bytes, no multiple of the {RECORD} of a record: truncated, or no \
                 binary batch of CIFAR-10",
                bytes.len()
            ));
        }
        self.pixels.reserve(bytes.len() / RECORD * PIXELS);
        for (row, record) in bytes.chunks_exact(RECORD).enumerate() {
            if record[0] > 9 {
                return Err(format!("record {}: the label {} is not 0..9", row + 1, record[0]));
            }
            self.labels.push(&record[0].to_string())?;
            self.pixels.extend_from_slice(&record[1..]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        let mut bytes = vec![0; 2 * RECORD];
        (bytes[0], bytes[1], bytes[RECORD]) = (3, 200, 9);
        let mut cifar = Cifar::default();
        cifar.read(&bytes).unwrap();
        cifar.read(&bytes[..RECORD]).unwrap();
        assert_eq!((cifar.labels.len(), cifar.pixels.len()), (3, 3 * PIXELS));
        assert_eq!((cifar.pixels[0], cifar.pixels[PIXELS]), (200, 0));
    }

    #[test]
    fn what_is_wrong() {
        let error = |bytes: &[u8]| Cifar::default().read(bytes).unwrap_err();
        assert_eq!(error(&[]), "the file is empty");
        assert!(error(&[0; RECORD - 1]).contains("no multiple of the 3073"));
        let mut bytes = vec![0; 2 * RECORD];
        bytes[RECORD] = 10;
        assert_eq!(error(&bytes), "record 2: the label 10 is not 0..9");
    }
}

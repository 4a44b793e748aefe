//! The data that the program carries; where they are from: `data/README.md` of the crate.

/// Iris: four lengths in cm and the species, 150 rows.
const IRIS: &[u8] = include_bytes!("../../data/iris.csv");
/// Handwritten digits: 64 numbers from 0 to 16 and the digit, 1797 rows, packed with gzip.
const DIGITS: &[u8] = include_bytes!("../../data/digits.csv.gz");

/// The file that stands for `name` if there is no file of that name.
pub(super) fn file(name: &str) -> Option<&'static [u8]> {
    match name {
        "iris.csv" => Some(IRIS),
        "digits.csv" | "digits.csv.gz" => Some(DIGITS),
        _ => None,
    }
}

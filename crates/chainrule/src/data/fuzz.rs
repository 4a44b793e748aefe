//! The readers over bytes, for fuzzing: whatever the bytes are, no reader panics, and what it
//! returns agrees with itself.

use super::cells::{Cells, Separator};
use super::idx::Idx;
use super::npy::Arrays;
use super::pattern::Pattern;
use super::pixels;

/// Reads `bytes` as an IDX file.
///
/// # Panics
///
/// The reader is wrong.
pub fn idx(bytes: &[u8]) {
    if let Ok(idx) = Idx::read(bytes) {
        assert_eq!(idx.values.len(), idx.rows * idx.shape.iter().product::<usize>());
        if let Ok(labels) = idx.labels() {
            assert_eq!(labels.len(), idx.rows);
        }
    }
}

/// Reads `bytes` as a table, separated and by blanks.
///
/// # Panics
///
/// The reader is wrong.
pub fn table(bytes: &[u8]) {
    for separator in [Separator::Found, Separator::Blanks] {
        let Ok(cells) = Cells::read(bytes, separator) else { continue };
        let width = cells.width();
        assert!(cells.rows() > 0 && width > 0);
        if let Ok(numbers) = cells.numbers(0..width, false) {
            assert_eq!(numbers.len(), cells.rows() * width);
            assert!(numbers.iter().all(|number| number.is_finite()));
        }
        let Ok(labels) = cells.labels(width - 1) else { continue };
        let classes = labels.classes(None).expect("as many classes as labels");
        let numbers = labels.numbers(&classes).expect("every label is a class");
        assert!(numbers.iter().all(|n| (*n as usize) < classes.names.len()));
        assert_eq!(numbers.len(), cells.rows());
    }
}

/// Reads `bytes` as NumPy arrays.
///
/// # Panics
///
/// The reader is wrong.
pub fn numpy(bytes: &[u8]) {
    if let Ok(arrays) = Arrays::read(bytes)
        && let Ok(array) = arrays.of("x")
    {
        assert_eq!(array.values.len(), array.rows * array.shape.iter().product::<usize>());
    }
}

/// Reads the first line of `bytes` as a pattern, the second as a path, the rest as an image.
///
/// # Panics
///
/// A reader is wrong.
pub fn images(bytes: &[u8]) {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let mut text = || lines.next().and_then(|line| std::str::from_utf8(line).ok()).unwrap_or("");
    let (pattern, name) = (text(), text());
    if let Ok(pattern) = Pattern::read(pattern) {
        for (part, name) in pattern.parts.iter().zip(name.split('/')) {
            if let Some(Some(label)) = part.fits(name) {
                assert!(!label.is_empty() && name.contains(label));
            }
        }
    }
    let image = lines.next().unwrap_or(bytes);
    if let Ok(form) = pixels::form(image) {
        let area = form.width * form.height;
        // Larger ones only take time.
        if area <= 1 << 16 {
            for channels in [1, 3] {
                let _ = pixels::decode(image, form, channels, &mut vec![0; area * channels]);
            }
        }
    }
}

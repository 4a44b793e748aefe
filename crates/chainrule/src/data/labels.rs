//! Labels as they lie in a file, and their numbers.

use std::collections::BTreeMap;

/// How many different labels a file may have.
const MOST: usize = 1 << 16;

/// One label for each row: an index into the different ones, in the order they were met.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct RawLabels {
    distinct: Vec<String>,
    of: Vec<u32>,
    /// Where each label is known by its text. Looked up only.
    known: BTreeMap<String, u32>,
}

/// The classes of a label, in the order of their numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Classes {
    pub(super) names: Vec<String>,
}

impl RawLabels {
    /// Adds a row. A whole number is kept as such, so that `1.0` and `1` are one label.
    ///
    /// # Errors
    ///
    /// There are too many different labels.
    pub(super) fn push(&mut self, text: &str) -> Result<(), String> {
        let text = text.trim();
        if let Some(index) = self.known.get(text) {
            self.of.push(*index);
            return Ok(());
        }
        let name = whole(text).map_or_else(|| text.to_string(), |n| n.to_string());
        let index = match self.known.get(&name) {
            Some(index) => *index,
            None => {
                if self.distinct.len() == MOST {
                    return Err(format!("more than {MOST} different labels"));
                }
                self.distinct.push(name.clone());
                self.known.insert(name, self.distinct.len() as u32 - 1);
                self.distinct.len() as u32 - 1
            }
        };
        // Spellings of one number; a file may have endless ones.
        if self.known.len() < 2 * MOST {
            self.known.insert(text.to_string(), index);
        }
        self.of.push(index);
        Ok(())
    }

    /// How many rows.
    pub(super) fn len(&self) -> usize {
        self.of.len()
    }

    /// How many different ones.
    #[cfg(test)]
    pub(super) fn different(&self) -> usize {
        self.distinct.len()
    }

    /// The classes: `0..count-1` as they are if all are such numbers, otherwise the different
    /// labels in order, of numbers if all are, of their texts if not. Without a count there are as
    /// many classes as different labels.
    ///
    /// # Errors
    ///
    /// There are more different labels than classes, or too many classes.
    pub(super) fn classes(&self, count: Option<usize>) -> Result<Classes, String> {
        let count = count.unwrap_or(self.distinct.len());
        if count > MOST {
            return Err(format!("a label has at most {MOST} classes, not {count}"));
        }
        let numbers: Option<Vec<i64>> = self.distinct.iter().map(|name| whole(name)).collect();
        if let Some(numbers) = &numbers
            && numbers.iter().all(|n| usize::try_from(*n).is_ok_and(|n| n < count))
        {
            return Ok(Classes { names: (0..count).map(|n| n.to_string()).collect() });
        }
        let mut names = self.distinct.clone();
        match numbers {
            Some(_) => names.sort_by_key(|name| whole(name)),
            None => names.sort(),
        }
        if names.len() > count {
            let shown: Vec<String> = names.iter().take(12).map(|n| format!("`{n}`")).collect();
            let more = if names.len() > 12 { ", .." } else { "" };
            return Err(format!(
                "there are {} different labels ({}{more}) for {count} class{}",
                names.len(),
                shown.join(", "),
                if count == 1 { "" } else { "es" }
            ));
        }
        Ok(Classes { names })
    }

    /// The number of each row's class.
    ///
    /// # Errors
    ///
    /// A label is no class: the row, counted from 1, and the label.
    pub(super) fn numbers(&self, classes: &Classes) -> Result<Vec<u32>, (usize, String)> {
        let place = |name: &String| classes.names.iter().position(|n| n == name);
        let places: Vec<Option<usize>> = if classes.names.len() < 64 {
            self.distinct.iter().map(place).collect()
        } else {
            let sorted: BTreeMap<&str, usize> =
                classes.names.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
            self.distinct.iter().map(|name| sorted.get(name.as_str()).copied()).collect()
        };
        let number = |(row, index): (usize, &u32)| match places[*index as usize] {
            Some(class) => Ok(class as u32),
            None => Err((row + 1, self.distinct[*index as usize].clone())),
        };
        self.of.iter().enumerate().map(number).collect()
    }

    /// The rows of `other` behind these.
    ///
    /// # Errors
    ///
    /// There are too many different labels.
    pub(super) fn append(&mut self, other: &RawLabels) -> Result<(), String> {
        other.of.iter().try_for_each(|index| self.push(&other.distinct[*index as usize]))
    }
}

/// The whole number that `text` is, also as `1.0` or `1e0`.
fn whole(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let digits = text.bytes().any(|b| b.is_ascii_digit());
    let number: f64 = text.parse().ok().filter(|_| digits)?;
    (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(texts: &[&str]) -> RawLabels {
        let mut labels = RawLabels::default();
        texts.iter().for_each(|text| labels.push(text).unwrap());
        labels
    }

    fn read(texts: &[&str], count: Option<usize>) -> (Vec<String>, Vec<u32>) {
        let raw = raw(texts);
        let classes = raw.classes(count).unwrap();
        let numbers = raw.numbers(&classes).unwrap();
        (classes.names, numbers)
    }

    #[test]
    fn strings_are_numbered_in_order() {
        let (names, numbers) = read(&["b", "a", " b ", "c"], Some(3));
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(numbers, [1, 0, 1, 2]);
    }

    #[test]
    fn numbers_are_in_the_order_of_numbers() {
        let (names, numbers) = read(&["10", "9", "-1"], Some(3));
        assert_eq!(names, ["-1", "9", "10"]);
        assert_eq!(numbers, [2, 1, 0]);
    }

    #[test]
    fn numbers_within_the_classes_stay() {
        let (names, numbers) = read(&["3", "0", "3.000"], Some(4));
        assert_eq!(names, ["0", "1", "2", "3"]);
        assert_eq!(numbers, [3, 0, 3]);
        // Without a number of classes the different ones count.
        assert_eq!(read(&["3", "0"], None), (vec!["0".into(), "3".into()], vec![1, 0]));
    }

    #[test]
    fn too_many_labels_are_named() {
        let message = raw(&["1", "2", "7"]).classes(Some(2)).unwrap_err();
        assert_eq!(message, "there are 3 different labels (`1`, `2`, `7`) for 2 classes");
    }

    #[test]
    fn absurd_numbers_of_classes_take_no_memory() {
        let message = raw(&["1"]).classes(Some(usize::MAX)).unwrap_err();
        assert!(message.starts_with("a label has at most 65536 classes"), "{message}");
    }

    #[test]
    fn a_label_that_is_no_class_is_named_with_its_row() {
        let classes = raw(&["a", "b"]).classes(None).unwrap();
        assert_eq!(raw(&["a", "c"]).numbers(&classes), Err((2, "c".into())));
    }

    #[test]
    fn nan_is_a_name() {
        assert_eq!(whole("nan"), None);
        assert_eq!(whole("inf"), None);
        assert_eq!(whole("1e2"), Some(100));
    }
}

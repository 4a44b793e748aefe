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
    /// Whether the file holds bytes, which are the numbers of classes.
    bytes: bool,
}

/// The classes of a label, in the order of their numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Classes {
    pub(super) names: Vec<String>,
}

impl RawLabels {
    /// None yet, of a file of bytes.
    pub(super) fn of_bytes() -> RawLabels {
        RawLabels { bytes: true, ..RawLabels::default() }
    }

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

    /// The classes: `0..count-1` as they are if all are such numbers, `1..count` as well; otherwise
    /// the different labels in order, of numbers if all are, of their texts if not. Without a count
    /// there are as many classes as different labels.
    ///
    /// # Errors
    ///
    /// There are more different labels than classes, or too many classes; a number is not whole; or
    /// whole numbers begin inside `0..count-1`, are fewer than the classes or are bytes, and one
    /// lies outside.
    pub(super) fn classes(&self, count: Option<usize>) -> Result<Classes, String> {
        let declared = count.is_some();
        let count = count.unwrap_or(self.distinct.len());
        if count > MOST {
            return Err(format!("a label has at most {MOST} classes, not {count}"));
        }
        self.all_whole()?;
        let numbers: Option<Vec<i64>> = self.distinct.iter().map(|name| whole(name)).collect();
        if let Some(numbers) = &numbers
            && numbers.iter().all(|n| usize::try_from(*n).is_ok_and(|n| n < count))
        {
            return Ok(Classes { names: (0..count).map(|n| n.to_string()).collect() });
        }
        if let Some(numbers) = numbers.as_ref().filter(|_| declared) {
            let inside = |n: &i64, from: usize| {
                usize::try_from(*n).is_ok_and(|n| n >= from && n < from + count)
            };
            if numbers.len() == count && numbers.iter().all(|n| inside(n, 1)) {
                return Ok(Classes { names: (1..=count).map(|n| n.to_string()).collect() });
            }
            let begins = numbers.iter().min().is_some_and(|least| inside(least, 0));
            if begins || numbers.len() < count || self.bytes {
                return Err(self.out_of_range(numbers, count));
            }
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

    /// # Errors
    ///
    /// All labels are numbers and one is not whole.
    fn all_whole(&self) -> Result<(), String> {
        let number = |name: &String| name.parse::<f64>().is_ok();
        let digit = |name: &String| name.bytes().any(|b| b.is_ascii_digit());
        if !self.distinct.iter().all(number) || !self.distinct.iter().any(digit) {
            return Ok(());
        }
        let wrong = self.distinct.iter().position(|name| whole(name).is_none());
        let Some(wrong) = wrong else { return Ok(()) };
        Err(format!(
            "row {}: the label `{}` is no whole number: labels are whole numbers or words; a value \
             to be predicted is declared `R`",
            self.row_of(wrong),
            self.distinct[wrong]
        ))
    }

    /// The first row, from 1, that has a label.
    fn row_of(&self, index: usize) -> usize {
        self.of.iter().position(|i| *i as usize == index).map_or(1, |row| row + 1)
    }

    /// What is said of whole numbers of which one is no class.
    fn out_of_range(&self, numbers: &[i64], count: usize) -> String {
        let outside = |n: &i64| usize::try_from(*n).map_or(true, |n| n >= count);
        let wrong = numbers.iter().position(outside).unwrap_or(0);
        let most = numbers.iter().copied().max().unwrap_or(0);
        let least = numbers.iter().copied().min().unwrap_or(0);
        let repair = if least >= 0 && most < MOST as i64 {
            format!("write {} classes, or use words as labels", most + 1)
        } else {
            "use words as labels".to_string()
        };
        format!(
            "label out of range: row {} has `{}`, {count} class{} are 0..{}: {repair}",
            self.row_of(wrong),
            numbers[wrong],
            if count == 1 { "" } else { "es" },
            count.saturating_sub(1),
        )
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
        let message = raw(&["b", "a", "7"]).classes(Some(2)).unwrap_err();
        assert_eq!(message, "there are 3 different labels (`7`, `a`, `b`) for 2 classes");
        let message = raw(&["5", "6", "7"]).classes(Some(2)).unwrap_err();
        assert_eq!(message, "there are 3 different labels (`5`, `6`, `7`) for 2 classes");
    }

    #[test]
    fn whole_numbers_partly_outside_are_named() {
        let message = raw(&["0", "1", "1", "7"]).classes(Some(3)).unwrap_err();
        let expected = "label out of range: row 4 has `7`, 3 classes are 0..2: write 8 classes, or \
                        use words as labels";
        assert_eq!(message, expected);
        for (labels, count) in [(&["9"][..], 2), (&["2", "3"], 3), (&["-1"], 2), (&["0", "-1"], 3)]
        {
            let message = raw(labels).classes(Some(count)).unwrap_err();
            assert!(message.starts_with("label out of range: row "), "{message}");
        }
        let bytes = RawLabels { bytes: true, ..raw(&["3", "8"]) };
        assert!(bytes.classes(Some(2)).unwrap_err().contains("row 1 has `3`"));
        assert_eq!(read(&["3", "8"], Some(2)).1, [0, 1]);
        assert_eq!(read(&["-1", "1"], Some(2)).1, [0, 1]);
    }

    #[test]
    fn one_to_the_number_of_classes_is_numbered_from_zero() {
        let (names, numbers) = read(&["3", "1", "2"], Some(3));
        assert_eq!(names, ["1", "2", "3"]);
        assert_eq!(numbers, [2, 0, 1]);
    }

    #[test]
    fn a_number_that_is_not_whole_is_no_label() {
        let message = raw(&["0", "1", "0.5"]).classes(Some(2)).unwrap_err();
        assert!(message.starts_with("row 3: the label `0.5` is no whole number"), "{message}");
        assert!(raw(&["0", "nan"]).classes(None).is_err());
        assert_eq!(read(&["v1.5", "1.5"], None).0, ["1.5", "v1.5"]);
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

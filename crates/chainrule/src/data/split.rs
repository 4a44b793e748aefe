//! Which rows belong to which part.

use chainrule_graph::random::{Random, stream_of};

/// The rows of the parts, in the order train, validation, test; and the seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Split {
    pub(super) parts: Vec<(&'static str, Vec<u32>)>,
    pub(super) seed: Option<u64>,
}

/// The names of parts.
pub(super) const PARTS: [&str; 3] = ["train", "validation", "test"];

/// Divides `rows` rows. A number below 1 is a share of the rows; a training part that is not named
/// is what is left. Without `split` every row is trained.
///
/// # Errors
///
/// More rows are asked for than there are, or a part would be empty.
pub(super) fn split(
    words: Option<&[(String, f64)]>,
    rows: usize,
    seed: Option<u64>,
) -> Result<Split, String> {
    let Some(words) = words else {
        return Ok(Split { parts: vec![("train", (0..rows as u32).collect())], seed: None });
    };
    let number = |word: &str| words.iter().find(|(w, _)| w == word).map(|(_, number)| *number);
    let seed = seed.unwrap_or(number("seed").unwrap_or(0.0) as u64);
    let counts = counts(number, rows)?;
    let order = shuffled(rows, seed);
    let mut parts = Vec::new();
    let mut at = 0;
    for (name, count) in PARTS.into_iter().zip(counts) {
        if count > 0 {
            parts.push((name, order[at..at + count].to_vec()));
            at += count;
        }
    }
    Ok(Split { parts, seed: Some(seed) })
}

/// How many rows each part has.
fn counts(number: impl Fn(&str) -> Option<f64>, rows: usize) -> Result<[usize; 3], String> {
    let asked = PARTS.map(&number);
    // Shares are rounded at their ends, so that shares that add up to 1 use every row.
    let (mut end, mut before, mut total) = (0.0, 0usize, 0usize);
    let mut counts = [0; 3];
    for (count, asked) in counts.iter_mut().zip(asked) {
        let Some(asked) = asked else { continue };
        if asked >= 1.0 {
            *count = asked as usize;
        } else {
            end += asked * rows as f64;
            let until = end.round() as usize;
            *count = until - before;
            before = until;
        }
        total = total.saturating_add(*count);
    }
    let text = |counts: &[usize]| {
        let named = PARTS.iter().zip(counts).filter(|(_, n)| **n > 0);
        named.map(|(part, n)| format!("{part} {n}")).collect::<Vec<_>>().join(", ")
    };
    if total > rows {
        return Err(format!("`split` asks for {total} rows ({}), there are {rows}", text(&counts)));
    }
    if asked[0].is_none() {
        counts[0] = rows - total;
    }
    for ((part, asked), count) in PARTS.iter().zip(asked).zip(counts) {
        if count == 0 && (asked.is_some() || *part == "train") {
            return Err(format!("`split` leaves no row for {part}: there are {rows} rows"));
        }
    }
    Ok(counts)
}

/// All rows in a random order: R. Durstenfeld, Algorithm 235: Random permutation, 1964 (the method
/// of Fisher and Yates).
fn shuffled(rows: usize, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    let random = Random::new(seed, stream_of("split"));
    for i in (1..rows).rev() {
        let j = (random.uniform(i as u64) * (i + 1) as f64) as usize;
        order.swap(i, j.min(i));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[(&str, f64)], rows: usize) -> Result<Split, String> {
        let words: Vec<(String, f64)> = words.iter().map(|(w, n)| (w.to_string(), *n)).collect();
        split(Some(&words), rows, None)
    }

    fn counts_of(split: &Split) -> Vec<usize> {
        split.parts.iter().map(|(_, rows)| rows.len()).collect()
    }

    #[test]
    fn parts_do_not_overlap() {
        let split =
            read(&[("train", 5.0), ("test", 3.0), ("validation", 2.0), ("seed", 9.0)], 10).unwrap();
        let mut all: Vec<u32> = split.parts.iter().flat_map(|(_, rows)| rows.clone()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<u32>>());
        assert_eq!(split.seed, Some(9));
    }

    #[test]
    fn shares_are_rounded_and_use_every_row() {
        let shares = [("train", 0.7), ("validation", 0.1), ("test", 0.2)];
        assert_eq!(counts_of(&read(&shares, 1999).unwrap()), [1399, 200, 400]);
        assert_eq!(counts_of(&read(&[("test", 0.25)], 10).unwrap()), [7, 3]);
        assert_eq!(counts_of(&read(&[("train", 4.0), ("test", 0.5)], 10).unwrap()), [4, 5]);
    }

    #[test]
    fn without_split_all_rows_are_trained() {
        let all = split(None, 3, Some(5)).unwrap();
        assert_eq!(all, Split { parts: vec![("train", vec![0, 1, 2])], seed: None });
    }

    #[test]
    fn another_seed_is_another_order() {
        let with = |seed| split(Some(&[("train".into(), 100.0)]), 100, Some(seed)).unwrap();
        assert_eq!(with(1), with(1));
        assert_ne!(with(1).parts, with(2).parts);
    }

    #[test]
    fn more_rows_than_there_are() {
        let error = |words: &[(&str, f64)], rows| read(words, rows).unwrap_err();
        let asked = [("train", 110.0), ("test", 40.0)];
        assert_eq!(
            error(&asked, 149),
            "`split` asks for 150 rows (train 110, test 40), there are 149"
        );
        assert!(error(&[("test", 10.0)], 10).contains("no row for train"));
        assert!(error(&[("train", 0.9), ("test", 0.01)], 10).contains("no row for test"));
        assert!(error(&[("train", 0.9), ("test", 0.9)], 10).contains("asks for 18 rows"));
        assert!(error(&[("train", 8.9e15), ("test", 8.9e15)], 10).contains("there are 10"));
    }
}

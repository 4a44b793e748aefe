//! "Did you mean": the nearest known word.

/// Edit distance with adjacent swaps counting one (Damerau 1964, restricted form); `None` when
/// it exceeds `limit`.
pub fn edit_distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best =
                (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    Some(rows[a.len()][b.len()]).filter(|d| *d <= limit)
}

/// The word of `known` nearest to `word`: at most one edit in three letters, case counted less.
///
/// ```
/// use chainrule_syntax::suggest::nearest;
/// assert_eq!(nearest("flase", ["true", "false"]), Some("false"));
/// assert_eq!(nearest("zz", ["a1", "x"]), None);
/// ```
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 60 {
        return None;
    }
    let limit = (word.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        if candidate.len() > 80 || candidate == word {
            continue;
        }
        let distance = if candidate.eq_ignore_ascii_case(word) {
            Some(0)
        } else {
            edit_distance(word, candidate, limit)
        };
        // A name of one or two letters is near everything: ask for a shared letter.
        let Some(d) = distance else { continue };
        if word.chars().count() <= 2 && d > 0 && !shares_start(word, candidate) {
            continue;
        }
        if best.is_none_or(|(b, _)| d < b) {
            best = Some((d, candidate));
        }
    }
    best.map(|(_, w)| w)
}

fn shares_start(a: &str, b: &str) -> bool {
    a.chars().next() == b.chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(edit_distance("flase", "false", 2), Some(1));
        assert_eq!(edit_distance("abc", "abc", 0), Some(0));
        assert_eq!(edit_distance("abc", "xyz", 2), None);
        assert_eq!(nearest("zz", ["z2", "x"]), Some("z2"));
        assert_eq!(nearest("nett", ["net", "param"]), Some("net"));
    }
}

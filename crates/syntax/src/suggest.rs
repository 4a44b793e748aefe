//! "Did you mean": the nearest known word.

/// Edit distance with adjacent swaps counting one (Damerau 1964, restricted form); `None` when
/// it exceeds `limit`.
pub fn edit_distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    distance(&a, &b, limit, &mut Vec::new())
}

/// Three rows of the table are enough: this one and the two before it, one behind the other.
fn distance(a: &[char], b: &[char], limit: usize, rows: &mut Vec<usize>) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let width = b.len() + 1;
    rows.clear();
    rows.resize(3 * width, 0);
    let (mut before, mut last, mut now) = (0, width, 2 * width);
    for j in 0..width {
        rows[last + j] = j;
    }
    for i in 1..=a.len() {
        rows[now] = i;
        let mut least = i;
        for j in 1..width {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best =
                (rows[last + j] + 1).min(rows[now + j - 1] + 1).min(rows[last + j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[before + j - 2] + 1);
            }
            rows[now + j] = best;
            least = least.min(best);
        }
        // A swap reaches back one row further, at the cost of one.
        if least > limit + 1 {
            return None;
        }
        (before, last, now) = (last, now, before);
    }
    Some(rows[last + b.len()]).filter(|d| *d <= limit)
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
    let letters: Vec<char> = word.chars().collect();
    let limit = (letters.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    let (mut other, mut rows) = (Vec::new(), Vec::new());
    for candidate in known {
        // A letter has at most four bytes.
        let (least, most) = (candidate.len() / 4, candidate.len());
        if most > 80
            || least > letters.len() + limit
            || most + limit < letters.len()
            || candidate == word
        {
            continue;
        }
        let distance = if candidate.eq_ignore_ascii_case(word) {
            Some(0)
        } else {
            other.clear();
            other.extend(candidate.chars());
            distance(&letters, &other, limit, &mut rows)
        };
        // A name of one or two letters is near everything: ask for a shared letter.
        let Some(d) = distance else { continue };
        if letters.len() <= 2 && d > 0 && !shares_start(word, candidate) {
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
        assert_eq!(edit_distance("abcd", "badc", 2), Some(2));
        assert_eq!(edit_distance("", "ab", 2), Some(2));
        assert_eq!(edit_distance("kitten", "sitting", 3), Some(3));
        assert_eq!(nearest("zz", ["z2", "x"]), Some("z2"));
        assert_eq!(nearest("nett", ["net", "param"]), Some("net"));
    }
}

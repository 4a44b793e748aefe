//! Which entries a reduction takes together, and the extreme one of each group.

use chainrule_syntax::ast::BigOp;

use crate::scalar::Scalar;

/// For every entry of an array: which group it belongs to (row-major over the kept dims).
pub(super) fn groups(dims: &[usize], places: &[usize]) -> (usize, Vec<usize>) {
    let kept: Vec<usize> = (0..dims.len()).filter(|i| !places.contains(i)).collect();
    let count = kept.iter().map(|i| dims[*i]).product();
    let total: usize = dims.iter().product();
    let mut index = vec![0; dims.len()];
    let mut of = Vec::with_capacity(total);
    for _ in 0..total {
        of.push(kept.iter().fold(0, |at, i| at * dims[*i] + index[*i]));
        for i in (0..dims.len()).rev() {
            index[i] += 1;
            if index[i] < dims[i] {
                break;
            }
            index[i] = 0;
        }
    }
    (count, of)
}

/// The place of the first extreme entry of each group.
pub(super) fn extremes<S: Scalar>(
    word: BigOp,
    x: &[S],
    groups: &(usize, Vec<usize>),
) -> Vec<Option<usize>> {
    let mut best: Vec<Option<usize>> = vec![None; groups.0];
    for (at, group) in groups.1.iter().enumerate() {
        let better = match best[*group] {
            None => true,
            // What is no number stays none.
            Some(old) if x[old].real().is_nan() => false,
            Some(_) if x[at].real().is_nan() => true,
            Some(old) if word == BigOp::Max => x[at].real() > x[old].real(),
            Some(old) => x[at].real() < x[old].real(),
        };
        if better {
            best[*group] = Some(at);
        }
    }
    best
}

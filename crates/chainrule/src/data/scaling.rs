//! `/ 255 - mean / std`: from steps to one factor and one summand an entry.

use super::Values;
use super::plan::Scale;

/// What steps of scaling come to: one number for all entries, one for each, or none.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Scaling {
    pub(super) scale: Vec<f64>,
    pub(super) shift: Vec<f64>,
}

/// Mean, deviation, least and greatest value of an entry.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Statistics {
    pub(super) mean: f64,
    pub(super) std: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

/// Does the steps in order. A statistic is that of what the steps before it made of the rows
/// `rows`, entry by entry; `std` is `sqrt(mean((x - mean(x))^2))`. An entry whose divisor is 0,
/// as the deviation of one that never changes, is divided by 1.
pub(super) fn scaling(
    steps: &[(char, Scale)],
    values: &Values,
    width: usize,
    rows: &[u32],
) -> Result<Scaling, String> {
    if steps.is_empty() {
        return Ok(Scaling::default());
    }
    let measured = steps.iter().any(|(_, by)| !matches!(by, Scale::Number(_)));
    let entries = if measured { width } else { 1 };
    let statistics = if measured { statistics(values, width, rows) } else { Vec::new() };
    let mut out = Scaling { scale: vec![1.0; entries], shift: vec![0.0; entries] };
    for (op, by) in steps {
        for (j, (scale, shift)) in out.scale.iter_mut().zip(&mut out.shift).enumerate() {
            let value = match by {
                Scale::Number(number) => *number,
                by => now(statistics[j], *by, *scale, *shift),
            };
            match op {
                '-' => *shift -= value,
                '+' => *shift += value,
                '*' => (*scale, *shift) = (*scale * value, *shift * value),
                _ if value == 0.0 => {}
                _ => (*scale, *shift) = (*scale / value, *shift / value),
            }
        }
    }
    if let Some(j) = (0..entries).find(|j| !out.scale[*j].is_finite() || !out.shift[*j].is_finite())
    {
        return Err(format!("the scaling of entry {} outgrows the range of numbers", j + 1));
    }
    if out.scale.iter().all(|s| *s == 1.0) {
        out.scale.clear();
    }
    if out.shift.iter().all(|s| *s == 0.0) {
        out.shift.clear();
    }
    Ok(out)
}

/// A statistic of `scale * x + shift`.
fn now(of: Statistics, which: Scale, scale: f64, shift: f64) -> f64 {
    let (low, high) = if scale < 0.0 { (of.max, of.min) } else { (of.min, of.max) };
    match which {
        Scale::Number(number) => number,
        Scale::Mean => scale * of.mean + shift,
        Scale::Std => scale.abs() * of.std,
        Scale::Min => scale * low + shift,
        Scale::Max => scale * high + shift,
    }
}

/// The statistics of every entry over some rows.
pub(super) fn statistics(values: &Values, width: usize, rows: &[u32]) -> Vec<Statistics> {
    match values {
        Values::U8(bytes) => of_bytes(bytes, width, rows),
        Values::F32(values) => of_numbers(values, width, rows),
        Values::F64(values) => of_numbers(values, width, rows),
    }
}

/// Exact sums of whole numbers.
fn of_bytes(bytes: &[u8], width: usize, rows: &[u32]) -> Vec<Statistics> {
    let mut sums = vec![(0u64, 0u64, u8::MAX, u8::MIN); width];
    for row in rows {
        let row = &bytes[*row as usize * width..][..width];
        for ((sum, squares, min, max), byte) in sums.iter_mut().zip(row) {
            *sum += u64::from(*byte);
            *squares += u64::from(*byte) * u64::from(*byte);
            (*min, *max) = ((*min).min(*byte), (*max).max(*byte));
        }
    }
    let n = rows.len().max(1) as f64;
    let one = |(sum, squares, min, max): (u64, u64, u8, u8)| {
        let spread = u128::from(squares) * rows.len() as u128 - u128::from(sum).pow(2);
        Statistics {
            mean: sum as f64 / n,
            std: (spread as f64).sqrt() / n,
            min: f64::from(min),
            max: f64::from(max),
        }
    };
    sums.into_iter().map(one).collect()
}

fn of_numbers<T: Copy + Into<f64>>(values: &[T], width: usize, rows: &[u32]) -> Vec<Statistics> {
    let n = rows.len().max(1) as f64;
    let start = Statistics { mean: 0.0, std: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };
    let mut all = vec![start; width];
    let row_of = |row: &u32| &values[*row as usize * width..][..width];
    for row in rows {
        for (of, value) in all.iter_mut().zip(row_of(row)) {
            let value: f64 = (*value).into();
            of.mean += value / n;
            (of.min, of.max) = (of.min.min(value), of.max.max(value));
        }
    }
    for row in rows {
        for (of, value) in all.iter_mut().zip(row_of(row)) {
            of.std += ((*value).into() - of.mean).powi(2) / n;
        }
    }
    for of in &mut all {
        // What never changes has no deviation, whatever the rounding of the mean.
        of.std = if of.min == of.max { 0.0 } else { of.std.sqrt() };
        of.mean = if of.min == of.max { of.min } else { of.mean };
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(steps: &[(char, Scale)], values: &[f64], rows: &[u32]) -> Vec<f64> {
        let scaling = scaling(steps, &Values::F64(values.to_vec()), 1, rows).unwrap();
        let (scale, shift) = (scaling.scale.first(), scaling.shift.first());
        let one = |v: &f64| scale.unwrap_or(&1.0) * v + shift.unwrap_or(&0.0);
        values.iter().map(one).collect()
    }

    #[test]
    fn steps_are_done_in_order() {
        let number = Scale::Number;
        assert_eq!(apply(&[('/', number(2.0)), ('+', number(1.0))], &[6.0], &[0]), [4.0]);
        assert_eq!(apply(&[('+', number(1.0)), ('*', number(2.0))], &[6.0], &[0]), [14.0]);
        let steps = [('-', Scale::Min), ('/', Scale::Max), ('*', number(2.0)), ('-', number(1.0))];
        assert_eq!(apply(&steps, &[3.0, 5.0, 7.0], &[0, 1, 2]), [-1.0, 0.0, 1.0]);
        let steps = [('*', number(-1.0)), ('-', Scale::Min)];
        assert_eq!(apply(&steps, &[3.0, 5.0], &[0, 1]), [2.0, 0.0]);
    }

    #[test]
    fn statistics_are_those_of_the_given_rows() {
        let steps = [('-', Scale::Mean), ('/', Scale::Std)];
        assert_eq!(apply(&steps, &[1.0, 3.0, 100.0], &[0, 1]), [-1.0, 1.0, 98.0]);
    }

    #[test]
    fn bytes_and_numbers_have_the_same_statistics() {
        let bytes: Vec<u8> = (0..60u32).map(|i| (i * 37 % 251) as u8).collect();
        let numbers: Vec<f64> = bytes.iter().map(|b| f64::from(*b)).collect();
        let rows = [0, 2, 5, 9];
        let a = statistics(&Values::U8(bytes), 6, &rows);
        let b = statistics(&Values::F64(numbers), 6, &rows);
        for (a, b) in a.iter().zip(&b) {
            assert!((a.mean - b.mean).abs() < 1e-12 && (a.std - b.std).abs() < 1e-12);
            assert_eq!((a.min, a.max), (b.min, b.max));
        }
    }

    #[test]
    fn an_entry_that_never_changes_is_divided_by_one() {
        let steps = [('-', Scale::Mean), ('/', Scale::Std)];
        assert_eq!(apply(&steps, &[0.1, 0.1, 0.1], &[0, 1, 2]), [0.0, 0.0, 0.0]);
    }

    #[test]
    fn numbers_alone_need_one_factor() {
        let values = Values::U8(vec![0; 12]);
        let out = scaling(&[('/', Scale::Number(255.0))], &values, 4, &[0, 1, 2]).unwrap();
        assert_eq!(out, Scaling { scale: vec![1.0 / 255.0], shift: vec![] });
        let out = scaling(&[('-', Scale::Mean)], &values, 4, &[0, 1, 2]).unwrap();
        assert_eq!(out, Scaling::default());
    }

    #[test]
    fn a_scaling_stays_finite() {
        let steps = [('*', Scale::Number(1e300)), ('*', Scale::Number(1e300))];
        assert!(scaling(&steps, &Values::F64(vec![1.0]), 1, &[0]).is_err());
    }
}

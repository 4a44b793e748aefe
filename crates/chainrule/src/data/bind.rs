//! Declared sizes against what lies in a file: free ones get a number, others must agree.

use chainrule_graph::{Ratio, Size, SizeId, Sizes};

use super::plan::Wanted;

/// Largest size that is looked for.
const LARGEST: u64 = 1 << 32;

/// The number of a size, if all its names have one.
pub(super) fn number(size: &Size, sizes: &Sizes) -> Option<u64> {
    size.value(sizes).and_then(Ratio::whole).and_then(|n| u64::try_from(n).ok())
}

/// Entries of a row, if all sizes have a number.
pub(super) fn width(wanted: &Wanted, sizes: &Sizes) -> Option<usize> {
    let product = Size::product(&wanted.dims).ok()?;
    number(&product, sizes).and_then(|n| usize::try_from(n).ok())
}

/// Makes the declared sizes those of a row of the file.
///
/// The axes are compared one by one if there are as many (a missing first axis, the channel, is 1),
/// otherwise the number of entries: `R[d]` takes an image row-major.
pub(super) fn shape(sizes: &mut Sizes, wanted: &Wanted, shape: &[usize]) -> Result<(), String> {
    let total: u64 = shape.iter().map(|n| *n as u64).product();
    let mut axes: Vec<u64> = shape.iter().map(|n| *n as u64).collect();
    if axes.len() + 1 == wanted.dims.len() && wanted.dims.len() > 1 {
        axes.insert(0, 1);
    }
    let found = || {
        let text: Vec<String> = shape.iter().map(usize::to_string).collect();
        match shape.len() {
            0 | 1 => total.to_string(),
            _ => format!("{} = {total}", text.join(" x ")),
        }
    };
    let apart = |sizes: &Sizes| {
        let (name, text) = (&wanted.name, &wanted.text);
        let s = if total == 1 { "entry" } else { "entries" };
        match width(wanted, sizes) {
            Some(width) => format!(
                "`{name} : {text}` has {width} {} a row{}, the data have {}",
                if width == 1 { "entry" } else { "entries" },
                numbers(wanted, sizes),
                found()
            ),
            None => {
                format!("`{name} : {text}`{} cannot have {} {s}", numbers(wanted, sizes), found())
            }
        }
    };
    if axes.len() == wanted.dims.len() && wanted.dims.len() > 1 {
        // A product of names may become known by a later axis.
        for _ in 0..wanted.dims.len() {
            for (dim, axis) in wanted.dims.iter().zip(&axes) {
                if !solve(sizes, dim, *axis) {
                    return Err(apart(sizes));
                }
            }
        }
    }
    let product = Size::product(&wanted.dims).map_err(|_| apart(sizes))?;
    if !solve(sizes, &product, total) {
        return Err(apart(sizes));
    }
    let free: Vec<&str> = free(sizes, &product).map(|id| sizes.get(id).name.as_str()).collect();
    if !free.is_empty() {
        return Err(format!(
            "`{} : {}` has {} entries a row: that does not tell {}; give them numbers in `size`",
            wanted.name,
            wanted.text,
            found(),
            free.join(", ")
        ));
    }
    Ok(())
}

/// Makes `size` the number `number` if one free name can do that; false if it is another number.
/// With several free names nothing is known yet, and it is true.
pub(super) fn solve(sizes: &mut Sizes, size: &Size, number: u64) -> bool {
    let mut names: Vec<SizeId> = free(sizes, size).collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => size.value(sizes).and_then(Ratio::whole) == Some(i128::from(number)),
        [name] => match root(sizes, size, *name, number) {
            Some(found) => {
                sizes.set_number(*name, found);
                true
            }
            None => false,
        },
        _ => true,
    }
}

fn free<'s>(sizes: &'s Sizes, size: &'s Size) -> impl Iterator<Item = SizeId> + 's {
    size.names().filter(|id| sizes.number_of(*id).is_none())
}

/// The value of `name` at which `size` is `number`: by bisection, as sizes grow with their names.
fn root(sizes: &Sizes, size: &Size, name: SizeId, number: u64) -> Option<u64> {
    let at = |n| size.value_at(|id| if id == name { Some(n) } else { sizes.number_of(id) });
    let reaches = |n| {
        let less = |v: Ratio| v.numerator() < i128::from(number).saturating_mul(v.denominator());
        at(n).is_none_or(|v| !less(v))
    };
    let (mut low, mut high) = (1, LARGEST);
    while low < high {
        let middle = low + (high - low) / 2;
        if reaches(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    (at(low)?.whole() == Some(i128::from(number))).then_some(low)
}

/// ` (d = 4)`: the numbers of the names that occur.
fn numbers(wanted: &Wanted, sizes: &Sizes) -> String {
    let mut known: Vec<String> = Vec::new();
    for id in wanted.dims.iter().flat_map(Size::names) {
        if let Some(number) = sizes.number_of(id) {
            let text = format!("{} = {number}", sizes.get(id).name);
            if !known.contains(&text) {
                known.push(text);
            }
        }
    }
    if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) }
}

#[cfg(test)]
mod tests {
    use chainrule_graph::{Kind, SymbolId};

    use super::*;
    use crate::data::plan::{Columns, Origin};

    fn wanted(dims: Vec<Size>) -> Wanted {
        let (name, text) = ("x".to_string(), "R[..] per N".to_string());
        let (symbol, kind, origin) = (SymbolId::new(0), Kind::Real, Origin::Generated);
        Wanted { symbol, name, text, dims, kind, origin, taken: Columns::Any }
    }

    #[test]
    fn free_sizes_get_numbers() {
        let mut sizes = Sizes::default();
        let (c, s) = (sizes.free("C"), sizes.free("S"));
        let x = wanted(vec![Size::name(c), Size::name(s), Size::name(s)]);
        assert_eq!(shape(&mut sizes, &x, &[3, 32, 32]), Ok(()));
        assert_eq!((sizes.number_of(c), sizes.number_of(s)), (Some(3), Some(32)));
        // Grey images have no axis of channels.
        let mut sizes = Sizes::default();
        let (c, s) = (sizes.free("C"), sizes.free("S"));
        let x = wanted(vec![Size::name(c), Size::name(s), Size::name(s)]);
        assert_eq!(shape(&mut sizes, &x, &[28, 28]), Ok(()));
        assert_eq!((sizes.number_of(c), sizes.number_of(s)), (Some(1), Some(28)));
        let mut sizes = Sizes::default();
        let n = sizes.free("n");
        let square = Size::name(n).times(&Size::name(n)).unwrap();
        assert_eq!(shape(&mut sizes, &wanted(vec![square]), &[28, 28]), Ok(()));
        assert_eq!(sizes.number_of(n), Some(28));
    }

    #[test]
    fn sizes_that_disagree_are_named_with_both_numbers() {
        let mut sizes = Sizes::default();
        let d = sizes.fixed("d", 4);
        let x = wanted(vec![Size::name(d)]);
        assert_eq!(
            shape(&mut sizes, &x, &[28, 28]).unwrap_err(),
            "`x : R[..] per N` has 4 entries a row (d = 4), the data have 28 x 28 = 784"
        );
        let mut sizes = Sizes::default();
        let s = sizes.free("S");
        let x = wanted(vec![Size::number(1), Size::name(s), Size::name(s)]);
        assert!(shape(&mut sizes, &x, &[28, 27]).is_err());
        let x = wanted(vec![Size::number(2), Size::name(s)]);
        let mut sizes = Sizes::default();
        sizes.free("S");
        assert!(shape(&mut sizes, &x, &[5]).is_err());
    }

    #[test]
    fn two_free_sizes_cannot_be_told_from_one_number() {
        let mut sizes = Sizes::default();
        let (a, b) = (sizes.free("a"), sizes.free("b"));
        let x = wanted(vec![Size::name(a).times(&Size::name(b)).unwrap()]);
        assert!(shape(&mut sizes, &x, &[12]).unwrap_err().contains("does not tell a, b"));
    }
}

//! Sizes become numbers: extents, strides, and the proof that every place is inside its array.

use chainrule_graph::lower::Map;
use chainrule_graph::{Module, Ratio, Size};
use chainrule_kernels::program::{Affine, Guard, Precision};

use crate::refused::{Refused, refused};

/// Most bytes of one arena.
pub const MOST_BYTES: usize = 1 << 36;

/// Numbers for the sizes of a module.
///
/// Loops run over `rows` entries of the batch axis; where a formula says `N` it is `total`. The two
/// differ when a sum over all rows is computed in pieces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound<'m> {
    /// Where the sizes are declared.
    pub(crate) module: &'m Module,
    /// How many rows a loop runs over.
    pub(crate) rows: u64,
    /// What the batch size is in formulas.
    pub(crate) total: u64,
    /// The number type.
    pub(crate) precision: Precision,
}

impl Bound<'_> {
    fn value(&self, size: &Size, batch: u64) -> Result<Ratio, Refused> {
        let sizes = &self.module.sizes;
        let number = |id| {
            let def = sizes.get(id);
            if def.batch { Some(batch) } else { def.number }
        };
        if let Some(value) = size.value_at(number) {
            return Ok(value);
        }
        let unknown = size.names().find(|id| number(*id).is_none());
        match unknown {
            Some(id) => {
                let name = &sizes.get(id).name;
                refused(format!(
                    "the size `{name}` has no number: write `size {name} = ..`, or give data that has it"
                ))
            }
            None => refused(format!("the size {} is too large", sizes.text(size))),
        }
    }

    /// How far an index runs.
    pub(crate) fn extent(&self, size: &Size) -> Result<usize, Refused> {
        let value = self.value(size, self.rows)?;
        match value.whole().and_then(|v| usize::try_from(v).ok()) {
            Some(0) => refused(format!("the size {} is 0", self.module.sizes.text(size))),
            Some(extent) => Ok(extent),
            None => refused(format!(
                "the size {} is no whole number of at least 1 here",
                self.module.sizes.text(size)
            )),
        }
    }

    /// The extents of an array, whose bytes fit into memory.
    pub(crate) fn dims(&self, sizes: &[Size]) -> Result<Vec<usize>, Refused> {
        let dims: Vec<usize> = sizes.iter().map(|s| self.extent(s)).collect::<Result<_, _>>()?;
        let most = MOST_BYTES / bytes(self.precision);
        let len = dims.iter().try_fold(1_usize, |n, d| n.checked_mul(*d));
        match len {
            Some(n) if n <= most => Ok(dims),
            _ => refused(format!(
                "an array of {} at {} rows is larger than {} GiB",
                self.module.sizes.list(sizes),
                self.rows,
                MOST_BYTES >> 30
            )),
        }
    }

    /// A coefficient of a place.
    pub(crate) fn whole(&self, size: &Size) -> Result<isize, Refused> {
        let value = self.value(size, self.rows)?.whole();
        match value.and_then(|v| isize::try_from(v).ok()) {
            Some(value) => Ok(value),
            None => refused(format!("{} is no whole number here", self.module.sizes.text(size))),
        }
    }

    /// A size in a formula.
    pub(crate) fn real(&self, size: &Size) -> Result<f64, Refused> {
        let value = self.value(size, self.total)?;
        Ok(value.numerator() as f64 / value.denominator() as f64)
    }

    /// A place along one dim; a label is left out.
    pub(crate) fn affine(&self, map: &Map, indices: usize) -> Result<Affine, Refused> {
        let mut strides = vec![0; indices];
        for (at, k) in &map.terms {
            strides[*at] = self.whole(k)?;
        }
        Ok(Affine { constant: self.whole(&map.constant)?, strides })
    }
}

/// Bytes of an entry.
pub(crate) fn bytes(precision: Precision) -> usize {
    match precision {
        Precision::F32 => 4,
        Precision::F64 => 8,
    }
}

/// Row-major strides.
pub(crate) fn strides(dims: &[usize]) -> Vec<isize> {
    let mut out = vec![1_isize; dims.len()];
    for at in (1..dims.len()).rev() {
        out[at - 1] = out[at] * dims[at] as isize;
    }
    out
}

/// The least and greatest value over a space.
pub(crate) fn range(at: &Affine, extents: &[usize]) -> Option<(isize, isize)> {
    let (mut low, mut high) = (at.constant, at.constant);
    for (stride, extent) in at.strides.iter().zip(extents) {
        let last = stride.checked_mul(isize::try_from(extent.checked_sub(1)?).ok()?)?;
        if last < 0 {
            low = low.checked_add(last)?;
        } else {
            high = high.checked_add(last)?;
        }
    }
    Some((low, high))
}

/// `sum += factor part`
pub(crate) fn add_scaled(sum: &mut Affine, part: &Affine, factor: isize) -> Option<()> {
    sum.constant = sum.constant.checked_add(part.constant.checked_mul(factor)?)?;
    for (own, other) in sum.strides.iter_mut().zip(&part.strides) {
        *own = own.checked_add(other.checked_mul(factor)?)?;
    }
    Some(())
}

/// The places of a view along each dim, then as one place in the row-major array, with guards where
/// a padded view may be outside. `name` is for the error.
pub(crate) fn place(
    maps: &[Affine],
    labelled: &[bool],
    dims: &[usize],
    extents: &[usize],
    pad: bool,
    name: &str,
) -> Result<(Affine, Vec<Guard>), Refused> {
    let overflow = || Refused(format!("`{name}`: a place is too far"));
    let mut sum = Affine { constant: 0, strides: vec![0; extents.len()] };
    let mut guards = Vec::new();
    for (((map, dim), stride), label) in maps.iter().zip(dims).zip(strides(dims)).zip(labelled) {
        add_scaled(&mut sum, map, stride).ok_or_else(overflow)?;
        let (low, high) = range(map, extents).ok_or_else(overflow)?;
        let inside = low >= 0 && high < *dim as isize;
        if inside {
            continue;
        }
        if !pad || *label {
            return refused(format!(
                "`{name}`: an index runs from {low} to {high}, outside a dim of {dim}"
            ));
        }
        guards.push(Guard { at: map.clone(), extent: *dim });
    }
    Ok((sum, guards))
}

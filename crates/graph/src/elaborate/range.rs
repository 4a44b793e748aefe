//! How far indices run.
//!
//! An index with `in n` runs over `0..n-1`. A bare index runs over the axis it is used on. Any other
//! runs as far as every access stays inside: from `a v + (the rest at its largest) <= n - 1` follows
//! the length of `v`. In the end every access is checked, as polynomials where that decides, else at
//! the file's own sizes, else it becomes a requirement.

use std::collections::{BTreeSet, HashMap};

use chainrule_syntax::{Diagnostic, Span};

use super::Elaborator;
use crate::index::AxisId;
use crate::op::Affine;
use crate::size::{Ratio, Size, TooLarge};

/// An affine index on an axis of size `dim`.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub(crate) map: Affine,
    pub(crate) dim: Size,
    pub(crate) place: Span,
    pub(crate) base: Span,
    pub(crate) pad: bool,
}

impl Use {
    /// The index this is, alone.
    fn bare(&self) -> Option<AxisId> {
        match self.map.terms.as_slice() {
            [(axis, 1)] if self.map.constant.constant() == Some(Ratio::ZERO) => Some(*axis),
            _ => None,
        }
    }
}

impl Elaborator<'_> {
    /// The value of a statement once its indices are settled; a broken one has nothing to settle.
    pub(crate) fn settled(&mut self, value: super::Value) -> super::Value {
        if value.is_none() {
            self.uses.clear();
            self.indices.clear();
            return None;
        }
        self.settle_ranges()?;
        value
    }

    /// Settles the indices of a statement. `None` if one could not be settled.
    pub(crate) fn settle_ranges(&mut self) -> Option<()> {
        let uses = std::mem::take(&mut self.uses);
        let indices = std::mem::take(&mut self.indices);
        let mut fine = self.bare_ranges(&uses);
        self.affine_ranges(&uses, &indices);
        for axis in &indices {
            if self.out.axes.get(*axis).extent.is_some() || fine.is_none() {
                continue;
            }
            let (name, span) =
                (self.out.axes.get(*axis).name.clone(), self.out.axes.get(*axis).span);
            self.no_range(
                &name,
                span,
                uses.iter().any(|u| u.map.terms.iter().any(|(a, _)| a == axis)),
            );
            fine = None;
        }
        fine?;
        for used in &uses {
            self.check_inside(used)?;
        }
        for axis in &indices {
            self.check_extent(*axis)?;
        }
        Some(())
    }

    /// An index runs over at least one value, and a whole number of them; at other sizes than the
    /// file's own too.
    fn check_extent(&mut self, axis: AxisId) -> Option<()> {
        let (name, span) = (self.out.axes.get(axis).name.clone(), self.out.axes.get(axis).span);
        let extent = self.out.axes.get(axis).extent.clone()?;
        if let Some(value) = extent.value(&self.out.sizes) {
            let text = super::types::ratio_text(value.numerator(), value.denominator());
            if value.whole().is_none_or(|n| n < 1) {
                let message = format!(
                    "the index `{name}` runs over {} = {text} values",
                    self.size_text(&extent)
                );
                return self.error("index-extent", message, span, "");
            }
        }
        let Ok(room) = extent.minus(&Size::number(1)) else { return self.size_too_large(span) };
        if !self.never_negative(&room) {
            self.out.requirements.push((room, span));
        }
        Some(())
    }

    /// An index without a length; one that no access uses may be meant as a batch axis.
    fn no_range(&mut self, name: &str, span: Span, used: bool) {
        let batches = self.batch_names();
        let message = if used {
            format!("the range of `{name}` does not follow")
        } else if batches.is_empty() {
            format!("`{name}` is an index that nothing uses")
        } else {
            format!("`{name}` is no batch axis, and an index that nothing uses")
        };
        let mut found = Diagnostic::error("index-range", message, span, "")
            .note(format!("a range is given with the index: `{name} in 4`, or a size's name"));
        if let ([batch], false) = (batches.as_slice(), used) {
            found = found.replace(format!("over the batch: `{batch}`"), span, batch);
        }
        self.report(found);
    }

    /// Bare indices take, or must have, the size of their axis.
    fn bare_ranges(&mut self, uses: &[Use]) -> Option<()> {
        let mut fine = Some(());
        for used in uses {
            let Some(axis) = used.bare().filter(|_| !used.pad) else { continue };
            match self.out.axes.get(axis).extent.clone() {
                None => self.out.axes.set_extent(axis, used.dim.clone()),
                Some(extent) if extent == used.dim => {}
                Some(extent) => {
                    let (name, span) =
                        (self.out.axes.get(axis).name.clone(), self.out.axes.get(axis).span);
                    let (e, d) = (self.size_text(&extent), self.size_text(&used.dim));
                    let message =
                        format!("the index `{name}` runs over {e}, this axis has size {d}");
                    let mut found =
                        Diagnostic::error("index-size", message, used.place, format!("size {d}"))
                            .label(used.base, "the array");
                    let range = self.range_span(span, &name);
                    if let Some(range) = range {
                        found = found.replace(format!("`{name} in {d}`"), range, &d);
                    }
                    self.report(found);
                    fine = None;
                }
            }
        }
        fine
    }

    /// The place of `n` in `i in n`, if it is a single word.
    fn range_span(&self, name: Span, text: &str) -> Option<Span> {
        let rest = self.text.get(name.start as usize..)?.strip_prefix(text)?;
        let after = rest.trim_start().strip_prefix("in ")?;
        let start = self.text.len() - after.trim_start().len();
        let word: usize = after
            .trim_start()
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .count();
        (word > 0).then(|| Span::new(start, start + word))
    }

    /// Lengths that follow from affine accesses, as long as there is progress.
    fn affine_ranges(&mut self, uses: &[Use], indices: &[AxisId]) {
        let place: HashMap<AxisId, usize> =
            indices.iter().enumerate().map(|(at, axis)| (*axis, at)).collect();
        let mut uses_of: Vec<Vec<&Use>> = vec![Vec::new(); indices.len()];
        for used in uses {
            for (axis, _) in &used.map.terms {
                if let Some(at) = place.get(axis) {
                    uses_of[*at].push(used);
                }
            }
        }
        // Without padding first: padded accesses bound nothing.
        for padded in [false, true] {
            let mut now: BTreeSet<usize> = (0..indices.len()).collect();
            let mut next = BTreeSet::new();
            while let Some(at) = now.pop_first() {
                let found = self.affine_range(indices[at], &uses_of[at], padded);
                let beside = if found { uses_of[at].as_slice() } else { &[] };
                for used in beside.iter().filter(|u| u.pad == padded) {
                    // Whatever shares an access with this index may follow now.
                    let others = used.map.terms.iter().filter_map(|(axis, _)| place.get(axis));
                    for other in others {
                        if *other > at {
                            now.insert(*other)
                        } else {
                            next.insert(*other)
                        };
                    }
                }
                if now.is_empty() {
                    now = std::mem::take(&mut next);
                }
            }
        }
    }

    /// Settles one index, if the accesses that use it tell its length.
    fn affine_range(&mut self, axis: AxisId, uses: &[&Use], padded: bool) -> bool {
        if self.out.axes.get(axis).extent.is_some() || self.exhausted() {
            return false;
        }
        self.spend(uses.iter().map(|u| u.dim.terms().len()).sum());
        let bounds: Vec<Size> = uses
            .iter()
            .filter(|u| u.pad == padded)
            .filter_map(|u| if padded { padded_length(u, axis) } else { self.length(u, axis) })
            .collect();
        let Some(shortest) = self.shortest(&bounds) else { return false };
        self.out.axes.set_extent(axis, shortest);
        true
    }

    /// The length of `axis` that keeps this access inside; `None` while another index is open.
    fn length(&self, used: &Use, axis: AxisId) -> Option<Size> {
        let (_, coefficient) = used.map.terms.iter().find(|(a, _)| *a == axis)?;
        if *coefficient < 0 {
            return self.length_downwards(used, axis, *coefficient);
        }
        let mut rest = used.dim.minus(&Size::number(1)).ok()?.minus(&used.map.constant).ok()?;
        for (other, value) in used.map.terms.iter().filter(|(a, _)| *a != axis) {
            if *value > 0 {
                let last =
                    self.out.axes.get(*other).extent.clone()?.minus(&Size::number(1)).ok()?;
                let most = last.scaled(Ratio::whole_number(i128::from(*value))).ok()?;
                rest = rest.minus(&most).ok()?;
            } else {
                self.out.axes.get(*other).extent.as_ref()?;
            }
        }
        rest.divide(&Size::number(*coefficient))?.plus(&Size::number(1)).ok()
    }

    /// The same for an index that runs backwards: `c - k v - (the rest at its largest) >= 0`.
    fn length_downwards(&self, used: &Use, axis: AxisId, coefficient: i64) -> Option<Size> {
        let mut rest = used.map.constant.clone();
        for (other, value) in used.map.terms.iter().filter(|(a, _)| *a != axis) {
            let extent = self.out.axes.get(*other).extent.as_ref()?;
            if *value < 0 {
                let last = extent.minus(&Size::number(1)).ok()?;
                rest =
                    rest.plus(&last.scaled(Ratio::whole_number(i128::from(*value))).ok()?).ok()?;
            }
        }
        rest.divide(&Size::number(coefficient.checked_neg()?))?.plus(&Size::number(1)).ok()
    }

    /// The least of some lengths, if they can be compared.
    fn shortest(&mut self, bounds: &[Size]) -> Option<Size> {
        let mut least = bounds.first()?.clone();
        for bound in &bounds[1..] {
            if *bound == least {
                continue;
            }
            let difference = bound.minus(&least).ok()?;
            if self.never_negative(&difference) {
                continue;
            }
            let negative = Size::number(0).minus(&difference).ok()?;
            let value = difference.value(&self.out.sizes);
            if self.never_negative(&negative) || value.is_some_and(Ratio::is_negative) {
                least = bound.clone();
            } else if value.is_none() {
                return None;
            }
        }
        Some(least)
    }

    /// `0 <= index <= n - 1` for every value of the indices.
    fn check_inside(&mut self, used: &Use) -> Option<()> {
        if used.pad || used.bare().is_some() {
            return Some(());
        }
        self.spend(used.dim.terms().len());
        let (least, most, end) = match self.reach(used) {
            Ok(Some(reach)) => reach,
            Ok(None) => return Some(()),
            Err(TooLarge) => return self.size_too_large(used.place),
        };
        let Ok(room) = end.minus(&most) else { return self.size_too_large(used.place) };
        self.require(&room, used, |e| {
            let (text, most, end) = (e.source(used.place), e.size_text(&most), e.size_text(&end));
            format!("`{text}` reaches {most}, the axis ends at {end}")
        })?;
        self.require(&least, used, |e| {
            format!("`{}` reaches {}, below 0", e.source(used.place), e.size_text(&least))
        })
    }

    /// The least and the largest value of an index, and the last place of its axis; nothing while an
    /// index is open.
    fn reach(&self, used: &Use) -> Result<Option<(Size, Size, Size)>, TooLarge> {
        let (mut least, mut most) = (used.map.constant.clone(), used.map.constant.clone());
        for (axis, value) in &used.map.terms {
            let Some(extent) = &self.out.axes.get(*axis).extent else { return Ok(None) };
            let last = extent.minus(&Size::number(1))?;
            let far = last.scaled(Ratio::whole_number(i128::from(*value)))?;
            if *value > 0 {
                most = most.plus(&far)?;
            } else {
                least = least.plus(&far)?;
            }
        }
        Ok(Some((least, most, used.dim.minus(&Size::number(1))?)))
    }

    fn never_negative(&mut self, size: &Size) -> bool {
        self.spend(size.work());
        size.is_never_negative()
    }

    /// `size >= 0`: shown, refuted, or required.
    fn require(
        &mut self,
        size: &Size,
        used: &Use,
        message: impl Fn(&Self) -> String,
    ) -> Option<()> {
        if self.never_negative(size) {
            return Some(());
        }
        let refuted = match size.value(&self.out.sizes) {
            Some(value) => value.is_negative(),
            // -size - 1 >= 0 for all sizes: never inside.
            None => {
                let below = Size::number(-1).minus(size);
                below.is_ok_and(|below| self.never_negative(&below))
            }
        };
        if !refuted {
            self.out.requirements.push((size.clone(), used.place));
            return Some(());
        }
        let message = message(self);
        let mut found = Diagnostic::error("index-outside", message, used.place, "outside")
            .label(used.base, "the array");
        if !used.map.terms.is_empty() {
            found = found.note("`; pad` reads 0 outside: `C[u+i-1,v; pad]`");
        }
        self.fail(found)
    }
}

/// A padded access bounds nothing; its axis gives the length: `C[u+i-1; pad]` has one `u` an entry.
fn padded_length(used: &Use, axis: AxisId) -> Option<Size> {
    let (_, coefficient) = used.map.terms.iter().find(|(a, _)| *a == axis)?;
    (*coefficient > 0).then(|| used.dim.divide(&Size::number(*coefficient))).flatten()
}

//! What is said of an access that does not fit.

use crate::op::{Context, Misfit};
use crate::size::Size;
use crate::types::{Kind, Type};

/// As many indices as axes.
pub(super) fn count_misfit(base: &Type, given: usize, c: &Context<'_>) -> Misfit {
    let axes: Vec<String> = base.dims.iter().map(|d| c.sizes.text(d)).collect();
    let message = match axes.len() {
        0 => "no axes: it is a number".to_string(),
        n => format!(
            "{n} ax{} ({}), {given} ind{} given",
            if n == 1 { "is" } else { "es" },
            axes.join(", "),
            if given == 1 { "ex" } else { "ices" }
        ),
    };
    Misfit::new("index-count", message).operand(0, c.shape(base))
}

/// A label of the axis that it chooses from.
pub(super) fn check_label(
    dim: &Size,
    at: usize,
    label: &Type,
    base: &Type,
    c: &Context<'_>,
) -> Result<(), Misfit> {
    let Kind::Label(classes) = &label.kind else {
        let message = "an index is affine in indices, or a label";
        return Err(Misfit::new("index-form", message).operand(at, c.shape(label)));
    };
    if !label.dims.is_empty() {
        let message = "the label of an access is one label, not an array of labels";
        return Err(Misfit::new("label-array", message)
            .operand(at, c.shape(label))
            .note("give it an index: `Psi[y[i],i]`"));
    }
    if classes != dim {
        let (k, n) = (c.sizes.text(classes), c.sizes.text(dim));
        let message = format!("labels run to {k}-1, the axis has size {n}");
        return Err(Misfit::new("label-size", message)
            .operand(0, c.shape(base))
            .operand(at, c.shape(label)));
    }
    Ok(())
}

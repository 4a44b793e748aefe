//! Operations and bytes of one forward evaluation, in words and numbers.

use chainrule_graph::cost::{self, Forward};
use chainrule_graph::size::Size;
use chainrule_graph::{Module, Ratio};

/// What one forward evaluation costs. Single precision; a multiplication with an addition is two
/// operations, any other operation or function on an entry one.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Cost {
    /// The batch axis that rows are counted by.
    pub batch: Option<String>,
    /// Operations for each row (without a batch axis: for the whole).
    pub flops_per_row: Option<f64>,
    /// Operations that do not depend on the number of rows.
    pub flops_once: Option<f64>,
    /// Operations for each row, a formula in the sizes.
    pub flops_row_formula: String,
    /// Operations that do not depend on the number of rows, a formula in the sizes.
    pub flops_once_formula: String,
    /// Bytes of the parameters.
    pub parameter_bytes: Option<f64>,
    /// Bytes of the named values, for each row (without a batch axis: for the whole).
    pub value_bytes_per_row: Option<f64>,
    /// The same, a formula in the sizes.
    pub value_bytes_formula: String,
    /// Bytes of the named values that do not depend on the number of rows.
    pub value_bytes_once: Option<f64>,
}

fn number(size: &Size, module: &Module) -> Option<f64> {
    let value: Ratio = size.value(&module.sizes)?;
    Some(value.numerator() as f64 / value.denominator() as f64)
}

impl Cost {
    pub(crate) fn of(module: &Module) -> Cost {
        let Ok(Forward { flops, value_bytes, parameter_bytes }) = cost::forward(module) else {
            return Cost::default();
        };
        let batch = cost::batch(module);
        let split = |size: &Size| match batch {
            Some(id) => size.split(id),
            None => Some((size.clone(), Size::number(0))),
        };
        let (per_row, once) = split(&flops).unzip();
        let (values, values_once) = split(&value_bytes).unzip();
        let text =
            |size: &Option<Size>| size.as_ref().map_or(String::new(), |s| module.sizes.text(s));
        Cost {
            batch: batch.map(|id| module.sizes.get(id).name.clone()),
            flops_row_formula: text(&per_row),
            flops_once_formula: text(&once),
            flops_per_row: per_row.and_then(|s| number(&s, module)),
            flops_once: once.and_then(|s| number(&s, module)),
            parameter_bytes: number(&parameter_bytes, module),
            value_bytes_formula: text(&values),
            value_bytes_per_row: values.and_then(|s| number(&s, module)),
            value_bytes_once: values_once.and_then(|s| number(&s, module)),
        }
    }
}

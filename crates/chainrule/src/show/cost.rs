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
    /// All operations, a formula in the sizes.
    pub flops_formula: String,
    /// Bytes of the parameters.
    pub parameter_bytes: Option<f64>,
    /// Bytes of the named values, for each row (without a batch axis: for the whole).
    pub value_bytes_per_row: Option<f64>,
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
        let values = split(&value_bytes).map(|(row, _)| row);
        Cost {
            batch: batch.map(|id| module.sizes.get(id).name.clone()),
            flops_per_row: per_row.and_then(|s| number(&s, module)),
            flops_once: once.and_then(|s| number(&s, module)),
            flops_formula: module.sizes.text(&flops),
            parameter_bytes: number(&parameter_bytes, module),
            value_bytes_per_row: values.and_then(|s| number(&s, module)),
        }
    }
}

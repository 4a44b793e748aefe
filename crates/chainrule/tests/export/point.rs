//! Values for the names of a net.

use std::collections::BTreeMap;

use chainrule::graph::interpret::{Interpreter, Numbers, Tensor};
use chainrule::graph::module::Role;
use chainrule::graph::{Kind, Module, random::Random};

/// A value for every name that has no formula.
pub(crate) fn draw(module: &Module, numbers: &Numbers) -> BTreeMap<String, Tensor<f64>> {
    let it: Interpreter<'_, f64> = Interpreter::new(module, numbers.clone());
    let mut all = BTreeMap::new();
    for (at, symbol) in module.symbols.iter().enumerate() {
        let free =
            matches!(symbol.role, Role::Param(_) | Role::Data | Role::Noise(_) | Role::Given(_));
        if !free {
            continue;
        }
        let shape = it.shape(&symbol.ty).expect("the sizes have numbers");
        let random = Random::new(11, at as u64);
        let count: usize = shape.iter().product();
        let uniform = |i: usize| random.uniform(i as u64);
        let last = shape.last().copied().unwrap_or(1).max(1);
        let data: Vec<f64> = match &symbol.ty.kind {
            Kind::Label(classes) => {
                let classes = numbers.size(classes).expect("a number") as f64;
                (0..count).map(|i| (uniform(i) * classes).floor().min(classes - 1.0)).collect()
            }
            Kind::Mask => (0..count).map(|i| f64::from(u8::from(uniform(i) < 0.7))).collect(),
            Kind::Positive => (0..count).map(|i| 0.2 + uniform(i)).collect(),
            Kind::Prob => {
                let raw: Vec<f64> = (0..count).map(|i| 0.1 + uniform(i)).collect();
                let line =
                    |i: usize| raw[i / last * last..(i / last + 1) * last].iter().sum::<f64>();
                (0..count).map(|i| raw[i] / line(i)).collect()
            }
            Kind::Sym | Kind::Spd => (0..count)
                .map(|i| {
                    let (r, c) = (i / last % last, i % last);
                    let (low, high) = (r.min(c), r.max(c));
                    let own = if r == c { 3.0 } else { 0.0 };
                    own + 0.5 * (uniform(low * last + high) - 0.5)
                })
                .collect(),
            _ => (0..count).map(|i| 2.0 * uniform(i) - 1.0).collect(),
        };
        all.insert(symbol.name.clone(), Tensor { axes: symbol.ty.axes.clone(), shape, data });
    }
    all
}

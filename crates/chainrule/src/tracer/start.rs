//! Where parameters start.

use chainrule_graph::Module;
use chainrule_graph::interpret::{Interpreter, Numbers, Tensor};
use chainrule_graph::module::{Role, Start};
use chainrule_graph::random::{Random, stream_of};

use crate::Error;

/// The start values of the parameters, in the order they are declared. A draw depends on the seed,
/// the name and the place of the entry alone.
pub(crate) fn values(module: &Module, seed: u64) -> Result<Vec<Tensor<f64>>, Error> {
    let mut it: Interpreter<'_, f64> = Interpreter::new(module, Numbers::of(module, 1, 1));
    let mut all = Vec::new();
    for (_, symbol) in module.params() {
        let Role::Param(start) = &symbol.role else { continue };
        let shape = it.shape(&symbol.ty).map_err(crate::tracer::failed)?;
        let entries = shape.iter().product::<usize>() as u64;
        let random = Random::new(seed, stream_of(&symbol.name));
        let data: Vec<f64> = match start {
            Start::Value(value) => {
                let value = it.value(*value).map_err(crate::tracer::failed)?;
                match value.data.as_slice() {
                    [one] => vec![*one; entries as usize],
                    more => more.to_vec(),
                }
            }
            Start::Drawn(name, numbers) => match (name.as_str(), numbers.as_slice()) {
                ("normal", [mean, sd]) => {
                    (0..entries).map(|i| mean + sd * random.normal(i)).collect()
                }
                ("uniform", [low, high]) => {
                    (0..entries).map(|i| low + (high - low) * random.uniform(i)).collect()
                }
                _ => return Err(missing(&symbol.name, &format!("the distribution `{name}`"))),
            },
            Start::None => return Err(missing(&symbol.name, "a parameter without a start")),
        };
        all.push(Tensor { axes: Vec::new(), shape, data });
    }
    Ok(all)
}

fn missing(name: &str, what: &str) -> Error {
    Error::not_yet(format!("`{name}`: {what} is not there yet in training"))
}

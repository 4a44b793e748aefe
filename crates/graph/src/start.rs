//! Start values of parameters.
//!
//! A draw depends on the seed, the parameter's name and the place of the entry alone, and uses the
//! crate's own logarithm and cosine: the same bits everywhere. With `n` the number of values that
//! one output of the layer sums over (fan-in) and `m` the number of outputs that one input reaches
//! (fan-out):
//!
//! | name | drawn from | source |
//! |---|---|---|
//! | `constant(c)` | `c` | |
//! | `normal(mean, sd)` | `N(mean, sd^2)` | |
//! | `uniform(a, b)` | `U(a, b)` | |
//! | `bernoulli(p)` | 1 with probability `p`, else 0 | |
//! | `he` | `N(0, 2/n)` | He, Zhang, Ren, Sun: Delving deep into rectifiers, 2015 |
//! | `he_uniform` | `U(-r, r)`, `r = sqrt(6/n)` | the same, as a uniform distribution |
//! | `glorot` | `N(0, 2/(n+m))` | Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks, 2010 |
//! | `glorot_uniform` | `U(-r, r)`, `r = sqrt(6/(n+m))` | the same, equation 16 |
//! | `lecun` | `N(0, 1/n)` | LeCun, Bottou, Orr, Müller: Efficient backprop, 1998 |
//! | `pytorch` | `U(-r, r)`, `r = 1/sqrt(n)` | what PyTorch's layers do, weights and biases |
//!
//! The fans are those of the first place where the parameter is used: [`fans`].

mod fan;

use crate::differentiate::Refusal;
use crate::index::SymbolId;
use crate::interpret::{Interpreter, Numbers, Tensor};
use crate::module::{Module, Role, Start};
use crate::random::{Random, stream_of};
use crate::types::{Kind, Type};
pub use fan::{Fan, fans};

/// The start values of all parameters in the order they are declared, row-major.
///
/// # Errors
///
/// A start value does not exist (a singular matrix), or a positive definite parameter is drawn.
///
/// ```
/// use chainrule_graph::interpret::Numbers;
///
/// let text = "size d = 3, H = 4\nbatch N\ndata x : R[d] per N\nparam W : R[H, d] ~ he\nnet z = W x\n";
/// let module = chainrule_graph::read(text).modules.remove(0);
/// let values = chainrule_graph::start::values(&module, &Numbers::of(&module, 1, 1), 7).unwrap();
/// assert_eq!(values[0].1.shape, [4, 3]);
/// ```
pub fn values(
    module: &Module,
    numbers: &Numbers,
    seed: u64,
) -> Result<Vec<(SymbolId, Tensor<f64>)>, Refusal> {
    let failed = |e: crate::interpret::Failure| Refusal(e.0);
    let mut it: Interpreter<'_, f64> = Interpreter::new(module, numbers.clone());
    let wanted: Vec<SymbolId> =
        module.params().filter(|(_, s)| needs_fan(s)).map(|p| p.0).collect();
    let fans = fans(module, numbers, &wanted)?;
    let mut all = Vec::new();
    for (id, symbol) in module.params() {
        let Role::Param(start) = &symbol.role else { continue };
        let shape = it.shape(&symbol.ty).map_err(failed)?;
        let entries = shape.iter().product::<usize>();
        let data = match start {
            Start::Value(value) => {
                let value = it.value(*value).map_err(failed)?;
                match value.data.as_slice() {
                    [one] => vec![*one; entries],
                    more => more.to_vec(),
                }
            }
            Start::Drawn(name, numbers) => {
                let fan = wanted.iter().position(|w| *w == id).map_or(Fan::ONE, |at| fans[at]);
                let Some(law) = Law::of(name, numbers, fan) else {
                    let message =
                        format!("`{}`: the distribution `{name}` is not known", symbol.name);
                    return Err(Refusal(message));
                };
                drawn(law, &symbol.name, &symbol.ty, &shape, seed)?
            }
            Start::None => {
                return Err(Refusal(format!("`{}` does not say how it starts", symbol.name)));
            }
        };
        all.push((id, Tensor { axes: Vec::new(), shape, data }));
    }
    Ok(all)
}

fn needs_fan(symbol: &crate::module::Symbol) -> bool {
    let Role::Param(Start::Drawn(name, _)) = &symbol.role else { return false };
    crate::elaborate::depends_on_fan(name)
}

/// A distribution with its numbers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Law {
    /// Always this number.
    Constant(f64),
    /// Mean and standard deviation.
    Normal(f64, f64),
    /// The interval.
    Uniform(f64, f64),
    /// 1 with this probability, else 0.
    Bernoulli(f64),
}

impl Law {
    /// The distribution called `name`; the fans are for those that depend on them.
    ///
    /// ```
    /// use chainrule_graph::start::{Fan, Law};
    /// let fan = Fan { fan_in: 8.0, fan_out: 2.0 };
    /// assert_eq!(Law::of("he", &[], fan), Some(Law::Normal(0.0, 0.5)));
    /// assert_eq!(Law::of("pytorch", &[], Fan { fan_in: 4.0, ..fan }), Some(Law::Uniform(-0.5, 0.5)));
    /// ```
    pub fn of(name: &str, numbers: &[f64], fan: Fan) -> Option<Law> {
        let Fan { fan_in, fan_out } = fan;
        let within = |square: f64| Law::Uniform(-square.sqrt(), square.sqrt());
        Some(match (name, numbers) {
            ("constant", [c]) => Law::Constant(*c),
            ("normal", [mean, sd]) => Law::Normal(*mean, *sd),
            ("uniform", [a, b]) => Law::Uniform(*a, *b),
            ("bernoulli", [p]) => Law::Bernoulli(*p),
            ("he", []) => Law::Normal(0.0, (2.0 / fan_in).sqrt()),
            ("he_uniform", []) => within(6.0 / fan_in),
            ("glorot", []) => Law::Normal(0.0, (2.0 / (fan_in + fan_out)).sqrt()),
            ("glorot_uniform", []) => within(6.0 / (fan_in + fan_out)),
            ("lecun", []) => Law::Normal(0.0, (1.0 / fan_in).sqrt()),
            ("pytorch", []) => within(1.0 / fan_in),
            _ => return None,
        })
    }

    /// The draw at a counter.
    pub fn draw(self, random: &Random, counter: u64) -> f64 {
        match self {
            Law::Constant(c) => c,
            Law::Normal(mean, sd) => mean + sd * random.normal(counter),
            Law::Uniform(a, b) => a + (b - a) * random.uniform(counter),
            Law::Bernoulli(p) => f64::from(u8::from(random.uniform(counter) < p)),
        }
    }

    /// The mean.
    pub fn mean(self) -> f64 {
        match self {
            Law::Constant(x) | Law::Normal(x, _) | Law::Bernoulli(x) => x,
            Law::Uniform(a, b) => 0.5 * (a + b),
        }
    }
}

fn drawn(law: Law, name: &str, ty: &Type, shape: &[usize], seed: u64) -> Result<Vec<f64>, Refusal> {
    if ty.kind == Kind::Spd {
        return Err(Refusal(format!(
            "`{name}` is positive definite, which a draw is not: let it start with a value, `= I`"
        )));
    }
    let random = Random::new(seed, stream_of(name));
    let entries = shape.iter().product::<usize>();
    let columns = shape.last().copied().unwrap_or(1).max(1);
    let place = |at: usize| match ty.kind {
        // The entries below the diagonal are those above.
        Kind::Sym => {
            let (i, j) = (at / columns, at % columns);
            i.min(j) * columns + i.max(j)
        }
        _ => at,
    };
    Ok((0..entries).map(|at| law.draw(&random, place(at) as u64)).collect())
}

//! JAX.

use super::code::{Code, Prim, Statement};
use super::numpy::NumPy;
use super::python::{self, Words};
use super::target::{Helper, Level, Target, Writer};

/// The target.
pub(super) struct Jax;

const WORDS: Words = Words { module: "jnp", axis: "axis", path: "" };

impl Target for Jax {
    fn keywords(&self) -> &'static [&'static str] {
        super::names::PYTHON
    }

    fn template(&self, prim: Prim, _: bool) -> &'static str {
        match prim {
            Prim::Exp => "jnp.exp({0})",
            Prim::Log => "jnp.log({0})",
            Prim::Sqrt => "jnp.sqrt({0})",
            Prim::Sin => "jnp.sin({0})",
            Prim::Cos => "jnp.cos({0})",
            Prim::Tan => "jnp.tan({0})",
            Prim::Tanh => "jnp.tanh({0})",
            Prim::Sigmoid => "jax.nn.sigmoid({0})",
            Prim::Softplus => "jax.nn.softplus({0})",
            Prim::Relu => "jax.nn.relu({0})",
            Prim::Abs => "jnp.abs({0})",
            Prim::Sign => "jnp.sign({0})",
            Prim::Maximum => "jnp.maximum({0}, {1})",
            Prim::Minimum => "jnp.minimum({0}, {1})",
            Prim::Not => "jnp.logical_not({0})",
            Prim::Indicator => "jnp.where({0}, 1.0, 0.0)",
            Prim::Outer => "jnp.outer({0}, {1})",
            Prim::Softmax => "jax.nn.softmax({0}, axis={axis})",
            Prim::LogSoftmax => "jax.nn.log_softmax({0}, axis={axis})",
            Prim::LogSumExp => "jax.nn.logsumexp({0}, axis={axis})",
            Prim::OneHot => "jnp.eye({n})[{0}]",
            Prim::Eye => "jnp.eye({n})",
            Prim::Arange => "jnp.arange({n})",
            Prim::Ones => "jnp.ones({tuple})",
            Prim::Zeros => "jnp.zeros({tuple})",
            Prim::Full => "jnp.full({tuple}, {0})",
            Prim::Inverse => "jnp.linalg.inv({0})",
            Prim::PseudoInverse => "jnp.linalg.pinv({0})",
            Prim::Det => "jnp.linalg.det({0})",
            Prim::LogDet => "jnp.linalg.slogdet({0})[1]",
            Prim::MatrixPower => "jnp.linalg.matrix_power({0}, {count})",
            Prim::Norm => "jnp.linalg.norm({0})",
            Prim::SpectralNorm => "jnp.linalg.norm({0}, 2, axis=(-2, -1))",
            Prim::Diag => "jnp.diag({0})",
            Prim::Kron => "jnp.kron({0}, {1})",
            Prim::Broadcast => "jnp.broadcast_to({0}, {tuple})",
            Prim::Permute => "jnp.transpose({0})",
            same => NumPy.template(same, false),
        }
    }

    fn helpers(&self) -> &'static [Helper] {
        HELPERS
    }

    fn form(&self, w: &Writer<'_>, code: &Code) -> (String, Level) {
        python::form(w, code, WORDS)
    }

    fn statement(&self, w: &Writer<'_>, statement: &Statement) -> String {
        python::statement(w, statement, |names, lengths| {
            let ends: Vec<String> = lengths.iter().map(|n| format!(":{n}")).collect();
            format!("{names} = jnp.ogrid[{}]", ends.join(", "))
        })
    }
}

const HELPERS: &[Helper] = &[
    Helper {
        name: "first_max",
        text: "\
def first_max(x, axes):
    \"\"\"1 where the first greatest entry of the last `axes` axes stands, else 0.\"\"\"
    flat = x.reshape(*x.shape[:x.ndim - axes], -1)
    return jnp.eye(flat.shape[-1])[flat.argmax(-1)].reshape(x.shape)
",
    },
    Helper {
        name: "others",
        text: "\
def others(x, axes):
    \"\"\"The product of all other entries of the last `axes` axes.\"\"\"
    flat = x.reshape(*x.shape[:x.ndim - axes], -1)
    one = jnp.ones_like(flat[..., :1])
    left = jnp.cumprod(jnp.concatenate([one, flat[..., :-1]], -1), -1)
    right = jnp.cumprod(jnp.concatenate([one, flat[..., :0:-1]], -1), -1)[..., ::-1]
    return (left * right).reshape(x.shape)
",
    },
    Helper {
        name: "direction",
        text: "\
def direction(x, axes):
    \"\"\"x / ||x|| over the last `axes` axes, 0 where x is 0.\"\"\"
    length = jnp.sqrt((x * x).sum(axis=tuple(range(-axes, 0)), keepdims=True))
    return x / jnp.where(length == 0, 1, length)
",
    },
    Helper {
        name: "spectral_direction",
        text: "\
def spectral_direction(x):
    \"\"\"u v^T of the greatest singular value.\"\"\"
    u, _, vt = jnp.linalg.svd(x, full_matrices=False)
    return u[..., :, :1] @ vt[..., :1, :]
",
    },
    Helper {
        name: "add_at",
        text: "\
def add_at(shape, place, value):
    \"\"\"Zeros of a shape, with the values added up at their places.\"\"\"
    return jnp.zeros(shape, value.dtype).at[place].add(value)
",
    },
];

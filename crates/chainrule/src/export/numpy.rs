//! NumPy.

use chainrule_graph::{Module, SymbolId};

use super::code::{Code, Prim, Statement};
use super::program::Program;
use super::python::{self, Words};
use super::target::{Helper, Level, Target, Writer};

/// The target.
pub(super) struct NumPy;

const WORDS: Words = Words { module: "np", axis: "axis", path: ", optimize=True" };

/// The NumPy statement of one equation or of one line of a derivation: the last of the lines
/// assigns, those before it name indices and shared parts. Other names are read; values per sample
/// are arrays whose rows are the samples.
///
/// ```
/// use chainrule::export::numpy;
/// use chainrule::graph::differentiate;
///
/// let mut net = chainrule::Model::read("iris")?.modules()[0].clone();
/// let (loss, weight) = (net.find("J").unwrap(), net.find("W1").unwrap());
/// let loss = net.read(loss).unwrap();
/// let derivation = differentiate::derivation(&mut net, loss, &[weight]).unwrap();
/// let line = derivation.lines.last().unwrap();
/// assert_eq!(numpy::line(&net, line.symbol)?, ["dJ_dW1 = dJ_dz2.T @ a1"]);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
///
/// The name has no formula, or the formula no form in code.
pub fn line(module: &Module, symbol: SymbolId) -> Result<Vec<String>, crate::Error> {
    Ok(lines(module, &[symbol])?.pop().unwrap_or_default())
}

/// [`line()`] of many names: the words for names are chosen once.
///
/// # Errors
///
/// As for [`line()`].
pub fn lines(module: &Module, symbols: &[SymbolId]) -> Result<Vec<Vec<String>>, crate::Error> {
    let Some(first) = symbols.first() else { return Ok(Vec::new()) };
    let program = Program::bare(module.clone(), *first, &NumPy);
    let writer = Writer { module, target: &NumPy };
    let plain = |statement: Statement| match statement {
        Statement::Let { name, code, .. } => Statement::Let { name, code, note: String::new() },
        grid @ Statement::Grid(_) => grid,
    };
    let one = |symbol: &SymbolId| {
        let made = program.single(&NumPy, *symbol).map_err(|e| crate::Error::refused(e.0))?;
        Ok(made.into_iter().map(|s| NumPy.statement(&writer, &plain(s))).collect())
    };
    symbols.iter().map(one).collect()
}

/// The names of the functions that NumPy lacks: a file that is exported defines those it calls.
pub(crate) fn helpers() -> impl Iterator<Item = &'static str> {
    HELPERS.iter().map(|helper| helper.name)
}

impl Target for NumPy {
    fn keywords(&self) -> &'static [&'static str] {
        super::names::PYTHON
    }

    fn template(&self, prim: Prim, _: bool) -> &'static str {
        match prim {
            Prim::Exp => "np.exp({0})",
            Prim::Log => "np.log({0})",
            Prim::Sqrt => "np.sqrt({0})",
            Prim::Sin => "np.sin({0})",
            Prim::Cos => "np.cos({0})",
            Prim::Tan => "np.tan({0})",
            Prim::Tanh => "np.tanh({0})",
            Prim::Sigmoid => "sigmoid({0})",
            Prim::Softplus => "np.logaddexp(0, {0})",
            Prim::Relu => "np.maximum({0}, 0)",
            Prim::Abs => "np.abs({0})",
            Prim::Sign => "np.sign({0})",
            Prim::Maximum => "np.maximum({0}, {1})",
            Prim::Minimum => "np.minimum({0}, {1})",
            Prim::Not => "np.logical_not({0})",
            Prim::Indicator => "np.where({0}, 1.0, 0.0)",
            Prim::MatMul => "{left} @ {right}",
            Prim::Outer => "np.outer({0}, {1})",
            Prim::Softmax => "softmax({0}, {axis})",
            Prim::LogSoftmax => "log_softmax({0}, {axis})",
            Prim::LogSumExp => "logsumexp({0}, {axis})",
            Prim::ArgMax => "{.0}.argmax({axis})",
            Prim::FirstMax => "first_max({0}, {count})",
            Prim::FirstMin => "first_max(-{.0}, {count})",
            Prim::Others => "others({0}, {count})",
            Prim::OneHot => "np.eye({n})[{0}]",
            Prim::Eye => "np.eye({n})",
            Prim::Arange => "np.arange({n})",
            Prim::Ones => "np.ones({tuple})",
            Prim::Zeros => "np.zeros({tuple})",
            Prim::Full => "np.full({tuple}, {0})",
            Prim::Inverse => "np.linalg.inv({0})",
            Prim::PseudoInverse => "np.linalg.pinv({0})",
            Prim::Det => "np.linalg.det({0})",
            Prim::LogDet => "np.linalg.slogdet({0})[1]",
            Prim::MatrixPower => "np.linalg.matrix_power({0}, {count})",
            Prim::Norm => "np.linalg.norm({0})",
            Prim::SpectralNorm => "np.linalg.norm({0}, 2, axis=(-2, -1))",
            Prim::SpectralDirection => "spectral_direction({0})",
            Prim::Direction => "direction({0}, {count})",
            Prim::Diag => "np.diag({0})",
            Prim::Kron => "np.kron({0}, {1})",
            Prim::Reshape => "{.0}.reshape({sizes})",
            Prim::Broadcast => "np.broadcast_to({0}, {tuple})",
            Prim::Permute => "np.transpose({0})",
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
            format!("{names} = np.ogrid[{}]", ends.join(", "))
        })
    }
}

const HELPERS: &[Helper] = &[
    Helper {
        name: "sigmoid",
        text: "\
def sigmoid(z):
    \"\"\"1 / (1 + exp(-z)), without overflow.\"\"\"
    return np.exp(-np.logaddexp(0, -z))
",
    },
    Helper {
        name: "softmax",
        text: "\
def softmax(z, axis):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)
",
    },
    Helper {
        name: "log_softmax",
        text: "\
def log_softmax(z, axis):
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))
",
    },
    Helper {
        name: "logsumexp",
        text: "\
def logsumexp(z, axis):
    top = z.max(axis=axis, keepdims=True)
    return np.log(np.exp(z - top).sum(axis=axis)) + top.squeeze(axis)
",
    },
    Helper {
        name: "first_max",
        text: "\
def first_max(x, axes):
    \"\"\"1 where the first greatest entry of the last `axes` axes stands, else 0.\"\"\"
    flat = x.reshape(*x.shape[:x.ndim - axes], -1)
    return np.eye(flat.shape[-1])[flat.argmax(-1)].reshape(x.shape)
",
    },
    Helper {
        name: "others",
        text: "\
def others(x, axes):
    \"\"\"The product of all other entries of the last `axes` axes.\"\"\"
    flat = x.reshape(*x.shape[:x.ndim - axes], -1)
    one = np.ones_like(flat[..., :1])
    left = np.cumprod(np.concatenate([one, flat[..., :-1]], -1), -1)
    right = np.cumprod(np.concatenate([one, flat[..., :0:-1]], -1), -1)[..., ::-1]
    return (left * right).reshape(x.shape)
",
    },
    Helper {
        name: "direction",
        text: "\
def direction(x, axes):
    \"\"\"x / ||x|| over the last `axes` axes, 0 where x is 0.\"\"\"
    length = np.sqrt((x * x).sum(axis=tuple(range(-axes, 0)), keepdims=True))
    return x / np.where(length == 0, 1, length)
",
    },
    Helper {
        name: "spectral_direction",
        text: "\
def spectral_direction(x):
    \"\"\"u v^T of the greatest singular value.\"\"\"
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    return u[..., :, :1] @ vt[..., :1, :]
",
    },
    Helper {
        name: "add_at",
        text: "\
def add_at(shape, place, value):
    \"\"\"Zeros of a shape, with the values added up at their places.\"\"\"
    out = np.zeros(shape)
    np.add.at(out, place, value)
    return out
",
    },
];

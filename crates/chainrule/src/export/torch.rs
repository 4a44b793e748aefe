//! PyTorch.

use super::code::{Code, Fold, Prim, Statement};
use super::python::{self, Words};
use super::target::{Helper, Level, Target, Writer, fold_word};

/// The target.
pub(super) struct Torch;

const WORDS: Words = Words { module: "torch", axis: "dim", path: "" };

impl Target for Torch {
    fn keywords(&self) -> &'static [&'static str] {
        super::names::PYTHON
    }

    fn template(&self, prim: Prim, scalar: bool) -> &'static str {
        if scalar {
            return plain(prim);
        }
        match prim {
            Prim::Exp => "torch.exp({0})",
            Prim::Log => "torch.log({0})",
            Prim::Sqrt => "torch.sqrt({0})",
            Prim::Sin => "torch.sin({0})",
            Prim::Cos => "torch.cos({0})",
            Prim::Tan => "torch.tan({0})",
            Prim::Tanh => "torch.tanh({0})",
            Prim::Sigmoid => "torch.sigmoid({0})",
            Prim::Softplus => "torch.nn.functional.softplus({0}, threshold=40)",
            Prim::Relu => "torch.relu({0})",
            Prim::Abs => "torch.abs({0})",
            Prim::Sign => "torch.sign({0})",
            Prim::Maximum => "maximum({0}, {1})",
            Prim::Minimum => "minimum({0}, {1})",
            Prim::Not => "~({0})",
            Prim::Indicator => "({0}).to(dtype)",
            Prim::MatMul => "{left} @ {right}",
            Prim::Outer => "torch.outer({0}, {1})",
            Prim::Softmax => "torch.softmax({0}, dim={axis})",
            Prim::LogSoftmax => "torch.log_softmax({0}, dim={axis})",
            Prim::LogSumExp => "torch.logsumexp({0}, dim={axis})",
            Prim::ArgMax => "{.0}.argmax({axis})",
            Prim::FirstMax => "first_max({0}, {count})",
            Prim::FirstMin => "first_max(-{.0}, {count})",
            Prim::Others => "others({0}, {count})",
            Prim::OneHot => "torch.eye({n}, dtype=dtype)[{0}]",
            Prim::Eye => "torch.eye({n}, dtype=dtype)",
            Prim::Arange => "torch.arange({n})",
            Prim::Ones => "torch.ones({tuple}, dtype=dtype)",
            Prim::Zeros => "torch.zeros({tuple}, dtype=dtype)",
            Prim::Full => "torch.full({tuple}, {0}, dtype=dtype)",
            Prim::Inverse => "torch.linalg.inv({0})",
            Prim::PseudoInverse => "torch.linalg.pinv({0})",
            Prim::Det => "torch.linalg.det({0})",
            Prim::LogDet => "torch.linalg.slogdet({0})[1]",
            Prim::MatrixPower => "torch.linalg.matrix_power({0}, {count})",
            Prim::Norm => "torch.linalg.norm({0})",
            Prim::SpectralNorm => "torch.linalg.matrix_norm({0}, 2)",
            Prim::SpectralDirection => "spectral_direction({0})",
            Prim::Direction => "direction({0}, {count})",
            Prim::Diag => "torch.diag({0})",
            Prim::Kron => "torch.kron({0}, {1})",
            Prim::Reshape => "{.0}.reshape({sizes})",
            Prim::Broadcast => "{.0}.expand({sizes})",
            Prim::Permute => "torch.permute({0})",
        }
    }

    fn helpers(&self) -> &'static [Helper] {
        HELPERS
    }

    fn all_indexed(&self) -> bool {
        true
    }

    fn form(&self, w: &Writer<'_>, code: &Code) -> (String, Level) {
        python::form(w, code, WORDS)
    }

    fn statement(&self, w: &Writer<'_>, statement: &Statement) -> String {
        python::statement(w, statement, |names, lengths| {
            format!("{names} = grid({})", lengths.join(", "))
        })
    }
}

/// Functions of numbers that are no tensors.
fn plain(prim: Prim) -> &'static str {
    match prim {
        Prim::Exp => "math.exp({0})",
        Prim::Log => "math.log({0})",
        Prim::Sqrt => "math.sqrt({0})",
        Prim::Sin => "math.sin({0})",
        Prim::Cos => "math.cos({0})",
        Prim::Tan => "math.tan({0})",
        Prim::Tanh => "math.tanh({0})",
        Prim::Sigmoid => "1 / (1 + math.exp(-{.0}))",
        Prim::Softplus => "math.log1p(math.exp({0}))",
        Prim::Relu => "max({0}, 0)",
        Prim::Abs => "abs({0})",
        Prim::Sign => "float(({0} > 0) - ({0} < 0))",
        Prim::Maximum => "max({0}, {1})",
        Prim::Minimum => "min({0}, {1})",
        Prim::Not => "(not {.0})",
        Prim::Indicator => "float({0})",
        Prim::Full => "torch.full({tuple}, {0}, dtype=dtype)",
        _ => "{0}",
    }
}

/// A reduction. Maxima over several axes are `amax`; a product runs over one axis at a time.
pub(super) fn folded(w: &Writer<'_>, fold: Fold, a: &Code, axes: &[usize], list: &str) -> String {
    let all = axes.len() == a.rank;
    match fold {
        Fold::Max | Fold::Min => format!("torch.a{}({}, {list})", fold_word(fold), w.argument(a)),
        Fold::Prod if all => format!("torch.prod({})", w.argument(a)),
        Fold::Prod => {
            axes.iter().rev().fold(w.atom(a), |text, axis| format!("{text}.prod({axis})"))
        }
        _ if all => format!("torch.{}({})", fold_word(fold), w.argument(a)),
        _ => format!("{}.{}({list})", w.atom(a), fold_word(fold)),
    }
}

const HELPERS: &[Helper] = &[
    Helper {
        name: "maximum",
        text: "\
def maximum(a, b):
    return torch.where(a >= b, a, b)
",
    },
    Helper {
        name: "minimum",
        text: "\
def minimum(a, b):
    return torch.where(a <= b, a, b)
",
    },
    Helper {
        name: "first_max",
        text: "\
def first_max(x, axes):
    \"\"\"1 where the first greatest entry of the last `axes` axes stands, else 0.\"\"\"
    flat = x.reshape(*x.shape[:x.ndim - axes], -1)
    # The order of equal entries is fixed by hand: argmax leaves it open.
    hit = flat == flat.amax(-1, keepdim=True)
    return (hit & (hit.cumsum(-1) == 1)).to(x.dtype).reshape(x.shape)
",
    },
    Helper {
        name: "others",
        text: "\
def others(x, axes):
    \"\"\"The product of all other entries of the last `axes` axes.\"\"\"
    flat = x.reshape(*x.shape[:x.ndim - axes], -1)
    one = torch.ones_like(flat[..., :1])
    left = torch.cumprod(torch.cat([one, flat[..., :-1]], -1), -1)
    right = torch.cumprod(torch.cat([one, flat[..., 1:].flip(-1)], -1), -1).flip(-1)
    return (left * right).reshape(x.shape)
",
    },
    Helper {
        name: "direction",
        text: "\
def direction(x, axes):
    \"\"\"x / ||x|| over the last `axes` axes, 0 where x is 0.\"\"\"
    length = torch.sqrt((x * x).sum(tuple(range(-axes, 0)), keepdim=True))
    return x / torch.where(length == 0, 1, length)
",
    },
    Helper {
        name: "spectral_direction",
        text: "\
def spectral_direction(x):
    \"\"\"u v^T of the greatest singular value.\"\"\"
    u, _, vt = torch.linalg.svd(x, full_matrices=False)
    return u[..., :, :1] @ vt[..., :1, :]
",
    },
    Helper {
        name: "add_at",
        text: "\
def add_at(shape, place, value):
    \"\"\"Zeros of a shape, with the values added up at their places.\"\"\"
    place = torch.broadcast_tensors(*(torch.as_tensor(p) for p in place))
    return torch.zeros(shape, dtype=value.dtype).index_put(place, value, accumulate=True)
",
    },
    Helper {
        name: "pad",
        text: "\
def pad(x, margins):
    \"\"\"Zeros before and behind each axis.\"\"\"
    return torch.nn.functional.pad(x, [n for pair in reversed(margins) for n in pair])
",
    },
    Helper {
        name: "grid",
        text: "\
def grid(*lengths):
    \"\"\"The index of each axis, as arrays that fit together.\"\"\"
    return torch.meshgrid(*(torch.arange(n) for n in lengths), indexing='ij')
",
    },
];

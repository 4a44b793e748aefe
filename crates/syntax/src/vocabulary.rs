//! The words of the language: reserved words, functions, Greek letters and Unicode aliases.

use std::collections::BTreeSet;

/// Words that cannot be names.
pub const RESERVED: [&str; 11] =
    ["in", "per", "forall", "if", "where", "for", "layout", "expect", "and", "or", "not"];

/// Functions whose names cannot be declared.
pub const FUNCTIONS: [&str; 42] = [
    "exp",
    "log",
    "sqrt",
    "abs",
    "sign",
    "relu",
    "softplus",
    "sigmoid",
    "tanh",
    "sin",
    "cos",
    "tan",
    "sum",
    "mean",
    "max",
    "min",
    "prod",
    "softmax",
    "logsoftmax",
    "logsumexp",
    "cross_entropy",
    "argmax",
    "onehot",
    "inner",
    "tr",
    "det",
    "logdet",
    "pinv",
    "diag",
    "diagv",
    "kron",
    "vec",
    "flatten",
    "unflatten",
    "reshape",
    "rows",
    "cols",
    "count",
    "grad",
    "jac",
    "hess",
    "hvp",
];

/// Functions of the standard library, written in the language itself: soft as well.
pub const STANDARD_FUNCTIONS: [&str; 8] =
    ["gelu", "silu", "elu", "leaky_relu", "softsign", "dense", "layer_norm", "mean_square"];

/// Second spellings and constants: a declaration of such a name makes it a value in that file.
pub const SOFT_FUNCTIONS: [&str; 20] = [
    "jacr",
    "vecr",
    "inv",
    "matpow",
    "hadinv",
    "step",
    "max0",
    "delta",
    "unit",
    "pick",
    "normF2",
    "norm1",
    "norm2",
    "specnorm2",
    "rowsum",
    "colsum",
    "numel",
    "sym",
    "ones",
    "zeros",
];

/// Soft names that stand for a value, with or without an argument.
pub const SOFT_CONSTANTS: [&str; 4] = ["I", "pi", "ones", "zeros"];

/// Whether `word` is reserved.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// The ASCII spelling of a Greek letter inside a name.
pub fn greek(letter: char) -> Option<&'static str> {
    let table = [
        ('α', "alpha"),
        ('β', "beta"),
        ('γ', "gamma"),
        ('δ', "delta"),
        ('ε', "epsilon"),
        ('ζ', "zeta"),
        ('η', "eta"),
        ('θ', "theta"),
        ('ι', "iota"),
        ('κ', "kappa"),
        ('λ', "lambda"),
        ('μ', "mu"),
        ('ν', "nu"),
        ('ξ', "xi"),
        ('π', "pi"),
        ('ρ', "rho"),
        ('σ', "sigma"),
        ('τ', "tau"),
        ('υ', "upsilon"),
        ('φ', "phi"),
        ('χ', "chi"),
        ('ψ', "psi"),
        ('ω', "omega"),
        ('Γ', "Gamma"),
        ('Δ', "Delta"),
        ('Θ', "Theta"),
        ('Λ', "Lambda"),
        ('Ξ', "Xi"),
        ('Π', "Pi"),
        ('Σ', "Sigma"),
        ('Φ', "Phi"),
        ('Ψ', "Psi"),
        ('Ω', "Omega"),
        // The partial derivative's d: `∂J/∂W` is `dJ/dW`.
        ('∂', "d"),
    ];
    table.iter().find(|(l, _)| *l == letter).map(|(_, word)| *word)
}

/// A name in ASCII: Greek letters spelled out.
pub fn ascii_name(text: &str) -> String {
    match text {
        "∑" => return "sum".into(),
        "∀" => return "forall".into(),
        "∈" => return "in".into(),
        "ℝ" => return "R".into(),
        "ᵀ" => return "T".into(),
        _ => {}
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match greek(letter) {
            Some(word) => out.push_str(word),
            None => out.push(letter),
        }
    }
    out
}

/// The function names of one file: the closed list, the file's own `fn`s, and the soft names that
/// it does not declare.
#[derive(Clone, Debug, Default)]
pub struct FunctionNames {
    own: BTreeSet<String>,
    declared_soft: Vec<String>,
}

impl FunctionNames {
    /// Adds a `fn` of the file.
    pub fn add_function(&mut self, name: String) {
        self.own.insert(name);
    }

    /// Records that the file declares `name` as a value.
    pub fn declare(&mut self, name: &str) {
        let soft = SOFT_FUNCTIONS.contains(&name)
            || SOFT_CONSTANTS.contains(&name)
            || STANDARD_FUNCTIONS.contains(&name);
        if soft && !self.declared_soft.iter().any(|n| n == name) {
            self.declared_soft.push(name.into());
        }
    }

    /// Whether `name` is called, not multiplied.
    pub fn is_function(&self, name: &str) -> bool {
        if self.own.contains(name) {
            return !self.declared_soft.iter().any(|n| n == name);
        }
        if FUNCTIONS.contains(&name) {
            return true;
        }
        let soft = SOFT_FUNCTIONS.contains(&name) || STANDARD_FUNCTIONS.contains(&name);
        (soft || name == "I") && !self.declared_soft.iter().any(|n| n == name)
    }

    /// Whether `name` may stand without parentheses although it is a function (`I`, `ones`, `pi`).
    pub fn is_constant(&self, name: &str) -> bool {
        SOFT_CONSTANTS.contains(&name) && !self.declared_soft.iter().any(|n| n == name)
    }

    /// Whether a declaration of `name` must be refused.
    pub fn is_hard(&self, name: &str) -> bool {
        FUNCTIONS.contains(&name) || self.own.contains(name)
    }

    /// The file's own functions.
    pub fn own(&self) -> impl Iterator<Item = &str> {
        self.own.iter().map(String::as_str)
    }
}

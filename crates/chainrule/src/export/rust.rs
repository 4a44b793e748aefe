//! Rust, with the standard library alone: a small array type and what the formulas need of it.

use chainrule_graph::Size;

use super::code::{Code, Fold, Form, Infix, Place, Prim, Slot, Statement};
use super::length::Lengths;
use super::target::{Helper, Level, Target, Writer, affine, named, word};

/// The target.
pub(super) struct Rust;

impl Target for Rust {
    fn keywords(&self) -> &'static [&'static str] {
        super::names::RUST
    }

    fn lengths(&self) -> Lengths {
        Lengths::Rust
    }

    fn template(&self, prim: Prim, scalar: bool) -> &'static str {
        if scalar {
            return number(prim);
        }
        match prim {
            Prim::Exp => "{.0}.map(f64::exp)",
            Prim::Log => "{.0}.map(f64::ln)",
            Prim::Sqrt => "{.0}.map(f64::sqrt)",
            Prim::Sin => "{.0}.map(f64::sin)",
            Prim::Cos => "{.0}.map(f64::cos)",
            Prim::Tan => "{.0}.map(f64::tan)",
            Prim::Tanh => "{.0}.map(f64::tanh)",
            Prim::Sigmoid => "{.0}.map(sigmoid)",
            Prim::Softplus => "{.0}.map(softplus)",
            Prim::Relu => "{.0}.map(|z| z.max(0.0))",
            Prim::Abs => "{.0}.map(f64::abs)",
            Prim::Sign => "{.0}.map(sign)",
            Prim::Maximum => "{a0}.zip(&{a1}, f64::max)",
            Prim::Minimum => "{a0}.zip(&{a1}, f64::min)",
            Prim::Not => "{.0}.map(|z| 1.0 - z)",
            Prim::Indicator => "{0}",
            Prim::MatMul => "{.0}.dot({&1})",
            Prim::Outer => "{.0}.outer({&1})",
            Prim::Softmax => "{.0}.softmax({axis})",
            Prim::LogSoftmax => "{.0}.log_softmax({axis})",
            Prim::LogSumExp => "{.0}.logsumexp({axis})",
            Prim::ArgMax => "{.0}.argmax({axis})",
            Prim::FirstMax => "{.0}.first_max({count})",
            Prim::FirstMin => "(-{.0}).first_max({count})",
            Prim::Others => "{.0}.others({count})",
            Prim::OneHot => "{.0}.one_hot({n})",
            Prim::Eye => "Array::eye({n})",
            Prim::Arange => "Array::arange({n})",
            Prim::Ones => "Array::full(&[{sizes}], 1.0)",
            Prim::Zeros => "Array::full(&[{sizes}], 0.0)",
            Prim::Full => "Array::full(&[{sizes}], {0})",
            Prim::Inverse => "{.0}.inverse()",
            Prim::PseudoInverse => "{.0}.pinv()",
            Prim::Det => "{.0}.det()",
            Prim::LogDet => "{.0}.log_det()",
            Prim::MatrixPower => "{.0}.power({count})",
            Prim::Norm => "{.0}.norm()",
            Prim::SpectralNorm => "{.0}.spectral_norm()",
            Prim::SpectralDirection => "{.0}.spectral_direction()",
            Prim::Direction => "{.0}.direction({count})",
            Prim::Diag => "{.0}.diag()",
            Prim::Kron => "{.0}.kron({&1})",
            Prim::Reshape => "{.0}.reshape(&[{sizes}])",
            Prim::Broadcast => "{.0}.broadcast(&[{sizes}])",
            Prim::Permute => "{.0}.permute",
        }
    }

    fn helpers(&self) -> &'static [Helper] {
        &[]
    }

    fn refuses(&self, code: &Code) -> Option<String> {
        match &code.form {
            Form::Call { prim, args, .. }
                if ONE_BY_ONE.contains(prim) && args.iter().any(|a| a.rank > 2) =>
            {
                Some(
                    "the Rust target has linear algebra for one matrix, not for one a sample"
                        .into(),
                )
            }
            _ => None,
        }
    }

    fn ending(&self, prim: Prim, rank: usize) -> &'static str {
        if rank == 0 && gives_array(prim) { ".value()" } else { "" }
    }

    fn form(&self, w: &Writer<'_>, code: &Code) -> (String, Level) {
        form(w, code)
    }

    fn statement(&self, w: &Writer<'_>, statement: &Statement) -> String {
        match statement {
            // The closure of an access computes its indices itself.
            Statement::Grid(_) => String::new(),
            Statement::Let { name, code, note } => {
                let line = rust_line(w, name, code);
                match (note.is_empty(), line.len() > 72) {
                    (true, _) => line,
                    (_, true) => format!("// {note}\n{line}"),
                    _ => format!("{line:<55} // {note}"),
                }
            }
        }
    }
}

/// `let z = ..;`: arrays by reference, so that every name is one.
fn rust_line(w: &Writer<'_>, name: &str, code: &Code) -> String {
    match (&code.form, code.rank) {
        (_, 0) => format!("let {name} = {};", w.argument(code)),
        (Form::Name(other), _) => format!("let {name} = {other};"),
        _ => format!("let {name} = {};", w.reference(code)),
    }
}

/// Functions of numbers.
fn number(prim: Prim) -> &'static str {
    match prim {
        Prim::Exp => "{.0}.exp()",
        Prim::Log => "{.0}.ln()",
        Prim::Sqrt => "{.0}.sqrt()",
        Prim::Sin => "{.0}.sin()",
        Prim::Cos => "{.0}.cos()",
        Prim::Tan => "{.0}.tan()",
        Prim::Tanh => "{.0}.tanh()",
        Prim::Sigmoid => "sigmoid({0})",
        Prim::Softplus => "softplus({0})",
        Prim::Relu => "{.0}.max(0.0)",
        Prim::Abs => "{.0}.abs()",
        Prim::Sign => "sign({0})",
        Prim::Maximum => "{.0}.max({1})",
        Prim::Minimum => "{.0}.min({1})",
        Prim::Not => "!({0})",
        Prim::Indicator => "f64::from({0})",
        Prim::Full => "Array::full(&[{sizes}], {0})",
        Prim::OneHot => "Array::full(&[], {0}).one_hot({n})",
        Prim::Diag | Prim::Reshape => "{0}",
        _ => "{.0}",
    }
}

/// Matrices one by one: the small array type has no stacks of them.
const ONE_BY_ONE: &[Prim] = &[
    Prim::Inverse,
    Prim::PseudoInverse,
    Prim::Det,
    Prim::LogDet,
    Prim::MatrixPower,
    Prim::SpectralNorm,
    Prim::SpectralDirection,
];

/// Whether a function of an array gives an array even where the formula has a number.
fn gives_array(prim: Prim) -> bool {
    matches!(prim, Prim::LogSumExp | Prim::ArgMax | Prim::MatMul)
}

fn form(w: &Writer<'_>, code: &Code) -> (String, Level) {
    match &code.form {
        Form::Number(value) => {
            let level = if *value < 0.0 { Level::Minus } else { Level::Atom };
            (literal(*value), level)
        }
        Form::Size(size) => length_number(w, size),
        Form::Pi => ("std::f64::consts::PI".into(), Level::Atom),
        Form::Infix(op, a, b) => infix(w, *op, a, b),
        Form::Neg(a) => (format!("-{}", w.text(a, Level::Minus)), Level::Minus),
        Form::Permute(a, order) if order == &[1, 0] => (format!("{}.t()", w.atom(a)), Level::Atom),
        Form::Permute(a, order) => {
            let order: Vec<String> = order.iter().map(ToString::to_string).collect();
            (format!("{}.permute(&[{}])", w.atom(a), order.join(", ")), Level::Atom)
        }
        Form::Expand(a, own) => {
            let new: Vec<String> =
                (0..own.len()).filter(|i| !own[*i]).map(|i| i.to_string()).collect();
            let base = if a.rank == 0 {
                format!("Array::full(&[], {})", w.argument(a))
            } else {
                w.atom(a)
            };
            (format!("{base}.expand(&[{}])", new.join(", ")), Level::Atom)
        }
        Form::Pick(a, at) => (picked(w, a, at, code.rank), Level::Atom),
        Form::Einsum { inputs, output, args } => (einsum(w, inputs, output, args), Level::Atom),
        Form::Fold(fold, a, axes) => (folded(w, *fold, a, axes), Level::Atom),
        Form::Gather { of, place } => {
            let lengths = w.lengths(&place.lengths);
            let (base, at) = (w.atom(of), closure(w, place));
            (format!("{base}.gather([{lengths}], {at})"), Level::Atom)
        }
        Form::Scatter { value, place, dims } => {
            let (base, at) = (w.atom(value), closure(w, place));
            (format!("{base}.scatter([{}], {at})", w.lengths(dims)), Level::Atom)
        }
        Form::Pad(a, margins) => {
            let pair = |(x, y): &(Size, Size)| format!("({}, {})", w.length(x), w.length(y));
            let all: Vec<String> = margins.iter().map(pair).collect();
            (format!("{}.pad(&[{}])", w.atom(a), all.join(", ")), Level::Atom)
        }
        Form::Slice(a, parts) => {
            let part = |p: &Option<(Size, Size)>| match p {
                Some((x, y)) => format!("Some(({}, {}))", w.length(x), w.length(y)),
                None => "None".into(),
            };
            let all: Vec<String> = parts.iter().map(part).collect();
            (format!("{}.slice(&[{}])", w.atom(a), all.join(", ")), Level::Atom)
        }
        Form::Name(_) | Form::Call { .. } => (String::new(), Level::Atom),
    }
}

/// A length as a number: `n as f64`.
fn length_number(w: &Writer<'_>, size: &Size) -> (String, Level) {
    let (whole, parts) = super::length::parts(w.module, size);
    if parts > 1 {
        return (format!("({whole}) as f64 / {parts}.0"), Level::Product);
    }
    let (text, level) = super::length::text(w.module, size, Lengths::Rust, false);
    if text.chars().all(|c| c.is_ascii_digit()) {
        return (format!("{text}.0"), Level::Atom);
    }
    let text = if level < Level::Atom { format!("({text})") } else { text };
    (format!("{text} as f64"), Level::Product)
}

/// `2.0`, `1e-6`
pub(super) fn literal(value: f64) -> String {
    if value.is_nan() {
        "f64::NAN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "f64::INFINITY".into() } else { "-f64::INFINITY".into() }
    } else {
        format!("{value:?}")
    }
}

/// An array, also of a number.
pub(super) fn array(w: &Writer<'_>, code: &Code) -> String {
    if code.rank == 0 { format!("Array::full(&[], {})", w.argument(code)) } else { w.atom(code) }
}

fn infix(w: &Writer<'_>, op: Infix, a: &Code, b: &Code) -> (String, Level) {
    let numbers = a.rank == 0 && b.rank == 0;
    let integer = match b.form {
        Form::Number(value) if value.fract() == 0.0 && value.abs() < 1e9 => Some(value as i64),
        _ => None,
    };
    match (op, numbers) {
        (Infix::Add | Infix::Sub | Infix::Mul | Infix::Div, _) => match (op, &b.form) {
            (Infix::Add, Form::Neg(minus)) => w.between(Infix::Sub, a, minus, "-"),
            _ => w.between(op, a, b, word(op)),
        },
        (Infix::Power, true) => {
            let text = match integer {
                Some(k) => format!("{}.powi({k})", w.atom(a)),
                None => format!("{}.powf({})", w.atom(a), w.argument(b)),
            };
            (text, Level::Atom)
        }
        (Infix::Power, false) => {
            let text = match integer {
                Some(k) => format!("{}.map(|v| v.powi({k}))", w.atom(a)),
                None if b.rank == 0 && a.rank > 0 => {
                    format!("{}.map(|v| v.powf({}))", w.atom(a), w.argument(b))
                }
                None => format!("{}.zip(&{}, f64::powf)", array(w, a), array(w, b)),
            };
            (text, Level::Atom)
        }
        (Infix::And, true) => w.between(op, a, b, "&&"),
        (Infix::Or, true) => w.between(op, a, b, "||"),
        (Infix::And, false) => {
            (format!("{}.zip(&{}, f64::min)", array(w, a), array(w, b)), Level::Atom)
        }
        (Infix::Or, false) => {
            (format!("{}.zip(&{}, f64::max)", array(w, a), array(w, b)), Level::Atom)
        }
        (Infix::Compare(_), true) => w.between(op, a, b, word(op)),
        (Infix::Compare(_), false) if b.rank == 0 && a.rank > 0 => {
            let text = format!(
                "{}.map(|z| f64::from(z {} {}))",
                w.atom(a),
                word(op),
                w.text(b, Level::Sum)
            );
            (text, Level::Atom)
        }
        (Infix::Compare(_), false) => {
            let both = format!("&{}, |a, b| f64::from(a {} b)", array(w, b), word(op));
            (format!("{}.zip({both})", array(w, a)), Level::Atom)
        }
    }
}

fn picked(w: &Writer<'_>, a: &Code, at: &[Option<Size>], rank: usize) -> String {
    if rank == 0 {
        let at: Vec<String> = at.iter().flatten().map(|s| w.length(s)).collect();
        return format!("{}.at(&[{}])", w.atom(a), at.join(", "));
    }
    let slot = |s: &Option<Size>| match s {
        Some(s) => format!("Some({})", w.length(s)),
        None => "None".into(),
    };
    let slots: Vec<String> = at.iter().map(slot).collect();
    format!("{}.pick(&[{}])", w.atom(a), slots.join(", "))
}

fn folded(w: &Writer<'_>, fold: Fold, a: &Code, axes: &[usize]) -> String {
    let base = w.atom(a);
    let list: Vec<String> = axes.iter().map(ToString::to_string).collect();
    let list = list.join(", ");
    let all = axes.len() == a.rank;
    match fold {
        Fold::Sum if all => format!("{base}.total()"),
        Fold::Mean if all => format!("{base}.average()"),
        Fold::Sum => format!("{base}.sum(&[{list}])"),
        Fold::Mean => format!("{base}.mean(&[{list}])"),
        Fold::Max | Fold::Min | Fold::Prod => {
            let (start, function) = match fold {
                Fold::Max => ("f64::NEG_INFINITY", "f64::max"),
                Fold::Min => ("f64::INFINITY", "f64::min"),
                _ => ("1.0", "|a, b| a * b"),
            };
            let end = if all { ".value()" } else { "" };
            format!("{base}.fold(&[{list}], {start}, {function}){end}")
        }
    }
}

fn einsum(w: &Writer<'_>, inputs: &[Vec<char>], output: &[char], args: &[Code]) -> String {
    let inputs: Vec<String> = inputs.iter().map(|l| l.iter().collect()).collect();
    let args: Vec<String> = args.iter().map(|a| w.reference(a)).collect();
    let (left, right) = (inputs.join(","), output.iter().collect::<String>());
    let end = if output.is_empty() { ".value()" } else { "" };
    format!("einsum(\"{left}->{right}\", &[{}]){end}", args.join(", "))
}

/// `|[n, u, i]| [n, u + i]`: from the axes of the gathered array to those of the other.
fn closure(w: &Writer<'_>, place: &Place) -> String {
    format!("|[{}]| [{}]", place.axes.join(", "), slots(w, place))
}

fn slots(w: &Writer<'_>, place: &Place) -> String {
    let slot = |s: &Slot| match s {
        Slot::All(at) => place.axes[*at].clone(),
        Slot::Map(terms, constant) => {
            affine(&named(place, terms), w.length(constant), *constant == Size::number(0))
        }
        Slot::Label(code, own) => {
            if code.rank == 0 {
                return format!("{} as usize", w.atom(code));
            }
            let at: Vec<&str> = own.iter().map(|at| place.grid[*at].0.as_str()).collect();
            format!("{}.at(&[{}]) as usize", w.atom(code), at.join(", "))
        }
    };
    place.slots.iter().map(slot).collect::<Vec<_>>().join(", ")
}

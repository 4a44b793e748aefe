//! What languages differ in, and the writing of formulas that they share.

use chainrule_graph::{Module, Size};
use chainrule_syntax::ast::Comparison;

use super::code::{Code, Fold, Form, Infix, Place, Prim, Statement};
use super::length::{self, Lengths};

/// How tightly an expression holds together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    Any,
    Compare,
    Or,
    And,
    Sum,
    Product,
    MatMul,
    Minus,
    Power,
    Atom,
}

/// A function of a target that is not in its library.
#[derive(Clone, Copy, Debug)]
pub(super) struct Helper {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// A language with a library of arrays.
pub(super) trait Target {
    /// Words that cannot be names.
    fn keywords(&self) -> &'static [&'static str];

    /// How a function is written: `{0}` is an argument, `{.0}` one that something is attached to,
    /// `{axis}` the axis, `{sizes}` lengths. `scalar`: of a number of the language itself.
    fn template(&self, prim: Prim, scalar: bool) -> &'static str;

    /// The functions that are written out where they are used.
    fn helpers(&self) -> &'static [Helper];

    /// How lengths are written.
    fn lengths(&self) -> Lengths {
        Lengths::Python
    }

    /// Whether a scatter needs an index for every axis.
    fn all_indexed(&self) -> bool {
        false
    }

    /// Why an expression has no form in this language, in a sentence.
    fn refuses(&self, _: &Code) -> Option<String> {
        None
    }

    /// What stands behind a call that gives an array where the formula has a number.
    fn ending(&self, _: Prim, _: usize) -> &'static str {
        ""
    }

    /// An expression that is not a template.
    fn form(&self, w: &Writer<'_>, code: &Code) -> (String, Level);

    /// A statement.
    fn statement(&self, w: &Writer<'_>, statement: &Statement) -> String;
}

/// Writes formulas of one module for one target.
#[derive(Clone, Copy)]
pub(super) struct Writer<'a> {
    pub module: &'a Module,
    pub target: &'a dyn Target,
}

impl Writer<'_> {
    /// The text of an expression, in parentheses if it holds less tightly than `level`.
    pub(super) fn text(&self, code: &Code, level: Level) -> String {
        let (text, own) = self.expression(code);
        if own < level { format!("({text})") } else { text }
    }

    /// An argument between commas.
    pub(super) fn argument(&self, code: &Code) -> String {
        self.text(code, Level::Any)
    }

    /// Something that a call or an index is attached to.
    pub(super) fn atom(&self, code: &Code) -> String {
        match code.form {
            // A method of a number needs its type.
            Form::Number(value) if self.is_rust() && value >= 0.0 => format!("{value:?}_f64"),
            Form::Number(value) if self.is_rust() => format!("({value:?}_f64)"),
            _ => self.text(code, Level::Atom),
        }
    }

    /// A length.
    pub(super) fn length(&self, size: &Size) -> String {
        length::text(self.module, size, self.target.lengths(), false).0
    }

    /// Lengths between commas.
    pub(super) fn lengths(&self, sizes: &[Size]) -> String {
        sizes.iter().map(|s| self.length(s)).collect::<Vec<_>>().join(", ")
    }

    fn expression(&self, code: &Code) -> (String, Level) {
        match &code.form {
            Form::Name(name) => (name.clone(), Level::Atom),
            Form::Call { prim, args, axis, sizes } => self.call(code, *prim, args, *axis, sizes),
            _ => self.target.form(self, code),
        }
    }

    fn call(
        &self,
        code: &Code,
        prim: Prim,
        args: &[Code],
        axis: Option<usize>,
        sizes: &[Size],
    ) -> (String, Level) {
        let scalar = args.iter().all(|a| if self.is_rust() { a.rank == 0 } else { a.plain });
        let template = self.target.template(prim, scalar && !args.is_empty());
        let mut out = String::new();
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            let close = rest[open..].find('}').map_or(rest.len() - 1, |i| open + i);
            out.push_str(&self.hole(&rest[open + 1..close], code, args, axis, sizes));
            rest = &rest[close + 1..];
        }
        out.push_str(rest);
        out.push_str(self.target.ending(prim, code.rank));
        let level = match prim {
            Prim::MatMul if !self.is_rust() => Level::MatMul,
            Prim::Indicator if out.ends_with(')') || !out.contains(' ') => Level::Atom,
            Prim::Indicator => Level::Any,
            _ => Level::Atom,
        };
        (out, level)
    }

    fn is_rust(&self) -> bool {
        self.target.lengths() == Lengths::Rust
    }

    fn hole(
        &self,
        word: &str,
        code: &Code,
        args: &[Code],
        axis: Option<usize>,
        sizes: &[Size],
    ) -> String {
        let input = args.first().map_or(0, |a| a.rank);
        match word {
            "axis" => match axis {
                // The last axis, whatever stands in front.
                Some(axis) if axis + 1 == input && !self.is_rust() => "-1".into(),
                Some(axis) => axis.to_string(),
                None => "-1".into(),
            },
            "count" => axis.unwrap_or(code.rank).to_string(),
            "sizes" => self.lengths(sizes),
            "tuple" => match sizes {
                [one] => format!("({},)", self.length(one)),
                more => format!("({})", self.lengths(more)),
            },
            "a0" | "a1" => {
                let at = usize::from(word == "a1");
                args.get(at).map_or(String::new(), |a| super::rust::array(self, a))
            }
            "n" => sizes.first().map_or(String::new(), |s| self.length(s)),
            // A matrix product is written from left to right.
            "left" => self.text(&args[0], Level::MatMul),
            "right" => self.text(&args[1], Level::Minus),
            _ => {
                let (mark, digits) = match word.strip_prefix(['.', '&']) {
                    Some(digits) => (word.chars().next(), digits),
                    None => (None, word),
                };
                let Some(arg) = digits.parse().ok().and_then(|i: usize| args.get(i)) else {
                    return String::new();
                };
                match mark {
                    Some('.') => self.atom(arg),
                    Some(_) => self.reference(arg),
                    None => self.argument(arg),
                }
            }
        }
    }

    /// In Rust: an array by reference. Names are references already.
    pub(super) fn reference(&self, code: &Code) -> String {
        match code.form {
            Form::Name(_) => self.argument(code),
            _ if code.rank == 0 => self.argument(code),
            _ => format!("&{}", self.atom(code)),
        }
    }

    /// `a + b` with parentheses where they are needed.
    pub(super) fn between(&self, op: Infix, a: &Code, b: &Code, word: &str) -> (String, Level) {
        let level = level_of(op);
        let left = match (op, &a.form) {
            (Infix::Mul, Form::Call { prim: Prim::MatMul, .. }) => Level::Minus,
            (Infix::Compare(_), _) => Level::Sum,
            (Infix::Power, _) => Level::Atom,
            _ => level,
        };
        let right = match op {
            Infix::Power => Level::Minus,
            Infix::Add | Infix::Sub => Level::Product,
            Infix::Mul | Infix::Div => Level::Minus,
            Infix::Compare(_) => Level::Sum,
            Infix::And | Infix::Or => Level::Sum,
        };
        (format!("{} {word} {}", self.text(a, left), self.text(b, right)), level)
    }
}

/// How tightly an operator holds.
pub(super) fn level_of(op: Infix) -> Level {
    match op {
        Infix::Add | Infix::Sub => Level::Sum,
        Infix::Mul | Infix::Div => Level::Product,
        Infix::Power => Level::Power,
        Infix::And => Level::And,
        Infix::Or => Level::Or,
        Infix::Compare(_) => Level::Compare,
    }
}

/// The operator in Python and Rust alike.
pub(super) fn word(op: Infix) -> &'static str {
    match op {
        Infix::Add => "+",
        Infix::Sub => "-",
        Infix::Mul => "*",
        Infix::Div => "/",
        Infix::Power => "**",
        Infix::And => "&",
        Infix::Or => "|",
        Infix::Compare(comparison) => match comparison {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterEqual => ">=",
        },
    }
}

/// The function of a fold.
pub(super) fn fold_word(fold: Fold) -> &'static str {
    match fold {
        Fold::Sum => "sum",
        Fold::Mean => "mean",
        Fold::Max => "max",
        Fold::Min => "min",
        Fold::Prod => "prod",
    }
}

/// `2 * i + j - 1`: an index of a place, its variables by name.
pub(super) fn affine(terms: &[(String, i64)], constant: String, zero: bool) -> String {
    let mut sorted = terms.to_vec();
    // What is subtracted comes last, so that nothing on the way is negative.
    sorted.sort_by_key(|(_, k)| *k < 0);
    let mut out = String::new();
    let mut constant = (!zero).then_some(constant);
    for (name, k) in &sorted {
        if *k < 0
            && let Some(c) = constant.take()
        {
            if !out.is_empty() {
                out.push_str(" + ");
            }
            out.push_str(&c);
        }
        let term = match k.unsigned_abs() {
            1 => name.clone(),
            k => format!("{k} * {name}"),
        };
        out.push_str(match (out.is_empty(), *k < 0) {
            (true, true) => "-",
            (true, false) => "",
            (false, true) => " - ",
            (false, false) => " + ",
        });
        out.push_str(&term);
    }
    if let Some(c) = constant {
        if !out.is_empty() && !c.starts_with('-') {
            out.push_str(" + ");
        }
        if let Some(positive) = c.strip_prefix('-').filter(|_| !out.is_empty()) {
            out.push_str(" - ");
            out.push_str(positive);
        } else {
            out.push_str(&c);
        }
    }
    if out.is_empty() { "0".into() } else { out }
}

/// The terms of a map with the names of a place's indices.
pub(super) fn named(place: &Place, terms: &[(usize, i64)]) -> Vec<(String, i64)> {
    terms.iter().map(|(at, k)| (place.grid[*at].0.clone(), *k)).collect()
}

//! Names: what they mean, and what to say when they mean nothing.

use chainrule_syntax::suggest::nearest;
use chainrule_syntax::{Diagnostic, Span};

use super::{Elaborator, Meaning, Value};
use crate::op::Op;
use crate::size::Size;
use crate::types::Type;

/// Words that end a claim: a misspelt one is read as a name.
const CLAUSES: [&str; 5] = ["if", "where", "for", "layout", "expect"];

impl Elaborator<'_> {
    /// A name as a value.
    pub(crate) fn name_value(&mut self, name: &str, span: Span, want: Option<&Type>) -> Value {
        let Some((meaning, declared)) = self.scope.get(name) else {
            return self.constant_name(name, span, want);
        };
        let op = match meaning {
            Meaning::Symbol(id) => Op::Symbol { id: *id, ty: self.out.symbol(*id).ty.clone() },
            Meaning::Term(node) => {
                let node = *node;
                self.note_use(node, span);
                return Some(node);
            }
            Meaning::Size(size) => Op::SizeNumber { size: size.clone() },
            Meaning::Index(axis) => Op::IndexNumber { axis: *axis },
            Meaning::Unknown => return None,
            Meaning::Family(_) | Meaning::SizeFamily(_) => {
                return self.family_as_value(name, span, declared);
            }
        };
        let node = self.leaf(op, span)?;
        self.note_use(node, span);
        Some(node)
    }

    /// Remembers the type of a name in the file where it is used; for the members of a family the
    /// first one, and the next with other dims.
    pub(crate) fn note_use(&mut self, node: crate::index::NodeId, span: Span) {
        if self.foreign.is_some() || !self.expanding.is_empty() {
            return;
        }
        if let Some(further) = self.member {
            let known = self.noted.insert(span, node);
            let alike = known.is_some_and(|known| self.ty(known).dims == self.ty(node).dims);
            if further && alike {
                return;
            }
        }
        let ty = self.type_of(node);
        self.out.uses.push((span, ty));
    }

    fn family_as_value(&mut self, name: &str, span: Span, declared: Span) -> Value {
        let numbers: Vec<u64> = match self.scope.get(name) {
            Some((Meaning::Family(members), _)) => members.keys().take(6).copied().collect(),
            Some((Meaning::SizeFamily(members), _)) => members.keys().take(6).copied().collect(),
            _ => Vec::new(),
        };
        let members: Vec<String> = numbers.iter().map(|m| format!("{name}[{m}]")).collect();
        let message = format!("`{name}` is a family; a member is needed: {}", members.join(", "));
        let found = Diagnostic::error("family-without-member", message, span, "")
            .label(declared, "declared here");
        self.fail(found)
    }

    /// `I`, `pi`, `ones`, `zeros` without arguments, or an undefined name.
    fn constant_name(&mut self, name: &str, span: Span, want: Option<&Type>) -> Value {
        match (name, want) {
            ("pi", _) => self.leaf(Op::Pi, span),
            ("I", Some(ty)) => match ty.matrix() {
                Some((n, m)) if n == m && !ty.is_scalar() => self.leaf(Op::Identity { n }, span),
                _ => {
                    let is = self.context().shape(ty);
                    let message = format!("the identity is square, the context asks for {is}");
                    self.error("identity-shape", message, span, "")
                }
            },
            ("ones", Some(ty)) => self.leaf(Op::Ones { dims: ty.dims.clone() }, span),
            ("zeros", Some(ty)) => self.leaf(Op::Zeros { dims: ty.dims.clone() }, span),
            ("I" | "ones" | "zeros", None) => {
                let message = format!("the size of `{name}` does not follow from the context");
                let found = Diagnostic::error("size-of-constant", message, span, "")
                    .note(format!("write it: `{name}(n)`"));
                self.fail(found)
            }
            _ => self.undefined(name, span),
        }
    }

    /// Reports a name that means nothing here.
    pub(crate) fn undefined<T>(&mut self, name: &str, span: Span) -> Option<T> {
        if let Some((place, word)) = self.later.get(name).copied()
            && place.start > span.start
            && self.foreign.is_none()
        {
            let line = self.line_of(place);
            let message = format!("`{name}` is used before its definition in line {line}");
            let found = Diagnostic::error("used-before-definition", message, span, "used here")
                .label(place, "defined here")
                .note(format!("move the block `{}` up", word.text()));
            return self.fail(found);
        }
        if name == "d" && self.behind(span).starts_with("/d") {
            return self.operator_form(span);
        }
        // What stands behind a misspelt clause word is no value either.
        let misread = self.undefined.contains("");
        if misread || self.is_second_differential(name, span) || !self.undefined.insert(name.into())
        {
            return None;
        }
        if let Some(found) = self.differential_with_blanks(name, span) {
            return self.fail(found);
        }
        if self.later.get(name).is_some_and(|(place, _)| place.start < span.start)
            && self.foreign.is_none()
        {
            let family = self.behind(span).starts_with('[');
            let message = if family {
                format!("the family `{name}` has no first member yet: `{name}[0] = ..`")
            } else {
                format!("`{name}` is used in its own definition")
            };
            return self.error("self-reference", message, span, "");
        }
        let message = format!("`{name}` is not defined");
        let mut found = Diagnostic::error("undefined-name", message, span, "not defined");
        if let Some(near) = self.nearest_name(name) {
            found = found.replace(format!("did you mean `{near}`?"), span, near);
        } else if self.in_claim
            && let Some(clause) = nearest(name, CLAUSES)
        {
            self.undefined.insert(String::new());
            found = found.replace(format!("did you mean the clause `{clause}`?"), span, clause);
        } else if let Some(function) = function_near(name) {
            found =
                found.replace(format!("did you mean the function `{function}`?"), span, function);
        }
        self.fail(found)
    }

    /// The text behind a place.
    pub(crate) fn behind(&self, span: Span) -> &str {
        self.text.get(span.end as usize..).unwrap_or("")
    }

    /// `dJ / dx` with blanks, where `J` is a name and `dJ` is none.
    fn differential_with_blanks(&self, name: &str, span: Span) -> Option<Diagnostic> {
        let of = name.strip_prefix('d').filter(|of| self.is_name(of))?;
        let behind = self.behind(span);
        if !behind.trim_start_matches([' ', '\t']).starts_with('/') {
            return None;
        }
        let line = behind.lines().next()?;
        let below = line.trim_start().strip_prefix('/')?.trim_start();
        let by: String =
            below.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let variable = by.strip_prefix('d').filter(|by| !by.is_empty())?;
        let end = span.end as usize + (line.len() - below.len()) + by.len();
        let whole = Span::new(span.start as usize, end);
        let text = format!("d{of}/d{variable}");
        let message = format!("`{name}` is not defined; a derivative has no blanks: `{text}`");
        Some(Diagnostic::error("derivative-blanks", message, whole, "read as a quotient").replace(
            format!("write `{text}`"),
            whole,
            &text,
        ))
    }

    /// The `dx` of `dJ / dx` or `d/dx`: its first half is reported already.
    fn is_second_differential(&self, name: &str, span: Span) -> bool {
        name.starts_with('d')
            && self.text.get(..span.start as usize).is_some_and(|t| t.trim_end().ends_with('/'))
            && self.diagnostics.iter().any(|d| {
                matches!(d.code, "derivative-blanks" | "operator-form") && d.span().contains(span)
            })
    }

    /// `d/dx f(x)`
    fn operator_form<T>(&mut self, span: Span) -> Option<T> {
        let rest = self.behind(span).get(2..).unwrap_or("");
        let variable: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let whole = Span::new(span.start as usize, span.end as usize + 2 + variable.len());
        let message = "there is no operator form of the derivative";
        let mut found = Diagnostic::error("operator-form", message, whole, "").note(format!(
            "`f'({variable})` for a function, `grad(expr, {variable})` for an expression"
        ));
        let line = self.behind(whole).lines().next().unwrap_or("");
        let call = line.trim_start();
        if let Some(open) = call.find('(')
            && call[..open].chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && open > 0
        {
            let start = whole.end as usize + (line.len() - call.len());
            let place = whole.to(Span::new(start, start + open));
            let prime = format!("{}'", &call[..open]);
            found = found.replace(format!("the derivative of `{}`", &call[..open]), place, prime);
        }
        self.fail(found)
    }

    /// Whether `name` means anything here.
    pub(crate) fn is_name(&self, name: &str) -> bool {
        self.scope.get(name).is_some()
    }

    /// Reports a second definition; `true` if the name is free.
    pub(crate) fn check_free(&mut self, name: &str, span: Span) -> bool {
        let Some((meaning, declared)) = self.scope.get(name) else { return true };
        let what = match meaning {
            Meaning::Size(_) => "a size".to_string(),
            Meaning::Index(_) => "an index".into(),
            Meaning::Symbol(id) => role_text(&self.out.symbol(*id).role).into(),
            Meaning::Family(_) | Meaning::SizeFamily(_) => "a family".into(),
            Meaning::Term(_) => "a local name".into(),
            // Its first definition is broken and reported.
            Meaning::Unknown => return true,
        };
        let line = self.line_of(declared);
        let message = format!("`{name}` is already {what} (line {line})");
        let found = Diagnostic::error("defined-twice", message, span, "defined again")
            .label(declared, "first defined here")
            .note("a file has one name space; choose another name");
        self.report(found);
        false
    }

    /// A size as the literal text of a repair.
    pub(crate) fn size_text(&self, size: &Size) -> String {
        self.out.sizes.text(size)
    }
}

pub(crate) fn role_text(role: &crate::module::Role) -> &'static str {
    use crate::module::Role;
    match role {
        Role::Data => "data",
        Role::Param(_) => "a parameter",
        Role::Noise(_) => "noise",
        Role::Given(_) => "a given value",
        Role::Const(_) => "a constant",
        Role::Defined => "defined",
        Role::Metric => "a quantity of `show`",
        Role::Local => "a name of the optimizer",
        Role::Derived => "a derivative",
    }
}

fn function_near(name: &str) -> Option<&'static str> {
    use chainrule_syntax::vocabulary::{FUNCTIONS, STANDARD_FUNCTIONS};
    nearest(name, FUNCTIONS.iter().chain(&STANDARD_FUNCTIONS).copied())
}

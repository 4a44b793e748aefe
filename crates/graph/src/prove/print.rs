//! Normal forms as formulas.

use std::collections::BTreeMap;

use chainrule_syntax::ast::{
    Arg, BigForm, BigOp, Binder, Comparison, Expr, ExprKind, Factor, Index, Name, Number,
    ProductOp, Sign,
};
use chainrule_syntax::{Span, print};

use super::Prover;
use super::atoms::holes;
use super::ix::{Base, Ix, PARAM, Var};
use super::term::{Atom, Kind, Mono, Poly};
use crate::size::{Ratio, Size};

/// Letters for indices.
const LETTERS: [&str; 14] = ["i", "j", "k", "l", "m", "n", "p", "q", "r", "s", "t", "u", "v", "w"];

fn e(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn name(text: impl Into<String>) -> Expr {
    e(ExprKind::Name(text.into()))
}

fn number(text: String) -> Expr {
    let value = text.parse().unwrap_or(0.0);
    e(ExprKind::Number(Number { text, value, span: Span::default() }))
}

fn ident(text: &str) -> Name {
    Name { text: text.into(), span: Span::default() }
}

fn call(function: &str, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|value| Arg { name: None, value }).collect();
    e(ExprKind::Call { function: ident(function), primes: 0, args })
}

fn paren(x: Expr) -> Expr {
    match x.kind {
        ExprKind::Sum(_)
        | ExprKind::Product { .. }
        | ExprKind::Negative(_)
        | ExprKind::Big { .. } => e(ExprKind::Paren(Box::new(x))),
        _ => x,
    }
}

fn ratio(value: Ratio) -> Expr {
    let whole = |n: i128| number(n.unsigned_abs().to_string());
    let top = whole(value.numerator());
    if value.denominator() == 1 {
        return top;
    }
    product(vec![top, whole(value.denominator())], ProductOp::Slash)
}

fn product(factors: Vec<Expr>, op: ProductOp) -> Expr {
    let mut factors = factors.into_iter();
    let Some(first) = factors.next() else { return number("1".into()) };
    let span = Span::default();
    let rest: Vec<Factor> = factors.map(|value| Factor { op, op_span: span, value }).collect();
    if rest.is_empty() {
        return first;
    }
    e(ExprKind::Product { first: Box::new(first), rest })
}

fn indicator(op: Comparison, a: Expr, b: Expr) -> Expr {
    let test = ExprKind::Compare(op, Box::new(a), Box::new(b));
    e(ExprKind::Indicator(Box::new(e(test))))
}

fn word_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Exp => "exp",
        Kind::Log => "log",
        Kind::Sin => "sin",
        _ => "cos",
    }
}

fn power(base: Expr, exponent: Ratio) -> Expr {
    if exponent == Ratio::ONE {
        return base;
    }
    if (exponent.numerator(), exponent.denominator()) == (1, 2) {
        let inner = match base.kind {
            ExprKind::Paren(inner) => *inner,
            _ => base,
        };
        return call("sqrt", vec![inner]);
    }
    let mut of = ratio(exponent);
    if exponent.denominator() > 1 {
        of = paren(of);
    }
    if exponent.is_negative() {
        of = e(ExprKind::Negative(Box::new(of)));
    }
    e(ExprKind::Power(Box::new(paren(base)), Box::new(of)))
}

/// The text of an atom, for a sentence.
pub(crate) fn atom_text(prover: &Prover<'_>, atom: &Atom) -> String {
    let mut printer = Printer::new(prover);
    print::expr(&printer.atom(atom, &BTreeMap::new(), 0))
}

/// What prints a proof: every free variable gets one letter.
pub(crate) struct Printer<'p, 'm> {
    prover: &'p Prover<'m>,
    names: BTreeMap<Var, String>,
    used: Vec<String>,
}

type Names = BTreeMap<Var, Ix>;

impl<'p, 'm> Printer<'p, 'm> {
    pub(crate) fn new(prover: &'p Prover<'m>) -> Printer<'p, 'm> {
        let module = prover.module;
        let mut used: Vec<String> = module.symbols.iter().map(|s| s.name.clone()).collect();
        used.extend(module.sizes.base().map(|(_, d)| d.name.clone()));
        let mut names = BTreeMap::new();
        for (axis, var) in prover.named_axes() {
            let text = &module.axes.get(axis).name;
            if !module.axes.is_batch(axis) && !used.contains(text) {
                names.insert(var, text.clone());
                used.push(text.clone());
            }
        }
        Printer { prover, names, used }
    }

    fn letter(&mut self) -> String {
        let fresh = |used: &Vec<String>| {
            let plain = LETTERS.iter().map(|l| (*l).to_string());
            let numbered = (1..).flat_map(|k| LETTERS.iter().map(move |l| format!("{l}{k}")));
            plain.chain(numbered).find(|l| !used.contains(l))
        };
        let text = fresh(&self.used).unwrap_or_default();
        self.used.push(text.clone());
        text
    }

    fn size(&self, size: &Size) -> Expr {
        let mut terms = Vec::new();
        for (names, value) in size.terms() {
            let minus = value.is_negative();
            let value =
                if minus { value.times(super::close::MINUS).unwrap_or(*value) } else { *value };
            let mut factors = Vec::new();
            if value != Ratio::ONE || names.is_empty() {
                factors.push(paren(ratio(value)));
            }
            for (id, exponent) in names {
                let text = name(self.prover.module.sizes.get(*id).name.clone());
                factors.push(power(text, Ratio::whole_number(i128::from(*exponent))));
            }
            let sign = if minus { Sign::Minus } else { Sign::Plus };
            terms.push((sign, product(factors, ProductOp::Juxtaposition)));
        }
        summed(terms)
    }

    fn ix(&mut self, ix: &Ix, map: &Names) -> Expr {
        let Some(ix) = ix.put(&|v| map.get(&v).cloned()) else { return name("..") };
        let (terms, constant) = ix.parts();
        let mut sum = Vec::new();
        for (base, by) in terms {
            let own = match base {
                Base::Var(var) => {
                    let text = match self.names.get(&var) {
                        Some(text) => text.clone(),
                        None => {
                            let text = self.letter();
                            self.names.insert(var, text.clone());
                            text
                        }
                    };
                    name(text)
                }
                Base::Label(atom) => self.atom(&atom, map, 0),
            };
            let minus = !by.is_never_negative();
            let by = if minus { super::places::negative(&by).unwrap_or(by) } else { by };
            let term = match by.is_one() {
                true => own,
                false => product(vec![paren(self.size(&by)), own], ProductOp::Juxtaposition),
            };
            sum.push((if minus { Sign::Minus } else { Sign::Plus }, term));
        }
        if constant != Size::number(0) || sum.is_empty() {
            let minus = !constant.is_never_negative();
            let own = if minus {
                super::places::negative(&constant).unwrap_or(constant)
            } else {
                constant
            };
            sum.push((if minus { Sign::Minus } else { Sign::Plus }, self.size(&own)));
        }
        summed(sum)
    }

    fn indexed(&mut self, base: Expr, args: &[Ix], map: &Names) -> Expr {
        if args.is_empty() {
            return base;
        }
        let indices = args.iter().map(|ix| Index::At(self.ix(ix, map))).collect();
        let bracket = Span::default();
        e(ExprKind::Access { base: Box::new(base), indices, pad: false, bracket })
    }

    fn atom(&mut self, atom: &Atom, map: &Names, deep: usize) -> Expr {
        let head = self.prover.shared_head(atom.head);
        let module = self.prover.module;
        let own = match atom.put(&|v| map.get(&v).cloned()) {
            Some(own) if deep < 12 => own,
            _ => return name(".."),
        };
        let inner = |this: &mut Self| this.inside(&head, &own, deep);
        match &head.kind {
            Kind::Symbol(id) => {
                let symbol = module.symbol(*id);
                let (text, args) = (symbol.name.clone(), self.shown(&symbol.ty.axes, &own.args));
                self.indexed(name(text), &args, &Names::new())
            }
            Kind::Node(id) => {
                let term = paren(crate::raise::expr(module, *id));
                let args = self.shown(&module.graph.ty(*id).axes, &own.args);
                self.indexed(term, &args, &Names::new())
            }
            Kind::Size(id) => name(module.sizes.get(*id).name.clone()),
            Kind::Prime(p) => number(p.to_string()),
            Kind::Pi => name("pi"),
            Kind::Index => self.ix(&own.args[0], &Names::new()),
            Kind::Delta => self.delta(&own.args[0], &own.args[1]),
            Kind::Exp | Kind::Log | Kind::Sin | Kind::Cos => {
                let x = inner(self);
                call(word_of(&head.kind), vec![x])
            }
            Kind::Pow => {
                let x = inner(self);
                paren(x)
            }
            Kind::Positive | Kind::Negative => {
                let x = inner(self);
                let above = head.kind == Kind::Positive;
                let op = if above { Comparison::Greater } else { Comparison::Less };
                indicator(op, x, number("0".into()))
            }
            Kind::Inverse => {
                let x = self.whole(&head.forms[0], &own, deep);
                let minus = e(ExprKind::Negative(Box::new(number("1".into()))));
                let base = e(ExprKind::Power(Box::new(x), Box::new(minus)));
                let base = e(ExprKind::Paren(Box::new(base)));
                self.indexed(base, &own.args[..2], &Names::new())
            }
            Kind::Det | Kind::LogDet => {
                let x = self.whole(&head.forms[0], &own, deep);
                call(if head.kind == Kind::Det { "det" } else { "logdet" }, vec![x])
            }
            Kind::Opaque(key) if self.prover.display => {
                self.function(key.1.def().name, &head, &own, deep)
            }
            Kind::Opaque(key) => {
                let word = key.1.def().name;
                self.indexed(name(word), &own.args, &Names::new())
            }
        }
    }

    /// What an atom is applied to.
    fn inside(&mut self, head: &super::term::Head, own: &Atom, deep: usize) -> Expr {
        let Some(form) = head.forms.first() else { return name("..") };
        let put = holes(form, own);
        let params = (0..form.params as Var).map(|k| PARAM + k);
        let slots = (0..form.slots.len() as Var).map(|k| super::ix::SLOT + k);
        let names: Names = params.chain(slots).filter_map(|v| put(v).map(|ix| (v, ix))).collect();
        self.poly(&form.poly, &names, deep + 1)
    }

    /// A function of entries.
    fn function(&mut self, word: &str, head: &super::term::Head, own: &Atom, deep: usize) -> Expr {
        let mut offset = 0;
        let mut inner = Vec::new();
        for form in &head.forms {
            let args = own.args[offset..offset + form.params].to_vec();
            offset += form.params;
            let names: Names =
                args.into_iter().enumerate().map(|(k, ix)| (PARAM + k as Var, ix)).collect();
            inner.push(self.poly(&form.poly, &names, deep + 1));
        }
        call(word, inner)
    }

    fn delta(&mut self, a: &Ix, b: &Ix) -> Expr {
        let (a, b) = (self.ix(a, &Names::new()), self.ix(b, &Names::new()));
        indicator(Comparison::Equal, a, b)
    }

    /// The indices of a value that are written: not those of its own batch axes.
    fn shown(&self, axes: &[crate::index::AxisId], args: &[Ix]) -> Vec<Ix> {
        let silent = |at: usize| {
            axes.get(at).is_some_and(|a| {
                let own = self.prover.axis_var(*a).map(Ix::var);
                self.prover.module.axes.is_batch(*a) && own.as_ref() == args.get(at)
            })
        };
        (0..args.len()).filter(|at| !silent(*at)).map(|at| args[at].clone()).collect()
    }

    /// The name of an index variable.
    pub(crate) fn name_of(&mut self, var: Var) -> String {
        if !self.names.contains_key(&var) {
            let text = self.letter();
            self.names.insert(var, text);
        }
        self.names[&var].clone()
    }

    /// A matrix: its name if it is one, else its entry.
    fn whole(&mut self, form: &super::term::Form, own: &Atom, deep: usize) -> Expr {
        if let Some((mono, factor)) = form.poly.single()
            && factor == Ratio::ONE
            && let ([(atom, one)], true) = (mono.plain.as_slice(), mono.sums.is_empty())
            && *one == Ratio::ONE
            && let Kind::Symbol(id) = self.prover.head(atom.head).kind
            && atom.args.len() == 2
        {
            let text = name(self.prover.module.symbol(id).name.clone());
            let turned = atom.args[0].as_var() > atom.args[1].as_var();
            return if turned { e(ExprKind::Transpose(Box::new(text))) } else { text };
        }
        let put = holes(form, own);
        let names: Names = (0..form.params as Var)
            .filter_map(|k| put(PARAM + k).map(|ix| (PARAM + k, ix)))
            .collect();
        let x = self.poly(&form.poly, &names, deep + 1);
        paren(x)
    }

    fn mono(&mut self, mono: &Mono, map: &Names, deep: usize) -> Vec<Expr> {
        let mut out = Vec::new();
        for (atom, exponent) in &mono.plain {
            out.push(power(self.atom(atom, map, deep), *exponent));
        }
        for (comp, count) in &mono.sums {
            let mut names: Names = map.clone();
            let mut binders = Vec::new();
            let first = self.used.len();
            for at in 0..comp.bounds.len() {
                let letter = self.letter();
                let var = u32::MAX - self.names.len() as Var;
                self.names.insert(var, letter.clone());
                names.insert(at as Var, Ix::var(var));
                binders.push(Binder { name: ident(&letter), range: None });
            }
            let factors =
                comp.factors.iter().map(|(a, x)| power(self.atom(a, &names, deep), *x)).collect();
            let body = Box::new(product(factors, ProductOp::Juxtaposition));
            self.used.truncate(first);
            let (op, form, word) = (BigOp::Sum, BigForm::Bracket, Span::default());
            let sum = e(ExprKind::Big { op, form, binders, body, word });
            let sum = e(ExprKind::Paren(Box::new(sum)));
            out.push(power(sum, Ratio::whole_number(i128::from(*count))));
        }
        out
    }

    /// A sum of products.
    pub(crate) fn poly(&mut self, poly: &Poly, map: &BTreeMap<Var, Ix>, deep: usize) -> Expr {
        let mut terms = Vec::new();
        for (mono, factor) in poly.terms.iter().take(12) {
            let mut factors = self.mono(mono, map, deep);
            let size = if factor.is_negative() {
                factor.times(super::close::MINUS).unwrap_or(*factor)
            } else {
                *factor
            };
            if size != Ratio::ONE || factors.is_empty() {
                factors.insert(0, paren(ratio(size)));
            }
            // A sum that is the whole term needs no parentheses.
            if let [one] = factors.as_slice()
                && let ExprKind::Paren(inner) = &one.kind
            {
                factors = vec![(**inner).clone()];
            }
            let sign = if factor.is_negative() { Sign::Minus } else { Sign::Plus };
            terms.push((sign, product(factors, ProductOp::Juxtaposition)));
        }
        if poly.terms.len() > 12 {
            terms.push((Sign::Plus, name("..")));
        }
        if terms.is_empty() {
            return number("0".into());
        }
        summed(terms)
    }
}

fn summed(mut terms: Vec<(Sign, Expr)>) -> Expr {
    // A positive term first.
    if let Some(at) = terms.iter().position(|(s, _)| *s == Sign::Plus) {
        let first = terms.remove(at);
        terms.insert(0, first);
    }
    match terms.len() {
        0 => number("0".into()),
        1 => match terms.remove(0) {
            (Sign::Plus, x) => x,
            (Sign::Minus, x) => e(ExprKind::Negative(Box::new(x))),
        },
        _ => e(ExprKind::Sum(terms)),
    }
}

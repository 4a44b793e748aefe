//! Printed text reads back: files as the same tree, trees without parentheses with the same
//! meaning.

mod support;

use chainrule_syntax::ast::{
    Arg, BigForm, BigOp, Binder, Comparison, Definition, Entry, Expr, ExprKind, Factor, Index,
    Name, NormKind, Number, ProductOp, Sign, Statement, StatementKind,
};
use chainrule_syntax::{Span, parse, print};
use support::{Random, cases, files, good_files, tree};

#[test]
fn files_print_to_the_same_tree() {
    for (path, text) in good_files() {
        let printed = print::file(&parse(&text).file);
        assert_eq!(tree(&printed), tree(&text), "{path} prints to\n{printed}");
        assert_eq!(print::file(&parse(&printed).file), printed, "{path}");
    }
}

#[test]
fn pieces_are_the_text_and_know_their_places() {
    let mut places = 0;
    for (path, text) in files() {
        for block in parse(&text).file.blocks {
            for statement in block.statements {
                let StatementKind::Definition(definition) = statement.kind else { continue };
                let pieces = print::expr_pieces(&definition.value);
                let joined: String = pieces.iter().map(|p| &*p.text).collect();
                assert_eq!(joined, print::expr(&definition.value), "{path}");
                for piece in pieces.iter().filter(|p| !p.span.is_empty()) {
                    assert_eq!(piece.text, piece.span.text(&text), "{path}");
                    places += 1;
                }
            }
        }
    }
    assert!(places > 1000, "{places} places");
}

/// The value of the definition `zz = text`.
fn read(text: &str) -> Option<Expr> {
    let mut parsed = parse(&format!("fn gg(x) = x\nnet\n  zz = {text}\n"));
    let block = parsed.file.blocks.pop().filter(|_| parsed.diagnostics.is_empty())?;
    match block.statements.into_iter().next()?.kind {
        StatementKind::Definition(definition) => Some(definition.value),
        _ => None,
    }
}

#[test]
fn readings() {
    let table = [
        ("N (psi - D)", "(N (psi - D))"),
        ("N(psi - D)", "(N (psi - D))"),
        ("relu (x) y", "(relu{x} y)"),
        ("f (x)^T", "(f x^T)"),
        ("gg (x)^T", "gg{x}^T"),
        ("1/N (P - Y) A^T", "(((1 / N) (P - Y)) A^T)"),
        ("a / b c", "((a / b) c)"),
        ("-1/N sum(A)", "-((1 / N) sum{A})"),
        ("-x^2", "-x^2"),
        ("a -b", "(a - b)"),
        ("a * -b", "(a * -b)"),
        ("x .^ -0.5", "x.^-0.5"),
        ("2p+i", "((2 p) + i)"),
        ("R2[o,2p+i,2q+j]", "R2[o,((2 p) + i),((2 q) + j)]"),
        ("A^T^-1", "A^T^-1"),
        ("m1 .* relu(z1) / 0.8", "((m1 .* relu{z1}) / 0.8)"),
        ("sum[i] a[i] b[i] / 2 + c", "((sum<i> ((a[i] b[i]) / 2)) + c)"),
        ("2 sum[i] a[i]", "(2 (sum<i> a[i]))"),
        ("sum(i in N: a[i] + b[i]) c", "((sum<i in N> (a[i] + b[i])) c)"),
        ("mean[N] sum[u,v] G[o,u,v] R[u,v]", "(mean<N> (sum<u,v> (G[o,u,v] R[u,v])))"),
        ("||A x|| ||y||_1", "(<(A x)> <y>_1)"),
        ("||a (||x|| y)||^2", "<(a (<x> y))>^2"),
        ("||A x - y||^2 / ||y||", "(<((A x) - y)>^2 / <y>)"),
        ("2 1[i == k] x", "((2 1[i == k]) x)"),
        ("1/N dJ/dW^T x", "(((1 / N) D{J; W}^T) x)"),
        ("dJ/d{W1, b1}", "D{J; W1, b1}"),
        ("dh / dk", "(dh / dk)"),
        ("dJ/dZ3[:,i] A2[:,i]^T", "(D{J; Z3}[:,i] A2[:,i]^T)"),
        ("dPsi[y[i],i]/dZ3[k,i]", "D{Psi[y[i],i]; Z3[k,i]}"),
        ("d m / d n", "(((d m) / d) n)"),
        ("d m/d n", "(((d m) / d) n)"),
        ("dz[i] / db", "(dz[i] / db)"),
        ("step(Z) .* x", "(step{Z} .* x)"),
        ("d (m + 1)", "(d (m + 1))"),
        ("∂J/∂W ⊙ Aᵀ", "(D{J; W} .* A^T)"),
        ("sigmoid'(y) .* (1 - u)", "(sigmoid'{y} .* (1 - u))"),
        ("C2 P P", "((C2 P) P)"),
        ("x/dJ/dW", "(x / D{J; W})"),
        ("jac(L, A)^T 1", "(jac{L, A}^T 1)"),
        ("-onehot(y)^T log(p)", "-(onehot{y}^T log{p})"),
        ("||W||_F^2", "<W>_F^2"),
    ];
    for (text, reading) in table {
        let value = read(text).unwrap_or_else(|| panic!("`{text}` cannot be read"));
        assert_eq!(full(&value, false), reading, "{text}");
        let printed = print::expr(&value);
        let again = read(&printed).unwrap_or_else(|| panic!("`{printed}` cannot be read"));
        assert_eq!(full(&again, false), reading, "{text} prints as {printed}");
    }
}

/// Trees as programs build them: no parentheses anywhere.
#[test]
fn trees_without_parentheses_print_to_the_same_meaning() {
    let mut random = Random::new(20);
    for case in 0..cases(6_000) {
        let depth = 1 + case % 5;
        let expr = Builder { random: &mut random }.expr(depth);
        let printed = written(&expr);
        let again = read(&printed)
            .unwrap_or_else(|| panic!("case {case}: `{printed}` cannot be read; {expr:?}"));
        assert_eq!(full(&again, true), full(&expr, true), "case {case}: {printed}");
        assert_eq!(print::expr(&again), printed, "case {case}");
        let pieces: String = print::expr_pieces(&expr).into_iter().map(|p| p.text).collect();
        assert_eq!(pieces, print::expr(&expr), "case {case}");
    }
}

/// The text of an expression behind `zz = `, where no condition may stand bare.
fn written(expr: &Expr) -> String {
    let definition = Definition {
        name: name("zz"),
        next: false,
        indices: None,
        bracket: None,
        ty: None,
        value: expr.clone(),
        range: None,
    };
    let kind = StatementKind::Definition(definition);
    print::statement(&Statement { kind, span: Span::default() }).replacen("zz = ", "", 1)
}

/// The reading with every grouping shown; a strict one shows those of signs and suffixes too.
fn full(expr: &Expr, strict: bool) -> String {
    let read = |e: &Expr| full(e, strict);
    let suffixed = |text: String| if strict { format!("({text})") } else { text };
    let entry = |e: &Entry| format!("{}{}", e.name.text, indices(e.indices.as_deref(), strict));
    match &expr.kind {
        ExprKind::Number(number) => number.text.clone(),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Paren(inner) => read(inner),
        ExprKind::Negative(inner) => suffixed(format!("-{}", read(inner))),
        ExprKind::Sum(terms) => {
            let (sign, first) = &terms[0];
            let minus = *sign == Sign::Minus;
            let head = if minus { suffixed(format!("-{}", read(first))) } else { read(first) };
            terms[1..].iter().fold(head, |sum, (sign, term)| {
                let sign = if *sign == Sign::Minus { "-" } else { "+" };
                format!("({sum} {sign} {})", read(term))
            })
        }
        ExprKind::Product { first, rest } => rest.iter().fold(read(first), |product, factor| {
            let blank = if factor.op == ProductOp::Juxtaposition { "" } else { " " };
            format!("({product}{blank}{} {})", factor.op.text(), read(&factor.value))
        }),
        ExprKind::Transpose(base) => suffixed(format!("{}^T", read(base))),
        ExprKind::InverseTranspose(base) => suffixed(format!("{}^-T", read(base))),
        ExprKind::Power(base, power) => suffixed(format!("{}^{}", read(base), read(power))),
        ExprKind::DotPower(base, power) => suffixed(format!("{}.^{}", read(base), read(power))),
        ExprKind::Access { base, indices: list, pad, .. } => {
            let pad = if *pad { "; pad" } else { "" };
            suffixed(format!("{}{}{pad}", read(base), indices(Some(list), strict)))
        }
        ExprKind::Derivative { of, by } => {
            let by: Vec<String> = by.iter().map(entry).collect();
            format!("D{{{}; {}}}", entry(of), by.join(", "))
        }
        ExprKind::Indicator(test) => format!("1[{}]", read(test)),
        ExprKind::Norm(inner, kind) => format!("<{}>{}", read(inner), kind.suffix()),
        ExprKind::Call { function, primes, args } => {
            let args: Vec<String> = args.iter().map(|a| arg(a, strict)).collect();
            let primes = "'".repeat(*primes as usize);
            format!("{}{primes}{{{}}}", function.text, args.join(", "))
        }
        ExprKind::Big { op, binders, body, .. } => {
            let binders: Vec<String> = binders.iter().map(|b| binder(b, strict)).collect();
            format!("({}<{}> {})", op.text(), binders.join(","), read(body))
        }
        ExprKind::Next(name) => format!("{}'", name.text),
        ExprKind::Compare(op, a, b) => suffixed(format!("{} {} {}", read(a), op.text(), read(b))),
        ExprKind::Logic { first, rest } => rest.iter().fold(read(first), |all, (and, test)| {
            format!("({all} {} {})", if *and { "and" } else { "or" }, read(test))
        }),
        ExprKind::Not(inner) => suffixed(format!("not {}", read(inner))),
    }
}

fn indices(list: Option<&[Index]>, strict: bool) -> String {
    let Some(list) = list else { return String::new() };
    let texts: Vec<String> = list
        .iter()
        .map(|index| match index {
            Index::All(_) => ":".into(),
            Index::At(at) => full(at, strict),
        })
        .collect();
    format!("[{}]", texts.join(","))
}

fn arg(arg: &Arg, strict: bool) -> String {
    let name = arg.name.as_ref().map_or(String::new(), |name| format!("{} = ", name.text));
    name + &full(&arg.value, strict)
}

fn binder(binder: &Binder, strict: bool) -> String {
    let range = binder.range.as_ref();
    let range = range.map_or(String::new(), |range| format!(" in {}", full(range, strict)));
    binder.name.text.clone() + &range
}

/// Builds random expressions.
struct Builder<'r> {
    random: &'r mut Random,
}

impl Builder<'_> {
    /// True once in `n` times.
    fn once_in(&mut self, n: usize) -> bool {
        self.random.below(n) == 0
    }

    fn expr(&mut self, depth: usize) -> Expr {
        let kind = if depth == 0 || self.once_in(5) {
            self.leaf()
        } else if self.once_in(2) {
            self.arithmetic(depth - 1)
        } else {
            self.bracketed(depth - 1)
        };
        node(kind)
    }

    fn boxed(&mut self, depth: usize) -> Box<Expr> {
        // Conditions stand in parentheses wherever a value is expected.
        let test = self.once_in(15) && depth > 0;
        Box::new(if test { self.condition(depth - 1) } else { self.expr(depth) })
    }

    fn leaf(&mut self) -> ExprKind {
        if self.once_in(3) {
            let text = self.random.pick(&["1", "2", "0.5", "1e-4", "2e3", "10"]);
            let value = text.parse().unwrap_or(0.0);
            return ExprKind::Number(Number { text: text.into(), value, span: Span::default() });
        }
        let names =
            ["x", "y", "A", "B", "W1", "e1", "E", "d", "dJ", "dx", "T", "I", "ones", "N", "pi"];
        ExprKind::Name(self.random.pick(&names).into())
    }

    fn arithmetic(&mut self, depth: usize) -> ExprKind {
        match self.random.below(9) {
            0 => ExprKind::Negative(self.boxed(depth)),
            1 | 2 => {
                let count = 1 + self.random.below(3);
                ExprKind::Sum((0..count).map(|_| (self.sign(), *self.boxed(depth))).collect())
            }
            3 | 4 => {
                let first = self.boxed(depth);
                let count = self.random.below(4);
                let rest = (0..count)
                    .map(|_| Factor {
                        op: self.op(),
                        op_span: Span::default(),
                        value: *self.boxed(depth),
                    })
                    .collect();
                ExprKind::Product { first, rest }
            }
            5 => ExprKind::Transpose(self.boxed(depth)),
            6 => ExprKind::InverseTranspose(self.boxed(depth)),
            7 => ExprKind::Power(self.boxed(depth), self.exponent(depth)),
            _ => ExprKind::DotPower(self.boxed(depth), self.exponent(depth)),
        }
    }

    fn bracketed(&mut self, depth: usize) -> ExprKind {
        match self.random.below(8) {
            0 | 1 => ExprKind::Access {
                base: self.boxed(depth),
                indices: self.indices(depth),
                pad: self.once_in(5),
                bracket: Span::default(),
            },
            2 => self.derivative(depth),
            3 => ExprKind::Indicator(Box::new(self.condition(depth))),
            4 => {
                let kinds = [
                    &NormKind::Plain,
                    &NormKind::Plain,
                    &NormKind::One,
                    &NormKind::Infinity,
                    &NormKind::Frobenius,
                ];
                let kind = *self.random.pick(&kinds);
                ExprKind::Norm(self.boxed(depth), kind)
            }
            5 => self.call(depth),
            _ => self.reduction(depth),
        }
    }

    fn sign(&mut self) -> Sign {
        if self.once_in(2) { Sign::Plus } else { Sign::Minus }
    }

    fn op(&mut self) -> ProductOp {
        use ProductOp::{At, DotSlash, DotStar, Juxtaposition, Slash, Star};
        let ops = [&Juxtaposition, &Juxtaposition, &At, &Star, &Slash, &Slash, &DotStar, &DotSlash];
        *self.random.pick(&ops)
    }

    fn exponent(&mut self, depth: usize) -> Box<Expr> {
        match self.random.below(4) {
            0 => Box::new(node(ExprKind::Negative(self.boxed(0)))),
            1 => self.boxed(depth),
            _ => self.boxed(0),
        }
    }

    fn indices(&mut self, depth: usize) -> Vec<Index> {
        let count = 1 + self.random.below(3);
        (0..count)
            .map(|_| match self.random.below(4) {
                0 => Index::All(Span::default()),
                1 => Index::At(*self.boxed(depth)),
                _ => Index::At(self.expr(depth.min(2))),
            })
            .collect()
    }

    fn derivative(&mut self, depth: usize) -> ExprKind {
        let names = ["J", "W", "b", "Z3", "d"];
        let entry =
            |text: &str, indices| Entry { name: name(text), indices, span: Span::default() };
        let of_indices = self.once_in(2).then(|| self.indices(depth));
        // Entries are differentiated by entries, or by whole values.
        let by_indices = (of_indices.is_some() && self.once_in(2)).then(|| self.indices(depth));
        let several = by_indices.is_none() && self.once_in(3);
        let mut by = vec![entry(self.random.pick(&names), by_indices)];
        if several {
            by.push(entry(self.random.pick(&names), None));
        }
        ExprKind::Derivative { of: entry(self.random.pick(&names), of_indices), by }
    }

    fn call(&mut self, depth: usize) -> ExprKind {
        let function = name(self.random.pick(&["softmax", "gg", "sigmoid", "max", "I", "step"]));
        let primes = if self.once_in(4) { 1 + self.random.below(2) as u32 } else { 0 };
        let count = self.random.below(3);
        let args = (0..count)
            .map(|_| {
                let name = self.once_in(4).then(|| name("axis"));
                Arg { name, value: *self.boxed(depth) }
            })
            .collect();
        ExprKind::Call { function, primes, args }
    }

    fn reduction(&mut self, depth: usize) -> ExprKind {
        let op = *self.random.pick(&[&BigOp::Sum, &BigOp::Mean, &BigOp::Max, &BigOp::Prod]);
        let form = if self.once_in(3) { BigForm::Call } else { BigForm::Bracket };
        let count = 1 + self.random.below(2);
        let binders = (0..count)
            .map(|at| {
                let ranged = form == BigForm::Call && at == 0 || self.once_in(3);
                let range = ranged.then(|| *self.boxed(depth.min(1)));
                Binder { name: name(self.random.pick(&["i", "j", "k"])), range }
            })
            .collect();
        ExprKind::Big { op, form, binders, body: self.boxed(depth), word: Span::default() }
    }

    fn condition(&mut self, depth: usize) -> Expr {
        let inner = depth.saturating_sub(1);
        node(match self.random.below(6) {
            0 if depth > 0 => ExprKind::Not(Box::new(self.condition(inner))),
            1 if depth > 0 => {
                let count = 1 + self.random.below(2);
                let first = Box::new(self.condition(inner));
                let rest = (0..count).map(|_| (self.once_in(2), self.condition(inner))).collect();
                ExprKind::Logic { first, rest }
            }
            _ => {
                let ops = [&Comparison::Equal, &Comparison::Less, &Comparison::NotEqual];
                let op = *self.random.pick(&ops);
                ExprKind::Compare(op, self.boxed(depth), self.boxed(depth))
            }
        })
    }
}

fn node(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn name(text: &str) -> Name {
    Name { text: text.into(), span: Span::default() }
}

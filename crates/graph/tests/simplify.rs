//! The simplifier: known derivatives print in the known form or shorter, and keep their value.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use chainrule_graph::differentiate::{derivation, gradients, resolved};
use chainrule_graph::module::{Claim, Module, Role, Statement};
use chainrule_graph::simplify::{
    Simplifier, inlined, replaced, simplified_lines, traced, written_out,
};
use chainrule_graph::{NodeId, Op, SymbolId, check, raise, read};
use chainrule_syntax::ast::{Assertion, File, Relation, StatementKind};
use chainrule_syntax::print;

/// The tokens of a printed formula; blanks count nothing.
fn tokens(text: &str) -> usize {
    let end = chainrule_syntax::token::TokenKind::End;
    chainrule_syntax::lex::lex(text).tokens.iter().filter(|t| t.kind != end).count()
}

/// The defined names that a term reads.
fn names(module: &Module, root: NodeId) -> BTreeSet<SymbolId> {
    let (mut seen, mut open, mut out) = (BTreeSet::new(), vec![root], BTreeSet::new());
    while let Some(id) = open.pop() {
        let node = module.graph.node(id);
        if let Op::Symbol { id, .. } = node.op {
            if matches!(module.symbol(id).role, Role::Defined | Role::Derived) {
                out.insert(id);
            }
        } else if seen.insert(id) {
            open.extend(&node.inputs);
        }
    }
    out
}

/// One known derivative: what is known, what is printed, and whether both have the same value.
struct Known {
    name: String,
    known: String,
    ours: String,
    agrees: bool,
}

fn sides(claim: &Claim) -> Option<(NodeId, NodeId)> {
    match claim.statement.as_ref()? {
        Statement::Links(left, sides) => Some((*left, sides.first()?.1)),
        Statement::Type(..) => None,
    }
}

fn of_claim(module: &Module, claim: &Claim, known: &str) -> Option<Known> {
    let (left, right) = sides(claim)?;
    let mut module = module.clone();
    let used = names(&module, right);
    let defined = |m: &Module| -> Vec<SymbolId> {
        m.bindings.iter().map(|b| b.symbol).filter(|s| !used.contains(s)).collect()
    };
    let others = defined(&module);
    let mut simplifier = Simplifier::except(&mut module, &others);
    let plain = resolved(&mut module, left, &mut BTreeMap::new()).ok()?;
    let node = module.graph.node(left).clone();
    let lines = match module.graph.node(*node.inputs.get(1)?).op {
        Op::Symbol { id, .. } if node.op == Op::Grad => {
            by_lines(&mut module, &mut simplifier, node.inputs[0], id, &others)?
        }
        _ => plain,
    };
    let lines = written_out(&mut module, lines, &others).ok()?;
    let short = simplifier.node(&mut module, lines);
    let ours = raise::Reader::plain(&module).equation(short).text();
    let agrees = agrees(&module, claim, plain, short);
    Some(Known { name: claim.name.clone(), known: known.into(), ours, agrees })
}

/// The gradient as a page has it, line by line, with every cotangent's formula for its name.
fn by_lines(
    module: &mut Module,
    simplifier: &mut Simplifier,
    of: NodeId,
    wrt: SymbolId,
    others: &[SymbolId],
) -> Option<NodeId> {
    let derivation = derivation(module, of, &[wrt]).ok()?;
    let mut formulas = BTreeMap::new();
    for line in &derivation.lines {
        let value = replaced(module, line.value, &formulas).ok()?;
        let value = written_out(module, value, others).ok()?;
        let short = simplifier.node(module, value);
        formulas.insert(line.symbol, short);
    }
    let line = derivation.lines.iter().find(|l| l.of == wrt);
    let last = line.map_or(derivation.gradients[0], |l| formulas[&l.symbol]);
    replaced(module, last, &formulas).ok()
}

/// Whether two nodes have the same values at three drawn points.
fn agrees(module: &Module, claim: &Claim, a: NodeId, b: NodeId) -> bool {
    let mut module = module.clone();
    let statement = Some(Statement::Links(a, vec![(Relation::Equal, b)]));
    let claim = Claim { statement, expect: None, ..claim.clone() };
    module.claims = vec![claim];
    module.check.what = vec!["claims".into()];
    let report = check::check(&module, &check::Settings::default());
    let found = &report.claims[0];
    if !found.passed {
        eprintln!("{}: {}", found.name, found.message);
    }
    found.passed
}

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite")
}

/// The known derivatives, sorted by name.
fn files() -> Vec<String> {
    let folder = std::fs::read_dir(suite().join("identities")).expect("the folder");
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).expect("text")).collect()
}

/// The right side of a claim as it is written.
fn right(file: &File, name: &str) -> Option<String> {
    let statements = file.blocks.iter().flat_map(|b| &b.statements);
    statements.into_iter().find_map(|s| match &s.kind {
        StatementKind::Claim(claim) if claim.name.text == name => match &claim.assertion {
            Assertion::Links(links) => links.first().map(|(_, e)| print::expr(e)),
            Assertion::Type(_) => None,
        },
        _ => None,
    })
}

fn all() -> Vec<Known> {
    let mut out = Vec::new();
    for text in files() {
        let reading = read(&text);
        let known = |claim: &Claim| right(&reading.file, &claim.name);
        for module in &reading.modules {
            out.extend(module.claims.iter().filter_map(|c| of_claim(module, c, &known(c)?)));
        }
    }
    out
}

#[test]
fn known_derivatives_print_in_the_known_form_or_shorter() {
    let all = all();
    let mut page = String::new();
    let mut longer = Vec::new();
    for known in &all {
        let (ours, theirs) = (tokens(&known.ours), tokens(&known.known));
        let _ = writeln!(page, "{}  {}", known.name, known.ours);
        if ours > theirs {
            longer.push(format!(
                "{} ({ours} > {theirs})\n  known {}\n  ours  {}",
                known.name, known.known, known.ours
            ));
        }
        assert!(known.agrees, "{}: {} has another value", known.name, known.ours);
    }
    let share = (all.len() - longer.len()) as f64 / all.len() as f64;
    println!("{} of {}\n{}", all.len() - longer.len(), all.len(), longer.join("\n"));
    assert!(share >= 0.9, "{share:.3}\n{}", longer.join("\n"));
    golden(&suite().join("derive/identities.txt"), &page);
}

/// Compares with a golden file; with `UPDATE_GOLDEN=1` writes it instead.
fn golden(path: &Path, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, text).expect("the golden file is written");
        return;
    }
    let wanted = std::fs::read_to_string(path).unwrap_or_default();
    for (wanted, now) in wanted.lines().zip(text.lines()) {
        assert_eq!(now, wanted, "{}; UPDATE_GOLDEN=1 writes it anew", path.display());
    }
    assert_eq!(wanted.lines().count(), text.lines().count(), "{}", path.display());
}

const IDENTITIES: &str = include_str!("../src/std/identities.eqn");

/// The claims of a text, checked at three points.
fn judged(text: &str) -> Vec<check::Judged> {
    let reading = read(text);
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    let mut module = reading.modules.into_iter().next().expect("a model");
    module.check.what = vec!["claims".into()];
    check::check(&module, &check::Settings::default()).claims
}

#[test]
fn identities_hold_and_changed_ones_do_not() {
    let claims = judged(IDENTITIES);
    assert!(claims.len() > 20);
    for claim in &claims {
        assert!(claim.passed, "{}: {:?} {}", claim.name, claim.verdict, claim.message);
    }
    let changed: String = IDENTITIES
        .lines()
        .map(|line| match (line.starts_with("claim"), line.split_once(" = ")) {
            (true, Some((left, right))) => format!("{left} = 2 ({right})\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    for claim in judged(&changed) {
        let zero = claim.name.contains("centred");
        assert!(zero || !claim.passed, "{} holds with the factor 2", claim.name);
    }
}

/// Every text in the known derivatives, in the judged claims and in the examples.
fn every_file() -> Vec<(String, String)> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../chainrule/models");
    let mut out = Vec::new();
    for folder in [suite().join("identities"), suite().join("claims"), examples] {
        let folder = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder:?}: {e}"));
        let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("a file").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|e| e == "eqn"));
        paths.sort();
        for path in paths {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            out.push((name, std::fs::read_to_string(&path).expect("text")));
        }
    }
    out
}

#[test]
fn what_is_simplified_keeps_its_value() {
    let mut count = 0;
    for (name, text) in every_file() {
        for module in &read(&text).modules {
            let ids: Vec<_> =
                module.claims.iter().filter_map(|c| sides(c).map(|s| (c, s))).collect();
            for (claim, (left, right)) in ids {
                for side in [left, right] {
                    let mut module = module.clone();
                    let mut done = BTreeMap::new();
                    let Ok(plain) = resolved(&mut module, side, &mut done) else { continue };
                    let mut simplifier = Simplifier::new(&mut module);
                    let short = simplifier.node(&mut module, plain);
                    let text = raise::text(&module, short);
                    assert!(agrees(&module, claim, plain, short), "{name}, {}: {text}", claim.name);
                    let again = simplifier.node(&mut module, short);
                    assert_eq!(raise::text(&module, again), text, "{name}, {}", claim.name);
                    count += 1;
                }
            }
        }
    }
    assert!(count > 500, "{count}");
}

/// The lines of a text's derivations, simplified, the short cotangents that are used once inlined.
fn lines(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let reading = read(text);
    assert!(reading.is_ok(), "{:?}", reading.diagnostics);
    for module in &reading.modules {
        for asked in &module.derivations {
            let mut module = module.clone();
            let mut simplifier = Simplifier::new(&mut module);
            let grad = |m: &Module, id: &NodeId| m.graph.node(*id).op == Op::Grad;
            if asked.targets.iter().all(|t| grad(&module, t)) {
                let of = module.graph.node(asked.targets[0]).inputs[0];
                let wrt = |t: &NodeId| match module.graph.node(module.graph.node(*t).inputs[1]).op {
                    Op::Symbol { id, .. } => id,
                    _ => panic!("a name"),
                };
                let wrt: Vec<SymbolId> = asked.targets.iter().map(wrt).collect();
                let found = derivation(&mut module, of, &wrt).expect("it derives");
                let found = simplified_lines(&mut simplifier, &mut module, &found);
                let found = inlined(&mut module, &found, &wrt).expect("it fits");
                let found = simplified_lines(&mut simplifier, &mut module, &found);
                for line in &found.lines {
                    let right = raise::Reader::plain(&module).equation(line.value).right;
                    let name = &module.symbol(line.symbol).name;
                    out.push(format!("{name} = {}", print::expr(&right)));
                }
                continue;
            }
            for target in &asked.targets {
                let name = raise::text(&module, *target);
                let found =
                    resolved(&mut module, *target, &mut BTreeMap::new()).expect("it derives");
                let short = simplifier.node(&mut module, found);
                let right = raise::Reader::plain(&module).equation(short).right;
                out.push(format!("{name} = {}", print::expr(&right)));
            }
        }
    }
    out
}

#[test]
fn derivations_of_the_examples_read_as_on_paper() {
    let mut page = String::new();
    for (name, text) in every_file() {
        let lines = lines(&text);
        if !lines.is_empty() {
            let _ = writeln!(page, "{name}\n  {}", lines.join("\n  "));
        }
    }
    golden(&suite().join("derive/simplified.txt"), &page);
}

#[test]
fn where_computer_algebra_is_silently_wrong() {
    let text = "size n, m, d, H, K\nbatch N\nconst\n  lambda = 0.25\ngiven\n  X : R[d, N]\n  A : R[n, n]\n  \
                Q : R[n, m]\n  S : SPD[n]\n  z : R[K]\n  y : label[K][N]\nparam\n  W1 : R[H, d] ~ he\n  \
                W2 : R[K, H] ~ he\nnet\n  J1 = tr(A^T A) + tr(A)\n  A2 = relu(W1 X)\n  Psi = softmax(W2 A2)\n  \
                D = onehot(y)\n  J2 = -1/N sum(D .* log(Psi)) + lambda (||W1||_F^2 + ||W2||_F^2)\n  \
                J3 = logsumexp(z)\n  p = softmax(z)\n  J4 = logdet(S)\n  J5 = logdet(Q^T Q)\n\
                derive dJ1/dA\nderive dJ2/d{W2, W1}\nderive dJ3/dz\nderive hess(J3, z)\n\
                derive jac(softmax(z), z)\nderive dJ4/dS\nderive dJ5/dQ\n";
    let known = [
        "dJ1/dA = 2 A + I(n)",
        "dJ2/dW2 = 1/N (Psi - D) A2^T + 2 lambda W2",
        "dJ2/dW1 = ((W2^T (Psi - D)) .* 1[W1 X > 0]) X^T / N + 2 lambda W1",
        "dJ3/dz = p",
        "hess(J3, z) = diag(p) - p p^T",
        "jac(softmax(z), z) = diag(p) - p p^T",
        "dJ4/dS = S^-1",
        "dJ5/dQ = 2 Q (Q^T Q)^-1",
    ];
    assert_eq!(lines(text), known);
}

const GALLERY: &str = include_str!("printed/gallery.eqn");

#[test]
fn the_gallery_is_printed_as_textbooks_do() {
    let page = lines(GALLERY).join("\n") + "\n";
    for word in ["scatter", "others", "first"] {
        assert!(!page.contains(word), "{page}");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/printed/gallery.txt");
    golden(&path, &page);
}

#[test]
fn the_gallery_keeps_its_values() {
    let text = format!("{GALLERY}claim \"value\" x = x\n");
    let module = read(&text).modules.into_iter().next().expect("a model");
    for asked in &module.derivations {
        let mut module = module.clone();
        let plain = resolved(&mut module, asked.targets[0], &mut BTreeMap::new());
        let plain = plain.expect("it derives");
        let short = Simplifier::new(&mut module).node(&mut module, plain);
        let name = raise::text(&module, asked.targets[0]);
        let claim = Claim { name: name.clone(), ..module.claims[0].clone() };
        assert!(agrees(&module, &claim, plain, short), "{name} = {}", raise::text(&module, short));
    }
}

/// A net of so many layers.
fn deep(layers: usize) -> String {
    let mut text =
        String::from("size d, K\nbatch N\ndata\n  x : R[d] per N\n  y : label[K] per N\nparam\n");
    for l in 1..=layers {
        let _ = writeln!(text, "  W{l} : R[d, d] ~ he\n  b{l} : R[d] = 0");
    }
    text.push_str("  V : R[K, d] ~ he\nnet\n  h0 = x\n");
    for l in 1..=layers {
        let _ = writeln!(text, "  h{l} = relu(W{l} h{} + b{l})", l - 1);
    }
    let _ = writeln!(text, "  J = mean[N] cross_entropy(V h{layers}, y)");
    text
}

/// Terms that the derivation of a deep net by all weights has, terms that its simplification adds,
/// and the milliseconds of both.
fn measured(layers: usize) -> (usize, usize, f64) {
    let module = read(&deep(layers)).modules.remove(0);
    let mut best = (0, 0, f64::MAX);
    for _ in 0..5 {
        let mut module = module.clone();
        let of = module.find("J").expect("the loss");
        let of = module.read(of).expect("a name");
        let wrt: Vec<SymbolId> = module.params().map(|(id, _)| id).collect();
        let start = std::time::Instant::now();
        let found = derivation(&mut module, of, &wrt).expect("it derives");
        let before = module.graph.len();
        let mut simplifier = Simplifier::new(&mut module);
        let short = simplified_lines(&mut simplifier, &mut module, &found);
        let time = start.elapsed().as_secs_f64() * 1e3;
        assert_eq!(short.lines.len(), found.lines.len());
        best = (before, module.graph.len() - before, best.2.min(time));
    }
    best
}

#[test]
fn deep_nets_take_work_in_proportion_to_their_depth() {
    let (short, long) = (measured(50), measured(200));
    println!("50 layers: {short:?}, 200 layers: {long:?} (terms, terms added, ms)");
    assert!(long.1 <= 4 * short.1, "{short:?} {long:?}");
    assert!(short.2 < 1000.0, "{short:?}");
}

#[test]
fn rules_that_were_used_are_named() {
    let text = "size n\ngiven\n  A : Sym[n]\n  x, b : R[n]\nnet\n  J = x^T A x + sum(diag(x) b)\n";
    let mut module = read(text).modules.remove(0);
    let of = module.find("J").expect("J");
    let of = module.read(of).expect("a name");
    let x = module.find("x").expect("x");
    let gradient = gradients(&mut module, of, &[x]).expect("it derives")[0];
    let (short, applied) = traced(&mut module, gradient);
    let right = print::expr(&raise::Reader::plain(&module).equation(short).right);
    assert_eq!(right, "2 A x + b");
    let rules: BTreeSet<&str> = applied.iter().map(|a| a.rule.as_str()).collect();
    assert!(rules.contains("terms of a sum"), "{rules:?}");
    for step in &applied {
        let (a, b) = (module.graph.ty(step.before), module.graph.ty(step.after));
        assert_eq!((&a.dims, &a.axes), (&b.dims, &b.axes), "{}", step.rule);
    }
    assert_eq!(applied, traced(&mut module, gradient).1);
}

#[test]
fn long_formulas_end() {
    let long = |op: &str, count: usize| {
        let body: Vec<&str> = (0..count).map(|i| ["x", "y", "z"][i % 3]).collect();
        let body = body.join(&format!(" {op} "));
        format!(
            "size n\ngiven\n  x, y, z : R[n]\n  A, B : R[n, n]\nnet\n  J = sum({body})\nderive dJ/dx\n"
        )
    };
    for text in [long(".*", 300), long("+", 1500), long("./", 200)] {
        let start = std::time::Instant::now();
        assert_eq!(lines(&text).len(), 1);
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
    let chain: Vec<&str> = (0..200).map(|i| if i % 2 == 0 { "A" } else { "B" }).collect();
    let text = format!(
        "size n\ngiven\n  A, B : R[n, n]\nnet\n  J = tr({})\nderive dJ/dA\n",
        chain.join(" ")
    );
    assert_eq!(lines(&text).len(), 1);
}

/// The gradient of a formula by `x`, as it is read and as it is computed.
fn both(formula: &str) -> [String; 2] {
    let text = format!("size n\ngiven\n  x : R[n]\n  p : R+[n]\nnet\n  J = {formula}\n");
    let mut module = read(&text).modules.remove(0);
    let (of, x) = (module.find("J").expect("J"), module.find("x").expect("x"));
    let of = module.read(of).expect("a value");
    let gradient = gradients(&mut module, of, &[x]).expect("a gradient")[0];
    [false, true].map(|exact| {
        let mut simplifier = Simplifier::without_names(&module);
        if exact {
            simplifier = simplifier.exact();
        }
        let short = simplifier.node(&mut module, gradient);
        raise::text(&module, short)
    })
}

#[test]
fn nothing_is_divided_by_zero() {
    let [read, computed] = both("prod(x)");
    assert_eq!(read, "prod(x) ./ x");
    assert!(computed.starts_with("others(") && !computed.contains("./"), "{computed}");
    // The rectifier makes zeros.
    for text in both("prod(relu(x))") {
        assert!(text.contains("others(") && !text.contains("./"), "{text}");
    }
    for text in both("prod(exp(x))") {
        assert!(text.contains("prod(exp(x))"), "{text}");
    }
}

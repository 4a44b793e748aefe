//! Derivations of the built-in examples, as golden pages, and what they must and must not hold.

mod common;

use chainrule::{
    BUILTIN, CheckOptions, Depth, Derive, DeriveOptions, Document, Form, Last, LayoutChoice, Model,
};

fn derivations(name: &str) -> Vec<Derive> {
    let model = Model::read(name).unwrap_or_else(|e| panic!("{name}: {e}"));
    model.derive().unwrap_or_else(|e| panic!("{name}: {e}")).0
}

fn formula(name: &str, step: &str) -> String {
    let all = derivations(name);
    let found = all.iter().flat_map(|d| &d.steps).find(|s| s.name == step);
    found.unwrap_or_else(|| panic!("{name} has no line {step}")).text.clone()
}

/// The ways a derivation is asked for, with the ending of its golden page.
fn variants() -> Vec<(&'static str, DeriveOptions)> {
    let plain = DeriveOptions::default;
    let form = |form| DeriveOptions { form: Some(form), ..plain() };
    let layout = |layout| DeriveOptions { layout: Some(layout), ..plain() };
    let depth = |depth| DeriveOptions { depth: Some(depth), ..plain() };
    vec![
        ("", plain()),
        ("-full", depth(Depth::Full)),
        ("-index", depth(Depth::Index)),
        ("-sample", form(Form::Sample)),
        ("-batch", form(Form::Batch)),
        ("-numerator", layout(LayoutChoice::Numerator)),
        ("-denominator", layout(LayoutChoice::Denominator)),
    ]
}

fn document(name: &str, options: &DeriveOptions) -> Document {
    let model = Model::read(name).unwrap_or_else(|e| panic!("{name}: {e}"));
    model.document(options).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn the_built_in_examples_are_derived() {
    for (name, _) in BUILTIN {
        for (ending, options) in variants() {
            let page = document(name, &options).text();
            let wide: Vec<&str> = page.lines().filter(|l| l.chars().count() > 80).collect();
            assert!(wide.is_empty(), "{name}: {wide:?}");
            common::golden(&common::suite().join(format!("derive/{name}{ending}.txt")), &page);
        }
    }
}

/// The file with every printed line as a claim, and the names of these claims. In the numerator
/// layout both sides have turned cotangents.
fn claimed(name: &str, options: &DeriveOptions) -> (Model, usize) {
    let model = Model::read(name).expect("it reads");
    let document = model.document(options).expect("it derives");
    let mut text = model.source().text().to_string();
    let mut count = 0;
    for derive in &document.derivations {
        let turned = derive.layout == "numerator" && derive.steps.len() > 1;
        let mut names: Vec<&str> = derive.steps.iter().map(|s| s.name.as_str()).collect();
        names.sort_by_key(|n| std::cmp::Reverse(n.len()));
        for step in &derive.steps {
            let (mut left, mut right) = (step.name.clone(), step.text.clone());
            if turned {
                left = format!("({left})^T");
                for (i, name) in names.iter().enumerate() {
                    right = right.replace(name, &format!("<{i}>"));
                }
                for (i, name) in names.iter().enumerate() {
                    right = right.replace(&format!("<{i}>"), &format!("({name})^T"));
                }
            }
            let layout = match derive.layout {
                "denominator" => " layout denominator",
                _ => "",
            };
            // Entries by an affine index: the indices are those of the window. A window of zeros has
            // several maxima, of which the first counts: the page says so below the formula.
            let (forall, condition) = match left.contains("2p+i") {
                true => ("forall o in C2, p in P, q in P, i in 2, j in 2: ", " if M[o,p,q] > 0"),
                false => ("", ""),
            };
            let claim = format!("{forall}{left} = {right}{condition}{layout}");
            text.push_str(&format!("\nclaim \"printed {count}\" {claim}\n"));
            count += 1;
        }
    }
    (Model::parse(name, &text).unwrap_or_else(|e| panic!("{name}: {:?}", e.diagnostics())), count)
}

#[test]
fn every_printed_line_is_true() {
    let layouts = [LayoutChoice::Gradient, LayoutChoice::Numerator, LayoutChoice::Denominator];
    for (name, _) in BUILTIN {
        for layout in layouts {
            let options = DeriveOptions { layout: Some(layout), ..DeriveOptions::default() };
            if name == "convnet" && layout == LayoutChoice::Numerator {
                continue; // its arrays have more than two axes and are not turned
            }
            let (model, count) = claimed(name, &options);
            let checked = model.judge(&CheckOptions { draws: Some(1), ..CheckOptions::default() });
            let claims: Vec<_> = checked.models.iter().flat_map(|m| &m.report.claims).collect();
            let printed: Vec<_> =
                claims.iter().filter(|c| c.name.starts_with("printed ")).collect();
            assert_eq!(printed.len(), count, "{name}");
            for claim in printed {
                let holds = matches!(claim.verdict.text(), "proved" | "verified" | "true-where");
                let line = model.source().text().lines().find(|l| l.contains(&claim.name));
                let verdict = claim.verdict.text();
                assert!(holds, "{name}, {layout:?}: {verdict}: {line:?}: {}", claim.message);
            }
        }
    }
}

#[test]
fn formulas_read_as_on_paper() {
    for (name, step, text) in [
        ("iris", "dJ/dz2", "1/N (p - onehot(y))"),
        ("iris", "dJ/dz1", "(W1^T dJ/dz2) .* sigmoid(z1)"),
        ("iris", "dJ/dW1", "sum[N] dJ/dz2 a1^T"),
        ("cifar2", "dJt/dZ3", "1/N (Psi - D)"),
        ("cifar2", "dJt/dW2", "dJt/dZ3 A2^T + 2 lambda W2"),
        ("softreg", "dJ/dz", "1/N (softmax(z) - onehot(y))"),
        ("softreg", "hess(l, z)", "diag(softmax(z)) - softmax(z) softmax(z)^T"),
        ("graph002", "dL/dA", "dL/dw z^T + dL/dz t^T + dL/dy x^T"),
        ("graph002", "jac(w, B)", "kron(x^T, A A diag(u))"),
        ("convnet", "dJ/dK2[o,c,i,j]", "sum[N,u,v] dJ/dY2[o,u,v] R1[c,u+i,v+j]"),
        ("convnet", "dJ/dR1[c,s,t]", "sum[o,i,j] K2[o,c,i,j] dJ/dY2[o,s-i,t-j; pad]"),
        ("circles", "dl/dx", "W1^T dl/dha"),
        ("cifar2", "dJt/dZ2", "(W2^T dJt/dZ3) .* 1[Z2 > 0]"),
        ("cifar2", "dJt/db2", "dJt/dZ3 ones(N)"),
        ("convnet", "dJ/dR2[o,2p+i,2q+j]", "1[R2[o,2p+i,2q+j] == M[o,p,q]] dJ/dM[o,p,q]"),
    ] {
        assert_eq!(formula(name, step), text, "{name}: {step}");
    }
}

#[test]
fn structured_matrices_are_printed_as_such() {
    let jacobian = |net: &str, target: &str| {
        let text = format!(
            "size n, m, k\ngiven\n  A, B : R[n, n]\n  X : R[n, m]\n  C : R[m, k]\n  x, z : R[n]\nnet\n  \
             {net}\nderive {target}\n"
        );
        let model = Model::parse("j.eqn", text).unwrap_or_else(|e| panic!("{net}: {e:?}"));
        model.derive().expect("it derives").0[0].gradients[0].text.clone()
    };
    for (net, target, text) in [
        ("F = A X C", "jac(F, X)", "kron(C^T, A)"),
        ("F = A X C", "jac(F, X, order = row)", "kron(A, C^T)"),
        ("F = A x", "jac(F, x)", "A"),
        ("F = A x", "jac(F, x) layout denominator", "A^T"),
        ("F = x", "jac(F, x)", "I(n)"),
        ("F = tanh(X)", "jac(F, X)", "diag(vec(1 - F .* F))"),
        ("p = softmax(z)", "jac(p, z)", "diag(p) - p p^T"),
        ("s = tr(A B)", "jac(s, A)", "vec(B^T)^T"),
        ("q = x^T A x", "hess(q, x)", "A + A^T"),
    ] {
        assert_eq!(jacobian(net, target), text, "{target} of {net}");
    }
}

#[test]
fn what_has_no_derivative_is_said_at_its_line() {
    let text = "size n\ngiven\n  A : R[n, n]\nnet\n  s = ||A||_spec\nderive hess(s, A)\n";
    let error = Model::parse("s.eqn", text).expect("it reads").derive().unwrap_err();
    let (source, found) = error.diagnostics().expect("diagnostics");
    assert_eq!(found[0].code, "no-derivative");
    assert_eq!(source.line_column(found[0].span().start as usize).0, 6);
}

#[test]
fn the_names_are_those_of_the_lines() {
    let names = |text: &str| -> Vec<String> {
        let model = Model::parse("n.eqn", text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let derived = model.derive().expect("it derives").0;
        derived[0].names.iter().map(|n| n.name.clone()).collect()
    };
    let iris: Vec<String> = derivations("iris")[0].names.iter().map(|n| n.name.clone()).collect();
    assert!(iris.contains(&"p".into()) && !iris.contains(&"z2".into()), "{iris:?}");
    let family = "size n\nparam\n  W[l] : R[n, n] ~ he for l in 1..2\ngiven\n  x : R[n]\nnet\n  \
                  h[0] = x\n  h[l] = tanh(W[l] h[l-1]) for l in 1..2\n  J = ||h[2]||^2\n\
                  derive dJ/dW[2]\n";
    assert_eq!(names(family), ["h[1]", "h[2]"]);
}

#[test]
fn a_gradient_that_is_0_has_a_line_without_rules() {
    let text = "given\n  x, u : R[3]\nnet\n  J = ||x||^2\nderive dJ/d{x, u}\n";
    let derived = Model::parse("u.eqn", text).expect("it reads").derive().expect("it derives").0;
    assert!(derived[0].steps.iter().any(|s| s.name == "dJ/du"), "{:?}", derived[0].steps);
    assert!(!derived[0].text().contains("[]"), "{}", derived[0].text());
}

#[test]
fn what_a_formula_assumes_is_said() {
    for (text, expected) in [
        ("x : R[n]; ||x||", Some("The formulas hold for x != 0.")),
        ("x, a : R[n]; ||x - a||", Some("The formulas hold for x - a != 0.")),
        ("x : R[n]; ||x||^2", None),
        ("x : R[n]; prod(x)", Some("The formulas hold for every entry of x != 0.")),
        ("X : R[n, n]; det(X)", Some("The formulas hold for X invertible.")),
        // The function itself needs it.
        ("X : R[n, n]; logdet(X)", None),
        ("x : R[n]; sum(log(x))", None),
    ] {
        let snippet = Model::snippet(text, Last::Formula).unwrap_or_else(|e| panic!("{text}: {e}"));
        let document = snippet.model().document(&DeriveOptions::default()).expect("it derives");
        let notes = &document.derivations[0].notes;
        let found = notes.iter().find(|n| n.starts_with("The formulas hold"));
        assert_eq!(found.map(String::as_str), expected, "{text}: {}", document.text());
    }
}

#[test]
fn a_number_for_each_sample_has_no_dual_of_the_batch() {
    let options =
        DeriveOptions { is_dual: true, form: Some(Form::Batch), ..DeriveOptions::default() };
    let page = document("circles", &options).text();
    assert!(page.contains("l is shown in the form of the file"), "{page}");
}

#[test]
fn code_beside_the_lines_fits_in_the_page() {
    for name in ["circles", "convnet", "mlp", "graph002"] {
        let options = DeriveOptions { has_numpy: true, ..DeriveOptions::default() };
        let page = document(name, &options).text();
        let wide: Vec<&str> = page.lines().filter(|l| l.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{name}: {wide:#?}");
        let calls = page.contains("first_max(");
        assert_eq!(
            calls,
            page.contains("first_max and add_at are functions of the file"),
            "{page}"
        );
    }
}

//! Claims: what their verdicts say, at which sizes and values they are found, and what is not tested.

use chainrule_graph::check::{Judged, Settings, Verdict, check, own};
use chainrule_graph::read;

/// A verdict's word; whether what is verified was proved besides is told in `prove.rs`.
fn told(verdict: Verdict) -> &'static str {
    if verdict == Verdict::Proved { Verdict::Verified.text() } else { verdict.text() }
}

/// Every verdict of a file as `name: verdict`.
fn verdicts(text: &str) -> Vec<String> {
    let module = read(text).modules.remove(0);
    let report = check(&module, &Settings::default());
    report.claims.iter().map(|c| format!("{}: {}", c.name, told(c.verdict))).collect()
}

#[test]
fn verdicts_of_all_kinds() {
    let text = "\
size n, m, H = 8, d = 3
given
  x, y : R[n]
  s, r : R
  A : R[n, n]
  B : R[m, n]
  W : R[H, d]
net
  L = ||B x||^2
claim \"one side of a kink: false\" relu(s) = s
claim \"a condition on a value: verified\" relu(s) = s if s > 0
claim \"on all entries: verified\" relu(x) = x if x > 0
claim \"on indices: verified\" forall i in n, j in n: I(n)[i,j] = 0 if i != j
claim \"a norm at 0: true-where\" grad(||x||, x) = x / ||x||
claim \"its square: verified\" grad(||x||^2, x) = 2 x
claim \"a maximum: true-where\" grad(max(s, 0), s) = 1[s > 0]
claim \"a computed kink: verified\" relu'(B x) = 1[B x > 0]
claim \"a condition that excludes it: verified\" grad(||x||_1, x) = sign(x) if x != 0
claim \"never equal: verified\" A A^T != A^T A
claim \"an inequality: verified\" inner(x, y)^2 <= ||x||^2 ||y||^2
claim \"a square one: true-in-layout\" jac(A x, x) = A^T
claim \"a wide one: true-in-layout\" jac(B x, x) = B^T
claim \"a factor: true-as-factor\" jac(B x, B) = x^T
claim \"a chain: false\" grad(||x||^2, x) = 2 x = 3 x
claim \"a Hessian: verified\" hess(L, x) = 2 B^T B
claim \"a value: verified\" det(A) = 1 for A = I
claim \"a type: verified\" B x : R[m]
claim \"another: false\" B x : R[n]
claim \"fixed sizes: verified\" W : R[8, 3]
claim \"not by number: false\" sum(x) = n s
claim \"no such name: ill-formed\" A q = x
claim \"tiny: false\" 1e-9 s = 0
claim \"a constant branch: false\" max(s, -40) = s
claim \"not at 0: true-where\" s^2 > 0
claim \"everywhere: verified\" s^2 >= 0
claim \"not where both are equal: false\" (s - r)^2 > 0
claim \"not far out: false\" s >= -10
claim \"rounding: verified\" (s + 1e5) - 1e5 = s
";
    for line in verdicts(text) {
        let (what, found) = line.rsplit_once(": ").expect("a verdict");
        let (_, expected) = what.rsplit_once(": ").expect("an expected verdict");
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn expectations_hold_in_both_directions() {
    let passed = |expect: &str| {
        let text = format!("given\n  s : R\nclaim \"c\" abs(s) = 2 s {expect}\n");
        check(&read(&text).modules[0], &Settings::default()).passed()
    };
    assert!(passed("expect false"));
    assert!(!passed("expect ill-formed") && !passed("") && !passed("expect true"));
}

#[test]
fn a_false_claim_names_the_link_and_a_point() {
    let text = "size n\ngiven\n  x : R[n]\nclaim \"c\" x + x = 2 x = 3 x\n";
    let report = check(&read(text).modules[0], &Settings::default());
    let claim = &report.claims[0];
    assert!(claim.message.starts_with("the second link is false: with n = "), "{}", claim.message);
    let example = claim.counterexample.as_ref().expect("a point");
    assert_eq!(example.link, 1);
    assert!(example.left.fract() == 0.0 && example.left * 3.0 == example.right * 2.0);
}

#[test]
fn free_sizes_are_drawn_in_both_orders() {
    let names = ["a", "b", "c", "d", "e"];
    for count in 2..=5 {
        let names = &names[..count];
        let mut text = format!("size {}\n", names.join(", "));
        for x in names {
            for y in names.iter().filter(|y| *y != x) {
                text.push_str(&format!("claim \"{x} {y}: false\" {x} < {y}\n"));
            }
        }
        for line in verdicts(&text) {
            assert!(line.ends_with("false: false"), "{count}: {line}");
        }
    }
    let text = "\
size n, m, k
given
  A : R[m, n]
  C : R[n, k]
claim \"any sizes: false\" pinv(A) A C = C
claim \"of full rank: false\" A^T A : SPD[n]
claim \"its kind: false\" C : R+[n, k]
claim \"symmetric: verified\" A^T A : Sym[n]
";
    for seed in 0..6 {
        let settings = Settings { seed, draws: None };
        for claim in check(&read(text).modules[0], &settings).claims {
            let (_, expected) = claim.name.rsplit_once(": ").expect("a verdict");
            assert_eq!(told(claim.verdict), expected, "seed {seed}: {}", claim.name);
        }
    }
}

#[test]
fn a_counterexample_of_an_inequality_violates_it() {
    let text = "\
size n
given
  x : R[n]
  W : R[5, 6]
claim \"a\" forall i in n, j in n: x[i] <= x[j] if i <= j
claim \"b\" x .* x >= x
claim \"c\" x < x
claim \"d\" 2 sum(W) = sum(W)
";
    let report = check(&read(text).modules[0], &Settings::default());
    let found = |i: usize| report.claims[i].counterexample.as_ref().expect("a point");
    assert!(found(0).left > found(0).right, "{:?}", found(0));
    assert_eq!(report.claims[0].gap, Some(found(0).left - found(0).right));
    assert!(found(1).left < found(1).right, "{:?}", found(1));
    assert_eq!(found(2).left, found(2).right);
    let (name, shape, data) = &found(3).values[0];
    assert_eq!((name.as_str(), shape.as_slice(), data.len()), ("W", &[5, 6][..], 30));
    assert!(report.claims[3].message.contains("W (30 entries): "), "{}", report.claims[3].message);
}

#[test]
fn what_is_too_large_is_said_before_it_is_computed() {
    let own_of = |text: &str| own(&read(text).modules[0], &Settings::default(), 10);
    let net = |h: &str| {
        format!(
            "size H = {h}\nbatch N\ndata\n  x : R[H] per N\nparam\n  W : R[H, H] ~ he\n\
             net\n  J = mean[N] ||W x||^2\n"
        )
    };
    let refused = own_of(&net("100000")).expect_err("too large");
    assert!(refused.contains("`W` has 10"), "{refused}");
    let fits = own_of(&net("20")).expect("it fits");
    assert!(fits.len() == 1 && fits[0].passed, "{fits:?}");
    let large = "claim \"large: not-tested\" forall i in 400000, j in 400000: i + j = j + i\n";
    assert_eq!(verdicts(large), ["large: not-tested: not-tested"]);
    let asked = "size n\ngiven\n  x : R[n]\nclaim \"c\" x = 2 x\n\
        check all with draws 1000000, random n in 70..71\n";
    let notes = check(&read(asked).modules[0], &Settings::default()).notes;
    assert_eq!(notes.len(), 2, "{notes:?}");
}

/// The only claim of a file.
fn judged(text: &str) -> Judged {
    let reading = read(text);
    assert!(reading.is_ok(), "{text}: {:?}", reading.diagnostics);
    check(&reading.modules[0], &Settings::default()).claims.remove(0)
}

#[test]
fn nothing_is_too_small_or_too_far_out_to_count() {
    let given = "size n\ngiven\n  x, y : R\n  p : R+\n  v, c : R[n]\n";
    for (claim, expected) in [
        ("1e-20 x = 2e-20 x", "false"),
        ("1e12 + x = 1e12 + y", "false"),
        ("1e-9 exp(x) = 1e-9 exp(x) + 1e-19", "false"),
        ("exp(40) + x = exp(40) + x + 1e-8", "false"),
        ("1e-30 x = 2e-30 x", "false"),
        ("0.1 x - 0.3 x + 0.2 x = 0", "verified"),
        ("0.1 x + 0.2 x = 0.3 x", "verified"),
        ("1[softmax(v) > 0] = ones(n)", "verified"),
        ("1 - tanh(x)^2 = 1 / ((exp(x) + exp(-x)) / 2)^2", "verified"),
        ("inner(c, softmax(v + ones(n))) = inner(c, softmax(v))", "verified"),
        ("tanh(x) < 1", "verified"),
        ("x < x", "false"),
        ("relu(x - 10) = 0", "false"),
        ("relu(x + 10) = x + 10", "false"),
        ("min(p, 2) = p", "false"),
        ("p < 1.6", "false"),
        ("x^2 < 30", "false"),
        ("(x + 3) : R+", "false"),
        ("(x^2 + 1) : R+", "verified"),
        ("relu(exp(x)) = exp(x)", "verified"),
        ("exp(log(x)) = x", "true-where"),
        ("log(x) = log(abs(x))", "true-where"),
        ("sqrt(x)^2 = x", "true-where"),
        ("log(exp(x)) = x", "verified"),
        ("log(p^2) = 2 log(p)", "verified"),
    ] {
        let found = judged(&format!("{given}claim \"c\" {claim}\n"));
        assert_eq!(told(found.verdict), expected, "{claim}: {found:?}");
    }
    let met = judged(&format!("{given}claim \"c\" relu(exp(x)) = exp(x)\n"));
    assert!(met.message.contains("only one branch of"), "{}", met.message);
}

#[test]
fn what_cannot_be_evaluated_is_neither_true_nor_false() {
    for expect in ["", "expect false", "expect true", "expect ill-formed"] {
        let found = judged(&format!("given\n  x : R\nclaim \"c\" log(-x^2) = x {expect}\n"));
        assert_eq!(told(found.verdict), "not-tested", "{found:?}");
        assert!(!found.passed, "{found:?}");
        assert!(found.message.contains("could not be evaluated at any drawn point"));
    }
}

#[test]
fn drawn_sizes_keep_every_index_range() {
    for (size, given, claim) in [
        ("n = 5", "A : R[n, 3]", "sum[i in n-3] max(A[i+3,:]) = sum[i in n-3] max(A[i+3,:])"),
        ("n = 4, m", "A : R[n, m]", "sum[i in n-2] max(A[i+2,:]) = sum[i in n-2] max(A[i+2,:])"),
        ("n = 5", "a : R[n-3]", "sum(a) = sum(a)"),
    ] {
        let found = judged(&format!("size {size}\ngiven\n  {given}\nclaim \"c\" {claim}\n"));
        assert_eq!(told(found.verdict), "verified", "{claim}: {found:?}");
    }
}

#[test]
fn what_fails_where_values_are_equal_is_no_identity() {
    let given = "size n, m\ngiven\n  x, y, a, b : R\n  p : R+\n  v : R[n]\n  k : Z\n  A, B : R[n, n]\n  \
                 S : SPD[n]\n  X : R[m, n]\n";
    for (claim, expected) in [
        ("1[x > 0] = 1[x >= 0]", "true-where"),
        ("1[x > 0] = 1[x >= 0] if x != 0", "verified"),
        ("1[x > 0] + 1[x < 0] = 1", "true-where"),
        ("1[x > 0] + 1[x <= 0] = 1", "verified"),
        ("1[x > 1] = 1[x >= 1]", "false"),
        ("1[x > y] + 1[x < y] = 1", "false"),
        ("1[x > y] + 1[x < y] = 1 if x != y", "verified"),
        ("1[x == y] = 0", "false"),
        ("1[x^2 > 0] = 1", "true-where"),
        ("1[A v > 0] = 1[A v >= 0]", "false"),
        ("1[p > 0] = 1", "verified"),
        ("relu'(A v) = 1[A v > 0]", "verified"),
        ("relu(x) = x 1[x >= 0]", "verified"),
        ("x^0 = 1 - 1[x == 0]", "true-where"),
        ("x != 0", "false"),
        ("x != 0 if x > 1", "verified"),
        ("x != 1", "false"),
        ("x != y", "false"),
        ("inner(v, v) != 0", "false"),
        ("det(A) != 0", "false"),
        ("det(S) != 0", "verified"),
        ("A A != zeros(n, n)", "false"),
        ("exp(x) != 0", "verified"),
        ("A B != B A", "verified"),
        ("(x + y)^2 != x^2 + y^2", "verified"),
        ("(x + y)^2 != x^2 + 2 x y + y^2", "false"),
        ("k < 100", "false"),
        ("m != n", "false"),
        ("n < 10", "false"),
        ("n >= 2", "false"),
        ("n >= 1", "verified"),
    ] {
        let found = judged(&format!("{given}claim \"c\" {claim}\n"));
        assert_eq!(told(found.verdict), expected, "{claim}: {found:?}");
    }
    let message = |claim: &str| judged(&format!("{given}claim \"c\" {claim}\n")).message;
    assert!(
        message("A B != B A").starts_with("the sides differ at 12 points: they are no identity")
    );
    assert_eq!(message("x != 0"), "with x = 0: both sides are 0");
    assert_eq!(message("1[x > 0] = 1[x >= 0]"), "it holds where x != 0; the sides differ there");
    assert!(message("exp(x) > 0").starts_with("it holds at "));
}

#[test]
fn a_power_with_a_variable_exponent_is_one_of_positive_numbers() {
    let given = "given\n  x, y, a, b : R\n  p : R+\n";
    for (claim, condition) in [
        ("x^a x^b = x^(a + b)", Some("for x > 0")),
        ("(x^a)^2 = x^(2 a)", Some("for x > 0")),
        ("log(x^y) = y log(x)", Some("for x > 0")),
        ("p^a p^b = p^(a + b)", None),
        ("2^a 2^b = 2^(a + b)", None),
        ("x^2 x^3 = x^5", None),
    ] {
        let found = judged(&format!("{given}claim \"c\" {claim}\n"));
        assert_eq!(found.verdict, Verdict::Proved, "{claim}: {found:?}");
        let conditions = found.proof.as_ref().and_then(chainrule_graph::prove::Proof::conditions);
        assert_eq!(conditions.as_deref(), condition, "{claim}");
    }
}

#[test]
fn what_takes_too_many_operations_is_not_tested() {
    let found = judged("given\n  X, Y : R[1000, 1000]\nclaim \"c\" X Y = Y X\n");
    assert_eq!(told(found.verdict), "not-tested", "{found:?}");
    assert!(found.message.contains("too many operations"), "{}", found.message);
}

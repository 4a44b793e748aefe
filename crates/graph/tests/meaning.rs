//! What small files mean: cases in which a plausible reader would go wrong.

use chainrule_graph::module::Statement;
use chainrule_graph::{Module, Op, Ratio, Reading, raise, read};

fn good(text: &str) -> Module {
    let reading = read(text);
    assert!(reading.is_ok(), "{:?}\n{text}", reading.diagnostics);
    let module = reading.modules.into_iter().next().expect("a model");
    module.verify().expect("a sound module");
    module
}

fn codes(reading: &Reading) -> Vec<&'static str> {
    reading.diagnostics.iter().map(|d| d.code).collect()
}

fn ty(module: &Module, name: &str) -> String {
    module.type_text(&module.symbol(module.find(name).expect(name)).ty)
}

fn stable(module: &Module, name: &str) -> String {
    let binding = module.binding(module.find(name).expect(name)).expect("bound");
    raise::text(module, binding.stable)
}

#[test]
fn a_lift_under_a_reduction_is_no_part_of_a_stable_form() {
    // The sum over N of equal terms is N times one: log N must not get lost.
    let text = "batch N\nsize d\ngiven b : R[d]\nnet\n  y : R[d, N] = exp(b)\n  J = log(sum(y))\n";
    let module = good(text);
    assert_eq!(stable(&module, "J"), "log(sum(y))");
    let plain =
        good("size d\ngiven b : R[d]\nnet\n  J = log(sum(exp(b)))\n  K = log(1 + exp(b))\n");
    assert_eq!(stable(&plain, "J"), "logsumexp(b)");
    assert_eq!(stable(&plain, "K"), "softplus(b)");
}

#[test]
fn names_that_a_stable_form_looks_through_are_remembered() {
    let module = good(
        "size n\ngiven\n  z : R[n]\n  y : label[n]\nnet\n  p = softmax(z)\n  l = -log(p[y])\n",
    );
    let binding = module.binding(module.find("l").expect("l")).expect("bound");
    assert_eq!(stable(&module, "l"), "-logsoftmax(z)[y]");
    assert_eq!(binding.through, [module.find("p").expect("p")]);
}

#[test]
fn what_a_claim_could_not_expand_is_tried_again() {
    let text = "\
size n, m
given
  A : R[n, m]
  b : R[n]
fn f(x) = x + b
claim \"no\" f(A) = A expect ill-formed
net
  y = f(A)
";
    assert_eq!(codes(&read(text)), ["sum-shapes"]);
    let optimizer = "\
fn g(x) = det(x)
optimizer foo(step)
  state v = 0
  w = g(p)
  v' = v + dJ/dp
  p' = p - step v'
";
    assert_eq!(codes(&read(optimizer)), ["not-square"]);
}

#[test]
fn a_layout_turns_the_jacobians_of_its_own_claim_only() {
    let text = "\
size n, m
given
  W : R[n, m]
  x : R[m]
net
  z = W x
fn D(s) = s jac(z, x)
claim \"numerator\"   D(2) = 2 W
claim \"denominator\" D(2) = 2 W^T layout denominator
";
    let module = good(text);
    assert!(module.claims.iter().all(|c| c.statement.is_some()), "{:?}", module.claims);
}

#[test]
fn rows_and_columns_reduce_over_what_is_no_batch_axis() {
    let module = good(
        "batch N\nsize K\ngiven\n  Z : R[1, N]\n  r : R[1, K]\n  v : R[N]\nnet\n  l = logsumexp(Z)\n  k = logsumexp(r)\n  s = softmax(v)\n",
    );
    assert_eq!((ty(&module, "l"), ty(&module, "k")), ("R[N]".into(), "R".into()));
    assert_eq!(ty(&module, "s"), "R[N]");
}

#[test]
fn an_index_runs_over_a_whole_number_of_values() {
    let half = read("size S = 29\ngiven x : R[S]\nnet\n  a = sum[p] x[2 p]\n");
    assert_eq!(codes(&half), Vec::<&str>::new(), "15 entries: 0, 2, .. 28");
    let odd = read("size S = 28\ngiven x : R[S]\nnet\n  a = sum[p] x[2 p]\n");
    assert_eq!(codes(&odd), ["index-extent"]);
    let none = read("size n = 3\ngiven u : R[n]\nnet\n  b = sum[i] u[i+5]\n");
    assert_eq!(codes(&none), ["index-extent"]);
    let free = good("size n\ngiven x : R[n]\nnet\n  y[u] = x[u+5]\n");
    assert_eq!(free.sizes.text(&free.requirements[0].0), "n - 6");
}

#[test]
fn the_standard_library_does_not_see_the_file() {
    good("size n\ngiven\n  pi : R[n]\n  x : R[n]\nnet\n  y = gelu(x)\n");
    let module = good("const pi = 3\nsize n\ngiven x : R[n]\nnet\n  y = gelu(x)\n");
    let circle = module.graph.ids().any(|id| module.graph.node(id).op == Op::Pi);
    assert!(circle, "the circle number, not 3");
}

#[test]
fn both_sides_of_a_claim_have_one_shape() {
    let module =
        good("batch N\nsize d\ngiven\n  b : R[d]\n  B : R[d, N]\nclaim \"lifted\" b = B\n");
    let Some(Statement::Links(left, sides)) = &module.claims[0].statement else { panic!("links") };
    assert_eq!(module.graph.ty(*left).dims, module.graph.ty(sides[0].1).dims);
}

#[test]
fn bare_names_are_quantified_inside_calls_and_sums_too() {
    let module = good(
        "size n, m, k\ngiven\n  A : R[n, m]\n  B : R[m, k]\nclaim \"entry\" sum[l] A[i,l] B[l,j] = (A B)[i,j]\nclaim \"call\" exp(A[i,j]) = exp(A[i,j])\n",
    );
    assert!(module.claims.iter().all(|c| c.statement.is_some() && c.forall.len() == 2));
}

#[test]
fn totals_may_have_many_terms() {
    let text = "\
size L = 100, w[l] = 10 for l in 0..L
given x : R[w[0]]
param
  W[l] : R[w[l], w[l-1]] ~ he for l in 1..L
net
  h[0] = x
  h[l] = tanh(W[l] h[l-1]) for l in 1..L
";
    let module = good(text);
    let count = module.parameter_count().value(&module.sizes).and_then(Ratio::whole);
    assert_eq!(count, Some(10_000));
    let cost = chainrule_graph::cost::forward(&module).expect("a cost");
    let flops = cost.flops.value(&module.sizes).and_then(Ratio::whole);
    assert_eq!(flops, Some(100 * (200 + 10)));
}

#[test]
fn settings_of_an_optimizer_may_be_computed() {
    let text = "\
param w : R = 1
net J = w^2
optimizer foo(step, a = 1/2, c = -1)
  p' = p - (step + a + c) dJ/dp
train J by foo(step = 0.1) epochs 3
";
    let module = good(text);
    let settings = &module.trainings[0].settings;
    assert_eq!(settings[1..], [("a".into(), 0.5), ("c".into(), -1.0)]);
}

#[test]
fn places_are_bytes_also_behind_letters_of_two() {
    let reading = read("size n, m\ngiven\n  A : R[n, m]\n  Σ : R[n, m]\nnet\n  y = A Σ[:,0]\n");
    assert_eq!(codes(&reading), ["inner-sizes"]);
}

#[test]
fn a_repair_does_not_hide_other_mistakes() {
    let text = "given\n  a, b : R\nnet\n  y = 1[a > 0] + (((a > 0) and (b > 0))) + zz + ww\n";
    for found in &read(text).diagnostics {
        for repair in &found.repairs {
            let after = read(&repair.apply(text).expect("it applies"));
            assert!(after.diagnostics.iter().all(|d| d.code != "expected-symbol"), "{repair:?}");
        }
    }
}

#[test]
fn stated_derivatives_are_read() {
    let reading = read("fn g(x) = x^2\n  g'(x) = nonsense x\n");
    assert_eq!(codes(&reading), ["undefined-name"]);
}

#[test]
fn two_models_have_two_names() {
    assert_eq!(codes(&read("model a\nsize n\nmodel a\n")), ["defined-twice"]);
}

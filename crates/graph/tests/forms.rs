//! The two forms of a net say the same: every equation has the same value in both.

mod models;

use chainrule_graph::interpret::{Interpreter, Numbers, Tensor};
use chainrule_graph::module::Role;
use chainrule_graph::{Module, SymbolId, differentiate, forms, raise};
use chainrule_syntax::print;

/// Small numbers for the sizes, also for those that the file fixes.
fn small(module: &Module) -> Numbers {
    let mut numbers = models::distinct(module);
    for (id, def) in module.sizes.base() {
        match def.number {
            Some(28) => numbers.set(id, 8),
            Some(n) if n > 12 => numbers.set(id, 5),
            _ => {}
        }
    }
    numbers
}

/// Where the samples stand in a tensor of either form.
fn samples(module: &Module, ty: &chainrule_graph::Type) -> Option<usize> {
    let silent = ty.axes.iter().position(|a| module.axes.is_batch(*a));
    silent.or(ty.written_batches(&module.sizes).first().map(|(at, _)| at + ty.axes.len()))
}

/// The entries with the samples in front; entries of one-long dims do not count.
fn canonical(module: &Module, id: SymbolId, value: &Tensor<f64>) -> Vec<f64> {
    let Some(at) = samples(module, &module.symbol(id).ty) else { return value.data.clone() };
    let n = value.shape[at];
    let inner: usize = value.shape[at + 1..].iter().product();
    let outer: usize = value.shape[..at].iter().product();
    let entry = |o: usize, s: usize, i: usize| value.data[(o * n + s) * inner + i];
    let all = (0..n).flat_map(|s| (0..outer).map(move |o| (s, o)));
    all.flat_map(|(s, o)| (0..inner).map(move |i| entry(o, s, i))).collect()
}

/// A value with the samples where the type has them, from entries with the samples in front.
fn arranged(module: &Module, id: SymbolId, front: &[f64], shape: Vec<usize>) -> Tensor<f64> {
    let ty = &module.symbol(id).ty;
    let axes = ty.axes.clone();
    let Some(at) = samples(module, ty) else {
        return Tensor { axes, shape, data: front.to_vec() };
    };
    let n = shape[at];
    let inner: usize = shape[at + 1..].iter().product();
    let outer: usize = shape[..at].iter().product();
    let entry = |o: usize, s: usize, i: usize| front[(s * outer + o) * inner + i];
    let all = (0..outer).flat_map(|o| (0..n).map(move |s| (o, s)));
    let data = all.flat_map(|(o, s)| (0..inner).map(move |i| entry(o, s, i))).collect();
    Tensor { axes, shape, data }
}

fn values(module: &Module, numbers: &Numbers) -> Vec<(SymbolId, Vec<f64>)> {
    let module = &resolved(module).unwrap();
    let mut oracle: Interpreter<'_, f64> = Interpreter::new(module, numbers.clone());
    models::draw(module, &mut oracle, 7);
    collect(module, oracle)
}

/// The module with every derivative replaced by its formula.
fn resolved(module: &Module) -> Result<Module, differentiate::Refusal> {
    let mut module = module.clone();
    let mut done = std::collections::BTreeMap::new();
    for at in 0..module.bindings.len() {
        let value = module.bindings[at].value;
        let value = differentiate::resolved(&mut module, value, &mut done)?;
        let stable = module.bindings[at].stable;
        let stable = differentiate::resolved(&mut module, stable, &mut done)?;
        (module.bindings[at].value, module.bindings[at].stable) = (value, stable);
    }
    Ok(module)
}

fn collect(module: &Module, mut oracle: Interpreter<'_, f64>) -> Vec<(SymbolId, Vec<f64>)> {
    let mut out = Vec::new();
    for (at, symbol) in module.symbols.iter().enumerate() {
        let id = SymbolId::new(at);
        if let Some(given) = oracle.given(id) {
            out.push((id, canonical(module, id, given)));
        } else if let Some(binding) = module.binding(id) {
            let value =
                oracle.value(binding.stable).unwrap_or_else(|e| panic!("{}: {e}", symbol.name));
            out.push((id, canonical(module, id, &value)));
        }
    }
    out
}

/// The values of `other` where the free names have the values they have in `values`.
fn same(other: &Module, numbers: &Numbers, known: &[(SymbolId, Vec<f64>)]) {
    let other = &resolved(other).unwrap();
    let mut oracle: Interpreter<'_, f64> = Interpreter::new(other, numbers.clone());
    for (id, front) in known {
        let symbol = other.symbol(*id);
        if other.binding(*id).is_none() && !matches!(symbol.role, Role::Const(_)) {
            let shape = oracle.shape(&symbol.ty).unwrap();
            oracle.set(*id, arranged(other, *id, front, shape));
        }
    }
    for (id, value) in collect(other, oracle) {
        let name = &other.symbol(id).name;
        let Some((_, first)) = known.iter().find(|(k, _)| *k == id) else { continue };
        assert_eq!(first.len(), value.len(), "{name}");
        for (a, b) in first.iter().zip(&value) {
            assert!((a - b).abs() <= 1e-12 * (1.0 + a.abs()), "{name}: {a} {b}");
        }
    }
}

/// The lines of the derivatives that a file asks for, as text.
fn lines(module: &Module) -> Vec<String> {
    let mut out = Vec::new();
    for target in chainrule_graph::check::targets(module) {
        if target.second {
            continue;
        }
        let mut copy = module.clone();
        let Ok(derivation) = differentiate::derivation(&mut copy, target.of, &[target.wrt]) else {
            continue;
        };
        for line in &derivation.lines {
            let equation = raise::equation(&copy, line.value);
            let name = copy.symbol(line.symbol).name.clone();
            let left = chainrule_syntax::ast::ExprKind::Name(name);
            let left = chainrule_syntax::ast::Expr { kind: left, span: Default::default() };
            let (left, right) = (equation.left(left), &equation.right);
            out.push(format!("{} = {}", print::expr(&left), print::expr(right)));
        }
    }
    out
}

const EXAMPLES: [&str; 8] =
    ["iris", "cifar2", "graph002", "softreg", "mlp", "convnet", "circles", "more"];

fn judged(name: &str, module: &Module) {
    let numbers = small(module);
    let known = values(module, &numbers);
    let batch = forms::batch_form(module).unwrap_or_else(|e| panic!("{name}: {e}"));
    batch.module.verify().unwrap();
    assert!(batch.module.symbols.iter().all(|s| s.ty.axes.is_empty()), "{name}");
    same(&batch.module, &numbers, &known);
    if let Ok(sample) = forms::sample_form(module) {
        sample.module.verify().unwrap();
        same(&sample.module, &numbers, &known);
    }
    // There and back.
    let back = forms::sample(&batch.module).unwrap_or_else(|e| panic!("{name}: {e}"));
    same(&back, &numbers, &known);
}

#[test]
fn examples_have_the_same_values_in_both_forms() {
    for name in EXAMPLES {
        judged(name, &models::example(name));
    }
}

/// Over the whole suite too; what has one form only says why.
#[test]
fn the_suite_has_the_same_values_in_both_forms() {
    let mut refused = Vec::new();
    let mut count = 0;
    for folder in ["claims", "identities"] {
        for (name, module) in models::suite(folder) {
            if module.verify().is_err() || module.bindings.is_empty() {
                continue;
            }
            let numbers = small(&module);
            let known = values(&module, &numbers);
            match forms::batch_form(&module) {
                Ok(form) => {
                    form.module.verify().unwrap_or_else(|e| panic!("{name}: {e}"));
                    same(&form.module, &numbers, &known);
                    count += 1;
                }
                Err(why) => refused.push(format!("{name}: {why}")),
            }
            match forms::sample_form(&module) {
                Ok(form) => {
                    form.module.verify().unwrap_or_else(|e| panic!("{name}: {e}"));
                    same(&form.module, &numbers, &known);
                }
                Err(why) => assert!(why.0.contains("mixes the samples"), "{name}: {why}"),
            }
        }
    }
    assert!(refused.is_empty() && count > 100, "{count} {refused:?}");
}

/// Rows, matrices of each sample, outer products, index equations, norms: each is said of the batch.
#[test]
fn rarer_equations_have_both_forms() {
    let texts = [
        // Rows stay rows.
        "size d, K\nbatch N\ngiven\n  x : R[1, d] per N\n  W : R[d, K]\n  b : R[K]\nnet\n  z = x W + b^T\n  p = softmax(z)\n  J = sum[N] sum(p .* z)\nderive dJ/dW\n",
        // Attention within each sample: matrices of each sample.
        "size k, m, n\nbatch N\ngiven\n  Q : R[k, n] per N\n  V : R[k, m] per N\nparam\n  W : R[k, k] = 0\nnet\n  S = (W V)^T Q / sqrt(k)\n  P = softmax(S, axis = 0)\n  O = V P\n  l = inner(O, O)\n  J = mean[N] l\nderive dJ/dW\n",
        // Layer norm.
        "size d\nbatch N\ngiven\n  x : R[d] per N\nparam\n  g, b : R[d] = 0\nnet\n  m = mean(x)\n  c = x - m\n  s = sqrt(mean(c .^ 2) + 0.001)\n  y = g .* c / s + b\n  J = mean[N] ||y||^2\nderive dJ/d{g, b}\n",
        // Sums of products over the samples.
        "size d, k\nbatch N\ngiven\n  u : R[d] per N\n  v : R[k] per N\n  s : R per N\nnet\n  C = mean[N] s u v^T\n  D = sum[N] -(u v^T) / 3\n  e = sum[N] s u\n  f = mean[N] s\n  r = max[N] u\n",
        // A number of each sample; what all samples share is subtracted.
        "size d\nbatch N\ngiven\n  x : R[d] per N\n  w : R[d]\nnet\n  m = mean[N] x\n  c = x - m\n  a = w^T c\n  q = exp(a) / (1 + sum[N] exp(a))\n  y = a^2 c\n  J = sum[N] ||y||_1 + sum[N] q\nderive dJ/dw\n",
        // An index equation with a sum over the samples inside.
        "size d\nbatch N\ngiven\n  x : R[d] per N\nnet\n  G[i,j] = mean[N] x[i] x[j]\n  y[i] = sum[j] G[i,j] x[j]\n",
        // Functions of one sample that have no form of their own over the batch.
        "size n\nbatch N\ngiven\n  A : R[n, n] per N\n  x : R[n] per N\nnet\n  t = tr(A)\n  y = A x\n  D = diag(x)\n  E = A^T + x x^T\n  v = vec(A)\n  r = max(A)\n  h = ||A||_F\n",
    ];
    for text in texts {
        judged(text, &models::module(text));
    }
}

#[test]
fn derivations_read_as_on_paper() {
    let iris = models::example("iris");
    let batch = lines(&forms::batch(&iris).unwrap());
    for line in ["dJ/dz2 = 1/N (p - onehot(y))", "dJ/dW1 = dJ/dz2 a1^T", "dJ/dW0 = dJ/dz1 x^T"] {
        assert!(batch.iter().any(|l| l == line), "{line}: {batch:#?}");
    }
    let cifar = models::example("cifar2");
    let sample = lines(&forms::sample(&cifar).unwrap());
    for line in ["dJt/dZ3 = 1/N (Psi - D)", "dJt/dW2 = sum[N] dJt/dZ3 A2^T + 2 lambda W2"] {
        assert!(sample.iter().any(|l| l == line), "{line}: {sample:#?}");
    }
}

/// There and back the same derivation comes out, line by line.
#[test]
fn there_and_back_gives_equal_derivations() {
    for name in ["iris", "softreg", "mlp", "circles", "cifar2", "graph002"] {
        let module = models::example(name);
        let wrt =
            |m: &Module| lines(m).into_iter().filter(|l| l.starts_with("dJ")).collect::<Vec<_>>();
        let own = wrt(&module);
        let silent = module.symbols.iter().any(|s| !s.ty.axes.is_empty());
        let back = if silent {
            wrt(&forms::sample(&forms::batch(&module).unwrap()).unwrap())
        } else {
            wrt(&forms::batch(&forms::sample(&module).unwrap()).unwrap())
        };
        assert_eq!(own, back, "{name}");
    }
}

#[test]
fn what_mixes_samples_is_refused_by_name() {
    let module = models::module("size d\nbatch N\ngiven\n  X : R[d, N]\nnet\n  G = X^T X\n");
    let why = forms::sample(&module).unwrap_err().0;
    assert_eq!(why, "`G`: `X^T X` mixes the samples of `N`; it cannot be said of one of them");
    let module = models::module(
        "size d\nbatch N\ngiven\n  x : R[d] per N\n  W : R[d, d]\nnet\n  l = x^T W x\nderive dl/dW\n",
    );
    let form = forms::batch_form(&module).unwrap();
    assert_eq!(form.left_out, ["`dl/dW` is a matrix for each sample of `N`, not one of the batch"]);
}

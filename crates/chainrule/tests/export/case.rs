//! What is exported: a file, sizes, values for its names, and what the interpreter makes of them.

use std::collections::BTreeMap;

use chainrule::Model;
use chainrule::export::{Exported, Language, Wanted};
use chainrule::graph::interpret::{Interpreter, Numbers, Tensor};
use chainrule::graph::{Module, differentiate};

use crate::point;

/// One value with its gradients at one point.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) model: Model,
    pub(crate) wanted: Wanted,
    /// Values by name.
    pub(crate) point: BTreeMap<String, Tensor<f64>>,
    pub(crate) value: Vec<f64>,
    /// The gradients by name.
    pub(crate) gradients: BTreeMap<String, Vec<f64>>,
}

/// What a program printed.
pub(crate) struct Outcome {
    pub(crate) value: Vec<f64>,
    pub(crate) loss: Vec<f64>,
    pub(crate) gradients: BTreeMap<String, Vec<f64>>,
    /// The gradients of the library's own differentiation, if it has one.
    pub(crate) automatic: BTreeMap<String, Vec<f64>>,
}

impl Case {
    /// The case of a file with these numbers for its sizes.
    pub(crate) fn new(name: &str, model: Model, wanted: Wanted, sizes: &[(&str, u64)]) -> Case {
        Case::fallible(name, model, wanted, sizes).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The same; or why there is none.
    fn fallible(
        name: &str,
        model: Model,
        wanted: Wanted,
        sizes: &[(&str, u64)],
    ) -> Result<Case, String> {
        let exported = model.export(Language::NumPy, &wanted).map_err(|e| e.to_string())?;
        let mut module = model.modules()[0].clone();
        let mut numbers = Numbers::of(&module, 5, 3);
        for (size, number) in sizes {
            let known = module.sizes.base().find(|(_, def)| def.name == *size);
            numbers.set(known.unwrap_or_else(|| panic!("{name}: no size {size}")).0, *number);
        }
        let point = point::draw(&module, &numbers);
        let (value, gradients) = expected(&mut module, &numbers, &point, &exported)?;
        Ok(Case { name: name.into(), model, wanted, point, value, gradients })
    }

    fn is_finite(&self) -> bool {
        self.value.iter().chain(self.gradients.values().flatten()).all(|v| v.is_finite())
    }

    /// The exported code.
    pub(crate) fn code(&self, language: Language) -> Exported {
        self.model.export(language, &self.wanted).unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }

    /// What is further than 1e-12 from the interpreter, relative to the greatest entry.
    pub(crate) fn differences(&self, outcome: &Outcome) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut compare = |what: String, own: &[f64], other: &[f64], bound: f64| {
            let scale = own.iter().fold(1e-3_f64, |m, v| m.max(v.abs()));
            let pairs = own.iter().zip(other);
            let gap = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / scale;
            if own.len() != other.len() || gap.is_nan() || gap > bound {
                wrong.push(format!("{}: {what}: {gap:e}: {own:?} {other:?}", self.name));
            }
        };
        compare("the value".into(), &self.value, &outcome.value, 1e-12);
        compare("loss".into(), &self.value, &outcome.loss, 1e-12);
        for (name, own) in &self.gradients {
            let none = Vec::new();
            let other = outcome.gradients.get(name).unwrap_or(&none);
            compare(format!("the gradient by {name}"), own, other, 1e-12);
            if let Some(other) = outcome.automatic.get(name) {
                compare(format!("the library's gradient by {name}"), own, other, 1e-11);
            }
        }
        wrong
    }
}

/// The value, and each gradient by its variable.
type Expected = (Vec<f64>, BTreeMap<String, Vec<f64>>);

/// Value and gradients by the interpreter.
fn expected(
    module: &mut Module,
    numbers: &Numbers,
    point: &BTreeMap<String, Tensor<f64>>,
    exported: &Exported,
) -> Result<Expected, String> {
    let find = |module: &Module, name: &str| module.find(name).expect("the name is known");
    let of = find(module, &exported.of);
    let of = module.read(of).expect("there is room");
    let wrt: Vec<_> = exported.gradients.iter().map(|n| find(module, n)).collect();
    let gradients = differentiate::gradients(module, of, &wrt).map_err(|e| e.0)?;
    let mut it: Interpreter<'_, f64> = Interpreter::new(module, numbers.clone());
    for (name, value) in point {
        it.set(find(module, name), value.clone());
    }
    let value = it.value(of).map_err(|e| e.0)?.data.clone();
    let mut all = BTreeMap::new();
    for (name, node) in exported.gradients.iter().zip(gradients) {
        all.insert(name.clone(), it.value(node).map_err(|e| e.0)?.data.clone());
    }
    Ok((value, all))
}

fn by(of: &str, wrt: &[&str]) -> Wanted {
    let wrt = wrt.iter().map(|w| (*w).to_string()).collect();
    Wanted { model: None, of: Some(of.into()), wrt }
}

/// The built-in examples, at small sizes, and nets for the rarer constructions.
pub(crate) fn examples() -> Vec<Case> {
    let read = |name: &str| Model::read(name).expect("a built-in example");
    let net = |name: &str, text: &str| Model::parse(name, text).expect("no mistakes");
    let none = Wanted::default();
    let mut all = vec![
        Case::new("iris", read("iris"), none.clone(), &[("d", 4), ("H", 7), ("K", 3), ("N", 5)]),
        Case::new(
            "cifar2",
            read("cifar2"),
            none.clone(),
            &[("d", 6), ("H", 4), ("K", 3), ("N", 5)],
        ),
        Case::new("graph002", read("graph002"), none.clone(), &[("n", 4)]),
        Case::new("softreg", read("softreg"), none.clone(), &[("d", 6), ("K", 4), ("N", 5)]),
        Case::new("mlp", read("mlp"), none.clone(), &[("d", 6), ("H", 4), ("K", 3), ("N", 5)]),
        Case::new(
            "convnet",
            read("convnet"),
            none.clone(),
            &[("C0", 2), ("C1", 3), ("C2", 4), ("S", 8), ("k", 3), ("F", 5), ("K", 6), ("N", 2)],
        ),
        Case::new(
            "circles",
            read("circles"),
            none.clone(),
            &[("d", 2), ("H", 5), ("K", 3), ("N", 4)],
        ),
        Case::new("circles, per sample", read("circles"), by("l", &["x"]), &[("H", 5), ("N", 4)]),
        Case::new("digits", read("digits"), none, &[("N", 4)]),
    ];
    for (name, text) in MORE {
        let wrt: Vec<&str> = text.lines().next().unwrap_or_default()[2..].split(',').collect();
        let model = net(name, text);
        let sizes: Vec<(String, u64)> = model.modules()[0]
            .sizes
            .base()
            .enumerate()
            .map(|(i, (_, def))| (def.name.clone(), def.number.unwrap_or(3 + i as u64)))
            .collect();
        let sizes: Vec<(&str, u64)> = sizes.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        all.push(Case::new(name, model, by("J", &wrt), &sizes));
    }
    all
}

/// Nets of one construction each; the first line names the variables.
const MORE: &[(&str, &str)] = &[
    (
        "attention",
        "# Q,K,V\nsize n, m, k\ngiven\n  Q : R[k, n]\n  K, V : R[k, m]\n  C : R[k, n]\nnet\n  \
         S = K^T Q / sqrt(k)\n  P = softmax(S, axis = 0)\n  O[i,j] = sum[l] V[i,l] P[l,j]\n  \
         J = sum(C .* O)\n",
    ),
    (
        "padding",
        "# C,W\nsize n, k\ngiven\n  C : R[k, n]\n  W : R[3, 3]\nnet\n  \
         B[u,v] = sum[i in 3, j in 3] W[i,j] C[u+i-1,v+j-1; pad]\n  J = sum(B .^ 3)\n",
    ),
    (
        "matrices",
        "# A,x\nsize n\ngiven\n  A : SPD[n]\n  x : R[n]\nnet\n  y = A^-1 x\n  \
         J = logdet(A) + det(A) x^T y + tr(A^3) + ||A||_spec + sum(pinv(A) x)\n",
    ),
    (
        "norms",
        "# x,A\nsize n, m\nbatch N\ngiven\n  x : R[n] per N\n  A : R[m, n]\nnet\n  z = A x\n  \
         J = mean[N] (||z|| + ||z||_1 + ||z||_inf) + ||A||_F + max(A) + min(A) + prod(0.5 A)\n",
    ),
    (
        "prod over an axis",
        "# A\nsize n, m\ngiven\n  A : R[n, m]\nnet\n  J = sum(prod(A, axis = 1)) + sum(max(A, axis = 0)) + sum(mean(A, axis = 1))\n",
    ),
    (
        "kron",
        "# A,b\nsize n, m, k\ngiven\n  A : R[n, m]\n  b : R[k]\n  w : R[n k m]\nnet\n  \
         M = kron(A, b)\n  v = vec(M)\n  J = inner(w, v) + sum(kron(b^T, A) .^ 2) + sum(diag(b) (b b^T) diag(b))\n",
    ),
    (
        "labels",
        "# E,Z\nsize n, K\nbatch N\ngiven\n  E : R[K, n]\n  Z : R[K, N]\n  y : label[K] per N\n  t : label[K][N]\nnet\n  \
         e = E[y,:]\n  l = ||e||^2\n  Y = onehot(t)\n  q = cross_entropy(Z, t)\n  \
         J = mean[N] l + sum(Y .* Z) / 3 + sum(q)\n",
    ),
    (
        "families",
        "# W[1],W[3],b[2]\nsize d, L = 3\nbatch N\ndata\n  x : R[d] per N\nparam\n  W[l] : R[d, d] ~ he for l in 1..L\n  \
         b[l] : R[d] = 0 for l in 1..L\nnet\n  h[0] = x\n  h[l] = tanh(W[l] h[l-1] + b[l]) for l in 1..L\n  \
         J = mean[N] sum(h[3])\n",
    ),
    (
        "clashes",
        "# lambda,np\nsize n\ngiven\n  lambda : R\n  np : R[n]\n  def : R[n]\nnet\n  in1 = np .* def\n  \
         loss = lambda ||in1||^2\n  J = loss + exp(lambda) + max(lambda, 0.1) + 2^lambda\n",
    ),
    (
        "conditions",
        "# x\nsize n\ngiven\n  x : R[n]\n  y : R[n]\nnet\n  J = sum(1[x > 0] .* x .* 1[y > x]) + sum(1[x > y]) + sum(abs(x) .* sign(y)) + sum(max(x, y)) + sum(min(x, 0.2))\n",
    ),
    (
        "written batch first",
        "# W,b\nsize d, K\nbatch N\ngiven\n  X : R[N, d]\n  W : R[d, K]\n  b : R[K]\n  y : label[K][N]\nnet\n  \
         Z = X W + ones(N) b^T\n  P = softmax(Z)\n  J = mean[N] cross_entropy(Z, y) + sum(P .^ 2)\n",
    ),
    (
        "functions",
        "# x\nsize n\nconst c = 0.3\ngiven\n  x : R[n]\nnet\n  J = sum(sin(x) .* cos(x) + tan(c x) + sigmoid(x) .* softplus(x) + exp(-x) + sqrt(1 + x .^ 2) + log(2 + x)) + pi logsumexp(x) + n / 2\n",
    ),
];

/// Every number that a net of the suite defines, by all free values: a file's case is left out if
/// the point has no finite value (a singular matrix, the logarithm of a negative number).
pub(crate) fn suite(folder: &str) -> Vec<Case> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite").join(folder);
    let files = std::fs::read_dir(&root).expect("the suite is there");
    let mut files: Vec<_> = files.map(|f| f.expect("a file").path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let Ok(model) = Model::read(&file) else { continue };
        let module = &model.modules()[0];
        let free = |s: &&chainrule::graph::module::Symbol| {
            use chainrule::graph::module::Role;
            let role = matches!(s.role, Role::Given(_) | Role::Param(_) | Role::Data);
            role && !matches!(s.ty.kind, chainrule::graph::Kind::Label(_))
        };
        let wrt: Vec<String> = module.symbols.iter().filter(free).map(|s| s.name.clone()).collect();
        let sizes: Vec<(String, u64)> = module
            .sizes
            .base()
            .enumerate()
            .map(|(i, (_, def))| (def.name.clone(), def.number.unwrap_or(3 + i as u64)))
            .collect();
        let sizes: Vec<(&str, u64)> = sizes.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        let numbers = module.symbols.iter().filter(|s| {
            s.role == chainrule::graph::module::Role::Defined
                && s.ty.dims.is_empty()
                && s.ty.is_number()
        });
        for number in numbers.map(|s| s.name.clone()) {
            let wanted = Wanted { model: None, of: Some(number.clone()), wrt: wrt.clone() };
            if wrt.is_empty() {
                continue;
            }
            match Case::fallible(&format!("{name} {number}"), model.clone(), wanted, &sizes) {
                Ok(case) if case.is_finite() => all.push(case),
                Ok(_) => {}
                Err(why) => eprintln!("left out: {name} {number}: {why}"),
            }
        }
    }
    all
}

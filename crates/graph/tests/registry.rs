//! Every record, by its samples: both modes, complex step, differences, second order, more digits,
//! transposed index maps.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use chainrule_graph::Module;
use chainrule_graph::index::NodeId;
use chainrule_graph::op::{ALL, OpDef};
use chainrule_graph::record::{Differential, Eval};
use support::case::{case, samples};
use support::draw;
use support::figures::{Figures, SECOND, TWICE};
use support::lowered;
use support::problem::{Problem, reachable};
use support::specs;

/// Differentiable records without a sample: no text makes them, other rules do.
const DERIVED: &[(&str, &str)] = &[
    ("collect", "written as a definition with indices: the cases below"),
    ("others", "the derivative of a product over axes"),
    ("direction", "the derivative of a norm"),
    ("scatter", "the transpose of an access"),
];

/// Whole `net` lines: what is no expression.
const DEFINITIONS: &[(&str, &str)] = &[
    ("A : R[n, m]", "Y[j,i] = A[i,j]^2"),
    ("x : R[n] per N; W : R[m, n]", "Y[o] = sum[i] W[o,i] x[i]"),
    ("a : R[n]; b : R[m]; c : R[k]", "Y[i,j,l] = a[i] b[j] c[l]"),
    ("x : R[n + 2]; w : R[3]", "Y[i] = sum[j in 3] w[j] x[i+j]"),
];

fn all_cases() -> Vec<(&'static str, String, String)> {
    let of_record = |def: &&'static OpDef| {
        let name = def.name;
        samples(def).into_iter().map(move |(d, l)| (name, d, l)).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = ALL.iter().flat_map(of_record).collect();
    let of_definition = |(d, l): &(&str, &str)| ("collect", (*d).to_string(), (*l).to_string());
    all.extend(DEFINITIONS.iter().map(of_definition));
    all
}

fn place(def: &OpDef) -> Option<usize> {
    ALL.iter().position(|known| std::ptr::eq(*known, def))
}

fn differentiable(def: &OpDef) -> bool {
    !matches!(def.differential, Differential::Zero | Differential::Refused(_))
}

/// What a run over all cases found.
#[derive(Default)]
struct Found {
    worst: Figures,
    failures: Vec<String>,
    /// How many cases hold each record, in the value and in its derivatives.
    counts: BTreeMap<usize, (usize, usize)>,
    transposes: usize,
    /// Cases that are lowered, and those with an op over an index that has no loop.
    lowered: usize,
    unlowered: usize,
}

impl Found {
    fn count(&mut self, module: &Module, nodes: &[NodeId], derived: bool) {
        let mut places: Vec<usize> =
            nodes.iter().filter_map(|id| place(module.graph.node(*id).op.def())).collect();
        places.sort_unstable();
        places.dedup();
        for at in places {
            let count = self.counts.entry(at).or_default();
            if derived {
                count.1 += 1;
            } else {
                count.0 += 1;
            }
        }
    }

    fn case(&mut self, declarations: &str, line: &str) -> Result<(), String> {
        let case = case(declarations, line, &[])?;
        let own = reachable(&case.module, &[case.value]);
        self.count(&case.module, &own, false);
        let problem = Problem::new(case.module, case.numbers, case.loss, &case.wrt)?;
        let nodes = problem.nodes();
        self.count(&problem.module, &nodes, true);
        if let Some(why) = &problem.refused
            && !line.contains("spec")
        {
            return Err(format!("no second derivative: {why}"));
        }
        let mut figures = Figures::default();
        for seed in 0..3 {
            let values = draw::values(&problem.module, &problem.numbers, seed);
            shapes(&problem, &nodes, &values)?;
            figures.merge(&problem.check(&values, usize::MAX, seed).map_err(|e| e.to_string())?);
            let mut outputs = vec![problem.loss, case.value];
            outputs.extend(&problem.gradients);
            let (module, numbers) = (&problem.module, &problem.numbers);
            let compared = lowered::compare(module, numbers, &outputs, &values, &mut figures)?;
            self.unlowered += usize::from(!compared && seed == 0);
            self.lowered += usize::from(compared && seed == 0);
        }
        for id in &nodes {
            let (module, numbers) = (&problem.module, &problem.numbers);
            let checked = specs::check(module, numbers, *id, 7, &mut figures);
            let name = module.graph.node(*id).op.def().name;
            self.transposes += checked.map_err(|e| format!("the transpose of `{name}`: {e}"))?;
        }
        self.worst.merge(&figures);
        let beyond = figures.beyond();
        if beyond.is_empty() { Ok(()) } else { Err(beyond.join(", ")) }
    }
}

/// Every value has the shape that its type says.
fn shapes(problem: &Problem, nodes: &[NodeId], values: &draw::Values) -> Result<(), String> {
    let found = problem.real(nodes, values).map_err(|e| e.to_string())?;
    let it = chainrule_graph::interpret::Interpreter::<f64>::new(
        &problem.module,
        problem.numbers.clone(),
    );
    for (id, value) in nodes.iter().zip(found) {
        let node = problem.module.graph.node(*id);
        let shape = it.shape(&node.ty).map_err(|e| e.to_string())?;
        let entries: usize = shape.iter().product();
        if value.shape != shape || value.axes != node.ty.axes || value.data.len() != entries {
            let (name, got) = (node.op.def().name, &value.shape);
            return Err(format!("`{name}` has shape {got:?}, its type says {shape:?}"));
        }
    }
    Ok(())
}

#[test]
fn every_record_has_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for def in ALL {
        assert!(names.insert(def.name), "two records are called `{}`", def.name);
    }
}

#[test]
fn every_differentiable_record_has_a_sample_or_a_reason() {
    for def in ALL {
        let reason = DERIVED.iter().any(|(name, _)| *name == def.name);
        let (own, needs) = (!def.samples.is_empty(), differentiable(def));
        assert!(!needs || own != reason, "`{}`: samples {own}, a reason {reason}", def.name);
        for (declarations, line) in samples(def) {
            let case = case(&declarations, &line, &[]).expect("a sample is read");
            let nodes = reachable(&case.module, &[case.value]);
            let holds = |id: &NodeId| std::ptr::eq(case.module.graph.node(*id).op.def(), *def);
            assert!(nodes.iter().any(holds), "no `{}` in {line}", def.name);
        }
    }
}

/// Second derivatives of a product where entries are 0: nothing is divided by them.
#[test]
fn products_have_second_derivatives_at_zeros() {
    let cases = [
        ("x : R[n]", "Y = prod(x)"),
        ("A : R[n, m]", "Y = prod(A)"),
        ("A : R[n, m]", "Y = prod(A, axis = 0)"),
        ("A : R[n, m] per N", "Y = prod(A, axis = 1)"),
        ("x : R[n] per N", "Y = prod[N] x"),
        ("X : R[n, N]", "Y = prod[N] X"),
        ("A : R[n, m]", "Y = prod[i in n, j in m] A[i,j]"),
        ("x : R[1, n]", "Y = prod(x)"),
    ];
    for (declarations, line) in cases {
        let case = case(declarations, line, &[]).expect("it is read");
        let problem = Problem::new(case.module, case.numbers, case.loss, &case.wrt);
        let problem = problem.expect("it is differentiated");
        assert_eq!(problem.refused, None, "{line}");
        for zeros in 1..3 {
            let mut values = draw::values(&problem.module, &problem.numbers, 1);
            for (x, _) in &problem.wrt {
                let data = &mut values[x.index()].as_mut().expect("drawn").data;
                data[..zeros].fill(0.0);
            }
            let mut figures = Figures::default();
            figures.merge(&problem.check(&values, usize::MAX, 2).expect("values"));
            // The gradient vanishes where two entries are 0, and has no relative error.
            let second = figures.errors[SECOND].max(figures.errors[TWICE]);
            let fine = if zeros == 1 { figures.beyond().is_empty() } else { second <= 1e-9 };
            assert!(fine, "{line}, {zeros} zeros: {}", figures.line());
        }
    }
}

#[test]
fn every_record_agrees_with_every_other_way_to_its_derivative() {
    let mut found = Found::default();
    for (name, declarations, line) in all_cases() {
        if let Err(e) = found.case(&declarations, &line) {
            found.failures.push(format!("`{name}`, {declarations}; {line}\n    {e}"));
        }
    }
    for (at, def) in ALL.iter().enumerate() {
        let (own, derived) = found.counts.get(&at).copied().unwrap_or_default();
        println!("{:20} in {own:3} values, {derived:3} derivatives", def.name);
        let resolved = matches!(def.eval, Eval::Resolved);
        if !resolved && differentiable(def) && derived == 0 {
            found.failures.push(format!("`{}` is in no case", def.name));
        }
    }
    println!("{} cases lowered, {} with an op over an index", found.lowered, found.unlowered);
    println!("{} transposes; worst: {}", found.transposes, found.worst.line());
    assert!(found.failures.is_empty(), "{}", found.failures.join("\n"));
}

//! Ops from outside the crate: one file with a record each, and everything else follows.

#[path = "custom/correlate.rs"]
mod correlate;
mod support;
#[path = "custom/swish.rs"]
mod swish;

use chainrule_graph::lower::{Fold, Loop, Step, Work};
use chainrule_graph::op::OpDef;
use chainrule_graph::{Op, check, differentiate, raise, read_with};
use correlate::CORRELATE;
use support::case::{case, samples};
use support::draw;
use support::figures::Figures;
use support::lowered;
use support::problem::Problem;
use support::specs;
use swish::SWISH;

static OPS: [&OpDef; 2] = [&SWISH, &CORRELATE];

#[test]
fn a_foreign_record_is_differentiated_and_checked_as_our_own() {
    for def in OPS {
        for (declarations, line) in samples(def) {
            let case = case(&declarations, &line, &OPS).expect("a sample is read");
            let problem = Problem::new(case.module, case.numbers, case.loss, &case.wrt);
            let problem = problem.expect("it is differentiated");
            assert_eq!(problem.refused, None, "{line}");
            let mut figures = Figures::default();
            for seed in 0..3 {
                let values = draw::values(&problem.module, &problem.numbers, seed);
                figures.merge(&problem.check(&values, usize::MAX, seed).expect("values"));
            }
            let values = draw::values(&problem.module, &problem.numbers, 3);
            let compared = problem.lowered(&values, &mut figures).expect("it is lowered");
            assert!(compared, "{line}");
            for id in problem.nodes() {
                let (module, numbers) = (&problem.module, &problem.numbers);
                specs::check(module, numbers, id, 3, &mut figures).expect("transposes");
            }
            assert!(figures.beyond().is_empty(), "{line}: {}", figures.line());
        }
    }
}

#[test]
fn a_foreign_op_is_printed_as_it_is_written() {
    let text =
        "size n, m\ngiven\n  w : R[n]\n  x : R[n + m]\nnet\n  L = sum(swish(correlate(w, x)))\n";
    let reading = read_with(text, &OPS);
    assert!(reading.is_ok(), "{:?}", reading.diagnostics);
    let mut module = reading.modules.into_iter().next().expect("a model");
    let loss = module.find("L").expect("L");
    let value = module.binding(loss).expect("bound").value;
    assert_eq!(raise::text(&module, value), "sum(swish(correlate(w, x)))");
    let w = module.find("w").expect("w");
    let gradient = differentiate::gradients(&mut module, value, &[w]).expect("a gradient")[0];
    let written = raise::text(&module, gradient);
    assert!(written.starts_with("correlate(") && written.contains("sigmoid("), "{written}");
}

#[test]
fn a_misfit_of_a_foreign_op_is_reported_in_its_words() {
    let text = "size n, m\ngiven A : R[n, m]\nnet Y = correlate(A, A)\n";
    let reading = read_with(text, &OPS);
    assert_eq!(reading.diagnostics[0].code, "correlate");
    assert!(reading.diagnostics[0].message.contains("two columns"));
    // Without the record the name is no function.
    assert!(!chainrule_graph::read(text).is_ok());
}

/// The loops of a `net` line's value.
fn loops(declarations: &str, line: &str) -> Vec<Loop> {
    let case = case(declarations, line, &OPS).expect("it is read");
    let lowered = lowered::lowered(&case.module, &[case.value]).expect("sound").expect("lowered");
    let loops = lowered.nodes.into_iter().filter_map(|node| match node.work {
        Work::Loop(l) => Some(l),
        Work::Input(_) => None,
        other => panic!("{line}: {other:?}"),
    });
    loops.collect()
}

#[test]
fn a_foreign_entrywise_op_is_part_of_a_pointwise_loop() {
    let all = loops("x, y : R[n] per N", "Y = exp(swish(x) .* y + x)");
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((all[0].fold, all[0].reads.len()), (None, 2), "{all:?}");
    let sigmoid = |step: &Step| matches!(step, Step::Apply(Op::Sigmoid, _));
    assert!(all[0].body.steps.iter().any(sigmoid), "{all:?}");
}

#[test]
fn a_foreign_op_with_index_maps_is_a_contraction() {
    let case = case("w : R[n]; x : R[n + m] per N", "Y = correlate(w, x)", &OPS).expect("read");
    let lowered = lowered::lowered(&case.module, &[case.value]).expect("sound").expect("lowered");
    let loops = loops("w : R[n]; x : R[n + m] per N", "Y = correlate(w, x)");
    let [l] = loops.as_slice() else { panic!("{loops:?}") };
    // `y[i,N] = sum[j] w[j] x[i+j,N]`
    assert_eq!((l.fold, l.rank, l.space.len()), (Some(Fold::Sum), 2, 3), "{l:?}");
    let terms: Vec<usize> = l.reads.iter().map(|v| v.maps[0].terms.len()).collect();
    assert_eq!(terms, [1, 2], "{l:?}");
    assert_eq!(lowered.contractions().len(), 1, "{}", lowered.text(&case.module, true));
}

#[test]
fn a_file_with_foreign_ops_is_checked() {
    let text = "\
size n = 3, m = 4
batch N
data
  x : R[n + m] per N
param
  w : R[n] ~ normal(0, 1)
net
  y = swish(correlate(w, x))
  J = mean[N] sum(y .* y)
claim \"swish is x sigmoid(x)\" swish(w) = w .* sigmoid(w)
claim \"correlate is linear\" correlate(2 w, w) = 2 correlate(w, w)
train J by gd(step = 0.1) epochs 1 batch 2
check all
";
    let reading = read_with(text, &OPS);
    assert!(reading.is_ok(), "{:?}", reading.diagnostics);
    let report = check::check(&reading.modules[0], &check::Settings { seed: 1, draws: None });
    assert!(report.passed(), "{report:?}");
    assert_eq!(report.gradients.len(), 1, "{report:?}");
    assert!(!report.is_empty());
}

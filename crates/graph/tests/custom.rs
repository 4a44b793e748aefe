//! Ops from outside the crate: one file with a record each, and everything else follows.

#[path = "custom/correlate.rs"]
mod correlate;
mod support;
#[path = "custom/swish.rs"]
mod swish;

use chainrule_graph::op::OpDef;
use chainrule_graph::{differentiate, raise, read_with};
use correlate::CORRELATE;
use support::case::{case, samples};
use support::draw;
use support::figures::Figures;
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

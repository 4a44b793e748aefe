//! What phases an optimizer has, and what is refused.

use chainrule_graph::lower::Work;
use chainrule_graph::module::Role;
use chainrule_graph::update::{Phase, Start, Target, Update, update};

use super::{START, bowl, by_phases, module, quadratic};

/// `lines q | gradient q | lines v' p'`
fn outline(update: &Update) -> String {
    let name = |id: &chainrule_graph::SymbolId| update.module.symbol(*id).name.clone();
    let part = |phase: &Phase| match phase {
        Phase::Lines { targets, .. } => {
            let target = |t: &Target| match t {
                Target::Local(id) => name(id),
                Target::Next(id) => format!("{}'", name(id)),
            };
            targets.iter().map(target).collect::<Vec<_>>().join(" ")
        }
        Phase::Gradient { at, into, loss } => {
            let loss = loss.map_or(String::new(), |l| format!(" {}", name(&l)));
            format!("{} at {}{loss}", name(into), name(at))
        }
    };
    update.phases.iter().map(part).collect::<Vec<_>>().join(" | ")
}

#[test]
fn phases_of_the_standard_optimizers() {
    let wanted = [
        ("gd(0.1)", "dJ/dp at p | p'"),
        ("nag(0.1)", "q | dJ/dq at q | t' r' p'"),
        ("nesterov(0.1)", "q | dJ/dq at q | v' p'"),
        ("adadelta()", "dJ/dp at p | a' u' p'"),
        ("adam()", "dJ/dp at p | t' m' v' p'"),
    ];
    for (call, phases) in wanted {
        assert_eq!(outline(&quadratic(call, "")), phases, "{call}");
    }
}

#[test]
fn states_say_how_they_start() {
    let starts = |call| {
        let update = quadratic(call, "");
        let state = |s: &chainrule_graph::update::State| (s.name.clone(), s.bundle, s.start);
        update.states.iter().map(state).collect::<Vec<_>>()
    };
    let number = |name: &str, bundle, x| (name.to_string(), bundle, Start::Number(x));
    assert_eq!(
        starts("adam()"),
        [number("m", true, 0.0), number("v", true, 0.0), number("t", false, 0.0)]
    );
    let nag = [number("t", false, 1.0), ("r".to_string(), true, Start::Parameters)];
    assert_eq!(starts("nag(0.1)"), nag);
    let own = "optimizer o(step, eps = 3)\n  state a = 2 eps\n  a' = a + dJ/dp .^ 2\n  p' = p - step dJ/dp ./ a\n";
    let update = quadratic("o(0.1, eps = 4)", own);
    assert_eq!(update.states[0].start, Start::Number(8.0));
}

/// Korpelevich 1976: the gradient at a point that itself reads a gradient.
#[test]
fn an_optimizer_may_take_gradients_at_several_points() {
    let own = "optimizer extra(step)\n  q = p - step dJ/dp\n  p' = p - step dJ/dq\n";
    let update = quadratic("extra(step = 0.1)", own);
    assert_eq!(outline(&update), "dJ/dp at p | q | dJ/dq at q | p'");
    let path = by_phases(&update, &START, &bowl);
    let mut p = START.to_vec();
    for found in path {
        let g = bowl(&p).1;
        let q: Vec<f64> = p.iter().zip(&g).map(|(p, g)| p - 0.1 * g).collect();
        p = p.iter().zip(bowl(&q).1).map(|(p, g)| p - 0.1 * g).collect();
        let error = super::apart(&[found], &[p.clone()]);
        assert!(error < 1e-13, "{error:e}");
    }
}

/// Polyak's step: `(J - least) / ||g||^2`.
#[test]
fn lines_may_read_the_loss() {
    let own = "optimizer polyak(least)\n  p' = p - (J - least) / ||dJ/dp||^2 dJ/dp\n";
    let update = quadratic("polyak(least = -1)", own);
    assert_eq!(outline(&update), "dJ/dp at p J | p'");
    let found = by_phases(&update, &START, &bowl);
    let (loss, g) = bowl(&START);
    let length = (loss + 1.0) / g.iter().map(|x| x * x).sum::<f64>();
    let wanted: Vec<f64> = START.iter().zip(&g).map(|(p, g)| p - length * g).collect();
    assert!(super::apart(&found[..1], &[wanted]) < 1e-13);
    // The loss at p, though the only gradient is taken elsewhere.
    let own =
        "optimizer odd(step)\n  state v = 0\n  q = p + J\n  v' = v + 1\n  p' = p - step dJ/dq\n";
    let update = quadratic("odd(step = 0.1)", own);
    assert_eq!(outline(&update), "dJ/dp at p J | q | dJ/dq at q | v' p'");
}

#[test]
fn a_setting_hides_the_count_of_its_name() {
    let names = |update: &Update| {
        update.inputs.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&quadratic("gd(0.1)", "")), "epoch steps epochs step");
    let own = "optimizer o(rate)\n  p' = p - rate / (1 + step) dJ/dp\n";
    let update = quadratic("o(rate = 0.5)", own);
    assert_eq!(names(&update), "step epoch steps epochs rate");
    let path = by_phases(&update, &START, &|_| (0.0, vec![1.0; 5]));
    assert_eq!(path[1][0] - path[0][0], -0.25);
    assert_eq!(update.given, [0.0, 0.0, 0.0, 0.0, 0.5]);
}

/// Nothing that may change while training is a number in a program.
#[test]
fn settings_are_inputs() {
    let update = quadratic("adam(step = 0.125, eps = 0.0625) clip norm(7) epochs 3", "");
    let names: Vec<&str> = update.inputs.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names[3..], ["step", "beta1", "beta2", "eps", "clip"]);
    for phase in &update.phases {
        let Phase::Lines { lowered, .. } = phase else { continue };
        for node in &lowered.nodes {
            match &node.work {
                Work::Input(id) => assert_eq!(update.module.symbol(*id).role, Role::Local),
                Work::Loop(l) => {
                    for step in &l.body.steps {
                        let text = format!("{step:?}");
                        let bits = [0.125_f64, 0.0625, 7.0].map(f64::to_bits);
                        assert!(!bits.iter().any(|b| text.contains(&b.to_string())), "{text}");
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn what_is_no_gradient_of_the_loss_is_refused() {
    let refused = |own: &str| {
        let text = format!("param w : R[5] = 1\nnet J = sum(w .^ 2)\n{own}\ntrain J by o(0.1)\n");
        let module = module(&text);
        update(&module, &module.trainings[0]).unwrap_err().0
    };
    let twice = refused("optimizer o(step)\n  p' = p - step grad(2 J, p)\n");
    assert!(twice.contains("its gradient, not"), "{twice}");
    let hvp = refused("optimizer o(step)\n  p' = p - step hvp(J, p, p)\n");
    assert!(hvp.contains("its gradient, not"), "{hvp}");
    let number = refused("optimizer o(step)\n  p' = p - dJ/dstep\n");
    assert!(number.contains("`step` is one number"), "{number}");
    let state = refused("optimizer o(step)\n  state r = 2 p\n  r' = r\n  p' = p - step r\n");
    assert!(state.contains("starts with a number or with `p`"), "{state}");
}

/// A derivative of something else than the loss is a formula like any other.
#[test]
fn other_derivatives_are_resolved() {
    let own = "optimizer o(step)\n  c = sum(p .^ 2)\n  p' = p - step grad(c, p)\n";
    let path = by_phases(&quadratic("o(0.25)", own), &[4.0, 8.0], &bowl);
    assert_eq!(path[0], [2.0, 4.0]);
}

#[test]
fn a_next_value_is_given_once() {
    let text = "param w : R = 1\nnet J = w^2\noptimizer o(s)\n  p' = p\n  p' = p - s dJ/dp\n";
    let found = chainrule_graph::read(text).diagnostics;
    assert_eq!(found[0].code, "defined-twice");
    assert_eq!(found[0].message, "the next value `p'` is given twice");
}

/// The names of a file are no names of the standard library, and the other way round.
#[test]
fn a_file_may_use_the_names_of_an_optimizer() {
    let text = "\
const step = 0.25, mu = 3, t = 1
size q = 5
given r, v, a, dp, g, c : R
param p : R[q] = 1
net
  s  = step t
  J  = 1/2 sum(p .^ 2)
  dJ = 7
train J by nag(step = step) clip norm(2) epochs 3
train J by adam(step) epochs 3
";
    let module = module(text);
    for (training, call) in module.trainings.iter().zip(["nag(0.25) clip norm(2)", "adam(0.25)"]) {
        let update = update(&module, training).unwrap();
        let plain = quadratic(&format!("{call} epochs 3"), "");
        let paths = [&update, &plain].map(|u| by_phases(u, &START, &bowl));
        assert_eq!(paths[0], paths[1], "{call}");
        assert_eq!(update.module.verify(), Ok(()));
    }
    assert_eq!(module.optimizers.len(), 2);
    assert!(module.find("p").is_some_and(|p| module.symbol(p).role != Role::Local));
}

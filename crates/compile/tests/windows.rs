//! Maxima of windows and the way back: the first of equal entries, the first NaN, no copy of the
//! array that is compared.

mod support;

use chainrule_compile::Training;
use chainrule_kernels::program::{Precision, Work};
use support::oracle;
use support::runner::Runner;

const C: usize = 3;
const S: usize = 8;

/// Entries that are often equal, and some that are no number.
fn entries() -> Vec<f64> {
    let entry = |at: usize| match (at * 7919 + at / 5) % 11 {
        0 => f64::NAN,
        k => (k % 4) as f64 - 1.0,
    };
    (0..C * S * S).map(entry).collect()
}

/// `x - dJ/dx` of `J = sum(M)`, entry by entry.
fn wanted(x: &[f64], rectified: bool) -> Vec<f64> {
    let value = |at: usize| if rectified && x[at] <= 0.0 { 0.0 } else { x[at] };
    let mut out = x.to_vec();
    for c in 0..C {
        for (p, q) in (0..S / 2).flat_map(|p| (0..S / 2).map(move |q| (p, q))) {
            let place = |k: usize| (c * S + 2 * p + k / 2) * S + 2 * q + k % 2;
            let mut best = place(0);
            for at in (1..4).map(place) {
                let (own, other) = (value(best), value(at));
                if other > own || (other.is_nan() && !own.is_nan()) {
                    best = at;
                }
            }
            out[best] -= f64::from(!rectified || x[best] > 0.0);
        }
    }
    out
}

#[test]
fn the_first_of_equal_entries_is_the_one() {
    for rectified in [false, true] {
        let array = if rectified { "R" } else { "x" };
        let text = format!(
            "param x : R[{C}, {S}, {S}] = 0\nnet\n  R = relu(x)\n  \
             M[c,p,q] = max[i in 2, j in 2] {array}[c,2p+i,2q+j]\n  J = sum(M)\n\
             train J by gd(step = 1) epochs 1\n"
        );
        let module = oracle::read(&text);
        for precision in [Precision::F32, Precision::F64] {
            let of = &module.trainings[0];
            let training = Training::new(&module, of, &[], precision).expect("compiled");
            let step = training.step(1).expect("a step");
            let selects = |work: &Work| matches!(work, Work::Select(_));
            assert!(!step.program.instructions.iter().any(|i| selects(&i.work)), "{text}");
            let x = entries();
            let runners =
                [Runner::plain(precision), Runner::engine(precision, step.program.arena, 2)];
            for mut runner in runners {
                runner.set(training.layout.bundle, &x);
                for ((_, slot), value) in training.layout.inputs.iter().zip(training.given()) {
                    runner.set(*slot, &[*value]);
                }
                runner.run(&step.program, &[], &[0], 0);
                let found = runner.get(training.layout.bundle);
                for (at, (own, wanted)) in found.iter().zip(wanted(&x, rectified)).enumerate() {
                    let same = *own == wanted || own.is_nan() && wanted.is_nan();
                    assert!(same, "{precision:?}, {array}, entry {at}: {own}, not {wanted}");
                }
            }
        }
    }
}

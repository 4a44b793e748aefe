//! Errors in units of the last place, by instruction set: f32 against f64, f64 against the
//! platform's functions, which have errors of their own (tanh up to 2).

use crate::isa::{Isa, Present};
use crate::pointwise::{Binary, Unary, Value};
use crate::program::Function;

fn present() -> Vec<Present> {
    Isa::all().into_iter().filter_map(Present::new).collect()
}

/// Numbers of all magnitudes, and many of middling ones.
fn samples(count: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut all = Vec::new();
    for at in 0..count {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = (state >> 11) as f64 / (1u64 << 53) as f64;
        let middling = (unit - 0.5) * [2.0, 20.0, 200.0, 1500.0][at % 4];
        let any = f64::from_bits(state);
        all.push(if at % 3 == 0 && any.is_finite() { any } else { middling });
    }
    all
}

const SPECIAL: [f64; 12] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::INFINITY,
    -f64::INFINITY,
    f64::NAN,
    f64::MAX,
    f64::MIN_POSITIVE,
    5e-324,
    -5e-324,
    -f64::MAX,
];

fn ulps_64(own: f64, right: f64) -> f64 {
    if own == right || (own.is_nan() && right.is_nan()) {
        return 0.0;
    }
    let unit = (right.abs().next_up() - right.abs()).max(5e-324);
    if own.is_finite() && right.is_finite() { (own - right).abs() / unit } else { f64::INFINITY }
}

fn ulps_32(own: f32, right: f64) -> f64 {
    let rounded = right as f32;
    if own == rounded || (own.is_nan() && right.is_nan()) {
        let exact = own.is_infinite() || right.is_nan() || own == 0.0;
        return if exact { 0.0 } else { unit_32(own, right) };
    }
    // Just above the greatest number both infinity and the greatest number are near.
    if own.is_finite() && rounded.is_finite() { unit_32(own, right) } else { f64::INFINITY }
}

fn unit_32(own: f32, right: f64) -> f64 {
    let size = (right.abs() as f32).min(f32::MAX);
    let other = if size < f32::MAX { size.next_up() } else { size.next_down() };
    let unit = (f64::from(size) - f64::from(other)).abs();
    (f64::from(own) - right).abs() / unit
}

fn reference(function: Function, x: f64) -> f64 {
    match function {
        Function::Exp => x.exp(),
        Function::Log => x.ln(),
        Function::Sqrt => x.sqrt(),
        Function::Sin => x.sin(),
        Function::Cos => x.cos(),
        Function::Tan => x.tan(),
        Function::Tanh => x.tanh(),
        Function::Sigmoid if x < 0.0 => x.exp() / (1.0 + x.exp()),
        Function::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Function::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p() + x * 0.0,
        other => panic!("{other:?}"),
    }
}

/// Function, bound for f32, bound for f64.
const BOUNDS: [(Function, f64, f64); 9] = [
    (Function::Exp, 1.1, 1.0),
    (Function::Log, 1.0, 1.0),
    (Function::Sqrt, 0.5001, 0.0),
    (Function::Sin, 0.501, 1.0),
    (Function::Cos, 0.501, 1.0),
    (Function::Tan, 0.501, 2.0),
    (Function::Tanh, 2.5, 4.0),
    (Function::Sigmoid, 2.5, 2.0),
    (Function::Softplus, 2.0, 2.0),
];

#[test]
fn within_the_bounds() {
    let mut samples = samples(300_000);
    samples.extend(SPECIAL);
    let singles: Vec<f32> = samples.iter().map(|&x| x as f32).collect();
    for isa in present() {
        for (function, single, double) in BOUNDS {
            let softplus = function == Function::Softplus;
            let mut out = vec![0f32; singles.len()];
            isa.run(Unary { function, x: &singles, out: &mut out });
            let right = |x: f64| {
                if softplus && x.is_infinite() { x.max(0.0) } else { reference(function, x) }
            };
            let error = |(&x, &own): (&f32, &f32)| (ulps_32(own, right(f64::from(x))), x);
            let worst = singles.iter().zip(&out).map(error);
            let worst = worst.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
            assert!(worst.0 <= single, "{:?} {function:?} f32: {worst:?}", isa.isa());
            let mut out = vec![0f64; samples.len()];
            isa.run(Unary { function, x: &samples, out: &mut out });
            let error = |(&x, &own): (&f64, &f64)| (ulps_64(own, right(x)), x);
            let worst = samples.iter().zip(&out).map(error);
            let worst = worst.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
            assert!(worst.0 <= double, "{:?} {function:?} f64: {worst:?}", isa.isa());
        }
    }
}

#[test]
fn powers() {
    let samples = samples(200_000);
    let mut pairs: Vec<(f64, f64)> = samples.chunks_exact(2).map(|p| (p[0], p[1])).collect();
    // Powers that neither vanish nor explode.
    pairs.extend(
        samples.chunks_exact(2).map(|p| (p[0].abs(), (p[1] % 40.0) / p[0].abs().ln().abs())),
    );
    for x in SPECIAL {
        for y in SPECIAL.into_iter().chain([2.0, 3.0, -3.0, 0.5, -0.5, 1e300, 9e15]) {
            pairs.push((x, y));
            pairs.push((y, x));
        }
    }
    for base in [-7.0f64, -1.5, 0.3, 2.0, 10.0] {
        pairs.extend((-40..40).map(|y| (base, f64::from(y) * 0.5)));
    }
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (x32, y32): (Vec<f32>, Vec<f32>) = pairs.iter().map(|p| (p.0 as f32, p.1 as f32)).unzip();
    for isa in present() {
        let mut out = vec![0f64; x.len()];
        let function = Function::Pow;
        isa.run(Binary { function, x: Value::Many(&x), y: Value::Many(&y), out: &mut out });
        for ((&x, &y), &own) in x.iter().zip(&y).zip(&out) {
            let right = x.powf(y);
            assert!(
                ulps_64(own, right) <= 1.0,
                "{:?} {x:e}^{y:e}: {own:e}, not {right:e}",
                isa.isa()
            );
            assert_eq!(
                own.is_sign_negative() && own == 0.0,
                right.is_sign_negative() && right == 0.0
            );
        }
        let mut out = vec![0f32; x.len()];
        isa.run(Binary { function, x: Value::Many(&x32), y: Value::Many(&y32), out: &mut out });
        for ((&x, &y), &own) in x32.iter().zip(&y32).zip(&out) {
            let right = f64::from(x).powf(f64::from(y));
            assert!(
                ulps_32(own, right) <= 0.51,
                "{:?} {x:e}^{y:e}: {own:e}, not {right:e}",
                isa.isa()
            );
        }
    }
}

#[test]
fn zeros_keep_their_sign() {
    for isa in present() {
        for function in [Function::Sin, Function::Tan, Function::Tanh, Function::Sqrt] {
            for zero in [0.0f64, -0.0] {
                let mut out = [1.0];
                isa.run(Unary { function, x: &[zero], out: &mut out });
                assert_eq!(out[0].to_bits(), zero.to_bits(), "{function:?}");
            }
        }
    }
}

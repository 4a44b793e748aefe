//! The number types against each other, against 3000-bit values and against identities; linear
//! algebra by its residuals; random numbers by the published vectors and by their moments.

use chainrule_graph::elementary;
use chainrule_graph::random::{Random, stream_of};
use chainrule_graph::scalar::linalg;
use chainrule_graph::scalar::{Complex, DoubleDouble, Scalar};

fn dd(hi: f64, lo: f64) -> DoubleDouble {
    DoubleDouble { hi, lo }
}

fn complex(re: f64, im: f64) -> Complex {
    Complex { re, im }
}

/// Magnitudes from 1e-8 to 30, of both signs, with no pattern in the digits.
fn grid() -> Vec<f64> {
    let sizes = (0..60).map(|i| 1e-8 * 1.4437f64.powi(i));
    sizes.flat_map(|x| [x, -x]).collect()
}

/// The same with a lower part.
fn fine_grid() -> Vec<DoubleDouble> {
    let spread = |(i, x): (usize, f64)| dd(x, x * 1e-17 * ((i % 13) as f64 - 6.0));
    grid().into_iter().enumerate().map(spread).collect()
}

#[track_caller]
fn close(name: &str, found: DoubleDouble, expected: DoubleDouble, tolerance: f64) {
    let off = (found - expected).abs().real();
    assert!(off <= tolerance * expected.abs().real(), "{name}: {found:?}, not {expected:?}");
}

/// Every function of one argument with its derivative and the bound below which it is undefined.
struct Function {
    name: &'static str,
    real: fn(f64) -> f64,
    fine: fn(DoubleDouble) -> DoubleDouble,
    complex: fn(Complex) -> Complex,
    derivative: fn(DoubleDouble) -> DoubleDouble,
    above: f64,
}

macro_rules! function {
    ($name:ident, $above:expr, $derivative:expr) => {
        Function {
            name: stringify!($name),
            real: Scalar::$name,
            fine: Scalar::$name,
            complex: Scalar::$name,
            derivative: $derivative,
            above: $above,
        }
    };
}

fn functions() -> [Function; 11] {
    const ONE: DoubleDouble = DoubleDouble { hi: 1.0, lo: 0.0 };
    let all = f64::NEG_INFINITY;
    [
        function!(exp, all, Scalar::exp),
        function!(ln, 0.0, |x| ONE / x),
        function!(ln_1p, -1.0, |x| ONE / (ONE + x)),
        function!(sqrt, 0.0, |x| dd(0.5, 0.0) / x.sqrt()),
        function!(sin, all, Scalar::cos),
        function!(cos, all, |x| -x.sin()),
        function!(tan, all, |x| ONE / x.cos().powi(2)),
        function!(tanh, all, |x| dd(4.0, 0.0) / (x.exp() + (-x).exp()).powi(2)),
        function!(sigmoid, all, |x| x.sigmoid() * (-x).sigmoid()),
        function!(softplus, all, Scalar::sigmoid),
        function!(abs, all, |x| dd(x.real().signum(), 0.0)),
    ]
}

#[test]
fn doubles_agree_with_double_doubles() {
    for f in functions() {
        for x in grid().into_iter().filter(|x| *x > f.above) {
            let (found, exact) = ((f.real)(x), (f.fine)(dd(x, 0.0)).hi);
            assert!(
                (found - exact).abs() <= 6e-16 * exact.abs(),
                "{} at {x}: {found} {exact}",
                f.name
            );
        }
    }
}

#[test]
fn the_complex_step_is_exact() {
    for f in functions() {
        for x in grid().into_iter().filter(|x| *x > f.above) {
            for h in [1e-30, 1e-20] {
                let found = (f.complex)(complex(x, h * x.abs()));
                let value = (f.fine)(dd(x, 0.0)).hi;
                let derivative = (f.derivative)(dd(x, 0.0)).hi * x.abs();
                let (re, im) = (found.re - value, found.im / h - derivative);
                assert!(re.abs() <= 1e-15 * value.abs(), "{} at {x}: {found:?} {value}", f.name);
                assert!(im.abs() <= 1e-15 * derivative.abs(), "{}' at {x}: {im}", f.name);
            }
        }
    }
}

#[test]
fn the_complex_step_through_operators_and_powers() {
    let h = 1e-25;
    for b in [0.3, 1.0, 2.5, 90.0] {
        for e in [-3.0, -0.5, 0.7, 2.0, 5.5] {
            let value: f64 = f64::powf(b, e);
            let base = complex(b, h).powf(complex(e, 0.0)).im / h;
            assert!((base / (e * value / b) - 1.0).abs() < 2e-15, "{b}^{e}: {base}");
            let exponent = complex(b, 0.0).powf(complex(e, h)).im / h;
            let expected = value * f64::ln(b);
            assert!((exponent - expected).abs() <= 2e-15 * expected.abs(), "{b}^{e}: {exponent}");
            let quotient = (complex(e, 0.0) / complex(b, h)).im / h;
            assert!((quotient / (-e / (b * b)) - 1.0).abs() < 1e-15);
        }
    }
    // A base below 0 with a whole exponent, and 0.
    assert!((complex(-2.0, h).powf(complex(3.0, 0.0)).im / h - 12.0).abs() < 1e-14);
    assert!((complex(-2.0, h).powf(complex(-1.0, 0.0)).im / h + 0.25).abs() < 1e-15);
    assert_eq!(complex(0.0, h).powf(complex(1.0, 0.0)), complex(0.0, h));
    assert_eq!(complex(0.0, h).powf(complex(2.0, 0.0)).im, 0.0);
    assert_eq!(complex(-3.0, h).abs(), complex(3.0, -h));
}

#[test]
fn complex_functions_in_the_plane() {
    let off = |a: Complex, b: Complex| (a.re - b.re).hypot(a.im - b.im) / b.re.hypot(b.im);
    for (re, im) in [(0.3, 0.4), (-1.2, 0.9), (2.0, -0.7), (0.6, 0.8), (-0.1, -1e-3)] {
        let z = complex(re, im);
        let one = complex(1.0, 0.0);
        assert!(off(z.ln().exp(), z) < 4e-16, "exp ln {z:?}");
        assert!(off(z.sqrt() * z.sqrt(), z) < 4e-16, "sqrt {z:?}");
        assert!(off(z.ln_1p().exp(), one + z) < 4e-16, "ln_1p {z:?}");
        assert!(off(z.sin() / z.cos(), z.tan()) < 1e-15, "tan {z:?}");
        assert!(off(z.sin() * z.sin() + z.cos() * z.cos(), one) < 2e-15, "sin {z:?}");
        let e = (z + z).exp();
        assert!(off((e - one) / (e + one), z.tanh()) < 2e-15, "tanh {z:?}");
        assert!(off(z * z / z, z) < 4e-16, "division {z:?}");
        assert!(off(z.powf(complex(0.5, 0.0)), z.sqrt()) < 1e-15 || re < 0.0, "power {z:?}");
    }
}

#[test]
fn double_doubles_at_known_values() {
    let worst = 6_381_956_970_095_103.0 * 2f64.powi(797); // nearest to a multiple of pi/2
    let at = |x: f64| DoubleDouble::from_f64(x);
    let known = [
        ("sin", at(1e22).sin(), (-0.8522008497671888, -6.7806825896773284e-18)),
        ("tan", at(1e22).tan(), (-1.6287782256068988, -1.0114934254126034e-16)),
        ("cos", at(f64::MAX).cos(), (-0.9999876894265599, -2.6032890267216748e-17)),
        ("sin", at(worst).sin(), (1.0, -1.098476220074687e-37)),
        ("cos", at(worst).cos(), (-4.687165924254628e-19, 4.3720557429382733e-36)),
        ("exp", at(1.0).exp(), (std::f64::consts::E, 1.4456468917292502e-16)),
        ("exp", at(-600.5).exp(), (1.6075467697937942e-261, 3.537726127764541e-279)),
        ("ln", at(1.0 + f64::EPSILON).ln(), (2.2204460492503128e-16, 3.649214750845877e-48)),
        ("ln", at(1e-300).ln(), (-690.7755278982137, -2.3670096176709832e-14)),
        ("tanh", at(0.01).tanh(), (0.00999966667999946, 2.249494707259477e-19)),
        ("ln_1p", at(1e-9).ln_1p(), (9.999999995e-10, 7.493897403823754e-26)),
    ];
    for (name, found, (hi, lo)) in known {
        close(name, found, dd(hi, lo), 1e-31);
    }
}

#[test]
fn identities_of_double_doubles() {
    let one = dd(1.0, 0.0);
    for x in fine_grid() {
        let positive = x.abs();
        close("exp ln", positive.ln().exp(), positive, 1e-30);
        close("sqrt^2", positive.sqrt() * positive.sqrt(), positive, 1e-31);
        close("sin^2 + cos^2", x.sin() * x.sin() + x.cos() * x.cos(), one, 1e-31);
        close("tan", x.tan() * x.cos(), x.sin(), 2e-31);
        close("quotient", x / (x + one) * (x + one), x, 1e-31);
        close("sigmoid", x.sigmoid() + (-x).sigmoid(), one, 1e-31);
        close("softplus", x.softplus() - (-x).softplus(), x, 1e-30 + 1e-31 / positive.hi);
        close("tanh", x.tanh() * x.exp().powi(2) + x.tanh(), x.exp().powi(2) - one, {
            1e-30 + 1e-31 / positive.hi
        });
        close("ln_1p", positive.ln_1p().exp() - one, positive, 1e-30 + 1e-31 / positive.hi);
        close("powf", positive.powf(dd(1.5, 0.0)), positive * positive.sqrt(), 2e-30);
        close("powi", x.powi(-3) * x * x * x, one, 2e-31);
    }
}

#[test]
fn ratios_are_exact() {
    for (n, d) in [(1, 3), (-7, 10), (1 << 90, 3), (i128::MAX, i128::MAX - 1), (i128::MIN, 7)] {
        let fine = DoubleDouble::from_ratio(n, d);
        let back = fine * DoubleDouble::from_ratio(d, 1);
        close("ratio", back, DoubleDouble::from_ratio(n, 1), 1e-31);
        assert_eq!(f64::from_ratio(n, d), fine.hi);
        assert_eq!(Complex::from_ratio(n, d), complex(fine.hi, 0.0));
    }
    assert_eq!(f64::from_ratio(1, 10), 0.1);
}

/// What holds in every type, infinities included.
fn special<S: Scalar>() {
    let at = S::from_f64;
    let infinity = f64::INFINITY;
    let power = |b: f64, e: f64| at(b).powf(at(e)).real();
    assert_eq!([power(0.0, 0.0), power(-2.0, 3.0), power(-2.0, -2.0)], [1.0, -8.0, 0.25]);
    assert_eq!([power(0.0, 2.0), power(0.0, 0.5), power(0.0, -1.0)], [0.0, 0.0, infinity]);
    assert!(power(-2.0, 0.5).is_nan());
    assert_eq!([at(-2.0).powi(-3).real(), at(0.0).powi(0).real()], [-0.125, 1.0]);
    assert_eq!(at(-1.0).powi(i64::MAX).real(), -1.0);
    assert_eq!(at(-infinity).exp(), at(0.0));
    assert_eq!((at(3.0) + at(-infinity)).exp(), at(0.0));
    assert_eq!((at(-infinity) * at(2.0)).real(), -infinity);
    assert_eq!(at(1.0) / at(infinity), at(0.0));
    assert_eq!([at(0.0).ln().real(), (at(1.0) / at(0.0)).real()], [-infinity, infinity]);
    assert_eq!(at(709.9).exp(), at(infinity));
    assert_eq!([at(800.0).exp().real(), at(infinity).sqrt().real()], [infinity, infinity]);
    assert_eq!([at(infinity), at(-infinity)].map(S::sigmoid), [at(1.0), at(0.0)]);
    assert_eq!([at(infinity), at(-infinity)].map(S::tanh), [at(1.0), at(-1.0)]);
    assert_eq!([at(1000.0), at(-1000.0)].map(S::softplus), [at(1000.0), at(0.0)]);
    assert_eq!([at(1000.0), at(-1000.0)].map(S::sigmoid), [at(1.0), at(0.0)]);
    assert!(at(1e300).is_finite() && !at(infinity).is_finite() && !at(f64::NAN).is_finite());
    for f in [S::exp, S::ln, S::ln_1p, S::sqrt, S::sin, S::tanh, S::sigmoid, S::softplus] {
        assert!(f(at(f64::NAN)).real().is_nan());
    }
    let mut sum = at(1.5);
    sum += at(2.0) - at(0.5);
    assert_eq!(-sum, at(-3.0));
}

#[test]
fn special_values_in_every_type() {
    special::<f64>();
    special::<Complex>();
    special::<DoubleDouble>();
}

fn random_matrix<S: Scalar>(rows: usize, cols: usize, stream: u64) -> Vec<S> {
    let random = Random::new(7, stream);
    (0..rows * cols).map(|i| S::from_f64(random.normal(i as u64))).collect()
}

fn product<S: Scalar>(n: usize, k: usize, m: usize, a: &[S], b: &[S]) -> Vec<S> {
    let entry = |i: usize, j: usize| {
        (0..k).fold(S::from_f64(0.0), |sum, l| sum + a[i * k + l] * b[l * m + j])
    };
    (0..n * m).map(|at| entry(at / m, at % m)).collect()
}

#[track_caller]
fn same<S: Scalar>(a: &[S], b: &[S], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (x, y) in a.iter().zip(b) {
        assert!((*x - *y).abs().real() <= tolerance, "{x:?} is not {y:?}");
    }
}

fn identity<S: Scalar>(n: usize) -> Vec<S> {
    (0..n * n).map(|i| S::from_f64(if i % (n + 1) == 0 { 1.0 } else { 0.0 })).collect()
}

fn residuals<S: Scalar>(tolerance: f64) {
    for n in 0..9 {
        let a = random_matrix::<S>(n, n, n as u64);
        let inverse = linalg::inverse(n, &a).expect("regular");
        same(&product(n, n, n, &a, &inverse), &identity(n), tolerance);
        let b = random_matrix::<S>(n, 3, 50);
        let x = linalg::solve(n, &a, 3, &b).expect("regular");
        same(&product(n, n, 3, &a, &x), &b, tolerance);
        let (det, other) = (linalg::det(n, &a), linalg::det(n, &inverse));
        same(&[det * other], &[S::from_f64(1.0)], tolerance);
        same(&[det.abs().ln()], &[linalg::log_abs_det(n, &a)], tolerance);
    }
    for (rows, cols) in [(5, 3), (3, 5), (4, 4), (1, 6)] {
        let a = random_matrix::<S>(rows, cols, 99);
        let p = linalg::pseudo_inverse(rows, cols, &a).expect("of full rank");
        let small = rows.min(cols);
        let found = if rows >= cols {
            product(cols, rows, cols, &p, &a)
        } else {
            product(rows, cols, rows, &a, &p)
        };
        same(&found, &identity(small), tolerance);
        // A P and P A are symmetric.
        let ap = product(rows, cols, rows, &a, &p);
        let swapped: Vec<S> = (0..rows * rows).map(|i| ap[i % rows * rows + i / rows]).collect();
        same(&ap, &swapped, tolerance);
    }
    let singular = [1.0, 2.0, 2.0, 4.0].map(S::from_f64);
    assert!(linalg::lu(2, &singular).is_none() && linalg::inverse(2, &singular).is_none());
    assert!(linalg::solve(2, &singular, 1, &singular[..2]).is_none());
    assert!(linalg::pseudo_inverse(2, 2, &singular).is_none());
    assert_eq!(linalg::det(2, &singular), S::from_f64(0.0));
    assert_eq!(linalg::log_abs_det(2, &singular).real(), f64::NEG_INFINITY);
    let swap = [0.0, 1.0, 1.0, 0.0].map(S::from_f64);
    assert_eq!(linalg::det(2, &swap), S::from_f64(-1.0));
}

#[test]
fn linear_algebra_in_every_type() {
    residuals::<f64>(2e-12);
    residuals::<Complex>(2e-12);
    residuals::<DoubleDouble>(1e-28);
}

#[test]
fn derivatives_of_determinants() {
    let (n, h) = (4, 1e-25);
    let a = random_matrix::<f64>(n, n, 3);
    let inverse = linalg::inverse(n, &a).expect("regular");
    let det = linalg::det(n, &a);
    for at in 0..n * n {
        let mut step: Vec<Complex> = a.iter().map(|x| complex(*x, 0.0)).collect();
        step[at].im = h;
        // d ln|det A| / dA = A^-T
        let expected = inverse[at % n * n + at / n];
        assert!((linalg::log_abs_det(n, &step).im / h - expected).abs() < 1e-13);
        assert!((linalg::det(n, &step).im / h - expected * det).abs() < 1e-13);
    }
    // At a singular matrix too: the cofactor of 4.
    let singular = [complex(1.0, 0.0), complex(2.0, 0.0), complex(2.0, 0.0), complex(4.0, h)];
    assert_eq!(linalg::det(2, &singular), complex(0.0, h));
    assert!(linalg::inverse(2, &singular).is_none());
    let nan = [0.0, 1.0, f64::NAN, 1.0];
    assert!(linalg::det(2, &nan).is_nan() && linalg::condition(2, &nan).is_nan());
}

#[test]
fn condition_numbers() {
    assert_eq!(linalg::condition(2, &[1.0, 0.0, 0.0, 1.0]), 1.0);
    assert_eq!(linalg::condition(2, &[1.0, 0.0, 0.0, 1024.0]), 1024.0);
    assert_eq!(linalg::condition(2, &[1.0, 2.0, 2.0, 4.0]), f64::INFINITY);
    // Hilbert's matrix of order 4: 28375 exactly.
    let hilbert: Vec<f64> = (0..16).map(|i| 1.0 / f64::from(i / 4 + i % 4 + 1)).collect();
    assert!((linalg::condition(4, &hilbert) / 28375.0 - 1.0).abs() < 1e-10);
}

#[test]
fn the_largest_singular_value() {
    for (rows, cols) in [(1, 1), (6, 4), (4, 6), (20, 20), (1, 5), (5, 1)] {
        for size in [1.0, 1e-200, 1e200] {
            let a: Vec<f64> =
                random_matrix::<f64>(rows, cols, 5).iter().map(|x| x * size).collect();
            let (u, sigma, v) = linalg::top_singular(rows, cols, &a);
            let left: Vec<f64> = product(rows, cols, 1, &a, &v).iter().map(|x| x / sigma).collect();
            same(&left, &u, 1e-13);
            let right: Vec<f64> =
                product(1, rows, cols, &u, &a).iter().map(|x| x / sigma).collect();
            same(&right, &v, 1e-13);
            same(&[product(1, cols, 1, &v, &v)[0]], &[1.0], 1e-14);
            // No vector is stretched more.
            let x = random_matrix::<f64>(cols, 1, 8);
            let y: f64 = product(rows, cols, 1, &a, &x).iter().map(|y| (y / sigma).powi(2)).sum();
            assert!(y <= product(1, cols, 1, &x, &x)[0] * (1.0 + 1e-14));
        }
    }
    let (u, sigma, v) = linalg::top_singular(2, 2, &[3.0, 0.0, 4.0, 5.0]);
    assert!((sigma - 45f64.sqrt()).abs() < 1e-14);
    same(&u, &[0.1f64.sqrt(), 0.9f64.sqrt()], 1e-15);
    same(&v, &[0.5f64.sqrt(), 0.5f64.sqrt()], 1e-15);
    assert_eq!(linalg::top_singular(2, 1, &[0.0, 0.0]), (vec![1.0, 0.0], 0.0, vec![1.0]));
    assert!(linalg::top_singular(1, 2, &[0.0, f64::NAN]).1.is_nan());
    assert_eq!(linalg::top_singular(0, 2, &[]).1, 0.0);
}

#[test]
fn elementary_functions_within_an_ulp() {
    let check = |name: &str, x: f64, found: f64, exact: DoubleDouble| {
        let ulp = (exact.hi.abs().next_up() - exact.hi.abs()).max(f64::MIN_POSITIVE);
        let off = (DoubleDouble::from_f64(found) - exact).abs().real() / ulp;
        assert!(off < 1.0, "{name} {x}: off by {off} ulp");
    };
    let random = Random::new(0, stream_of("elementary"));
    for i in 0..20_000 {
        let x = random.normal(i) * (2.0 * random.normal(i + (1 << 32))).exp().min(90.0);
        let fine = DoubleDouble::from_f64(x);
        check("exp", x, elementary::exp(x), fine.exp());
        check("sin", x, elementary::sin(x), fine.sin());
        check("cos", x, elementary::cos(x), fine.cos());
        check("ln", x, elementary::ln(x.abs()), fine.abs().ln());
    }
    for x in [1e22, 1e300, f64::MAX, -3e5, 5e-324] {
        check("sin", x, elementary::sin(x), DoubleDouble::from_f64(x).sin());
        check("cos", x, elementary::cos(x), DoubleDouble::from_f64(x).cos());
    }
    assert_eq!([0.0, 800.0, -800.0].map(elementary::exp), [1.0, f64::INFINITY, 0.0]);
    assert_eq!([0.0, 1.0].map(elementary::ln), [f64::NEG_INFINITY, 0.0]);
    assert_eq!(elementary::exp(-745.0), 5e-324);
    assert_eq!(elementary::ln(5e-324), -744.440_071_921_381_2);
    assert!(elementary::sin(f64::INFINITY).is_nan() && elementary::ln(-1.0).is_nan());
}

#[test]
fn philox_gives_the_published_numbers() {
    let ones = u64::MAX;
    assert_eq!(Random::new(0, 0).block(0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    let found = Random::new(ones, ones).block(ones);
    assert_eq!(found, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    // The digits of pi.
    let pi = Random::new(0x299f_31d0_a409_3822, 0x0370_7344_1319_8a2e).block(0x85a3_08d3_243f_6a88);
    assert_eq!(pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    assert_eq!(stream_of(""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(stream_of("foobar"), 0x8594_4171_f739_67e8);
}

#[test]
fn moments_of_random_numbers() {
    let n = 100_000;
    let random = Random::new(42, stream_of("moments"));
    let mean = |f: &dyn Fn(u64) -> f64| (0..n).map(f).sum::<f64>() / n as f64;
    assert!((mean(&|i| random.uniform(i)) - 0.5).abs() < 0.004);
    assert!((mean(&|i| random.uniform(i).powi(2)) - 1.0 / 3.0).abs() < 0.004);
    assert!((0..n).all(|i| (0.0..1.0).contains(&random.uniform(i))));
    assert!(mean(&|i| random.normal(i)).abs() < 0.015);
    assert!((mean(&|i| random.normal(i).powi(2)) - 1.0).abs() < 0.02);
    assert!(mean(&|i| random.normal(i).powi(3)).abs() < 0.06);
    assert!((mean(&|i| random.normal(i).powi(4)) - 3.0).abs() < 0.15);
    assert!(mean(&|i| random.normal(i) * random.normal(i + 1)).abs() < 0.015);
    let other = Random::new(42, stream_of("moments'"));
    assert!(mean(&|i| random.normal(i) * other.normal(i)).abs() < 0.015);
    // The bits, computed apart with 300 bits and rounded: a change would change every run.
    assert_eq!(random.normal(0).to_bits(), 4_608_872_685_992_224_755);
}

//! How terms print, and how they are read again.

use chainrule_graph::builder::*;

use super::built;

#[test]
fn numbers_keep_their_value() {
    let numbers = [
        0.0,
        1.0,
        0.1,
        1e-4,
        1e-300,
        5e-324,
        123.456,
        1e15,
        1e22,
        f64::MAX,
        0.1 + 0.2,
        -2.5,
        -1e-9,
    ];
    for value in numbers {
        let net = Scope::new("example");
        net.constant("c", value);
        let module = built(&net).module;
        let chainrule_graph::module::Role::Const(node) = module.symbols[0].role else { panic!() };
        let mut node = module.graph.node(node);
        let mut sign = 1.0;
        if node.op == chainrule_graph::Op::Neg {
            (node, sign) = (module.graph.node(node.inputs[0]), -1.0);
        }
        let chainrule_graph::Op::Number { bits } = node.op else { panic!("{value}") };
        assert_eq!(sign * f64::from_bits(bits), value);
    }
    let net = Scope::new("example");
    let s = net.given("s", scalar());
    let text = |term: Expr<'_>| term.to_string();
    assert_eq!(text(-2 * s + 3.5), "-2 s + 3.5");
    assert_eq!(text(-1 / s * s - -s / 2 * s), "-1/s * s - (-s / 2 * s)");
    assert_eq!(text(-(s + 1) * s), "-(s + 1) * s");
    assert_eq!(text(2 * (3 * s)), "2 (3 s)");
    assert_eq!(text(1.0 - s * -3), "1 - s * -3");
    assert_eq!(text((s + 1) * (s - s) / 4), "(s + 1) * (s - s) / 4");
    assert_eq!(text(s - (s + 1)), "s - (s + 1)");
    assert_eq!(text((-s).pow(2) + (-s.pow(2))), "(-s)^2 + (-s^2)");
    assert_eq!(text(s.pow(2).pow(3)), "(s^2)^3");
    assert_eq!(text(1e-7 * &s), "1e-7 s");
}

#[test]
#[allow(clippy::op_ref)] // references are what is tested
fn operators_take_owned_and_referenced_terms() {
    let net = Scope::new("example");
    let (a, b) = (net.given("a", scalar()), net.given("b", scalar()));
    let mut all = vec![a + b, a + &b, &a + b, &a + &b, &a - 1, 1 - &a, 2.0 * &a, &a / 2.0, -&a];
    all.extend([a + 1usize, a + 1u32, a + 1u64, a + 1i64, a * 0.5, 0.5 / a, 3 / &a]);
    let mut total = net.number(0);
    for term in &all {
        total += term;
        total *= 2;
        total -= b;
        total /= term;
    }
    net.define("y", total);
    built(&net);
}

/// Random terms of numbers.
struct Random<'s> {
    state: u64,
    value: Expr<'s>,
    index: Expr<'s>,
}

impl<'s> Random<'s> {
    fn below(&mut self, n: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_041);
        (self.state >> 33) % n
    }

    /// A term with `leaf` somewhere inside.
    fn term(&mut self, depth: u64, leaf: Expr<'s>) -> Expr<'s> {
        if depth == 0 {
            return leaf;
        }
        let inner = self.term(depth - 1, leaf);
        let height = self.below(3).min(depth - 1);
        let other = self.term(height, self.value);
        let (left, right) = if self.below(2) == 0 { (inner, other) } else { (other, inner) };
        match self.below(24) {
            0..=2 => left + right,
            3..=5 => left - right,
            6 | 7 => left * right,
            8 => left / right,
            9 => left.matmul(right),
            10 => left.hadamard(right),
            11 => left.hadamard_div(right),
            12 => left.pow(right),
            13 => left.dot_pow(right),
            14 => -inner,
            15 => inner.t().at_padded((0, right)),
            16 => inner.norm1(),
            17 => maximum(left, right),
            18 => sum_over(self.index.below(3), inner) + other,
            19 => indicator(left.lt(right) & !(right.ge(0) | left.ne(1))),
            20 => 2 * inner,
            21 => -0.5 * inner,
            22 => 1 / inner,
            _ => inner.inv().inv_t(),
        }
    }
}

#[test]
fn every_part_of_a_printed_term_is_found_again() {
    for state in 0..2000 {
        let net = Scope::new("random");
        let value = net.given("a", scalar());
        let [index] = net.indices(["i"]);
        let mut random = Random { state, value, index };
        net.define("x", random.term(state % 7, value));
        let text = net.text();
        let parsed = chainrule_syntax::parse(&text);
        assert!(parsed.is_ok(), "{text}\n{:?}", parsed.diagnostics);
        assert_eq!(chainrule_syntax::print::file(&parsed.file), text);

        // The reader does not know what stands for a missing part, but the builder finds it.
        net.define("y", random.term(state % 7, net.number(f64::NAN)));
        let errors = net.finish().unwrap_err();
        assert!(!errors.to_string().contains("`not_built`"), "{errors}");
    }
}

//! Sizes in the author's symbols.

use super::{Monomial, Ratio, Size, Sizes};

/// Sizes with more terms, once shifted, are not tried as products of names.
const MOST_WORK: usize = 200;

impl Sizes {
    /// The size as the author would write it: a declared name if one stands for exactly this
    /// polynomial, then declared names as factors, else the polynomial.
    pub fn text(&self, size: &Size) -> String {
        self.named(size).or_else(|| self.factored(size)).unwrap_or_else(|| self.polynomial(size))
    }

    /// The formula behind the declared name `name`: only names declared before it
    /// stand for parts of it.
    pub fn formula(&self, size: &Size, name: &str) -> String {
        let mut others = self.clone();
        others.forget_from(name);
        others.text(size)
    }

    /// `[H, d]`, or `` for no sizes.
    pub fn list(&self, dims: &[Size]) -> String {
        if dims.is_empty() {
            return String::new();
        }
        let parts: Vec<String> = dims.iter().map(|d| self.text(d)).collect();
        format!("[{}]", parts.join(", "))
    }

    /// `H x d`: a shape in a sentence; a scalar is `a number`.
    pub fn shape(&self, dims: &[Size]) -> String {
        match dims {
            [] => "a number".into(),
            [n] => self.text(n),
            _ => dims.iter().map(|d| self.in_product(d)).collect::<Vec<_>>().join(" x "),
        }
    }

    fn in_product(&self, size: &Size) -> String {
        let text = self.text(size);
        if text.contains([' ', '+', '-']) { format!("({text})") } else { text }
    }

    fn named(&self, size: &Size) -> Option<String> {
        if size.constant().is_some() || size.as_name().is_some() {
            return None;
        }
        self.derived_name(size).map(String::from)
    }

    /// `C2 P P`, where `P` is a declared name for a sum or a fraction.
    fn factored(&self, size: &Size) -> Option<String> {
        let mut names: Vec<String> = Vec::new();
        let mut rest = size.clone();
        if size.work() > MOST_WORK {
            return None;
        }
        for (name, factor) in self.derived_sums() {
            let fraction = factor.terms().len() == 1;
            if rest.terms().len() < 2 && !(fraction && rest.has_fraction()) {
                continue;
            }
            let (mut times, mut quotient) = (0, rest.clone());
            while let Some(smaller) = quotient.divide(factor) {
                if fraction && !quotient.has_fraction() {
                    break;
                }
                quotient = smaller;
                times += 1;
            }
            let shorter = fraction
                || quotient.terms().len() == 1
                || quotient.terms().len() < rest.terms().len();
            if times > 0 && shorter {
                names.push(vec![name; times].join(" "));
                rest = quotient;
            }
        }
        if names.is_empty() || rest.terms().len() > 1 {
            return None;
        }
        names.reverse();
        let names = names.join(" ");
        match rest.constant() {
            Some(number) => Some(fraction(number, &names)),
            None => Some(format!("{} {names}", self.text(&rest))),
        }
    }

    fn polynomial(&self, size: &Size) -> String {
        if size.terms().is_empty() {
            return "0".into();
        }
        let mut terms: Vec<&(Monomial, Ratio)> = size.terms().iter().collect();
        // Names first, numbers last: `S - k + 1`.
        terms.sort_by_key(|(m, v)| (m.is_empty(), v.is_negative(), m.clone()));
        let mut out = String::new();
        for (i, (monomial, value)) in terms.iter().enumerate() {
            let negative = value.is_negative();
            match (i, negative) {
                (0, true) => out.push('-'),
                (0, false) => {}
                (_, true) => out.push_str(" - "),
                (_, false) => out.push_str(" + "),
            }
            let size = if negative {
                value.times(Ratio::whole_number(-1)).unwrap_or(*value)
            } else {
                *value
            };
            out.push_str(&self.monomial(monomial, size));
        }
        out
    }

    fn monomial(&self, monomial: &Monomial, value: Ratio) -> String {
        let mut parts: Vec<String> = Vec::new();
        if value.numerator() != 1 || monomial.is_empty() {
            parts.push(value.numerator().to_string());
        }
        for (id, power) in monomial {
            let name = &self.get(*id).name;
            if *power <= 3 {
                parts.extend((0..*power).map(|_| name.clone()));
            } else {
                parts.push(format!("{name}^{power}"));
            }
        }
        let text = parts.join(" ");
        if value.denominator() == 1 { text } else { format!("{text} / {}", value.denominator()) }
    }
}

/// `3 S2 / 2`
fn fraction(number: Ratio, names: &str) -> String {
    let over = if number.denominator() == 1 {
        String::new()
    } else {
        format!(" / {}", number.denominator())
    };
    if number.numerator() == 1 {
        format!("{names}{over}")
    } else {
        format!("{} {names}{over}", number.numerator())
    }
}

/// `1,199,882`
///
/// ```
/// assert_eq!(chainrule_graph::size::grouped(1_199_882_u64), "1,199,882");
/// ```
pub fn grouped(n: impl Into<u128>) -> String {
    let digits = n.into().to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_print_in_the_authors_symbols() {
        let mut sizes = Sizes::default();
        let (s, k, c) = (
            Size::name(sizes.fixed("S", 28)),
            Size::name(sizes.fixed("k", 3)),
            Size::name(sizes.free("C2")),
        );
        let s1 = s.minus(&k).unwrap().plus(&Size::number(1)).unwrap();
        assert_eq!(sizes.text(&s1), "S - k + 1");
        sizes.derive("S1", s1.clone(), chainrule_syntax::Span::default());
        assert_eq!(sizes.text(&s1), "S1");
        let p = s1.divide(&Size::number(2)).unwrap();
        sizes.derive("P", p.clone(), chainrule_syntax::Span::default());
        let v = c.times(&p).unwrap().times(&p).unwrap();
        assert_eq!(sizes.text(&v), "C2 P P");
        assert_eq!(p.value(&sizes).unwrap().whole(), Some(13));
        assert_eq!(sizes.text(&s.times(&s).unwrap()), "S S");
    }

    #[test]
    fn division_is_exact_or_refused() {
        let mut sizes = Sizes::default();
        let (n, m) = (Size::name(sizes.free("n")), Size::name(sizes.free("m")));
        let square = n.plus(&m).unwrap().power(2).unwrap();
        assert_eq!(square.divide(&n.plus(&m).unwrap()).unwrap(), n.plus(&m).unwrap());
        assert_eq!(n.divide(&m), None);
        assert_eq!(n.divide(&Size::number(0)), None);
    }

    #[test]
    fn signs_are_shown_for_sizes_of_at_least_one() {
        let mut sizes = Sizes::default();
        let (n, m) = (Size::name(sizes.free("n")), Size::name(sizes.free("m")));
        let nm = n.times(&m).unwrap();
        assert!(nm.minus(&n).unwrap().is_never_negative(), "n m >= n");
        assert!(n.minus(&Size::number(1)).unwrap().is_never_negative());
        assert!(!n.minus(&Size::number(2)).unwrap().is_never_negative());
        assert!(!n.minus(&m).unwrap().is_never_negative());
    }

    #[test]
    fn growth_is_bounded() {
        let mut sizes = Sizes::default();
        let mut sum = Size::number(0);
        for i in 0..8 {
            sum = sum.plus(&Size::name(sizes.free(&format!("n{i}")))).unwrap();
        }
        assert!(sum.power(10).is_err());
        assert!(Size::number(i64::MAX).power(20).is_err());
    }
}

//! Exact rational numbers with checked arithmetic.

/// A fraction in lowest terms with a positive denominator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).unwrap_or(1)
}

impl Ratio {
    /// 0
    pub const ZERO: Ratio = Ratio { numerator: 0, denominator: 1 };
    /// 1
    pub const ONE: Ratio = Ratio { numerator: 1, denominator: 1 };

    /// `value / 1`
    pub const fn whole_number(value: i128) -> Ratio {
        Ratio { numerator: value, denominator: 1 }
    }

    fn new(numerator: i128, denominator: i128) -> Option<Ratio> {
        // Far beyond every size; what is larger is given up before it overflows.
        const LIMIT: u128 = 1 << 100;
        let divisor = gcd(numerator, denominator);
        let sign = denominator.signum();
        if divisor == 0 || sign == 0 {
            return None;
        }
        let (n, d) = (numerator / divisor, denominator / divisor);
        let (n, d) = (n.checked_mul(sign)?, d.checked_mul(sign)?);
        (n.unsigned_abs() < LIMIT && d.unsigned_abs() < LIMIT)
            .then_some(Ratio { numerator: n, denominator: d })
    }

    /// The numerator, with the sign.
    pub fn numerator(self) -> i128 {
        self.numerator
    }

    /// The denominator, positive.
    pub fn denominator(self) -> i128 {
        self.denominator
    }

    /// Whether this is 0.
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// Whether this is below 0.
    pub fn is_negative(self) -> bool {
        self.numerator < 0
    }

    /// The whole number this is, if it is one.
    pub fn whole(self) -> Option<i128> {
        (self.denominator == 1).then_some(self.numerator)
    }

    /// `self + other`; `None` on overflow.
    #[must_use]
    pub fn plus(self, other: Ratio) -> Option<Ratio> {
        let a = self.numerator.checked_mul(other.denominator)?;
        let b = other.numerator.checked_mul(self.denominator)?;
        Ratio::new(a.checked_add(b)?, self.denominator.checked_mul(other.denominator)?)
    }

    /// `self other`; `None` on overflow.
    #[must_use]
    pub fn times(self, other: Ratio) -> Option<Ratio> {
        let n = self.numerator.checked_mul(other.numerator)?;
        Ratio::new(n, self.denominator.checked_mul(other.denominator)?)
    }

    /// `self / other`; `None` on overflow or division by 0.
    #[must_use]
    pub fn divide(self, other: Ratio) -> Option<Ratio> {
        let n = self.numerator.checked_mul(other.denominator)?;
        Ratio::new(n, self.denominator.checked_mul(other.numerator)?)
    }
}

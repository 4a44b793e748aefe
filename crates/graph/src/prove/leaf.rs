//! Numbers, sizes and constant arrays.

use super::Prover;
use super::convert::{Entry, Value};
use super::ix::Ix;
use super::term::{Kind, Poly};
use crate::op::Op;
use crate::size::Ratio;
use crate::types::Type;

impl Prover<'_> {
    /// A term without inputs, if it is one.
    pub(crate) fn leaf(&mut self, op: &Op, ty: &Type) -> Option<Option<Entry>> {
        let plain = |value: Option<Value>| Some(value.map(|value| Entry { dims: vec![], value }));
        let poly = match op {
            Op::Number { bits } => {
                let value = decimal(f64::from_bits(*bits));
                return plain(value.map(|v| match v.whole().and_then(|w| i64::try_from(w).ok()) {
                    Some(w) => Value::Label(Ix::number(w)),
                    None => Value::Number(Poly::number(v)),
                }));
            }
            Op::SizeNumber { size } => return plain(self.size(size).map(Value::Number)),
            Op::IndexNumber { axis } => return plain(self.axis(*axis).map(Value::Label)),
            Op::Pi => {
                let pi = self.simple(Kind::Pi, Vec::new());
                return plain(Some(Value::Number(Poly::of(vec![(pi, Ratio::ONE)]))));
            }
            Op::Identity { n } => {
                let (i, j) = (self.fresh_ix(n), self.fresh_ix(n));
                let delta = self.simple(Kind::Delta, vec![i.clone(), j.clone()]);
                let open =
                    super::close::Open { bounds: Vec::new(), factors: vec![(delta, Ratio::ONE)] };
                let dims = [i, j].into_iter().take(ty.dims.len()).collect();
                let poly = self.close(vec![(Ratio::ONE, open)]);
                return Some(poly.map(|p| Entry { dims, value: Value::Number(p) }));
            }
            Op::Ones { .. } => Poly::one(),
            Op::Zeros { .. } => Poly::zero(),
            _ => return None,
        };
        let dims = ty.dims.iter().map(|d| self.fresh_ix(d)).collect();
        Some(Some(Entry { dims, value: Value::Number(poly) }))
    }
}

/// The number that a literal's digits say.
pub(crate) fn decimal(value: f64) -> Option<Ratio> {
    if !value.is_finite() {
        return None;
    }
    let text = format!("{value}");
    let (digits, places) = match text.split_once('.') {
        Some((whole, part)) => (format!("{whole}{part}"), part.len()),
        None => (text, 0),
    };
    if digits.len() > 25 {
        return None;
    }
    let by = 10_i128.checked_pow(u32::try_from(places).ok()?)?;
    Ratio::whole_number(digits.parse().ok()?).divide(Ratio::whole_number(by))
}

//! The recurrences on a net: the gradient at a point of the bundle, its entries in the order of
//! the parameters.

use chainrule_graph::differentiate::gradients;
use chainrule_graph::interpret::{Failure, Interpreter, Numbers, Tensor};
use chainrule_graph::module::Role;
use chainrule_graph::random::Random;
use chainrule_graph::update::update;
use chainrule_graph::{Module, NodeId, SymbolId};

use super::recurrences::{CASES, by_hand};
use super::{STEPS, apart, by_phases, module as read};

/// A loss with its gradients, on drawn data.
struct Net {
    module: Module,
    params: Vec<SymbolId>,
    loss: NodeId,
    slopes: Vec<NodeId>,
    numbers: Numbers,
}

fn net(module: &Module, loss: SymbolId) -> Net {
    let mut module = module.clone();
    let params: Vec<SymbolId> = module.params().map(|(id, _)| id).collect();
    let loss = module.read(loss).unwrap();
    let slopes = gradients(&mut module, loss, &params).unwrap();
    let numbers = Numbers::of(&module, 7, 3);
    Net { module, params, loss, slopes, numbers }
}

impl Net {
    fn at(&self, point: &[f64]) -> Result<(f64, Vec<f64>), Failure> {
        let mut it: Interpreter<'_, f64> = Interpreter::new(&self.module, self.numbers.clone());
        let random = Random::new(5, 0);
        for (at, symbol) in self.module.symbols.iter().enumerate() {
            if symbol.role != Role::Data {
                continue;
            }
            let shape = it.shape(&symbol.ty)?;
            let label = !symbol.ty.is_number();
            let classes = if self.params.len() == 4 && point.len() == 131 { 3 } else { 2 };
            let draw = |i: usize| match label {
                true => (i % classes) as f64,
                false => random.normal(i as u64),
            };
            let data = (0..shape.iter().product()).map(draw).collect();
            it.set(SymbolId::new(at), Tensor { axes: symbol.ty.axes.clone(), shape, data });
        }
        let mut rest = point;
        for id in &self.params {
            let shape = it.shape(&self.module.symbol(*id).ty)?;
            let (own, behind) = rest.split_at(shape.iter().product());
            rest = behind;
            it.set(*id, Tensor { axes: Vec::new(), shape, data: own.to_vec() });
        }
        assert!(rest.is_empty());
        let loss = it.value(self.loss)?.data[0];
        let mut slope = Vec::new();
        for node in &self.slopes {
            slope.extend(&it.value(*node)?.data);
        }
        Ok((loss, slope))
    }
}

#[test]
fn every_optimizer_follows_its_recurrence_on_iris() {
    let text = include_str!("../../../chainrule/models/iris.eqn");
    let plain = read(text);
    let net = net(&plain, plain.trainings[0].loss);
    let random = Random::new(3, 1);
    let start: Vec<f64> = (0..131).map(|i| 0.1 * random.normal(i)).collect();
    let both = |at: &[f64]| net.at(at).unwrap();
    for (call, hand) in CASES {
        let text = text.replace("gd(step = 0.01) ", call);
        let module = read(&text);
        let update = update(&module, &module.trainings[0]).unwrap();
        let found = by_phases(&update, &start, &both);
        let error = apart(&found, &by_hand(*hand, &start, &both, STEPS));
        assert!(error < 1e-10, "{call}: {error:e}");
    }
}

/// The penalties of circles: `l ||W||_1` has the slope `l sign(W)`, `l ||W||_F^2` has `2 l W`, each
/// matrix with its own weights.
#[test]
fn penalties_are_the_equations() {
    let text = include_str!("../../../chainrule/models/circles.eqn");
    let weighted = text.replace("l11 = 0, l12 = 0", "l11 = 0.5, l12 = 0.25");
    let weighted = weighted.replace("l21 = 0, l22 = 0", "l21 = 2, l22 = 3");
    let (bare, full) = (read(text), read(&weighted));
    let (bare, full) = (net(&bare, bare.trainings[0].loss), net(&full, full.trainings[0].loss));
    let random = Random::new(4, 1);
    let point: Vec<f64> = (0..42).map(|i| random.normal(i)).collect();
    let (a, b) = (bare.at(&point).unwrap().1, full.at(&point).unwrap().1);
    // In the order W1 (16), b1 (8), W2 (16), b2 (2).
    for i in 0..42 {
        let w = point[i];
        let wanted = match i {
            0..16 => 0.5 * w.signum() + 2.0 * 0.25 * w,
            24..40 => 2.0 * w.signum() + 2.0 * 3.0 * w,
            _ => 0.0,
        };
        assert!((b[i] - a[i] - wanted).abs() < 1e-12, "entry {i}: {} {}", a[i], b[i]);
    }
}

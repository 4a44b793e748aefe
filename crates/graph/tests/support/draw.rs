//! Values for the names of a module.

use chainrule_graph::index::SymbolId;
use chainrule_graph::interpret::{Interpreter, Numbers, Tensor};
use chainrule_graph::module::Role;
use chainrule_graph::random::Random;
use chainrule_graph::{Kind, Module, Type};

/// A value for each symbol that is not computed.
pub(crate) type Values = Vec<Option<Tensor<f64>>>;

/// Whether a name has a value of its own.
pub(crate) fn is_free(role: &Role) -> bool {
    matches!(role, Role::Data | Role::Param(_) | Role::Given(_) | Role::Noise(_))
}

/// Values for all free names.
pub(crate) fn values(module: &Module, numbers: &Numbers, seed: u64) -> Values {
    let draw = |(at, symbol): (usize, &chainrule_graph::module::Symbol)| {
        is_free(&symbol.role).then(|| value(module, numbers, &symbol.ty, seed, at as u64))
    };
    module.symbols.iter().enumerate().map(draw).collect()
}

/// A value of a type.
pub(crate) fn value(
    module: &Module,
    numbers: &Numbers,
    ty: &Type,
    seed: u64,
    stream: u64,
) -> Tensor<f64> {
    let shape = Interpreter::<f64>::new(module, numbers.clone()).shape(ty).expect("a shape");
    let count: usize = shape.iter().product();
    let random = Random::new(seed, stream);
    let classes = match &ty.kind {
        Kind::Label(k) => numbers.size(k).expect("a number of classes"),
        _ => 0,
    };
    let entry = |i: u64| match &ty.kind {
        Kind::Label(_) => (random.uniform(i) * classes as f64).floor(),
        Kind::Integer => (random.uniform(i) * 5.0).floor(),
        Kind::Mask => f64::from(u8::from(random.uniform(i) < 0.5)),
        Kind::Positive => 0.5 + random.uniform(i),
        // Away from 0, where many functions have their kinks.
        _ => {
            let x = 0.7 * random.normal(i);
            if x.abs() < 0.02 { x + 0.1 } else { x }
        }
    };
    let data = (0..count as u64).map(entry).collect();
    let mut out = Tensor { axes: ty.axes.clone(), shape, data };
    arrange(&mut out, &ty.kind);
    out
}

/// Makes a draw symmetric, definite or a distribution, block by block.
fn arrange(x: &mut Tensor<f64>, kind: &Kind) {
    let dims = x.dims().to_vec();
    let block: usize = dims.iter().product();
    let n = dims.first().copied().unwrap_or(1);
    for part in x.data.chunks_mut(block.max(1)) {
        let old = part.to_vec();
        let at = |i: usize, j: usize| old[i * n + j];
        for (place, entry) in part.iter_mut().enumerate() {
            let (i, j) = (place / n, place % n);
            match kind {
                Kind::Sym if dims.len() == 2 => *entry = at(i, j) + at(j, i),
                Kind::Spd if dims.len() == 2 => {
                    let product: f64 = (0..n).map(|k| at(i, k) * at(j, k)).sum();
                    *entry = product + f64::from(u8::from(i == j));
                }
                Kind::Prob => *entry = old[place].exp() / old.iter().map(|v| v.exp()).sum::<f64>(),
                _ => {}
            }
        }
    }
}

/// `d + d^T` for a symmetric kind: only such directions keep the value symmetric.
pub(crate) fn symmetrised(mut d: Tensor<f64>, kind: &Kind) -> Tensor<f64> {
    if matches!(kind, Kind::Sym | Kind::Spd) {
        arrange(&mut d, &Kind::Sym);
    }
    d
}

/// The free names that one can differentiate by.
pub(crate) fn variables(module: &Module) -> Vec<SymbolId> {
    let real = |kind: &Kind| matches!(kind, Kind::Real | Kind::Positive | Kind::Sym | Kind::Spd);
    let symbols = module.symbols.iter().enumerate();
    let known = symbols.filter(|(_, s)| is_free(&s.role) && real(&s.ty.kind));
    known.map(|(at, _)| SymbolId::new(at)).collect()
}

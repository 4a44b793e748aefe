//! The sides of a changed claim at one point.

use chainrule_syntax::ast::{Expr, ProductOp, Sign};

use super::super::claim::links;
use super::super::point::{Draw, Manner, Point};
use super::super::{Settings, collect, kinks};
use super::trial::{Trial, Tried};
use crate::edit::tree;
use crate::index::NodeId;
use crate::interpret::{Interpreter, Tensor};
use crate::module::{Module, Role};

/// Values that are closer, relative to the largest, agree.
const CLOSE: f64 = 1e-9;
/// A side that is smaller everywhere is 0.
const NOTHING: f64 = 1e-9;
/// How many points are looked at for a good one.
const POINTS: u64 = 16;

/// A factor of all: a sign, a number, a name.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    negative: bool,
    factor: Option<Expr>,
    divides: bool,
}

impl Scale {
    pub(crate) fn apply(&self, e: &Expr) -> Expr {
        let scaled = match &self.factor {
            Some(factor) => crate::edit::times(e, factor, self.divides),
            None => e.clone(),
        };
        let signed = if self.negative { tree::negative(scaled) } else { scaled };
        tree::tidy(&signed)
    }

    /// The name that it is, if it is one.
    pub(crate) fn name(&self) -> Option<&str> {
        match self.factor.as_ref().map(|f| &f.kind) {
            Some(chainrule_syntax::ast::ExprKind::Name(name)) => Some(name),
            _ => None,
        }
    }

    fn text(&self) -> String {
        let factor = self.factor.as_ref().map(|f| {
            let text = chainrule_syntax::print::expr(f);
            if self.divides { format!("factor 1/{text}") } else { format!("factor {text}") }
        });
        match (self.negative, factor) {
            (true, None) => "sign of all".into(),
            (true, Some(factor)) => format!("{factor} and the sign of all"),
            (false, Some(factor)) => factor,
            (false, None) => String::new(),
        }
    }
}

/// What a form is at the point.
pub(crate) enum Agreement {
    /// Something else.
    None,
    /// The other side.
    Same,
    /// Its transpose.
    Turned,
    /// A multiple of it: factors that make it the same, with their words and whether they are mere
    /// signs.
    Factor(Vec<(Scale, String, bool)>),
}

/// A point with numbers for sizes, and factors of all with their values there.
pub(crate) struct Values {
    point: Point,
    scales: Vec<(f64, Scale)>,
}

impl Trial {
    /// A point where the side that stays is alive and not 0.
    pub(crate) fn values(&self, settings: &Settings) -> Option<Values> {
        let module = self.module();
        let sides = self.alone()?;
        let numbers = links::numbers(module, &sides, settings.seed, 0).ok()?;
        let branching = kinks::nodes(module, &sides.nodes);
        let mut found: Option<(usize, Point)> = None;
        for draw in 0..POINTS {
            let manner = if draw % 4 == 3 { Manner::Positive } else { Manner::Normal };
            let how = Draw {
                seed: settings.seed,
                draw: 0x2ea5 + draw,
                manner,
                replaced: &sides.replaced,
                constants: false,
                spread: 1.0,
            };
            let point = Point::draw(module, &numbers, &how).ok()?;
            let Ok(seen) = links::see::<f64>(module, &sides, &point) else { continue };
            if !seen.any() || !seen.finite() || seen.values[0].largest() < NOTHING {
                continue;
            }
            let Ok(mut it) = point.interpreter::<f64>(module) else { continue };
            let Ok(quality) = kinks::quality(module, &mut it, &branching) else { continue };
            if found.as_ref().is_none_or(|(dull, _)| quality.dull < *dull) {
                found = Some((quality.dull, point));
            }
            if quality.dull == 0 {
                break;
            }
        }
        let (_, point) = found?;
        let scales = scales(module, &point);
        Some(Values { point, scales })
    }
}

impl Trial {
    /// How many entries the values behind the side that stays have at a point.
    pub(crate) fn weight(&self, values: &Values) -> usize {
        let Some(sides) = self.alone() else { return 0 };
        let numbers = &values.point.numbers;
        let entries = |id: NodeId| {
            let ty = self.module().graph.ty(id);
            let extents = ty.axes.iter().filter_map(|a| self.module().axes.get(*a).extent.as_ref());
            let sizes = ty.dims.iter().chain(extents).map(|size| numbers.size(size).unwrap_or(1));
            sizes.fold(1_usize, usize::saturating_mul)
        };
        let behind = collect::behind_all(self.module(), sides.nodes);
        behind.into_iter().map(entries).fold(0, usize::saturating_add)
    }
}

/// The factors that are looked for, simple ones first.
fn scales(module: &Module, point: &Point) -> Vec<(f64, Scale)> {
    let mut found: Vec<(f64, Expr)> = vec![(2.0, tree::number(2))];
    let mut named: Vec<(f64, Expr)> = Vec::new();
    for (id, def) in module.sizes.base() {
        if let Some(number) = point.numbers.get(id) {
            found.push((number as f64, tree::name(&def.name)));
        }
    }
    if let Ok(mut it) = point.interpreter::<f64>(module) {
        for (at, symbol) in module.symbols.iter().enumerate() {
            let plain = symbol.ty.is_scalar() && symbol.ty.axes.is_empty();
            let usable = !matches!(symbol.role, Role::Local | Role::Derived | Role::Metric);
            if !plain || !usable || symbol.name.contains('[') {
                continue;
            }
            let id = crate::index::SymbolId::new(at);
            let node = module.graph.ids().find(|n| {
                matches!(&module.graph.node(*n).op, crate::op::Op::Symbol { id: own, .. } if *own == id)
            });
            let value = node.and_then(|n| it.value(n).ok()).map(|v| v.data[0]);
            named.extend(value.map(|v| (v, tree::name(&symbol.name))));
        }
    }
    let mut all = vec![(-1.0, Scale { negative: true, factor: None, divides: false })];
    for (value, factor) in found.into_iter().chain(named) {
        if !value.is_finite() || value.abs() < NOTHING || (value.abs() - 1.0).abs() < CLOSE {
            continue;
        }
        for negative in [false, true] {
            for divides in [false, true] {
                let sign = if negative { -1.0 } else { 1.0 };
                let size = if divides { 1.0 / value } else { value };
                all.push((sign * size, Scale { negative, factor: Some(factor.clone()), divides }));
            }
        }
    }
    all
}

impl Values {
    /// An interpreter at the point, for many forms.
    pub(crate) fn open<'m>(&self, module: &'m Module) -> Option<Interpreter<'m, f64>> {
        self.point.interpreter(module).ok()
    }

    /// How a form stands to the side that stays.
    pub(crate) fn compare(
        &self,
        it: &mut Interpreter<'_, f64>,
        tried: &Tried,
        side: usize,
        condition: Option<NodeId>,
    ) -> Agreement {
        let Some((wanted, found)) = both(it, tried, side) else { return Agreement::None };
        if !tried.fits {
            let turned = found.turned();
            return match turned.is_some_and(|t| close(&wanted.data, &t)) {
                true => Agreement::Turned,
                false => Agreement::None,
            };
        }
        let counts = match condition.map(|c| it.value(c)) {
            None => Vec::new(),
            Some(Ok(mask)) => links::mask(&mask, &wanted),
            Some(Err(_)) => return Agreement::None,
        };
        let counted = |data: &[f64]| -> Vec<f64> {
            let entries = data.iter().enumerate();
            entries.filter(|(at, _)| *counts.get(*at).unwrap_or(&true)).map(|(_, x)| *x).collect()
        };
        let (wanted, found) = (counted(&wanted.data), counted(&found.data));
        if wanted.is_empty() || wanted.len() != found.len() {
            return Agreement::None;
        }
        if close(&wanted, &found) {
            return Agreement::Same;
        }
        let Some(ratio) = ratio(&wanted, &found) else { return Agreement::None };
        let fitting = self.scales.iter().filter(|(value, _)| same(*value, ratio));
        let list: Vec<_> =
            fitting.map(|(_, s)| (s.clone(), s.text(), s.factor.is_none())).collect();
        if list.is_empty() { Agreement::None } else { Agreement::Factor(list) }
    }

    /// Terms `c v` that the form lacks, `v` a value in scope and `c` simple.
    pub(crate) fn differences(
        &self,
        it: &mut Interpreter<'_, f64>,
        tried: &Tried,
        side: usize,
        names: &[(String, NodeId)],
    ) -> Vec<(Expr, Sign)> {
        let Some((wanted, found)) = both(it, tried, side) else { return Vec::new() };
        if wanted.data.len() != found.data.len() {
            return Vec::new();
        }
        let gap: Vec<f64> = wanted.data.iter().zip(&found.data).map(|(a, b)| a - b).collect();
        let mut terms = Vec::new();
        for (text, node) in names {
            let Ok(value) = it.value(*node) else { continue };
            if value.shape != wanted.shape || value.axes != wanted.axes {
                continue;
            }
            let Some(ratio) = ratio(&gap, &value.data) else { continue };
            terms.extend(self.simple(ratio).map(|(factor, sign)| {
                let name = tree::name(text);
                let term = match factor {
                    Some(f) => tree::product(f, ProductOp::Juxtaposition, name),
                    None => name,
                };
                (tree::tidy(&term), sign)
            }));
        }
        terms
    }

    /// A number as a simple factor and a sign: 1, 2, a scalar, twice a scalar.
    fn simple(&self, ratio: f64) -> Option<(Option<Expr>, Sign)> {
        let sign = if ratio < 0.0 { Sign::Minus } else { Sign::Plus };
        let size = ratio.abs();
        if same(size, 1.0) {
            return Some((None, sign));
        }
        let positive = self.scales.iter().filter(|(_, s)| !s.negative);
        for (value, scale) in positive {
            let Some(factor) = &scale.factor else { continue };
            let single = if scale.divides {
                tree::product(tree::number(1), ProductOp::Slash, factor.clone())
            } else {
                factor.clone()
            };
            if same(*value, size) {
                return Some((Some(single), sign));
            }
            if same(2.0 * value, size) && !scale.divides {
                let double = tree::product(tree::number(2), ProductOp::Juxtaposition, single);
                return Some((Some(double), sign));
            }
        }
        None
    }
}

type Value = std::rc::Rc<Tensor<f64>>;

/// The values of the side that stays and of the one that is changed.
fn both(it: &mut Interpreter<'_, f64>, tried: &Tried, side: usize) -> Option<(Value, Value)> {
    let wanted = it.value(tried.nodes[1 - side]).ok()?;
    let found = it.value(tried.nodes[side]).ok()?;
    let finite = |t: &Tensor<f64>| t.data.iter().all(|x| x.is_finite());
    (finite(&wanted) && finite(&found)).then_some((wanted, found))
}

impl Tensor<f64> {
    /// The entries of a matrix's transpose.
    fn turned(&self) -> Option<Vec<f64>> {
        let [rows, columns] = *self.dims() else { return None };
        let part = (rows * columns).max(1);
        let turned = self
            .data
            .chunks(part)
            .flat_map(|m| (0..part).map(move |at| m[at % rows * columns + at / rows]));
        Some(turned.collect())
    }
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= CLOSE * a.abs().max(b.abs())
}

fn close(a: &[f64], b: &[f64]) -> bool {
    let largest = a.iter().chain(b).fold(0.0_f64, |m, x| m.max(x.abs()));
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() <= CLOSE * largest)
}

/// `r` with `a = r b`.
fn ratio(a: &[f64], b: &[f64]) -> Option<f64> {
    let at = (0..b.len()).max_by(|i, j| b[*i].abs().total_cmp(&b[*j].abs()))?;
    if b[at].abs() < NOTHING {
        return None;
    }
    let ratio = a[at] / b[at];
    let scaled: Vec<f64> = b.iter().map(|x| ratio * x).collect();
    (ratio.abs() > NOTHING && close(a, &scaled)).then_some(ratio)
}

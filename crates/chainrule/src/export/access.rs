//! Entries by indices: reads and, for their transposes, sums written to places.

use chainrule_graph::op::{Affine, Op, Position};
use chainrule_graph::{AxisId, NodeId, Size, Type};

use super::build::{Builder, Ix, Label, Made, Unsupported, Value};
use super::code::{Code, Form, Statement};
use super::contract::{Bound, Product};

/// One axis of an array that is read or written.
pub(super) enum At {
    /// Along an index.
    Index(Ix),
    /// Computed.
    Map(Vec<(Ix, i64)>, Size),
    /// By a label over these indices.
    Label(Code, Vec<Ix>),
}

impl At {
    /// The indices it is computed from.
    pub(super) fn indices(&self) -> Vec<Ix> {
        match self {
            At::Index(ix) => vec![*ix],
            At::Map(terms, _) => terms.iter().map(|(ix, _)| *ix).collect(),
            At::Label(_, own) => own.clone(),
        }
    }
}

impl Builder<'_> {
    /// The index a position is, alone.
    fn alone(map: &Affine) -> Option<AxisId> {
        match map.terms.as_slice() {
            [(axis, 1)] if map.constant == Size::number(0) => Some(*axis),
            _ => None,
        }
    }

    /// Whether the access only turns, or repeats, whole axes.
    pub(super) fn is_plain(&self, id: NodeId, positions: &[Position]) -> bool {
        let dims = &self.ty(self.module.graph.node(id).inputs[0]).dims;
        let plain = |(p, dim): (&Position, &Size)| match p {
            Position::All => true,
            Position::Affine(map) => {
                Builder::alone(map).is_some_and(|a| self.extent(Ix::Axis(a)) == *dim)
            }
            Position::Label => false,
        };
        positions.iter().zip(dims).all(plain)
    }

    /// Whether the scatter only turns whole axes.
    pub(super) fn is_plain_scatter(&self, positions: &[Position]) -> bool {
        let mut seen = Vec::new();
        positions.iter().all(|p| match p {
            Position::All => true,
            Position::Affine(map) => match Builder::alone(map) {
                Some(axis) if !seen.contains(&axis) => {
                    seen.push(axis);
                    true
                }
                _ => false,
            },
            Position::Label => false,
        })
    }

    /// The index of each `:` of an access whose result has these dims. A row keeps an axis of
    /// length 1 in front, a last axis of length 1 is not kept.
    fn alls(&mut self, positions: &[Position], dims: &[Ix], product: &mut Product) -> Vec<Ix> {
        let count = positions.iter().filter(|p| **p == Position::All).count();
        let mut own: Vec<Ix> = dims[dims.len().saturating_sub(count)..].to_vec();
        while own.len() < count {
            let one = self.summed(&Size::number(1), "", product);
            own.push(one);
        }
        own
    }

    /// The indices of the base of a plain access.
    pub(super) fn read_at(
        &mut self,
        _: NodeId,
        positions: &[Position],
        dims: &[Ix],
        bound: &Bound,
        product: &mut Product,
    ) -> Vec<Ix> {
        let mut alls = self.alls(positions, dims, product).into_iter();
        let index = |p: &Position| match p {
            Position::Affine(map) => {
                let axis = Builder::alone(map)?;
                Some(bound.get(&axis).copied().unwrap_or(Ix::Axis(axis)))
            }
            _ => alls.next(),
        };
        positions.iter().filter_map(index).collect()
    }

    /// The indices of the value of a plain scatter, and what its axes stand for.
    pub(super) fn written_at(
        &mut self,
        id: NodeId,
        positions: &[Position],
        dims: &[Ix],
        bound: &Bound,
    ) -> (Vec<Ix>, Bound) {
        let value = self.ty(self.module.graph.node(id).inputs[0]);
        let mut bound = bound.clone();
        let mut own = Vec::new();
        for (position, ix) in positions.iter().zip(dims) {
            match position {
                Position::Affine(map) => {
                    if let Some(axis) = Builder::alone(map) {
                        self.called(*ix, axis);
                        bound.insert(axis, *ix);
                    }
                }
                _ => own.push(*ix),
            }
        }
        let own = self.value_dims(value, own);
        (own, bound)
    }

    /// An index of a dim gets the name of the axis that it stands for.
    pub(super) fn called(&mut self, ix: Ix, axis: AxisId) {
        if let Ix::Local(at) = ix
            && self.locals[at].1.is_empty()
        {
            self.locals[at].1 = self.module.axes.get(axis).name.clone();
        }
    }

    /// The dims of a scattered value: in front of a row stands an axis of length 1.
    fn value_dims(&mut self, value: &Type, mut own: Vec<Ix>) -> Vec<Ix> {
        own.truncate(value.dims.len());
        while own.len() < value.dims.len() {
            let one = self.index(&Size::number(1), "");
            own.insert(0, one);
        }
        own
    }

    /// An access that is more than whole axes.
    pub(super) fn gather(&mut self, id: NodeId) -> Made<Value> {
        let node = self.module.graph.node(id);
        let mut product = Product::default();
        let dims = self.indices(&node.ty.dims);
        let factor = self.entries(id, &dims, &Bound::new(), &mut product)?;
        product.factors.push(factor);
        let outs = self.outs(&node.ty, &dims);
        Ok(self.finished(product, &outs))
    }

    /// The entries that an access reads, their axes in the order of the places.
    pub(super) fn entries(
        &mut self,
        id: NodeId,
        dims: &[Ix],
        bound: &Bound,
        product: &mut Product,
    ) -> Made<(Code, Vec<Ix>)> {
        let node = self.module.graph.node(id);
        let Op::Access { positions, pad } = &node.op else { return Err(self.unsupported(id)) };
        let base = self.ty(node.inputs[0]);
        let alls = self.alls(positions, dims, product);
        let mut slots: Vec<At> = self.riding(base);
        slots.extend(self.slots(positions, &base.dims, alls, &node.inputs)?);
        let mut code = self.full(node.inputs[0])?;
        if *pad {
            let margins = self.margins(&slots, &self.lengths_of(base))?;
            code = padded(code, &margins);
            shift(&mut slots, &margins);
        }
        // Fixed places first: `A[0,:]`.
        let fixed = |s: &At| match s {
            At::Map(terms, constant) if terms.is_empty() => Some(constant.clone()),
            _ => None,
        };
        let code = code.picked(slots.iter().map(fixed).collect());
        slots.retain(|s| fixed(s).is_none());
        let (code, own) = self.gathered(code, slots)?;
        let meant = |ix: Ix| match ix {
            Ix::Axis(axis) => bound.get(&axis).copied().unwrap_or(ix),
            Ix::Local(_) => ix,
        };
        Ok((code, own.into_iter().map(meant).collect()))
    }

    fn outs(&self, ty: &Type, dims: &[Ix]) -> Vec<(Label, Ix)> {
        let index = |l: Label| match l {
            Label::Axis(axis) => Ix::Axis(axis),
            Label::Dim(at) => dims[at],
        };
        self.labels(ty).into_iter().map(|l| (l, index(l))).collect()
    }

    /// The axes that a base has besides its dims.
    fn riding(&self, ty: &Type) -> Vec<At> {
        let axis = |l: Label| match l {
            Label::Axis(axis) => Some(At::Index(Ix::Axis(axis))),
            Label::Dim(_) => None,
        };
        self.labels(ty).into_iter().filter_map(axis).collect()
    }

    fn lengths_of(&self, ty: &Type) -> Vec<Size> {
        self.labels(ty).into_iter().map(|l| self.length(ty, l)).collect()
    }

    fn slots(
        &mut self,
        positions: &[Position],
        dims: &[Size],
        alls: Vec<Ix>,
        inputs: &[NodeId],
    ) -> Made<Vec<At>> {
        let (mut alls, mut labels) = (alls.into_iter(), inputs[1..].iter());
        let mut slots = Vec::new();
        for (position, dim) in positions.iter().zip(dims) {
            slots.push(match position {
                Position::All => At::Index(
                    alls.next().ok_or_else(|| Unsupported("an access without its axes".into()))?,
                ),
                Position::Affine(map) => match Builder::alone(map) {
                    Some(axis) if self.extent(Ix::Axis(axis)) == *dim => At::Index(Ix::Axis(axis)),
                    _ => {
                        let terms = map.terms.iter().map(|(a, k)| (Ix::Axis(*a), *k)).collect();
                        At::Map(terms, map.constant.clone())
                    }
                },
                Position::Label => {
                    let label = labels.next().copied();
                    let label = label.ok_or_else(|| Unsupported("a label is missing".into()))?;
                    let value = self.array(label)?;
                    let own = value.labels.iter().filter_map(|l| match l {
                        Label::Axis(axis) => Some(Ix::Axis(*axis)),
                        Label::Dim(_) => None,
                    });
                    At::Label(value.code, own.collect())
                }
            });
        }
        Ok(slots)
    }

    /// How far reads go over the ends: what must be put before and behind each axis.
    fn margins(&self, slots: &[At], lengths: &[Size]) -> Made<Vec<(Size, Size)>> {
        let zero = Size::number(0);
        let mut all = Vec::new();
        for (slot, length) in slots.iter().zip(lengths) {
            let At::Map(terms, constant) = slot else {
                all.push((zero.clone(), zero.clone()));
                continue;
            };
            let limit = || Unsupported("the sizes of an index are too large".into());
            let (mut low, mut high) = (constant.clone(), constant.clone());
            for (ix, factor) in terms {
                let last = self.extent(*ix).minus(&Size::number(1)).map_err(|_| limit())?;
                let far = last.times(&Size::number(*factor)).map_err(|_| limit())?;
                let end = if *factor < 0 { &mut low } else { &mut high };
                *end = end.plus(&far).map_err(|_| limit())?;
            }
            let before = zero.minus(&low).map_err(|_| limit())?;
            let last = length.minus(&Size::number(1)).map_err(|_| limit())?;
            let behind = high.minus(&last).map_err(|_| limit())?;
            all.push((self.margin(&before)?, self.margin(&behind)?));
        }
        Ok(all)
    }

    fn margin(&self, size: &Size) -> Made<Size> {
        let inside = Size::number(0).minus(size).is_ok_and(|s| s.is_never_negative());
        match (inside, size.is_never_negative()) {
            (true, _) => Ok(Size::number(0)),
            (_, true) => Ok(size.clone()),
            _ => Err(Unsupported(format!(
                "whether an index reaches over the end by {} depends on the sizes",
                self.module.sizes.text(size)
            ))),
        }
    }

    /// The array at computed places, with the index of each axis of the result.
    fn gathered(&mut self, code: Code, slots: Vec<At>) -> Made<(Code, Vec<Ix>)> {
        let truth = code.truth;
        match self.place(slots, false) {
            (None, all) => Ok((code, all)),
            (Some(place), all) => {
                let form = Form::Gather { of: Box::new(code), place };
                let code = Code { truth, ..Code::new(form, all.len()) };
                if !self.places_apart {
                    return Ok((code, all));
                }
                if let Some((_, known)) = self.gathers.iter().find(|(c, _)| *c == code) {
                    return Ok((known.clone(), all));
                }
                let variable = self.in_a_variable(code.clone(), &all);
                self.gathers.push((code, variable.clone()));
                Ok((variable, all))
            }
        }
    }

    /// Entries by a label: one slot an axis, `None` for that of the label.
    pub(super) fn chosen(
        &mut self,
        code: Code,
        slots: Vec<Option<Ix>>,
        label: &Code,
        own: &[Ix],
    ) -> Made<(Code, Vec<Ix>)> {
        let slot = |s: Option<Ix>| match s {
            Some(ix) => At::Index(ix),
            None => At::Label(label.clone(), own.to_vec()),
        };
        self.gathered(code, slots.into_iter().map(slot).collect())
    }

    /// The transpose of an access: entries added up where the access reads them.
    pub(super) fn scatter(&mut self, id: NodeId) -> Made<Value> {
        let node = self.module.graph.node(id);
        let Op::Scatter { positions, over, pad, .. } = &node.op else {
            return Err(self.unsupported(id));
        };
        let value = self.ty(node.inputs[0]);
        let count = positions.iter().filter(|p| **p == Position::All).count();
        let whole: Vec<&Size> = positions
            .iter()
            .zip(&node.ty.dims)
            .filter(|(p, _)| **p == Position::All)
            .map(|(_, d)| d)
            .collect();
        let alls: Vec<Ix> = whole.into_iter().map(|d| self.index(d, "")).collect();
        debug_assert_eq!(alls.len(), count);
        let own = self.value_dims(value, alls.clone());
        let mut slots = self.riding(&node.ty);
        slots.extend(self.slots(positions, &node.ty.dims, alls, &node.inputs)?);
        let lengths = self.lengths_of(&node.ty);
        let margins = if *pad { Some(self.margins(&slots, &lengths)?) } else { None };
        let mut dims = lengths.clone();
        if let Some(margins) = &margins {
            shift(&mut slots, margins);
            for (dim, (before, behind)) in dims.iter_mut().zip(margins) {
                let wider = dim.plus(before).and_then(|d| d.plus(behind));
                *dim = wider.map_err(|_| Unsupported("a size is too large".into()))?;
            }
        }
        let (place, all) = self.place(slots, true);
        let mut product = self.factors_of(node.inputs[0], &own, &Bound::new())?;
        let loose = over.iter().map(|a| Ix::Axis(*a)).filter(|ix| !all.contains(ix));
        product.summed.extend(loose);
        let code = self.laid_out(product, &all);
        let code = self.in_a_variable(code, &all);
        let mut code = match place {
            Some(place) => {
                Code::new(Form::Scatter { value: Box::new(code), place, dims }, lengths.len())
            }
            None => code,
        };
        if let Some(margins) = margins
            && margins.iter().any(|(a, b)| *a != Size::number(0) || *b != Size::number(0))
        {
            let part = |((before, behind), length): ((Size, Size), Size)| {
                let whole = before == Size::number(0) && behind == Size::number(0);
                (!whole).then_some((before, length))
            };
            let parts = margins.into_iter().zip(lengths).map(part).collect();
            let rank = code.rank;
            code = Code::new(Form::Slice(Box::new(code), parts), rank);
        }
        Ok(Value { code, labels: self.labels(&node.ty) })
    }

    /// What is scattered stands in a line of its own.
    fn in_a_variable(&mut self, code: Code, all: &[Ix]) -> Code {
        if matches!(code.form, Form::Name(_)) {
            return code;
        }
        let name = self.free_name("t");
        let lengths: Vec<String> =
            all.iter().map(|ix| self.module.sizes.text(&self.extent(*ix))).collect();
        let comma = if lengths.len() == 1 { "," } else { "" };
        let note = format!("({}{comma})", lengths.join(", "));
        let variable = Code::name(&name, code.rank);
        self.statements.push(Statement::Let { name, code, note });
        variable
    }

    /// A product with exactly these axes; what repeats is copied.
    fn laid_out(&mut self, product: Product, all: &[Ix]) -> Code {
        let outs: Vec<(Label, Ix)> =
            all.iter().enumerate().map(|(i, ix)| (Label::Dim(i), *ix)).collect();
        let value = self.finished(product, &outs);
        let dims = all.iter().map(|ix| self.extent(*ix)).collect();
        let ty = Type { axes: Vec::new(), dims, kind: chainrule_graph::Kind::Real };
        self.whole(value, &ty)
    }
}

fn padded(code: Code, margins: &[(Size, Size)]) -> Code {
    let zero = Size::number(0);
    if margins.iter().all(|(a, b)| *a == zero && *b == zero) {
        return code;
    }
    let rank = code.rank;
    Code::new(Form::Pad(Box::new(code), margins.to_vec()), rank)
}

/// The places within a padded array.
fn shift(slots: &mut [At], margins: &[(Size, Size)]) {
    for (slot, (before, _)) in slots.iter_mut().zip(margins) {
        if let At::Map(_, constant) = slot
            && let Ok(moved) = constant.plus(before)
        {
            *constant = moved;
        }
    }
}

//! Index specs: a multilinear op as a sum of products over an iteration space.
//!
//! `y[out(i)] += scale * x1[in1(i)] * .. * xk[ink(i)]` for every point `i` of the space. One spec
//! gives evaluation, lowering, and the transpose that a stated reverse rule is tested against.
//! Axes that ride along are no part of a spec: an axis that an input has and the result lacks is
//! summed, one that the result has and an input lacks is copied.

use crate::index::AxisId;
use crate::op::Position;
use crate::size::Size;
use crate::types::Type;

/// An index of the iteration space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Ix {
    /// A named axis.
    Axis(AxisId),
    /// An index of the op's own.
    Local(u32),
}

/// `constant + sum of coefficient index`, with sizes as coefficients.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Map {
    /// Indices with their coefficients.
    pub terms: Vec<(Ix, Size)>,
    /// The part without indices.
    pub constant: Size,
}

impl Map {
    /// One index.
    pub fn index(ix: Ix) -> Map {
        Map { terms: vec![(ix, Size::number(1))], constant: Size::number(0) }
    }

    /// A local index.
    pub fn local(at: u32) -> Map {
        Map::index(Ix::Local(at))
    }

    /// A number.
    pub fn number(value: i64) -> Map {
        Map { terms: Vec::new(), constant: Size::number(value) }
    }

    /// `factor a + b`, two local indices: how two axes become one.
    pub fn pair(factor: &Size, a: u32, b: u32) -> Map {
        let mut map = Map::local(b);
        map.terms.insert(0, (Ix::Local(a), factor.clone()));
        map
    }

    /// The index this is, alone.
    pub fn as_index(&self) -> Option<Ix> {
        match self.terms.as_slice() {
            [(ix, one)] if one.is_one() && self.constant == Size::number(0) => Some(*ix),
            _ => None,
        }
    }
}

/// Where an entry of an operand stands.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// A map for each dim.
    Dims(Vec<Slot>),
    /// One map into the entries in row-major order.
    Flat(Map),
}

/// One dim of a place.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Slot {
    /// An affine map.
    Map(Map),
    /// The label that is this input of the op.
    Label(usize),
}

impl Place {
    /// The local indices `first, first + 1, ..`, a dim each.
    pub fn locals(first: u32, count: usize) -> Place {
        Place::Dims((0..count as u32).map(|i| Slot::Map(Map::local(first + i))).collect())
    }

    /// These local indices.
    pub fn of(locals: &[u32]) -> Place {
        Place::Dims(locals.iter().map(|i| Slot::Map(Map::local(*i))).collect())
    }

    /// These maps.
    pub fn maps(maps: Vec<Map>) -> Place {
        Place::Dims(maps.into_iter().map(Slot::Map).collect())
    }

    /// A value's matrix entry at `row`, `column`: a vector has no column, a number neither.
    pub fn matrix(ty: &Type, row: u32, column: u32) -> Place {
        match ty.dims.len() {
            0 => Place::of(&[]),
            1 => Place::of(&[row]),
            _ => Place::of(&[row, column]),
        }
    }
}

/// The index maps of a multilinear op.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spec {
    /// How far each local index runs.
    pub space: Vec<Size>,
    /// Where each factor is read: the first real inputs, in order.
    pub inputs: Vec<Place>,
    /// Where the product is added.
    pub output: Place,
    /// The whole is divided by these sizes: a mean.
    pub divide: Vec<Size>,
    /// Places outside an operand are left out instead of being an error.
    pub pad: bool,
}

impl Spec {
    /// A spec without padding and scale.
    pub fn new(space: Vec<Size>, inputs: Vec<Place>, output: Place) -> Spec {
        Spec { space, inputs, output, divide: Vec::new(), pad: false }
    }

    /// The same entries in the same places: `x` and the result have the same dims.
    pub fn identity(ty: &Type) -> Spec {
        let place = Place::locals(0, ty.dims.len());
        Spec::new(ty.dims.clone(), vec![place.clone()], place)
    }

    /// The transpose by input `k`: where `k` is read, the result is added, and the other way round.
    #[must_use]
    pub fn transposed(&self, k: usize) -> Spec {
        let mut inputs = self.inputs.clone();
        let output = std::mem::replace(&mut inputs[k], self.output.clone());
        Spec { inputs, output, ..self.clone() }
    }
}

/// The place of an access: `:` runs over an index of its own, which the space gains.
pub(crate) fn accessed(positions: &[Position], base: &[Size], space: &mut Vec<Size>) -> Vec<Slot> {
    let mut label = 0;
    let slot = |(position, dim): (&Position, &Size)| match position {
        Position::All => {
            space.push(dim.clone());
            Slot::Map(Map::local(space.len() as u32 - 1))
        }
        Position::Affine(map) => Slot::Map(Map {
            terms: map.terms.iter().map(|(a, k)| (Ix::Axis(*a), Size::number(*k))).collect(),
            constant: map.constant.clone(),
        }),
        Position::Label => {
            label += 1;
            Slot::Label(label)
        }
    };
    positions.iter().zip(base).map(slot).collect()
}

//! Index equations: entries of arrays by affine maps, entries collected to arrays, and back.

pub(crate) mod access;
pub(crate) mod collect;
pub(crate) mod columns;
pub(crate) mod misfit;
pub(crate) mod scatter;

use crate::op::Position;
use crate::spec::{Map, Place};
use crate::types::Type;

/// Where what is left of the dims stands: `A[i,:]` is a row.
fn kept_place(positions: &[Position], count: usize, kept: &Type) -> Place {
    let mut maps: Vec<Map> = (0..count as u32).map(Map::local).collect();
    if positions.len() == 2 && count == 1 && positions[1] == Position::All && kept.dims.len() == 2 {
        maps.insert(0, Map::number(0));
    }
    maps.truncate(kept.dims.len());
    Place::maps(maps)
}

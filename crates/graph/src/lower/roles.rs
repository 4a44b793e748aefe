//! Contractions: loops that multiply two reads and sum, with the roles of their indices.

use super::Lowered;
use super::ir::{Fold, Loop, View, Work};
use crate::size::{Size, TooLarge};

/// What an index does in a contraction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// In the first read and the result: a row.
    M,
    /// In the second read and the result: a column.
    N,
    /// Summed.
    K,
    /// In both reads and the result.
    Batch,
}

/// The roles of a loop's indices, in their order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Roles(pub(super) Vec<Role>);

impl Roles {
    /// Whether rows, columns and summed indices all occur.
    pub(super) fn is_full(&self) -> bool {
        [Role::M, Role::N, Role::K].iter().all(|role| self.0.contains(role))
    }
}

fn reads(view: &View, index: usize) -> bool {
    view.maps.iter().any(|m| m.terms.iter().any(|(at, _)| *at == index))
}

/// The roles, if the loop multiplies two reads and sums, and the reads differ in what they run over:
/// else it is a reduction.
pub(super) fn contraction(l: &Loop) -> Option<Roles> {
    let factors = l.body.factors()?;
    let [a, b] = factors.as_slice() else { return None };
    if a == b || l.fold != Some(Fold::Sum) || l.write.is_some() {
        return None;
    }
    let (a, b) = (&l.reads[*a], &l.reads[*b]);
    let role = |at: usize| match (at < l.rank, reads(a, at), reads(b, at)) {
        (false, _, _) => Role::K,
        (true, true, false) => Role::M,
        (true, false, true) => Role::N,
        (true, _, _) => Role::Batch,
    };
    let roles = Roles((0..l.space.len()).map(role).collect());
    let shared = |at: usize| at >= l.rank && reads(a, at) && reads(b, at);
    let own = roles.0.iter().any(|r| matches!(r, Role::M | Role::N));
    (own && (0..l.space.len()).any(shared)).then_some(roles)
}

/// A contraction as a matrix product.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contraction {
    /// What it is in the author's terms.
    pub name: String,
    /// The node.
    pub node: usize,
    /// Rows: the extents of their indices.
    pub m: Vec<Size>,
    /// Columns.
    pub n: Vec<Size>,
    /// Summed.
    pub k: Vec<Size>,
    /// How many such products.
    pub batch: Vec<Size>,
    /// Operations that count: two for each point outside a halo.
    pub flops: Size,
    /// Operations with the halo.
    pub flops_with_halo: Size,
}

impl Lowered {
    /// The contractions, in order; those whose size expressions outgrow their bounds are left out.
    pub fn contractions(&self) -> Vec<Contraction> {
        let found = self.nodes.iter().enumerate().filter_map(|(at, node)| {
            let Work::Loop(l) = &node.work else { return None };
            let roles = contraction(l)?;
            described(node.name.clone(), at, l, &roles).ok()
        });
        found.collect()
    }
}

fn described(name: String, node: usize, l: &Loop, roles: &Roles) -> Result<Contraction, TooLarge> {
    let sizes = |role: Role| {
        let own = l.space.iter().zip(&roles.0).filter(|(_, r)| **r == role);
        own.map(|(s, _)| s.clone()).collect::<Vec<Size>>()
    };
    let two = Size::number(2);
    Ok(Contraction {
        name,
        node,
        m: sizes(Role::M),
        n: sizes(Role::N),
        k: sizes(Role::K),
        batch: sizes(Role::Batch),
        flops: l.useful.times(&two)?,
        flops_with_halo: Size::product(&l.space)?.times(&two)?,
    })
}

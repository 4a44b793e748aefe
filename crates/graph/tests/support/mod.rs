//! Numeric checks of differentiation, shared by the tests of records, random graphs and foreign ops.
#![allow(dead_code)] // each test uses its part

pub(crate) mod case;
pub(crate) mod draw;
pub(crate) mod figures;
pub(crate) mod lowered;
pub(crate) mod margin;
pub(crate) mod problem;
pub(crate) mod specs;

//! What the tests of this crate share.
#![allow(dead_code)] // each test uses its part

pub(crate) mod machine;
pub(crate) mod noise;
pub(crate) mod oracle;
pub(crate) mod runner;

//! The rows of a training, as the interface says (until the readers are there).
#![allow(missing_docs)]

use chainrule_graph::SymbolId;
use std::path::PathBuf;

#[derive(Clone, Debug, Default)]
pub struct Dataset {
    pub tables: Vec<Table>,
    pub parts: Vec<Part>,
    pub sizes: Vec<(String, u64)>,
    pub sources: Vec<SourceFile>,
    pub labels: Vec<LabelNames>,
}
#[derive(Clone, Debug)]
pub struct Table {
    pub rows: usize,
    pub columns: Vec<Column>,
}
#[derive(Clone, Debug)]
pub enum Values {
    U8(Vec<u8>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}
#[derive(Clone, Debug)]
pub struct Column {
    pub symbol: SymbolId,
    pub name: String,
    pub width: usize,
    pub values: Values,
    pub scale: Vec<f64>,
    pub shift: Vec<f64>,
}
#[derive(Clone, Debug)]
pub struct Part {
    pub name: String,
    pub table: usize,
    pub rows: Vec<u32>,
}
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub name: String,
    pub path: PathBuf,
    pub sha256: String,
    pub bytes: u64,
}
#[derive(Clone, Debug)]
pub struct LabelNames {
    pub symbol: String,
    pub names: Vec<String>,
}

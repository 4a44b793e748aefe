//! The rows of a training, as the interface says (until the readers are there).
#![allow(missing_docs, dead_code)]

use chainrule_graph::SymbolId;
use std::path::PathBuf;

#[derive(Clone, PartialEq, Debug)]
pub struct Dataset {
    pub tables: Vec<Table>,
    pub parts: Vec<Part>,
    pub sizes: Vec<(String, u64)>,
    pub sources: Vec<SourceFile>,
    pub labels: Vec<LabelNames>,
    pub split_seed: Option<u64>,
}
#[derive(Clone, PartialEq, Debug)]
pub struct Table {
    pub rows: usize,
    pub columns: Vec<Column>,
}
#[derive(Clone, PartialEq, Debug)]
pub enum Values {
    U8(Vec<u8>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    pub symbol: SymbolId,
    pub name: String,
    pub width: usize,
    pub values: Values,
    pub scale: Vec<f64>,
    pub shift: Vec<f64>,
}
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    pub name: String,
    pub table: usize,
    pub rows: Vec<u32>,
}
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFile {
    pub name: String,
    pub path: PathBuf,
    pub sha256: String,
    pub bytes: u64,
}
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelNames {
    pub symbol: String,
    pub names: Vec<String>,
}
impl Dataset {
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }
}
impl Values {
    pub fn len(&self) -> usize {
        match self {
            Values::U8(values) => values.len(),
            Values::F32(values) => values.len(),
            Values::F64(values) => values.len(),
        }
    }
    pub fn get(&self, i: usize) -> f64 {
        match self {
            Values::U8(values) => f64::from(values[i]),
            Values::F32(values) => f64::from(values[i]),
            Values::F64(values) => values[i],
        }
    }
}

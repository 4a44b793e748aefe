//! Data (until the readers are there).
#![allow(missing_docs)]
use crate::train::Rows;
use crate::{Error, Module};
use std::path::PathBuf;

pub use crate::train::Dataset;

#[derive(Clone, Debug, Default)]
pub struct Search {
    pub roots: Vec<PathBuf>,
}
#[derive(Clone, Copy, Debug, Default)]
pub struct DataSettings {
    pub split_seed: Option<u64>,
}
impl Dataset {
    pub fn read(module: &Module, _: &Search, _: &DataSettings) -> Result<Dataset, Error> {
        let text = include_str!("../data/iris.csv");
        let mut x: Vec<f64> = Vec::new();
        let mut y: Vec<f64> = Vec::new();
        let names = ["setosa", "versicolor", "virginica"];
        for line in text.lines() {
            let cells: Vec<&str> = line.split(',').collect();
            x.extend(cells[..4].iter().map(|c| c.parse::<f64>().unwrap_or(0.0)));
            y.push(names.iter().position(|n| *n == cells[4]).unwrap_or(0) as f64);
        }
        let train: Vec<u32> = (0..150u32).filter(|i| i % 4 != 0).collect();
        let test: Vec<u32> = (0..150u32).filter(|i| i % 4 == 0).collect();
        Rows::new(module)
            .column("x", x)
            .column("y", y)
            .part("train", train)
            .part("test", test)
            .build()
    }
}

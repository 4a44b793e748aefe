//! Predictions into the caller's memory: the same network on new rows, again and again.

use chainrule_graph::SymbolId;
use chainrule_kernels::{Column as Bound, Run, Values as Raw};

use super::{PIECES, Predictor, element_dims, outputs, refused};
use crate::Error;

/// Columns that are bound without taking memory.
const COLUMNS: usize = 16;

/// What is worked out once.
#[derive(Debug)]
pub(super) struct Direct {
    symbols: Vec<SymbolId>,
    softmax: bool,
    /// Numbers of the output a row.
    width: usize,
    columns: Vec<Wanted>,
    /// The rows of a piece.
    rows: Vec<u32>,
    /// For columns that nothing reads.
    blank: Vec<u8>,
}

/// A column of the compiled programs.
#[derive(Debug)]
struct Wanted {
    /// The place among the network's inputs; none if it is no input.
    input: Option<usize>,
    /// Whether the output depends on it.
    needed: bool,
    width: usize,
}

/// Numbers from one on, so many.
fn part(values: Raw<'_>, from: usize, len: usize) -> Raw<'_> {
    match values {
        Raw::U8(all) => Raw::U8(&all[from..from + len]),
        Raw::F32(all) => Raw::F32(&all[from..from + len]),
        Raw::F64(all) => Raw::F64(&all[from..from + len]),
    }
}

/// The place of the first number that is not finite.
fn bad(values: Raw<'_>) -> Option<usize> {
    let fine = match values {
        Raw::U8(_) => true,
        Raw::F32(all) => all.iter().fold(true, |fine, v| fine & v.is_finite()),
        Raw::F64(all) => all.iter().fold(true, |fine, v| fine & v.is_finite()),
    };
    let place = || match values {
        Raw::U8(_) => None,
        Raw::F32(all) => all.iter().position(|v| !v.is_finite()),
        Raw::F64(all) => all.iter().position(|v| !v.is_finite()),
    };
    if fine { None } else { place() }
}

/// `e^z / sum e^z` in double precision, shifted by the greatest.
fn softmax(row: &mut [f32]) {
    let most = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let power = |z: &f32| (f64::from(*z) - most).exp();
    let sum: f64 = row.iter().map(power).sum();
    row.iter_mut().for_each(|z| *z = (power(z) / sum) as f32);
}

impl Predictor {
    /// Predicts the first output into memory of the caller, row after row: `output` has room for
    /// all rows, and says how many there are. The inputs are raw values, as for
    /// [`Predictor::predict`]. After the first call for as many rows nothing is allocated.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use chainrule::Model;
    /// use chainrule::data::{DataSettings, Dataset, Search};
    /// use chainrule::train::{Numbers, Predictor, TrainSettings, Trainer};
    ///
    /// let iris = Model::read("iris")?;
    /// let data = Dataset::read(&iris.modules()[0], &Search::default(), &DataSettings::default())?;
    /// let settings = TrainSettings::default();
    /// let trainer = Trainer::new(&iris, iris.trainings()[0], Arc::new(data), &settings)?;
    /// let mut flower = Predictor::new(trainer.network(), 1)?;
    /// let mut probabilities = [0.0; 3];
    /// flower.predict_into(&[("x", Numbers::F32(&[5.1, 3.5, 1.4, 0.2]))], &mut probabilities)?;
    /// assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Predictor::predict`]; or an input and `output` have different numbers of rows.
    pub fn predict_into(
        &mut self,
        inputs: &[(&str, Raw<'_>)],
        output: &mut [f32],
    ) -> Result<(), Error> {
        let mut direct = match self.direct.take() {
            Some(direct) => direct,
            None => self.prepare()?,
        };
        let done = self.direct(&mut direct, inputs, output);
        self.direct = Some(direct);
        done
    }

    fn prepare(&self) -> Result<Direct, Error> {
        let Some(name) = self.network.outputs.first() else { return Err(self.nothing()) };
        let asked = self.asked(name)?;
        let needed = outputs::data_of(&self.module, asked.symbol);
        let mut columns = Vec::new();
        for id in self.compiled.columns() {
            let name = &self.module.symbol(*id).name;
            columns.push(Wanted {
                input: self.network.inputs.iter().position(|input| input.name == *name),
                needed: needed.contains(id),
                width: element_dims(&self.module, *id)?.iter().product(),
            });
        }
        let most = columns.iter().map(|c| c.width).max().unwrap_or(0);
        Ok(Direct {
            symbols: vec![asked.symbol],
            softmax: asked.softmax,
            width: self.dims(asked.symbol)?.iter().product(),
            columns,
            rows: vec![0; PIECES[2]],
            blank: vec![0; most * PIECES[2]],
        })
    }

    fn direct(
        &mut self,
        direct: &mut Direct,
        inputs: &[(&str, Raw<'_>)],
        output: &mut [f32],
    ) -> Result<(), Error> {
        let width = direct.width.max(1);
        if !output.len().is_multiple_of(width) {
            let len = output.len();
            let text = format!("the output has {width} numbers a row; {len} are no whole rows");
            return Err(Error::failed(text));
        }
        let rows = output.len() / width;
        self.check_inputs(direct, inputs, rows)?;
        let mut at = 0;
        while at < rows {
            let left = rows - at;
            let piece = PIECES.iter().copied().find(|p| *p >= left).unwrap_or(PIECES[2]);
            let taken = left.min(piece);
            let place = self.program(&direct.symbols, piece)?;
            self.run_piece(direct, inputs, (place, piece), at..at + taken)?;
            let out = &mut output[at * width..(at + taken) * width];
            if let Some((_, slot)) = self.programs[place].slots.first() {
                self.engine.rows_into(*slot, piece, out);
            }
            at += taken;
        }
        if direct.softmax {
            output.chunks_mut(width).for_each(softmax);
        }
        Ok(())
    }

    fn check_inputs(
        &self,
        direct: &Direct,
        inputs: &[(&str, Raw<'_>)],
        rows: usize,
    ) -> Result<(), Error> {
        for (name, values) in inputs {
            let Some(input) = self.network.inputs.iter().find(|input| input.name == *name) else {
                return Err(Error::failed(format!("the network has no input `{name}`")));
            };
            let (width, len) = (input.width(), values.len());
            if len != rows * width {
                return Err(Error::failed(format!(
                    "`{name}` has {width} numbers a row; {rows} rows have not {len}"
                )));
            }
            if let Some(at) = bad(*values) {
                let (row, entry) = (at / width, at % width);
                return Err(Error::failed(format!(
                    "row {row}, entry {entry} of `{name}` is no finite number"
                )));
            }
        }
        for wanted in direct.columns.iter().filter(|wanted| wanted.needed) {
            let name = wanted.input.map(|at| self.network.inputs[at].name.as_str());
            if !inputs.iter().any(|(own, _)| Some(*own) == name) {
                let name = name.unwrap_or("?");
                return Err(Error::failed(format!("the input `{name}` is missing")));
            }
        }
        Ok(())
    }

    /// Runs a program on some rows; the last one fills it up.
    fn run_piece(
        &mut self,
        direct: &mut Direct,
        inputs: &[(&str, Raw<'_>)],
        (place, piece): (usize, usize),
        rows: std::ops::Range<usize>,
    ) -> Result<(), Error> {
        let Direct { columns, rows: places, blank, .. } = direct;
        let last = rows.len() - 1;
        for (at, place) in places[..piece].iter_mut().enumerate() {
            *place = at.min(last) as u32;
        }
        let bound = |wanted: &Wanted| {
            let input = wanted.input.map(|at| &self.network.inputs[at]);
            let given = input.and_then(|own| inputs.iter().find(|(name, _)| *name == own.name));
            let values = match given {
                Some((_, values)) => {
                    part(*values, rows.start * wanted.width, rows.len() * wanted.width)
                }
                None => Raw::U8(&blank[..wanted.width * rows.len()]),
            };
            let (scale, shift) = match input.filter(|_| given.is_some()) {
                Some(input) => (input.scale.as_slice(), input.shift.as_slice()),
                None => (&[][..], &[][..]),
            };
            Bound { values, width: wanted.width, scale, shift }
        };
        let none = Bound { values: Raw::U8(&[]), width: 0, scale: &[], shift: &[] };
        let (mut few, mut many) = ([none; COLUMNS], Vec::new());
        let all = if columns.len() <= COLUMNS {
            few.iter_mut().zip(columns.iter()).for_each(|(to, wanted)| *to = bound(wanted));
            &few[..columns.len()]
        } else {
            many.extend(columns.iter().map(bound));
            &many[..]
        };
        let run = Run { columns: all, rows: &places[..piece], seed: 0, step: 0 };
        let loaded = self.programs[place].loaded;
        self.engine.run(loaded, &run).map_err(|r| refused(r.0))
    }
}

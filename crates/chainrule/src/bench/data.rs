//! A workload with its equations read and its rows in place.

use std::sync::Arc;

use chainrule_graph::module::Role;
use chainrule_graph::random::{Random, stream_of};
use chainrule_graph::size::Ratio;
use chainrule_graph::{Kind, Module};

use super::{Feed, Options, Workload};
use crate::data::{DataSettings, Dataset, Values};
use crate::train::{Batch, Precision, Rows, TrainSettings, TrainingRef};
use crate::{Error, Model};

/// A workload that can be trained.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The equations.
    pub model: Model,
    /// Its training.
    pub training: TrainingRef,
    /// The rows; the training part is a whole number of batches.
    pub data: Arc<Dataset>,
    /// The settings of its training.
    pub settings: TrainSettings,
    /// Rows a step.
    pub batch: u64,
    /// Steps an epoch.
    pub epoch_steps: u64,
    /// What the rows are: `f64`, `f32`, `bytes`, `files`.
    pub kind: &'static str,
    /// Why the rows are made up, where the file has its own.
    pub missing: Option<String>,
}

impl Prepared {
    /// Reads the equations and makes, or finds, the rows.
    ///
    /// Rows that do not fill a batch are dropped, so that all steps do the same work.
    ///
    /// # Errors
    ///
    /// A setting is unknown, or the data cannot be read.
    pub fn new(workload: &Workload, options: &Options) -> Result<Prepared, Error> {
        let mut model = Model::parse(workload.name.as_ref(), workload.text.as_ref())?;
        if !options.set.is_empty() {
            model = model.with(options.set.iter().map(|(n, v)| (n.as_str(), v.as_str())))?;
        }
        let training = TrainingRef { model: 0, training: workload.training };
        let model = model.for_training(training.model, training.training)?.model;
        let module = &model.modules()[0];
        let (mut data, kind, missing) = rows(workload, module, options)?;
        let own = module.trainings[workload.training].options.iter();
        let own = own.filter(|(word, _)| word == "batch").find_map(|(_, value)| *value);
        let part = &mut data.parts[0].rows;
        let batch = options.batch.or(own.map(|n| n as u64)).unwrap_or(part.len() as u64);
        let batch = batch.clamp(1, part.len().max(1) as u64);
        part.truncate(part.len() - part.len() % batch as usize);
        let epoch_steps = part.len() as u64 / batch;
        let settings = TrainSettings {
            seed: Some(options.seed),
            batch: Some(Batch::Rows(batch)),
            precision: workload.precision,
            threads: options.threads,
            ..TrainSettings::default()
        };
        Ok(Prepared {
            data: Arc::new(data),
            model,
            training,
            settings,
            batch,
            epoch_steps,
            kind,
            missing,
        })
    }
}

/// The rows, what they are, and why they are not the file's own.
fn rows(
    workload: &Workload,
    module: &Module,
    options: &Options,
) -> Result<(Dataset, &'static str, Option<String>), Error> {
    let search = options.search.clone().unwrap_or_default();
    let read = || Dataset::read(module, &search, &DataSettings::default());
    let make = || {
        let count = options.rows.unwrap_or(workload.rows).max(1);
        let kind = if options.bytes { "bytes" } else { "f32" };
        let made = made_up(module, workload.feed, count, options.bytes, options.seed);
        made.map(|data| (data, kind))
    };
    match workload.feed {
        Feed::Image if options.search.is_some() => Ok((read()?, "files", None)),
        Feed::Image | Feed::Normal => make().map(|(data, kind)| (data, kind, None)),
        Feed::Own => {
            let (data, kind) = own(read()?, workload.precision, options);
            Ok((data, kind, None))
        }
        Feed::File => match read() {
            Ok(data) => Ok((data, "files", None)),
            Err(why) => make().map(|(data, kind)| (data, kind, Some(why.to_string()))),
        },
    }
}

/// As the other systems have them: in the number type of the training.
fn own(mut data: Dataset, precision: Precision, options: &Options) -> (Dataset, &'static str) {
    if let Some(count) = options.rows {
        data.parts[0].rows.truncate(count.max(1));
    }
    if precision == Precision::F64 {
        return (data, "f64");
    }
    for column in data.tables.iter_mut().flat_map(|table| &mut table.columns) {
        if let Values::F64(values) = &column.values {
            column.values = Values::F32(values.iter().map(|v| *v as f32).collect());
        }
    }
    (data, "f32")
}

/// Random rows for every name of the `data` block.
pub(super) fn made_up(
    module: &Module,
    feed: Feed,
    count: usize,
    bytes: bool,
    seed: u64,
) -> Result<Dataset, Error> {
    let mut rows = Rows::new(module);
    for symbol in module.symbols.iter().filter(|symbol| symbol.role == Role::Data) {
        let random = Random::new(seed, stream_of(&symbol.name));
        let whole = |size: &chainrule_graph::Size| {
            let number = size.value(&module.sizes).and_then(Ratio::whole);
            number
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| Error::setting(format!("a size of `{}` has no number", symbol.name)))
        };
        let mut width = 1;
        for at in symbol.ty.element_dims(&module.sizes) {
            width *= whole(&symbol.ty.dims[at])?;
        }
        let values = match &symbol.ty.kind {
            Kind::Label(size) => {
                let classes = whole(size)? as f64;
                let one = |i: usize| random.uniform(i as u64) * classes;
                match classes <= 256.0 {
                    true => Values::U8((0..width * count).map(|i| one(i) as u8).collect()),
                    false => Values::F64((0..width * count).map(|i| one(i).floor()).collect()),
                }
            }
            _ if bytes => {
                // The variance of 1 or the range of 1, as below.
                let (scale, shift) = match feed {
                    Feed::Image => (1.0 / 255.0, 0.0),
                    _ => (12_f64.sqrt() / 255.0, -3_f64.sqrt()),
                };
                rows = rows.scaled(&symbol.name, &[scale], &[shift]);
                Values::U8(bits(seed, width * count).map(|b| (b >> 24) as u8).collect())
            }
            _ => {
                let (scale, shift) = match feed {
                    Feed::Image => (1.0, 0.0),
                    _ => (12_f32.sqrt(), -3_f32.sqrt()),
                };
                let unit = |b: u32| (b >> 8) as f32 / (1 << 24) as f32;
                let entry = |b| scale * unit(b) + shift;
                Values::F32(bits(seed, width * count).map(entry).collect())
            }
        };
        rows = rows.column(&symbol.name, values);
    }
    rows.build()
}

/// Random bits by SplitMix64 (Steele, Lea and Flood 2014): hundreds of millions in a second.
fn bits(seed: u64, count: usize) -> impl Iterator<Item = u32> {
    let word = move |at: u64| {
        let mut z = (seed << 40).wrapping_add(at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (0..count as u64).map(move |at| (word(at) >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::workload;

    #[test]
    fn rows_have_the_spread_that_is_said() {
        for (name, bytes, mean, variance) in [
            ("W3", false, 0.0, 1.0),
            ("W3", true, 0.0, 1.0),
            ("W4", false, 0.5, 1.0 / 12.0),
            ("W4", true, 0.5, 1.0 / 12.0),
        ] {
            let options = Options { rows: Some(300), bytes, ..Options::default() };
            let made = Prepared::new(workload(name).expect(name), &options).expect("rows");
            let column = made.data.tables[0].column("x").expect("x");
            let values: Vec<f64> = (0..300 * column.width)
                .map(|i| column.value(i / column.width, i % column.width))
                .collect();
            let count = values.len() as f64;
            let own = values.iter().sum::<f64>() / count;
            let spread = values.iter().map(|v| (v - own) * (v - own)).sum::<f64>() / count;
            assert!((own - mean).abs() < 0.01, "{name}: {own}");
            assert!((spread / variance - 1.0).abs() < 0.01, "{name}: {spread}");
        }
    }

    #[test]
    fn every_step_takes_a_whole_batch() {
        let options = Options { rows: Some(1000), ..Options::default() };
        let made = Prepared::new(workload("W5").expect("W5"), &options).expect("rows");
        assert_eq!((made.batch, made.epoch_steps), (128, 7));
        assert_eq!(made.data.parts[0].rows.len(), 7 * 128);
        let options = Options { batch: Some(1024), ..options };
        let made = Prepared::new(workload("W5").expect("W5"), &options).expect("rows");
        assert_eq!((made.batch, made.epoch_steps), (1000, 1));
    }
}

//! What a data set is like, and what is wrong with it: `data show`, `data check`, `data list`.

use std::path::{Path, PathBuf};

use chainrule_graph::{Module, SymbolId};

use super::images::Images;
use super::open::Reader;
use super::scaling::statistics;
use super::{
    Column, DataSettings, Dataset, KNOWN, KnownSet, LabelNames, Part, Search, SourceFile, Table,
    Values, find, read,
};
use crate::{Error, Model};

/// Columns with at most so many entries are described entry by entry.
const FEW: usize = 16;

/// Numbers of a data set, as `data show` prints them.
#[derive(Clone, PartialEq, Debug)]
pub struct Summary {
    /// Each part with its number of rows.
    pub parts: Vec<(String, usize)>,
    /// The names.
    pub columns: Vec<ColumnSummary>,
    /// The labels of each name that has them: the label with its rows in each part.
    pub labels: Vec<(String, Vec<LabelCount>)>,
    /// What was read.
    pub sources: Vec<SourceFile>,
    /// Sizes that the data fixed.
    pub sizes: Vec<(String, u64)>,
    /// The seed of the split.
    pub split_seed: Option<u64>,
}

/// A label and its rows in each part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelCount {
    /// What it is called.
    pub name: String,
    /// Its rows, in the order of the parts.
    pub rows: Vec<usize>,
}

/// Numbers of one name over the training part, as they lie in the file.
#[derive(Clone, PartialEq, Debug)]
pub struct ColumnSummary {
    /// The name.
    pub name: String,
    /// Its type, or `number` or `text` for a file without declarations.
    pub ty: String,
    /// How it is stored: `bytes`, `f32`, `f64` or `label`.
    pub stored: &'static str,
    /// Entries of a row.
    pub width: usize,
    /// Least, mean and greatest value: of each entry if there are few, else of all; none for
    /// labels.
    pub values: Vec<[f64; 3]>,
}

/// Something that `data check` found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Which kind: `not-finite`, `label-range`, `label-missing`, `label-numbered`,
    /// `constant`, `duplicate`, `overlap`.
    pub code: &'static str,
    /// What, in a sentence.
    pub message: String,
    /// How often.
    pub count: usize,
    /// Whether it is only worth knowing, such as a pixel at the edge that is always black.
    pub note: bool,
}

/// A data set that has a name, and where it was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundSet {
    /// Which.
    pub set: KnownSet,
    /// The folder above it; `None` if it is not there or built in.
    pub place: Option<PathBuf>,
    /// The files that were found below it.
    pub files: Vec<&'static str>,
}

impl FoundSet {
    /// Whether the program carries it.
    pub fn is_built_in(&self) -> bool {
        self.set.from.is_empty()
    }
}

/// The known sets, and where under the roots they are.
pub fn list(search: &Search) -> Vec<FoundSet> {
    let whole = |root: &Path, form: &[&str]| form.iter().all(|file| root.join(file).exists());
    let find = |set: &KnownSet| {
        let places = search.roots.iter().flat_map(|root| set.forms.iter().map(move |f| (root, f)));
        let found = places.into_iter().find(|(root, form)| whole(root, form));
        let (place, files) = match found {
            Some((root, form)) => (Some(root.clone()), form.to_vec()),
            None => (None, Vec::new()),
        };
        FoundSet { set: *set, place, files }
    };
    KNOWN.iter().map(find).collect()
}

impl Dataset {
    /// As [`Dataset::read`], but what can be counted is no error: numbers that are not finite stay,
    /// labels beyond their classes get numbers of their own. With the data comes what was found
    /// so.
    ///
    /// # Errors
    ///
    /// As [`Dataset::read`] otherwise.
    pub fn read_leniently(
        module: &Module,
        search: &Search,
        set: &DataSettings,
    ) -> Result<(Dataset, Vec<Finding>), Error> {
        let mut found = Vec::new();
        let data = read::dataset(module, search, set, Some(&mut found))?;
        let finding = |message| Finding { code: "label-range", message, count: 1, note: false };
        Ok((data, found.into_iter().map(finding).collect()))
    }

    /// A file, a folder or a pattern without declarations: every column of a table is one name.
    ///
    /// # Errors
    ///
    /// There is nothing of that name, or it cannot be read.
    pub fn open(name: &str, search: &Search) -> Result<Dataset, Error> {
        if name.contains('*') || name.contains("{label}") || is_folder(name, search) {
            return open_images(name, search);
        }
        let mut reader = Reader::new(search, true);
        let opened = reader.open(&format_of(name, search)?, name)?;
        let (columns, labels) = reader.opened[opened].everything()?;
        from_columns(columns, labels, reader.sources()?)
    }

    /// Its numbers. `module` tells the types of the names.
    pub fn summary(&self, module: Option<&Module>) -> Summary {
        let train = self.part("train");
        let one = |(at, column): (usize, &Column)| self.column_summary(at, column, train, module);
        Summary {
            parts: self.parts.iter().map(|part| (part.name.clone(), part.rows.len())).collect(),
            columns: self.tables[0].columns.iter().enumerate().map(one).collect(),
            labels: self.labels.iter().map(|names| self.label_counts(names)).collect(),
            sources: self.sources.clone(),
            sizes: self.sizes.clone(),
            split_seed: self.split_seed,
        }
    }

    fn column_summary(
        &self,
        at: usize,
        column: &Column,
        train: Option<&Part>,
        module: Option<&Module>,
    ) -> ColumnSummary {
        let label = self.label_names(&column.name).is_some();
        let stored = match &column.values {
            _ if label => "label",
            Values::U8(_) => "bytes",
            Values::F32(_) => "f32",
            Values::F64(_) => "f64",
        };
        let ty = match module {
            Some(module) => module.type_text(&module.symbol(column.symbol).ty),
            None if label => "text".into(),
            None => "number".into(),
        };
        let rows = train.map_or(&[][..], |part| &part.rows);
        let mut values = Vec::new();
        if !label && !rows.is_empty() {
            let all = statistics(&self.tables[0].columns[at].values, column.width, rows);
            values = all.iter().map(|s| [s.min, s.mean, s.max]).collect();
            if column.width > FEW {
                let least = all.iter().fold(f64::INFINITY, |m, s| m.min(s.min));
                let mean = all.iter().map(|s| s.mean).sum::<f64>() / all.len() as f64;
                let most = all.iter().fold(f64::NEG_INFINITY, |m, s| m.max(s.max));
                values = vec![[least, mean, most]];
            }
        }
        ColumnSummary { name: column.name.clone(), ty, stored, width: column.width, values }
    }

    fn label_counts(&self, names: &LabelNames) -> (String, Vec<LabelCount>) {
        let empty = |name: &String| LabelCount { name: name.clone(), rows: Vec::new() };
        let mut counts: Vec<LabelCount> = names.names.iter().map(empty).collect();
        for part in &self.parts {
            counts.iter_mut().for_each(|count| count.rows.push(0));
            let Some(column) = self.tables[part.table].column(&names.symbol) else { continue };
            for row in &part.rows {
                let class = column.values.get(*row as usize) as usize;
                if let Some(last) = counts.get_mut(class).and_then(|c| c.rows.last_mut()) {
                    *last += 1;
                }
            }
        }
        (names.symbol.clone(), counts)
    }
}

/// The numbered labels of a column or its numbers.
pub(super) type Described = (String, usize, usize, Values);

/// A data set of which all rows are one part.
fn from_columns(
    columns: Vec<Described>,
    labels: Vec<LabelNames>,
    sources: Vec<SourceFile>,
) -> Result<Dataset, Error> {
    let rows = columns.first().map_or(0, |(_, rows, _, _)| *rows);
    let column = |(at, (name, _, width, values)): (usize, Described)| Column {
        symbol: SymbolId::new(at),
        name,
        width,
        values,
        scale: Vec::new(),
        shift: Vec::new(),
    };
    if rows == 0 {
        return Err(Error::failed("there are no rows".into()));
    }
    let columns = columns.into_iter().enumerate().map(column).collect();
    Ok(Dataset {
        tables: vec![Table { rows, columns }],
        parts: vec![Part { name: "train".into(), table: 0, rows: (0..rows as u32).collect() }],
        sizes: Vec::new(),
        sources,
        labels,
        split_seed: None,
    })
}

fn is_folder(name: &str, search: &Search) -> bool {
    let found = find::locate(search, name).ok().flatten();
    found.is_some_and(|(path, meta)| meta.is_dir() && !path.join("data_batch_1.bin").exists())
}

/// Images as an equation file would read them.
fn open_images(name: &str, search: &Search) -> Result<Dataset, Error> {
    if name.contains(['"', '\n']) {
        return Err(Error::not_found(format!("there is no image of the pattern `{name}`")));
    }
    let labelled = Images::find(search, name)?.labels().is_ok();
    let mut text = format!(
        "size C, H, W{}\nbatch N\ndata\n  image : R[C, H, W] per N = images \"{name}\"\n",
        if labelled { ", K" } else { "" }
    );
    if labelled {
        text.push_str(&format!("  label_ : label[K] per N = images \"{name}\" label\n"));
    }
    let model = Model::parse(name, text.replace("label_", "kind"))?;
    Dataset::read(&model.modules()[0], search, &DataSettings::default())
}

/// The format of a file by its name, or by how it begins.
pub(super) fn format_of(name: &str, search: &Search) -> Result<String, Error> {
    let Some((path, meta)) = find::locate(search, name)? else {
        return Ok("csv".into());
    };
    if meta.is_dir() {
        return Ok("cifar10".into());
    }
    let lower = name.to_ascii_lowercase();
    let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
    let by_name = match plain.rsplit('.').next().unwrap_or_default() {
        "csv" | "tsv" => "csv",
        "txt" | "dat" | "data" => "text",
        "npy" => "npy",
        "npz" => "npz",
        "bin" => "cifar10",
        _ => "",
    };
    if !by_name.is_empty() {
        return Ok(by_name.into());
    }
    let bytes = find::bytes_of(&path)?;
    let head = super::gzip::head(&bytes, 8).map_err(|e| Error::data(&path, &e))?;
    Ok(match head.as_slice() {
        [0, 0, ..] => "idx",
        [0x93, ..] => "npy",
        [b'P', b'K', ..] => "npz",
        _ => "csv",
    }
    .into())
}

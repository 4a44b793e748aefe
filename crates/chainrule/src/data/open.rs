//! Sources that are open: each is read once, whatever takes values from it.

use chainrule_graph::Sizes;

use super::cells::{Cells, Separator};
use super::cifar::{self, Cifar};
use super::idx::Idx;
use super::images::{Images, Pixels};
use super::inspect::Described;
use super::labels::RawLabels;
use super::npy::Arrays;
use super::plan::{Columns, Wanted};
use super::{LabelNames, Search, SourceFile, Values, bind, embedded, find, gzip};
use crate::Error;
use crate::bytes::sha256;

/// Most bytes of a packed table once it is unpacked.
const UNPACKED: u64 = 1 << 28;

/// Rows of numbers.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Block {
    pub(super) rows: usize,
    /// The lengths of a row's axes.
    pub(super) shape: Vec<usize>,
    pub(super) values: Values,
}

/// A source that was read.
#[derive(Debug)]
pub(super) struct Opened {
    format: String,
    /// As written.
    path: String,
    /// As found, for messages.
    place: String,
    content: Content,
    /// Its place among the sources; images are added when they are decoded.
    source: Option<SourceFile>,
}

#[derive(Debug)]
enum Content {
    Cells(Cells),
    Idx(Idx),
    Cifar(Cifar),
    Images(Images, Option<Decoded>),
    Arrays(Arrays),
}

/// Images with the number of channels that they were decoded for.
#[derive(Debug)]
struct Decoded {
    channels: usize,
    pixels: Pixels,
}

/// Reads sources and remembers them.
#[derive(Debug)]
pub(super) struct Reader<'s> {
    pub(super) search: &'s Search,
    /// Whether numbers that are not finite are kept, to be counted.
    pub(super) lenient: bool,
    pub(super) opened: Vec<Opened>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(search: &'s Search, lenient: bool) -> Reader<'s> {
        Reader { search, lenient, opened: Vec::new() }
    }

    /// The source `path` of a format, opened if it is not yet: its number.
    pub(super) fn open(&mut self, format: &str, path: &str) -> Result<usize, Error> {
        let known = |o: &Opened| o.format == format && o.path == path;
        if let Some(at) = self.opened.iter().position(known) {
            return Ok(at);
        }
        let opened = match format {
            "csv" | "text" | "idx" | "npy" | "npz" => {
                if path.is_empty() {
                    return Err(needs_file(format));
                }
                let loaded = self.load(path)?;
                content(format, path, loaded)?
            }
            "iris" | "digits" => {
                let name = format!("{format}.csv");
                let found = if path.is_empty() { built_in(&name) } else { None };
                let loaded = match found {
                    Some(loaded) => loaded,
                    None => self.load(path)?,
                };
                content("csv", path, loaded)?
            }
            "cifar10" => self.cifar(path)?,
            "images" => {
                if path.is_empty() {
                    return Err(needs_file(format));
                }
                let images = Images::find(self.search, path)?;
                let place = images.folder().display().to_string();
                let content = Content::Images(images, None);
                Opened { format: String::new(), path: path.into(), place, content, source: None }
            }
            _ => {
                return Err(Error::not_yet(format!(
                    "the format `{format}` of \"{path}\" is not read yet; `csv`, `text`, `idx`, \
                     `images`, `cifar10`, `npy` and `npz` are"
                )));
            }
        };
        self.opened.push(Opened { format: format.into(), path: path.into(), ..opened });
        Ok(self.opened.len() - 1)
    }

    /// A table of text that is in memory already.
    pub(super) fn given(&mut self, format: &str, name: &str, bytes: &[u8]) -> Result<(), Error> {
        if self.opened.iter().any(|o| o.format == format && o.path == name) {
            return Ok(());
        }
        let source = SourceFile {
            name: name.into(),
            path: name.into(),
            sha256: sha256(bytes),
            bytes: bytes.len() as u64,
        };
        let loaded = find::Loaded { source, bytes: bytes.to_vec() };
        self.opened.push(content(format, name, loaded)?);
        Ok(())
    }

    /// A file, or what the program carries under that name.
    fn load(&self, path: &str) -> Result<find::Loaded, Error> {
        match find::locate(self.search, path)? {
            Some((place, _)) => find::load(&place, path),
            None => built_in(path).ok_or_else(|| find::missing(self.search, path, "file")),
        }
    }

    /// A binary batch, or the folder of all five; `path` may end in `#test` for its test batch.
    fn cifar(&self, path: &str) -> Result<Opened, Error> {
        let (written, part) = match path.strip_suffix("#test") {
            Some(folder) => (folder, &[cifar::TEST][..]),
            None => (path, &cifar::TRAIN[..]),
        };
        let written = if written.is_empty() { "cifar10" } else { written };
        let Some((place, meta)) = find::locate(self.search, written)? else {
            return Err(find::missing(self.search, written, "file or folder"));
        };
        let mut all = Cifar::default();
        let mut listing = find::Listing::default();
        let mut source = None;
        if meta.is_dir() {
            for name in part {
                let inner = place.join(name);
                if !inner.exists() {
                    let whole = format!("{}/{name}", written.trim_end_matches('/'));
                    return Err(find::missing(self.search, &whole, "file"));
                }
                let loaded = find::load(&inner, name)?;
                all.read(&loaded.bytes).map_err(|e| Error::data(&inner, &e))?;
                listing.add(name, &loaded.source.sha256, loaded.source.bytes);
            }
        } else {
            let loaded = find::load(&place, written)?;
            let content = gzip::unpack(&loaded.bytes, u64::from(u32::MAX));
            let read = content.and_then(|bytes| all.read(&bytes));
            read.map_err(|e| Error::data(&place, &e))?;
            source = Some(loaded.source);
        }
        let source = source.unwrap_or_else(|| {
            let (sha256, bytes) = listing.finish();
            SourceFile { name: written.into(), path: place.clone(), sha256, bytes }
        });
        Ok(Opened {
            format: String::new(),
            path: String::new(),
            place: place.display().to_string(),
            content: Content::Cifar(all),
            source: Some(source),
        })
    }

    /// What was read, in order; images that nobody decoded are read for their digest.
    pub(super) fn sources(self) -> Result<Vec<SourceFile>, Error> {
        let source = |opened: Opened| match (opened.source, opened.content) {
            (Some(source), _) => Ok(source),
            (None, Content::Images(images, _)) => images.source(&opened.path, None),
            (None, _) => Err(Error::failed(format!("`{}` was not read", opened.path))),
        };
        self.opened.into_iter().map(source).collect()
    }
}

/// The content of a file in memory.
fn content(format: &str, path: &str, loaded: find::Loaded) -> Result<Opened, Error> {
    let content = parse(format, &loaded.bytes).map_err(|e| Error::data(&loaded.source.path, &e))?;
    Ok(Opened {
        format: format.into(),
        path: path.into(),
        place: loaded.source.path.display().to_string(),
        content,
        source: Some(loaded.source),
    })
}

fn parse(format: &str, bytes: &[u8]) -> Result<Content, String> {
    Ok(match format {
        "idx" => Content::Idx(Idx::read(bytes)?),
        "npy" | "npz" => Content::Arrays(Arrays::read(bytes)?),
        _ => {
            let separator = if format == "text" { Separator::Blanks } else { Separator::Found };
            Content::Cells(Cells::read(&gzip::unpack(bytes, UNPACKED)?, separator)?)
        }
    })
}

fn built_in(name: &str) -> Option<find::Loaded> {
    let bytes = embedded::file(name)?.to_vec();
    let source = SourceFile {
        name: name.into(),
        path: std::path::Path::new("built-in").join(name),
        sha256: sha256(&bytes),
        bytes: bytes.len() as u64,
    };
    Some(find::Loaded { source, bytes })
}

fn needs_file(format: &str) -> Error {
    Error::failed(format!(
        "the format `{format}` needs a file in quotes: `{format} \"f.{format}\"`"
    ))
}

impl Opened {
    /// The error `message` about this source.
    pub(super) fn error(&self, message: &str) -> Error {
        Error::data(std::path::Path::new(&self.place), message)
    }

    /// Whether both are one file, however its path is written. Images and batches are many files
    /// of a folder.
    pub(super) fn is_same_file(&self, other: &Opened) -> bool {
        let file = |opened: &Opened| match opened.content {
            Content::Cells(_) | Content::Idx(_) | Content::Arrays(_) => {
                std::fs::canonicalize(&opened.place).ok()
            }
            Content::Cifar(_) | Content::Images(..) => None,
        };
        file(self).is_some_and(|own| file(other) == Some(own))
    }

    /// The table of text that this is.
    pub(super) fn cells(&self) -> Option<&Cells> {
        match &self.content {
            Content::Cells(cells) => Some(cells),
            _ => None,
        }
    }

    /// The numbers that `wanted` takes; with `last` nothing else will take them.
    pub(super) fn numbers(
        &mut self,
        wanted: &Wanted,
        columns: Columns,
        sizes: &Sizes,
        (last, lenient): (bool, bool),
    ) -> Result<Block, Error> {
        let place = self.place.clone();
        let fail = |message: String| Error::data(std::path::Path::new(&place), &message);
        let (rows, shape, values) = match &mut self.content {
            Content::Cells(cells) => {
                let range = range(columns, cells.width()).map_err(fail)?;
                let width = range.len();
                (
                    cells.rows(),
                    vec![width],
                    Values::F64(cells.numbers(range, lenient).map_err(fail)?),
                )
            }
            Content::Idx(idx) => (idx.rows, idx.shape.clone(), take(&mut idx.values, last)),
            Content::Cifar(cifar) => {
                let pixels =
                    if last { std::mem::take(&mut cifar.pixels) } else { cifar.pixels.clone() };
                (cifar.labels.len(), cifar::SHAPE.to_vec(), Values::U8(pixels))
            }
            Content::Images(images, decoded) => {
                let channels = channels(wanted, sizes, images);
                let bytes = decode(images, decoded, channels, last)?;
                if self.source.is_none()
                    && let Some(done) = decoded
                {
                    self.source = Some(images.source(&self.path, Some(&done.pixels))?);
                }
                let (width, height) = (images.form.width, images.form.height);
                let shape =
                    if channels == 1 { vec![height, width] } else { vec![channels, height, width] };
                (images.len(), shape, Values::U8(bytes))
            }
            Content::Arrays(arrays) => {
                let array = arrays.of(&wanted.name).map_err(fail)?.clone();
                (array.rows, array.shape, array.values)
            }
        };
        let block = Block { rows, shape, values };
        if !lenient {
            block.finite().map_err(|e| self.error(&e))?;
        }
        Ok(block)
    }

    /// Every column of a table, or all values of another file, as names of their own; a column is
    /// of numbers if half of its cells are.
    pub(super) fn everything(&mut self) -> Result<(Vec<Described>, Vec<LabelNames>), Error> {
        let mut labels = Vec::new();
        let place = std::path::PathBuf::from(&self.place);
        let fail = |message: String| Error::data(&place, &message);
        let mut number = |name: &str, raw: &RawLabels| {
            let classes = raw.classes(None).map_err(fail)?;
            let numbers = raw.numbers(&classes).map_err(|(_, label)| fail(label))?;
            labels.push(LabelNames { symbol: name.to_string(), names: classes.names });
            let values = Values::F64(numbers.into_iter().map(f64::from).collect());
            Ok::<Described, Error>((name.to_string(), raw.len(), 1, values))
        };
        let columns = match &mut self.content {
            Content::Cells(cells) => {
                let mut columns = Vec::new();
                for at in 0..cells.width() {
                    let name = cells.name(at);
                    columns.push(match cells.mostly_numbers(at) {
                        Some(values) => (name, cells.rows(), 1, Values::F64(values)),
                        None => number(&name, &cells.labels(at).map_err(fail)?)?,
                    });
                }
                columns
            }
            Content::Idx(idx) => {
                let width = idx.shape.iter().product();
                vec![("values".to_string(), idx.rows, width, take(&mut idx.values, true))]
            }
            Content::Cifar(cifar) => {
                let pixels = Values::U8(std::mem::take(&mut cifar.pixels));
                let rows = cifar.labels.len();
                vec![("image".to_string(), rows, 3072, pixels), number("kind", &cifar.labels)?]
            }
            Content::Arrays(arrays) => arrays
                .all()
                .map(|(name, a)| {
                    let name = if name.is_empty() { "values" } else { name };
                    (name.to_string(), a.rows, a.shape.iter().product(), a.values.clone())
                })
                .collect(),
            Content::Images(..) => Vec::new(),
        };
        let rows = columns.first().map_or(0, |(_, rows, _, _)| *rows);
        if let Some((name, other, _, _)) = columns.iter().find(|(_, other, _, _)| *other != rows) {
            return Err(fail(format!("`{name}` has {other} rows, `{}` has {rows}", columns[0].0)));
        }
        Ok((columns, labels))
    }

    /// The labels that a name takes.
    pub(super) fn labels(&self, wanted: &Wanted, columns: Columns) -> Result<RawLabels, Error> {
        let labels = match &self.content {
            Content::Cells(cells) => range(columns, cells.width()).and_then(|range| {
                if range.len() == 1 {
                    cells.labels(range.start)
                } else {
                    Err(format!("`{}` is a label and takes one column", wanted.name))
                }
            }),
            Content::Idx(idx) => idx.labels(),
            Content::Cifar(cifar) => Ok(cifar.labels.clone()),
            Content::Images(images, _) => images.labels(),
            Content::Arrays(arrays) => arrays.labels(&wanted.name),
        };
        labels.map_err(|e| self.error(&e))
    }
}

impl Block {
    /// An error for the first number that is not finite.
    fn finite(&self) -> Result<(), String> {
        let bad = match &self.values {
            Values::U8(_) => None,
            Values::F32(values) => values.iter().position(|v| !v.is_finite()),
            Values::F64(values) => values.iter().position(|v| !v.is_finite()),
        };
        let Some(at) = bad else { return Ok(()) };
        let width = (self.values.len() / self.rows.max(1)).max(1);
        let (row, entry) = (at / width + 1, at % width + 1);
        Err(format!("row {row}, column {entry}: {} is not finite", self.values.get(at)))
    }

    /// The rows of `other` behind these.
    pub(super) fn append(&mut self, other: Block) -> Result<(), String> {
        if self.shape != other.shape {
            return Err("the rows of the files have different shapes".into());
        }
        match (&mut self.values, other.values) {
            (Values::U8(a), Values::U8(b)) => a.extend(b),
            (Values::F32(a), Values::F32(b)) => a.extend(b),
            (Values::F64(a), Values::F64(b)) => a.extend(b),
            _ => return Err("the files hold different types of numbers".into()),
        }
        self.rows += other.rows;
        Ok(())
    }
}

/// The pixels of images: decoded once for each number of channels.
fn decode(
    images: &Images,
    decoded: &mut Option<Decoded>,
    channels: usize,
    last: bool,
) -> Result<Vec<u8>, Error> {
    let done = match decoded.take().filter(|done| done.channels == channels) {
        Some(done) => done,
        None => Decoded { channels, pixels: images.decode(channels)? },
    };
    let done = decoded.insert(done);
    let bytes = &mut done.pixels.bytes;
    Ok(if last { std::mem::take(bytes) } else { bytes.clone() })
}

fn take(values: &mut Values, last: bool) -> Values {
    if last { std::mem::replace(values, Values::U8(Vec::new())) } else { values.clone() }
}

/// The columns that there are.
fn range(columns: Columns, width: usize) -> Result<std::ops::Range<usize>, String> {
    match columns {
        Columns::Range(first, last) if last < width => Ok(first..last + 1),
        Columns::Range(_, last) => {
            Err(format!("column {} is asked for, the file has {width}", last.saturating_add(1)))
        }
        Columns::Any => Ok(0..width),
    }
}

/// 1 for grey, 3 for colours: what the declared sizes ask for, or what the first image has.
fn channels(wanted: &Wanted, sizes: &Sizes, images: &Images) -> usize {
    let area = images.form.width * images.form.height;
    let asked = match wanted.dims.as_slice() {
        [first, _, _] => bind::number(first, sizes).map(|n| n as usize),
        [_, _] => Some(1),
        _ => bind::width(wanted, sizes).map(|n| if n == area { 1 } else { n / area.max(1) }),
    };
    asked.filter(|n| [1, 3].contains(n)).unwrap_or(images.form.channels)
}

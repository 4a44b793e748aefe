//! From a plan to a data set.

use chainrule_graph::{Kind, Module, Sizes};

use super::labels::{Classes, RawLabels};
use super::open::{Block, Opened, Reader};
use super::plan::{Columns, Extra, Origin, Plan, Take, Toy, Wanted};
use super::split::{PARTS, Split, split};
use super::{Column, DataSettings, Dataset, Part, Search, Table, Values, bind, toys};
use crate::Error;

/// Rows of one name before labels are numbered.
pub(super) enum Raw {
    Numbers(Block),
    Labels(RawLabels),
}

impl Raw {
    fn rows(&self) -> usize {
        match self {
            Raw::Numbers(block) => block.rows,
            Raw::Labels(labels) => labels.len(),
        }
    }

    fn append(&mut self, other: Raw) -> Result<(), String> {
        match (self, other) {
            (Raw::Numbers(a), Raw::Numbers(b)) => a.append(b),
            (Raw::Labels(a), Raw::Labels(b)) => a.append(&b),
            _ => Err("labels and numbers".into()),
        }
    }
}

/// Everything while reading.
pub(super) struct State<'m, 's> {
    pub(super) plan: Plan,
    pub(super) reader: Reader<'s>,
    pub(super) sizes: Sizes,
    module: &'m Module,
    pub(super) classes: Vec<(usize, Classes)>,
    /// What is wrong with labels, where that is no error.
    pub(super) found: Vec<String>,
}

/// Reads everything. With `found` numbers that are not finite are kept, and what is wrong with
/// labels is put there.
pub(super) fn dataset(
    module: &Module,
    search: &Search,
    set: &DataSettings,
    found: Option<&mut Vec<String>>,
) -> Result<Dataset, Error> {
    let plan = Plan::of(module)?;
    let mut state = State::new(module, plan, search, found.is_some());
    let mut tables = vec![state.main_table()?];
    let read_by_main = state.reader.opened.len();
    let rows = tables[0].rows;
    let asked = state.plan.split.as_deref();
    let division = split(asked, rows, set.split_seed).map_err(Error::failed)?;
    let mut parts: Vec<Part> = Vec::new();
    let Split { parts: divided, seed } = division;
    for (name, rows) in divided {
        parts.push(Part { name: name.into(), table: 0, rows });
    }
    for name in PARTS {
        if let Some(table) = state.part_table(name, read_by_main)? {
            if parts.iter().any(|part| part.name == name) {
                return Err(Error::failed(format!(
                    "`{name}` is a part of `split` and has files of its own: which of them?"
                )));
            }
            let rows = (0..table.rows as u32).collect();
            parts.push(Part { name: name.into(), table: tables.len(), rows });
            tables.push(table);
        }
    }
    parts.sort_by_key(|part| PARTS.iter().position(|name| *name == part.name));
    state.scale(&mut tables, &parts)?;
    let labels = state.label_names();
    let sizes = state.bound();
    if let Some(found) = found {
        found.append(&mut state.found);
    }
    let sources = state.reader.sources()?;
    Ok(Dataset { tables, parts, sizes, sources, labels, split_seed: seed })
}

impl<'m, 's> State<'m, 's> {
    pub(super) fn new(module: &'m Module, plan: Plan, search: &'s Search, lenient: bool) -> Self {
        let reader = Reader::new(search, lenient);
        let sizes = module.sizes.clone();
        State { plan, reader, sizes, module, classes: Vec::new(), found: Vec::new() }
    }

    /// The rows that `split` divides.
    fn main_table(&mut self) -> Result<Table, Error> {
        let mut made = match self.plan.toy.clone() {
            Some(toy) => self.generated(&toy)?,
            None => Vec::new(),
        };
        let mut all = Vec::with_capacity(self.plan.wanted.len());
        for at in 0..self.plan.wanted.len() {
            let Origin::File(take) = self.plan.wanted[at].origin.clone() else {
                let place = made.iter().position(|(of, _)| *of == at);
                all.extend(place.map(|place| made.swap_remove(place).1));
                continue;
            };
            let mut raw = self.one(at, &take, self.is_last(at, &take))?;
            for line in self.more_lines(at, &take) {
                let file = line.file_of(&self.plan.wanted[at].name).to_string();
                let other = self.further(at, line.format.clone(), file);
                let more = self.one(at, &other, true)?;
                let opened = self.reader.open(&other.format, &other.path)?;
                raw.append(more).map_err(|e| self.reader.opened[opened].error(&e))?;
            }
            all.push(raw);
        }
        let rows = self.same_rows(&all, |at| self.plan.wanted[at].origin.file())?;
        for (at, raw) in all.iter().enumerate() {
            if let Raw::Labels(labels) = raw {
                let classes = self.classes_of(at, labels)?;
                self.classes.push((at, classes));
            }
        }
        self.table(all, rows)
    }

    /// Whether no later name needs the numbers of the same source.
    fn is_last(&self, at: usize, take: &Take) -> bool {
        !self.plan.wanted[at + 1..].iter().any(|wanted| match &wanted.origin {
            Origin::File(other) => {
                other.is_together(take) && (!wanted.is_label() || take.format == "idx")
            }
            Origin::Generated => false,
        })
    }

    /// The lines `x, y = ..` that add rows to a name.
    fn more_lines(&self, at: usize, take: &Take) -> Vec<Extra> {
        let name = &self.plan.wanted[at].name;
        let has = |line: &&Extra| line.part.is_none() && line.names.contains(name);
        let lines = self.plan.extras.iter().filter(has);
        lines.skip(usize::from(take.from_line)).cloned().collect()
    }

    /// A further file for a name, of which the same columns are taken.
    fn further(&self, at: usize, format: String, path: String) -> Take {
        let wanted = &self.plan.wanted[at];
        let first = wanted.origin.file().cloned().unwrap_or_default();
        Take { format, path, columns: wanted.taken, ..first }
    }

    /// The rows of a name in one source; sizes that are free are bound.
    pub(super) fn one(&mut self, at: usize, take: &Take, last: bool) -> Result<Raw, Error> {
        let opened = self.reader.open(&take.format, &take.path)?;
        let columns = match self.reader.opened[opened].cells() {
            Some(cells) => {
                let width = cells.width();
                let columns = self.columns(at, take, width);
                columns.map_err(|e| self.reader.opened[opened].error(&e))?
            }
            None => take.columns,
        };
        self.plan.wanted[at].taken = columns;
        let wanted = &self.plan.wanted[at];
        let lenient = self.reader.lenient;
        let source = &mut self.reader.opened[opened];
        if wanted.is_label() {
            return Ok(Raw::Labels(source.labels(wanted, columns)?));
        }
        let block = source.numbers(wanted, columns, &self.sizes, (last, lenient))?;
        let bound = bind::shape(&mut self.sizes, wanted, &block.shape);
        bound.map_err(|e| self.reader.opened[opened].error(&e))?;
        fits(wanted, take, &block).map_err(|e| self.reader.opened[opened].error(&e))?;
        Ok(Raw::Numbers(block))
    }

    /// The columns that a name takes of a table of `width`. Without `columns` a label takes the
    /// last, other names those after the ones before them; with a free size as many as there are
    /// before the next that another name takes.
    fn columns(&self, at: usize, take: &Take, width: usize) -> Result<Columns, String> {
        if take.columns != Columns::Any {
            return Ok(take.columns);
        }
        let wanted = &self.plan.wanted[at];
        if wanted.is_label() {
            return Ok(Columns::Range(width - 1, width - 1));
        }
        let same = |other: &&Wanted| match &other.origin {
            Origin::File(of) => of.is_together(take),
            Origin::Generated => false,
        };
        let before = self.plan.wanted[..at].iter().filter(same);
        let first: usize = before
            .filter(|other| other.is_open())
            .map(|other| bind::width(other, &self.sizes).unwrap_or(0))
            .fold(0, usize::saturating_add);
        let taken = self.plan.wanted.iter().filter(same).filter_map(|other| match &other.origin {
            Origin::File(Take { columns: Columns::Range(a, _), .. }) => Some(*a),
            _ if other.is_label() => Some(width - 1),
            _ => None,
        });
        let until = taken.filter(|a| *a >= first).min().unwrap_or(width);
        let count = bind::width(wanted, &self.sizes).unwrap_or(until.saturating_sub(first));
        if count == 0 || first.saturating_add(count) > width {
            return Err(format!(
                "`{} : {}` takes columns {} to {}, the file has {width}",
                wanted.name,
                wanted.text,
                first.saturating_add(1),
                first.saturating_add(count)
            ));
        }
        Ok(Columns::Range(first, first + count - 1))
    }

    /// Points and classes of a generator, each with the number of its name.
    fn generated(&mut self, toy: &Toy) -> Result<Vec<(usize, Raw)>, Error> {
        let of = |label: bool| -> Vec<usize> {
            let fits = |w: &Wanted| toy.names.contains(&w.name) && w.is_label() == label;
            (0..self.plan.wanted.len()).filter(|at| fits(&self.plan.wanted[*at])).collect()
        };
        let (points, labels) = (of(false), of(true));
        let ([points], true) = (points.as_slice(), labels.len() <= 1) else {
            return Err(Error::failed(format!(
                "`{}` makes points and their classes: one value `R[2]` and one `label[2]`",
                toy.generator
            )));
        };
        let wanted = &self.plan.wanted[*points];
        let width = bind::width(wanted, &self.sizes).unwrap_or(2);
        let classes = labels.first().and_then(|at| self.class_count(*at)).unwrap_or(2);
        let made = toys::generate(toy, width, classes).map_err(Error::failed)?;
        bind::shape(&mut self.sizes, wanted, &[width]).map_err(Error::failed)?;
        let (rows, values) = (made.classes.len(), Values::F64(made.values));
        let mut all = vec![(*points, Raw::Numbers(Block { rows, shape: vec![width], values }))];
        if let Some(at) = labels.first() {
            let mut raw = RawLabels::default();
            for class in made.classes {
                raw.push(&class.to_string()).map_err(Error::failed)?;
            }
            all.push((*at, Raw::Labels(raw)));
        }
        Ok(all)
    }

    /// The rows that all names have.
    pub(super) fn same_rows<'f>(
        &self,
        all: &[Raw],
        file: impl Fn(usize) -> Option<&'f Take>,
    ) -> Result<usize, Error> {
        let rows = all.first().map_or(0, Raw::rows);
        for (at, raw) in all.iter().enumerate() {
            if raw.rows() != rows {
                let from =
                    |at| file(at).map_or(String::new(), |t: &Take| format!(" (\"{}\")", t.path));
                return Err(Error::failed(format!(
                    "`{}` has {rows} rows{}, `{}` has {}{}: they must agree",
                    self.plan.wanted[0].name,
                    from(0),
                    self.plan.wanted[at].name,
                    raw.rows(),
                    from(at)
                )));
            }
        }
        if rows == 0 || u32::try_from(rows).is_err() {
            return Err(Error::failed(format!("the data have {rows} rows")));
        }
        Ok(rows)
    }

    /// Columns with numbered labels, not yet scaled.
    pub(super) fn table(&mut self, all: Vec<Raw>, rows: usize) -> Result<Table, Error> {
        let mut columns = Vec::with_capacity(all.len());
        for (at, raw) in all.into_iter().enumerate() {
            let values = match raw {
                Raw::Numbers(block) => block.values,
                Raw::Labels(labels) => self.numbered(at, &labels)?,
            };
            let wanted = &self.plan.wanted[at];
            columns.push(Column {
                symbol: wanted.symbol,
                name: wanted.name.clone(),
                width: values.len() / rows,
                values,
                scale: Vec::new(),
                shift: Vec::new(),
            });
        }
        Ok(Table { rows, columns })
    }

    /// The rows of `test x, y = ..`.
    fn part_table(&mut self, part: &str, main: usize) -> Result<Option<Table>, Error> {
        let lines: Vec<Extra> =
            self.plan.extras.iter().filter(|e| e.part.as_deref() == Some(part)).cloned().collect();
        if lines.is_empty() {
            return Ok(None);
        }
        let mut all = Vec::new();
        let mut takes = Vec::new();
        for at in 0..self.plan.wanted.len() {
            let name = self.plan.wanted[at].name.clone();
            let mut raw: Option<Raw> = None;
            for line in lines.iter().filter(|line| line.names.contains(&name)) {
                let file = line.file_of(&name);
                let batch = line.format == "cifar10" && part == "test";
                let path = if batch { format!("{file}#test") } else { file.to_string() };
                let take = self.further(at, line.format.clone(), path);
                let opened = self.reader.open(&take.format, &take.path)?;
                let again = |other: &Opened| other.is_same_file(&self.reader.opened[opened]);
                if opened < main || self.reader.opened[..main].iter().any(again) {
                    return Err(Error::failed(format!(
                        "`{part}` reads \"{file}\" as the training does: parts must not overlap"
                    )));
                }
                let more = self.one(at, &take, false)?;
                match &mut raw {
                    None => raw = Some(more),
                    Some(raw) => {
                        raw.append(more).map_err(|e| self.reader.opened[opened].error(&e))?;
                    }
                }
                takes.push((at, take));
            }
            all.push(raw.ok_or_else(|| {
                Error::failed(format!("`{part}` says no file for `{name}`: every value needs one"))
            })?);
        }
        let file = |at: usize| takes.iter().find(|(of, _)| *of == at).map(|(_, take)| take);
        let rows = self.same_rows(&all, file)?;
        self.table(all, rows).map(Some)
    }

    /// The sizes that the data fixed.
    fn bound(&self) -> Vec<(String, u64)> {
        let free = self.module.sizes.base().filter(|(_, def)| def.number.is_none());
        let bound =
            free.filter_map(|(id, def)| Some((def.name.clone(), self.sizes.number_of(id)?)));
        bound.collect()
    }
}

/// Whether values are of the declared kind.
fn fits(wanted: &Wanted, take: &Take, block: &Block) -> Result<(), String> {
    let (wrong, what): (fn(f64) -> bool, &str) = match wanted.kind {
        Kind::Integer => (|v| v.fract() != 0.0, "is no whole number"),
        Kind::Positive if take.scales.is_empty() => (|v| v <= 0.0, "is not positive"),
        Kind::Mask => (|v| v != 0.0 && v != 1.0, "is neither 0 nor 1"),
        Kind::Prob => (|v| !(0.0..=1.0).contains(&v), "is no probability"),
        _ => return Ok(()),
    };
    let width = (block.values.len() / block.rows.max(1)).max(1);
    let Some(at) = (0..block.values.len()).find(|at| wrong(block.values.get(*at))) else {
        return Ok(());
    };
    Err(format!(
        "row {}, entry {} of `{} : {}`: {} {what}",
        at / width + 1,
        at % width + 1,
        wanted.name,
        wanted.text,
        block.values.get(at)
    ))
}

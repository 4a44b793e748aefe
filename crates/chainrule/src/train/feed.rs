//! What a program gathers from: columns of a table, rows of a part.

use chainrule_graph::{Module, SymbolId};
use chainrule_kernels::{Column as Bound, Run, Values as Raw};

use crate::Error;
use crate::data::{Column, Dataset, Values};

/// So many columns are bound without taking memory.
const COLUMNS: usize = 16;

/// A column that is bound to nothing.
const NONE: Bound<'static> = Bound { values: Raw::U8(&[]), width: 0, scale: &[], shift: &[] };

/// Which column of a table stands for which column of a program.
#[derive(Debug)]
pub(super) struct Feed {
    /// For each table the places of the program's columns.
    tables: Vec<Vec<usize>>,
}

impl Feed {
    /// Finds the program's columns in the data by name.
    pub(super) fn new(wanted: &[SymbolId], module: &Module, data: &Dataset) -> Result<Feed, Error> {
        let mut tables = Vec::new();
        for table in &data.tables {
            let place =
                |id: &SymbolId| {
                    let name = &module.symbol(*id).name;
                    table.columns.iter().position(|c| c.name == *name).ok_or_else(|| {
                        Error::failed(format!("the data have no column for `{name}`"))
                    })
                };
            tables.push(wanted.iter().map(place).collect::<Result<_, _>>()?);
        }
        Ok(Feed { tables })
    }

    /// Calls `with` with the rows of a part.
    pub(super) fn with<T>(
        &self,
        data: &Dataset,
        part: usize,
        rows: &[u32],
        (seed, step): (u64, u64),
        with: impl FnOnce(&Run<'_>) -> T,
    ) -> T {
        let table = data.parts[part].table;
        let (places, columns) = (&self.tables[table], &data.tables[table].columns);
        let mut few = [NONE; COLUMNS];
        let mut many = Vec::new();
        let all = if places.len() <= COLUMNS {
            for (to, place) in few.iter_mut().zip(places) {
                *to = bound(&columns[*place]);
            }
            &few[..places.len()]
        } else {
            many.extend(places.iter().map(|place| bound(&columns[*place])));
            &many[..]
        };
        with(&Run { columns: all, rows, seed, step })
    }
}

fn bound(column: &Column) -> Bound<'_> {
    let values = match &column.values {
        Values::U8(values) => Raw::U8(values),
        Values::F32(values) => Raw::F32(values),
        Values::F64(values) => Raw::F64(values),
    };
    Bound { values, width: column.width, scale: &column.scale, shift: &column.shift }
}

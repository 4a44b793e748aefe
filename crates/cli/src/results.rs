//! What trainings came to: tables and JSON.

use std::fmt::Write as _;

use crate::exports::Format;
use chainrule::run::Folder;
use chainrule::syntax::ast::{BlockWord, StatementKind};
use chainrule::train::{Scores, Summary};
use chainrule::{Diagnostic, Model, Span};
use serde_json::{Value, json};

use crate::table::{Table, number, seconds};

/// The table of the trainings: a row for each. What they share stands in the heading.
pub(crate) fn table(all: &[Summary], width: usize) -> String {
    let Some(first) = all.first() else { return "no training is done\n".into() };
    let mut heading = match all.len() {
        1 => "1 training".to_string(),
        count => format!("{count} trainings"),
    };
    let mut own: Vec<(&str, Count)> = Vec::new();
    let counts: [(&str, Count); 3] =
        [("parameters", |s| s.parameters), ("epochs", |s| s.epochs), ("steps", |s| s.steps)];
    for (word, count) in counts {
        if all.iter().all(|summary| count(summary) == count(first)) {
            let number = count(first);
            let word = if number == 1 { word.trim_end_matches('s') } else { word };
            let _ = write!(heading, ", {number} {word}");
        } else {
            own.push((word, count));
        }
    }
    let mut table = Table::default();
    let column = |cell: &dyn Fn(&Summary) -> String| all.iter().map(cell).collect::<Vec<_>>();
    table.column("", "training", column(&|s| s.name.clone()));
    values(&mut table, &all.iter().map(|s| s.scores.as_slice()).collect::<Vec<_>>());
    if all.iter().any(|s| s.best.is_some()) {
        let best = |s: &Summary| match &s.best {
            Some(best) => format!("{} ({})", number(best.value), best.epoch),
            None => "-".into(),
        };
        table.column("", "best (epoch)", column(&best));
    }
    for (word, count) in own {
        table.column("", word, column(&|s| count(s).to_string()));
    }
    table.column("", "seconds", column(&|s| seconds(s.seconds)));
    if all.iter().any(|s| s.diverged.is_some()) {
        let step = |s: &Summary| match &s.diverged {
            Some(diverged) => format!("step {}", diverged.step),
            None => "-".into(),
        };
        table.column("", "diverged", column(&step));
    }
    format!("{heading}\n{}", table.text(width))
}

/// `NAME in step N`, if a training diverged.
pub(crate) fn diverged(summary: &Summary) -> Option<String> {
    summary.diverged.as_ref().map(|found| format!("{} in step {}", summary.name, found.step))
}

/// A number of a training.
type Count = fn(&Summary) -> u64;

/// A column for each quantity on each part; one row for each list of scores.
pub(crate) fn values(table: &mut Table, rows: &[&[Scores]]) {
    let mut columns: Vec<(&str, &str)> = Vec::new();
    for scores in rows.iter().flat_map(|row| row.iter()) {
        for (name, _) in &scores.values {
            let column = (scores.part.as_str(), name.as_str());
            if !columns.contains(&column) {
                // Quantities of one part stand together.
                let at = columns.iter().rposition(|(part, _)| *part == column.0);
                columns.insert(at.map_or(columns.len(), |at| at + 1), column);
            }
        }
    }
    for (part, name) in columns {
        let cell = |row: &&[Scores]| {
            let scores = row.iter().find(|scores| scores.part == part);
            scores.and_then(|scores| scores.get(name)).map_or("-".into(), number)
        };
        table.column(part, name, rows.iter().map(cell).collect());
    }
}

/// What can be done next with a run.
pub(crate) fn next(folder: &Folder) -> String {
    let run = folder.path().display();
    format!(
        "run folder {run}\n  chainrule evaluate {run}      measure the parts again\n  \
         chainrule predict {run} FILE  what the network says of other rows\n"
    )
}

/// `{"run", "trainings", "skipped"}`
pub(crate) fn value(folder: Option<&Folder>, done: &[Summary], skipped: &[Diagnostic]) -> Value {
    json!({
        "run": folder.map(|folder| folder.path().display().to_string()),
        "trainings": done.iter().map(Summary::to_json).collect::<Vec<_>>(),
        "skipped": skipped.iter().map(|d| d.message.as_str()).collect::<Vec<_>>(),
    })
}

/// One warning, at the first of them, for all lines that `train` should act on and cannot yet.
pub(crate) fn skipped(model: &Model) -> Vec<Diagnostic> {
    let word = |word: BlockWord| match word {
        BlockWord::Plot => Some("plot"),
        BlockWord::Export => Some("export"),
        _ => None,
    };
    let kept = model.modules().iter().flat_map(|module| &module.kept);
    // Code and pages are written; other formats are not there yet.
    let written = |kept: &&chainrule::graph::module::Kept| match &kept.statement.kind {
        StatementKind::Export(list) => {
            list.iter().all(|(format, _)| Format::named(&format.text).is_some())
        }
        _ => false,
    };
    let kept = kept.filter(|k| !written(k));
    let found: Vec<_> = kept.filter_map(|k| Some((word(k.word)?, k.statement.span))).collect();
    let Some((_, first)) = found.first() else { return Vec::new() };
    let words = ["plot", "export"].map(|word| (word, found.iter().filter(|f| f.0 == word).count()));
    let counted = words.iter().filter(|(_, count)| *count > 0).map(|(word, count)| match count {
        1 => format!("one `{word}` line"),
        count => format!("{count} `{word}` lines"),
    });
    let message = format!("not done yet: {}", counted.collect::<Vec<_>>().join(", "));
    // The caret is under one line, however long the statement is.
    let line = model.source().text()[first.start as usize..first.end as usize].find('\n');
    let end = line.map_or(first.end, |length| first.start + length as u32);
    vec![Diagnostic::warning("not-yet", message, Span { start: first.start, end }, "")]
}

//! Numbers set from outside, as changes of the file's text.

use std::collections::BTreeSet;

use chainrule_graph::Module;
use chainrule_syntax::ast::{Amount, File, StatementKind, Train, TrainOption, WordNumber};
use chainrule_syntax::suggest::nearest;
use chainrule_syntax::{Edit, Repair, Span};

use crate::show::{Setting, check_size, is_number, places};
use crate::{Error, Model};

/// Options of a training that are numbers.
const OPTIONS: [&str; 5] = ["epochs", "steps", "batch", "seed", "minutes"];
/// The seed of the split.
const SPLIT: &str = "split.seed";

/// The text of the file with all settings in place; a later one of the same name wins.
pub(super) fn apply(set: &[Setting<'_>], model: &Model) -> Result<String, Error> {
    let (file, text) = (model.file(), model.source().text());
    let latest = |at: usize| set[at + 1..].iter().all(|later| later.name != set[at].name);
    let mut edits = Vec::new();
    // New settings of optimizers, by the place behind their line's other ones.
    let mut arguments: Vec<(usize, String)> = Vec::new();
    for setting in (0..set.len()).filter(|at| latest(*at)).map(|at| &set[at]) {
        let all = setting.name == "batch" && setting.value.trim() == "all";
        if !all && !is_number(setting.value) {
            let message = format!(
                "`--set {}={}`: a number is needed as the language writes it: 3, 0.5, 1e-4",
                setting.name, setting.value
            );
            return Err(Error::setting(message));
        }
        check_size(*setting, file)?;
        edits.extend(of_setting(setting, model, &mut arguments)?);
    }
    // Brackets stand before what is put behind them.
    let mut all = Vec::new();
    for (line, train) in trains(file).into_iter().enumerate() {
        let own = arguments.iter().filter(|(at, _)| *at == line).map(|(_, text)| text.as_str());
        let own: Vec<&str> = own.collect();
        if !own.is_empty() {
            all.push(new_arguments(train, text, &own.join(", ")));
        }
    }
    all.extend(edits);
    let edits = merged(all);
    let repair = Repair::edits("", edits);
    repair.apply(text).ok_or_else(|| Error::setting("the settings overlap".into()))
}

/// Several insertions at one place become one.
fn merged(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|e| (e.span.start, e.span.end));
    let mut out: Vec<Edit> = Vec::new();
    for edit in edits {
        match out.last_mut() {
            Some(last) if last.span == edit.span && edit.span.range().is_empty() => {
                last.text.push_str(&edit.text);
            }
            _ => out.push(edit),
        }
    }
    out
}

fn of_setting(
    setting: &Setting<'_>,
    model: &Model,
    arguments: &mut Vec<(usize, String)>,
) -> Result<Vec<Edit>, Error> {
    let (file, text) = (model.file(), model.source().text());
    let (name, value) = (setting.name, setting.value.trim());
    let places = places(file);
    let declared: Vec<_> = places.iter().filter(|(n, _, _)| n == name).collect();
    let lines: Vec<&Train> = trains(file);
    let (mut edits, mut found) = (Vec::new(), false);
    if !declared.is_empty() {
        for (_, at, own) in declared {
            edits.push(match own {
                Some(own) => Edit { span: *own, text: value.into() },
                None => Edit { span: at.after(), text: format!(" = {value}") },
            });
        }
        lines.iter().for_each(|train| listed(train, name, value, &mut edits));
    } else if name == SPLIT {
        edits.extend(splits(file).map(|parts| split(parts, value)));
    } else if OPTIONS.contains(&name) {
        for train in &lines {
            let before = edits.len();
            option(train, name, value, &mut edits);
            if edits.len() == before {
                let end = applied(train, text).end;
                edits.push(Edit { span: at(end), text: format!(" {name} {value}") });
            }
        }
    } else {
        for (line, train) in lines.iter().enumerate() {
            if !has(model.modules(), train, name) {
                continue;
            }
            let before = edits.len();
            argument(model.modules(), train, name, value, &mut edits);
            if edits.len() == before {
                arguments.push((line, format!("{name} = {value}")));
                found = true;
            }
        }
    }
    if edits.is_empty() && !found { Err(unknown(setting, model, &places)) } else { Ok(edits) }
}

/// The empty place before a byte.
fn at(byte: u32) -> Span {
    Span { start: byte, end: byte }
}

fn trains(file: &File) -> Vec<&Train> {
    let all = file.blocks.iter().flat_map(|b| &b.statements);
    all.filter_map(|s| match &s.kind {
        StatementKind::Train(train) => Some(train),
        _ => None,
    })
    .collect()
}

fn splits(file: &File) -> impl Iterator<Item = &Vec<WordNumber>> {
    file.blocks.iter().flat_map(|b| &b.statements).filter_map(|s| match &s.kind {
        StatementKind::Split(parts) if !parts.is_empty() => Some(parts),
        _ => None,
    })
}

fn split(parts: &[WordNumber], value: &str) -> Edit {
    let seed = parts.iter().find(|p| p.word.as_ref().is_some_and(|w| w.text == "seed"));
    match (seed, parts.last()) {
        (Some(seed), _) => Edit { span: seed.number.span, text: value.into() },
        (None, last) => {
            let end = last.map_or(0, |p| p.number.span.end);
            Edit { span: at(end), text: format!(", seed {value}") }
        }
    }
}

/// Where `with` and `for .. in {..}` give a name its values.
fn listed(train: &Train, name: &str, value: &str, edits: &mut Vec<Edit>) {
    for option in &train.options {
        match option {
            TrainOption::With(list) => {
                let own = list.iter().filter(|item| item.name.text == name);
                edits.extend(own.map(|item| Edit { span: item.value.span, text: value.into() }));
            }
            TrainOption::For(list) => {
                for (_, values) in list.iter().filter(|(n, _)| n.text == name) {
                    if let (Some(first), Some(last)) = (values.first(), values.last()) {
                        let span = first.span.to(last.span);
                        edits.push(Edit { span, text: value.into() });
                    }
                }
            }
            _ => {}
        }
    }
}

fn option(train: &Train, name: &str, value: &str, edits: &mut Vec<Edit>) {
    for option in &train.options {
        if let TrainOption::Amount(word, amount) = option
            && word.text == name
        {
            let span = match amount {
                Amount::Number(number) => number.span,
                Amount::Name(name) => name.span,
            };
            edits.push(Edit { span, text: value.into() });
        }
    }
    listed(train, name, value, edits);
}

/// The settings of a line's optimizer, in order.
fn settings(modules: &[Module], train: &Train) -> Vec<String> {
    let name = &train.optimizer.name.text;
    let all = modules.iter().flat_map(|m| &m.optimizers);
    let own = all.filter(|o| o.name == *name).max_by_key(|o| !o.standard);
    own.map_or_else(Vec::new, |o| o.params.iter().map(|(name, _)| name.clone()).collect())
}

fn has(modules: &[Module], train: &Train, name: &str) -> bool {
    settings(modules, train).iter().any(|s| s == name)
}

/// Where a line gives a setting of its optimizer.
fn argument(modules: &[Module], train: &Train, name: &str, value: &str, edits: &mut Vec<Edit>) {
    let place = settings(modules, train).iter().position(|s| s == name);
    for (at, arg) in train.optimizer.args.iter().flatten().enumerate() {
        let own = match &arg.name {
            Some(word) => word.text == name,
            None => place == Some(at),
        };
        if own {
            edits.push(Edit { span: arg.value.span, text: value.into() });
        }
    }
    listed(train, name, value, edits);
}

/// The optimizer of a line with its brackets.
fn applied(train: &Train, text: &str) -> Span {
    let name = train.optimizer.name.span;
    if train.optimizer.args.is_none() {
        return name;
    }
    let mut depth = 0_i32;
    for token in chainrule_syntax::lex::lex(&text[name.end as usize..]).tokens {
        let end = name.end + token.span.end;
        match token.text(&text[name.end as usize..]).as_ref() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Span { start: name.start, end };
        }
    }
    name
}

/// `, step = 0.1` before the closing bracket, or `(step = 0.1)`.
fn new_arguments(train: &Train, text: &str, list: &str) -> Edit {
    let end = applied(train, text).end;
    match train.optimizer.args.as_deref() {
        None => Edit { span: at(end), text: format!("({list})") },
        Some([]) => Edit { span: at(end - 1), text: list.into() },
        Some(_) => Edit { span: at(end - 1), text: format!(", {list}") },
    }
}

fn unknown(setting: &Setting<'_>, model: &Model, places: &[(String, Span, Option<Span>)]) -> Error {
    let mut known: BTreeSet<String> = places.iter().map(|(name, _, _)| name.clone()).collect();
    for train in trains(model.file()) {
        known.extend(OPTIONS.map(String::from));
        known.extend(settings(model.modules(), train));
    }
    if splits(model.file()).next().is_some() {
        known.insert(SPLIT.into());
    }
    let hint = match nearest(setting.name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "it has nothing to set".into(),
        None => format!("it has {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    };
    Error::setting(format!(
        "`--set {}`: {} has no size, constant, training option or optimizer's setting of that \
         name; {hint}",
        setting.name,
        model.source().name()
    ))
}

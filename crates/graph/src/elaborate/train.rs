//! Trainings: the loss, the optimizer's settings, options, and one training for each combination.

use chainrule_syntax::ast::{Amount, Expr, ExprKind, Name, NamedExpr, Train, TrainOption};
use chainrule_syntax::{Diagnostic, Span, limits};

use super::optimizer::SettingValue;
use super::settings::{self, CLIPS, SCHEDULES, STOPS};
use super::{Elaborator, Meaning};
use crate::index::SymbolId;
use crate::module::{Role, Training};

impl Elaborator<'_> {
    /// A `train` line; one that does not fit makes no trainings.
    pub(crate) fn train_line(&mut self, train: &Train, span: Span) {
        let before = self.out.trainings.len();
        self.train(train, span);
        self.broken_training |= self.out.trainings.len() == before;
    }

    fn train(&mut self, train: &Train, span: Span) {
        let loss = self.loss(&train.loss);
        let settings = self.optimizer_settings(&train.optimizer);
        let recipe = self.recipe(&train.optimizer.name);
        let mut base = Training {
            name: train.optimizer.name.text.clone(),
            loss: loss.unwrap_or(SymbolId::new(0)),
            optimizer: train.optimizer.name.text.clone(),
            recipe: recipe.unwrap_or(0),
            settings: Vec::new(),
            options: Vec::new(),
            rules: Vec::new(),
            with: Vec::new(),
            span,
        };
        let mut grid: Vec<(String, Vec<f64>)> = Vec::new();
        let mut named = None;
        let mut seen: Vec<(String, Span)> = Vec::new();
        for option in &train.options {
            self.train_option(option, train, &mut base, &mut grid, &mut named, &mut seen);
        }
        if let (Some(_), Some(settings), Some(_)) = (loss, settings, recipe) {
            self.add_trainings(&base, &settings, &grid, named.as_deref());
        }
    }

    fn loss(&mut self, name: &Name) -> Option<SymbolId> {
        let id = match self.scope.get(&name.text) {
            Some((Meaning::Symbol(id), _)) => *id,
            Some((Meaning::Unknown, _)) => return None,
            Some(_) => {
                let message = format!("the loss `{}` is no value", name.text);
                return self.error("loss", message, name.span, "");
            }
            None => return self.undefined(&name.text, name.span),
        };
        let ty = self.out.symbol(id).ty.clone();
        if !ty.is_scalar() || !ty.axes.is_empty() || !ty.is_number() {
            let is = self.context().shape(&ty);
            let message = format!("the loss `{}` must be one number; it is {is}", name.text);
            let mut found = Diagnostic::error("loss", message, name.span, is)
                .label(self.out.symbol(id).span, "defined here");
            if ty.is_scalar() && !ty.axes.is_empty() {
                let axis = self.out.axes.get(ty.axes[0]).name.clone();
                found =
                    found.note(format!("its mean over the batch is `mean[{axis}] {}`", name.text));
            }
            return self.fail(found);
        }
        if !self.has_params {
            let message = "there is nothing to train: the file has no `param`";
            return self.error("no-params", message, name.span, "");
        }
        Some(id)
    }

    fn train_option(
        &mut self,
        option: &TrainOption,
        train: &Train,
        base: &mut Training,
        grid: &mut Vec<(String, Vec<f64>)>,
        named: &mut Option<String>,
        seen: &mut Vec<(String, Span)>,
    ) {
        let word = match option {
            TrainOption::Amount(word, _) | TrainOption::Applied(word, _) => Some(word),
            _ => None,
        };
        if let Some(word) = word {
            self.check_set_once(word, seen);
        }
        match option {
            TrainOption::Amount(word, amount) => {
                if let Some(value) = self.amount(word, amount) {
                    base.options.push((word.text.clone(), value));
                }
            }
            TrainOption::As(name) => *named = Some(name.text.clone()),
            TrainOption::Applied(word, applied) => {
                let (what, table) = match word.text.as_str() {
                    "schedule" => ("a schedule", SCHEDULES),
                    "stop" => ("a stopping rule", STOPS),
                    _ => ("a clipping rule", CLIPS),
                };
                let known = self.check_setting("unknown-schedule", what, &applied.name, table);
                if let (Some(()), Some(args)) = (known, self.number_args(applied.args.as_deref()))
                    && let Some(entry) = settings::find(table, &applied.name.text)
                {
                    let _ = self.check_setting_count(&applied.name, args.len(), entry.arity);
                    if word.text == "clip" {
                        self.clip(&applied.name);
                    }
                    base.rules.push((word.text.clone(), applied.name.text.clone(), args));
                }
            }
            TrainOption::With(list) => {
                for item in list {
                    self.check_set_once(&item.name, seen);
                }
                self.with(list, train, base);
            }
            TrainOption::For(list) => {
                for (name, values) in list {
                    self.check_set_once(name, seen);
                    let numbers: Vec<f64> =
                        values.iter().filter_map(|e| self.setting_value(name, e, train)).collect();
                    if numbers.len() == values.len() {
                        grid.push((name.text.clone(), numbers));
                    }
                }
            }
        }
    }

    /// A line sets each thing once.
    fn check_set_once(&mut self, word: &Name, seen: &mut Vec<(String, Span)>) {
        if let Some((_, earlier)) = seen.iter().find(|(w, _)| *w == word.text) {
            let message = format!("`{}` is given twice", word.text);
            let found = Diagnostic::error("clause-twice", message, word.span, "the second")
                .label(*earlier, "the first");
            self.report(found);
        } else if seen.len() == limits::SETTINGS {
            let message = format!("one training has more than {} settings", limits::SETTINGS);
            self.report(Diagnostic::error("limit-settings", message, word.span, ""));
        } else if seen.len() < limits::SETTINGS {
            seen.push((word.text.clone(), word.span));
        }
    }

    /// `350`, `all`, or a constant.
    fn amount(&mut self, word: &Name, amount: &Amount) -> Option<Option<f64>> {
        let (value, span) = match amount {
            Amount::Number(number) => (number.value, number.span),
            Amount::Name(name) if name.text == "all" && word.text == "batch" => return Some(None),
            Amount::Name(name) => {
                let e = Expr { kind: ExprKind::Name(name.text.clone()), span: name.span };
                (self.number(&e)?, name.span)
            }
        };
        let what = format!("`{}`", word.text);
        match word.text.as_str() {
            "minutes" if value > 0.0 => {}
            "minutes" => {
                let message = format!("`minutes` is above 0, not {value}");
                return self.error("option-value", message, span, "");
            }
            "seed" => self.check_whole(&what, value, 0.0, span)?,
            _ => self.check_whole(&what, value, 1.0, span)?,
        }
        Some(Some(value))
    }

    fn with(&mut self, list: &[NamedExpr], train: &Train, base: &mut Training) {
        for item in list {
            if let Some(value) = self.setting_value(&item.name, &item.value, train) {
                base.with.push((item.name.text.clone(), value));
            }
        }
    }

    /// The value of a setting: a size, a constant, a training option, an optimizer's setting.
    fn setting_value(&mut self, name: &Name, e: &Expr, train: &Train) -> Option<f64> {
        let options = ["epochs", "steps", "batch", "seed", "minutes"];
        let value = self.number(e)?;
        let of_optimizer = self.optimizer_params(&train.optimizer.name.text);
        match self.scope.get(&name.text) {
            Some((Meaning::Size(size), _)) => {
                let fixed = size.as_name().is_some_and(|id| !self.out.sizes.get(id).batch);
                if !fixed {
                    let message =
                        format!("`{}` follows from other sizes or from the data", name.text);
                    return self.error("setting", message, name.span, "");
                }
                self.check_whole("a size", value, 1.0, e.span)?;
            }
            Some((Meaning::Symbol(id), _))
                if matches!(self.out.symbol(*id).role, Role::Const(_)) => {}
            _ if options.contains(&&*name.text) => {
                let least = if name.text == "seed" { 0.0 } else { 1.0 };
                self.check_whole(&format!("`{}`", name.text), value, least, e.span)?;
            }
            _ if of_optimizer.contains(&name.text) => {}
            _ => {
                let mut known: Vec<String> = options.iter().map(ToString::to_string).collect();
                known.extend(of_optimizer);
                known.extend(self.scope.names().take(1000).map(String::from));
                let what = "a size, a constant or a training option";
                let list = known.iter().map(String::as_str);
                return self.unknown_word("setting", what, name, list);
            }
        }
        Some(value)
    }

    /// One training for each combination of the grid, with names that tell them apart.
    fn add_trainings(
        &mut self,
        base: &Training,
        settings: &[(String, SettingValue)],
        grid: &[(String, Vec<f64>)],
        named: Option<&str>,
    ) {
        let total = grid.iter().try_fold(1_usize, |n, (_, v)| n.checked_mul(v.len()));
        let left = limits::TRAININGS - self.out.trainings.len();
        if total.is_none_or(|n| n > left) {
            let message = format!("more than {} trainings", limits::TRAININGS);
            self.report(Diagnostic::error("limit-trainings", message, base.span, ""));
            return;
        }
        let total = total.unwrap_or(1);
        for i in 0..total {
            let mut training = base.clone();
            let mut name = named.unwrap_or(&base.name).to_string();
            let mut rest = i;
            let mut parts = Vec::new();
            for (key, values) in grid.iter().rev() {
                let value = values[rest % values.len()];
                rest /= values.len();
                parts.push(format!("{key}={value}"));
                training.with.push((key.clone(), value));
            }
            parts.reverse();
            for (name, value) in settings {
                let set = training.with.iter().rev().find(|(n, _)| n == name).map(|(_, v)| *v);
                let value = match set {
                    Some(value) => value,
                    None => self.setting_number(*value, &training.with),
                };
                training.settings.push((name.clone(), value));
            }
            if !parts.is_empty() {
                name = format!("{name} {}", parts.join(" "));
            }
            training.name = self.unused_name(name, named.is_some(), base.span);
            self.out.trainings.push(training);
        }
    }

    fn setting_number(&mut self, value: SettingValue, with: &[(String, f64)]) -> f64 {
        match value {
            SettingValue::Number(number) => number,
            SettingValue::Node(node) => self.constant_with(node, with).unwrap_or(f64::NAN),
        }
    }

    fn unused_name(&mut self, name: String, given: bool, span: Span) -> String {
        if let Some((word, _)) = name.split_once(' ') {
            self.taken.training_words.insert(word.into());
        }
        let Some(latest) = self.taken.trainings.get(&name).copied() else {
            self.taken.trainings.insert(name.clone(), 1);
            return name;
        };
        if given {
            let message = format!("two trainings are called `{name}`");
            self.report(Diagnostic::error("defined-twice", message, span, ""));
        }
        let numbered = |k: usize| (k, format!("{name}-{k}"));
        let free = |(_, n): &(usize, String)| !self.taken.trainings.contains_key(n);
        let (number, unused) =
            (latest + 1..).map(numbered).find(free).unwrap_or((latest, name.clone()));
        self.taken.trainings.insert(name, number);
        self.taken.trainings.insert(unused.clone(), 1);
        unused
    }
}

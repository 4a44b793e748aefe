//! Trainings: the loss, the optimizer's settings, options, and one training for each combination.

use chainrule_syntax::ast::{Amount, Applied, Expr, ExprKind, Name, Train, TrainOption};
use chainrule_syntax::{Diagnostic, Span, limits};

use super::optimizer::SettingValue;
use super::{Elaborator, Meaning};
use crate::index::{NodeId, SymbolId};
use crate::module::{Role, Training};
use crate::schedule::{RULES, Rule, misfit};

/// Options of a training that are numbers.
const OPTIONS: [&str; 5] = ["epochs", "steps", "batch", "seed", "minutes"];

/// What kind of thing a training sets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SetKind {
    Size,
    Constant,
    Option,
    Setting,
}

/// `H = 2 K` behind `with`, or one value of `for H in {..}`.
#[derive(Clone)]
struct Set {
    name: String,
    kind: SetKind,
    node: NodeId,
    span: Span,
}

/// What a `train` line sets.
#[derive(Default)]
struct Sets {
    with: Vec<Set>,
    grid: Vec<(Set, Vec<f64>)>,
}

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
        let mut sets = Sets::default();
        let mut named = None;
        let mut seen: Vec<(String, Span)> = Vec::new();
        for option in &train.options {
            self.train_option(option, train, &mut base, &mut sets, &mut named, &mut seen);
        }
        if let (Some(_), Some(settings), Some(_)) = (loss, settings, recipe) {
            self.add_trainings(&base, &settings, &sets, named.as_deref());
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
        sets: &mut Sets,
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
                if let Some(rule) = self.rule(word, applied, &train.optimizer.name) {
                    base.rules.push(rule);
                }
            }
            TrainOption::With(list) => {
                for item in list {
                    self.check_set_once(&item.name, seen);
                }
                let set = list.iter().filter_map(|item| self.set(&item.name, &item.value, train));
                sets.with.extend(set.map(|(set, _)| set));
            }
            TrainOption::For(list) => {
                for (name, values) in list {
                    self.check_set_once(name, seen);
                    let all: Vec<(Set, f64)> =
                        values.iter().filter_map(|e| self.set(name, e, train)).collect();
                    if let Some((set, _)) = all.first().filter(|_| all.len() == values.len()) {
                        sets.grid.push((set.clone(), all.iter().map(|(_, x)| *x).collect()));
                    }
                }
            }
        }
    }

    /// `schedule cosine(least = 0.1)`: the word, the rule, all its numbers.
    fn rule(
        &mut self,
        word: &Name,
        applied: &Applied,
        optimizer: &Name,
    ) -> Option<(String, String, Vec<f64>)> {
        let what = match word.text.as_str() {
            "schedule" => "a schedule",
            "stop" => "a stopping rule",
            _ => "a clipping rule",
        };
        let name = &applied.name;
        let Some(rule) = Rule::find(&word.text, &name.text) else {
            let of_word = RULES.iter().filter(|rule| rule.word == word.text);
            return self.unknown_word("unknown-schedule", what, name, of_word.map(|r| r.name));
        };
        let args = self.rule_numbers(rule, applied)?;
        if let Some(message) = misfit(rule.word, rule.name, &args) {
            return self.error("option-value", message, name.span, "");
        }
        if word.text == "clip" {
            self.clip(name);
        }
        let settings = self.optimizer_params(&optimizer.text);
        if word.text == "schedule" && !settings.is_empty() && !settings.iter().any(|s| s == "step")
        {
            let message =
                format!("a schedule changes the setting `step`, and `{}` has none", optimizer.text);
            return self.error("schedule", message, word.span, "");
        }
        Some((word.text.clone(), name.text.clone(), args))
    }

    /// All numbers of a rule, given by their places or by their names, else by default.
    fn rule_numbers(&mut self, rule: &Rule, applied: &Applied) -> Option<Vec<f64>> {
        let names: Vec<&str> = rule.numbers.iter().map(|(name, _)| *name).collect();
        let args = self.placed("number", rule.name, &names, applied.args.as_deref())?;
        let mut all = Vec::new();
        for ((name, default), arg) in rule.numbers.iter().zip(args) {
            let value = match arg {
                Some(arg) => self.number(&arg.value),
                None => *default,
            };
            match (value, arg) {
                (Some(value), _) => all.push(value),
                (None, Some(_)) => return None,
                (None, None) => {
                    let message =
                        format!("`{} {}` needs its number `{name}`", rule.word, rule.name);
                    let span = applied.name.span;
                    let found =
                        Diagnostic::error("missing-setting", message, span, "").note(format!(
                            "it is written `{} {}({})`",
                            rule.word,
                            rule.name,
                            names.join(", ")
                        ));
                    return self.fail(found);
                }
            }
        }
        Some(all)
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

    /// What a training sets: a size, a constant, a training option, an optimizer's setting; with its
    /// value at the file's own numbers.
    fn set(&mut self, name: &Name, e: &Expr, train: &Train) -> Option<(Set, f64)> {
        let value = self.number(e)?;
        let node = self.expr(e, None)?;
        let of_optimizer = self.optimizer_params(&train.optimizer.name.text);
        let kind = match self.scope.get(&name.text) {
            Some((Meaning::Size(size), _)) => {
                let fixed = size.as_name().is_some_and(|id| !self.out.sizes.get(id).batch);
                if !fixed {
                    let message =
                        format!("`{}` follows from other sizes or from the data", name.text);
                    return self.error("setting", message, name.span, "");
                }
                SetKind::Size
            }
            Some((Meaning::Symbol(id), _))
                if matches!(self.out.symbol(*id).role, Role::Const(_)) =>
            {
                SetKind::Constant
            }
            _ if OPTIONS.contains(&&*name.text) => SetKind::Option,
            _ if of_optimizer.contains(&name.text) => SetKind::Setting,
            _ => {
                let mut known: Vec<String> = OPTIONS.iter().map(ToString::to_string).collect();
                known.extend(of_optimizer);
                known.extend(self.scope.names().take(1000).map(String::from));
                let what = "a size, a constant or a training option";
                let list = known.iter().map(String::as_str);
                return self.unknown_word("setting", what, name, list);
            }
        };
        let set = Set { name: name.text.clone(), kind, node, span: e.span };
        self.check_set(&set, value)?;
        Some((set, value))
    }

    /// Sizes and most options are whole numbers.
    fn check_set(&mut self, set: &Set, value: f64) -> Option<()> {
        let what = format!("`{}`", set.name);
        match (set.kind, set.name.as_str()) {
            (SetKind::Size, _) => self.check_whole("a size", value, 1.0, set.span),
            (SetKind::Option, "minutes") if value > 0.0 => Some(()),
            (SetKind::Option, "minutes") => {
                let message = format!("`minutes` is above 0, not {value}");
                self.error("option-value", message, set.span, "")
            }
            (SetKind::Option, "seed") => self.check_whole(&what, value, 0.0, set.span),
            (SetKind::Option, _) => self.check_whole(&what, value, 1.0, set.span),
            _ if value.is_finite() => Some(()),
            _ => self.error("number-range", format!("{what} is not finite"), set.span, ""),
        }
    }

    /// One training for each combination of the grid, with names that tell them apart. What `with`
    /// gives may be computed from what the grid gives, and from what stands before it.
    fn add_trainings(
        &mut self,
        base: &Training,
        settings: &[(String, SettingValue)],
        sets: &Sets,
        named: Option<&str>,
    ) {
        let total = sets.grid.iter().try_fold(1_usize, |n, (_, v)| n.checked_mul(v.len()));
        let left = limits::TRAININGS - self.out.trainings.len();
        if total.is_none_or(|n| n > left) {
            let message = format!("more than {} trainings", limits::TRAININGS);
            self.report(Diagnostic::error("limit-trainings", message, base.span, ""));
            return;
        }
        for i in 0..total.unwrap_or(1) {
            let mut training = base.clone();
            let mut rest = i;
            let mut all: Vec<(&Set, f64)> = Vec::new();
            for (set, values) in sets.grid.iter().rev() {
                all.push((set, values[rest % values.len()]));
                rest /= values.len();
            }
            all.reverse();
            let parts: Vec<String> = all.iter().map(|(s, x)| format!("{}={x}", s.name)).collect();
            let Some(given) = self.settled_sets(all, &sets.with) else { return };
            for (set, value) in &given {
                match set.kind {
                    SetKind::Option => training.options.push((set.name.clone(), Some(*value))),
                    SetKind::Size | SetKind::Constant => {
                        training.with.push((set.name.clone(), *value));
                    }
                    SetKind::Setting => {}
                }
            }
            for (name, value) in settings {
                let own =
                    |(set, _): &&(&Set, f64)| set.kind == SetKind::Setting && set.name == *name;
                let value = match given.iter().find(own) {
                    Some((_, value)) => *value,
                    None => self.setting_number(*value, &training.with),
                };
                training.settings.push((name.clone(), value));
            }
            let mut name = named.unwrap_or(&base.name).to_string();
            if !parts.is_empty() {
                name = format!("{name} {}", parts.join(" "));
            }
            training.name = self.unused_name(name, named.is_some(), base.span);
            self.out.trainings.push(training);
        }
    }

    /// What a training sets, all of it: the values of `with` at those of the grid.
    fn settled_sets<'s>(
        &mut self,
        grid: Vec<(&'s Set, f64)>,
        with: &'s [Set],
    ) -> Option<Vec<(&'s Set, f64)>> {
        let mut all = grid;
        let mut numbers: Vec<(String, f64)> = Vec::new();
        let computed = |set: &Set| matches!(set.kind, SetKind::Size | SetKind::Constant);
        numbers.extend(all.iter().filter(|(s, _)| computed(s)).map(|(s, x)| (s.name.clone(), *x)));
        for set in with {
            let value = self.constant_with(set.node, &numbers)?;
            self.check_set(set, value)?;
            if computed(set) {
                numbers.push((set.name.clone(), value));
            }
            all.push((set, value));
        }
        Some(all)
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

//! The rules behind `schedule`, `stop` and `clip`: which there are, and the numbers that they take.

/// A rule: `schedule plateau(factor = 0.1, patience = 10, least = 0)`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rule {
    /// `schedule`, `stop` or `clip`.
    pub word: &'static str,
    /// The rule's name behind that word.
    pub name: &'static str,
    /// The names of its numbers in their order, and what they are unless given.
    pub numbers: &'static [(&'static str, Option<f64>)],
}

const fn rule(
    word: &'static str,
    name: &'static str,
    numbers: &'static [(&'static str, Option<f64>)],
) -> Rule {
    Rule { word, name, numbers }
}

/// All rules. The defaults of those that are functions of the language are those functions' too.
pub static RULES: &[Rule] = &[
    rule("schedule", "constant", &[]),
    rule("schedule", "exponential", &[("rate", None)]),
    rule("schedule", "step", &[("every", None), ("factor", None)]),
    rule("schedule", "cosine", &[("least", Some(0.0))]),
    rule("schedule", "warmup", &[("n", None)]),
    rule("schedule", "onecycle", &[("up", Some(0.3)), ("first", Some(0.04)), ("last", Some(4e-6))]),
    rule(
        "schedule",
        "plateau",
        &[("factor", Some(0.1)), ("patience", Some(10.0)), ("least", Some(0.0))],
    ),
    rule("stop", "early", &[("patience", Some(10.0)), ("least", Some(0.0))]),
    rule("stop", "below", &[("limit", None)]),
    rule("clip", "norm", &[("limit", None)]),
    rule("clip", "value", &[("limit", None)]),
];

impl Rule {
    /// The rule called `name` behind `word`.
    ///
    /// ```
    /// use chainrule_graph::schedule::Rule;
    ///
    /// let early = Rule::find("stop", "early").unwrap();
    /// assert_eq!(early.numbers[0], ("patience", Some(10.0)));
    /// assert_eq!(early.completed(&[3.0]), Ok(vec![3.0, 0.0]));
    /// assert!(early.completed(&[3.0, 0.0, 1.0]).is_err());
    /// ```
    pub fn find(word: &str, name: &str) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.word == word && rule.name == name)
    }

    /// The least and the most numbers that it takes.
    pub fn arity(&self) -> (usize, usize) {
        let needed = self.numbers.iter().filter(|(_, default)| default.is_none()).count();
        (needed, self.numbers.len())
    }

    /// All its numbers, from those that are given by their places.
    ///
    /// # Errors
    ///
    /// They are too many, or one that has no default is missing.
    pub fn completed(&self, given: &[f64]) -> Result<Vec<f64>, String> {
        let (least, most) = self.arity();
        if given.len() > most {
            let (name, count) = (self.name, given.len());
            return Err(format!("`{name}` takes {least} to {most} numbers, {count} given"));
        }
        let value = |(at, (name, default)): (usize, &(&str, Option<f64>))| {
            let value = given.get(at).copied().or(*default);
            value.ok_or_else(|| format!("`{} {}` needs its number `{name}`", self.word, self.name))
        };
        self.numbers.iter().enumerate().map(value).collect()
    }
}

/// What is wrong with the numbers of a `schedule`, `stop` or `clip` rule, if something is.
pub fn misfit(word: &str, name: &str, numbers: &[f64]) -> Option<String> {
    let Some(rule) = Rule::find(word, name) else {
        return Some(format!("there is no {word} `{name}`"));
    };
    let numbers = match rule.completed(numbers) {
        Ok(numbers) => numbers,
        Err(message) => return Some(message),
    };
    let whole = |x: f64, least: f64| x >= least && x.fract() == 0.0;
    let share = |x: f64| x > 0.0 && x < 1.0;
    let (fine, must) = match (word, name, numbers.as_slice()) {
        ("schedule", "exponential", [rate]) => (*rate > 0.0, "a rate above 0"),
        ("schedule", "warmup", [n]) => (whole(*n, 1.0), "a whole number of updates"),
        ("schedule", "step", [every, factor]) => {
            let fine = whole(*every, 1.0) && *factor > 0.0;
            (fine, "a whole number of epochs and a factor above 0")
        }
        ("schedule", "cosine", [least]) => {
            ((0.0..=1.0).contains(least), "a least factor from 0 to 1")
        }
        ("schedule", "onecycle", [up, first, last]) => {
            let fine = share(*up) && *first >= 0.0 && *last >= 0.0;
            (fine, "a share between 0 and 1, then the first and the last factor, not below 0")
        }
        ("schedule", "plateau", [factor, patience, least]) => {
            let fine = share(*factor) && whole(*patience, 0.0) && *least >= 0.0;
            (fine, "a factor between 0 and 1, a whole number of epochs, a least improvement")
        }
        ("stop", "early", [patience, least]) => {
            let fine = whole(*patience, 0.0) && *least >= 0.0;
            (fine, "a whole number of epochs and a least improvement")
        }
        ("clip", _, [limit]) => (*limit > 0.0, "a number above 0"),
        _ => (true, ""),
    };
    (!fine).then(|| format!("`{word} {name}` takes {must}"))
}

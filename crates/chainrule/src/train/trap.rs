//! Where a number stopped being one: the steps since the last copy are done again, and the one that
//! went wrong is looked at instruction by instruction.

use chainrule_syntax::{Diagnostic, Span};

use super::keep::At;
use super::{Diverged, End, Trainer};
use crate::Error;

/// Parameters beyond this have run away.
const RUNAWAY: f64 = 1e6;
/// Data beyond this want a scale.
const UNSCALED: f64 = 100.0;

/// The values of an array.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) entries: usize,
    /// Of those that are not NaN.
    pub(super) least: f64,
    pub(super) greatest: f64,
    pub(super) nan: usize,
    pub(super) infinite: usize,
}

/// The first instruction that made something else than numbers.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Fault {
    /// What it computes, in the author's terms.
    pub(super) name: String,
    pub(super) span: Option<Span>,
    pub(super) reads: Vec<Seen>,
    /// The first array that is no longer finite.
    pub(super) wrote: Seen,
}

impl Seen {
    fn text(&self) -> String {
        let whole = self.nan + self.infinite < self.entries;
        // `z: W x` is the part `W x` of the line of `z`; several parts are computed at once.
        let first = self.name.split(';').next().unwrap_or(&self.name);
        let name = first.split_once(": ").map_or(first, |(_, term)| term);
        let mut parts = Vec::new();
        match self.entries {
            1 if whole => parts.push(format!("is {}", short(self.least))),
            _ if whole && self.least == self.greatest => {
                parts.push(format!("everywhere {}", short(self.least)));
            }
            _ if whole => {
                parts.push(format!("from {} to {}", short(self.least), short(self.greatest)));
            }
            _ => {}
        }
        for (count, what) in [(self.nan, "NaN"), (self.infinite, "infinite")] {
            if count > 0 {
                parts.push(if count == self.entries {
                    format!("all {what}")
                } else {
                    format!("{count} of {} entries {what}", self.entries)
                });
            }
        }
        format!("`{name}`: {}", parts.join(", "))
    }
}

/// A number with few digits.
fn short(value: f64) -> String {
    if value == 0.0 || (1e-3..1e6).contains(&value.abs()) {
        let text = format!("{value:.4}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        if text.is_empty() || text == "-" { "0".into() } else { text.into() }
    } else {
        format!("{value:.3e}")
    }
}

impl Trainer {
    /// The error for a training in which something is no number after the step of this number. The
    /// trainer is then before the first such step.
    pub(super) fn trap(&mut self, last: u64) -> Error {
        let found = self.traced(last);
        let step = self.at.step;
        self.records.retain(|record| record.step <= step);
        self.end = Some(End::Diverged);
        self.diverged = Some(Diverged { step: step + 1, message: self.words(&found) });
        Error::not_finite(self.model.source().clone(), found)
    }

    /// What is said of it in a line: the place first.
    fn words(&self, found: &Diagnostic) -> String {
        let line = self.model.source().line_of(found.span());
        let labels = found.labels.iter().map(|label| label.text.clone());
        let all: Vec<String> =
            labels.filter(|text| !text.is_empty()).chain(found.notes.iter().cloned()).collect();
        format!("{}: line {line}: {}", found.message, all.join("; "))
    }

    fn traced(&mut self, last: u64) -> Diagnostic {
        let Some(bad) = self.first_bad(last) else {
            let at = self.at;
            return self.no_number(&at, None);
        };
        self.back();
        while self.at.step < bad {
            if self.again().is_err() {
                break;
            }
        }
        let rows = self.inputs_and_rows();
        let taken = self.order.taken(self.at.position as usize, rows);
        let fault = self.machine.fault(&self.data, self.part(), taken, self.at.step);
        // The step is half done now.
        self.back();
        while self.at.step < bad {
            if self.again().is_err() {
                break;
            }
        }
        let at = self.at;
        self.no_number(&at, fault.as_ref())
    }

    /// The step (its number before it is done) after which something is no number.
    fn first_bad(&mut self, last: u64) -> Option<u64> {
        self.back();
        while self.at.step <= last {
            let step = self.at.step;
            match self.again() {
                Ok(loss) if loss.is_finite() && self.machine.is_finite() => {}
                _ => return Some(step),
            }
        }
        None
    }

    /// To the copy.
    fn back(&mut self) {
        if let Some(at) = self.keep.at
            && self.machine.write_all(&self.keep.values).is_ok()
        {
            self.at = at;
        }
    }

    /// A step that was done before.
    fn again(&mut self) -> Result<f64, Error> {
        let rows = self.inputs_and_rows();
        let loss = self.taken(rows)?;
        self.at.step += 1;
        self.at.position += rows as u64;
        self.at.loss_sum += loss * rows as f64;
        Ok(loss)
    }

    fn no_number(&self, at: &At, fault: Option<&Fault>) -> Diagnostic {
        let training = &self.module().trainings[self.which.training];
        let message = format!(
            "the training `{}` met a value that is no number in step {} (epoch {})",
            self.facts.name,
            at.step + 1,
            at.epoch + 1
        );
        let span = fault.and_then(|f| self.line(f)).unwrap_or(training.span);
        let label = fault.map_or(String::new(), |fault| fault.wrote.text());
        let mut found = Diagnostic::error("not-finite", message, span, label);
        if let Some(fault) = fault {
            if span == training.span {
                found = found.note(format!("it began in `{}`", fault.name));
            }
            for read in &fault.reads {
                found = found.note(format!("it reads {}", read.text()));
            }
        }
        let hint = self.hint(fault);
        found.note(hint)
    }

    /// The line to show: an instruction may compute several parts of several lines, and most of them
    /// make numbers of numbers.
    fn line(&self, fault: &Fault) -> Option<Span> {
        let module = self.module();
        let risky = |term: &str| {
            ["log(", "exp(", "sqrt(", "/", "^-"].iter().any(|word| term.contains(word))
        };
        let mut parts = fault.name.split("; ").filter_map(|part| part.split_once(": "));
        let owner = parts.find_map(|(owner, term)| {
            module.find(owner).filter(|_| risky(term)).and_then(|id| module.binding(id))
        });
        owner.map(|binding| binding.span).or(fault.span)
    }

    /// What to do about it.
    fn hint(&self, fault: Option<&Fault>) -> String {
        let text = fault.map_or("", |f| &f.name);
        let reads = fault.map_or(&[][..], |f| &f.reads);
        let extent = |names: &[&str]| {
            let own = reads.iter().filter(|r| names.is_empty() || names.contains(&&*r.name));
            own.map(|r| r.least.abs().max(r.greatest.abs())).fold(0.0, f64::max)
        };
        let parameters: Vec<&str> = self.facts_names();
        let (least, greatest) =
            reads.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), r| {
                (a.min(r.least), b.max(r.greatest))
            });
        if extent(&parameters) > RUNAWAY || self.machine.extent() > RUNAWAY {
            return "the parameters have run away: take a smaller `step`, or bound the gradient \
                    with `clip norm(1)`"
                .into();
        }
        if text.contains("log(") && least <= 0.0 {
            return "the logarithm of 0 is not finite: write the loss as `cross_entropy(z, y)` or \
                    `logsumexp(z) - z[y]` with the values before the softmax, or bound its argument \
                    from below: `log(max(p, ..))` entry by entry"
                .into();
        }
        if text.contains("sqrt(") && least < 0.0 {
            return "the square root of a negative number does not exist".into();
        }
        if (text.contains('/') || text.contains("^-")) && least <= 0.0 && greatest >= 0.0 {
            return "a division by 0: add a small constant below the line".into();
        }
        let data = self.facts_data();
        if extent(&data) > UNSCALED && !data.is_empty() {
            return format!(
                "the data reach {}: scale them where they are read, for example `/ 255` or \
                 `- mean / std`",
                short(extent(&data))
            );
        }
        if text.contains("exp(") && greatest > 80.0 {
            return format!(
                "`exp` of {} is too large: `softmax`, `logsumexp`, `sigmoid` and `softplus` have \
                 stable forms",
                short(greatest)
            );
        }
        "a smaller `step` may help, or a bound on the gradient: `clip norm(1)`".into()
    }

    /// Names of parameters.
    fn facts_names(&self) -> Vec<&str> {
        self.module().params().map(|(_, s)| s.name.as_str()).collect()
    }

    /// Names of data.
    fn facts_data(&self) -> Vec<&str> {
        let role =
            |s: &&chainrule_graph::module::Symbol| s.role == chainrule_graph::module::Role::Data;
        self.module().symbols.iter().filter(role).map(|s| s.name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, short};

    #[test]
    fn ranges_are_short() {
        let seen = |nan, infinite, entries| Seen {
            name: "p".into(),
            entries,
            least: 0.0,
            greatest: 0.25,
            nan,
            infinite,
        };
        assert_eq!(seen(0, 0, 6).text(), "`p`: from 0 to 0.25");
        assert_eq!(
            seen(2, 1, 6).text(),
            "`p`: from 0 to 0.25, 2 of 6 entries NaN, 1 of 6 entries infinite"
        );
        assert_eq!(seen(6, 0, 6).text(), "`p`: all NaN");
        assert_eq!(seen(0, 0, 1).text(), "`p`: is 0");
        assert_eq!(
            (short(1.5e9), short(-2.0), short(0.1)),
            ("1.500e9".into(), "-2".into(), "0.1".into())
        );
    }
}

//! Statements of line blocks.

use super::out::Out;
use super::rank::{Rank, ends_open, rank};
use crate::ast::{
    Amount, Assertion, CheckOption, Claim, Derive, DeriveOption, Expr, Name, Plot, PlotClause,
    PlotSubject, StatementKind, Train, TrainOption,
};
use crate::span::Span;

impl Out {
    pub(super) fn line(&mut self, kind: &StatementKind) {
        match kind {
            StatementKind::Claim(claim) => self.claim(claim),
            StatementKind::Derive(derive) => self.derive(derive),
            StatementKind::Train(train) => self.train(train),
            StatementKind::Show(list) => self.list(", ", list, |o, (name, value)| {
                o.push(&name.text);
                o.value(value.as_ref());
            }),
            StatementKind::Plot(plot) => self.plot(plot),
            StatementKind::Export(list) => self.list(", ", list, |o, (format, file)| {
                o.push(&format!("{} ", format.text));
                o.quoted(file);
            }),
            StatementKind::Check(names, options) => self.check(names, options),
            StatementKind::Broken(names) => {
                self.push("# a line that could not be read: ");
                self.names(names);
            }
            // The others are written by `statement` itself.
            _ => {}
        }
    }

    fn claim(&mut self, claim: &Claim) {
        self.quoted(&claim.name);
        if let Some(binders) = &claim.forall {
            self.push(" forall ");
            self.binders(", ", binders);
            self.push(":");
        }
        self.push(" ");
        self.at_least(&claim.first, Rank::Sum);
        match &claim.assertion {
            Assertion::Type(ty) => {
                self.push(" : ");
                self.type_expr(ty);
            }
            Assertion::Links(links) => {
                for (relation, side) in links {
                    self.push(&format!(" {} ", relation.text()));
                    self.at_least(side, Rank::Sum);
                }
            }
        }
        self.clauses(claim);
    }

    /// `if .. where .. for .. layout .. expect ..`, or in the author's order.
    fn clauses(&mut self, claim: &Claim) {
        let first = |defs: &[crate::ast::NamedExpr]| defs.first().map(|d| d.name.span);
        let mut places: [(usize, Option<Span>); 5] = [
            (0, claim.condition.as_ref().map(|c| c.span)),
            (1, first(&claim.locals)),
            (2, first(&claim.replaced)),
            (3, claim.layout.map(|(_, span)| span)),
            (4, claim.expect.map(|(_, span)| span)),
        ];
        if self.written {
            places.sort_by_key(|(_, span)| span.map(|s| s.start));
        }
        for (clause, _) in places.into_iter().filter(|(_, span)| span.is_some()) {
            match clause {
                0 => {
                    self.push(" if ");
                    claim.condition.iter().for_each(|c| self.expr(c));
                }
                1 => {
                    self.push(" where ");
                    self.defs(&claim.locals);
                }
                2 => {
                    self.push(" for ");
                    self.defs(&claim.replaced);
                }
                3 => claim.layout.iter().for_each(|(l, _)| self.clause("layout", l.text())),
                _ => claim.expect.iter().for_each(|(e, _)| self.clause("expect", e.text())),
            }
        }
    }

    fn derive(&mut self, derive: &Derive) {
        self.list(", ", &derive.targets, |o, target| {
            // The body of `sum[i] ..` would take the options for factors.
            let open = ends_open(target) && !derive.options.is_empty();
            o.wrapped(target, open || rank(target) < Rank::Reduction);
        });
        for option in &derive.options {
            match option {
                DeriveOption::Steps => self.push(" steps"),
                DeriveOption::Brief => self.push(" brief"),
                DeriveOption::Full => self.push(" full"),
                DeriveOption::Index => self.push(" index"),
                DeriveOption::Layout(layout) => self.clause("layout", layout.text()),
                DeriveOption::FormSample => self.push(" form sample"),
                DeriveOption::FormBatch => self.push(" form batch"),
            }
        }
    }

    fn train(&mut self, train: &Train) {
        self.push(&format!("{} by ", train.loss.text));
        self.applied(&train.optimizer);
        for option in &train.options {
            match option {
                TrainOption::Amount(word, Amount::Number(n)) => self.clause(&word.text, &n.text),
                TrainOption::Amount(word, Amount::Name(n)) => self.clause(&word.text, &n.text),
                TrainOption::As(name) => self.clause("as", &name.text),
                TrainOption::Applied(word, applied) => {
                    self.clause(&word.text, "");
                    self.applied(applied);
                }
                TrainOption::With(defs) => {
                    self.push(" with ");
                    self.defs(defs);
                }
                TrainOption::For(grid) => {
                    self.push(" for ");
                    self.grid(grid);
                }
            }
        }
    }

    /// `H in {2, 4}, epochs in {50, 100}`
    fn grid(&mut self, grid: &[(Name, Vec<Expr>)]) {
        self.list(", ", grid, |o, (name, values)| {
            o.push(&name.text);
            o.bracketed(" in {", "}", |o| {
                o.list(", ", values, |o, value| o.at_least(value, Rank::Sum));
            });
        });
    }

    fn plot(&mut self, plot: &Plot) {
        match &plot.subject {
            PlotSubject::Series(series) => self.list("; ", series, |o, series| {
                o.names(&series.names);
                if !series.on.is_empty() {
                    o.push(" on ");
                    o.names(&series.on);
                }
            }),
            PlotSubject::Picture(kind, value) => {
                self.push(&format!("{} {}", kind.text, value.text));
            }
        }
        for clause in &plot.clauses {
            match clause {
                PlotClause::Names(word, names) => {
                    self.clause(&word.text, "");
                    self.names(names);
                }
                PlotClause::To(file) => {
                    self.push(" to ");
                    self.quoted(file);
                }
            }
        }
    }

    fn check(&mut self, names: &[Name], options: &[CheckOption]) {
        self.names(names);
        if options.is_empty() {
            return;
        }
        self.push(" with ");
        self.list(", ", options, |o, option| match option {
            CheckOption::Random(name, first, last) => {
                o.push(&format!("random {} in {}..{}", name.text, first.text, last.text));
            }
            CheckOption::Number(word, number) => {
                o.push(&format!("{} {}", word.text, number.text));
            }
        });
    }
}

//! What is recorded: which quantities, on which parts, how often.

use chainrule_graph::{Module, SymbolId};
use chainrule_syntax::ast::{Plot, PlotClause, PlotSubject, StatementKind};

/// Most points of a curve against steps.
const MOST_POINTS: u64 = 500;

/// The quantities of a training and the parts they are evaluated on after every epoch.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Curves {
    /// The loss first, then those of `show`, then those of `plot`.
    pub(super) quantities: Vec<SymbolId>,
    /// Names of parts.
    pub(super) parts: Vec<String>,
    /// Whether a plot asks for values within an epoch.
    pub(super) within: bool,
}

impl Curves {
    /// Reads the `show` and `plot` lines. `parts` are those that the data have.
    pub(super) fn of(module: &Module, loss: SymbolId, parts: &[String]) -> Curves {
        let mut curves = Curves { quantities: vec![loss], parts: Vec::new(), within: false };
        for id in &module.metrics {
            curves.add(*id);
        }
        for kept in &module.kept {
            if let StatementKind::Plot(plot) = &kept.statement.kind {
                curves.plot(module, plot);
            }
        }
        // What a plot names and the data do not have cannot be drawn; the order is the data's.
        let named = std::mem::take(&mut curves.parts);
        let wanted = |part: &&String| named.is_empty() || named.contains(part);
        curves.parts = parts.iter().filter(wanted).cloned().collect();
        curves
    }

    fn add(&mut self, id: SymbolId) {
        if !self.quantities.contains(&id) {
            self.quantities.push(id);
        }
    }

    fn plot(&mut self, module: &Module, plot: &Plot) {
        let PlotSubject::Series(series) = &plot.subject else { return };
        for one in series {
            let known = one.names.iter().filter_map(|name| module.find(&name.text));
            known.for_each(|id| self.add(id));
            self.parts.extend(one.on.iter().map(|name| name.text.clone()));
        }
        for clause in &plot.clauses {
            let PlotClause::Names(word, names) = clause else { continue };
            match word.text.as_str() {
                "on" => self.parts.extend(names.iter().map(|name| name.text.clone())),
                "against" => self.within |= names.iter().any(|n| n.text != "epoch"),
                _ => {}
            }
        }
    }

    /// Also evaluates this part, if the data have it: a rule looks at it.
    pub(super) fn need(&mut self, part: &str) {
        if !self.parts.iter().any(|p| p == part) {
            self.parts.push(part.into());
        }
    }

    /// After how many steps there is a point within an epoch; `None` for only at its end.
    ///
    /// There are at most 500 points, and only so many that evaluating them costs no more than half
    /// of what the steps cost: a row evaluated is a third of a row trained.
    pub(super) fn interval(&self, steps: Option<u64>, batch: u64, evaluated: u64) -> Option<u64> {
        let steps = steps.filter(|_| self.within)?;
        let trained = u128::from(steps) * u128::from(batch);
        let affordable = 3 * trained / (2 * u128::from(evaluated.max(1)));
        let points = u128::from(MOST_POINTS).min(affordable);
        let points = u64::try_from(points).unwrap_or(MOST_POINTS);
        (points > 0).then(|| steps.div_ceil(points).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::Curves;

    fn curves(lines: &str) -> Curves {
        let text = format!(
            "size d = 2\nbatch N\ndata\n  x : R[d] per N\nparam\n  w : R[d] = 0\nnet\n  z = w^T x\n  \
             J = mean[N] z^2\n  K = ||w||^2\n{lines}"
        );
        let model = crate::Model::parse("t.eqn", text).expect("a model");
        let module = &model.modules()[0];
        let parts = ["train", "validation", "test"].map(String::from);
        Curves::of(module, module.find("J").expect("J"), &parts)
    }

    #[test]
    fn without_plots_every_part_is_looked_at() {
        let found = curves("show a = mean[N] z\n");
        assert_eq!((found.quantities.len(), found.parts.len(), found.within), (2, 3, false));
        assert_eq!(found.interval(Some(1000), 10, 100), None);
    }

    #[test]
    fn plots_say_which_parts() {
        let found = curves("plot J, K against step on train, test to \"a.svg\"\n");
        assert_eq!((found.quantities.len(), found.within), (2, true));
        assert_eq!(found.parts, ["train", "test"]);
    }

    #[test]
    fn points_are_few_and_cheap() {
        let found = curves("plot J against step on train to \"a.svg\"\n");
        // 10 epochs of 245 steps with 200 rows; every point looks at 50 000 rows.
        assert_eq!(found.interval(Some(2450), 200, 50_000), Some(175));
        assert_eq!(found.interval(Some(100_000), 128, 100), Some(200));
        assert_eq!(found.interval(Some(350), 110, 150), Some(1));
        assert_eq!(found.interval(None, 110, 150), None);
    }
}

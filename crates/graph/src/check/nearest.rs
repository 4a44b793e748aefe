//! The nearest true form of a claim that is false or ill-formed.
//!
//! One side of the link that breaks is changed, the likeliest slips first ([`crate::edit`]); then
//! two slips at once. A change is read like the author's text, so that shapes refuse most of them;
//! the rest are evaluated at one drawn point, where all that they share is computed once. Factors of
//! all and missing terms are not searched for: the quotient and the difference of the two sides at
//! the point tell them. What is left goes through the whole judgement of a claim, as it is printed.

mod accept;
mod scope;
pub(super) mod trial;
pub(super) mod values;

use chainrule_syntax::ast::{self, Assertion, Expr, ExprKind, Relation};

use super::Settings;
use super::claim::links::{self, Tested};
use crate::edit::{self, Edit, Kind, Vocabulary};
use crate::module::{Claim, Module};
use trial::{Trial, Tried};
use values::{Agreement, Values};

/// A true form near to a claim.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Nearest {
    /// The side that was changed; the whole equation if that is the left one.
    pub text: String,
    /// What was changed: `transpose hs`.
    pub edit: String,
}

/// How much is read for one side, in symbols of formulas.
const MOST: usize = 12_000;
/// What a change costs that is not read, because it was read before: a part of its symbols.
const AGAIN: usize = 4;
/// Formulas with more symbols are too long to be changed here and there.
const LONGEST: usize = 400;
/// In models with more terms nothing is looked for.
const LARGEST: usize = 100_000;
/// Values with so many entries on the way halve what is read.
const HEAVY: usize = 20_000;
/// So many are evaluated together.
const BATCH: usize = 256;
/// Most forms that are judged in full for one side and number of changes.
const JUDGED: usize = 6;
/// Pairs of changes whose costs come to more are not tried.
const FAR: u32 = 7;

/// Looks for the nearest true form of a claim that does not hold; `broken` is the link that fails,
/// if its shapes fit.
pub(super) fn nearest(
    module: &Module,
    claim: &Claim,
    broken: Option<usize>,
    settings: &Settings,
) -> Option<Nearest> {
    let Assertion::Links(written) = &claim.written.assertion else { return None };
    let sides: Vec<Expr> = std::iter::once(&claim.written.first)
        .chain(written.iter().map(|(_, e)| e))
        .map(edit::plain)
        .collect();
    let long = sides.iter().any(|side| edit::tree::symbols(side) > LONGEST);
    if long || module.graph.len() > LARGEST {
        return None;
    }
    let mut trial = Trial::of(module, claim);
    let (link, which) = trial.fault(&sides, written, broken, settings)?;
    let pair = [sides[link].clone(), sides[link + 1].clone()];
    // What is differentiated is what the formula at the other side is about.
    let asked = |side: usize| edit::tree::holds(&pair[side], &is_derivative);
    let swapped = [0, 1];
    let which = if which.len() == 2 && asked(1) && !asked(0) { &swapped } else { which };
    for (at, side) in which.iter().enumerate() {
        let mut search = Search::new(&mut trial, pair.clone(), *side, settings)?;
        // Of what the formula is about nothing but the layout is doubted: with other changes an
        // equation of something else would be true.
        let found = if at == 0 { search.run() } else { search.turned() };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Whether this is a derivative, by an operator or a prime.
fn is_derivative(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Derivative { .. } => true,
        ExprKind::Call { function, primes, .. } => {
            *primes > 0 || ["grad", "jac", "jacr", "hess", "hvp"].contains(&function.text.as_str())
        }
        _ => false,
    }
}

/// Fewest changes first; of one change the likeliest kind, of two the least sum of costs; then the
/// shortest.
type Rank = (u32, u32, usize, Kind);

/// A form that holds at the first point.
struct Hit {
    rank: Rank,
    expr: Expr,
    what: String,
}

/// The search on one side.
struct Search<'t> {
    trial: &'t mut Trial,
    /// Both sides as written.
    pair: [Expr; 2],
    /// Which is changed.
    side: usize,
    vocabulary: Vocabulary,
    values: Values,
    settings: Settings,
    left: usize,
}

impl<'t> Search<'t> {
    fn new(
        trial: &'t mut Trial,
        pair: [Expr; 2],
        side: usize,
        settings: &Settings,
    ) -> Option<Search<'t>> {
        trial.start(&pair, side)?;
        if links::work(trial.module(), &trial.alone()?, settings).ok()? > links::HEAVY {
            return None;
        }
        let vocabulary = trial.vocabulary(&pair[1 - side]);
        let values = trial.values(settings)?;
        let left = MOST * HEAVY / (HEAVY + trial.weight(&values));
        Some(Search { trial, pair, side, vocabulary, values, settings: *settings, left })
    }

    fn run(&mut self) -> Option<Nearest> {
        let original = self.pair[self.side].clone();
        let edits = edit::edits(&original, &self.vocabulary);
        // One change; on the way, two of which one is a factor of all.
        let mut one = Vec::new();
        let mut two = Vec::new();
        let zero = self.read([(original.clone(), None)]);
        for (tried, found) in self.evaluated(zero) {
            self.collect(&tried, &found, &mut one);
            one.extend(self.missing_terms(&tried));
        }
        let single = edits.iter().filter_map(|e| Some((e.apply(&original)?, Some((e, None)))));
        let tried = self.read(single);
        for (tried, found) in self.evaluated(tried) {
            let list = if matches!(found, Agreement::Same) { &mut one } else { &mut two };
            self.collect(&tried, &found, list);
        }
        if let Some(found) = self.best(one) {
            return Some(found);
        }
        if let Some(found) = self.best(two) {
            return Some(found);
        }
        self.pairs(&original, &edits)
    }

    /// The side as a whole, transposed.
    fn turned(&mut self) -> Option<Nearest> {
        let original = self.pair[self.side].clone();
        let zero = self.read([(original, None)]);
        let mut hits = Vec::new();
        for (tried, found) in self.evaluated(zero) {
            if matches!(found, Agreement::Turned) {
                self.collect(&tried, &found, &mut hits);
            }
        }
        self.best(hits)
    }

    /// Two changes, the likeliest pairs first.
    fn pairs(&mut self, original: &Expr, edits: &[Edit]) -> Option<Nearest> {
        for total in 2..=FAR {
            let mut batch = Vec::new();
            for (at, first) in edits.iter().enumerate() {
                if first.kind.cost() + 1 > total {
                    continue;
                }
                let rest = total - first.kind.cost();
                for second in edits[at + 1..].iter().filter(|e| e.kind.cost() == rest) {
                    let Some(changed) = first.apply_with(second, original) else {
                        self.left = self.left.saturating_sub(1);
                        continue;
                    };
                    batch.push((changed, Some((first, Some(second)))));
                    if batch.len() >= BATCH {
                        let found = self.batch(std::mem::take(&mut batch));
                        if found.is_some() || self.left == 0 {
                            return found;
                        }
                    }
                }
            }
            let found = self.batch(batch);
            if found.is_some() || self.left == 0 {
                return found;
            }
        }
        None
    }

    fn batch(&mut self, batch: Vec<Candidate<'_>>) -> Option<Nearest> {
        let mut hits = Vec::new();
        let tried = self.read(batch);
        for (tried, found) in self.evaluated(tried) {
            if matches!(found, Agreement::Same) {
                self.collect(&tried, &found, &mut hits);
            }
        }
        self.best(hits)
    }

    /// Reads forms, as long as there are some left; what does not conform is dropped.
    fn read<'e>(&mut self, candidates: impl IntoIterator<Item = Candidate<'e>>) -> Vec<Tried> {
        let mut read = Vec::new();
        for (expr, by) in candidates {
            if self.left == 0 {
                break;
            }
            let text = chainrule_syntax::print::expr(&expr);
            let symbols = edit::tree::symbols(&expr) + 4;
            let new = self.trial.is_new(&text);
            self.left = self.left.saturating_sub(if new { symbols } else { symbols / AGAIN });
            if !new {
                continue;
            }
            let (rank, what) = described(by);
            if let Some((nodes, fits)) = self.trial.read(&self.pair, self.side, &expr) {
                read.push(Tried { expr, what, rank, length: text.len(), nodes, fits });
            }
        }
        read
    }

    /// What each form is at the point.
    fn evaluated(&self, tried: Vec<Tried>) -> Vec<(Tried, Agreement)> {
        let mut it = self.values.open(self.trial.module());
        let mut found = Vec::new();
        for tried in tried {
            let agreement = it.as_mut().map_or(Agreement::None, |it| {
                self.values.compare(it, &tried, self.side, self.trial.condition())
            });
            if !matches!(agreement, Agreement::None) {
                found.push((tried, agreement));
            }
        }
        found
    }

    fn collect(&self, tried: &Tried, found: &Agreement, hits: &mut Vec<Hit>) {
        let (changes, cost, kind) = tried.rank;
        // Of one change the kind counts, of two the costs.
        let further = |next: Kind| match changes {
            0 => next as u32,
            _ => kind.cost() + next.cost(),
        };
        let with = |what: &str| match tried.what.is_empty() {
            true => what.to_owned(),
            false => format!("{}; {what}", tried.what),
        };
        match found {
            Agreement::None => {}
            Agreement::Same => hits.push(Hit {
                rank: (changes, cost, tried.length, kind),
                expr: tried.expr.clone(),
                what: tried.what.clone(),
            }),
            Agreement::Turned => {
                let kind = kind.max(Kind::Transpose);
                let scalar = |name: &str| {
                    let known = self.vocabulary.values.iter().find(|v| v.name == name);
                    known.is_some_and(|v| v.dims.is_empty())
                        || self.vocabulary.sizes.iter().any(|size| size == name)
                };
                let whole = edit::tree::transpose(&tried.expr);
                let forms = std::iter::once(whole).chain(edit::tree::turned(&tried.expr, &scalar));
                for form in forms {
                    let expr = edit::tree::tidy(&form);
                    let length = chainrule_syntax::print::expr(&expr).len();
                    let rank = (changes + 1, further(Kind::Transpose), length, kind);
                    hits.push(Hit { rank, expr, what: with("transpose of all") });
                }
            }
            Agreement::Factor(factors) => {
                for (factor, what, cheap) in factors {
                    if factor.name().is_some_and(|name| self.trial.is_name_for_fixed(name)) {
                        continue;
                    }
                    let scale = if *cheap { Kind::Sign } else { Kind::Scale };
                    let (cost, kind) = (further(scale), scale.max(kind));
                    let expr = factor.apply(&tried.expr);
                    let length = chainrule_syntax::print::expr(&expr).len();
                    hits.push(Hit {
                        rank: (changes + 1, cost, length, kind),
                        expr,
                        what: with(what),
                    });
                }
            }
        }
    }

    /// The difference of the sides, if a value in scope times a simple factor is all of it.
    fn missing_terms(&mut self, tried: &Tried) -> Vec<Hit> {
        if !tried.fits {
            return Vec::new();
        }
        let names = self.trial.value_nodes(&self.vocabulary);
        let Some(mut it) = self.values.open(self.trial.module()) else { return Vec::new() };
        let terms = self.values.differences(&mut it, tried, self.side, &names);
        let hit = |(term, sign): (Expr, ast::Sign)| {
            let what = format!("term {} missing", chainrule_syntax::print::expr(&term));
            let terms = vec![(ast::Sign::Plus, tried.expr.clone()), (sign, term)];
            let expr = edit::tree::tidy(&edit::tree::sum(terms));
            let length = chainrule_syntax::print::expr(&expr).len();
            Hit { rank: (1, Kind::Term as u32, length, Kind::Term), expr, what }
        };
        terms.into_iter().map(hit).collect()
    }

    /// The first of the hits that is judged to be true.
    fn best(&mut self, mut hits: Vec<Hit>) -> Option<Nearest> {
        hits.sort_by_key(|h| h.rank);
        for hit in hits.into_iter().take(JUDGED) {
            if let Some(text) =
                accept::accepted(self.trial, &self.pair, self.side, &hit.expr, &self.settings)
            {
                return Some(Nearest { text, edit: hit.what });
            }
        }
        None
    }
}

/// A form with the changes that made it.
type Candidate<'e> = (Expr, Option<(&'e Edit, Option<&'e Edit>)>);

/// How far a form is from what was written, and what was done to it.
fn described(by: Option<(&Edit, Option<&Edit>)>) -> ((u32, u32, Kind), String) {
    match by {
        None => ((0, 0, Kind::Transpose), String::new()),
        Some((one, None)) => ((1, one.kind as u32, one.kind), one.what.clone()),
        Some((one, Some(two))) => {
            let cost = one.kind.cost() + two.kind.cost();
            ((2, cost, one.kind.max(two.kind)), format!("{}; {}", one.what, two.what))
        }
    }
}

/// Whether a chain is one of equations.
fn is_equation(relation: Relation) -> bool {
    relation == Relation::Equal
}

/// The link of a test that breaks.
fn broken_link(tested: &Tested) -> Option<usize> {
    tested.broken.as_ref().map(|b| b.link)
}

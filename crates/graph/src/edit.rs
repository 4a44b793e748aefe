//! Small changes of a formula: what people mistake for what.
//!
//! One list serves twice. The judge looks among the changes of a false claim for one that is true:
//! the change says what went wrong. The tests change true claims, and see that no change is taken
//! for true that is not. The kinds are those of the slips that were found in reports: a transpose, a
//! sign, a factor, two factors swapped, another name, another function, an index, an element-wise
//! product for a matrix product, a term outside its sum.

mod insert;
mod leaf;
mod product;
mod slope;
mod sum;
pub(crate) mod tree;

use chainrule_syntax::ast::{Expr, ExprKind};
pub(crate) use insert::times;
pub(crate) use slope::slope;

/// The kinds of change, likely slips first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A transpose is missing.
    Transpose,
    /// A transpose too many.
    DropTranspose,
    /// Two factors stand in the other order.
    Swap,
    /// The sign of a term, or of all.
    Sign,
    /// A number: 2 for 1, a division too many.
    Number,
    /// A matrix product for an element-wise one, or the other way round.
    Product,
    /// A term too many.
    DropTerm,
    /// A factor too many.
    DropFactor,
    /// Another name.
    Name,
    /// Another index.
    Index,
    /// Another function, norm or comparison.
    Function,
    /// A Kronecker delta is missing.
    Delta,
    /// `a^T` written for `kron(a^T, I)`.
    Factor,
    /// A square is missing, or too many.
    Square,
    /// A `diag` is missing, or too many; ones for the identity.
    Diagonal,
    /// Parentheses; a term inside or outside a sum.
    Grouping,
    /// A factor of all: 2, 1/2, N, 1/N.
    Scale,
    /// A factor is missing: a value, an upstream gradient.
    Insert,
    /// A term is missing.
    Term,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Kind; 19] = [
        Kind::Transpose,
        Kind::DropTranspose,
        Kind::Swap,
        Kind::Sign,
        Kind::Number,
        Kind::Product,
        Kind::DropTerm,
        Kind::DropFactor,
        Kind::Name,
        Kind::Index,
        Kind::Function,
        Kind::Delta,
        Kind::Factor,
        Kind::Square,
        Kind::Diagonal,
        Kind::Grouping,
        Kind::Scale,
        Kind::Insert,
        Kind::Term,
    ];

    /// How far-fetched a change of this kind is: pairs are tried by the sum of it.
    pub(crate) fn cost(self) -> u32 {
        match self {
            Kind::Transpose | Kind::DropTranspose | Kind::Swap | Kind::Sign => 1,
            Kind::Number | Kind::Product | Kind::DropTerm | Kind::DropFactor => 2,
            Kind::Delta | Kind::Factor | Kind::Scale => 2,
            Kind::Name | Kind::Index | Kind::Square | Kind::Diagonal | Kind::Grouping => 3,
            Kind::Function | Kind::Term => 4,
            Kind::Insert => 5,
        }
    }
}

/// A named value that a formula may read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    /// The name.
    pub name: String,
    /// Its sizes, as the language writes them; none for a number.
    pub dims: Vec<String>,
    /// Whether it is a class label.
    pub label: bool,
}

/// What is in scope where a formula stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Vocabulary {
    /// The named values.
    pub values: Vec<Known>,
    /// The size names.
    pub sizes: Vec<String>,
    /// The batch axes.
    pub batches: Vec<String>,
    /// The indices of the claim with their ranges, if those are written.
    pub indices: Vec<(String, Option<String>)>,
    /// What the other side differentiates, if that is a name.
    pub loss: Option<String>,
    /// Whether the other side is a Jacobian; and whether its order is by rows.
    pub jacobian: Option<bool>,
    /// Slopes of the functions that the file applies, as formulas, and whether each is a number.
    pub slopes: Vec<(Expr, bool)>,
    /// Whether names, functions, indices and insertions are changed too; without them the changes
    /// are those of the structure alone.
    pub rich: bool,
}

impl Vocabulary {
    fn value(&self, name: &str) -> Option<&Known> {
        self.values.iter().find(|v| v.name == name)
    }
}

type Change = Box<dyn Fn(&Expr) -> Option<Expr>>;

/// One change of a formula.
pub struct Edit {
    /// Its kind.
    pub kind: Kind,
    /// What it does, in a few words: `transpose hs`.
    pub what: String,
    /// Where: the child to take at each node.
    path: Vec<usize>,
    change: Change,
}

impl std::fmt::Debug for Edit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edit").field("kind", &self.kind).field("what", &self.what).finish()
    }
}

impl Edit {
    /// The formula with this change; `None` if it does not apply to it.
    ///
    /// ```
    /// use chainrule_graph::edit::{Kind, Vocabulary, edits, plain};
    /// use chainrule_syntax::{ast::StatementKind, parse, print};
    ///
    /// let parsed = parse("net f = (a - b) c");
    /// let StatementKind::Definition(f) = &parsed.file.blocks[0].statements[0].kind else { panic!() };
    /// let formula = plain(&f.value);
    /// let all = edits(&formula, &Vocabulary::default());
    /// let texts: Vec<String> =
    ///     all.iter().filter_map(|e| e.apply(&formula)).map(|e| print::expr(&e)).collect();
    /// assert!(texts.contains(&"(a - b) c^T".to_string()));
    /// assert!(texts.contains(&"c (a - b)".to_string()));
    /// assert!(texts.contains(&"(a + b) c".to_string()));
    /// ```
    pub fn apply(&self, formula: &Expr) -> Option<Expr> {
        self.raw(formula).map(|e| tree::tidy(&e))
    }

    fn raw(&self, formula: &Expr) -> Option<Expr> {
        tree::changed(formula, &self.path, &|node| (self.change)(node))
    }

    /// The formula with both changes, the inner one first; `None` if they do not go together.
    pub fn apply_with(&self, other: &Edit, formula: &Expr) -> Option<Expr> {
        let (inner, outer) =
            if self.path.len() >= other.path.len() { (self, other) } else { (other, self) };
        let once = inner.raw(formula)?;
        Some(tree::tidy(&outer.raw(&once)?))
    }
}

/// The formula without parentheses that its structure does not need.
pub fn plain(formula: &Expr) -> Expr {
    tree::tidy(&tree::without_parentheses(formula))
}

/// Every change of a formula that is known, likely slips first.
///
/// ```
/// use chainrule_graph::edit::{Vocabulary, edits, plain};
/// use chainrule_syntax::{ast::StatementKind, parse};
///
/// let parsed = parse("net f = W x + b");
/// let StatementKind::Definition(f) = &parsed.file.blocks[0].statements[0].kind else { panic!() };
/// let all = edits(&plain(&f.value), &Vocabulary::default());
/// assert_eq!(all[0].what, "transpose W");
/// ```
pub fn edits(formula: &Expr, vocabulary: &Vocabulary) -> Vec<Edit> {
    let mut all = All { vocabulary, found: Vec::new() };
    let place = Place { indices: vocabulary.indices.clone(), ..Place::default() };
    all.walk(formula, &place);
    all.root(formula);
    all.found.sort_by_key(|e| e.kind);
    all.found
}

/// Where a node stands.
#[derive(Clone, Default)]
struct Place {
    path: Vec<usize>,
    /// The indices that are bound here.
    indices: Vec<(String, Option<String>)>,
    /// Whether a transpose stands directly around it.
    transposed: bool,
    /// Whether it is a factor of a product.
    factor: bool,
    /// Whether it stands in brackets, where indices are.
    index: bool,
}

/// Collects the changes of all nodes.
struct All<'v> {
    vocabulary: &'v Vocabulary,
    found: Vec<Edit>,
}

impl All<'_> {
    fn walk(&mut self, e: &Expr, place: &Place) {
        self.leaf(e, place);
        match &e.kind {
            ExprKind::Sum(terms) => self.sum(terms, place),
            ExprKind::Product { first, rest } => {
                self.product(first, rest, place);
                self.slopes_missing(rest, place);
            }
            ExprKind::Big { .. } => self.big(e, place),
            _ => {}
        }
        let inside = match &e.kind {
            ExprKind::Big { binders, .. } => {
                let named = binders.iter().map(|b| {
                    let range = b.range.as_ref().map(chainrule_syntax::print::expr);
                    (b.name.text.clone(), range)
                });
                place.indices.iter().cloned().chain(named).collect()
            }
            _ => place.indices.clone(),
        };
        for (at, child) in tree::children(e).into_iter().enumerate() {
            let mut path = place.path.clone();
            path.push(at);
            let below = Place {
                path,
                indices: inside.clone(),
                transposed: matches!(e.kind, ExprKind::Transpose(_)),
                factor: matches!(e.kind, ExprKind::Product { .. }),
                index: matches!(e.kind, ExprKind::Access { .. }) && at > 0,
            };
            self.walk(child, &below);
        }
    }

    /// A change at a place.
    fn add(
        &mut self,
        kind: Kind,
        place: &Place,
        what: impl Into<String>,
        change: impl Fn(&Expr) -> Option<Expr> + 'static,
    ) {
        let (what, path) = (what.into(), place.path.clone());
        self.found.push(Edit { kind, what, path, change: Box::new(change) });
    }

    /// A change that puts another formula there.
    fn put(&mut self, kind: Kind, place: &Place, what: impl Into<String>, new: Expr) {
        self.add(kind, place, what, move |_| Some(new.clone()));
    }
}

/// A formula in a message, not too long.
fn short(e: &Expr) -> String {
    let text = chainrule_syntax::print::expr(e);
    if text.chars().count() <= 40 {
        return text;
    }
    text.chars().take(38).chain("..".chars()).collect()
}

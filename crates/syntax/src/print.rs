//! The tree as text: canonical, in ASCII, one statement on one line.
//!
//! Reading the printed text gives the tree back, places aside. The tree of a parsed file holds the
//! author's parentheses; a tree built by a program need not hold any, so the printer adds those
//! that the reading requires: `Product[Sum[a, b], c]` prints `(a + b) c`. It also adds some where
//! the language refuses to choose, `(A .* B) C`, and where people stumble, between `and` and `or`.
//!
//! A few things the grammar settles by the place, so a built tree must mind them: the test of an
//! indicator is a comparison, `sum(i in n: ..)` has a range for its first index, and a name that
//! is called in the file cannot stand for a value.

mod expr;
mod file;
mod index;
mod line;
mod out;
mod primary;
mod product;
mod rank;
mod statement;

use crate::ast;
use crate::span::Span;
use out::Out;

/// A part of a printed expression with the place it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// The printed text.
    pub text: String,
    /// The place of a name, a function or a number in the source; empty for everything else, and
    /// for trees that were not parsed.
    pub span: Span,
}

/// Prints an expression.
///
/// ```
/// use chainrule_syntax::ast::{Expr, ExprKind, Factor, ProductOp, Sign};
/// use chainrule_syntax::{Span, print};
///
/// let node = |kind| Expr { kind, span: Span::default() };
/// let name = |text: &str| node(ExprKind::Name(text.into()));
/// let sum = node(ExprKind::Sum(vec![(Sign::Plus, name("a")), (Sign::Minus, name("b"))]));
/// let value = node(ExprKind::Transpose(Box::new(sum)));
/// let factor = Factor { op: ProductOp::Juxtaposition, op_span: Span::default(), value };
/// let product = ExprKind::Product { first: Box::new(name("C")), rest: vec![factor] };
/// assert_eq!(print::expr(&node(product)), "C (a - b)^T");
/// ```
pub fn expr(expr: &ast::Expr) -> String {
    let mut out = Out::canonical();
    out.expr(expr);
    out.text
}

/// Prints an expression in pieces, so that a caller can put something under each symbol.
///
/// The pieces stand in order and their texts, put together, are the text of [`expr`].
///
/// ```
/// use chainrule_syntax::ast::StatementKind;
/// use chainrule_syntax::{parse, print};
///
/// let text = "net z = W*x";
/// let parsed = parse(text);
/// let StatementKind::Definition(z) = &parsed.file.blocks[0].statements[0].kind else { panic!() };
/// let pieces = print::expr_pieces(&z.value);
/// let texts: Vec<&str> = pieces.iter().map(|p| &*p.text).collect();
/// assert_eq!(texts, ["W", " * ", "x"]);
/// assert_eq!(pieces[2].span.text(text), "x");
/// ```
pub fn expr_pieces(expr: &ast::Expr) -> Vec<Piece> {
    let mut out = Out::marking();
    out.expr(expr);
    out.into_pieces()
}

/// Prints a type: `R[H, d]`, `label[K][N]`.
///
/// ```
/// use chainrule_syntax::ast::{TypeExpr, TypeWord};
/// use chainrule_syntax::{Span, print};
///
/// let scalar = TypeExpr { word: TypeWord::Positive, brackets: vec![], span: Span::default() };
/// assert_eq!(print::type_expr(&scalar), "R+");
/// ```
pub fn type_expr(ty: &ast::TypeExpr) -> String {
    let mut out = Out::canonical();
    out.type_expr(ty);
    out.text
}

/// Prints a statement on one line, without the word of its block.
///
/// A [`Broken`](ast::StatementKind::Broken) statement gives a comment: its text is not in the tree.
///
/// ```
/// let parsed = chainrule_syntax::parse("param\n  W:R[H,d]~normal(0,0.1)\n");
/// let statement = &parsed.file.blocks[0].statements[0];
/// assert_eq!(chainrule_syntax::print::statement(statement), "W : R[H, d] ~ normal(0, 0.1)");
/// ```
pub fn statement(statement: &ast::Statement) -> String {
    let mut out = Out::canonical();
    out.statement(&statement.kind);
    out.text
}

/// A statement in the author's words: what the tree says in one order only, the source may have in
/// another (the clauses of a claim), and parentheses are those of the source.
pub(crate) fn statement_as_written(statement: &ast::Statement) -> String {
    let mut out = Out::as_written();
    out.statement(&statement.kind);
    out.text
}

/// Prints a whole file: its blocks in order, without comments.
///
/// [`format`](mod@crate::format) is what tidies an author's text; this is for trees.
///
/// ```
/// let parsed = chainrule_syntax::parse("size n # rows\ngiven x:R[n]\nclaim \"c\" x^T x=||x||^2");
/// assert_eq!(
///     chainrule_syntax::print::file(&parsed.file),
///     "size n\n\ngiven\n  x : R[n]\n\nclaim \"c\" x^T x = ||x||^2\n"
/// );
/// ```
pub fn file(file: &ast::File) -> String {
    let mut out = Out::canonical();
    out.file(file);
    out.text
}

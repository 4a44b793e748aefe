//! Indices, which print without blanks where they are affine, and types.

use super::out::Out;
use super::rank::{Rank, is_affine, is_multiple, strip};
use crate::ast::{Entry, Expr, ExprKind, Index, TypeExpr};

impl Out {
    /// `[i,j+1]`, `[:,i]`, `[u+i,v+j; pad]`
    pub(super) fn indices(&mut self, indices: &[Index], pad: bool) {
        let separator = if indices.iter().all(is_tight) { "," } else { ", " };
        self.bracketed("[", "]", |o| {
            o.list(separator, indices, |o, index| match index {
                Index::All(_) => o.push(":"),
                Index::At(at) if is_affine(at) => o.affine(at),
                Index::At(at) => o.at_least(at, Rank::Sum),
            });
            if pad {
                o.push("; pad");
            }
        });
    }

    /// An affine expression without blanks.
    pub(super) fn affine(&mut self, expr: &Expr) {
        match &strip(expr).kind {
            ExprKind::Negative(inner) => {
                self.push("-");
                self.affine(inner);
            }
            ExprKind::Sum(terms) => self.sum(terms, expr.span, true),
            ExprKind::Product { first, rest } if is_multiple(expr) => {
                self.expr(first);
                self.expr(&rest[0].value);
            }
            _ => self.expr(expr),
        }
    }

    /// `dJ/dW`, `dJ/d{W, b}`, `dZ[i,j]/dW[k,l]`
    pub(super) fn derivative(&mut self, of: &Entry, by: &[Entry], braces: bool) {
        self.entry("d", of);
        self.push("/");
        if braces {
            self.bracketed("d{", "}", |o| o.list(", ", by, |o, entry| o.entry("", entry)));
        } else {
            self.list("", by, |o, entry| o.entry("d", entry));
        }
    }

    fn entry(&mut self, d: &str, entry: &Entry) {
        self.mark(&format!("{d}{}", entry.name.text), entry.name.span);
        if let Some(indices) = &entry.indices {
            self.indices(indices, false);
        }
    }

    /// `R[H, d]`
    pub(super) fn type_expr(&mut self, ty: &TypeExpr) {
        self.push(ty.word.text());
        for sizes in &ty.brackets {
            self.bracketed("[", "]", |o| {
                o.list(", ", sizes, |o, size| o.at_least(size, Rank::Sum));
            });
        }
    }
}

/// Whether an index prints without a blank: affine, or the entry or function of a symbol. A deeper
/// look would take too much time in nested indices.
fn is_tight(index: &Index) -> bool {
    let Index::At(at) = index else { return true };
    match &strip(at).kind {
        ExprKind::Access { base, indices, pad: false, .. } => {
            is_symbol(base) && indices.iter().all(|i| matches!(i, Index::At(e) if is_affine(e)))
        }
        ExprKind::Call { args, .. } => {
            args.len() == 1 && args[0].name.is_none() && is_symbol(&args[0].value)
        }
        _ => is_affine(at),
    }
}

fn is_symbol(expr: &Expr) -> bool {
    matches!(strip(expr).kind, ExprKind::Name(_))
}

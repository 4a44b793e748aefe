//! The expressions that a node of the syntax tree, or a statement, is made of: always in the same
//! order, so that a built tree and a read one can be walked side by side.

use chainrule_syntax::ast::{Assertion, Expr, ExprKind, Index, Initial, StatementKind, TypeExpr};

/// The parts of an expression. The entries of a `dJ/dW` are names and no parts.
pub(super) fn of_expr(kind: &mut ExprKind) -> Vec<&mut Expr> {
    match kind {
        ExprKind::Number(_)
        | ExprKind::Name(_)
        | ExprKind::Next(_)
        | ExprKind::Derivative { .. } => Vec::new(),
        ExprKind::Paren(x)
        | ExprKind::Negative(x)
        | ExprKind::Transpose(x)
        | ExprKind::InverseTranspose(x)
        | ExprKind::Indicator(x)
        | ExprKind::Norm(x, _)
        | ExprKind::Not(x) => vec![x],
        ExprKind::Power(a, b) | ExprKind::DotPower(a, b) | ExprKind::Compare(_, a, b) => vec![a, b],
        ExprKind::Sum(terms) => terms.iter_mut().map(|(_, term)| term).collect(),
        ExprKind::Product { first, rest } => {
            let mut out: Vec<&mut Expr> = vec![first];
            out.extend(rest.iter_mut().map(|factor| &mut factor.value));
            out
        }
        ExprKind::Logic { first, rest } => {
            let mut out: Vec<&mut Expr> = vec![first];
            out.extend(rest.iter_mut().map(|(_, test)| test));
            out
        }
        ExprKind::Access { base, indices, .. } => {
            let mut out: Vec<&mut Expr> = vec![base];
            out.extend(indices.iter_mut().filter_map(|index| match index {
                Index::All(_) => None,
                Index::At(at) => Some(at),
            }));
            out
        }
        ExprKind::Call { args, .. } => args.iter_mut().map(|arg| &mut arg.value).collect(),
        ExprKind::Big { binders, body, .. } => {
            let mut out: Vec<&mut Expr> =
                binders.iter_mut().filter_map(|binder| binder.range.as_mut()).collect();
            out.push(body);
            out
        }
    }
}

/// The expressions of a statement.
pub(super) fn of_statement(kind: &mut StatementKind) -> Vec<&mut Expr> {
    let mut out = Vec::new();
    match kind {
        StatementKind::Sizes(list) => out.extend(list.iter_mut().filter_map(|s| s.value.as_mut())),
        StatementKind::Consts(list) => out.extend(list.iter_mut().map(|c| &mut c.value)),
        StatementKind::Declaration(declaration) => {
            of_type(&mut declaration.ty, &mut out);
            match &mut declaration.initial {
                Initial::Value(value) => out.push(value),
                Initial::Drawn(drawn) => {
                    out.extend(drawn.args.iter_mut().flatten().map(|arg| &mut arg.value));
                }
                Initial::None | Initial::Source(_) => {}
            }
        }
        StatementKind::Definition(definition) => {
            out.extend(definition.indices.iter_mut().flatten());
            definition.ty.iter_mut().for_each(|ty| of_type(ty, &mut out));
            out.push(&mut definition.value);
        }
        StatementKind::Claim(claim) => {
            let binders = claim.forall.iter_mut().flatten();
            out.extend(binders.filter_map(|binder| binder.range.as_mut()));
            out.push(&mut claim.first);
            match &mut claim.assertion {
                Assertion::Type(ty) => of_type(ty, &mut out),
                Assertion::Links(links) => out.extend(links.iter_mut().map(|(_, side)| side)),
            }
            out.extend(&mut claim.condition);
            out.extend(claim.replaced.iter_mut().map(|replaced| &mut replaced.value));
        }
        StatementKind::Derive(derive) => out.extend(&mut derive.targets),
        StatementKind::Show(list) => out.extend(list.iter_mut().filter_map(|(_, v)| v.as_mut())),
        _ => {}
    }
    out
}

fn of_type<'t>(ty: &'t mut TypeExpr, out: &mut Vec<&'t mut Expr>) {
    out.extend(ty.brackets.iter_mut().flatten());
}

//! Conditions, sums and products.

use super::cursor::{Cursor, Read};
use crate::ast::{BigForm, Comparison, Expr, ExprKind, Factor, ProductOp, Sign};
use crate::diagnostic::Diagnostic;
use crate::token::{Symbol, TokenKind};
use crate::vocabulary::is_reserved;

fn comparison(symbol: Symbol) -> Option<Comparison> {
    Some(match symbol {
        Symbol::EqualEqual => Comparison::Equal,
        Symbol::NotEqual => Comparison::NotEqual,
        Symbol::Less => Comparison::Less,
        Symbol::LessEqual => Comparison::LessEqual,
        Symbol::Greater => Comparison::Greater,
        Symbol::GreaterEqual => Comparison::GreaterEqual,
        _ => return None,
    })
}

fn product_op(symbol: Symbol) -> Option<ProductOp> {
    Some(match symbol {
        Symbol::Star => ProductOp::Star,
        Symbol::At => ProductOp::At,
        Symbol::Slash => ProductOp::Slash,
        Symbol::DotStar => ProductOp::DotStar,
        Symbol::DotSlash => ProductOp::DotSlash,
        _ => return None,
    })
}

impl Cursor<'_> {
    /// The comparison operator standing here.
    pub(super) fn comparison(&self) -> Option<Comparison> {
        match self.peek(0).kind {
            TokenKind::Symbol(symbol) => comparison(symbol),
            _ => None,
        }
    }

    /// `cond = test {('and'|'or') test}`
    pub(super) fn condition(&mut self) -> Read<Expr> {
        let first = self.test()?;
        let start = first.span;
        let mut rest = Vec::new();
        loop {
            if self.eat_word("and") {
                rest.push((true, self.test()?));
            } else if self.eat_word("or") {
                rest.push((false, self.test()?));
            } else if rest.is_empty() {
                return Ok(first);
            } else {
                let span = self.since(start);
                return self.node(ExprKind::Logic { first: Box::new(first), rest }, span);
            }
        }
    }

    /// `test = ['not'] expr [comparison expr]`
    fn test(&mut self) -> Read<Expr> {
        if self.at_word("not") {
            let start = self.next().span;
            let inner = self.deeper(Self::test)?;
            let span = self.since(start);
            return self.node(ExprKind::Not(Box::new(inner)), span);
        }
        let left = self.expr()?;
        let Some(op) = self.comparison() else { return Ok(left) };
        self.next();
        let right = self.expr()?;
        if self.comparison().is_some() {
            return Err(self.chained_comparison(&left, &right));
        }
        let span = left.span.to(right.span);
        self.node(ExprKind::Compare(op, Box::new(left), Box::new(right)), span)
    }

    fn chained_comparison(&self, left: &Expr, middle: &Expr) -> Box<Diagnostic> {
        let token = self.peek(0);
        let middle_text = middle.span.text(self.text);
        Box::new(
            Diagnostic::error(
                "chained-comparison",
                "comparisons do not chain",
                token.span,
                "a second one",
            )
            .label(left.span.to(middle.span), "the first comparison")
            .replace(
                "join two with `and`",
                token.span.before(),
                format!("and {middle_text} "),
            ),
        )
    }

    /// `expr = ['-'|'+'] term { ('+'|'-') term }`
    pub(super) fn expr(&mut self) -> Read<Expr> {
        self.deeper(|cursor| {
            let start = cursor.peek(0).span;
            let first = cursor.sign();
            let head = cursor.term()?;
            let second = cursor.sign();
            match (first, second) {
                (None, None) => return Ok(head),
                (Some(Sign::Minus), None) => {
                    let span = cursor.since(start);
                    return cursor.node(ExprKind::Negative(Box::new(head)), span);
                }
                _ => {}
            }
            // Most sums have two terms.
            let mut terms = Vec::with_capacity(2);
            terms.push((first.unwrap_or(Sign::Plus), head));
            let mut sign = second;
            while let Some(plus_or_minus) = sign {
                terms.push((plus_or_minus, cursor.term()?));
                sign = cursor.sign();
            }
            let span = cursor.since(start);
            cursor.node(ExprKind::Sum(terms), span)
        })
    }

    fn sign(&mut self) -> Option<Sign> {
        if self.eat(Symbol::Minus) {
            Some(Sign::Minus)
        } else if self.eat(Symbol::Plus) {
            Some(Sign::Plus)
        } else {
            None
        }
    }

    /// `term = factor { op ['-'] factor | factor }`; `sum[..]` takes all up to the next `+` or `-`.
    pub(super) fn term(&mut self) -> Read<Expr> {
        let first = self.factor()?;
        let start = first.span;
        let mut rest: Vec<Factor> = Vec::new();
        loop {
            let last = rest.last().map_or(&first, |f| &f.value);
            if matches!(last.kind, ExprKind::Big { form: BigForm::Bracket, .. }) {
                break;
            }
            let token = self.peek(0);
            let op = match token.kind {
                TokenKind::Symbol(symbol) => product_op(symbol),
                _ => None,
            };
            let factor = if let Some(op) = op {
                self.next();
                self.operand(op, token)?
            } else if self.starts_factor() {
                self.check_numbers_side_by_side()?;
                let value = self.factor()?;
                let op_span = value.span.before();
                Factor { op: ProductOp::Juxtaposition, op_span, value }
            } else {
                break;
            };
            if rest.is_empty() {
                // Most products have two factors.
                rest.reserve_exact(1);
            }
            rest.push(factor);
        }
        if rest.is_empty() {
            return Ok(first);
        }
        let span = self.since(start);
        self.node(ExprKind::Product { first: Box::new(first), rest }, span)
    }

    fn operand(&mut self, op: ProductOp, token: crate::token::Token) -> Read<Factor> {
        let minus = self.peek(0);
        let negative = self.eat(Symbol::Minus);
        if let TokenKind::Symbol(symbol) = self.peek(0).kind
            && product_op(symbol).is_some()
        {
            return Err(self.two_operators(op, token, symbol));
        }
        if op == ProductOp::Slash {
            self.check_glued_denominator()?;
        }
        let value = self.factor()?;
        let value = if negative {
            let span = minus.span.to(value.span);
            self.node(ExprKind::Negative(Box::new(value)), span)?
        } else {
            value
        };
        Ok(Factor { op, op_span: token.span, value })
    }

    fn two_operators(
        &self,
        op: ProductOp,
        first: crate::token::Token,
        second: Symbol,
    ) -> Box<Diagnostic> {
        let here = self.peek(0);
        let both = first.span.to(here.span);
        let message = format!("two operators in a row: `{} {}`", op.text(), second.text());
        let found = Diagnostic::error("two-operators", message, here.span, "");
        Box::new(match (op, second, here.glued) {
            (ProductOp::Slash, Symbol::Slash, true) => {
                found.replace("a comment begins with `#`", both, "#")
            }
            (ProductOp::Star, Symbol::Star, true) => found.replace("a power is `^`", both, "^"),
            _ => found,
        })
    }

    /// `1/2N` has two readings.
    fn check_glued_denominator(&mut self) -> Read<()> {
        let (number, name) = (self.peek(0), self.peek(1));
        if number.kind != TokenKind::Number || name.kind != TokenKind::Name || !name.glued {
            return Ok(());
        }
        let (a, b) = (self.word_of(number), self.word_of(name));
        let span = number.span.to(name.span);
        Err(Box::new(
            Diagnostic::error("two-readings", format!("`/{a}{b}` has two readings"), span, "")
                .replace(format!("divide by both: `/({a} {b})`"), span, format!("({a} {b})"))
                .replace(format!("divide by {a}, times {b}: `/{a} {b}`"), span, format!("{a} {b}")),
        ))
    }

    fn check_numbers_side_by_side(&mut self) -> Read<()> {
        let here = self.peek(0);
        let before = self.previous();
        let indicator = self.peek(1).is(Symbol::OpenBracket);
        if here.kind == TokenKind::Number
            && before.is_some_and(|t| t.kind == TokenKind::Number)
            && !indicator
        {
            return Err(Box::new(
                Diagnostic::error(
                    "two-numbers",
                    "two numbers side by side: an operator is missing",
                    here.span,
                    "a second number",
                )
                .replace("multiply them", here.span.before(), "* ")
                .replace(
                    "separate them by a comma",
                    before.map_or(here.span, |t| t.span).after(),
                    ",",
                ),
            ));
        }
        Ok(())
    }

    /// Whether a factor can begin here without an operator before it.
    fn starts_factor(&self) -> bool {
        let token = self.peek(0);
        match token.kind {
            TokenKind::Number => true,
            TokenKind::Name => {
                let word = token.text(self.text);
                !is_reserved(&word) && !self.stops.contains(&&*word)
            }
            TokenKind::Symbol(Symbol::OpenParen) => true,
            TokenKind::Symbol(Symbol::Bars) => self.norms == 0,
            _ => false,
        }
    }
}

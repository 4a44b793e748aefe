//! The parser: tokens to tree, with recovery at every logical line.
//!
//! A logical line has at most one syntax error; the next line is read as if nothing had happened,
//! and the names of a broken definition stay known (their type is not). Lines are put together in
//! [`crate::lines`].
//!
//! # Grammar
//!
//! `'x'` literal, `[..]` optional, `{..}` repeated, `NL` end of a logical line, `^~` no blank before.
//!
//! ```text
//! file      = { block }
//! block     = 'model' NAME NL
//!           | 'size' (size {',' size}) NL...
//!           | 'batch' NAME {',' NAME} NL
//!           | 'const' defs NL...                        defs  = NAME '=' expr {',' NAME '=' expr}
//!           | 'data'  (decl | split | extra | toy) NL...
//!           | ('param' | 'noise' | 'given') decl NL...
//!           | 'net' def NL...
//!           | 'fn' NAME '(' params ')' '=' expr NL { def | stated }
//!           | 'optimizer' NAME '(' params ')' NL { 'state' defs | def }
//!           | 'claim' claim NL | 'derive' derive NL | 'train' train NL
//!           | 'show' NAME ['=' expr] {',' NAME ['=' expr]} NL
//!           | 'plot' plot NL | 'export' NAME STRING {',' NAME STRING} NL
//!           | 'check' NAME {',' NAME} ['with' option {',' option}] NL
//!
//! size      = NAME ['[' (NUM|NAME) ']'] ['=' expr] [members]
//! decl      = (NAME {',' NAME} | NAME '[' (NUM|NAME) ']') ':' type ['per' NAME]
//!             [ '~' dist | '=' (source | expr) ] [members]                    source only in data
//! members   = 'for' NAME 'in' expr '..' expr
//! type      = ('R' ['+' ^~] | 'Z' | 'label' | 'prob' | 'mask' | 'Sym' | 'SPD') { '[' expr {',' expr} ']' }
//! dist      = NAME ['(' args ')']
//! source    = NAME [STRING] { 'column' INT | 'columns' INT '..' INT | 'label' | 'labels' | 'images'
//!             | ('/'|'*'|'-'|'+') (NUM|'mean'|'std'|'min'|'max') }
//! split     = 'split' NAME NUM {',' NAME NUM}
//! extra     = ['test'|'validation'] NAME {',' NAME} '=' NAME STRING {',' STRING}
//! toy       = NAME {',' NAME} '=' NAME NUM {NAME NUM}
//! def       = NAME ['[' (NAME|NUM) {',' (NAME|NUM)} ']'] ["'"] [':' type] '=' expr [members]
//! stated    = NAME "'" {"'"} '(' NAME {',' NAME} ')' '=' expr
//! params    = [ NAME [':' type] ['=' expr] {',' ..} ]
//! option    = 'random' NAME 'in' INT '..' INT | NAME NUM
//!
//! claim     = STRING ['forall' binders ':'] expr ( ':' type | relation expr {relation expr} ) { clause }
//! relation  = '=' | '!=' | '<' | '<=' | '>' | '>='
//! clause    = 'if' cond | 'where' defs | 'for' defs | 'layout' ('numerator'|'denominator')
//!           | 'expect' verdict                                                           each once
//! verdict   = 'true' | 'false' | 'ill-formed' | 'true-in-layout' | 'true-where' | 'true-as-factor'
//!           | 'proved' | 'verified'
//! derive    = factor {',' factor} { 'steps' | 'brief' | 'full' | 'index' | 'layout' NAME
//!           | 'form' ('sample'|'batch') }
//! train     = NAME 'by' NAME ['(' args ')'] { ('epochs'|'steps'|'batch'|'seed'|'minutes') (NUM|NAME)
//!           | 'as' NAME | ('schedule'|'stop'|'clip') dist | 'with' defs
//!           | 'for' NAME 'in' '{' expr {',' expr} '}' {',' ..} }
//! plot      = ('boundary'|'weights'|'confusion'|'network') NAME
//!             { ('over'|'with'|'for'|'on') names | 'to' STRING }
//!           | series {';' series} { ('against'|'for'|'on') names | 'to' STRING }
//! series    = names ['on' names]
//!
//! cond      = test {('and'|'or') test}       test = ['not'] expr [('=='|'!='|'<'|'<='|'>'|'>=') expr]
//! expr      = ['-'|'+'] term { ('+'|'-') term }
//! term      = factor { ('*'|'@'|'/'|'.*'|'./') ['-'] factor | factor }
//! factor    = primary { '^' 'T' | '^' '-' 'T' | '^' power | '.^' power
//!           | '[' index {',' index} [';' 'pad'] ']' | "'" (optimizer only) }
//! power     = ['-'] (NUM | NAME | '(' expr ')')
//! primary   = NUM | NAME | '(' cond ')' | norm | call | big | indicator | derivative
//! norm      = '||' expr '||' [ ('_F'|'_1'|'_2'|'_inf'|'_spec') ^~ ]
//! call      = FUNC {"'"} '(' [arg {',' arg}] ')'                    arg = NAME '=' expr | cond
//! big       = BIG '[' binders ']' ['-'] term | BIG '(' binders ':' expr ')'  BIG = sum mean max min prod
//! binders   = NAME ['in' expr] {',' NAME ['in' expr]}
//! indicator = '1' '[' cond ']'
//! index     = ':' | expr
//! derivative= 'd'entry '/'^~ 'd'^~entry | 'd'NAME '/'^~ 'd{'^~ NAME {',' NAME} '}'
//! entry     = NAME ['[' index {',' index} ']']          d and the name are one word: dJ, dPsi[y[i],i]
//! ```
//!
//! The only table the parser needs is that of the function names: the closed list, the file's own
//! `fn`s, less the soft names that the file declares; `names` finds both by a scan of the tokens.

mod block;
mod cursor;
mod data;
mod expr;
mod factor;
mod finish;
mod line;
mod names;
mod primary;

use std::collections::HashSet;

use crate::ast::{Block, BlockWord, File, Name, Statement, StatementKind};
use crate::diagnostic::{self, Diagnostic};
use crate::lex::{Lexed, lex};
use crate::limits;
use crate::lines::{LogicalLine, group};
use crate::span::Span;
use crate::token::{Symbol, Token, TokenKind};
use cursor::Cursor;

/// A file's tree with what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The tree of everything that could be read.
    pub file: File,
    /// All mistakes, in order of their place.
    pub diagnostics: Vec<Diagnostic>,
    /// How many mistakes beyond [`limits::DIAGNOSTICS`] were left out.
    pub omitted: usize,
}

impl Parsed {
    /// Whether the tree is whole.
    pub fn is_ok(&self) -> bool {
        !self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Reads a file's text. Never fails: what cannot be read stands in the diagnostics.
///
/// ```
/// let parsed = chainrule_syntax::parse("size n\ngiven x : R[n]\nclaim \"c\" x^T x = ||x||^2\n");
/// assert!(parsed.is_ok());
/// assert_eq!(parsed.file.blocks.len(), 3);
/// ```
pub fn parse(text: &str) -> Parsed {
    parse_with(text, &[])
}

/// The same with further functions, as a program adds them to the language.
pub fn parse_with(text: &str, functions: &[&str]) -> Parsed {
    if text.len() > limits::TEXT_BYTES {
        let message =
            format!("the file has {} bytes; at most {} are read", text.len(), limits::TEXT_BYTES);
        let found = Diagnostic::error("limit-text", message, Span::default(), "");
        return Parsed { diagnostics: vec![found], ..Parsed::default() };
    }
    let lexed = lex(text);
    parse_tokens(text, &lexed, functions)
}

/// Reads tokens that were cut before; see [`parse`].
pub(crate) fn parse_lexed(text: &str, lexed: &Lexed) -> Parsed {
    parse_tokens(text, lexed, &[])
}

fn parse_tokens(text: &str, lexed: &Lexed, functions: &[&str]) -> Parsed {
    let lines = group(text, lexed);
    let mut reader = Reader {
        text,
        lexed,
        functions: names::scan(text, lexed, &lines.lines),
        file: File::default(),
        diagnostics: lines.diagnostics,
        omitted: lines.omitted,
        warnings: 0,
        stop: None,
        nodes: 0,
        statements: 0,
        models: 0,
        locals: HashSet::new(),
    };
    functions.iter().for_each(|name| reader.functions.add_function((*name).into()));
    for line in &lines.stray {
        let names = reader.leading_names(*line);
        reader.file.broken.extend(names);
    }
    for line in &lines.lines {
        if !reader.line(*line) {
            break;
        }
    }
    if let Some(at) = lines.truncated {
        reader.stop.get_or_insert(cursor::too_many_statements(at));
    }
    if let Some(at) = lexed.truncated {
        let message = format!("the file has more than {} tokens", limits::TOKENS);
        let found = Diagnostic::error("limit-tokens", message, at, "reading stops here");
        reader.stop.get_or_insert(found);
    }
    reader.finish()
}

/// One file being read, line by line.
struct Reader<'a> {
    text: &'a str,
    lexed: &'a Lexed,
    functions: crate::vocabulary::FunctionNames,
    file: File,
    diagnostics: Vec<Diagnostic>,
    omitted: usize,
    warnings: usize,
    /// The limit of the whole file that ended the reading.
    stop: Option<Diagnostic>,
    nodes: usize,
    /// Blocks and statements; a list of names counts for each.
    statements: usize,
    models: usize,
    /// Parameters of the `fn` or `optimizer` being read: values, whatever they are called.
    locals: HashSet<String>,
}

impl Reader<'_> {
    /// Reads one logical line; `false` when a limit was reached and reading must stop.
    fn line(&mut self, line: LogicalLine) -> bool {
        let tokens = &self.lexed.tokens[line.first..line.end];
        let head = usize::from(line.starts.is_some());
        if self.statements >= limits::STATEMENTS {
            self.stop = Some(cursor::too_many_statements(tokens[0].span));
            return false;
        }
        self.statements += head + usize::from(tokens.len() > head);
        if let Some(word) = line.starts {
            if !self.start_block(word, tokens) {
                return false;
            }
            if tokens.len() == 1 {
                self.check_empty(line, word);
                return true;
            }
        }
        let Some(block) = self.file.blocks.last_mut() else { return true };
        let (word, is_head) = (block.word, line.starts.is_some());
        let tokens = &tokens[head..];
        // The statement's first name is counted with it.
        let left = (limits::STATEMENTS + 1).saturating_sub(self.statements);
        let mut cursor =
            Cursor::new(self.text, tokens, &self.functions, &self.locals, &mut self.nodes, left);
        let parsed = block::statement(&mut cursor, word, is_head).and_then(|kind| {
            cursor.finish(matches!(word, BlockWord::Claim))?;
            Ok(kind)
        });
        let limit = cursor.limit;
        self.statements += cursor.names.saturating_sub(1);
        let span = tokens[0].span.to(tokens[tokens.len() - 1].span);
        match parsed {
            Ok(kind) => block.statements.push(Statement { kind, span }),
            Err(found) => {
                let broken = LogicalLine { first: line.first + head, ..line };
                // Claims, derivations and trainings define no names.
                let defines = !word.is_line() || word == BlockWord::Show;
                let names = if defines { self.leading_names(broken) } else { Vec::new() };
                if let Some(block) = self.file.blocks.last_mut() {
                    block.statements.push(Statement { kind: StatementKind::Broken(names), span });
                }
                if limit {
                    self.stop = Some(*found);
                } else {
                    self.report(*found);
                }
            }
        }
        !limit
    }

    /// Begins a block; `false` if there are too many models.
    fn start_block(&mut self, word: BlockWord, tokens: &[Token]) -> bool {
        self.models += usize::from(word == BlockWord::Model);
        if self.models > limits::MODELS {
            let message = format!("the file has more than {} models", limits::MODELS);
            let place = tokens[0].span;
            self.stop =
                Some(Diagnostic::error("limit-models", message, place, "reading stops here"));
            return false;
        }
        self.locals = HashSet::new();
        if let Some(last) = self.file.blocks.last_mut() {
            last.statements.shrink_to_fit();
        }
        let block = Block { word, word_span: tokens[0].span, statements: Vec::new() };
        self.file.blocks.push(block);
        if matches!(word, BlockWord::Fn | BlockWord::Optimizer) {
            self.locals = names::parameters(self.text, tokens);
        }
        if word == BlockWord::Optimizer {
            // A setting, or else the number of the update; never the step function.
            self.locals.insert("step".into());
        }
        true
    }

    fn report(&mut self, found: Diagnostic) {
        // Warnings must not crowd out errors.
        self.warnings += usize::from(!found.is_error());
        let room = found.is_error() || self.warnings <= limits::DIAGNOSTICS;
        if room && self.diagnostics.len() < limits::DIAGNOSTICS * 3 {
            self.diagnostics.push(found);
        } else {
            self.omitted += 1;
        }
    }

    /// The mistakes in order of their place, at most [`limits::DIAGNOSTICS`]; what ended the
    /// reading comes last and always.
    fn finish(mut self) -> Parsed {
        let kept = limits::DIAGNOSTICS - usize::from(self.stop.is_some());
        let omitted = diagnostic::keep(&mut self.diagnostics, kept) + self.omitted;
        self.diagnostics.extend(self.stop);
        Parsed { file: self.file, diagnostics: self.diagnostics, omitted }
    }

    /// A block word with nothing behind it: fine if a body follows.
    fn check_empty(&mut self, line: LogicalLine, word: BlockWord) {
        let next = self.lexed.lines.get(line.physical + 1);
        let has_body = next.is_some_and(|l| l.indent > 0) && !word.is_line();
        let span = self.lexed.tokens[line.first].span;
        if word.is_line() || matches!(word, BlockWord::Fn | BlockWord::Optimizer) {
            let message =
                format!("`{}` needs its statement behind it or indented below", word.text());
            self.report(Diagnostic::error("empty-line-block", message, span, ""));
        } else if !has_body {
            let message = format!("the block `{}` is empty", word.text());
            self.report(Diagnostic::warning("empty-block", message, span, ""));
        }
    }

    /// The names that a broken line would have defined: those of a list before `=` or `:`, those
    /// right before a further `=`, or the first word.
    fn leading_names(&self, line: LogicalLine) -> Vec<Name> {
        let tokens = &self.lexed.tokens[line.first..line.end];
        let defines = |t: &crate::token::Token| {
            matches!(t.kind, TokenKind::Symbol(Symbol::Equal | Symbol::Colon | Symbol::EqualEqual))
        };
        let end = tokens.iter().position(defines);
        let mut depth = 0;
        let mut names = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let listed = end.map_or(at == 0, |end| at < end);
            let defined = tokens.get(at + 1).is_some_and(|t| t.is(Symbol::Equal));
            match token.kind {
                TokenKind::Symbol(s) if s.closing().is_some() => depth += 1,
                TokenKind::Symbol(s) if s.is_closing() => depth -= 1,
                TokenKind::Name if depth == 0 && (listed || defined) => {
                    names.push(Name { text: token.text(self.text).into_owned(), span: token.span });
                }
                _ => {}
            }
        }
        names
    }
}

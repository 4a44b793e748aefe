//! A small scanner for Rust text: enough to tell code from comments and strings, and to find
//! where functions and other items end.

/// `source` with comments, strings and characters blanked; lines and offsets stay as they are.
pub(crate) fn code_only(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        if let Some(end) = opaque_end(source, at) {
            let blank = |byte| if byte == b'\n' { '\n' } else { ' ' };
            code.extend(source[at..end].bytes().map(blank));
            at = end;
        } else {
            let end = if is_word(c) { word_end(source, at) } else { at + c.len_utf8() };
            code.push_str(&source[at..end]);
            at = end;
        }
    }
    code
}

/// The end of the comment, string or character that starts at `at`, if one does.
fn opaque_end(source: &str, at: usize) -> Option<usize> {
    let rest = &source[at..];
    if rest.starts_with("//") {
        return Some(at + rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(at + block_comment_length(rest));
    }
    let prefix = &rest[..word_end(rest, 0)];
    let body = &rest[prefix.len()..];
    let length = match prefix {
        "" | "b" | "c" if body.starts_with('"') => quoted_length(body, '"'),
        "" | "b" if body.starts_with('\'') => character_length(body)?,
        "r" | "br" | "cr" => raw_length(body)?,
        _ => return None,
    };
    Some(at + prefix.len() + length)
}

/// Block comments nest.
fn block_comment_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of a literal that starts and ends with `mark`, where `\` escapes.
fn quoted_length(text: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == mark && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// A character literal, or nothing for a lifetime: `'a'` has its quote right after one character.
fn character_length(text: &str) -> Option<usize> {
    let mut characters = text.chars().skip(1);
    let first = characters.next()?;
    let is_literal = first == '\\' || characters.next() == Some('\'');
    is_literal.then(|| quoted_length(text, '\''))
}

/// `"..."` or `#"..."#`, after its `r`; nothing for a raw identifier such as `r#type`.
fn raw_length(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let inside = text[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let length = inside.find(&close).map_or(inside.len(), |at| at + close.len());
    Some(hashes + 1 + length)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word_end(text: &str, at: usize) -> usize {
    text[at..].find(|c| !is_word(c)).map_or(text.len(), |length| at + length)
}

/// The words of `code` with their offsets.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + code[at..].find(is_word)?;
        at = word_end(code, start);
        Some((start, &code[start..at]))
    })
}

/// The line of an offset, from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// A function with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line of its `fn`.
    pub(crate) line: usize,
    /// From there to the closing brace, both counted.
    pub(crate) length: usize,
}

/// The functions in `code` (see [`code_only`]), nested ones too, but none below `#[cfg(test)]`.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    const TEST: &str = "#[cfg(test)]";
    let tests: Vec<(usize, usize)> = code
        .match_indices(TEST)
        .map(|(at, _)| (at, item_end(code, at + TEST.len()).map_or(code.len(), |item| item.end)))
        .collect();
    let shipped = words(code)
        .filter(|(at, word)| *word == "fn" && !tests.iter().any(|t| t.0 <= *at && *at < t.1));
    shipped.filter_map(|(at, _)| function_at(code, at)).collect()
}

/// The function whose `fn` is at `at`; nothing for a pointer type or a trait's bare signature.
fn function_at(code: &str, at: usize) -> Option<Function> {
    let (name_at, name) = words(&code[at + 2..]).next()?;
    if !code[at + 2..][..name_at].trim().is_empty() {
        return None;
    }
    let item = item_end(code, at)?;
    let length = line_of(&code[at..], item.end - 1 - at);
    item.has_body.then(|| Function { name: name.into(), line: line_of(code, at), length })
}

/// Where an item stops.
struct ItemEnd {
    /// The offset after its last character.
    end: usize,
    /// Whether that is a closing brace, not a semicolon.
    has_body: bool,
}

/// The end of the item whose head starts at `from`: its braces, or its semicolon.
///
/// Braces in brackets or between `<` and `>` belong to constants in types and are passed over.
fn item_end(code: &str, from: usize) -> Option<ItemEnd> {
    let (mut nested, mut angles, mut braces) = (0, 0, 0);
    let mut previous = ' ';
    let mut in_body = false;
    for (offset, c) in code[from..].char_indices() {
        let end = from + offset + 1;
        match c {
            '{' => {
                in_body |= nested == 0 && angles == 0;
                braces += 1;
            }
            '}' => {
                braces -= 1;
                if in_body && braces == 0 {
                    return Some(ItemEnd { end, has_body: true });
                }
            }
            _ if braces > 0 => {}
            '(' | '[' => nested += 1,
            ')' | ']' => nested -= 1,
            '<' => angles += 1,
            '>' if previous != '-' => angles -= 1,
            ';' if nested == 0 => return Some(ItemEnd { end, has_body: false }),
            _ => {}
        }
        previous = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, line and length of each function.
    fn lengths(source: &str) -> Vec<(String, usize, usize)> {
        let found = functions(&code_only(source));
        found.into_iter().map(|f| (f.name, f.line, f.length)).collect()
    }

    #[track_caller]
    fn one(source: &str, length: usize) {
        assert_eq!(lengths(source), [("f".to_string(), 1, length)], "{source}");
    }

    #[track_caller]
    fn code(source: &str, expected: &str) {
        let code = code_only(source);
        assert_eq!(code.len(), source.len());
        assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn comments_are_blank() {
        code("a // b { \n c", "a c");
        code("a /* b /* } */ c */ d", "a d");
        code("a / b /**/ * c", "a / b * c");
        code("a /* never closed", "a");
    }

    #[test]
    fn strings_are_blank() {
        code(r#"a "b \" } \\" c"#, "a c");
        code("a \"b\nc\" d", "a d");
        code(r#"f(b"x", c"y", b'z', b'\'')"#, "f( , , , )");
        code("a \"∂ü // no comment\" b", "a b");
    }

    #[test]
    fn raw_strings_are_blank() {
        code(r####"a r"\" b"####, "a b");
        code(r####"a r#"x " }"# b"####, "a b");
        code(r####"a br##"x "# } "## cr#"""# b"####, "a b");
        code("let r = r#type + r + hr;", "let r = r#type + r + hr;");
    }

    #[test]
    fn characters_are_blank_and_lifetimes_stay() {
        code("['{', '\\'', '\\u{7D}', '\"', '∂', '\\\\']", "[ , , , , , ]");
        code(
            "fn f<'a, 'b: 'a>(x: &'a str) -> &'static str",
            "fn f<'a, 'b: 'a>(x: &'a str) -> &'static str",
        );
        code("'outer: loop { break 'outer; }", "'outer: loop { break 'outer; }");
        code("f::<'_>('x', &'r ())", "f::<'_>( , &'r ())");
    }

    #[test]
    fn braces_in_literals_do_not_count() {
        one("fn f() {\n  g(\"{\");\n}\n", 3);
        one("fn f() {\n  g('{', r#\"{\"{\"#);\n  // {\n}\n", 4);
        one("fn f<'a>(x: &'a str) {\n  h('}'); {\n }\n}\n", 4);
        one("fn f() { g(b'{', \"\\\"{\") }\nstruct S;\n", 1);
    }

    #[test]
    fn heads_may_hold_braces_and_semicolons() {
        one("fn f(x: [u8; 3]) -> [u8; { 1 + 2 }] {\n}\n", 2);
        one("fn f() -> Array<{ N }, 2>\nwhere\n  T: Fn() -> u8,\n{\n}\n", 5);
        one("fn f(g: fn(u8) -> u8) {\n}", 2);
    }

    #[test]
    fn nested_functions_count_in_both() {
        let source = "fn a() {\n  fn b() {\n  }\n  let c = || {\n  };\n}\ntrait T { fn d(); }\n";
        assert_eq!(lengths(source), [("a".into(), 1, 6), ("b".into(), 2, 2)]);
    }

    #[test]
    fn test_modules_do_not_count() {
        let source =
            "fn a() {}\n#[cfg(test)]\n#[allow(x)]\nmod t {\n  fn b() {\n  }\n}\nfn c() {\n}\n";
        assert_eq!(lengths(source), [("a".into(), 1, 1), ("c".into(), 8, 2)]);
        assert_eq!(lengths("#[cfg(test)]\nmod t;\nfn a() {}\n"), [("a".into(), 3, 1)]);
        assert_eq!(lengths("// #[cfg(test)]\nfn a() {}\n"), [("a".into(), 2, 1)]);
    }

    #[test]
    fn lines_start_at_one() {
        assert_eq!((line_of("a\nb", 0), line_of("a\nb", 2)), (1, 2));
    }
}

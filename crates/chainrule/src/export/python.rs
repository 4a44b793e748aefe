//! What the three Python targets share: operators, indices, statements.

use chainrule_graph::Size;

use super::code::{Code, Fold, Form, Infix, Place, Prim, Slot, Statement};
use super::target::{Level, Writer, affine, fold_word, named, word};

/// What the Python libraries call things in formulas.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// `np`
    pub module: &'static str,
    /// `axis` or `dim`
    pub axis: &'static str,
    /// What stands behind the operands of an `einsum` of three and more.
    pub path: &'static str,
}

/// An expression.
pub(super) fn form(w: &Writer<'_>, code: &Code, words: Words) -> (String, Level) {
    let lib = words.module;
    match &code.form {
        Form::Number(value) => number(*value),
        Form::Size(size) => super::length::text(w.module, size, w.target.lengths(), true),
        Form::Pi => (format!("{lib}.pi"), Level::Atom),
        Form::Infix(op, a, b) => infix(w, *op, a, b),
        Form::Neg(a) => (format!("-{}", w.text(a, Level::Product)), Level::Minus),
        Form::Permute(a, order) => permuted(w, a, order),
        Form::Expand(a, own) => {
            let last = own.iter().rposition(|o| !*o).unwrap_or(0);
            let axes: Vec<&str> =
                own[..=last].iter().map(|o| if *o { ":" } else { "None" }).collect();
            (format!("{}[{}]", w.atom(a), axes.join(", ")), Level::Atom)
        }
        Form::Pick(a, at) => {
            let last = at.iter().rposition(Option::is_some).unwrap_or(0);
            let slot = |s: &Option<Size>| s.as_ref().map_or(":".into(), |s| w.length(s));
            let slots: Vec<String> = at[..=last].iter().map(slot).collect();
            (format!("{}[{}]", w.atom(a), slots.join(", ")), Level::Atom)
        }
        Form::Einsum { inputs, output, args } => {
            let letters = |l: &Vec<char>| l.iter().collect::<String>();
            let inputs: Vec<String> = inputs.iter().map(letters).collect();
            let args: Vec<String> = args.iter().map(|a| w.argument(a)).collect();
            let path = if args.len() > 2 { words.path } else { "" };
            let spec = format!("{}->{}", inputs.join(","), letters(output));
            (format!("{lib}.einsum('{spec}', {}{path})", args.join(", ")), Level::Atom)
        }
        Form::Fold(fold, a, axes) => (folded(w, *fold, a, axes, words), Level::Atom),
        Form::Gather { of, place } => {
            (format!("{}[{}]", w.atom(of), indices(w, place, lib)), Level::Atom)
        }
        Form::Scatter { value, place, dims } => {
            let slots: Vec<String> = place.slots.iter().map(|s| slot(w, s, place, lib)).collect();
            let slots = slots.iter().map(|s| if s == ":" { "slice(None)" } else { s });
            let comma = if dims.len() == 1 { "," } else { "" };
            let text = format!(
                "add_at(({}{comma}), ({}{comma}), {})",
                w.lengths(dims),
                slots.collect::<Vec<_>>().join(", "),
                w.argument(value)
            );
            (text, Level::Atom)
        }
        Form::Pad(a, margins) => (padded(w, a, margins, lib), Level::Atom),
        Form::Slice(a, parts) => {
            let part = |p: &Option<(Size, Size)>| match p {
                Some((start, length)) => {
                    let end = start.plus(length).unwrap_or_else(|_| length.clone());
                    format!("{}:{}", w.length(start), w.length(&end))
                }
                None => ":".into(),
            };
            let parts: Vec<String> = parts.iter().map(part).collect();
            (format!("{}[{}]", w.atom(a), parts.join(", ")), Level::Atom)
        }
        Form::Name(_) | Form::Call { .. } => (String::new(), Level::Atom),
    }
}

/// A number as Python writes it: whole numbers without a point.
fn number(value: f64) -> (String, Level) {
    let level = if value < 0.0 { Level::Minus } else { Level::Atom };
    let text = if value.is_infinite() {
        if value > 0.0 { "float('inf')".into() } else { "-float('inf')".into() }
    } else if value.is_nan() {
        "float('nan')".into()
    } else if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value}")
    } else {
        format!("{value:?}")
    };
    (text, level)
}

fn infix(w: &Writer<'_>, op: Infix, a: &Code, b: &Code) -> (String, Level) {
    // A condition counts as 0 or 1 in a product with numbers.
    let bare = |x: &Code, other: &Code| match &x.form {
        Form::Call { prim: Prim::Indicator, args, .. }
            if op == Infix::Mul && !is_indicator(other) && x.rank > 0 =>
        {
            Some(args[0].clone())
        }
        _ => None,
    };
    let (x, y) = (bare(a, b), bare(b, a));
    let (a, b) = (x.as_ref().unwrap_or(a), y.as_ref().unwrap_or(b));
    // `a + -b` is `a - b`.
    if let (Infix::Add, Form::Neg(minus)) = (op, &b.form) {
        return w.between(Infix::Sub, a, minus, "-");
    }
    w.between(op, a, b, word(op))
}

fn is_indicator(code: &Code) -> bool {
    match &code.form {
        Form::Call { prim: Prim::Indicator, .. } => true,
        Form::Infix(Infix::Mul, a, b) => is_indicator(a) && is_indicator(b),
        _ => code.truth,
    }
}

fn permuted(w: &Writer<'_>, a: &Code, order: &[usize]) -> (String, Level) {
    if order == [1, 0] {
        return (format!("{}.T", w.atom(a)), Level::Atom);
    }
    let order: Vec<String> = order.iter().map(ToString::to_string).collect();
    let args = format!("{}, ({})", w.argument(a), order.join(", "));
    (w.target.template(Prim::Permute, false).replace("{0}", &args), Level::Atom)
}

fn folded(w: &Writer<'_>, fold: Fold, a: &Code, axes: &[usize], words: Words) -> String {
    let axis = |at: &usize| if at + 1 == a.rank { "-1".into() } else { at.to_string() };
    let all = axes.len() == a.rank;
    let list = match axes {
        [one] => axis(one),
        more => {
            let all: Vec<String> = more.iter().map(ToString::to_string).collect();
            format!("({})", all.join(", "))
        }
    };
    let name = fold_word(fold);
    if words.axis == "dim" {
        return super::torch::folded(w, fold, a, axes, &list);
    }
    if all {
        return format!("{}.{name}({})", words.module, w.argument(a));
    }
    format!("{}.{name}({}={list})", w.atom(a), words.axis)
}

/// What stands in the brackets of an access.
fn indices(w: &Writer<'_>, place: &Place, lib: &str) -> String {
    let all: Vec<String> = place.slots.iter().map(|s| slot(w, s, place, lib)).collect();
    all.join(", ")
}

fn slot(w: &Writer<'_>, slot: &Slot, place: &Place, lib: &str) -> String {
    match slot {
        Slot::All(_) => ":".into(),
        Slot::Map(terms, constant) => {
            let mut terms = named(place, terms);
            if place.grid.len() == 1 {
                // One index is written where it is used.
                for (name, _) in &mut terms {
                    *name = format!("{lib}.arange({})", w.length(&place.grid[0].1));
                }
            }
            let zero = *constant == Size::number(0);
            affine(&terms, w.length(constant), zero)
        }
        Slot::Label(code, own) => {
            let sorted = own.windows(2).all(|p| p[0] < p[1]);
            let order: Vec<usize> = {
                let mut order: Vec<usize> = (0..own.len()).collect();
                order.sort_by_key(|i| own[*i]);
                order
            };
            let code = if sorted { code.clone() } else { code.clone().permuted(&order) };
            let kept: Vec<bool> = (0..place.grid.len()).map(|i| own.contains(&i)).collect();
            w.argument(&code.expanded(&kept))
        }
    }
}

fn padded(w: &Writer<'_>, a: &Code, margins: &[(Size, Size)], lib: &str) -> String {
    let pairs: Vec<String> = margins
        .iter()
        .map(|(before, behind)| format!("({}, {})", w.length(before), w.length(behind)))
        .collect();
    let comma = if pairs.len() == 1 { "," } else { "" };
    let function = if lib == "torch" { "pad".into() } else { format!("{lib}.pad") };
    format!("{function}({}, ({}{comma}))", w.argument(a), pairs.join(", "))
}

/// Longer lines are broken where terms are added.
const WIDTH: usize = 92;
/// What is said of a longer line stands above it.
const BESIDE: usize = 72;

/// A sum with one term a line.
fn in_lines(w: &Writer<'_>, name: &str, code: &Code) -> Option<String> {
    let mut terms: Vec<(&str, &Code)> = Vec::new();
    let mut rest = code;
    while let Form::Infix(op @ (Infix::Add | Infix::Sub), a, b) = &rest.form {
        terms.push((word(*op), b));
        rest = a;
    }
    if terms.is_empty() {
        return None;
    }
    let margin = " ".repeat(name.len() + 4);
    let mut out = format!("{name} = ({}", w.text(rest, Level::Sum));
    for (word, term) in terms.into_iter().rev() {
        out.push_str(&format!("\n{margin}{word} {}", w.text(term, Level::Product)));
    }
    out.push(')');
    Some(out)
}

/// A statement; the grid as `grid(names, lengths)` says.
pub(super) fn statement(
    w: &Writer<'_>,
    statement: &Statement,
    grid: impl Fn(&str, &[String]) -> String,
) -> String {
    match statement {
        Statement::Grid(indices) => {
            let names: Vec<&str> = indices.iter().map(|(n, _)| n.as_str()).collect();
            let lengths: Vec<String> = indices.iter().map(|(_, n)| w.length(n)).collect();
            grid(&names.join(", "), &lengths)
        }
        Statement::Let { name, code, note } => {
            let mut line = format!("{name} = {}", w.argument(code));
            if line.len() > WIDTH {
                line = in_lines(w, name, code).unwrap_or(line);
            }
            match (note.is_empty(), line.len() > BESIDE) {
                (true, _) => line,
                (_, true) => format!("# {note}\n{line}"),
                _ => format!("{line:<55} # {note}"),
            }
        }
    }
}

/// How long a line of code may be that stands indented in a page of 80 columns.
const PAGE: usize = 72;

/// A statement on lines that fit in a page: it is broken inside brackets, outermost first; a value
/// without brackets gets a pair.
///
/// ```text
/// dJ_dR2 = add_at((N, C2, S2, S2),
///     (slice(None), slice(None), 2 * p + i, 2 * q + j), t1)
/// ```
pub(crate) fn folded_line(line: &str) -> String {
    let mut out = Vec::new();
    let mut rest = line.to_owned();
    let mut depth = 0;
    while rest.chars().count() > PAGE {
        let Some(at) = break_in(&rest, depth) else {
            // Nothing is open that could be broken: the value is put in brackets, once.
            match rest.split_once(" = ").filter(|(_, value)| out.is_empty() && !value.is_empty()) {
                Some((name, value)) if !value.starts_with('(') => {
                    out.push(format!("{name} = ("));
                    (rest, depth) = (format!("    {value})"), 1);
                    continue;
                }
                _ => break,
            }
        };
        let (head, tail) = rest.split_at(at);
        depth += change(head);
        out.push(head.trim_end().to_owned());
        rest = format!("    {}", tail.trim_start());
    }
    out.push(rest);
    out.join("\n")
}

/// How many more brackets a text opens than it closes.
fn change(text: &str) -> i32 {
    text.chars().map(|c| i32::from("([{".contains(c)) - i32::from(")]}".contains(c))).sum()
}

/// The last place of the least depth within the width where a line may end: behind a comma, before
/// an operator.
fn break_in(line: &str, before: i32) -> Option<usize> {
    let start = line.len() - line.trim_start().len();
    let (mut depth, mut quoted, mut found) = (before, false, None::<(i32, usize)>);
    for (column, (at, c)) in line.char_indices().enumerate().skip(start) {
        if column >= PAGE {
            break;
        }
        match c {
            '\'' => quoted = !quoted,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        let rest = &line[at..];
        let operator = [" + ", " - ", " * ", " / ", " @ "].iter().any(|op| rest.starts_with(op));
        let place = match c {
            ',' if rest.starts_with(", ") => Some(at + 1),
            ' ' if operator && column > start => Some(at),
            _ => None,
        };
        let Some(place) = place.filter(|_| !quoted && depth > 0) else { continue };
        if found.is_none_or(|(least, _)| depth <= least) {
            found = Some((depth, place));
        }
    }
    // A break that leaves next to nothing on its line is no use.
    found.map(|(_, at)| at).filter(|at| *at > start + 8)
}

#[cfg(test)]
mod tests {
    use super::{PAGE, folded_line};

    #[test]
    fn long_lines_are_broken_inside_brackets() {
        let call = "dJ_dR2 = add_at((N, C2, S2, S2), (slice(None), slice(None), 2 * p + i, 2 * q + j), t1)";
        let sum =
            "dJ_dW = 2 * alpha * weights_one + 2 * beta * weights_two + gamma * weights_three + b";
        // A comma within quotes is no place to break.
        let spec =
            "t = np.einsum('ocij,nouv, abcdefgh->ncuvij', kernel_two, dJ_dY2, weights_of_three)";
        for line in [call, sum, spec, "a = b"] {
            let folded = folded_line(line);
            assert!(folded.lines().all(|l| l.chars().count() <= PAGE), "{folded}");
            let words = |s: &str| s.chars().filter(|c| !" ()\n".contains(*c)).collect::<String>();
            assert_eq!(words(&folded), words(line));
            assert!(folded.matches('(').count() == folded.matches(')').count(), "{folded}");
        }
        assert_eq!(folded_line("a = b"), "a = b");
        assert!(folded_line(call).contains("\n    (slice(None)"), "{}", folded_line(call));
        assert!(folded_line(sum).starts_with("dJ_dW = (\n    2 * alpha"), "{}", folded_line(sum));
    }
}

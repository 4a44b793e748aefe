//! Hostile input: every bound has its own error, and nothing panics, hangs or overflows a stack.
//!
//! `CHAINRULE_DEEP=1` runs the large inputs at their full 10 MB.

use chainrule_graph::{Reading, read};
use chainrule_syntax::limits;

fn codes(reading: &Reading) -> Vec<&'static str> {
    reading.diagnostics.iter().map(|d| d.code).collect()
}

#[track_caller]
fn refused(text: &str, code: &str) {
    let found = read(text);
    assert!(codes(&found).contains(&code), "{code} is missing: {:?}", codes(&found));
    check(text, &found);
}

/// Whatever was read, every place lies in the text, on the border of a letter.
fn check(text: &str, reading: &Reading) {
    let claims = reading.modules.iter().flat_map(|m| &m.claims).flat_map(|c| &c.ill_formed);
    for found in reading.diagnostics.iter().chain(claims) {
        for label in &found.labels {
            assert!(text.get(label.span.range()).is_some(), "{:?} of {found:?}", label.span);
        }
        for repair in &found.repairs {
            assert!(repair.apply(text).is_some(), "{repair:?}");
        }
    }
    for module in &reading.modules {
        if reading.is_ok() {
            module.verify().expect("a sound module");
        }
    }
}

/// How much of the large inputs is tried.
fn bytes() -> usize {
    if std::env::var_os("CHAINRULE_DEEP").is_some() { limits::TEXT_BYTES - 64 } else { 200_000 }
}

#[test]
fn every_bound_has_its_own_error() {
    refused(&"#".repeat(limits::TEXT_BYTES + 1), "limit-text");
    refused(&format!("net\n  y = {}1", "(".repeat(300)), "limit-nesting");
    refused(&format!("given A : R\nnet\n  y = A{}\n", "^T".repeat(300)), "limit-nesting");
    refused(&format!("net\n  {} = 1\n", "n".repeat(limits::NAME_BYTES + 1)), "limit-name");
    let product = "a ".repeat(limits::NODES);
    refused(&format!("given a : R\nnet\n  y = {product}\n"), "limit-nodes");
    refused(&format!("net\n  y = {}1\n", "1 + ".repeat(limits::TOKENS / 2)), "limit-tokens");
    refused("size n = 20000\ngiven x : R[n, n, n]\n", "limit-elements");
    refused("size n = 99999999999999999999999999\n", "limit-elements");
    refused("size n = 1000000\nsize m = n n n n n n n n\n", "limit-elements");
    let sum: Vec<String> = (0..20).map(|i| format!("n{i}")).collect();
    let power = format!("size {}\nsize m = ({})^20\n", sum.join(", "), sum.join(" + "));
    refused(&power, "limit-size");
    refused(
        "given x : R\nnet\n  h[0] = x\n  h[l] = h[l-1] for l in 1..1000000000\n",
        "limit-members",
    );
    let values: Vec<String> = (1..=32).map(|v| v.to_string()).collect();
    let grid = values.join(", ");
    let train = format!(
        "param w : R = 1\nnet J = w^2\ntrain J by gd(step = 1) for epochs in {{{grid}}}, steps in {{{grid}}}\n"
    );
    refused(&train, "limit-trainings");
    let models: String = (0..=limits::MODELS).map(|i| format!("model m{i}\nsize n{i}\n")).collect();
    refused(&models, "limit-models");
}

#[test]
fn what_calls_itself_is_refused() {
    refused("fn f(x) = f(x)\nnet y = f(1)\n", "recursive-function");
    refused("fn f(x) = g(x)\nfn g(x) = f(x)\nnet y = f(1)\n", "recursive-function");
    refused("net\n  z = z + 1\n", "self-reference");
    refused("size a = b, b = a\n", "used-before-definition");
}

#[test]
fn functions_that_double_are_shared_or_stopped() {
    let shared: String =
        (1..60).map(|i| format!("fn f{i}(x) = f{0}(x) + f{0}(x)\n", i - 1)).collect();
    let text = format!("fn f0(x) = x + x\n{shared}given x : R\nnet y = f59(x)\n");
    let reading = read(&text);
    assert_eq!(codes(&reading), Vec::<&str>::new(), "one node a level");
    let nested: String = (1..40).map(|i| format!("fn f{i}(x) = f{0}(f{0}(x))\n", i - 1)).collect();
    let text = format!("fn f0(x) = x + x\n{nested}given x : R\nnet y = f39(x)\n");
    let reading = read(&text);
    assert!(codes(&reading).iter().any(|c| c.starts_with("limit-")), "{:?}", codes(&reading));
    check(&text, &reading);
}

#[test]
fn long_chains_do_not_overflow_the_stack() {
    let n = 20_000;
    let sum = format!("const a = {}1\nnet y = a\n", "1 + ".repeat(n));
    assert_eq!(codes(&read(&sum)), Vec::<&str>::new());
    let mut chain = "given x0 : R\nnet\n".to_string();
    for i in 1..n {
        chain.push_str(&format!("  x{i} = x{}\n", i - 1));
    }
    chain.push_str(&format!("  y = log(x{0})\nderive dy/dx0\n", n - 1));
    assert_eq!(codes(&read(&chain)), Vec::<&str>::new());
    let doubled: String = (1..200).map(|i| format!(", a{i} = a{0} + a{0}", i - 1)).collect();
    let constants = format!("const a0 = 1{doubled}\nnet y = a199\n");
    assert_eq!(codes(&read(&constants)), Vec::<&str>::new());
    let mut family = "size L = 9000\ngiven x : R\nnet\n  h[0] = x\n".to_string();
    family.push_str("  h[l] = tanh(h[l-1]) for l in 1..L\n");
    assert_eq!(codes(&read(&family)), Vec::<&str>::new());
}

#[test]
fn anything_repeated_ends() {
    let size = bytes();
    let pieces = [
        "(",
        "[",
        "{",
        ")",
        "||",
        "a+",
        "a ",
        "1 ",
        "dx[",
        "'",
        "^T",
        "not ",
        "-",
        "\"",
        "#",
        "\n",
        "\t",
        " ",
        ".",
        "=",
        "net\n",
        "model a\n",
        "claim \"a\" x = ",
        "x : R\n",
        "\u{feff}",
        "é",
        "for l in 1..",
        "1[",
        "sum[i] ",
        "sum(i in n: ",
        "size a,",
        "a,",
        "a = a\n  ",
        "f(",
        "a'",
    ];
    for piece in pieces {
        for head in ["", "net\n  y = ", "size n\ngiven\n  "] {
            let mut text = head.to_string();
            text.push_str(&piece.repeat((size - head.len()) / piece.len()));
            let reading = read(&text);
            assert!(reading.diagnostics.len() <= limits::DIAGNOSTICS + 2, "{piece:?}");
            if text.len() < 300_000 {
                check(&text, &reading);
            }
        }
    }
}

#[test]
fn many_statements_right_or_wrong_end() {
    let many = bytes() / 20;
    let right: String = (1..many).map(|i| format!("  z{i} = z{} + 1\n", i - 1)).collect();
    let reading = read(&format!("given z0 : R\nnet\n{right}"));
    assert!(reading.is_ok() || codes(&reading).iter().all(|c| c.starts_with("limit-")));
    let wrong: String = (0..many).map(|i| format!("  z{i} = zz{i} + ()\n")).collect();
    assert!(!read(&format!("net\n{wrong}")).is_ok());
    let names: String = (0..many).map(|i| format!("  z{i} = nmae{i}\n")).collect();
    assert!(!read(&format!("net\n{names}")).is_ok());
    let claims: String = (0..many / 4).map(|i| format!("claim \"c{i}\" x = y + q\n")).collect();
    read(&format!("size n, m\ngiven\n  x : R[n]\n  y : R[m]\n{claims}"));
}

/// The next number of a small generator (Marsaglia 2003).
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn damaged_files_are_read_to_their_end() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../chainrule/models");
    let mut state = 7;
    for entry in std::fs::read_dir(folder).expect("the models") {
        let path = entry.expect("an entry").path();
        if !path.is_file() {
            continue;
        }
        let text = std::fs::read_to_string(path).expect("text");
        for at in (0..text.len()).step_by(41).filter(|at| text.is_char_boundary(*at)) {
            check(&text[..at], &read(&text[..at]));
        }
        let bytes = text.as_bytes();
        for _ in 0..60 {
            let mut damaged = bytes.to_vec();
            for _ in 0..3 {
                let at = (next(&mut state) as usize) % damaged.len();
                match next(&mut state) % 3 {
                    0 => damaged[at] = b' ' + (next(&mut state) % 95) as u8,
                    1 => {
                        damaged.remove(at);
                    }
                    _ => damaged
                        .insert(at, b"([{)]}^_'\"|=+-*/.,:;~#\n"[(next(&mut state) % 23) as usize]),
                }
            }
            let damaged = String::from_utf8_lossy(&damaged).into_owned();
            check(&damaged, &read(&damaged));
        }
    }
}

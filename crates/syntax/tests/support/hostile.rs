//! Texts made to break a reader: floods of one word, thousands of statements, definitions that
//! grow. Each is a function of the number of bytes wanted, so that a test and a measurement share it.

#![allow(dead_code)] // not every test that shares this file uses all of it

/// A hostile text.
pub(crate) struct Hostile {
    /// What it is, in a word without blanks.
    pub(crate) name: String,
    /// The text of about so many bytes.
    pub(crate) text: Box<dyn Fn(usize) -> String>,
}

/// Bytes of a hostile text in a test: small, or the largest text that is read in a deep run.
pub(crate) fn bytes() -> usize {
    let deep = std::env::var("CHAINRULE_DEEP").is_ok_and(|value| value == "1");
    if deep { 10 << 20 } else { 200_000 }
}

/// All of them.
pub(crate) fn all() -> Vec<Hostile> {
    let mut all = floods();
    all.extend(lines());
    all.extend(lists());
    all.extend(statements());
    all.extend(growth());
    all
}

fn hostile(name: impl Into<String>, text: impl Fn(usize) -> String + 'static) -> Hostile {
    Hostile { name: name.into(), text: Box::new(text) }
}

/// `prefix`, then `word` until `bytes` are full.
fn flood(prefix: &str, word: &str, bytes: usize) -> String {
    let times = bytes.saturating_sub(prefix.len()) / word.len();
    format!("{prefix}{}", word.repeat(times))
}

/// `prefix`, then `line` with 0, 1, 2 ... until `bytes` are full.
fn numbered(prefix: &str, bytes: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(bytes + 64);
    text.push_str(prefix);
    for number in 1.. {
        let line = line(number);
        if text.len() + line.len() > bytes {
            break;
        }
        text.push_str(&line);
    }
    text
}

/// Words that open, join or misuse something.
const WORDS: [&str; 58] = [
    "(",
    "[",
    "{",
    ")",
    "]",
    "||",
    "|",
    "1+",
    "a+",
    "a ",
    "-",
    "- ",
    "a*",
    "a-b ",
    "0 ",
    "1.",
    ".",
    "..",
    "'",
    "^T",
    "^2",
    "a^T",
    "a'",
    "not ",
    "a and ",
    "a==",
    "a<",
    "a,",
    "a:",
    "a=",
    "a[",
    "a[b,",
    "dx[",
    "dx/dy ",
    "dx[i]/dy[j] ",
    "d/dx ",
    "d^2 J/dx^2 ",
    "sum[i] ",
    "sum[i in n] ",
    "sum(i in n: ",
    "1[a>0] ",
    "1[",
    "exp(",
    "exp ",
    "exp'",
    "I+",
    "1/2a ",
    "\"",
    "\"a\" ",
    "_F",
    "if ",
    "where a=1 ",
    "for a in 1..2 ",
    "λ",
    "²",
    "⁻",
    "€",
    "a;",
];

/// Where the words are put.
const PLACES: [(&str, &str); 14] = [
    ("bare", ""),
    ("net", "net\n  z = "),
    ("left", "net\n  z[a"),
    ("size", "size n = "),
    ("type", "param\n  W : R["),
    ("start", "param\n  W : R ~ normal("),
    ("data", "data\n  x : R = csv \"a\" "),
    ("fn", "fn f(a"),
    ("optimizer", "optimizer o(step)\n  p' = "),
    ("claim", "given a : R\nclaim \"c\" "),
    ("expect", "claim \"c\" 1 = 1 expect a"),
    ("derive", "derive "),
    ("train", "train J by gd(1) "),
    ("plot", "plot "),
];

/// One line full of one word.
fn floods() -> Vec<Hostile> {
    let mut all = Vec::new();
    for (place, prefix) in PLACES {
        for word in WORDS {
            let name = format!("flood/{place}/{}", word.replace(' ', "_"));
            all.push(hostile(name, move |bytes| flood(prefix, word, bytes)));
        }
    }
    for (place, prefix) in [("bare", ""), ("net", "net\n  z = ")] {
        let name = |what: &str| format!("one/{place}/{what}");
        all.push(hostile(name("name"), move |bytes| flood(prefix, "a", bytes)));
        all.push(hostile(name("differential"), move |bytes| {
            format!("{prefix}{}/dx", flood("d", "a", bytes - prefix.len() - 3))
        }));
        all.push(hostile(name("number"), move |bytes| flood(prefix, "7", bytes)));
        all.push(hostile(name("fraction"), move |bytes| flood(prefix, "0.0", bytes)));
        all.push(hostile(name("exponent"), move |bytes| flood(&format!("{prefix}1e"), "9", bytes)));
        all.push(hostile(name("string"), move |bytes| flood(&format!("{prefix}\""), "s", bytes)));
        all.push(hostile(name("blanks"), move |bytes| flood(prefix, " ", bytes)));
    }
    all
}

/// Short lines, right and wrong.
fn lines() -> Vec<Hostile> {
    let table = [
        ("newlines", "", "\n"),
        ("returns", "", "\r\n"),
        ("comments", "", "# c\n"),
        ("hashes", "", "#"),
        ("tabs", "", "\t"),
        ("tab-lines", "net\n", "\ta\n"),
        ("stray", "net\n  z = 1\n", "a\n"),
        ("stray-names", "", "nett a=1\n"),
        ("stray-lists", "", "a, b, c = 1\n"),
        ("outdented", "net\n    z = 1\n", "  a\n"),
        ("net-words", "", "net\n"),
        ("size-words", "", "size\n"),
        ("fn-words", "", "fn\n"),
        ("claim-words", "", "claim\n"),
        (
            "all-words",
            "",
            "size\nbatch\nconst\ndata\nparam\nnoise\ngiven\nnet\nfn\noptimizer\ntrain\n",
        ),
        ("open-brackets", "net\n", "  z = (\n"),
        ("wrong", "net\n", "  z = = a\n"),
        ("same", "net\n", "  z = 1\n"),
        ("undefined", "net\n", "  z = abc + abd\n"),
        ("self", "net\n", "  z = z\n"),
        ("same-claims", "given a, b : R\n", "claim \"c\" a = b\n"),
        ("wrong-claims", "", "claim \"c\" a = b\n"),
        ("far-claims", "size n, m\ngiven a : R[n]\ngiven b : R[m]\n", "claim \"c\" a + b = b a\n"),
        ("derive", "param a : R = 1\nnet\n  J = a^2\n", "derive dJ/da\n"),
        ("derive-jac", "size n\ngiven x : R[n]\nnet\n  z = exp(x)\n", "derive jac(z, x)\n"),
        ("show", "net\n  J = 1\n", "show J\n"),
        ("plot", "net\n  J = 1\n", "plot J for gd\n"),
        ("plot-on", "net\n  J = 1\n", "plot J on train\n"),
        ("export", "", "export latex \"a\"\n"),
        ("check", "net\n  J = 1\n", "check J\n"),
        ("train", "param a : R = 1\nnet\n  J = a^2\n", "train J by gd(1)\n"),
        ("train-named", "param a : R = 1\nnet\n  J = a^2\n", "train J by gd(1) as t\n"),
        ("train-nothing", "net\n  J = 1\n", "train J by gd(1)\n"),
        (
            "grids",
            "size H = 1\nparam a : R = 1\nnet\n  J = a^2\n",
            "train J by gd(1) for H in {1, 2, 3, 4}\n",
        ),
        ("split", "data\n", "  split train 1, test 2\n"),
        ("toy", "data\n  x : R\n", "  x = moons 100\n"),
        ("models", "", "model m\n"),
        ("shared", "size n\n", "model m\nsize n\n"),
        ("model-nets", "net\n  z = 1\n", "model m\nnet z = 1\n"),
    ];
    let line = |(name, prefix, line): (&'static str, &'static str, &'static str)| {
        hostile(format!("lines/{name}"), move |bytes| flood(prefix, line, bytes))
    };
    table.map(line).into_iter().collect()
}

/// One statement with a long list in it.
fn lists() -> Vec<Hostile> {
    let mut all = Vec::new();
    let mut list =
        |name: &str, prefix: &'static str, item: fn(usize) -> String, end: &'static str| {
            all.push(hostile(format!("list/{name}"), move |bytes| {
                format!("{}{end}\n", numbered(prefix, bytes - end.len() - 1, item))
            }));
        };
    list("sizes", "size n0", |i| format!(", n{i}"), "");
    list("derived", "size n0", |i| format!(", n{i} = n{} + 1", i - 1), "");
    list("batches", "batch N0", |i| format!(", N{i}"), "");
    list("consts", "const c0 = 1", |i| format!(", c{i} = 1"), "");
    list("params", "param p0", |i| format!(", p{i}"), " : R = 0");
    list(
        "params-type",
        "size n\nparam p0",
        |i| format!(", p{i}"),
        " : R[n, n, n, n, n, n, n, n] = 0",
    );
    list(
        "params-start",
        "param p0",
        |i| format!(", p{i}"),
        " : R = 1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1",
    );
    list("data", "data x0", |i| format!(", x{i}"), " : R");
    list("axes", "param W : R[2", |_| ", 2".into(), "]");
    list("indices", "net z[i0", |i| format!(",i{i}"), "] = 1");
    list("binders", "net z = sum[i0", |i| format!(",i{i}"), "] 1");
    list("forall", "claim \"c\" forall i0", |i| format!(", i{i}"), ": 1 = 1");
    list("where", "claim \"c\" 1 = 1 where w0 = 1", |i| format!(", w{i} = 1"), "");
    list("access", "given A : R\nnet z = A[0", |_| ",0".into(), "]");
    list("fn-params", "fn f(a0", |i| format!(", a{i}"), ") = a0");
    list("fn-soft", "fn f(a0", |i| format!(", a{i}"), ") = 1");
    list("call-args", "fn f(a) = a\nnet z = f(1", |_| ",1".into(), ")");
    list("named-args", "fn f(a) = a\nnet z = f(1", |i| format!(",b{i}=1"), ")");
    list("sums", "net z = 1", |i| format!(" + {i}"), "");
    list("ones", "const c = 1", |_| "+1".into(), "");
    list("start-ones", "param w : R ~ normal(0, 1", |_| "+1".into(), ")");
    list("size-ones", "size n = 1", |_| "+1".into(), "");
    list("size-names", "size a, b, n = a", |_| " + b".into(), "");
    list("products", "given A : R\nnet z = A", |_| " A".into(), "");
    list("lifts", "batch N\ngiven a : R per N\nnet z = a", |i| format!(" + {i}"), "");
    list("logic", "given a : R\nnet z = 1[a > 0", |_| " and a > 0".into(), "]");
    list("chain", "given a : R\nclaim \"c\" a", |_| " = a".into(), "");
    list("with", "size H = 1\ntrain J by gd(1) with H = 1", |_| ", H = 1".into(), "");
    list("train-options", "param J : R = 1\ntrain J by gd(1)", |_| " seed 1".into(), "");
    list("grid", "size H = 1\nparam J : R = 1\ntrain J by gd(1) for H in {1", |_| ",1".into(), "}");
    list(
        "grids",
        "size H = 1\nparam J : R = 1\ntrain J by gd(1) for H in {1}",
        |_| ", H in {1}".into(),
        "",
    );
    list("state", "optimizer o(step)\n  state s0 = 0", |i| format!(", s{i} = 0"), "\n  p' = p");
    list("derives", "param a : R = 1\nnet J = a\nderive dJ/da", |_| ", dJ/da".into(), "");
    list("derive-set", "param a : R = 1\nnet J = a\nderive dJ/d{a", |_| ", a".into(), "}");
    list("shows", "show m0 = 1", |i| format!(", m{i} = 1"), "");
    list("files", "data x = csv \"a\"", |_| ", \"a\"".into(), "");
    list("verdict", "claim \"c\" 1 = 1 expect a", |_| "-a".into(), "");
    all
}

/// Thousands of statements with names of their own.
fn statements() -> Vec<Hostile> {
    let mut all = Vec::new();
    let mut many = |name: &str, prefix: &'static str, line: fn(usize) -> String| {
        all.push(hostile(format!("many/{name}"), move |bytes| numbered(prefix, bytes, line)));
    };
    many("definitions", "given z0 : R\nnet\n", |i| format!("  z{i} = z{} + 1\n", i - 1));
    many("aliases", "given z0 : R\nnet\n", |i| format!("  z{i} = z{}\n", i - 1));
    many("arrays", "size n, m\nbatch N\ngiven z0 : R[n] per N\ngiven b : R[n]\nnet\n", |i| {
        format!("  z{i} = z{} + b\n", i - 1)
    });
    many("written", "size n\nbatch N\ngiven z0 : R[n, N]\ngiven b : R[n]\nnet\n", |i| {
        format!("  z{i} = z{} + b\n", i - 1)
    });
    many("params", "param\n", |i| format!("  p{i} : R[3, 4] = 0\n"));
    many("param-starts", "param\n", |i| format!("  p{i} : R[3] ~ normal(0, 1)\n"));
    many("sizes", "size\n", |i| format!("  n{i} = {i}\n"));
    many("derived", "size n0\nsize\n", |i| format!("  n{i} = n{} + 1\n", i - 1));
    many("squares", "size n0\nsize\n", |i| format!("  n{i} = n{0} n{0}\n", i - 1));
    many("numbers-squared", "size n0 = 2\nsize\n", |i| format!("  n{i} = n{0} n{0}\n", i - 1));
    many("consts", "const\n", |i| format!("  c{i} = {i}\n"));
    many("const-doubles", "const c0 = 1\nconst\n", |i| format!("  c{i} = c{0} + c{0}\n", i - 1));
    many("batches", "batch\n", |i| format!("  N{i}\n"));
    many("undefined", "net\n", |i| format!("  z{i} = y{i}\n"));
    many("used-before", "net\n", |i| format!("  z{i} = z{}\n", i + 1));
    many("twice", "net\n", |i| format!("  z{} = 1\n", i / 2));
    many("broken", "net\n", |i| format!("  z{i} = (\n"));
    many("stray", "", |i| format!("a{i}, b{i} = 1\n"));
    many("functions", "", |i| format!("fn f{i}(x) = x\n"));
    many("function-chain", "fn f0(x) = x\n", |i| format!("fn f{i}(x) = f{}(x)\n", i - 1));
    many("function-tree", "fn f0(x) = x\n", |i| format!("fn f{i}(x) = f{0}(x) + f{0}(x)\n", i - 1));
    many("function-burst", "fn f0(x) = x\n", |i| {
        format!("fn f{i}(x) = f{0}(x+1) + f{0}(x+2)\n", i - 1)
    });
    many("function-cycle", "", |i| format!("fn f{i}(x) = f{}(x)\n", i + 1));
    many("optimizers", "", |i| format!("optimizer o{i}(step)\n  p' = p\n"));
    many("states", "optimizer o(step)\n  state s0 = 0\n  p' = p\n", |i| {
        format!("  state s{i} = 0\n  s{i}' = s{}\n", i - 1)
    });
    many("claims", "given a : R\n", |i| format!("claim \"c{i}\" a = a\n"));
    many("checked", "", |i| format!("claim \"c{i}\" 1 = 1\ncheck c{i}\n"));
    many("wrong-claims", "given\n  a : R\n", |i| format!("claim \"c{i}\" b{i} = a\n"));
    many("far-names", "given\n  a : R\n", |i| {
        format!("  g{i} : R\nclaim \"c\" gg{i} = a\ngiven\n")
    });
    many("trainings", "param J : R = 1\n", |i| format!("train J by gd(1) as t{i}\n"));
    many("plots", "param J : R = 1\ntrain J by gd(1)\n", |i| {
        format!("train J by gd(1) as t{i}\nplot J for t{i}\n")
    });
    many("metrics", "", |i| format!("show m{i} = 1\n"));
    many("families", "", |i| format!("net\n  h{i}[0] = 1\n"));
    many("members", "net\n", |i| format!("  h[{i}] = 1\n"));
    many("accesses", "size n0\nsize\n", |i| {
        format!("  n{i} = n{} + 1\ngiven a{i} : R[n{i}]\nnet b{i}[u] = a{i}[u+1]\nsize\n", i - 1)
    });
    many("counts", "", |i| format!("param p{i} : R = 1\nnet c{i} = count(param)\n"));
    many("models", "", |i| format!("model m{i}\nnet z = 1\n"));
    many("model-sizes", "", |i| format!("model m{i}\nsize n{i}\n"));
    many("derivatives", "param z0 : R = 1\nnet\n", |i| {
        format!("  z{i} = z{} + 1\n  g{i} = dz{i}/dz0\n", i - 1)
    });
    all
}

/// Little text that asks for much.
fn growth() -> Vec<Hostile> {
    let mut all = fixed_growth();
    all.extend(size_growth());
    all.extend(family_growth());
    all.extend(nested_growth());
    all.extend(shared_growth());
    all
}

/// Texts of one size, however many bytes are wanted.
fn fixed_growth() -> Vec<Hostile> {
    let fixed =
        |name: &str, text: &'static str| hostile(format!("growth/{name}"), move |_| text.into());
    vec![
        fixed("huge-size", "size a = 999999999999999999999\n"),
        fixed("huge-power", "size a = 10, b = a^64, c = b b b\ngiven x : R[c, c, c, c]\n"),
        fixed("huge-exponent", "size n, m = n^999999999\n"),
        fixed("cube", "size n = 16384\ngiven x : R[n, n, n]\nnet y = x\n"),
        fixed("family", "net\n  h[0] = 1\n  h[l] = h[l-1] + 1 for l in 1..1000000000\n"),
        fixed("family-far", "net\n  h[l] = 1 for l in 999999999999..1000000000000000\n"),
        fixed("members", "net\n  h[0] = 1\n  h[l] = h[l-1] + 1 for l in 1..10000\n"),
        fixed(
            "members-tree",
            "net\n  h[0] = 1\n  h[l] = h[l-1] h[l-1] + h[l-1] for l in 1..9999\n",
        ),
        fixed("self-call", "fn f(x) = f(x)\nnet z = f(1)\n"),
        fixed("mutual", "fn f(x) = g(x)\nfn g(x) = f(x)\nnet z = f(1)\n"),
        fixed("mutual-args", "fn f(x) = g(x + 1)\nfn g(x) = f(x + 1) + f(x + 2)\nnet z = f(1)\n"),
        hostile("growth/grid", |_| {
            let list = |name| format!("{name} in {{{}}}", vec!["1"; 1000].join(", "));
            format!(
                "size H = 1, K = 1, L = 1\nparam J : R = 1\ntrain J by gd(1) for {}, {}, {}\n",
                list("H"),
                list("K"),
                list("L")
            )
        }),
    ]
}

/// Sizes whose polynomials grow, and the types they stand in.
fn size_growth() -> Vec<Hostile> {
    vec![
        hostile("growth/polynomial", |_| {
            let names: Vec<String> = (1..=20).map(|i| format!("n{i}")).collect();
            format!("size {}\nsize m = ({})^20\n", names.join(", "), names.join(" + "))
        }),
        hostile("growth/factors", |_| {
            let names: Vec<String> = (1..=40).map(|i| format!("s{i} = n + {i}")).collect();
            let product: Vec<String> = (1..=40).map(|i| format!("s{i}")).collect();
            let (names, product) = (names.join(", "), product.join(" "));
            let sizes = format!("size n, {names}\nsize t = {product} (n n + n + 1)\n");
            format!("{sizes}given x : R[t + n - n]\nnet z = x + ones(n)\n")
        }),
        hostile("growth/size-products", |bytes| {
            let sum: Vec<String> = (0..32).map(|i| format!("n^{i}")).collect();
            let prefix = format!("size n\nsize a = {}\nsize\n", sum.join(" + "));
            numbered(&prefix, bytes, |i| format!("  b{i} = a a\n"))
        }),
        hostile("growth/wide-types", |bytes| {
            let names: Vec<String> = (0..60).map(|i| format!("n{i}")).collect();
            let prefix = format!(
                "size {}\nsize m = {}\ngiven x : R[m, m]\nnet\n",
                names.join(", "),
                names.join(" + ")
            );
            numbered(&prefix, bytes, |i| format!("  z{i} = x + x\n"))
        }),
    ]
}

/// Families of thousands of members, with much in each.
fn family_growth() -> Vec<Hostile> {
    vec![
        hostile("growth/long-family", |bytes| {
            flood("net\n  h[l] = 1", "+1", bytes - 22) + " for l in 1..10000\n"
        }),
        hostile("growth/family-statements", |bytes| {
            numbered("net\n", bytes, |i| format!("  h{i}[l] = 1 for l in 1..10000\n"))
        }),
        hostile("growth/size-families", |bytes| {
            numbered("size\n", bytes, |i| format!("  h{i}[l] = 1 for l in 1..10000\n"))
        }),
    ]
}

/// One expression with much inside of much.
fn nested_growth() -> Vec<Hostile> {
    vec![
        hostile("growth/suffixes", |bytes| {
            let mut text = "x".to_string();
            while text.len() + 600 < bytes.min(200_000) {
                text = format!("({text}){}", "^T".repeat(250));
            }
            format!("size n\ngiven x : R[n, n]\nnet z = {text}\n")
        }),
        hostile("growth/nested-means", |bytes| {
            let inner = flood("a", "+a", bytes.saturating_sub(10_000));
            let (open, close) = ("x + mean[N] (".repeat(100), ")".repeat(100));
            format!("batch N\ngiven x : R per N\ngiven a : R\nnet z = {open}{inner}{close}\n")
        }),
        hostile("growth/nested-sums", |bytes| {
            let inner = flood("x", "+x", bytes.saturating_sub(10_000));
            let (open, close) = ("sum(".repeat(100), ")".repeat(100));
            format!("batch N\ngiven x : R per N\nnet z = {open}{inner}{close}\n")
        }),
        hostile("growth/index-chain", |bytes| {
            numbered("size n\ngiven a : R[n]\nnet z = 0", bytes, |_| " + sum[i] a[i+1]".into())
        }),
    ]
}

/// What is long is said once and used many times.
fn shared_growth() -> Vec<Hostile> {
    vec![
        hostile("growth/big-function", |bytes| {
            let body = flood("fn f(x) = x", " + x", bytes / 2);
            numbered(&format!("{body}\n"), bytes, |i| format!("net z{i} = f({i})\n"))
        }),
        hostile("growth/big-type-names", |bytes| {
            let names = numbered("given a0", bytes / 2, |i| format!(", a{i}"));
            format!("{names} : R[{}]\n", flood("1", "+1", bytes / 2 - 10))
        }),
        hostile("growth/batch-axes", |bytes| {
            let names = numbered("batch N0", bytes / 4, |i| format!(", N{i}"));
            let count = names.matches(',').count() / 4;
            let given: String = (0..count).map(|i| format!("  x{i} : R per N{i}\n")).collect();
            let sum: Vec<String> = (0..count).map(|i| format!("x{i}")).collect();
            format!("{names}\ngiven\n{given}net z = {}\n", sum.join(" + "))
        }),
        hostile("growth/alias-log", |bytes| {
            let mut text = numbered("given z0 : R\nnet\n", bytes * 3 / 4, |i| {
                format!("  z{i} = z{}\n", i - 1)
            });
            let last = text.matches(" = ").count();
            while text.len() + 60 < bytes {
                text.push_str(&format!("  l{} = log(z{last})\n", text.len()));
            }
            text
        }),
        hostile("growth/models-shared", |bytes| {
            let shared = numbered("", bytes / 2, |i| format!("size n{i}\n"));
            numbered(&shared, bytes, |i| format!("model m{i}\n"))
        }),
    ]
}

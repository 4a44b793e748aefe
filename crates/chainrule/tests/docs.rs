//! Every equation file in the documentation is one: it is read without a mistake.

use std::path::Path;

use chainrule::{Model, graph};

/// The blocks of a page that are marked `eqn`, with the line they begin at.
fn blocks(page: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (i, line) in page.lines().enumerate() {
        match (&mut open, line.trim_end()) {
            (None, "```eqn") => open = Some((i + 2, String::new())),
            (Some(_), "```") => out.extend(open.take()),
            (Some((_, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
            _ => {}
        }
    }
    out
}

#[test]
fn equation_files_in_the_documentation_are_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut count = 0;
    for page in ["README.md", "docs/language.md"] {
        let text = std::fs::read_to_string(root.join(page)).expect("the page");
        for (line, block) in blocks(&text) {
            let reading = graph::read(&block);
            assert!(reading.diagnostics.is_empty(), "{page}:{line}: {:?}", reading.diagnostics);
            let formatted = chainrule::format(page, &block).expect("it formats");
            assert_eq!(formatted, block, "{page}:{line} is formatted");
            count += 1;
        }
    }
    assert!(count >= 8, "{count} files");
}

#[test]
fn standard_optimizers_are_right() {
    let (module, diagnostics) = graph::standard_optimizers();
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let names: Vec<&str> = module.optimizers.iter().map(|o| o.name.as_str()).collect();
    let wanted = [
        "gd", "sgd", "momentum", "nag", "nesterov", "adagrad", "rmsprop", "adadelta", "adam",
        "adamw",
    ];
    assert_eq!(names, wanted);
    let nag = module.optimizers.iter().find(|o| o.name == "nag").expect("nag");
    let wide: Vec<_> = nag.lines.iter().map(|l| (l.name.as_str(), l.next, l.bundle)).collect();
    // t is one number for all parameters; q, r and p are one value each.
    assert_eq!(
        wide,
        [("t", true, false), ("q", false, true), ("r", true, true), ("p", true, true)]
    );
}

#[test]
fn standard_functions_can_be_called() {
    let text = "\
size n
given x, w : R[n]
given W : R[n, n]
net
  a = gelu(x) + silu(x) + elu(x) + leaky_relu(x) + leaky_relu(x, slope = 0.2) + softsign(x)
  b = dense(W, x, w) + layer_norm(x)
  c = mean_square(x, w)
";
    let model = Model::parse("std.eqn", text).expect("it reads");
    let module = &model.modules()[0];
    let ty = |name: &str| module.type_text(&module.symbol(module.find(name).expect("a name")).ty);
    assert_eq!((ty("a"), ty("b"), ty("c")), ("R[n]".into(), "R[n]".into(), "R".into()));
    let wrong = Model::parse(
        "std.eqn",
        "size n, m\ngiven x : R[n]\ngiven y : R[m]\nnet\n  c = mean_square(x, y)\n",
    );
    let error = wrong.unwrap_err();
    let (source, diagnostics) = error.diagnostics().expect("diagnostics");
    assert_eq!(diagnostics.len(), 1, "reported at the call: {diagnostics:?}");
    assert_eq!(diagnostics[0].span().text(source.text()), "mean_square(x, y)");
}

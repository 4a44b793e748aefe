//! The pages of a derivation in LaTeX, HTML and Typst.

mod common;

use std::process::Command;

use chainrule::{BUILTIN, DeriveOptions, Document, Form, LayoutChoice, Model};

fn documents() -> Vec<(String, Document)> {
    let mut out = Vec::new();
    let options = [
        DeriveOptions::default(),
        DeriveOptions { form: Some(Form::Batch), ..DeriveOptions::default() },
        DeriveOptions { layout: Some(LayoutChoice::Numerator), ..DeriveOptions::default() },
    ];
    for (name, _) in BUILTIN {
        for (i, options) in options.iter().enumerate() {
            let model = Model::read(name).unwrap_or_else(|e| panic!("{name}: {e}"));
            let document = model.document(options).unwrap_or_else(|e| panic!("{name}: {e}"));
            out.push((format!("{name}{i}"), document));
        }
    }
    out
}

/// Every element is closed, in the right order.
fn balanced(html: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let end = rest[at..].find('>').ok_or("an open tag")? + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or("");
        if tag.starts_with('!') || ["meta"].contains(&name) {
            continue;
        }
        if tag.starts_with('/') {
            match open.pop() {
                Some(last) if last == name => {}
                last => return Err(format!("</{name}> closes {last:?}")),
            }
        } else {
            open.push(name);
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} is open")) }
}

#[test]
fn html_is_well_formed_and_needs_nothing() {
    for (name, document) in documents() {
        let page = document.html();
        balanced(&page).unwrap_or_else(|e| panic!("{name}: {e}"));
        for word in ["http", "src=", "href=", "<script", "url("] {
            assert!(!page.contains(word), "{name}: {word}");
        }
        assert!(page.contains("<math"), "{name}");
    }
}

#[test]
fn latex_has_its_brackets_in_pairs() {
    for (name, document) in documents() {
        let page = document.latex();
        let count = |c: char| page.replace("\\{", "").replace("\\}", "").matches(c).count();
        assert_eq!(count('{'), count('}'), "{name}");
        let dollars = page.replace("\\$", "").matches('$').count();
        assert_eq!(dollars % 2, 0, "{name}");
    }
}

/// Where LaTeX is installed: every page compiles, and nothing is wider than the text.
#[test]
fn latex_compiles_where_it_is_installed() {
    if Command::new("pdflatex").arg("--version").output().is_err() {
        eprintln!("no pdflatex: not tested");
        return;
    }
    let folder = std::env::temp_dir().join(format!("chainrule-latex-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    for (name, document) in documents() {
        std::fs::write(folder.join(format!("{name}.tex")), document.latex()).expect("written");
        let run = Command::new("pdflatex")
            .args(["-interaction=nonstopmode", "-halt-on-error", &format!("{name}.tex")])
            .current_dir(&folder)
            .output()
            .expect("it runs");
        let log = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{name}: {log}");
        assert!(!log.contains("Overfull \\hbox"), "{name}: {log}");
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn typst_has_no_stray_commas() {
    for (name, document) in documents() {
        let page = document.typst();
        assert_eq!(page.matches('$').count() % 2, 0, "{name}");
        assert!(page.contains("frac("), "{name}");
    }
}

#[test]
fn names_from_the_caller() {
    let model = Model::read("iris").expect("it reads");
    let ask = |of: Option<&str>, wrt: &[&str]| {
        let wrt = wrt.iter().map(|w| (*w).to_string()).collect();
        model.document(&DeriveOptions {
            of: of.map(str::to_string),
            wrt,
            ..DeriveOptions::default()
        })
    };
    let found = ask(None, &["W0"]).expect("it derives");
    assert_eq!(found.derivations[0].title, "gradient of J by W0");
    let found = ask(Some("a1"), &["z1"]).expect("it derives");
    assert_eq!(found.derivations[0].gradients[0].text, "diag(sigmoid(z1))");
    let error = ask(None, &["W7"]).unwrap_err().to_string();
    assert!(error.contains("did you mean `W"), "{error}");
    let error = ask(None, &["y"]).unwrap_err().to_string();
    assert!(error.contains("label"), "{error}");
}

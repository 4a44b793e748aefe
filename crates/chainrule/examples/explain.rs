//! Reads an equation file and tells its shapes, or what is wrong with it and what would fit.
//!
//! `cargo run -p chainrule --example explain -- iris`

use chainrule::Model;

/// The type of every equation, one a line.
fn types(model: &Model) -> Vec<String> {
    let equations = model.show().into_iter().flat_map(|shown| shown.equations);
    equations
        .flat_map(|equation| equation.types)
        .map(|(name, ty)| format!("{name} : {ty}"))
        .collect()
}

/// Every mistake with its place and the repairs that fit.
fn mistakes(error: &chainrule::Error) -> Vec<String> {
    let Some((source, diagnostics)) = error.diagnostics() else { return vec![error.to_string()] };
    let explain = |d: &chainrule::Diagnostic| {
        let (line, column) = source.line_column(d.span().start as usize);
        let repairs: Vec<&str> = d.repairs.iter().map(|r| r.message.as_str()).collect();
        format!("{}:{line}:{column}: {} ({})", source.name(), d.message, repairs.join("; "))
    };
    diagnostics.iter().map(explain).collect()
}

/// Explains the file named on the command line, or a built-in example, and a mistake.
pub fn main() -> Result<(), chainrule::Error> {
    let file = std::env::args().nth(1).filter(|a| !a.starts_with('-'));
    let model = Model::read(file.as_deref().unwrap_or("iris"))?;
    println!("{}", types(&model).join("\n"));
    let wrong = "size n, m\ngiven\n  A : R[m, n]\n  x : R[m]\nnet\n  y = A x\n";
    if let Err(error) = Model::parse("wrong.eqn", wrong) {
        println!("{}", mistakes(&error).join("\n"));
    }
    Ok(())
}

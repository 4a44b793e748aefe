//! Reading what a command is given: a file, a built-in example, or standard input.

use std::io::Read as _;
use std::path::Path;

use chainrule::Model;

use crate::failure::Failure;

/// The argument that stands for standard input, and its name in messages.
const STDIN: (&str, &str) = ("-", "<stdin>");
/// More than the language accepts is not read, so that an endless stream ends in an error.
const LIMIT: u64 = 11 << 20;

/// A longer table is not read from standard input.
const ROWS: u64 = 1 << 30;

/// Whether `path` stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN.0
}

/// Everything on standard input.
///
/// # Errors
///
/// It cannot be read, or is too much.
pub(crate) fn bytes() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(ROWS + 1).read_to_end(&mut bytes);
    read.map_err(|cause| Failure::io("reading", Path::new(STDIN.1), &cause))?;
    if bytes.len() as u64 > ROWS {
        return Err(Failure::Io(format!("`{}` has more than {ROWS} bytes", STDIN.1)));
    }
    Ok(bytes)
}

/// Name and text of `path`.
///
/// # Errors
///
/// It cannot be read, or is no UTF-8.
pub(crate) fn text(path: &Path) -> Result<(String, String), Failure> {
    if !is_stdin(path) {
        return Ok(chainrule::read_text(path)?);
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LIMIT).read_to_end(&mut bytes);
    read.map_err(|cause| Failure::io("reading", Path::new(STDIN.1), &cause))?;
    let text = String::from_utf8(bytes).map_err(|bad| {
        let valid = bad.utf8_error().valid_up_to();
        Failure::Io(format!("reading `{}` failed: byte {valid} is no UTF-8", STDIN.1))
    })?;
    Ok((STDIN.1.to_owned(), text))
}

/// The model in `path`, with its sizes and constants set as `--set` says.
///
/// # Errors
///
/// It cannot be read, has mistakes, or has nothing of a name that is set.
pub(crate) fn model(path: &Path, set: &[(String, String)]) -> Result<Model, Failure> {
    let model = if is_stdin(path) {
        let (name, text) = text(path)?;
        Model::parse(name, text)?
    } else {
        Model::read(path)?
    };
    if set.is_empty() {
        return Ok(model);
    }
    Ok(model.with(set.iter().map(|(name, value)| (name.as_str(), value.as_str())))?)
}

//! The state of a training as a file.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::fields::{exact, exactly, list, maybe, text, whole};
use super::tensors::{self, Head, Info};
use super::{FORMAT, check_kind};
use crate::train::{Best, End, State, Tensor};

/// What the names of the arrays begin with.
const PARAMETERS: &str = "parameters/";
const OPTIMIZER: &str = "optimizer/";
const BEST: &str = "best/";
/// The kind of file.
const KIND: &str = "state";

/// The words for why a training is at its end.
const ENDS: [(&str, End); 6] = [
    ("epochs", End::Epochs),
    ("steps", End::Steps),
    ("minutes", End::Minutes),
    ("early", End::Early),
    ("below", End::Below),
    ("diverged", End::Diverged),
];

/// The word for why a training is at its end.
pub(crate) fn end_word(end: End) -> &'static str {
    ENDS.iter().find(|(_, e)| *e == end).map_or("", |(word, _)| word)
}

/// The end that a word means.
pub(crate) fn end_of(word: &str) -> Result<End, String> {
    let found = ENDS.iter().find(|(w, _)| *w == word);
    found.map(|(_, end)| *end).ok_or_else(|| format!("`{word}` is no end of a training"))
}

impl State {
    /// The bytes of a state file: safetensors, with everything that is no array in its header.
    ///
    /// ```
    /// use chainrule::train::{Precision, State, Tensor};
    ///
    /// let state = State {
    ///     parameters: vec![Tensor::new("b", Precision::F32, vec![2], &[1.0, 2.0])],
    ///     optimizer: vec![],
    ///     step: 3,
    ///     epoch: 1,
    ///     position: 0,
    ///     loss_sum: 0.1,
    ///     seconds: 2.5,
    ///     best: None,
    ///     rules: vec![],
    ///     end: None,
    /// };
    /// assert_eq!(State::from_bytes(&state.to_bytes()?), Ok(state));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The header is longer than a reader takes.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        write(&mut bytes, self)?;
        Ok(bytes)
    }

    /// Reads the bytes of a state file.
    ///
    /// # Errors
    ///
    /// They are no such file: what is wrong, in words.
    pub fn from_bytes(bytes: &[u8]) -> Result<State, String> {
        let mut reader = bytes;
        let head = tensors::head(&mut reader, bytes.len() as u64)?;
        let arrays = tensors::arrays(&mut reader, &head)?;
        assemble(&head, arrays)
    }
}

/// Writes a state.
///
/// # Errors
///
/// `out` cannot be written.
pub(crate) fn write(out: &mut dyn Write, state: &State) -> io::Result<()> {
    let best = state
        .best
        .as_ref()
        .map(|best| json!({ "epoch": best.epoch, "step": best.step, "value": exact(best.value) }));
    let rules =
        state.rules.iter().map(|(name, value)| json!({ "name": name, "value": exact(*value) }));
    let about = json!({
        "kind": KIND,
        "format": FORMAT,
        "step": state.step,
        "epoch": state.epoch,
        "position": state.position,
        "loss_sum": exact(state.loss_sum),
        "seconds": exact(state.seconds),
        "best": best,
        "rules": rules.collect::<Vec<Value>>(),
        "end": state.end.map(end_word),
    });
    let parameters = state.parameters.iter().map(|tensor| (PARAMETERS, tensor));
    let optimizer = state.optimizer.iter().map(|tensor| (OPTIMIZER, tensor));
    let best = state.best.iter().flat_map(|best| &best.parameters).map(|tensor| (BEST, tensor));
    let arrays: Vec<_> = parameters
        .chain(optimizer)
        .chain(best)
        .map(|(prefix, tensor)| (format!("{prefix}{}", tensor.name), tensor))
        .collect();
    tensors::write(out, &about, &arrays)
}

/// Whether the arrays of a header are those of a state of the same training.
///
/// # Errors
///
/// The first difference, in words.
pub(crate) fn fits(head: &Head, like: &State) -> Result<(), String> {
    let named = |prefix: &str, tensors: &[Tensor]| -> Vec<Info> {
        let mut infos = tensors::described(tensors);
        infos.iter_mut().for_each(|info| info.name.insert_str(0, prefix));
        infos
    };
    let mut expected = named(PARAMETERS, &like.parameters);
    expected.extend(named(OPTIMIZER, &like.optimizer));
    if head.about.get("best").is_some_and(|best| !best.is_null()) {
        expected.extend(named(BEST, &like.parameters));
    }
    tensors::compare(&head.arrays, &expected)
}

/// The state that a header and its arrays are.
///
/// # Errors
///
/// What is wrong, in words.
pub(crate) fn assemble(head: &Head, arrays: Vec<Tensor>) -> Result<State, String> {
    let about = &head.about;
    check_kind(about, KIND)?;
    let best = about.get("best").filter(|best| !best.is_null());
    let mut best = match best {
        Some(best) => Some(Best {
            epoch: whole(best, "epoch")?,
            step: whole(best, "step")?,
            value: exactly(best, "value")?,
            parameters: Vec::new(),
        }),
        None => None,
    };
    let (mut parameters, mut optimizer) = (Vec::new(), Vec::new());
    for mut tensor in arrays {
        let (list, prefix) = match (&tensor.name, &mut best) {
            (name, _) if name.starts_with(PARAMETERS) => (&mut parameters, PARAMETERS),
            (name, _) if name.starts_with(OPTIMIZER) => (&mut optimizer, OPTIMIZER),
            (name, Some(best)) if name.starts_with(BEST) => (&mut best.parameters, BEST),
            (name, _) => return Err(format!("`{name}` belongs to no state")),
        };
        tensor.name.drain(..prefix.len());
        list.push(tensor);
    }
    let rule = |rule: &Value| Ok((text(rule, "name")?, exactly(rule, "value")?));
    let end = maybe(about, "end", text)?;
    Ok(State {
        parameters,
        optimizer,
        step: whole(about, "step")?,
        epoch: whole(about, "epoch")?,
        position: whole(about, "position")?,
        loss_sum: exactly(about, "loss_sum")?,
        seconds: exactly(about, "seconds")?,
        best,
        rules: list(about, "rules")?.iter().map(rule).collect::<Result<_, String>>()?,
        end: end.as_deref().map(end_of).transpose()?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::train::Precision;

    /// A state with everything in it.
    pub(crate) fn state() -> State {
        let tensor = |name: &str, values: &[f64]| {
            Tensor::new(name, Precision::F64, vec![values.len()], values)
        };
        State {
            parameters: vec![tensor("W", &[1.0, -0.0]), tensor("b[2]", &[0.1])],
            optimizer: vec![tensor("p_prev", &[0.5, 1e-300, 3.0])],
            step: 7,
            epoch: 2,
            position: 30,
            loss_sum: 0.1 + 0.2,
            seconds: 1.0 / 3.0,
            best: Some(Best {
                epoch: 1,
                step: 4,
                value: 2.0 / 3.0,
                parameters: vec![tensor("W", &[1.0, 2.0]), tensor("b[2]", &[0.3])],
            }),
            rules: vec![("least".into(), f64::INFINITY)],
            end: Some(End::Early),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = state().to_bytes().expect("it can be written");
        assert_eq!(State::from_bytes(&bytes), Ok(state()));
        assert_eq!(bytes, state().to_bytes().expect("it can be written"));
        let plain = State { best: None, end: None, ..state() };
        assert_eq!(State::from_bytes(&plain.to_bytes().expect("bytes")), Ok(plain));
    }

    #[test]
    fn a_state_of_another_training_is_refused() {
        let bytes = state().to_bytes().expect("it can be written");
        let head = tensors::head(&mut &bytes[..], bytes.len() as u64).expect("a header");
        assert_eq!(fits(&head, &state()), Ok(()));
        let mut other = state();
        other.optimizer.clear();
        assert!(fits(&head, &other).is_err());
    }

    #[test]
    fn a_state_that_is_cut_is_refused() {
        let bytes = state().to_bytes().expect("it can be written");
        for cut in 0..bytes.len() {
            assert!(State::from_bytes(&bytes[..cut]).is_err(), "{cut} bytes");
        }
    }
}

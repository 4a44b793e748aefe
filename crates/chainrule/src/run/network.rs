//! A trained network as a file.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::fields::{exact_conv, field, list, maybe, numbers, sizes, text, texts, whole};
use super::tensors::{self, Head, precision_text};
use super::{FORMAT, PROGRAM, check_kind};
use crate::Error;
use crate::data::LabelNames;
use crate::train::hash;
use crate::train::{Input, Network, Precision, Summary, Tensor};

/// The kind of file.
const KIND: &str = "model";

impl Network {
    /// The bytes of a model file: safetensors with the weights in the order they are declared; the
    /// equations and everything else that prediction needs stand in its header.
    ///
    /// # Errors
    ///
    /// The header is longer than a reader takes.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        write(&mut bytes, self, None)?;
        Ok(bytes)
    }

    /// Reads the bytes of a model file, for example of one that a program carries inside.
    ///
    /// # Errors
    ///
    /// They are no such file: what is wrong, in words.
    ///
    /// ```
    /// use chainrule::train::Network;
    ///
    /// let error = Network::from_bytes(b"not a model").unwrap_err();
    /// assert!(error.contains("safetensors"), "{error}");
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Network, String> {
        read(&mut &bytes[..], bytes.len() as u64).map(|(network, _)| network)
    }

    /// Reads a model file: `models/NAME.safetensors` of a run folder.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is no such file.
    pub fn read(path: &Path) -> Result<Network, Error> {
        open(path).map(|(network, _)| network)
    }
}

/// Reads the model file at `path` with the values that were measured when it was written.
///
/// # Errors
///
/// It cannot be read, or is no such file.
pub(crate) fn open(path: &Path) -> Result<(Network, Option<Summary>), Error> {
    let (mut reader, length) = opened(path)?;
    read(&mut reader, length).map_err(|why| refused(path, &why))
}

/// The values that were measured when the model file at `path` was written.
///
/// # Errors
///
/// It cannot be read, is no such file, or was written without.
pub(crate) fn summary(path: &Path) -> Result<Summary, Error> {
    let (mut reader, length) = opened(path)?;
    let found = tensors::head(&mut reader, length).and_then(|head| result(&head));
    let found = found.and_then(|found| found.ok_or_else(|| "it has no `result`".into()));
    found.map_err(|why| refused(path, &why))
}

fn opened(path: &Path) -> Result<(BufReader<File>, u64), Error> {
    let open = || {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        Ok((BufReader::new(file), meta.len()))
    };
    open().map_err(|cause| Error::io("reading", path, cause))
}

fn refused(path: &Path, why: &str) -> Error {
    Error::failed(format!("`{}` is no model that can be used: {why}", path.display()))
}

/// Writes a network.
///
/// # Errors
///
/// `out` cannot be written.
pub(crate) fn write(
    out: &mut dyn Write,
    network: &Network,
    result: Option<&Summary>,
) -> io::Result<()> {
    let input = |input: &Input| {
        json!({
            "name": input.name,
            "dims": input.dims,
            "scale": input.scale,
            "shift": input.shift,
        })
    };
    let labels = |labels: &LabelNames| json!({ "symbol": labels.symbol, "names": labels.names });
    let about = json!({
        "kind": KIND,
        "format": FORMAT,
        "program": PROGRAM,
        "file": network.file,
        "equations": network.equations,
        "model": network.model,
        "training": network.training,
        "precision": precision_text(network.precision),
        "exact_conv": network.exact,
        "sizes": network.sizes.iter().map(|(name, n)| json!([name, n])).collect::<Vec<_>>(),
        "inputs": network.inputs.iter().map(input).collect::<Vec<_>>(),
        "labels": network.labels.iter().map(labels).collect::<Vec<_>>(),
        "outputs": network.outputs,
        "parameters_sha256": hash::of(&network.parameters),
        "result": result.map(Summary::to_json),
    });
    let arrays: Vec<_> = network.parameters.iter().map(|t| (t.name.clone(), t)).collect();
    tensors::write(out, &about, &arrays)
}

fn read(reader: &mut impl Read, length: u64) -> Result<(Network, Option<Summary>), String> {
    let head = tensors::head(reader, length)?;
    check_kind(&head.about, KIND)?;
    let result = result(&head)?;
    let mut network = described(&head)?;
    network.parameters = parameters(reader, &head, network.precision)?;
    let own = maybe(&head.about, "parameters_sha256", text)?;
    let measured = result.as_ref().map(|result| result.parameters_sha256.clone());
    let has = hash::of(&network.parameters);
    match own.into_iter().chain(measured).find(|recorded| *recorded != has) {
        None => Ok((network, result)),
        Some(recorded) => Err(format!(
            "its weights have the SHA-256 {has}, recorded is {recorded}: the file was changed or \
             damaged"
        )),
    }
}

fn result(head: &Head) -> Result<Option<Summary>, String> {
    check_kind(&head.about, KIND)?;
    maybe(&head.about, "result", |about, key| Summary::from_json(field(about, key)?))
}

fn parameters(
    reader: &mut impl Read,
    head: &Head,
    precision: Precision,
) -> Result<Vec<Tensor>, String> {
    if let Some(other) = head.arrays.iter().find(|array| array.precision != precision) {
        let precision = precision_text(precision);
        return Err(format!("it has `{}` among weights of {precision}", other.text()));
    }
    let parameters = tensors::arrays(reader, head)?;
    tensors::finite(&parameters)?;
    Ok(parameters)
}

/// The network that a header describes, its weights still missing.
fn described(head: &Head) -> Result<Network, String> {
    let about = &head.about;
    let input = |value: &Value| {
        Ok(Input {
            name: text(value, "name")?,
            dims: sizes(value, "dims")?,
            scale: numbers(value, "scale")?,
            shift: numbers(value, "shift")?,
        })
    };
    let labels = |value: &Value| {
        Ok(LabelNames { symbol: text(value, "symbol")?, names: texts(value, "names")? })
    };
    let size = |value: &Value| match value.as_array().map(Vec::as_slice) {
        Some([Value::String(name), Value::Number(n)]) if n.is_u64() => {
            Ok((name.clone(), n.as_u64().unwrap_or_default()))
        }
        _ => Err("`sizes` is no list of names with numbers".to_string()),
    };
    Ok(Network {
        file: text(about, "file")?,
        equations: text(about, "equations")?,
        model: usize::try_from(whole(about, "model")?).map_err(|_| "`model` is too large")?,
        training: text(about, "training")?,
        precision: super::precision_of(&text(about, "precision")?)?,
        exact: exact_conv(about)?,
        sizes: list(about, "sizes")?.iter().map(size).collect::<Result<_, String>>()?,
        parameters: Vec::new(),
        inputs: list(about, "inputs")?.iter().map(input).collect::<Result<_, String>>()?,
        labels: list(about, "labels")?.iter().map(labels).collect::<Result<_, String>>()?,
        outputs: texts(about, "outputs")?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A network with everything in it.
    pub(crate) fn network() -> Network {
        let tensor = |name: &str, dims: &[usize], values: &[f64]| {
            Tensor::new(name, Precision::F32, dims.into(), values)
        };
        Network {
            file: "net.eqn".into(),
            equations: "model m\n# \"quotes\" and λ\n".into(),
            model: 0,
            training: "gd H=2".into(),
            precision: Precision::F32,
            exact: true,
            sizes: vec![("d".into(), 2)],
            parameters: vec![tensor("z", &[1, 2], &[0.5, -1.0]), tensor("a", &[], &[3.0])],
            inputs: vec![Input {
                name: "x".into(),
                dims: vec![2],
                scale: vec![1.0 / 255.0],
                shift: vec![-0.1, 0.3],
            }],
            labels: vec![LabelNames { symbol: "y".into(), names: vec!["a".into(), "b".into()] }],
            outputs: vec!["p".into()],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = network().to_bytes().expect("it can be written");
        assert_eq!(Network::from_bytes(&bytes), Ok(network()));
        for cut in 0..bytes.len() {
            assert!(Network::from_bytes(&bytes[..cut]).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn changed_weights_are_refused() {
        let good = network().to_bytes().expect("bytes");
        for back in 1..=12 {
            let mut bad = good.clone();
            let at = bad.len() - back;
            bad[at] ^= 1;
            let error = Network::from_bytes(&bad).expect_err("its weights are others");
            let (has, was) = (hash::of(&network().parameters), "recorded is ");
            assert!(error.contains(&format!("{was}{has}")), "{error}");
            assert_eq!(error.matches("SHA-256").count(), 1, "{error}");
        }
    }

    #[test]
    fn what_is_no_model_is_said() {
        let mut mixed = network();
        mixed.parameters[1] = Tensor::new("a", Precision::F64, vec![], &[3.0]);
        let message = |network: &Network| {
            Network::from_bytes(&network.to_bytes().expect("bytes")).expect_err("it is wrong")
        };
        assert_eq!(message(&mixed), "it has `a : f64` among weights of f32");
        let mut nan = network();
        nan.parameters[1] = Tensor::new("a", Precision::F32, vec![], &[f64::NAN]);
        assert!(message(&nan).contains("no finite number"));
        let state = super::super::state::tests::state().to_bytes().expect("bytes");
        let error = Network::from_bytes(&state).expect_err("a state is no model");
        assert!(error.contains("state") && error.contains("model"), "{error}");
    }
}

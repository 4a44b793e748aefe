//! The manifest of a checkpoint: a small JSON file that names the state. Renaming it into its place
//! is what makes a checkpoint count.

use serde_json::json;

use super::FORMAT;
use super::fields::{self, text, truth, whole};

/// A longer manifest is not read.
pub(crate) const BYTES: u64 = 1 << 16;

/// Which state is the newest, and where the training stood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// The training's name.
    pub training: String,
    /// The file with the state, in the same folder.
    pub state: String,
    /// The SHA-256 of that file.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// How many steps were done.
    pub step: u64,
    /// How many epochs were complete.
    pub epoch: u64,
    /// How many rows of the epoch that had begun.
    pub position: u64,
    /// How long the file of the curves was.
    pub metrics: u64,
    /// Whether the training was at its end, its model written.
    pub done: bool,
}

impl Manifest {
    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        let value = json!({
            "format": FORMAT,
            "training": self.training,
            "state": self.state,
            "sha256": self.sha256,
            "bytes": self.bytes,
            "step": self.step,
            "epoch": self.epoch,
            "position": self.position,
            "metrics": self.metrics,
            "done": self.done,
        });
        format!("{value:#}\n")
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    ///
    /// It is no manifest: what is wrong, in words.
    ///
    /// ```
    /// use chainrule::run::Manifest;
    ///
    /// let error = Manifest::parse(b"{\"format\": 99}").unwrap_err();
    /// assert!(error.contains("newer"), "{error}");
    /// ```
    pub fn parse(bytes: &[u8]) -> Result<Manifest, String> {
        if bytes.len() as u64 > BYTES {
            return Err(format!("it has more than {BYTES} bytes"));
        }
        let value = fields::json(bytes)?;
        super::check_format(&value)?;
        let manifest = Manifest {
            training: text(&value, "training")?,
            state: text(&value, "state")?,
            sha256: text(&value, "sha256")?,
            bytes: whole(&value, "bytes")?,
            step: whole(&value, "step")?,
            epoch: whole(&value, "epoch")?,
            position: whole(&value, "position")?,
            metrics: whole(&value, "metrics")?,
            done: truth(&value, "done")?,
        };
        manifest.check().map(|()| manifest)
    }

    /// The state must be a file of this folder, whatever the manifest says.
    fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !self.state.ends_with(STATE_SUFFIX)
            || !self.state.chars().all(plain)
            || self.state.starts_with('.')
        {
            return Err(format!("`{}` is not the name of a state", self.state));
        }
        if self.sha256.len() != 64 || !self.sha256.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err("its `sha256` is not 64 hexadecimal digits".into());
        }
        Ok(())
    }
}

/// How the names of states end.
pub(crate) const STATE_SUFFIX: &str = ".safetensors";

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            training: "nag".into(),
            state: "step-000000350.safetensors".into(),
            sha256: "0a".repeat(32),
            bytes: 1234,
            step: 350,
            epoch: 35,
            position: 0,
            metrics: 4567,
            done: false,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Manifest::parse(manifest().text().as_bytes()), Ok(manifest()));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let text = manifest().text();
        for cut in 0..text.trim_end().len() {
            assert!(Manifest::parse(&text.as_bytes()[..cut]).is_err(), "{cut} bytes");
        }
        let cases = [
            ("\"format\": 1", "\"format\": 2", "newer"),
            ("\"format\": 1", "\"format\": \"x\"", "format"),
            ("350,", "-1,", "step"),
            ("\"step\": 350", "\"step\": 1e400", "JSON"),
            ("step-000000350", "../../etc/passwd", "not the name of a state"),
            (".safetensors", ".exe", "not the name of a state"),
            ("0a0a", "zz", "sha256"),
            ("false", "0", "done"),
        ];
        for (old, new, expected) in cases {
            let changed = text.replacen(old, new, 1);
            assert_ne!(changed, text, "{old}");
            let message = Manifest::parse(changed.as_bytes()).expect_err("it is wrong");
            assert!(message.contains(expected), "{message}\nnot: {expected}");
        }
        let long = " ".repeat(BYTES as usize + 1);
        assert!(Manifest::parse(long.as_bytes()).is_err());
    }
}

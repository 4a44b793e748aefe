//! Checkpoints: states of a training, the newest named by a manifest.
//!
//! A state is written and brought to the disk first; then the manifest is replaced, which is what
//! makes it count; then older states are removed. Whenever the program or the machine stops, the
//! manifest names a state that is complete.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::manifest::{self, Manifest, STATE_SUFFIX};
use super::{atomic, state, tensors};
use crate::Error;
use crate::bytes::hex;
use crate::train::State;

/// The manifest's name in its folder.
const MANIFEST: &str = "manifest.json";

/// The checkpoints of one training.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Checkpoints {
    folder: PathBuf,
    training: String,
}

impl Checkpoints {
    /// Those of a training, in their folder.
    pub(crate) fn new(folder: PathBuf, training: &str) -> Checkpoints {
        Checkpoints { folder, training: training.into() }
    }

    /// The manifest, if there is a checkpoint.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is no manifest of this training.
    pub(crate) fn manifest(&self) -> Result<Option<Manifest>, Error> {
        let path = self.folder.join(MANIFEST);
        let bytes = match super::folder::bounded(&path, manifest::BYTES) {
            Ok(bytes) => bytes,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(Error::io("reading", &path, cause)),
        };
        let found = Manifest::parse(&bytes).and_then(|found| match found.training {
            ref name if *name == self.training => Ok(found),
            ref name => Err(format!("it is of the training `{name}`, not of `{}`", self.training)),
        });
        found.map(Some).map_err(|why| self.damaged(&path, &why))
    }

    /// Makes `state` the newest checkpoint; the file of the curves has `metrics` bytes.
    ///
    /// # Errors
    ///
    /// It cannot be written: then the last one is as it was.
    pub(crate) fn commit(&self, state: &State, metrics: u64) -> Result<Manifest, Error> {
        atomic::folder(&self.folder).map_err(|c| Error::io("making", &self.folder, c))?;
        // What counts now is never written over.
        let old = self.manifest().ok().flatten().map(|old| old.state);
        let name = |more: &str| format!("step-{:09}{more}{STATE_SUFFIX}", state.step);
        let name = if old == Some(name("")) { name("-again") } else { name("") };
        let path = self.folder.join(&name);
        let written = atomic::write(&path, |out| state::write(out, state))?;
        let manifest = Manifest {
            training: self.training.clone(),
            state: name,
            sha256: written.sha256,
            bytes: written.bytes,
            step: state.step,
            epoch: state.epoch,
            position: state.position,
            metrics,
            done: false,
        };
        if let Err(error) = self.write(&manifest) {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        self.clean(&manifest.state);
        Ok(manifest)
    }

    /// Says that the training of the newest checkpoint is done and its model written.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(crate) fn finish(&self, manifest: &Manifest) -> Result<(), Error> {
        self.write(&Manifest { done: true, ..manifest.clone() })
    }

    fn write(&self, manifest: &Manifest) -> Result<(), Error> {
        atomic::text(&self.folder.join(MANIFEST), &manifest.text()).map(|_| ())
    }

    /// Removes states that do not count. That they cannot be removed does no harm.
    fn clean(&self, newest: &str) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let old = name.starts_with("step-") && name.ends_with(STATE_SUFFIX) && name != newest;
            if old || atomic::is_leftover(&name) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// The state of the newest checkpoint, for a training whose states look like `like`.
    ///
    /// # Errors
    ///
    /// The file is missing, damaged, or of another training.
    pub(crate) fn restore(&self, manifest: &Manifest, like: &State) -> Result<State, Error> {
        let path = self.folder.join(&manifest.state);
        let file = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = file.map_err(|cause| Error::io("reading", &path, cause))?;
        self.clean(&manifest.state);
        read(file, length, manifest, like).map_err(|why| self.damaged(&path, &why))
    }

    fn damaged(&self, path: &Path, why: &str) -> Error {
        Error::failed(format!(
            "`{}` cannot be used: {why}. Without the folder `{}` the training `{}` begins again",
            path.display(),
            self.folder.display(),
            self.training
        ))
    }
}

fn read(file: File, length: u64, manifest: &Manifest, like: &State) -> Result<State, String> {
    if length != manifest.bytes {
        let expected = manifest.bytes;
        return Err(format!("it has {length} bytes where its manifest says {expected}"));
    }
    let mut reader = Hashing { inner: BufReader::new(file), sha: Sha256::new() };
    let head = tensors::head(&mut reader, length)?;
    state::fits(&head, like)?;
    let arrays = tensors::arrays(&mut reader, &head)?;
    io::copy(&mut reader, &mut io::sink()).map_err(|cause| cause.to_string())?;
    let sha256 = hex(&reader.sha.finalize());
    if sha256 != manifest.sha256 {
        let expected = &manifest.sha256;
        return Err(format!("its SHA-256 is {sha256} where its manifest says {expected}"));
    }
    let state = state::assemble(&head, arrays)?;
    let found = (state.step, state.epoch, state.position);
    if found != (manifest.step, manifest.epoch, manifest.position) {
        return Err("it is of another step than its manifest says".into());
    }
    Ok(state)
}

/// Hashes what is read.
struct Hashing<R> {
    inner: R,
    sha: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.sha.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::scratch::Scratch;

    fn at(step: u64) -> State {
        State { step, ..state::tests::state() }
    }

    #[test]
    fn the_newest_counts() {
        let folder = Scratch::new("checkpoint");
        let checkpoints = Checkpoints::new(folder.path().into(), "nag");
        assert_eq!(checkpoints.manifest().expect("no checkpoint"), None);
        for step in [5, 5, 5, 8] {
            let manifest = checkpoints.commit(&at(step), 0).expect("it can be written");
            assert_eq!(checkpoints.manifest().expect("a manifest"), Some(manifest.clone()));
            let back = checkpoints.restore(&manifest, &at(0)).expect("it can be read");
            assert_eq!(back, at(step));
            assert_eq!(folder.names(), [MANIFEST.to_string(), manifest.state]);
        }
        let manifest = checkpoints.manifest().expect("a manifest").expect("a checkpoint");
        checkpoints.finish(&manifest).expect("it can be written");
        assert!(checkpoints.manifest().expect("a manifest").expect("a checkpoint").done);
    }

    #[test]
    fn what_is_damaged_is_said() {
        let folder = Scratch::new("damaged");
        let checkpoints = Checkpoints::new(folder.path().into(), "nag");
        let manifest = checkpoints.commit(&at(5), 0).expect("it can be written");
        let path = folder.path().join(&manifest.state);
        let good = fs::read(&path).expect("the state");
        let message = |bytes: &[u8]| {
            fs::write(&path, bytes).expect("it can be written");
            checkpoints.restore(&manifest, &at(0)).expect_err("it is damaged").to_string()
        };
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(message(&bad).contains("begins again"), "byte {at}");
        }
        assert!(message(&good[..good.len() - 1]).contains("bytes where its manifest says"));
        fs::write(&path, &good).expect("it can be written");
        let mut other = at(0);
        other.parameters.pop();
        let error = checkpoints.restore(&manifest, &other).expect_err("another training");
        assert!(error.to_string().contains("is expected"), "{error}");
        let named = Checkpoints::new(folder.path().into(), "gd");
        assert!(named.manifest().expect_err("another name").to_string().contains("`nag`"));
        fs::write(folder.path().join(MANIFEST), "{").expect("it can be written");
        assert!(checkpoints.manifest().is_err());
    }

    /// What a kill between any two system calls can leave.
    #[test]
    fn leftovers_are_no_harm() {
        let folder = Scratch::new("leftovers");
        let checkpoints = Checkpoints::new(folder.path().into(), "nag");
        let manifest = checkpoints.commit(&at(5), 0).expect("it can be written");
        for name in
            [".step-000000006.safetensors.tmp", "step-000000006.safetensors", ".manifest.json.tmp"]
        {
            fs::write(folder.path().join(name), "half").expect("it can be written");
        }
        assert_eq!(checkpoints.manifest().expect("a manifest"), Some(manifest.clone()));
        assert_eq!(checkpoints.restore(&manifest, &at(0)).expect("it can be read"), at(5));
        assert_eq!(folder.names(), [MANIFEST.to_string(), manifest.state]);
    }
}

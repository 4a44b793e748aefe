//! Images by pattern: which files, their labels, their pixels.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use super::find::{self, Listing};
use super::labels::RawLabels;
use super::pattern::{Part, Pattern, folder_parts};
use super::pixels::{self, Form};
use super::{Search, SourceFile};
use crate::Error;
use crate::bytes::sha256;

/// Most files of a pattern.
const FILES: usize = 1 << 24;
/// Most bytes of all pixels.
const BYTES: usize = u32::MAX as usize;

/// The files of a pattern.
#[derive(Debug)]
pub(super) struct Images {
    /// The folder below which they lie.
    folder: PathBuf,
    files: Vec<Image>,
    /// Form of the first.
    pub(super) form: Form,
    labelled: bool,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Image {
    /// Path below the folder, with `/`.
    name: String,
    label: Option<String>,
}

/// Decoded images.
#[derive(Debug)]
pub(super) struct Pixels {
    pub(super) bytes: Vec<u8>,
    /// Digest of the listing, and the length of all files.
    listing: (String, u64),
}

impl Images {
    /// Finds the files of `text`, in the first root that has any. A plain folder means its
    /// subfolders, each with the images of one label, or the images in it if it has no such.
    pub(super) fn find(search: &Search, text: &str) -> Result<Images, Error> {
        let pattern = Pattern::read(text).map_err(Error::failed)?;
        for folder in find::candidates(search, &pattern.folder) {
            if let Some(images) = Images::below(&folder, &pattern)? {
                return Ok(images);
            }
        }
        Err(find::missing(search, text, "image of the pattern"))
    }

    fn below(folder: &Path, pattern: &Pattern) -> Result<Option<Images>, Error> {
        let mut labelled = pattern.has_label();
        let (mut folder, mut files) = (folder.to_path_buf(), Vec::new());
        if pattern.parts.is_empty() {
            match fs::metadata(&folder) {
                Ok(meta) if meta.is_dir() => {
                    collect(&folder, &folder_parts(true), &mut files)?;
                    files.retain(|image| is_image(&image.name));
                    labelled = !files.is_empty();
                    if files.is_empty() {
                        collect(&folder, &folder_parts(false), &mut files)?;
                        files.retain(|image| is_image(&image.name));
                    }
                }
                Ok(_) => {
                    let name = folder.file_name().and_then(|n| n.to_str()).unwrap_or_default();
                    files.push(Image { name: name.to_string(), label: None });
                    folder.pop();
                }
                Err(_) => return Ok(None),
            }
        } else if folder.as_os_str().is_empty() || folder.is_dir() {
            collect(&folder, &pattern.parts, &mut files)?;
        }
        if files.is_empty() {
            return Ok(None);
        }
        files.sort();
        let first = folder.join(&files[0].name);
        let form = pixels::form(&find::bytes_of(&first)?).map_err(|e| Error::data(&first, &e))?;
        Ok(Some(Images { folder, files, form, labelled }))
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// The label of each.
    pub(super) fn labels(&self) -> Result<RawLabels, String> {
        if !self.labelled {
            return Err("no part of the pattern is `{label}`, so the names tell no label".into());
        }
        let mut labels = RawLabels::default();
        for image in &self.files {
            labels.push(image.label.as_deref().unwrap_or_default())?;
        }
        Ok(labels)
    }

    /// Reads and decodes all of them, as 1 or 3 planes each; several at a time, in the same order
    /// whatever the number of threads.
    pub(super) fn decode(&self, channels: usize) -> Result<Pixels, Error> {
        let one = self.form.width * self.form.height * channels;
        let total = one.checked_mul(self.files.len()).filter(|total| *total <= BYTES);
        let Some(total) = total else {
            return Err(Error::data(
                &self.folder,
                &format!(
                    "{} images of {one} bytes are more than the {BYTES} bytes that are read",
                    self.files.len()
                ),
            ));
        };
        let mut bytes = vec![0; total];
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(16);
        let share = self.files.len().div_ceil(threads).max(1);
        let done: Vec<Result<Vec<(String, u64)>, Error>> = std::thread::scope(|scope| {
            let pieces = self.files.chunks(share).zip(bytes.chunks_mut(share * one));
            let started: Vec<_> = pieces
                .map(|(files, out)| scope.spawn(move || self.decode_piece(files, channels, out)))
                .collect();
            started.into_iter().map(|thread| thread.join().unwrap_or_else(|_| broken())).collect()
        });
        let mut listing = Listing::default();
        let mut names = self.files.iter();
        for piece in done {
            for ((sha256, length), image) in piece?.into_iter().zip(&mut names) {
                listing.add(&image.name, &sha256, length);
            }
        }
        Ok(Pixels { bytes, listing: listing.finish() })
    }

    fn decode_piece(
        &self,
        files: &[Image],
        channels: usize,
        out: &mut [u8],
    ) -> Result<Vec<(String, u64)>, Error> {
        let one = self.form.width * self.form.height * channels;
        let read = |(image, out): (&Image, &mut [u8])| {
            let path = self.folder.join(&image.name);
            let bytes = find::bytes_of(&path)?;
            pixels::decode(&bytes, self.form, channels, out).map_err(|e| Error::data(&path, &e))?;
            Ok((sha256(&bytes), bytes.len() as u64))
        };
        files.iter().zip(out.chunks_mut(one)).map(read).collect()
    }

    /// The record of what was read; without `pixels` the files are read once more.
    pub(super) fn source(&self, name: &str, pixels: Option<&Pixels>) -> Result<SourceFile, Error> {
        let (sha256, bytes) = match pixels {
            Some(pixels) => pixels.listing.clone(),
            None => {
                let mut listing = Listing::default();
                for image in &self.files {
                    let bytes = find::bytes_of(&self.folder.join(&image.name))?;
                    listing.add(&image.name, &sha256(&bytes), bytes.len() as u64);
                }
                listing.finish()
            }
        };
        Ok(SourceFile { name: name.to_string(), path: self.folder.clone(), sha256, bytes })
    }

    /// The folder below which they lie.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// A thread of decoding came to nothing.
fn broken<T>() -> Result<T, Error> {
    Err(Error::failed("decoding images failed inside the decoder".into()))
}

/// Whether the name is that of an image.
fn is_image(name: &str) -> bool {
    let end = Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or_default();
    ["png", "jpg", "jpeg"].iter().any(|known| end.eq_ignore_ascii_case(known))
}

/// Adds the files below `folder` whose path fits.
fn collect(folder: &Path, parts: &[Part], out: &mut Vec<Image>) -> Result<(), Error> {
    let mut open = vec![(folder.to_path_buf(), String::new(), None::<String>)];
    for (at, part) in parts.iter().enumerate() {
        let last = at + 1 == parts.len();
        let mut next = Vec::new();
        for (path, name, label) in open {
            for (found, own) in entries(&path, part)? {
                if next.len() + out.len() >= FILES {
                    let message = format!("more than {FILES} files fit the pattern");
                    return Err(Error::data(folder, &message));
                }
                let inner = path.join(&found);
                // Links are followed.
                if inner.is_dir() == last {
                    continue;
                }
                let name = if name.is_empty() { found } else { format!("{name}/{found}") };
                next.push((inner, name, own.or_else(|| label.clone())));
            }
        }
        open = next;
    }
    out.extend(open.into_iter().map(|(_, name, label)| Image { name, label }));
    Ok(())
}

/// The names in `folder` that fit, with their labels.
fn entries(folder: &Path, part: &Part) -> Result<Vec<(String, Option<String>)>, Error> {
    if let Some(plain) = part.plain() {
        let there = folder.join(plain).exists();
        return Ok(if there { vec![(plain.to_string(), None)] } else { Vec::new() });
    }
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let fail = |cause| Error::io("listing", here, cause);
    let mut all = Vec::new();
    for entry in fs::read_dir(here).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name();
        let Some(name) = name.to_str() else {
            let message = format!("the name `{}` is no UTF-8", name.display());
            return Err(Error::data(here, &message));
        };
        if let Some(label) = part.fits(name) {
            all.push((name.to_string(), label.map(str::to_string)));
        }
    }
    Ok(all)
}

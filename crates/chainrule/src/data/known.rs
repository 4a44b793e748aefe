//! Data sets that the examples use, and how to get them.

use std::path::{Component, Path};

/// A data set with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownSet {
    /// Its name, which is also that of its folder.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Paths of which each holds the whole set, as lists of what must be there.
    pub forms: &'static [&'static [&'static str]],
    /// Where to get it; empty if the program carries it.
    pub from: &'static str,
}

/// The known sets.
pub const KNOWN: [KnownSet; 5] = [
    KnownSet { name: "iris", what: "150 flowers, 4 lengths, 3 species", forms: &[], from: "" },
    KnownSet { name: "digits", what: "1797 handwritten digits of 8 x 8", forms: &[], from: "" },
    KnownSet {
        name: "mnist",
        what: "70000 handwritten digits of 28 x 28",
        forms: &[
            &[
                "mnist/train-images-idx3-ubyte.gz",
                "mnist/train-labels-idx1-ubyte.gz",
                "mnist/t10k-images-idx3-ubyte.gz",
                "mnist/t10k-labels-idx1-ubyte.gz",
            ],
            &[
                "mnist/train-images-idx3-ubyte",
                "mnist/train-labels-idx1-ubyte",
                "mnist/t10k-images-idx3-ubyte",
                "mnist/t10k-labels-idx1-ubyte",
            ],
        ],
        from: "the four files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, \
               t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz from \
               https://ossci-datasets.s3.amazonaws.com/mnist/",
    },
    KnownSet {
        name: "fashion-mnist",
        what: "70000 pieces of clothing of 28 x 28",
        forms: &[&[
            "fashion-mnist/train-images-idx3-ubyte.gz",
            "fashion-mnist/train-labels-idx1-ubyte.gz",
            "fashion-mnist/t10k-images-idx3-ubyte.gz",
            "fashion-mnist/t10k-labels-idx1-ubyte.gz",
        ]],
        from: "the four files of data/fashion in https://github.com/zalandoresearch/fashion-mnist",
    },
    KnownSet {
        name: "cifar10",
        what: "60000 colour images of 32 x 32",
        forms: &[
            &["cifar10/train", "cifar10/test"],
            &["cifar10/data_batch_1.bin", "cifar10/test_batch.bin"],
            &["cifar-10-batches-bin/data_batch_1.bin", "cifar-10-batches-bin/test_batch.bin"],
        ],
        from: "the files of https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz (format \
               `cifar10`), or images as train/NNNNN_LABEL.jpg and test/LABEL/NNNN.jpg (format \
               `images`)",
    },
];

/// How to get the set that a path belongs to.
pub(super) fn how_to_get(path: &str) -> Option<String> {
    let mut folders = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    let set = folders.find_map(|folder| {
        let name = if folder.starts_with("cifar-10") { "cifar10" } else { folder };
        KNOWN.iter().find(|set| set.name == name && !set.from.is_empty())
    })?;
    Some(format!(
        "to get it, put {} into a folder `{}`, and name the folder above it in CHAINRULE_DATA",
        set.from, set.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_its_set() {
        let hint = how_to_get("mnist/train-images-idx3-ubyte.gz").unwrap();
        assert!(hint.contains("ossci-datasets") && hint.contains("CHAINRULE_DATA"));
        assert!(how_to_get("cifar10/train/*_{label}.jpg").is_some());
        assert!(how_to_get("cifar-10-batches-bin").is_some());
        assert!(how_to_get("iris.csv").is_none());
        assert!(how_to_get("my/own.csv").is_none());
    }
}

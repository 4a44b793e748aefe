//! Images by pattern, CIFAR-10 and NumPy files; real data sets where `CHAINRULE_DATA` has them.

mod data_dir;

use std::path::PathBuf;

use chainrule::data::{DataSettings, Dataset, Search, Values};
use chainrule::{Error, Model};
use data_dir::Folder;

/// A JPEG image of 8 x 8 pixels, all of the grey 128: one block whose coefficients are 0.
fn jpeg() -> Vec<u8> {
    let mut out = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
    out.extend([1; 64]);
    // Baseline, 8 bits, one component; Huffman tables with one code each: 0 is "nothing follows".
    out.extend([0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    for table in [0x00, 0x10] {
        out.extend([0xff, 0xc4, 0, 20, table, 1]);
        out.extend([0; 16]);
    }
    out.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
    out.extend([0b0011_1111, 0xff, 0xd9]);
    out
}

fn png(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    out
}

fn read_in(roots: &[PathBuf], head: &str, data: &str) -> Result<Dataset, Error> {
    let lines: String = data.lines().map(|line| format!("  {}\n", line.trim())).collect();
    let model = Model::parse("net.eqn", format!("{head}\nbatch N\ndata\n{lines}"))?;
    let search = Search { roots: roots.to_vec() };
    Dataset::read(&model.modules()[0], &search, &DataSettings::default())
}

fn read(folder: &Folder, head: &str, data: &str) -> Result<Dataset, Error> {
    read_in(&[folder.path().to_path_buf()], head, data)
}

/// Three images of 2 x 1 pixels whose first byte tells them apart.
fn three(name: &str) -> Folder {
    let folder = Folder::new(name);
    for (path, first) in [("cats/b.png", 2), ("cats/a.png", 1), ("dogs/a.png", 3)] {
        folder.write(&format!("set/{path}"), png(2, 1, &[first, 20, 30, 40, 50, 60]));
    }
    folder.write("set/dogs/.hidden.png", b"no image");
    folder
}

#[test]
fn a_folder_of_images_by_label() {
    let folder = three("images");
    for pattern in ["set/{label}/*.png", "set/{label}/*", "set"] {
        let data = read(
            &folder,
            "size C, H, W, K",
            &format!(
                "I : R[C, H, W] per N = images \"{pattern}\" / 255\n\
                 y : label[K] per N = images \"{pattern}\" label"
            ),
        )
        .unwrap();
        let sizes: Vec<u64> = data.sizes.iter().map(|(_, n)| *n).collect();
        assert_eq!(sizes, [3, 1, 2, 2], "{pattern}");
        let table = &data.tables[0];
        let Values::U8(bytes) = &table.columns[0].values else { panic!("bytes") };
        // Channels first, files in the order of their names.
        assert_eq!(bytes[..6], [1, 40, 20, 50, 30, 60]);
        assert_eq!((bytes[6], bytes[12]), (2, 3));
        assert_eq!(table.columns[1].values, Values::U8(vec![0, 0, 1]));
        assert_eq!(data.labels[0].names, ["cats", "dogs"]);
        assert_eq!(data.sources.len(), 1);
    }
}

#[test]
fn grey_and_flat_images() {
    let folder = three("grey");
    let one = |head: &str, ty: &str| {
        let line = format!("x : {ty} per N = images \"set/*/*.png\"");
        read(&folder, head, &line).unwrap().tables[0].columns[0].clone()
    };
    // 0.299 + 11.74 + 3.42 = 15.459.
    assert_eq!((one("", "R[2]").width, one("", "R[2]").value(0, 0)), (2, 15.0));
    assert_eq!(one("", "R[1, 1, 2]").value(0, 0), 15.0);
    assert_eq!(one("size d", "R[d]").width, 6);
    let both = "x : R[6] per N = images \"set/*/*.png\"\nv : R[6] per N = images \"set/*/*.png\"";
    let data = read(&folder, "", both).unwrap();
    assert_eq!(data.tables[0].columns[0].values, data.tables[0].columns[1].values);
    assert_eq!(data.sources.len(), 1);
}

#[test]
fn jpeg_images_with_the_label_in_the_name() {
    let folder = Folder::new("jpeg");
    folder.write("00000_7.jpg", jpeg());
    folder.write("00001_3.jpg", jpeg());
    let data = read(
        &folder,
        "size K = 10",
        "X : R[64, N] = images \"*_{label}.jpg\" - mean\ny : label[K][N] = images \"*_{label}.jpg\"",
    )
    .unwrap();
    assert_eq!(data.tables[0].columns[1].values, Values::U8(vec![7, 3]));
    let x = &data.tables[0].columns[0];
    assert_eq!((x.width, x.value(0, 5)), (64, 0.0));
    let Values::U8(bytes) = &x.values else { panic!("bytes") };
    assert!(bytes.iter().all(|b| b.abs_diff(128) <= 1), "{bytes:?}");
}

#[test]
fn images_that_cannot_be_read() {
    let folder = three("bad-images");
    let error = |line: &str| read(&folder, "size K = 2", line).unwrap_err().to_string();
    let message = error("x : R[6] per N = images \"set/*/*.jpg\"");
    assert!(message.starts_with("there is no image of the pattern `set/*/*.jpg`"), "{message}");
    let message = error("x : R[7] per N = images \"set/*/*.png\"");
    assert!(message.contains("has 7 entries a row, the data have 3 x 1 x 2 = 6"), "{message}");
    let message = error("y : label[K] per N = images \"set/*/*.png\"");
    assert!(message.contains("no part of the pattern is `{label}`"), "{message}");
    let message = error("x : R[6] per N = images \"set/{x}/*.png\"");
    assert!(message.contains("braces are only those of `{label}`"), "{message}");
    let line = "x : R[6] per N = images \"set/*/*.png\"";
    folder.write("set/dogs/b.png", png(1, 1, &[0; 3]));
    let message = error(line);
    assert!(message.contains("set/dogs/b.png`: it has 1 x 1 pixels, the first"), "{message}");
    folder.write("set/dogs/b.png", &png(2, 1, &[0; 6])[..50]);
    assert!(error(line).contains("set/dogs/b.png`: the PNG image is damaged"));
    folder.write("set/dogs/b.png", b"some text");
    assert!(error(line).contains("neither a PNG nor a JPEG"));
    folder.write("set/dogs/b.png", &jpeg()[..100]);
    assert!(read(&folder, "", line).is_err());
    folder.write("set/dogs/b.png", b"");
    assert!(error(line).contains("the file is empty"));
}

#[test]
fn the_binary_batches_of_cifar() {
    let folder = Folder::new("cifar");
    let batch = |labels: &[u8]| -> Vec<u8> {
        labels.iter().flat_map(|label| [vec![*label], vec![*label + 100; 3072]].concat()).collect()
    };
    let lines = "I : R[C, S, S] per N = cifar10 \"c\" / 255\ny : label[K] per N = cifar10 \"c\"\n\
                 test I, y = cifar10 \"c\"";
    for k in 1..=5u8 {
        folder.write(&format!("c/data_batch_{k}.bin"), batch(&[k, 0]));
    }
    let message = read(&folder, "size C, S, K = 10", lines).unwrap_err().to_string();
    assert!(message.contains("there is no file `c/test_batch.bin`"), "{message}");
    folder.write("c/test_batch.bin", batch(&[9]));
    let data = read(&folder, "size C, S, K = 10", lines).unwrap();
    assert_eq!(data.sizes, [("C".into(), 3), ("S".into(), 32)]);
    assert_eq!((data.tables[0].rows, data.tables[1].rows), (10, 1));
    assert_eq!(data.tables[0].columns[1].values, Values::U8(vec![1, 0, 2, 0, 3, 0, 4, 0, 5, 0]));
    assert_eq!(data.tables[1].columns[0].value(0, 3071), 109.0 / 255.0);
    folder.write("c/data_batch_3.bin", &batch(&[1])[..3072]);
    let message = read(&folder, "size C, S, K = 10", lines).unwrap_err().to_string();
    assert!(message.contains("data_batch_3.bin`: it has 3072 bytes, no multiple"), "{message}");
}

#[test]
fn numpy_files() {
    let folder = Folder::new("npy");
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    (1..=6u8).for_each(|v| bytes.extend(f32::from(v).to_le_bytes()));
    folder.write("x.npy", &bytes);
    let data = read(&folder, "size n", "x : R[n] per N = npy \"x.npy\" - min").unwrap();
    assert_eq!(data.sizes, [("n".into(), 3)]);
    assert_eq!(data.tables[0].columns[0].value(1, 2), 3.0);
    let at = bytes.len() - 4;
    bytes[at..].copy_from_slice(&f32::NAN.to_le_bytes());
    folder.write("x.npy", &bytes);
    let message = read(&folder, "size n", "x : R[n] per N = npy \"x.npy\"").unwrap_err();
    assert!(message.to_string().ends_with("row 2, column 3: NaN is not finite"), "{message}");
}

/// The folders of `CHAINRULE_DATA` below which `path` is.
fn real(path: &str) -> Option<Vec<PathBuf>> {
    let roots = std::env::split_paths(&std::env::var_os("CHAINRULE_DATA")?).collect::<Vec<_>>();
    let there = roots.iter().any(|root| root.join(path).exists());
    if !there {
        eprintln!("skipped: CHAINRULE_DATA has no {path}");
    }
    there.then_some(roots)
}

#[test]
fn real_mnist() {
    for (set, mean) in [("mnist", 33.3184), ("fashion-mnist", 72.9404)] {
        let Some(roots) = real(set) else { continue };
        let (_, text) =
            chainrule::BUILTIN.iter().find(|(name, _)| *name == "mlp").expect("built in");
        let model = Model::parse("mlp", text.replace("\"mnist/", &format!("\"{set}/"))).unwrap();
        let search = Search { roots };
        let data = Dataset::read(&model.modules()[0], &search, &DataSettings::default()).unwrap();
        assert_eq!((data.tables[0].rows, data.tables[1].rows), (60000, 10000));
        assert_eq!(data.part("test").map(|part| part.rows.len()), Some(10000));
        let Values::U8(bytes) = &data.tables[0].columns[0].values else { panic!("bytes") };
        let sum: u64 = bytes.iter().map(|b| u64::from(*b)).sum();
        assert!((sum as f64 / bytes.len() as f64 - mean).abs() < 1e-4);
    }
}

#[test]
fn real_cifar_as_images() {
    let Some(roots) = real("cifar10/train") else { return };
    let model = Model::read("cifar2").unwrap();
    let search = Search { roots };
    let data = Dataset::read(&model.modules()[0], &search, &DataSettings::default()).unwrap();
    assert_eq!((data.tables[0].rows, data.tables[1].rows), (50000, 10000));
    let x = &data.tables[0].columns[0];
    let Values::U8(bytes) = &x.values else { panic!("bytes") };
    // The means of the channels as Pillow decodes them; decoders round colours of half resolution
    // differently.
    for (c, mean) in [125.269, 122.933, 113.863].into_iter().enumerate() {
        let planes = bytes.chunks(3072).map(|image| &image[1024 * c..][..1024]);
        let sum: u64 = planes.map(|p| p.iter().map(|b| u64::from(*b)).sum::<u64>()).sum();
        let found = sum as f64 / (50000.0 * 1024.0);
        assert!((found - mean).abs() < 0.15, "channel {c}: {found}");
    }
    assert_eq!(x.shift.len(), 3072);
}

#[test]
fn real_text_files() {
    for (name, rows, negative) in [
        ("2moons", 1100, "0"),
        ("cercle", 2000, "-1"),
        ("ellipse", 2000, "-1"),
        ("circles", 1100, "0"),
    ] {
        let Some(roots) = real("ift6390") else { return };
        let lines = format!(
            "x : R[2] per N = text \"ift6390/{name}.txt\" columns 1..2\n\
             y : label[K] per N = text \"ift6390/{name}.txt\" column 3"
        );
        let data = read_in(&roots, "size K = 2", &lines).unwrap();
        assert_eq!(data.tables[0].rows, rows);
        assert_eq!(data.labels[0].names, [negative, "1"]);
    }
}

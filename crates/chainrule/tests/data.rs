//! Data of equation files: what is read, and what is said of what cannot be.

mod data_dir;

use chainrule::data::{DataSettings, Dataset, Search, Values};
use chainrule::{Error, ErrorKind, Model};
use data_dir::Folder;

/// A model whose `data` block has these lines.
fn model(head: &str, data: &str) -> Model {
    let lines: String = data.lines().map(|line| format!("  {}\n", line.trim())).collect();
    Model::parse("net.eqn", format!("{head}\nbatch N\ndata\n{lines}")).unwrap()
}

fn read_in(folder: &Folder, head: &str, data: &str) -> Result<Dataset, Error> {
    let model = model(head, data);
    let search = Search { roots: vec![folder.path().to_path_buf()] };
    Dataset::read(&model.modules()[0], &search, &DataSettings::default())
}

fn error_in(folder: &Folder, head: &str, data: &str) -> String {
    read_in(folder, head, data).unwrap_err().to_string()
}

const TABLE: &str = "a,b,c,kind\n1,2,3,oak\n4,5,6,elm\n7,8,9,oak\n10,11,12,ash\n";

#[test]
fn a_table_with_names() {
    let folder = Folder::new("table");
    folder.write("t.csv", TABLE);
    let data = read_in(
        &folder,
        "size n, K",
        "x : R[n] per N = csv \"t.csv\" columns 1..3\ny : label[K] per N = csv \"t.csv\" column 4",
    )
    .unwrap();
    assert_eq!(data.sizes, [("n".into(), 3), ("K".into(), 3)]);
    assert_eq!(data.labels[0].names, ["ash", "elm", "oak"]);
    assert_eq!(data.label_names("y").map(<[String]>::len), Some(3));
    let table = &data.tables[0];
    assert_eq!((table.rows, table.columns[0].width), (4, 3));
    assert_eq!(table.column("y").unwrap().values, Values::U8(vec![2, 1, 2, 0]));
    assert_eq!(table.column("x").unwrap().value(2, 1), 8.0);
    assert_eq!(data.parts.len(), 1);
    assert_eq!(data.part("train").unwrap().rows, [0, 1, 2, 3]);
    let source = &data.sources[0];
    assert_eq!((source.name.as_str(), source.bytes), ("t.csv", TABLE.len() as u64));
    assert_eq!(source.path, folder.path().join("t.csv"));
    assert_eq!(source.sha256.len(), 64);
    assert_eq!(data.sources.len(), 1, "one file is read once");
}

#[test]
fn columns_that_are_not_named_are_taken_from_left_to_right() {
    let folder = Folder::new("open");
    folder.write("t.csv", TABLE);
    folder.write("u.csv", "5,6,7,elm\n");
    let data = read_in(
        &folder,
        "size n, K",
        "x : R[2] per N\nv : R[n] per N\ny : label[K] per N\nx, v, y = csv \"t.csv\"\n\
         test x, v, y = csv \"u.csv\"",
    )
    .unwrap();
    let values = |table: usize, name| data.tables[table].column(name).unwrap().values.clone();
    assert_eq!(values(0, "x"), Values::F64(vec![1.0, 2.0, 4.0, 5.0, 7.0, 8.0, 10.0, 11.0]));
    assert_eq!(values(0, "v"), Values::F64(vec![3.0, 6.0, 9.0, 12.0]));
    assert_eq!(values(1, "v"), Values::F64(vec![7.0]));
    assert_eq!(values(1, "y"), Values::U8(vec![1]));
    let test = data.part("test").unwrap();
    assert_eq!((test.table, test.rows.as_slice()), (1, &[0][..]));
}

#[test]
fn further_lines_add_rows() {
    let folder = Folder::new("more");
    folder.write("a.csv", "1,0\n2,1\n");
    folder.write("b.csv", "3,1\n");
    let data = read_in(
        &folder,
        "size K = 2",
        "x : R per N = csv \"a.csv\" column 1\ny : label[K] per N = csv \"a.csv\" column 2\n\
         x, y = csv \"b.csv\"",
    )
    .unwrap();
    assert_eq!(data.tables[0].columns[0].values, Values::F64(vec![1.0, 2.0, 3.0]));
    assert_eq!(data.tables[0].columns[1].values, Values::U8(vec![0, 1, 1]));
    assert_eq!(data.sources.len(), 2);
}

#[test]
fn the_whole_batch_style_reads_the_same() {
    let folder = Folder::new("whole");
    folder.write("t.csv", TABLE);
    let data = read_in(
        &folder,
        "size d = 3, K = 3",
        "X : R[d, N] = csv \"t.csv\" columns 1..3\ny : label[K][N] = csv \"t.csv\" column 4",
    )
    .unwrap();
    assert_eq!(data.tables[0].columns[0].width, 3);
    assert_eq!(data.tables[0].columns[0].value(1, 0), 4.0);
}

#[test]
fn scaling_is_that_of_the_training_part() {
    let folder = Folder::new("scale");
    folder.write("a.csv", "1,10\n3,20\n");
    folder.write("b.csv", "100,30\n");
    let data = read_in(
        &folder,
        "",
        "x : R[2] per N = csv \"a.csv\" columns 1..2 - mean / std\ntest x = csv \"b.csv\"",
    )
    .unwrap();
    let (train, test) = (&data.tables[0].columns[0], &data.tables[1].columns[0]);
    assert_eq!(train.scale, [1.0, 0.2]);
    assert_eq!(train.shift, [-2.0, -3.0]);
    assert_eq!((test.value(0, 0), test.value(0, 1)), (98.0, 3.0));
    assert_eq!((&test.scale, &test.shift), (&train.scale, &train.shift));
}

#[test]
fn iris_and_its_split() {
    let iris = Model::read("iris").unwrap();
    let read = |seed| {
        let set = DataSettings { split_seed: seed };
        Dataset::read(&iris.modules()[0], &Search::default(), &set).unwrap()
    };
    let data = read(None);
    let (train, test) = (data.part("train").unwrap(), data.part("test").unwrap());
    assert_eq!((train.rows.len(), test.rows.len()), (110, 40));
    let mut all: Vec<u32> = train.rows.iter().chain(&test.rows).copied().collect();
    all.sort_unstable();
    assert_eq!(all, (0..150).collect::<Vec<u32>>());
    assert_eq!(data.split_seed, Some(7));
    assert_eq!(data, read(Some(7)));
    assert_ne!(data.parts, read(Some(8)).parts);
    assert_eq!(data.sources[0].path.to_str(), Some("built-in/iris.csv"));
}

#[test]
fn digits_are_embedded() {
    let folder = Folder::new("digits");
    let data = read_in(
        &folder,
        "size d, K",
        "x : R[d] per N = digits / 16\ny : label[K] per N = digits\nsplit test 0.2",
    )
    .unwrap();
    assert_eq!(data.sizes, [("d".into(), 64), ("K".into(), 10)]);
    assert_eq!(data.tables[0].rows, 1797);
    let count = |k| match &data.tables[0].columns[1].values {
        Values::U8(labels) => labels.iter().filter(|l| **l == k).count(),
        _ => 0,
    };
    let counts: Vec<usize> = (0..10).map(count).collect();
    assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    assert_eq!(data.tables[0].columns[0].scale, [1.0 / 16.0]);
    assert_eq!(data.part("train").unwrap().rows.len(), 1438);
}

#[test]
fn a_file_of_the_folder_goes_before_the_embedded_one() {
    let folder = Folder::new("own");
    folder.write("iris.csv", "1,2\n");
    let data = read_in(&folder, "", "x : R[2] per N = csv \"iris.csv\"").unwrap();
    assert_eq!(data.tables[0].rows, 1);
}

#[test]
fn toys() {
    let circles = Model::read("circles").unwrap();
    let data = Dataset::read(&circles.modules()[0], &Search::default(), &DataSettings::default());
    let data = data.unwrap();
    let sizes: Vec<usize> = data.parts.iter().map(|part| part.rows.len()).collect();
    assert_eq!(sizes, [770, 110, 220]);
    let names: Vec<&str> = data.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["train", "validation", "test"]);
    assert!(data.sources.is_empty());
    let folder = Folder::new("toys");
    let data = read_in(
        &folder,
        "size d, K = 5",
        "x : R[d] per N\ny : label[K] per N\nx, y = spirals 50 turns 2",
    )
    .unwrap();
    assert_eq!(data.sizes, [("d".into(), 2)]);
    assert_eq!(data.labels[0].names.len(), 5);
    let message =
        error_in(&folder, "size K = 3", "x : R[2] per N\ny : label[K] per N\nx, y = moons 9");
    assert_eq!(message, "`moons` makes 2 classes, not 3");
}

/// An idx file of bytes.
fn idx(axes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, axes.len() as u8];
    axes.iter().for_each(|axis| bytes.extend(axis.to_be_bytes()));
    bytes.extend(values);
    bytes
}

const IDX: &str = "I : R[C, S, S] per N = idx \"i\" / 255\ny : label[K] per N = idx \"l\"";

#[test]
fn images_of_idx_files() {
    let folder = Folder::new("idx");
    folder.write("i", idx(&[3, 2, 2], &(0..12).collect::<Vec<u8>>()));
    folder.write("l", idx(&[3], &[2, 0, 2]));
    let data = read_in(&folder, "size C = 1, S, K = 4", IDX).unwrap();
    assert_eq!(data.sizes, [("S".into(), 2)]);
    assert_eq!(data.tables[0].columns[0].values, Values::U8((0..12).collect()));
    assert_eq!(data.tables[0].columns[0].value(1, 3), 7.0 / 255.0);
    assert_eq!(data.tables[0].columns[1].values, Values::U8(vec![2, 0, 2]));
    assert_eq!(data.labels[0].names, ["0", "1", "2", "3"]);
    let flat = IDX.replace("R[C, S, S]", "R[d]");
    assert_eq!(read_in(&folder, "size d, K = 4", &flat).unwrap().sizes, [("d".into(), 4)]);
}

#[test]
fn idx_files_that_do_not_fit() {
    let folder = Folder::new("idx-bad");
    folder.write("i", idx(&[3, 2, 2], &[0; 12]));
    folder.write("l", idx(&[2], &[0, 1]));
    let head = "size C = 1, S, K = 2";
    let message = error_in(&folder, head, IDX);
    assert_eq!(message, "`I` has 3 rows (\"i\"), `y` has 2 (\"l\"): they must agree");
    let message = error_in(&folder, "size C = 1, S = 28, K = 2", IDX);
    assert!(
        message.ends_with(
            "`I : R[C, S, S] per N` has 784 entries a row (C = 1, S = 28), the data have 2 x 2 = 4"
        ),
        "{message}"
    );
    folder.write("l", idx(&[3], &[0, 1, 9]));
    let message = error_in(&folder, head, IDX);
    assert_eq!(
        message,
        "`y : label[K] per N` (\"l\"): label out of range: row 3 has `9`, 2 classes are 0..1: \
         write 10 classes, or use words as labels"
    );
    folder.write("i", &idx(&[3, 2, 2], &[0; 12])[..20]);
    let error = read_in(&folder, head, IDX).unwrap_err();
    assert_eq!(error.path(), Some(folder.path().join("i").as_path()));
    assert!(error.to_string().contains("truncated"), "{error}");
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    let folder = Folder::new("bad");
    let error = |name: &str, text: &[u8], line: &str| {
        folder.write(name, text);
        error_in(&folder, "size K = 2", line)
    };
    let x = "x : R[2] per N = csv \"f.csv\" columns 1..2";
    let cases: [(&[u8], &str); 9] = [
        (b"", "the file is empty"),
        (b"1,2\n3,x\n", "line 2 (row 2), column 2: `x` is no number"),
        (b"a,b\n1,2\n3,nan\n", "line 3 (row 2), column 2 (b): `nan` is not finite"),
        (b"1,2\n3,inf\n", "line 2 (row 2), column 2: `inf` is not finite"),
        (b"1,2\n3\n", "line 2 (row 2) has 1 column, the first row has 2"),
        (b"1\n3\n", "column 2 is asked for, the file has 1"),
        (b"1,\xff\n", "line 1 (byte 2) is no UTF-8 text"),
        (b"\xff\xfe1\x00", "the text is UTF-16; save it as UTF-8"),
        (b"\x1f\x8b\x08\x00", "the gzip file ends early: it is truncated"),
    ];
    for (text, expected) in cases {
        let path = folder.path().join("f.csv");
        assert_eq!(error("f.csv", text, x), format!("`{}`: {expected}", path.display()));
    }
    let y = "y : label[K] per N = csv \"f.csv\" column 1";
    let message = error("f.csv", b"a,1\nb,2\nc,3\n", y);
    assert!(message.contains("3 different labels (`a`, `b`, `c`) for 2 classes"), "{message}");
}

#[test]
fn a_missing_file_names_every_place() {
    let a = Folder::new("missing-a");
    let b = Folder::new("missing-b");
    let model = model("size d = 4", "x : R[d] per N = idx \"mnist/train-images-idx3-ubyte.gz\"");
    let search = Search { roots: vec![a.path().into(), b.path().into()] };
    let error = Dataset::read(&model.modules()[0], &search, &DataSettings::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let text = error.to_string();
    for root in [&a, &b] {
        let place = root.path().join("mnist/train-images-idx3-ubyte.gz");
        assert!(text.contains(&place.display().to_string()), "{text}");
    }
    assert!(text.contains("ossci-datasets") && text.contains("CHAINRULE_DATA"), "{text}");
    // The second root is used if the first has nothing.
    b.write("f.csv", "1,2\n");
    let model = self::model("", "x : R[2] per N = csv \"f.csv\"");
    assert!(Dataset::read(&model.modules()[0], &search, &DataSettings::default()).is_ok());
}

#[test]
fn folders_and_devices_are_no_files() {
    let folder = Folder::new("folders");
    folder.write("f.csv/inner", "1");
    let x = "x : R[2] per N = csv \"f.csv\" columns 1..2";
    assert!(error_in(&folder, "", x).contains("it is a folder, not a file"));
    #[cfg(unix)]
    {
        let device = x.replace("f.csv", "/dev/zero");
        assert!(error_in(&folder, "", &device).contains("it is no regular file"));
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("locked");
    folder.write("f.csv", "1,2\n");
    let path = folder.path().join("f.csv");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    let error = read_in(&folder, "", "x : R[2] per N = csv \"f.csv\"").unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::Io, Some(path.as_path())));
}

#[test]
fn absurd_declarations_take_no_memory() {
    let folder = Folder::new("absurd");
    folder.write("t.csv", TABLE);
    let message = |head: &str, data: &str| error_in(&folder, head, data);
    let x = "x : R[d] per N = csv \"t.csv\"";
    assert!(message("size d = 1000000000000", x).contains("the file has 4"));
    let x = "x : R per N = csv \"t.csv\" column 9000000000000";
    assert!(message("", x).contains("column 9000000000000 is asked for, the file has 4"));
    let y = "y : label[K] per N = csv \"t.csv\" column 1";
    assert!(message("size K = 1000000000000", y).contains("at most 65536 classes"));
    let toy = "x : R[d] per N\nx = blobs 4";
    assert!(message("size d = 1000000000000", toy).contains("rows here"));
    let toy = "x : R[2] per N\nx = moons 900000000000";
    assert!(message("", toy).contains("rows here"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = Folder::new("sense");
    folder.write("t.csv", TABLE);
    let one = |data: &str, expected: &str| {
        let message = error_in(&folder, "size K = 3", data);
        assert!(message.contains(expected), "{data}: {message}");
    };
    one("x : R[2] per N", "`x` has no source");
    one("x : R[2] = csv \"t.csv\" columns 1..2", "has no rows: write `per N`");
    one(
        "x : R[3] per N = csv \"t.csv\" columns 1..3\nsplit train 3, test 2",
        "`split` asks for 5 rows (train 3, test 2), there are 4",
    );
    one(
        "x : R[3] per N = csv \"t.csv\" columns 1..3\ntest x = csv \"t.csv\"",
        "parts must not overlap",
    );
    one(
        "x : R[3] per N = csv \"t.csv\" columns 1..3\ntest x = csv \"./t.csv\"",
        "parts must not overlap",
    );
    one(
        "x : R[3] per N = csv \"t.csv\" columns 1..3\ny : label[K] per N = csv \"t.csv\"\n\
         test x = csv \"iris.csv\"",
        "`test` says no file for `y`",
    );
    one("y : label[K] per N = csv \"t.csv\" column 4 / 2", "is a label: it cannot be scaled");
    one("x : R per N = csv \"t.csv\" column 1 / 0", "`x` is divided by 0");
    one("x : mask[1] per N = csv \"t.csv\" column 1", "is neither 0 nor 1");
    one("x : R per N = parquet \"t.parquet\"", "is not read yet");
    one("x : R per N = csv", "needs a file");
    folder.write("u.csv", "1,2,3,fir\n");
    one(
        "x : R[3] per N = csv \"t.csv\" columns 1..3\n\
         y : label[K] per N = csv \"t.csv\" column 4\ntest x, y = csv \"u.csv\"",
        "`y`, row 1: the label `fir` is none of the training's: `ash`, `elm`, `oak`",
    );
}

//! What is said about data, what is suspicious in them, and rows to predict.

mod data_dir;

use chainrule::data::{DataSettings, Dataset, Finding, Search, Table, list};
use chainrule::{Error, Model};
use data_dir::Folder;

fn search(folder: &Folder) -> Search {
    Search { roots: vec![folder.path().into()] }
}

fn model(head: &str, data: &str) -> Model {
    let lines: String = data.lines().map(|line| format!("  {}\n", line.trim())).collect();
    Model::parse("net.eqn", format!("{head}\nbatch N\ndata\n{lines}")).unwrap()
}

fn findings(folder: &Folder, head: &str, data: &str) -> Vec<(&'static str, String)> {
    let model = model(head, data);
    let set = DataSettings::default();
    let (data, mut found) =
        Dataset::read_leniently(&model.modules()[0], &search(folder), &set).unwrap();
    found.extend(data.check());
    found.into_iter().map(|Finding { code, message, .. }| (code, message)).collect()
}

const BOTH: &str =
    "x : R[2] per N = csv \"a.csv\" columns 1..2\ny : label[K] per N = csv \"a.csv\" column 3";

#[test]
fn what_is_suspicious_is_found() {
    let folder = Folder::new("check");
    folder.write("a.csv", "1,2,a\n3,2,b\n1,2,a\n5,2,b\n");
    folder.write("b.csv", "3,2,b\n9,2,b\n");
    let lines = format!("{BOTH}\ntest x, y = csv \"b.csv\"");
    let found = findings(&folder, "size K = 2", &lines);
    let expected = [
        (
            "constant",
            "1 of the 2 entries of `x` never changes in the training part: the first is entry 2, \
             always 2",
        ),
        ("duplicate", "1 row of train is a copy of an earlier one: rows 1 and 3 are the first"),
        ("overlap", "1 row of test is in train as well: train row 2 and test row 1 are the first"),
    ];
    let expected: Vec<(&str, String)> = expected.map(|(c, m)| (c, m.to_string())).to_vec();
    assert_eq!(found, expected);
}

#[test]
fn what_stops_a_training_is_only_found() {
    let folder = Folder::new("lenient");
    folder.write("a.csv", "1,nan,a\n3,,b\n4,5,c\n6,7,b\n");
    folder.write("b.csv", "8,9,z\n");
    let lines = format!("{BOTH}\ntest x, y = csv \"b.csv\"");
    let found = findings(&folder, "size K = 2", &lines);
    let codes: Vec<&str> = found.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, ["label-range", "label-range", "not-finite", "label-missing"]);
    assert!(found[0].1.contains("3 different labels (`a`, `b`, `c`) for 2 classes"));
    assert!(found[1].1.contains("the label `z` is none of the training's"));
    assert_eq!(found[2].1, "2 values of `x` are no finite numbers: the first is entry 2 of row 1");
    folder.write("a.csv", "1,2,0\n3,4,0\n4,5,2\n");
    let found = findings(&folder, "size K = 4", BOTH);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, "2 classes of `y` have no row in the training part: `1`, `3`");
}

#[test]
fn values_that_are_none_are_found_where_a_line_scales() {
    let folder = Folder::new("lenient-scaled");
    folder.write("a.csv", "1,nan,a\n3,4,b\ninf,7,b\n");
    let x = "x : R[2] per N = csv \"a.csv\" columns 1..2 - mean / std";
    let lines = format!("{x}\ny : label[K] per N = csv \"a.csv\" column 3");
    let found = findings(&folder, "size K = 2", &lines);
    let message = "2 values of `x` are no finite numbers: the first is entry 2 of row 1";
    assert_eq!(found, [("not-finite", message.to_string())]);
}

#[test]
fn labels_that_are_renumbered_are_noted() {
    let folder = Folder::new("lenient-numbered");
    folder.write("a.csv", "1,2,1\n3,4,2\n");
    let found = findings(&folder, "size K = 2", BOTH);
    let message = "the labels of `y` are numbered in order: `1` is class 0, `2` class 1";
    assert_eq!(found, [("label-numbered", message.to_string())]);
    folder.write("a.csv", "1,2,0\n3,4,1\n5,6,7\n");
    let found = findings(&folder, "size K = 3", BOTH);
    assert_eq!(found[0].0, "label-range");
    assert!(found[0].1.contains("row 3 has `7`"), "{}", found[0].1);
}

#[test]
fn good_data_pass() {
    let folder = Folder::new("good");
    folder.write("a.csv", "1,2,a\n3,4,b\n");
    assert_eq!(findings(&folder, "size K = 2", BOTH), []);
}

#[test]
fn iris_is_summed_up() {
    let iris = Model::read("iris").unwrap();
    let module = &iris.modules()[0];
    let data = Dataset::read(module, &Search::default(), &DataSettings::default()).unwrap();
    let summary = data.summary(Some(module));
    assert_eq!(summary.parts, [("train".into(), 110), ("test".into(), 40)]);
    let x = &summary.columns[0];
    assert_eq!((x.ty.as_str(), x.stored, x.width, x.values.len()), ("R[d] per N", "f64", 4, 4));
    assert!(x.values.iter().all(|[least, mean, most]| least < mean && mean < most));
    let (name, labels) = &summary.labels[0];
    assert_eq!((name.as_str(), labels.len()), ("y", 3));
    assert!(labels.iter().all(|label| label.rows.iter().sum::<usize>() == 50));
}

#[test]
fn files_without_declarations() {
    let folder = Folder::new("raw");
    folder.write("t.csv", "size,kind\n1,oak\n2,elm\nx,elm\n");
    let data = Dataset::open("t.csv", &search(&folder)).unwrap();
    let summary = data.summary(None);
    let types: Vec<(&str, &str)> =
        summary.columns.iter().map(|c| (c.name.as_str(), c.ty.as_str())).collect();
    assert_eq!(types, [("size", "number"), ("kind", "text")]);
    let codes: Vec<&str> = data.check().iter().map(|f| f.code).collect();
    assert_eq!(codes, ["not-finite"]);
    folder.write("t.txt", "1 2\n3 4\n");
    assert_eq!(Dataset::open("t.txt", &search(&folder)).unwrap().tables[0].columns.len(), 2);
    folder.write("some-idx", [0, 0, 8, 1, 0, 0, 0, 2, 5, 6]);
    let data = Dataset::open("some-idx", &search(&folder)).unwrap();
    assert_eq!(data.tables[0].rows, 2);
    let error = Dataset::open("none.csv", &search(&folder)).unwrap_err();
    assert!(error.to_string().starts_with("there is no file `none.csv`"));
}

#[test]
fn known_sets_are_found_where_all_their_files_are() {
    let folder = Folder::new("list");
    let place = || {
        let found = list(&search(&folder));
        found.into_iter().find(|f| f.set.name == "mnist").unwrap().place
    };
    let files = ["train-images", "train-labels", "t10k-images"];
    for name in files {
        let axes = if name.ends_with("images") { 3 } else { 1 };
        folder.write(&format!("mnist/{name}-idx{axes}-ubyte"), "");
    }
    assert_eq!(place(), None);
    folder.write("mnist/t10k-labels-idx1-ubyte", "");
    assert_eq!(place().as_deref(), Some(folder.path()));
    assert!(list(&Search::default()).iter().any(|f| f.set.name == "iris" && f.is_built_in()));
}

#[test]
fn rows_to_predict_are_scaled_as_those_of_the_training() -> Result<(), Error> {
    let folder = Folder::new("inputs");
    folder.write("a.csv", "id,a,b,kind\n7,1,2,x\n8,3,6,y\n");
    let model = model(
        "size n, K",
        "x : R[n] per N = csv \"a.csv\" columns 2..3 - mean\n\
         y : label[K] per N = csv \"a.csv\" column 4",
    );
    let net = &model.modules()[0];
    let data = Dataset::read(net, &search(&folder), &DataSettings::default())?;
    let x = data.tables[0].column("x").unwrap();
    let read = |name: &str| {
        let path = folder.path().join(name);
        Table::inputs(net, &[x.symbol], &data.sizes, &data.labels, &[x.scaled()], &path)
    };
    // The inputs alone, or the columns of the training.
    folder.write("new.csv", "10,20\n30,40\n50,60\n");
    folder.write("whole.csv", "id,a,b,kind\n1,10,20,?\n");
    let (table, sources) = read("new.csv")?;
    assert_eq!((table.rows, table.columns.len(), sources.len()), (3, 1, 1));
    assert_eq!((table.columns[0].value(0, 0), table.columns[0].value(0, 1)), (8.0, 16.0));
    assert_eq!(read("whole.csv")?.0.columns[0].value(0, 1), 16.0);
    folder.write("narrow.csv", "1\n");
    let message = read("narrow.csv").unwrap_err().to_string();
    assert!(message.ends_with("it has 1 column, the inputs of the net take 2"), "{message}");
    assert!(read("none.csv").is_err());
    Ok(())
}

#[test]
fn an_image_to_predict_takes_the_form_of_the_training() {
    let folder = Folder::new("image-input");
    let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
    bytes.extend([1, 2, 3, 4]);
    folder.write("i", &bytes);
    let model = model("size d", "x : R[d] per N = idx \"i\" / 255");
    let net = &model.modules()[0];
    let data = Dataset::read(net, &search(&folder), &DataSettings::default()).unwrap();
    let x = data.tables[0].column("x").unwrap();
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 2, 1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&[51, 51, 51, 255, 255, 255]).unwrap();
    folder.write("new.png", png);
    let path = folder.path().join("new.png");
    let table =
        Table::inputs(net, &[x.symbol], &data.sizes, &data.labels, &[x.scaled()], &path).unwrap().0;
    let values = [table.columns[0].value(0, 0), table.columns[0].value(0, 1)];
    assert_eq!(values, [51.0 / 255.0, 255.0 / 255.0]);
}

//! `show --lowered` and `show --dump`.

use crate::common::Folder;

/// The matrix products of a training step: how many, and their operations at batch 128.
#[test]
fn contractions_of_the_examples() {
    let folder = Folder::new("lowered");
    for (name, count, flops, halo) in [
        ("iris", 5, 69_632_u64, 69_632_u64),
        ("cifar2", 5, 79_027_200, 79_027_200),
        ("softreg", 2, 4_014_080, 4_014_080),
        ("mlp", 8, 410_779_648, 410_779_648),
        ("convnet", 11, 9_160_359_936, 9_632_219_136),
    ] {
        let json = folder.run(&format!("show {name} --lowered --rows 128 --json")).json();
        let all = json["contractions"].as_array().expect("contractions");
        assert_eq!(all.len(), count, "{name}");
        assert_eq!(json["flops"], flops, "{name}");
        assert_eq!(json["flops_with_halo"], halo, "{name}");
        for c in all {
            let number = |key: &str| c[key].as_u64().expect(key);
            assert_eq!(2 * number("m") * number("n") * number("k"), number("flops_with_halo"));
        }
        let page = folder.run(&format!("show {name} --lowered"));
        assert!(page.stdout.lines().all(|l| l.chars().count() <= 80), "{}", page.stdout);
    }
}

#[test]
fn every_pass_can_be_dumped() {
    let folder = Folder::new("dump");
    for pass in ["graph", "loops", "sums", "pointwise", "solved", "lowered"] {
        let run = folder.run(&format!("show convnet --dump {pass}"));
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stdout.contains("dJ/dK1"), "{pass}: {}", run.stdout);
    }
    assert_eq!(folder.run("show iris --dump nosuch").code, Some(2));
}

/// A file without training: its last equation; one without equations: nothing.
#[test]
fn files_without_a_training() {
    let folder = Folder::new("lowered-little");
    folder.write("claims.eqn", "size n\ngiven\n  A : R[n, n]\nnet\n  L = tr(A A)\n");
    let json = folder.run("show claims.eqn --lowered --json").json();
    assert_eq!(json["of"], "L");
    folder.write("empty.eqn", "size n\n");
    assert_eq!(folder.run("show empty.eqn --lowered").code, Some(0));
}

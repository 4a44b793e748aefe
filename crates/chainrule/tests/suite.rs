//! Judged claims and known derivatives: every file is read; a claim is ill-formed exactly where its
//! expected verdict says so.

mod common;

use chainrule::syntax::ast::Expected;
use chainrule::{BUILTIN, Model};

/// Reads every file of `folder` and checks which claims are ill-formed; returns their number.
fn check(folder: &str) -> (usize, usize, usize) {
    let (mut files, mut claims, mut ill) = (0, 0, 0);
    for (name, text) in common::files(folder) {
        let model = Model::parse(&name, text).unwrap_or_else(|e| panic!("{name}: {e}"));
        files += 1;
        for module in model.modules() {
            module.verify().unwrap_or_else(|e| panic!("{name}: {e}"));
            for claim in &module.claims {
                claims += 1;
                let wrong = !claim.ill_formed.is_empty();
                ill += usize::from(wrong);
                let expected = match claim.expect {
                    Some(Expected::IllFormed) => wrong,
                    // A factor's shape is not the derivative's; another layout may fit.
                    Some(Expected::TrueAsFactor) => true,
                    Some(Expected::TrueInLayout) => {
                        claim.statement.is_some() || claim.turned.is_some()
                    }
                    _ => claim.statement.is_some(),
                };
                let found: Vec<&str> =
                    claim.ill_formed.iter().map(|d| d.message.as_str()).collect();
                assert!(expected, "{name}, claim {:?}: {:?}, {found:?}", claim.name, claim.expect);
            }
        }
    }
    (files, claims, ill)
}

#[test]
fn judged_claims_have_the_shapes_that_their_verdicts_say() {
    let (files, claims, ill) = check("claims");
    assert_eq!((files, claims), (105, 190));
    assert_eq!(ill, 24);
}

#[test]
fn known_derivatives_have_their_shapes() {
    let (files, claims, ill) = check("identities");
    assert_eq!((files, claims, ill), (123, 123, 0));
}

#[test]
fn ill_formed_claims_say_why_in_shapes() {
    for (file, claim, code, words) in [
        ("003-04", "003-04", "inner-sizes", "inner sizes 1 and 3 differ"),
        ("004-32", "004-32", "inner-sizes", "inner sizes 1 and dh differ"),
        ("004-38", "004-38", "claim-shapes", "m x dh and dh x d"),
        ("004-46", "004-46", "inner-sizes", "inner sizes dh and d differ"),
        ("001-30", "001-30", "undefined-name", "`Z1` is not defined"),
        ("000-11", "000-11", "undefined-name", "`i` is not defined"),
    ] {
        let (_, text) =
            common::files("claims").into_iter().find(|(n, _)| n == file).expect("the file");
        let model = Model::parse(file, text).expect("it reads");
        let module = &model.modules()[0];
        let found = module.claims.iter().find(|c| c.name == claim).expect("the claim");
        let first = found.ill_formed.first().expect("ill-formed");
        assert_eq!(first.code, code, "{file}: {}", first.message);
        assert!(first.message.contains(words), "{file}: {}", first.message);
    }
}

#[test]
fn the_built_in_examples_are_explained() {
    let counts = [
        ("iris", 131),
        ("cifar2", 154_160),
        ("graph002", 0),
        ("softreg", 7_850),
        ("mlp", 669_706),
        ("convnet", 1_199_882),
        ("circles", 42),
        ("digits", 2410),
    ];
    for (name, text) in BUILTIN {
        let model = Model::read(name).unwrap_or_else(|e| panic!("{name}: {e}"));
        let show = &model.show()[0];
        let (_, count) = counts.iter().find(|(n, _)| *n == name).expect("a count");
        assert_eq!(show.parameters, Some(*count), "{name}");
        let by_name: u64 =
            show.values.iter().filter(|r| r.role == "param").filter_map(|r| r.count_number).sum();
        assert_eq!(by_name, *count, "{name}");
        let page = show.text();
        let wide: Vec<&str> = page.lines().filter(|l| l.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{name}: {wide:?}");
        common::golden(&common::suite().join(format!("show/{name}.txt")), &page);
        assert_eq!(chainrule::format(name, text).expect("it formats"), text, "{name} is formatted");
    }
}

#[test]
fn convolution_costs_what_it_should() {
    // 2 operations for each output, channel and tap, and one for the bias: figures by hand.
    let model = Model::read("convnet").expect("convnet");
    let cost = &model.show()[0].cost;
    let conv1 = 26.0 * 26.0 * 32.0 * (2.0 * 9.0 + 1.0);
    let conv2 = 24.0 * 24.0 * 64.0 * (2.0 * 9.0 * 32.0 + 1.0);
    let dense = 2.0 * (9216.0 * 128.0 + 128.0 * 10.0) + 138.0;
    let pointwise = 26.0 * 26.0 * 32.0 + 24.0 * 24.0 * 64.0 * 2.0 + 9216.0 * 2.0 + 128.0 * 3.0;
    let loss = 4.0 * 10.0 + 1.0;
    assert_eq!(cost.flops_per_row, Some(conv1 + conv2 + dense + pointwise + loss));
    assert_eq!(cost.parameter_bytes, Some(4.0 * 1_199_882.0));
}

#[test]
fn settings_change_sizes_and_what_follows() {
    let model = Model::read("convnet").expect("convnet");
    let smaller = model.with([("S", "16"), ("F", "32")]).expect("a smaller net");
    let show = &smaller.show()[0];
    let p = show.sizes.iter().find(|s| s.name == "P").expect("P");
    assert_eq!(p.number, Some(6));
    let odd = model.with([("S", "15")]).unwrap_err();
    let (_, diagnostics) = odd.diagnostics().expect("diagnostics");
    assert!(diagnostics[0].message.contains("not a whole number"), "{}", diagnostics[0].message);
    assert!(model.with([("Q", "3")]).unwrap_err().to_string().contains("no size or constant"));
    assert!(model.with([("S", "x")]).unwrap_err().to_string().contains("a number is needed"));
}

#[test]
fn several_models_share_their_data() {
    let text = "\
size d = 4, K = 3
batch N
data
  x : R[d] per N
  y : label[K] per N

model linear
param W : R[K, d] = 0
net
  J = mean[N] cross_entropy(W x, y)

model hidden
size H = 8
param
  V : R[H, d] ~ he
  W : R[K, H] = 0
net
  h = relu(V x)
  J = mean[N] cross_entropy(W h, y)
";
    let model = Model::parse("two.eqn", text).expect("two models");
    let counts: Vec<_> = model.show().iter().map(|s| (s.name.clone(), s.parameters)).collect();
    assert_eq!(counts, [("linear".into(), Some(12)), ("hidden".into(), Some(56))]);
}

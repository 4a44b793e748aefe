//! The numbers of one training: what `with`, `for .. in {..}` and settings from outside change.

use chainrule::graph::interpret::Numbers;
use chainrule::graph::module::{Role, Start, Training};
use chainrule::graph::start;
use chainrule::{BUILTIN, Model, Module, Setting};

const TEXT: &str = "\
size d = 4, H = 16, V = 2 H
batch N
const
  s = 2, t = s + 1
data
  x : R[d] per N = csv \"x.csv\" columns 1..4
  y : R[d] per N = csv \"x.csv\" columns 5..8
  split train 0.5, test 0.5
param
  W : R[V, d] ~ normal(0, s / H)
  U : R[d, V] ~ uniform(0, count(W))
net
  J = mean[N] ||U W x - y||^2 / t
train J by gd(step = s / 100) epochs 3
train J by momentum(0.1, mu = t / 10) batch 8 epochs 4 with H = 8, s = 4, t = 2 s
train J by adam() epochs 5 for H in {2, 3}, s in {1, 5} as grid
";

fn model() -> Model {
    Model::parse("net.eqn", TEXT).unwrap()
}

fn overridden(set: &[(&str, &str)]) -> Result<Model, String> {
    let set: Vec<Setting<'_>> = set.iter().map(|(name, value)| Setting { name, value }).collect();
    model().overridden(&set).map_err(|e| e.to_string())
}

fn drawn(module: &Module, name: &str) -> Vec<f64> {
    let id = module.find(name).unwrap();
    match &module.symbol(id).role {
        Role::Param(Start::Drawn(_, numbers)) => numbers.clone(),
        other => panic!("{other:?}"),
    }
}

fn setting(training: &Training, name: &str) -> f64 {
    training.settings.iter().find(|(n, _)| n == name).unwrap().1
}

fn option(training: &Training, name: &str) -> Option<Option<f64>> {
    training.options.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
}

#[test]
fn everything_follows_from_what_a_training_sets() {
    let plain = model().for_training(0, 0).unwrap();
    assert_eq!(
        (drawn(&plain.module, "W"), drawn(&plain.module, "U")),
        (vec![0.0, 0.125], vec![0.0, 128.0])
    );
    assert_eq!(setting(&plain.training, "step"), 0.02);
    let own = model().for_training(0, 1).unwrap();
    // H = 8, s = 4, t = 2 s: s is the new one.
    assert_eq!(
        (drawn(&own.module, "W"), drawn(&own.module, "U")),
        (vec![0.0, 0.5], vec![0.0, 64.0])
    );
    assert_eq!(own.training.with, [("H".into(), 8.0), ("s".into(), 4.0), ("t".into(), 8.0)]);
    assert_eq!(setting(&own.training, "mu"), 0.8);
    let values = start::values(&own.module, &Numbers::of(&own.module, 1, 1), 1).unwrap();
    assert_eq!(values[0].1.shape, [16, 4]);
    let last = model().for_training(0, 5).unwrap();
    assert_eq!(last.training.name, "grid H=3 s=5");
    assert_eq!(drawn(&last.module, "W"), [0.0, 5.0 / 3.0]);
    let text = last.model.source().text();
    assert!(text.contains("H = 3, V = 2 H") && text.contains("s = 5, t = s + 1"), "{text}");
    assert!(model().for_training(0, 6).is_err() && model().for_training(1, 0).is_err());
}

#[test]
fn settings_from_outside_come_first() {
    let model =
        overridden(&[("H", "5"), ("epochs", "9"), ("batch", "all"), ("mu", "0.5")]).unwrap();
    let trainings = &model.modules()[0].trainings;
    let names: Vec<&str> = trainings.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(
        names,
        ["gd", "momentum", "grid H=5 s=1", "grid H=5 s=5"],
        "the grid over H is gone"
    );
    for training in trainings {
        assert_eq!(option(training, "epochs"), Some(Some(9.0)));
        assert_eq!(option(training, "batch"), Some(None));
    }
    assert_eq!(setting(&trainings[1], "mu"), 0.5);
    assert_eq!(trainings[1].with[0], ("H".into(), 5.0));
    // Inserted where it is not written, by place or by name.
    let model =
        overridden(&[("step", "0.25"), ("minutes", "2"), ("seed", "3"), ("beta1", "0.5")]).unwrap();
    for training in &model.modules()[0].trainings {
        assert_eq!(setting(training, "step"), 0.25);
        assert_eq!(option(training, "minutes"), Some(Some(2.0)));
        assert_eq!(option(training, "seed"), Some(Some(3.0)));
    }
    let text = model.source().text();
    assert!(
        text.contains("train J by momentum(0.25, mu = t / 10) minutes 2 seed 3 batch 8"),
        "{text}"
    );
    assert!(text.contains("adam(step = 0.25, beta1 = 0.5) minutes 2 seed 3"), "{text}");
    let bare = TEXT.replace("adam()", "adam");
    let set = [("step", "0.25"), ("beta1", "0.5"), ("seed", "3")];
    let set: Vec<Setting<'_>> = set.iter().map(|(name, value)| Setting { name, value }).collect();
    let model = Model::parse("net.eqn", bare).unwrap().overridden(&set).unwrap();
    let text = model.source().text();
    assert!(text.contains("adam(step = 0.25, beta1 = 0.5) seed 3 epochs 5"), "{text}");
}

#[test]
fn the_split_has_its_own_seed() {
    let model = overridden(&[("split.seed", "4")]).unwrap();
    assert!(model.source().text().contains("split train 0.5, test 0.5, seed 4\n"));
    let set = [Setting { name: "split.seed", value: "11" }];
    let iris = Model::read("iris").unwrap().overridden(&set).unwrap();
    assert!(iris.source().text().contains("split train 110, test 40, seed 11\n"));
}

#[test]
fn what_cannot_be_set_is_said() {
    let message = |name, value| overridden(&[(name, value)]).unwrap_err();
    let near = message("epoch", "3");
    assert!(near.contains("`--set epoch`") && near.contains("did you mean `epochs`?"), "{near}");
    assert!(message("mo", "3").contains("did you mean `mu`?"));
    assert!(message("split_seed", "3").contains("did you mean `split.seed`?"));
    let far = message("nothing_like_it", "1");
    assert!(far.contains("it has H, V, batch, beta1"), "{far}");
    assert!(message("H", "two").contains("a number is needed"));
    assert!(message("H", "all").contains("a number is needed"));
    let zero = model().overridden(&[Setting { name: "epochs", value: "0" }]).unwrap_err();
    let (_, found) = zero.diagnostics().unwrap();
    assert_eq!(found[0].message, "`epochs` is a whole number of at least 1, not 0");
    let bare = Model::parse("a.eqn", "size n\n").unwrap();
    let none = bare.overridden(&[Setting { name: "epochs", value: "2" }]).unwrap_err();
    assert!(none.to_string().contains("no size, constant"), "{none}");
}

/// Every example that is to be trained has trainings, and each of them can be prepared.
#[test]
fn the_examples_have_trainings() {
    let mut trained = Vec::new();
    for (name, _) in BUILTIN {
        let model = Model::read(name).unwrap();
        let count = model.modules()[0].trainings.len();
        for at in 0..count {
            let prepared = model.for_training(0, at).unwrap();
            let module = &prepared.module;
            chainrule::graph::update::update(module, &prepared.training).unwrap();
        }
        if count > 0 {
            trained.push(format!("{name} {count}"));
        }
    }
    let wanted = "iris 2, cifar2 1, softreg 1, mlp 1, convnet 1, circles 8, digits 2";
    assert_eq!(trained.join(", "), wanted);
}

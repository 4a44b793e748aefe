//! The tracer: losses fall, the same seed gives the same bits, and what is missing is said.

use chainrule::{ErrorKind, Model, TrainOptions};

fn losses(seed: u64) -> (Vec<f64>, f64) {
    let model = Model::read("iris").expect("iris");
    let mut losses = Vec::new();
    let options = TrainOptions { epochs: Some(3), seed: Some(seed) };
    let (done, warnings) = model.train(options, &mut |e| losses.push(e.loss)).expect("it trains");
    assert_eq!(warnings.len(), 1, "nag is skipped");
    let train = &done[0].scores[0];
    assert_eq!((train.part, train.rows, done[0].scores[1].rows), ("train", 110, 40));
    (losses, train.values[0].1)
}

#[test]
fn the_loss_falls_and_the_same_seed_gives_the_same_bits() {
    let (first, last) = losses(1);
    assert!(first[0] > first[1] && first[1] > first[2], "{first:?}");
    assert_eq!(first[2].to_bits(), last.to_bits());
    assert_eq!(losses(1), losses(1));
    assert_ne!(losses(1), losses(2));
}

#[test]
fn data_that_cannot_be_read_yet_is_named() {
    for (name, what) in
        [("mlp", "idx"), ("softreg", "idx"), ("cifar2", "images"), ("circles", "moons")]
    {
        let model = Model::read(name).expect("an example");
        let error = model.train(TrainOptions::default(), &mut |_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotYet);
        assert!(error.to_string().contains(what), "{name}: {error}");
    }
}

//! A trained network inside a small program: the model file is part of the binary.
//!
//! ```text
//! cargo run --release --example embed -- 5.1 3.5 1.4 0.2   says which iris this is
//! cargo run --release --example embed -- train FILE         trains it anew and writes the model file
//! ```
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::Arc;

use chainrule::data::{DataSettings, Dataset, Search};
use chainrule::train::{Network, Predictor, TrainSettings, Trainer};
use chainrule::{Error, Model};

/// Equations, weights, label names: everything that prediction needs.
static IRIS: &[u8] = include_bytes!("iris.safetensors");

/// Trains the second `train` line of the built-in example.
fn train() -> Result<Network, Error> {
    let model = Model::read("iris")?;
    let data = Dataset::read(&model.modules()[0], &Search::default(), &DataSettings::default())?;
    let nag = model.trainings()[1];
    let mut trainer = Trainer::new(&model, nag, Arc::new(data), &TrainSettings::default())?;
    trainer.run(&mut |epoch| {
        if epoch.epoch.is_multiple_of(50) {
            eprintln!("epoch {}  J {:.4}", epoch.epoch, epoch.mean);
        }
    })?;
    Ok(trainer.finish()?.network)
}

/// What the embedded network says of one flower.
fn flower(lengths: &[f64]) -> Result<String, Box<dyn std::error::Error>> {
    let network = Network::from_bytes(IRIS)?;
    let mut predictor = Predictor::new(network, 1)?;
    let said = predictor.predict(&[("x", lengths)])?;
    let classes = said.classes.ok_or("the network has no classes")?;
    let names = said.names.ok_or("the classes have no names")?;
    let p = &said.outputs[0].values;
    Ok(format!("{} ({:.1} %)", names[classes[0]], 100.0 * p[classes[0]]))
}

fn run(words: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    if let [word, path] = words
        && word == "train"
    {
        std::fs::write(path, train()?.to_bytes()?)?;
        return Ok(());
    }
    let lengths: Vec<f64> = words.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
    if lengths.is_empty() {
        return Err("give the four lengths of a flower: 5.1 3.5 1.4 0.2".into());
    }
    println!("{}", flower(&lengths)?);
    Ok(())
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{flower, train};

    #[test]
    fn the_embedded_network_knows_its_flowers() {
        assert!(flower(&[5.1, 3.5, 1.4, 0.2]).expect("a flower").starts_with("setosa"));
        assert!(flower(&[6.4, 2.8, 5.6, 2.2]).expect("a flower").starts_with("virginica"));
        assert!(flower(&[5.1]).is_err());
        let network = train().expect("it trains");
        let back = chainrule::train::Network::from_bytes(&network.to_bytes().expect("bytes"));
        assert_eq!(back.expect("a network"), network);
    }
}

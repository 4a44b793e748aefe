//! Reads any bytes as a model file: its weights are finite, and it is written to the same model.
#![no_main]

use chainrule::train::{Network, Predictor};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(network) = Network::from_bytes(bytes) else { return };
    assert!(network.parameters.iter().flat_map(|t| t.values()).all(f64::is_finite));
    let written = network.to_bytes().expect("it can be written");
    assert_eq!(Network::from_bytes(&written).as_ref(), Ok(&network));
    // A model that does not fit its equations is an error.
    let _ = Predictor::new(network, 1);
});

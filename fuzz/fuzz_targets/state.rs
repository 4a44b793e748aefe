//! Reads any bytes as the state of a checkpoint: what is read is written to the same state.
#![no_main]

use chainrule::train::State;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(state) = State::from_bytes(bytes) else { return };
    for tensor in state.parameters.iter().chain(&state.optimizer) {
        assert_eq!(tensor.values().len(), tensor.len());
    }
    let written = state.to_bytes().expect("it can be written");
    let again = State::from_bytes(&written).expect("it can be read");
    assert_eq!(again.to_bytes().expect("it can be written"), written);
});

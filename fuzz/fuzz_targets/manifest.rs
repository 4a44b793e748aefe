//! Reads any bytes as the manifest of a checkpoint: what is read names a file of its own folder.
#![no_main]

use chainrule::run::Manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::parse(bytes) {
        let state = std::path::Path::new(&manifest.state);
        assert_eq!(state.components().count(), 1);
        assert!(state.file_name().is_some());
    }
});

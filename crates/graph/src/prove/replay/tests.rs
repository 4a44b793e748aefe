//! Proofs that were tampered with do not replay.

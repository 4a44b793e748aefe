//! The examples run.
#![allow(dead_code, unreachable_pub, missing_docs)] // they are programs

#[path = "../examples/builder.rs"]
mod builder;
#[path = "../examples/explain.rs"]
mod explain;

#[test]
fn the_builder_example_runs() {
    builder::main().expect("it runs");
}

#[test]
fn the_explaining_example_runs() {
    explain::main().expect("it runs");
}

//! The same bits for any number of threads, with every instruction spread over them.

mod common;

use chainrule_kernels::program::*;
use chainrule_kernels::{Column, Engine, Isa, Run, Threads, Values};
use common::build::{Dice, bits, start};

#[test]
fn threads_do_not_change_bits() {
    let bytes: Vec<u8> = (0..3000).map(|at| (at * 7) as u8).collect();
    let rows: Vec<u32> = (0..64).rev().collect();
    let columns = [Column { values: Values::U8(&bytes), width: 30, scale: &[0.01], shift: &[] }];
    let run = Run { columns: &columns, rows: &rows, seed: 1, step: 5 };
    for precision in [Precision::F32, Precision::F64] {
        let whole = common::all::program(precision);
        let start = start(&mut Dice(2), whole.arena);
        for isa in Isa::all() {
            for at in 0..whole.instructions.len() {
                let mut one = whole.clone();
                one.instructions = vec![whole.instructions[at].clone()];
                let (_, alone) = bits(&one, &start, &run, 1, isa);
                for count in [2, 3, 5, 8] {
                    let same = bits(&one, &start, &run, count, isa).1 == alone;
                    assert!(same, "{isa:?}, {count} threads: instruction {at}");
                }
            }
        }
    }
}

#[test]
fn two_runs_are_the_same() {
    let program = common::all::program(Precision::F32);
    let bytes = vec![3u8; 3000];
    let rows = vec![1u32; 64];
    let columns = [Column { values: Values::U8(&bytes), width: 30, scale: &[], shift: &[] }];
    let run = Run { columns: &columns, rows: &rows, seed: 1, step: 5 };
    let start = start(&mut Dice(2), program.arena);
    let first = bits(&program, &start, &run, 2, Isa::best()).1;
    assert!(first == bits(&program, &start, &run, 2, Isa::best()).1);
}

#[test]
fn a_trace_stops_where_it_is_told() {
    let program = common::all::program(Precision::F64);
    let bytes = vec![3u8; 3000];
    let rows = vec![1u32; 64];
    let columns = [Column { values: Values::U8(&bytes), width: 30, scale: &[], shift: &[] }];
    let run = Run { columns: &columns, rows: &rows, seed: 1, step: 5 };
    let out = program.writes(0)[0];
    let mut engine = Engine::new(Precision::F64, 0, Threads::ONE).unwrap();
    let loaded = engine.load(program).unwrap();
    let mut seen = Vec::new();
    let mut after = |at: usize, engine: &Engine| {
        seen.push((at, engine.finite(out), engine.range(out).greatest));
        at < 2
    };
    engine.trace(loaded, &run, &mut after).unwrap();
    assert_eq!(seen, [(0, true, 3.0), (1, true, 3.0), (2, true, 3.0)]);
}

#[test]
fn arrays_go_in_and_out() {
    let mut engine = Engine::new(Precision::F32, 10, Threads::ONE).unwrap();
    let slot = |at, len| Slot { at, len };
    engine.set(slot(0, 3), &[1.0, -2.0, 0.1]);
    engine.copy(slot(0, 3), slot(1, 3));
    assert_eq!(engine.get(slot(0, 5)), [1.0, 1.0, -2.0, f64::from(0.1f32), 0.0]);
    let bytes = engine.bytes(slot(1, 3));
    assert_eq!(bytes[4..8], (-2.0f32).to_le_bytes());
    engine.set_bytes(slot(6, 3), &bytes).unwrap();
    assert_eq!(engine.get(slot(6, 3)), engine.get(slot(1, 3)));
    assert!(engine.set_bytes(slot(6, 3), &bytes[1..]).is_err());
    engine.fill(slot(9, 1), f64::NAN);
    engine.fill(slot(8, 1), f64::INFINITY);
    let range = engine.range(slot(0, 10));
    assert_eq!(
        (range.least, range.greatest, range.nan, range.infinite),
        (-2.0, f64::INFINITY, 1, 1)
    );
    assert!(!engine.finite(slot(0, 10)) && engine.finite(slot(0, 8)));
}

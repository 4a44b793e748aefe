//! Runs take no memory: the allocator counts.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use chainrule_kernels::program::*;
use chainrule_kernels::{Column, Engine, Run, Threads, Values};
use common::build::{Dice, start};

static TAKEN: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn runs_take_no_memory() {
    let bytes: Vec<u8> = (0..3000).map(|at| at as u8).collect();
    let rows: Vec<u32> = (0..64).collect();
    let columns = [Column { values: Values::U8(&bytes), width: 30, scale: &[0.01], shift: &[] }];
    for precision in [Precision::F32, Precision::F64] {
        for count in [1, 3] {
            let program = common::all::program(precision);
            let threads = Threads { count, least: 0 };
            let mut engine = Engine::new(precision, 0, threads).unwrap();
            let len = program.arena;
            let loaded = engine.load(program).unwrap();
            let all = Slot { at: 0, len };
            engine.set(all, &start(&mut Dice(1), len));
            let run = Run { columns: &columns, rows: &rows, seed: 1, step: 0 };
            engine.run(loaded, &run).unwrap();
            let before = TAKEN.load(Ordering::SeqCst);
            for step in 0..20 {
                engine.run(loaded, &Run { step, ..run }).unwrap();
            }
            assert_eq!(TAKEN.load(Ordering::SeqCst), before, "{precision:?}, {count} threads");
            assert!(engine.range(all).nan < len);
        }
    }
}

//! One program for each rule that loading checks.

mod common;

use std::sync::Arc;

use chainrule_kernels::program::*;
use chainrule_kernels::{Column, Engine, Run, Threads, Values};
use common::build::program;

fn access(at: usize, len: usize, strides: &[isize]) -> Access {
    let slot = Slot { at, len };
    let at = Affine { constant: at as isize, strides: strides.to_vec() };
    Access { slot, at, guards: vec![], label: None }
}

fn axis(extent: usize) -> Axis {
    Axis { extent, folded: false }
}

/// `y[i] = x[i]` for ten entries.
fn plain() -> Loop {
    Loop {
        axes: vec![axis(10)],
        reads: vec![access(0, 10, &[1])],
        steps: vec![Step::Read(0), Step::Number(1.0)],
        writes: vec![Write { step: 0, fold: None, to: access(20, 10, &[1]) }],
    }
}

fn outcome(mut own: Program) -> Result<(), String> {
    own.arena = own.arena.max(100);
    let mut engine = Engine::new(own.precision, 0, Threads::ONE).unwrap();
    engine.load(own).map(drop).map_err(|why| why.0)
}

fn refuse(work: Work, part: &str) {
    let why = outcome(program(Precision::F64, 100, vec![work])).expect_err(part);
    assert!(why.contains(part), "{why:?} does not say {part:?}");
    assert!(why.contains("instruction 0 (part 0)"), "{why}");
}

fn refuse_loop(change: impl Fn(&mut Loop), part: &str) {
    let mut own = plain();
    change(&mut own);
    refuse(Work::Loop(own), part);
}

#[test]
fn what_is_right_is_loaded() {
    assert_eq!(outcome(program(Precision::F64, 100, vec![Work::Loop(plain())])), Ok(()));
    // In place.
    let mut own = plain();
    own.writes[0].to = own.reads[0].clone();
    assert_eq!(outcome(program(Precision::F64, 100, vec![Work::Loop(own)])), Ok(()));
    // Interleaved, which no simple rule shows.
    let mut own = plain();
    own.reads[0] = access(0, 20, &[2]);
    own.writes[0].to = Access { slot: Slot { at: 0, len: 20 }, ..access(1, 19, &[2]) };
    assert_eq!(outcome(program(Precision::F64, 100, vec![Work::Loop(own)])), Ok(()));
}

#[test]
fn accesses() {
    refuse_loop(|own| own.reads[0].slot.at = 95, "outside the arena");
    refuse_loop(|own| own.reads[0].slot.len = usize::MAX, "outside the arena");
    refuse_loop(|own| own.reads[0].slot.len = 9, "read 0: an access leaves its array");
    refuse_loop(|own| own.reads[0].at.constant = -1, "read 0: an access leaves its array");
    refuse_loop(|own| own.writes[0].to.at.strides[0] = 2, "write 0: an access leaves its array");
    refuse_loop(|own| own.reads[0].at.strides.push(1), "2 strides, the space 1 axes");
    refuse_loop(|own| own.reads[0].at.strides[0] = isize::MAX, "beyond 2^48");
    refuse_loop(|own| own.axes[0].extent = 11, "leaves its array");
    refuse_loop(|own| own.axes[0].extent = 1 << 50, "beyond 2^48");
    refuse_loop(
        |own| own.reads[0].label = Some(Label { step: 0, stride: 10, extent: 2 }),
        "leaves its array",
    );
    refuse_loop(
        |own| {
            let at = Affine { constant: 0, strides: vec![] };
            own.reads[0].guards.push(Guard { at, extent: 1 });
        },
        "0 strides",
    );
    // A guard that lets one entry too many pass.
    let guarded = |own: &mut Loop, extent| {
        own.reads[0] = access(0, 8, &[1]);
        let at = Affine { constant: 0, strides: vec![1] };
        own.reads[0].guards.push(Guard { at, extent });
    };
    let mut right = plain();
    guarded(&mut right, 8);
    assert_eq!(outcome(program(Precision::F64, 100, vec![Work::Loop(right)])), Ok(()));
    refuse_loop(|own| guarded(own, 9), "leaves its array");
}

#[test]
fn steps() {
    refuse_loop(|own| own.steps[0] = Step::Read(1), "there is no read 1");
    refuse_loop(|own| own.steps[0] = Step::Unary(Function::Exp, 0), "does not come before it");
    refuse_loop(|own| own.steps[1] = Step::Binary(Function::Add, 0, 1), "does not come before");
    refuse_loop(|own| own.steps[1] = Step::Unary(Function::Add, 0), "Add takes 2 values, not 1");
    refuse_loop(|own| own.steps[1] = Step::Binary(Function::Exp, 0, 0), "Exp takes 1 values");
    refuse_loop(|own| own.steps[1] = Step::Foreign(0, vec![]), "no function 0 of entries");
    refuse_loop(
        |own| own.steps[1] = Step::Index(Affine { constant: 0, strides: vec![] }),
        "0 strides",
    );
    refuse_loop(
        |own| {
            own.reads[0].slot.len = 11;
            own.reads[0].label = Some(Label { step: 1, stride: 1, extent: 2 });
        },
        "does not come before it",
    );
}

#[test]
fn writes() {
    refuse_loop(|own| own.writes.clear(), "writes nothing");
    refuse_loop(|own| own.writes[0].step = 2, "a step that is not there");
    refuse_loop(|own| own.writes[0].to.at.strides[0] = 0, "two points of write 0");
    refuse_loop(|own| own.writes[0].to = access(5, 10, &[1]), "write 0 overlaps read 0");
    refuse_loop(
        |own| own.writes.push(Write { step: 1, fold: None, to: access(29, 10, &[1]) }),
        "writes 0 and 1 overlap",
    );
    let fold = |own: &mut Loop| {
        own.axes[0].folded = true;
        own.writes[0].fold = Some(Fold::Sum);
    };
    refuse_loop(fold, "moves along a folded axis");
    refuse_loop(
        |own| {
            fold(own);
            own.writes[0].to = access(20, 2, &[0]);
            own.writes[0].to.label = Some(Label { step: 0, stride: 1, extent: 2 });
        },
        "a write with a fold has a label",
    );
    refuse_loop(
        |own| {
            fold(own);
            own.writes[0].to = access(3, 1, &[0]);
        },
        "write 0 overlaps read 0",
    );
}

/// Without points folds are written all the same: their starts. So they must not meet.
#[test]
fn writes_of_empty_loops() {
    let empty = |second: Access| {
        let fold = |to| Write { step: 0, fold: Some(Fold::Sum), to };
        Loop {
            axes: vec![axis(10), Axis { extent: 0, folded: true }],
            reads: vec![access(0, 10, &[1, 0])],
            steps: vec![Step::Read(0)],
            writes: vec![fold(access(20, 10, &[1, 0])), fold(second)],
        }
    };
    let apart = empty(access(30, 10, &[1, 0]));
    assert_eq!(outcome(program(Precision::F64, 100, vec![Work::Loop(apart)])), Ok(()));
    refuse(Work::Loop(empty(access(29, 10, &[1, 0]))), "writes 0 and 1 overlap");
}

/// Strides that would overflow what is computed of them.
#[test]
fn far_strides() {
    let far = 1isize << 48;
    refuse_loop(
        |own| {
            own.axes.push(axis(1 << 16));
            own.reads[0] = access(0, 10, &[1, 0]);
            let at = Affine { constant: 0, strides: vec![1, far] };
            own.reads[0].guards = vec![Guard { at, extent: 10 }];
            own.writes[0].to = access(20, 10, &[1, 0]);
        },
        "moves by more than 2^60",
    );
}

/// More numbers than there is memory for are an error.
#[test]
fn calls_beyond_memory() {
    let frame =
        |at, dims: Vec<(usize, isize)>| Frame { slot: Slot { at, len: 1 }, dims, riding: vec![] };
    let call = Call {
        function: 0,
        riding: vec![],
        inputs: vec![frame(0, vec![(1 << 47, 0)])],
        output: frame(1, vec![]),
    };
    let mut own = program(Precision::F64, 100, vec![Work::Call(call)]);
    own.foreign = vec![Foreign::Whole("f".into(), Arc::new(|_, _| true))];
    let why = outcome(own).expect_err("no memory");
    assert!(why.contains("there is no memory") && why.contains(" GB)"), "{why}");
}

#[test]
fn scatters_and_selections() {
    let scatter = |change: fn(&mut Scatter), part| {
        let mut own = Scatter { from: plain(), apart: vec![] };
        change(&mut own);
        refuse(Work::Scatter(own), part);
    };
    scatter(|own| own.from.writes.clear(), "a scatter has one write, not 0");
    scatter(|own| own.from.writes[0].fold = Some(Fold::Sum), "has a fold");
    scatter(|own| own.apart = vec![1], "there is no axis 1");
    scatter(|own| own.from.writes[0].to = access(9, 10, &[1]), "overlaps read 0");
    let select = |change: fn(&mut Select), part| {
        let mut own = Select {
            fold: Fold::Max,
            axes: vec![axis(10)],
            read: access(0, 10, &[1]),
            to: access(20, 10, &[1]),
        };
        change(&mut own);
        refuse(Work::Select(own), part);
    };
    select(|own| own.fold = Fold::Sum, "greatest or a least");
    select(|own| own.to = access(9, 10, &[1]), "overlaps");
    select(|own| own.to = access(20, 10, &[0]), "the same place");
    select(|own| own.read.label = Some(Label { step: 0, stride: 0, extent: 1 }), "no labels");
}

#[test]
fn contractions() {
    let change = |change: fn(&mut Contract), part| {
        let lane = |extent, a, b, c| Lane { extent, a, b, c };
        let slot = |at, len| (Slot { at, len }, at);
        let mut own = Contract {
            batch: vec![],
            m: vec![lane(3, 4, 0, 5)],
            n: vec![lane(5, 0, 1, 1)],
            k: vec![lane(4, 1, 5, 0)],
            scale: 1.0,
            a: slot(0, 12),
            b: slot(20, 20),
            c: slot(40, 15),
        };
        assert_eq!(
            outcome(program(Precision::F64, 100, vec![Work::Contract(own.clone())])),
            Ok(())
        );
        change(&mut own);
        refuse(Work::Contract(own), part);
    };
    change(|own| own.m[0].b = 1, "an array that lacks it");
    change(|own| own.k[0].c = 1, "an array that lacks it");
    change(|own| own.a.1 = 1, "leaves its array");
    change(|own| own.c.0.at = 90, "outside the arena");
    change(|own| own.m[0].c = 4, "two entries of the result");
    change(|own| own.c = (Slot { at: 25, len: 15 }, 25), "overlaps what is multiplied");
    change(|own| own.k[0].extent = 1 << 33, "more than 2^26 points");
    change(|own| own.k[0].a = isize::MIN, "beyond 2^48");
}

#[test]
fn gathers_noises_and_calls() {
    let gather = |column, width, out| Work::Gather(Gather { column, width, out });
    refuse(gather(0, 3, 0), "there is no column 0");
    let with = |work| {
        let mut own = program(Precision::F32, 100, vec![work]);
        (own.rows, own.columns) = (20, vec![3]);
        outcome(own)
    };
    assert_eq!(with(gather(0, 3, 40)), Ok(()));
    assert!(with(gather(0, 4, 0)).is_err_and(|why| why.contains("has width 3, not 4")));
    assert!(with(gather(0, 3, 41)).is_err_and(|why| why.contains("outside the arena")));
    let noise = |law, width| Work::Noise(Noise { law, stream: 0, width, rows: 10, out: 0 });
    refuse(noise(Law::Bernoulli(1.5), 2), "there is no distribution");
    refuse(noise(Law::Bernoulli(f64::NAN), 2), "there is no distribution");
    refuse(noise(Law::Normal(0.0, -1.0), 2), "there is no distribution");
    refuse(noise(Law::Uniform(1.0, 0.0), 2), "there is no distribution");
    refuse(noise(Law::Bernoulli(0.5), 11), "outside the arena");
    refuse(noise(Law::Bernoulli(0.5), 1 << 40), "at most 2^32 rows");
    let frame =
        |at, stride| Frame { slot: Slot { at, len: 10 }, dims: vec![(10, stride)], riding: vec![] };
    let call = |change: fn(&mut Call), part: &str| {
        let mut own =
            Call { function: 0, riding: vec![], inputs: vec![frame(0, 1)], output: frame(20, 1) };
        change(&mut own);
        let mut all = program(Precision::F64, 100, vec![Work::Call(own)]);
        all.foreign =
            vec![Foreign::Whole("f".into(), Arc::new(|_: &[&[f64]], _: &mut [f64]| true))];
        let why = outcome(all).expect_err(part);
        assert!(why.contains(part), "{why}");
    };
    call(|own| own.function = 1, "no function 1 of whole arrays");
    call(|own| own.inputs = vec![own.inputs[0].clone(); 9], "at most 8");
    call(|own| own.riding = vec![2], "not one stride for each riding index");
    call(|own| own.output.dims[0].1 = 0, "the same place");
    call(|own| own.output.dims[0].0 = 11, "leaves its array");
    call(|own| own.inputs[0].slot.at = 15, "overlaps an input");
}

#[test]
fn runs() {
    let mut own = program(Precision::F32, 100, vec![]);
    (own.rows, own.columns) = (2, vec![3]);
    own.instructions.push(Instruction {
        name: "x".into(),
        origin: 0,
        work: Work::Gather(Gather { column: 0, width: 3, out: 0 }),
    });
    let mut engine = Engine::new(Precision::F32, 0, Threads::ONE).unwrap();
    let loaded = engine.load(own.clone()).unwrap();
    let numbers = [1.0; 12];
    let column = Column { values: Values::F64(&numbers), width: 3, scale: &[], shift: &[] };
    let mut check = |columns: &[Column<'_>], rows: &[u32], part: &str| {
        let why = engine.run(loaded, &Run { columns, rows, seed: 0, step: 0 }).unwrap_err().0;
        assert!(why.contains(part), "{why}");
    };
    check(&[], &[0, 1], "takes 1 columns, not 0");
    check(&[column], &[0], "takes 2 rows, not 1");
    check(&[column], &[0, 4], "row 4 is needed, but there are 4");
    check(&[Column { width: 4, ..column }], &[0, 1], "rows of 3 numbers are needed, not of 4");
    check(&[Column { values: Values::U8(&[1; 4]), ..column }], &[0, 1], "no whole rows");
    check(&[Column { scale: &[1.0; 2], ..column }], &[0, 1], "2 numbers of scale");
    engine.run(loaded, &Run { columns: &[column], rows: &[0, 3], seed: 0, step: 0 }).unwrap();
    let mut other = Engine::new(Precision::F64, 0, Threads::ONE).unwrap();
    assert!(other.run(loaded, &Run::NOTHING).is_err());
    assert!(other.load(own).unwrap_err().0.contains("numbers are F32, the engine's F64"));
    assert!(Engine::new(Precision::F64, usize::MAX / 2, Threads::ONE).is_err());
}

#[test]
fn a_panic_outside_is_an_error() {
    let mut own = plain();
    own.steps[1] = Step::Foreign(0, vec![0]);
    own.writes[0].step = 1;
    let mut all = program(Precision::F64, 100, vec![Work::Loop(own)]);
    all.foreign = vec![Foreign::Entry("f".into(), Arc::new(|x: &[f64]| [0.0][x[0] as usize]))];
    let mut engine = Engine::new(Precision::F64, 0, Threads { count: 2, least: 0 }).unwrap();
    let loaded = engine.load(all).unwrap();
    engine.run(loaded, &Run::NOTHING).unwrap();
    engine.fill(Slot { at: 0, len: 10 }, 5.0);
    assert!(engine.run(loaded, &Run::NOTHING).is_err());
}

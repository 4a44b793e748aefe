//! The check of a plan: every corruption is caught, and what is planned is sound.

mod support;

use chainrule_compile::Training;
use chainrule_compile::check_plan::check;
use chainrule_compile::draft::Draft;
use chainrule_graph::random::Random;
use chainrule_kernels::program::{Loop, Precision, Program, Scatter, Slot, Step, Work};
use support::oracle;

fn planned(name: &str, rows: u64) -> (Draft, Program, Training) {
    let module = oracle::example(name);
    let of = module.trainings.last().expect("a training");
    let training = Training::new(&module, of, &[], Precision::F32).expect("compiled");
    let (draft, _, program) = training.planned(rows).expect("planned");
    (draft, program, training)
}

/// Every slot of a program.
fn slots(program: &mut Program) -> Vec<&mut Slot> {
    let mut out: Vec<&mut Slot> = Vec::new();
    for instruction in &mut program.instructions {
        match &mut instruction.work {
            Work::Loop(l) => {
                out.extend(l.reads.iter_mut().map(|r| &mut r.slot));
                out.extend(l.writes.iter_mut().map(|w| &mut w.to.slot));
            }
            Work::Scatter(s) => {
                out.extend(s.from.reads.iter_mut().map(|r| &mut r.slot));
                out.extend(s.from.writes.iter_mut().map(|w| &mut w.to.slot));
            }
            Work::Contract(c) => out.extend([&mut c.a.0, &mut c.b.0, &mut c.c.0]),
            Work::Select(s) => out.extend([&mut s.read.slot, &mut s.to.slot]),
            Work::Call(c) => {
                out.extend(c.inputs.iter_mut().map(|i| &mut i.slot));
                out.push(&mut c.output.slot);
            }
            Work::Gather(_) | Work::Noise(_) => {}
        }
    }
    out
}

/// Every place, moved together with its slot: what a wrong plan would give.
fn moved(program: &mut Program, which: usize, by: isize) -> bool {
    let mut at = 0;
    for instruction in &mut program.instructions {
        let mut places: Vec<(&mut Slot, &mut isize)> = Vec::new();
        let mut begins: Vec<&mut usize> = Vec::new();
        match &mut instruction.work {
            Work::Loop(l) => {
                let reads = l.reads.iter_mut().map(|r| (&mut r.slot, &mut r.at.constant));
                places.extend(reads);
                places.extend(l.writes.iter_mut().map(|w| (&mut w.to.slot, &mut w.to.at.constant)));
            }
            Work::Scatter(s) => {
                let writes = s.from.writes.iter_mut();
                places.extend(writes.map(|w| (&mut w.to.slot, &mut w.to.at.constant)));
            }
            Work::Select(s) => places.push((&mut s.to.slot, &mut s.to.at.constant)),
            Work::Gather(g) => begins.push(&mut g.out),
            Work::Noise(n) => begins.push(&mut n.out),
            Work::Contract(c) => {
                for (slot, first) in [&mut c.a, &mut c.b, &mut c.c] {
                    if at == which {
                        slot.at = slot.at.wrapping_add_signed(by);
                        *first = first.wrapping_add_signed(by);
                        return true;
                    }
                    at += 1;
                }
            }
            Work::Call(c) => begins.push(&mut c.output.slot.at),
        }
        for (slot, constant) in places {
            if at == which {
                slot.at = slot.at.wrapping_add_signed(by);
                *constant += by;
                return true;
            }
            at += 1;
        }
        for begin in begins {
            if at == which {
                *begin = begin.wrapping_add_signed(by);
                return true;
            }
            at += 1;
        }
    }
    false
}

const EXAMPLES: [&str; 5] = ["iris", "circles", "cifar2", "mlp", "convnet"];

#[test]
fn every_example_is_planned_soundly() {
    for name in EXAMPLES {
        for rows in [1, 2, 5, 16] {
            let (draft, program, training) = planned(name, rows);
            assert_eq!(check(&draft, &program), Ok(()), "{name}");
            let sum: usize = draft.values.iter().filter(|v| v.home.is_none()).map(|v| v.len).sum();
            let floor = training.layout.len;
            assert!(program.arena - floor <= sum + 16 * draft.values.len(), "{name} shares places");
        }
    }
}

#[test]
fn a_value_in_a_wrong_place_is_caught() {
    let mut tried = 0;
    for name in EXAMPLES {
        let (draft, program, _) = planned(name, 5);
        for which in 0.. {
            for by in [-16, -1, 1, 16, 64] {
                let mut wrong = program.clone();
                if !moved(&mut wrong, which, by) {
                    break;
                }
                tried += 1;
                assert!(check(&draft, &wrong).is_err(), "{name}: place {which} moved by {by}");
            }
            if !moved(&mut program.clone(), which, 0) {
                break;
            }
        }
    }
    println!("{tried} corruptions");
    assert!(tried > 1000);
}

#[test]
fn a_wrong_slot_is_caught() {
    let mut tried = 0;
    for name in EXAMPLES {
        let (draft, program, _) = planned(name, 3);
        let count = slots(&mut program.clone()).len();
        for at in 0..count {
            for change in [
                |s: &mut Slot| s.len += 1,
                |s: &mut Slot| s.len = s.len.wrapping_sub(1),
                |s: &mut Slot| s.at += 1,
                |s: &mut Slot| s.at = usize::MAX - 3,
            ] {
                let mut wrong = program.clone();
                change(slots(&mut wrong)[at]);
                tried += 1;
                assert!(check(&draft, &wrong).is_err(), "{name}: slot {at}");
            }
        }
    }
    println!("{tried} corruptions");
}

#[test]
fn instructions_out_of_order_are_caught() {
    let mut tried = 0;
    for name in EXAMPLES {
        let (draft, program, _) = planned(name, 3);
        for at in 1..program.instructions.len() {
            // The draft's tasks are swapped too: what is done is the same, but too early.
            let (mut wrong, mut other) = (program.clone(), draft.clone());
            wrong.instructions.swap(at - 1, at);
            other.tasks.swap(at - 1, at);
            let reads = draft.tasks[at].job.reads();
            let before = draft.tasks[at - 1].job.writes();
            if !reads.iter().any(|r| before.iter().any(|w| w.meets(r))) {
                continue;
            }
            tried += 1;
            assert!(check(&other, &wrong).is_err(), "{name}: {at} before {}", at - 1);
        }
    }
    assert!(tried > 30);
}

#[test]
fn a_smaller_arena_and_a_missing_instruction_are_caught() {
    for name in EXAMPLES {
        let (draft, program, _) = planned(name, 3);
        let mut wrong = program.clone();
        wrong.arena = program.arena / 2;
        assert!(check(&draft, &wrong).is_err(), "{name}");
        let mut wrong = program.clone();
        wrong.instructions.pop();
        assert!(check(&draft, &wrong).is_err(), "{name}");
        let mut wrong = program.clone();
        wrong.rows += 1;
        assert!(check(&draft, &wrong).is_err(), "{name}");
    }
}

/// Two values exchanged, or one given the place of another, at random.
#[test]
fn values_that_share_a_place_they_must_not_are_caught() {
    let random = Random::new(1, 2);
    let mut counter = 0;
    let mut next = |n: usize| {
        counter += 1;
        (random.uniform(counter) * n as f64) as usize
    };
    let mut caught = 0;
    for name in EXAMPLES {
        let (draft, program, _) = planned(name, 4);
        let count = slots(&mut program.clone()).len();
        for _ in 0..200 {
            let mut wrong = program.clone();
            let (a, b) = (next(count), next(count));
            let mut all = slots(&mut wrong);
            let (x, y) = (*all[a], *all[b]);
            if x == y {
                continue;
            }
            *all[a] = y;
            let found = check(&draft, &wrong);
            assert!(found.is_err(), "{name}: slot {b} in the place of {a}");
            caught += 1;
        }
    }
    assert!(caught > 300);
}

/// What moves along an axis that runs, what is computed, what is drawn: everything that a program
/// says beside its places. `which` counts; false behind the last.
fn changed(program: &mut Program, which: usize) -> bool {
    let mut at = 0;
    let mut here = || {
        at += 1;
        at == which + 1
    };
    for instruction in &mut program.instructions {
        let (axes, accesses, steps) = match &mut instruction.work {
            Work::Loop(Loop { axes, reads, steps, writes })
            | Work::Scatter(Scatter { from: Loop { axes, reads, steps, writes }, .. }) => {
                let writes = writes.iter_mut().map(|w| &mut w.to);
                (&*axes, reads.iter_mut().chain(writes).collect(), steps.as_mut_slice())
            }
            Work::Select(s) => (&s.axes, vec![&mut s.read, &mut s.to], &mut [][..]),
            Work::Contract(c) => {
                if here() {
                    c.scale += 1.0;
                    return true;
                }
                continue;
            }
            Work::Noise(n) => {
                if here() {
                    n.stream ^= 1;
                    return true;
                }
                continue;
            }
            Work::Gather(_) | Work::Call(_) => continue,
        };
        for access in accesses {
            for form in
                std::iter::once(&mut access.at).chain(access.guards.iter_mut().map(|g| &mut g.at))
            {
                for (stride, axis) in form.strides.iter_mut().zip(axes) {
                    if axis.extent > 1 && here() {
                        *stride += 1;
                        return true;
                    }
                }
            }
            for guard in &mut access.guards {
                if here() {
                    guard.at.constant += 1;
                    return true;
                }
            }
        }
        for step in steps {
            if here() {
                *step = match step {
                    Step::Number(x) => Step::Number(*x + 1.0),
                    _ => Step::Number(0.5),
                };
                return true;
            }
        }
    }
    false
}

#[test]
fn a_program_that_does_something_else_is_caught() {
    let mut tried = 0;
    for name in EXAMPLES {
        let (draft, program, _) = planned(name, 3);
        for which in 0.. {
            let mut wrong = program.clone();
            if !changed(&mut wrong, which) {
                break;
            }
            tried += 1;
            assert!(check(&draft, &wrong).is_err(), "{name}: change {which}");
        }
    }
    println!("{tried} changes");
    assert!(tried > 800);
}

#[test]
fn pages_are_within_80_columns() {
    for name in EXAMPLES {
        let module = oracle::example(name);
        for (of, rows) in module.trainings.iter().flat_map(|of| [(of, 1), (of, 65_536)]) {
            let training = Training::new(&module, of, &[], Precision::F64).expect("compiled");
            let step = training.step(rows).expect("a step");
            let page = chainrule_compile::page(&step.program, &step.origins, &training.layout);
            let text = page.text();
            assert!(text.contains("bytes last"), "{text}");
            let long = text.lines().find(|line| line.chars().count() > 80);
            assert_eq!(long, None, "{name} at {rows} rows");
        }
    }
}

//! Where the time of a step goes.

mod text;

use std::time::Instant;

use chainrule_compile::Line;
use chainrule_kernels::program::{Contract, Lane, Work};

use super::{Options, Prepared, Workload, median};
use crate::{Error, Trainer};

/// What an instruction took.
#[derive(Clone, PartialEq, Debug)]
pub struct Timed {
    /// Its place in the program.
    pub at: usize,
    /// What it computes.
    pub name: String,
    /// `product`, `convolution`, `loop`, `fold`, `gather`, `noise`, `select`, `scatter`, `call`.
    pub group: &'static str,
    /// The line of the file, if it comes from one.
    pub line: Option<usize>,
    /// How far its indices run; rows, columns and terms of a product.
    pub extents: Vec<usize>,
    /// The median of its seconds; none if it is done with the instruction before.
    pub seconds: Option<f64>,
    /// Floating-point operations, as `show --plan` counts them.
    pub flops: u64,
    /// Bytes of the arrays that it reads and writes, each once.
    pub bytes: u64,
}

/// Where the time of a step goes.
#[derive(Clone, PartialEq, Debug)]
pub struct Profile {
    /// The file or workload.
    pub file: String,
    /// The training.
    pub training: String,
    /// The optimizer.
    pub optimizer: String,
    /// Rows a step.
    pub rows: u64,
    /// How many threads.
    pub threads: usize,
    /// The number type.
    pub precision: &'static str,
    /// The instruction set.
    pub isa: String,
    /// What the data are: `f64`, `f32`, `bytes`, `files`.
    pub data: &'static str,
    /// Why they are made up although the file names its own.
    pub missing: Option<String>,
    /// Steps that were timed.
    pub steps: u64,
    /// The median of the seconds of a whole step, nothing timed inside.
    pub step: f64,
    /// The instructions, in the order of the program.
    pub instructions: Vec<Timed>,
}

/// What the instructions of a group took together.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Group {
    /// The name.
    pub name: &'static str,
    /// How many instructions.
    pub count: usize,
    /// Seconds a step.
    pub seconds: f64,
    /// Operations.
    pub flops: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Profile {
    /// The groups, the longest first.
    pub fn groups(&self) -> Vec<Group> {
        let mut all: Vec<Group> = Vec::new();
        for one in &self.instructions {
            // What is done with a product is in its time.
            let Some(seconds) = one.seconds else { continue };
            let at = all.iter().position(|group| group.name == one.group).unwrap_or_else(|| {
                all.push(Group { name: one.group, count: 0, seconds: 0.0, flops: 0, bytes: 0 });
                all.len() - 1
            });
            let group = &mut all[at];
            group.count += 1;
            group.seconds += seconds;
            group.flops += one.flops;
            group.bytes += one.bytes;
        }
        all.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        all
    }

    /// The instructions, the longest first.
    pub fn sorted(&self) -> Vec<&Timed> {
        let mut all: Vec<&Timed> = self.instructions.iter().collect();
        let seconds = |one: &Timed| one.seconds.unwrap_or(0.0);
        all.sort_by(|a, b| seconds(b).total_cmp(&seconds(a)));
        all
    }

    /// Seconds of a step outside of all instructions: the order of rows, numbers of the step, the
    /// loss. Below 0 if instructions take longer when each is timed.
    pub fn rest(&self) -> f64 {
        self.step - self.instructions.iter().filter_map(|one| one.seconds).sum::<f64>()
    }
}

/// Trains a few steps and takes the time of each instruction. Steps are timed as a whole and from
/// inside in turn, so that both see the same machine.
///
/// ```
/// use chainrule::Model;
/// use chainrule::bench::{Options, Workload, profile};
///
/// let iris = Workload::of(&Model::read("iris")?, None)?;
/// let few = Options { steps: Some(3), threads: 1, ..Options::default() };
/// let profile = profile(&iris, &few)?;
/// assert!(profile.groups().iter().any(|group| group.name == "product"));
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
///
/// The training cannot be compiled, or a setting is unknown.
pub fn profile(workload: &Workload, options: &Options) -> Result<Profile, Error> {
    let made = Prepared::new(workload, options)?;
    let steps = options.steps.unwrap_or(STEPS).max(1);
    let warm = (steps / 4).clamp(3, 100);
    let mut settings = made.settings.clone();
    settings.steps = Some(warm + 2 * steps + 1);
    let mut trainer = Trainer::new(&made.model, made.training, made.data.clone(), &settings)?;
    for _ in 0..warm {
        trainer.step()?;
    }
    let count = trainer.program()?.0.program.instructions.len();
    let mut taken = vec![Vec::with_capacity(steps as usize); count];
    let mut whole = Vec::with_capacity(steps as usize);
    for _ in 0..steps {
        let began = Instant::now();
        trainer.step()?;
        whole.push(began.elapsed().as_secs_f64());
        let mut last = Instant::now();
        trainer.step_timed(&mut |at| {
            let now = Instant::now();
            taken[at].push((now - last).as_secs_f64());
            last = Instant::now();
        })?;
    }
    let (step, layout) = trainer.program()?;
    let page = chainrule_compile::page(&step.program, &step.origins, layout);
    let source = made.model.source();
    let instructions = step.program.instructions.iter().zip(&page.lines).enumerate();
    let instructions = instructions.map(|(at, (own, line))| {
        let span = step.origins.get(own.origin).and_then(|origin| origin.span);
        Timed {
            at,
            name: line.name.clone(),
            group: group(&own.work, line),
            line: span.map(|span| source.line_of(span)),
            extents: line.extents.clone(),
            seconds: (!taken[at].is_empty()).then(|| median(&taken[at])),
            flops: line.flops,
            bytes: bytes(line),
        }
    });
    let facts = trainer.facts();
    Ok(Profile {
        file: workload.name.to_string(),
        training: facts.name.clone(),
        optimizer: facts.optimizer.clone(),
        rows: made.batch,
        threads: options.thread_count(),
        precision: page.precision,
        isa: format!("{:?}", trainer.isa()),
        data: made.kind,
        missing: made.missing,
        steps,
        step: median(&whole),
        instructions: instructions.collect(),
    })
}

/// Steps unless the caller says otherwise.
const STEPS: u64 = 30;

/// Bytes of all arrays that an instruction reads or writes.
fn bytes(line: &Line) -> u64 {
    let reads = line.reads.iter().map(|(_, _, bytes)| *bytes);
    reads.chain(line.writes.iter().map(|(_, bytes)| *bytes)).map(|bytes| bytes as u64).sum()
}

fn group(work: &Work, line: &Line) -> &'static str {
    match work {
        Work::Contract(contract) if slides(contract) => "convolution",
        Work::Contract(_) => "product",
        _ => line.kind,
    }
}

/// Whether windows of an array overlap: then its entries are fewer than its indices' points.
fn slides(contract: &Contract) -> bool {
    let overlap = |own: &[&[Lane]], stride: fn(&Lane) -> isize| {
        let lanes = own.iter().copied().flatten().filter(|lane| stride(lane) != 0);
        let (mut points, mut span) = (1_u128, 1_u128);
        for lane in lanes {
            points *= lane.extent as u128;
            span += (lane.extent as u128).saturating_sub(1) * stride(lane).unsigned_abs() as u128;
        }
        points > span
    };
    let Contract { batch, m, n, k, .. } = contract;
    overlap(&[batch, m, k], |lane| lane.a) || overlap(&[batch, n, k], |lane| lane.b)
}

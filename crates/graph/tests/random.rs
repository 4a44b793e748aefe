//! Random graphs: both modes, complex step, differences and second order at random points.
//!
//! 300 graphs in an ordinary run; `CHAINRULE_DEEP=1` (`cargo xtask deep`) draws 10,000, and
//! `CHAINRULE_RANDOM=n` any number; `CHAINRULE_SLOTS=7,12` draws these alone. A graph is a function of its seed alone.

#[path = "random/build.rs"]
mod build;
#[path = "random/dice.rs"]
mod dice;
#[path = "random/grow.rs"]
mod grow;
#[path = "random/index.rs"]
mod index;
mod support;

use std::collections::BTreeMap;

use build::Build;
use chainrule_graph::index::NodeId;
use chainrule_graph::op::ALL;
use chainrule_graph::raise;
use grow::Grower;
use support::draw;
use support::figures::{self, Figures};
use support::margin::{Bad, bad};
use support::problem::{Problem, reachable};

/// A graph with its sum of everything, not yet differentiated.
struct Grown {
    grower: Grower,
    written: NodeId,
    loss: NodeId,
    depth: usize,
}

fn grown(seed: u64) -> Result<Grown, String> {
    let mut grower = Grower::new(seed);
    let all: Vec<Build> = [build::FUNCTIONS, build::MORE, index::ALL].concat();
    let wanted = 3 + grower.dice.below(10);
    let mut depth = 0;
    // A builder may find nothing to build on.
    for _ in 0..3 * wanted {
        let build = grower.dice.of(&all);
        if grower.grow(build).is_ok() {
            depth = grower.pool.iter().map(|v| v.depth).max().unwrap_or(0);
        }
        if depth >= wanted {
            break;
        }
    }
    if depth < 3 {
        return Err("not deep enough".into());
    }
    let (written, loss) = grower.loss()?;
    Ok(Grown { grower, written, loss, depth })
}

/// What became of a seed.
enum Outcome {
    /// And whether it was lowered: an op over an index may have no loop.
    Checked(Box<Figures>, bool),
    Rejected(Bad),
    /// Nothing to differentiate, or a derivative that mixes the samples.
    Refused,
    Failed(String),
}

fn equations(problem: &Problem, loss: NodeId) -> String {
    let module = &problem.module;
    let mut out = String::new();
    for symbol in module.symbols.iter().filter(|s| draw::is_free(&s.role)) {
        out.push_str(&format!("  {} : {}\n", symbol.name, module.type_text(&symbol.ty)));
    }
    for binding in &module.bindings {
        let name = &module.symbol(binding.symbol).name;
        if name.starts_with('y') {
            out.push_str(&format!("  {name} = {}\n", raise::text(module, binding.value)));
        }
    }
    out.push_str(&format!("  L = {}\n", raise::text(module, loss)));
    out
}

fn judged(grown: Grown, seed: u64) -> Outcome {
    let Grown { grower, loss, .. } = grown;
    let nodes = reachable(&grower.module, &[loss]);
    let reads = |id: &chainrule_graph::index::SymbolId| {
        let own = |n: &NodeId| matches!(&grower.module.graph.node(*n).op, chainrule_graph::Op::Symbol { id: s, .. } if s == id);
        nodes.iter().any(own)
    };
    let wrt: Vec<_> = grower.variables.iter().copied().filter(reads).collect();
    if wrt.is_empty() {
        return Outcome::Refused;
    }
    let text = raise::text(&grower.module, loss);
    let problem = match Problem::new(grower.module, grower.numbers, loss, &wrt) {
        Ok(problem) => problem,
        // A derivative in the graph took the only one it has.
        Err(e) if e.contains("spectral norm") => return Outcome::Refused,
        Err(e) => {
            return Outcome::Failed(format!("{e}\n{text}"));
        }
    };
    if let Some(why) = &problem.refused
        && !why.contains("spectral norm")
    {
        return Outcome::Failed(format!(
            "no second derivative: {why}\n{}",
            equations(&problem, loss)
        ));
    }
    let values = draw::values(&problem.module, &problem.numbers, seed);
    match point(&problem, &nodes, &values) {
        Ok(None) => {}
        Ok(Some(bad)) => return Outcome::Rejected(bad),
        Err(e) => return Outcome::Failed(format!("{e}\n{}", equations(&problem, loss))),
    }
    let checked = problem.check(&values, 4, seed).map_err(|e| e.to_string());
    let compared = checked.and_then(|mut figures| {
        let lowered = problem.lowered(&values, &mut figures)?;
        Ok((figures, lowered))
    });
    match compared {
        Ok((figures, lowered)) if figures.beyond().is_empty() => {
            Outcome::Checked(Box::new(figures), lowered)
        }
        Ok((figures, _)) => {
            let beyond = figures.beyond().join(", ");
            Outcome::Failed(format!("{beyond}\n{}", equations(&problem, loss)))
        }
        Err(e) => Outcome::Failed(format!("{e}\n{}", equations(&problem, loss))),
    }
}

/// What is against a point.
fn point(
    problem: &Problem,
    nodes: &[NodeId],
    values: &draw::Values,
) -> Result<Option<Bad>, String> {
    let found = match problem.real(nodes, values) {
        Ok(found) => found,
        Err(e) if e.0.contains("singular") => return Ok(Some(Bad::Condition)),
        Err(e) => return Err(e.to_string()),
    };
    let of = |id: NodeId| found[nodes.binary_search(&id).expect("a node behind the value")].clone();
    if let Some(bad) = bad(&problem.module, nodes, of) {
        return Ok(Some(bad));
    }
    let lost = problem.lost_digits(values).map_err(|e| e.to_string())?;
    Ok((lost.is_nan() || lost > 1e-12).then_some(Bad::Digits))
}

/// The outcome of all slots.
#[derive(Default)]
struct Run {
    checked: usize,
    rejected: BTreeMap<Bad, usize>,
    refused: usize,
    steps: usize,
    taken_back: BTreeMap<Bad, usize>,
    worst: Figures,
    counts: Vec<usize>,
    shared: usize,
    depths: BTreeMap<usize, usize>,
    lowered: usize,
    failures: Vec<String>,
}

impl Run {
    /// Draws until a point is good.
    fn slot(&mut self, slot: u64) {
        for attempt in 0..50 {
            let seed = slot * 50 + attempt;
            let Ok(grown) = grown(seed) else {
                self.refused += 1;
                continue;
            };
            self.steps += grown.grower.steps;
            for (bad, n) in &grown.grower.rejected {
                *self.taken_back.entry(*bad).or_default() += n;
            }
            let shape = self.shape(&grown);
            match judged(grown, seed) {
                Outcome::Checked(figures, lowered) => {
                    self.note(&shape);
                    self.lowered += usize::from(lowered);
                    self.worst.merge(&figures);
                    return;
                }
                Outcome::Rejected(bad) => *self.rejected.entry(bad).or_default() += 1,
                Outcome::Refused => self.refused += 1,
                Outcome::Failed(e) => {
                    self.failures.push(format!("seed {seed}: {e}"));
                    return;
                }
            }
        }
        self.failures.push(format!("slot {slot}: 50 draws in vain"));
    }

    /// Depth, whether a node is read twice, and the records that occur.
    fn shape(&self, grown: &Grown) -> (usize, bool, Vec<usize>) {
        let module = &grown.grower.module;
        let nodes = reachable(module, &[grown.written]);
        let mut places = Vec::new();
        let mut reads: BTreeMap<NodeId, usize> = BTreeMap::new();
        for id in nodes {
            let node = module.graph.node(id);
            let def = node.op.def();
            places.extend(ALL.iter().position(|known| std::ptr::eq(*known, def)));
            node.inputs.iter().for_each(|i| *reads.entry(*i).or_default() += 1);
        }
        places.sort_unstable();
        places.dedup();
        (grown.depth, reads.values().any(|n| *n > 1), places)
    }

    fn note(&mut self, (depth, shared, places): &(usize, bool, Vec<usize>)) {
        self.checked += 1;
        self.shared += usize::from(*shared);
        *self.depths.entry(*depth).or_default() += 1;
        self.counts.resize(ALL.len(), 0);
        places.iter().for_each(|at| self.counts[*at] += 1);
    }

    fn merge(mut self, other: Run) -> Run {
        self.checked += other.checked;
        self.refused += other.refused;
        self.shared += other.shared;
        self.lowered += other.lowered;
        self.steps += other.steps;
        other.taken_back.into_iter().for_each(|(k, n)| *self.taken_back.entry(k).or_default() += n);
        self.worst.merge(&other.worst);
        self.counts.resize(ALL.len(), 0);
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        other.rejected.into_iter().for_each(|(k, n)| *self.rejected.entry(k).or_default() += n);
        other.depths.into_iter().for_each(|(k, n)| *self.depths.entry(k).or_default() += n);
        self.failures.extend(other.failures);
        self
    }

    fn rejection_rate(&self) -> f64 {
        let rejected: usize = self.rejected.values().sum::<usize>() + self.refused;
        rejected as f64 / (rejected + self.checked) as f64
    }

    /// Of the steps of growing.
    fn step_rate(&self) -> f64 {
        self.taken_back.values().sum::<usize>() as f64 / self.steps as f64
    }

    fn report(&self) {
        for (def, count) in ALL.iter().zip(&self.counts) {
            println!("{:20} in {count:5} graphs", def.name);
        }
        println!("{} graphs, depths {:?}", self.checked, self.depths);
        println!("{} graphs read a node twice, {} are lowered", self.shared, self.lowered);
        let rate = 100.0 * self.rejection_rate();
        println!("{rate:.1} % of graphs rejected: {:?}, {} refused", self.rejected, self.refused);
        let rate = 100.0 * self.step_rate();
        println!("{rate:.1} % of {} steps taken back: {:?}", self.steps, self.taken_back);
        println!("worst: {}", self.worst.line());
    }
}

fn count() -> u64 {
    let set = |name: &str| std::env::var(name).ok();
    match set("CHAINRULE_RANDOM").and_then(|n| n.parse().ok()) {
        Some(count) => count,
        None if set("CHAINRULE_DEEP").is_some() => 10_000,
        None => 300,
    }
}

/// `CHAINRULE_SLOTS=7,12` draws these alone.
fn slots(count: u64) -> Vec<u64> {
    match std::env::var("CHAINRULE_SLOTS") {
        Ok(list) => list.split(',').map(|n| n.parse().expect("a number")).collect(),
        Err(_) => (0..count).collect(),
    }
}

#[test]
fn random_graphs_agree_in_every_way() {
    let slots = slots(count());
    let count = slots.len();
    // Slots are independent, so the sum is that of one thread.
    let part = |from: usize| {
        let slots = slots.clone();
        std::thread::spawn(move || {
            let mut run = Run::default();
            slots.iter().skip(from).step_by(2).for_each(|slot| run.slot(*slot));
            run
        })
    };
    let threads = [part(0), part(1)];
    let runs = threads.map(|t| t.join().expect("a thread"));
    let run = runs.into_iter().fold(Run::default(), Run::merge);
    run.report();
    // The smallest tell most.
    let mut shown: Vec<&str> = run.failures.iter().map(String::as_str).collect();
    shown.sort_by_key(|text| text.len());
    shown.truncate(8);
    assert!(shown.is_empty(), "{} failures\n{}", run.failures.len(), shown.join("\n"));
    assert!(run.rejection_rate() < 0.5, "too many draws are rejected");
    assert!(run.step_rate() < 0.5, "too many steps are taken back");
    assert!(2 * run.shared > run.checked, "too few graphs read a node twice");
    let least = count / 100;
    for (def, found) in ALL.iter().zip(&run.counts) {
        assert!(*found >= least.min(200), "`{}` is in {found} graphs only", def.name);
    }
    assert!(run.worst.errors[figures::FORWARD] > 0.0, "nothing was compared");
}

//! Benchmarks: workloads of known size, the machine's limits, where the time of a step goes.
//!
//! A [`Workload`] is an equation file with data of the right shape; [`measure`] trains it with the
//! ordinary [`Trainer`](crate::Trainer) and takes the time of its steps.
//!
//! ```
//! use chainrule::bench::{Options, measure, workload};
//!
//! let few = Options { steps: Some(4), repeats: 2, threads: 1, ..Options::default() };
//! let w2 = workload("W2").expect("a workload");
//! let measured = measure(w2, &few)?;
//! assert_eq!(measured.seconds.len(), 2);
//! assert!(measured.median() > 0.0);
//! # Ok::<(), chainrule::Error>(())
//! ```

mod data;
mod infer;
mod kernels;
mod limit;
mod measure;
mod memory;
mod profile;
mod programs;
mod workload;

pub use chainrule_kernels::Isa;
pub use data::Prepared;
pub use infer::{Inferred, infer};
pub use kernels::{KERNELS, Kernel, Speed};
pub use limit::{Peak, Triad, peak, triads};
pub use measure::{Measured, measure};
pub use profile::{Group, Profile, Timed, profile};
pub use workload::{Feed, WORKLOADS, Workload, find, workload};

/// How a workload is measured; what is `None` is as the workload says.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// Steps of a repeat.
    pub steps: Option<u64>,
    /// How often so many steps are timed.
    pub repeats: usize,
    /// How many threads; 0 for as many as the machine has cores.
    pub threads: usize,
    /// Rows a step.
    pub batch: Option<u64>,
    /// Rows of the data that is made up.
    pub rows: Option<usize>,
    /// Whether data that is made up is kept as bytes, which the gather converts.
    pub bytes: bool,
    /// Where to look for real data; else data is made up.
    pub search: Option<crate::data::Search>,
    /// The seed of the data that is made up and of the training.
    pub seed: u64,
    /// Sizes and constants of the equations that are set to other numbers: `H` to 256.
    pub set: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            steps: None,
            repeats: 5,
            threads: 0,
            batch: None,
            rows: None,
            bytes: false,
            search: None,
            seed: 1,
            set: Vec::new(),
        }
    }
}

impl Options {
    /// How many threads there are.
    pub fn thread_count(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            n => n,
        }
    }
}

/// The middle of some numbers; of an even count the mean of the two.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn medians() {
        assert_eq!(super::median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(super::median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(super::median(&[]).is_nan());
    }
}

//! The order in which an epoch goes through the rows: a function of seed and epoch alone.

use chainrule_graph::random::{Random, stream_of};

/// The rows of the training part in the order of one epoch.
#[derive(Debug)]
pub(super) struct Order {
    rows: Vec<u32>,
    seed: u64,
    shuffled: bool,
    epoch: Option<u64>,
}

impl Order {
    /// Nothing is in order yet. Where a step takes all rows there is nothing to shuffle: sums over
    /// the batch then run in the order of the data.
    pub(super) fn new(rows: usize, seed: u64, shuffled: bool) -> Order {
        Order { rows: vec![0; rows], seed, shuffled, epoch: None }
    }

    /// Puts the rows in the order of this epoch; takes no memory.
    pub(super) fn begin(&mut self, epoch: u64, rows: &[u32]) {
        if self.epoch == Some(epoch) {
            return;
        }
        self.epoch = Some(epoch);
        self.rows.copy_from_slice(rows);
        if !self.shuffled {
            return;
        }
        // One stream an epoch; Philox itself scatters similar streams.
        let random = Random::new(self.seed, stream_of("order of rows").wrapping_add(epoch));
        // Fisher and Yates; Durstenfeld 1964.
        for i in (1..self.rows.len()).rev() {
            let j = (random.uniform(i as u64) * (i + 1) as f64) as usize;
            self.rows.swap(i, j);
        }
    }

    /// The rows of a step: at most `batch` of them, from this place on.
    pub(super) fn taken(&self, at: usize, batch: usize) -> &[u32] {
        let end = self.rows.len().min(at.saturating_add(batch));
        &self.rows[at.min(end)..end]
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    fn order(seed: u64, epoch: u64) -> Vec<u32> {
        let rows: Vec<u32> = (100..200).collect();
        let mut order = Order::new(rows.len(), seed, true);
        order.begin(epoch, &rows);
        order.taken(0, rows.len()).to_vec()
    }

    #[test]
    fn every_epoch_is_another_permutation() {
        let mut sorted = order(1, 0);
        assert_ne!(order(1, 0), order(1, 1));
        assert_ne!(order(1, 0), order(2, 0));
        assert_eq!(order(1, 7), order(1, 7));
        sorted.sort_unstable();
        assert_eq!(sorted, (100..200).collect::<Vec<u32>>());
    }

    #[test]
    fn places_are_equally_likely() {
        // Where the first row goes, over 4000 epochs: 40 a place, standard deviation 6.3.
        let mut counts = vec![0_u32; 100];
        for epoch in 0..4000 {
            let at = order(3, epoch).iter().position(|r| *r == 100).unwrap_or(0);
            counts[at] += 1;
        }
        let chi: f64 = counts.iter().map(|c| (f64::from(*c) - 40.0).powi(2) / 40.0).sum();
        assert!((50.0..160.0).contains(&chi), "{chi}");
    }

    #[test]
    fn the_last_step_takes_what_is_left() {
        let rows: Vec<u32> = (0..10).collect();
        let mut order = Order::new(10, 0, false);
        order.begin(0, &rows);
        assert_eq!(order.taken(8, 4), [8, 9]);
        assert_eq!(order.taken(4, 4), [4, 5, 6, 7]);
    }
}

//! Finding shapes in the steps of a loop.

use super::{Node, shapes};
use crate::program::{Function, Step};

/// A shape that was found.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Found {
    /// Its number in the table.
    pub(crate) shape: usize,
    /// The step of each leaf; the reciprocal of the leaf before it.
    pub(crate) leaves: Vec<Option<usize>>,
}

/// What is known of the steps.
struct Steps<'a> {
    steps: &'a [Step],
    /// Steps that are the same for the whole tile.
    single: &'a [bool],
    /// How often each value is used.
    uses: &'a [usize],
}

/// The step a step is another name of.
pub(crate) fn own(steps: &[Step], mut at: usize) -> usize {
    while let Step::Unary(Function::Identity, x) = steps[at] {
        at = x;
    }
    at
}

impl Steps<'_> {
    /// The value a leaf or a part of a shape stands for.
    fn inside(
        &self,
        at: usize,
        node: &Node,
        found: &mut Vec<Option<usize>>,
        taken: &mut Vec<usize>,
    ) -> bool {
        if *node == Node::Leaf {
            found.push(Some(at));
            return true;
        }
        let at = own(self.steps, at);
        // What others need is computed on its own.
        if self.single[at] || self.uses[at] != 1 {
            return false;
        }
        taken.push(at);
        self.root(at, node, found, taken)
    }

    fn root(
        &self,
        at: usize,
        node: &Node,
        found: &mut Vec<Option<usize>>,
        taken: &mut Vec<usize>,
    ) -> bool {
        match (&self.steps[at], node) {
            (Step::Unary(function, x), Node::Unary(wanted, inner)) => {
                function == wanted && self.inside(*x, inner, found, taken)
            }
            (Step::Binary(Function::Div, x, y), Node::Over(inner)) => {
                let fits = self.single[own(self.steps, *y)] && self.inside(*x, inner, found, taken);
                found.extend([Some(*y), None]);
                fits
            }
            (Step::Binary(Function::Mul, x, y), Node::Square(inner)) => {
                own(self.steps, *x) == own(self.steps, *y) && **inner == Node::Leaf && {
                    found.push(Some(*x));
                    true
                }
            }
            (Step::Binary(Function::Pow, x, y), Node::Square(inner)) => {
                let two = matches!(self.steps[own(self.steps, *y)], Step::Number(2.0));
                two && self.inside(*x, inner, found, taken)
            }
            (Step::Binary(function, x, y), Node::Binary(wanted, left, right)) => {
                if function != wanted {
                    return false;
                }
                let (before, so_far) = (found.len(), taken.len());
                if self.inside(*x, left, found, taken) && self.inside(*y, right, found, taken) {
                    return true;
                }
                found.truncate(before);
                taken.truncate(so_far);
                // Sums and products do not care for the order of two.
                matches!(function, Function::Add | Function::Mul)
                    && self.inside(*y, left, found, taken)
                    && self.inside(*x, right, found, taken)
            }
            _ => false,
        }
    }
}

/// For each step the shape it is computed by; steps inside a shape have none and are not used
/// elsewhere. `uses` counts how often a value is used by steps that matter, and how often it is
/// written.
pub(crate) fn find(steps: &[Step], single: &[bool], uses: &[usize]) -> Vec<Option<Found>> {
    let shapes = shapes();
    let own = Steps { steps, single, uses };
    let mut all = vec![None; steps.len()];
    let mut inside = vec![false; steps.len()];
    for at in (0..steps.len()).rev() {
        if inside[at] || single[at] || uses[at] == 0 {
            continue;
        }
        for (shape, node) in shapes.iter().enumerate() {
            let (mut leaves, mut taken) = (Vec::new(), Vec::new());
            if own.root(at, node, &mut leaves, &mut taken) {
                taken.into_iter().for_each(|step| inside[step] = true);
                all[at] = Some(Found { shape, leaves });
                break;
            }
        }
    }
    all
}

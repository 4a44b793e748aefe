//! The structure of a lowered graph, checked after every pass.

use super::Lowered;
use super::ir::{Loop, Map, Step, View, Work};
use crate::size::Sizes;

impl Lowered {
    /// Checks the structure: reads come earlier, a place for every dim, indices inside the space,
    /// steps in order, results of the right shape.
    ///
    /// # Errors
    ///
    /// What is broken, in words; only a bug of this crate can break it.
    pub fn verify(&self, sizes: &Sizes) -> Result<(), String> {
        for (at, node) in self.nodes.iter().enumerate() {
            let wrong = |text: &str| Err(format!("node {at} `{}`: {text}", node.name));
            if node.work.reads().iter().any(|of| *of >= at) {
                return wrong("reads a later node");
            }
            match &node.work {
                Work::Loop(l) => {
                    self.check(l).or_else(|text| wrong(&text))?;
                    let own = &l.space[..l.rank.min(l.space.len())];
                    if l.write.is_none() && own != node.dims.as_slice() {
                        let dims = |d: &[crate::size::Size]| sizes.list(d);
                        return wrong(&format!(
                            "its dims are {}, its indices run over {}",
                            dims(&node.dims),
                            dims(own)
                        ));
                    }
                    if l.write.as_ref().is_some_and(|w| w.maps.len() != node.dims.len()) {
                        return wrong("it scatters to another number of dims");
                    }
                }
                Work::Select { read, over, .. } => {
                    self.check_view(read, node.dims.len()).or_else(|text| wrong(&text))?;
                    if over.len() != node.dims.len() {
                        return wrong("a mark for each dim");
                    }
                }
                _ => {}
            }
        }
        match self.outputs.iter().find(|(_, at)| *at >= self.nodes.len()) {
            Some((name, _)) => Err(format!("the output `{name}` is no node")),
            None => Ok(()),
        }
    }

    fn check(&self, l: &Loop) -> Result<(), String> {
        if l.rank > l.space.len() {
            return Err("more indices in the result than there are".into());
        }
        if l.fold.is_none() && (l.rank != l.space.len() || l.write.is_some()) {
            return Err("an index is summed without a sum".into());
        }
        for view in &l.reads {
            self.check_view(view, l.space.len())?;
            self.check_labels(&view.maps, l)?;
        }
        if let Some(write) = &l.write {
            check_maps(&write.maps, l.space.len())?;
            self.check_labels(&write.maps, l)?;
        }
        for (at, step) in l.body.steps.iter().enumerate() {
            let fine = match step {
                Step::Read(k) => *k < l.reads.len(),
                Step::Apply(_, inputs) => inputs.iter().all(|i| *i < at),
                Step::Index(map) => check_maps(std::slice::from_ref(map), l.space.len()).is_ok(),
                _ => true,
            };
            if !fine {
                return Err(format!("step {at} reads what is not there"));
            }
        }
        if l.body.steps.is_empty() { Err("nothing is computed".into()) } else { Ok(()) }
    }

    fn check_view(&self, view: &View, indices: usize) -> Result<(), String> {
        let dims = self.nodes[view.of].dims.len();
        if view.maps.len() != dims {
            return Err(format!("{} places for {dims} dims", view.maps.len()));
        }
        check_maps(&view.maps, indices)
    }

    /// A label is read plainly.
    fn check_labels(&self, maps: &[Map], l: &Loop) -> Result<(), String> {
        for label in maps.iter().filter_map(|m| m.label) {
            let fine = l.reads.get(label).is_some_and(|v| v.maps.iter().all(|m| m.label.is_none()));
            if !fine {
                return Err("a label that is not read".into());
            }
        }
        Ok(())
    }
}

fn check_maps(maps: &[Map], indices: usize) -> Result<(), String> {
    let fine = |m: &Map| {
        m.terms.iter().all(|(at, _)| *at < indices) && m.terms.windows(2).all(|w| w[0].0 < w[1].0)
    };
    if maps.iter().all(fine) { Ok(()) } else { Err("a place by an index that is not there".into()) }
}

//! A trained network measured again.

use std::sync::Arc;

use super::Chosen;
use crate::Error;
use crate::data::Dataset;
use crate::train::{Network, Scores, Trainer, TrainingRef};

/// The loss and the quantities of `show` and `plot` on every part, with the weights of `network`.
///
/// # Errors
///
/// The network is of another training, or a value cannot be computed.
pub fn evaluate(
    chosen: &Chosen,
    which: TrainingRef,
    data: &[Option<Arc<Dataset>>],
    network: &Network,
) -> Result<Vec<Scores>, Error> {
    let data = data.get(which.model).and_then(Option::clone);
    let data = data.ok_or_else(|| Error::failed("the data of a model are missing".into()))?;
    let mut settings = chosen.settings_of(which);
    settings.precision = network.precision;
    settings.exact = network.exact;
    let mut trainer = Trainer::new(&chosen.model, which, data.clone(), &settings)?;
    let mut state = trainer.state();
    state.parameters.clone_from(&network.parameters);
    trainer.restore(&state)?;
    data.parts.iter().map(|part| trainer.measure(&part.name)).collect()
}

//! What a training came to.

use super::Trainer;
use crate::Error;
use crate::train::{Best, Peak, Scores, Summary, Trained};

impl Trainer {
    /// The results. If a rule compares weights the best ones are put in; then every part is
    /// evaluated. What diverged is left as it was before the step that went wrong.
    ///
    /// # Errors
    ///
    /// A value cannot be computed.
    pub fn finish(mut self) -> Result<Trained, Error> {
        self.close_if_over()?;
        let state = self.state();
        let scores = if self.diverged.is_some() {
            let none = |part| self.named(part, std::iter::repeat(f64::NAN));
            (0..self.data.parts.len()).map(none).collect()
        } else {
            if let Some(best) = &self.best {
                self.machine.put(&best.parameters, &state.optimizer)?;
            }
            let names: Vec<String> = self.data.parts.iter().map(|p| p.name.clone()).collect();
            names.iter().map(|part| self.measure(part)).collect::<Result<_, _>>()?
        };
        Ok(Trained { summary: self.summary(scores), network: self.network(), state })
    }

    fn summary(&self, scores: Vec<Scores>) -> Summary {
        let peak = |best: &Best| Peak {
            epoch: best.epoch,
            step: best.step,
            part: self.rules.part().unwrap_or("train").into(),
            name: self.facts.loss.clone(),
            value: best.value,
        };
        Summary {
            name: self.facts.name.clone(),
            optimizer: self.facts.optimizer.clone(),
            loss: self.facts.loss.clone(),
            seed: self.plan.seed,
            epochs: self.at.epoch,
            steps: self.at.step,
            seconds: self.seconds,
            parameters: self.facts.parameters,
            parameters_sha256: self.parameters_sha256(),
            scores,
            best: self.best.as_ref().map(peak),
            end: self.end,
            diverged: self.diverged.clone(),
        }
    }
}

//! What `show --plan` says: the program of a training step.

use chainrule_compile::{Page, Training};
use chainrule_graph::Module;
use chainrule_kernels::program::Precision;

use crate::{Error, Model};

/// The program of one training's step.
#[derive(Clone, PartialEq, Debug)]
pub struct PlannedPage {
    /// The model's name.
    pub model: String,
    /// The training's name.
    pub training: String,
    /// The optimizer.
    pub optimizer: String,
    /// The instructions.
    pub page: Page,
}

impl PlannedPage {
    /// The page as text, at most 80 columns wide.
    pub fn text(&self) -> String {
        let model = if self.model.is_empty() { "(no name)" } else { &self.model };
        let rows = match self.page.rows {
            1 => "1 row".to_string(),
            rows => format!("{rows} rows"),
        };
        format!(
            "model {model}: a step of {} by {} on {rows}\n\n{}",
            self.training,
            self.optimizer,
            self.page.text()
        )
    }
}

/// Rows of a step where the file says none: `batch all` needs the data.
const ROWS: u64 = 128;

impl Model {
    /// The program of a step of each training: its instructions with their places in the arena, at
    /// `rows` rows, else at the training's batch, else at 128. Sizes that only data has must be set.
    ///
    /// ```
    /// use chainrule::Model;
    /// let iris = Model::parse("iris", chainrule::builtin("iris").unwrap_or_default())?;
    /// let pages = iris.planned(Some(110), false)?;
    /// assert_eq!(pages[1].optimizer, "nag");
    /// assert!(pages[0].text().starts_with("model iris: a step of gd by gd on 110 rows"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A loss has no gradient, a size has no number, the memory is too much.
    pub fn planned(&self, rows: Option<u64>, double: bool) -> Result<Vec<PlannedPage>, Error> {
        let mut pages = Vec::new();
        for module in self.modules() {
            for training in &module.trainings {
                pages.push(page(module, training, rows, double)?);
            }
        }
        Ok(pages)
    }
}

fn page(
    module: &Module,
    training: &chainrule_graph::module::Training,
    rows: Option<u64>,
    double: bool,
) -> Result<PlannedPage, Error> {
    let precision = if double { Precision::F64 } else { Precision::F32 };
    let batch = training.options.iter().find(|(name, _)| name == "batch");
    let batch = batch.and_then(|(_, value)| *value).map(|b| b as u64);
    let refused = |r: chainrule_compile::Refused| Error::refused(r.0);
    let compiled = Training::new(module, training, &[], precision).map_err(refused)?;
    let step = compiled.step(rows.or(batch).unwrap_or(ROWS)).map_err(refused)?;
    Ok(PlannedPage {
        model: module.name.clone(),
        training: training.name.clone(),
        optimizer: training.optimizer.clone(),
        page: chainrule_compile::page(&step.program, &step.origins, &compiled.layout),
    })
}

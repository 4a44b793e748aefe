//! What a training came to, as `train --json` and `results.json` say it.

use serde_json::{Map, Value, json};

use super::fields::{field, maybe, text, texts, whole};
use super::state::{end_of, end_word};
use crate::train::{Diverged, Peak, Scores, Summary};

impl Summary {
    /// `{"name", "optimizer", "epochs", .., "train": {"J", "accuracy"}, "test": {..}, "best": {..}}`
    pub fn to_json(&self) -> Value {
        let rows: Map<String, Value> =
            self.scores.iter().map(|s| (s.part.clone(), json!(s.rows))).collect();
        let names = self.scores.first().map(|scores| &scores.values);
        let names: Vec<&String> = names.into_iter().flatten().map(|(name, _)| name).collect();
        let mut value = json!({
            "name": self.name,
            "optimizer": self.optimizer,
            "loss": self.loss,
            "seed": self.seed,
            "epochs": self.epochs,
            "steps": self.steps,
            "seconds": self.seconds,
            "parameters": self.parameters,
            "parameters_sha256": self.parameters_sha256,
            "rows": rows,
            "quantities": names,
            "best": self.best.as_ref().map(Peak::to_json),
            "end": self.end.map(end_word),
            "diverged": self.diverged.as_ref().map(diverged_json),
        });
        for scores in &self.scores {
            value[scores.part.as_str()] = scores_json(scores);
        }
        value
    }

    /// Reads what [`Summary::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// It is something else: what is wrong, in words.
    pub fn from_json(value: &Value) -> Result<Summary, String> {
        let names = texts(value, "quantities")?;
        let rows = field(value, "rows")?.as_object().ok_or("`rows` is no object")?;
        let known = ["train", "validation", "test"].map(String::from);
        let others = rows.keys().filter(|part| !known.contains(part)).cloned();
        let parts = known.iter().cloned().chain(others).filter(|part| rows.contains_key(part));
        let scores = |part: String| scores(value, &part, &names, rows);
        let best = |value: &Value, key: &str| Peak::from_json(field(value, key)?);
        let seconds = field(value, "seconds")?.as_f64().ok_or("`seconds` is no number")?;
        Ok(Summary {
            name: text(value, "name")?,
            optimizer: text(value, "optimizer")?,
            seed: whole(value, "seed")?,
            epochs: whole(value, "epochs")?,
            steps: whole(value, "steps")?,
            seconds,
            parameters: whole(value, "parameters")?,
            parameters_sha256: text(value, "parameters_sha256")?,
            scores: parts.map(scores).collect::<Result<_, String>>()?,
            best: maybe(value, "best", best)?,
            end: maybe(value, "end", text)?.as_deref().map(end_of).transpose()?,
            diverged: maybe(value, "diverged", |value, key| diverged(field(value, key)?))?,
            loss: text(value, "loss")?,
        })
    }
}

fn diverged_json(diverged: &Diverged) -> Value {
    json!({ "step": diverged.step, "message": diverged.message })
}

fn diverged(value: &Value) -> Result<Diverged, String> {
    Ok(Diverged { step: whole(value, "step")?, message: text(value, "message")? })
}

/// `{"J": 0.1, "accuracy": 0.9}`; what is no finite number is null.
pub fn scores_json(scores: &Scores) -> Value {
    let values = scores.values.iter().map(|(name, value)| (name.clone(), json!(value)));
    Value::Object(values.collect())
}

fn scores(
    value: &Value,
    part: &str,
    names: &[String],
    rows: &Map<String, Value>,
) -> Result<Scores, String> {
    let found = field(value, part)?.as_object().ok_or_else(|| format!("`{part}` is no object"))?;
    let number = |v: &Value| match v {
        Value::Null => Ok(f64::NAN),
        v => v.as_f64().ok_or_else(|| format!("`{part}` has something that is no number")),
    };
    let mut values = Vec::new();
    for (name, value) in found {
        values.push((name.clone(), number(value)?));
    }
    let place = |name: &String| names.iter().position(|n| n == name).unwrap_or(names.len());
    values.sort_by_key(|(name, _)| place(name));
    let rows = rows.get(part).and_then(Value::as_u64);
    let rows = rows.ok_or_else(|| format!("the rows of `{part}` are no whole number"))?;
    Ok(Scores { part: part.into(), rows, values })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::train::End;

    /// A summary with everything in it.
    pub(crate) fn summary() -> Summary {
        let scores = |part: &str, loss: f64| Scores {
            part: part.into(),
            rows: 110,
            values: vec![("J".into(), loss), ("error".into(), 0.025), ("accuracy".into(), 0.975)],
        };
        Summary {
            name: "nag".into(),
            optimizer: "nag".into(),
            loss: "J".into(),
            seed: u64::MAX,
            epochs: 350,
            steps: 350,
            seconds: 0.1,
            parameters: 131,
            parameters_sha256: "00".repeat(32),
            scores: vec![scores("train", 0.1 + 0.2), scores("test", 1.0 / 3.0)],
            best: Some(Peak {
                epoch: 12,
                step: 12,
                part: "train".into(),
                name: "J".into(),
                value: 1.0 / 3.0,
            }),
            end: Some(End::Epochs),
            diverged: None,
        }
    }

    /// The summary of a training that met a value which is no number.
    pub(crate) fn gone() -> Summary {
        let diverged = Diverged { step: 12, message: "line 7: `p`: all NaN".into() };
        Summary {
            name: "gd H=2".into(),
            scores: Vec::new(),
            end: Some(End::Diverged),
            diverged: Some(diverged),
            ..summary()
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = summary().to_json().to_string();
        let value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(Summary::from_json(&value), Ok(summary()));
        assert_eq!(value["train"]["accuracy"], 0.975);
        let text = gone().to_json().to_string();
        let value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(Summary::from_json(&value), Ok(gone()));
        assert_eq!((&value["end"], &value["diverged"]["step"]), (&"diverged".into(), &12.into()));
    }
}

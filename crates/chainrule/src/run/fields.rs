//! Reading JSON that others may have written: every field by name and kind, each with its message.

use serde_json::Value;

/// The field `key`.
pub(crate) fn field<'v>(value: &'v Value, key: &str) -> Result<&'v Value, String> {
    value.get(key).ok_or_else(|| format!("`{key}` is missing"))
}

/// A text.
pub(crate) fn text(value: &Value, key: &str) -> Result<String, String> {
    let found = field(value, key)?.as_str();
    found.map(str::to_string).ok_or_else(|| format!("`{key}` is no text"))
}

/// A whole number, 0 or more.
pub(crate) fn whole(value: &Value, key: &str) -> Result<u64, String> {
    field(value, key)?.as_u64().ok_or_else(|| format!("`{key}` is no whole number"))
}

/// True or false.
pub(crate) fn truth(value: &Value, key: &str) -> Result<bool, String> {
    field(value, key)?.as_bool().ok_or_else(|| format!("`{key}` is not true or false"))
}

/// A list.
pub(crate) fn list<'v>(value: &'v Value, key: &str) -> Result<&'v [Value], String> {
    let found = field(value, key)?.as_array();
    found.map(Vec::as_slice).ok_or_else(|| format!("`{key}` is no list"))
}

/// A field that may be missing or null.
pub(crate) fn maybe<T>(
    value: &Value,
    key: &str,
    read: impl Fn(&Value, &str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => read(value, key).map(Some),
    }
}

/// A list of texts.
pub(crate) fn texts(value: &Value, key: &str) -> Result<Vec<String>, String> {
    let text = |v: &Value| v.as_str().map(str::to_string);
    let found: Option<Vec<String>> = list(value, key)?.iter().map(text).collect();
    found.ok_or_else(|| format!("`{key}` is no list of texts"))
}

/// A list of sizes.
pub(crate) fn sizes(value: &Value, key: &str) -> Result<Vec<usize>, String> {
    let size = |v: &Value| v.as_u64().and_then(|n| usize::try_from(n).ok());
    let found: Option<Vec<usize>> = list(value, key)?.iter().map(size).collect();
    found.ok_or_else(|| format!("`{key}` is no list of sizes"))
}

/// A list of finite numbers.
pub(crate) fn numbers(value: &Value, key: &str) -> Result<Vec<f64>, String> {
    let found: Option<Vec<f64>> = list(value, key)?.iter().map(Value::as_f64).collect();
    found.ok_or_else(|| format!("`{key}` is no list of finite numbers"))
}

/// A number that is written as a text, because JSON has no infinity and not every reader gives the
/// same bits back: see [`exact`].
pub(crate) fn exactly(value: &Value, key: &str) -> Result<f64, String> {
    let number = text(value, key)?.parse();
    number.map_err(|_| format!("`{key}` is no number"))
}

/// The shortest text that gives the same number back.
pub(crate) fn exact(number: f64) -> Value {
    Value::String(number.to_string())
}

/// The value of a JSON text.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|cause| format!("it is no JSON: {cause}"))
}

/// Whether convolutions are computed as the sums they are. What was written before there was another
/// way was computed so.
pub(crate) fn exact_conv(value: &Value) -> Result<bool, String> {
    Ok(maybe(value, "exact_conv", truth)?.unwrap_or(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_come_back_with_the_same_bits() {
        let all = [0.1, -0.0, f64::MIN_POSITIVE, 1e300 / 3.0, f64::INFINITY, f64::NEG_INFINITY];
        for number in all {
            let value = json!({ "x": exact(number) });
            let back = exactly(&value, "x").expect("a number");
            assert_eq!(back.to_bits(), number.to_bits(), "{number}");
        }
        assert!(exactly(&json!({ "x": exact(f64::NAN) }), "x").expect("a number").is_nan());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let value = json!({ "a": 1.5, "b": [1, "x"], "c": null });
        assert_eq!(whole(&value, "a"), Err("`a` is no whole number".into()));
        assert_eq!(texts(&value, "b"), Err("`b` is no list of texts".into()));
        assert_eq!(numbers(&value, "b"), Err("`b` is no list of finite numbers".into()));
        assert_eq!(maybe(&value, "c", whole), Ok(None));
        assert_eq!(text(&value, "d"), Err("`d` is missing".into()));
    }
}

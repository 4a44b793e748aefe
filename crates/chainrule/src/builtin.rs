//! The examples that the program carries.

/// Every built-in example: its name and its text.
pub const BUILTIN: [(&str, &str); 8] = [
    ("iris", include_str!("../models/iris.eqn")),
    ("cifar2", include_str!("../models/cifar2.eqn")),
    ("graph002", include_str!("../models/graph002.eqn")),
    ("softreg", include_str!("../models/softreg.eqn")),
    ("mlp", include_str!("../models/mlp.eqn")),
    ("convnet", include_str!("../models/convnet.eqn")),
    ("circles", include_str!("../models/circles.eqn")),
    ("digits", include_str!("../models/digits.eqn")),
];

/// The text of the built-in example called `name`.
///
/// ```
/// assert!(chainrule::builtin("iris").is_some_and(|text| text.contains("softplus")));
/// assert!(chainrule::builtin("nosuch").is_none());
/// ```
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTIN.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

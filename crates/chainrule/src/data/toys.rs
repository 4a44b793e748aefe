//! Generated data: points of classes, drawn by counter from a seed.
//!
//! Row `i` has the class `i mod K`, so the classes are balanced. With `u` uniform in `[0, 1)` and
//! `e` standard normal for each row and coordinate, both from streams of the generator's name:
//!
//! | generator | point | defaults |
//! |---|---|---|
//! | `moons` | class 0: (cos t, sin t), class 1: (1 - cos t, 1/2 - sin t), t = pi u; + noise e | noise 0.1 |
//! | `circles` | class 0: (cos t, sin t), class 1: factor times that, t = 2 pi u; + noise e | noise 0.05, factor 0.5 |
//! | `spirals` | arm c of K: sqrt(u) (cos t, sin t), t = 2 pi (turns sqrt(u) + c / K); + noise e | noise 0.02, turns 1 |
//! | `blobs` | centre of class c, uniform in [-spread, spread]^d; + noise e | noise 1, spread 10 |
//!
//! `moons` and `circles` are those of scikit-learn with random angles.

use chainrule_graph::elementary::{cos, sin};
use chainrule_graph::random::{Random, stream_of};

use super::plan::Toy;

use std::f64::consts::{PI, TAU};

/// Most values that are generated.
const MOST: f64 = (1u64 << 27) as f64;

/// Points, `width` numbers each, with their classes.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Points {
    pub(super) values: Vec<f64>,
    pub(super) classes: Vec<u32>,
}

/// The numbers of a generator's line.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    noise: f64,
    turns: f64,
    factor: f64,
    spread: f64,
    seed: u64,
}

/// Draws what `toy` says: points of `width` coordinates in `classes` classes.
///
/// # Errors
///
/// The generator has another number of coordinates or classes, or does not take an option.
pub(super) fn generate(toy: &Toy, width: usize, classes: usize) -> Result<Points, String> {
    let name = toy.generator.as_str();
    if name != "blobs" && width != 2 {
        return Err(format!("`{name}` makes points of 2 coordinates, not of {width}"));
    }
    if matches!(name, "moons" | "circles") && classes != 2 {
        return Err(format!("`{name}` makes 2 classes, not {classes}"));
    }
    let numbers = numbers(toy)?;
    if classes == 0 || toy.rows < classes as f64 || toy.rows * width as f64 > MOST {
        return Err(format!(
            "`{name}` makes {classes} to {:.0} rows here, not {}",
            (MOST / width as f64).floor(),
            toy.rows
        ));
    }
    let rows = toy.rows as usize;
    let uniform = Random::new(numbers.seed, stream_of(name));
    let normal = Random::new(numbers.seed, stream_of(&format!("{name} noise")));
    let centres = Random::new(numbers.seed, stream_of("blobs centres"));
    let mut points =
        Points { values: Vec::with_capacity(rows * width), classes: Vec::with_capacity(rows) };
    for row in 0..rows {
        let class = row % classes;
        let u = uniform.uniform(row as u64);
        let plane = plane(name, numbers, u, class, classes);
        for j in 0..width {
            let place = match plane {
                Some(point) => point[j],
                None => {
                    let draw = centres.uniform((class * width + j) as u64);
                    numbers.spread * (2.0 * draw - 1.0)
                }
            };
            let error = normal.normal((row * width + j) as u64);
            points.values.push(place + numbers.noise * error);
        }
        points.classes.push(class as u32);
    }
    Ok(points)
}

/// The point of a plane generator.
fn plane(name: &str, by: Numbers, u: f64, class: usize, classes: usize) -> Option<[f64; 2]> {
    match name {
        "moons" => {
            let t = PI * u;
            Some(if class == 0 { [cos(t), sin(t)] } else { [1.0 - cos(t), 0.5 - sin(t)] })
        }
        "circles" => {
            let radius = if class == 0 { 1.0 } else { by.factor };
            Some([radius * cos(TAU * u), radius * sin(TAU * u)])
        }
        "spirals" => {
            let radius = u.sqrt();
            let t = TAU * (by.turns * radius + class as f64 / classes as f64);
            Some([radius * cos(t), radius * sin(t)])
        }
        _ => None,
    }
}

/// The options of a generator's line, each one that it knows and in its range.
fn numbers(toy: &Toy) -> Result<Numbers, String> {
    let name = toy.generator.as_str();
    let (noise, known): (f64, &[&str]) = match name {
        "moons" => (0.1, &["noise", "seed"]),
        "circles" => (0.05, &["noise", "seed", "factor"]),
        "spirals" => (0.02, &["noise", "seed", "turns"]),
        _ => (1.0, &["noise", "seed", "spread"]),
    };
    let mut numbers = Numbers { noise, turns: 1.0, factor: 0.5, spread: 10.0, seed: 0 };
    for (word, value) in &toy.options {
        let value = *value;
        if !known.contains(&word.as_str()) {
            return Err(format!("`{name}` takes {}, not `{word}`", known.join(", ")));
        }
        let (place, fits, wanted) = match word.as_str() {
            "seed" => {
                if value.fract() != 0.0 || !(0.0..9.0e15).contains(&value) {
                    return Err(format!("a seed is a whole number from 0, not {value}"));
                }
                numbers.seed = value as u64;
                continue;
            }
            "noise" => (&mut numbers.noise, value >= 0.0, "at least 0"),
            "turns" => (&mut numbers.turns, value > 0.0, "above 0"),
            "factor" => (&mut numbers.factor, value > 0.0 && value < 1.0, "between 0 and 1"),
            _ => (&mut numbers.spread, value > 0.0, "above 0"),
        };
        if !fits || !value.is_finite() {
            return Err(format!("the `{word}` of `{name}` is {wanted}, not {value}"));
        }
        *place = value;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toy(generator: &str, rows: f64, options: &[(&str, f64)]) -> Toy {
        let options = options.iter().map(|(word, value)| (word.to_string(), *value)).collect();
        Toy { names: vec![], generator: generator.into(), rows, options }
    }

    #[test]
    fn classes_are_balanced_and_points_on_their_curves() {
        let still = [("noise", 0.0), ("seed", 5.0)];
        let moons = generate(&toy("moons", 100.0, &still), 2, 2).unwrap();
        assert_eq!(moons.classes.iter().filter(|c| **c == 0).count(), 50);
        for (point, class) in moons.values.chunks(2).zip(&moons.classes) {
            let (x, y) = (point[0], point[1]);
            let (x, y) = if *class == 0 { (x, y) } else { (1.0 - x, 0.5 - y) };
            assert!((x * x + y * y - 1.0).abs() < 1e-12 && y >= 0.0);
        }
        let options = [still[0], ("factor", 0.3)];
        let circles = generate(&toy("circles", 10.0, &options), 2, 2).unwrap();
        for (point, class) in circles.values.chunks(2).zip(&circles.classes) {
            let radius = point[0].hypot(point[1]);
            assert!((radius - if *class == 0 { 1.0 } else { 0.3 }).abs() < 1e-12);
        }
        let spirals = generate(&toy("spirals", 30.0, &[still[0], ("turns", 2.0)]), 2, 3).unwrap();
        for (point, class) in spirals.values.chunks(2).zip(&spirals.classes) {
            let radius = point[0].hypot(point[1]);
            let t = point[1].atan2(point[0]) / TAU;
            let arm = 3.0 * (t - 2.0 * radius) - f64::from(*class);
            assert!((arm / 3.0 - (arm / 3.0).round()).abs() < 1e-9, "{arm}");
        }
        let blobs = generate(&toy("blobs", 9.0, &[still[0], ("spread", 2.0)]), 4, 3).unwrap();
        assert_eq!(blobs.values[..4], blobs.values[12..16]);
        assert!(blobs.values.iter().all(|v| v.abs() <= 2.0));
    }

    #[test]
    fn seeds_draw_other_points_and_rows_do_not_depend_on_their_number() {
        let points = |rows, seed| generate(&toy("moons", rows, &[("seed", seed)]), 2, 2).unwrap();
        assert_eq!(points(10.0, 3.0).values, points(20.0, 3.0).values[..20]);
        assert_ne!(points(10.0, 3.0), points(10.0, 4.0));
        let spread = |noise| {
            let still = generate(&toy("circles", 4000.0, &[("noise", 0.0)]), 2, 2).unwrap();
            let moved = generate(&toy("circles", 4000.0, &[("noise", noise)]), 2, 2).unwrap();
            let squares = still.values.iter().zip(&moved.values).map(|(a, b)| (a - b).powi(2));
            (squares.sum::<f64>() / 8000.0).sqrt()
        };
        assert!((spread(0.2) - 0.2).abs() < 0.01);
    }

    #[test]
    fn what_does_not_fit() {
        let error = |toy: &Toy, width, classes| generate(toy, width, classes).unwrap_err();
        assert!(error(&toy("moons", 9.0, &[]), 3, 2).contains("2 coordinates, not of 3"));
        assert!(error(&toy("circles", 9.0, &[]), 2, 3).contains("2 classes, not 3"));
        assert!(error(&toy("moons", 9.0, &[("turns", 2.0)]), 2, 2).contains("not `turns`"));
        assert!(error(&toy("circles", 9.0, &[("factor", 1.5)]), 2, 2).contains("between 0 and 1"));
        assert!(error(&toy("moons", 1.0e15, &[]), 2, 2).contains("rows here"));
        assert!(error(&toy("blobs", 2.0, &[]), 2, 3).contains("3 to"));
        assert!(error(&toy("moons", 9.0, &[("seed", 0.5)]), 2, 2).contains("whole number"));
        assert!(error(&toy("moons", 9.0, &[("noise", -1.0)]), 2, 2).contains("at least 0"));
    }
}

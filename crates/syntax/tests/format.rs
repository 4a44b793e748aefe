//! Formatting keeps what a file says, and settles at once.

mod support;

use std::time::{Duration, Instant};

use chainrule_syntax::lex::lex;
use chainrule_syntax::{format, parse, print};
use support::{Random, cases, files, good_files, tree};

fn comments(text: &str) -> Vec<&str> {
    lex(text).comments.iter().map(|c| c.span.text(text).trim_end()).collect()
}

/// Formats a text that can be read, and looks at everything that must not change.
fn checked(text: &str, path: &str) -> String {
    let formatted =
        format(text).unwrap_or_else(|found| panic!("{path}: {:?}\n{text}", found.diagnostics));
    assert!(tree(&formatted) == tree(text), "{path}\n{text}\nbecomes\n{formatted}");
    assert_eq!(comments(&formatted), comments(text), "{path}");
    assert_eq!(format(&formatted).unwrap(), formatted, "{path}");
    assert!(formatted.lines().all(|l| l.trim_end() == l), "{path}: blanks at a line's end");
    assert!(!formatted.contains("\n\n\n") && !formatted.starts_with('\n'), "{path}");
    assert!(formatted.is_empty() || formatted.ends_with('\n'), "{path}");
    assert!(!formatted.ends_with("\n\n"), "{path}");
    formatted
}

#[test]
fn files_keep_their_tree_and_comments() {
    for (path, text) in good_files() {
        checked(&text, &path);
        checked(&print::file(&parse(&text).file), &path);
    }
}

#[test]
fn files_that_cannot_be_read_come_back_as_diagnostics() {
    let mut refused = 0;
    for (path, text) in files().into_iter().filter(|(_, text)| !parse(text).is_ok()) {
        if parse(&text).diagnostics.iter().all(|found| found.code == "tab") {
            assert!(!checked(&text, &path).contains('\t'));
            continue;
        }
        let found = format(&text).expect_err(&path);
        assert_eq!(found.diagnostics, parse(&text).diagnostics, "{path}");
        refused += 1;
    }
    assert!(refused > 20, "{refused} files");
}

#[test]
fn the_blanks_that_were_there_do_not_count() {
    for (path, text) in good_files() {
        let formatted = checked(&text, &path);
        let again =
            |text: String| format(&text).unwrap_or_else(|e| panic!("{path}: {:?}", e.diagnostics));
        assert_eq!(again(text.replace('\n', "\r\n")), formatted, "{path}: other line ends");
        assert_eq!(again(text.replace('\n', " \t\n")), formatted, "{path}: blanks at the ends");
        assert_eq!(again(text.replace("\n  ", "\n     ")), formatted, "{path}: indented deeper");
        assert_eq!(again(text.replace("\n  ", "\n\t")), formatted, "{path}: tabs");
        assert_eq!(again(format!("\n\n{text}\n\n\n")), formatted, "{path}: blank lines around");
        assert_eq!(again(text.replace("\n\n", "\n \n\n")), formatted, "{path}: blank lines");
    }
}

#[test]
fn a_file_full_of_tabs_is_repaired() {
    let mut text = String::from("net\n");
    for at in 0..500 {
        text += &format!("\tz{at} = 1\n");
    }
    let formatted = format(&text).unwrap();
    assert!(!formatted.contains('\t') && parse(&formatted).is_ok());
    assert!(formatted.starts_with("net\n  z0   = 1\n"));
    // The mistake lies behind more tabs than diagnostics are kept.
    assert!(!format(&(text + "\tz = (1\n")).unwrap_err().is_ok());
}

/// Random changes of real files: never a panic, and what can be read keeps its meaning.
#[test]
fn damaged_files_are_refused_or_keep_their_meaning() {
    let mut random = Random::new(7);
    let files = good_files();
    let mut read = 0;
    for case in 0..cases(6_000) {
        // The first files are the models, the richest of all.
        let at = if case % 2 == 0 { random.below(8) } else { random.below(files.len()) };
        let (path, text) = &files[at];
        let mut text: Vec<char> = text.chars().collect();
        for _ in 0..1 + random.below(3) {
            damage(&mut text, &mut random);
        }
        let text: String = text.into_iter().collect();
        if format(&text).is_ok() {
            checked(&text, &format!("case {case}, {path}"));
            read += 1;
        }
    }
    assert!(read * 5 > cases(6_000), "only {read} could be read");
}

/// What is inserted into damaged files.
const WORDS: &str = " §  §\n§\n  §\n    §\n\n§\t§\n\t§\r\n§ # c§\n# c\n§\"§(§)§[§]§{§}§,§:§;§=§==§+§-§ - §*\
    §.*§/§./§.§..§^§.^§~§'§||§|§λ§⊙§ᵀ§⁻¹§²§⁻§∂§‖§−§∈§ℝ§·§d§T§e§1§2 §x §_F§\u{a0}§é§for §per §\u{2028}\
    § expect true§sum[i] §; pad§dJ/dW§ with a = 1§ if x != 0§ where e = 1";

/// Deletes, doubles or inserts a few characters.
fn damage(text: &mut Vec<char>, random: &mut Random) {
    let words: Vec<&str> = WORDS.split('§').collect();
    let at = random.below(text.len().max(1));
    let length = (1 + random.below(3)).min(text.len() - at.min(text.len()));
    match random.below(4) {
        0 => drop(text.drain(at..at + length)),
        1 => {
            let part = text[at..at + length].to_vec();
            text.splice(at..at, part);
        }
        _ => drop(text.splice(at..at, random.pick(&words).chars())),
    }
}

#[test]
fn large_files_take_no_more_than_their_share() {
    let start = Instant::now();
    let lines = |line: &str, count| format!("net\n{}", line.repeat(count));
    for text in [
        lines("  z = a + b  # c\n", 60_000),
        lines("  # c\n", 200_000),
        " # c\n".repeat(200_000),
        "claim \"c\" a = b expect true # c\n".repeat(40_000),
        format!("net\n  z = a{}\n", " + b c[i,j]".repeat(50_000)),
        format!("net\n  z = a{}\n", "\n    + b # c".repeat(100_000)),
        lines(&format!("  z = {}a{}\n", "||(".repeat(50), ")||".repeat(50)), 500),
        lines(&format!("  z = {}a{}\n", "a[i,".repeat(100), "]".repeat(100)), 500),
        "\n".repeat(1_000_000),
        format!("net\n{}", "\tz = a\n".repeat(60_000)),
    ] {
        assert!(format(&text).is_ok(), "{}..", &text[..40]);
    }
    // A quadratic step would need minutes.
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

fn becomes(text: &str, formatted: &str) {
    assert_eq!(checked(text, "a snippet"), formatted);
}

#[test]
fn declarations_stand_in_columns() {
    becomes(
        "\
data
 x:R[d] per N=csv \"iris.csv\" columns 1..4/255-mean # petals
 y:label[K] per   N   = csv \"iris.csv\" column   5
 test x,y = csv \"a.csv\",\"b.csv\"
 split train 110,test 40,seed 7
param
   W,V:R[H,d]~normal(0,0.1)
   b:R[H]=0
",
        "\
data
  x : R[d]     per N = csv \"iris.csv\" columns 1..4 / 255 - mean  # petals
  y : label[K] per N = csv \"iris.csv\" column 5
  test x, y          = csv \"a.csv\", \"b.csv\"
  split train 110, test 40, seed 7
param
  W, V : R[H, d] ~ normal(0, 0.1)
  b    : R[H]    = 0
",
    );
}

#[test]
fn families_align_their_ranges() {
    becomes(
        "\
param
  W[l]:R[w[l],w[l-1]]~he for l in 1..L
  b[l]:R[w[l]]=0 for l in 1..L
net
  h[0]=x
  z[l]=W[l]h[l - 1]+b[l] for l in 1..L
  h[l]=relu(z[l]) for l in 1..L
",
        "\
param
  W[l] : R[w[l], w[l-1]] ~ he for l in 1..L
  b[l] : R[w[l]]         = 0  for l in 1..L
net
  h[0] = x
  z[l] = W[l] h[l-1] + b[l] for l in 1..L
  h[l] = relu(z[l])         for l in 1..L
",
    );
}

#[test]
fn definitions_align_until_something_comes_between() {
    becomes(
        "\
net
  z1=W0 x+b0
  p=softmax(z1)

  Y[o,u,v]=sum[ c , i,j ]K[o,c,i,j]I0[c,u + i,v+j ;pad]
  f=1 / N sum(Y)   # mean
  # own
  l=-log(p[y])
  long=(a+
        b)
  c=2
",
        "\
net
  z1 = W0 x + b0
  p  = softmax(z1)

  Y[o,u,v] = sum[c,i,j] K[o,c,i,j] I0[c,u+i,v+j; pad]
  f        = 1/N sum(Y)  # mean
  # own
  l    = -log(p[y])
  long = (a +
    b)
  c = 2
",
    );
}

#[test]
fn a_wide_name_does_not_move_the_others() {
    becomes(
        "\
net
  a = 1
  bb = 2
  a_name_of_more_than_thirty_letters = 3
  c = 4
  dd = 5
",
        "\
net
  a  = 1
  bb = 2
  a_name_of_more_than_thirty_letters = 3
  c  = 4
  dd = 5
",
    );
}

#[test]
fn optimizers_and_functions() {
    becomes(
        "\
fn softsign(x)=x./(1+abs(x))
    softsign'(x)=1./(1+abs(x)).^2
optimizer nag(step,mu=0.9)
    state v=0
    q=p+mu v
    v'=mu v-step dJ/dq
    p'=p+v'
",
        "\
fn softsign(x) = x ./ (1 + abs(x))
  softsign'(x) = 1 ./ (1 + abs(x)) .^ 2
optimizer nag(step, mu = 0.9)
  state v = 0
  q  = p + mu v
  v' = mu v - step dJ/dq
  p' = p + v'
",
    );
}

#[test]
fn claims_align_what_they_say_and_their_verdicts() {
    becomes(
        "\
claim \"norm\" ||w||^2=w^T w expect  true
claim \"a gradient\" dL/dw=w if n>1 expect false # factor 2
claim \"entries\" forall i in n,j in m: dO[i,l]/dV[i,j]=P[j,l]
# other
claim \"two lines\"
      dF/dV=C P^T where e=1,f=2
      expect true-in-layout
derive dJ/d{W,b} steps
derive dl/dx   layout numerator brief
",
        "\
claim \"norm\"       ||w||^2 = w^T w      expect true
claim \"a gradient\" dL/dw = w  if n > 1  expect false  # factor 2
claim \"entries\"    forall i in n, j in m: dO[i,l]/dV[i,j] = P[j,l]
# other
claim \"two lines\"
  dF/dV = C P^T  where e = 1, f = 2
  expect true-in-layout
derive dJ/d{W, b}  steps
derive dl/dx       layout numerator brief
",
    );
}

#[test]
fn lines_of_actions_align_behind_their_words() {
    becomes(
        "\
size d=4,H=16   # units
batch N # samples

train J by gd(step=0.01)   epochs 350 batch all
train J by adadelta() epochs 3 for H in {2,4},batch in {1}
show acc=mean[N]1[argmax(p)==y]
plot J,acc against epoch on train,test to\"a.svg\"
size k
",
        "\
size  d = 4, H = 16  # units
batch N              # samples

train J by gd(step = 0.01) epochs 350 batch all
train J by adadelta()      epochs 3 for H in {2, 4}, batch in {1}
show  acc = mean[N] 1[argmax(p) == y]
plot  J, acc against epoch on train, test to \"a.svg\"
size k
",
    );
}

#[test]
fn comments_share_a_column_unless_it_is_far_right() {
    let wide = "w".repeat(95);
    becomes(
        &format!("net  # head\n  a = 1 # one\n  {wide} = 2 # wide\n  c = 3\n  dd = 4 # four\n"),
        &format!(
            "net      # head\n  a = 1  # one\n  {wide} = 2  # wide\n  c  = 3\n  dd = 4  # four\n"
        ),
    );
}

#[test]
fn comments_of_their_own_line_go_with_what_follows() {
    becomes(
        "  # top\nmodel m\n\n\n# head\nnet # x\n# first\n      z = 1\n   # last\n# next\nsize n\n # end",
        "\
# top
model m

# head
net  # x
  # first
  z = 1
  # last
# next
size n
  # end
",
    );
}

#[test]
fn spelling_and_line_breaks_stay_the_authors() {
    becomes(
        "\
const λ=0.25
net
    J=‖W‖_F²+λ (A ⁻¹ x)ᵀ⊙B
        −∂L/∂W·2
    y=∑[ i∈n ]x[i]
claim \"c\" ∀ i∈n:2.0 x[i]>=0
",
        "\
const λ = 0.25
net
  J = ‖W‖_F² + λ (A⁻¹ x)ᵀ ⊙ B
    − ∂L/∂W · 2
  y = ∑[i ∈ n] x[i]
claim \"c\" ∀ i ∈ n: 2.0 x[i] >= 0
",
    );
}

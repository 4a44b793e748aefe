use super::*;

fn show(text: &str) -> String {
    latex(&typeset(&Context::default(), &read(text).unwrap_or_else(|| panic!("{text}"))))
}

#[test]
fn precedence() {
    for (text, wanted) in [
        ("(A + B)^T C", r"(A + B)^{\top} C"),
        ("a - (b - c)", r"a - (b - c)"),
        ("A (B C)^T", r"A (B C)^{\top}"),
        ("(A .* B) C", r"(A \odot B) C"),
        ("A .* (B C)", r"A \odot (B C)"),
        ("-(x + y)", r"- (x + y)"),
        ("(A^-1)^T", r"A^{- \top}"),
        ("kron(A, B) x", r"(A \otimes B) x"),
        ("(sum[i] a[i]) b", r"\Bigl(\sum_{i} a_{i} \Bigr) b"),
        ("softmax(z)[i] (1 - p[i])", r"\operatorname{softmax}(z)_{i} (1 - p_{i})"),
        ("a (1/s)", r"a \, \frac{1}{s}"),
        ("2 1[i == k]", r"2 \delta_{i k}"),
        ("sum[N] dJ/dz2 a1^T", r"\sum_{N} \frac{\partial J}{\partial z_{2}} a_{1}^{\top}"),
    ] {
        assert_eq!(show(text), wanted, "{text}");
    }
}

#[test]
fn unicode_reads_back() {
    for text in [
        "1/N (Psi - D) A2^T + 2 lambda W2",
        "sum[i in n, j] A[i,j]^2 ./ ||x||_1 .* B^-1 x^-T",
        "dPsi[y[i],i]/dZ3[k,i] + dJ/d{W, b}",
        "x .^ 2 + (A^T)^-1 - 2 * 3^x",
    ] {
        let again = unicode(text);
        let printed = |t: &str| chainrule_syntax::print::expr(&read(t).expect("it reads"));
        assert_eq!(printed(&again), printed(text), "{again}");
    }
}

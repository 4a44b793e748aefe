//! Repairs that change a declaration: its type, or a size's definition.

use chainrule_syntax::Repair;
use chainrule_syntax::ast::{Expr, ExprKind};

use super::budget::NEIGHBOURS;
use super::{Elaborator, Meaning};
use crate::module::Role;
use crate::size::Size;
use crate::types::{Kind, Type};

impl Elaborator<'_> {
    /// "declare `c : R[H]`", for a name that should have the dims `want`.
    pub(crate) fn declared_type_repairs(&self, e: &Expr, want: &[Size]) -> Vec<Repair> {
        let ExprKind::Name(name) = &e.kind else { return Vec::new() };
        self.retyped(name, want.to_vec()).into_iter().collect()
    }

    /// Another name of the wanted dims that looks like the one written: `b1` for `b2`.
    pub(crate) fn other_names(&mut self, e: &Expr, want: &[Size]) -> Vec<Repair> {
        let ExprKind::Name(name) = &e.kind else { return Vec::new() };
        if !self.may_suggest() {
            return Vec::new();
        }
        let known = self.out.symbols.iter().take(NEIGHBOURS);
        let fits = known.filter(|s| s.ty.dims == want && s.role != Role::Local);
        let near = chainrule_syntax::suggest::nearest(name, fits.map(|s| s.name.as_str()));
        let repair = |near: &str| Repair::replace(format!("did you mean `{near}`?"), e.span, near);
        near.map(repair).into_iter().collect()
    }

    /// A change of the declared type of `name` to the dims `want`.
    fn retyped(&self, name: &str, want: Vec<Size>) -> Option<Repair> {
        let Some((Meaning::Symbol(id), _)) = self.scope.get(name) else { return None };
        let symbol = self.out.symbol(*id);
        let span = symbol.type_span?;
        if !matches!(symbol.role, Role::Param(_) | Role::Given(_) | Role::Noise(_)) {
            return None;
        }
        if matches!(symbol.ty.kind, Kind::Sym | Kind::Spd | Kind::Label(_)) {
            return None;
        }
        let ty = Type { dims: want, axes: Vec::new(), kind: symbol.ty.kind.clone() };
        let text = self.out.type_text(&ty);
        Some(Repair::replace(format!("declare `{name} : {text}`"), span, text))
    }

    /// Inner sizes `k` and `l` of two named factors: one declaration changed to the other's size.
    pub(crate) fn inner_type_repairs(
        &self,
        left: &Expr,
        right: &Expr,
        k: &Size,
        l: &Size,
    ) -> Vec<Repair> {
        let mut out = Vec::new();
        for (e, from, to) in [(right, l, k), (left, k, l)] {
            let ExprKind::Name(name) = &e.kind else { continue };
            let Some((Meaning::Symbol(id), _)) = self.scope.get(name) else { continue };
            let dims = &self.out.symbol(*id).ty.dims;
            let at = if std::ptr::eq(e, right) { 0 } else { dims.len().saturating_sub(1) };
            if dims.get(at) != Some(from) || to.is_one() {
                continue;
            }
            let mut want = dims.clone();
            want[at] = to.clone();
            out.extend(self.retyped(name, want));
        }
        out
    }

    /// `V = C2 P P` for `V = 9216`: a fixed size that equals another by its number alone.
    pub(crate) fn size_value_repairs(&self, a: &[Size], b: &[Size]) -> Vec<Repair> {
        let mut out = Vec::new();
        if a.len() != b.len() {
            return out;
        }
        for (x, y) in a.iter().zip(b) {
            if x == y {
                continue;
            }
            for (fixed, other) in [(x, y), (y, x)] {
                let (p, q) = (fixed.value(&self.out.sizes), other.value(&self.out.sizes));
                let Some(id) = fixed.as_name().filter(|_| p.is_some() && p == q) else { continue };
                let def = self.out.sizes.get(id);
                let blanks = [' ', '\t'];
                let behind = self.behind(def.span).trim_start_matches(blanks);
                let Some(value) = behind.strip_prefix('=') else { continue };
                let value = value.trim_start_matches(blanks);
                let digits = value.bytes().take_while(u8::is_ascii_digit).count();
                if digits == 0 {
                    continue;
                }
                let start = self.text.len() - value.len();
                let span = chainrule_syntax::Span::new(start, start + digits);
                let text = self.out.sizes.text(other);
                out.push(Repair::replace(format!("define `{} = {text}`", def.name), span, text));
            }
        }
        out
    }
}

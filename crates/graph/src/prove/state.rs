//! What a proof is made in: the atoms that are known, index variables, the budget, the log.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::rc::Rc;

use super::convert::Entry;
use super::ix::{Base, FRESH, Ix, Var};
use super::term::{Atom, Form, Head, Kind, Poly, Sign};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::Module;
use crate::size::{Ratio, Size};

/// A rule that was applied: what it replaced by what.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub(crate) rule: &'static str,
    pub(crate) from: Poly,
    pub(crate) to: Poly,
    pub(crate) side: Option<String>,
}

/// Fixed keys: the same order of work everywhere.
type Fixed = BuildHasherDefault<DefaultHasher>;

/// The state of a proof.
pub(crate) struct Prover<'m> {
    pub(crate) module: &'m Module,
    heads: Vec<Rc<Head>>,
    /// Looked up, never iterated.
    known: HashMap<(Kind, Vec<Rc<Form>>), u32, Fixed>,
    /// How far each free variable runs.
    ranges: Vec<Size>,
    axes: BTreeMap<AxisId, Var>,
    /// Variables that turned out to be two.
    pub(crate) splits: BTreeMap<Var, Ix>,
    /// Names that are looked through, with what they stand for.
    pub(crate) inlined: BTreeMap<SymbolId, NodeId>,
    /// Whether formulas are for reading: no sum is multiplied out and no function taken apart.
    pub(crate) display: bool,
    /// Whether sizes stand for the numbers of the file.
    pub(crate) numbers: bool,
    pub(crate) entries: BTreeMap<NodeId, Rc<Entry>>,
    /// Powers that were multiplied out: the base and its exponent. Looked up, never iterated.
    pub(crate) powers: HashMap<Rc<Form>, (Poly, Vec<Var>, u32), Fixed>,
    steps: u64,
    pub(crate) log: Vec<Logged>,
    logged: BTreeSet<(Poly, &'static str)>,
    pub(crate) assumed: BTreeSet<String>,
}

impl<'m> Prover<'m> {
    pub(crate) fn new(module: &'m Module, steps: u64) -> Prover<'m> {
        Prover {
            module,
            heads: Vec::new(),
            known: HashMap::default(),
            ranges: Vec::new(),
            axes: BTreeMap::new(),
            splits: BTreeMap::new(),
            inlined: BTreeMap::new(),
            display: false,
            numbers: false,
            entries: BTreeMap::new(),
            powers: HashMap::default(),
            steps,
            log: Vec::new(),
            logged: BTreeSet::new(),
            assumed: BTreeSet::new(),
        }
    }

    /// Takes work from the budget; `None` when it is used up.
    pub(crate) fn spend(&mut self, steps: u64) -> Option<()> {
        self.steps = self.steps.checked_sub(steps)?;
        Some(())
    }

    /// How much of the budget is left.
    pub(crate) fn left(&self) -> u64 {
        self.steps
    }

    /// A new variable.
    pub(crate) fn fresh(&mut self, range: Size) -> Var {
        self.ranges.push(range);
        FRESH + (self.ranges.len() - 1) as Var
    }

    /// A new index: a variable, or 0 if there is one place only.
    pub(crate) fn fresh_ix(&mut self, range: &Size) -> Ix {
        if range.is_one() { Ix::number(0) } else { Ix::var(self.fresh(range.clone())) }
    }

    /// How far a free variable runs.
    pub(crate) fn range(&self, var: Var) -> Size {
        let at = var.checked_sub(FRESH).map_or(usize::MAX, |at| at as usize);
        self.ranges.get(at).cloned().unwrap_or_else(|| Size::number(1))
    }

    /// How far a variable or label runs.
    pub(crate) fn extent(&self, base: &Base) -> Size {
        match base {
            Base::Var(var) => self.range(*var),
            Base::Label(atom) => {
                self.head(atom.head).classes.clone().unwrap_or_else(|| Size::number(1))
            }
        }
    }

    /// The index of a named axis.
    pub(crate) fn axis(&mut self, axis: AxisId) -> Option<Ix> {
        let extent = self.module.axes.get(axis).extent.clone()?;
        if extent.is_one() {
            return Some(Ix::number(0));
        }
        if let Some(var) = self.axes.get(&axis) {
            return Some(Ix::var(*var));
        }
        let var = self.fresh(extent);
        self.axes.insert(axis, var);
        Some(Ix::var(var))
    }

    /// The variable of a named axis, if it was met.
    pub(crate) fn axis_var(&self, axis: AxisId) -> Option<Var> {
        self.axes.get(&axis).copied()
    }

    /// The named axes with their variables.
    pub(crate) fn named_axes(&self) -> impl Iterator<Item = (AxisId, Var)> + '_ {
        self.axes.iter().map(|(a, v)| (*a, *v))
    }

    pub(crate) fn head(&self, at: u32) -> &Head {
        &self.heads[at as usize]
    }

    /// The names that were met.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = (u32, SymbolId)> + '_ {
        self.heads.iter().enumerate().filter_map(|(at, head)| match head.kind {
            Kind::Symbol(id) => Some((at as u32, id)),
            _ => None,
        })
    }

    pub(crate) fn shared_head(&self, at: u32) -> Rc<Head> {
        self.heads[at as usize].clone()
    }

    /// Gives a head further orders of its indices.
    pub(crate) fn resymmetrised(&mut self, at: u32, orders: Vec<Vec<usize>>) {
        let head = &mut self.heads[at as usize];
        if head.symmetries.len() < orders.len() {
            Rc::make_mut(head).symmetries = orders;
        }
    }

    /// The head of `kind` over `forms`, made by `make` if it is new.
    pub(crate) fn intern(
        &mut self,
        kind: Kind,
        forms: Vec<Rc<Form>>,
        make: impl FnOnce(Kind, Vec<Rc<Form>>) -> Head,
    ) -> u32 {
        let key = (kind, forms);
        if let Some(at) = self.known.get(&key) {
            return *at;
        }
        let head = make(key.0.clone(), key.1.clone());
        self.heads.push(Rc::new(head));
        let at = (self.heads.len() - 1) as u32;
        self.known.insert(key, at);
        at
    }

    /// An atom without forms: a size, a number.
    pub(crate) fn simple(&mut self, kind: Kind, args: Vec<Ix>) -> Atom {
        let arity = args.len();
        let two = kind == Kind::Delta;
        let sign = match kind {
            Kind::Size(_) | Kind::Prime(_) | Kind::Pi => Sign::Positive,
            Kind::Delta | Kind::Index => Sign::NotNegative,
            _ => Sign::Unknown,
        };
        let head = self.intern(kind, Vec::new(), |kind, forms| Head {
            kind,
            forms,
            symmetries: if two { vec![vec![0, 1], vec![1, 0]] } else { vec![(0..arity).collect()] },
            sign,
            bit: two,
            prob: None,
            classes: None,
            lead: None,
        });
        Atom { head, args }
    }

    /// A size as a number.
    pub(crate) fn size(&mut self, size: &Size) -> Option<Poly> {
        let mut out = Poly::zero();
        for (names, factor) in size.terms() {
            let mut factors = Vec::new();
            let mut factor = *factor;
            for (id, power) in names {
                let power = Ratio::whole_number(i128::from(*power));
                match self.module.sizes.number_of(*id).filter(|_| self.numbers) {
                    Some(n) => {
                        for _ in 0..power.whole()? {
                            factor = factor.times(Ratio::whole_number(i128::from(n)))?;
                        }
                    }
                    None => factors.push((self.simple(Kind::Size(*id), Vec::new()), power)),
                }
            }
            factors.sort();
            out.plus(&Poly::of(factors), factor)?;
        }
        Some(out)
    }

    /// Remembers a rule.
    pub(crate) fn record(
        &mut self,
        rule: &'static str,
        from: Poly,
        to: Poly,
        side: Option<String>,
    ) {
        debug_assert!(super::RULES.contains(&rule), "{rule}");
        if self.logged.insert((from.clone(), rule)) {
            self.log.push(Logged { rule, from, to, side });
        }
    }
}

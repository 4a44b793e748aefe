//! Which instruction set the kernels take: the best one of the machine, or the one that the
//! environment names.

use chainrule_kernels::Isa;

use crate::Error;

/// The variable of the environment.
pub(crate) const VARIABLE: &str = "CHAINRULE_ISA";

/// The name of an instruction set, as the variable and records have it.
pub(crate) fn name(isa: Isa) -> &'static str {
    match isa {
        Isa::Avx512 => "avx512",
        Isa::Avx2 => "avx2",
        Isa::Portable => "portable",
    }
}

/// The instruction set of this process: that of `CHAINRULE_ISA` if it is set, else the best one.
///
/// # Errors
///
/// The variable names none, or one that the machine does not have.
pub(crate) fn chosen() -> Result<Isa, Error> {
    match std::env::var_os(VARIABLE) {
        Some(text) => of(&text.to_string_lossy()),
        None => Ok(Isa::best()),
    }
}

fn of(text: &str) -> Result<Isa, Error> {
    let all = [Isa::Avx512, Isa::Avx2, Isa::Portable];
    let names = |all: &[Isa]| all.iter().map(|isa| name(*isa)).collect::<Vec<_>>().join(", ");
    let Some(isa) = all.into_iter().find(|isa| name(*isa) == text) else {
        let known = names(&all);
        return Err(Error::failed(format!(
            "{VARIABLE} is `{text}`, which is no instruction set (there are {known})"
        )));
    };
    if !isa.present() {
        let own = names(&Isa::all());
        return Err(Error::failed(format!(
            "{VARIABLE} is `{text}`, which this machine does not have (it has {own})"
        )));
    }
    Ok(isa)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_the_machine_can_be_named() {
        for isa in Isa::all() {
            assert_eq!(of(name(isa)).ok(), Some(isa));
        }
    }

    #[test]
    fn what_is_unknown_or_absent_is_refused() {
        for text in ["", "sse9", "AVX512"] {
            let said = of(text).map_err(|e| e.to_string()).unwrap_err();
            assert_eq!(
                said,
                format!(
                    "CHAINRULE_ISA is `{text}`, which is no instruction set (there are avx512, \
                     avx2, portable)"
                )
            );
        }
        for isa in [Isa::Avx512, Isa::Avx2].into_iter().filter(|isa| !isa.present()) {
            let said = of(name(isa)).map_err(|e| e.to_string()).unwrap_err();
            assert!(said.contains("this machine does not have") && said.contains("portable"));
        }
    }
}

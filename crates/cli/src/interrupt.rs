//! Ctrl-C: while data are read it ends the program at once; while a training goes the first one asks
//! for an orderly end, the second one ends the program.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;

/// Whether somebody asked for the end, and what happens then.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    asked: AtomicBool,
    /// What is said if the program ends at once; nothing as soon as an end must be orderly. Who
    /// holds it decides how the program ends.
    reading: Mutex<Option<&'static str>>,
}

impl Interrupt {
    /// Listens for Ctrl-C (and for a polite request to end, SIGTERM or SIGHUP). Until
    /// [`Interrupt::orderly`] nothing is being written: the first one ends the program, which says
    /// `what` that means.
    pub(crate) fn listen(shell: &Shell, what: &'static str) -> Interrupt {
        let inner = Inner { asked: AtomicBool::new(false), reading: Mutex::new(Some(what)) };
        let interrupt = Interrupt(Arc::new(inner));
        let (own, shell) = (interrupt.clone(), Shell::new(shell.options.clone()));
        // Where signals cannot be had, Ctrl-C ends the program at once, as it would without us.
        let _ = ctrlc::set_handler(move || own.heard(&shell));
        interrupt
    }

    /// From now on the first Ctrl-C asks for an orderly end.
    pub(crate) fn orderly(&self) {
        *self.0.reading.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether to end.
    pub(crate) fn asked(&self) -> bool {
        self.0.asked.load(Ordering::Relaxed)
    }

    fn heard(&self, shell: &Shell) {
        let reading = self.0.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(what) = *reading {
            let exit = shell.fail(&Failure::Interrupted(format!("interrupted: {what}")));
            std::process::exit(exit as i32);
        }
        if self.0.asked.swap(true, Ordering::SeqCst) {
            std::process::exit(Exit::Interrupted as i32);
        }
    }
}

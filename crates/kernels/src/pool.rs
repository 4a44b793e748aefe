//! A small pool of threads that runs numbered shards of one piece of work.
//!
//! One word says everything: the number of the piece (24 bits), how many shards it has (20) and
//! the next one nobody took (20). A thread takes a shard by adding one to that word, so it can
//! never take one of a piece that is over: by then the word has another number. Which thread does
//! which shard is left to chance; what a shard does is not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// The most shards of one piece of work.
pub(crate) const MOST: usize = (1 << 20) - 1;
/// How often an idle thread looks before it sleeps: about a tenth of a millisecond.
const SPINS: usize = 2_000;

/// What every thread of a piece of work calls: the shard and the thread.
type Work<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// A reference to the work, as thin as an atomic pointer needs.
struct Job<'a> {
    work: &'a Work<'a>,
}

struct Shared {
    word: AtomicU64,
    job: AtomicPtr<Job<'static>>,
    done: AtomicUsize,
    panicked: AtomicBool,
    stop: AtomicBool,
    /// How many threads have begun: a thread that begins takes memory.
    ready: AtomicUsize,
    sleeping: AtomicUsize,
    lock: Mutex<()>,
    wake: Condvar,
    spins: usize,
}

/// Threads that wait for work.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    piece: u64,
}

fn word(piece: u64, shards: usize, next: usize) -> u64 {
    (piece & 0xff_ffff) << 40 | (shards as u64) << 20 | next as u64
}

fn parts(word: u64) -> (u64, usize, usize) {
    (word >> 40, (word >> 20) as usize & MOST, word as usize & MOST)
}

impl Shared {
    /// Takes shards until none is left.
    fn help(&self, thread: usize) {
        let mut seen = self.word.load(Ordering::SeqCst);
        loop {
            let (_, shards, next) = parts(seen);
            if next >= shards {
                return;
            }
            let order = (Ordering::SeqCst, Ordering::SeqCst);
            match self.word.compare_exchange_weak(seen, seen + 1, order.0, order.1) {
                Ok(_) => {
                    let job = self.job.load(Ordering::SeqCst);
                    // SAFETY: `run` keeps the job until all shards are done, and this one, taken
                    // under the job's own number, is not.
                    let work = unsafe { (*job).work };
                    if catch_unwind(AssertUnwindSafe(|| work(next, thread))).is_err() {
                        self.panicked.store(true, Ordering::SeqCst);
                    }
                    self.done.fetch_add(1, Ordering::SeqCst);
                    seen = self.word.load(Ordering::SeqCst);
                }
                Err(now) => seen = now,
            }
        }
    }

    fn idle(&self) -> bool {
        let (_, shards, next) = parts(self.word.load(Ordering::SeqCst));
        next >= shards && !self.stop.load(Ordering::SeqCst)
    }

    /// Waits for work: looks for a while, then sleeps.
    fn wait(&self) {
        for _ in 0..self.spins {
            if !self.idle() {
                return;
            }
            std::hint::spin_loop();
        }
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleeping.fetch_add(1, Ordering::SeqCst);
        while self.idle() {
            guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleeping.fetch_sub(1, Ordering::SeqCst);
    }

    fn wake_all(&self) {
        if self.sleeping.load(Ordering::SeqCst) > 0 {
            drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.wake.notify_all();
        }
    }

    fn live(&self, thread: usize) {
        self.ready.fetch_add(1, Ordering::SeqCst);
        while !self.stop.load(Ordering::SeqCst) {
            self.help(thread);
            self.wait();
        }
    }
}

impl Pool {
    /// A pool of `count` threads, the caller's among them; fewer if the system gives no more.
    pub(crate) fn new(count: usize) -> Pool {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let shared = Arc::new(Shared {
            word: AtomicU64::new(0),
            job: AtomicPtr::new(std::ptr::null_mut()),
            done: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            ready: AtomicUsize::new(0),
            sleeping: AtomicUsize::new(0),
            lock: Mutex::new(()),
            wake: Condvar::new(),
            spins: if count <= cores { SPINS } else { 10 },
        });
        let mut threads = Vec::new();
        for thread in 1..count {
            let own = Arc::clone(&shared);
            let name = format!("kernels-{thread}");
            match std::thread::Builder::new().name(name).spawn(move || own.live(thread)) {
                Ok(handle) => threads.push(handle),
                Err(_) => break,
            }
        }
        // What a thread takes to begin belongs to no run.
        while shared.ready.load(Ordering::SeqCst) < threads.len() {
            std::thread::yield_now();
        }
        Pool { shared, threads, piece: 0 }
    }

    /// How many threads, the caller's among them.
    pub(crate) fn count(&self) -> usize {
        self.threads.len() + 1
    }

    /// Runs every shard once; false if one panicked. Each thread's number is below
    /// [`Pool::count`], and no two threads have the same at the same time.
    pub(crate) fn run(&mut self, shards: usize, work: &Work<'_>) -> bool {
        let shards = shards.min(MOST);
        if shards <= 1 || self.threads.is_empty() {
            let all = || (0..shards).for_each(|shard| work(shard, 0));
            return catch_unwind(AssertUnwindSafe(all)).is_ok();
        }
        let shared = &*self.shared;
        let mut job = Job { work };
        self.piece += 1;
        shared.done.store(0, Ordering::SeqCst);
        shared.panicked.store(false, Ordering::SeqCst);
        shared.job.store((&raw mut job).cast(), Ordering::SeqCst);
        shared.word.store(word(self.piece, shards, 0), Ordering::SeqCst);
        shared.wake_all();
        shared.help(0);
        let mut spins = 0;
        while shared.done.load(Ordering::SeqCst) < shards {
            spins += 1;
            if spins < shared.spins {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
        !shared.panicked.load(Ordering::SeqCst)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(self.shared.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.wake.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that panicked outside a shard has nothing left to say.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_runs_once() {
        for count in [1, 2, 5] {
            let mut pool = Pool::new(count);
            for shards in [0, 1, 2, 7, 1000] {
                let hits: Vec<AtomicUsize> = (0..shards).map(|_| AtomicUsize::new(0)).collect();
                for _ in 0..50 {
                    assert!(pool.run(shards, &|shard, thread| {
                        assert!(thread < count);
                        hits[shard].fetch_add(1, Ordering::SeqCst);
                    }));
                }
                assert!(hits.iter().all(|hit| hit.load(Ordering::SeqCst) == 50));
            }
        }
    }

    #[test]
    fn a_panic_is_told_and_the_pool_goes_on() {
        let mut pool = Pool::new(3);
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        assert!(!pool.run(10, &|shard, _| assert!(shard != 7)));
        std::panic::set_hook(hook);
        assert!(pool.run(10, &|_, _| {}));
    }
}

//! A small pool of threads that walk through a list of pieces together.
//!
//! A piece has numbered shards; piece after piece, every thread first takes the shards of its own
//! block (neighbours, the same ones in every piece of as many shards, so that it finds in its cache
//! what it wrote before), then what others have left. A thread goes on to the next piece when all
//! shards of this one are done: threads that are held up elsewhere are not waited for before the
//! walk's end. Waking costs once a walk, not once a piece.
//!
//! Each block has a cursor, one word: the number of the piece (48 bits, never used twice) and how
//! many of its shards are taken (16 bits). Taking a shard is a compare-and-exchange on that word.
//! Nobody sets cursors back: one with a smaller number counts as untouched, one with a greater
//! number says that the piece is long over, so a thread that comes late can take nothing wrong.
//!
//! Which thread does which shard is left to chance; what a shard does is not.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::kernel::part;

/// The most shards of one piece.
pub(crate) const MOST: usize = (1 << TAKEN) - 1;
/// Bits of a cursor that count shards.
const TAKEN: u32 = 16;
/// How often an idle thread looks before it sleeps: about a tenth of a millisecond.
const SPINS: usize = 2_000;

/// What is called for every shard: the piece, the shard and the thread.
type Work<'a> = dyn Fn(usize, usize, usize) + Sync + 'a;

/// What the threads of a walk share.
struct Job<'a> {
    /// The shards of each piece.
    shards: &'a [u32],
    work: &'a Work<'a>,
    /// The number of the first piece.
    first: u64,
}

/// A word that other words share no cache line with (nor the line that is fetched along).
#[repr(align(128))]
struct Line<T>(T);

struct Shared {
    /// Odd while a walk is open; no two walks have the same number.
    open: Line<AtomicU64>,
    job: AtomicPtr<Job<'static>>,
    /// Threads that may look at the job.
    inside: Line<AtomicUsize>,
    /// Shards of this walk that are done.
    done: Line<AtomicUsize>,
    cursors: Box<[Line<AtomicU64>]>,
    /// One more than the piece where a shard panicked; 0 if none did.
    broken: AtomicUsize,
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
    /// The number of the next piece.
    next: u64,
}

impl Shared {
    /// Takes a shard of a block, if one is left.
    ///
    /// Relaxed suffices: the word itself decides who has a shard, and what the shard reads was
    /// published before this thread came to the piece (by `open` or by `done`).
    fn take(&self, owner: usize, piece: u64, block: &std::ops::Range<usize>) -> Option<usize> {
        let cursor = &self.cursors[owner].0;
        let mut seen = cursor.load(Ordering::Relaxed);
        loop {
            let taken = match (seen >> TAKEN).cmp(&piece) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Equal => seen as usize & MOST,
                std::cmp::Ordering::Greater => return None,
            };
            if taken >= block.len() {
                return None;
            }
            let next = piece << TAKEN | (taken as u64 + 1);
            let order = (Ordering::Relaxed, Ordering::Relaxed);
            match cursor.compare_exchange_weak(seen, next, order.0, order.1) {
                Ok(_) => return Some(block.start + taken),
                Err(now) => seen = now,
            }
        }
    }

    /// Goes through all pieces.
    fn walk(&self, job: &Job<'_>, thread: usize, at: &Cell<usize>) {
        let count = self.cursors.len();
        let mut end = 0;
        for (piece, &shards) in job.shards.iter().enumerate() {
            at.set(piece);
            let (shards, mark) = (shards as usize, job.first + piece as u64);
            let mut own = 0;
            for other in 0..count {
                let owner = if other == 0 { thread } else { (thread + other) % count };
                let block = part(shards, count, owner);
                while let Some(shard) = self.take(owner, mark, &block) {
                    (job.work)(piece, shard, thread);
                    own += 1;
                }
            }
            end += shards;
            // Release: who sees the sum sees what these shards wrote. The additions form one
            // release sequence, so whoever reads a sum has synchronised with all that are in it.
            if own > 0 {
                self.done.0.fetch_add(own, Ordering::Release);
            }
            let last = piece + 1 == job.shards.len();
            if !(last && thread > 0 || self.until(end)) {
                return;
            }
        }
    }

    /// Waits until so many shards are done; false if one never will be.
    fn until(&self, end: usize) -> bool {
        let mut spins = 0;
        // Acquire: see `walk`.
        while self.done.0.load(Ordering::Acquire) < end {
            if self.broken.load(Ordering::Relaxed) > 0 {
                return false;
            }
            self.pause(&mut spins);
        }
        true
    }

    /// Looks again soon; after a while others may run in between.
    fn pause(&self, spins: &mut usize) {
        *spins += 1;
        if *spins < self.spins {
            std::hint::spin_loop();
        } else {
            std::thread::yield_now();
        }
    }

    /// Walks; a panic ends the walk for all.
    fn enter(&self, job: &Job<'_>, thread: usize) {
        let at = Cell::new(0);
        if catch_unwind(AssertUnwindSafe(|| self.walk(job, thread, &at))).is_err() {
            self.broken.store(at.get() + 1, Ordering::Relaxed);
        }
    }

    /// Takes part in a walk, unless it is over.
    fn visit(&self, number: u64, thread: usize) {
        // Sequentially consistent, as are the caller's close and its look at `inside`: either the
        // caller sees this thread inside and keeps the job, or this thread sees that it is closed.
        self.inside.0.fetch_add(1, Ordering::SeqCst);
        if self.open.0.load(Ordering::SeqCst) == number {
            let job = self.job.load(Ordering::Relaxed);
            // SAFETY: the walk is open and this thread is inside: `run` keeps the job until it
            // has left. The pointer was stored before the walk was opened.
            self.enter(unsafe { &*job }, thread);
        }
        // Release: the caller may take the job away after this.
        self.inside.0.fetch_sub(1, Ordering::Release);
    }

    /// The number of an open walk other than the last one, if there is one.
    fn news(&self, last: u64) -> Option<u64> {
        let now = self.open.0.load(Ordering::SeqCst);
        (now % 2 == 1 && now != last).then_some(now)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Waits for another walk: looks for a while, then sleeps.
    fn wait(&self, last: u64) {
        for _ in 0..self.spins {
            if self.news(last).is_some() || self.stopped() {
                return;
            }
            std::hint::spin_loop();
        }
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        // Sequentially consistent with `open`: the caller sees the sleeper, or this the walk.
        self.sleeping.fetch_add(1, Ordering::SeqCst);
        while self.news(last).is_none() && !self.stopped() {
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
        let mut last = 0;
        while !self.stopped() {
            match self.news(last) {
                Some(number) => {
                    last = number;
                    self.visit(number, thread);
                }
                None => self.wait(last),
            }
        }
    }
}

impl Pool {
    /// A pool of `count` threads, the caller's among them; fewer if the system gives no more.
    pub(crate) fn new(count: usize) -> Pool {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let shared = Arc::new(Shared {
            open: Line(AtomicU64::new(0)),
            job: AtomicPtr::new(std::ptr::null_mut()),
            inside: Line(AtomicUsize::new(0)),
            done: Line(AtomicUsize::new(0)),
            cursors: (0..count.max(1)).map(|_| Line(AtomicU64::new(0))).collect(),
            broken: AtomicUsize::new(0),
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
        Pool { shared, threads, next: 1 }
    }

    /// How many threads, the caller's among them.
    pub(crate) fn count(&self) -> usize {
        self.threads.len() + 1
    }

    /// Runs every shard of every piece once, piece after piece; `shards` says how many each has.
    /// Each thread's number is below [`Pool::count`], and no two have the same at the same time.
    ///
    /// # Errors
    ///
    /// The piece of a shard that panicked; the rest is then left undone.
    pub(crate) fn run(&mut self, shards: &[u32], work: &Work<'_>) -> Result<(), usize> {
        assert!(shards.iter().all(|&count| count as usize <= MOST), "too many shards");
        let alone = self.threads.is_empty() || shards.iter().all(|&count| count <= 1);
        if alone {
            return in_order(shards, work);
        }
        let shared = &*self.shared;
        let mut job = Job { shards, work, first: self.next };
        self.next += shards.len() as u64;
        // Nobody is inside. What is set here is published by `open`.
        shared.done.0.store(0, Ordering::Relaxed);
        shared.broken.store(0, Ordering::Relaxed);
        shared.job.store((&raw mut job).cast(), Ordering::Relaxed);
        shared.open.0.fetch_add(1, Ordering::SeqCst);
        shared.wake_all();
        shared.enter(&job, 0);
        shared.open.0.fetch_add(1, Ordering::SeqCst);
        let mut spins = 0;
        // Acquires what leaving threads released.
        while shared.inside.0.load(Ordering::SeqCst) > 0 {
            shared.pause(&mut spins);
        }
        match shared.broken.load(Ordering::Relaxed) {
            0 => Ok(()),
            at => Err(at - 1),
        }
    }
}

/// One thread does everything.
fn in_order(shards: &[u32], work: &Work<'_>) -> Result<(), usize> {
    let at = Cell::new(0);
    let all = || {
        for (piece, &shards) in shards.iter().enumerate() {
            at.set(piece);
            (0..shards as usize).for_each(|shard| work(piece, shard, 0));
        }
    };
    catch_unwind(AssertUnwindSafe(all)).map_err(|_| at.get())
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
    fn every_shard_runs_once_and_pieces_follow_each_other() {
        for count in [1, 2, 5] {
            let mut pool = Pool::new(count);
            for shards in [&[][..], &[0], &[1], &[7], &[1000, 1, 0, 2, 33]] {
                let before = |piece: usize| shards[..piece].iter().sum::<u32>() as usize;
                for _ in 0..200 {
                    let len = before(shards.len());
                    let hits: Vec<AtomicUsize> = (0..len).map(|_| AtomicUsize::new(0)).collect();
                    let done = AtomicUsize::new(0);
                    let found = pool.run(shards, &|piece, shard, thread| {
                        assert!(thread < count);
                        assert!(done.load(Ordering::Relaxed) >= before(piece));
                        hits[before(piece) + shard].fetch_add(1, Ordering::Relaxed);
                        done.fetch_add(1, Ordering::Relaxed);
                    });
                    assert_eq!(found, Ok(()));
                    assert!(hits.iter().all(|hit| hit.load(Ordering::Relaxed) == 1));
                }
            }
        }
    }

    /// A number that threads pass on without any order of their own.
    struct Plain(std::cell::UnsafeCell<Vec<u64>>);

    // SAFETY: the shards of a piece touch different entries, and pieces follow each other.
    unsafe impl Sync for Plain {}

    impl Plain {
        fn at(&self, index: usize) -> *mut u64 {
            // SAFETY: the list is not moved as long as it is shared; only its entries are used.
            unsafe { (*self.0.get()).as_mut_ptr().add(index) }
        }
    }

    #[test]
    fn a_piece_sees_what_the_one_before_wrote() {
        // Sums of neighbours, over and over: every entry depends on all orders being right.
        let (len, pieces) = (16, 40);
        let mut wanted: Vec<u64> = (0..len as u64).collect();
        for _ in 0..pieces {
            let next = |at: usize| wanted[at].wrapping_mul(3) ^ wanted[(at + 5) % len];
            wanted = (0..len).map(next).collect();
        }
        for count in [2, 3, 8] {
            let mut pool = Pool::new(count);
            let shards = vec![len as u32; pieces];
            for _ in 0..300 {
                let first: Vec<u64> = (0..len as u64).chain(std::iter::repeat_n(0, len)).collect();
                let plain = Plain(std::cell::UnsafeCell::new(first));
                let found = pool.run(&shards, &|piece, shard, _| {
                    let (from, to) = (piece % 2 * len, (piece + 1) % 2 * len);
                    // SAFETY: a piece reads one half, and each of its shards writes one entry of
                    // the other.
                    unsafe {
                        let own = *plain.at(from + shard);
                        let other = *plain.at(from + (shard + 5) % len);
                        *plain.at(to + shard) = own.wrapping_mul(3) ^ other;
                    }
                });
                assert_eq!(found, Ok(()));
                assert_eq!(plain.0.into_inner()[..len], wanted);
            }
        }
    }

    #[test]
    fn a_panic_is_told_and_the_pool_goes_on() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        for count in [1, 3] {
            let mut pool = Pool::new(count);
            for _ in 0..50 {
                let found =
                    pool.run(&[10, 10, 10], &|piece, shard, _| assert!((piece, shard) != (1, 7)));
                assert_eq!(found, Err(1));
                assert_eq!(pool.run(&[10, 4], &|_, _, _| {}), Ok(()));
            }
        }
        std::panic::set_hook(hook);
    }
}

//! The arena: one aligned array that every instruction reads and writes.
//!
//! Memory is asked for as zeros and never touched before it is used: what a program does not need
//! at once costs nothing. Large arenas lie on boundaries of large pages, and the system is told so.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::element::Element;

/// Bytes: a cache line, and the widest vector.
const ALIGN: usize = 64;
/// Bytes of a large page.
const PAGE: usize = 2 << 20;
/// What the system's allocator gives without being asked. With more, it would write the zeros
/// itself instead of taking pages that are zero.
const GIVEN: usize = 16;

/// Aligned memory, zero at first.
pub(crate) struct Arena<T> {
    start: NonNull<T>,
    len: usize,
    /// What was asked for, and where it begins.
    layout: Layout,
    base: *mut u8,
}

// SAFETY: the arena owns its memory, and numbers may be sent and shared.
unsafe impl<T: Element> Send for Arena<T> {}
// SAFETY: as above; a shared arena is only read.
unsafe impl<T: Element> Sync for Arena<T> {}

/// Large pages, where the system has them: fewer misses of the table of pages.
#[cfg(target_os = "linux")]
fn advise(start: *mut u8, bytes: usize) {
    use std::ffi::{c_int, c_void};
    const MADV_HUGEPAGE: c_int = 14;
    unsafe extern "C" {
        fn madvise(start: *mut c_void, bytes: usize, advice: c_int) -> c_int;
    }
    // SAFETY: the range is whole pages of memory that we own; the advice changes no contents. That
    // it may be refused does not matter.
    unsafe { madvise(start.cast(), bytes, MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise(_: *mut u8, _: usize) {}

impl<T: Element> Arena<T> {
    /// Memory for `len` numbers; none if the machine has not so much.
    pub(crate) fn new(len: usize) -> Option<Arena<T>> {
        let bytes = len.checked_mul(size_of::<T>())?;
        let align = if bytes >= 2 * PAGE { PAGE } else { ALIGN };
        let layout = Layout::from_size_align(bytes.checked_add(align - GIVEN)?, GIVEN).ok()?;
        if len == 0 {
            return Some(Arena {
                start: NonNull::dangling(),
                len,
                layout,
                base: std::ptr::null_mut(),
            });
        }
        // SAFETY: the layout has a size above 0.
        let base = unsafe { alloc_zeroed(layout) };
        if base.is_null() {
            return None;
        }
        // SAFETY: the base is a multiple of `GIVEN`, so this stays within what was added.
        let start = unsafe { base.add(base.addr().next_multiple_of(align) - base.addr()) };
        if align == PAGE {
            advise(start, bytes / PAGE * PAGE);
        }
        Some(Arena { start: NonNull::new(start.cast())?, len, layout, base })
    }

    /// At least `len` numbers with the same contents; false if there is no memory.
    pub(crate) fn grow(&mut self, len: usize) -> bool {
        if len <= self.len {
            return true;
        }
        let Some(mut larger) = Arena::new(len) else { return false };
        larger.all_mut()[..self.len].copy_from_slice(self.all());
        *self = larger;
        true
    }

    pub(crate) fn all(&self) -> &[T] {
        // SAFETY: `start` points to `len` numbers (or `len` is 0) that were zeroed, and nothing
        // writes while the arena is borrowed.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    pub(crate) fn all_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `all`, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    /// What the threads of one instruction share.
    pub(crate) fn view(&mut self) -> View<'_, T> {
        View { start: self.start, len: self.len, life: PhantomData }
    }
}

impl<T> Drop for Arena<T> {
    fn drop(&mut self) {
        if !self.base.is_null() {
            // SAFETY: allocated in `new` with the same layout.
            unsafe { dealloc(self.base, self.layout) };
        }
    }
}

/// Memory that the threads of one instruction read and write at the same time. Bounds are checked
/// here; that no thread writes what another one uses is what loading a program proves.
#[derive(Clone, Copy)]
pub(crate) struct View<'a, T> {
    start: NonNull<T>,
    len: usize,
    life: PhantomData<&'a mut [T]>,
}

// SAFETY: a view is a place and a length; its methods say what callers must hold.
unsafe impl<T: Element> Send for View<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Element> Sync for View<'_, T> {}

impl<'a, T: Element> View<'a, T> {
    #[inline(always)]
    fn check(&self, at: isize, len: usize) {
        let inside = at >= 0 && (at as usize) <= self.len && len <= self.len - at as usize;
        assert!(inside, "an access outside the arena: {at} and {len} more of {}", self.len);
    }

    /// How many numbers it has.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Its first number.
    #[inline(always)]
    pub(crate) fn start(&self) -> *mut T {
        self.start.as_ptr()
    }

    /// The place of `len` numbers.
    #[inline(always)]
    pub(crate) fn place(&self, at: isize, len: usize) -> *mut T {
        self.check(at, len);
        self.start.as_ptr().wrapping_offset(at)
    }

    /// `len` numbers.
    ///
    /// # Safety
    ///
    /// Nobody writes to them as long as the slice lives.
    #[inline(always)]
    pub(crate) unsafe fn read(&self, at: isize, len: usize) -> &'a [T] {
        self.check(at, len);
        // SAFETY: inside the memory, which outlives the view; the caller holds the rest.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().offset(at), len) }
    }

    /// `len` numbers to write.
    ///
    /// # Safety
    ///
    /// Nobody else reads or writes them as long as the slice lives.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn write(&self, at: isize, len: usize) -> &'a mut [T] {
        self.check(at, len);
        // SAFETY: inside the memory, which outlives the view; the caller holds the rest.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().offset(at), len) }
    }

    /// One number.
    ///
    /// # Safety
    ///
    /// Nobody writes it at the same time.
    #[inline(always)]
    pub(crate) unsafe fn get(&self, at: isize) -> T {
        self.check(at, 1);
        // SAFETY: inside the memory; the caller holds the rest.
        unsafe { *self.start.as_ptr().offset(at) }
    }

    /// Writes one number.
    ///
    /// # Safety
    ///
    /// Nobody else reads or writes it at the same time.
    #[inline(always)]
    pub(crate) unsafe fn set(&self, at: isize, value: T) {
        self.check(at, 1);
        // SAFETY: inside the memory; the caller holds the rest.
        unsafe { *self.start.as_ptr().offset(at) = value };
    }
}

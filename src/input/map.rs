//! Memory maps: the only module with `unsafe` code.
//!
//! A file that another process truncates under a map raises SIGBUS at the first look at a lost page. A handler puts an empty page there instead, and the map
//! remembers that it happened: the scan goes on and reports the file as changed, it never crashes.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Deref;

/// A read-only map of a file, of the length that it had when opened.
pub struct Map {
    inner: memmap2::Mmap,
    #[cfg(unix)]
    slot: Option<guard::Slot>,
}

impl Map {
    /// Maps `file` whole. Errors where the file system cannot map, or no guard slot is free: the caller reads it instead.
    pub fn open(file: &File) -> io::Result<Map> {
        // SAFETY: the map is private to this struct and read-only. Its bytes may change or vanish while they are read, if another process writes to the
        // file: nothing here relies on their being stable (parsers take any bytes, spans are cut to the slice), and lost pages are handled by `guard`.
        let inner = unsafe { memmap2::Mmap::map(file)? };
        #[cfg(unix)]
        {
            let _ = inner.advise(memmap2::Advice::Sequential);
            let slot = guard::Slot::take(inner.as_ptr() as usize, inner.len());
            if slot.is_none() {
                return Err(io::Error::other("too many maps at a time"));
            }
            Ok(Map { inner, slot })
        }
        #[cfg(not(unix))]
        Ok(Map { inner })
    }

    /// Did pages of the file vanish while they were read?
    pub fn lost_pages(&self) -> bool {
        #[cfg(unix)]
        return self.slot.as_ref().is_some_and(guard::Slot::hit);
        #[cfg(not(unix))]
        return false;
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.inner
    }
}

#[cfg(unix)]
mod guard {
    //! The SIGBUS handler and the table of maps that it looks after.

    use std::sync::Once;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    const SLOTS: usize = 64;

    struct Entry {
        used: AtomicBool,
        start: AtomicUsize,
        length: AtomicUsize,
        hit: AtomicBool,
    }

    static TABLE: [Entry; SLOTS] =
        [const { Entry { used: AtomicBool::new(false), start: AtomicUsize::new(0), length: AtomicUsize::new(0), hit: AtomicBool::new(false) } }; SLOTS];
    static PAGE: AtomicUsize = AtomicUsize::new(4096);
    static INSTALL: Once = Once::new();

    /// A place in the table, given back on drop.
    pub struct Slot(usize);

    impl Slot {
        pub fn take(start: usize, length: usize) -> Option<Slot> {
            INSTALL.call_once(install);
            for (i, entry) in TABLE.iter().enumerate() {
                if entry.used.compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                    entry.hit.store(false, Ordering::Relaxed);
                    entry.length.store(length, Ordering::Relaxed);
                    entry.start.store(start, Ordering::Release);
                    return Some(Slot(i));
                }
            }
            None
        }

        pub fn hit(&self) -> bool {
            TABLE[self.0].hit.load(Ordering::Acquire)
        }
    }

    impl Drop for Slot {
        fn drop(&mut self) {
            let entry = &TABLE[self.0];
            entry.start.store(0, Ordering::Release);
            entry.length.store(0, Ordering::Release);
            entry.used.store(false, Ordering::Release);
        }
    }

    fn install() {
        // SAFETY: plain libc calls with valid, zero-initialised structures; the handler below only touches atomics and makes system calls.
        unsafe {
            let page = libc::sysconf(libc::_SC_PAGESIZE);
            if page > 0 {
                PAGE.store(page as usize, Ordering::Relaxed);
            }
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_bus_error as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_NODEFER;
            libc::sigemptyset(&mut action.sa_mask);
            libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut());
        }
    }

    extern "C" fn on_bus_error(_signal: libc::c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
        // SAFETY: the kernel passes a valid `info`; `mmap` with MAP_FIXED replaces only pages inside a map that the table says is ours.
        unsafe {
            let address = (*info).si_addr() as usize;
            let page = PAGE.load(Ordering::Relaxed);
            for entry in &TABLE {
                let start = entry.start.load(Ordering::Acquire);
                let length = entry.length.load(Ordering::Acquire);
                if start != 0 && address >= start && address < start + length {
                    entry.hit.store(true, Ordering::Release);
                    let from = address & !(page - 1);
                    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
                    let placed = libc::mmap(from as *mut libc::c_void, page, libc::PROT_READ, flags, -1, 0);
                    if placed != libc::MAP_FAILED {
                        return;
                    }
                }
            }
            // Not ours: die as without a handler.
            libc::signal(libc::SIGBUS, libc::SIG_DFL);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_truncated_under_the_map_reads_as_zeros() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![b'x'; 100_000]).unwrap();
        let map = Map::open(&file).unwrap();
        assert_eq!(map[99_999], b'x');
        file.set_len(10).unwrap();
        let zeros = map.iter().filter(|b| **b == 0).count();
        assert!(zeros >= 90_000, "{zeros}");
        assert!(map.lost_pages());
    }
}

//! Pieces worked on side by side, their results taken in one after another.
//!
//! In: where pieces come from, what is to be done with each, and who takes the results in. Every thread does what is due, so that none waits for
//! another's batch: results that are next in order are taken in, else a new piece is fetched and worked on. Few pieces per thread are under way at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// Pieces per thread that are fetched and not yet taken in.
const AHEAD: usize = 4;
/// How long a thread rests that has run far ahead of another.
const A_MOMENT: Duration = Duration::from_micros(100);

struct Pipeline<'a, P, R> {
    source: Mutex<Source<'a, P>>,
    work: &'a (dyn Fn(P) -> R + Sync),
    waiting: Mutex<Waiting<R>>,
    take_in: Mutex<&'a mut (dyn FnMut(R) + Send)>,
    most_ahead: usize,
    /// A thread panicked: its piece will never be done.
    broken: AtomicBool,
}

/// Where pieces come from.
struct Source<'a, P> {
    fetch: &'a mut (dyn FnMut() -> Option<P> + Send),
    /// Fetched before the others, to see whether there are several.
    early: Option<P>,
    fetched: usize,
    exhausted: bool,
}

/// Results that wait for those before them, by number.
struct Waiting<R> {
    results: BTreeMap<usize, R>,
    taken_in: usize,
}

/// Works on all pieces that `fetch` gives, on all threads of the current pool, and hands the results to `take_in` in the order of the pieces. None of the
/// three may itself wait for the pool.
pub fn run<P: Send, R: Send>(fetch: &mut (dyn FnMut() -> Option<P> + Send), work: &(dyn Fn(P) -> R + Sync), take_in: &mut (dyn FnMut(R) + Send)) {
    let Some(first) = fetch() else { return };
    let Some(second) = fetch() else { return take_in(work(first)) };
    let threads = rayon::current_num_threads();
    let pipeline = Pipeline {
        source: Mutex::new(Source { fetch, early: Some(second), fetched: 1, exhausted: false }),
        work,
        waiting: Mutex::new(Waiting { results: BTreeMap::new(), taken_in: 0 }),
        take_in: Mutex::new(take_in),
        most_ahead: threads * AHEAD,
        broken: AtomicBool::new(false),
    };
    rayon::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|_| pipeline.help());
        }
        pipeline.work_on(0, first);
        pipeline.help();
    });
}

impl<P, R> Pipeline<'_, P, R> {
    /// Does what is due until all pieces are fetched. Who is at the last ones takes the rest in.
    fn help(&self) {
        loop {
            self.take_in_what_is_next();
            let mut source = lock(&self.source);
            if source.exhausted || self.broken.load(Ordering::Relaxed) {
                return;
            }
            if source.fetched - lock(&self.waiting).taken_in >= self.most_ahead {
                drop(source);
                // Another thread takes in, or is at a piece that takes long.
                drop(lock(&self.take_in));
                if rayon::yield_now() != Some(rayon::Yield::Executed) {
                    std::thread::sleep(A_MOMENT);
                }
                continue;
            }
            let told = Told(&self.broken);
            let piece = source.early.take().or_else(|| (source.fetch)());
            drop(told);
            let Some(piece) = piece else {
                source.exhausted = true;
                continue;
            };
            let number = source.fetched;
            source.fetched += 1;
            drop(source);
            self.work_on(number, piece);
        }
    }

    fn work_on(&self, number: usize, piece: P) {
        let _told = Told(&self.broken);
        let result = (self.work)(piece);
        lock(&self.waiting).results.insert(number, result);
    }

    fn take_in_what_is_next(&self) {
        while self.is_next_ready() {
            let mut take_in = match self.take_in.try_lock() {
                Ok(take_in) => take_in,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                // Who takes in looks again when it is done.
                Err(TryLockError::WouldBlock) => return,
            };
            while let Some(result) = self.next() {
                let _told = Told(&self.broken);
                take_in(result);
            }
        }
    }

    fn is_next_ready(&self) -> bool {
        let waiting = lock(&self.waiting);
        waiting.results.contains_key(&waiting.taken_in)
    }

    fn next(&self) -> Option<R> {
        let mut waiting = lock(&self.waiting);
        let number = waiting.taken_in;
        let result = waiting.results.remove(&number)?;
        waiting.taken_in += 1;
        Some(result)
    }
}

/// Says so when its thread panics.
struct Told<'a>(&'a AtomicBool);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool")
    }

    /// Pieces that take different times, some long.
    fn toil(piece: usize) -> usize {
        std::thread::sleep(Duration::from_micros(if piece % 17 == 3 { 3_000 } else { (piece * 37 % 200) as u64 }));
        piece
    }

    #[test]
    fn results_come_in_order_and_none_is_lost() {
        for threads in 1..=4 {
            for pieces in [0, 1, 2, 3, 7, 200] {
                let mut left = 0..pieces;
                let mut taken = Vec::new();
                pool(threads).install(|| run(&mut || left.next(), &toil, &mut |piece| taken.push(piece)));
                assert_eq!(taken, (0..pieces).collect::<Vec<_>>(), "{threads} threads");
            }
        }
    }

    #[test]
    fn few_pieces_are_under_way_when_taking_in_is_slow() {
        let (fetched, taken_in) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut most = 0;
        let mut left = 0..100;
        let mut fetch = || {
            fetched.fetch_add(1, Ordering::Relaxed);
            left.next()
        };
        pool(2).install(|| {
            run(&mut fetch, &toil, &mut |_| {
                std::thread::sleep(Duration::from_micros(500));
                most = most.max(fetched.load(Ordering::Relaxed) - taken_in.fetch_add(1, Ordering::Relaxed));
            });
        });
        assert_eq!(taken_in.into_inner(), 100);
        assert!(most <= 2 * AHEAD + 2, "{most}");
    }

    #[test]
    fn several_at_once_on_one_pool() {
        use rayon::prelude::*;
        let sums: Vec<usize> = pool(3).install(|| {
            (0..8usize)
                .into_par_iter()
                .map(|_| {
                    let (mut left, mut sum) = (0..50, 0);
                    run(&mut || left.next(), &toil, &mut |piece| sum += piece);
                    sum
                })
                .collect()
        });
        assert_eq!(sums, [1225; 8]);
    }

    #[test]
    fn a_panic_is_passed_on_and_hangs_nobody() {
        let outcome = std::panic::catch_unwind(|| {
            let mut left = 0..100;
            let work = |piece: usize| if piece == 5 { panic!("on purpose") } else { toil(piece) };
            pool(2).install(|| run(&mut || left.next(), &work, &mut |_| {}));
        });
        assert!(outcome.is_err());
    }
}

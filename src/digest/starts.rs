//! Starts that are only counted: a JobManager may start thousands of times in one log, and of most of them nothing is to be told but how they ended.
//!
//! In: lives and entries of one source, in file order. Out: which lives are given up, and what is left to say of them. The first and the last of those that
//! ended alike are kept, and every one in which a job is told of. A TaskManager's lives stay: the JobManager's log may ask for any.

use rustc_hash::FxHashMap;

use super::folded::worker_of;
use super::life::Life;
use super::{Entry, What, push_one};
use crate::event::{Kind, Str};

/// Lives that one log keeps before those of the middle are looked at.
const MOST_STARTS: usize = 2_000;
/// And however many files a rotated log has, each keeps as many as this.
const LEAST_STARTS: usize = 200;

/// Lives that each of `files` keeps which one appender wrote.
pub fn most_starts(files: usize) -> usize {
    (MOST_STARTS / files.max(1)).max(LEAST_STARTS)
}

/// How a life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Fatal,
    /// A signal, an exit, or words of shutting down.
    Orderly,
    /// Its log just stops.
    Silent,
}

impl Ending {
    fn of(life: &Life) -> Ending {
        if life.fatal.is_some() {
            Ending::Fatal
        } else if life.signal.is_some() || life.exit_code.is_some() || life.shutdown.is_some() {
            Ending::Orderly
        } else {
            Ending::Silent
        }
    }
}

/// Lives of which nothing is left but this.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FoldedStarts {
    pub fatal: u64,
    pub orderly: u64,
    pub silent: u64,
    /// Entries that went with them.
    pub entries: u64,
}

impl FoldedStarts {
    /// All of them.
    pub fn lives(&self) -> u64 {
        self.fatal + self.orderly + self.silent
    }

    /// Counts a life that is given up.
    pub fn count(&mut self, life: &Life) {
        *match Ending::of(life) {
            Ending::Fatal => &mut self.fatal,
            Ending::Orderly => &mut self.orderly,
            Ending::Silent => &mut self.silent,
        } += 1;
    }

    /// Drops lives that are gone and what is told during them: of TaskManagers, where one came and went meanwhile. Out: of each of these, how many of its lives
    /// are gone, and whether all are.
    pub fn drop_lives(&mut self, lives: &mut Vec<Life>, entries: &mut Vec<Entry>, gone: &[bool]) -> Vec<(Str, u64, bool)> {
        let mut walk = Walk::over(lives);
        let mut workers = Workers::default();
        let fates: Vec<Fate> = entries.iter().map(|entry| workers.fate(entry, walk.life_of(entry).is_some_and(|life| gone[life]))).collect();
        let Workers { lives: of_workers, .. } = workers;
        let mut known: FxHashMap<&Str, (u64, bool)> = FxHashMap::default();
        for (id, goes) in &of_workers {
            let (count, all) = known.entry(id).or_insert((0, true));
            *count += u64::from(*goes);
            *all &= goes;
        }
        let mut known: Vec<(Str, u64, bool)> =
            known.into_iter().filter(|(_, (count, _))| *count > 0).map(|(id, (count, all))| (id.clone(), count, all)).collect();
        known.sort_unstable();
        let before = entries.len();
        let mut fates = fates.into_iter();
        entries.retain(|_| match fates.next() {
            Some(Fate::Goes) => false,
            Some(Fate::With(life)) => !of_workers[life].1,
            Some(Fate::Stays) | None => true,
        });
        self.entries += (before - entries.len()) as u64;
        let mut gone = gone.iter();
        lives.retain(|life| {
            let goes = gone.next() == Some(&true);
            if goes {
                self.count(life);
            }
            !goes
        });
        known
    }
}

/// What becomes of an entry.
enum Fate {
    Stays,
    Goes,
    /// As that life of a TaskManager does.
    With(usize),
}

/// Lives of TaskManagers, each from a registration to what is told before the next one.
#[derive(Default)]
struct Workers {
    /// Whose it is, and whether all of it is told during lives that are gone.
    lives: Vec<(Str, bool)>,
    /// The last life of each, and whether it is registered.
    last: FxHashMap<Str, (usize, bool)>,
}

impl Workers {
    fn fate(&mut self, entry: &Entry, during: bool) -> Fate {
        let Some(id) = worker_of(&entry.what) else { return if during { Fate::Goes } else { Fate::Stays } };
        let registers = matches!(entry.what, What::Event(Kind::TmRegistering { .. }));
        let known = self.last.get(id).copied();
        // One that outlives its JobManager registers with the next, and is the same.
        let again = registers && known.is_some_and(|(_, there)| there);
        let life = match known {
            Some((life, _)) if again || !registers => life,
            _ => {
                push_one(&mut self.lives, (id.clone(), true));
                self.lives.len() - 1
            }
        };
        self.lives[life].1 &= during;
        self.last.insert(id.clone(), (life, registers));
        if again && during { Fate::Goes } else { Fate::With(life) }
    }
}

/// Goes through entries and the lives in which they were written.
struct Walk {
    /// Where each life begins.
    lines: Vec<u64>,
    next: usize,
}

impl Walk {
    fn over(lives: &[Life]) -> Walk {
        Walk { lines: lives.iter().map(|life| life.first.line).collect(), next: 0 }
    }

    /// The life of the next entry.
    fn life_of(&mut self, entry: &Entry) -> Option<usize> {
        while self.lines.get(self.next).is_some_and(|line| *line <= entry.place.line) {
            self.next += 1;
        }
        self.next.checked_sub(1)
    }
}

/// Chooses lives to be given up: all but the first and the last `kept` of those that ended alike. Out: for each life, whether it goes.
pub fn choose(lives: &[Life], entries: &[Entry], kept: usize) -> Vec<bool> {
    let mut bare: Vec<bool> = lives.iter().map(is_of_job_manager).collect();
    let mut walk = Walk::over(lives);
    for entry in entries {
        if let Some(life) = walk.life_of(entry) {
            bare[life] &= !tells_of_job(&entry.what);
        }
    }
    let mut gone = vec![false; lives.len()];
    for ending in [Ending::Fatal, Ending::Orderly, Ending::Silent] {
        // The start that follows jobs ends them; the last life goes on.
        let may_go = |at: &usize| bare[*at] && bare[*at - 1] && Ending::of(&lives[*at]) == ending;
        let alike: Vec<usize> = (1..lives.len().saturating_sub(1)).filter(may_go).collect();
        for at in alike.get(kept..alike.len().saturating_sub(kept)).unwrap_or_default() {
            gone[*at] = true;
        }
    }
    gone
}

fn is_of_job_manager(life: &Life) -> bool {
    life.resource_id.is_none() && life.component.as_ref().is_some_and(|component| !component.contains("Task"))
}

fn tells_of_job(what: &What) -> bool {
    what.job().is_some() || matches!(what, What::TaskFailed { .. } | What::Tasks { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Place;
    use crate::event::{JobId, TmLoss};
    use crate::layout::Level;

    fn at(line: u64) -> Place {
        Place { line, ..Place::default() }
    }

    fn entry(line: u64, kind: Kind) -> Entry {
        Entry { ms: None, place: at(line), level: Level::Info, quote: None, exception: None, pattern: None, what: What::Event(kind) }
    }

    /// Lives that begin ten lines apart and end by a signal.
    fn lives(count: u64) -> Vec<Life> {
        let life = |i| Life { component: Some("Entrypoint".into()), signal: Some(("TERM".into(), at(1))), first: at(10 * i + 1), ..Life::default() };
        (0..count).map(life).collect()
    }

    fn going(gone: &[bool]) -> Vec<usize> {
        gone.iter().enumerate().filter(|(_, goes)| **goes).map(|(at, _)| at).collect()
    }

    #[test]
    fn the_first_and_the_last_of_each_ending_stay() {
        let mut lives = lives(12);
        for fatal in [2, 4, 6, 8] {
            lives[fatal].fatal = Some(("fatal".into(), at(1)));
        }
        for silent in [5, 7] {
            lives[silent].signal = None;
        }
        // The very first life may go on one of another file, and the last one goes on.
        assert_eq!(going(&choose(&lives, &[], 1)), [3, 4, 6, 9]);
        assert_eq!(going(&choose(&lives, &[], 2)), [] as [usize; 0]);
        assert_eq!(going(&choose(&lives, &[], 7)), [] as [usize; 0], "fewer than are kept");
        assert!(choose(&[], &[], 1).is_empty());
        let mut folded = FoldedStarts::default();
        let gone = choose(&lives, &[], 1);
        assert!(folded.drop_lives(&mut lives, &mut Vec::new(), &gone).is_empty());
        assert_eq!((lives.len(), folded), (8, FoldedStarts { fatal: 2, orderly: 2, silent: 0, entries: 0 }));
    }

    #[test]
    fn lives_with_jobs_those_after_them_and_task_managers_stay() {
        let mut lives = lives(12);
        lives[7].component = Some("TaskManager".into());
        lives[9].resource_id = Some("a".into());
        let entries = [entry(35, Kind::LeaderGranted), entry(45, Kind::JobSeen { job: JobId(1) }), entry(49, Kind::LeaderGranted)];
        // 4 tells of a job, 5 ends it; so it may be with what comes after 7 and 9.
        assert_eq!(going(&choose(&lives, &entries, 0)), [1, 2, 3, 6]);
        assert_eq!(going(&choose(&lives, &entries[..1], 0)), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn task_managers_go_with_the_lives_in_which_they_came_and_went() {
        let registers = |line, id: &str| entry(line, Kind::TmRegistering { id: id.into(), address: "".into() });
        let lost = |line, id: &str| entry(line, Kind::TmLost { id: id.into(), why: TmLoss::Released, text: "gone".into() });
        let mut entries = vec![
            registers(2, "outlives"),
            registers(3, "began before"),
            registers(4, "again"),
            lost(5, "again"),
            // In the life that goes:
            registers(11, "outlives"),
            registers(12, "within"),
            lost(13, "began before"),
            lost(14, "within"),
            registers(15, "again"),
            lost(16, "again"),
            registers(17, "stays"),
            entry(18, Kind::LeaderGranted),
            // In the one after it:
            registers(21, "outlives"),
            registers(22, "again"),
            lost(23, "stays"),
        ];
        let mut lives = lives(3);
        let mut folded = FoldedStarts::default();
        let known = folded.drop_lives(&mut lives, &mut entries, &[false, true, false]);
        let lines: Vec<u64> = entries.iter().map(|entry| entry.place.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 13, 17, 21, 22, 23]);
        assert_eq!(known, [("again".into(), 1, false), ("within".into(), 1, true)]);
        assert_eq!((lives.len(), folded.lives(), folded.entries), (2, 1, 6));
    }
}

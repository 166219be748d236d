//! The state machine over one source: which JVM a line belongs to, where one life ends and the next begins.
//!
//! In: lines in file order (those that may matter suffice). Out: a [`GcLog`]. Two signs of three make a new life: a header, uptime going
//! down, the collection number back at 0.

use super::clock::Moment;
use super::decorations::Stamp;
use super::legacy::{self, Event, Scanner};
use super::life::{Life, Shared};
use super::model::*;
use super::reading::Reading;
use super::unified::{self, Record, Topic};
use super::{candidate, events};

/// Lives kept apart; a crash loop longer than that is told by its first ones.
const LIVES: usize = 4096;
/// JVMs open at one time in one stream.
const STREAMS: usize = 64;
const NOTEWORTHY: usize = 50_000;
const NOTES: usize = 64;
/// Header lines of one JVM start come within this time, not always in order.
const STARTUP_SLACK_MS: f64 = 50.0;
/// Lines of several threads may swap by this much.
const DISORDER_MS: f64 = 1000.0;

/// Sequential reader of one source. Feed it every line, or those that [`super::is_candidate`] lets pass: the result is the same.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    open: Vec<Life>,
    done: Vec<JvmLife>,
    shared: Shared,
    scanner: Scanner,
    notes: Vec<Note>,
    kept: usize,
    jumps: u64,
    /// JDK 8 header seen, its version; the next stamp decides whether it is a new JVM or a rotated file.
    header: Option<(Place, Option<String>, bool)>,
    rotated: bool,
}

impl Machine {
    pub fn new() -> Self {
        Self::default()
    }

    /// One that hands out every pause by [`Machine::take_pauses`] too.
    pub fn telling() -> Self {
        let mut machine = Self::default();
        machine.shared.told = Some(Vec::new());
        machine
    }

    /// The pauses since the last call, of a machine made by [`Machine::telling`]. The last pause of a life waits for the next one, or for `end`.
    pub fn take_pauses(&mut self, end: bool) -> Vec<Pause> {
        if end {
            self.open.iter_mut().for_each(|life| life.commit(&mut self.shared));
        }
        self.shared.told.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Takes the next line, without its line end or with it. `wrapper_time`: epoch milliseconds of a container prefix.
    pub fn line(&mut self, at: Place, text: &[u8], wrapper_time: Option<i64>) {
        self.take(at, text, &Reading::of(candidate::strip(text).0), wrapper_time);
    }

    /// The same for a line that was read before.
    pub fn take(&mut self, at: Place, text: &[u8], reading: &Reading, wrapper_time: Option<i64>) {
        let (text, skipped) = candidate::strip(text);
        let at = Place { line: at.line, byte: at.byte.saturating_add(skipped) };
        if text.is_empty() {
            return;
        }
        if let Some(record) = reading.record(text) {
            self.unified(at, &record, wrapper_time);
        } else {
            self.legacy(at, text, wrapper_time);
        }
    }

    pub fn finish(mut self) -> GcLog {
        if let Some((at, stamp, kind)) = std::mem::take(&mut self.scanner).finish() {
            self.legacy_event(Event::Open(at, stamp, kind), at, None);
        }
        while !self.open.is_empty() {
            self.close(0);
        }
        self.done.sort_by_key(|life| life.first_line.line);
        for life in &self.done {
            if let Some(gc_id) = life.first_gc_id.filter(|id| *id > 0) {
                note(&mut self.notes, life.first_line.line, NoteKind::BeginsAt { gc_id });
            }
        }
        self.notes.sort_by_key(|note| note.line);
        let shown = self.done.iter().any(|life| life.pauses.is_some());
        GcLog { lives: self.done, pauses: shown.then(|| self.shared.durations.summary()), notes: self.notes }
    }

    fn unified(&mut self, at: Place, record: &Record<'_>, wrapper: Option<i64>) {
        let moment = Moment::new(&record.stamp, wrapper);
        let mut index = self.stream(record.stamp.pid, at);
        if self.begins_anew(index, at, record, &moment) {
            let pid = self.open[index].pid;
            self.close(index);
            index = self.push(at, pid);
        }
        self.see(index, at, record.id, &moment, &record.stamp, wrapper);
        events::unified(&mut self.open[index], &mut self.shared, at, record, moment);
    }

    /// The life that a process number belongs to; lines without one belong to the life opened last.
    fn stream(&mut self, pid: Option<u64>, at: Place) -> usize {
        let known = match pid {
            None => self.open.len().checked_sub(1),
            Some(_) => match self.open.iter().position(|life| life.pid == pid) {
                None if self.open.len() == 1 && self.open[0].pid.is_none() => {
                    self.open[0].pid = pid;
                    Some(0)
                }
                found => found,
            },
        };
        match known {
            Some(index) => index,
            None => {
                if self.full(at) && !self.open.is_empty() {
                    return self.open.len() - 1;
                }
                if self.open.len() >= STREAMS {
                    self.close(0);
                }
                self.push(at, pid)
            }
        }
    }

    fn push(&mut self, at: Place, pid: Option<u64>) -> usize {
        let budget = NOTEWORTHY.saturating_sub(self.kept) / (self.open.len() + 1);
        self.open.push(Life::new(at, pid, budget.max(1)));
        self.open.len() - 1
    }

    fn close(&mut self, index: usize) {
        let life = self.open.remove(index);
        self.kept += life.noteworthy_kept();
        self.done.push(life.finish(&mut self.shared));
    }

    /// Does this line begin a new JVM life in its stream?
    fn begins_anew(&mut self, index: usize, at: Place, record: &Record<'_>, moment: &Moment) -> bool {
        let life = &self.open[index];
        let down = match (life.clock.latest(), life.clock.at(moment)) {
            (Some(latest), Some(now)) if life.clock.has_uptime() => Some(now + STARTUP_SLACK_MS < latest),
            _ => None,
        };
        let anew = match record.topic {
            Topic::Header(_) => (life.header || life.max_id.is_some()) && down.unwrap_or(life.max_id.is_some()),
            Topic::Pause | Topic::Cycle if record.id == Some(0) => {
                // Number 0 comes again as the wrapper of number 1, and as the later pauses of a first concurrent cycle.
                let far = life.max_id.is_some_and(|max| max >= 2);
                let begin = record.topic == Topic::Cycle || unified::pause(record.text).is_some_and(|pause| begins_cycle(pause.kind));
                far && begin && down.unwrap_or(!life.clock.has_uptime() && record.topic == Topic::Pause)
            }
            _ => false,
        };
        anew && !self.full(at)
    }

    /// No further life can be kept apart.
    fn full(&mut self, at: Place) -> bool {
        let full = self.done.len() + self.open.len() >= LIVES;
        if full {
            note(&mut self.notes, at.line, NoteKind::TooManyLives);
        }
        full
    }

    /// Books the stamp of a line.
    fn see(&mut self, index: usize, at: Place, id: Option<u64>, moment: &Moment, stamp: &Stamp, wrapper: Option<i64>) {
        let life = &mut self.open[index];
        if let (Some(latest), Some(now)) = (life.clock.latest(), life.clock.at(moment))
            && now + DISORDER_MS < latest
        {
            note(&mut self.notes, at.line, NoteKind::StampsRunBackwards { by_ms: latest - now });
            if id.is_some_and(|id| life.max_id.is_some_and(|max| id.saturating_add(1) < max)) {
                self.jumps += 1;
                if self.jumps >= 3 {
                    note(&mut self.notes, at.line, NoteKind::Interleaved);
                }
            }
        }
        if let Some(by_ms) = life.clock.see(moment, stamp, wrapper) {
            note(&mut self.notes, at.line, NoteKind::WallClockStepped { by_ms });
        }
        if let Some(id) = id {
            life.saw_id(id);
        }
    }

    fn legacy(&mut self, at: Place, text: &[u8], wrapper: Option<i64>) {
        if !candidate::is_candidate(text) {
            // Brackets of other programs must not change the depth, whether the caller filters or not.
            return;
        }
        if let Some(version) = legacy::header(text) {
            let version = String::from_utf8_lossy(&version[..version.len().min(60)]).into_owned();
            self.header = Some((at, Some(version), std::mem::take(&mut self.rotated)));
            return;
        }
        if let Some((collector, max)) = legacy::flags(text) {
            self.settle_header(at, None);
            let index = self.stream(None, at);
            let life = &mut self.open[index];
            life.infer(collector);
            life.max_heap = max.or(life.max_heap);
            return;
        }
        if text == b"Heap" {
            if let Some(life) = self.open.last_mut() {
                life.orderly_exit = true;
            }
            return;
        }
        self.rotated |= candidate::is_rotation(text);
        if candidate::mentions_limit(text)
            && let Some(life) = self.open.last_mut()
        {
            life.counters.overhead_warnings += 1;
        }
        let mut scanner = std::mem::take(&mut self.scanner);
        scanner.line(at, text, &mut |event| self.legacy_event(event, at, wrapper));
        self.scanner = scanner;
    }

    /// A header opens a life, unless its uptime goes on: then it heads a rotated part of the same JVM.
    fn settle_header(&mut self, at: Place, moment: Option<&Moment>) {
        let Some((place, version, rotated)) = self.header.take() else {
            return;
        };
        let anew = match self.open.last() {
            None => true,
            Some(life) => {
                let used = life.header || life.counters.gc_lines > 0;
                let down = moment.and_then(|moment| Some(life.clock.at(moment)? < life.clock.latest()?));
                match down {
                    Some(down) => used && down,
                    // Flags follow the header without a stamp: not decided yet.
                    None if moment.is_none() && used => {
                        self.header = Some((place, version, rotated));
                        return;
                    }
                    None => used && !rotated,
                }
            }
        };
        let index = if anew && !self.full(at) {
            if let Some(last) = self.open.len().checked_sub(1).filter(|last| self.open[*last].pid.is_none()) {
                self.close(last);
            }
            self.push(place, None)
        } else {
            self.stream(None, at)
        };
        let life = &mut self.open[index];
        life.header |= anew && !rotated;
        life.version = version.or(life.version.take());
    }

    fn legacy_event(&mut self, event: Event<'_>, at: Place, wrapper: Option<i64>) {
        let stamp = match &event {
            Event::Pause(_, stamp, _) | Event::Open(_, stamp, _) | Event::Concurrent(stamp, ..) | Event::Stopped(stamp, _) => *stamp,
            Event::Heap(_) | Event::Cpu(_) | Event::CycleStart => Stamp::default(),
        };
        let moment = Moment::new(&stamp, wrapper);
        if matches!(event, Event::Heap(_) | Event::Cpu(_) | Event::CycleStart) && self.open.is_empty() {
            return;
        }
        if moment.uptime.is_some() || moment.wall.is_some() || matches!(event, Event::Pause(..)) {
            self.settle_header(at, Some(&moment));
        }
        let mut index = self.stream(None, at);
        let life = &self.open[index];
        if let (Some(latest), Some(now), true) = (life.clock.latest(), moment.uptime, life.clock.has_uptime())
            && restarted(latest, now)
            && matches!(event, Event::Pause(..))
            && !self.full(at)
        {
            self.close(index);
            index = self.push(at, None);
        }
        if stamp != Stamp::default() || moment.borrowed {
            self.see(index, at, None, &moment, &stamp, wrapper);
        }
        events::legacy(&mut self.open[index], &mut self.shared, event, moment, at);
    }
}

/// JDK 8 prints no collection numbers: without a header only an uptime far below the last one shows a restart.
fn restarted(latest: f64, now: f64) -> bool {
    const STARTUP_MS: f64 = 120_000.0;
    now < STARTUP_MS && now < latest / 2.0 && latest - now > 5_000.0
}

fn begins_cycle(kind: PauseKind) -> bool {
    kind.is_young() || matches!(kind, PauseKind::Full | PauseKind::InitMark | PauseKind::MarkStart)
}

fn note(notes: &mut Vec<Note>, line: u64, kind: NoteKind) {
    let same = |known: &Note| std::mem::discriminant(&known.kind) == std::mem::discriminant(&kind);
    if let Some(known) = notes.iter_mut().find(|known| same(known)) {
        known.count += 1;
        if let (NoteKind::StampsRunBackwards { by_ms: most }, NoteKind::StampsRunBackwards { by_ms }) = (&mut known.kind, &kind) {
            *most = most.max(*by_ms);
        }
    } else if notes.len() < NOTES {
        notes.push(Note { line, count: 1, kind });
    }
}

impl GcLog {
    /// Anchors lives that have only uptime by the process's start banner; call it once per banner, in time order: each call
    /// serves the first life still without a wall clock. True when one was served.
    pub fn note_process_start(&mut self, epoch_ms: i64) -> bool {
        self.lives.iter_mut().any(|life| life.note_process_start(epoch_ms))
    }
}

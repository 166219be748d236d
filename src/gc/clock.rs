//! Clocks of one JVM life: uptime, wall clock, stamps of a container wrapper; and how they are tied together.
//!
//! Durations and gaps are taken from uptime, which steps of the wall clock do not move.

use super::decorations::Stamp;
use super::model::{Anchor, AnchorFrom, JvmLife, Span};

/// A point in time as one line gives it, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moment {
    pub uptime: Option<f64>,
    /// Epoch.
    pub wall: Option<f64>,
    /// `wall` comes from the wrapper, not from the JVM.
    pub borrowed: bool,
}

impl Moment {
    pub fn new(stamp: &Stamp, wrapper: Option<i64>) -> Self {
        let own = stamp.wall.map(|wall| wall as f64);
        // A wrapper's stamp stands in only where the line has nothing of its own.
        let borrowed = own.is_none() && stamp.uptime.is_none() && wrapper.is_some();
        Self { uptime: stamp.uptime, wall: if borrowed { wrapper.map(|wall| wall as f64) } else { own }, borrowed }
    }

    /// `ms` before, to the microsecond.
    pub fn minus(self, ms: f64) -> Self {
        let back = |at: f64| ((at - ms) * 1e3).round() / 1e3;
        Self { uptime: self.uptime.map(back), wall: self.wall.map(back), ..self }
    }
}

/// Wall-clock steps below this are rounding and log buffering.
const STEP_MS: f64 = 1000.0;

#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    /// The life's clock is the wall clock: its first stamped line has no uptime.
    wall_only: Option<bool>,
    first: Option<f64>,
    last: Option<f64>,
    offset: Option<i16>,
    /// wall − uptime: first, least, greatest.
    start: Option<(f64, f64, f64)>,
    wrapper: Option<f64>,
    borrowed: bool,
}

impl Clock {
    /// Takes the stamp of a line; the result is how far the wall clock stepped, when it did for the first time.
    pub fn see(&mut self, moment: &Moment, stamp: &Stamp, wrapper: Option<i64>) -> Option<i64> {
        self.offset = self.offset.or(stamp.offset);
        let mut stepped = None;
        if let (Some(uptime), Some(wall)) = (moment.uptime, moment.wall) {
            let start = wall - uptime;
            let (first, least, most) = self.start.unwrap_or((start, start, start));
            let calm = most - least < STEP_MS;
            self.start = Some((first, least.min(start), most.max(start)));
            if calm && (start - first).abs() >= STEP_MS {
                stepped = Some((start - first) as i64);
            }
        } else if let (Some(uptime), Some(wrapper)) = (moment.uptime, wrapper) {
            let start = wrapper as f64 - uptime;
            self.wrapper = Some(self.wrapper.map_or(start, |known| known.min(start)));
        }
        self.borrowed |= moment.borrowed;
        if self.wall_only.is_none() && (moment.uptime.is_some() || moment.wall.is_some()) {
            self.wall_only = Some(moment.uptime.is_none());
        }
        if let Some(at) = self.at(moment) {
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
            self.last = Some(self.last.map_or(at, |last| last.max(at)));
        }
        stepped
    }

    /// The moment on the life's clock.
    pub fn at(&self, moment: &Moment) -> Option<f64> {
        if self.wall_only == Some(true) { moment.wall } else { moment.uptime }
    }

    /// Latest stamp so far.
    pub fn latest(&self) -> Option<f64> {
        self.last
    }

    pub fn has_uptime(&self) -> bool {
        self.wall_only == Some(false)
    }

    pub fn span(&self, from_start: bool) -> Option<Span> {
        let (first_ms, last_ms) = self.first.zip(self.last)?;
        Some(Span { first_ms, last_ms, from_start, wall_clock: self.wall_only == Some(true) })
    }

    pub fn anchor(&self) -> Option<Anchor> {
        let offset_minutes = self.offset;
        if let Some((first, least, most)) = self.start {
            let error_ms = ((most - first).max(first - least).ceil() as i64).saturating_add(1);
            return Some(Anchor { start_epoch_ms: first.round() as i64, from: AnchorFrom::TimeAndUptime, error_ms, offset_minutes });
        }
        if let Some(start) = self.wrapper {
            // The stamp is taken after writing: the least difference is the nearest, the buffering unknown.
            return Some(Anchor { start_epoch_ms: start.round() as i64, from: AnchorFrom::Wrapper, error_ms: 1000, offset_minutes });
        }
        if self.wall_only == Some(true) {
            let from = if self.borrowed { AnchorFrom::Wrapper } else { AnchorFrom::Time };
            let error_ms = if self.borrowed { 1000 } else { 1 };
            return Some(Anchor { start_epoch_ms: self.first? as i64, from, error_ms, offset_minutes });
        }
        None
    }
}

impl JvmLife {
    /// Anchors the life by the first line of the process's own Flink log, epoch milliseconds. A better anchor stays.
    /// True when it was used.
    pub fn note_process_start(&mut self, epoch_ms: i64) -> bool {
        // Flink writes its banner 0.3–2 s after the JVM start: the middle, ± the half.
        const DELAY_MS: i64 = 1150;
        const HALF_MS: i64 = 850;
        let usable = self.anchor.is_none() && self.span.is_some_and(|span| !span.wall_clock);
        if usable {
            let start_epoch_ms = epoch_ms.saturating_sub(DELAY_MS);
            self.set_anchor(Anchor { start_epoch_ms, from: AnchorFrom::StartBanner, error_ms: HALF_MS, offset_minutes: None });
        }
        usable
    }

    /// Epoch milliseconds of a time on the clock of [`Span`]; none without an anchor.
    pub fn epoch_ms(&self, at_ms: f64) -> Option<i64> {
        if self.span?.wall_clock {
            return Some(at_ms.round() as i64);
        }
        Some(self.anchor?.start_epoch_ms.saturating_add(at_ms.round() as i64))
    }

    pub(super) fn set_anchor(&mut self, anchor: Anchor) {
        self.anchor = Some(anchor);
        let place = |uptime: Option<f64>, epoch: &mut Option<i64>| {
            if let (None, Some(uptime)) = (&epoch, uptime) {
                *epoch = Some(anchor.start_epoch_ms.saturating_add(uptime.round() as i64));
            }
        };
        for pause in self.longest.iter_mut().chain(&mut self.noteworthy) {
            place(pause.uptime_ms, &mut pause.epoch_ms);
        }
        for open in &mut self.open_pauses {
            place(open.uptime_ms, &mut open.epoch_ms);
        }
    }
}

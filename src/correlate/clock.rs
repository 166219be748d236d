//! Clocks: which offset the times of a source have. Log4j prints none; the log itself tells it where a line carries epoch milliseconds, and other sources of
//! the same cluster lend theirs where the same event stands in both.

use rustc_hash::FxHashMap;

use crate::digest::What;
use crate::event::ExecutionId;
use crate::layout::time::Date;
use crate::scan::ScannedSource;
use crate::when::Zone;

/// Offsets are multiples of a quarter of an hour.
const QUARTER_MS: i64 = 15 * 60_000;

/// Where an offset comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneFrom {
    Option,
    /// Stated by the stamps, or told by epoch milliseconds in the same source.
    Log,
    /// The other sources agree on it.
    Inferred,
    /// The same event stands in another source.
    Paired,
    Assumed,
}

impl ZoneFrom {
    /// Word in the report.
    pub fn name(self) -> &'static str {
        match self {
            ZoneFrom::Option => "option",
            ZoneFrom::Log => "log",
            ZoneFrom::Inferred => "inferred",
            ZoneFrom::Paired => "paired",
            ZoneFrom::Assumed => "assumed",
        }
    }
}

/// The clock of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// To be taken from shown times to get UTC. 0 where stamps state their offset: those are UTC already.
    pub correction_ms: i64,
    /// Offset that times of this source are shown with, in minutes; of the first one where `zone` has seasons.
    pub shown_minutes: i32,
    pub from: ZoneFrom,
    /// `--tz`, whose offset may change while the log goes on.
    zone: Option<Zone>,
}

impl Clock {
    /// UTC of a shown time.
    pub fn utc(&self, shown: i64) -> i64 {
        self.zone.map_or(shown - self.correction_ms, |zone| zone.to_utc(shown))
    }

    /// Offset that a time of this source (UTC) is shown with, in minutes.
    pub fn minutes_at(&self, utc: i64) -> i32 {
        self.zone.map_or(self.shown_minutes, |zone| zone.minutes_at(utc))
    }

    /// The zone of the source.
    pub fn zone(&self) -> Zone {
        self.zone.unwrap_or_else(|| Zone::of_minutes(self.shown_minutes))
    }

    fn of_offset(ms: i64, from: ZoneFrom) -> Clock {
        Clock { correction_ms: ms, shown_minutes: (ms / 60_000) as i32, from, zone: None }
    }

    /// UTC stamps, shown with the offset that the log states.
    fn stated(minutes: i16) -> Clock {
        Clock { correction_ms: 0, shown_minutes: i32::from(minutes), from: ZoneFrom::Log, zone: None }
    }

    fn of_zone(zone: Zone, first: i64) -> Clock {
        let minutes = zone.minutes_at_wall(first);
        let zone = Some(zone).filter(|zone| !matches!(zone, Zone::Fixed(_)));
        Clock { zone, ..Clock::of_offset(i64::from(minutes) * 60_000, ZoneFrom::Option) }
    }
}

/// Settles the clock of every source.
pub fn settle(sources: &[ScannedSource], option: Option<Zone>) -> Vec<Clock> {
    let dated = |source: &ScannedSource| source.digest.first.filter(|stamp| stamp.date == Date::Full).map(|stamp| stamp.ms);
    let earliest = sources.iter().filter_map(dated).min().unwrap_or(0);
    let of_option = |source: &ScannedSource| option.map(|zone| Clock::of_zone(zone, dated(source).unwrap_or(earliest)));
    let mut clocks: Vec<Option<Clock>> = sources.iter().map(|source| own(source, of_option(source))).collect();
    pair(sources, &mut clocks);
    // What all that is known agrees on holds for the rest of the same clusters.
    let mut known: Vec<i64> = clocks.iter().flatten().filter(|c| c.from != ZoneFrom::Option).map(|c| i64::from(c.shown_minutes) * 60_000).collect();
    known.sort_unstable();
    known.dedup();
    let common = (known.len() == 1).then(|| known[0]);
    clocks
        .into_iter()
        .map(|clock| clock.unwrap_or_else(|| common.map_or(Clock::of_offset(0, ZoneFrom::Assumed), |ms| Clock::of_offset(ms, ZoneFrom::Inferred))))
        .collect()
}

fn own(source: &ScannedSource, option: Option<Clock>) -> Option<Clock> {
    let digest = &source.digest;
    if let Some(minutes) = digest.stated_offset {
        return Some(Clock::stated(minutes));
    }
    if option.is_some() {
        return option;
    }
    // A GC log that prints its offset tells the host's.
    if let Some(minutes) = digest.gc.as_ref().and_then(|log| log.lives.iter().find_map(|life| life.anchor?.offset_minutes))
        && digest.first.is_none()
    {
        return Some(Clock::stated(minutes));
    }
    let mut samples = digest.clock_samples.clone();
    if samples.is_empty() {
        return None;
    }
    samples.sort_unstable();
    // Shown minus epoch; a trigger line is printed up to some seconds after its time.
    let offset = -samples[samples.len() / 2];
    Some(Clock::of_offset((offset + QUARTER_MS / 3).div_euclid(QUARTER_MS) * QUARTER_MS, ZoneFrom::Log))
}

/// Takes the offset of a source from another that tells of the same failed executions.
fn pair(sources: &[ScannedSource], clocks: &mut [Option<Clock>]) {
    let failures = |source: &ScannedSource| -> FxHashMap<ExecutionId, i64> {
        let mut found = FxHashMap::default();
        for entry in &source.digest.entries {
            if let (What::TaskFailed { failure, .. }, Some(ms)) = (&entry.what, entry.ms)
                && let Some(execution) = failure.task.execution.as_deref()
            {
                found.entry(*execution).or_insert(ms);
            }
        }
        found
    };
    if clocks.iter().all(Option::is_some) || clocks.iter().all(Option::is_none) {
        return;
    }
    let mut known: FxHashMap<ExecutionId, i64> = FxHashMap::default();
    for (source, clock) in sources.iter().zip(clocks.iter()) {
        if let Some(clock) = clock {
            known.extend(failures(source).into_iter().map(|(id, ms)| (id, clock.utc(ms))));
        }
    }
    for (source, clock) in sources.iter().zip(clocks.iter_mut()).filter(|(_, clock)| clock.is_none()) {
        let mut differences: Vec<i64> = failures(source).into_iter().filter_map(|(id, ms)| Some(ms - known.get(&id)?)).collect();
        differences.sort_unstable();
        if let Some(middle) = differences.get(differences.len() / 2) {
            let offset = (middle + QUARTER_MS / 2).div_euclid(QUARTER_MS) * QUARTER_MS;
            *clock = Some(Clock::of_offset(offset, ZoneFrom::Paired));
        }
    }
}

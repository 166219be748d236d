//! Processes: lives of JVMs over rotated files.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::clock::Clock;
use super::rotation::Member;
use crate::digest::life::Life;
use crate::event::Str;
use crate::scan::ScannedSource;

/// One life of one process.
#[derive(Debug, Clone)]
pub struct Process {
    pub role: &'static str,
    pub sources: Vec<usize>,
    pub life: Life,
    pub start: Option<i64>,
    pub end: Option<i64>,
    pub ended_by: Option<&'static str>,
    pub container: Option<String>,
    /// Source and shown-time clock of the last record.
    pub last_source: usize,
}

impl Process {
    /// What it is configured with, as its log states it.
    pub fn configuration(&self) -> &BTreeMap<Str, Str> {
        &self.life.settings.configuration
    }
}

/// Roles whose sources are logs of a process.
fn is_process(role: &str) -> bool {
    matches!(role, "jobmanager" | "taskmanager" | "client" | "historyserver" | "sqlgateway" | "operator" | "zookeeper")
}

/// Joins the lives that each source tells, and takes them out of it: one that has no banner goes on the life of the file before it.
pub fn join(sources: &mut [ScannedSource], clocks: &[Clock], rotation: &[Member]) -> Vec<Process> {
    let mut order: Vec<usize> = (0..sources.len()).filter(|s| is_process(sources[*s].sniffed.role)).collect();
    order.sort_by_key(|s| (rotation[*s].set, rotation[*s].rank));
    let mut processes: Vec<Process> = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    for source in order {
        let ScannedSource { digest, sniffed, named, .. } = &mut sources[source];
        if digest.records == 0 {
            continue;
        }
        let mut lives = std::mem::take(&mut digest.lives).into_iter().peekable();
        let same_set = open.filter(|(set, _)| *set == rotation[source].set).map(|(_, process)| process);
        let utc = |ms: Option<i64>| ms.map(|ms| clocks[source].utc(ms));
        let new = |life: Life, start, end| {
            let container = named.container.clone();
            Process { role: sniffed.role, sources: vec![source], life, start, end, ended_by: None, container, last_source: source }
        };
        if lives.peek().is_none_or(|life| life.component.is_none()) {
            let bare = lives.next().unwrap_or_default();
            let start = utc(digest.first.map(|s| s.ms));
            let end = utc(bare.end_ms.or(digest.last.map(|s| s.ms)));
            match same_set {
                Some(process) => {
                    let known = &mut processes[process];
                    known.sources.push(source);
                    known.last_source = source;
                    known.end = end.or(known.end);
                    extend(&mut known.life, bare);
                }
                None => processes.push(new(bare, start, end)),
            }
        }
        for life in lives {
            let (start, end) = (utc(life.start_ms), utc(life.end_ms));
            processes.push(new(life, start, end));
        }
        // The last life of a file lasts to its last record.
        if let Some(last) = processes.last_mut() {
            last.end = utc(digest.last.map(|s| s.ms)).max(last.end);
            open = Some((rotation[source].set, processes.len() - 1));
        }
    }
    for process in &mut processes {
        process.ended_by = ended_by(process);
    }
    processes.sort_by_key(|p| (p.sources.first().copied(), p.start));
    processes
}

fn extend(life: &mut Life, more: Life) {
    life.resource_id = life.resource_id.take().or(more.resource_id);
    life.signal = more.signal.or_else(|| life.signal.take());
    life.exit_code = more.exit_code.or(life.exit_code);
    life.fatal = life.fatal.take().or(more.fatal);
    life.shutdown = more.shutdown.or_else(|| life.shutdown.take());
    if !more.settings.configuration.is_empty() {
        let more = more.settings.configuration.iter().map(|(key, value)| (key.clone(), value.clone()));
        Arc::make_mut(&mut life.settings).configuration.extend(more);
    }
}

/// How the process ended, as its own log tells; `None` where the log just ends.
fn ended_by(process: &Process) -> Option<&'static str> {
    let life = &process.life;
    if life.fatal.is_some() {
        Some("fatal-error")
    } else if life.signal.is_some() {
        Some("signal")
    } else if life.exit_code.is_some() {
        Some("exit")
    } else if life.shutdown.is_some() {
        Some("shutdown")
    } else {
        None
    }
}

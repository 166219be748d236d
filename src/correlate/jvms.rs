//! Which GC log and which `.out` belong to which process.

use super::Process;
use crate::gc::GcLog;
use crate::scan::ScannedSource;

/// How far the end of a GC log and that of its process's log may lie apart, in milliseconds.
const MAX_APART_MS: f64 = 30_000.0;

/// For each source with GC lines, the index of its process. Anchors logs that only know uptimes at the process's start.
pub fn link(sources: &mut [ScannedSource], processes: &[Process]) -> Vec<Option<usize>> {
    let mut links: Vec<Option<usize>> = vec![None; sources.len()];
    let mut taken = vec![false; processes.len()];
    // Sure ones first: lines in the process's own log, then the same container.
    for (p, process) in processes.iter().enumerate() {
        for source in &process.sources {
            links[*source] = Some(p);
        }
    }
    for (i, source) in sources.iter().enumerate() {
        if links[i].is_none() && source.named.container.is_some() {
            let same = processes.iter().position(|p| p.container == source.named.container);
            if same.is_some() {
                links[i] = same;
            }
        }
    }
    // `.out` and `.err` by name: the daemon scripts give them the log's own prefix.
    for i in 0..sources.len() {
        if links[i].is_none() && sources[i].sniffed.role == "stdout" {
            let stem = stem(&sources[i].path);
            let found = processes.iter().rposition(|p| p.sources.iter().any(|s| self::stem(&sources[*s].path) == stem));
            links[i] = found;
        }
    }
    // GC files by role in the name and by time.
    let mut wishes: Vec<(f64, usize, usize)> = Vec::new();
    for (i, source) in sources.iter().enumerate() {
        let Some(log) = source.digest.gc.as_ref().filter(|_| links[i].is_none()) else { continue };
        for (p, process) in processes.iter().enumerate() {
            if fits_name(&source.path, process)
                && let Some(distance) = distance(log, process)
            {
                wishes.push((distance, i, p));
            }
        }
    }
    wishes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    for (distance, i, p) in wishes {
        if distance <= MAX_APART_MS && links[i].is_none() && !taken[p] {
            links[i] = Some(p);
            taken[p] = true;
        }
    }
    // hs_err files: the process of that folder whose log stops without a word is found by diagnosis; a single TaskManager needs no search.
    for (i, source) in sources.iter_mut().enumerate() {
        if let (Some(p), Some(log)) = (links[i], source.digest.gc.as_mut())
            && let Some(start) = processes[p].start
        {
            log.note_process_start(start);
        }
    }
    links
}

fn stem(path: &str) -> &str {
    let base = path.rsplit('/').next().unwrap_or(path);
    for mark in [".log", ".out", ".err"] {
        if let Some(at) = base.find(mark) {
            return &path[..path.len() - base.len() + at];
        }
    }
    path
}

/// Does the file's name fit the process: by the role in it, or by what the JVM's options say.
fn fits_name(path: &str, process: &Process) -> bool {
    let base = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let says_role = |role: &str, words: &[&str]| words.iter().any(|w| base.contains(w)) && process.role != role;
    if says_role("taskmanager", &["taskmanager", "taskexecutor"]) || says_role("jobmanager", &["jobmanager", "standalonesession", "standalonejob"]) {
        return false;
    }
    matches!(process.role, "taskmanager" | "jobmanager" | "client" | "historyserver" | "zookeeper")
}

/// How far the log's time lies from the process's, in milliseconds.
fn distance(log: &GcLog, process: &Process) -> Option<f64> {
    let life = log.lives.last()?;
    let span = life.span?;
    let (start, end) = (process.start? as f64, process.end? as f64);
    if let Some(anchor) = life.anchor {
        return Some((anchor.start_epoch_ms as f64 - start).abs());
    }
    Some((start + span.last_ms - end).abs())
}

//! What `kubectl describe pod` and `kubectl get events` say of pods.
//!
//! In: the whole text. Out: facts in order of their lines. Never judges what a fact means for a job.
//! Formats: kubectl's describe printer, its event table (plain, `-o wide`, `-A`), JSON lists of Event and Pod objects.

mod describe;
mod json;
mod table;

use super::time::{digits, millis_of, month, rfc3339};

/// Kinds of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum K8sKind {
    /// `kubectl describe pod`, one pod or several.
    Describe,
    /// `kubectl get events`, with or without `-o wide`.
    Events,
    /// `kubectl get events|pods -o json`.
    Json,
}

/// What a fact tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// The pod's own status: `Failed`, `Evicted`.
    Pod,
    /// A container's present state.
    State,
    /// The state before the last restart.
    LastState,
    Event,
}

/// A time as the report has it: a date, or an age like `5m12s` before the unknown moment of the report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct K8sTime {
    pub text: String,
    /// Epoch milliseconds, where the text is a date with a zone.
    pub millis: Option<i64>,
    /// Milliseconds before the report, where the text is an age.
    pub age_ms: Option<i64>,
}

/// One thing that a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct K8sFact {
    pub kind: FactKind,
    /// 1-based line of the report.
    pub line: u64,
    pub namespace: Option<String>,
    /// Name of the pod, or of the other object that an event is about.
    pub object: Option<String>,
    /// `Pod` as a rule; an event can be about a Deployment, a Node, a FlinkDeployment.
    pub object_kind: Option<String>,
    pub container: Option<String>,
    /// `OOMKilled`, `Evicted`, `Error`, `Completed`, `FailedScheduling`, …; a state without reason: `Running`, `Terminated`.
    pub reason: Option<String>,
    /// `Normal` or `Warning` of an event.
    pub severity: Option<String>,
    pub exit_code: Option<i64>,
    pub signal: Option<i64>,
    pub restarts: Option<u64>,
    pub started: Option<K8sTime>,
    pub finished: Option<K8sTime>,
    pub message: Option<String>,
    pub count: Option<u64>,
    pub first: Option<K8sTime>,
    pub last: Option<K8sTime>,
}

impl K8sFact {
    fn new(kind: FactKind, line: u64) -> Self {
        K8sFact {
            kind,
            line,
            namespace: None,
            object: None,
            object_kind: None,
            container: None,
            reason: None,
            severity: None,
            exit_code: None,
            signal: None,
            restarts: None,
            started: None,
            finished: None,
            message: None,
            count: None,
            first: None,
            last: None,
        }
    }
}

/// Recognises a report by its first bytes.
pub fn looks_like_k8s(head: &[u8]) -> Option<K8sKind> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let head = &head[head.len() - head.trim_ascii_start().len()..];
    if head.starts_with(b"{") {
        let window = &head[..head.len().min(64 << 10)];
        let has = |what: &[u8]| memchr::memmem::find(window, what).is_some();
        let listed = has(b"\"apiVersion\"") && has(b"\"kind\"") && (has(b"\"involvedObject\"") || has(b"\"containerStatuses\"") || has(b"\"items\""));
        return listed.then_some(K8sKind::Json);
    }
    let mut lines = head.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    let first = lines.next()?;
    if table::columns(first).is_some() {
        return Some(K8sKind::Events);
    }
    let named = describe::value_of(first, b"Name:").is_some_and(|v| !v.is_empty() && !v.contains(&b' '));
    let spaced = lines.next().is_some_and(|l| describe::value_of(l, b"Namespace:").is_some());
    (named && spaced && lines.take(400).any(|l| l == b"Containers:" || l == b"Status:" || describe::value_of(l, b"Status:").is_some()))
        .then_some(K8sKind::Describe)
}

/// Reads a whole report. Lines that are no part of one are passed over.
pub fn read_k8s(kind: K8sKind, report: &[u8]) -> Vec<K8sFact> {
    match kind {
        K8sKind::Describe => describe::read(report),
        K8sKind::Events => table::read(report),
        K8sKind::Json => json::read(report),
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.trim_ascii();
    (!bytes.is_empty() && bytes != b"<none>" && bytes != b"<unknown>").then(|| String::from_utf8_lossy(bytes).into_owned())
}

fn k8s_time(bytes: &[u8]) -> Option<K8sTime> {
    let text = text(bytes)?;
    let millis = rfc3339(text.as_bytes()).map(|s| s.millis).or_else(|| rfc1123(text.as_bytes()));
    let age_ms = age(text.as_bytes());
    Some(K8sTime { text, millis, age_ms })
}

/// `Sat, 21 Nov 2026 09:20:37 +0000`.
fn rfc1123(text: &[u8]) -> Option<i64> {
    let mut words = text.split(|b| *b == b' ').filter(|w| !w.is_empty());
    words.next()?.strip_suffix(b",")?;
    let (day, month, year) = (digits(words.next()?)?, month(words.next()?)?, digits(words.next()?)?);
    let mut clock = words.next()?.split(|b| *b == b':').map(digits);
    let clock = (clock.next()??, clock.next()??, clock.next()??);
    let zone = words.next()?;
    let (hours, minutes) = (digits(zone.get(1..3)?)?, digits(zone.get(3..5)?)?);
    let sign = match zone[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let sane = (1..=31).contains(&day) && year <= 9999 && clock.0 < 24 && clock.1 < 60 && clock.2 <= 60;
    sane.then(|| millis_of((year, month, day), clock, sign * (hours * 60 + minutes)))
}

/// `5m12s`, `3h`, `2d4h`, `1y20d`.
fn age(text: &[u8]) -> Option<i64> {
    let (mut total, mut rest) = (0i64, text);
    while !rest.is_empty() {
        let n = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let unit = match rest.get(n)? {
            b's' => 1_000,
            b'm' => 60_000,
            b'h' => 3_600_000,
            b'd' => 86_400_000,
            b'y' => 365 * 86_400_000,
            _ => return None,
        };
        total = total.checked_add(digits(&rest[..n])?.checked_mul(unit)?)?;
        rest = &rest[n + 1..];
    }
    (!text.is_empty()).then_some(total)
}

/// Cell of the form `5m (x3 over 10m)`, in newer versions of events: last, count, first.
fn age_and_count(cell: &[u8]) -> (Option<K8sTime>, Option<u64>, Option<K8sTime>) {
    let Some(open) = memchr::memmem::find(cell, b" (x") else { return (k8s_time(cell), None, None) };
    let inner = cell[open + 3..].strip_suffix(b")").unwrap_or(&cell[open + 3..]);
    let mut parts = inner.split(|b| *b == b' ');
    let count = parts.next().and_then(digits).and_then(|n| u64::try_from(n).ok());
    let first = parts.nth(1).and_then(k8s_time);
    (k8s_time(&cell[..open]), count, first)
}

#[cfg(test)]
mod tests;

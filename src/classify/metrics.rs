//! Blocks of Flink's `Slf4jReporter`: one record of many lines, `scope.name: value` each.

use super::text::{keep, number};
use crate::event::{Kind, MetricsReport, Str};

/// Reads the gauges of a block that diagnosis knows to use; `None` where the record is no block or has none of them.
pub fn classify(message: &[u8]) -> Option<Kind> {
    memchr::memmem::find(&message[..message.len().min(400)], b"Starting metrics report")?;
    let mut report = MetricsReport::default();
    for line in message.split(|b| *b == b'\n') {
        let Some(colon) = memchr::memmem::rfind(line, b": ") else { continue };
        let (scope, value) = (&line[..colon], line[colon + 2..].trim_ascii());
        let Some(dot) = memchr::memrchr(b'.', scope) else { continue };
        match &scope[dot + 1..] {
            b"backPressuredTimeMsPerSecond" => most(&mut report.back_pressure, scope, dot, value),
            b"busyTimeMsPerSecond" => most(&mut report.busy, scope, dot, value),
            b"latency" => longest(&mut report.latency, scope, dot, value),
            b"taskSlotsTotal" => report.slots_total = number(value).map(|(n, _)| n),
            b"taskSlotsAvailable" => report.slots_available = number(value).map(|(n, _)| n),
            b"lastCheckpointDuration" => report.last_checkpoint_duration = number(value).map(|(n, _)| n),
            _ => {}
        }
    }
    (report != MetricsReport::default()).then(|| Kind::Metrics(Box::new(report)))
}

/// Values are milliseconds per second; busy time of sources is NaN.
fn most(known: &mut Option<(f64, Str)>, scope: &[u8], dot: usize, value: &[u8]) {
    let Some(share) = std::str::from_utf8(value).ok().and_then(|v| v.parse::<f64>().ok()).filter(|v| v.is_finite()).map(|ms| ms / 1000.0) else { return };
    if known.as_ref().is_none_or(|(most, _)| share > *most) {
        *known = Some((share, keep(&scope[..dot])));
    }
}

/// `count=…, …, p99=…, p999=…` of a histogram of latency markers, in milliseconds.
fn longest(known: &mut Option<(f64, Str)>, scope: &[u8], dot: usize, value: &[u8]) {
    let Some(at) = memchr::memmem::find(value, b"p99=") else { return };
    let end = value[at..].iter().position(|b| *b == b' ').map_or(value.len(), |end| at + end);
    let text = std::str::from_utf8(&value[at + 4..end]).unwrap_or("").trim_end_matches(',');
    let Some(seconds) = text.parse::<f64>().ok().filter(|v| v.is_finite()).map(|ms| ms / 1000.0) else { return };
    if known.as_ref().is_none_or(|(most, _)| seconds > *most) {
        *known = Some((seconds, keep(&scope[..dot])));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_back_pressured_subtask_of_a_block() {
        let block = b"\n=========================== Starting metrics report ===========================\n\n-- Gauges --\nh.taskmanager.tm-1.orders.Map.0.backPressuredTimeMsPerSecond: 120\nh.taskmanager.tm-1.orders.Map.1.backPressuredTimeMsPerSecond: 930\nh.taskmanager.tm-1.orders.Source.0.busyTimeMsPerSecond: NaN\nh.jobmanager.taskSlotsTotal: 4\nh.jobmanager.taskSlotsAvailable: 0\n";
        let Some(Kind::Metrics(report)) = classify(block) else { panic!() };
        assert_eq!(report.back_pressure, Some((0.93, "h.taskmanager.tm-1.orders.Map.1".into())));
        assert_eq!((report.busy, report.slots_total, report.slots_available), (None, Some(4), Some(0)));
        assert_eq!(classify(b"something else"), None);
        let block = b"= Starting metrics report =\n-- Histograms --\nh.tm.latency.source_id.a.operator_id.b.operator_subtask_index.0.latency: count=128, min=1, max=90000, mean=70.5, stddev=1.0, p50=2.0, p75=3.0, p95=4.0, p98=5.0, p99=61500.0, p999=90000.0\n";
        let Some(Kind::Metrics(report)) = classify(block) else { panic!() };
        assert_eq!(report.latency, Some((61.5, "h.tm.latency.source_id.a.operator_id.b.operator_subtask_index.0".into())));
    }
}

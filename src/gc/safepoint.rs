//! Safepoint lines (tag `safepoint`, and `PrintGCApplicationStoppedTime` of JDK 8): how long the VM stood still, for what.
//!
//! In: the message, the operation named by the line before (JDK 11). Out: figures by operation. Never counted as pauses.

use super::model::{Collector, OtherStop, Place, Safepoints, Tally};
use super::numbers::{decimal, trim, uint};
use memchr::memmem;
use std::sync::Arc;

const OPERATIONS: usize = 32;

/// One stop.
#[derive(Debug, PartialEq)]
pub(super) struct Stop<'a> {
    pub operation: &'a [u8],
    pub ms: f64,
    pub reach_ms: Option<f64>,
}

/// JDK 13+: `Safepoint "G1CollectForAllocation", Time since last: N ns, Reaching safepoint: N ns, …, Total: N ns`.
/// Fields differ from version to version, so they are read by name.
pub(super) fn stop(text: &[u8]) -> Option<Stop<'_>> {
    let rest = text.strip_prefix(b"Safepoint \"")?;
    let quote = memchr::memchr(b'"', rest)?;
    let (mut total, mut reach_ms) = (None, None);
    for field in rest[quote..].split(|b| *b == b',') {
        let field = trim(field);
        let Some(colon) = memchr::memchr(b':', field) else {
            continue;
        };
        let slot = match &field[..colon] {
            b"Total" => &mut total,
            b"Reaching safepoint" => &mut reach_ms,
            _ => continue,
        };
        let value = trim(&field[colon + 1..]);
        let (nanos, length) = uint(value)?;
        if &value[length..] != b" ns" {
            return None;
        }
        *slot = Some(nanos as f64 / 1e6);
    }
    Some(Stop { operation: &rest[..quote], ms: total?, reach_ms })
}

/// JDK 8–12: `Total time for which application threads were stopped: 0.0003049 seconds, Stopping threads took: 0.0000434 seconds`.
pub(super) fn stopped(text: &[u8]) -> Option<Stop<'static>> {
    let field = |name: &[u8]| -> Option<f64> {
        let value = &text[memmem::find(text, name)? + name.len()..];
        let (seconds, length) = decimal(value)?;
        value[length..].starts_with(b" seconds").then_some(seconds * 1000.0)
    };
    Some(Stop { operation: b"", ms: field(b"were stopped: ")?, reach_ms: field(b"Stopping threads took: ") })
}

/// Operations that collect, of all collectors and JDKs.
pub(super) fn collects(operation: &[u8]) -> bool {
    const PREFIXES: [&[u8]; 8] = [b"G1", b"CGC_Operation", b"CMS_", b"Shenandoah", b"ParallelGC", b"SerialGC", b"ZOperation", b"CollectForMetadata"];
    PREFIXES.iter().any(|prefix| operation.starts_with(prefix))
        || memmem::find(operation, b"Collect").is_some()
        || matches!(operation, [b'Z' | b'X', b'M' | b'R', ..])
}

/// The collector that an operation belongs to.
pub(super) fn collector(operation: &[u8]) -> Collector {
    const OWN: [(&[u8], Collector); 8] = [
        (b"G1", Collector::G1),
        (b"Parallel", Collector::Parallel),
        (b"Serial", Collector::Serial),
        (b"CMS_", Collector::Cms),
        (b"Shenandoah", Collector::Shenandoah),
        (b"ZMark", Collector::Zgc),
        (b"ZRelocate", Collector::Zgc),
        (b"XMark", Collector::Zgc),
    ];
    OWN.iter().find(|(prefix, _)| operation.starts_with(prefix)).map_or(Collector::Unknown, |(_, collector)| *collector)
}

#[derive(Clone, Debug, Default)]
pub(super) struct Stops {
    figures: Safepoints,
    operation: Option<Arc<str>>,
}

impl Stops {
    /// `Entering safepoint region: G1CollectForAllocation` names the next stop (JDK 11).
    pub fn enter(&mut self, text: &[u8]) {
        if let Some(at) = memmem::find(text, b"region: ") {
            self.operation = Some(name(trim(&text[at + 8..])));
        }
    }

    pub fn add(&mut self, at: Place, stop: &Stop<'_>) {
        let entered = self.operation.take();
        let operation = if stop.operation.is_empty() { entered } else { Some(name(stop.operation)) };
        let figures = &mut self.figures;
        figures.all.add(stop.ms);
        if let Some(reach) = stop.reach_ms
            && (reach > figures.max_reach_ms || figures.max_reach_at.is_none())
        {
            (figures.max_reach_ms, figures.max_reach_at) = (reach, Some(at));
        }
        let Some(operation) = operation else { return };
        if collects(operation.as_bytes()) {
            figures.gc.add(stop.ms);
        } else if figures.longest_other.as_ref().is_none_or(|other| other.ms < stop.ms) {
            figures.longest_other = Some(OtherStop { operation: operation.clone(), ms: stop.ms, place: at });
        }
        let known = figures.by_operation.iter().position(|(name, _)| *name == operation);
        let slot = match known {
            Some(slot) => slot,
            None if figures.by_operation.len() + 1 < OPERATIONS => {
                figures.by_operation.push((operation, Tally::default()));
                figures.by_operation.len() - 1
            }
            None => {
                if figures.by_operation.len() < OPERATIONS {
                    figures.by_operation.push((Arc::from("(other)"), Tally::default()));
                }
                OPERATIONS - 1
            }
        };
        figures.by_operation[slot].1.add(stop.ms);
    }

    pub fn finish(mut self) -> Option<Safepoints> {
        self.figures.by_operation.sort_by(|a, b| b.1.total_ms.total_cmp(&a.1.total_ms).then(a.0.cmp(&b.0)));
        (self.figures.all.count > 0).then_some(self.figures)
    }
}

fn name(text: &[u8]) -> Arc<str> {
    Arc::from(&*String::from_utf8_lossy(&text[..text.len().min(80)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_by_name() {
        let jdk21 = stop(b"Safepoint \"RedefineClasses\", Time since last: 305519678 ns, Reaching safepoint: 2597 ns, Cleanup: 97387 ns, At safepoint: 3936802 ns, Leaving safepoint: 30924 ns, Total: 4067710 ns").unwrap();
        assert_eq!(jdk21, Stop { operation: b"RedefineClasses", ms: 4.06771, reach_ms: Some(0.002597) });
        let jdk25 = stop(b"Safepoint \"G1CollectFull\", Time since last: 9 ns, Reaching safepoint:  4541 ns, At safepoint: 6600 ns, Leaving safepoint: 1590 ns, Total:  12731 ns, Threads: 0 runnable, 10 total").unwrap();
        assert_eq!(jdk25.ms, 0.012731);
        assert!(stop(b"Safepoint \"G1CollectFull\", Time since last: 9 ns, Tot").is_none());
        let jdk8 = stopped(b"Total time for which application threads were stopped: 0,0005500 seconds").unwrap();
        assert!((jdk8.ms - 0.55).abs() < 1e-9 && jdk8.reach_ms.is_none());
    }

    #[test]
    fn collections_are_told_from_other_operations() {
        for operation in ["G1CollectForAllocation", "GenCollectFull", "ZMarkStartYoung", "XRelocateStart", "CMS_Final_Remark", "SerialGCCollect"] {
            assert!(collects(operation.as_bytes()), "{operation}");
        }
        for operation in ["RevokeBias", "Deoptimize", "HeapDumper", "ThreadDump", "Cleanup", "Exit", "ICBufferFull"] {
            assert!(!collects(operation.as_bytes()), "{operation}");
        }
    }

    #[test]
    fn operations_are_bounded() {
        let mut stops = Stops::default();
        for i in 0..1000 {
            let operation = format!("Op{i}");
            stops.add(Place::default(), &Stop { operation: operation.as_bytes(), ms: 1.0, reach_ms: None });
        }
        let found = stops.finish().unwrap();
        assert_eq!(found.by_operation.len(), OPERATIONS);
        assert_eq!(&*found.by_operation[0].0, "(other)");
        assert_eq!(found.by_operation.iter().map(|(_, tally)| tally.count).sum::<u64>(), 1000);
    }
}

//! Garbage-collection logs of the JVM: JDK 8 and older, unified logging (JDK 9+), every collector.
//!
//! ```text
//! line ─ read ─▶ Machine ─┬─ unified   (pause line)                     ─┐
//!   (parallel)  (ordered) └─ legacy    (bracket depth over many lines)   ├─▶ life ─▶ JvmLife ─▶ GcLog
//!                            clock, load, trend, stats, safepoint       ─┘
//! ```
//!
//! In: lines of one source. Out: [`GcLog`]: figures by JVM life. Pauses are counted from GC lines alone; safepoint lines,
//! stalls and concurrent phases are figures of their own. Never reads files, never keeps lines.

mod candidate;
mod clock;
mod decorations;
mod events;
mod legacy;
mod life;
mod load;
mod machine;
mod model;
pub(crate) mod numbers;
mod reading;
mod safepoint;
mod slices;
mod stats;
#[cfg(test)]
mod tests;
mod trend;
mod unified;

pub use candidate::{is_candidate, looks_like_gc_log};
pub use machine::Machine;
pub use model::*;
pub use reading::{Reading, read};

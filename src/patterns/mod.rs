//! Pattern packs: what a line or an exception of a Flink log means.
//!
//! In: `patterns/*.toml` (built in, and a folder of the user's own), then subjects: an exception link, a record, a line. Out: the patterns that fit, the
//! chains from a symptom to its candidate causes, exit codes, configuration rules. It never reads logs and never decides which of several findings is
//! the root: that takes time and place, which one subject does not show.

mod advice;
mod compact;
mod literals;
mod load;
mod matcher;
mod model;
mod packs;
mod quantity;
mod selftest;
mod shipped;
mod skeleton;
mod subject;
mod versions;

#[cfg(test)]
mod tests;

pub use advice::{Advice, Compare, Facts, JVM_OPTIONS, OBSERVATIONS, Right, Term, Test};
pub use literals::{Literals, Numbers};
pub use model::{
    Chain, DeprecatedKey, ExitCode, Level, Match, Nature, Needs, On, Owner, PackError, PackInfo, Pattern, RestartHelps, Sample, Scope, Severity, Space,
};
pub use packs::Packs;
pub use quantity::{Unit, quantity};
pub use selftest::{SampleFailure, TestRun, test};
pub use shipped::FILES as SHIPPED_FILES;
pub use skeleton::{NewPattern, new_from_record};
pub use subject::{MAX_TEXT_BYTES, Subject, UNTOLD_CLASS};
pub use versions::VersionRange;

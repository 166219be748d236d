//! Advice over the effective configuration: rules of `patterns/advice.toml` held against what the processes state and what was observed.

use super::incidents::Work;

/// Adds what the rules find; remarks of severity info, never above a real cause.
pub fn look(work: &mut Work) {
    let _ = work;
}

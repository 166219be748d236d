//! Thresholds: from which figure on a condition is worth a remark.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All with defaults; `[thresholds]` of `flinklog.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Thresholds {
    /// Longest duration of a completed checkpoint that is no remark, in seconds.
    pub checkpoint_duration_s: f64,
    /// Largest share of failed checkpoints that is no remark, 0 to 1.
    pub checkpoint_failure_rate: f64,
    /// Share of time in which a subtask may be back pressured, 0 to 1.
    pub back_pressure: f64,
    /// For how long it may be above that, in seconds.
    pub back_pressure_s: f64,
    /// Share of slots in use that is worth a remark; full slots are normal, so it is off unless set.
    pub slot_use: Option<f64>,
    /// 99th percentile of latency markers that is no remark, in seconds.
    pub latency_s: f64,
    /// Restarts of a job within an hour.
    pub restarts_per_hour: f64,
    /// Share of time in GC pauses, 0 to 1.
    pub gc_time_share: f64,
    /// Longest GC pause that is no remark, in seconds.
    pub gc_pause_s: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            checkpoint_duration_s: 30.0,
            checkpoint_failure_rate: 0.2,
            back_pressure: 0.8,
            back_pressure_s: 300.0,
            latency_s: 60.0,
            slot_use: None,
            restarts_per_hour: 3.0,
            gc_time_share: 0.1,
            gc_pause_s: 10.0,
        }
    }
}

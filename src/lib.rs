//! flinklog: what failed first, why, what followed, what to do — from the logs of Apache Flink.

pub mod classify;
pub mod cli;
pub mod config;
pub mod correlate;
pub mod delivery;
pub mod diagnose;
pub mod digest;
pub mod error;
pub mod event;
pub mod exception;
pub mod fold;
pub mod follow;
pub mod gc;
pub mod input;
pub mod jvm;
pub mod layout;
mod memo;
pub mod patterns;
pub mod present;
pub mod progress;
pub mod record;
pub mod report;
pub mod rules;
pub mod scan;
pub mod suggest;
pub mod thresholds;
pub mod when;

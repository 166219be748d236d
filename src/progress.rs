//! A bar of bytes on standard error, only where that is a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Counts bytes that were read; shows nothing unless it was told to and a terminal is there.
#[derive(Debug)]
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// `total`: bytes of the files as they lie there; `None` for a stream.
    pub fn new(show: bool, total: Option<u64>) -> Self {
        if !show || !std::io::stderr().is_terminal() {
            return Progress(None);
        }
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), "{bar:30} {bytes:>10} of {total_bytes}  {bytes_per_sec}  {eta} left"),
            None => (ProgressBar::new_spinner(), "{spinner} {bytes:>10} read  {bytes_per_sec}"),
        };
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Progress(Some(bar))
    }

    /// Adds bytes.
    pub fn add(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

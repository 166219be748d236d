//! Process lives inside one source: a start banner begins one; what the process says of itself is kept here.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Place, Quote};
use crate::event::{BannerKey, Kind, Str};

/// One life of a process as its own log tells it.
#[derive(Debug, Clone, Default)]
pub struct Life {
    pub start_ms: Option<i64>,
    pub end_ms: Option<i64>,
    pub component: Option<Str>,
    pub version: Option<Str>,
    pub commit: Option<Str>,
    pub jvm: Option<Str>,
    pub max_heap: Option<Str>,
    pub jvm_options: Vec<Str>,
    pub arguments: Vec<Str>,
    pub configuration: BTreeMap<Str, Str>,
    pub resource_id: Option<Str>,
    pub signal: Option<(Str, Place)>,
    pub exit_code: Option<(i64, Place)>,
    pub fatal: Option<(Str, Place)>,
    pub shutdown: Option<(Str, Place)>,
    pub first: Place,
    /// The line that begins the banner.
    pub banner: Option<Arc<Quote>>,
    /// Configuration lines that rules may cite.
    pub quotes: BTreeMap<Str, Arc<Quote>>,
}

/// Options, arguments and configuration entries that are kept; real processes have fewer than 500.
const MAX_ITEMS: usize = 2_000;

/// Beginnings of the keys that rules cite.
const CITED: &[&str] =
    &["restart-strategy", "execution.checkpointing", "state.", "heartbeat", "taskmanager.memory", "jobmanager.memory", "high-availability", "env.java"];

impl Life {
    /// Drops what was said at the start, but for who it was.
    pub fn forget_details(&mut self) {
        self.configuration.clear();
        self.quotes.clear();
        self.jvm_options = Vec::new();
        self.arguments = Vec::new();
    }

    /// Takes in what `kind` says of the process.
    pub fn note(lives: &mut Vec<Life>, kind: &Kind, ms: Option<i64>, place: Place, quote: impl FnOnce() -> Option<Arc<Quote>>) {
        if let Kind::ProcessStart { component, version, commit } = kind {
            // A log of hostile length must not grow this list for ever.
            if lives.len() >= 10_000 {
                lives.pop();
            }
            let life = Life {
                component: Some(component.clone()),
                version: version.clone(),
                commit: commit.clone(),
                start_ms: ms,
                first: place,
                banner: quote(),
                ..Life::default()
            };
            return lives.push(life);
        }
        if !matches!(
            kind,
            Kind::Banner { .. }
                | Kind::Config { .. }
                | Kind::TmIdentity { .. }
                | Kind::Signal { .. }
                | Kind::ExitCode { .. }
                | Kind::Fatal { .. }
                | Kind::ShuttingDown { .. }
        ) {
            return;
        }
        if lives.is_empty() {
            lives.push(Life { first: place, ..Life::default() });
        }
        let Some(life) = lives.last_mut() else { return };
        match kind {
            Kind::Banner { key, value } => match key {
                BannerKey::Jvm => life.jvm = Some(value.clone()),
                BannerKey::MaxHeap => life.max_heap = Some(value.clone()),
                BannerKey::JvmOption if life.jvm_options.len() < MAX_ITEMS => life.jvm_options.push(value.clone()),
                BannerKey::ProgramArgument if life.arguments.len() < MAX_ITEMS => life.arguments.push(value.clone()),
                _ => {}
            },
            Kind::Config { key, value } if life.configuration.len() < MAX_ITEMS => {
                life.configuration.insert(key.clone(), value.clone());
                if CITED.iter().any(|prefix| key.starts_with(prefix)) {
                    life.quotes.extend(quote().map(|quote| (key.clone(), quote)));
                }
            }
            Kind::TmIdentity { id } => life.resource_id = Some(id.clone()),
            Kind::Signal { name } => life.signal = Some((name.clone(), place)),
            Kind::ExitCode { code } => life.exit_code = Some((*code, place)),
            Kind::Fatal { text } => {
                life.fatal.get_or_insert((text.clone(), place));
            }
            Kind::ShuttingDown { text } => life.shutdown = Some((text.clone(), place)),
            _ => {}
        }
    }
}

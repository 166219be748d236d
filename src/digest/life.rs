//! Process lives inside one source: a start banner begins one; what the process says of itself is kept here.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use super::quotes::QuoteId;
use super::{Place, push_one};
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
    pub settings: Arc<Settings>,
    pub resource_id: Option<Str>,
    pub signal: Option<(Str, Place)>,
    pub exit_code: Option<(i64, Place)>,
    pub fatal: Option<(Str, Place)>,
    pub shutdown: Option<(Str, Place)>,
    pub first: Place,
    /// The line that begins the banner.
    pub banner: Option<Cited>,
    /// Configuration lines that rules may cite.
    pub cited: BTreeMap<Str, Cited>,
}

/// What the process was started with. Processes that start again and again mostly start with the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    pub jvm_options: Vec<Str>,
    pub arguments: Vec<Str>,
    pub configuration: BTreeMap<Str, Str>,
}

/// A line of a start whose words its source keeps, see [`super::SourceDigest::line`].
#[derive(Debug, Clone, Copy)]
pub struct Cited {
    pub place: Place,
    pub(super) quote: Option<QuoteId>,
}

/// Settings that are known at a time: where each start has others, remembering all would keep what lives forget.
const KNOWN: usize = 256;

/// Settings that lives of one source share.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    by_hash: FxHashMap<u64, Arc<Settings>>,
}

impl Shared {
    /// Lets a life whose start is over share its settings with an equal one before it.
    pub fn settle(&mut self, life: &mut Life) {
        let mut hasher = FxHasher::default();
        life.settings.hash(&mut hasher);
        if self.by_hash.len() >= KNOWN {
            self.by_hash.clear();
        }
        let known = self.by_hash.entry(hasher.finish()).or_insert_with(|| life.settings.clone());
        if *known == life.settings {
            life.settings = known.clone();
        }
    }
}

/// Options, arguments and configuration entries that are kept; real processes have fewer than 500.
const MAX_ITEMS: usize = 2_000;

/// Beginnings of the keys that rules cite.
const CITED: &[&str] =
    &["restart-strategy", "execution.checkpointing", "state.", "heartbeat", "taskmanager.memory", "jobmanager.memory", "high-availability", "env.java"];

impl Life {
    /// Drops what was said at the start, but for who it was.
    pub fn forget_details(&mut self) {
        self.settings = Arc::default();
        self.cited.clear();
    }

    /// The lines that it cites.
    pub fn quotes_mut(&mut self) -> impl Iterator<Item = &mut Option<QuoteId>> {
        self.banner.iter_mut().chain(self.cited.values_mut()).map(|cited| &mut cited.quote)
    }

    /// Takes in what `kind` says of the process.
    pub fn note(lives: &mut Vec<Life>, kind: &Kind, ms: Option<i64>, place: Place, cite: impl FnOnce() -> Option<Cited>) {
        if let Kind::ProcessStart { component, version, commit } = kind {
            let life = Life {
                component: Some(component.clone()),
                version: version.clone(),
                commit: commit.clone(),
                start_ms: ms,
                first: place,
                banner: cite(),
                ..Life::default()
            };
            return push_one(lives, life);
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
                BannerKey::JvmOption if life.settings.jvm_options.len() < MAX_ITEMS => Arc::make_mut(&mut life.settings).jvm_options.push(value.clone()),
                BannerKey::ProgramArgument if life.settings.arguments.len() < MAX_ITEMS => Arc::make_mut(&mut life.settings).arguments.push(value.clone()),
                _ => {}
            },
            Kind::Config { key, value } if life.settings.configuration.len() < MAX_ITEMS => {
                Arc::make_mut(&mut life.settings).configuration.insert(key.clone(), value.clone());
                if CITED.iter().any(|prefix| key.starts_with(prefix)) {
                    life.cited.extend(cite().map(|cited| (key.clone(), cited)));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn life(heap: &str) -> Life {
        let configuration = BTreeMap::from([("taskmanager.heap".into(), heap.into())]);
        Life { settings: Arc::new(Settings { configuration, ..Settings::default() }), ..Life::default() }
    }

    #[test]
    fn equal_settings_are_shared_and_others_kept() {
        let mut shared = Shared::default();
        let mut lives = [life("1g"), life("2g"), life("1g")];
        lives.iter_mut().for_each(|life| shared.settle(life));
        assert!(Arc::ptr_eq(&lives[0].settings, &lives[2].settings));
        let heaps: Vec<&str> = lives.iter().map(|life| &*life.settings.configuration["taskmanager.heap"]).collect();
        assert_eq!(heaps, ["1g", "2g", "1g"]);
        // No more are known than a few.
        for heap in 0..2 * KNOWN {
            shared.settle(&mut life(&heap.to_string()));
        }
        assert!(shared.by_hash.len() <= KNOWN);
        // What a life says later is its own.
        let place = Place::default();
        let mut lives = lives.to_vec();
        Life::note(&mut lives, &Kind::Config { key: "a".into(), value: "b".into() }, None, place, || None);
        assert_eq!(lives.iter().map(|life| life.settings.configuration.len()).collect::<Vec<_>>(), [1, 1, 2]);
    }

    #[test]
    fn a_start_is_quoted_though_there_is_no_room_for_entries() {
        let mut builder = crate::digest::Builder::new();
        let mut state = 1u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            b'!' + ((state >> 40) % 90) as u8
        };
        while builder.digest.quotes.keep(&std::iter::repeat_with(&mut noise).take(600).collect::<Vec<u8>>()).is_some() {}
        let text = b"2026-11-21 10:00:00,000 INFO  org.apache.flink.runtime.entrypoint.ClusterEntrypoint [] -  Starting StandaloneSessionClusterEntrypoint \
                     (Version: 1.20.1, Scala: 2.12, Rev:a1b2c3d, Date:2025-02-01T10:00:00+01:00)\n";
        let mode = crate::record::Mode { headed: true, lacks: crate::layout::Lacks::Nothing, gc: crate::record::GcLines::No, process: None };
        let rules = crate::rules::Rules::new(crate::patterns::Packs::shipped().clone());
        builder.absorb(text, crate::record::scan(text, mode, &rules));
        let digest = builder.finish();
        let banner = digest.lives[0].banner.as_ref().and_then(|banner| digest.line(banner)).expect("the words of the start");
        assert!(banner.text.contains("StandaloneSessionClusterEntrypoint"), "{}", banner.text);
    }
}

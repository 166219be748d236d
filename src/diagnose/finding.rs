//! Findings and their evidence.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::correlate::{EntryRef, Story};
use crate::digest::{Place, Quote};
use crate::event::Str;
use crate::patterns::{Pattern, RestartHelps};

/// Role of a finding in a chain. Orders from cause to remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    RootCause,
    Trigger,
    Contributing,
    Sustainer,
    Symptom,
    Observation,
}

impl Role {
    /// Word in the report.
    pub fn name(self) -> &'static str {
        match self {
            Role::RootCause => "root-cause",
            Role::Trigger => "trigger",
            Role::Contributing => "contributing",
            Role::Sustainer => "sustainer",
            Role::Symptom => "symptom",
            Role::Observation => "observation",
        }
    }
}

/// Weight of a finding. Orders from the heaviest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Critical,
    Error,
    Warning,
    Info,
}

impl Severity {
    /// Word in the report.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// How sure. Orders from the surest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// The log states it.
    Confirmed,
    /// Evidence of two kinds agrees.
    Likely,
    /// It fits, and something that would decide is missing.
    Possible,
    /// Only effects are in the logs.
    Insufficient,
}

impl Certainty {
    /// Word in the report.
    pub fn name(self) -> &'static str {
        match self {
            Certainty::Confirmed => "confirmed",
            Certainty::Likely => "likely",
            Certainty::Possible => "possible",
            Certainty::Insufficient => "insufficient",
        }
    }
}

/// What would decide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    pub code: &'static str,
    pub subject: Option<String>,
    pub text: String,
}

/// Words of the log, or a stretch in which they should be and are not.
#[derive(Debug, Clone)]
pub enum Evidence {
    /// Words that an entry keeps: they are unpacked when they are shown, which few of those that a cause names are.
    Entry {
        at: EntryRef,
        place: Place,
        ms: Option<i64>,
    },
    Quote {
        source: usize,
        quote: Arc<Quote>,
        ms: Option<i64>,
    },
    /// UTC bounds, and the line that the stretch ends or begins with.
    Absence {
        source: usize,
        from: Option<i64>,
        to: Option<i64>,
        text: String,
        quote: Option<Arc<Quote>>,
    },
}

impl Evidence {
    /// The words of an entry, if it keeps them.
    pub fn of(story: &Story, at: EntryRef) -> Option<Evidence> {
        let entry = story.entry(at);
        entry.quote.map(|_| Evidence::Entry { at, place: entry.place, ms: story.time(at) })
    }

    /// A line whose text is known.
    pub fn line(source: usize, place: Place, text: &str, ms: Option<i64>) -> Evidence {
        let quote = Quote {
            place: Place { bytes: u32::try_from(text.len()).unwrap_or(u32::MAX), lines: 1, ..place },
            sha256: Sha256::digest(text.as_bytes()).into(),
            text: text.into(),
        };
        Evidence::Quote { source, quote: Arc::new(quote), ms }
    }

    /// Index of the source.
    pub fn source(&self) -> usize {
        match self {
            Evidence::Entry { at, .. } => at.source,
            Evidence::Quote { source, .. } | Evidence::Absence { source, .. } => *source,
        }
    }

    fn key(&self) -> (usize, u64) {
        match self {
            Evidence::Entry { at, place, .. } => (at.source, place.byte),
            Evidence::Quote { source, quote, .. } => (*source, quote.place.byte),
            Evidence::Absence { source, from, .. } => (*source, from.unwrap_or(0) as u64),
        }
    }
}

/// One thing that diagnosis found. Times are UTC.
#[derive(Debug, Clone)]
pub struct Finding {
    pub pattern: Str,
    pub title: String,
    pub role: Role,
    pub severity: Severity,
    pub certainty: Certainty,
    pub owner: &'static str,
    pub restart_helps: Option<bool>,
    /// Indices of the story's jobs.
    pub jobs: Vec<usize>,
    /// Numbers of the attempts that it ended.
    pub attempts: Vec<u32>,
    pub task_manager: Option<Str>,
    pub first: Option<i64>,
    pub last: Option<i64>,
    pub count: u64,
    pub explanation: String,
    pub remedy: Vec<String>,
    /// Indices of the findings that brought it about.
    pub caused_by: Vec<usize>,
    pub exception: Option<u64>,
    pub docs: Option<String>,
    pub evidence: Vec<Evidence>,
    pub missing: Vec<Missing>,
}

/// Quotes that one finding keeps.
const MAX_EVIDENCE: usize = 8;

impl Finding {
    /// A finding of a pattern, its words taken from the pack.
    pub fn new(slug: &str, pattern: Option<&Pattern>, role: Role, certainty: Certainty) -> Finding {
        let severity = match pattern.map(|p| p.severity) {
            Some(crate::patterns::Severity::Critical) => Severity::Critical,
            Some(crate::patterns::Severity::Error) | None => Severity::Error,
            Some(crate::patterns::Severity::Warning) => Severity::Warning,
            Some(crate::patterns::Severity::Info) => Severity::Info,
        };
        Finding {
            pattern: slug.into(),
            title: pattern.map_or_else(|| slug.replace('-', " "), |p| p.title.into()),
            role,
            severity,
            certainty,
            owner: pattern.map_or("unknown", |p| p.owner.as_str()),
            restart_helps: pattern.and_then(|p| match p.restart_helps {
                RestartHelps::Yes => Some(true),
                RestartHelps::No => Some(false),
                RestartHelps::Maybe => None,
            }),
            jobs: Vec::new(),
            attempts: Vec::new(),
            task_manager: None,
            first: None,
            last: None,
            count: 0,
            explanation: pattern.map_or_else(String::new, |p| p.cause.into()),
            remedy: pattern.map_or_else(Vec::new, |p| p.remedy.iter().map(ToString::to_string).collect()),
            caused_by: Vec::new(),
            exception: None,
            docs: pattern.and_then(|p| p.docs.map(String::from)),
            evidence: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Adds a quote, each once and not too many.
    pub fn cite(&mut self, evidence: Option<Evidence>) {
        let Some(evidence) = evidence else { return };
        if self.evidence.len() < MAX_EVIDENCE && self.evidence.iter().all(|e| e.key() != evidence.key()) {
            self.evidence.push(evidence);
        }
    }

    /// Widens the time that it covers.
    pub fn at(&mut self, ms: Option<i64>) {
        if let Some(ms) = ms {
            self.first = Some(self.first.map_or(ms, |f| f.min(ms)));
            self.last = Some(self.last.map_or(ms, |l| l.max(ms)));
        }
    }
}

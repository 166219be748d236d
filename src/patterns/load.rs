//! Reads pattern files.
//!
//! In: the text of TOML files (`patterns/SCHEMA.md`). Out: checked data, or errors that name file and line. It compiles and matches nothing; `build.rs`
//! includes this file.

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::advice::{Advice, RawAdvice};
use super::model::*;

/// Largest accepted file, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 << 20;

/// What one file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Default + Deserialize<'de>"))]
pub struct Loaded<T = &'static str> {
    pub patterns: Vec<Pattern<T>>,
    pub chains: Vec<Chain<T>>,
    pub exit_codes: Vec<ExitCode<T>>,
    pub advice: Vec<Advice<T>>,
    pub deprecated: Vec<DeprecatedKey<T>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    pattern: Vec<Spanned<RawPattern>>,
    #[serde(default)]
    chain: Vec<Chain<String>>,
    #[serde(default)]
    exit_code: Vec<ExitCode<String>>,
    #[serde(default)]
    advice: Vec<Spanned<RawAdvice>>,
    #[serde(default)]
    deprecated: Vec<DeprecatedKey<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPattern {
    id: String,
    title: String,
    nature: Nature,
    #[serde(default)]
    owner: Option<Owner>,
    #[serde(default)]
    severity: Option<Severity>,
    #[serde(default)]
    restart_helps: Option<RestartHelps>,
    #[serde(default = "ordinary_rank")]
    rank: i32,
    cause: String,
    #[serde(default)]
    remedy: Vec<String>,
    #[serde(default)]
    versions: Option<String>,
    #[serde(default)]
    docs: Option<String>,
    #[serde(default)]
    written_by: Option<String>,
    #[serde(default)]
    inferred: bool,
    #[serde(default)]
    covers: Vec<String>,
    #[serde(default)]
    reported_as: Option<String>,
    #[serde(default)]
    over_with: Vec<String>,
    #[serde(default, rename = "match")]
    matches: OneOrMany,
    #[serde(default)]
    sample: Vec<Spanned<RawSample>>,
    #[serde(default)]
    near_miss: Vec<Spanned<RawSample>>,
}

fn ordinary_rank() -> i32 {
    50
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSample {
    text: String,
    #[serde(default)]
    on: Option<On>,
    #[serde(default)]
    logger: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    process: String,
}

/// `[pattern.match]` or `[[pattern.match]]`. By hand, since an untagged enum would lose which key is wrong.
#[derive(Default)]
struct OneOrMany(Vec<Match<String>>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a table or an array of tables")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMany, A::Error> {
                Match::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(|one| OneOrMany(vec![one]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut many = Vec::new();
                while let Some(one) = seq.next_element()? {
                    many.push(one);
                }
                Ok(OneOrMany(many))
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// Says what is wrong with a regex.
pub type CheckRegex = fn(&str) -> Result<(), String>;

/// Reads one file. `file` is what errors call it. Every independent error is returned, except that TOML and type errors stop at the first.
pub fn parse(file: &str, text: &str, regex: CheckRegex) -> Result<Loaded<String>, Vec<PackError>> {
    let lines = Lines::new(text);
    let error = |line: usize, message: String| PackError { file: file.to_string(), line, message };
    let raw: RawFile = toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(0, |s| lines.at(s.start));
        vec![error(line, e.message().trim().replace('\n', " "))]
    })?;
    let mut errors = Vec::new();
    let mut loaded = Loaded { chains: raw.chain, exit_codes: raw.exit_code, deprecated: raw.deprecated, ..Loaded::default() };
    for raw in raw.pattern {
        let line = lines.at(raw.span().start);
        match pattern(raw.into_inner(), &lines, line, regex) {
            Ok(pattern) => loaded.patterns.push(pattern),
            Err(messages) => errors.extend(messages.into_iter().map(|m| error(line, m))),
        }
    }
    for raw in raw.advice {
        let line = lines.at(raw.span().start);
        match Advice::try_from(raw.into_inner()) {
            Ok(advice) => loaded.advice.push(advice),
            Err(message) => errors.push(error(line, message)),
        }
    }
    if errors.is_empty() { Ok(loaded) } else { Err(errors) }
}

fn pattern(raw: RawPattern, lines: &Lines, line: usize, regex: CheckRegex) -> Result<Pattern<String>, Vec<String>> {
    let mut errors = Vec::new();
    if !is_slug(&raw.id) {
        errors.push(format!("`{}` is no slug: small letters, digits and single hyphens", raw.id));
    }
    let matches = raw.matches.0;
    if matches.is_empty() && !raw.inferred {
        errors.push(format!("`{}` has no match; say `inferred = true` if it has no line of its own", raw.id));
    }
    for m in &matches {
        errors.extend(check_match(m, regex).into_iter().map(|e| format!("`{}`: {e}", raw.id)));
    }
    let default_on = matches.first().and_then(|m| m.on.first().copied()).unwrap_or(On::Exception);
    let mut sample = |s: Spanned<RawSample>| {
        let line = lines.at(s.span().start);
        let s = s.into_inner();
        let level = level(&s.level).unwrap_or_else(|| {
            errors.push(format!("`{}`: `{}` is no level", raw.id, s.level));
            Level::Unknown
        });
        Sample { on: s.on.unwrap_or(default_on), text: s.text, logger: s.logger, level, process: Some(s.process).filter(|p| !p.is_empty()), line }
    };
    let samples = raw.sample.into_iter().map(&mut sample).collect();
    let near_misses = raw.near_miss.into_iter().map(&mut sample).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let benign = matches!(raw.nature, Nature::Benign | Nature::Recovery);
    Ok(Pattern {
        id: raw.id,
        title: raw.title,
        nature: raw.nature,
        owner: raw.owner.unwrap_or(Owner::Unknown),
        severity: raw.severity.unwrap_or(if benign { Severity::Info } else { Severity::Error }),
        restart_helps: raw.restart_helps.unwrap_or(RestartHelps::Maybe),
        rank: raw.rank,
        cause: raw.cause,
        remedy: raw.remedy,
        versions: raw.versions,
        docs: raw.docs,
        written_by: raw.written_by,
        inferred: raw.inferred,
        covers: raw.covers,
        reported_as: raw.reported_as,
        over_with: raw.over_with,
        matches,
        samples,
        near_misses,
        pack: String::new(),
        file: String::new(),
        line,
        shipped: false,
    })
}

fn check_match(m: &Match<String>, check_regex: CheckRegex) -> Vec<String> {
    let mut errors = Vec::new();
    if m.on.is_empty() {
        errors.push("`on` is empty".to_string());
    }
    for on in &m.on {
        let enough = !m.any.is_empty()
            || match on {
                On::Exception => !m.class.is_empty(),
                On::Record => !m.loggers.is_empty(),
                On::Text => false,
            };
        if !enough {
            let needs = match on {
                On::Exception => "`any` or `class`",
                On::Record => "`any` or `loggers`",
                On::Text => "`any`",
            };
            errors.push(format!("a match needs {needs}"));
        }
    }
    let mut literals = m.any.iter().chain(&m.all).chain(&m.none).chain(&m.class).chain(&m.between_equals);
    if literals.any(|l| l.is_empty() || l == "*") {
        errors.push("an empty literal matches everything".to_string());
    }
    if !(1..=200).contains(&m.depth) {
        errors.push("`depth` is not between 1 and 200".to_string());
    }
    if let Some(regex) = &m.regex
        && let Err(e) = check_regex(regex)
    {
        errors.push(format!("regex: {}", e.replace('\n', " ")));
    }
    errors
}

/// Level from its name; an empty name is unknown.
fn level(name: &str) -> Option<Level> {
    Some(match name {
        "" => Level::Unknown,
        "TRACE" => Level::Trace,
        "DEBUG" => Level::Debug,
        "INFO" => Level::Info,
        "WARN" => Level::Warn,
        "ERROR" => Level::Error,
        "FATAL" => Level::Fatal,
        _ => return None,
    })
}

fn is_slug(id: &str) -> bool {
    !id.is_empty() && id.split('-').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

/// Byte offset → line number.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Lines {
        Lines(text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(i, _)| i).collect())
    }

    /// 1-based line of a byte offset.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|&newline| newline < offset) + 1
    }
}

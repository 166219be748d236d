//! Configuration rules: settings that make failures likely, slow or unrecoverable.
//!
//! In: effective configuration values and named observations of a job. Out: whether a rule holds. The rules themselves are data (`advice.toml`); this file
//! only reads their terms and never looks at a log.

use serde::{Deserialize, Serialize};

use super::model::Severity;
use super::quantity::{Unit, quantity};
use super::versions::VersionRange;

/// Names that a term's `observed` may use, with what the number means. 0 or absent = not observed.
pub const OBSERVATIONS: &[(&str, &str)] = &[
    ("job-failures", "failures of the job that ended an attempt"),
    ("job-ended-failed", "1 when the job ended FAILED"),
    ("restarts", "restarts of the job"),
    ("streaming", "1 when checkpoints or an unbounded source show a streaming job"),
    ("checkpoints-triggered", "checkpoints triggered"),
    ("checkpoints-completed", "checkpoints completed"),
    ("checkpoints-failed", "checkpoints failed"),
    ("checkpoints-expired", "checkpoints that expired"),
    ("checkpoint-storage-errors", "failed checkpoints whose cause is their storage"),
    ("checkpoint-tolerance-exceeded", "failures because of failed checkpoints"),
    ("checkpoint-duration-p95-ms", "95th percentile of the durations of completed checkpoints"),
    ("checkpoint-interval-ms", "median time between two triggers of periodic checkpoints"),
    ("state-bytes", "size of the largest completed checkpoint"),
    ("backpressure", "1 when there is evidence of back pressure"),
    ("heap-exhausted", "1 when a heap ran out of memory"),
    ("metaspace-exhausted", "1 when a metaspace ran out of memory"),
    ("container-memory-kills", "containers killed for their memory"),
    ("gc-pause-max-ms", "longest pause of the garbage collector"),
    ("heartbeat-timeouts", "heartbeat time-outs"),
    ("task-managers-lost", "TaskManagers lost"),
    ("jobmanager-starts", "JobManager processes seen"),
    ("yarn", "1 when the cluster runs on YARN"),
    ("kubernetes", "1 when the cluster runs on Kubernetes"),
    ("java-version", "feature release of the JVM: 8, 11, 17 …"),
];

/// Configuration "key" under which the JVM options of a process are asked for: all of them, joined by blanks.
pub const JVM_OPTIONS: &str = "jvm-options";

/// What rules may ask.
pub trait Facts {
    /// Effective value of a configuration key, as text; `None` = not set.
    fn config(&self, key: &str) -> Option<&str>;
    /// A number of [`OBSERVATIONS`]; `None` = not known.
    fn observed(&self, name: &str) -> Option<f64>;
    /// Major and minor version of Flink.
    fn flink_version(&self) -> Option<(u32, u32)>;
}

/// A configuration rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Advice<T = &'static str> {
    /// Stable slug.
    pub id: T,
    pub title: T,
    pub severity: Severity,
    /// What is wrong and what it leads to.
    pub text: T,
    pub remedy: Vec<T>,
    /// The keys it is about, newest name first.
    pub keys: Vec<T>,
    /// Flink versions that it is for; `None` = all.
    pub versions: Option<VersionRange>,
    /// All of them must hold.
    pub when: Vec<Term<T>>,
}

impl Advice {
    /// Whether all terms hold. A term about something unknown does not hold.
    pub fn holds(&self, facts: &dyn Facts) -> bool {
        let version_fits = match (&self.versions, facts.flink_version()) {
            (Some(range), Some(version)) => range.contains(version),
            _ => true,
        };
        version_fits && self.when.iter().all(|term| term.holds(facts))
    }
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Term<T = &'static str> {
    /// A configuration value; the first of the names that is set counts, else the default.
    Config { keys: Vec<T>, default: Option<T>, test: Test<T> },
    /// An observation.
    Observed { name: T, compare: Compare, value: f64 },
}

/// What is asked of a configuration value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Test<T = &'static str> {
    Set(bool),
    /// Equal, ignoring case.
    In(Vec<T>),
    NotIn(Vec<T>),
    Contains(Vec<T>),
    /// Contains none of them.
    Lacks(Vec<T>),
    Number {
        compare: Compare,
        unit: Unit,
        right: Right<T>,
    },
}

/// The right side of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Right<T = &'static str> {
    Value(f64),
    /// Another key's value, times a factor.
    Key {
        keys: Vec<T>,
        default: Option<T>,
        times: f64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compare {
    Lt,
    Le,
    Gt,
    Ge,
}

impl Compare {
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Compare::Lt => left < right,
            Compare::Le => left <= right,
            Compare::Gt => left > right,
            Compare::Ge => left >= right,
        }
    }
}

impl Term {
    /// Whether it holds; false where what it asks for is not known.
    pub fn holds(&self, facts: &dyn Facts) -> bool {
        match self {
            Term::Observed { name, compare, value } => facts.observed(name).is_some_and(|observed| compare.holds(observed, *value)),
            Term::Config { keys, default, test } => {
                let set = first_set(facts, keys);
                let value = set.or(*default).map(str::trim);
                let same = |v: &str, list: &[&str]| list.iter().any(|l| l.eq_ignore_ascii_case(v));
                match test {
                    Test::Set(wanted) => set.is_some() == *wanted,
                    Test::In(list) => value.is_some_and(|v| same(v, list)),
                    Test::NotIn(list) => value.is_some_and(|v| !same(v, list)),
                    Test::Contains(list) => value.is_some_and(|v| list.iter().any(|l| v.contains(l))),
                    Test::Lacks(list) => value.is_some_and(|v| !list.iter().any(|l| v.contains(l))),
                    Test::Number { compare, unit, right } => {
                        let right = match right {
                            Right::Value(number) => Some(*number),
                            Right::Key { keys, default, times } => first_set(facts, keys).or(*default).and_then(|v| quantity(v, *unit)).map(|v| v * times),
                        };
                        let left = value.and_then(|v| quantity(v, *unit));
                        matches!((left, right), (Some(l), Some(r)) if compare.holds(l, r))
                    }
                }
            }
        }
    }
}

fn first_set<'f>(facts: &'f dyn Facts, keys: &[&str]) -> Option<&'f str> {
    keys.iter().find_map(|key| facts.config(key))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAdvice {
    id: String,
    title: String,
    severity: Severity,
    text: String,
    #[serde(default)]
    remedy: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    versions: Option<String>,
    when: Vec<RawTerm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTerm {
    #[serde(default)]
    key: Vec<String>,
    #[serde(default)]
    default: Option<String>,
    #[serde(default)]
    observed: Option<String>,
    #[serde(default)]
    unit: Option<Unit>,
    #[serde(default)]
    set: Option<bool>,
    #[serde(default, rename = "in")]
    is_in: Option<Vec<String>>,
    #[serde(default)]
    not_in: Option<Vec<String>>,
    #[serde(default)]
    contains: Option<Vec<String>>,
    #[serde(default)]
    lacks: Option<Vec<String>>,
    #[serde(default)]
    lt: Option<RawRight>,
    #[serde(default)]
    le: Option<RawRight>,
    #[serde(default)]
    gt: Option<RawRight>,
    #[serde(default)]
    ge: Option<RawRight>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawRight {
    Number(f64),
    Text(String),
    Key(RawKey),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    key: Vec<String>,
    #[serde(default)]
    default: Option<String>,
    #[serde(default = "one")]
    times: f64,
}

fn one() -> f64 {
    1.0
}

impl TryFrom<RawAdvice> for Advice<String> {
    type Error = String;

    fn try_from(raw: RawAdvice) -> Result<Advice<String>, String> {
        let name = |message: String| format!("`{}`: {message}", raw.id);
        if raw.when.is_empty() {
            return Err(name("`when` is empty".into()));
        }
        let when = raw.when.into_iter().map(term).collect::<Result<_, _>>();
        let versions = raw.versions.as_deref().map(VersionRange::parse).transpose();
        Ok(Advice {
            when: when.map_err(name)?,
            versions: versions.map_err(name)?,
            id: raw.id,
            title: raw.title,
            severity: raw.severity,
            text: raw.text,
            remedy: raw.remedy,
            keys: raw.keys,
        })
    }
}

fn term(raw: RawTerm) -> Result<Term<String>, String> {
    let comparisons = [(Compare::Lt, raw.lt), (Compare::Le, raw.le), (Compare::Gt, raw.gt), (Compare::Ge, raw.ge)];
    let mut comparison = None;
    for (compare, right) in comparisons {
        if let Some(right) = right
            && comparison.replace((compare, right)).is_some()
        {
            return Err("a term compares once".into());
        }
    }
    if let Some(name) = raw.observed {
        if !OBSERVATIONS.iter().any(|(known, _)| *known == name) {
            return Err(format!("nothing is observed under the name `{name}`"));
        }
        let others = raw.set.is_some() || raw.is_in.is_some() || raw.not_in.is_some() || raw.contains.is_some() || raw.lacks.is_some() || !raw.key.is_empty();
        return match comparison {
            Some((compare, RawRight::Number(value))) if !others => Ok(Term::Observed { name, compare, value }),
            _ => Err(format!("`{name}` is compared with one number")),
        };
    }
    if raw.key.is_empty() {
        return Err("a term has `key` or `observed`".into());
    }
    let unit = raw.unit.unwrap_or(Unit::Number);
    let mut tests = Vec::new();
    tests.extend(raw.set.map(Test::Set));
    tests.extend(raw.is_in.map(Test::In));
    tests.extend(raw.not_in.map(Test::NotIn));
    tests.extend(raw.contains.map(Test::Contains));
    tests.extend(raw.lacks.map(Test::Lacks));
    if let Some((compare, right)) = comparison {
        let right = match right {
            RawRight::Number(number) => Right::Value(number),
            RawRight::Text(text) => Right::Value(quantity(&text, unit).ok_or_else(|| format!("`{text}` is no {unit:?}"))?),
            RawRight::Key(other) => Right::Key { keys: other.key, default: other.default, times: other.times },
        };
        tests.push(Test::Number { compare, unit, right });
    }
    match (tests.pop(), tests.is_empty()) {
        (Some(test), true) => Ok(Term::Config { keys: raw.key, default: raw.default, test }),
        _ => Err("a term about a key asks exactly one thing".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    struct Known(BTreeMap<&'static str, &'static str>, f64);

    impl Facts for Known {
        fn config(&self, key: &str) -> Option<&str> {
            self.0.get(key).copied()
        }
        fn observed(&self, name: &str) -> Option<f64> {
            (name == "restarts").then_some(self.1)
        }
        fn flink_version(&self) -> Option<(u32, u32)> {
            Some((1, 20))
        }
    }

    fn parsed(when: &str) -> Result<Advice, String> {
        let text = format!("id='x'\ntitle='x'\nseverity='info'\ntext='x'\nversions='1.9+'\nwhen=[{when}]");
        let raw: RawAdvice = toml::from_str(&text).map_err(|e| e.to_string())?;
        let bytes = postcard::to_allocvec(&Advice::try_from(raw)?).unwrap();
        Ok(postcard::from_bytes(bytes.leak()).unwrap())
    }

    fn holds(when: &str) -> bool {
        let facts = Known(BTreeMap::from([("heartbeat.timeout", "50000"), ("heartbeat.interval", "40 s"), ("restart-strategy", "None"), ("size", "1gb")]), 3.0);
        parsed(when).unwrap().holds(&facts)
    }

    #[test]
    fn a_new_name_goes_before_an_old_one_and_both_before_the_default() {
        assert!(holds("{key=['restart-strategy.type','restart-strategy'],in=['none']}"));
        assert!(!holds("{key=['restart-strategy.type','restart-strategy'],not_in=['none']}"));
        assert!(holds("{key=['absent'],default='3',lt=4}"));
        assert!(!holds("{key=['absent'],lt=4}"));
        assert!(holds("{key=['absent'],set=false}"));
        assert!(holds("{key=['size'],lacks=['mb']}") && !holds("{key=['size'],lacks=['gb']}"));
        assert!(!holds("{key=['absent'],lacks=['x']}"));
    }

    #[test]
    fn two_keys_are_compared_in_one_unit() {
        let half = "{key=['heartbeat.interval'],unit='duration',gt={key=['heartbeat.timeout'],times=0.5}}";
        assert!(holds(half));
        assert!(!holds("{key=['heartbeat.interval'],unit='duration',gt={key=['heartbeat.timeout']}}"));
        assert!(holds("{key=['size'],unit='bytes',ge='1024m'}"));
    }

    #[test]
    fn an_unknown_observation_never_holds_and_a_misspelt_one_is_an_error() {
        assert!(holds("{observed='restarts',ge=3}"));
        assert!(!holds("{observed='restarts',gt=3}"));
        assert!(!holds("{observed='backpressure',ge=0}"));
        assert!(parsed("{observed='restart',ge=3}").is_err());
        assert!(parsed("{key=['x'],set=true,in=['y']}").is_err());
        assert!(parsed("{key=['x']}").is_err());
    }
}

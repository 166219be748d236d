//! JSON lists of Event and Pod objects. In: the text; out: facts. Nesting is bounded by the JSON reader.

use serde_json::Value;

use super::table::container_of;
use super::{FactKind, K8sFact, K8sTime, k8s_time};

pub(super) fn read(report: &[u8]) -> Vec<K8sFact> {
    let Ok(root) = serde_json::from_slice::<Value>(report) else { return Vec::new() };
    let one = std::slice::from_ref(&root);
    let items = root.get("items").and_then(Value::as_array).map_or(one, Vec::as_slice);
    let mut lines = Lines { report, at: 0, line: 1 };
    let mut facts = Vec::new();
    for item in items {
        let line = lines.of(string(&item["metadata"], "uid").or_else(|| string(&item["metadata"], "name")));
        match item.get("kind").and_then(Value::as_str) {
            Some("Event") => facts.extend(event(item, line)),
            Some("Pod") => pod(item, line, &mut facts),
            _ => {}
        }
    }
    facts
}

/// The reader gives no lines; an object's id stands once in the text, in the order of the objects.
struct Lines<'a> {
    report: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, id: Option<String>) -> u64 {
        let quoted = id.map(|id| format!("\"{id}\""));
        if let Some(quoted) = quoted
            && let Some(found) = memchr::memmem::find(&self.report[self.at..], quoted.as_bytes())
        {
            self.line += memchr::memchr_iter(b'\n', &self.report[self.at..self.at + found]).count() as u64;
            self.at += found;
        }
        self.line
    }
}

fn string(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).filter(|s| !s.is_empty()).map(str::to_string)
}

fn time(value: &Value, key: &str) -> Option<K8sTime> {
    value.get(key).and_then(Value::as_str).and_then(|t| k8s_time(t.as_bytes()))
}

fn event(item: &Value, line: u64) -> Option<K8sFact> {
    let mut fact = K8sFact::new(FactKind::Event, line);
    let object = item.get("involvedObject").or_else(|| item.get("regarding"))?;
    fact.namespace = string(object, "namespace");
    fact.object = string(object, "name");
    fact.object_kind = string(object, "kind");
    fact.container = string(object, "fieldPath").and_then(|p| container_of(p.as_bytes()));
    fact.reason = string(item, "reason");
    fact.severity = string(item, "type");
    fact.message = string(item, "message").or_else(|| string(item, "note"));
    let series = item.get("series");
    fact.count = item.get("count").or_else(|| series?.get("count")).and_then(Value::as_u64);
    fact.first = time(item, "firstTimestamp").or_else(|| time(item, "eventTime"));
    fact.last = time(item, "lastTimestamp").or_else(|| time(series?, "lastObservedTime")).or_else(|| fact.first.clone());
    fact.reason.is_some().then_some(fact)
}

fn pod(item: &Value, line: u64, facts: &mut Vec<K8sFact>) {
    let meta = &item["metadata"];
    let status = &item["status"];
    let base = |kind| {
        let mut fact = K8sFact::new(kind, line);
        fact.namespace = string(meta, "namespace");
        fact.object = string(meta, "name");
        fact.object_kind = Some("Pod".to_string());
        fact
    };
    let reason = string(status, "reason").or_else(|| string(status, "phase"));
    let message = string(status, "message");
    if message.is_some() || !matches!(reason.as_deref(), Some("Running") | None) {
        let mut fact = base(FactKind::Pod);
        (fact.reason, fact.message) = (reason, message);
        facts.push(fact);
    }
    for list in ["initContainerStatuses", "containerStatuses"] {
        for container in status.get(list).and_then(Value::as_array).into_iter().flatten() {
            for (key, kind) in [("state", FactKind::State), ("lastState", FactKind::LastState)] {
                let Some((name, state)) = container.get(key).and_then(Value::as_object).and_then(|o| o.iter().next()) else { continue };
                let mut fact = base(kind);
                fact.container = string(container, "name");
                fact.reason = string(state, "reason").or_else(|| {
                    let mut letters = name.chars();
                    letters.next().map(|first| first.to_uppercase().chain(letters).collect())
                });
                fact.exit_code = state.get("exitCode").and_then(Value::as_i64);
                fact.signal = state.get("signal").and_then(Value::as_i64);
                fact.started = time(state, "startedAt");
                fact.finished = time(state, "finishedAt");
                fact.message = string(state, "message");
                if kind == FactKind::State {
                    fact.restarts = container.get("restartCount").and_then(Value::as_u64);
                }
                facts.push(fact);
            }
        }
    }
}

//! `kubectl describe pod`. In: indented `Key: value` lines; out: facts of the pod, its containers, its events.

use super::{FactKind, K8sFact, age_and_count, digits, k8s_time, text};

/// Value of a line that begins with a key; keys stand at the line's own indentation.
pub(super) fn value_of<'a>(line: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    Some(line.strip_prefix(key)?.trim_ascii())
}

#[derive(PartialEq, Clone, Copy)]
enum Part {
    Head,
    Containers,
    Events,
    Other,
}

#[derive(Default)]
struct Pod {
    namespace: Option<String>,
    name: Option<String>,
}

pub(super) fn read(report: &[u8]) -> Vec<K8sFact> {
    let mut reader = Reader { facts: Vec::new(), pod: Pod::default(), part: Part::Head, container: None, state: None, status: None };
    for (number, line) in report.split(|b| *b == b'\n').enumerate() {
        reader.line(line.strip_suffix(b"\r").unwrap_or(line), number as u64 + 1);
    }
    reader.close_state();
    reader.close_pod();
    let mut facts = reader.facts;
    facts.sort_by_key(|f| f.line);
    facts
}

struct Reader {
    facts: Vec<K8sFact>,
    pod: Pod,
    part: Part,
    container: Option<String>,
    /// The state whose lines are being read.
    state: Option<K8sFact>,
    status: Option<K8sFact>,
}

impl Reader {
    fn fact(&self, kind: FactKind, line: u64) -> K8sFact {
        let mut fact = K8sFact::new(kind, line);
        fact.namespace = self.pod.namespace.clone();
        fact.object = self.pod.name.clone();
        fact.object_kind = Some("Pod".to_string());
        fact.container = self.container.clone();
        fact
    }

    fn close_state(&mut self) {
        self.facts.extend(self.state.take());
    }

    /// A healthy pod's own status tells nothing.
    fn close_pod(&mut self) {
        self.facts.extend(self.status.take().filter(|s| s.message.is_some() || !matches!(s.reason.as_deref(), Some("Running") | None)));
    }

    fn line(&mut self, line: &[u8], number: u64) {
        let inner = line.trim_ascii_start();
        let indent = line.len() - inner.len();
        if inner.is_empty() {
            return;
        }
        if indent == 0 {
            self.close_state();
            self.container = None;
            return self.top(line, number);
        }
        match self.part {
            Part::Containers => self.container_line(inner, indent, number),
            Part::Events => self.event(inner, number),
            Part::Head | Part::Other => {}
        }
    }

    fn top(&mut self, line: &[u8], number: u64) {
        self.part = match line {
            b"Containers:" | b"Init Containers:" | b"Ephemeral Containers:" => Part::Containers,
            _ if line.starts_with(b"Events:") => Part::Events,
            _ => Part::Other,
        };
        if let Some(name) = value_of(line, b"Name:") {
            self.close_pod();
            self.pod = Pod { name: text(name), namespace: None };
            self.part = Part::Head;
        } else if let Some(namespace) = value_of(line, b"Namespace:") {
            self.pod.namespace = text(namespace);
        } else if let Some(status) = value_of(line, b"Status:") {
            let mut fact = self.fact(FactKind::Pod, number);
            fact.reason = text(status);
            self.status = Some(fact);
        } else if let Some(reason) = value_of(line, b"Reason:") {
            if let Some(status) = self.status.as_mut() {
                status.reason = text(reason).or(status.reason.take());
                status.line = number;
            }
        } else if let Some(message) = value_of(line, b"Message:")
            && let Some(status) = self.status.as_mut()
        {
            status.message = text(message);
        }
    }

    fn container_line(&mut self, inner: &[u8], indent: usize, number: u64) {
        if indent <= 2 {
            self.close_state();
            self.container = inner.strip_suffix(b":").and_then(text);
            return;
        }
        if indent <= 4 {
            self.close_state();
            let state = [(&b"State:"[..], FactKind::State), (b"Last State:", FactKind::LastState)];
            for (key, kind) in state {
                if let Some(value) = value_of(inner, key) {
                    let mut fact = self.fact(kind, number);
                    fact.reason = text(value);
                    self.state = Some(fact);
                }
            }
            if let Some(restarts) = value_of(inner, b"Restart Count:").and_then(digits)
                && let Some(last) = self.facts.iter_mut().rev().find(|f| f.container == self.container && f.kind == FactKind::State)
            {
                last.restarts = u64::try_from(restarts).ok();
            }
            return;
        }
        let Some(state) = self.state.as_mut() else { return };
        if let Some(value) = value_of(inner, b"Reason:") {
            state.reason = text(value).or(state.reason.take());
            state.line = number;
        } else if let Some(value) = value_of(inner, b"Exit Code:") {
            state.exit_code = number_of(value);
        } else if let Some(value) = value_of(inner, b"Signal:") {
            state.signal = number_of(value);
        } else if let Some(value) = value_of(inner, b"Message:") {
            state.message = text(value);
        } else if let Some(value) = value_of(inner, b"Started:") {
            state.started = k8s_time(value);
        } else if let Some(value) = value_of(inner, b"Finished:") {
            state.finished = k8s_time(value);
        } else if let Some(message) = state.message.as_mut().filter(|m| m.len() < 64 << 10)
            && state.started.is_none()
        {
            // A termination message can have several lines; the times follow it.
            message.push('\n');
            message.push_str(&String::from_utf8_lossy(inner));
        }
    }

    /// `Type Reason Age From Message`, apart by two blanks and more.
    fn event(&mut self, inner: &[u8], number: u64) {
        if inner.starts_with(b"Type ") || inner.starts_with(b"----") {
            return;
        }
        let mut cells: Vec<&[u8]> = Vec::new();
        let mut rest = inner;
        while cells.len() < 4 {
            let Some(gap) = memchr::memmem::find(rest, b"  ") else { return };
            cells.push(&rest[..gap]);
            rest = rest[gap..].trim_ascii_start();
        }
        let mut fact = self.fact(FactKind::Event, number);
        fact.container = None;
        (fact.severity, fact.reason) = (text(cells[0]), text(cells[1]));
        (fact.last, fact.count, fact.first) = age_and_count(cells[2]);
        fact.message = text(rest);
        self.facts.push(fact);
    }
}

fn number_of(value: &[u8]) -> Option<i64> {
    match value.strip_prefix(b"-") {
        Some(value) => digits(value).map(|n| -n),
        None => digits(value),
    }
}

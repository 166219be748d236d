//! Event tables. In: lines with columns by position; out: facts. The header names the columns, their order differs by version.

use super::{FactKind, K8sFact, age_and_count, digits, k8s_time, text};

const NAMES: [&[u8]; 11] = [b"NAMESPACE", b"LAST SEEN", b"FIRST SEEN", b"TYPE", b"REASON", b"OBJECT", b"SUBOBJECT", b"SOURCE", b"MESSAGE", b"COUNT", b"NAME"];

/// Columns of a table: name, first byte.
pub(super) fn columns(header: &[u8]) -> Option<Vec<(&'static [u8], usize)>> {
    let header = header.trim_ascii_end();
    let mut found = Vec::new();
    let mut at = 0;
    while at < header.len() {
        if header[at] == b' ' {
            at += 1;
            continue;
        }
        let rest = &header[at..];
        let name = NAMES.into_iter().find(|n| rest.starts_with(n) && matches!(rest.get(n.len()), None | Some(b' ')))?;
        if found.len() == NAMES.len() {
            return None;
        }
        found.push((name, at));
        at += name.len();
    }
    let has = |n: &[u8]| found.iter().any(|(name, _)| *name == n);
    (has(b"REASON") && has(b"MESSAGE") && has(b"TYPE")).then_some(found)
}

pub(super) fn read(report: &[u8]) -> Vec<K8sFact> {
    let mut facts = Vec::new();
    let mut layout = None;
    for (number, line) in report.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(columns) = columns(line) {
            layout = Some(columns);
        } else if let Some(columns) = layout.as_ref().filter(|_| !line.trim_ascii().is_empty()) {
            facts.extend(row(line, columns, number as u64 + 1));
        }
    }
    facts
}

fn row(line: &[u8], columns: &[(&[u8], usize)], number: u64) -> Option<K8sFact> {
    let cells = cells(line, columns);
    let cell = |name: &[u8]| columns.iter().position(|(n, _)| *n == name).and_then(|i| cells.get(i)).copied().unwrap_or(b"");
    let mut fact = K8sFact::new(FactKind::Event, number);
    (fact.last, fact.count, fact.first) = age_and_count(cell(b"LAST SEEN"));
    fact.count = digits(cell(b"COUNT")).and_then(|n| u64::try_from(n).ok()).or(fact.count);
    fact.first = k8s_time(cell(b"FIRST SEEN")).or(fact.first);
    fact.namespace = text(cell(b"NAMESPACE"));
    fact.severity = text(cell(b"TYPE"));
    fact.reason = text(cell(b"REASON"));
    fact.message = text(cell(b"MESSAGE"));
    let object = cell(b"OBJECT");
    let (kind, name) = match object.iter().position(|b| *b == b'/') {
        Some(slash) => (text(&object[..slash]), &object[slash + 1..]),
        None => (None, object),
    };
    fact.object = text(name);
    fact.object_kind = kind.map(|k| if k.eq_ignore_ascii_case("pod") { "Pod".to_string() } else { k });
    fact.container = container_of(cell(b"SUBOBJECT"));
    (fact.reason.is_some() && fact.severity.is_some()).then_some(fact)
}

/// Container of a field path, `spec.containers{name}`.
pub(super) fn container_of(path: &[u8]) -> Option<String> {
    let open = path.iter().position(|b| *b == b'{')?;
    text(path[open + 1..].strip_suffix(b"}")?)
}

/// By the header's positions where blanks stand before each; else by runs of two blanks and more.
fn cells<'a>(line: &'a [u8], columns: &[(&[u8], usize)]) -> Vec<&'a [u8]> {
    let fits = columns.iter().skip(1).all(|(_, at)| *at >= line.len() || line[*at - 1] == b' ');
    if fits {
        let ends = columns.iter().skip(1).map(|(_, at)| *at).chain([usize::MAX]);
        return columns.iter().zip(ends).map(|((_, from), to)| line.get(*from..to.min(line.len())).unwrap_or(b"").trim_ascii()).collect();
    }
    let mut cells = Vec::new();
    let mut rest = line.trim_ascii();
    while cells.len() + 1 < columns.len() {
        let Some(gap) = memchr::memmem::find(rest, b"  ") else { break };
        cells.push(&rest[..gap]);
        rest = rest[gap..].trim_ascii_start();
    }
    cells.push(rest);
    cells
}

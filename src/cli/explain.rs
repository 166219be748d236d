//! `explain`: what a slug or an exit code means. Everything it says stands in the pattern files.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::args::{ExplainArgs, TextOrJson};
use super::output::Target;
use super::settings;
use crate::config;
use crate::error::{Error, Result};
use crate::patterns::{Match, Nature, On, Packs, Pattern, Space};
use crate::suggest;

/// Explains one slug.
pub fn run(args: ExplainArgs) -> Result<ExitCode> {
    let loaded = config::load(args.config.as_deref(), Path::new("."))?;
    let packs = settings::packs(&args.patterns, &loaded.config.patterns)?;
    let slug = args.slug.trim().to_ascii_lowercase();
    let (text, value) = if let Some(pattern) = packs.get(&slug) {
        (words(&packs, pattern), data(&packs, pattern))
    } else if let Some(found) = slug.trim_start_matches("exit-").parse::<i32>().ok().and_then(|code| exit_code(&packs, code)) {
        found
    } else if let Some(advice) = packs.advice().iter().find(|advice| advice.id == slug) {
        let mut text = format!("{}: {}\n\nMEANING\n{}", advice.id, advice.title, wrapped(advice.text));
        list(&mut text, "WHAT TO DO", &advice.remedy);
        let value = json!({ "id": advice.id, "title": advice.title, "cause": advice.text, "remedy": advice.remedy });
        (text, value)
    } else {
        return Err(unknown(&packs, &slug));
    };
    Target::Stdout.write(|out| match args.format {
        TextOrJson::Text => out.write_all(text.as_bytes()),
        TextOrJson::Json => writeln!(out, "{value:#}"),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The error for a slug that no pattern has.
pub fn unknown(packs: &Packs, slug: &str) -> Error {
    let names = packs.iter().map(|p| p.id).chain(packs.advice().iter().map(|a| a.id));
    let near = suggest::nearest(slug, names);
    Error::usage(format!("there is no pattern `{slug}`{}; `flinklog patterns list` names them all", suggest::hint(near)))
}

fn words(packs: &Packs, pattern: &Pattern) -> String {
    let mut text = format!("{}: {}\n\n", pattern.id, pattern.title);
    let restart = pattern.restart_helps.as_str();
    let _ =
        writeln!(text, "  severity {}, owner {}, {}; a restart helps: {restart}", pattern.severity.as_str(), pattern.owner.as_str(), nature(pattern.nature));
    if let Some(wider) = pattern.reported_as {
        let _ = writeln!(text, "  reported as `{wider}`, of which it is a variant");
    }
    if let Some(versions) = &pattern.versions {
        let _ = writeln!(text, "  Flink {versions}");
    }
    let _ = write!(text, "\nMEANING\n{}", wrapped(pattern.cause));
    list(&mut text, "WHAT TO DO", &pattern.remedy);
    let causes: Vec<String> = packs.chains_from(pattern.id).iter().map(|chain| format!("{}: {}", chain.cause, chain.look_at)).collect();
    list(&mut text, "WHAT CAN CAUSE IT (and where that shows)", &causes);
    let effects = effects(packs, pattern.id);
    if !effects.is_empty() {
        let _ = write!(text, "\nWHAT IT CAN CAUSE\n{}", wrapped(&effects.join(", ")));
    }
    let variants = variants(packs, pattern.id);
    if !variants.is_empty() {
        let _ = write!(text, "\nVARIANTS\n{}", wrapped(&variants.join(", ")));
    }
    text.push_str("\nHOW IT IS RECOGNISED\n");
    if pattern.matches.is_empty() {
        text.push_str("  No line of its own: it is concluded from other evidence.\n");
    }
    for one in &pattern.matches {
        let _ = writeln!(text, "  - {}", recognised(one));
    }
    if let Some(class) = &pattern.written_by {
        let _ = writeln!(text, "  written by {class}");
    }
    // What starts quickly has no samples.
    let whole = pattern.shipped.then(|| Packs::shipped_whole().ok()).flatten();
    let samples = whole.as_ref().and_then(|packs| packs.get(pattern.id)).map_or(&pattern.samples, |pattern| &pattern.samples);
    if let Some(sample) = samples.first() {
        let _ = writeln!(text, "\nFOR EXAMPLE");
        for line in sample.text.lines().take(6) {
            let _ = writeln!(text, "  {}", line.replace('\t', "    "));
        }
    }
    if !pattern.over_with.is_empty() {
        let _ = write!(text, "\nA WARNING OF IT IS OVER WITH\n  {}\n", pattern.over_with.join(", "));
    }
    let _ = write!(text, "\nSEE\n  {}{}:{}\n", pattern.docs.as_ref().map(|docs| format!("{docs}\n  ")).unwrap_or_default(), pattern.file, pattern.line);
    text
}

fn nature(nature: Nature) -> &'static str {
    match nature {
        Nature::Cause => "can be the cause",
        Nature::Symptom => "a symptom: something else made it happen",
        Nature::Either => "the cause unless evidence shows what made it happen",
        Nature::Wrapper => "only carries another exception",
        Nature::Benign => "benign: looks like a failure and is none",
        Nature::Recovery => "a recovery: shows that trouble is over",
    }
}

/// Slugs of what a cause can bring about.
fn effects(packs: &Packs, cause: &str) -> Vec<&'static str> {
    let mut effects: Vec<&str> = packs.iter().filter(|p| packs.chains_from(p.id).iter().any(|chain| chain.cause == cause)).map(|p| p.id).collect();
    effects.sort();
    effects
}

/// Slugs of the patterns that are reported as this one.
fn variants(packs: &Packs, wider: &str) -> Vec<&'static str> {
    let mut variants: Vec<&str> = packs.iter().filter(|pattern| pattern.reported_as == Some(wider)).map(|pattern| pattern.id).collect();
    variants.sort();
    variants
}

fn recognised(one: &Match) -> String {
    let mut parts = Vec::new();
    let on: Vec<&str> = one
        .on
        .iter()
        .map(|on| match on {
            On::Exception => "an exception",
            On::Record => "a log record",
            On::Text => "a line of text",
        })
        .collect();
    parts.push(on.join(" or "));
    let mut add = |what: &str, values: &[&str], joint: &str| {
        if !values.is_empty() {
            let quoted: Vec<String> = values.iter().map(|v| format!("`{v}`")).collect();
            parts.push(format!("{what} {}", quoted.join(joint)));
        }
    };
    add("of class", &one.class, " or ");
    add("of logger", &one.loggers, " or ");
    add("with", &one.any, " or ");
    add("with", &one.all, " and ");
    add("without", &one.none, " or ");
    add("from", &one.frames, " or ");
    add("not from", &one.no_frames, " or ");
    add("in", &one.process, " or ");
    if let Some(between) = &one.between_equals {
        parts.push(format!("with the same class on both sides of `{}`", between.trim()));
    }
    if let Some(regex) = &one.regex {
        parts.push(format!("matching `{regex}`"));
    }
    parts.join(", ")
}

fn exit_code(packs: &Packs, code: i32) -> Option<(String, Value)> {
    let found: Vec<_> = packs.exit_codes().iter().filter(|known| known.code == code).collect();
    if found.is_empty() {
        return None;
    }
    let mut text = String::new();
    let mut values = Vec::new();
    for known in found {
        let space = match known.space {
            Space::Process => "exit code of a process",
            Space::Yarn => "exit status of a YARN container",
        };
        let _ = write!(text, "{code}: {} ({space})\n\n{}", known.name, wrapped(known.meaning));
        if !known.pattern.is_empty() {
            let _ = writeln!(text, "\n  evidence for `{0}`: see `flinklog explain {0}`", known.pattern);
        }
        text.push('\n');
        values.push(json!({ "code": code, "space": space, "name": known.name, "meaning": known.meaning, "pattern": known.pattern }));
    }
    text.pop();
    Some((text, Value::Array(values)))
}

fn data(packs: &Packs, pattern: &Pattern) -> Value {
    json!({
        "id": pattern.id,
        "title": pattern.title,
        "severity": pattern.severity.as_str(),
        "owner": pattern.owner.as_str(),
        "nature": format!("{:?}", pattern.nature).to_lowercase(),
        "restart_helps": pattern.restart_helps.as_str(),
        "cause": pattern.cause.trim(),
        "remedy": pattern.remedy,
        "versions": pattern.versions,
        "docs": pattern.docs,
        "caused_by": packs.chains_from(pattern.id).iter().map(|chain| json!({ "pattern": chain.cause, "look_at": chain.look_at })).collect::<Vec<_>>(),
        "causes": effects(packs, pattern.id),
        "reported_as": pattern.reported_as,
        "variants": variants(packs, pattern.id),
        "over_with": pattern.over_with,
        "recognised": pattern.matches.iter().map(recognised).collect::<Vec<_>>(),
        "file": pattern.file,
        "line": pattern.line,
        "built_in": pattern.shipped,
    })
}

fn list(text: &mut String, heading: &str, items: &[impl AsRef<str>]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{heading}");
    for item in items {
        let lines = wrapped(item.as_ref());
        let _ = write!(text, "  - {}", lines.trim_start().replace("\n  ", "\n    "));
    }
}

/// Lines of at most 80 columns, indented by two.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    for paragraph in text.trim().split("\n\n") {
        let mut line = String::from(" ");
        for word in paragraph.split_whitespace() {
            if line.len() > 1 && line.chars().count() + 1 + word.chars().count() > 80 {
                out.push_str(&line);
                out.push('\n');
                line = String::from(" ");
            }
            line.push(' ');
            line.push_str(word);
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

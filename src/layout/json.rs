//! JSON layouts: one object a line. Out: the same head as of a text layout, and one text of message and stack trace as a text layout would print it.
//!
//! Read are log4j's JsonLayout (`instant`, `loggerName`, `thrown`), JsonTemplateLayout with the ECS template (`@timestamp`, `log.level`, `error.*`),
//! the logstash encoder (`@timestamp`, `logger_name`, `exception`/`stack_trace`), a managed service's objects (`messageType`, `throwableInformation`), and
//! any other object with a level and a message.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::time::{self, Date, Stamp};
use super::{Layout, Level};

/// A record that one JSON object holds.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonRecord {
    pub stamp: Option<Stamp>,
    pub level: Level,
    pub logger: String,
    /// Message, then the stack trace on lines of its own.
    pub text: String,
    pub layout: Layout,
}

/// Deepest nesting of causes that is followed; real chains have fewer than 20.
const MAX_CAUSES: usize = 64;

/// Reads `line` as a log object; `None` where it is no JSON object with a message and a level.
pub fn parse(line: &[u8]) -> Option<JsonRecord> {
    if line.first() != Some(&b'{') {
        return None;
    }
    let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(line.trim_ascii_end()) else { return None };
    let message = string(&object, &["message", "msg", "@message", "log"])?;
    let level_name = string(&object, &["level", "log.level", "messageType", "severity", "levelname", "log_level"])
        .or_else(|| string(object.get("log")?.as_object()?, &["level"]))?;
    let logger = string(&object, &["loggerName", "logger_name", "log.logger", "logger", "class", "locationInformation"])
        .or_else(|| string(object.get("log")?.as_object()?, &["logger"]))
        .unwrap_or_default();
    let layout = if object.contains_key("loggerName") {
        Layout::JsonLog4j
    } else if object.contains_key("logger_name") || object.contains_key("source_host") {
        Layout::JsonLogstash
    } else if object.contains_key("log.level") || object.contains_key("ecs.version") {
        Layout::JsonEcs
    } else if object.contains_key("messageType") || object.contains_key("applicationARN") {
        Layout::JsonManaged
    } else {
        Layout::Json
    };
    let mut text = message.to_owned();
    append_trace(&object, &mut text);
    let logger = logger.split('(').next().unwrap_or(logger);
    let logger = if object.contains_key("locationInformation") && !object.contains_key("logger") {
        logger.rsplit_once('.').map_or(logger, |(class, _)| class)
    } else {
        logger
    };
    Some(JsonRecord { stamp: stamp(&object), level: Level::from_name(level_name), logger: logger.to_owned(), text, layout })
}

fn string<'a>(object: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| object.get(*key)?.as_str())
}

fn stamp(object: &Map<String, Value>) -> Option<Stamp> {
    let exact = |ms: i64| Stamp { ms, offset_minutes: Some(0), date: Date::Full };
    if let Some(instant) = object.get("instant").and_then(Value::as_object) {
        let seconds = instant.get("epochSecond")?.as_i64()?;
        let nanos = instant.get("nanoOfSecond").and_then(Value::as_i64).unwrap_or(0);
        return Some(exact(seconds.checked_mul(1000)?.checked_add(nanos / 1_000_000)?));
    }
    for key in ["@timestamp", "timestamp", "time", "timeMillis", "ts", "date", "asctime"] {
        match object.get(key) {
            Some(Value::String(text)) => {
                if let Some((stamp, _)) = time::parse(text.as_bytes()) {
                    return Some(stamp);
                }
            }
            Some(Value::Number(number)) => {
                let value = number.as_f64()?;
                // Seconds have ten digits, milliseconds thirteen, for any time between 2001 and 2286.
                let ms = if value.abs() < 1e11 { value * 1000.0 } else { value };
                return Some(exact(ms as i64));
            }
            _ => {}
        }
    }
    None
}

fn append_trace(object: &Map<String, Value>, text: &mut String) {
    if let Some(thrown) = object.get("thrown").and_then(Value::as_object) {
        return append_thrown(thrown, text);
    }
    let mut add = |trace: &str| {
        if !trace.is_empty() {
            text.push('\n');
            text.push_str(trace.trim_end());
        }
    };
    for key in ["stack_trace", "error.stack_trace", "stacktrace", "exception", "throwable", "stackTrace", "exc_info"] {
        match object.get(key) {
            Some(Value::String(trace)) => return add(trace),
            Some(Value::Object(exception)) => {
                if let Some(trace) = string(exception, &["stacktrace", "stack_trace", "stackTrace"]) {
                    return add(trace);
                }
                let class = string(exception, &["exception_class", "class", "type", "name"]).unwrap_or_default();
                let message = string(exception, &["exception_message", "message"]).unwrap_or_default();
                return add(&format!("{class}: {message}"));
            }
            _ => {}
        }
    }
    if let Some(error) = object.get("error").and_then(Value::as_object) {
        if let Some(trace) = string(error, &["stack_trace"]) {
            return add(trace);
        }
        if let Some(class) = string(error, &["type"]) {
            return add(&format!("{class}: {}", string(error, &["message"]).unwrap_or_default()));
        }
    }
    match object.get("throwableInformation") {
        Some(Value::String(trace)) => add(trace),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).for_each(add),
        _ => {}
    }
}

/// log4j's `thrown`: name, message, frames as an array (or one string), and the cause inside.
fn append_thrown(thrown: &Map<String, Value>, text: &mut String) {
    let mut next = Some(thrown);
    for depth in 0..MAX_CAUSES {
        let Some(link) = next else { return };
        text.push('\n');
        let frames = link.get("extendedStackTrace").or_else(|| link.get("stackTrace"));
        if let Some(Value::String(whole)) = frames {
            text.push_str(whole.trim_end());
            return;
        }
        if depth > 0 {
            text.push_str("Caused by: ");
        }
        text.push_str(string(link, &["name"]).unwrap_or("unknown"));
        if let Some(message) = string(link, &["message", "localizedMessage"]) {
            let _ = write!(text, ": {message}");
        }
        for frame in frames.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object) {
            let class = string(frame, &["class"]).unwrap_or("?");
            let method = string(frame, &["method"]).unwrap_or("?");
            let _ = match (string(frame, &["file"]), frame.get("line").and_then(Value::as_i64)) {
                (Some(file), Some(line)) if line > 0 => write!(text, "\n\tat {class}.{method}({file}:{line})"),
                (Some(file), _) => write!(text, "\n\tat {class}.{method}({file})"),
                _ => write!(text, "\n\tat {class}.{method}(Unknown Source)"),
            };
        }
        if let Some(common) = link.get("commonElementCount").and_then(Value::as_i64).filter(|n| *n > 0) {
            let _ = write!(text, "\n\t... {common} more");
        }
        next = link.get("cause").and_then(Value::as_object);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log4j_json_with_nested_causes_reads_like_text() {
        let line = br#"{"instant":{"epochSecond":1795255077,"nanoOfSecond":954988558},"thread":"t","level":"WARN","loggerName":"a.b.Task","message":"x failed:","thrown":{"commonElementCount":0,"message":"outer","name":"a.Outer","extendedStackTrace":[{"class":"a.B","method":"c","file":"B.java","line":5}],"cause":{"commonElementCount":3,"name":"a.Inner","extendedStackTrace":[]}}}"#;
        let record = parse(line).unwrap();
        assert_eq!(record.text, "x failed:\na.Outer: outer\n\tat a.B.c(B.java:5)\nCaused by: a.Inner\n\t... 3 more");
        assert_eq!((record.stamp.unwrap().ms, record.level, record.layout), (1_795_255_077_954, Level::Warn, Layout::JsonLog4j));
    }

    #[test]
    fn other_encoders() {
        let logstash = br#"{"@timestamp":"2026-11-21T10:49:35.100+0000","level":"INFO","logger_name":"a.B","message":"m","exception":{"exception_class":"a.X","exception_message":"y","stacktrace":"a.X: y\n\tat a.B.c(B.java:1)"}}"#;
        let record = parse(logstash).unwrap();
        assert_eq!((record.layout, record.text.as_str()), (Layout::JsonLogstash, "m\na.X: y\n\tat a.B.c(B.java:1)"));
        let managed = br#"{"locationInformation":"org.apache.flink.runtime.taskmanager.Task.transitionState(Task.java:1034)","logger":"org.apache.flink.runtime.taskmanager.Task","message":"m","messageType":"WARN","throwableInformation":["java.lang.X: y","\tat a.B.c(B.java:1)"]}"#;
        let record = parse(managed).unwrap();
        assert_eq!((record.layout, record.level, record.text.as_str()), (Layout::JsonManaged, Level::Warn, "m\njava.lang.X: y\n\tat a.B.c(B.java:1)"));
        let ecs = br#"{"@timestamp":"2026-11-21T10:49:35.100Z","log.level":"ERROR","log.logger":"a.B","message":"m","error.type":"a.X","error.stack_trace":"a.X: y"}"#;
        assert_eq!(parse(ecs).unwrap().layout, Layout::JsonEcs);
        for no in [&b"{\"a\":1}"[..], b"{", b"[1]", b"{\"message\":\"x\"}"] {
            assert_eq!(parse(no), None);
        }
    }
}

//! The JSON Schema of `flinklog.report/1`, generated from the wire types.
//!
//! The closed sets stand here and not in the types, so that a report with a value that a newer version added can still be read.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::model::{self, Report};

/// Type, property, the values that it may have.
const CLOSED_SETS: [(&str, &str, &[&str]); 13] = [
    ("Summary", "verdict", &["failed", "degraded", "healthy", "not-assessed"]),
    ("Summary", "certainty", CERTAINTY),
    ("Job", "verdict", &["failed", "degraded", "healthy", "not-assessed"]),
    ("Job", "state", JOB_STATUS),
    ("Attempt", "outcome", &["finished", "failed", "canceled", "suspended", "rescaled", "lost", "running", "unknown"]),
    ("RestoredFrom", "kind", &["checkpoint", "savepoint"]),
    ("Source", "role", ROLES),
    ("TimeZone", "from", &["option", "log", "inferred", "paired", "assumed"]),
    (
        "Life",
        "loss",
        &["killed-memory", "killed", "preempted", "node-lost", "heartbeat-timeout", "disconnected", "oom", "crashed", "released", "stopped", "unknown"],
    ),
    ("Finding", "severity", &["critical", "error", "warning", "info"]),
    ("Finding", "certainty", CERTAINTY),
    ("Finding", "role", &["root-cause", "trigger", "symptom", "contributing", "sustainer", "observation"]),
    ("Finding", "owner", &["user-code", "dependency", "configuration", "connector", "external", "platform", "data", "flink", "unknown"]),
];

const CERTAINTY: &[&str] = &["confirmed", "likely", "possible", "insufficient"];

/// `org.apache.flink.api.common.JobStatus`, and `UNKNOWN`.
const JOB_STATUS: &[&str] =
    &["INITIALIZING", "CREATED", "RUNNING", "FAILING", "FAILED", "CANCELLING", "CANCELED", "FINISHED", "RESTARTING", "SUSPENDED", "RECONCILING", "UNKNOWN"];

const ROLES: &[&str] = &[
    "jobmanager",
    "taskmanager",
    "client",
    "historyserver",
    "sqlgateway",
    "operator",
    "zookeeper",
    "gc",
    "stdout",
    "hs-err",
    "thread-dump",
    "container",
    "launcher",
    "nodemanager",
    "resourcemanager",
    "k8s-events",
    "unknown",
];

/// The schema (draft 2020-12) that every report fulfils.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>().to_value();
    schema["$id"] = json!(model::SCHEMA);
    schema["title"] = json!("flinklog report");
    schema["properties"]["schema"] = json!({ "const": model::SCHEMA });
    for (kind, property, values) in CLOSED_SETS {
        if let Some(target) = schema.pointer_mut(&format!("/$defs/{kind}/properties/{property}")) {
            let nullable = target["type"].is_array();
            let mut values: Vec<Value> = values.iter().map(|value| json!(value)).collect();
            if nullable {
                values.push(Value::Null);
            }
            target["enum"] = Value::Array(values);
        }
    }
    schema
}

/// [`schema`] as indented text with a line break at the end.
pub fn text() -> String {
    format!("{:#}\n", schema())
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_closed_set_names_a_property() {
        let schema = schema();
        for (kind, property, _) in CLOSED_SETS {
            assert!(schema.pointer(&format!("/$defs/{kind}/properties/{property}/enum")).is_some(), "{kind}.{property}");
        }
    }

    #[test]
    fn the_samples_fulfil_it_and_a_wrong_one_does_not() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        for report in [sample::disaster(), sample::healthy(), sample::not_assessed()] {
            let value = serde_json::to_value(&report).unwrap();
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| format!("{error} at {}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
        let mut wrong = serde_json::to_value(sample::healthy()).unwrap();
        wrong["summary"]["verdict"] = json!("fine");
        assert!(!validator.is_valid(&wrong));
        wrong["summary"].as_object_mut().unwrap().remove("verdict");
        assert!(!validator.is_valid(&wrong));
    }
}

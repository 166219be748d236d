//! Plain words for the closed sets of the report. A value that is not known here (a report of a newer version) is shown as it stands.

/// The verdict as people say it, in capitals.
pub fn verdict(verdict: &str) -> String {
    match verdict {
        "not-assessed" => "NOT ASSESSED".to_owned(),
        other => other.to_uppercase(),
    }
}

/// Whose job it is to mend it.
pub fn owner(owner: &str) -> &str {
    match owner {
        "user-code" => "the job's own code",
        "dependency" => "a library of the job",
        "configuration" => "the configuration",
        "connector" => "a connector",
        "external" => "another system",
        "platform" => "the cluster (YARN, Kubernetes, hosts)",
        "data" => "the data",
        "flink" => "Flink itself",
        "unknown" | "" => "not known",
        other => other,
    }
}

/// How a TaskManager went.
pub fn loss(loss: &str) -> &str {
    match loss {
        "killed-memory" => "killed for its memory",
        "killed" => "killed from outside",
        "preempted" => "preempted",
        "node-lost" => "its node was lost",
        "heartbeat-timeout" => "heartbeat timed out",
        "disconnected" => "connection lost",
        "oom" => "out of memory",
        "crashed" => "JVM crashed",
        "released" => "released, idle",
        "stopped" => "stopped",
        "unknown" => "lost, cause unknown",
        other => other,
    }
}

/// Whether a loss is an ordinary end.
pub fn loss_is_fine(loss: &str) -> bool {
    matches!(loss, "released" | "stopped")
}

/// Why a checkpoint failed.
pub fn checkpoint_reason(reason: &str) -> &str {
    match reason {
        "expired" => "timed out",
        "declined" => "declined by a task",
        "async" => "failed while writing (asynchronous part)",
        "sync" => "failed while taken (synchronous part)",
        "finalization" => "could not be finalized",
        "not-triggerable" => "could not be triggered",
        "io" => "input/output error",
        "task-failure" => "a task failed meanwhile",
        "job-failure" => "the job failed meanwhile",
        "cancelled" => "cancelled",
        "superseded" => "overtaken by a newer one",
        "other" => "another reason",
        other => other,
    }
}

/// How a finding stands to the others.
pub fn role(role: &str) -> &str {
    match role {
        "root-cause" => "root cause",
        "sustainer" => "keeps it going",
        "contributing" => "contributes",
        other => other,
    }
}

/// Name of a collector as its makers write it.
pub fn collector(name: &str) -> &str {
    match name {
        "serial" => "Serial",
        "parallel" => "Parallel",
        "cms" => "CMS",
        "g1" => "G1",
        "zgc" => "ZGC",
        "zgc-generational" => "ZGC (generational)",
        "shenandoah" => "Shenandoah",
        "shenandoah-generational" => "Shenandoah (generational)",
        "unknown" => "collector not known",
        other => other,
    }
}

/// What began an attempt.
pub fn begun_by(reason: &str) -> &str {
    match reason {
        "submission" => "submitted",
        "restart" => "restarted",
        "region-failover" => "a region restarted",
        "rescale" => "rescaled",
        "jobmanager-failover" => "taken over by another JobManager",
        other => other,
    }
}

//! Pieces of logs as the named Flink version wrote them (frames shortened in number, not in form).

use super::*;

/// 1.9.3, JobManager, log4j 1.2: no jars behind the frames.
const NPE_1_9: &str = "Source: orders -> enrich-orders (1/2) (f4ca5f583bfea12438c84dd3e03aaeae) switched from RUNNING to FAILED.
java.lang.NullPointerException
\tat com.acme.orders.OrderEnrichmentJob$EnrichOrder.discount(OrderEnrichmentJob.java:56)
\tat com.acme.orders.OrderEnrichmentJob$EnrichOrder.map(OrderEnrichmentJob.java:98)
\tat org.apache.flink.streaming.api.operators.StreamMap.processElement(StreamMap.java:41)
\tat org.apache.flink.streaming.runtime.tasks.SourceStreamTask$LegacySourceFunctionThread.run(SourceStreamTask.java:208)";

/// 1.17.2, TaskManager, log4j 2.
const NPE_1_17_TM: &str = "Source: orders -> enrich-orders (2/2)#0 (7985b45212f6bf3088f4fbd5abb65f41_bc4197a480c92c793190a9f8c0afc54c_1_0) switched from RUNNING to FAILED with failure cause:
java.lang.NullPointerException: null
\tat com.acme.orders.OrderEnrichmentJob$EnrichOrder.discount(OrderEnrichmentJob.java:56) ~[blob_p-1e410e5554f92be95b30f6da9e3eb451fa0fd7a3-52376fefbe9a103c0c4628a63ef554fb:?]
\tat com.acme.orders.OrderEnrichmentJob$EnrichOrder.map(OrderEnrichmentJob.java:98) ~[blob_p-1e410e5554f92be95b30f6da9e3eb451fa0fd7a3-52376fefbe9a103c0c4628a63ef554fb:?]
\tat org.apache.flink.streaming.api.operators.StreamMap.processElement(StreamMap.java:38) ~[flink-dist-1.17.2.jar:1.17.2]";

/// 2.3.0, TaskManager on JDK 17: the helpful text is computed there and lost on the way to the JobManager.
const NPE_2_3_TM: &str = "java.lang.NullPointerException: Cannot read field \"tier\" because \"c\" is null
\tat com.acme.orders.OrderEnrichmentJob$EnrichOrder.discount(OrderEnrichmentJob.java:56)
\tat com.acme.orders.OrderEnrichmentJob$EnrichOrder.map(OrderEnrichmentJob.java:98)";

/// 2.3.0, client.
const NPE_2_3_CLIENT: &str = "
------------------------------------------------------------
 The program finished with the following exception:

org.apache.flink.client.program.ProgramInvocationException: The main method caused an error: org.apache.flink.client.program.ProgramInvocationException: Job failed (JobID: 58f557d04c99f3a63a9c36fb87828128)
\tat org.apache.flink.client.program.PackagedProgram.callMainMethod(PackagedProgram.java:372)
\tat org.apache.flink.client.cli.CliFrontend.main(CliFrontend.java:1157)
Caused by: java.util.concurrent.ExecutionException: org.apache.flink.client.program.ProgramInvocationException: Job failed (JobID: 58f557d04c99f3a63a9c36fb87828128)
\tat java.base/java.util.concurrent.CompletableFuture.get(Unknown Source)
\tat com.acme.orders.OrderEnrichmentJob.main(OrderEnrichmentJob.java:147)
\tat java.base/jdk.internal.reflect.NativeMethodAccessorImpl.invoke0(Native Method)
\t... 9 more
Caused by: org.apache.flink.client.program.ProgramInvocationException: Job failed (JobID: 58f557d04c99f3a63a9c36fb87828128)
\tat org.apache.flink.client.deployment.ClusterClientJobClientAdapter.lambda$null$6(ClusterClientJobClientAdapter.java:130)
Caused by: org.apache.flink.runtime.client.JobExecutionException: Job execution failed.
\tat org.apache.flink.runtime.jobmaster.JobResult.toJobExecutionResult(JobResult.java:144)
\t... 23 more
Caused by: org.apache.flink.runtime.JobException: Recovery is suppressed by FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts=3, backoffTimeMS=2000)
\tat org.apache.flink.runtime.executiongraph.failover.ExecutionFailureHandler.handleFailure(ExecutionFailureHandler.java:139)
\tat jdk.internal.reflect.GeneratedMethodAccessor93.invoke(Unknown Source)
Caused by: java.lang.NullPointerException
\tat com.acme.orders.OrderEnrichmentJob$EnrichOrder.discount(OrderEnrichmentJob.java:56)
\tat com.acme.orders.OrderEnrichmentJob$EnrichOrder.map(OrderEnrichmentJob.java:98)
";

#[test]
fn one_failure_told_by_four_versions_and_three_processes_has_one_fingerprint() {
    let all = [NPE_1_9, NPE_1_17_TM, NPE_2_3_TM, NPE_2_3_CLIENT].map(trace);
    for t in &all {
        assert_eq!(root(t).0, "java.lang.NullPointerException");
        assert_eq!(user(t), "com.acme.orders.OrderEnrichmentJob$EnrichOrder.discount:56");
        assert_eq!(t.fingerprint, all[0].fingerprint);
        assert!(!t.cut && !t.root_is_wrapper);
    }
    let client = &all[3];
    assert_eq!((client.first_line, client.links.len(), client.root), (4, 6, 5));
    assert!(client.links[..5].iter().all(|l| l.wrapper), "{:?}", client.links.iter().map(|l| (&l.class, l.wrapper)).collect::<Vec<_>>());
    assert_eq!((all[0].first_line, all[0].lines), (1, 5));
}

#[test]
fn main_is_not_blamed_for_a_failure_whose_frames_the_jvm_left_out() {
    let without =
        NPE_2_3_CLIENT.split("Caused by: java.lang.NullPointerException").next().unwrap_or("").to_owned() + "Caused by: java.lang.NullPointerException\n";
    let t = trace(&without);
    assert_eq!((root(&t).0, t.user_frame.as_ref()), ("java.lang.NullPointerException", None));
    assert!(t.is_fast_throw());
    assert!(!trace(NPE_1_9).is_fast_throw());
}

/// 1.13.6, TaskManager: the throwable is the end of the transition line.
#[test]
fn the_transition_line_of_1_13_holds_the_head() {
    let tm = "Source: socket-ingest (1/1)#0 (5dd4ee3bfe15e86678182f4153f32411) switched from RUNNING to FAILED with failure cause: java.net.ConnectException: Connection refused (Connection refused)
\tat java.base/java.net.PlainSocketImpl.socketConnect(Native Method)
\tat java.base/java.net.AbstractPlainSocketImpl.doConnect(Unknown Source)
\tat org.apache.flink.streaming.api.functions.source.SocketTextStreamFunction.run(SocketTextStreamFunction.java:104)
\tat org.apache.flink.streaming.api.operators.StreamSource.run(StreamSource.java:104)
";
    let jm =
        "Source: socket-ingest (1/1) (5dd4ee3bfe15e86678182f4153f32411) switched from RUNNING to FAILED on localhost:40563-0f2724 @ localhost (dataPort=35587).
java.net.ConnectException: Connection refused
\tat java.net.PlainSocketImpl.socketConnect(Native Method) ~[?:?]
\tat org.apache.flink.streaming.api.functions.source.SocketTextStreamFunction.run(SocketTextStreamFunction.java:104) ~[flink-dist_2.12-1.13.6.jar:1.13.6]";
    let (tm, jm) = (trace(tm), trace(jm));
    assert_eq!(root(&tm), ("java.net.ConnectException", "Connection refused (Connection refused)"));
    assert_eq!((tm.first_line, tm.lines, tm.links[0].frames_total), (0, 5, 4));
    assert_eq!(tm.links[0].frames[0].class, "java.net.PlainSocketImpl");
    assert_eq!(tm.fingerprint, jm.fingerprint);
}

/// 1.20.5: messages of several lines with blank ones and a foreign trace in them, a suppressed chain with its own cause.
#[test]
fn nested_causes_and_suppressed() {
    let t = trace(
        "Source: payments (1/1)#0 switched from RUNNING to FAILED with failure cause:
com.acme.payments.PaymentAuthJob$PaymentException: Authorization failed
  order:  1500
  amount: 553.54
  remote trace follows:
com.gateway.LedgerLockedException: row is locked
\tat com.gateway.Ledger.lock(Ledger.java:88)
\tat com.gateway.Api.post(Api.java:17)
\tat com.acme.payments.PaymentAuthJob$Authorize.map(PaymentAuthJob.java:64) ~[blob_p-5f01-07a3:?]
\tat org.apache.flink.streaming.api.operators.StreamMap.processElement(StreamMap.java:38) ~[flink-dist-1.20.5.jar:1.20.5]
Caused by: java.io.IOException: Gateway answered:
HTTP/1.1 503 Service Unavailable
Content-Type: text/html

<html>
  <h1>503 Service Unavailable</h1>
</html>
\tat com.acme.payments.PaymentAuthJob$Gateway.authorize(PaymentAuthJob.java:44) ~[blob_p-5f01-07a3:?]
\t... 14 more
Caused by: java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms.
\tat com.acme.payments.PaymentAuthJob$LedgerConnection.reserve(PaymentAuthJob.java:28) ~[blob_p-5f01-07a3:?]
\t... 14 more
\tSuppressed: java.io.IOException: Could not return connection to pool
\t\tat com.acme.payments.PaymentAuthJob$LedgerConnection.close(PaymentAuthJob.java:35) ~[blob_p-5f01-07a3:?]
\tCaused by: java.lang.IllegalStateException: pool is closed
\t\tat com.acme.payments.PaymentAuthJob$LedgerConnection.close(PaymentAuthJob.java:34) ~[blob_p-5f01-07a3:?]
\t\t... 16 more
Caused by: java.net.ConnectException: Connection timed out: ledger-db-0.internal:5432
\tat com.acme.payments.PaymentAuthJob$LedgerConnection.reserve(PaymentAuthJob.java:26) ~[blob_p-5f01-07a3:?]
\t... 16 more",
    );
    assert_eq!(
        classes(&t.links),
        ["com.acme.payments.PaymentAuthJob$PaymentException", "java.io.IOException", "java.sql.SQLTransientConnectionException", "java.net.ConnectException"]
    );
    assert_eq!(t.suppressed.iter().map(|s| classes(s)).collect::<Vec<_>>(), [["java.io.IOException", "java.lang.IllegalStateException"]]);
    assert_eq!(root(&t), ("java.net.ConnectException", "Connection timed out: ledger-db-0.internal:5432"));
    assert!(t.links[0].message.ends_with("row is locked"), "{}", t.links[0].message);
    assert!(t.links[1].message.contains("503 Service Unavailable</h1>\n</html>"), "{}", t.links[1].message);
    assert_eq!((t.links[1].common, t.links[3].line, t.lines), (14, 27, 29));
    assert_eq!(user(&t), "com.acme.payments.PaymentAuthJob$LedgerConnection.reserve:26");
    assert!(!t.cut);
}

/// 1.13.6 against 2.2.1, JobManager: what a declined checkpoint's SerializedThrowables stand for.
#[test]
fn serialized_throwables_get_their_class_back() {
    let old = trace(
        "org.apache.flink.util.SerializedThrowable: Asynchronous task checkpoint failed.
\tat org.apache.flink.streaming.runtime.tasks.AsyncCheckpointRunnable.run(AsyncCheckpointRunnable.java:175) ~[flink-dist_2.12-1.13.6.jar:1.13.6]
Caused by: org.apache.flink.util.SerializedThrowable: Could not materialize checkpoint 8 for operator balances (2/2)#0.
\t... 4 more
Caused by: org.apache.flink.util.SerializedThrowable: java.io.IOException: Balance 338850.80000000057 is not encodable: ledger schema is being migrated
\tat java.util.concurrent.FutureTask.report(Unknown Source) ~[?:?]
\t... 3 more
Caused by: org.apache.flink.util.SerializedThrowable: Balance 338850.80000000057 is not encodable: ledger schema is being migrated
\tat com.acme.ledger.LedgerSnapshotJob$Balance.write(LedgerSnapshotJob.java:63) ~[?:?]",
    );
    let new = trace(
        "org.apache.flink.util.SerializedThrowable: org.apache.flink.runtime.checkpoint.CheckpointException: Asynchronous task checkpoint failed.
\tat org.apache.flink.streaming.runtime.tasks.AsyncCheckpointRunnable.run(AsyncCheckpointRunnable.java:155) ~[flink-dist-2.2.1.jar:2.2.1]
Caused by: org.apache.flink.util.SerializedThrowable: java.util.concurrent.ExecutionException: java.io.IOException: Balance 364618.7000000002 is not encodable: ledger schema is being migrated
\tat java.base/java.util.concurrent.FutureTask.report(Unknown Source) ~[?:?]
\t... 4 more
Caused by: org.apache.flink.util.SerializedThrowable: java.io.IOException: Balance 364618.7000000002 is not encodable: ledger schema is being migrated
\tat com.acme.ledger.LedgerSnapshotJob$Balance.write(LedgerSnapshotJob.java:63) ~[flink-dist-2.2.1.jar:2.2.1]",
    );
    assert_eq!(root(&old), ("java.io.IOException", "Balance 338850.80000000057 is not encodable: ledger schema is being migrated"));
    assert_eq!(
        classes(&new.links),
        ["org.apache.flink.runtime.checkpoint.CheckpointException", "java.util.concurrent.ExecutionException", "java.io.IOException"]
    );
    assert_eq!(new.links[1].message, "java.io.IOException: Balance 364618.7000000002 is not encodable: ledger schema is being migrated");
    assert!(new.links[0].wrapper && new.links[1].wrapper && !new.links[2].wrapper);
    assert_eq!(old.fingerprint, new.fingerprint);
}

/// 1.20.5, JobManager: the class loader's frames are there the first time only; the place is the encloser's.
#[test]
fn a_missing_class_has_one_fingerprint_however_much_of_it_is_shown() {
    let full = "java.lang.NoClassDefFoundError: com/acme/ext/TileCache
\tat com.acme.geo.GeoLookupJob$Lookup.map(GeoLookupJob.java:29) ~[?:?]
Caused by: java.lang.ClassNotFoundException: com.acme.ext.TileCache
\tat java.base/java.net.URLClassLoader.findClass(Unknown Source) ~[?:?]
\tat org.apache.flink.util.ChildFirstClassLoader.loadClassWithoutExceptionHandling(ChildFirstClassLoader.java:74) ~[flink-dist-1.20.5.jar:1.20.5]
\t... 15 more";
    let cut = "java.lang.NoClassDefFoundError: com/acme/ext/TileCache
\tat com.acme.geo.GeoLookupJob$Lookup.map(GeoLookupJob.java:29) ~[?:?]
Caused by: java.lang.ClassNotFoundException: com.acme.ext.TileCache
\t... 15 more";
    let (full, cut) = (trace(full), trace(cut));
    assert_eq!(full.fingerprint, cut.fingerprint);
    assert_eq!((full.cut, cut.cut), (false, true));
    assert_eq!(root(&full), ("java.lang.ClassNotFoundException", "com.acme.ext.TileCache"));
    // A class name in a message is no cause.
    assert_eq!(trace("java.lang.ClassNotFoundException: org.apache.hadoop.yarn.exceptions.YarnException\n\tat a.B.c(B.java:1)").links.len(), 1);
}

/// 1.17.2, JobManager: causes only in the text of the futures' exceptions.
#[test]
fn causes_told_only_in_a_message_become_links() {
    let t = trace(
        "java.util.concurrent.CompletionException: java.util.concurrent.CompletionException: org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException: Could not acquire the minimum required resources.",
    );
    assert_eq!(root(&t), ("org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException", "Could not acquire the minimum required resources."));
    assert_eq!(t.links.len(), 2, "a class told twice is one link");
    // 2.2.1: Pekko tells the cause behind a comma, in brackets.
    let t = trace(
        "Association with remote system [pekko.tcp://flink@localhost:35459] has failed, address is now gated for [50] ms. Reason: [Association failed with [pekko.tcp://flink@localhost:35459]] Caused by: [org.apache.flink.shaded.netty4.io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: localhost/127.0.0.1:35459, caused by: java.net.ConnectException: Connection refused]",
    );
    assert_eq!(root(&t), ("java.net.ConnectException", "Connection refused"));
    assert_eq!(t.links[0].message, "Connection refused: localhost/127.0.0.1:35459");
    // 1.20.5, .out file.
    let t = trace("java.lang.InternalError: java.lang.OutOfMemoryError: Metaspace\n");
    assert_eq!(root(&t), ("java.lang.OutOfMemoryError", "Metaspace"));
}

#[test]
fn braces_hold_the_cause() {
    let t = trace(
        "org.apache.flink.streaming.runtime.tasks.AsynchronousException{java.lang.Exception: Could not materialize checkpoint 3 for operator map (1/1).}
\tat org.apache.flink.streaming.runtime.tasks.StreamTask$AsyncCheckpointRunnable.handleExecutionException(StreamTask.java:1153)
Caused by: java.lang.Exception: Could not materialize checkpoint 3 for operator map (1/1).
\t... 6 more
Caused by: java.util.concurrent.ExecutionException: java.io.IOException: disk full
\tat java.util.concurrent.FutureTask.report(FutureTask.java:122)
Caused by: java.io.IOException: disk full
\tat com.acme.Out.write(Out.java:9)",
    );
    assert_eq!(t.links[0].message, "java.lang.Exception: Could not materialize checkpoint 3 for operator map (1/1).");
    assert!(t.links[..3].iter().all(|l| l.wrapper));
    assert_eq!(root(&t), ("java.io.IOException", "disk full"));
    let t = trace(
        "TimerException{java.lang.IllegalStateException: window is gone}"
            .replace("TimerException", "org.apache.flink.streaming.runtime.tasks.TimerException")
            .as_str(),
    );
    assert_eq!(root(&t), ("java.lang.IllegalStateException", "window is gone"));
}

/// Flink (1.11+) replaces the texts of memory errors, and they strike anywhere.
#[test]
fn memory_errors_are_told_by_their_kind() {
    let long = trace(
        "java.lang.OutOfMemoryError: Metaspace. The metaspace out-of-memory error has occurred. This can mean two things: …\n\tat com.acme.A.a(A.java:1)",
    );
    let short = trace("java.lang.OutOfMemoryError: Metaspace\n\tat com.acme.B.b(B.java:1)");
    let heap = trace("java.lang.OutOfMemoryError: Java heap space\n\tat com.acme.B.b(B.java:1)");
    assert_eq!(long.fingerprint, short.fingerprint);
    assert_ne!(heap.fingerprint, short.fingerprint);
}

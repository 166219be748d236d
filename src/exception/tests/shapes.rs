//! Shapes in which people paste traces and tools export them.

use super::*;

const PLAIN: &str = "java.lang.RuntimeException: job broke
\tat com.acme.Job.run(Job.java:10)
\tat org.apache.flink.runtime.taskmanager.Task.run(Task.java:5)
Caused by: java.io.IOException: no route
\tat com.acme.Net.open(Net.java:7)
\t... 1 more
";

/// Every shape of the same trace must give the same links, frames and fingerprint.
fn same(text: &str) {
    let (want, got) = (trace(PLAIN), trace(text));
    let brief = |t: &Trace| {
        t.links
            .iter()
            .map(|l| (l.class.clone(), l.message.clone(), l.common, l.frames.iter().map(|f| (f.class.clone(), f.method.clone(), f.line)).collect::<Vec<_>>()))
            .collect::<Vec<_>>()
    };
    assert_eq!(brief(&got), brief(&want), "{text}");
    assert_eq!(got.fingerprint, want.fingerprint, "{text}");
    assert_eq!((got.root, got.cut), (1, false), "{text}");
}

#[test]
fn line_ends_indentation_and_blank_lines() {
    same(PLAIN);
    same(&PLAIN.replace('\n', "\r\n"));
    same(&PLAIN.replace('\t', "        "));
    same(&PLAIN.replace('\t', ""));
    same(&PLAIN.replace('\n', "\n\n"));
    same(&PLAIN.replace("Caused by", "\tCaused by"));
    same(&PLAIN.replace("Caused by", " Caused by"));
    same(PLAIN.trim_end());
}

#[test]
fn frames_without_at_and_with_packaging() {
    same(&PLAIN.replace("\tat ", "\t"));
    same(&PLAIN.replace(")\n", ") ~[flink-dist-1.20.5.jar:1.20.5]\n"));
    same(&PLAIN.replace(")\n", ") [?:?]\n"));
    same(&PLAIN.replace("at com.acme.Job", "at app//com.acme.Job").replace("at org.", "at java.base@21.0.8/org."));
    same(&PLAIN.replace("... 1 more", "... 1 common frames omitted"));
}

#[test]
fn decorated_lines() {
    same(&PLAIN.lines().map(|l| format!("> {l}\n")).collect::<String>());
    same(&PLAIN.lines().map(|l| format!("> > {l}\n")).collect::<String>());
    same(&PLAIN.lines().map(|l| format!("{l} | |\n")).collect::<String>());
    same(&PLAIN.lines().enumerate().map(|(i, l)| format!("{:>4}: {l}\n", i + 1)).collect::<String>());
    same(&PLAIN.lines().enumerate().map(|(i, l)| format!("{} {l}\n", i + 1)).collect::<String>());
    same(&PLAIN.lines().map(|l| format!("taskmanager_1  | {l}\n")).collect::<String>());
    same(&PLAIN.lines().map(|l| format!("taskmanager-1  | 2026-11-21T10:49:48.317123456Z {l}\n")).collect::<String>());
}

#[test]
fn escaped_and_flattened() {
    same(&PLAIN.replace('\n', "\\n").replace('\t', "\\t"));
    same(&PLAIN.replace('\n', "\\\\n").replace('\t', "\\\\t"));
    same(&PLAIN.replace('\n', "#012").replace('\t', "#011"));
    same(&PLAIN.replace('\n', " ").replace('\t', ""));
    let json = trace(&format!("two\nlines {}", PLAIN.replace('\n', "\\n").replace('\t', "\\t")));
    assert_eq!((json.first_line, json.lines, json.links[1].line), (1, 1, 1), "line numbers are those of the source");
}

#[test]
fn newest_first_export() {
    same(&PLAIN.lines().rev().map(|l| format!("{l}\n")).collect::<String>());
    same(&format!("{}Task (1/1) switched from RUNNING to FAILED.", PLAIN.lines().rev().map(|l| format!("{l}\n")).collect::<String>()));
}

#[test]
fn root_cause_first() {
    same(
        "java.io.IOException: no route
\tat com.acme.Net.open(Net.java:7)
\t... 1 common frames omitted
Wrapped by: java.lang.RuntimeException: job broke
\tat com.acme.Job.run(Job.java:10)
\tat org.apache.flink.runtime.taskmanager.Task.run(Task.java:5)
",
    );
}

#[test]
fn mail_wrapped_frames() {
    same(&PLAIN.replace("at org.apache.flink.runtime.taskmanager.Task.run(Task.java:5)", "at org.apache.flink.runtime.\ntaskmanager.Task.run(Task.java:5)"));
    same(&PLAIN.replace("Task.run(Task.java:5)", "Task.run(\nTask.java:5)\n~[flink-dist-1.20.5.jar:1.20.5]"));
    same(&PLAIN.replace("Caused by: ", "Caused by:\n"));
}

#[test]
fn frames_without_their_location() {
    let t = trace("java.lang.NullPointerException\nat com.acme.history.Serializer.toDocument");
    assert_eq!(t.links[0].frames.iter().map(|f| f.call.as_str()).collect::<Vec<_>>(), ["com.acme.history.Serializer.toDocument"]);
    let t = trace("java.lang.NullPointerException\n\tat com.acme.Job.map\n\tat com.acme.Job.main\n\tat com.acme.Job.main(Job.java:7)");
    assert_eq!(t.links[0].frames.len(), 3);
    // A class alone, or words.
    for cut in ["at com.acme.history.Serializer", "at com.acme.Serializer.", "at first.it worked.Well"] {
        let read = parse(format!("java.lang.NullPointerException: x\n{cut}").as_bytes());
        assert!(read.is_none_or(|t| t.links[0].frames.is_empty()), "{cut}");
    }
}

#[test]
fn frames_that_lost_their_line_breaks() {
    let joined = "java.lang.RuntimeException: cannot be cast to OrderRowat com.acme.Job.map(Job.java:7)at com.acme.Job.main(Job.java:9)... 2 moreCaused by: x";
    let t = trace(joined);
    assert_eq!(t.links[0].message, "cannot be cast to OrderRow");
    assert_eq!(t.links[0].frames.iter().map(|f| f.call.as_str()).collect::<Vec<_>>(), ["com.acme.Job.map", "com.acme.Job.main"]);
    // It may be a word's end.
    for (rest, frames) in [("", 0), ("at com.acme.Job.main(Job.java:9)", 1)] {
        let t = trace(&format!("java.lang.RuntimeException: wrong format com.acme.Job.map(Job.java:7){rest}"));
        assert_eq!((t.links[0].message.as_str(), t.links[0].frames.len()), ("wrong format com.acme.Job.map(Job.java:7)", frames));
    }
}

#[test]
fn what_the_server_said_below_what_the_client_said() {
    let client = "java.lang.RuntimeException: Error deploying\n\tat com.acme.Cli.main(Cli.java:1)\n  Caused by: com.acme.DeployException: The application switched to FAILED.\n";
    let server = "  server:\n  Uncaught error from thread\n  java.lang.VerifyError: Wrong return type\n    at com.acme.Net.open(Net.java:2)\n";
    let t = trace(&format!("{client}\n{server}"));
    assert_eq!(classes(&t.links), ["java.lang.RuntimeException", "com.acme.DeployException", "java.lang.VerifyError"]);
    assert_eq!((t.links[1].frames.len(), t.links[2].frames.len()), (0, 1));
    // Without a blank line it is part of the message.
    assert_eq!(trace(&format!("{client}{server}")).links.len(), 2);
}

#[test]
fn announcements() {
    for head in ["Exception in thread \"main\" ", "[ERROR] ", "Task (1/1)#0 switched from RUNNING to FAILED with failure cause: ", "Uncaught exception: "] {
        same(&format!("{head}{PLAIN}"));
    }
    same(&format!("FATAL: Thread 'flink-12' produced an uncaught exception. Stopping the process...\n{PLAIN}"));
    same(&format!("[ERROR] Could not execute SQL statement. Reason:\n{PLAIN}"));
    // The head line tells the text too: the line with the frames is the throwable.
    let t = trace(&format!("Failed: java.lang.RuntimeException: job broke\n{PLAIN}"));
    assert_eq!((t.first_line, t.links.len()), (1, 2));
}

#[test]
fn mere_mentions_are_no_throwables() {
    for text in [
        "",
        "FailureHandlerException occurred 3 times",
        "Caused by bad luck",
        "Caused by: bad luck",
        "Caught java.lang.InterruptedException while waiting",
        "restart on java.io.IOException",
        "Loading configuration property: env.java.opts, -XX:+HeapDumpOnOutOfMemoryError",
        "ConsumerConfig values: \n\tkey.deserializer = class org.apache.kafka.common.serialization.ByteArrayDeserializer\n\tretriable.errors = java.io.IOException\n",
        "Not retried:\n  java.io.IOException\n  java.sql.SQLException\n",
        "at least one error",
        "Job failed at com.acme. Look at the log",
        "\"main\" #1 prio=5\n   java.lang.Thread.State: WAITING (parking)\n\tat java.lang.Object.wait(Native Method)\n\tat com.acme.A.b(A.java:1)\n",
        "Task did not react to cancelling signal; it is stuck in method:\n java.lang.Thread.sleep(Native Method)\ncom.acme.Slow.map(Slow.java:3)\n",
        "org.apache.flink.runtime.taskmanager.Task: a colon",
        "Classpath: /opt/error_prone-2.jar:/opt/failureaccess-1.0.jar",
    ] {
        assert_eq!(parse(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn throwables_without_frames() {
    assert_eq!(
        root(&trace("Failed to connect from local address [/10.0.0.1] due to: java.net.ConnectException: Connection refused")),
        ("java.net.ConnectException", "Connection refused")
    );
    assert_eq!(root(&trace("Task FAILED.\njava.lang.NullPointerException\n")), ("java.lang.NullPointerException", ""));
    assert_eq!(root(&trace("java.lang.NullPointerException: null")), ("java.lang.NullPointerException", ""));
    // Names that do not say so need frames.
    assert_eq!(root(&trace("com.acme.PaymentDeclined: card 12\n\tat com.acme.Pay.pay(Pay.kt:3)")), ("com.acme.PaymentDeclined", "card 12"));
    assert_eq!(root(&trace("MyException: default package\n\tat Main.main(Main.java:3)")), ("MyException", "default package"));
    // The prose behind a mention is not its message.
    assert_eq!(root(&trace("Error: java.io.IOException: x\nsecond line")), ("java.io.IOException", "x\nsecond line"));
    assert_eq!(root(&trace("Retrying after java.io.IOException: x\nsecond line")), ("java.io.IOException", "x"));
}

#[test]
fn cut_chains_say_so() {
    assert!(trace("\tat com.acme.Job.run(Job.java:10)\nCaused by: java.io.IOException: x\n\tat com.acme.Net.open(Net.java:7)").cut, "begins inside");
    assert!(trace("java.io.IOException: x\n\tat com.acme.Net.open(Net.java:7)\n\tat org.apache.fl").cut, "ends inside a frame");
    assert!(trace("java.io.IOException: x\n\tat com.acme.Net.open(Net.java:7)\n[truncated]").cut);
    assert!(trace("java.lang.RuntimeException: x\n\tat a.B.c(B.java:1)\nCaused by: java.io.IOException: y\n\t... 9 more").cut, "nothing but shared frames");
    let t = trace("java.util.concurrent.ExecutionException\n\tat a.B.c(B.java:1)");
    assert!(t.root_is_wrapper && t.root == 0);
}

#[test]
fn wrappers_never_win() {
    let t = trace("java.io.IOException: real\n\tat a.B.c(B.java:1)\nCaused by: java.util.concurrent.CompletionException: never mind\n\tat a.B.c(B.java:1)");
    assert_eq!((t.root, t.root_is_wrapper), (0, false));
    // A general exception is the root if nothing stands below it.
    let t = trace("org.apache.flink.util.FlinkRuntimeException: Exceeded checkpoint tolerable failure threshold.\n\tat org.apache.flink.A.b(A.java:1)");
    assert!(!t.root_is_wrapper && !t.links[0].wrapper);
}

#[test]
fn circular_references_end_a_chain() {
    for circle in ["\t[CIRCULAR REFERENCE:java.lang.RuntimeException: job broke]", "Caused by: [CIRCULAR REFERENCE: java.lang.RuntimeException: job broke]"] {
        let t = trace(&format!("{PLAIN}{circle}\n"));
        assert_eq!((t.links.len(), t.lines), (2, 7), "{circle}");
    }
}

#[test]
fn suppressed_blocks_nest_and_return() {
    let t = trace(
        "java.lang.IllegalStateException: outer
\tat a.A.a(A.java:1)
\tSuppressed: java.io.IOException: s1
\t\tat a.S.s(S.java:1)
\t\tSuppressed: java.io.IOException: s2
\t\t\tat a.S.s(S.java:2)
\t\tCaused by: java.io.EOFException: s2 cause
\t\t\t... 3 more
\tCaused by: java.net.SocketException: s1 cause
\t\t... 2 more
Caused by: java.lang.ArithmeticException: inner
\tat a.A.b(A.java:2)",
    );
    assert_eq!(classes(&t.links), ["java.lang.IllegalStateException", "java.lang.ArithmeticException"]);
    assert_eq!(
        t.suppressed.iter().map(|s| s.iter().map(|l| l.message.as_str()).collect::<Vec<_>>()).collect::<Vec<_>>(),
        [vec!["s1", "s1 cause"], vec!["s2", "s2 cause"]]
    );
}

#[test]
fn the_server_s_trace_inside_a_client_s_message() {
    let t = trace(
        "java.util.concurrent.ExecutionException: org.apache.flink.runtime.rest.util.RestClientException: [Internal server error., <Exception on server side:
org.apache.flink.runtime.client.JobSubmissionException: Failed to submit job.
\tat org.apache.flink.runtime.dispatcher.Dispatcher.lambda$internalSubmitJob$3(Dispatcher.java:336)
Caused by: java.lang.IllegalArgumentException: bad parallelism
\tat org.apache.flink.runtime.jobgraph.JobVertex.setParallelism(JobVertex.java:12)

End of exception on server side>]
\tat java.util.concurrent.CompletableFuture.reportGet(CompletableFuture.java:357)
\tat com.acme.Submit.main(Submit.java:4)",
    );
    assert_eq!(
        classes(&t.links),
        ["java.util.concurrent.ExecutionException", "org.apache.flink.runtime.client.JobSubmissionException", "java.lang.IllegalArgumentException"]
    );
    assert_eq!(t.root, 2);
    assert_eq!(t.links[0].frames.iter().map(|f| f.method.as_str()).collect::<Vec<_>>(), ["reportGet", "main"]);
    assert_eq!(t.links[2].frames_total, 1);
}

#[test]
fn python_errors() {
    let beam = trace(
        "java.util.concurrent.ExecutionException: java.lang.RuntimeException: Error received from SDK harness for instruction 1: Traceback (most recent call last):
  File \"/usr/lib/python3.8/site-packages/apache_beam/runners/worker/sdk_worker.py\", line 289, in _execute
    response = task()
  File \"/home/me/udf.py\", line 12, in parse
    return int(value)
ValueError: invalid literal for int() with base 10: 'x'

\tat java.util.concurrent.CompletableFuture.reportGet(CompletableFuture.java:357)
\tat org.apache.beam.sdk.util.MoreFutures.get(MoreFutures.java:57)
Caused by: java.lang.RuntimeException: Error received from SDK harness for instruction 1: Traceback (most recent call last):
  File \"/usr/lib/python3.8/site-packages/apache_beam/runners/worker/sdk_worker.py\", line 289, in _execute
    response = task()
  File \"/home/me/udf.py\", line 12, in parse
    return int(value)
ValueError: invalid literal for int() with base 10: 'x'

\tat org.apache.beam.runners.fnexecution.control.FnApiControlClient.handle(FnApiControlClient.java:180)",
    );
    assert_eq!(root(&beam), ("python.ValueError", "invalid literal for int() with base 10: 'x'"));
    assert_eq!(user(&beam), "udf.parse:12");
    assert_eq!(beam.links.iter().find(|l| l.class == "java.lang.RuntimeException").map(|l| l.frames_total), Some(1), "the Java frames stay the Java link's");

    let py4j = trace(
        "Traceback (most recent call last):
  File \"job.py\", line 3, in <module>
    env.execute()
py4j.protocol.Py4JJavaError: An error occurred while calling o4.execute.
: org.apache.flink.table.api.ValidationException: Could not find any factory for identifier 'kafka'
\tat org.apache.flink.table.factories.FactoryUtil.discoverFactory(FactoryUtil.java:399)",
    );
    assert_eq!(root(&py4j).0, "org.apache.flink.table.api.ValidationException");
    assert!(py4j.links[0].wrapper);

    let chained = trace(
        "Traceback (most recent call last):
  File \"a.py\", line 1, in f
    g()
KeyError: 'id'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"a.py\", line 3, in <module>
    f()
RuntimeError: no id",
    );
    assert_eq!(classes(&chained.links), ["python.RuntimeError", "python.KeyError"]);
}

#[test]
fn diagnostics_stay_in_the_message() {
    let t = trace(
        "java.lang.Exception: Container from a bad node: container_e01_1600_0001_01_000002 on host: w7. Exit status: 137. Diagnostics: [2026-11-21 10:00:00.000]Container killed on request. Exit code is 137
[2026-11-21 10:00:00.010]Container exited with a non-zero exit code 137.
\tat org.apache.flink.yarn.YarnResourceManagerDriver.onContainersCompleted(YarnResourceManagerDriver.java:536)",
    );
    assert_eq!(t.links.len(), 1);
    assert!(t.links[0].message.ends_with("non-zero exit code 137."));
}

#[test]
fn a_second_throwable_is_left_to_the_next_call() {
    let t = trace(&format!("{PLAIN}\njava.lang.Error: second\n\tat a.B.c(B.java:1)\n"));
    assert_eq!((t.links.len(), t.first_line, t.lines), (2, 0, 6));
    let t = trace(
        "java.lang.OutOfMemoryError: Java heap space\nDumping heap to /tmp/x.hprof ...\nException in thread \"main\" java.lang.Error: y\n\tat a.B.c(B.java:1)\n",
    );
    assert_eq!((t.links.len(), root(&t).0), (1, "java.lang.OutOfMemoryError"));
}

#[test]
fn odd_frames() {
    let t = trace(
        "java.lang.Error: x
\tat com.acme.Job$$Lambda$391/0x0000000800c2.apply(Unknown Source)
\tat com.acme.JobKt$main$1.invokeSuspend(Job.kt:7)
\tat StreamExecCalc$59.processElement(Unknown Source)
\tat scala.PartialFunction.applyOrElse$(PartialFunction.scala:126)
\tat a.b.c(SourceFile:66)
\tat com.acme.Π.<init>(Π.java)
\tat jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)
\tat org.apache.kafka.clients.consumer.KafkaConsumer.poll(KafkaConsumer.java:1)
\tat org.apache.flink.connector.base.source.reader.SourceReaderBase.pollNext(SourceReaderBase.java:1)
\tat com.google.common.base.Preconditions.checkNotNull(Preconditions.java:1)",
    );
    use FrameCategory::*;
    let got: Vec<_> = t.links[0].frames.iter().map(|f| f.category).collect();
    assert_eq!(got, [Generated, User, Generated, Scala, User, User, Reflection, Connector, Connector, Library]);
    assert_eq!(t.links[0].frames[0].class, "com.acme.Job$$Lambda$391/0x0000000800c2");
    assert_eq!((t.links[0].frames[4].file.as_deref(), t.links[0].frames[4].line), (Some("SourceFile"), Some(66)));
    assert_eq!(t.links[0].frames[5].file.as_deref(), Some("Π.java"));
}

#[test]
fn user_packages_win_inside_known_ones() {
    let text = b"java.lang.Error: x\n\tat org.apache.flink.connector.mine.Source.poll(Source.java:3)";
    assert_eq!(parse(text).and_then(|t| t.user_frame), None);
    let rules = Rules::with_user_packages(&["org.apache.flink.connector.mine".to_owned(), String::new()]);
    assert_eq!(parse_with(&rules, text).and_then(|t| t.user_frame).map(|f| f.method.clone()), Some("poll".to_owned()));
    assert_eq!(rules.category("org.apache.flink.connector.minefield.A", true), FrameCategory::Connector);
    assert_eq!(rules.category("org.apache.flinkish.A", true), FrameCategory::Library);
    assert_eq!(rules.category("javaish.A", true), FrameCategory::User);
    assert_eq!(rules.category("java.lang.reflect.Method", true), FrameCategory::Reflection);
    assert_eq!(rules.category("java.lang.Thread", true), FrameCategory::Jdk);
}

#[test]
fn a_class_without_package_is_a_throwable_only_as_the_whole_text() {
    let t = trace("TopicAuthorizationException: Not authorized to access topics: [orders]\n");
    assert_eq!((t.links[0].class.as_str(), t.links[0].message.as_str()), ("TopicAuthorizationException", "Not authorized to access topics: [orders]"));
    // A word of prose, and a line among others.
    assert!(parse(b"Error: could not find the jar\n").is_none());
    assert!(parse(b"TopicAuthorizationException: Not authorized\nwas seen yesterday\n").is_none());
}

#[test]
fn marks_of_the_page_are_no_part_of_a_trace() {
    let t = trace("`Caused by: org.acme.LoadException: refused, response:\n{\"Status\":\"Fail\"}\n");
    assert_eq!(t.links[0].class, "org.acme.LoadException");
    assert!(t.links[0].message.contains("\"Fail\""), "{:?}", t.links[0].message);
}

#[test]
fn a_message_that_begins_below_its_class() {
    for text in
        ["org.acme.LoadException: \nColumn 'ID' is NULL\n", "failed\norg.acme.LoadException:\nColumn 'ID' is NULL\n\tat org.acme.Load.run(Load.java:7)\n"]
    {
        let t = trace(text);
        assert_eq!(t.links[0].class, "org.acme.LoadException");
        assert!(t.links[0].message.contains("Column 'ID' is NULL"), "{:?}", t.links[0].message);
    }
    assert!(parse(b"org.acme.LoadListener:\nmore\n").is_none());
}

#[test]
fn exceptions_as_thrift_writes_them() {
    let t = trace("Caused by: MetaException(message:Could not connect (refused))\n\tat org.acme.Client.open(Client.java:7)\n\t... 3 more\n");
    assert_eq!((t.links[0].class.as_str(), t.links[0].message.as_str()), ("MetaException", "MetaException(message:Could not connect (refused))"));
}

#[test]
fn a_call_in_an_operator_s_name_is_no_frame() {
    let text = "java.lang.Exception: The data preparation for task 'Reduce (Reduce at org.acme.Job.main(Job.java:80))' , caused an error: closed\n\tat org.apache.flink.runtime.operators.BatchTask.run(BatchTask.java:480)\n";
    let t = trace(text);
    assert!(t.links[0].message.ends_with("caused an error: closed"), "{:?}", t.links[0].message);
    assert!(t.user_frame.is_none());
}

#[test]
fn a_class_inside_an_exception_s() {
    let t = trace("org.acme.ClientErrorException$NotFound: 404 Not Found: [no body]\n");
    assert_eq!(t.links[0].class, "org.acme.ClientErrorException$NotFound");
}

#[test]
fn frames_without_at_by_themselves() {
    assert!(is_bare_frame(b"org.acme.Load$1.run(Load.java:7) ~[load.jar:1]"));
    assert!(is_bare_frame(b"java.base/java.lang.Thread.run(Unknown Source)"));
    assert!(!is_bare_frame(b"org.acme.Load.run(Load.java:7) was called"));
    assert!(!is_bare_frame(b"load(orders)"));
}

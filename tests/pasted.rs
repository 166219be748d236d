//! Every sample of every pattern, pasted into the pipe alone: causes are named, symptoms stay symptoms, noise is never the answer, and a wrapper at most
//! the last that is known of a cut trace.

use flinklog::correlate::correlate;
use flinklog::diagnose::{Certainty, Role, diagnose};
use flinklog::patterns::{Level, Nature, On, Packs, Sample};
use flinklog::rules::Rules;
use flinklog::scan::{self, Options};

fn text_of(sample: &Sample) -> String {
    let logger = if sample.logger.is_empty() { "org.apache.flink.runtime.Something" } else { sample.logger };
    if sample.on != On::Record {
        return format!("{}\n", sample.text);
    }
    let level = match sample.level {
        Level::Info => "INFO ",
        Level::Warn => "WARN ",
        _ => "ERROR",
    };
    format!("2026-11-21 10:00:00,000 {level} {logger} [] - {}\n", sample.text)
}

#[test]
fn samples_pasted_alone_get_the_right_answer() {
    let rules = Rules::new(Packs::shipped().clone());
    let options = Options { rules: &rules, chunk_size: 1 << 20, mmap: false, all_jobs: false, progress: &|_| {}, onlooker: None };
    let (mut asked, mut wrong) = (0, Vec::new());
    // The prepared packs have no samples.
    let packs = Packs::shipped_whole().expect("packs");
    for pattern in packs.iter() {
        for sample in &pattern.samples {
            // What only one kind of process says cannot be told from a paste; a symptom at INFO is routine without its surroundings.
            if sample.process.is_some() || pattern.nature == Nature::Symptom && sample.level == Level::Info {
                continue;
            }
            let text = text_of(sample);
            let scanned = scan::stream("-", text.as_bytes(), &options);
            let story = correlate(scanned.sources, Default::default());
            let found = diagnose(&story, &rules, &Default::default());
            let roots: Vec<&str> = found.findings.iter().filter(|f| f.role == Role::RootCause).map(|f| &*f.pattern).collect();
            let top = found.root.map(|r| &found.findings[r]);
            asked += 1;
            let right = match pattern.nature {
                Nature::Cause | Nature::Either => roots.first() == Some(&pattern.id),
                Nature::Symptom => roots.first() == Some(&pattern.id) && top.is_some_and(|f| f.certainty >= Certainty::Possible),
                Nature::Wrapper => {
                    !roots.contains(&pattern.id) || pattern.id != "wrapper-generic" && top.is_some_and(|f| f.certainty == Certainty::Insufficient)
                }
                Nature::Benign | Nature::Recovery => roots.is_empty(),
            };
            if !right {
                wrong.push(format!(
                    "{:?} {} ({:?} {:?}): {:?} for {}",
                    pattern.nature,
                    pattern.id,
                    sample.on,
                    sample.level,
                    roots,
                    sample.text.lines().next().unwrap_or("")
                ));
            }
        }
    }
    assert!(asked > 600, "{asked} samples");
    println!("{asked} samples, {} wrong", wrong.len());
    assert!(wrong.len() * 50 <= asked, "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The slug of the root cause, its certainty and the verdict of a paste.
fn answer(text: &str) -> (Option<String>, Option<Certainty>, &'static str) {
    let rules = Rules::new(Packs::shipped().clone());
    let options = Options { rules: &rules, chunk_size: 1 << 20, mmap: false, all_jobs: false, progress: &|_| {}, onlooker: None };
    let scanned = scan::stream("-", text.as_bytes(), &options);
    let story = correlate(scanned.sources, Default::default());
    let found = diagnose(&story, &rules, &Default::default());
    let root = found.root.map(|r| &found.findings[r]);
    (root.map(|f| f.pattern.to_string()), root.map(|f| f.certainty), found.verdict)
}

#[test]
fn a_trace_cut_before_its_cause_is_no_health_and_no_cause() {
    let task = "09:21:43,729 WARN  org.apache.flink.runtime.taskmanager.Task [] - Sink (1/1)#0 (5d3606) switched from RUNNING to FAILED with failure cause:\n\
        java.io.IOException: Could not perform checkpoint 7 for operator Sink (1/1)#0.\n\tat org.apache.flink.streaming.runtime.tasks.StreamTask.f(StreamTask.java:1)\n";
    assert_eq!(answer(task), (None, None, "not-assessed"));
    let client = "org.apache.flink.client.program.ProgramInvocationException: The main method caused an error: Failed to execute job\n\
        \tat org.apache.flink.client.program.PackagedProgram.callMainMethod(PackagedProgram.java:372)\n";
    assert_eq!(answer(client).0, None);
    let table = "org.apache.flink.table.api.ValidationException: Unable to create a sink for writing table 'shop.orders'.\n\
        \tat org.apache.flink.table.factories.FactoryUtil.createTableSink(FactoryUtil.java:171)\n";
    assert_eq!(answer(table), (Some("sql-table-create-wrapper".into()), Some(Certainty::Insufficient), "failed"));
}

#[test]
fn retyped_and_bare_messages_are_read() {
    for (text, slug) in [
        ("java.lang.NoSuchMethodError:com.acme.Ledger.open(Ljava/lang/String;)V\n", "linkage-missing-method"),
        ("NoSuchMethodError:com.acme.Ledger.open\n", "linkage-missing-method"),
        ("Table sink 'shop.orders' doesn't support consuming update changes which is produced by node GroupAggregate\n", "sql-changelog-unsupported"),
        (
            "2026-11-21T10:00:00.028Z ERROR 1 --- [task-2] c.acme.Starter : Starting failed: Unable to make field private long java.util.Properties.x accessible: \
            module java.base does not \"opens java.util\" to unnamed module @3c8\n",
            "linkage-module-access",
        ),
        (
            "2026-11-21 10:00:00,956 ERROR com.acme.Tool - Exception StackTrace:java.lang.OutOfMemoryError: Java heap space\n\
            \tat com.acme.Tool.run(Tool.java:7)\n",
            "heap-oom-tm",
        ),
    ] {
        assert_eq!(answer(text).0.as_deref(), Some(slug), "{text}");
    }
    // Words that an exception's message also has, in a line of somebody's own.
    assert_eq!(answer("the order of table sink 17 is not null\n").0, None);
}

#[test]
fn a_program_that_only_called_flink_is_not_blamed_for_what_flink_throws() {
    let inside = "java.lang.IllegalStateException: ledger\n\tat org.apache.flink.api.java.Something.open(Something.java:17)\n";
    let (pattern, certainty, _) = answer(&format!("{inside}\tat com.acme.orders.OrderJob.main(OrderJob.java:31)\n"));
    assert_eq!((pattern.as_deref(), certainty), (Some("unclassified-exception"), Some(Certainty::Insufficient)));
    // A function of the job that calls into Flink is user code all the same.
    let (pattern, ..) = answer(&format!("{inside}\tat com.acme.orders.Enrich.map(Enrich.java:31)\n"));
    assert_eq!(pattern.as_deref(), Some("user-code-exception"));
    let own = "java.lang.IllegalStateException: ledger\n\tat java.util.Objects.x(Objects.java:1)\n\tat com.acme.orders.OrderJob.main(OrderJob.java:31)\n";
    assert_eq!(answer(own).0.as_deref(), Some("user-code-exception"));
}

#[test]
fn what_the_client_repeats_of_a_program_is_told_but_explains_nothing() {
    let client = "org.apache.flink.client.program.ProgramInvocationException: The main method caused an error";
    let frame = "\tat org.apache.flink.client.program.PackagedProgram.callMainMethod(PackagedProgram.java:372)\n";
    let (pattern, certainty, verdict) = answer(&format!("{client}: the ledger has no such account\n{frame}"));
    assert_eq!((pattern.as_deref(), certainty, verdict), (Some("user-main-exception"), Some(Certainty::Insufficient), "failed"));
    // Unless its words leave no doubt.
    let batch = "Detected an UNBOUNDED source with the 'execution.runtime-mode' set to 'BATCH'. This combination is not allowed";
    assert_eq!(answer(&format!("{client}: {batch}\n{frame}")).0.as_deref(), Some("program-invalid"));
    let (pattern, _, verdict) = answer(&format!("{client}: Job execution failed.\n{frame}"));
    assert_eq!((pattern, verdict), (None, "not-assessed"));
}

#[test]
fn a_wrapper_that_is_cut_before_its_cause_is_at_most_possible() {
    let text = "java.lang.RuntimeException: Failed to create stage bundle factory! INFO:root:Starting up Python harness in a standalone process.\n\
        Traceback (most recent call last):\n  File \"/opt/python/lib/beam_boot.py\", line 121, in <module>\n    import acme\n";
    let (pattern, certainty, _) = answer(text);
    assert_eq!(pattern.as_deref(), Some("python-udf-failure"));
    assert!(certainty >= Some(Certainty::Possible), "{certainty:?}");
}

#[test]
fn a_job_that_a_piece_of_a_log_names_by_checkpoints_alone_is_not_taken_for_well() {
    let checkpoint = "2026-11-21 10:00:00,000 INFO  org.apache.flink.runtime.checkpoint.CheckpointCoordinator    [] - \
        Triggering checkpoint 88 (type=CHECKPOINT) @ 1795255200000 for job 7e40a1c9d7a2434fb6f2a43a0c5b6d11.\n";
    let task = "2026-11-21 10:00:05,000 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph       [] - \
        Sink (1/1) (3f0b5c77e22b4a8e9f7d8b6f10a9c2d4) switched from RUNNING to FAILED on worker-02.\n\
        org.apache.thrift.transport.TTransportException: java.net.SocketTimeoutException: Read timed out\n\tat org.apache.thrift.Client.recv(Client.java:1)\n";
    assert_eq!(answer(&format!("{checkpoint}{task}")).0.as_deref(), Some("hms-thrift-timeout"));
    let error = "2026-11-21 10:00:05,000 ERROR com.acme.Ledger [] - failed\n\
        java.lang.NoSuchMethodError: com.acme.Ledger.open()V\n\tat com.acme.Ledger.<init>(Ledger.java:1)\n";
    let memory =
        "2026-11-21 10:00:06,000 INFO  com.acme.Ledger [] - ended\njava.lang.OutOfMemoryError: Java heap space\n\tat com.acme.Ledger.put(Ledger.java:9)\n";
    assert_eq!(answer(&format!("{checkpoint}{error}")).0.as_deref(), Some("linkage-missing-method"));
    assert_eq!(answer(&format!("{checkpoint}{error}{memory}")).0.as_deref(), Some("heap-oom-tm"));
    let warning = error.replace("ERROR", "WARN ");
    assert_eq!(answer(&format!("{checkpoint}{warning}")).0, None);
}

#[test]
fn a_task_that_failed_by_its_own_word_alone_is_no_health() {
    let trigger = "14:27:41,424 INFO  org.apache.flink.runtime.checkpoint.CheckpointCoordinator [] - Triggering checkpoint 2 (type=CHECKPOINT) @ 1795253540554 for job 94b51fddf21fa15850ea3210693b041a.\n";
    let failed = "14:27:46,753 WARN  org.apache.flink.runtime.taskmanager.Task [] - Source: seats -> Map (1/1)#0 (bc761fd6563887dbdd72a2f6d4edecb7) switched from RUNNING to FAILED with failure cause: java.lang.IllegalStateException: no seat\n\
        \tat com.acme.Seats$1.map(Seats.java:67)\n\tat org.apache.flink.streaming.api.operators.StreamMap.processElement(StreamMap.java:38)\n";
    let (root, certainty, verdict) = answer(&format!("{trigger}{failed}"));
    assert_eq!((root.as_deref(), certainty, verdict), (Some("user-code-exception"), Some(Certainty::Confirmed), "degraded"));
    // The JobManager's own word of the same execution counts once, as ever.
    let told = "14:27:46,790 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph [] - Source: seats -> Map (1/1) (bc761fd6563887dbdd72a2f6d4edecb7) switched from RUNNING to FAILED on a1 @ h (dataPort=-1).\n\
        java.lang.IllegalStateException: no seat\n\tat com.acme.Seats$1.map(Seats.java:67)\n\tat org.apache.flink.streaming.api.operators.StreamMap.processElement(StreamMap.java:38)\n";
    let rules = Rules::new(Packs::shipped().clone());
    let options = Options { rules: &rules, chunk_size: 1 << 20, mmap: false, all_jobs: false, progress: &|_| {}, onlooker: None };
    let story = correlate(scan::stream("-", format!("{trigger}{failed}{told}").as_bytes(), &options).sources, Default::default());
    assert_eq!(story.jobs[0].attempts[0].failures.len(), 1);
    assert_eq!(answer(&format!("{trigger}{failed}{told}")).0, root);
    // With two jobs nobody knows whose task it was.
    let other = trigger.replace("94b51fdd", "84b51fdd");
    assert_eq!(answer(&format!("{trigger}{failed}{other}")).0, None);
}

#[test]
fn what_a_job_outlives_is_no_cause() {
    let checkpoint = |id: u32, at: &str| {
        format!(
            "{at},424 INFO  org.apache.flink.runtime.checkpoint.CheckpointCoordinator [] - Triggering checkpoint {id} (type=CHECKPOINT) @ 1795253540554 for job 94b51fddf21fa15850ea3210693b041a.\n\
             {at},446 INFO  org.apache.flink.runtime.checkpoint.CheckpointCoordinator [] - Completed checkpoint {id} for job 94b51fddf21fa15850ea3210693b041a (3102 bytes in 21 ms).\n"
        )
    };
    for caught in [
        "10:00:05,000 ERROR com.acme.Enrich [] - lookup failed, keeping the old value\njava.lang.IllegalStateException: no seat\n\tat com.acme.Enrich.get(Enrich.java:7)\n",
        "10:00:05,000 WARN  org.apache.hadoop.ipc.Client [] - Exception encountered while connecting\njavax.security.sasl.SaslException: GSS initiate failed: Clock skew too great (37)\n\tat org.apache.hadoop.security.SaslRpcClient.saslConnect(SaslRpcClient.java:1)\n",
    ] {
        let (root, _, verdict) = answer(&format!("{}{caught}{}", checkpoint(88, "10:00:00"), checkpoint(89, "10:01:00")));
        assert_eq!((root, verdict), (None, "healthy"), "{caught}");
    }
}

#[test]
fn a_client_tells_a_message_without_its_class() {
    let message =
        "com.fasterxml.jackson.databind.MappingJsonFactory@4c59e45e is not serializable. The object probably contains or references non serializable fields.\n";
    let frame = "\torg.apache.flink.api.java.ClosureCleaner.clean(ClosureCleaner.java:151)\n";
    let (root, ..) = answer(&format!("\n The program finished with the following exception:\n\n{message}{frame}"));
    assert_eq!(root.as_deref(), Some("not-serializable-function"));
}

#[test]
fn a_trace_whose_line_ends_were_moved_is_read_to_its_cause() {
    let text = "2020-06-10 12:04:47,899 INFO org.apache.flink.runtime.taskmanager.Task - Sink (1/1) (bc761fd6563887dbdd72a2f6d4edecb7) switched from RUNNING to FAILED.\n\
        java.lang.RuntimeException: Could not write. at org.apache.flink.streaming.api.operators.StreamMap.a(StreamMap.java:1) \n \
        at org.apache.flink.runtime.taskmanager.Task.run(Task.java:532) Caused by: java.lang.OutOfMemoryError: Metaspace\n";
    assert_eq!(answer(text).0.as_deref(), Some("metaspace-oom"));
}

#[test]
fn a_record_that_was_broken_and_joined_by_a_page_is_read() {
    let text = "2020-03-26 16:04:00,424 INFO org.apache.flink.runtime.taskmanager.Task - Source: seats -> Map (1/1) (f7348fec435dcd81fca53edd5042d791) \n\
        switched from RUNNING to FAILED. java.lang.IllegalStateException: no seat     at TMap.map(Seats.scala:42)     at TMap.map(Seats.scala:39)     at \n\
        org.apache.flink.streaming.api.operators.StreamMap.processElement(StreamMap.java:41)     at org.apache.flink.streaming.runtime.tasks.StreamTask.invoke(StreamTask.java:2)\n";
    assert_eq!(answer(text).0.as_deref(), Some("user-code-exception"));
}

#[test]
fn a_task_that_throws_without_a_trace_is_hot_code_of_the_user() {
    let task = "2026-11-21 21:13:33,177 WARN  org.apache.flink.runtime.taskmanager.Task                    [] - Source: orders -> enrich-orders (2/2)#0 \
                (29a44b9770138601f6d7f236db02efbf_bc4197a480c92c793190a9f8c0afc54c_1_0) switched from RUNNING to FAILED with failure cause:\n";
    let (pattern, certainty, _) = answer(&format!("{task}java.lang.NullPointerException: null\n"));
    assert_eq!((pattern.as_deref(), certainty), (Some("user-code-exception"), Some(Certainty::Possible)));
    // Nothing says so of another exception, or of one that nobody says where it was thrown.
    assert_eq!(answer(&format!("{task}java.io.IOException: null\n")).0.as_deref(), Some("unclassified-exception"));
    assert_ne!(answer("java.lang.NullPointerException: null\n").0.as_deref(), Some("user-code-exception"));
}

#[test]
fn what_may_be_an_effect_of_an_unknown_exception_below_it_is_not_certain() {
    let kryo = "com.esotericsoftware.kryo.KryoException: Error writing field queue\n\tat com.esotericsoftware.kryo.serializers.ObjectField.write(ObjectField.java:82)\n";
    let below = "Caused by: java.lang.UnsupportedOperationException\n\tat org.jctools.queues.MpscBlockingConsumerArrayQueue.iterator(MpscBlockingConsumerArrayQueue.java:247)\n";
    let (pattern, certainty, _) = answer(&format!("{kryo}{below}"));
    assert_eq!((pattern.as_deref(), certainty), (Some("kryo-failure"), Some(Certainty::Likely)));
    assert_eq!(answer(kryo).1, Some(Certainty::Confirmed));
}

#[test]
fn what_nests_in_a_jdo_exception_is_no_trace_of_its_own() {
    let trace = "java.lang.RuntimeException: Unable to instantiate org.apache.hadoop.hive.metastore.HiveMetaStoreClient\n\
                 \tat org.apache.hadoop.hive.metastore.MetaStoreUtils.newInstance(MetaStoreUtils.java:1708)\n\
                 Caused by: javax.jdo.JDOFatalUserException: Class org.datanucleus.api.jdo.JDOPersistenceManagerFactory was not found.\n\
                 NestedThrowables:\n\
                 java.lang.ClassNotFoundException: org.datanucleus.api.jdo.JDOPersistenceManagerFactory\n\
                 \tat javax.jdo.JDOHelper.getPersistenceManagerFactory(JDOHelper.java:808)\n\
                 \t... 41 more\n\
                 Caused by: java.lang.ClassNotFoundException: org.datanucleus.api.jdo.JDOPersistenceManagerFactory\n\
                 \tat java.net.URLClassLoader.findClass(URLClassLoader.java:382)\n";
    assert_eq!(answer(trace).0.as_deref(), Some("linkage-missing-class"));
    assert_eq!(answer(&trace.replace('\n', "\r\n")).0.as_deref(), Some("linkage-missing-class"));
    // One trace of three, not one that ends and another that begins at the nested line.
    let groups = |text: &str| flinklog::exception::parse(text.as_bytes()).map(|t| t.links.iter().map(|l| l.class.clone()).collect::<Vec<_>>());
    let classes = ["java.lang.RuntimeException", "javax.jdo.JDOFatalUserException", "java.lang.ClassNotFoundException"];
    assert_eq!(groups(trace).expect("a trace"), classes);
}

#[test]
fn a_trace_whose_lines_bear_times_is_one_trace() {
    let trace = "2024-01-24 22:11:37,598 [INFO] org.apache.flink.client.program.ProgramInvocationException: The main method caused an error: the sink is not serializable\n\
                 2024-01-24 22:11:37,598 [INFO] at org.apache.flink.client.program.PackagedProgram.callMainMethod(PackagedProgram.java:366)\n\
                 2024-01-24 22:11:37,599 [INFO] at org.apache.flink.client.cli.CliFrontend.main(CliFrontend.java:1188)\n\
                 2024-01-24 22:11:37,611 [INFO] Caused by: java.io.NotSerializableException: com.acme.orders.LedgerClient\n\
                 2024-01-24 22:11:37,615 [INFO] at java.io.ObjectOutputStream.writeObject0(ObjectOutputStream.java:1184)\n\
                 2024-01-24 22:11:37,615 [INFO] at org.apache.flink.util.InstantiationUtil.serializeObject(InstantiationUtil.java:624)\n\
                 2024-01-24 22:11:37,616 [INFO] ... 26 more\n\
                 2024-01-24 22:11:37,616 [INFO] at last the process has ended\n";
    let (pattern, certainty, _) = answer(trace);
    assert_eq!((pattern.as_deref(), certainty), (Some("not-serializable-function"), Some(Certainty::Confirmed)));
    // Jars behind the frames, and other ways to write the level.
    for (frame, level) in [(") ~[flink-dist-1.20.5.jar:1.20.5]\n", "[INFO]"), (")\n", "[INFO ]"), (")\n", "INFO -"), (")\n", "WARNING")] {
        let other = trace.replace(")\n", frame).replace("[INFO]", level);
        assert_eq!(answer(&other).0.as_deref(), Some("not-serializable-function"), "{other}");
    }
}

#[test]
fn an_exception_behind_a_level_is_no_logger() {
    let line = "[FlinkExecute] 2024-03-12 10:11:12 ERROR: java.lang.NoClassDefFoundError: org/apache/flink/connector/base/source/reader/RecordEmitter\n";
    assert_eq!(answer(line).0.as_deref(), Some("linkage-missing-class"));
}

#[test]
fn what_refuses_flinks_own_client_is_no_outer_service() {
    let trace = "org.apache.flink.table.client.SqlClientException: Unexpected exception. This is a bug. Please consider filing an issue.\n\
                 Caused by: org.apache.flink.shaded.netty4.io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: localhost/127.0.0.1:8081\n\
                 Caused by: java.net.ConnectException: Connection refused\n\
                 \t... 12 more\n";
    let (pattern, certainty, _) = answer(trace);
    assert_eq!((pattern.as_deref(), certainty), (Some("jobmanager-rest-unreachable"), Some(Certainty::Possible)));
}

/// A line broken between words, as mail programs do.
fn broken_between_words(line: &str, width: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in line.split(' ') {
        if length > 0 && length + 1 + word.len() > width {
            out.push('\n');
            length = 0;
        } else if length > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += word.len();
    }
    out
}

#[test]
fn one_trace_in_every_form_has_one_answer() {
    let frame = "\tat com.acme.orders.enrichment.customers.CustomerLookupFunction.lookup(CustomerLookupFunction.java:117) ~[orders-1.7.jar:?]";
    let trace = format!(
        "org.apache.flink.runtime.JobException: Recovery is suppressed by FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts=3)\n{frame}\n\
         Caused by: org.apache.flink.table.api.ValidationException: Could not find any factory for identifier 'kafka' that implements \
         'org.apache.flink.table.factories.DynamicTableFactory' in the classpath.\n{frame}\n\t... 14 more\n"
    );
    let each = |change: &dyn Fn(&str) -> String| trace.lines().map(|line| change(line) + "\n").collect::<String>();
    let operator = serde_json::json!({"type": "org.acme.ReconciliationException", "message": "refused", "throwableList": [{
        "type": "org.apache.flink.table.api.ValidationException",
        "message": "Could not find any factory for identifier 'kafka' that implements 'org.apache.flink.table.factories.DynamicTableFactory' in the classpath.",
    }]});
    let resource = serde_json::json!({"apiVersion": "flink.apache.org/v1beta1", "status": {"error": operator.to_string()}});
    let forms = [
        ("plain", trace.clone()),
        ("quoted", each(&|line| format!("> {line}"))),
        ("indented", each(&|line| format!("    {line}"))),
        ("in prose", format!("Hello,\n\nour job fails:\n\n{}\nWhat is this?\n", each(&|line| format!("    {line}")))),
        ("fenced", format!("```\n{trace}```\n")),
        ("in a mail", each(&|line| broken_between_words(line, 76))),
        ("on one line", trace.replace('\n', " ")),
        ("REST error", serde_json::json!({"errors": ["Internal server error.", trace]}).to_string()),
        ("REST exceptions", format!("{:#}\n", serde_json::json!({"root-exception": trace, "timestamp": 1, "truncated": false}))),
        ("operator's status", format!("status:\n  error: '{operator}'\n  lifecycleState: FAILED\n")),
        ("operator's status, folded", format!("status:\n  error: '{}'\n", broken_between_words(&operator.to_string(), 70).replace('\n', "\n    "))),
        ("operator's resource", format!("{resource:#}\n")),
        ("described", format!("Name:   orders\nNamespace:  shop\nStatus:\n  Error:   {operator}\nEvents:  <none>\n")),
    ];
    for (name, text) in forms {
        assert_eq!(answer(&text).0.as_deref(), Some("sql-factory-not-found"), "{name}:\n{text}");
    }
}

#[test]
fn trouble_that_the_log_itself_shows_to_be_over_is_no_cause() {
    let waiting = "\
2026-11-21 10:00:10,406 WARN  org.apache.pekko.remote.transport.netty.NettyTransport [] - Remote connection to [null] failed with java.net.ConnectException: Connection refused: jobmanager/10.96.14.220:6123
2026-11-21 10:00:10,421 INFO  org.apache.flink.runtime.taskexecutor.TaskExecutor [] - Could not resolve ResourceManager address pekko.tcp://flink@jobmanager:6123/user/rpc/resourcemanager_*, retrying in 10000 ms: Could not connect to rpc endpoint.
";
    assert_eq!(answer(waiting).0.as_deref(), Some("rpc-association-gated"));
    let registered = "2026-11-21 10:00:30,722 INFO  org.apache.flink.runtime.taskexecutor.TaskExecutor [] - Successful registration at resource manager pekko.tcp://flink@jobmanager:6123/user/rpc/resourcemanager_* under registration id 5a5b2c63d9a4d0e9f6c1bf44a1b79d55.\n";
    assert_eq!(answer(&format!("{waiting}{registered}")).0, None);
    // Not by what came before it.
    assert_eq!(answer(&format!("{}{waiting}", registered.replace("10:00:30", "10:00:05"))).0.as_deref(), Some("rpc-association-gated"));

    let suspended = "\
2026-11-21 03:14:23,774 INFO  org.apache.flink.shaded.curator5.org.apache.curator.framework.state.ConnectionStateManager [] - State change: SUSPENDED
2026-11-21 03:14:23,775 WARN  org.apache.flink.runtime.leaderretrieval.ZooKeeperLeaderRetrievalDriver [] - Connection to ZooKeeper suspended, waiting for reconnection.
";
    assert_eq!(answer(suspended).0.as_deref(), Some("zk-connection-loss"));
    let back = "2026-11-21 03:14:24,596 INFO  org.apache.flink.shaded.curator5.org.apache.curator.framework.state.ConnectionStateManager [] - State change: RECONNECTED\n";
    assert_eq!(answer(&format!("{suspended}{back}")).0, None);
    // What ended a task is not undone.
    let failed = "\
2026-11-21 03:14:23,900 WARN  org.apache.flink.runtime.taskmanager.Task [] - Source: orders (1/2)#0 (cbc357ccb763df2852fee8c4fc7d55f2_90bea66de1c231edf33913ecd54406c1_0_0) switched from RUNNING to FAILED with failure cause:
org.apache.zookeeper.KeeperException$SessionExpiredException: KeeperErrorCode = Session expired for /hbase/meta-region-server
	at org.apache.zookeeper.KeeperException.create(KeeperException.java:134)
";
    assert_eq!(answer(&format!("{suspended}{failed}{back}")).0.as_deref(), Some("zk-connection-loss"));
}

#[test]
fn a_recovery_undoes_no_error_and_nothing_of_another_resource() {
    let suspended = "2026-11-21 03:14:23,775 WARN  org.apache.flink.runtime.leaderretrieval.ZooKeeperLeaderRetrievalDriver [] - Connection to ZooKeeper lost. Can no longer retrieve the leader from ZooKeeper.\n";
    let error = "2026-11-21 03:14:24,100 ERROR org.apache.flink.runtime.entrypoint.ClusterEntrypoint [] - KeeperErrorCode = Session expired for /flink/default/leader\n";
    let back = "2026-11-21 03:14:24,596 INFO  org.apache.flink.shaded.curator5.org.apache.curator.framework.state.ConnectionStateManager [] - State change: RECONNECTED\n";
    assert_eq!(answer(&format!("{suspended}{error}{back}")).0.as_deref(), Some("zk-connection-loss"));
    let text = "\
2026-11-21 21:15:23,871 o.a.f.k.o.o.JobStatusObserver  [WARN ][payments/fraud] Exception while getting job status
java.util.concurrent.TimeoutException
	at org.apache.flink.kubernetes.operator.service.AbstractFlinkService.getJobStatus(AbstractFlinkService.java:265)
2026-11-21 21:15:38,902 o.a.f.k.o.l.AuditUtils         [INFO ][payments/ledger] >>> Event[Job]       | Info    | JOBSTATUSCHANGED | Job status changed from RECONCILING to RUNNING
";
    assert_eq!(answer(text).0.as_deref(), Some("jobmanager-rest-unreachable"));
}

#[test]
fn what_is_logged_after_a_job_finished_is_no_failure() {
    let text = "\
2026-11-21 02:10:31,700 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph [] - Job nightly (8d22a71ae4b63a0eb6f2c1b4dd9ee8b4) switched from state RUNNING to FINISHED.
2026-11-21 02:11:07,120 WARN  org.apache.pekko.remote.transport.netty.NettyTransport [] - Remote connection to [null] failed with java.net.ConnectException: Connection refused: /10.42.3.88:40617
";
    assert_eq!(answer(text).0, None);
    // But for causes and errors.
    for failure in [
        "2026-11-21 02:11:08,120 WARN  com.acme.Loader [] - Could not load\njava.lang.NoClassDefFoundError: org/apache/kafka/clients/Client\n\tat com.acme.Loader.load(Loader.java:7)\n",
        "2026-11-21 02:11:08,120 ERROR com.acme.Writer [] - java.io.IOException: No space left on device\n",
    ] {
        assert!(answer(&format!("{text}{failure}")).0.is_some(), "{failure}");
    }
}

#[test]
fn a_checkpoint_that_a_savepoint_does_away_with_is_no_failed_savepoint() {
    let text = "\
2026-11-21 22:15:00,520 INFO  org.apache.flink.runtime.jobmaster.JobMaster [] - Triggering stop-with-savepoint for job a30f1a6ad8f24ee4e0aa1ec3ca2d4b11.
2026-11-21 22:15:00,532 INFO  org.apache.flink.runtime.checkpoint.CheckpointCoordinator [] - Triggering checkpoint 8813 (type=SavepointType{name='Suspend Savepoint', postCheckpointAction=SUSPEND, formatType=CANONICAL}) @ 1795299300532 for job a30f1a6ad8f24ee4e0aa1ec3ca2d4b11.
2026-11-21 22:15:04,354 INFO  org.apache.flink.runtime.checkpoint.CheckpointCoordinator [] - Completed checkpoint 8813 for job a30f1a6ad8f24ee4e0aa1ec3ca2d4b11 (99120133 bytes, checkpointDuration=3790 ms, finalizationTime=55 ms).
2026-11-21 22:15:04,362 WARN  org.apache.flink.runtime.checkpoint.CheckpointFailureManager [] - Failed to trigger or complete checkpoint 8812 for job a30f1a6ad8f24ee4e0aa1ec3ca2d4b11. (0 consecutive failed attempts so far)
org.apache.flink.runtime.checkpoint.CheckpointException: Checkpoint has been subsumed.
	at org.apache.flink.runtime.checkpoint.PendingCheckpoint.abort(PendingCheckpoint.java:544) ~[flink-dist-1.17.1.jar:1.17.1]
";
    assert_eq!(answer(text).0, None);
}

#[test]
fn a_message_that_says_more_than_the_missing_class_below_it_is_the_answer() {
    let text = "\
org.apache.flink.client.program.ProgramInvocationException: The program's entry point class 'com.acme.OrdersJob' was not found in the jar file.
	at org.apache.flink.client.program.PackagedProgram.loadMainClass(PackagedProgram.java:617)
	at org.apache.flink.client.cli.CliFrontend.main(CliFrontend.java:1120)
Caused by: java.lang.ClassNotFoundException: com.acme.OrdersJob
	at java.net.URLClassLoader.findClass(URLClassLoader.java:382)
";
    assert_eq!(answer(text).0.as_deref(), Some("user-jar-missing"));
    // What it does not name itself is the deeper cause.
    let linkage = text.replace("was not found in the jar file", "could not be loaded due to a linkage failure");
    let linkage = linkage.replace("ClassNotFoundException: com.acme.OrdersJob", "NoClassDefFoundError: org/apache/kafka/clients/Client");
    assert_eq!(answer(&linkage).0.as_deref(), Some("linkage-missing-class"));
}

#[test]
fn a_trace_that_a_scheduler_moved_to_the_right_is_read() {
    let text = "\
[INFO] 2026-11-21 16:44:07.724 +0800 - [taskAppId=TASK-7-5382-5238] TaskLogLogger - -> org.apache.flink.client.program.ProgramInvocationException: The main method caused an error: no
	\tat org.apache.flink.client.program.PackagedProgram.callMainMethod(PackagedProgram.java:372)
	\tat org.apache.flink.client.cli.CliFrontend.main(CliFrontend.java:1132)
	Caused by: java.lang.NumberFormatException: For input string: \"abc\"
	\tat java.lang.Integer.parseInt(Integer.java:580)
	\tat com.acme.OrdersJob.main(OrdersJob.java:31)
	\t... 11 more
";
    assert_eq!(answer(text).0.as_deref(), Some("user-code-exception"));
}

#[test]
fn a_trace_of_the_server_side_without_its_beginning_is_read() {
    let text = "\
Caused by: org.apache.flink.runtime.rest.util.RestClientException: [Internal server error., <Exception on server side:
akka.pattern.AskTimeoutException: Ask timed out on [Actor[akka://flink/user/dispatcher#-1630374064]] after [10000 ms].
	at akka.pattern.PromiseActorRef$$anonfun$1.apply$mcV$sp(AskSupport.scala:604)

End of exception on server side>]
";
    let (slug, certainty, _) = answer(text);
    assert_eq!((slug.as_deref(), certainty), (Some("rpc-ask-timeout"), Some(Certainty::Possible)));
}

#[test]
fn flinks_own_words_on_a_task_manager_that_is_gone_are_no_cause() {
    let text = "\
2026-11-21 14:52:11,004 INFO  org.apache.flink.runtime.checkpoint.CheckpointCoordinator - Completed checkpoint 418 for job 3f7a6dd1d36ee5ff8b4a7d2b9d9cb3a5 (482103 bytes in 881 ms).
2026-11-21 14:55:37,602 INFO  org.apache.flink.yarn.YarnResourceManager - Closing TaskExecutor connection container_1598507699008_0094_01_000010 because: [2026-11-21 14:55:37.121]Container [pid=8788,containerID=container_1598507699008_0094_01_000010] is running beyond physical memory limits. Current usage: 9.8 GB of 9.8 GB physical memory used; 43.0 GB of 47.6 TB virtual memory used. Killing container.
2026-11-21 14:55:37,611 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph - Enrich -> Sink: out (13/40) (9a2d1d9c0b6c64d2cb23b1b9c0d8cb1f) switched from RUNNING to FAILED.
org.apache.flink.util.FlinkException: The worker container_1598507699008_0094_01_000010 holds this task no more.
	at org.apache.flink.runtime.resourcemanager.ResourceManager.closeTaskManagerConnection(ResourceManager.java:818)
";
    assert_eq!(answer(text).0.as_deref(), Some("container-killed-pmem"));
}

#[test]
fn what_the_kubernetes_operator_sees_and_sees_pass_is_read() {
    let asked = "\
2026-11-21 21:15:23,871 o.a.f.k.o.o.JobStatusObserver  [WARN ][payments/ledger] Exception while getting job status
java.util.concurrent.TimeoutException
	at java.base/java.util.concurrent.CompletableFuture.get(Unknown Source)
	at org.apache.flink.kubernetes.operator.service.AbstractFlinkService.getJobStatus(AbstractFlinkService.java:265)
";
    let runs = "2026-11-21 21:15:38,902 o.a.f.k.o.l.AuditUtils         [INFO ][payments/ledger] >>> Event[Job]       | Info    | JOBSTATUSCHANGED | Job status changed from RECONCILING to RUNNING\n";
    assert_eq!(answer(asked).0.as_deref(), Some("jobmanager-rest-unreachable"));
    assert_eq!(answer(&format!("{asked}{runs}")).0, None);
}

#[test]
fn a_task_manager_that_says_why_it_ends_is_asked_before_what_its_tasks_say() {
    let text = "\
2026-11-21 12:07:13,810 ERROR org.apache.flink.runtime.taskexecutor.TaskManagerRunner [] - Fatal error occurred while executing the TaskManager. Shutting it down...
java.lang.OutOfMemoryError: Java heap space
	at java.util.Arrays.copyOf(Arrays.java:3537) ~[?:?]
2026-11-21 12:07:15,310 WARN  org.apache.flink.runtime.taskmanager.Task [] - Sessions (1/2)#0 (484bf623ee00c29beb2487ff90269dea) switched from RUNNING to FAILED with failure cause: org.apache.flink.util.FlinkException: The TaskExecutor is shutting down.
	at org.apache.flink.runtime.taskexecutor.TaskExecutor.onStop(TaskExecutor.java:481)
";
    assert_eq!(answer(text).0.as_deref(), Some("heap-oom-tm"));
}

#[test]
fn a_message_that_a_terminal_broke_inside_words_is_known() {
    let message = "pyflink.util.exceptions.TableException: \"AppendStreamTableSink doesn't support consuming update changes which is produced by node GroupAggregate(groupBy=[word], select=[word, COUNT($f1) AS EXPR$0])\"";
    assert_eq!(answer(&message.replace("consuming update", "consuming\nupdate")).0.as_deref(), Some("sql-changelog-unsupported"));
    for width in [72, 80, 100, 120] {
        let lines: Vec<&str> = (0..message.len()).step_by(width).map(|at| &message[at..message.len().min(at + width)]).collect();
        assert_eq!(answer(&format!("{}\n", lines.join("\n"))).0.as_deref(), Some("sql-changelog-unsupported"), "{width}");
    }
}

#[test]
fn what_a_console_prints_behind_log_records_is_no_part_of_them() {
    let record = "2026-11-21 10:00:00,000 INFO  org.apache.flink.configuration.GlobalConfiguration [] - Loading configuration property: rest.port, 8081\n";
    let failed = "java.lang.NoSuchMethodError: org.acme.Options.builder(Ljava/lang/String;)V\n\tat org.acme.Cli.main(Cli.java:836)\n";
    let python = format!(
        "Traceback (most recent call last):\n  File \"job.py\", line 7, in <module>\n    t_env.execute()\npy4j.protocol.Py4JJavaError: An error occurred while calling o1.execute.\n: {failed}"
    );
    let sql = "org.apache.flink.table.api.ValidationException: Could not find any factory for identifier 'kafka' that implements 'org.apache.flink.table.factories.DynamicTableFactory' in the classpath.\n";
    for (text, wanted) in [
        (format!("Exception in thread \"main\" {failed}"), "linkage-missing-method"),
        (
            format!("\n------------------------------------------------------------\n The program finished with the following exception:\n\n{failed}"),
            "linkage-missing-method",
        ),
        (python, "linkage-missing-method"),
        (format!("[ERROR] Could not execute SQL statement. Reason:\n{sql}"), "sql-factory-not-found"),
        ("Error: Could not find or load main class org.apache.flink.yarn.entrypoint.YarnJobClusterEntrypoint\n".to_owned(), "linkage-missing-class"),
    ] {
        assert_eq!(answer(&format!("{record}{text}")).0.as_deref(), Some(wanted), "{text}");
        assert_eq!(answer(&format!("{record}{text}{record}")).0.as_deref(), Some(wanted), "{text}");
    }
    let coloured = format!("{record}\u{1b}[31;1m[ERROR] Could not execute SQL statement. Reason:\n{sql}\u{1b}[0m");
    assert_eq!(answer(&coloured).0.as_deref(), Some("sql-factory-not-found"));
    // A trace right behind a record is the record's own: told at INFO, it was dealt with.
    assert_eq!(answer(&format!("{record}{failed}")).0, None);
}

#[test]
fn what_a_record_quotes_of_another_program_stays_its_own() {
    let failed = "java.lang.NoSuchMethodError: org.acme.Options.builder(Ljava/lang/String;)V\n\tat org.acme.Cli.main(Cli.java:836)\n";
    let head = "2026-11-21 09:59:00,000 INFO  org.apache.flink.runtime.taskexecutor.TaskManagerRunner [] -  Starting TaskManager (Version: 1.17.1, Scala: 2.12, Rev:2750d5c, Date:2023-05-19T10:45:46+02:00)\n\
        2026-11-21 10:00:00,000 INFO  org.acme.etl.ShellStep [] - The optional probe ended with 1, which is fine; its stderr was:\n";
    for quoted in [
        format!("Exception in thread \"main\" {failed}"),
        format!("first line\n\nException in thread \"main\" {failed}"),
        "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\nModuleNotFoundError: No module named 'acme'\n".to_owned(),
        "Error: Could not find or load main class org.acme.Probe\n".to_owned(),
    ] {
        assert_eq!(answer(&format!("{head}{quoted}")).0, None, "{quoted}");
    }
    // The cause stands below what the message quotes.
    let task = "2026-11-21 10:00:00,000 WARN  org.apache.flink.runtime.taskmanager.Task [] - Map (1/1)#0 (bc761fd6563887dbdd72a2f6d4edecb7_a_0_0) switched from RUNNING to FAILED with failure cause:\n\
        java.lang.RuntimeException: the external step ended with 1:\n\
        Error: A JNI error has occurred, please check your installation and try again\n\
        \tat org.acme.etl.ShellStep.map(ShellStep.java:17)\n\
        Caused by: org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment. Call: listTopics\n\
        \tat org.acme.etl.Topics.list(Topics.java:9)\n";
    assert_eq!(answer(task).0.as_deref(), Some("kafka-metadata-timeout"));
}

#[test]
fn the_answer_to_a_refused_load_is_read() {
    let refused = "{\n    \"TxnId\": 89129,\n    \"Status\": \"Fail\",\n    \"Message\": \"too many filtered rows\",\n    \"NumberTotalRows\": 3\n}\n";
    assert_eq!(answer(refused).0.as_deref(), Some("olap-streamload-rejected"));
}

#[test]
fn records_without_times_are_told_apart() {
    let text = "INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph - Source: orders (12/64) (0a4f4d2b6c7e8f90a1b2c3d4e5f60718) switched from RUNNING to FAILED on container_e01_1700000000000_0001_01_000004 @ worker-3 (dataPort=33333).
org.apache.flink.streaming.connectors.kafka.internals.Handover$ClosedException: null
WARN  org.apache.kafka.clients.NetworkClient - [Consumer clientId=consumer-1] Connection to node 3 (kafka-3/10.0.0.5:9092) could not be established. Broker may not be available.
";
    let (root, certainty, verdict) = answer(text);
    assert_eq!((root.as_deref(), certainty, verdict), (Some("kafka-broker-unreachable"), Some(Certainty::Possible), "failed"));
}

#[test]
fn what_stops_a_job_before_it_runs_is_its_cause() {
    let start = "2026-11-21 10:00:00,260 INFO  org.apache.flink.runtime.jobmaster.JobMaster [] - Starting execution of job 'sync' (7b8466d968b14df7c78b96a4a2fc50a1) under job master id 00000000000000000000000000000000.\n";
    let error = "2026-11-21 10:00:00,371 ERROR org.apache.flink.runtime.source.coordinator.SourceCoordinator [] - Failed to create Source Enumerator for source Source: orders\n\
        java.lang.AbstractMethodError: Receiver class com.acme.Pools does not define or inherit an implementation of the resolved method 'abstract void a()' of interface com.acme.Pool.\n\
        \tat com.acme.Factory.connect(Factory.java:55)\n";
    assert_eq!(answer(&format!("{start}{error}")), (Some("linkage-missing-method".into()), Some(Certainty::Likely), "degraded"));
    // The job ran after it.
    let ran = "2026-11-21 10:00:09,000 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph [] - Job sync (7b8466d968b14df7c78b96a4a2fc50a1) switched from state CREATED to RUNNING.\n\
        2026-11-21 10:00:09,100 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph [] - Source: orders (1/1) (b69b6e80cc4e0142c44fef4c872d20c6_a_0_0) switched from SCHEDULED to DEPLOYING.\n";
    assert_eq!(answer(&format!("{start}{error}{ran}")).0, None);
}

#[test]
fn what_every_start_tells_at_info_is_no_symptom() {
    let line = "Checkpoint triggering task Source: orders (1/1) of job d4280181171741db82d8ebd8403423ae is not in state RUNNING but SCHEDULED instead. Aborting checkpoint.\n";
    let log = format!("20/01/21 10:41:13 INFO checkpoint.CheckpointCoordinator: {line}");
    assert_eq!(answer(&log).0, None);
    assert_ne!(answer(&log).2, "failed");
}

#[test]
fn a_wrappers_words_are_no_better_than_what_the_jobs_own_code_throws_below_it() {
    let client = "org.apache.flink.client.program.ProgramInvocationException: The main method caused an error: x\n\
        \tat org.apache.flink.client.program.PackagedProgram.callMainMethod(PackagedProgram.java:372)\n\
        Caused by: com.acme.LedgerException: retried after: java.lang.OutOfMemoryError: Java heap space\n\tat com.acme.Ledger.post(Ledger.java:7)\n";
    assert_eq!(answer(client).0.as_deref(), Some("user-code-exception"));
}

#[test]
fn a_thread_of_its_own_that_meets_a_closed_class_loader_hides_nothing() {
    let head = "Exception in thread \"Thread-5\" ";
    let closed =
        "java.lang.IllegalStateException: Trying to access closed classloader. Please check if you store classloaders directly or indirectly in static fields.";
    let flink = "\n\tat org.apache.flink.runtime.execution.librarycache.FlinkUserCodeClassLoaders$SafetyNetWrapperClassLoader.ensureInner(FlinkUserCodeClassLoaders.java:164)\n";
    assert_eq!(answer(&format!("{head}{closed}{flink}")).0, None);
    assert_eq!(answer(&format!("{head}{closed}{flink}\tat com.acme.orders.Enrich.map(Enrich.java:17)\n")).0.as_deref(), Some("closed-classloader"));
    let below = format!("{head}{closed}{flink}Caused by: java.lang.OutOfMemoryError: Metaspace\n");
    assert_eq!(answer(&below).0.as_deref(), Some("metaspace-oom"));
    let beside = format!("{head}java.lang.OutOfMemoryError: Java heap space\n\tat com.acme.A.b(A.java:1)\n\tSuppressed: {closed}\n\t\tat x.Y.z(Y.java:1)\n");
    assert!(answer(&beside).0.is_some_and(|slug| slug.starts_with("heap-oom")), "{beside}");
}

#[test]
fn an_exit_code_that_only_carries_a_cause_is_none() {
    let id = "container_1640211873345_0007_01_000009";
    let job = "2021-12-16 02:10:30,000 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph [] - Job orders (fa1f343cf55f4eb1a653df4ff73c9035) switched from state CREATED to RUNNING.\n\
        2021-12-16 02:10:31,000 INFO  org.apache.flink.yarn.YarnResourceManager [] - Registering TaskManager with ResourceID container_1640211873345_0007_01_000009 (akka.tcp://flink@dnode14:40000/user/rpc/taskmanager_0) at ResourceManager\n";
    // The head of this record was broken where its message begins.
    let memory = format!(
        "2021-12-16 02:10:41,731 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph       \n\
        \t[] - write (1/2) (b69b6e80cc4e0142c44fef4c872d20c6) switched from RUNNING to FAILED on {id} @ dnode14 (dataPort=40090).\n\
        java.lang.OutOfMemoryError: Java heap space\n\tat java.util.ArrayDeque.<init>(ArrayDeque.java:205)\n"
    );
    let end = format!(
        "2021-12-16 02:10:41,749 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph [] - Job orders (fa1f343cf55f4eb1a653df4ff73c9035) switched from state RUNNING to RESTARTING.\n\
        2021-12-16 02:10:45,806 INFO  org.apache.flink.yarn.YarnResourceManager [] - Worker {id} is terminated. Diagnostics: Exception from container-launch.\n\
        Container id: {id}\nExit code: 239\n\n"
    );
    assert_eq!(answer(&format!("{job}{memory}{end}")).0.as_deref(), Some("heap-oom-tm"));
    let (pattern, certainty, _) = answer(&format!("{job}{end}"));
    assert_eq!((pattern.as_deref(), certainty), (Some("tm-unreachable"), Some(Certainty::Insufficient)));
}

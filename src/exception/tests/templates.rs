//! Masks, fingerprints of messages, and the quick key.

use super::*;

fn masked(text: &str) -> String {
    let mut out = String::new();
    template(text.as_bytes(), &mut out);
    out
}

#[test]
fn what_varies_is_masked() {
    for (text, want) in [
        ("Balance 893897.399999999 is -5 or 7.9E8", "Balance <n> is -<n> or <n>"),
        ("Warehouse API for order 3536 (attempt 4)", "Warehouse API for order <n> (attempt <n>)"),
        ("request timed out after 30000ms.", "request timed out after <n>ms."),
        ("job 65d2af73b4b0205104ff07d07180caf8 gone", "job <id> gone"),
        ("attempt 7985b45212f6bf3088f4fbd5abb65f41_bc4197a480c92c793190a9f8c0afc54c_1_0 x", "attempt <id> x"),
        ("id 123e4567-e89b-12d3-a456-426614174000.", "id <id>."),
        ("loader ChildFirstClassLoader @5d3f1a77; slot SingleLogicalSlot@1b2c", "loader ChildFirstClassLoader <id>; slot SingleLogicalSlot<id>"),
        ("container_e17_1600000000000_0001_01_000002 and application_1600000000000_0001", "<id> and <id>"),
        ("Connection refused: localhost/127.0.0.1:38081", "Connection refused: <host>"),
        ("from /10.0.0.7:41234 to ledger-db-0.internal:5432", "from <host> to <host>"),
        ("TaskManager localhost:40021-52c9ba lost", "TaskManager <host> lost"),
        ("hdfs://nn1.prod:8020/flink/checkpoints/65d2af73b4b0205104ff07d07180caf8/chk-12 (missing)", "hdfs://<host>/flink/checkpoints<path> (missing)"),
        ("since 2026-11-21 10:08:06,402 or 2026-11-21T10:08:06.402Z or 10:08:06.402", "since <time> or <time> or <time>"),
        ("For input string: \"n/a-399\"", "For input string: <q>"),
        ("Column 'a b' can't be null", "Column <q> can't be null"),
        ("com.acme.Job$$Lambda$391/0x0000000800c2@1f cannot", "com.acme.Job$$Lambda@<n>f cannot"),
        ("(1/2)#4", "(<n>/<n>)#<n>"),
        ("pod app-6d4f5b7c9-xk2lp gone", "pod app-<id> gone"),
    ] {
        assert_eq!(masked(text), want, "{text}");
    }
}

#[test]
fn what_says_something_stays() {
    for text in [
        "'java.lang.String com.acme.ext.GeoIndex.locate(java.lang.String, int)'",
        "ORA-01555: snapshot too old",
        "HTTP/1.1 503 Service Unavailable",
        "Container exited with exit code 137",
        "facade of a decade",
        "Could not forward element to next operator",
        "class com.acme.Order cannot be cast to class com.acme.Event",
        "can't, won't, didn't",
    ] {
        assert_eq!(masked(text), text);
    }
}

#[test]
fn fingerprints_tell_failures_apart() {
    let of = |message: &str, method: &str| trace(&format!("java.lang.IllegalStateException: {message}\n\tat com.acme.A.{method}(A.java:7)")).fingerprint;
    assert_eq!(of("order 17 lost", "map"), of("order 4711 lost", "map"));
    assert_ne!(of("order 17 lost", "map"), of("payment 17 lost", "map"));
    assert_ne!(of("order 17 lost", "map"), of("order 17 lost", "open"));
    assert_eq!(of("x", "lambda$main$3"), of("x", "lambda$main$12"));
    let at = |line: u32| trace(&format!("java.lang.Error: x\n\tat com.acme.A$1.b(A.java:{line})")).fingerprint;
    assert_eq!(at(7), at(9), "line numbers shift with every release");
}

/// A saved report compares with a later one only if this value never changes without [`FINGERPRINT_VERSION`].
#[test]
fn fingerprints_are_stable() {
    let t = trace("java.io.IOException: disk 7 full\n\tat com.acme.Out.write(Out.java:9)");
    assert_eq!((FINGERPRINT_VERSION, format!("{:016x}", t.fingerprint).as_str()), (1, "23cf6060bb711772"));
}

#[test]
fn quick_key_ignores_numbers_and_ids_only() {
    let key = |text: &str| quick_key(text.as_bytes());
    assert_eq!(key("order 1 at 9:00 lost"), key("order 99999 at 10:30 lost"));
    assert_eq!(key("job 65d2af73b4b0205104ff07d07180caf8 lost"), key("job bc4197a480c92c793190a9f8c0afc54c lost"));
    assert_eq!(key("x@5d3f1a77]"), key("x@aa3f1a7]"));
    assert_eq!(key("a 0x7f1a b"), key("a 0xffee1 b"));
    assert_ne!(key("column a1 missing"), key("column b1 missing"));
    assert_ne!(key("column a missing"), key("column b missing"));
    assert_ne!(key("gh1ij"), key("g1hij"), "borders count");
    assert_ne!(key("abcdefgh"), key("abcdefg"));
    assert_ne!(key("x1y"), key("xy"));
    let long = |n: usize| format!("{}{n}{}", "x".repeat(100), "y".repeat(100));
    assert_eq!(key(&long(7)), key(&long(1234567)));
}

#[test]
fn the_data_files_load_and_are_well_formed() {
    let rules = Rules::with_user_packages(&[]);
    assert!(rules.is_wrapper("java.util.concurrent.CompletionException", "", false));
    assert!(rules.is_wrapper("org.apache.flink.util.FutureUtils$RetryException", "", true), "nested classes by their own name too");
    assert!(!rules.is_wrapper("java.lang.RuntimeException", "x", false));
    assert!(rules.is_wrapper("java.lang.RuntimeException", "One or more fetchers have encountered exception", false));
    assert!(!rules.is_wrapper("com.acme.CompletionExceptions", "", true));
    assert_eq!(rules.category("com.acme.$Proxy18", false), FrameCategory::Generated);
    assert_eq!(rules.category("Main$1", true), FrameCategory::User);
    assert_eq!(rules.python_category("/home/me/udf.py"), FrameCategory::User);
}

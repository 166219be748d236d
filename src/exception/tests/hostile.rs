//! Nothing that a text holds may panic, hang or eat memory.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// Far above what a debug build on a busy machine needs, far below what quadratic work would take (hours).
fn quickly(what: &str, text: &[u8]) -> Option<Trace> {
    let began = Instant::now();
    let trace = parse(text);
    let mut out = String::new();
    template(text, &mut out);
    std::hint::black_box(quick_key(text));
    assert!(began.elapsed() < Duration::from_secs(60), "{what} took {:?}", began.elapsed());
    trace
}

#[test]
fn a_hundred_thousand_causes() {
    let text: String = (0..100_000).map(|i| format!("Caused by: java.lang.RuntimeException: n{i}\n\tat a.B.c(B.java:{i})\n")).collect();
    let t = quickly("nested", text.as_bytes()).expect("a trace");
    assert_eq!((t.links.len(), t.links_omitted), (64, 99_936));
    assert_eq!(t.root_link().map(|l| l.message.as_str()), Some("n99999"), "the deepest link is never left out");
    let deep: String = (0..20_000).map(|i| format!("{}Suppressed: java.lang.Error: s\n", "\t".repeat(i % 300))).collect();
    let t = quickly("suppressed", format!("java.lang.Error: x\n\tat a.B.c(B.java:1)\n{deep}").as_bytes()).expect("a trace");
    assert!(t.suppressed.len() <= 16 && t.suppressed_omitted > 0);
}

#[test]
fn long_texts_of_one_thing() {
    const SIZE: usize = 1 << 18;
    for unit in [
        "a",
        "a.",
        "NestedThrowables:\nx\nat a.b(c)\n",
        "NestedThrowables:\nx\nat a.b(c)\nCaused by: x\n",
        " at ",
        "at a.b(",
        " at a.b(C.java:1)",
        "Exception",
        "a.Exception: ",
        "Caused by: ",
        "Caused by: a.XException: ",
        "\n",
        "\t",
        "\\n\\tat ",
        "'",
        "' '",
        "/",
        "/1",
        "1/",
        "a1",
        "f",
        "0f",
        "f0g",
        "9",
        "9.",
        ":",
        "1:",
        "a:1 ",
        "\"\n",
        "$$Lambda",
        "<Exception on server side:\n",
        "Traceback (most recent call last):\n",
        "  File \"a\", line 1, in b\n",
        "... 1 more ",
        "java.lang.Error: <Exception on server side: ",
        "[CIRCULAR REFERENCE",
        "> ",
        "| ",
        "1 ",
        "at a.b\n",
        "Suppressed: a.XError: b\n",
        "#012",
        "\\\\",
        ", caused by: a.XError: ",
        "a.XError{",
        "a-a1",
        "\u{00e9}.",
        "container_1",
        "@a",
    ] {
        let mut text = String::from("java.lang.Error: x\n\tat a.B.c(B.java:1)\n");
        text.push_str(&unit.repeat(SIZE / unit.len()));
        quickly(unit, text.as_bytes());
        quickly(unit, &text.as_bytes()[42.min(text.len())..]);
    }
}

#[test]
fn long_messages_are_capped() {
    let t = trace(&format!("java.lang.Error: {}", "é".repeat(MAX_MESSAGE)));
    assert!(t.links[0].message.len() <= MAX_MESSAGE && t.links[0].message_capped);
    let frames: String = (0..1000).map(|i| format!("\tat java.lang.A.b(A.java:{i})\n")).collect();
    let t = trace(&format!("java.lang.StackOverflowError\n{frames}\tat com.acme.Deep.call(Deep.java:1)\n"));
    assert_eq!((t.links[0].frames.len(), t.links[0].frames_total), (MAX_FRAMES, 1001));
    assert_eq!(user(&t), "com.acme.Deep.call:1", "a user frame behind the kept ones is found");
}

/// Pieces that mean something to the parser, in any order.
fn fragments() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "java.lang.Error: x",
        "\n",
        "\tat a.B.c(B.java:1)",
        "\n\tat ",
        "Caused by: ",
        "java.io.IOException",
        ": ",
        "\tSuppressed: ",
        "... 3 more",
        "{",
        "}",
        "\\n",
        "\\t",
        "\\u00e9",
        "'",
        "\"",
        "<Exception on server side:",
        "End of exception on server side>]",
        "Traceback (most recent call last):\n",
        "  File \"x.py\", line 3, in f\n",
        "ValueError: v",
        "Wrapped by: ",
        "> ",
        "1: ",
        "org.apache.flink.util.SerializedThrowable: ",
        "null",
        "é",
        "\u{0b}",
        "$$Lambda$1/0x1",
        "10.0.0.1:80",
        "/a/1",
        "0x",
        "[CIRCULAR REFERENCE:",
        " at ",
        "\r\n",
        "[truncated]",
        ", caused by: ",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|p| p.concat())
}

fn holds(text: &[u8]) -> Result<(), TestCaseError> {
    if let Some(t) = parse(text) {
        prop_assert!(!t.links.is_empty() && t.root < t.links.len());
        prop_assert_eq!(t.root_is_wrapper, t.links.iter().all(|l| l.wrapper));
        let lines = text.iter().filter(|b| **b == b'\n').count() + 1;
        prop_assert!(t.lines >= 1 && t.first_line + t.lines <= lines, "{} + {} of {}", t.first_line, t.lines, lines);
        for l in t.links.iter().chain(t.suppressed.iter().flatten()) {
            prop_assert!(l.message.len() <= MAX_MESSAGE && l.frames.len() <= MAX_FRAMES && l.frames.len() <= l.frames_total as usize && l.line < lines);
        }
        prop_assert_eq!(parse(text), Some(t));
    }
    let mut out = String::new();
    template(text, &mut out);
    quick_key(text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..600)) {
        holds(&text)?;
    }

    #[test]
    fn any_mixture(text in fragments()) {
        holds(text.as_bytes())?;
    }

    #[test]
    fn numbers_do_not_change_a_key(a in 0u64.., b in 0u64.., words in "[g-z ]{0,20}") {
        prop_assert_eq!(quick_key(format!("{words} {a} {words}").as_bytes()), quick_key(format!("{words} {b} {words}").as_bytes()));
    }

    #[test]
    fn a_template_of_a_template_is_itself_where_only_numbers_vary(n in 0u32.., words in "[a-z ]{0,30}") {
        let mut once = String::new();
        template(format!("{words} {n}").as_bytes(), &mut once);
        let mut twice = String::new();
        template(once.as_bytes(), &mut twice);
        prop_assert_eq!(&once, &twice);
        prop_assert!(!once.bytes().any(|b| b.is_ascii_digit()));
    }
}

use super::*;

#[test]
fn container_ids() {
    let id = ContainerId::parse("container_e17_1795241000456_0012_02_000003").unwrap();
    assert_eq!(id, ContainerId { epoch: 17, cluster_timestamp: 1_795_241_000_456, app: 12, attempt: 2, number: 3 });
    assert_eq!(id.application(), "application_1795241000456_0012");
    let old = ContainerId::parse("container_1795241000456_10012_01_1000001").unwrap();
    assert_eq!((old.epoch, old.app, old.number), (0, 10012, 1_000_001));
    for text in
        ["container_1_2_3", "container_1_2_3_4_5", "container_e_1_2_3_4", "container_+1_2_3_4", "application_1_2", "container_1_2_3_99999999999999999999999"]
    {
        assert_eq!(ContainerId::parse(text), None, "{text}");
    }
}

#[test]
fn nodes_of_file_names() {
    let cases = [
        ("worker-01.example.com_8041", "worker-01.example.com:8041", None),
        ("worker-21_8041_1795253651222", "worker-21:8041", Some(1_795_253_651_222)),
        ("odd_host_45454", "odd_host:45454", None),
        ("odd_host_45454_1795253651222", "odd_host:45454", Some(1_795_253_651_222)),
        ("worker-01:8041", "worker-01:8041", None),
        ("part-0", "part-0", None),
        ("host_99999", "host_99999", None),
        ("_8041", "_8041", None),
    ];
    for (name, node, millis) in cases {
        assert_eq!(node_of_file_name(name), (node.to_string(), millis), "{name}");
    }
    assert!(is_side_file("worker_1.tmp") && is_side_file("worker_1-checksum") && is_side_file(".worker_1.crc") && !is_side_file("worker_1"));
}

#[test]
fn aggregated_files_are_known_by_their_ends() {
    let t = testkit::tfile(&[], "none");
    assert_eq!(sniff_aggregated(&t[..16], &t[t.len() - 32..]), Some(Aggregated::TFile));
    let i = testkit::ifile(&[vec![]], false);
    assert_eq!(sniff_aggregated(&i[..32], &i[i.len() - 32..]), Some(Aggregated::IFile));
    assert_eq!(sniff_aggregated(&[0; 16], &[0; 32]), None, "a sparse file");
    assert_eq!(sniff_aggregated(b"2026-11-21 09:20:37,689 INFO orga", b"2026-11-21 09:20:37,689 INFO orga"), None, "text whose ends are alike");
    assert_eq!(sniff_aggregated(b"short", b"short"), None);
}

#[test]
fn remarks_are_bounded() {
    let mut notices = Notices::default();
    for i in 0..1000 {
        notices.add(i, NoticeCode::ClientError, "x");
    }
    let all = notices.take();
    assert_eq!(all.len(), 201);
    assert_eq!(all[200].text, "800 further remarks were left out");
    assert!(notices.take().is_empty());
}

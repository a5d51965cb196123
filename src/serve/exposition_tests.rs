use super::super::lint::lint;
use super::*;

#[test]
fn families_are_written_as_prometheus_reads_them() {
    let mut e = Exposition::new();
    e.counter("bellerophon_packets_total", "Packets\nread \\ \"seen\".")
        .sample(&[], u64::MAX)
        .sample(&[("interface", "a\\b\"c\nd é"), ("why", "")], 0u32);
    e.gauge("bellerophon_ready", "Whether packets are read.")
        .sample(&[], true);
    let text = e.finish();
    assert_eq!(
        text,
        "# HELP bellerophon_packets_total Packets\\nread \\\\ \"seen\".\n\
         # TYPE bellerophon_packets_total counter\n\
         bellerophon_packets_total 18446744073709551615\n\
         bellerophon_packets_total{interface=\"a\\\\b\\\"c\\nd é\",why=\"\"} 0\n\
         # HELP bellerophon_ready Whether packets are read.\n\
         # TYPE bellerophon_ready gauge\n\
         bellerophon_ready 1\n"
    );
    assert_eq!(lint(&text), [""; 0]);
}

#[test]
fn floats_are_short_and_read_back() {
    let text = |n: f64| Value::from(n).to_string();
    assert_eq!(text(f64::NAN), "NaN");
    assert_eq!(text(f64::INFINITY), "+Inf");
    assert_eq!(text(f64::NEG_INFINITY), "-Inf");
    assert_eq!(text(0.0), "0");
    assert_eq!(text(1.0), "1");
    assert_eq!(text(0.1), "0.1");
    assert_eq!(text(-2.5), "-2.5");
    assert_eq!(text(0.000_1), "0.0001");
    assert_eq!(text(1e300), "1e+300");
    assert_eq!(text(1.5e-9), "1.5e-09");
    assert_eq!(Value::from(-3i64).to_string(), "-3");
    for n in [1.0 / 3.0, 1e16, 1e17, f64::MAX, f64::MIN_POSITIVE] {
        assert_eq!(text(n).parse::<f64>(), Ok(n));
    }
}

#[test]
fn a_family_that_is_named_again_is_still_one() {
    let mut e = Exposition::new();
    e.counter("a_total", "A.").sample(&[("x", "1")], 1u64);
    e.counter("c_total", "C.").sample(&[], 2u64);
    e.counter("a_total", "A.").sample(&[("x", "2")], 3u64);
    let text = e.finish();
    assert_eq!(lint(&text), [""; 0]);
    assert_eq!(text.matches("# HELP a_total").count(), 1);
    assert!(
        text.contains("a_total{x=\"1\"} 1\na_total{x=\"2\"} 3\n"),
        "{text}"
    );
}

#[test]
fn what_would_spoil_the_scrape_is_left_out_and_named() {
    let mut e = Exposition::new();
    e.counter("a_total", "A.").sample(&[], 1u64);
    e.gauge("a_total", "A.").sample(&[], 2u64);
    e.gauge("b-c\n", "B.").sample(&[], 3u64);
    e.gauge("d", "D.")
        .sample(&[("le-x", "")], 4u64)
        .sample(&[("__x", "")], 4u64)
        .sample(&[("x", "1"), ("x", "2")], 4u64);
    let h = Histogram::<u64>::new(3).unwrap();
    e.histogram("t_seconds", "T.", &[("le", "1")], &h, &[1.0]);
    assert_eq!(e.left_out(), 6);
    let text = e.finish();
    assert_eq!(
        text.lines()
            .filter(|l| !l.starts_with('#'))
            .collect::<Vec<_>>(),
        ["a_total 1"]
    );
    assert_eq!(lint(&text).len(), 6, "{text}");
}

#[test]
fn an_exposition_has_a_bound() {
    let mut e = Exposition::new();
    let mut family = e.gauge("a", "A.");
    let value = "x".repeat(1024);
    for n in 0..8192u64 {
        family.sample(&[("n", &format!("{n}{value}"))], n);
    }
    assert!(e.left_out() > 0);
    let text = e.finish();
    assert!(text.len() < MAX_BYTES + 4096);
    assert!(text.ends_with(" more\n"));
}

#[test]
fn a_histogram_is_cumulative_in_seconds() {
    let mut h = Histogram::<u64>::new(3).unwrap();
    h.record(0).unwrap();
    h.record_n(1_000, 2).unwrap();
    h.record(1_000_000).unwrap();
    h.record(1_100_000).unwrap();
    h.record(3_000_000_000).unwrap();
    let mut e = Exposition::new();
    // Neither their order nor one that is there anyway matters.
    let buckets = [1.0, 0.001, 0.000_001, f64::INFINITY, 1.0];
    e.histogram("t_seconds", "T.", &[("worker", "1")], &h, &buckets);
    e.histogram(
        "t_seconds",
        "T.",
        &[("worker", "2")],
        &Histogram::new(3).unwrap(),
        &buckets,
    );
    let text = e.finish();
    assert_eq!(lint(&text), [""; 0], "{text}");
    let lines: Vec<&str> = text.lines().skip(2).collect();
    assert_eq!(
        lines[..4],
        [
            "t_seconds_bucket{worker=\"1\",le=\"1e-06\"} 3",
            "t_seconds_bucket{worker=\"1\",le=\"0.001\"} 4",
            "t_seconds_bucket{worker=\"1\",le=\"1\"} 5",
            "t_seconds_bucket{worker=\"1\",le=\"+Inf\"} 6",
        ]
    );
    let sum = lines[4]
        .strip_prefix("t_seconds_sum{worker=\"1\"} ")
        .unwrap();
    let sum: f64 = sum.parse().unwrap();
    assert!((sum - 3.002_102).abs() < 0.003, "{sum}");
    assert_eq!(lines[5], "t_seconds_count{worker=\"1\"} 6");
    assert_eq!(lines[6], "t_seconds_bucket{worker=\"2\",le=\"1e-06\"} 0");
    assert_eq!(
        lines[10..],
        [
            "t_seconds_sum{worker=\"2\"} 0",
            "t_seconds_count{worker=\"2\"} 0"
        ]
    );
}

#[test]
fn buckets_count_as_the_values_say() {
    let mut h = Histogram::<u64>::new(3).unwrap();
    let values: Vec<u64> = (0..2_000u64).map(|n| n * n * 1_003).collect();
    for value in &values {
        h.record(*value).unwrap();
    }
    let buckets = [0.000_1, 0.01, 0.5, 2.0, 5.0];
    let mut e = Exposition::new();
    e.histogram("t_seconds", "T.", &[], &h, &buckets);
    let text = e.finish();
    for bound in buckets {
        let line = format!("t_seconds_bucket{{le=\"{bound}\"}} ");
        let count = text.lines().find_map(|l| l.strip_prefix(&line)).unwrap();
        let count: usize = count.parse().unwrap();
        // A slot is at most a thousandth wide.
        let within = |b: f64| values.iter().filter(|v| **v as f64 <= b * 1e9).count();
        assert!(
            (within(bound)..=within(bound * 1.001)).contains(&count),
            "{bound}"
        );
    }
}

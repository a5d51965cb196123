//! What was not read, and why: every bound and every loss, in words.

use crate::stats::{ReaderStats, WorkerStats};
use crate::triage::Unread;

/// Reasons with their counts, also those of 0. Names may have passed unseen in each of them. Frames
/// that could not be decoded come on top. What is counted differs (packets, messages, places), and one
/// message may be counted under two reasons: sums of these numbers mean nothing.
pub(super) fn limits(reader: &ReaderStats, workers: &WorkerStats) -> Vec<(&'static str, u64)> {
    let mut all = Vec::new();
    for what in Unread::ALL {
        let count = reader.unread.get(what as usize).copied().unwrap_or(0);
        all.push((what.describe(), count));
    }
    all.extend([
        (
            "packets that the kernel dropped: the ring was full",
            reader.ring_dropped,
        ),
        (
            "payloads dropped since the workers could not keep up",
            reader.dropped,
        ),
        (
            "payloads longer than 65,535 bytes, read up to there",
            reader.capped,
        ),
        (
            "packets lost before the capture was written, as the files say",
            reader.lost_before,
        ),
        ("names longer than a name can be", workers.too_long),
    ]);
    fragments(reader, &mut all);
    streams(reader, workers, &mut all);
    dns(workers, &mut all);
    tls(workers, &mut all);
    quic(workers, &mut all);
    all
}

type Limits = Vec<(&'static str, u64)>;

fn sum(numbers: &[u64]) -> u64 {
    numbers.iter().fold(0, |sum, n| sum.saturating_add(*n))
}

fn fragments(reader: &ReaderStats, all: &mut Limits) {
    let f = &reader.fragments;
    all.extend([
        (
            "IP datagrams and CAPWAP frames with fragments missing, read as far as they go",
            // Those without a beginning are a part of the two: see the next line.
            f.expired
                .saturating_add(f.drained)
                .saturating_sub(f.headless),
        ),
        (
            "IP fragments whose datagram's beginning is missing, in datagrams",
            f.headless,
        ),
        (
            "IP datagrams given up to make room for others",
            f.evicted_datagrams.saturating_add(f.evicted_bytes),
        ),
        (
            "IP fragments that no receiver would accept",
            sum(&[f.empty, f.malformed, f.too_long, f.too_many_parts]),
        ),
        (
            "IPv4 fragments of uneven length that more follow (suspicious; read as Linux does, up to a multiple of 8)",
            f.uneven,
        ),
        (
            "IP fragments that contradict others (suspicious; the first copy is read)",
            f.conflicts.saturating_add(f.two_ends),
        ),
    ]);
}

fn streams(reader: &ReaderStats, workers: &WorkerStats, all: &mut Limits) {
    let s = &workers.streams;
    let m = &workers.messages;
    all.extend([
        (
            "TCP connections forgotten by triage before they sent anything: the table was full",
            reader.heads.evicted_fresh,
        ),
        (
            "TCP messages forgotten by triage before their end: the table was full",
            reader.heads.evicted_open,
        ),
        (
            "TCP connections whose first bytes are missing or late: what came over 64 KiB ahead was not kept",
            reader.heads.ahead,
        ),
        (
            "TCP messages whose end is missing or over 120 s late, read as far as they go",
            s.without_end(),
        ),
        (
            "places in TCP streams that were not seen or not kept, passed over",
            s.holes,
        ),
        (
            "TCP segments that contradict others (suspicious; the first copy is read)",
            s.conflicts,
        ),
        (
            "TCP segments with urgent data (suspicious; read as if it stood in line)",
            reader.urgent,
        ),
        (
            "TCP segments beyond what is kept of a message",
            s.beyond.saturating_add(s.scattered),
        ),
        (
            "TCP messages given up to make room for others",
            s.made_room(),
        ),
        (
            "beginnings of messages inside a download or an upload, taken for its content",
            s.content,
        ),
        (
            "HTTP heads that break off, read as far as they go",
            m.http_heads_cut,
        ),
        (
            "HTTP heads longer than 64 KiB, read up to there",
            m.http_heads_too_long,
        ),
        (
            "HTTP connections in which the next request was not found",
            m.http_gave_up,
        ),
        (
            "HTTP connections left inside a request or its body: the end was not to be seen, or over 1 GiB away",
            m.http_left,
        ),
        (
            "HTTP/2 connections left before their end: over 120 s of silence, or no room",
            m.http2_left.saturating_add(reader.heads.idle_http2),
        ),
        (
            "HTTP/2 connections whose headers could not be followed",
            m.http2_lost,
        ),
        (
            "endless dialogues before a TLS hello, given up",
            m.preludes_gave_up,
        ),
    ]);
}

fn dns(workers: &WorkerStats, all: &mut Limits) {
    let mut dns = workers.dns;
    dns.add(&workers.messages.dns);
    all.extend([
        ("DNS messages cut short by the capture", dns.short),
        (
            "DNS messages malformed, read around the damage",
            dns.malformed,
        ),
        (
            "DNS messages whose names spell out more than 261,120 bytes, read up to there",
            dns.too_many,
        ),
        (
            "packets on ports of DNS, mDNS, LLMNR and NetBIOS names that are something else",
            dns.not,
        ),
    ]);
}

fn tls(workers: &WorkerStats, all: &mut Limits) {
    let mut hellos = workers.messages.hellos;
    let dtls = &workers.dtls;
    hellos.add(&dtls.hellos);
    let mut certificates = workers.messages.certificates;
    certificates.add(&dtls.certificates);
    all.extend([
        (
            "TLS hellos that break off before a server name",
            hellos.incomplete,
        ),
        (
            "TLS hellos malformed before a server name",
            hellos.malformed,
        ),
        ("TLS hellos with an encrypted inner name (ECH)", hellos.ech),
        (
            "TLS hellos cut short, malformed or too long for the fingerprint that is asked for",
            hellos.without_fingerprint,
        ),
        ("certificates cut short", certificates.cut),
        ("certificates malformed", certificates.malformed),
        (
            "certificates longer than 256 KiB, read up to there",
            certificates.too_large,
        ),
        (
            "certificate chains longer than 1 MiB, read up to there",
            workers.messages.chains_left,
        ),
        (
            "DTLS messages of which fragments are missing",
            dtls.unfinished,
        ),
        (
            "DTLS messages given up to make room for others",
            dtls.evicted,
        ),
        (
            "DTLS fragments malformed, or beyond what is kept of a message",
            sum(&[dtls.malformed, dtls.too_large]),
        ),
    ]);
}

fn quic(workers: &WorkerStats, all: &mut Limits) {
    let q = &workers.quic;
    all.extend([
        (
            "QUIC Initial packets that no key opens (a server's alone, or damaged)",
            q.failed,
        ),
        ("QUIC Initial packets cut short by the capture", q.cut),
        (
            "QUIC Initial packets of flows that used up their attempts",
            q.over_limit,
        ),
        ("QUIC packets of unknown versions", q.unknown_versions),
        ("QUIC hellos malformed", q.malformed),
        (
            "QUIC hellos malformed or too long for the fingerprint that is asked for",
            q.without_fingerprint,
        ),
        (
            "QUIC hellos of which a part is missing",
            q.incomplete.saturating_add(q.incomplete_named),
        ),
        ("QUIC hellos given up to make room for others", q.evicted),
        (
            "QUIC frames and packets beyond what is kept of a hello",
            q.frames_refused.saturating_add(q.coalesced_refused),
        ),
    ]);
}

/// Hellos that were read to their end and name no host: nothing was missed in them.
pub(super) fn nameless_hellos(workers: &WorkerStats) -> u64 {
    sum(&[
        workers.messages.hellos.nameless,
        workers.dtls.hellos.nameless,
        workers.quic.nameless,
    ])
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;

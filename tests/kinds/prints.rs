//! Fingerprints of hellos and certificates.
//!
//! The JA3 are tshark's of these very packets. The JA4 were computed by hand from the fields that tshark shows.

use testkit::capture::Packet;
use testkit::conversation::tcp;
use testkit::frame::ethernet;
use testkit::tls::Version;
use testkit::{dtls, quic, tls, tls_server, x509};

use crate::harness::{DEVICE, EVIL, Ran, at, connection, replay, udp};

const NAME: &str = "www.innocent.example";

fn over_tcp() -> Vec<Packet> {
    let hello = tls::client_hello(NAME).records();
    connection(DEVICE, 50_000, 0)
        .opens()
        .client_sends(hello)
        .packets()
}

fn over_quic() -> Vec<Packet> {
    let initial = quic::initial(1, &[1, 2, 3, 4, 5, 6, 7, 8]);
    let datagram = initial
        .crypto(0, &tls::client_hello(NAME).handshake())
        .datagram();
    vec![udp((DEVICE, 50_001), (EVIL, 443), 0, datagram)]
}

fn over_dtls() -> Vec<Packet> {
    let datagram = dtls::client_hello(NAME, b"").datagram();
    vec![udp((DEVICE, 50_002), (EVIL, 4_433), 0, datagram)]
}

const JA3: &str = "b03513fd4dc09a5a869a427664012e34";
const JA3_DTLS: &str = "12f2574539a7f3db9b241c8fa6fd4bca";

const JA4_TCP: &str = "t13d1512h2_4f0d31410cf1_0988277d4e88";
const JA4_QUIC: &str = "q13d1512h2_4f0d31410cf1_0988277d4e88";
const JA4_DTLS: &str = "dd2d1209h2_6a7b5ff12c7c_b0b33b6ec075";

#[track_caller]
fn connected_with(ran: &Ran, kind: &str, print: &str) {
    let context = ran.context();
    assert_eq!(context["kind"], kind);
    assert_eq!(context["indicator_kind"], kind);
    assert_eq!(context["name"], print);
    assert_eq!(context["action"], "connected_with");
    assert_eq!(context["match"], "fingerprint");
    assert_eq!(context["device"], DEVICE);
    let line = ran.line();
    let words = format!(
        "connected with the {} fingerprint  {print} at {EVIL}:",
        kind.to_uppercase()
    );
    assert!(
        line.contains(&words) && line.ends_with("[listed fingerprint]  p"),
        "{line}"
    );
}

#[test]
fn hellos_over_all_that_carries_them() {
    let ja3 = format!("ja3: [{JA3}]");
    connected_with(&replay(&ja3, &over_tcp()), "ja3", JA3);
    connected_with(&replay(&ja3, &over_quic()), "ja3", JA3);
    replay(&ja3, &over_dtls()).is_silent();
    let ja3 = format!("ja3: [{JA3_DTLS}]");
    connected_with(&replay(&ja3, &over_dtls()), "ja3", JA3_DTLS);
    replay(&ja3, &over_tcp()).is_silent();
    for (packets, print) in [
        (over_tcp(), JA4_TCP),
        (over_quic(), JA4_QUIC),
        (over_dtls(), JA4_DTLS),
    ] {
        let ran = replay(&format!("ja4: [{print}]"), &packets);
        connected_with(&ran, "ja4", print);
    }
}

#[test]
fn a_hello_with_a_listed_name_and_fingerprint_is_two_findings() {
    let list = format!("domains: [innocent.example]\nja3: [{JA3}]");
    let ran = replay(&list, &over_tcp());
    let mut found = ran.essence();
    found.sort_unstable();
    assert_eq!(
        found,
        [("ja3", "connected_with"), ("tls_sni", "connected_to")]
    );
}

#[test]
fn certificates_by_digest_and_serial_number() {
    let der = x509::certificate("www.innocent.example")
        .san("www.innocent.example")
        .der();
    let flight = tls_server::flight(Version::Tls12, std::slice::from_ref(&der));
    let hello = tls::client_hello(NAME).version(Version::Tls12).records();
    let shown = tcp(
        ethernet(),
        &format!("{DEVICE}:50000"),
        &format!("{EVIL}:443"),
    )
    .at(at(0))
    .opens();
    let packets = shown
        .client_sends(hello)
        .server_sends(flight.records())
        .packets();
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let sha1 = sha1_smol::Sha1::from(&der).digest().to_string();
    let sha256 = hex(ring::digest::digest(&ring::digest::SHA256, &der).as_ref());
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
    let serial = hex(parsed.raw_serial());
    for (listed, kind, words) in [
        (
            sha1,
            "x509_sha1",
            "was shown the certificate with the digest",
        ),
        (
            sha256,
            "x509_sha256",
            "was shown the certificate with the digest",
        ),
        (
            format!("serial:{serial}"),
            "x509_serial",
            "was shown a certificate with the serial number",
        ),
    ] {
        let ran = replay(&format!("certificates: ['{listed}']"), &packets);
        let context = ran.context();
        assert_eq!(context["kind"], kind);
        assert_eq!(context["indicator_kind"], "certificate");
        assert_eq!(context["action"], "was_shown_certificate");
        assert_eq!(context["device"], DEVICE);
        assert_eq!(context["peer"], EVIL);
        assert!(ran.line().contains(words), "{}", ran.line());
        let signature = ran.events[0]["alert"]["signature"].as_str().unwrap();
        assert!(signature.contains(words), "{signature}");
    }
}

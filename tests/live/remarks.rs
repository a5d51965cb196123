//! What limits what can be seen at an interface is told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use testkit::conversation::tcp;
use testkit::{dns, frame::ethernet, tls};

use crate::harness::{Plan, wait};
use crate::net::Net;

/// The packets that one side of so many connections sends.
fn one_side(connections: usize, client: bool) -> Vec<Vec<u8>> {
    (0..connections)
        .flat_map(|n| {
            let from = format!("10.0.{}.{}:50000", n / 200, n % 200 + 1);
            let packets = tcp(ethernet(), &from, "192.0.2.80:443")
                .opens()
                .client_sends(tls::client_hello("news.example").records())
                .server_sends(tls::server_hello())
                .closes()
                .packets();
            let first = packets[0].data[..6].to_vec();
            packets
                .into_iter()
                .map(|packet| packet.data)
                .filter(move |frame| (frame[..6] == first) == client)
        })
        .collect()
}

#[test]
fn a_mirror_of_one_direction_is_noticed() {
    let Some(net) = Net::new() else { return };
    for (client, options, wanted) in [
        (
            true,
            "--threads 1",
            "300 connections were opened and 0 accepted",
        ),
        (
            true,
            "--threads 3",
            "300 connections were opened and 0 accepted",
        ),
        (
            false,
            "--threads 2",
            "300 connections were accepted and 0 opened",
        ),
    ] {
        let mut watch = Plan::new(&net).with(options).start();
        net.send(&one_side(300, client));
        let text = watch.anomaly("interface");
        assert!(text.contains("only one direction"), "{text}");
        wait("all connections are counted", || {
            let remarks = watch.status()["interfaces"][0]["remarks"].to_string();
            remarks.contains(wanted).then_some(())
        });
        let (summary, events) = watch.stop();
        // It is told once, and the end tells the same numbers.
        let told = events
            .iter()
            .filter(|event| event["anomaly"]["event"] == "interface");
        assert_eq!(told.count(), 1);
        let remarks = summary["interfaces"][0]["remarks"].to_string();
        assert!(remarks.contains(wanted), "{options}: {remarks}");
    }
}

#[test]
fn a_mirror_of_both_directions_is_not_remarked_on() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net).with("--threads 2").start();
    net.send(&one_side(300, true));
    net.send(&one_side(300, false));
    net.settle();
    let (summary, _) = watch.stop();
    assert_eq!(summary["interfaces"][0]["remarks"].to_string(), "[]");
}

/// The kernel puts IPv4 fragments together before it shares packets out: that is no offload of a card.
#[test]
fn fragments_that_the_kernel_puts_together_are_no_offload() {
    let Some(net) = Net::new() else { return };
    net.set("link set rx0 mtu 1500");
    let mut watch = Plan::new(&net).with("--threads 3").start();
    let mut message = dns::message(7).is_response();
    message = message.question("big.urlpush.net", dns::TXT);
    for _ in 0..40 {
        message = message.txt(
            "big.urlpush.net",
            &["a text of some length, many times over, to fill the datagram"],
        );
    }
    let fragments = ethernet()
        .ipv4("192.0.2.53", "10.0.0.7")
        .id(77)
        .udp(53, 5_000)
        .fragments(message, &[1_400, 2_800]);
    assert!(fragments.len() == 3, "{}", fragments.len());
    net.send(&fragments);
    watch.alerts(1);
    let (summary, _) = watch.stop();
    assert_eq!(summary["interfaces"][0]["remarks"].to_string(), "[]");
}

/// A real connection between two namespaces: the sender's kernel leaves it to the card to cut segments, and a veth never
/// does. That is what a capture of a machine's own traffic meets.
#[test]
fn packets_that_an_offload_merged_are_noticed() {
    let (Some(net), Some(far)) = (Net::new(), Net::new()) else {
        return;
    };
    net.set("link del tx0");
    net.set(&format!(
        "link add name rx0 mtu 1500 type veth peer name far0 netns {} mtu 1500",
        far.name
    ));
    net.set("link set rx0 up");
    net.set("addr add 10.9.0.1/24 dev rx0");
    far.set("link set far0 up mtu 1500");
    far.set("addr add 10.9.0.2/24 dev far0");
    let mut watch = Plan::new(&net).start();
    let listener = net.enter(|| TcpListener::bind("10.9.0.1:7000").unwrap());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        });
        far.enter(|| {
            let mut stream = TcpStream::connect("10.9.0.1:7000").unwrap();
            stream.write_all(&vec![b'x'; 1 << 20]).unwrap();
        });
    });
    let text = watch.anomaly("interface");
    assert!(text.contains("an offload (GRO, LRO) merges them"), "{text}");
    watch.stop();
}

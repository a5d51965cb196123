use proptest::prelude::*;
use testkit::quic;

use super::*;

fn stream(packet: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let clear = clear(packet).unwrap();
    let mut out = Vec::new();
    crypto_frames(clear.layout, clear.frames, |offset, data| {
        out.push((offset, data.to_vec()));
    });
    out
}

#[test]
fn every_version_in_the_clear() {
    let message = quic::chlo("www.example.com", 900);
    for version in [
        b"Q024", b"Q033", b"Q035", b"Q039", b"Q043", b"Q044", b"Q046",
    ] {
        let packet = quic::google(version, b"12345678", 258, &message);
        // Q044 has four bytes of packet number as well, which the builder's first byte says.
        assert_eq!(clear(&packet).unwrap().id, b"12345678");
        assert_eq!(stream(&packet), [(258, message.clone())], "{version:?}");
        assert!(looks_like(&packet) || packet[0] & 0x80 != 0);
    }
}

#[test]
fn frames_ahead_of_the_hello_are_walked() {
    let message = quic::chlo("www.example.com", 10);
    let packet = quic::google(b"Q043", b"12345678", 0, &message);
    let at = packet
        .windows(2)
        .position(|pair| pair == [0xa4, 1])
        .unwrap();
    for ahead in [
        &[0x40, 1, 0, 0, 1, 0][..],                     // ACK
        &[0x60, 3, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], // ACK with a block and a time stamp
        &[0x06, 1],                                     // STOP_WAITING
        &[0x07, 0, 0],                                  // PING, PADDING
        &[0x80, 5, 0, 0],          // another stream to the end: nothing follows
        &[0x02, 0, 0, 0, 1, 0, 0], // CONNECTION_CLOSE: searched behind it
    ] {
        let mut longer = packet.clone();
        longer.splice(at..at, ahead.iter().copied());
        let found = stream(&longer);
        if ahead[0] == 0x80 {
            assert!(found.is_empty());
        } else {
            assert!(found[0].1.starts_with(&message), "{ahead:x?}");
        }
    }
}

#[test]
fn chlo_gives_its_name_when_its_bytes_are_there() {
    let message = quic::chlo("www.example.com", 30);
    let name = Some(&b"www.example.com"[..]);
    let length = message.len();
    assert_eq!(chlo(&message), Chlo::Message { length, name });
    let cut = &message[..length - 20];
    assert_eq!(chlo(cut), Chlo::Message { length, name });
    let cut = &message[..length - 30];
    assert_eq!(chlo(cut), Chlo::Message { length, name: None });
    assert_eq!(chlo(&message[..20]), Chlo::Short);
    assert_eq!(chlo(b"CH"), Chlo::Short);
    assert_eq!(chlo(b"SHLO\x01\0\0\0"), Chlo::Other);
    let mut lies = message;
    lies[12] = 0xff; // the first value ends behind the second
    assert_eq!(chlo(&lies), Chlo::Other);
}

proptest! {
    #[test]
    fn any_bytes(mut bytes in prop::collection::vec(any::<u8>(), 0..200), google in any::<bool>()) {
        if google && bytes.len() > 20 {
            bytes[0] = 0x0d;
            bytes[9..13].copy_from_slice(b"Q039");
        }
        looks_like(&bytes);
        chlo(&bytes);
        if let Some(clear) = clear(&bytes) {
            crypto_frames(clear.layout, clear.frames, |_, data| assert!(data.len() <= bytes.len()));
        }
    }
}

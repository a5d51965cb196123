use testkit::quic::{V1, V2, hex, initial};

use super::super::header::next_packet;
use super::*;

const ID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

/// The CRYPTO frame of RFC 9001 appendix A.2 and of RFC 9369 appendix A.2.
const FRAME: &str = "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
    04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578
    616d706c652e636f6dff01000100000a00080006001d00170018001000070005
    04616c706e000500050100000000003300260024001d00209370b2c9caa47fba
    baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400
    0d0010000e0403050306030203080408050806002d00020101001c0002400100
    3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000
    75300901100f088394c8f03e51570806048000ffff";

#[test]
fn keys_of_the_rfcs() {
    for (version, key, iv, hp) in [
        (
            V1,
            "1f369613dd76d5467730efcbe3b1a22d",
            "fa044b2f42a3fd3b46fb255c",
            "9f50449e04a0e810283a1e9933adedd2",
        ),
        (
            V2,
            "8b1a0bc121284290a29e0971b5cd045d",
            "91f73e2351d8fa91660e909f",
            "45b95e15235d6f45a6b19cbcb0294ba9",
        ),
    ] {
        let keys = Keys::client(Profile::of(version).unwrap(), &ID).unwrap();
        assert_eq!(keys.key[..], hex(key));
        assert_eq!(keys.iv[..], hex(iv));
        assert_eq!(keys.hp[..], hex(hp));
    }
}

#[test]
fn packets_of_the_rfcs() {
    for (version, start, tag) in [
        (
            V1,
            "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11",
            "e221af44860018ab0856972e194cd934",
        ),
        (
            V2,
            "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485",
            "a18b2faa745b6fe189cf772a9f84cbfc",
        ),
    ] {
        // Made by the builder; the tag vouches for all of it.
        let mut frames = hex(FRAME);
        frames.resize(1162, 0);
        let datagram = initial(version, &ID).number(2).frame(&frames).packet();
        assert_eq!(datagram.len(), 1200);
        assert!(datagram.starts_with(&hex(start)), "{version:x}");
        assert!(datagram.ends_with(&hex(tag)), "{version:x}");

        let (packet, rest) = next_packet(&datagram).unwrap();
        assert!(packet.initial && !packet.cut && rest.is_empty());
        let keys = Keys::client(packet.profile, packet.destination).unwrap();
        let mut scratch = vec![1; 3];
        let opened = keys.open(&packet, None, &mut scratch).unwrap();
        assert_eq!(opened, (2, &frames[..]));
    }
}

#[test]
fn a_changed_bit_does_not_open() {
    let datagram = initial(V1, &ID).frame(&hex(FRAME)).datagram();
    for at in [0, 30, 700, datagram.len() - 1] {
        let mut changed = datagram.clone();
        changed[at] ^= 1;
        let (packet, _) = next_packet(&changed).unwrap();
        let keys = Keys::client(packet.profile, &ID).unwrap();
        assert!(keys.open(&packet, None, &mut Vec::new()).is_none());
    }
}

#[test]
fn packet_numbers_grow() {
    // The example of RFC 9000 appendix A.3, and neighbours of a window's edge.
    assert_eq!(whole_number(0x9b32, 2, Some(0xa82f_30ea)), 0xa82f_9b32);
    assert_eq!(whole_number(0x01, 1, Some(0xff)), 0x101);
    assert_eq!(whole_number(0xff, 1, Some(0x100)), 0xff);
    assert_eq!(whole_number(0x05, 1, None), 5);
    assert_eq!(whole_number(u64::MAX >> 32, 4, Some(u64::MAX)) >> 62, 3);
}

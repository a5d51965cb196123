#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose

use proptest::prelude::*;

use super::*;
use crate::packet::{Channel, Whole};

const V4: ([u8; 4], [u8; 4]) = ([10, 0, 0, 7], [192, 0, 2, 53]);

/// A fragment of IPv4 datagram 1.
fn fragment(offset: u32, more: bool, data: &[u8]) -> Fragment<'_> {
    Fragment {
        src: V4.0.into(),
        dst: V4.1.into(),
        whole: Whole::Ip,
        id: 1,
        protocol: 17,
        offset: offset.try_into().unwrap(),
        more,
        data,
        cut: false,
    }
}

fn last(offset: u32, data: &[u8]) -> Fragment<'_> {
    fragment(offset, false, data)
}

fn more(offset: u32, data: &[u8]) -> Fragment<'_> {
    fragment(offset, true, data)
}

fn secs(n: i64) -> Timestamp {
    Timestamp::from_parts(n, 0)
}

/// Given out: bytes, tag, whether complete.
type Given = (Vec<u8>, u64, bool);

/// Pushes numbered fragments as a caller does.
struct Feed {
    defragmenter: Defragmenter<u64>,
    out: Vec<u8>,
    given: Vec<Given>,
    pushed: u64,
}

impl Feed {
    fn new(limits: Limits) -> Self {
        Self {
            defragmenter: Defragmenter::new(limits),
            out: b"left over".to_vec(),
            given: Vec::new(),
            pushed: 0,
        }
    }

    fn push_at(&mut self, now: Timestamp, fragment: &Fragment) -> Option<Refusal> {
        self.pushed += 1;
        loop {
            let outcome = self
                .defragmenter
                .push(fragment, self.pushed, now, &mut self.out);
            let (datagram, complete) = match outcome {
                Outcome::Pending => return None,
                Outcome::Refused(why) => return Some(why),
                Outcome::Complete(datagram) => (datagram, true),
                Outcome::MadeRoom(datagram) => (datagram, false),
            };
            assert_eq!(datagram.len, self.out.len());
            self.given.push((self.out.clone(), datagram.tag, complete));
            if complete {
                return None;
            }
        }
    }

    fn push(&mut self, fragment: &Fragment) -> Option<Refusal> {
        self.push_at(secs(0), fragment)
    }

    /// What was given out, at the end of the capture too, and the counters.
    fn end(mut self) -> (Vec<Given>, DefragStats) {
        while let Some(datagram) = self.defragmenter.drain(&mut self.out) {
            assert_eq!(datagram.len, self.out.len());
            self.given.push((self.out.clone(), datagram.tag, false));
        }
        assert_eq!(self.defragmenter.datagrams(), 0);
        assert_eq!(self.defragmenter.bytes(), 0);
        let stats = *self.defragmenter.stats();
        assert_eq!(stats.fragments, self.pushed);
        let left = stats.expired + stats.evicted_datagrams + stats.evicted_bytes + stats.drained;
        assert_eq!(stats.datagrams, stats.complete + left);
        let given = stats.complete + stats.atomic + left - stats.headless - stats.headless_evicted;
        assert_eq!(given, self.given.len() as u64);
        (self.given, stats)
    }
}

fn feed(fragments: &[Fragment]) -> (Vec<Given>, DefragStats) {
    let mut feed = Feed::new(Limits::default());
    for fragment in fragments {
        feed.push(fragment);
    }
    feed.end()
}

fn whole(bytes: &[u8], tag: u64) -> Given {
    (bytes.to_vec(), tag, true)
}

fn head(bytes: &[u8], tag: u64) -> Given {
    (bytes.to_vec(), tag, false)
}

#[test]
fn every_order_of_three_fragments() {
    let parts = [more(0, b"12345678"), more(8, b"abcdefgh"), last(16, b"xyz")];
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let (given, stats) = feed(&order.map(|i| parts[i]));
        let first = order.iter().position(|&i| i == 0).unwrap() as u64 + 1;
        assert_eq!(given, [whole(b"12345678abcdefghxyz", first)], "{order:?}");
        assert_eq!((stats.datagrams, stats.complete), (1, 1));
        assert_eq!(
            (stats.duplicates, stats.overlaps, stats.conflicts),
            (0, 0, 0)
        );
    }
}

#[test]
fn datagrams_are_told_apart() {
    let a = more(0, b"aaaaaaaa");
    let others = [
        Fragment { id: 2, ..a },
        Fragment { protocol: 6, ..a },
        Fragment {
            whole: Whole::Capwap(Channel::new(40_000, 5_247).unwrap()),
            ..a
        },
        Fragment {
            src: a.dst,
            dst: a.src,
            ..a
        },
        Fragment {
            src: [10, 0, 0, 8].into(),
            ..a
        },
        Fragment {
            dst: [192, 0, 2, 54].into(),
            ..a
        },
    ];
    for other in others {
        let (given, _) = feed(&[
            a,
            Fragment {
                data: b"bbbbbbbb",
                ..other
            },
            last(8, b"A"),
        ]);
        assert_eq!(given, [whole(b"aaaaaaaaA", 1), head(b"bbbbbbbb", 2)]);
    }
}

#[test]
fn only_the_first_fragment_of_ipv6_says_the_protocol() {
    let v6 = |offset, more, protocol, data| Fragment {
        src: "2001:db8::7".parse().unwrap(),
        dst: "2001:db8::53".parse().unwrap(),
        protocol,
        ..fragment(offset, more, data)
    };
    let mut defragmenter = Defragmenter::new(Limits::default());
    let mut out = Vec::new();
    let _ = defragmenter.push(&v6(8, false, 60, b"end"), (), secs(0), &mut out);
    let outcome = defragmenter.push(&v6(0, true, 17, b"12345678"), (), secs(3), &mut out);
    let Outcome::Complete(datagram) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((datagram.protocol, datagram.since), (17, secs(0)));
    assert_eq!(out, b"12345678end");
}

#[test]
fn the_first_copy_of_a_byte_stays() {
    for (fragments, want) in [
        (
            [more(0, b"12345678"), more(0, b"########"), last(8, b"9")],
            &b"123456789"[..],
        ),
        (
            [
                more(8, b"abcdefgh"),
                more(0, b"12345678########"),
                last(16, b"9"),
            ],
            b"12345678abcdefgh9",
        ),
        (
            [
                more(0, b"12345678abcdefgh"),
                more(8, b"########ijklmnop"),
                last(24, b"9"),
            ],
            b"12345678abcdefghijklmnop9",
        ),
        (
            [
                last(8, b"abc"),
                more(0, b"12345678########"),
                last(8, b"abc"),
            ],
            b"12345678abc",
        ),
    ] {
        let (given, stats) = feed(&fragments);
        assert_eq!(given[0].0, want);
        assert!(given[0].2);
        assert_eq!(stats.conflicts, 1);
    }
}

#[test]
fn repeats_and_overlaps_of_the_same_bytes_are_no_conflict() {
    let (given, stats) = feed(&[
        more(0, b"12345678"),
        more(0, b"12345678"),
        more(0, b"12345678abcdefgh"),
        last(16, b"z"),
    ]);
    assert_eq!(given, [whole(b"12345678abcdefghz", 1)]);
    assert_eq!(
        (stats.duplicates, stats.overlaps, stats.conflicts),
        (1, 1, 0)
    );
}

#[test]
fn of_two_ends_the_first_counts() {
    // Another end, shorter, longer, behind, and one that says that more follow.
    for other in [
        last(8, b"ab"),
        last(8, b"abcdefgh"),
        last(24, b"!"),
        more(8, b"abcdefgh"),
    ] {
        let (given, stats) = feed(&[last(8, b"abcd"), other, more(0, b"12345678")]);
        assert_eq!(given, [whole(b"12345678abcd", 3)], "{other:?}");
        assert_eq!(stats.two_ends, 1, "{other:?}");
    }
    // An end before bytes that came already.
    let (given, stats) = feed(&[more(16, b"ABCDEFGH"), last(8, b"ab"), more(0, b"12345678")]);
    assert_eq!(given, [head(b"12345678ab", 3)]);
    assert_eq!(stats.two_ends, 1);
}

#[test]
fn refused_fragments() {
    let mut feed = Feed::new(Limits::default());
    assert_eq!(feed.push(&more(8, b"1234567")), Some(Refusal::Malformed));
    assert_eq!(feed.push(&last(8, b"")), Some(Refusal::Empty));
    assert_eq!(feed.push(&more(0, b"")), Some(Refusal::Empty));
    assert_eq!(
        feed.push(&last(65_528, b"12345678")),
        Some(Refusal::TooLong)
    );
    assert_eq!(feed.push(&last(65_535, b"1")), Some(Refusal::TooLong));
    let huge = vec![0; 65_536];
    assert_eq!(feed.push(&last(0, &huge)), Some(Refusal::TooLong));
    assert_eq!(feed.defragmenter.datagrams(), 0);
    assert_eq!(feed.push(&last(65_528, b"1234567")), None);
    assert_eq!(feed.push(&last(65_528, b"")), Some(Refusal::Empty));
    let (given, stats) = feed.end();
    assert!(given.is_empty());
    assert_eq!((stats.malformed, stats.empty, stats.too_long), (1, 3, 3));
    assert_eq!((stats.drained, stats.headless), (1, 1));
}

/// Linux cuts such a fragment of IPv4 down and goes on; of IPv6 nobody takes it (RFC 8200 section 4.5).
#[test]
fn an_uneven_length_in_the_middle_is_cut_down() {
    for order in [[0, 1], [1, 0]] {
        let parts = [more(0, b"12345678abc"), last(8, b"rest")];
        let (given, stats) = feed(&order.map(|i| parts[i]));
        assert_eq!(
            (given[0].0.as_slice(), given[0].2),
            (&b"12345678rest"[..], true)
        );
        assert_eq!((stats.malformed, stats.uneven), (0, 1));
        assert_eq!((stats.conflicts, stats.two_ends), (0, 0));
    }
    let mut feed = Feed::new(Limits::default());
    let v6 = Fragment {
        src: "2001:db8::7".parse().unwrap(),
        dst: "2001:db8::53".parse().unwrap(),
        ..more(0, b"12345678abc")
    };
    assert_eq!(feed.push(&v6), Some(Refusal::Malformed));
    let capwap = Fragment {
        whole: Whole::Capwap(Channel::new(40_000, 5_247).unwrap()),
        ..more(0, b"12345678abc")
    };
    assert_eq!(feed.push(&capwap), Some(Refusal::Malformed));
    assert_eq!(feed.end().1.uneven, 0);
}

#[test]
fn a_fragment_alone_is_complete_and_disturbs_no_other() {
    let (given, stats) = feed(&[more(0, b"12345678"), last(0, b"alone"), last(8, b"9")]);
    assert_eq!(given, [whole(b"alone", 2), whole(b"123456789", 1)]);
    assert_eq!((stats.atomic, stats.datagrams), (1, 1));
}

#[test]
fn cut_fragments_give_their_beginning_at_the_end() {
    let cut = |fragment| Fragment {
        cut: true,
        ..fragment
    };
    // A cut length need not be a multiple of eight, and a cut end is no end.
    for fragments in [
        [cut(more(0, b"12345")), last(8, b"rest")],
        [last(8, b"rest"), cut(more(0, b"12345"))],
        [cut(last(0, b"12345")), last(8, b"rest")],
    ] {
        let (given, stats) = feed(&fragments);
        assert_eq!(given.len(), 1);
        assert_eq!((given[0].0.as_slice(), given[0].2), (&b"12345"[..], false));
        assert_eq!((stats.cut, stats.drained, stats.malformed), (1, 1, 0));
    }
    let (given, _) = feed(&[more(0, b"12345678"), cut(last(8, b"end"))]);
    assert_eq!(given, [head(b"12345678end", 1)]);
    // The whole fragment came as well.
    let (given, stats) = feed(&[
        cut(more(0, b"12345")),
        last(8, b"end"),
        more(0, b"12345678"),
    ]);
    assert_eq!(given, [whole(b"12345678end", 1)]);
    assert_eq!((stats.overlaps, stats.conflicts), (1, 0));
}

#[test]
fn the_head_ends_at_the_first_hole() {
    let (given, stats) = feed(&[
        more(24, b"ABCDEFGH"),
        more(8, b"abcdefgh"),
        more(0, b"12345678"),
    ]);
    assert_eq!(given, [head(b"12345678abcdefgh", 3)]);
    assert_eq!((stats.drained, stats.headless), (1, 0));
}

#[test]
fn datagrams_expire_in_packet_time_in_their_order() {
    let mut feed = Feed::new(Limits::default());
    let of = |id, fragment: Fragment<'static>| Fragment { id, ..fragment };
    feed.push_at(secs(0), &of(3, more(0, b"third id")));
    feed.push_at(secs(1), &of(1, more(8, b"headless")));
    feed.push_at(secs(2), &of(2, more(0, b"secondid")));
    feed.push_at(secs(30), &of(9, more(0, b"waiting!")));
    assert!(feed.given.is_empty(), "30 s are not over");
    feed.push_at(secs(33), &of(9, last(8, b"9")));
    assert_eq!(
        feed.given,
        [
            head(b"third id", 1),
            head(b"secondid", 3),
            whole(b"waiting!9", 4)
        ]
    );
    // A late rest begins anew instead of finishing what is gone.
    feed.push_at(secs(34), &of(3, last(8, b"rest")));
    let (given, stats) = feed.end();
    assert_eq!(given.len(), 3);
    assert_eq!((stats.expired, stats.headless, stats.drained), (3, 2, 1));
}

#[test]
fn expire_works_without_a_fragment() {
    let mut defragmenter = Defragmenter::new(Limits::default());
    let mut out = Vec::new();
    let _ = defragmenter.push(&more(0, b"12345678"), 5, secs(100), &mut out);
    assert_eq!(defragmenter.expire(secs(130), &mut out), None);
    let datagram = defragmenter.expire(secs(131), &mut out).unwrap();
    assert_eq!((datagram.tag, out.as_slice()), (5, &b"12345678"[..]));
    assert_eq!(defragmenter.expire(secs(131), &mut out), None);
}

#[test]
fn a_clock_that_goes_back_joins_nothing_from_its_future() {
    let mut feed = Feed::new(Limits::default());
    feed.push_at(secs(1_000), &more(0, b"12345678"));
    feed.push_at(secs(10), &last(8, b"other"));
    assert_eq!(feed.given, [head(b"12345678", 1)]);
    let (_, stats) = feed.end();
    assert_eq!((stats.expired, stats.drained, stats.headless), (1, 1, 1));
}

#[test]
fn the_oldest_datagram_goes_when_there_are_too_many() {
    let mut feed = Feed::new(Limits {
        datagrams: 2,
        ..Limits::default()
    });
    let heads: [&[u8]; 4] = [b"aaaaaaaa", b"bbbbbbbb", b"cccccccc", b"dddddddd"];
    for (id, data) in (0..).zip(heads) {
        feed.push(&Fragment {
            id,
            ..more(0, data)
        });
        // A second fragment makes nobody younger.
        feed.push(&Fragment {
            id: 1,
            ..more(16, b"zzzzzzzz")
        });
    }
    let given: Vec<&[u8]> = feed.given.iter().map(|g| g.0.as_slice()).collect();
    assert_eq!(given, [b"aaaaaaaa", b"bbbbbbbb", b"cccccccc"]);
    let (_, stats) = feed.end();
    assert!(stats.evicted_datagrams >= 3);
    assert_eq!(stats.evicted_bytes, 0);
}

/// Which of the two it is decides what a summary says of it.
#[test]
fn datagrams_without_a_beginning_are_counted_by_why_they_left() {
    let mut feed = Feed::new(Limits {
        datagrams: 2,
        ..Limits::default()
    });
    for id in 0..5 {
        feed.push(&Fragment {
            id,
            ..more(8, b"headless")
        });
    }
    feed.push(&Fragment {
        id: 5,
        ..more(0, b"12345678")
    });
    let (given, stats) = feed.end();
    assert_eq!(given, [head(b"12345678", 6)]);
    assert_eq!((stats.evicted_datagrams, stats.headless_evicted), (4, 4));
    assert_eq!((stats.drained, stats.headless), (2, 1));
}

#[test]
fn the_oldest_other_datagram_goes_when_there_are_too_many_bytes() {
    let mut feed = Feed::new(Limits {
        bytes_total: 0, // one datagram of the longest kind still fits
        ..Limits::default()
    });
    let long = vec![7; 40_000];
    let of = |id, fragment| Fragment { id, ..fragment };
    feed.push(&of(1, more(0, b"12345678")));
    feed.push(&of(2, more(0, &long)));
    assert!(feed.given.is_empty());
    // The oldest itself grows: not it goes, but the next.
    feed.push(&of(1, more(8, &long)));
    assert_eq!(feed.given, [head(&long, 2)]);
    feed.push(&of(1, last(40_008, &long[..25_527])));
    let (given, stats) = feed.end();
    assert_eq!((given[1].0.len(), given[1].2), (65_535, true));
    assert_eq!((stats.evicted_bytes, stats.evicted_datagrams), (1, 0));
}

#[test]
fn parts_are_bounded_and_fragments_in_order_make_one() {
    let limits = Limits {
        parts: 4,
        ..Limits::default()
    };
    let mut feed = Feed::new(limits);
    for i in 0..8_000 {
        assert_eq!(feed.push(&more(i * 8, b"12345678")), None);
    }
    assert_eq!(feed.push(&last(64_000, b"9")), None);
    assert_eq!(feed.given[0].0.len(), 64_001);

    for i in 0..4 {
        assert_eq!(feed.push(&more(i * 16, b"12345678")), None);
    }
    assert_eq!(
        feed.push(&more(64, b"12345678")),
        Some(Refusal::TooManyParts)
    );
    assert_eq!(
        feed.push(&more(0, b"12345678")),
        None,
        "known bytes need no part"
    );
    let (given, stats) = feed.end();
    assert_eq!(given[1].0, b"12345678");
    assert_eq!((stats.too_many_parts, stats.duplicates), (1, 1));
}

#[test]
fn memory_stays_flat_under_a_flood() {
    let limits = Limits {
        datagrams: 32,
        bytes_total: 200_000,
        parts: 8,
        ..Limits::default()
    };
    let mut feed = Feed::new(limits);
    let mut random = testkit::rng::Rng::new(7);
    let data = vec![0x55; 9_000];
    let mut most = 0;
    for n in 0..50_000 {
        let length = 8 * (1 + random.below(1_100)) as usize;
        let ids = if random.below(2) == 0 { 3 } else { 300 };
        feed.push_at(
            Timestamp::from_nanos(n),
            &Fragment {
                id: random.below(ids) as u32,
                ..fragment(
                    8 * random.below(8_192) as u32,
                    random.below(8) != 0,
                    &data[..length],
                )
            },
        );
        feed.given.truncate(0);
        assert!(feed.defragmenter.datagrams() <= 32);
        assert!(feed.defragmenter.bytes() <= 200_000 + PAGE);
        if n == 25_000 {
            most = feed.defragmenter.slots.len();
        }
    }
    assert_eq!(feed.defragmenter.slots.len(), most, "slots are used again");
    for slot in &feed.defragmenter.slots {
        assert!(slot.parts.len() <= 8 && slot.parts.capacity() <= 16);
    }
    let stats = feed.defragmenter.stats();
    for count in [
        stats.evicted_datagrams,
        stats.evicted_bytes,
        stats.too_many_parts,
    ] {
        assert!(count > 0, "{stats:?}");
    }
}

#[test]
fn all_counters_are_added() {
    let ones = DefragStats {
        fragments: 1,
        cut: 1,
        datagrams: 1,
        complete: 1,
        atomic: 1,
        duplicates: 1,
        overlaps: 1,
        conflicts: 1,
        two_ends: 1,
        empty: 1,
        malformed: 1,
        uneven: 1,
        too_long: 1,
        too_many_parts: 1,
        expired: 1,
        evicted_datagrams: 1,
        evicted_bytes: 1,
        drained: 1,
        headless: 1,
        headless_evicted: 1,
    };
    let mut sum = ones;
    sum.add(&ones);
    assert_eq!(
        format!("{sum:?}"),
        format!("{ones:?}").replace(": 1", ": 2")
    );
}

/// A payload, and fragments of it that cover it, in any order, with repeats and overlaps.
fn cut_anyhow() -> impl Strategy<Value = (Vec<u8>, Vec<(usize, usize)>)> {
    proptest::collection::vec(any::<u8>(), 9..3_000)
        .prop_flat_map(|payload| {
            let eighths = (payload.len() - 1) / 8; // cuts leave at least a byte behind them
            let cuts = proptest::collection::btree_set(1..=eighths, 1..=eighths.min(40));
            let extras = proptest::collection::vec((0..=eighths, 1..60_usize), 0..20);
            (Just(payload), cuts, extras)
        })
        .prop_flat_map(|(payload, cuts, extras)| {
            let mut starts: Vec<usize> = cuts.iter().map(|cut| cut * 8).collect();
            let mut ends = starts.clone();
            starts.insert(0, 0);
            ends.push(payload.len());
            let mut pieces: Vec<_> = starts.into_iter().zip(ends).collect();
            pieces.extend(extras.into_iter().filter_map(|(start, length)| {
                let end = payload.len().min((start + length) * 8);
                ((start, end) != (0, payload.len())).then_some((start * 8, end))
            }));
            (Just(payload), Just(pieces).prop_shuffle())
        })
}

proptest! {
    #[test]
    fn however_it_is_cut_it_comes_out_the_same((payload, pieces) in cut_anyhow(), v6: bool) {
        let mut feed = Feed::new(Limits::default());
        for &(start, end) in &pieces {
            let mut fragment = fragment(start as u32, end < payload.len(), &payload[start..end]);
            if v6 {
                fragment.src = "2001:db8::7".parse().unwrap();
                fragment.dst = "2001:db8::53".parse().unwrap();
            }
            prop_assert_eq!(feed.push(&fragment), None);
        }
        let (given, stats) = feed.end();
        prop_assert_eq!(&given[0].0, &payload);
        prop_assert!(given[0].2);
        prop_assert_eq!((stats.conflicts, stats.two_ends), (0, 0));
        for (rest, _, _) in given {
            prop_assert!(payload.starts_with(&rest));
        }
    }

    /// Against a table of bytes.
    #[test]
    fn of_conflicting_copies_the_first_wins(
        pieces in proptest::collection::vec((0..24_u32, 1..6_usize, any::<u8>()), 1..30)
    ) {
        let mut feed = Feed::new(Limits::default());
        let mut table = vec![None; 32 * 8];
        let mut conflicts = 0;
        for &(start, length, byte) in &pieces {
            let data = vec![byte; length * 8];
            feed.push(&more(start * 8, &data));
            let range = &mut table[start as usize * 8..][..data.len()];
            conflicts += u64::from(range.iter().any(|b| b.is_some_and(|b| b != byte)));
            for known in range {
                known.get_or_insert(byte);
            }
        }
        let (given, stats) = feed.end();
        let want: Vec<u8> = table.iter().map_while(|byte| *byte).collect();
        prop_assert_eq!(given.first().map_or(&[][..], |g| g.0.as_slice()), &want);
        prop_assert_eq!(stats.conflicts, conflicts);
    }

    /// Anything at all, within small limits: `Feed::end` checks that nothing is lost uncounted.
    #[test]
    fn anything_is_bounded_and_counted(
        fragments in proptest::collection::vec(
            (0..6_u32, 0..65_536_u32, any::<bool>(), 0..2_000_usize, any::<bool>(), any::<u32>()),
            0..200,
        ),
    ) {
        let mut feed = Feed::new(Limits { datagrams: 4, bytes_total: 0, parts: 5, ..Limits::default() });
        let data = [1; 2_000];
        for (id, offset, more, length, cut, now) in fragments {
            let now = Timestamp::from_nanos(i64::from(now) * 20);
            let fragment = Fragment { id, cut, ..fragment(offset, more, &data[..length]) };
            feed.push_at(now, &fragment);
            prop_assert!(feed.defragmenter.datagrams() <= 4);
            prop_assert!(feed.defragmenter.bytes() <= 128 * PAGE);
        }
        feed.end();
    }
}

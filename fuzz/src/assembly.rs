//! Segments of TCP directions in any order. The first byte chooses, the second counts orders of four
//! bytes each (where, how long, how, of whom), and what follows them is the message that they cut.

use std::collections::VecDeque;

use bellerophon::flow::{Flow, Protocol};
use bellerophon::names::stream::{Direction, Hint, Note, Scratch};
use bellerophon::names::{Kind, Step};
use bellerophon::stream::assembly::{Assembly, MAX_PARTS, MAX_SKIP};
use bellerophon::stream::part::Part;
use bellerophon::stream::roles::Start;
use bellerophon::stream::table::{Limits, Seen, Segment, StreamStats, Table, Visit};
use bellerophon::time::Timestamp;

use super::stream::check_name;

pub type Order = [u8; 4];
pub type Names = Vec<(Kind, Vec<u8>, Note)>;

/// A byte of choices, what to do in which order, and a message to do it with.
pub fn parts(data: &[u8]) -> Option<(u8, &[Order], &[u8])> {
    let [choice, count, rest @ ..] = data else {
        return None;
    };
    let (orders, _) = rest.as_chunks::<4>();
    let orders = &orders[..orders.len().min(usize::from(*count))];
    let message = &rest[4 * orders.len()..];
    Some((*choice, orders, &message[..message.len().min(8_000)]))
}

pub fn run(data: &[u8]) {
    let Some((choice, orders, message)) = parts(data) else {
        return;
    };
    bytes_are_those_of_a_simple_table(choice, orders);
    if !message.is_empty() {
        order_and_overlaps_do_not_matter(choice, orders, message);
        let small = attacked(orders, message);
        assert_eq!(small, attacked(orders, message), "not the same every time");
    }
}

/// Takes names and checks them.
#[derive(Default, Debug, PartialEq, Eq)]
pub struct Collected {
    pub names: Names,
    /// Number of the newest packet.
    pub newest: u64,
}

impl Visit for Collected {
    fn name(&mut self, seen: &Seen<'_>, kind: Kind, name: &[u8], note: Note) {
        assert!((1..=self.newest).contains(&seen.packet));
        check_name(kind, name, note);
        self.names.push((kind, name.to_vec(), note));
    }
}

fn flow(sport: u8) -> Flow {
    Flow {
        src: "192.0.2.1".parse().unwrap(),
        dst: "198.51.100.2".parse().unwrap(),
        sport: 50_000 + u16::from(sport),
        dport: 443,
        protocol: Protocol::Tcp,
    }
}

/// Where an order begins, and how many bytes it takes there.
pub fn cut(&[from, length, ..]: &Order, message: &[u8]) -> (usize, usize) {
    let at = message.len() * usize::from(from) / 256;
    let length = (1 + usize::from(length) * 6).min(message.len() - at);
    (at, length)
}

/// Whatever segments come first: with all bytes there, the names are those of the whole message.
fn order_and_overlaps_do_not_matter(choice: u8, orders: &[Order], message: &[u8]) {
    let hint = if choice & 0x80 == 0 {
        Hint::Any
    } else {
        Hint::Dns
    };
    let origin: u32 = if choice & 0x40 == 0 {
        1_000
    } else {
        // The numbers wrap around in the message.
        0u32.wrapping_sub(u32::try_from(message.len() / 2).unwrap())
    };
    let piece = usize::from(choice & 0x3f).max(message.len() / 500 + 1);
    let rest = (0..message.len()).step_by(piece);
    let rest = rest.map(|at| (at, piece.min(message.len() - at)));
    let segments = orders.iter().map(|order| cut(order, message)).chain(rest);

    let mut table = Table::new(Limits::default());
    let mut scratch = Scratch::default();
    let mut found = Collected::default();
    for (at, length) in segments {
        found.newest += 1;
        let seen = Seen {
            packet: found.newest,
            timestamp: Timestamp::from_parts(1, 0),
            flow: flow(0),
            path: &[],
        };
        let part = Part {
            origin,
            sequence: origin.wrapping_add(u32::try_from(at).unwrap()),
            ..Part::default()
        };
        let segment = Segment {
            part,
            hint,
            cut: false,
            payload: &message[at..at + length],
        };
        table.segment(&seen, &segment, &mut scratch, &mut found);
        assert_eq!(table.directions(), 1);
    }
    table.drain(&mut scratch, &mut found);
    assert_eq!((table.directions(), table.bytes()), (0, 0));
    let stats = table.stats();
    let harmless = StreamStats {
        assembled: stats.assembled,
        incomplete: stats.incomplete,
        beyond: stats.beyond,
        ..StreamStats::default()
    };
    assert_eq!(stats, harmless);
    // A message that announces more than may be held is not put together, and on port 53 the first
    // bytes decide.
    if stats.beyond == 0 && hint == Hint::Any {
        assert_eq!(found.names, whole(message));
    }
}

/// The names of a message that came at once.
pub fn whole(mut message: &[u8]) -> Names {
    let mut direction = Direction::new(Hint::Any);
    let mut scratch = Scratch::default();
    let mut names = Vec::new();
    while !message.is_empty() {
        let step = direction.read(message, true, &mut scratch, &mut |kind, name, note| {
            names.push((kind, name.to_vec(), note));
        });
        let Step::Took(n) = step else { break };
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        message = message.get(n..).unwrap_or_default();
    }
    names
}

pub const SMALL: Limits = Limits {
    directions: 4,
    per_direction: 600,
    total: 1_500,
    idle_secs: 9,
};

/// A direction that was just used never makes room, but then it is the only one.
pub fn check_bytes(table: &Table) {
    assert!(
        table.bytes() <= SMALL.total || table.directions() == 1,
        "{} bytes",
        table.bytes()
    );
}

/// Several connections that contradict themselves, end anywhere and fall silent: bounds hold.
fn attacked(orders: &[Order], message: &[u8]) -> (Names, StreamStats) {
    let mut table = Table::new(SMALL);
    let mut scratch = Scratch::default();
    let mut found = Collected::default();
    let mut now = 0;
    for order in orders {
        let [_, _, how, who] = *order;
        let (at, length) = cut(order, message);
        let mut payload = message[at..at + length].to_vec();
        if how & 1 != 0 {
            payload[length / 2] ^= 0x20;
        }
        found.newest += 1;
        now += i64::from(how >> 5);
        let seen = Seen {
            packet: found.newest,
            timestamp: Timestamp::from_parts(now, 0),
            flow: flow(who % 8),
            path: &[],
        };
        // One 5-tuple may be used for several connections.
        let origin = u32::from(who >> 3).wrapping_mul(0x1fff_ff00);
        let part = Part {
            origin,
            sequence: origin.wrapping_add(u32::try_from(at).unwrap()),
            last: how & 2 != 0,
            left: how & 0x12 == 0x12,
            begins: how & 8 != 0,
            looks: how & 9 != 0,
            start: match how & 0x60 {
                0x20 => Start::Opener,
                0x40 => Start::Acceptor,
                _ => Start::Unknown,
            },
            answers_hello: how & 0x80 != 0,
            alone: false,
        };
        let segment = Segment {
            part,
            hint: if how & 16 == 0 { Hint::Any } else { Hint::Dns },
            cut: how & 4 != 0,
            payload: &payload,
        };
        table.segment(&seen, &segment, &mut scratch, &mut found);
        assert!(table.directions() <= SMALL.directions);
        check_bytes(&table);
    }
    table.drain(&mut scratch, &mut found);
    assert_eq!((table.directions(), table.bytes()), (0, 0));
    (found.names, table.stats())
}

/// What is known from the first byte on that was not taken.
#[derive(Default)]
struct Model {
    bytes: VecDeque<Option<u8>>,
}

impl Model {
    fn head(&self) -> Vec<u8> {
        self.bytes.iter().map_while(|byte| *byte).collect()
    }

    /// Whether a byte differs from the one that was there.
    fn add(&mut self, at: usize, data: &[u8]) -> bool {
        let mut conflict = false;
        for (at, &byte) in (at..).zip(data) {
            if self.bytes.len() <= at {
                self.bytes.resize(at + 1, None);
            }
            conflict |= *self.bytes[at].get_or_insert(byte) != byte;
        }
        conflict
    }

    fn take(&mut self, count: usize) {
        self.bytes.drain(..count.min(self.bytes.len()));
    }
}

fn bytes_are_those_of_a_simple_table(choice: u8, orders: &[Order]) {
    let limit = 64 + 8 * usize::from(choice);
    let mut base = 0u32.wrapping_sub(300);
    let mut assembly = Assembly::default();
    assembly.restart(base);
    let mut model = Model::default();
    for &[high, low, how, length] in orders {
        let number = u16::from_be_bytes([high, low]);
        match how % 8 {
            6 => {
                let first = model.head().len();
                let behind = model.bytes.range(first..);
                let hole = behind.take_while(|byte| byte.is_none()).count();
                let is_there = first < model.bytes.len();
                assert_eq!(
                    (is_there, is_there),
                    (assembly.has_hole(), assembly.skip_hole())
                );
                if is_there {
                    model.take(first + hole);
                    base = base.wrapping_add(u32::try_from(first + hole).unwrap());
                }
            }
            7 => {
                let count = match how >> 6 {
                    0 => u64::from(number % 100),
                    1 => model.head().len() as u64,
                    2 => u64::from(number),
                    _ => u64::from(number) << 24,
                };
                assembly.take(count);
                let count = count.min(MAX_SKIP);
                model.take(usize::try_from(count).unwrap());
                base = base.wrapping_add(u32::try_from(count).unwrap());
            }
            _ => {
                // From a bit before what is wanted next to a bit beyond what is kept.
                let at = i64::from(number) % (limit as i64 + 80) - 40;
                let data: Vec<u8> = (0..length)
                    .map(|n| n.wrapping_add(low).wrapping_mul(how))
                    .collect();
                let sequence = base.wrapping_add_signed(i32::try_from(at).unwrap());
                let inserted = assembly.insert(sequence, &data, limit);

                let behind = usize::try_from(-at).unwrap_or(0);
                let data = data.get(behind..).unwrap_or_default();
                let at = usize::try_from(at).unwrap_or(0);
                let room = limit.saturating_sub(at);
                assert_eq!(inserted.beyond, data.len() > room);
                let before = model.head().len();
                if inserted.scattered {
                    assert!(at > before && orders.len() > MAX_PARTS);
                } else {
                    let conflict = model.add(at, &data[..data.len().min(room)]);
                    assert_eq!(inserted.conflict, conflict);
                    assert_eq!(inserted.grew, model.head().len() > before);
                }
            }
        }
        assert_eq!(assembly.data(), model.head());
        assert_eq!(assembly.has_hole(), model.head().len() < model.bytes.len());
        // Memory doubles when it grows, and the parts take some.
        assert!(assembly.held() <= 8 * limit + 2_048);
    }
}

//! Tells pcap variants apart that have the same magic number and other record headers.
//!
//! Alexey Kuznetzov's patches of 1999 put the interface and the protocol into every record, some
//! releases of Red Hat and SuSE shipped them, and some Nokia firewalls add four bytes of their
//! own. The first records tell, as in Wireshark: the right layout makes sense of each of them,
//! the others soon read payload as a header.

use super::decode::{ByteOrder, USUAL_MAX_CAPTURED};

/// What a record header holds after the standard 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordKind {
    /// Nothing.
    Plain,
    /// Interface index (4), protocol (2), packet type (1), padding (1).
    Patched,
    /// The same, two bytes about CPUs and three of padding.
    PatchedSmp,
    /// Four bytes that nobody has explained.
    Nokia,
}

impl RecordKind {
    pub(super) fn extra(self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Patched => 8,
            Self::PatchedSmp => 12,
            Self::Nokia => 4,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Patched => ", patched variant (24-byte records)",
            Self::PatchedSmp => ", patched variant (28-byte records)",
            Self::Nokia => ", Nokia variant",
        }
    }
}

/// For magic 0xa1b2c3d4: plain, unless that makes no sense and another layout makes perfect sense.
///
/// Wireshark takes the least bad layout. Here a damaged plain file must stay a plain file, so that
/// the damage is named where it is.
pub(super) fn standard(
    order: ByteOrder,
    snap_len: u32,
    records: &[u8],
    complete: bool,
) -> RecordKind {
    let trial = |kind| try_kind(order, snap_len, records, complete, kind);
    if trial(RecordKind::Plain).oddities == 0 {
        return RecordKind::Plain;
    }
    [RecordKind::Patched, RecordKind::Nokia]
        .into_iter()
        .find(|&kind| trial(kind).convinces())
        .unwrap_or(RecordKind::Plain)
}

/// For magic 0xa1b2cd34: 24-byte headers as libpcap reads them, unless only 28 bytes make sense.
pub(super) fn modified(
    order: ByteOrder,
    snap_len: u32,
    records: &[u8],
    complete: bool,
) -> RecordKind {
    let trial = |kind| try_kind(order, snap_len, records, complete, kind);
    if trial(RecordKind::Patched).oddities > 0 && trial(RecordKind::PatchedSmp).convinces() {
        RecordKind::PatchedSmp
    } else {
        RecordKind::Patched
    }
}

struct Trial {
    whole_records: u32,
    oddities: u32,
}

impl Trial {
    fn convinces(&self) -> bool {
        self.oddities == 0 && self.whole_records > 0
    }
}

/// Walks the first three records as if they were of `kind` and counts what looks odd.
fn try_kind(
    order: ByteOrder,
    snap_len: u32,
    mut records: &[u8],
    complete: bool,
    kind: RecordKind,
) -> Trial {
    let mut trial = Trial {
        whole_records: 0,
        oddities: 0,
    };
    for _ in 0..3 {
        if records.is_empty() {
            break;
        }
        let Some((captured, odd)) = odd_header(order, snap_len, records, kind) else {
            trial.oddities = trial.oddities.saturating_add(u32::from(complete));
            break;
        };
        trial.oddities = trial.oddities.saturating_add(odd);
        let record = kind
            .extra()
            .saturating_add(16)
            .saturating_add(captured as usize);
        match records.get(record..) {
            Some(rest) => records = rest,
            None => {
                trial.oddities = trial.oddities.saturating_add(u32::from(complete));
                break;
            }
        }
        trial.whole_records = trial.whole_records.saturating_add(1);
    }
    trial
}

/// The captured length and the number of oddities of one header, if it is whole.
fn odd_header(
    order: ByteOrder,
    snap_len: u32,
    record: &[u8],
    kind: RecordKind,
) -> Option<(u32, u32)> {
    let fraction = order.u32_at(record, 4)?;
    let captured = order.u32_at(record, 8)?;
    let original = order.u32_at(record, 12)?;
    let extra_odd = match kind {
        RecordKind::Plain => 0,
        RecordKind::Patched | RecordKind::PatchedSmp => {
            let interface = order.u32_at(record, 16)?;
            let protocol = order.u16_at(record, 20)?;
            let packet_type = *record.get(22)?;
            record.get(kind.extra().saturating_add(15))?;
            // Ethertypes, and the numbers that Linux uses for what has none.
            let known_protocol =
                protocol >= 0x600 || protocol <= 0x17 || matches!(protocol, 0x60 | 0x200 | 0x400);
            u32::from(interface > 10_000)
                .saturating_add(u32::from(!known_protocol))
                .saturating_add(u32::from(packet_type > 4))
        }
        RecordKind::Nokia => {
            let word = order.u32_at(record, 16)?;
            let known = word & 0x0fff_00f0 == 0x0fbf_0000
                && matches!(word >> 28, 0x9 | 0xb)
                && matches!(word >> 12 & 0xf, 0xb | 0xd)
                && matches!(word >> 8 & 0xf, 0x6 | 0x9)
                && matches!(word & 0xf, 1 | 2);
            u32::from(!known)
        }
    };
    let odd = [
        fraction >= 1_000_000,
        captured > USUAL_MAX_CAPTURED,
        snap_len != 0 && captured > snap_len,
        original > 128 * 1024 * 1024,
        captured > original,
    ];
    let odd = odd.iter().fold(extra_odd, |sum, &is_odd| {
        sum.saturating_add(u32::from(is_odd))
    });
    Some((captured, odd))
}

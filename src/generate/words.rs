//! Made-up names.
//!
//! Innocent traffic uses names whose registrable label begins with [`INNOCENT`]; generated lists have
//! no such label, since their syllables lack its letters. The mark stands at the front, so that a
//! matcher, which reads from the back, has as much work with them as with any name.

use super::rng::Rng;

/// What the registrable label of every innocent name begins with.
pub(super) const INNOCENT: &str = "xq";

/// Longer names are not planted: they have to fit the templates.
pub(super) const MAX_PLANTED: usize = 64;

/// What innocent names end with: one label each, so that no indicator of two labels is one of them.
const ENDINGS: [&[u8]; 16] = [
    b".com", b".com", b".com", b".com", b".com", b".net", b".net", b".org", b".org", b".io",
    b".info", b".de", b".fr", b".co", b".online", b".app",
];

const HOSTS: [&[u8]; 32] = [
    b"www.",
    b"www.",
    b"www.",
    b"www.",
    b"api.",
    b"api.",
    b"cdn.",
    b"cdn2.",
    b"static.",
    b"img.",
    b"m.",
    b"mail.",
    b"login.",
    b"edge-3.",
    b"push.",
    b"media.",
    b"assets.",
    b"graph.",
    b"events.",
    b"ads.",
    b"e7.video.",
    b"a.metrics.",
    b"eu-west.api.",
    b"sync.",
    b"",
    b"",
    b"",
    b"",
    b"",
    b"",
    b"",
    b"",
];

/// Hosts below an indicator, as attack links and beacons had them.
const BELOW: [&[u8]; 12] = [
    b"www.",
    b"mail.",
    b"api.",
    b"cdn.",
    b"img.",
    b"m.",
    b"login.",
    b"static.",
    b"get1tn0w.",
    b"start.",
    b"click.",
    b"news.",
];

/// 64 syllables of two letters: five of them stand for 30 bits, and can be told apart again.
const SYLLABLES: [[u8; 2]; 64] = {
    let consonants = *b"bcdfghjklmnprstv";
    let vowels = *b"aeio";
    let mut all = [[0; 2]; 64];
    let mut at = 0;
    while at < 64 {
        all[at] = [consonants[at / 4], vowels[at % 4]];
        at += 1;
    }
    all
};

/// A text and its length, in a form that is copied without a loop.
type Padded = ([u8; 16], usize);

const fn padded<const N: usize>(texts: [&[u8]; N]) -> [Padded; N] {
    let mut out = [([0; 16], 0); N];
    let mut n = 0;
    while n < N {
        let mut at = 0;
        while at < texts[n].len() {
            out[n].0[at] = texts[n][at];
            at += 1;
        }
        out[n].1 = at;
        n += 1;
    }
    out
}

static PADDED_HOSTS: [Padded; 32] = padded(HOSTS);
static PADDED_ENDINGS: [Padded; 16] = padded(ENDINGS);

/// A name in a buffer of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Host {
    bytes: [u8; MAX_PLANTED + 32],
    len: usize,
}

impl Host {
    pub(super) const EMPTY: Self = Self {
        bytes: [0; MAX_PLANTED + 32],
        len: 0,
    };

    #[inline]
    pub(super) fn push(&mut self, text: &[u8]) {
        self.bytes[self.len..self.len + text.len()].copy_from_slice(text);
        self.len += text.len();
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The names made here leave room behind them for the padding.
    #[inline]
    fn push_padded(&mut self, (text, length): &Padded) {
        self.bytes[self.len..self.len + 16].copy_from_slice(text);
        self.len += length;
    }

    /// At most five.
    #[inline]
    fn syllables(&mut self, bits: u64, count: usize) {
        let mut text = [0; 16];
        for (n, pair) in text.as_chunks_mut::<2>().0.iter_mut().take(5).enumerate() {
            *pair = SYLLABLES[(bits >> (6 * n) & 63) as usize];
        }
        self.push_padded(&(text, 2 * count));
    }

    /// A name that no list has, from any random word.
    #[inline]
    pub(super) fn innocent(bits: u64) -> Self {
        let mut name = Self::EMPTY;
        name.push_padded(&PADDED_HOSTS[(bits & 31) as usize]);
        name.push(INNOCENT.as_bytes());
        name.syllables(
            bits >> 16,
            3 + (bits >> 5 & 1) as usize + (bits >> 6 & 1) as usize,
        );
        name.push_padded(&PADDED_ENDINGS[(bits >> 8 & 15) as usize]);
        name
    }

    /// Labels to put in front of an indicator: at most 14 bytes.
    pub(super) fn below(rng: &mut Rng) -> Self {
        let mut labels = Self::EMPTY;
        if rng.once_in(3) {
            labels.syllables(rng.word(), 2);
            labels.push(b".");
        }
        labels.push(rng.pick::<&[u8]>(&BELOW));
        labels
    }
}

/// What the names of lists end with. As in [`ENDINGS`], but in other proportions: throw-away names are cheap.
const LISTED_ENDINGS: [&[u8]; 16] = [
    b".com", b".com", b".com", b".com", b".com", b".com", b".net", b".net", b".org", b".info",
    b".info", b".co", b".online", b".xyz", b".site", b".me",
];

/// What lures are made of. Never empty, so that a name is never just a word that someone may have.
const LURES: [&[u8]; 24] = [
    b"-news",
    b"-update",
    b"-login",
    b"-web",
    b"-mail",
    b"-online",
    b"-cdn",
    b"-link",
    b"-app",
    b"-info",
    b"-24",
    b"-hd",
    b"-pay",
    b"-id",
    b"-shop",
    b"-sms",
    b"-api",
    b"-box",
    b"-tv",
    b"-go",
    b"-4u",
    b"-bank",
    b"-media",
    b"-support",
];

/// Name number `number` of a list, below 2^30: no two numbers of a seed give the same.
pub(super) fn listed(seed: u64, number: u32) -> Host {
    let mut rng = Rng::new(super::rng::mix(seed, u64::from(number)));
    // One to one on 30 bits: a product with an odd number, and an exclusive or.
    let scrambled = (number ^ seed as u32).wrapping_mul(0x2545_f491) & 0x3fff_ffff;
    let scrambled = u64::from(scrambled ^ scrambled >> 15);
    let mut name = Host::EMPTY;
    if rng.once_in(20) {
        name.push(rng.pick::<&[u8]>(&BELOW));
    }
    let first = 2 + (rng.word() & 1) as usize;
    name.syllables(scrambled, first);
    if rng.once_in(3) {
        name.push(b"-");
    }
    name.syllables(scrambled >> (6 * first), 5 - first);
    name.push(rng.pick::<&[u8]>(&LURES));
    if rng.once_in(2) {
        let number = rng.below(100) as u8;
        name.push(&[b'0' + number / 10, b'0' + number % 10]);
    }
    name.push(rng.pick::<&[u8]>(&LISTED_ENDINGS));
    name
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_of_a_list_are_different_and_of_the_length_of_real_ones() {
        let mut seen = HashSet::new();
        let mut length = 0;
        for number in (0..100_000).chain((1 << 30) - 100_000..1 << 30) {
            let name = listed(3, number);
            length += name.as_bytes().len();
            assert!(seen.insert(name.as_bytes().to_vec()));
        }
        let average = length as f64 / 200_000.0;
        assert!((20.2..20.8).contains(&average), "{average}");
    }

    #[test]
    fn no_innocent_name_is_listed_or_below_a_listed_one() {
        assert!(INNOCENT.bytes().all(|b| !SYLLABLES.concat().contains(&b)));
        let mut rng = Rng::new(1);
        for number in 0..10_000 {
            let innocent = Host::innocent(rng.word());
            let text = std::str::from_utf8(innocent.as_bytes()).unwrap();
            let registrable = text.split('.').rev().nth(1).unwrap();
            assert!(registrable.starts_with(INNOCENT), "{text}");
            let listed = listed(9, number);
            let text = std::str::from_utf8(listed.as_bytes()).unwrap();
            assert!(
                !text.split('.').any(|label| label.starts_with(INNOCENT)),
                "{text}"
            );
        }
    }

    #[test]
    fn innocent_names_have_the_length_of_real_ones() {
        let mut rng = Rng::new(1);
        let total: usize = (0..10_000)
            .map(|_| Host::innocent(rng.word()).as_bytes().len())
            .sum();
        assert!((180_000..230_000).contains(&total), "{total}");
    }
}

//! The presentation form of a name: lower case, no final dot, unusual bytes escaped (RFC 4343).
//!
//! Bytes that do not print become `\DDD` (three decimal digits); a dot inside a DNS label becomes
//! `\.` and a backslash `\\` (RFC 4343 section 2.1), so that a label boundary is always a plain dot.

use crate::words::{HIGH, equal};

/// The longest name on the wire, in octets, length octets and root included (RFC 1035 section 3.1).
pub const MAX_WIRE: usize = 255;

/// Room for a name of [`MAX_WIRE`] octets in which every one of them is escaped.
pub const MAX_TEXT: usize = MAX_WIRE * 4;

/// A name does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

/// A reused buffer for one name in presentation form.
#[derive(Debug, Clone)]
pub struct NameText {
    bytes: [u8; MAX_TEXT],
    len: usize,
}

impl Default for NameText {
    fn default() -> Self {
        Self {
            bytes: [0; MAX_TEXT],
            len: 0,
        }
    }
}

/// What a byte becomes: itself or its lower-case form, or 0 where it has to be escaped.
const PLAIN: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut byte = 0x21u8;
    while byte < 0x7f {
        #[allow(clippy::indexing_slicing)] // a u8 indexes 256 entries; `get_mut` is not const
        {
            table[byte as usize] = match byte {
                b'.' | b'\\' => 0,
                _ => byte.to_ascii_lowercase(),
            };
        }
        byte = byte.wrapping_add(1);
    }
    table
};

fn plain(byte: u8) -> u8 {
    PLAIN.get(usize::from(byte)).copied().unwrap_or(0)
}

const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// For each of eight bytes below 128 the highest bit where it is `least` or more.
#[inline]
const fn at_least(bytes: u64, least: u8) -> u64 {
    bytes.wrapping_add(each(0x80_u8.wrapping_sub(least)))
}

/// Of each of eight bytes, the highest bit where [`PLAIN`] has something for it; and that.
#[inline]
fn lower_plain(bytes: u64) -> (u64, u64) {
    let low = bytes & !HIGH;
    let is_not = |byte| at_least(low ^ each(byte), 1);
    let plain = !bytes & at_least(low, 0x21) & !at_least(low, 0x7f) & is_not(b'.') & is_not(b'\\');
    let upper = !bytes & at_least(low, b'A') & !at_least(low, b'Z'.wrapping_add(1)) & HIGH;
    (plain, bytes | upper >> 2)
}

/// Characters that do not show, or turn around what does: on a terminal they could make one name look
/// like another.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl NameText {
    /// Empties the buffer.
    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// The name so far, without a final dot.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// True where nothing was pushed: the root name.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        let end = self.len.saturating_add(bytes.len());
        self.bytes
            .get_mut(self.len..end)
            .ok_or(TooLong)?
            .copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    /// Adds one DNS label, with a dot before it unless it is the first.
    ///
    /// # Errors
    /// [`TooLong`] where the text would exceed [`MAX_TEXT`].
    #[inline]
    pub fn push_label(&mut self, label: &[u8]) -> Result<(), TooLong> {
        if self.len != 0 {
            self.put(b".")?;
        }
        let end = self.len.saturating_add(label.len());
        let Some(target) = self.bytes.get_mut(self.len..end) else {
            return Err(TooLong);
        };
        let mut unusual = false;
        for (to, from) in target.iter_mut().zip(label) {
            *to = plain(*from);
            unusual |= *to == 0;
        }
        if unusual {
            return label.iter().try_for_each(|&byte| self.put_escaped(byte));
        }
        self.len = end;
        Ok(())
    }

    /// Replaces the content with the name at the start of `wire`, if it is of the usual kind: whole, not
    /// compressed, and of plain characters alone. Gives its length on the wire in octets. Where it
    /// gives `None` the content is unknown.
    ///
    /// Nearly all names are of that kind, and this is what reading DNS costs most: so the name is copied
    /// at once, and eight bytes are judged together.
    #[inline]
    pub fn set_wire(&mut self, wire: &[u8]) -> Option<usize> {
        let mut root = 0usize;
        loop {
            match *wire.get(root)? {
                0 => break,
                length @ 1..=63 if root < MAX_WIRE => {
                    root = root.wrapping_add(usize::from(length)).wrapping_add(1);
                }
                _ => return None,
            }
        }
        let length = root.wrapping_add(1);
        if root == 0 || length > MAX_WIRE {
            return None;
        }
        // The length of a label stands where the dot in front of it will: that of the first is left out.
        let labels = wire.get(1..root)?;
        let end = labels.len();
        self.bytes.get_mut(..end)?.copy_from_slice(labels);
        self.bytes.get_mut(end..end.wrapping_add(8))?.fill(b'-');
        self.mark_boundaries(wire, root, b'-');
        let mut unusual = 0;
        for eight in self
            .bytes
            .get_mut(..end.next_multiple_of(8))?
            .as_chunks_mut()
            .0
        {
            let (plain, lower) = lower_plain(u64::from_ne_bytes(*eight));
            unusual |= !plain & HIGH;
            *eight = lower.to_ne_bytes();
        }
        if unusual != 0 {
            return None;
        }
        self.mark_boundaries(wire, root, b'.');
        self.len = end;
        Some(length)
    }

    /// Writes `mark` between the labels of the name in `wire` whose root is at `root`.
    #[inline]
    fn mark_boundaries(&mut self, wire: &[u8], root: usize, mark: u8) {
        let mut at = 0usize;
        while let Some(&length) = wire.get(at) {
            at = at.wrapping_add(usize::from(length)).wrapping_add(1);
            if at >= root {
                break;
            }
            if let Some(byte) = self.bytes.get_mut(at.wrapping_sub(1)) {
                *byte = mark;
            }
        }
    }

    /// Adds one label of multicast DNS, where names are text (RFC 6762 section 16): people give their
    /// devices names with spaces and accents. What is no such text is added as [`Self::push_label`]
    /// does.
    ///
    /// # Errors
    /// [`TooLong`] where the text would exceed [`MAX_TEXT`].
    pub fn push_text_label(&mut self, label: &[u8]) -> Result<(), TooLong> {
        let text = str::from_utf8(label).ok();
        let Some(text) = text.filter(|text| !text.chars().any(is_unseen)) else {
            return self.push_label(label);
        };
        if self.len != 0 {
            self.put(b".")?;
        }
        text.bytes().try_for_each(|byte| match byte {
            b'.' | b'\\' => self.put(&[b'\\', byte]),
            _ => self.put(&[byte.to_ascii_lowercase()]),
        })
    }

    /// Replaces the content with a host name given as text (TLS, HTTP): dots separate labels, final
    /// dots are dropped.
    ///
    /// # Errors
    /// [`TooLong`] where it is longer than any name can be; the buffer is then empty.
    pub fn set_host(&mut self, host: &[u8]) -> Result<(), TooLong> {
        self.clear();
        let end = host
            .iter()
            .rposition(|&byte| byte != b'.')
            .map_or(0, |last| last.saturating_add(1));
        let host = host.get(..end).unwrap_or_default();
        if host.len() > MAX_WIRE {
            return Err(TooLong);
        }
        if self.set_plain(host) {
            return Ok(());
        }
        for &byte in host {
            let done = if byte == b'.' {
                self.put(b".")
            } else {
                self.put_escaped(byte)
            };
            if done.is_err() {
                self.clear();
                return done;
            }
        }
        Ok(())
    }

    /// Replaces the content with a host name of at most [`MAX_WIRE`] octets, if none of them has to be escaped; else
    /// the content is empty. As [`Self::set_wire`], eight bytes at a time.
    #[inline]
    fn set_plain(&mut self, host: &[u8]) -> bool {
        self.len = 0;
        let end = host.len();
        let Some(room) = self.bytes.get_mut(..end.next_multiple_of(8)) else {
            return false;
        };
        let Some((text, beyond)) = room.split_at_mut_checked(end) else {
            return false;
        };
        text.copy_from_slice(host);
        beyond.fill(b'-');
        let mut unusual = 0;
        for eight in room.as_chunks_mut().0 {
            let word = u64::from_ne_bytes(*eight);
            let (plain, lower) = lower_plain(word);
            unusual |= !plain & !equal(word, b'.') & HIGH;
            *eight = lower.to_ne_bytes();
        }
        if unusual == 0 {
            self.len = end;
        }
        unusual == 0
    }

    fn put_escaped(&mut self, byte: u8) -> Result<(), TooLong> {
        match (plain(byte), byte) {
            (0, b'.' | b'\\') => self.put(&[b'\\', byte]),
            (0, _) => {
                let digit = |n: u8| b'0'.wrapping_add(n % 10);
                self.put(&[b'\\', digit(byte / 100), digit(byte / 10), digit(byte)])
            }
            (plain, _) => self.put(&[plain]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(labels: &[&[u8]]) -> String {
        let mut text = NameText::default();
        for label in labels {
            text.push_label(label).unwrap();
        }
        String::from_utf8(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn every_byte_is_judged_as_the_table_does() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut eight = [b'x'; 8];
                eight[place] = byte;
                let (plain, lower) = lower_plain(u64::from_ne_bytes(eight));
                let unusual = !plain & HIGH != 0;
                assert_eq!(unusual, PLAIN[usize::from(byte)] == 0, "{byte}");
                if !unusual {
                    eight[place] = PLAIN[usize::from(byte)];
                    assert_eq!(lower.to_ne_bytes(), eight);
                }
            }
        }
    }

    proptest::proptest! {
        /// A name that is taken at once is the same as label by label, and no usual name is refused.
        #[test]
        fn a_name_at_once(
            labels in proptest::collection::vec(
                proptest::prop_oneof![
                    proptest::string::bytes_regex("[!-~]{1,63}").unwrap(),
                    proptest::string::bytes_regex("[A-Za-z0-9-]{1,12}").unwrap(),
                    proptest::collection::vec(0..=u8::MAX, 1..63),
                ],
                0..9,
            ),
            rest in proptest::collection::vec(0..=u8::MAX, 0..9),
        ) {
            let mut wire = Vec::new();
            let mut slow = NameText::default();
            for label in &labels {
                wire.push(u8::try_from(label.len()).unwrap());
                wire.extend_from_slice(label);
                let _ = slow.push_label(label);
            }
            wire.push(0);
            let length = wire.len();
            wire.extend_from_slice(&rest);
            let mut fast = NameText::default();
            fast.set_host(b"before").unwrap();
            let taken = fast.set_wire(&wire);
            let is_plain = labels.iter().flatten().all(|&byte| plain(byte) != 0);
            let usual = !labels.is_empty() && length <= MAX_WIRE && is_plain;
            proptest::prop_assert_eq!(taken, usual.then_some(length));
            if usual {
                proptest::prop_assert_eq!(fast.as_bytes(), slow.as_bytes());
            }
            // What is cut is not taken.
            proptest::prop_assert_eq!(fast.set_wire(&wire[..length.saturating_sub(1)]), None);
        }
    }

    proptest::proptest! {
        /// A host that is taken at once is the same as byte by byte, and no usual host is refused.
        #[test]
        fn a_host_at_once(host in proptest::prop_oneof![
            proptest::string::bytes_regex("[!-~]{0,70}").unwrap(),
            proptest::string::bytes_regex("[A-Za-z0-9.-]{0,255}").unwrap(),
            proptest::collection::vec(0..=u8::MAX, 0..20),
        ]) {
            let mut slow = NameText::default();
            for &byte in &host {
                if byte == b'.' { slow.put(b".").unwrap() } else { slow.put_escaped(byte).unwrap() }
            }
            let mut fast = NameText::default();
            fast.set_host(b"what.was.before").unwrap();
            let taken = fast.set_plain(&host);
            let usual = host.iter().all(|&byte| byte == b'.' || plain(byte) != 0);
            proptest::prop_assert_eq!(taken, usual);
            proptest::prop_assert_eq!(fast.as_bytes(), if usual { slow.as_bytes() } else { b"" });
        }
    }

    #[test]
    fn labels_of_multicast_dns_are_text() {
        let mut text = NameText::default();
        for label in ["Jo\u{eb}l's Phone v1.2", "_tcp", "LOCAL"] {
            text.push_text_label(label.as_bytes()).unwrap();
        }
        let wanted = "jo\u{eb}l's phone v1\\.2._tcp.local";
        assert_eq!(text.as_bytes(), wanted.as_bytes());
        text.clear();
        text.push_text_label(b"\xff\n").unwrap();
        assert_eq!(text.as_bytes(), b"\\255\\010");
        text.clear();
        text.push_text_label("a\u{202e}b".as_bytes()).unwrap();
        assert_eq!(text.as_bytes(), b"a\\226\\128\\174b");
    }

    #[test]
    fn labels_are_joined_lowered_and_escaped() {
        assert_eq!(labels(&[b"WwW", b"eViL", b"com"]), "www.evil.com");
        assert_eq!(
            labels(&[b"a.b", b"c\\d", b"e f\x00\xff"]),
            "a\\.b.c\\\\d.e\\032f\\000\\255"
        );
        assert_eq!(
            labels(&[b"_dns-sd", b"_udp", b"local"]),
            "_dns-sd._udp.local"
        );
        assert_eq!(labels(&[]), "");
    }

    #[test]
    fn a_host_loses_its_final_dots() {
        let mut text = NameText::default();
        text.set_host(b"Evil.COM.").unwrap();
        assert_eq!(text.as_bytes(), b"evil.com");
        text.set_host(b"evil.com..").unwrap();
        assert_eq!(text.as_bytes(), b"evil.com");
        text.set_host(b"..").unwrap();
        assert!(text.is_empty());
        text.set_host(b"evil.com\r\n").unwrap();
        assert_eq!(text.as_bytes(), b"evil.com\\013\\010");
    }

    #[test]
    fn too_long_is_said_and_leaves_nothing() {
        let mut text = NameText::default();
        assert_eq!(text.set_host(&[b'a'; 300]), Err(TooLong));
        assert!(text.is_empty());
        assert_eq!(text.set_host(&[0xff; MAX_WIRE]), Ok(()));
        assert_eq!(text.as_bytes().len(), MAX_TEXT);
        text.clear();
        for _ in 0..4 {
            text.push_label(&[0; 62]).unwrap();
        }
        assert_eq!(text.push_label(&[0; 62]), Err(TooLong));
    }
}

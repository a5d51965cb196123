//! Initial keys and the opening of Initial packets (RFC 9001 sections 5.2 to 5.4).
//!
//! The keys are no secret: they are made of the client's first destination connection ID.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf;

use super::header::Packet;
use super::version::Profile;

/// The client's keys of one connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Keys {
    pub(super) key: [u8; 16],
    pub(super) iv: [u8; 12],
    pub(super) hp: [u8; 16],
}

/// How many bytes to derive.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label of RFC 8446 section 7.1, with an empty context.
fn expand_label(secret: &hkdf::Prk, label: &[u8], out: &mut [u8]) -> Option<()> {
    let length = u16::try_from(out.len()).ok()?.to_be_bytes();
    let label_length = [u8::try_from(label.len()).ok()?.checked_add(6)?];
    let info = [&length[..], &label_length, b"tls13 ", label, &[0]];
    let okm = secret.expand(&info, Length(out.len())).ok()?;
    okm.fill(out).ok()
}

impl Keys {
    /// The keys with which a client protects Initial packets. `None` never happens.
    pub(super) fn client(profile: &Profile, connection_id: &[u8]) -> Option<Self> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, &profile.salt);
        let mut secret = [0; 32];
        expand_label(&salt.extract(connection_id), b"client in", &mut secret)?;
        let secret = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &secret);
        let mut keys = Self::default();
        expand_label(&secret, profile.labels.key, &mut keys.key)?;
        expand_label(&secret, profile.labels.iv, &mut keys.iv)?;
        expand_label(&secret, profile.labels.hp, &mut keys.hp)?;
        Some(keys)
    }

    /// Removes header protection and opens the packet in `scratch`. Gives the packet number and the
    /// frames, or `None` where these are not the packet's keys or it was changed.
    ///
    /// `largest` is the largest packet number that these keys have opened.
    pub(super) fn open<'s>(
        &self,
        packet: &Packet<'_>,
        largest: Option<u64>,
        scratch: &'s mut Vec<u8>,
    ) -> Option<(u64, &'s [u8])> {
        // The sample stands where it would if the packet number had four bytes.
        let sample_at = packet.number_at.checked_add(4)?;
        let sample = packet.bytes.get(sample_at..)?.get(..16)?;
        let hp = quic::HeaderProtectionKey::new(&quic::AES_128, &self.hp).ok()?;
        let [first_mask, masks @ ..] = hp.new_mask(sample).ok()?;

        scratch.clear();
        scratch.extend_from_slice(packet.bytes);
        let first = scratch.first_mut()?;
        *first ^= first_mask & 0x0f;
        let number_length = usize::from(*first & 0x03).checked_add(1)?;
        let body_at = packet.number_at.checked_add(number_length)?;
        let number_bytes = scratch.get_mut(packet.number_at..body_at)?;
        let mut truncated = 0u64;
        for (byte, mask) in number_bytes.iter_mut().zip(masks) {
            *byte ^= mask;
            truncated = truncated << 8 | u64::from(*byte);
        }
        let number = whole_number(truncated, number_length, largest);

        let mut nonce = self.iv;
        let low = nonce.last_chunk_mut::<8>()?;
        *low = (u64::from_be_bytes(*low) ^ number).to_be_bytes();
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &self.key).ok()?);
        let (header, body) = scratch.split_at_mut_checked(body_at)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let frames = key.open_in_place(nonce, Aad::from(&*header), body).ok()?;
        Some((number, frames))
    }
}

/// The packet number next to the expected one that ends in the bytes that were sent (RFC 9000
/// appendix A.3).
pub(super) fn whole_number(truncated: u64, length: usize, largest: Option<u64>) -> u64 {
    let Some(largest) = largest else {
        return truncated;
    };
    let window = match length {
        1 => 1u64 << 8,
        2 => 1 << 16,
        3 => 1 << 24,
        _ => 1 << 32,
    };
    let expected = largest.saturating_add(1);
    let half = window >> 1;
    let candidate = expected & !window.wrapping_sub(1) | truncated;
    if candidate.saturating_add(half) <= expected && candidate < (1u64 << 62).saturating_sub(window)
    {
        candidate.saturating_add(window)
    } else if candidate > expected.saturating_add(half) && candidate >= window {
        candidate.saturating_sub(window)
    } else {
        candidate
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;

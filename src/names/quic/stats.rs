//! What the QUIC reader counted.

macro_rules! stats {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// Counts of one [`super::Quic`]; they add up over instances.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct QuicStats {
            $($(#[$doc])* pub $field: u64,)*
        }

        impl QuicStats {
            /// Adds the counts of another instance.
            pub fn add(&mut self, other: &Self) {
                $(self.$field = self.$field.saturating_add(other.$field);)*
            }
        }
    };
}

stats! {
    /// Initial packets that were decrypted.
    initials,
    /// Initial packets that no key opened: a server's without its client's, damaged ones, or none.
    failed,
    /// Initial packets that are longer than their datagram (snap length): unreadable.
    cut,
    /// Initial packets of a server whose client is known; not decrypted.
    from_server,
    /// Initial packets of a connection whose hello has been read; not decrypted.
    repeated,
    /// Initial packets left unread because their flow had used up its attempts and those that all
    /// flows share, or had sent too many without anything new of a hello.
    over_limit,
    /// Keys that were tried and did not open their packet: what `failed` and other packets cost.
    in_vain,
    /// Decrypted packets with a frame that may not stand there or is not whole.
    odd_frames,
    /// Google QUIC packets in the clear without a CHLO.
    without_chlo,
    /// Version negotiation packets.
    negotiations,
    /// Packets of versions whose keys are not known.
    unknown_versions,
    /// Hellos with a server name.
    named,
    /// Hellos that were read to their end and have none.
    nameless,
    /// Messages in place of a hello that are none, or contradict themselves.
    malformed,
    /// Whole hellos without a fingerprint though one was wanted: malformed, or with more values than are sorted.
    without_fingerprint,
    /// Hellos dropped before their end, whose name was not certain.
    incomplete,
    /// Hellos dropped before their end, whose name was certain and given.
    incomplete_named,
    /// Flows with an unfinished hello that were dropped to make place.
    evicted,
    /// Frames or parts of frames beyond the bounds of a hello's length or pieces, or of all memory.
    frames_refused,
    /// Datagrams with more coalesced packets than are looked at.
    coalesced_refused,
}

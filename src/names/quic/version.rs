//! What differs between the versions of QUIC: salts, labels, header forms.
//!
//! The salts are public constants: RFC 9001 section 5.2, RFC 9369 section 3.3.1, section 5.2 of the
//! drafts of QUIC-TLS, and for Google's and Facebook's versions their open source code.

/// How the frames inside an Initial packet are written, and what hello they carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// RFC 9000 frames with a TLS ClientHello.
    Ietf,
    /// Google's frames with a CHLO message.
    GoogleChlo,
    /// Google's frames with a TLS ClientHello.
    GoogleTls,
}

/// HKDF labels (without `tls13 `).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Labels {
    pub(super) key: &'static [u8],
    pub(super) iv: &'static [u8],
    pub(super) hp: &'static [u8],
}

const LABELS_1: Labels = Labels {
    key: b"quic key",
    iv: b"quic iv",
    hp: b"quic hp",
};
const LABELS_2: Labels = Labels {
    key: b"quicv2 key",
    iv: b"quicv2 iv",
    hp: b"quicv2 hp",
};

/// How to read the Initial packets of one version.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) salt: [u8; 20],
    pub(super) labels: Labels,
    /// The type bits (0x30 of the first byte) of an Initial packet.
    pub(super) initial: u8,
    /// The type bits of a Retry packet, which has no length.
    pub(super) retry: u8,
    /// Both lengths of connection IDs share one byte: drafts up to 21.
    pub(super) short_lengths: bool,
    pub(super) dialect: Dialect,
}

const fn profile(salt: [u8; 20]) -> Profile {
    Profile {
        salt,
        labels: LABELS_1,
        initial: 0x00,
        retry: 0x30,
        short_lengths: false,
        dialect: Dialect::Ietf,
    }
}

const fn version_2(salt: [u8; 20]) -> Profile {
    Profile {
        labels: LABELS_2,
        initial: 0x10,
        retry: 0x00,
        ..profile(salt)
    }
}

const SALT_17: [u8; 20] = [
    0xef, 0x4f, 0xb0, 0xab, 0xb4, 0x74, 0x70, 0xc4, 0x1b, 0xef, 0xcf, 0x80, 0x31, 0x33, 0x4f, 0xae,
    0x48, 0x5e, 0x09, 0xa0,
];
const SALT_21: [u8; 20] = [
    0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd,
    0x7a, 0x02, 0x64, 0x4a,
];
const SALT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65,
    0xbe, 0xf9, 0xf5, 0x02,
];
const SALT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0,
    0x43, 0x90, 0xa8, 0x99,
];
const SALT_V1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad,
    0xcc, 0xbb, 0x7f, 0x0a,
];
const SALT_V2_DRAFT: [u8; 20] = [
    0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a, 0x1d, 0x62, 0xca, 0x57, 0x04, 0x06, 0xea,
    0x7a, 0xe3, 0xe5, 0xd3,
];
const SALT_V2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb,
    0xf9, 0xbd, 0x2e, 0xd9,
];
const SALT_Q050: [u8; 20] = [
    0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94, 0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0,
    0xd3, 0xb5, 0x6b, 0x45,
];
const SALT_T050: [u8; 20] = [
    0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80, 0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c,
    0x60, 0x48, 0x83, 0x10,
];
const SALT_T051: [u8; 20] = [
    0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc,
    0xda, 0x6e, 0x03, 0x3d,
];

static DRAFT_18: Profile = Profile {
    short_lengths: true,
    ..profile(SALT_17)
};
static DRAFT_21: Profile = Profile {
    short_lengths: true,
    ..profile(SALT_21)
};
static DRAFT_22: Profile = profile(SALT_21);
static DRAFT_23: Profile = profile(SALT_23);
static DRAFT_29: Profile = profile(SALT_29);
static V1: Profile = profile(SALT_V1);
static V2_DRAFT: Profile = version_2(SALT_V2_DRAFT);
static V2: Profile = version_2(SALT_V2);
static Q050: Profile = Profile {
    dialect: Dialect::GoogleChlo,
    ..profile(SALT_Q050)
};
static T050: Profile = Profile {
    dialect: Dialect::GoogleTls,
    ..profile(SALT_T050)
};
static T051: Profile = Profile {
    dialect: Dialect::GoogleTls,
    ..profile(SALT_T051)
};

impl Profile {
    /// `None` where the version's keys are not known.
    pub(super) fn of(version: u32) -> Option<&'static Self> {
        Some(match version {
            // Facebook's alias of version 1 is 0xfaceb003.
            0x0000_0001 | 0xfaceb003 | 0xff00_0021 | 0xff00_0022 => &V1,
            0x6b33_43cf => &V2,
            0x709a_50c4 => &V2_DRAFT,
            0xff00_0012..=0xff00_0014 => &DRAFT_18,
            0xff00_0015 => &DRAFT_21,
            0xff00_0016 | 0xfaceb001 => &DRAFT_22,
            // mvfst falls back to the salt of draft 23 for all its other numbers.
            0xff00_0017..=0xff00_001c | 0xfaceb000..=0xfaceb0ff => &DRAFT_23,
            0xff00_001d..=0xff00_0020 => &DRAFT_29,
            0x5130_3530 => &Q050,
            0x5430_3530 => &T050,
            0x5430_3531 => &T051,
            _ => return None,
        })
    }
}

/// Whether the number belongs to a range that only QUIC uses: reserved (0x?a?a?a?a), drafts,
/// Facebook's and Google's.
pub(super) fn is_registered(version: u32) -> bool {
    version & 0x0f0f_0f0f == 0x0a0a_0a0a
        || matches!(version >> 16, 0xff00 | 0xff02 | 0xface | 0x5130 | 0x5430)
        || (2..=0xffff).contains(&version)
}

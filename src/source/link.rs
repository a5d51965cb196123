//! Link-layer header types.

use std::fmt;

/// A LINKTYPE_ number, as capture files carry it (<https://www.tcpdump.org/linktypes.html>).
///
/// This is the file's number, not the DLT_ number of some operating system's libpcap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

macro_rules! link_types {
    ($($number:literal $name:ident,)*) => {
        impl LinkType {
            $(
                #[doc = concat!("LINKTYPE_", stringify!($name), " (", $number, ").")]
                pub const $name: LinkType = LinkType($number);
            )*

            /// The name without `LINKTYPE_`, or `None` for a number that has none here.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    // DLT_RAW of Linux/FreeBSD and of OpenBSD, which sloppy writers put into files.
                    12 | 14 => Some("RAW"),
                    // Likewise DLT_ATM_RFC1483 and DLT_ATM_CLIP.
                    11 => Some("ATM_RFC1483"),
                    19 => Some("ATM_CLIP"),
                    147..=162 => Some("USER"),
                    $($number => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

link_types! {
    0 NULL,
    1 ETHERNET,
    2 EXP_ETHERNET,
    3 AX25,
    6 IEEE802_5,
    7 ARCNET_BSD,
    8 SLIP,
    9 PPP,
    10 FDDI,
    15 SLIP_BSDOS,
    16 PPP_BSDOS,
    50 PPP_HDLC,
    51 PPP_ETHER,
    100 ATM_RFC1483,
    101 RAW,
    104 C_HDLC,
    105 IEEE802_11,
    106 ATM_CLIP,
    107 FRELAY,
    108 LOOP,
    109 ENC,
    113 LINUX_SLL,
    114 LTALK,
    117 PFLOG,
    118 CISCO_IOS,
    119 IEEE802_11_PRISM,
    120 IEEE802_11_AIRONET,
    122 IP_OVER_FC,
    123 SUNATM,
    127 IEEE802_11_RADIOTAP,
    129 ARCNET_LINUX,
    130 JUNIPER_MLPPP,
    131 JUNIPER_MLFR,
    132 JUNIPER_ES,
    133 JUNIPER_GGSN,
    134 JUNIPER_MFR,
    135 JUNIPER_ATM2,
    136 JUNIPER_SERVICES,
    137 JUNIPER_ATM1,
    138 APPLE_IP_OVER_IEEE1394,
    139 MTP2_WITH_PHDR,
    140 MTP2,
    141 MTP3,
    142 SCCP,
    143 DOCSIS,
    144 LINUX_IRDA,
    163 IEEE802_11_AVS,
    164 JUNIPER_MONITOR,
    165 BACNET_MS_TP,
    166 PPP_PPPD,
    167 JUNIPER_PPPOE,
    168 JUNIPER_PPPOE_ATM,
    169 GPRS_LLC,
    177 LINUX_LAPD,
    178 JUNIPER_ETHER,
    179 JUNIPER_PPP,
    180 JUNIPER_FRELAY,
    181 JUNIPER_CHDLC,
    182 MFR,
    183 JUNIPER_VP,
    187 BLUETOOTH_HCI_H4,
    189 USB_LINUX,
    190 CAN20B,
    192 PPI,
    194 JUNIPER_ISM,
    195 IEEE802_15_4_WITHFCS,
    197 ERF,
    200 JUNIPER_SRX_E2E,
    201 BLUETOOTH_HCI_H4_WITH_PHDR,
    202 AX25_KISS,
    203 LAPD,
    204 PPP_WITH_DIR,
    205 C_HDLC_WITH_DIR,
    206 FRELAY_WITH_DIR,
    207 LAPB_WITH_DIR,
    209 IPMB_LINUX,
    215 IEEE802_15_4_NONASK_PHY,
    220 USB_LINUX_MMAPPED,
    224 FC_2,
    225 FC_2_WITH_FRAME_DELIMS,
    226 IPNET,
    227 CAN_SOCKETCAN,
    228 IPV4,
    229 IPV6,
    230 IEEE802_15_4_NOFCS,
    231 DBUS,
    237 STANAG_5066_D_PDU,
    239 NFLOG,
    240 NETANALYZER,
    241 NETANALYZER_TRANSPARENT,
    242 IPOIB,
    243 MPEG_2_TS,
    245 NFC_LLCP,
    247 INFINIBAND,
    248 SCTP,
    249 USBPCAP,
    251 BLUETOOTH_LE_LL,
    252 WIRESHARK_UPPER_PDU,
    253 NETLINK,
    254 BLUETOOTH_LINUX_MONITOR,
    255 BLUETOOTH_BREDR_BB,
    256 BLUETOOTH_LE_LL_WITH_PHDR,
    258 PKTAP,
    259 EPON,
    264 ISO_14443,
    266 USB_DARWIN,
    268 SDLC,
    270 LORATAP,
    271 VSOCK,
    272 NORDIC_BLE,
    274 ETHERNET_MPACKET,
    276 LINUX_SLL2,
    279 EBHSCR,
    280 VPP_DISPATCH,
    281 DSA_TAG_BRCM,
    282 DSA_TAG_BRCM_PREPEND,
    283 IEEE802_15_4_TAP,
    284 DSA_TAG_DSA,
    285 DSA_TAG_EDSA,
    290 ETW,
}

impl LinkType {
    /// The registered number for what writers meant: numbers of some systems' libpcap stand in files of
    /// writers that forgot to translate them. 12 and 14 are DLT_RAW, 11 is DLT_ATM_RFC1483, 19 is
    /// DLT_ATM_CLIP.
    pub const fn canonical(self) -> LinkType {
        match self.0 {
            11 => LinkType::ATM_RFC1483,
            12 | 14 => LinkType::RAW,
            19 => LinkType::ATM_CLIP,
            _ => self,
        }
    }
}

/// `ETHERNET (1)`, or `unknown (4711)`.
impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name().unwrap_or("unknown"), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(LinkType::ETHERNET.to_string(), "ETHERNET (1)");
        assert_eq!(LinkType::LINUX_SLL2, LinkType(276));
        assert_eq!(LinkType(4711).to_string(), "unknown (4711)");
        assert_eq!(LinkType(150).to_string(), "USER (150)");
        assert_eq!(LinkType(12).canonical(), LinkType::RAW);
        assert_eq!(LinkType(14).to_string(), "RAW (14)");
        assert_eq!(LinkType::IPV6.canonical(), LinkType::IPV6);
    }
}

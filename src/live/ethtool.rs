//! What the kernel and the driver tell of an interface and its card (netdevice(7), linux/ethtool.h).
//!
//! This is, beside `sys`, the one place of the capture that needs `unsafe`: system calls that no safe crate offers. What
//! holds everywhere: pointers given to the kernel point to values that live through the call and are laid out as the
//! kernel's own; descriptors are owned. Everything here only asks, for which no right is needed.
#![allow(unsafe_code)] // system calls for which there is no safe interface

use std::ffi::{c_int, c_ulong};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::sys::request;

// Commands of linux/ethtool.h.
const GET_SETTINGS: u32 = 0x01;
const GET_DRIVER: u32 = 0x03;
const GET_RINGS: u32 = 0x10;
const GET_FLAGS: u32 = 0x25;
const GET_GRO: u32 = 0x2b;
const GET_TIMES: u32 = 0x41;

// Flags of linux/ethtool.h.
const RX_VLAN: u32 = 1 << 8;
const LRO: u32 = 1 << 15;

/// The bit of HWTSTAMP_FILTER_ALL of linux/net_tstamp.h.
const TIMES_ALL: u32 = 1 << 1;

/// SIOCETHTOOL of linux/sockios.h.
const ETHTOOL: c_ulong = 0x8946;

/// State and kind of an interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Link {
    /// It was set up.
    pub up: bool,
    /// It has a carrier.
    pub running: bool,
    /// It leads to this machine itself.
    pub loopback: bool,
    /// Longest IP packet, in bytes.
    pub mtu: u32,
    /// ARPHRD_ number of its link layer.
    pub hardware: u16,
}

/// Places for received frames between the card and the driver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rings {
    /// How many there are.
    pub rx: u32,
    /// How many there could be.
    pub rx_max: u32,
}

/// What changes frames before they are captured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offloads {
    /// The kernel merges segments (generic receive offload). `None` where that is not told.
    pub gro: Option<bool>,
    /// The card merges segments (large receive offload). `None` where that is not told.
    pub lro: Option<bool>,
    /// The card takes VLAN tags out. `None` where that is not told.
    pub rx_vlan: Option<bool>,
}

/// Structures that hold one command and its answer.
///
/// # Safety
/// The type is laid out as the structure of linux/ethtool.h that the command in its first field is answered in, and any
/// bytes are a value of it.
unsafe trait Command {}

#[repr(C)]
struct Settings {
    command: u32,
    supported: u32,
    advertising: u32,
    speed: u16,
    duplex: u8,
    port: u8,
    phy_address: u8,
    transceiver: u8,
    autoneg: u8,
    mdio_support: u8,
    packets: [u32; 2],
    speed_high: u16,
    mdix: [u8; 2],
    partner: u32,
    reserved: [u32; 2],
}

#[repr(C)]
struct Driver {
    command: u32,
    driver: [u8; 32],
    /// Versions, bus and reserved bytes.
    texts: [u8; 32 * 4 + 12],
    numbers: [u32; 5],
}

#[repr(C)]
struct RingSizes {
    command: u32,
    rx_max: u32,
    /// Of mini and jumbo frames, and for sending.
    others_max: [u32; 3],
    rx: u32,
    others: [u32; 3],
}

#[repr(C)]
struct Number {
    command: u32,
    data: u32,
}

#[repr(C)]
struct Times {
    command: u32,
    kinds: u32,
    clock: i32,
    sent: [u32; 4],
    received: u32,
    reserved: [u32; 3],
}

// SAFETY: `ethtool_cmd`, numbers only.
unsafe impl Command for Settings {}
// SAFETY: `ethtool_drvinfo`, numbers only.
unsafe impl Command for Driver {}
// SAFETY: `ethtool_ringparam`, numbers only.
unsafe impl Command for RingSizes {}
// SAFETY: `ethtool_value`, numbers only.
unsafe impl Command for Number {}
// SAFETY: `ethtool_ts_info`, numbers only.
unsafe impl Command for Times {}

/// Asks about one interface.
#[derive(Debug)]
pub struct Card {
    socket: OwnedFd,
    name: String,
}

impl Card {
    /// For the interface of this name.
    ///
    /// # Errors
    /// `ENODEV` where there is none; what the kernel says where it gives no socket.
    pub fn open(name: &str) -> io::Result<Self> {
        // Addresses are told by sockets of their family only, all else by any.
        // SAFETY: no pointers.
        let socket =
            unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
        if socket < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a new descriptor that nobody else owns.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        let card = Self {
            socket,
            name: name.to_owned(),
        };
        card.flags()?;
        Ok(card)
    }

    fn ioctl(&self, what: c_ulong, request: &mut libc::ifreq) -> io::Result<()> {
        let pointer: *mut libc::ifreq = request;
        // SAFETY: these requests read and write one `ifreq`, and what it points to where it holds a pointer: see `ask`.
        let result = unsafe { libc::ioctl(self.socket.as_raw_fd(), what as _, pointer) };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    fn flags(&self) -> io::Result<c_int> {
        let mut request = request(&self.name)?;
        self.ioctl(libc::SIOCGIFFLAGS, &mut request)?;
        // SAFETY: the call filled in this field.
        Ok(c_int::from(unsafe { request.ifr_ifru.ifru_flags }))
    }

    /// Its state and kind.
    ///
    /// # Errors
    /// It is gone.
    pub fn link(&self) -> io::Result<Link> {
        let flags = self.flags()?;
        let mut asked = request(&self.name)?;
        self.ioctl(libc::SIOCGIFMTU, &mut asked)?;
        // SAFETY: the call filled in this field.
        let mtu = unsafe { asked.ifr_ifru.ifru_mtu };
        let mut asked = request(&self.name)?;
        self.ioctl(libc::SIOCGIFHWADDR, &mut asked)?;
        // SAFETY: the call filled in this field.
        let hardware = unsafe { asked.ifr_ifru.ifru_hwaddr.sa_family };
        Ok(Link {
            up: flags & libc::IFF_UP != 0,
            running: flags & libc::IFF_RUNNING != 0,
            loopback: flags & libc::IFF_LOOPBACK != 0,
            mtu: u32::try_from(mtu).unwrap_or(0),
            hardware,
        })
    }

    /// Its first IPv4 address, if it has one.
    ///
    /// # Errors
    /// It is gone.
    pub fn ipv4(&self) -> io::Result<Option<Ipv4Addr>> {
        let mut request = request(&self.name)?;
        match self.ioctl(libc::SIOCGIFADDR, &mut request) {
            Err(error) if error.raw_os_error() == Some(libc::EADDRNOTAVAIL) => return Ok(None),
            done => done?,
        }
        // SAFETY: the call filled in this field.
        let address = unsafe { request.ifr_ifru.ifru_addr };
        // `sockaddr_in`: the port, then the address.
        let [_, _, a, b, c, d, ..] = address.sa_data.map(|byte| byte.to_ne_bytes()[0]);
        Ok(Some(Ipv4Addr::new(a, b, c, d)))
    }

    fn ask<T: Command>(&self, mut command: T) -> io::Result<T> {
        let mut request = request(&self.name)?;
        let pointer: *mut T = &mut command;
        // The kernel reads and writes what the command asks for, of which `T` has the size.
        request.ifr_ifru.ifru_data = pointer.cast();
        self.ioctl(ETHTOOL, &mut request)?;
        Ok(command)
    }

    fn number(&self, command: u32) -> io::Result<u32> {
        Ok(self.ask(Number { command, data: 0 })?.data)
    }

    /// Name of its driver.
    ///
    /// # Errors
    /// The driver does not tell.
    pub fn driver(&self) -> io::Result<String> {
        let answer = self.ask(Driver {
            command: GET_DRIVER,
            driver: [0; 32],
            texts: [0; 32 * 4 + 12],
            numbers: [0; 5],
        })?;
        let name = answer.driver.split(|&byte| byte == 0).next();
        Ok(String::from_utf8_lossy(name.unwrap_or_default()).into_owned())
    }

    /// Its speed in Mbit/s; `None` where it has none, such as without a carrier.
    ///
    /// # Errors
    /// The driver does not tell.
    pub fn speed(&self) -> io::Result<Option<u32>> {
        let answer = self.ask(Settings {
            command: GET_SETTINGS,
            supported: 0,
            advertising: 0,
            speed: 0,
            duplex: 0,
            port: 0,
            phy_address: 0,
            transceiver: 0,
            autoneg: 0,
            mdio_support: 0,
            packets: [0; 2],
            speed_high: 0,
            mdix: [0; 2],
            partner: 0,
            reserved: [0; 2],
        })?;
        Ok(speed(answer.speed, answer.speed_high))
    }

    /// Its rings.
    ///
    /// # Errors
    /// The driver has none, or does not tell.
    pub fn rings(&self) -> io::Result<Rings> {
        let answer = self.ask(RingSizes {
            command: GET_RINGS,
            rx_max: 0,
            others_max: [0; 3],
            rx: 0,
            others: [0; 3],
        })?;
        Ok(Rings {
            rx: answer.rx,
            rx_max: answer.rx_max,
        })
    }

    /// What changes frames before they are captured.
    pub fn offloads(&self) -> Offloads {
        let gro = self.number(GET_GRO).ok();
        let flags = self.number(GET_FLAGS).ok();
        let has = |flag: u32| flags.map(|flags| flags & flag != 0);
        Offloads {
            gro: gro.map(|gro| gro != 0),
            lro: has(LRO),
            rx_vlan: has(RX_VLAN),
        }
    }

    /// Whether its own clock can give every received frame its time.
    ///
    /// # Errors
    /// The driver does not tell.
    pub fn has_clock(&self) -> io::Result<bool> {
        let answer = self.ask(Times {
            command: GET_TIMES,
            kinds: 0,
            clock: -1,
            sent: [0; 4],
            received: 0,
            reserved: [0; 3],
        })?;
        let raw = answer.kinds & libc::SOF_TIMESTAMPING_RAW_HARDWARE != 0;
        Ok(raw && answer.received & TIMES_ALL != 0)
    }
}

/// All bits set say that it is not known.
fn speed(low: u16, high: u16) -> Option<u32> {
    let speed = u32::from(high) << 16 | u32::from(low);
    (speed != 0 && speed != u32::MAX && speed != u32::from(u16::MAX)).then_some(speed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_the_kernels_sizes() {
        assert_eq!(size_of::<Settings>(), 44);
        assert_eq!(size_of::<Driver>(), 196);
        assert_eq!(size_of::<RingSizes>(), 36);
        assert_eq!(size_of::<Number>(), 8);
        assert_eq!(size_of::<Times>(), 44);
    }

    #[test]
    fn speeds() {
        assert_eq!(speed(1_000, 0), Some(1_000));
        assert_eq!(speed(34_464, 1), Some(100_000));
        assert_eq!(speed(0, 0), None);
        assert_eq!(speed(u16::MAX, 0), None);
        assert_eq!(speed(u16::MAX, u16::MAX), None);
    }

    #[test]
    fn what_there_is_not_is_refused() {
        for name in ["", "none-of-this", "a-name-longer-than-any-can-be", "a\0b"] {
            let error = Card::open(name).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ENODEV), "{name:?}");
        }
    }

    #[test]
    fn the_loopback_interface_tells_what_it_is() {
        let Ok(card) = Card::open("lo") else {
            println!("skipped: there is no interface lo");
            return;
        };
        let link = card.link().unwrap();
        assert!(link.loopback);
        assert_eq!(link.hardware, libc::ARPHRD_LOOPBACK);
        assert!(link.mtu >= 1_500);
        if link.up {
            assert_eq!(card.ipv4().unwrap(), Some(Ipv4Addr::LOCALHOST));
        }
        // It has no card.
        assert!(card.rings().is_err());
    }
}

//! The kernel's interface to packets: packet sockets and rings of blocks shared with the kernel (packet(7), TPACKET_V3).
//!
//! This is, beside `ethtool`, the one place of the capture that needs `unsafe`: system calls that no safe crate offers, and memory that
//! the kernel writes to. What holds everywhere: pointers given to the kernel point to values that live through the call and
//! have the size that is told; descriptors are owned; a block of the ring is touched only between the kernel's handing it
//! over ([`Ring::take`]) and its being given back ([`Ring::release`]), and the kernel writes to none that was handed over.
#![allow(unsafe_code)] // system calls and shared memory, for which there is no safe interface

use std::ffi::{CStr, CString, c_int, c_ulong, c_void};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Instruction of a classic BPF program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Instruction {
    /// Operation.
    pub(super) code: u16,
    /// How many instructions to pass over where a comparison holds.
    pub(super) jt: u8,
    /// The same where it does not hold.
    pub(super) jf: u8,
    /// Operand.
    pub(super) k: u32,
}

/// What a frame begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The link-layer header.
    Link,
    /// What stands behind it.
    Network,
}

/// What was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Ready,
    /// The socket has an error: see [`Socket::take_error`].
    Error,
    TimedOut,
}

/// What the kernel counted since it was asked last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Packets that passed the filter, dropped ones included.
    pub(super) packets: u32,
    /// Of those, packets for which the ring had no room.
    pub(super) drops: u32,
    /// How often the ring was full.
    pub(super) freezes: u32,
}

/// State of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) up: bool,
    pub(super) running: bool,
    pub(super) loopback: bool,
    pub(super) promiscuous: bool,
}

/// A packet socket.
#[derive(Debug)]
pub(super) struct Socket(OwnedFd);

fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

fn length_of<T>() -> libc::socklen_t {
    // The structures of this file are small.
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or(0)
}

/// A request about the interface of this name.
pub(super) fn request(name: &str) -> io::Result<libc::ifreq> {
    // SAFETY: all-zero bytes are a valid `ifreq`: numbers, arrays and null pointers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // One byte stays for the end.
    if name.is_empty() || name.len() >= request.ifr_name.len() || name.contains('\0') {
        return Err(io::Error::from_raw_os_error(libc::ENODEV));
    }
    for (to, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = byte.cast_signed() as libc::c_char;
    }
    Ok(request)
}

/// Number of the interface of this name.
pub(super) fn index_of(name: &str) -> io::Result<c_int> {
    let name = CString::new(name)?;
    // SAFETY: a string with its end, which the call only reads.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    match c_int::try_from(index) {
        Ok(0) | Err(_) => Err(io::Error::last_os_error()),
        Ok(index) => Ok(index),
    }
}

/// Name of the interface of this number.
pub(super) fn name_of(index: c_int) -> io::Result<String> {
    let mut name = [0u8; libc::IF_NAMESIZE];
    let index = u32::try_from(index).map_err(io::Error::other)?;
    // SAFETY: the buffer has the size that the call asks for.
    let result = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
    if result.is_null() {
        return Err(io::Error::last_os_error());
    }
    let name = CStr::from_bytes_until_nul(&name).map_err(io::Error::other)?;
    Ok(name.to_string_lossy().into_owned())
}

impl Socket {
    /// Opens a socket that receives nothing until it is bound.
    pub(super) fn open(kind: Kind) -> io::Result<Self> {
        let kind = match kind {
            Kind::Link => libc::SOCK_RAW,
            Kind::Network => libc::SOCK_DGRAM,
        };
        // SAFETY: no pointers.
        let socket =
            checked(unsafe { libc::socket(libc::AF_PACKET, kind | libc::SOCK_CLOEXEC, 0) })?;
        // SAFETY: a new descriptor that nobody else owns.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(socket) }))
    }

    fn set<T>(&self, level: c_int, option: c_int, value: &T) -> io::Result<()> {
        let pointer: *const T = value;
        // SAFETY: the pointer is valid for the length that is told, and the call only reads.
        checked(unsafe {
            libc::setsockopt(
                self.0.as_raw_fd(),
                level,
                option,
                pointer.cast(),
                length_of::<T>(),
            )
        })?;
        Ok(())
    }

    /// `T` has to be plain numbers, for which any bytes are a value.
    fn get<T: Copy>(&self, level: c_int, option: c_int, mut value: T) -> io::Result<T> {
        let mut length = length_of::<T>();
        let pointer: *mut T = &mut value;
        // SAFETY: both pointers are valid, and the call writes no more than the length that is told.
        checked(unsafe {
            libc::getsockopt(
                self.0.as_raw_fd(),
                level,
                option,
                pointer.cast(),
                &mut length,
            )
        })?;
        Ok(value)
    }

    fn set_number(&self, option: c_int, value: c_int) -> io::Result<()> {
        self.set(libc::SOL_PACKET, option, &value)
    }

    /// Receives frames of the interface of this number; of none where `receive` is false.
    pub(super) fn bind(&self, index: c_int, receive: bool) -> io::Result<()> {
        // SAFETY: all-zero bytes are a valid address: numbers only.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_ifindex = index;
        if receive {
            address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        }
        let pointer: *const libc::sockaddr_ll = &address;
        // SAFETY: a valid address of the length that is told.
        checked(unsafe {
            libc::bind(
                self.0.as_raw_fd(),
                pointer.cast(),
                length_of::<libc::sockaddr_ll>(),
            )
        })?;
        Ok(())
    }

    /// ARPHRD_ number of the interface that it is bound to.
    pub(super) fn hardware_type(&self) -> io::Result<u16> {
        // SAFETY: all-zero bytes are a valid address: numbers only.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        let mut length = length_of::<libc::sockaddr_ll>();
        let pointer: *mut libc::sockaddr_ll = &mut address;
        // SAFETY: the call writes no more than the length that is told.
        checked(unsafe { libc::getsockname(self.0.as_raw_fd(), pointer.cast(), &mut length) })?;
        Ok(address.sll_hatype)
    }

    fn ioctl(&self, what: c_ulong, request: &mut libc::ifreq) -> io::Result<()> {
        let pointer: *mut libc::ifreq = request;
        // SAFETY: these requests read and write one `ifreq`, and what it points to where the caller put a pointer in, which
        // outlives the call.
        checked(unsafe { libc::ioctl(self.0.as_raw_fd(), what as _, pointer) })?;
        Ok(())
    }

    /// State of the interface of this name.
    pub(super) fn flags(&self, name: &str) -> io::Result<Flags> {
        let mut request = request(name)?;
        self.ioctl(libc::SIOCGIFFLAGS, &mut request)?;
        // SAFETY: the call filled in this field.
        let flags = c_int::from(unsafe { request.ifr_ifru.ifru_flags });
        Ok(Flags {
            up: flags & libc::IFF_UP != 0,
            running: flags & libc::IFF_RUNNING != 0,
            loopback: flags & libc::IFF_LOOPBACK != 0,
            promiscuous: flags & libc::IFF_PROMISC != 0,
        })
    }

    /// Longest IP packet of the interface of this name, in bytes.
    pub(super) fn mtu(&self, name: &str) -> io::Result<u32> {
        let mut request = request(name)?;
        self.ioctl(libc::SIOCGIFMTU, &mut request)?;
        // SAFETY: the call filled in this field.
        let mtu = unsafe { request.ifr_ifru.ifru_mtu };
        u32::try_from(mtu).map_err(io::Error::other)
    }

    /// All frames on the link, not only those for this machine.
    pub(super) fn promiscuous(&self, index: c_int) -> io::Result<()> {
        let request = libc::packet_mreq {
            mr_ifindex: index,
            mr_type: libc::PACKET_MR_PROMISC as u16,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        self.set(libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &request)
    }

    /// Leaves out frames that this machine sends; on a loopback interface they are seen twice.
    pub(super) fn ignore_outgoing(&self) -> io::Result<()> {
        self.set_number(libc::PACKET_IGNORE_OUTGOING, 1)
    }

    /// Asks for times of the network card's own clock, and has the card take them, where it can.
    pub(super) fn hardware_time(&self, name: &str) -> io::Result<()> {
        #[repr(C)]
        struct Config {
            flags: c_int,
            tx_type: c_int,
            rx_filter: c_int,
        }
        // HWTSTAMP_TX_OFF and HWTSTAMP_FILTER_ALL of linux/net_tstamp.h.
        let mut config = Config {
            flags: 0,
            tx_type: 0,
            rx_filter: 1,
        };
        let mut request = request(name)?;
        let pointer: *mut Config = &mut config;
        request.ifr_ifru.ifru_data = pointer.cast();
        self.ioctl(libc::SIOCSHWTSTAMP, &mut request)?;
        let raw = libc::SOF_TIMESTAMPING_RAW_HARDWARE;
        self.set_number(libc::PACKET_TIMESTAMP, raw.cast_signed())
    }

    /// Joins the group `group` of sockets that share an interface's frames; `None` makes a new one with a number that
    /// nobody has. Gives its number.
    ///
    /// Numbers are common to all processes of a network namespace, and whoever has the right may join any group: a
    /// number of our own choice could be that of another program, which would then get half of our frames.
    pub(super) fn join(&self, group: Option<u16>, mode: u32) -> io::Result<u16> {
        let value = match group {
            Some(group) => mode << 16 | u32::from(group),
            None => (mode | libc::PACKET_FANOUT_FLAG_UNIQUEID) << 16,
        };
        self.set(libc::SOL_PACKET, libc::PACKET_FANOUT, &value)?;
        let joined = self.get(libc::SOL_PACKET, libc::PACKET_FANOUT, 0u32)?;
        Ok((joined & 0xffff) as u16)
    }

    /// The program by which a group of mode CBPF shares frames out.
    pub(super) fn share_by(&self, program: &[Instruction]) -> io::Result<()> {
        self.with_program(program, |program| {
            self.set(libc::SOL_PACKET, libc::PACKET_FANOUT_DATA, program)
        })
    }

    /// Sets the filter that decides in the kernel, in place of one that may be there.
    pub(super) fn filter(&self, program: &[Instruction]) -> io::Result<()> {
        self.with_program(program, |program| {
            self.set(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, program)
        })
    }

    fn with_program(
        &self,
        program: &[Instruction],
        set: impl FnOnce(&libc::sock_fprog) -> io::Result<()>,
    ) -> io::Result<()> {
        let program = libc::sock_fprog {
            len: u16::try_from(program.len()).map_err(io::Error::other)?,
            // `Instruction` is laid out as `sock_filter` is; the kernel only reads.
            filter: program.as_ptr().cast_mut().cast(),
        };
        set(&program)
    }

    /// What was counted since the last call.
    pub(super) fn statistics(&self) -> io::Result<Counted> {
        let zero = libc::tpacket_stats_v3 {
            tp_packets: 0,
            tp_drops: 0,
            tp_freeze_q_cnt: 0,
        };
        let counted = self.get(libc::SOL_PACKET, libc::PACKET_STATISTICS, zero)?;
        Ok(Counted {
            packets: counted.tp_packets,
            drops: counted.tp_drops,
            freezes: counted.tp_freeze_q_cnt,
        })
    }

    /// The error that [`Wait::Error`] tells of.
    pub(super) fn take_error(&self) -> Option<io::Error> {
        match self.get(libc::SOL_SOCKET, libc::SO_ERROR, 0) {
            Ok(0) => None,
            Ok(error) => Some(io::Error::from_raw_os_error(error)),
            Err(error) => Some(error),
        }
    }

    /// Waits for a block.
    pub(super) fn wait(&self, timeout: Duration) -> Wait {
        let mut poll = libc::pollfd {
            fd: self.0.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let timeout = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: one valid entry.
        match unsafe { libc::poll(&mut poll, 1, timeout) } {
            1 if poll.revents & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0 => {
                Wait::Error
            }
            1 => Wait::Ready,
            // A signal that came in between is no error.
            _ => Wait::TimedOut,
        }
    }
}

/// Sizes of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// Bytes of a block: a multiple of the page size.
    pub(super) block: u32,
    pub(super) blocks: u32,
    /// After so long a block is handed over that is not full.
    pub(super) timeout: Duration,
}

/// Bytes in front of each frame, in which a tag can be put back.
pub(super) const RESERVED: usize = 4;

/// Where a block's descriptor says whose it is.
const BLOCK_STATUS: usize = 8;

/// A socket and the ring of blocks that it shares with the kernel.
#[derive(Debug)]
pub(super) struct Ring {
    socket: Socket,
    map: NonNull<u8>,
    length: usize,
    block: usize,
    blocks: usize,
    /// The block that is read, or comes next.
    at: usize,
    held: bool,
}

// SAFETY: the mapping belongs to this value alone, and is not tied to a thread.
unsafe impl Send for Ring {}

impl Ring {
    /// Makes the ring. The socket must not be bound yet.
    pub(super) fn new(socket: Socket, size: Size) -> io::Result<Self> {
        let version = libc::tpacket_versions::TPACKET_V3 as c_int;
        socket.set_number(libc::PACKET_VERSION, version)?;
        socket.set_number(libc::PACKET_RESERVE, RESERVED as c_int)?;
        let frame = libc::TPACKET_ALIGNMENT.saturating_mul(128);
        let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
        let frame = u32::try_from(frame).map_err(io::Error::other)?;
        let frames = size
            .block
            .checked_div(frame)
            .and_then(|each| each.checked_mul(size.blocks));
        let request = libc::tpacket_req3 {
            tp_block_size: size.block,
            tp_block_nr: size.blocks,
            tp_frame_size: frame,
            tp_frame_nr: frames.ok_or_else(invalid)?,
            tp_retire_blk_tov: u32::try_from(size.timeout.as_millis()).map_err(io::Error::other)?,
            tp_sizeof_priv: 0,
            tp_feature_req_word: libc::TP_FT_REQ_FILL_RXHASH,
        };
        socket.set(libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
        let block = size.block as usize;
        let blocks = size.blocks as usize;
        let length = block.checked_mul(blocks).ok_or_else(invalid)?;
        // SAFETY: a new mapping, at a place that the kernel chooses, of the size of the ring that was just made.
        let map = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.0.as_raw_fd(),
                0,
            )
        };
        if map == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let map = NonNull::new(map.cast()).ok_or_else(invalid)?;
        Ok(Self {
            socket,
            map,
            length,
            block,
            blocks,
            at: 0,
            held: false,
        })
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// How many blocks there are.
    pub(super) fn blocks(&self) -> usize {
        self.blocks
    }

    /// Whose block `number` is.
    fn status(&self, number: usize) -> Option<&AtomicU32> {
        let start = number.checked_mul(self.block)?;
        if number >= self.blocks {
            return None;
        }
        let at = start.checked_add(BLOCK_STATUS)?;
        // SAFETY: the place lies in the mapping, which lives as long as `self`, and is aligned, as blocks are by pages. Both
        // sides access it as a whole.
        Some(unsafe { AtomicU32::from_ptr(self.map.as_ptr().add(at).cast()) })
    }

    fn is_ours(&self, number: usize) -> bool {
        self.status(number)
            .is_some_and(|status| status.load(Ordering::Acquire) & libc::TP_STATUS_USER != 0)
    }

    /// Takes the next block, if the kernel has handed it over. The one before has to be given back.
    pub(super) fn take(&mut self) -> bool {
        self.held = self.held || self.is_ours(self.at);
        self.held
    }

    /// The block that was taken; empty where there is none.
    pub(super) fn block(&self) -> &[u8] {
        let Some(start) = self.at.checked_mul(self.block).filter(|_| self.held) else {
            return &[];
        };
        // SAFETY: the block lies in the mapping, is ours until it is released, for which `self` is borrowed mutably, and
        // nobody writes to it: see `block_mut`.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().add(start), self.block) }
    }

    /// The same, to put tags back.
    pub(super) fn block_mut(&mut self) -> &mut [u8] {
        let Some(start) = self.at.checked_mul(self.block).filter(|_| self.held) else {
            return &mut [];
        };
        // SAFETY: as above, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.map.as_ptr().add(start), self.block) }
    }

    /// Gives the block back to the kernel.
    pub(super) fn release(&mut self) {
        if !self.held {
            return;
        }
        self.held = false;
        if let Some(status) = self.status(self.at) {
            status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
        }
        let next = self.at.wrapping_add(1);
        self.at = if next < self.blocks { next } else { 0 };
    }

    /// Whether so many blocks from the current one on wait to be read.
    pub(super) fn is_filled(&self, blocks: usize) -> bool {
        let last = blocks.saturating_sub(1);
        let far = self.at.saturating_add(last);
        // Blocks are filled in order: if the last of them is full, those before it are.
        self.is_ours(far.checked_rem(self.blocks).unwrap_or(0))
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        let map: *mut c_void = self.map.as_ptr().cast();
        // SAFETY: the mapping that `new` made; nothing borrows from it any more.
        unsafe { libc::munmap(map, self.length) };
    }
}

//! An interface, however it is captured.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crossbeam_channel::Sender;

use super::libpcap::PcapTap;
#[cfg(target_os = "linux")]
use super::ring::{Group, RingTap};
use super::{Method, Options, TapStats};
use crate::source::LinkType;
use crate::time::Timestamp;

/// Why an interface cannot be captured.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// There is none of this name.
    #[error("interface {name:?}: there is none of this name; there are: {known}")]
    NoInterface {
        /// The name that was given.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// Only processes with rights may capture.
    #[error("interface {name}: this process has no right to capture (CAP_NET_RAW)")]
    NoRight {
        /// The interface.
        name: String,
    },
    /// libpcap refuses it.
    #[error("interface {name}: {cause}")]
    Libpcap {
        /// The interface.
        name: String,
        /// What libpcap says.
        cause: String,
    },
    /// Only the kernel's ring can be shared.
    #[error("interface {name}: libpcap has one capture thread for an interface; give --threads 1")]
    NotShared {
        /// The interface.
        name: String,
    },
    /// Only Linux has the ring.
    #[error("interface {name}: this system has no packet rings; give --method libpcap")]
    NoRing {
        /// The interface.
        name: String,
    },
    /// Anything else.
    #[error("interface {name}: cannot {action}: {cause}")]
    Io {
        /// The interface.
        name: String,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        cause: io::Error,
    },
}

/// What the pipeline asks of an interface between two blocks.
pub trait Link {
    /// What was counted, up to now.
    fn stats(&mut self) -> &TapStats;

    /// Packet time now, as far as it can be told: that of the last frame, and what has passed since.
    fn now(&self) -> Option<Timestamp>;

    /// Whether most of its memory waits to be read: whoever waits now makes the kernel drop frames.
    fn is_pressed(&self) -> bool;

    /// From now on bulk comes as well, also where the kernel's filter was to leave it out: rules list addresses.
    fn take_bulk(&mut self) {}
}

/// An interface that was opened for one reader.
pub struct Tap(pub(crate) Opened);

/// How it is read.
pub(crate) enum Opened {
    #[cfg(target_os = "linux")]
    Ring(Box<RingTap>),
    Libpcap(Box<PcapTap>),
}

impl Tap {
    /// Opens so many taps on the interface `name`, which share its frames. What happens to the interface later is
    /// told to `news`.
    ///
    /// # Errors
    /// There is no such interface, the rights are missing, or the system refuses to capture.
    pub fn open(
        name: &str,
        taps: usize,
        options: Options,
        stop: &Arc<AtomicBool>,
        news: &Sender<String>,
    ) -> Result<Vec<Self>, TapError> {
        #[cfg(target_os = "linux")]
        let group = Group::default();
        let open = |number| match options.method {
            Method::Libpcap if taps > 1 => {
                let name = name.to_owned();
                Err(TapError::NotShared { name })
            }
            Method::Libpcap => {
                let _ = number;
                let tap = PcapTap::open(name, options, stop, news.clone())?;
                Ok(Self(Opened::Libpcap(Box::new(tap))))
            }
            #[cfg(target_os = "linux")]
            Method::Ring => {
                let place = (number, taps, Arc::clone(&group));
                let tap = RingTap::open(name, place, options, stop, news.clone())?;
                Ok(Self(Opened::Ring(Box::new(tap))))
            }
            #[cfg(not(target_os = "linux"))]
            Method::Ring => {
                let name = name.to_owned();
                Err(TapError::NoRing { name })
            }
        };
        (0..taps).map(open).collect()
    }

    /// What its frames begin with.
    pub fn link_type(&self) -> LinkType {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Opened::Ring(tap) => tap.link_type(),
            Opened::Libpcap(tap) => tap.link_type(),
        }
    }

    /// What was counted, up to now.
    pub fn stats(&mut self) -> &TapStats {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            Opened::Ring(tap) => tap.stats(),
            Opened::Libpcap(tap) => tap.stats(),
        }
    }
}

/// Names of the interfaces that there are, in order.
pub fn interfaces() -> Vec<String> {
    let list = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    let mut names: Vec<String> = list
        .lines()
        .filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned()))
        .collect();
    if names.is_empty() {
        // Not Linux.
        let devices = pcap::Device::list().unwrap_or_default();
        names.extend(devices.into_iter().map(|device| device.name));
    }
    names.sort();
    names
}

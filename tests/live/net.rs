//! Network namespaces with veth pairs, and frames sent into them.

use std::fs;
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Once};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// What is captured, and the end that frames are sent on.
pub(crate) const RX: &str = "rx0";
pub(crate) const TX: &str = "tx0";

/// All namespaces of these tests begin so, and go on with the number of the process.
const PREFIX: &str = "bellerophon-test-";

/// A network namespace with a veth pair, [`TX`] and [`RX`]. Both ends are in it: a test needs no second one.
pub(crate) struct Net {
    pub(crate) name: String,
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    match Command::new("ip").args(arguments).output() {
        Err(error) => Err(format!("cannot run ip: {error}")),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "ip {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

/// A test run that was killed leaves its namespaces behind: they are removed once.
fn sweep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for entry in fs::read_dir("/run/netns").into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let process = name
                .strip_prefix(PREFIX)
                .and_then(|rest| rest.split('-').next());
            if process.is_some_and(|id| !fs::exists(format!("/proc/{id}")).unwrap_or(true)) {
                let _ = ip(&["netns", "del", &name]);
            }
        }
    });
}

impl Net {
    /// A namespace of its own; `None` where that is not allowed, and the reason was printed.
    pub(crate) fn new() -> Option<Arc<Self>> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        sweep();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let net = Self {
            name: format!("{PREFIX}{}-{number}", std::process::id()),
        };
        let made = ip(&["netns", "add", &net.name]).and_then(|()| {
            // Nobody but the tests shall send: IPv6 would look for neighbours as soon as a link is up.
            net.enter(|| fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"))
                .ok();
            net.ip("link set lo up")?;
            net.pair(TX, RX)
        });
        if let Err(why) = made {
            skip!("no network namespace of its own: {why}");
            return None;
        }
        Some(Arc::new(net))
    }

    /// Runs `ip` in it, with a line of words without blanks in them.
    pub(crate) fn ip(&self, line: &str) -> Result<(), String> {
        let words: Vec<&str> = ["-n", &self.name]
            .into_iter()
            .chain(line.split_whitespace())
            .collect();
        ip(&words)
    }

    /// As [`Self::ip`], for what works where a namespace could be made.
    #[track_caller]
    pub(crate) fn set(&self, line: &str) {
        self.ip(line).unwrap();
    }

    /// Makes a veth pair. Frames may be long: those of the captures, and more than the usual MTU.
    pub(crate) fn pair(&self, one: &str, other: &str) -> Result<(), String> {
        self.ip(&format!(
            "link add name {one} mtu 9000 type veth peer name {other} mtu 9000"
        ))?;
        self.ip(&format!("link set {one} up"))?;
        self.ip(&format!("link set {other} up"))
    }

    /// Runs `work` on a thread that is in the namespace. A namespace belongs to a thread, so no other program
    /// has to be started for this, and rustix does it without `unsafe`.
    pub(crate) fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let path = format!("/run/netns/{}", self.name);
        std::thread::scope(|scope| {
            let inside = scope.spawn(move || {
                let namespace = fs::File::open(path).unwrap();
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                    .unwrap();
                work()
            });
            inside
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Sends frames on [`TX`], as fast as it goes.
    #[track_caller]
    pub(crate) fn send<F: AsRef<[u8]> + Sync>(&self, frames: &[F]) {
        self.send_on(TX, frames);
    }

    #[track_caller]
    pub(crate) fn send_on<F: AsRef<[u8]> + Sync>(&self, interface: &str, frames: &[F]) {
        self.enter(|| {
            let mut sender = Sender::open(interface);
            for frame in frames {
                sender.send(frame.as_ref());
            }
        });
    }

    /// Waits until the kernel has given to sockets what was sent: what is on its way is in a queue of a processor.
    pub(crate) fn settle(&self) {
        crate::harness::wait("the kernel's queues are empty", || {
            let text = fs::read_to_string("/proc/net/softnet_stat").ok()?;
            // The twelfth number is the queue's length, where the kernel tells it.
            text.lines()
                .all(|line| {
                    let waiting = line.split_whitespace().nth(11);
                    waiting.is_none_or(|n| u64::from_str_radix(n, 16) == Ok(0))
                })
                .then_some(())
        });
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        let _ = ip(&["netns", "del", &self.name]);
    }
}

/// Sends frames; to be opened in the namespace.
pub(crate) struct Sender(pcap::Capture<pcap::Active>);

impl Sender {
    pub(crate) fn open(interface: &str) -> Self {
        let capture = pcap::Capture::from_device(interface)
            .unwrap()
            .snaplen(64)
            .buffer_size(1 << 16)
            .open()
            .unwrap();
        // What is sent need not come back to this socket.
        let _ = capture.direction(pcap::Direction::In);
        Self(capture)
    }

    #[track_caller]
    pub(crate) fn send(&mut self, frame: &[u8]) {
        self.0.sendpacket(frame).unwrap();
    }

    /// Sends where the link can take it.
    pub(crate) fn try_send(&mut self, frame: &[u8]) -> bool {
        self.0.sendpacket(frame).is_ok()
    }
}

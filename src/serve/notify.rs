//! Telling systemd how the service does: the protocol of `sd_notify(3)`.
//!
//! The socket is opened at start and kept, since a sandbox may later hide it. Without `NOTIFY_SOCKET`
//! every call does nothing.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use thiserror::Error;

/// How long a message may wait for systemd to take those before it.
const SEND_TIMEOUT: Duration = Duration::from_millis(250);

/// Bytes of a status; systemd takes messages of up to 4,096.
const MAX_STATUS: usize = 1024;

/// Why systemd cannot be notified.
#[derive(Debug, Error)]
pub enum NotifyError {
    /// An address of a kind that is not spoken here.
    #[error(
        "NOTIFY_SOCKET={0:?} is neither a path from the root nor an abstract name (@...): \
         unset it, or start the service without Type=notify"
    )]
    Address(OsString),
    /// The socket does not answer.
    #[error(
        "NOTIFY_SOCKET={address:?}: {source}: systemd cannot be told that the service is ready"
    )]
    Connect {
        /// As the variable has it.
        address: OsString,
        /// What the system said.
        source: io::Error,
    },
    /// A watchdog's variable is no number.
    #[error(
        "{name}={value:?} is no number above 0: systemd sets it with WatchdogSec=, or unset it"
    )]
    Watchdog {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: OsString,
    },
}

/// A line to systemd, or to nobody.
#[derive(Debug, Default)]
pub struct Notifier {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
    sent: AtomicU64,
    failed: AtomicU64,
}

impl Notifier {
    /// Opens what `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` say.
    ///
    /// # Errors
    /// Where a variable is set and makes no sense, or nobody listens on the socket.
    pub fn from_env() -> Result<Self, NotifyError> {
        Self::from_vars(|name| env::var_os(name))
    }

    fn from_vars(var: impl Fn(&str) -> Option<OsString>) -> Result<Self, NotifyError> {
        let Some(address) = var("NOTIFY_SOCKET").filter(|v| !v.is_empty()) else {
            return Ok(Self::default());
        };
        let socket = connect(&address)?;
        Ok(Self {
            socket: Some(socket),
            watchdog: watchdog(var)?,
            ..Self::default()
        })
    }

    /// Whether systemd listens.
    pub fn is_on(&self) -> bool {
        self.socket.is_some()
    }

    /// How often [`Notifier::watchdog`] is to be called: half of the time after which systemd kills the
    /// service, as `sd_watchdog_enabled(3)` advises. None where there is no watchdog for this process.
    pub fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog
    }

    /// `READY=1`: the service is up, or a reload is done.
    pub fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nSTATUS={}", line(status)));
    }

    /// `RELOADING=1`, with the time that `Type=notify-reload` wants; [`Notifier::ready`] ends it.
    pub fn reloading(&self) {
        self.send(&format!(
            "RELOADING=1\nMONOTONIC_USEC={}",
            monotonic_micros()
        ));
    }

    /// `STOPPING=1`: the service ends.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// `STATUS=`: one line for `systemctl status`. What would end the line is made a space.
    pub fn status(&self, status: &str) {
        self.send(&format!("STATUS={}", line(status)));
    }

    /// `WATCHDOG=1`: the service lives.
    pub fn watchdog(&self) {
        self.send("WATCHDOG=1");
    }

    /// Messages that systemd was given.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Messages that were lost, since systemd took none for a quarter of a second or was gone.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    fn send(&self, message: &str) {
        let Some(socket) = &self.socket else {
            return;
        };
        let counter = match socket.send(message.as_bytes()) {
            Ok(_) => &self.sent,
            Err(_) => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn connect(address: &OsStr) -> Result<UnixDatagram, NotifyError> {
    let bytes = address.as_bytes();
    let to = match bytes.split_first() {
        Some((b'/', _)) => SocketAddr::from_pathname(Path::new(address)),
        Some((b'@', name)) if !name.is_empty() => abstract_address(name),
        _ => return Err(NotifyError::Address(address.into())),
    };
    to.and_then(|to| {
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&to)?;
        socket.set_write_timeout(Some(SEND_TIMEOUT))?;
        Ok(socket)
    })
    .map_err(|source| NotifyError::Connect {
        address: address.into(),
        source,
    })
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn abstract_address(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

fn watchdog(var: impl Fn(&str) -> Option<OsString>) -> Result<Option<Duration>, NotifyError> {
    let number = |name: &'static str| match var(name).filter(|v| !v.is_empty()) {
        None => Ok(None),
        Some(value) => match value.to_str().and_then(|v| v.parse::<u64>().ok()) {
            Some(n) if n > 0 => Ok(Some(n)),
            _ => Err(NotifyError::Watchdog { name, value }),
        },
    };
    // A child of the service inherits the variables, but the watchdog is not for it.
    let ours = number("WATCHDOG_PID")?.is_none_or(|pid| pid == u64::from(process::id()));
    let micros = number("WATCHDOG_USEC")?;
    Ok(micros
        .filter(|_| ours)
        .map(|micros| Duration::from_micros((micros / 2).max(1))))
}

/// Text on one line: a line end would begin another assignment, such as `MAINPID=`.
fn line(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        if line.len().saturating_add(c.len_utf8()) > MAX_STATUS {
            break;
        }
        line.push(if c.is_control() { ' ' } else { c });
    }
    line
}

/// `CLOCK_MONOTONIC` in microseconds. `Instant` hides its number, and `/proc/uptime` has hundredths of seconds only.
fn monotonic_micros() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let secs = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(now.tv_nsec).unwrap_or(0);
    secs.saturating_mul(1_000_000).saturating_add(nanos / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(list: &[(&str, &OsStr)]) -> impl Fn(&str) -> Option<OsString> {
        let list: Vec<(String, OsString)> = list
            .iter()
            .map(|(k, v)| ((*k).to_string(), (*v).into()))
            .collect();
        move |name| list.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone())
    }

    fn received(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 8192];
        let n = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..n].to_vec()).unwrap()
    }

    #[test]
    fn a_socket_in_a_folder_receives_the_right_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let systemd = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::from_vars(vars(&[("NOTIFY_SOCKET", path.as_os_str())])).unwrap();
        assert!(notifier.is_on());
        // A sandbox may hide the path: what is open stays open.
        std::fs::remove_file(&path).unwrap();

        notifier.ready("watching eth0");
        assert_eq!(received(&systemd), "READY=1\nSTATUS=watching eth0");
        notifier.status("7 alerts\nMAINPID=1\u{85}x");
        assert_eq!(received(&systemd), "STATUS=7 alerts MAINPID=1 x");
        notifier.watchdog();
        assert_eq!(received(&systemd), "WATCHDOG=1");
        let before = monotonic_micros();
        notifier.reloading();
        let after = monotonic_micros();
        let text = received(&systemd);
        let micros = text.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!((before..=after).contains(&micros.parse().unwrap()));
        notifier.stopping();
        assert_eq!(received(&systemd), "STOPPING=1");
        assert_eq!((notifier.sent(), notifier.failed()), (5, 0));

        drop(systemd);
        notifier.watchdog();
        assert_eq!((notifier.sent(), notifier.failed()), (5, 1));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_abstract_socket_receives_too() {
        use std::os::linux::net::SocketAddrExt;
        let name = format!("bellerophon-notify-{}", process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let systemd = UnixDatagram::bind_addr(&address).unwrap();
        let var = OsString::from(format!("@{name}"));
        let notifier = Notifier::from_vars(vars(&[("NOTIFY_SOCKET", &var)])).unwrap();
        notifier.watchdog();
        assert_eq!(received(&systemd), "WATCHDOG=1");
    }

    #[test]
    fn a_systemd_that_takes_nothing_does_not_block_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let _systemd = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::from_vars(vars(&[("NOTIFY_SOCKET", path.as_os_str())])).unwrap();
        for _ in 0..100_000 {
            notifier.watchdog();
            if notifier.failed() > 0 {
                return;
            }
        }
        panic!("the queue has no end");
    }

    #[test]
    fn without_the_variable_nothing_happens() {
        let notifier = Notifier::from_vars(vars(&[])).unwrap();
        notifier.ready("x");
        notifier.watchdog();
        assert!(!notifier.is_on());
        assert_eq!((notifier.sent(), notifier.failed()), (0, 0));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for address in ["relative/path", "@", "vsock:2:1234"] {
            let error = Notifier::from_vars(vars(&[("NOTIFY_SOCKET", address.as_ref())]));
            assert!(matches!(error, Err(NotifyError::Address(_))), "{address}");
        }
        let error = Notifier::from_vars(vars(&[("NOTIFY_SOCKET", "/no/such".as_ref())]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("/no/such"), "{error}");
    }

    #[test]
    fn the_watchdog_is_called_twice_in_its_time_and_only_by_its_process() {
        let interval = |list: &[(&str, &str)]| {
            let list: Vec<_> = list.iter().map(|(k, v)| (*k, OsStr::new(v))).collect();
            watchdog(vars(&list))
        };
        let own = process::id().to_string();
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(interval(&[]).unwrap(), None);
        assert_eq!(
            interval(&[("WATCHDOG_USEC", "30000000")]).unwrap(),
            seconds(15)
        );
        assert_eq!(
            interval(&[("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", &own)]).unwrap(),
            seconds(15)
        );
        assert_eq!(
            interval(&[("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", "1")]).unwrap(),
            None
        );
        let error = interval(&[("WATCHDOG_USEC", "soon")]).unwrap_err();
        assert!(error.to_string().contains("WATCHDOG_USEC"), "{error}");
        assert!(interval(&[("WATCHDOG_USEC", "0")]).is_err());
    }

    #[test]
    fn a_long_status_is_cut_between_characters() {
        let cut = line(&"é".repeat(MAX_STATUS));
        assert_eq!(cut.chars().count(), MAX_STATUS / 2);
    }
}

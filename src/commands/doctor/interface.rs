//! Whether an interface is there, and is such that others' traffic reaches it.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use super::finding::{Finding, command, step};
use crate::live::ethtool::{Card, Link};
use crate::output::grouped;
use crate::sandbox::rights::shell_word;

/// What was found out.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) link: Link,
    is_wireless: bool,
    driver: Option<String>,
    /// Mbit/s.
    speed: Option<u32>,
    addresses: Vec<IpAddr>,
    /// What this machine sends elsewhere leaves here.
    default_route: bool,
    /// This machine passes on packets of others.
    forwards: bool,
}

impl Facts {
    pub(super) fn gather(card: &Card, name: &str) -> io::Result<Self> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let ipv4 = card.ipv4().ok().flatten().map(IpAddr::from);
        let list = read("/proc/net/if_inet6");
        let ipv6 = ipv6(&list, name);
        Ok(Self {
            name: name.to_owned(),
            link: card.link()?,
            is_wireless: Path::new("/sys/class/net")
                .join(name)
                .join("phy80211")
                .exists(),
            driver: card.driver().ok().filter(|driver| !driver.is_empty()),
            speed: card.speed().ok().flatten(),
            addresses: ipv4.into_iter().chain(ipv6.map(IpAddr::from)).collect(),
            default_route: has_default_route(&read("/proc/net/route"), name),
            forwards: read("/proc/sys/net/ipv4/ip_forward").trim() == "1",
        })
    }

    /// Whether frames can arrive.
    pub(super) fn is_usable(&self) -> bool {
        self.link.up && self.link.running
    }
}

/// Addresses of an interface, as /proc/net/if_inet6 lists them.
fn ipv6<'a>(list: &'a str, name: &'a str) -> impl Iterator<Item = Ipv6Addr> + 'a {
    list.lines().filter_map(move |line| {
        let mut fields = line.split_whitespace();
        let address = fields.next()?;
        (fields.next_back()? == name).then_some(())?;
        Some(Ipv6Addr::from(u128::from_str_radix(address, 16).ok()?))
    })
}

/// Whether the table of /proc/net/route leads all else out of an interface.
fn has_default_route(table: &str, name: &str) -> bool {
    table.lines().any(|line| {
        let mut fields = line.split_whitespace();
        (fields.next(), fields.next()) == (Some(name), Some("00000000"))
    })
}

/// There is no interface of this name.
pub(super) fn missing(name: &str, known: &[String]) -> Finding {
    let mend = if known.is_empty() {
        "there is none at all; look in another network namespace (a container has its own)".into()
    } else {
        format!("name one of these: {}", known.join(", "))
    };
    Finding::error(
        "interface.link",
        format!("there is no interface of the name {name:?}"),
        step(mend),
    )
    .with("state", "gone")
}

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![link(facts)];
    findings.extend(kind(facts));
    if !facts.link.loopback {
        findings.push(address(facts));
    }
    findings
}

fn link(facts: &Facts) -> Finding {
    let check = "interface.link";
    let link = &facts.link;
    let name = shell_word(&facts.name);
    let (finding, state) = match (link.up, link.running) {
        (false, _) => (
            Finding::error(
                check,
                "it is down: nothing can be seen",
                command(format!("ip link set dev {name} up")),
            ),
            "down",
        ),
        (true, false) => (
            Finding::error(
                check,
                "it is up, and has no carrier: nothing can be seen",
                step("plug in its cable, and switch on the port at the other end"),
            ),
            "no carrier",
        ),
        (true, true) => (Finding::ok(check, in_words(facts)), "up"),
    };
    finding
        .with("state", state)
        .with("mtu", link.mtu)
        .with("speed_mbits", facts.speed)
        .with("driver", facts.driver.as_deref())
}

fn in_words(facts: &Facts) -> String {
    let mut words = "up, with carrier".to_owned();
    match facts.speed {
        Some(speed) if speed.is_multiple_of(1_000) => {
            let gigabits = speed.checked_div(1_000).unwrap_or(0);
            words.push_str(&format!(", {gigabits} Gbit/s"));
        }
        Some(speed) => words.push_str(&format!(", {speed} Mbit/s")),
        None => {}
    }
    words.push_str(&format!(", MTU {}", grouped(facts.link.mtu.into())));
    if let Some(driver) = &facts.driver {
        words.push_str(&format!(", driver {driver}"));
    }
    words
}

/// What is unusual about it.
fn kind(facts: &Facts) -> Option<Finding> {
    let check = "interface.kind";
    let hardware = facts.link.hardware;
    if facts.link.loopback {
        return Some(Finding::warning(
            check,
            "loopback: only what this machine says to itself is seen",
            step("name the interface that the mirrored traffic arrives at"),
        ));
    }
    if facts.is_wireless && hardware == libc::ARPHRD_ETHER {
        return Some(Finding::warning(
            check,
            "wireless, not in monitor mode: only this machine's own traffic is seen",
            step("capture at the access point's wire, or run this on the access point"),
        ));
    }
    let known = [
        libc::ARPHRD_ETHER,
        libc::ARPHRD_IEEE80211,
        libc::ARPHRD_IEEE80211_RADIOTAP,
    ];
    (!known.contains(&hardware)).then(|| {
        Finding::ok(
            check,
            format!("a tunnel or point-to-point link (type {hardware}): frames begin with IP"),
        )
        .with("hardware", hardware)
    })
}

fn address(facts: &Facts) -> Finding {
    let check = "interface.address";
    let is_automatic = |address: &&IpAddr| match address {
        IpAddr::V6(address) => address.is_unicast_link_local(),
        IpAddr::V4(_) => false,
    };
    let (automatic, own): (Vec<&IpAddr>, Vec<&IpAddr>) =
        facts.addresses.iter().partition(is_automatic);
    let list = |addresses: &[&IpAddr]| {
        let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        texts.join(", ")
    };
    let name = shell_word(&facts.name);
    let all: Vec<String> = facts.addresses.iter().map(ToString::to_string).collect();
    let finding = if facts.forwards && !own.is_empty() {
        Finding::ok(
            check,
            format!(
                "{}: this machine passes on others' packets, as a gateway",
                list(&own)
            ),
        )
    } else if facts.default_route {
        Finding::warning(
            check,
            format!(
                "{}: this machine's own way out, rarely a mirror port",
                list(&own)
            ),
            step("name the mirror port, or run this on the gateway"),
        )
    } else if !own.is_empty() {
        Finding::warning(
            check,
            format!(
                "{}: a mirror port should have none, or it answers",
                list(&own)
            ),
            step(format!(
                "if {name} is nothing but a mirror port: ip address flush dev {name}"
            )),
        )
    } else if !automatic.is_empty() {
        Finding::ok(
            check,
            format!("none but {}, which every interface has", list(&automatic)),
        )
    } else {
        Finding::ok(check, "none, as a mirror port should")
    };
    finding.with("addresses", all)
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Level, of};
    use super::*;

    fn facts() -> Facts {
        Facts {
            name: "mir0".into(),
            link: Link {
                up: true,
                running: true,
                loopback: false,
                mtu: 1_500,
                hardware: libc::ARPHRD_ETHER,
            },
            driver: Some("ixgbe".into()),
            speed: Some(10_000),
            ..Facts::default()
        }
    }

    fn addressed(addresses: &[&str]) -> Facts {
        Facts {
            addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
            ..facts()
        }
    }

    #[test]
    fn a_mirror_port_is_as_it_should_be() {
        let findings = judge(&facts());
        assert_eq!(findings.len(), 2);
        assert!(
            findings.iter().all(|f| f.level == Level::Ok),
            "{findings:?}"
        );
        assert_eq!(
            of(&findings, "interface.link").found,
            "up, with carrier, 10 Gbit/s, MTU 1,500, driver ixgbe"
        );
        assert_eq!(
            of(&findings, "interface.link").values["speed_mbits"],
            10_000
        );
    }

    #[test]
    fn where_nothing_can_arrive() {
        let mut down = facts();
        down.link.up = false;
        assert!(!down.is_usable());
        let findings = judge(&down);
        let finding = of(&findings, "interface.link");
        assert_eq!(finding.level, Level::Error);
        assert_eq!(finding.mended_by(), "ip link set dev mir0 up");
        let mut unplugged = facts();
        unplugged.link.running = false;
        assert_eq!(of(&judge(&unplugged), "interface.link").level, Level::Error);
        let finding = missing("x", &["eth0".into(), "lo".into()]);
        assert_eq!(finding.level, Level::Error);
        assert!(finding.mended_by().ends_with("eth0, lo"));
        assert!(missing("x", &[]).mended_by().contains("namespace"));
    }

    #[test]
    fn what_only_sees_this_machine() {
        let mut loopback = facts();
        loopback.link.loopback = true;
        let findings = judge(&loopback);
        assert_eq!(of(&findings, "interface.kind").level, Level::Warning);
        assert!(findings.iter().all(|f| f.check != "interface.address"));
        let wireless = Facts {
            is_wireless: true,
            ..facts()
        };
        assert_eq!(
            of(&judge(&wireless), "interface.kind").level,
            Level::Warning
        );
        let mut monitor = wireless;
        monitor.link.hardware = libc::ARPHRD_IEEE80211_RADIOTAP;
        assert!(kind(&monitor).is_none());
        let mut tunnel = facts();
        tunnel.link.hardware = libc::ARPHRD_NONE;
        assert_eq!(of(&judge(&tunnel), "interface.kind").level, Level::Ok);
    }

    #[test]
    fn addresses_of_its_own() {
        let level = |facts: &Facts| address(facts).level;
        assert_eq!(level(&addressed(&["192.0.2.7"])), Level::Warning);
        assert_eq!(
            level(&addressed(&["fe80::1", "2001:db8::7"])),
            Level::Warning
        );
        assert_eq!(level(&addressed(&["fe80::1"])), Level::Ok);
        let mut gateway = addressed(&["192.0.2.7"]);
        gateway.forwards = true;
        assert_eq!(level(&gateway), Level::Ok);
        let mut host = addressed(&["192.0.2.7"]);
        host.default_route = true;
        let finding = address(&host);
        assert_eq!(finding.level, Level::Warning);
        // Whoever is connected through it must not be told to take its address away.
        assert!(!finding.mended_by().contains("flush"), "{finding:?}");
    }

    #[test]
    fn the_kernels_tables() {
        let list = "fe800000000000000000000000000001 03 40 20 80    mir0\n\
                    20010db8000000000000000000000007 02 40 00 80    eth0\ntorn\n";
        let found: Vec<Ipv6Addr> = ipv6(list, "eth0").collect();
        assert_eq!(found, ["2001:db8::7".parse::<Ipv6Addr>().unwrap()]);
        let table = "Iface\tDestination\tGateway\neth0\t00000000\t010200C0\nmir0\t000200C0\t0\n";
        assert!(has_default_route(table, "eth0"));
        assert!(!has_default_route(table, "mir0"));
    }
}

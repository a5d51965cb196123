//! Whether this kernel has what captures and what confines them.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crossbeam_channel::unbounded;

use super::finding::{Finding, command, step};
use crate::live::ethtool::Card;
use crate::live::{Options, Tap, TapError, interfaces};
use crate::sandbox::{self, Item, Level};

/// Bytes of the blocks of rings that are made to see whether they can be.
const BLOCK: u32 = Options::BLOCK_BYTES.0;

/// What was found out.
#[derive(Debug)]
pub(super) struct Facts {
    version: String,
    probe: Probe,
    landlock: Item,
    /// Answers that a filter of system calls can give, as the kernel lists them.
    seccomp: Option<String>,
    /// Whether filters of packets become machine code, as the kernel writes it.
    jit: Option<String>,
}

/// What came of capturing for a moment.
#[derive(Debug)]
enum Probe {
    /// It was not tried, and why.
    Skipped(&'static str),
    /// A ring alone, with the kernel's filter, and two that share an interface.
    Tried {
        ring: Result<(), String>,
        filter: Result<(), String>,
        fanout: Result<(), String>,
    },
}

impl Facts {
    /// `wanted` are interfaces to try first.
    pub(super) fn gather(wanted: &[String], may_capture: bool) -> Self {
        let read = |path: &str| {
            let text = fs::read_to_string(path).ok()?;
            Some(text.trim().to_owned())
        };
        Self {
            version: read("/proc/sys/kernel/osrelease").unwrap_or_else(|| "unknown".into()),
            probe: if may_capture {
                probe(wanted)
            } else {
                Probe::Skipped("cannot be tried without CAP_NET_RAW")
            },
            landlock: sandbox::landlock(),
            seccomp: read("/proc/sys/kernel/seccomp/actions_avail"),
            jit: read("/proc/sys/net/core/bpf_jit_enable"),
        }
    }
}

fn probe(wanted: &[String]) -> Probe {
    // An interface that is down shares nothing out.
    let is_up = |name: &String| {
        let link = Card::open(name).and_then(|card| card.link());
        link.is_ok_and(|link| link.up)
    };
    let all = interfaces();
    let Some(name) = wanted.iter().chain(&all).find(|name| is_up(name)) else {
        return Probe::Skipped("cannot be tried: no interface is up");
    };
    let options = Options {
        ring_bytes: u64::from(BLOCK).saturating_mul(2),
        block_bytes: BLOCK,
        promiscuous: false,
        kernel_filter: false,
        ..Options::default()
    };
    let filtered = Options {
        kernel_filter: true,
        ..options
    };
    let ring = open(name, options, 1);
    Probe::Tried {
        filter: ring.clone().and_then(|()| open(name, filtered, 1)),
        fanout: ring.clone().and_then(|()| open(name, options, 2)),
        ring,
    }
}

/// Opens so many rings on an interface, and closes them.
fn open(name: &str, options: Options, taps: usize) -> Result<(), String> {
    let stop = Arc::new(AtomicBool::new(false));
    let (news, _) = unbounded();
    let taps = Tap::open(name, taps, options, &stop, &news);
    taps.map(drop).map_err(|error| match error {
        TapError::Io { action, cause, .. } => format!("cannot {action}: {cause}"),
        error => error.to_string(),
    })
}

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let version = &facts.version;
    let mut findings =
        vec![Finding::ok("kernel.version", format!("Linux {version}")).with("version", &**version)];
    capture(&facts.probe, &mut findings);
    findings.push(landlock(&facts.landlock));
    findings.push(seccomp(facts.seccomp.as_deref()));
    findings.push(jit(facts.jit.as_deref()));
    findings
}

fn capture(probe: &Probe, findings: &mut Vec<Finding>) {
    const RING: &str = "kernel.ring";
    const FILTER: &str = "kernel.filter";
    const FANOUT: &str = "kernel.fanout";
    let (ring, filter, fanout) = match probe {
        Probe::Skipped(why) => {
            findings.extend([RING, FILTER, FANOUT].map(|check| Finding::skipped(check, *why)));
            return;
        }
        Probe::Tried {
            ring,
            filter,
            fanout,
        } => (ring, filter, fanout),
    };
    if let Err(why) = ring {
        findings.push(Finding::error(
            RING,
            format!("packets cannot be captured: {why}"),
            step(
                "allow packet sockets: a container's seccomp profile, SELinux or AppArmor may stand \
                 before them (see the audit log); the kernel needs CONFIG_PACKET",
            ),
        ));
        let why = "cannot be tried without a ring";
        findings.extend([FILTER, FANOUT].map(|check| Finding::skipped(check, why)));
        return;
    }
    findings.push(Finding::ok(
        RING,
        "rings shared with the kernel (TPACKET_V3) work",
    ));
    findings.push(match filter {
        Ok(()) => Finding::ok(
            FILTER,
            "the filter that leaves bulk in the kernel is accepted",
        ),
        Err(why) => Finding::warning(
            FILTER,
            format!("the filter that leaves bulk in the kernel is refused: {why}"),
            step("run `watch --no-kernel-filter`, which takes more processor time"),
        ),
    });
    findings.push(match fanout {
        Ok(()) => Finding::ok(FANOUT, "threads can share an interface (PACKET_FANOUT)"),
        Err(why) => Finding::warning(
            FANOUT,
            format!("threads cannot share an interface: {why}"),
            step("run `watch --threads 1`"),
        ),
    });
}

fn landlock(item: &Item) -> Finding {
    let check = "kernel.landlock";
    let detail = &item.detail;
    let newer = || step("use a newer kernel, or accept that `watch` confines itself less");
    match &item.level {
        Level::Applied | Level::Off => Finding::ok(
            check,
            format!("{detail}: `watch` can shut itself off from files"),
        ),
        Level::Partly(why) => Finding::warning(check, format!("{detail}: {why}"), newer()),
        Level::Missing(why) => Finding::warning(check, why.as_str(), newer()),
    }
    .with("state", item.level.name())
}

fn seccomp(actions: Option<&str>) -> Finding {
    let check = "kernel.seccomp";
    let all = ["kill_process", "errno", "allow"];
    let has = |actions: &str| {
        let known: Vec<&str> = actions.split_whitespace().collect();
        all.iter().all(|action| known.contains(action))
    };
    match actions {
        Some(actions) if has(actions) => Finding::ok(
            check,
            "`watch` can give up system calls that it does not need",
        ),
        _ => Finding::warning(
            check,
            "filters of system calls are missing: `watch` keeps all calls",
            step(
                "use a kernel with CONFIG_SECCOMP_FILTER, or accept that `watch` confines itself less",
            ),
        ),
    }
}

fn jit(setting: Option<&str>) -> Finding {
    let check = "kernel.bpf_jit";
    match setting {
        Some("0") => Finding::warning(
            check,
            "the kernel interprets its filters of packets, which takes processor time",
            command("sysctl -w net.core.bpf_jit_enable=1"),
        ),
        Some(_) => Finding::ok(check, "filters of packets are compiled"),
        None => Finding::skipped(
            check,
            "not told here: only the first network namespace has net.core.bpf_jit_enable",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Level as Found, of};
    use super::*;
    use crate::sandbox::Layer;

    fn item(level: Level) -> Item {
        Item {
            layer: Layer::Landlock,
            level,
            detail: "ABI 6".into(),
        }
    }

    fn facts(probe: Probe) -> Facts {
        Facts {
            version: "6.12.0".into(),
            probe,
            landlock: item(Level::Applied),
            seccomp: Some("kill_process kill_thread trap errno trace log allow".into()),
            jit: Some("1".into()),
        }
    }

    fn tried(ring: bool, filter: bool, fanout: bool) -> Vec<Finding> {
        let result = |good: bool| good.then_some(()).ok_or_else(|| "no".to_owned());
        judge(&facts(Probe::Tried {
            ring: result(ring),
            filter: result(filter),
            fanout: result(fanout),
        }))
    }

    #[test]
    fn a_good_kernel_has_nothing_to_mend() {
        let findings = tried(true, true, true);
        assert!(
            findings.iter().all(|f| f.level == Found::Ok),
            "{findings:?}"
        );
        assert!(findings.iter().all(|f| f.mend.is_none()));
        assert_eq!(of(&findings, "kernel.version").values["version"], "6.12.0");
    }

    #[test]
    fn what_is_refused_is_told() {
        let findings = tried(false, false, false);
        assert_eq!(of(&findings, "kernel.ring").level, Found::Error);
        assert_eq!(of(&findings, "kernel.fanout").level, Found::Skipped);
        let findings = tried(true, false, false);
        assert!(
            of(&findings, "kernel.filter")
                .mended_by()
                .contains("--no-kernel-filter")
        );
        assert!(
            of(&findings, "kernel.fanout")
                .mended_by()
                .contains("--threads 1")
        );
    }

    #[test]
    fn what_cannot_be_tried_is_no_fault() {
        let findings = judge(&facts(Probe::Skipped("no right")));
        for check in ["kernel.ring", "kernel.filter", "kernel.fanout"] {
            assert_eq!(of(&findings, check).level, Found::Skipped);
        }
    }

    #[test]
    fn what_confines() {
        assert_eq!(
            landlock(&item(Level::Missing("none".into()))).level,
            Found::Warning
        );
        assert_eq!(
            landlock(&item(Level::Partly("old".into()))).level,
            Found::Warning
        );
        assert_eq!(seccomp(None).level, Found::Warning);
        assert_eq!(seccomp(Some("trap log")).level, Found::Warning);
        assert_eq!(jit(Some("0")).level, Found::Warning);
        assert_eq!(jit(Some("2")).level, Found::Ok);
        assert_eq!(jit(None).level, Found::Skipped);
    }
}

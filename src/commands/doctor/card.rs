//! Whether the card hands over all frames, and as they were on the wire.

use super::finding::{Finding, Mend, command, step};
use crate::live::ethtool::{Card, Offloads, Rings};
use crate::output::grouped;
use crate::sandbox::rights::shell_word;

/// What was found out.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    name: String,
    /// `None` where there are none, or the driver does not tell.
    rings: Option<Rings>,
    offloads: Offloads,
    /// `None` where the driver does not tell.
    clock: Option<bool>,
}

impl Facts {
    pub(super) fn gather(card: &Card, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            rings: card.rings().ok().filter(|rings| rings.rx_max != 0),
            offloads: card.offloads(),
            clock: card.has_clock().ok(),
        }
    }

    /// The command that makes its ring as large as it can be, where it is not.
    pub(super) fn larger_ring(&self) -> Option<String> {
        let rings = self.rings.filter(|rings| rings.rx < rings.rx_max)?;
        let name = shell_word(&self.name);
        Some(format!("ethtool -G {name} rx {}", rings.rx_max))
    }

    /// The command that stops frames from being merged, where they are.
    pub(super) fn unmerged(&self) -> Option<String> {
        let merging = self.merging();
        if merging.is_empty() {
            return None;
        }
        let off: Vec<String> = merging.iter().map(|name| format!("{name} off")).collect();
        let name = shell_word(&self.name);
        Some(format!("ethtool -K {name} {}", off.join(" ")))
    }

    /// Names of the offloads that merge frames and are on.
    fn merging(&self) -> Vec<&'static str> {
        [("gro", self.offloads.gro), ("lro", self.offloads.lro)]
            .into_iter()
            .filter_map(|(name, on)| (on == Some(true)).then_some(name))
            .collect()
    }
}

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    vec![ring(facts), offloads(facts), vlan(facts), clock(facts)]
}

fn ring(facts: &Facts) -> Finding {
    let check = "card.ring";
    let Some(rings) = facts.rings else {
        return Finding::skipped(check, "the driver has no receive ring, or does not tell");
    };
    let Rings { rx, rx_max } = rings;
    match facts.larger_ring() {
        Some(larger) => Finding::warning(
            check,
            format!(
                "{} of {} places for received frames: bursts are lost in the card",
                grouped(rx.into()),
                grouped(rx_max.into())
            ),
            command(larger),
        ),
        None => Finding::ok(
            check,
            format!(
                "{} places for received frames, as many as there can be",
                grouped(rx.into())
            ),
        ),
    }
    .with("rx", rx)
    .with("rx_max", rx_max)
}

fn offloads(facts: &Facts) -> Finding {
    let check = "card.offloads";
    let Offloads { gro, lro, .. } = facts.offloads;
    match facts.unmerged() {
        Some(unmerged) => Finding::warning(
            check,
            format!(
                "{} merges segments: sizes and counts are not those of the wire",
                facts.merging().join(" and ").to_uppercase()
            ),
            command(unmerged),
        ),
        None if gro.is_none() && lro.is_none() => {
            Finding::skipped(check, "the driver does not tell whether frames are merged")
        }
        None => Finding::ok(check, "frames are not merged (GRO and LRO are off)"),
    }
    .with("gro", gro)
    .with("lro", lro)
}

fn vlan(facts: &Facts) -> Finding {
    let check = "card.vlan";
    match facts.offloads.rx_vlan {
        Some(true) => Finding::ok(
            check,
            "VLAN tags are taken out by the card, and put back here",
        ),
        Some(false) => Finding::ok(check, "VLAN tags stay in their frames"),
        None => Finding::skipped(check, "the driver does not tell what becomes of VLAN tags"),
    }
    .with("rx_vlan", facts.offloads.rx_vlan)
}

fn clock(facts: &Facts) -> Finding {
    let check = "card.clock";
    match facts.clock {
        Some(true) => Finding::ok(
            check,
            "it can give packets their time (`watch --clock card`)",
        ),
        Some(false) => Finding::ok(
            check,
            "it has none for packets: this machine's gives them their time",
        ),
        None => Finding::skipped(check, "the driver does not tell whether it has one"),
    }
    .with("every_packet", facts.clock)
}

/// What to do where frames are longer than the interface's MTU, and no offload is known to merge them.
pub(super) fn longer_mtu(name: &str) -> Mend {
    step(format!(
        "if the mirrored network has longer frames: ip link set dev {} mtu 9000",
        shell_word(name)
    ))
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Level, of};
    use super::*;

    fn facts(rx: u32, gro: bool, lro: bool) -> Facts {
        Facts {
            name: "eth0".into(),
            rings: Some(Rings { rx, rx_max: 4_096 }),
            offloads: Offloads {
                gro: Some(gro),
                lro: Some(lro),
                rx_vlan: Some(true),
            },
            clock: Some(false),
        }
    }

    #[test]
    fn a_card_that_is_set_up() {
        let findings = judge(&facts(4_096, false, false));
        assert!(
            findings.iter().all(|f| f.level == Level::Ok),
            "{findings:?}"
        );
    }

    #[test]
    fn a_small_ring_can_be_made_larger() {
        let findings = judge(&facts(512, false, false));
        let ring = of(&findings, "card.ring");
        assert_eq!(ring.level, Level::Warning);
        assert_eq!(ring.mended_by(), "ethtool -G eth0 rx 4096");
        assert_eq!(
            (&ring.values["rx"], &ring.values["rx_max"]),
            (&512.into(), &4_096.into())
        );
    }

    #[test]
    fn what_merges_is_switched_off_by_one_command() {
        for (gro, lro, wanted) in [
            (true, true, "ethtool -K eth0 gro off lro off"),
            (true, false, "ethtool -K eth0 gro off"),
            (false, true, "ethtool -K eth0 lro off"),
        ] {
            let findings = judge(&facts(4_096, gro, lro));
            let offloads = of(&findings, "card.offloads");
            assert_eq!(offloads.level, Level::Warning);
            assert_eq!(offloads.mended_by(), wanted);
        }
    }

    #[test]
    fn a_driver_that_tells_nothing_is_no_fault() {
        let findings = judge(&Facts::default());
        assert_eq!(findings.len(), 4);
        assert!(
            findings.iter().all(|f| f.level == Level::Skipped),
            "{findings:?}"
        );
    }
}

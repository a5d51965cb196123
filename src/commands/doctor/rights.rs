//! Whether this process may capture, and who it is.

use std::path::PathBuf;

use super::finding::{Finding, command, step};
use crate::sandbox::rights;

/// Bit of `CAP_NET_RAW` in the sets of /proc/self/status.
const NET_RAW: u32 = 13;

/// What was found out.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// The right is effective.
    pub(super) held: bool,
    pub(super) is_root: bool,
    /// The right came from whoever started this program.
    inherited: bool,
    user: String,
    program: PathBuf,
}

impl Facts {
    pub(super) fn gather() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let uid = nix::unistd::geteuid();
        let user = nix::unistd::User::from_uid(uid).ok().flatten();
        Self {
            held: rights::has_net_raw(),
            is_root: uid.is_root(),
            inherited: has(&status, "CapAmb:"),
            user: user.map_or_else(|| format!("number {uid}"), |user| user.name),
            program: std::env::current_exe().unwrap_or_else(|_| "bellerophon".into()),
        }
    }
}

/// Whether a set of capabilities has `CAP_NET_RAW`.
fn has(status: &str, set: &str) -> bool {
    let digits = status.lines().find_map(|line| line.strip_prefix(set));
    digits
        .and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok())
        .is_some_and(|bits| bits >> NET_RAW & 1 != 0)
}

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let check = "rights.capability";
    let capability = match (facts.held, facts.is_root) {
        (true, true) => Finding::ok(check, "CAP_NET_RAW is held, as all of root's rights"),
        (true, false) if facts.inherited => Finding::ok(
            check,
            "CAP_NET_RAW is held, given by what started this program",
        ),
        (true, false) => Finding::ok(check, "CAP_NET_RAW is held, granted to the program's file"),
        (false, true) => Finding::error(
            check,
            "no CAP_NET_RAW, although this is root: a container's runtime keeps it back",
            step("start the container with --cap-add NET_RAW --network host"),
        ),
        (false, false) => Finding::error(
            check,
            "no CAP_NET_RAW: packets cannot be captured",
            command(rights::grant(&facts.program)),
        ),
    };
    let user = if facts.is_root {
        "root; `watch --user NAME` stops being root once its interfaces are open".to_owned()
    } else {
        facts.user.clone()
    };
    vec![
        capability.with("held", facts.held),
        Finding::ok("rights.user", user).with("user", facts.user.as_str()),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Level, Mend, of};
    use super::*;

    fn judged(held: bool, is_root: bool, inherited: bool) -> Finding {
        let facts = Facts {
            held,
            is_root,
            inherited,
            user: "bellerophon".into(),
            program: "/opt/b b".into(),
        };
        of(&judge(&facts), "rights.capability").clone()
    }

    #[test]
    fn sets_of_capabilities() {
        let status = "Name:\tb\nCapEff:\t0000000000002000\nCapAmb:\t0000000000001000\n";
        assert!(has(status, "CapEff:"));
        assert!(!has(status, "CapAmb:"));
        assert!(!has(status, "CapBnd:"));
        assert!(!has("CapEff:\tmany\n", "CapEff:"));
    }

    #[test]
    fn who_may_capture_is_told_why() {
        for (is_root, inherited, why) in [
            (true, false, "root's rights"),
            (false, true, "what started this program"),
            (false, false, "the program's file"),
        ] {
            let finding = judged(true, is_root, inherited);
            assert_eq!(finding.level, Level::Ok);
            assert!(finding.found.contains(why), "{finding:?}");
        }
    }

    #[test]
    fn who_may_not_capture_is_told_one_command() {
        let finding = judged(false, false, false);
        assert_eq!(finding.level, Level::Error);
        let setcap = Mend::Command("setcap cap_net_raw=eip '/opt/b b'".into());
        assert_eq!(finding.mend, Some(setcap));
        let finding = judged(false, true, false);
        assert_eq!(finding.level, Level::Error);
        assert!(finding.mended_by().contains("--cap-add NET_RAW"));
    }
}

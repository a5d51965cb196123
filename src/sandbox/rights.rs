//! The one right that live capture needs, and how to get it.

use std::path::Path;

/// Whether this thread may open packet sockets: `CAP_NET_RAW` is effective. Without Linux, never.
#[cfg(target_os = "linux")]
#[must_use]
pub fn has_net_raw() -> bool {
    use rustix::thread::{CapabilitySet, capabilities};
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::NET_RAW))
}

/// Whether this thread may open packet sockets: `CAP_NET_RAW` is effective. Without Linux, never.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn has_net_raw() -> bool {
    false
}

/// What to do where a packet socket was refused with `EPERM` or `EACCES`: several lines, without a line end behind the
/// last. `program` is the path of the executable file.
#[must_use]
pub fn explain(program: &Path) -> String {
    text(program, has_net_raw())
}

fn text(program: &Path, held: bool) -> String {
    if held {
        return "CAP_NET_RAW is held, and the kernel still refuses packet sockets. Something stands before it: \
                a network namespace that belongs to another user namespace (rootless containers), a seccomp profile, or \
                SELinux or AppArmor (see the audit log)."
            .into();
    }
    format!(
        "Capturing needs the capability CAP_NET_RAW and nothing else of root. Grant it to the program once, \
         and again after each update of the file:\n\n    sudo {}\n\n\
         In a container, being root is not enough: the runtime must allow the capability as well (docker run \
         --cap-add NET_RAW --network host; in Kubernetes securityContext.capabilities.add: [NET_RAW]).",
        grant(program)
    )
}

/// The command that grants the right to the program's file. Only root may run it.
#[must_use]
pub fn grant(program: &Path) -> String {
    format!(
        "setcap cap_net_raw=eip {}",
        shell_word(&program.to_string_lossy())
    )
}

/// The text as one word of a POSIX shell.
#[must_use]
pub fn shell_word(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if !path.is_empty() && !path.starts_with('-') && path.chars().all(plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_command_is_named() {
        let text = text(Path::new("/usr/local/bin/bellerophon"), false);
        assert_eq!(text.matches("sudo ").count(), 1);
        assert!(
            text.contains("\n    sudo setcap cap_net_raw=eip /usr/local/bin/bellerophon\n"),
            "{text}"
        );
        assert!(text.contains("In a container"));
    }

    #[test]
    fn a_right_that_is_held_is_not_asked_for() {
        let text = text(Path::new("/bin/b"), true);
        assert!(!text.contains("setcap"), "{text}");
    }

    #[test]
    fn the_path_is_one_word() {
        assert_eq!(shell_word("/a b/it's"), r"'/a b/it'\''s'");
        assert_eq!(shell_word("/opt/b-1.0/x_y"), "/opt/b-1.0/x_y");
        assert_eq!(shell_word(""), "''");
    }
}

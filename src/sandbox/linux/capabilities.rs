//! Capabilities: all are given up, but for `CAP_NET_RAW` where it is kept.

use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capabilities,
    capability_is_in_ambient_set, capability_is_in_bounding_set, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits,
    set_keep_capabilities,
};

use super::level_of;
use crate::sandbox::{Item, Layer, Level, SandboxError};

/// What was given up, and what could not be.
#[derive(Debug)]
pub(super) struct Limited {
    kept: CapabilitySet,
    /// The sets were not changed at all.
    failed: Option<String>,
    lacks: Vec<String>,
}

/// Gives up everything but what is kept. The bounding set and the securebits are changed where
/// `CAP_SETPCAP` is ours: without it they are not ours to change, and `no_new_privs` makes them idle.
pub(super) fn limit(keep_raw: bool) -> Limited {
    let mut limited = Limited {
        kept: CapabilitySet::empty(),
        failed: None,
        lacks: Vec::new(),
    };
    let permitted = match capabilities(None) {
        Ok(sets) => sets.permitted,
        Err(e) => {
            limited.failed = Some(format!("cannot be read: {e}"));
            return limited;
        }
    };
    if permitted.contains(CapabilitySet::SETPCAP) {
        limited.lacks.extend(lock_down(permitted));
    }
    if keep_raw {
        limited.kept = permitted & CapabilitySet::NET_RAW;
    }
    // Kernels before 4.3 have no ambient set, and then nothing is in it.
    let _ = clear_ambient_capability_set();
    if let Err(e) = set_capabilities(None, exactly(limited.kept)) {
        limited.failed = Some(format!("cannot be given up: {e}"));
    }
    limited
}

/// Empties the bounding set and locks the securebits, with `CAP_SETPCAP` in effect for as long as it takes.
/// Gives what could not be done.
fn lock_down(permitted: CapabilitySet) -> Option<String> {
    let for_now = CapabilitySets {
        effective: CapabilitySet::SETPCAP,
        permitted,
        inheritable: CapabilitySet::empty(),
    };
    let work = || {
        set_capabilities(None, for_now)?;
        for bit in 0..u64::BITS {
            let one = CapabilitySet::from_bits_retain(1_u64.wrapping_shl(bit));
            // An error is a number that this kernel does not know; numbers have no gaps.
            match capability_is_in_bounding_set(one) {
                Ok(true) => remove_capability_from_bounding_set(one)?,
                Ok(false) => {}
                Err(_) => break,
            }
        }
        set_keep_capabilities(false)?;
        set_capabilities_secure_bits(
            CapabilitiesSecureBits::NO_ROOT
                | CapabilitiesSecureBits::NO_ROOT_LOCKED
                | CapabilitiesSecureBits::NO_SETUID_FIXUP
                | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
                | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
                | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
                | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED,
        )
    };
    let done: rustix::io::Result<()> = work();
    done.err()
        .map(|e| format!("the bounding set and securebits cannot be locked: {e}"))
}

fn exactly(kept: CapabilitySet) -> CapabilitySets {
    CapabilitySets {
        effective: kept,
        permitted: kept,
        inheritable: CapabilitySet::empty(),
    }
}

/// Looks whether the sets are what was set, with all 64 bits.
///
/// # Errors
///
/// They are not.
pub(super) fn verify(limited: &Limited) -> Result<(), SandboxError> {
    if limited.failed.is_some() {
        return Ok(());
    }
    let ambient = capability_is_in_ambient_set(CapabilitySet::NET_RAW).unwrap_or(false);
    match capabilities(None) {
        Ok(sets) if sets == exactly(limited.kept) && !ambient => Ok(()),
        sets => Err(SandboxError::StillThere {
            what: format!("capabilities {sets:?}, ambient {ambient}"),
        }),
    }
}

impl Limited {
    pub(super) fn report(mut self, keep_raw: bool) -> Item {
        if let Some(why) = self.failed {
            return Item::new(Layer::Capabilities, Level::Missing(why), "");
        }
        let detail = if self.kept.is_empty() {
            "none"
        } else {
            "cap_net_raw"
        };
        if keep_raw && self.kept.is_empty() {
            self.lacks.push(
                "CAP_NET_RAW is not held, so an interface that comes back cannot be opened again; \
                 grant it with: sudo setcap cap_net_raw=eip PROGRAM"
                    .into(),
            );
        }
        Item::new(Layer::Capabilities, level_of(&self.lacks), detail)
    }
}

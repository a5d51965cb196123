//! FDDI (ISO 9314-2): frame control, two addresses, LLC.

use super::{Gap, Next, ethernet, fixed, no_names, truncated};
use crate::source::LinkType;

pub(super) fn decode(data: &[u8]) -> Result<Next<'_>, Gap> {
    const LINK: LinkType = LinkType::FDDI;
    let Some(control) = data.first() else {
        return Err(truncated(LINK));
    };
    // Class and address length in the upper bits do not matter; 01 is LLC, the rest is management.
    if control & 0x30 != 0x10 {
        return Err(no_names(LINK, u16::from(*control)));
    }
    ethernet::llc(fixed::skip(LINK, data, 13)?)
}

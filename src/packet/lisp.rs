//! LISP data (RFC 9300 section 5).

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Layer, Next, bits24, shape};

const INSTANCE: u8 = 0x08;

pub(super) fn decode<'a>(data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some(([flags, _, _, _, instance @ .., _], inner)) = data.split_first_chunk::<8>() else {
        return Err(Gap::truncated(Layer::Lisp));
    };
    // Nothing marks the header as such, so the packet inside must be right.
    if !shape::is_ip(inner) {
        return Err(Gap::malformed(Layer::Lisp));
    }
    let id = (flags & INSTANCE != 0).then(|| bits24(*instance));
    path.push_between(Encapsulation::Lisp, id, Some(ends));
    Ok(Next::Ip(inner))
}

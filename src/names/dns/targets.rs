//! Name-valued fields of record data, by type (IANA "Resource Record (RR) TYPEs").

use super::End;
use super::seen::Place;
use super::walk::Walk;
use crate::names::Kind;

/// Where the names of a record's data stand.
struct Layout {
    /// Bytes before the first name.
    skip: usize,
    names: Names,
}

enum Names {
    /// So many, one behind the other.
    Count(u8),
    /// As many as there are up to the end of the data.
    ToTheEnd,
}

const fn layout(skip: usize, names: u8) -> Option<Layout> {
    Some(Layout {
        skip,
        names: Names::Count(names),
    })
}

impl<V: FnMut(Kind, &[u8])> Walk<'_, '_, V> {
    /// Reads the names in the `length` bytes of record data at `data`.
    pub(super) fn targets(&mut self, rr_type: u16, data: usize, length: usize) -> Result<(), End> {
        // An update message (RFC 2136) deletes with empty record data.
        if length == 0 {
            return Ok(());
        }
        let Some(Layout { skip, names }) = self.layout(rr_type, data)? else {
            return Ok(());
        };
        let end = data.saturating_add(length);
        let mut at = data.saturating_add(skip);
        let mut left = match names {
            Names::Count(n) => usize::from(n),
            Names::ToTheEnd => usize::MAX,
        };
        let to_the_end = matches!(names, Names::ToTheEnd);
        while left > 0 && !(to_the_end && at >= end) {
            // A name that leaves its record is made of other records' bytes: look before pushing.
            self.skip_name(at, end)?;
            at = self.name(at, Place::Record)?;
            left = left.saturating_sub(1);
        }
        Ok(())
    }

    /// `None` for a type without names in its data.
    fn layout(&self, rr_type: u16, data: usize) -> Result<Option<Layout>, End> {
        Ok(match rr_type {
            // NS MD MF CNAME MB MG MR PTR NSAP-PTR NXT DNAME NSEC TKEY TSIG
            2 | 3 | 4 | 5 | 7 | 8 | 9 | 12 | 23 | 30 | 39 | 47 | 249 | 250 => layout(0, 1),
            // SOA MINFO RP TALINK
            6 | 14 | 17 | 58 => layout(0, 2),
            // MX AFSDB RT KX SVCB HTTPS LP
            15 | 18 | 21 | 36 | 64 | 65 | 107 => layout(2, 1),
            // PX
            26 => layout(2, 2),
            // SRV
            33 => layout(6, 1),
            // SIG RRSIG
            24 | 46 => layout(18, 1),
            // NAPTR: order, preference, three character-strings
            35 => layout(self.naptr_prefix(data)?, 1),
            // A6 (RFC 2874): prefix length in bits, what is left of the address, prefix name
            38 => match self.octet(data, 0)? {
                0 => None,
                bits @ 1..=128 => {
                    let suffix = 128u8.wrapping_sub(bits).div_ceil(8);
                    layout(usize::from(suffix).saturating_add(1), 1)
                }
                _ => return Err(End::Malformed),
            },
            // IPSECKEY (RFC 4025): precedence, gateway type, algorithm; a gateway of type 3 is a name
            45 => match self.octet(data, 1)? {
                3 => layout(3, 1),
                _ => None,
            },
            // HIP (RFC 8005): lengths and algorithm, tag, key, rendezvous servers
            55 => {
                let key = u16::from_be_bytes([self.octet(data, 2)?, self.octet(data, 3)?]);
                let tag = usize::from(self.octet(data, 0)?);
                Some(Layout {
                    skip: 4usize.saturating_add(tag).saturating_add(usize::from(key)),
                    names: Names::ToTheEnd,
                })
            }
            // DSYNC (RFC 9859): type, scheme, port
            66 => layout(5, 1),
            // AMTRELAY (RFC 8777): precedence, a flag and the relay's type; 3 is a name
            260 => match self.octet(data, 1)? & 0x7f {
                3 => layout(2, 1),
                _ => None,
            },
            // WINS-R of Microsoft's servers: flags and two time-outs
            0xff02 => layout(12, 1),
            _ => None,
        })
    }

    fn octet(&self, data: usize, at: usize) -> Result<u8, End> {
        let octet = self.message.get(data.saturating_add(at));
        octet.copied().ok_or(End::Short)
    }

    fn naptr_prefix(&self, data: usize) -> Result<usize, End> {
        let mut skip = 4usize;
        for _ in 0..3 {
            let length = self.octet(data, skip)?;
            skip = skip.saturating_add(1).saturating_add(usize::from(length));
        }
        Ok(skip)
    }
}

#[cfg(test)]
#[path = "targets_tests.rs"]
mod tests;

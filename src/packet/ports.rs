//! A set of port numbers that most packets are asked about.

/// Tells nearly always with one look that a port is not in the set: one bit for the last twelve bits
/// of each, 512 bytes in all.
#[derive(Debug)]
pub(crate) struct Ports([u64; 64]);

impl Ports {
    /// The set of `ports`.
    pub(crate) const fn new(mut ports: &[u16]) -> Self {
        let mut bits = [0u64; 64];
        while let [port, rest @ ..] = ports {
            #[allow(clippy::indexing_slicing)] // the index is below 64; `get_mut` is not const
            {
                bits[(*port >> 6 & 63) as usize] |= 1 << (*port & 63);
            }
            ports = rest;
        }
        Self(bits)
    }

    /// False where neither port is in the set.
    #[inline]
    pub(crate) fn may_have(&self, sport: u16, dport: u16) -> bool {
        self.may_have_one(sport) || self.may_have_one(dport)
    }

    #[inline]
    fn may_have_one(&self, port: u16) -> bool {
        self.0
            .get(usize::from(port >> 6 & 63))
            .is_some_and(|bits| bits >> (port & 63) & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_of_the_set_is_in_it_and_hardly_another() {
        let ports = [53, 137, 5_353, 5_355, 37_008, 51_820, 0, u16::MAX];
        let set = Ports::new(&ports);
        let mut known = 0;
        for port in 0..=u16::MAX {
            let may = set.may_have(port, 1);
            assert_eq!(may, set.may_have(1, port));
            assert!(may || !ports.contains(&port));
            known += usize::from(may);
        }
        assert!(known <= 16 * ports.len(), "{known}");
    }
}

//! Networks in the order of their first addresses, each with the next wider one: what finds the
//! most specific network of an address.
//!
//! Two networks are either apart, or one contains the other. So the last network that begins at or
//! before an address contains it, or one of the wider networks around it does, or none.

/// How many networks a block has, of which the first is looked at first. Of IPv4 it is one line of the cache.
const BLOCK: usize = 16;
/// In place of a wider network: there is none.
const NONE: u32 = u32::MAX;

/// An address as a number.
pub(super) trait Address: Copy + Ord {
    /// Whether the first `prefix` bits of both are the same.
    fn shares(self, other: Self, prefix: u8) -> bool;
    /// Whether it is the other or stands before it.
    fn not_behind(self, other: Self) -> bool;
    /// The bits with the first one uppermost, followed by zeros.
    fn aligned(self) -> u128;
}

impl Address for u32 {
    #[inline]
    fn shares(self, other: Self, prefix: u8) -> bool {
        (self ^ other).leading_zeros() >= u32::from(prefix)
    }

    #[inline]
    fn not_behind(self, other: Self) -> bool {
        self <= other
    }

    fn aligned(self) -> u128 {
        u128::from(self) << 96
    }
}

impl Address for u128 {
    #[inline]
    fn shares(self, other: Self, prefix: u8) -> bool {
        (self ^ other).leading_zeros() >= u32::from(prefix)
    }

    #[inline]
    fn not_behind(self, other: Self) -> bool {
        // By halves, and without a branch, which a search could not foresee.
        let (upper, lower) = ((self >> 64) as u64, self as u64);
        let (other_upper, other_lower) = ((other >> 64) as u64, other as u64);
        (upper < other_upper) | ((upper == other_upper) & (lower <= other_lower))
    }

    fn aligned(self) -> u128 {
        self
    }
}

/// One network for one port. The order of the fields is the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item<A> {
    /// The first address.
    pub(super) start: A,
    /// How many bits its addresses have in common.
    pub(super) prefix: u8,
    /// The port, or 0 for all ports.
    pub(super) port: u16,
    /// The number of the indicator.
    pub(super) number: u32,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// The narrowest network that contains this one, or [`NONE`].
    wider: u32,
    /// Its first place in [`Table::ports`]; the next node's is its end.
    ports: u32,
    prefix: u8,
}

/// All networks of one family.
#[derive(Debug)]
pub(super) struct Table<A> {
    /// The first address of each network, each once for each prefix, in order.
    starts: Vec<A>,
    nodes: Vec<Node>,
    /// For each network, in the order of the ports: the port, or 0 for all, and the number.
    ports: Vec<(u16, u32)>,
    /// The first address of each block of networks.
    blocks: Vec<A>,
}

impl<A: Address> Table<A> {
    /// Of at most 2^31 items.
    pub(super) fn new(mut items: Vec<Item<A>>) -> Self {
        items.sort_unstable();
        // Of equal ones the lowest number stands first.
        items.dedup_by_key(|item| (item.start, item.prefix, item.port));
        let (mut starts, mut nodes) = (Vec::new(), Vec::<Node>::new());
        let mut ports = Vec::with_capacity(items.len());
        // The networks that contain the one at hand, the widest first.
        let mut around: Vec<(A, u8, u32)> = Vec::new();
        for item in items {
            let last = around.last();
            if last.is_none_or(|(start, prefix, _)| (*start, *prefix) != (item.start, item.prefix))
            {
                while let Some((start, prefix, _)) = around.last()
                    && !start.shares(item.start, *prefix)
                {
                    around.pop();
                }
                nodes.push(Node {
                    wider: around.last().map_or(NONE, |(_, _, at)| *at),
                    ports: ports.len() as u32,
                    prefix: item.prefix,
                });
                around.push((item.start, item.prefix, starts.len() as u32));
                starts.push(item.start);
            }
            ports.push((item.port, item.number));
        }
        starts.shrink_to_fit();
        nodes.shrink_to_fit();
        ports.shrink_to_fit();
        Self {
            blocks: starts.iter().step_by(BLOCK).copied().collect(),
            starts,
            nodes,
            ports,
        }
    }

    /// The number of the most specific network that applies to the address and the port.
    pub(super) fn find(&self, address: A, port: u16) -> Option<u32> {
        self.find_but(address, port, |_| false)
    }

    /// The same, as if those that are `left_out` were not listed.
    #[inline]
    pub(super) fn find_but(
        &self,
        address: A,
        port: u16,
        left_out: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let mut at = self.last_before(address)?;
        // Each step leads to a shorter prefix.
        loop {
            let node = self.nodes.get(at)?;
            if self.starts.get(at)?.shares(address, node.prefix)
                && let Some(number) = self.number(at, node, port)
                && !left_out(number)
            {
                return Some(number);
            }
            at = node.wider as usize;
        }
    }

    /// The last network that begins at the address or before it.
    fn last_before(&self, address: A) -> Option<usize> {
        let block = self
            .blocks
            .partition_point(|start| start.not_behind(address));
        let begin = block.checked_sub(1)?.saturating_mul(BLOCK);
        let rest = self.starts.get(begin..)?;
        let block = rest.get(..BLOCK).unwrap_or(rest);
        let within = block.partition_point(|start| start.not_behind(address));
        begin.saturating_add(within).checked_sub(1)
    }

    /// The number of one network for a port, where it applies to it.
    fn number(&self, at: usize, node: &Node, port: u16) -> Option<u32> {
        let end = self
            .nodes
            .get(at.saturating_add(1))
            .map_or(self.ports.len(), |next| next.ports as usize);
        let ports = self.ports.get(node.ports as usize..end)?;
        let (first, number) = *ports.first()?;
        if let Ok(place) = ports.binary_search_by_key(&port, |(port, _)| *port) {
            return ports.get(place).map(|(_, number)| *number);
        }
        (first == 0).then_some(number)
    }

    /// All networks, each once: the first address and the prefix.
    pub(super) fn networks(&self) -> impl Iterator<Item = (A, u8)> {
        let prefixes = self.nodes.iter().map(|node| node.prefix);
        self.starts.iter().copied().zip(prefixes)
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Bytes of heap.
    pub(super) fn memory(&self) -> usize {
        size_of_val(self.starts.as_slice())
            .saturating_add(size_of_val(self.nodes.as_slice()))
            .saturating_add(size_of_val(self.ports.as_slice()))
            .saturating_add(size_of_val(self.blocks.as_slice()))
    }
}

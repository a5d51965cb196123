//! The bytes of all datagrams: chains of pages of one size out of one store. What is held is then
//! exactly what the bound says, and no buffer that once was long stays long.

/// Bytes of a page. Small, as a datagram wastes half a page on average.
pub(super) const PAGE: usize = 512;

const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Page {
    bytes: [u8; PAGE],
    next: u32,
}

/// Where a byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    page: u32,
    at: usize,
}

/// Bytes in the order in which they were appended.
#[derive(Debug)]
pub(super) struct Chain {
    first: u32,
    last: u32,
    /// Bytes used of the last page.
    used: usize,
}

impl Chain {
    pub(super) const EMPTY: Self = Self {
        first: NONE,
        last: NONE,
        used: PAGE,
    };
}

/// The store.
#[derive(Debug)]
pub(super) struct Pages {
    /// Grows to `most` pages and then never again.
    pages: Vec<Page>,
    free: Vec<u32>,
    most: usize,
}

impl Pages {
    /// For `bytes` in all, rounded up to whole pages.
    pub(super) fn new(bytes: usize) -> Self {
        let most = bytes.div_ceil(PAGE).min(NONE as usize);
        Self {
            pages: Vec::new(),
            free: Vec::new(),
            most,
        }
    }

    /// Pages in use.
    pub(super) fn used(&self) -> usize {
        self.pages.len().saturating_sub(self.free.len())
    }

    /// Whether `bytes` more fit behind `chain`.
    pub(super) fn fits(&self, chain: &Chain, bytes: usize) -> bool {
        let left = PAGE.saturating_sub(chain.used);
        let needed = bytes.saturating_sub(left).div_ceil(PAGE);
        needed <= self.most.saturating_sub(self.used())
    }

    /// Puts `data`, which [`Self::fits`], behind `chain`. The place of its first byte.
    pub(super) fn append(&mut self, chain: &mut Chain, mut data: &[u8]) -> Option<Place> {
        let mut place = None;
        while !data.is_empty() {
            if chain.used >= PAGE {
                self.extend(chain)?;
            }
            let page = self.pages.get_mut(chain.last as usize)?;
            let room = page.bytes.get_mut(chain.used..)?;
            let n = room.len().min(data.len());
            let (now, later) = data.split_at_checked(n)?;
            room.get_mut(..n)?.copy_from_slice(now);
            place.get_or_insert(Place {
                page: chain.last,
                at: chain.used,
            });
            chain.used = chain.used.saturating_add(n);
            data = later;
        }
        place
    }

    fn extend(&mut self, chain: &mut Chain) -> Option<()> {
        let number = match self.free.pop() {
            Some(number) => {
                self.pages.get_mut(number as usize)?.next = NONE;
                number
            }
            None if self.pages.len() < self.most => {
                let number = u32::try_from(self.pages.len()).ok()?;
                self.pages.push(Page {
                    bytes: [0; PAGE],
                    next: NONE,
                });
                number
            }
            None => return None,
        };
        match self.pages.get_mut(chain.last as usize) {
            Some(last) => last.next = number,
            None => chain.first = number,
        }
        chain.last = number;
        chain.used = 0;
        Some(())
    }

    /// The `len` bytes that begin `skip` bytes behind `place`, in pieces.
    pub(super) fn read(&self, place: Place, skip: usize, len: usize) -> Pieces<'_> {
        let mut number = place.page;
        let mut at = place.at.saturating_add(skip);
        while at >= PAGE {
            number = self.pages.get(number as usize).map_or(NONE, |p| p.next);
            at = at.saturating_sub(PAGE);
        }
        Pieces {
            pages: self,
            number,
            at,
            left: len,
        }
    }

    /// Gives the pages of `chain` back.
    pub(super) fn release(&mut self, chain: &mut Chain) {
        let mut number = chain.first;
        while let Some(page) = self.pages.get(number as usize) {
            self.free.push(number);
            number = page.next;
        }
        *chain = Chain::EMPTY;
    }
}

/// See [`Pages::read`].
pub(super) struct Pieces<'a> {
    pages: &'a Pages,
    number: u32,
    at: usize,
    left: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.left == 0 {
            return None;
        }
        let page = self.pages.pages.get(self.number as usize)?;
        let rest = page.bytes.get(self.at..)?;
        let piece = rest.get(..self.left).unwrap_or(rest);
        self.left = self.left.saturating_sub(piece.len());
        self.number = page.next;
        self.at = 0;
        Some(piece)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
mod tests {
    use super::*;

    #[test]
    fn chains_grow_side_by_side_and_pages_come_back() {
        let mut pages = Pages::new(8 * PAGE);
        let (mut a, mut b) = (Chain::EMPTY, Chain::EMPTY);
        let letters: Vec<u8> = (0..=255).cycle().take(PAGE * 3 / 2).collect();
        let first = pages.append(&mut a, &letters).unwrap();
        let other = pages.append(&mut b, &[9; PAGE]).unwrap();
        let second = pages.append(&mut a, &letters).unwrap();
        assert_eq!(pages.used(), 4);
        for place in [first, second] {
            for skip in [0, 1, PAGE / 2, PAGE, PAGE + 1] {
                let read: Vec<u8> = pages.read(place, skip, 100).flatten().copied().collect();
                assert_eq!(read, letters[skip..skip + 100]);
            }
        }
        let read: Vec<u8> = pages.read(other, 0, PAGE).flatten().copied().collect();
        assert_eq!(read, [9; PAGE]);

        assert!(pages.fits(&a, 4 * PAGE) && !pages.fits(&a, 4 * PAGE + 1));
        pages.release(&mut a);
        assert_eq!(pages.used(), 1);
        assert!(pages.fits(&b, 7 * PAGE) && !pages.fits(&b, 7 * PAGE + 1));
        pages.append(&mut b, &[1; 7 * PAGE]).unwrap();
        assert_eq!(pages.used(), 8);
        assert!(pages.append(&mut b, &[1]).is_none());
        pages.release(&mut b);
        assert_eq!(pages.used(), 0);
    }
}

//! Puts the bytes of a handshake message together, in whatever order they come.

/// How many pieces a message may be in. Browsers that scatter their hello make about twenty.
const MAX_PIECES: usize = 128;

/// The longest message in bytes. Post-quantum hellos have about 1,800.
pub(super) const MAX_MESSAGE: u64 = 65_536;

/// A run of bytes: `length` bytes of the message from `offset` stand at `at` of the store.
#[derive(Debug, Clone, Copy)]
struct Piece {
    offset: usize,
    length: usize,
    at: usize,
}

impl Piece {
    fn end(&self) -> usize {
        self.offset.saturating_add(self.length)
    }
}

/// The bytes of one message. Only what was sent takes space: a far offset costs nothing.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// In order of arrival, without what came twice. Of two versions of a byte the first stays.
    store: Vec<u8>,
    /// By offset; they do not overlap.
    pieces: Vec<Piece>,
    /// It is no use to look before so many bytes are there without a hole. It keeps small pieces
    /// from making the work quadratic.
    pub(super) wanted: usize,
}

impl Gather {
    /// How many bytes are held.
    pub(super) fn len(&self) -> usize {
        self.store.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.store.capacity()
    }

    pub(super) fn clear(&mut self) {
        self.store.clear();
        self.pieces.clear();
        self.wanted = 0;
    }

    /// Adds what is new in `data`. False where a bound kept bytes out.
    pub(super) fn add(&mut self, offset: u64, data: &[u8]) -> bool {
        let within = MAX_MESSAGE.saturating_sub(offset);
        let keep = data.len().min(usize::try_from(within).unwrap_or(0));
        let mut whole = keep == data.len();
        let Some(mut data) = data.get(..keep) else {
            return false;
        };
        let Ok(mut offset) = usize::try_from(offset) else {
            return false;
        };
        // The first piece that ends behind the offset.
        let mut index = self.pieces.partition_point(|piece| piece.end() <= offset);
        while !data.is_empty() {
            let next = self.pieces.get(index).copied();
            let free = next.map_or(data.len(), |piece| piece.offset.saturating_sub(offset));
            let (new, rest) = data.split_at_checked(free).unwrap_or((data, &[]));
            if !new.is_empty() {
                if !self.insert(index, offset, new) {
                    whole = false;
                    break;
                }
                // Where it was joined to the piece before, the next one stands there now.
                index = self
                    .pieces
                    .partition_point(|piece| piece.offset < offset.saturating_add(new.len()));
            }
            let Some(next) = next else { break };
            let known = next.end().saturating_sub(offset.saturating_add(new.len()));
            data = rest.get(known.min(rest.len())..).unwrap_or_default();
            offset = next.end();
            index = index.saturating_add(1);
        }
        whole
    }

    fn insert(&mut self, index: usize, offset: usize, new: &[u8]) -> bool {
        let at = self.store.len();
        let count = self.pieces.len();
        let before = index
            .checked_sub(1)
            .and_then(|before| self.pieces.get_mut(before));
        match before {
            Some(piece) if piece.end() == offset && piece.at.saturating_add(piece.length) == at => {
                piece.length = piece.length.saturating_add(new.len());
            }
            _ if count >= MAX_PIECES => return false,
            _ => self.pieces.insert(
                index,
                Piece {
                    offset,
                    length: new.len(),
                    at,
                },
            ),
        }
        self.store.extend_from_slice(new);
        true
    }

    /// How many bytes from the message's beginning are there without a hole.
    pub(super) fn contiguous(&self) -> usize {
        let mut end = 0;
        for piece in &self.pieces {
            if piece.offset != end {
                break;
            }
            end = piece.end();
        }
        end
    }

    /// Copies those bytes into `message`.
    pub(super) fn copy_to(&self, message: &mut Vec<u8>) {
        message.clear();
        for piece in &self.pieces {
            if piece.offset != message.len() {
                break;
            }
            let bytes = self
                .store
                .get(piece.at..piece.at.saturating_add(piece.length));
            message.extend_from_slice(bytes.unwrap_or_default());
        }
    }
}

#[cfg(test)]
#[path = "gather_tests.rs"]
mod tests;

//! Puts the bytes of a handshake message together, in whatever order they come.

/// How many pieces a message may be in. Browsers that scatter their hello make about twenty; so many
/// are enough for 1,500 bytes in frames of one byte each, in random order.
const MAX_PIECES: usize = 512;

/// How many pieces have to go when the store is put in order, so that the work pays.
const WORTH: usize = MAX_PIECES / 4;

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
    /// Putting the store in order would not make enough pieces go.
    stuck: bool,
    /// It is no use to look before so many bytes are there without a hole. It keeps small pieces
    /// from making the work quadratic.
    pub(super) wanted: usize,
}

impl Gather {
    /// The memory that is in use, in bytes.
    pub(super) fn size(&self) -> usize {
        let pieces = self.pieces.len().saturating_mul(size_of::<Piece>());
        self.store.len().saturating_add(pieces)
    }

    /// How many different bytes of the message are there.
    pub(super) fn bytes(&self) -> usize {
        self.store.len()
    }

    /// The memory that is kept, in bytes.
    pub(super) fn capacity(&self) -> usize {
        let pieces = self.pieces.capacity().saturating_mul(size_of::<Piece>());
        self.store.capacity().saturating_add(pieces)
    }

    pub(super) fn clear(&mut self) {
        self.store.clear();
        self.pieces.clear();
        self.stuck = false;
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
        while !data.is_empty() {
            // The first piece that ends behind the offset. Sought anew in each turn, since putting
            // bytes in may join pieces.
            let index = self.pieces.partition_point(|piece| piece.end() <= offset);
            let next = self.pieces.get(index).copied();
            let free = next.map_or(data.len(), |piece| piece.offset.saturating_sub(offset));
            if let (0, Some(known)) = (free, next) {
                let end = known.end();
                let known = end.saturating_sub(offset).min(data.len());
                data = data.get(known..).unwrap_or_default();
                offset = end;
                continue;
            }
            let (new, rest) = data.split_at_checked(free).unwrap_or((data, &[]));
            if !self.insert(index, offset, new) {
                whole = false;
                break;
            }
            offset = offset.saturating_add(new.len());
            data = rest;
        }
        whole
    }

    /// Puts new bytes in before the piece `index`.
    fn insert(&mut self, mut index: usize, offset: usize, new: &[u8]) -> bool {
        if self.pieces.len() >= MAX_PIECES && self.order() {
            index = self.pieces.partition_point(|piece| piece.end() <= offset);
        }
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

    /// Puts the store in order, so that pieces without a hole between them become one. False where
    /// that is not worth it; it cannot become so later, since then no piece is added any more.
    fn order(&mut self) -> bool {
        if self.stuck {
            return false;
        }
        let pairs = self.pieces.iter().zip(self.pieces.iter().skip(1));
        let joined = pairs.filter(|(a, b)| a.end() == b.offset).count();
        if joined < WORTH {
            self.stuck = true;
            return false;
        }
        let mut store = Vec::with_capacity(self.store.len());
        let mut pieces: Vec<Piece> = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let end = piece.at.saturating_add(piece.length);
            let bytes = self.store.get(piece.at..end).unwrap_or_default();
            match pieces.last_mut() {
                Some(last) if last.end() == piece.offset => {
                    last.length = last.length.saturating_add(bytes.len());
                }
                _ => pieces.push(Piece {
                    at: store.len(),
                    ..*piece
                }),
            }
            store.extend_from_slice(bytes);
        }
        self.store = store;
        self.pieces = pieces;
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

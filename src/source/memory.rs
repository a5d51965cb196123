//! A capture in memory.

use std::fmt;
use std::sync::Arc;

/// The bytes of a capture, shared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(Arc<Vec<u8>>);

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        // Not an `Arc<[u8]>`: making one would copy a capture that may be gigabytes.
        Self(Arc::new(bytes))
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::source::{Bytes, Capture, Fill, Input, Options};

    fn timestamps(input: &Input) -> Result<Vec<i64>, String> {
        let options = Options {
            block_size: 4096,
            ..Options::default()
        };
        let mut capture =
            Capture::open(input, &options, &Arc::default()).map_err(|e| e.to_string())?;
        assert!(!capture.is_stream());
        let mut all = Vec::new();
        loop {
            while let Some(frame) = capture.next_buffered().map_err(|e| e.to_string())? {
                all.push(frame.timestamp.nanos());
            }
            if capture.fill().map_err(|e| e.to_string())? == Fill::End {
                return Ok(all);
            }
        }
    }

    #[test]
    fn a_capture_in_memory_is_read_like_its_file() {
        let file = "pcaps/infection-redirect.pcap";
        let bytes = std::fs::read(file).unwrap();
        let read = timestamps(&Input::Memory(bytes.clone().into())).unwrap();
        assert_eq!(read, timestamps(&Input::File(file.into())).unwrap());
        assert!(!read.is_empty());
        let cut = bytes[..bytes.len() - 1].to_vec();
        let error = timestamps(&Input::Memory(cut.into())).unwrap_err();
        assert!(error.starts_with("memory: "), "{error}");
    }

    #[test]
    fn what_is_compressed_is_refused() {
        let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
        let error = timestamps(&Input::Memory(gzip.to_vec().into())).unwrap_err();
        assert!(error.contains("compressed"), "{error}");
        assert_eq!(format!("{:?}", Bytes::from(vec![1, 2])), "Bytes(2)");
    }
}

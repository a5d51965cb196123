//! What the reader of the pipeline wants of anything that frames come from.

use crate::live::Link;

use super::{Capture, CaptureReport, Fill, Frame, LinkType, SourceError};

/// Frames, block by block.
pub trait Frames {
    /// The next frame that lies whole in memory. No I/O, no allocation. `Ok(None)`: [`fill`](Self::fill) first.
    ///
    /// # Errors
    /// The frames are damaged here; after that they are at their end.
    fn next_buffered(&mut self) -> Result<Option<Frame<'_>>, SourceError>;

    /// Link types and bytes of frames that [`Self::next_buffered`] will give next, as far as that can be told without
    /// work: perhaps none, and never all.
    fn ahead(&self) -> impl Iterator<Item = (LinkType, &[u8])>;

    /// Gets the next block; it may wait for one, and may come back without.
    ///
    /// # Errors
    /// What lies between the last frame and the next cannot be read.
    fn fill(&mut self) -> Result<Fill, SourceError>;

    /// Bytes of the input consumed so far.
    fn progress(&self) -> u64 {
        self.report().captured_bytes
    }

    /// What has been learnt so far.
    fn report(&self) -> &CaptureReport;

    /// Whether [`fill`](Self::fill) may wait for long.
    fn is_stream(&self) -> bool {
        true
    }

    /// The interface that they come from, if it is one.
    fn link(&mut self) -> Option<&mut dyn Link> {
        None
    }
}

impl Frames for Capture {
    #[inline(always)]
    fn next_buffered(&mut self) -> Result<Option<Frame<'_>>, SourceError> {
        Self::next_buffered(self)
    }

    #[inline]
    fn ahead(&self) -> impl Iterator<Item = (LinkType, &[u8])> {
        Self::ahead(self)
    }

    fn fill(&mut self) -> Result<Fill, SourceError> {
        Self::fill(self)
    }

    fn progress(&self) -> u64 {
        Self::progress(self)
    }

    fn report(&self) -> &CaptureReport {
        Self::report(self)
    }

    fn is_stream(&self) -> bool {
        Self::is_stream(self)
    }
}

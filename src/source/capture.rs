//! One opened input, whatever its format.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::background::{Background, Manner, Origin, Waited};
use super::block::{BlockBuffer, MAX_RECORD};
use super::compressed::{Compression, ExpansionLimit, cannot_read};
use super::decode::{Decoder, Found, Step};
use super::error::{Damage, Fault, SourceError};
use super::format::{Identity, identify};
use super::pcap::PcapDecoder;
use super::pcapng::PcapNgDecoder;
use super::report::CaptureReport;
use super::{Bytes, Input, LinkType, Options};
use crate::time::Timestamp;

/// One frame, borrowed from the buffer of its [`Capture`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Number in the file, from 1.
    pub number: u64,
    /// When it was captured.
    pub timestamp: Timestamp,
    /// What its first header is.
    pub link: LinkType,
    /// Its length on the wire in bytes, as the capture tells it.
    pub original_len: u32,
    /// The bytes that were captured.
    pub data: &'a [u8],
}

/// What [`Capture::fill`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// There may be more frames: call [`Capture::next_buffered`] again.
    More,
    /// The capture has ended: cleanly, or with the damage that was told before.
    End,
    /// The stop flag is set.
    Stopped,
}

enum Reader {
    File(File),
    Memory(Cursor<Bytes>),
    Background(Background),
}

/// One input, opened.
///
/// Loop over [`next_buffered`](Self::next_buffered) until it gives `None`, then
/// [`fill`](Self::fill), until that gives [`Fill::End`] or [`Fill::Stopped`].
pub struct Capture {
    name: String,
    reader: Reader,
    decoder: Decoder,
    buffer: BlockBuffer,
    report: CaptureReport,
    options: Options,
    stop: Arc<AtomicBool>,
    compression: Option<Compression>,
    stream: bool,
    /// Bytes read into the buffer.
    read: u64,
    /// Size of a regular file.
    size: Option<u64>,
    /// Nothing more can be read.
    at_end: bool,
    /// Why nothing more can be read, if that is not the end of the input.
    failure: Option<Fault>,
    /// `next_buffered` has found no whole record in what was read.
    drained: bool,
    /// Where a block began that is being passed over.
    skip_began: Option<u64>,
}

impl Capture {
    /// Opens an input and tells its format; of a stream, the format is told with the first bytes,
    /// by [`fill`](Self::fill).
    ///
    /// # Errors
    /// The input cannot be opened, is no capture, or is damaged at its very beginning.
    pub fn open(
        input: &Input,
        options: &Options,
        stop: &Arc<AtomicBool>,
    ) -> Result<Self, SourceError> {
        let name = input.to_string();
        let cannot_open = |cause| SourceError::Io {
            input: name.clone(),
            action: "open the file",
            cause,
        };
        let (origin, kind) = match input {
            Input::Memory(bytes) => {
                let size = bytes.as_ref().len() as u64;
                let reader = Reader::Memory(Cursor::new(bytes.clone()));
                let buffer = BlockBuffer::new(options.block_size);
                return Self::begin(name, (reader, buffer), Some(size), options, stop);
            }
            Input::Stdin => {
                let stdin = io::stdin()
                    .as_fd()
                    .try_clone_to_owned()
                    .map_err(cannot_open)?;
                let file = File::from(stdin);
                let kind = file.metadata().map_err(cannot_open)?;
                (Origin::Opened(Vec::new(), file), kind)
            }
            Input::File(path) => {
                let kind = std::fs::metadata(path).map_err(cannot_open)?;
                // Opening a pipe waits for its writer, which only a thread may do.
                if kind.file_type().is_fifo() {
                    (Origin::Pipe(path.clone()), kind)
                } else {
                    let file = File::open(path).map_err(cannot_open)?;
                    (Origin::Opened(Vec::new(), file), kind)
                }
            }
        };
        if kind.is_dir() {
            return Err(SourceError::NotCapture {
                input: name,
                what: "a folder, not a capture".into(),
                advice: "give the captures in it".into(),
            });
        }
        let stream = !kind.is_file();
        let buffer = BlockBuffer::new(options.block_size);
        let reader = match origin {
            Origin::Opened(_, file) if !stream => Reader::File(file),
            origin => {
                let manner = manner(options, buffer.block_size(), true);
                Reader::Background(Background::start(origin, manner).map_err(|cause| {
                    SourceError::Io {
                        input: name.clone(),
                        action: "start to read",
                        cause,
                    }
                })?)
            }
        };
        let size = (!stream).then_some(kind.len());
        Self::begin(name, (reader, buffer), size, options, stop)
    }

    /// Tells the format, but of a stream, which has no `size`.
    fn begin(
        name: String,
        (reader, buffer): (Reader, BlockBuffer),
        size: Option<u64>,
        options: &Options,
        stop: &Arc<AtomicBool>,
    ) -> Result<Self, SourceError> {
        let stream = size.is_none();
        let mut capture = Self {
            name,
            reader,
            decoder: Decoder::Unknown,
            buffer,
            report: CaptureReport::default(),
            options: *options,
            stop: Arc::clone(stop),
            compression: None,
            stream,
            read: 0,
            size,
            at_end: false,
            failure: None,
            drained: true,
            skip_began: None,
        };
        while !stream && matches!(capture.decoder, Decoder::Unknown) {
            if capture.fill()? != Fill::More {
                break;
            }
        }
        Ok(capture)
    }

    /// The next frame that lies whole in the buffer. No I/O, no allocation.
    ///
    /// `Ok(None)`: [`fill`](Self::fill) first.
    ///
    /// # Errors
    /// The capture is damaged here; after that it is at its end.
    #[inline(always)] // a frame that is not stored costs a fifth less
    pub fn next_buffered(&mut self) -> Result<Option<Frame<'_>>, SourceError> {
        match self.decoder.step(self.buffer.unread(), &mut self.report) {
            Step::Frame(found) => Ok(Some(self.frame(&found))),
            step => self.next_after(step),
        }
    }

    /// Link types and bytes of frames that [`Self::next_buffered`] will give next, as far as that can be told without
    /// work: perhaps none, and never all.
    #[inline]
    pub fn ahead(&self) -> impl Iterator<Item = (LinkType, &[u8])> {
        let mut unread = self.buffer.unread();
        std::iter::from_fn(move || {
            let Decoder::Pcap(pcap) = &self.decoder else {
                return None;
            };
            let (link, frame, length) = pcap.peek(unread)?;
            unread = unread.get(length..).unwrap_or_default();
            Some((link, frame))
        })
    }

    #[inline]
    fn frame(&mut self, found: &Found) -> Frame<'_> {
        Frame {
            number: self.report.frames,
            timestamp: found.timestamp,
            link: found.link,
            original_len: found.original_len,
            data: self
                .buffer
                .take(found.consumed, found.data_at, found.data_len),
        }
    }

    /// Goes on where there is no frame.
    #[cold]
    fn next_after(&mut self, mut step: Step) -> Result<Option<Frame<'_>>, SourceError> {
        loop {
            match step {
                Step::Frame(found) => return Ok(Some(self.frame(&found))),
                Step::Consumed(n) => self.buffer.consume(n),
                Step::Skip(n) => {
                    self.skip_began = Some(self.buffer.offset());
                    self.buffer.skip(n);
                }
                Step::More => {
                    self.drained = true;
                    return Ok(None);
                }
                Step::Fault(fault) => return Err(self.damaged(fault)),
            }
            step = self.decoder.step(self.buffer.unread(), &mut self.report);
        }
    }

    /// Reads the next block: one read, which of a stream may wait.
    ///
    /// # Errors
    /// The capture ends within a record, cannot be read on, or (the first time) is no capture.
    /// After that it is at its end.
    pub fn fill(&mut self) -> Result<Fill, SourceError> {
        if matches!(self.decoder, Decoder::Ended) {
            return Ok(Fill::End);
        }
        if self.stop.load(Ordering::Relaxed) {
            return Ok(Fill::Stopped);
        }
        // A caller that does not take its frames must not make the buffer grow for ever.
        if !self.drained && self.buffer.unread().len() > MAX_RECORD {
            return Ok(Fill::More);
        }
        if !self.at_end {
            match self.read_block()? {
                Waited::Ready => {
                    self.drained = false;
                    return self.identify(false);
                }
                Waited::Stopped => return Ok(Fill::Stopped),
                Waited::End | Waited::CannotOpen(_) | Waited::Failed(_) => self.at_end = true,
            }
            if matches!(self.decoder, Decoder::Unknown) && self.failure.is_none() {
                return self.identify(true);
            }
        }
        if !self.drained && !matches!(self.decoder, Decoder::Unknown) {
            return Ok(Fill::More);
        }
        self.end()
    }

    /// One read into the buffer.
    fn read_block(&mut self) -> Result<Waited, SourceError> {
        let filled = match &mut self.reader {
            Reader::File(file) => self.buffer.fill(|block| file.read(block)),
            Reader::Memory(bytes) => self.buffer.fill(|block| bytes.read(block)),
            Reader::Background(background) => match background.wait(&self.stop) {
                Waited::Ready => {
                    self.compression = background.compression();
                    self.buffer.fill(|block| Ok(background.take(block)))
                }
                Waited::CannotOpen(cause) => {
                    self.decoder = Decoder::Ended;
                    let input = self.name.clone();
                    return Err(SourceError::Io {
                        input,
                        action: "open the file",
                        cause,
                    });
                }
                Waited::Failed(fault) => {
                    self.compression = background.compression();
                    self.failure = Some(fault);
                    return Ok(Waited::End);
                }
                waited @ (Waited::End | Waited::Stopped) => return Ok(waited),
            },
        };
        match filled {
            Ok(0) => Ok(Waited::End),
            Ok(n) => {
                self.read = self.read.saturating_add(n as u64);
                Ok(Waited::Ready)
            }
            Err(error) => {
                self.failure = Some(cannot_read(&error));
                Ok(Waited::End)
            }
        }
    }

    /// Nothing more comes and no whole record is left.
    fn end(&mut self) -> Result<Fill, SourceError> {
        let unread = self.buffer.unread();
        let fault = match (self.failure.take(), &self.decoder) {
            (Some(failure), _) => failure,
            (None, Decoder::Pcap(pcap)) if !unread.is_empty() => pcap.truncated(unread),
            (None, Decoder::PcapNg(pcapng)) if !unread.is_empty() => pcapng.truncated(unread),
            (None, _) if self.buffer.pending_skip() > 0 => Fault::truncated(format!(
                "the file ends {} bytes before a block does",
                self.buffer.pending_skip()
            )),
            // The bytes after a block that was passed over are still owed.
            (None, Decoder::PcapNg(pcapng)) if pcapng.owes_trailer() => pcapng.truncated(unread),
            _ => {
                self.decoder = Decoder::Ended;
                return Ok(Fill::End);
            }
        };
        Err(self.damaged(fault))
    }

    #[cold]
    fn damaged(&mut self, fault: Fault) -> SourceError {
        let in_skipped_block = self.buffer.pending_skip() > 0
            || matches!(&self.decoder, Decoder::PcapNg(pcapng) if pcapng.owes_trailer());
        let offset = match self.skip_began {
            Some(began) if in_skipped_block => began,
            _ => self.buffer.offset(),
        };
        self.decoder = Decoder::Ended;
        SourceError::Damaged(Box::new(Damage {
            input: self.name.clone(),
            packet: self.report.frames.saturating_add(1),
            offset,
            compression: self.compression.map(Compression::name),
            what: fault.what,
            advice: fault.advice,
        }))
    }

    /// Tells the format once enough has been read; `complete` says that nothing more will come.
    fn identify(&mut self, complete: bool) -> Result<Fill, SourceError> {
        if !matches!(self.decoder, Decoder::Unknown) {
            return Ok(Fill::More);
        }
        let whole = complete || self.size == Some(self.read);
        match identify(self.buffer.unread(), whole) {
            Identity::TooShort => return Ok(Fill::More),
            Identity::Pcap => {
                match PcapDecoder::new(self.buffer.unread(), whole, &mut self.report) {
                    Ok(Some((pcap, header))) => {
                        self.buffer.consume(header);
                        self.decoder = Decoder::Pcap(pcap);
                    }
                    Ok(None) if whole => {
                        let len = self.buffer.unread().len();
                        let fault = format!("the file ends in its header, after {len} bytes");
                        return Err(self.damaged(Fault::truncated(fault)));
                    }
                    Ok(None) => return Ok(Fill::More),
                    Err(fault) => return Err(self.damaged(fault)),
                }
            }
            Identity::PcapNg(order) => {
                self.decoder = Decoder::PcapNg(PcapNgDecoder::new(order, &mut self.report));
            }
            Identity::Compressed(compression) => return self.decompress(compression),
            Identity::Other(what, advice) => {
                self.decoder = Decoder::Ended;
                return Err(self.not_a_capture(what, advice));
            }
        }
        if let Some(compression) = self.compression {
            self.report.format.push_str(", ");
            self.report.format.push_str(compression.name());
        }
        Ok(Fill::More)
    }

    fn not_a_capture(&self, what: &str, advice: &str) -> SourceError {
        let (what, advice) = match self.compression {
            None => (what.to_owned(), advice.to_owned()),
            Some(compression) => (
                format!("inside the {}: {what}", compression.name()),
                format!("decompress it, then {advice}"),
            ),
        };
        SourceError::NotCapture {
            input: self.name.clone(),
            what,
            advice,
        }
    }

    /// Starts again behind a decompressor, with what has been read already.
    fn decompress(&mut self, compression: Compression) -> Result<Fill, SourceError> {
        let Reader::File(file) = &self.reader else {
            // Background readers decompress by themselves: this is a second layer.
            self.decoder = Decoder::Ended;
            return Err(match self.reader {
                Reader::Memory(_) => self.not_a_capture("compressed", "decompress it first"),
                _ => self.not_a_capture("compressed once more", "give the result"),
            });
        };
        let origin = file
            .try_clone()
            .map(|file| Origin::Opened(self.buffer.unread().to_vec(), file));
        let manner = manner(&self.options, self.buffer.block_size(), false);
        let background = origin.and_then(|origin| Background::start(origin, manner));
        self.reader = Reader::Background(background.map_err(|cause| SourceError::Io {
            input: self.name.clone(),
            action: "start to decompress",
            cause,
        })?);
        self.compression = Some(compression);
        self.buffer = BlockBuffer::new(self.options.block_size);
        self.size = None;
        self.read = 0;
        self.drained = true;
        Ok(Fill::More)
    }

    /// Bytes of the input consumed so far; of compressed input, compressed bytes.
    pub fn progress(&self) -> u64 {
        match &self.reader {
            Reader::File(_) | Reader::Memory(_) => self.read,
            Reader::Background(background) => background.consumed(),
        }
    }

    /// Whether this is a pipe or the like: [`fill`](Self::fill) may wait for long.
    pub fn is_stream(&self) -> bool {
        self.stream
    }

    /// Whether this is decompressed on a thread of its own.
    pub fn is_compressed(&self) -> bool {
        self.compression.is_some()
    }

    /// What has been learnt about the capture so far.
    pub fn report(&self) -> &CaptureReport {
        &self.report
    }
}

fn manner(options: &Options, block_size: usize, live: bool) -> Manner {
    Manner {
        block_size,
        limit: ExpansionLimit {
            max_expansion: options.max_expansion,
        },
        live,
    }
}

//! A thread that reads, and decompresses, ahead.
//!
//! Pipes are read here so that the caller, who waits for a block, can leave when it is told to
//! stop: a thread inside `read` cannot. Such a thread stays behind until the pipe gives something
//! or the process ends. Compressed files are read here so that decompression has its own core.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::compressed::{Compression, Decompressor, ExpansionLimit, cannot_read};
use super::error::Fault;

/// Blocks under way: one being read, one being worked on, two between them.
const BLOCKS: usize = 4;
/// How often the stop flag is looked at while nothing comes.
const PATIENCE: Duration = Duration::from_millis(50);
/// Compressed bytes to read at once.
const COMPRESSED_READ: usize = 64 * 1024;

/// What the thread reads.
pub(super) enum Origin {
    /// A named pipe: opening it waits for a writer, so the thread does that too.
    Pipe(PathBuf),
    /// Opened, and the bytes that have been read from it already.
    Opened(Vec<u8>, File),
}

/// How the thread reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) block_size: usize,
    pub(super) limit: ExpansionLimit,
    /// Hand over whatever there is, since more may come late.
    pub(super) live: bool,
}

enum Message {
    /// The first bytes of `block` are read data.
    Block {
        block: Vec<u8>,
        len: usize,
        compression: Option<Compression>,
    },
    End,
    CannotOpen(io::Error),
    Failed(Fault, Option<Compression>),
}

/// What [`Background::wait`] waited for.
pub(super) enum Waited {
    /// [`Background::take`] gives bytes.
    Ready,
    End,
    Stopped,
    CannotOpen(io::Error),
    Failed(Fault),
}

/// The caller's end.
pub(super) struct Background {
    messages: Receiver<Message>,
    empties: Sender<Vec<u8>>,
    /// The block being given out, its length, and how much of it has been given.
    current: Option<(Vec<u8>, usize, usize)>,
    compression: Option<Compression>,
    /// Bytes of the input read so far, before decompression.
    consumed: Arc<AtomicU64>,
}

impl Background {
    pub(super) fn start(origin: Origin, manner: Manner) -> io::Result<Self> {
        let (message_sender, messages) = bounded(BLOCKS);
        let (empties, empty_receiver) = bounded(BLOCKS);
        for _ in 0..BLOCKS {
            // Cannot be full: it has room for all of them.
            let _ = empties.try_send(vec![0; manner.block_size]);
        }
        let consumed = Arc::new(AtomicU64::new(0));
        let thread = Reading {
            messages: message_sender,
            empties: empty_receiver,
            consumed: Arc::clone(&consumed),
            manner,
        };
        thread::Builder::new()
            .name("source".into())
            .spawn(move || thread.run(origin))?;
        Ok(Self {
            messages,
            empties,
            current: None,
            compression: None,
            consumed,
        })
    }

    /// Waits for the next block, or for `stop`.
    pub(super) fn wait(&mut self, stop: &AtomicBool) -> Waited {
        if self.current.is_some() {
            return Waited::Ready;
        }
        loop {
            match self.messages.recv_timeout(PATIENCE) {
                Ok(Message::Block {
                    block,
                    len,
                    compression,
                }) => {
                    self.compression = compression;
                    self.current = Some((block, len, 0));
                    return Waited::Ready;
                }
                Ok(Message::End) => return Waited::End,
                Ok(Message::CannotOpen(error)) => return Waited::CannotOpen(error),
                Ok(Message::Failed(fault, compression)) => {
                    self.compression = compression;
                    return Waited::Failed(fault);
                }
                Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => {
                    return Waited::Stopped;
                }
                Err(RecvTimeoutError::Timeout) => {}
                // Only a panic in a decompressor ends the thread without a message.
                Err(RecvTimeoutError::Disconnected) => {
                    return Waited::Failed(Fault::corrupt("the decompressor gave up on the data"));
                }
            }
        }
    }

    /// Bytes of the block that [`Background::wait`] got.
    pub(super) fn take(&mut self, out: &mut [u8]) -> usize {
        let Some((block, len, given)) = &mut self.current else {
            return 0;
        };
        let rest = block.get(*given..*len).unwrap_or_default();
        let n = rest.len().min(out.len());
        if let (Some(target), Some(source)) = (out.get_mut(..n), rest.get(..n)) {
            target.copy_from_slice(source);
        }
        *given = given.saturating_add(n);
        if given == len
            && let Some((block, ..)) = self.current.take()
        {
            // The thread may have ended and left its end of the channel.
            let _ = self.empties.try_send(block);
        }
        n
    }

    pub(super) fn compression(&self) -> Option<Compression> {
        self.compression
    }

    pub(super) fn consumed(&self) -> u64 {
        self.consumed.load(Ordering::Relaxed)
    }
}

/// The caller has gone: nobody waits for what is read.
struct Gone;

struct Reading {
    messages: Sender<Message>,
    empties: Receiver<Vec<u8>>,
    consumed: Arc<AtomicU64>,
    manner: Manner,
}

impl Reading {
    fn run(self, origin: Origin) {
        let (before, file) = match origin {
            Origin::Opened(before, file) => (before, file),
            Origin::Pipe(path) => match File::open(path) {
                Ok(file) => (Vec::new(), file),
                Err(error) => {
                    let _ = self.messages.send(Message::CannotOpen(error));
                    return;
                }
            },
        };
        let mut source = Counted {
            inner: Cursor::new(before).chain(file),
            count: Arc::clone(&self.consumed),
        };
        // The magic number decides, and is then read again.
        let mut magic = Vec::new();
        let compression = match source.by_ref().take(4).read_to_end(&mut magic) {
            Ok(_) => Compression::of(&magic),
            Err(error) => {
                let _ = self
                    .messages
                    .send(Message::Failed(cannot_read(&error), None));
                return;
            }
        };
        let source = Cursor::new(magic).chain(source);
        let done = match compression {
            Some(compression) => self.decompress(compression, source),
            None => self.copy(source),
        };
        if let Ok(message) = done {
            let _ = self.messages.send(message);
        }
    }

    /// Hands over blocks as they are; gives the last message.
    fn copy(&self, mut source: impl Read) -> Result<Message, Gone> {
        loop {
            let mut block = self.empties.recv().map_err(|_| Gone)?;
            match source.read(&mut block) {
                Ok(0) => return Ok(Message::End),
                Ok(len) => self.send(block, len, None)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Message::Failed(cannot_read(&error), None)),
            }
        }
    }

    fn decompress(&self, compression: Compression, source: impl Read) -> Result<Message, Gone> {
        let source = BufReader::with_capacity(COMPRESSED_READ, source);
        let mut decompressor = Decompressor::new(compression, source);
        let mut output = 0_u64;
        loop {
            let mut block = self.empties.recv().map_err(|_| Gone)?;
            let mut len = 0_usize;
            let ended = loop {
                let room = block.get_mut(len..).unwrap_or_default();
                if room.is_empty() || (self.manner.live && len > 0) {
                    break None;
                }
                match decompressor.read(room) {
                    Ok(0) => break Some(Message::End),
                    Ok(n) => {
                        len = len.saturating_add(n);
                        output = output.saturating_add(n as u64);
                    }
                    Err(fault) => break Some(Message::Failed(fault, Some(compression))),
                }
                let input = self.consumed.load(Ordering::Relaxed);
                if let Err(fault) = self.manner.limit.check(input, output) {
                    break Some(Message::Failed(fault, Some(compression)));
                }
            };
            if len > 0 {
                self.send(block, len, Some(compression))?;
            }
            if let Some(message) = ended {
                return Ok(message);
            }
        }
    }

    fn send(
        &self,
        block: Vec<u8>,
        len: usize,
        compression: Option<Compression>,
    ) -> Result<(), Gone> {
        self.messages
            .send(Message::Block {
                block,
                len,
                compression,
            })
            .map_err(|_| Gone)
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

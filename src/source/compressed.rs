//! Decompression of gzip and zstd, with a limit on expansion.

use std::error::Error;
use std::io::{self, BufRead, Read};

use flate2::{Decompress, FlushDecompress, Status};
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::error::Fault;

/// Expansion is not limited below this much output: short captures of one repeated packet are
/// honest and tiny.
pub(super) const FREE_OUTPUT: u64 = 64 * 1024 * 1024;

/// Memory that a zstd frame may ask for; what `zstd -d` itself allows without `--long`.
const MAX_ZSTD_WINDOW: u64 = 128 * 1024 * 1024;

/// A compression that is undone while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    /// From the first four bytes of a file.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match *head.first_chunk::<4>()? {
            [0x1f, 0x8b, 8, _] => Some(Self::Gzip),
            magic if zstd_magic(magic) != ZstdMagic::Unknown => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Undoes one compression.
pub(super) enum Decompressor<R: BufRead> {
    Gzip(Box<GzipMembers<R>>),
    Zstd(Box<ZstdFrames<R>>),
}

impl<R: BufRead> Decompressor<R> {
    pub(super) fn new(compression: Compression, source: R) -> Self {
        match compression {
            Compression::Gzip => Self::Gzip(Box::new(GzipMembers {
                source,
                member: Some(gzip_member()),
                fault: None,
            })),
            Compression::Zstd => {
                let mut decoder = FrameDecoder::new();
                decoder.set_max_window_size(MAX_ZSTD_WINDOW);
                Self::Zstd(Box::new(ZstdFrames {
                    source,
                    decoder,
                    in_frame: false,
                    fault: None,
                }))
            }
        }
    }

    /// Some more bytes; 0 at the clean end. `out` must not be empty.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        match self {
            Self::Gzip(members) => members.read(out),
            Self::Zstd(frames) => frames.read(out),
        }
    }
}

/// A gzip file is one member after another (RFC 1952 §2.2).
///
/// Not `flate2::bufread::GzDecoder`: at damaged data it gives an error for all of the read, and
/// keeps the bytes before the damage, which may be a whole block, to itself.
pub(super) struct GzipMembers<R> {
    source: R,
    /// `None` after the last.
    member: Option<Decompress>,
    /// Told once all that was decoded before it has been given.
    fault: Option<Fault>,
}

/// Reads header and checksum too; the window is the largest that the format knows.
fn gzip_member() -> Decompress {
    Decompress::new_gzip(15)
}

impl<R: BufRead> GzipMembers<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        if let Some(fault) = self.fault.take() {
            self.member = None;
            return Err(fault);
        }
        while let Some(member) = &mut self.member {
            let input = self
                .source
                .fill_buf()
                .map_err(|error| cannot_read(&error))?;
            let at_end = input.is_empty();
            let before = (member.total_in(), member.total_out());
            let result = member.decompress(input, out, FlushDecompress::None);
            let consumed = since(before.0, member.total_in());
            let given = since(before.1, member.total_out());
            self.source.consume(consumed);
            let fault = match result {
                Ok(Status::StreamEnd) => self.next_member().err(),
                Ok(_) if given == 0 && at_end => {
                    Some(Fault::truncated("the gzip data end too early"))
                }
                Ok(_) if given == 0 && consumed == 0 => {
                    Some(Fault::corrupt("the gzip data are damaged"))
                }
                Ok(_) => None,
                // Other words of zlib depend on how much is read at once.
                Err(error) => Some(Fault::corrupt(match error.message() {
                    Some("incorrect data check" | "incorrect length check") => {
                        "the gzip data are damaged (checksum differs)"
                    }
                    _ => "the gzip data are damaged",
                })),
            };
            match fault {
                Some(fault) if given == 0 => return Err(fault),
                fault => self.fault = fault,
            }
            if given > 0 {
                return Ok(given);
            }
        }
        Ok(0)
    }

    fn next_member(&mut self) -> Result<(), Fault> {
        self.member = None;
        let mut padded = false;
        loop {
            let next = self
                .source
                .fill_buf()
                .map_err(|error| cannot_read(&error))?;
            match next.first() {
                None => return Ok(()),
                // Tapes and block devices pad with zeros; gzip(1) ignores those too.
                Some(0) => {
                    let zeros = next.iter().take_while(|&&byte| byte == 0).count();
                    self.source.consume(zeros);
                    padded = true;
                }
                Some(0x1f) if !padded => {
                    self.member = Some(gzip_member());
                    return Ok(());
                }
                Some(_) => {
                    return Err(Fault::corrupt(
                        "bytes that are not gzip follow the gzip data",
                    ));
                }
            }
        }
    }
}

/// How far a count went; at most the length of a slice.
fn since(before: u64, now: u64) -> usize {
    usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX)
}

/// What the operating system says when reading fails in the middle.
pub(super) fn cannot_read(error: &io::Error) -> Fault {
    Fault {
        what: format!("cannot read on: {error}"),
        advice: "check the disk or the pipe",
    }
}

#[derive(Debug, PartialEq, Eq)]
enum ZstdMagic {
    Frame,
    Skippable,
    Unknown,
}

/// RFC 8878 §3.1: a frame, or one that decoders skip.
fn zstd_magic(magic: [u8; 4]) -> ZstdMagic {
    match u32::from_le_bytes(magic) {
        0xfd2f_b528 => ZstdMagic::Frame,
        0x184d_2a50..=0x184d_2a5f => ZstdMagic::Skippable,
        _ => ZstdMagic::Unknown,
    }
}

/// A zstd file is one frame after another.
pub(super) struct ZstdFrames<R> {
    source: R,
    decoder: FrameDecoder,
    in_frame: bool,
    /// Told once all that was decoded before it has been given.
    fault: Option<Fault>,
}

impl<R: BufRead> ZstdFrames<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        loop {
            if !self.in_frame && !self.next_frame()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                if let Err(error) = self.decoder.decode_blocks(&mut self.source, one) {
                    self.give_the_rest_before(zstd_fault(error))?;
                }
            }
            match self
                .decoder
                .read(out)
                .map_err(|error| cannot_read(&error))?
            {
                0 => self.end_frame()?,
                n => return Ok(n),
            }
        }
    }

    /// The decoder keeps the last window of a frame, often megabytes, to itself until the frame
    /// ends. After a fault it is given an empty last block (RFC 8878 §3.1.1.2) and a checksum that
    /// nobody looks at, so that it lets go of what it has.
    fn give_the_rest_before(&mut self, fault: Fault) -> Result<(), Fault> {
        const EMPTY_LAST_BLOCK: &[u8] = &[1, 0, 0, 0, 0, 0, 0];
        match self
            .decoder
            .decode_blocks(EMPTY_LAST_BLOCK, BlockDecodingStrategy::UptoBlocks(1))
        {
            Ok(_) if self.decoder.is_finished() && self.fault.is_none() => {
                self.fault = Some(fault);
                Ok(())
            }
            _ => Err(fault),
        }
    }

    fn end_frame(&mut self) -> Result<(), Fault> {
        self.in_frame = false;
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let stated = self.decoder.get_checksum_from_data();
        if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
            return Err(Fault::corrupt(
                "the zstd data are damaged (checksum differs)",
            ));
        }
        Ok(())
    }

    /// Goes to the next frame with data; false at the end of the file.
    fn next_frame(&mut self) -> Result<bool, Fault> {
        loop {
            let Some(magic) = self.four_bytes()? else {
                return Ok(false);
            };
            match zstd_magic(magic) {
                ZstdMagic::Frame => {
                    let header = magic.chain(&mut self.source);
                    self.decoder.init(header).map_err(zstd_fault)?;
                    self.in_frame = true;
                    return Ok(true);
                }
                ZstdMagic::Skippable => {
                    let len = self.four_bytes()?.map(u32::from_le_bytes).map(u64::from);
                    let skipped = len.map(|len| {
                        io::copy(&mut (&mut self.source).take(len), &mut io::sink())
                            .map_err(|error| cannot_read(&error))
                    });
                    if skipped.transpose()? != len || len.is_none() {
                        return Err(zstd_truncated());
                    }
                }
                ZstdMagic::Unknown => {
                    return Err(Fault::corrupt(
                        "bytes that are not zstd follow the zstd data",
                    ));
                }
            }
        }
    }

    /// The next four bytes; `None` at the end of the file.
    fn four_bytes(&mut self) -> Result<Option<[u8; 4]>, Fault> {
        let mut bytes = [0; 4];
        let at_end = self
            .source
            .fill_buf()
            .map_err(|error| cannot_read(&error))?
            .is_empty();
        if at_end {
            return Ok(None);
        }
        match self.source.read_exact(&mut bytes) {
            Ok(()) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(zstd_truncated()),
            Err(error) => Err(cannot_read(&error)),
        }
    }
}

fn zstd_truncated() -> Fault {
    Fault::truncated("the zstd data end too early")
}

fn zstd_fault(error: FrameDecoderError) -> Fault {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(this) = cause {
        if let Some(error) = this.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::UnexpectedEof => zstd_truncated(),
                _ => cannot_read(error),
            };
        }
        cause = this.source();
    }
    Fault::corrupt(format!("the zstd data are damaged ({error})"))
}

/// Refuses data that expand too far.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExpansionLimit {
    pub(super) max_expansion: u32,
}

impl ExpansionLimit {
    /// `input` and `output` in bytes, so far.
    pub(super) fn check(self, input: u64, output: u64) -> Result<(), Fault> {
        let limit = input.saturating_mul(u64::from(self.max_expansion));
        if output <= FREE_OUTPUT || output <= limit {
            return Ok(());
        }
        let ratio = output.checked_div(input).unwrap_or(output);
        Err(Fault {
            what: format!(
                "it expands more than {} times ({input} bytes to {output} so far, {ratio} times), \
                 as a decompression bomb does",
                self.max_expansion
            ),
            advice: "if the file is to be trusted, allow more with --max-expansion",
        })
    }
}

#[cfg(test)]
#[path = "compressed_tests.rs"]
mod tests;

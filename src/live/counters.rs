//! What the kernel itself counts of interfaces: `/proc/net/dev`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek};

/// Counts of received frames of an interface since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes.
    pub bytes: u64,
    /// Frames.
    pub packets: u64,
    /// Frames with errors.
    pub errors: u64,
    /// Frames that the card or its driver dropped.
    pub dropped: u64,
    /// Overruns of the card's queue.
    pub overruns: u64,
    /// Frames of wrong length or checksum.
    pub malformed: u64,
}

impl Counters {
    /// What was counted since `before`. Where packets and bytes went back all of them began anew.
    pub fn since(&self, before: &Self) -> Self {
        if self.packets < before.packets || self.bytes < before.bytes {
            return *self;
        }
        Self {
            bytes: self.bytes.saturating_sub(before.bytes),
            packets: self.packets.saturating_sub(before.packets),
            errors: self.errors.saturating_sub(before.errors),
            dropped: self.dropped.saturating_sub(before.dropped),
            overruns: self.overruns.saturating_sub(before.overruns),
            malformed: self.malformed.saturating_sub(before.malformed),
        }
    }

    /// Adds what was counted later.
    pub fn add(&mut self, more: &Self) {
        for (sum, n) in [
            (&mut self.bytes, more.bytes),
            (&mut self.packets, more.packets),
            (&mut self.errors, more.errors),
            (&mut self.dropped, more.dropped),
            (&mut self.overruns, more.overruns),
            (&mut self.malformed, more.malformed),
        ] {
            *sum = sum.saturating_add(n);
        }
    }
}

/// Reads the counts again and again. The file is opened once, since later it may not be.
#[derive(Debug)]
pub struct Interfaces {
    file: File,
    text: String,
}

impl Interfaces {
    /// Opens the kernel's list.
    ///
    /// # Errors
    /// There is none: `/proc` is not mounted.
    pub fn open() -> io::Result<Self> {
        Ok(Self {
            file: File::open("/proc/net/dev")?,
            text: String::new(),
        })
    }

    /// The counts of all interfaces.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn read(&mut self) -> io::Result<BTreeMap<String, Counters>> {
        self.file.rewind()?;
        self.text.clear();
        self.file.read_to_string(&mut self.text)?;
        Ok(parse(&self.text))
    }
}

fn parse(text: &str) -> BTreeMap<String, Counters> {
    let line = |line: &str| {
        let (name, numbers) = line.split_once(':')?;
        let mut numbers = numbers.split_whitespace().map(str::parse::<u64>);
        let mut next = || numbers.next()?.ok();
        let counters = Counters {
            bytes: next()?,
            packets: next()?,
            errors: next()?,
            dropped: next()?,
            overruns: next()?,
            malformed: next()?,
        };
        Some((name.trim().to_owned(), counters))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_list_is_read() {
        let text = "Inter-|   Receive                                                |  Transmit\n \
            face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs\n\
            \x20   lo: 100 2 0 0 0 0 0 0 100 2 0 0 0 0 0 0\n\
            eth0.7:1500 10 1 2 3 4 0 0 0 0 0 0 0 0 0 0\n\
            torn0: 5 6\n";
        let all = parse(text);
        assert_eq!(all.len(), 2);
        let eth = all["eth0.7"];
        assert_eq!((eth.bytes, eth.packets, eth.errors), (1_500, 10, 1));
        assert_eq!((eth.dropped, eth.overruns, eth.malformed), (2, 3, 4));
        let later = Counters {
            packets: 25,
            dropped: 5,
            ..eth
        };
        let since = later.since(&eth);
        assert_eq!((since.packets, since.dropped, since.bytes), (15, 3, 0));
        // The interface was made anew, and has seen more packets already than the one before it.
        let anew = Counters {
            packets: 30,
            dropped: 1,
            ..Counters::default()
        };
        let mut sum = since;
        sum.add(&anew.since(&later));
        assert_eq!((sum.packets, sum.dropped), (45, 4));
    }

    #[test]
    fn the_list_of_this_machine_can_be_read_again() {
        if let Ok(mut interfaces) = Interfaces::open() {
            let first = interfaces.read().unwrap();
            assert_eq!(
                interfaces.read().unwrap().keys().collect::<Vec<_>>(),
                first.keys().collect::<Vec<_>>()
            );
        }
    }
}

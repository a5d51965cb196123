//! What is asked for beside names.

/// What somebody listed beside names. The default is nothing, and then nothing is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// JA3 of ClientHellos.
    pub ja3: bool,
    /// JA4 of ClientHellos.
    pub ja4: bool,
    /// Digests and serial numbers of certificates.
    pub certificates: bool,
    /// What HTTP requests ask for.
    pub urls: bool,
}

impl Wanted {
    /// Whether each ClientHello has to be seen whole.
    pub const fn hellos(self) -> bool {
        self.ja3 || self.ja4
    }
}

#[cfg(test)]
#[path = "wanted_tests.rs"]
mod tests;

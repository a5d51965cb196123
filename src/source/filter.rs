//! The user's BPF expression (`--bpf`), compiled by libpcap for each link type.

use pcap::{BpfProgram, Capture, Linktype};

use super::{Frame, LinkType};

/// An expression that libpcap does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--bpf {expression:?}: {reason} (link type {link}); see `man pcap-filter`")]
pub struct FilterError {
    expression: String,
    link: LinkType,
    reason: String,
}

/// Leaves out frames that an expression does not match.
pub struct Filter {
    expression: String,
    /// One for each link type met so far: a capture has few.
    programs: Vec<(LinkType, BpfProgram)>,
}

impl Filter {
    /// Takes an expression and checks it for Ethernet, so that a typing error shows at once.
    ///
    /// # Errors
    /// What libpcap says of the expression.
    pub fn new(expression: &str) -> Result<Self, FilterError> {
        let mut filter = Self {
            expression: expression.to_owned(),
            programs: Vec::new(),
        };
        filter.program(LinkType::ETHERNET)?;
        Ok(filter)
    }

    /// Compiles the expression for a link type, where it is not yet: later there may be no names of ports and hosts to look up.
    ///
    /// # Errors
    /// The expression makes no sense for it.
    pub fn prepare(&mut self, link: LinkType) -> Result<(), FilterError> {
        self.program(link).map(|_| ())
    }

    /// The same expression for another thread; it is compiled there again.
    pub fn another(&self) -> Self {
        Self {
            expression: self.expression.clone(),
            programs: Vec::new(),
        }
    }

    /// Whether the expression matches `frame`.
    ///
    /// # Errors
    /// Where the expression makes no sense for the frame's link type.
    pub fn accepts(&mut self, frame: &Frame<'_>) -> Result<bool, FilterError> {
        Ok(self.program(frame.link)?.filter(frame.data))
    }

    fn program(&mut self, link: LinkType) -> Result<&BpfProgram, FilterError> {
        let known = self.programs.iter().position(|(l, _)| *l == link);
        let index = match known {
            Some(index) => index,
            None => {
                let program = Capture::dead(Linktype(dlt(link)))
                    .and_then(|dead| dead.compile(&self.expression, true))
                    .map_err(|error| self.error(link, error.to_string()))?;
                self.programs.push((link, program));
                self.programs.len().saturating_sub(1)
            }
        };
        match self.programs.get(index) {
            Some((_, program)) => Ok(program),
            None => Err(self.error(link, "no program".to_owned())),
        }
    }

    fn error(&self, link: LinkType, reason: String) -> FilterError {
        FilterError {
            expression: self.expression.clone(),
            link,
            reason,
        }
    }
}

/// libpcap numbers raw IP and IP over ATM differently inside a program than in a file; all other
/// numbers that it can filter are the same.
fn dlt(link: LinkType) -> i32 {
    match link.canonical() {
        LinkType::RAW if cfg!(target_os = "openbsd") => 14,
        LinkType::RAW => 12,
        LinkType::ATM_RFC1483 => 11,
        LinkType::ATM_CLIP => 19,
        other => i32::from(other.0),
    }
}

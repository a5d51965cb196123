//! Indicators that do not apply to a name although they look as if they might.

use std::fmt;

use super::super::indicator::{Indicator, Scope};

/// An indicator that does not apply although it looks as if it might.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NearMiss<'r> {
    /// The name is the indicator or below it, but the indicator's scope leaves it out.
    OutOfScope(Indicator<'r>),
    /// The name ends with the letters of the indicator, but not at a dot.
    LookAlike(Indicator<'r>),
    /// The name holds the whole indicator, but goes on after it; true where it begins with it.
    GoesOn(Indicator<'r>, bool),
    /// Listed names stand below the name: one of them, and how many in all.
    ParentOf(Indicator<'r>, usize),
}

impl<'r> NearMiss<'r> {
    /// The indicator.
    pub const fn indicator(&self) -> Indicator<'r> {
        match self {
            Self::OutOfScope(i)
            | Self::LookAlike(i)
            | Self::GoesOn(i, _)
            | Self::ParentOf(i, _) => *i,
        }
    }

    /// A word for machines.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::OutOfScope(_) => "out_of_scope",
            Self::LookAlike(_) => "look_alike",
            Self::GoesOn(..) => "goes_on",
            Self::ParentOf(..) => "parent_of_listed",
        }
    }
}

impl fmt::Display for NearMiss<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.indicator().name;
        match self {
            Self::OutOfScope(i) if i.scope == Scope::Below => {
                write!(
                    f,
                    "{name} is listed for the names below it only, not for itself"
                )
            }
            Self::OutOfScope(_) => {
                write!(
                    f,
                    "{name} is listed as this one host only, not with the names below it"
                )
            }
            Self::LookAlike(_) => {
                write!(
                    f,
                    "it ends with the letters of {name}, but is another registered name"
                )
            }
            Self::GoesOn(_, at_start) => {
                let holds = if *at_start { "begins like" } else { "holds" };
                write!(f, "it {holds} {name}, but belongs to another domain")
            }
            Self::ParentOf(_, 1) => write!(f, "{name} is listed, but this is a parent of it"),
            Self::ParentOf(_, n) => {
                write!(
                    f,
                    "{n} names below it are listed, for instance {name}, but it is not"
                )
            }
        }
    }
}

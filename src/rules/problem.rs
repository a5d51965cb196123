//! Why rules cannot be loaded.

use std::fmt;

pub(super) use crate::problem::Plain;
pub use crate::problem::Problem;

/// Why no rule set could be built: every refused file or option, not only the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesError {
    /// What refused the load; never empty.
    pub errors: Vec<Problem>,
    /// Defects of single entries met on the way.
    pub problems: Vec<Problem>,
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.errors.iter().chain(&self.problems).enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for RulesError {}

//! Systems other than Linux: nothing of the sandbox is available, and that is said.

use super::{Item, Layer, Level, Mode, Plan, SandboxError, State};

const WHY: &str = "only available on Linux";

/// A plan that cannot be carried out here.
#[derive(Debug)]
pub struct Prepared {
    mode: Mode,
}

impl Prepared {
    pub(super) fn new(plan: Plan) -> Result<Self, SandboxError> {
        match plan.mode {
            Mode::Strict => Err(SandboxError::Incomplete {
                layer: Layer::User,
                why: WHY.into(),
            }),
            mode => Ok(Self { mode }),
        }
    }

    /// Does nothing, and says so.
    ///
    /// # Errors
    ///
    /// None here.
    pub fn apply(self) -> Result<State, SandboxError> {
        if self.mode == Mode::Off {
            return Ok(State::off());
        }
        let items = Layer::ALL
            .into_iter()
            .map(|layer| Item::new(layer, Level::Missing(WHY.into()), ""))
            .collect();
        Ok(State::new(self.mode, items))
    }
}

/// What this kernel has of Landlock: nothing.
#[must_use]
pub fn landlock() -> Item {
    Item::new(Layer::Landlock, Level::Missing(WHY.into()), "")
}

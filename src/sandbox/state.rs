//! What of the sandbox holds: for people, in one line, and for metrics, under stable names.

use std::fmt;

use super::Mode;

/// One kind of confinement. The order is that of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// User, group and supplementary groups.
    User,
    /// Capabilities, bounding set and securebits.
    Capabilities,
    /// Programs that are executed gain nothing.
    NoNewPrivs,
    /// Files, TCP and scopes.
    Landlock,
    /// System calls.
    Seccomp,
}

impl Layer {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 5] = [
        Self::User,
        Self::Capabilities,
        Self::NoNewPrivs,
        Self::Landlock,
        Self::Seccomp,
    ];

    /// A name that does not change, for metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Capabilities => "capabilities",
            Self::NoNewPrivs => "no_new_privs",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How much of a layer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Level {
    /// All that was wanted.
    Applied,
    /// Some of it; what is missing and what to do.
    Partly(String),
    /// Nothing of it; why, and what to do.
    Missing(String),
    /// It was not wanted.
    Off,
}

impl Level {
    /// A name that does not change, for metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Partly(_) => "partly",
            Self::Missing(_) => "missing",
            Self::Off => "off",
        }
    }

    /// Whether all that was wanted holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        *self == Self::Applied
    }

    /// What is missing, where something is.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Partly(why) | Self::Missing(why) => Some(why),
            Self::Applied | Self::Off => None,
        }
    }
}

/// A layer and how much of it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Which.
    pub layer: Layer,
    /// How much.
    pub level: Level,
    /// What it came to, such as the user's name; may be empty.
    pub detail: String,
}

impl Item {
    pub(super) fn new(layer: Layer, level: Level, detail: impl Into<String>) -> Self {
        Self {
            layer,
            level,
            detail: detail.into(),
        }
    }
}

/// `user bellerophon`, `landlock (ABI 6)`, `landlock partly (ABI 2): why`, `no seccomp: why`.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer = self.layer;
        match &self.level {
            Level::Off => return write!(f, "{layer} off"),
            Level::Missing(why) => return write!(f, "no {layer}: {why}"),
            Level::Applied => write!(f, "{layer}")?,
            Level::Partly(_) => write!(f, "{layer} partly")?,
        }
        match layer {
            _ if self.detail.is_empty() => {}
            Layer::User | Layer::Capabilities => write!(f, " {}", self.detail)?,
            _ => write!(f, " ({})", self.detail)?,
        }
        match &self.level {
            Level::Partly(why) => write!(f, ": {why}"),
            _ => Ok(()),
        }
    }
}

/// What of the sandbox holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    mode: Mode,
    items: Vec<Item>,
}

impl State {
    pub(super) fn new(mode: Mode, mut items: Vec<Item>) -> Self {
        items.sort_by_key(|item| item.layer);
        Self { mode, items }
    }

    pub(super) fn off() -> Self {
        let items = Layer::ALL
            .into_iter()
            .map(|layer| Item::new(layer, Level::Off, ""))
            .collect();
        Self::new(Mode::Off, items)
    }

    /// What was asked for.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Each layer once, in the order of [`Layer::ALL`].
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Whether every layer holds in full; `false` where the sandbox is off.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.items.iter().all(|item| item.level.holds())
    }
}

/// One line for people: what holds, then after semicolons what does not.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mode == Mode::Off {
            return f.write_str("off: the process keeps all its privileges");
        }
        let (held, lacking): (Vec<_>, Vec<_>) =
            self.items.iter().partition(|item| item.level.holds());
        let mut between = "";
        for item in held {
            write!(f, "{between}{item}")?;
            between = ", ";
        }
        for item in lacking {
            if !between.is_empty() {
                between = "; ";
            }
            write!(f, "{between}{item}")?;
            between = "; ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(layer: Layer, level: Level, detail: &str) -> Item {
        Item::new(layer, level, detail)
    }

    #[test]
    fn one_line_for_people() {
        let state = State::new(
            Mode::BestEffort,
            vec![
                item(Layer::NoNewPrivs, Level::Applied, ""),
                item(Layer::Landlock, Level::Applied, "ABI 6"),
                item(Layer::User, Level::Applied, "bellerophon"),
                item(Layer::Capabilities, Level::Applied, "cap_net_raw"),
                item(Layer::Seccomp, Level::Applied, "84 calls"),
            ],
        );
        assert_eq!(
            state.to_string(),
            "user bellerophon, capabilities cap_net_raw, no_new_privs, landlock (ABI 6), seccomp (84 calls)"
        );
        assert!(state.is_complete());
    }

    #[test]
    fn what_is_missing_stands_behind_what_holds() {
        let state = State::new(
            Mode::BestEffort,
            vec![
                item(Layer::User, Level::Partly("still root".into()), "root"),
                item(Layer::Capabilities, Level::Applied, "none"),
                item(Layer::Landlock, Level::Missing("too old".into()), ""),
            ],
        );
        assert_eq!(
            state.to_string(),
            "capabilities none; user partly root: still root; no landlock: too old"
        );
        assert!(!state.is_complete());
        let metrics: Vec<_> = state
            .items()
            .iter()
            .map(|i| (i.layer.name(), i.level.name(), i.level.holds()))
            .collect();
        assert_eq!(
            metrics,
            [
                ("user", "partly", false),
                ("capabilities", "applied", true),
                ("landlock", "missing", false)
            ]
        );
    }

    #[test]
    fn off_says_so() {
        let state = State::off();
        assert_eq!(state.items().len(), Layer::ALL.len());
        assert!(!state.is_complete());
        assert!(state.to_string().starts_with("off"));
    }
}

//! What an update says while it runs, a line at a time.

use crate::fetch::Progress;
use crate::output::counted;
use crate::problem::Plain;

/// The line for standard error, or none.
pub(super) fn line(progress: &Progress<'_>) -> Option<String> {
    Some(match progress {
        Progress::Asking { from } => format!("asking {}", Plain(from)),
        Progress::Index { lists, hosts } => format!(
            "the index names {} at {}",
            counted(*lists as u64, "list", "lists"),
            hosts.join(", ")
        ),
        Progress::Answered { host } => format!("  {} answered", Plain(host)),
        Progress::Collected { objects, pages } => format!(
            "  {} on {}",
            counted(*objects, "object", "objects"),
            counted(*pages as u64, "page", "pages")
        ),
        Progress::Warning(text) => format!("warning: {}", Plain(text)),
        // It is in the table, which comes at the end.
        Progress::Done(feed) if feed.outcome.is_good() => return None,
        Progress::Done(feed) => format!("  {feed}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_asked_is_said_safely() {
        let said = line(&Progress::Asking { from: "a\u{1b}b" }).unwrap();
        assert_eq!(said, "asking a\\u{1b}b");
        let hosts = ["a.example".to_owned(), "b.example".to_owned()];
        let said = line(&Progress::Index {
            lists: 1,
            hosts: &hosts,
        });
        assert_eq!(
            said.unwrap(),
            "the index names 1 list at a.example, b.example"
        );
    }
}

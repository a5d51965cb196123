//! A list by itself, before it is used: whether it is one, and how much is in it.

use std::path::Path;

use super::build::Builder;
use super::format::misp::feed;
use super::format::{self, Choice};
use super::load;
use super::pack::PackInfo;
use super::problem::Problem;

/// What a list would bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Entries that count, of all kinds.
    pub entries: u64,
    /// Entries that are left out since something is wrong with them.
    pub refused: u64,
    /// What it holds that is not looked for.
    pub aside: u64,
    /// Its own date, `YYYY-MM-DD`.
    pub updated: Option<String>,
    /// Its format.
    pub format: &'static str,
}

/// Reads a list as [`load`](super::load()) would read a file of this name.
///
/// # Errors
/// It is no list, or none of its entries can be used.
pub fn inspect(name: &Path, bytes: &[u8]) -> Result<Inspected, Problem> {
    let label = name.display().to_string();
    if feed::is(format::head(bytes)) {
        // Its events stand beside it, where nobody has looked at them.
        let what = "the manifest of a MISP feed lists nothing by itself";
        return Err(Problem::new(&label, what, "fetch its events"));
    }
    let mut builder = Builder::default();
    let mut problems = Vec::new();
    let how = (Choice::Detect, None);
    load::add_reader(&mut builder, name, bytes, how, None, &mut problems)?;
    let Some(pack) = builder.packs().first() else {
        let said = builder.problems().first().cloned();
        return Err(said.unwrap_or_else(|| Problem::new(&label, "it holds no list", "")));
    };
    let inspected = Inspected::of(pack);
    if inspected.entries == 0 && inspected.aside == 0 {
        let what = format!("none of its {} entries can be used", inspected.refused);
        let first = builder.problems().first();
        let fix = first.map_or(String::new(), |p| format!("the first: {p}"));
        return Err(Problem::new(&label, what, fix));
    }
    Ok(inspected)
}

impl Inspected {
    fn of(pack: &PackInfo) -> Self {
        let aside = pack.aside.iter().map(|(_, count)| count);
        Self {
            entries: pack.entries() as u64,
            refused: pack.refused as u64,
            aside: aside.sum::<usize>() as u64,
            updated: pack.updated.clone(),
            format: pack.format,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Result<Inspected, String> {
        inspect(Path::new(name), text.as_bytes()).map_err(|p| p.to_string())
    }

    #[test]
    fn what_counts_is_counted() {
        let list = of(
            "a.txt",
            "# a list\na.evil-host.example\nb.evil-host.example\nco.uk\n",
        )
        .unwrap();
        assert_eq!((list.entries, list.refused, list.format), (2, 1, "plain"));
        let own = "bellerophon: 1\npack: own\nupdated: 2024-01-02\ngroups:\n  - domains: [a.evil-host.example]\n";
        let own = of("a.list", own).unwrap();
        assert_eq!(
            (own.entries, own.updated.as_deref()),
            (1, Some("2024-01-02"))
        );
    }

    #[test]
    fn what_brings_nothing_is_refused() {
        assert!(of("a.txt", "").is_err());
        let all_bad = of("a.txt", "co.uk\ncom.au\n").unwrap_err();
        assert!(all_bad.contains("none of its 2 entries"), "{all_bad}");
        assert!(of("a.yaml", "bellerophon: 2\n").is_err());
    }
}

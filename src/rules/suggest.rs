//! "Did you mean ...?"

/// The candidate that `wrong` is most likely a misspelling of, if any is close enough.
pub(super) fn nearest<'a>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Long keys get pasted, not typed: distances over them cost time and help nobody.
    if wrong.len() > 64 {
        return None;
    }
    let wrong = wrong.to_lowercase().replace([' ', '_'], "-");
    let bound = (wrong.len() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|c| {
            (
                strsim::damerau_levenshtein(&wrong, &c.to_lowercase().replace('_', "-")),
                c,
            )
        })
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_misspellings_and_refuses_strangers() {
        let keys = ["generation", "first_published", "sources", "domains"];
        for (wrong, want) in [
            ("genration", Some("generation")),
            ("first-published", Some("first_published")),
            ("Domains", Some("domains")),
            ("domian", Some("domains")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, keys), want, "{wrong}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), keys), None);
    }
}

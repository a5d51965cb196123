//! Whether the rules load, and how old they are.

use super::super::age::Age;
use super::finding::{Finding, step};
use crate::feeds::{self, FeedAge};
use crate::output::{counted, grouped};
use crate::rules::{Loaded, RulesError};
use crate::time::Timestamp;

pub(super) fn judge(loaded: Result<&Loaded, &RulesError>, now: Timestamp) -> Vec<Finding> {
    match loaded {
        Ok(loaded) => {
            let packs = loaded.rules.packs().count() as u64;
            vec![
                names(loaded.rules.len() as u64, packs),
                defects(
                    &loaded
                        .problems
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>(),
                ),
                age(Age::of(&loaded.rules, now).as_ref()),
                fetched(&feeds::ages_of(&loaded.rules, now)),
            ]
        }
        Err(error) => vec![refused(error)],
    }
}

fn refused(error: &RulesError) -> Finding {
    let all = error.errors.iter().chain(&error.problems);
    let all: Vec<String> = all.map(ToString::to_string).collect();
    let more = all.len().saturating_sub(1);
    let mut found = all.first().cloned().unwrap_or_default();
    if more != 0 {
        found.push_str(&format!(
            " (and {})",
            counted(more as u64, "other defect", "other defects")
        ));
    }
    Finding::error(
        "rules.names",
        format!("they do not load: {found}"),
        step("correct what is named, or leave out --rules and --pack to use the built-in pack"),
    )
    .with("problems", all)
}

fn names(names: u64, packs: u64) -> Finding {
    let check = "rules.names";
    if names == 0 {
        return Finding::error(
            check,
            "no name is listed: nothing can be found",
            step("give rules with names of hosts (--rules, --pack)"),
        )
        .with("names", 0);
    }
    Finding::ok(
        check,
        format!(
            "{} in {}",
            counted(names, "listed name", "listed names"),
            counted(packs, "pack", "packs")
        ),
    )
    .with("names", names)
    .with("packs", packs)
}

fn defects(problems: &[String]) -> Finding {
    let check = "rules.defects";
    let finding = match problems {
        [] => Finding::ok(check, "none"),
        [first, ..] => Finding::warning(
            check,
            format!(
                "{}, left out; the first: {first}",
                counted(problems.len() as u64, "entry is wrong", "entries are wrong")
            ),
            step("correct them; `doctor --json` lists them all"),
        ),
    };
    finding.with("problems", problems)
}

fn age(age: Option<&Age>) -> Finding {
    let check = "rules.age";
    let Some(age) = age else {
        return Finding::skipped(check, "no pack says of when it is (`updated`)");
    };
    let Age { newest, days } = age;
    if *days < 0 {
        Finding::warning(
            check,
            format!("the newest are of {newest}, which is still to come"),
            step("set this machine's clock, or correct `updated` in the pack"),
        )
    } else if age.is_old() {
        Finding::warning(
            check,
            format!(
                "the newest are of {newest}, {} days ago: newer hosts are not found",
                grouped(days.unsigned_abs())
            ),
            step("fetch newer lists with `bellerophon rules update`, and give their folder with --rules"),
        )
    } else {
        Finding::ok(check, format!("the newest are of {newest}"))
    }
    .with("newest", newest.as_str())
    .with("days", *days)
}

/// Of lists that `rules update` fetched it counts when they were last asked for, not what date they bear.
fn fetched(ages: &[FeedAge]) -> Finding {
    let check = "rules.fetched";
    if ages.is_empty() {
        return Finding::skipped(check, "no list was fetched by `rules update`");
    }
    let oldest = ages.iter().filter_map(|age| age.days).max();
    let old = ages.iter().filter(|age| age.is_old()).count();
    let finding = match feeds::warning(ages) {
        Some(warning) => Finding::warning(
            check,
            warning,
            step(
                "run `bellerophon rules update`, and have it run every day (bellerophon-update.timer)",
            ),
        ),
        None => Finding::ok(
            check,
            format!(
                "{}, asked for within {}",
                counted(ages.len() as u64, "list", "lists"),
                counted(
                    oldest.unwrap_or(0).unsigned_abs().saturating_add(1),
                    "day",
                    "days"
                )
            ),
        ),
    };
    finding
        .with("lists", ages.len())
        .with("old", old)
        .with("oldest_days", oldest)
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Level, of};
    use super::*;
    use crate::feeds::FeedName;
    use crate::rules::{LoadOptions, load};

    #[test]
    fn the_built_in_pack_is_whole() {
        let loaded = load(&LoadOptions::default()).unwrap();
        let findings = judge(Ok(&loaded), Timestamp::of_clock());
        assert_eq!(of(&findings, "rules.names").level, Level::Ok);
        assert_eq!(
            of(&findings, "rules.names").values["names"],
            loaded.rules.len()
        );
        assert_eq!(of(&findings, "rules.defects").level, Level::Ok);
    }

    #[test]
    fn rules_that_do_not_load_are_an_error() {
        let wrong = LoadOptions {
            packs: vec!["pegasos".into()],
            ..LoadOptions::default()
        };
        let error = load(&wrong).unwrap_err();
        let findings = judge(Err(&error), Timestamp::of_clock());
        let names = of(&findings, "rules.names");
        assert_eq!(names.level, Level::Error);
        assert!(names.found.contains("pegasos"), "{names:?}");
    }

    #[test]
    fn old_rules_and_rules_of_tomorrow() {
        let of = |days| Age {
            newest: "2024-12-16".into(),
            days,
        };
        assert_eq!(age(Some(&of(3))).level, Level::Ok);
        assert_eq!(age(Some(&of(-3))).level, Level::Warning);
        let old = age(Some(&of(1_234)));
        assert_eq!(old.level, Level::Warning);
        assert!(old.found.contains("1,234 days"), "{old:?}");
        assert_eq!(age(None).level, Level::Skipped);
    }

    #[test]
    fn fetched_lists_are_asked_for_again() {
        let of = |days| FeedAge {
            name: FeedName::existing("a.txt").unwrap(),
            days: Some(days),
        };
        assert_eq!(fetched(&[]).level, Level::Skipped);
        let fresh = fetched(&[of(0), of(2)]);
        assert_eq!(
            (fresh.level, fresh.found.as_str()),
            (Level::Ok, "2 lists, asked for within 3 days")
        );
        let old = fetched(&[of(0), of(31)]);
        assert_eq!(old.level, Level::Warning);
        assert!(old.found.contains("31 days"), "{old:?}");
        assert_eq!(old.values["old"], 1);
    }

    #[test]
    fn defects_are_counted_and_the_first_is_told() {
        assert_eq!(defects(&[]).level, Level::Ok);
        let two = defects(&["a:1: b".into(), "c".into()]);
        assert_eq!(two.level, Level::Warning);
        assert!(two.found.starts_with("2 entries are wrong"), "{two:?}");
        assert!(two.found.ends_with("a:1: b"), "{two:?}");
    }

    #[test]
    fn no_names_find_nothing() {
        assert_eq!(names(0, 1).level, Level::Error);
        assert_eq!(names(1, 1).found, "1 listed name in 1 pack");
    }
}

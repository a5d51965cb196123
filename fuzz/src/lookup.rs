//! A name against the built-in packs: two bytes choose an indicator, `!` in the name stands for it.

use std::collections::HashMap;
use std::sync::LazyLock;

use bellerophon::rules::{Explainer, Hit, How, IndicatorId, LoadOptions, RuleSet, Verdict, load};

static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
    let options = LoadOptions {
        rules: Vec::new(),
        packs: vec!["all".into()],
        ..LoadOptions::default()
    };
    load(&options).unwrap().rules
});
static EXPLAINER: LazyLock<Explainer<'static>> = LazyLock::new(|| Explainer::new(&RULES));
static LISTED: LazyLock<HashMap<&'static [u8], IndicatorId>> = LazyLock::new(|| {
    RULES
        .indicators()
        .map(|(id, indicator)| (indicator.name.as_bytes(), id))
        .collect()
});

pub fn run(data: &[u8]) {
    let Some((choice, rest)) = data.split_first_chunk::<2>() else {
        return;
    };
    let chosen = usize::from(u16::from_be_bytes(*choice)) % RULES.len();
    let (_, indicator) = RULES.indicators().nth(chosen).unwrap();
    let mut name = Vec::new();
    for &byte in rest {
        match byte {
            b'!' => name.extend(indicator.name.bytes()),
            _ => name.push(byte),
        }
    }
    assert_eq!(
        RULES.match_name(&name),
        naive(&name),
        "{}",
        name.escape_ascii()
    );

    let Ok(asked) = std::str::from_utf8(&name) else {
        return;
    };
    let explained = EXPLAINER.explain(asked);
    let hit = RULES.match_name(explained.name.as_bytes());
    match &explained.verdict {
        Verdict::Match { hit: theirs, .. } => assert_eq!(hit, Some(*theirs)),
        Verdict::NoMatch { .. } => assert_eq!(hit, None),
        Verdict::Invalid { what, .. } => assert!(!what.is_empty()),
    }
    let shown = explained.to_string();
    assert!(
        !shown.chars().any(|c| c.is_control() && c != '\n'),
        "{shown:?}"
    );
    // What is matched on the wire and what is looked up are one thing, except that the reader of
    // either drops a final dot before the matcher drops one.
    let valid = !matches!(explained.verdict, Verdict::Invalid { .. });
    if valid && !asked.trim().ends_with("..") {
        assert_eq!(hit, RULES.match_name(asked.trim().as_bytes()), "{asked:?}");
    }
}

/// Every suffix that begins at a label, the longest first, in a map.
fn naive(name: &[u8]) -> Option<Hit> {
    let mut starts = vec![0];
    let mut escaped = false;
    for (at, &byte) in name.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'.' => starts.push(at + 1),
            _ => {}
        }
    }
    let mut name = name.to_ascii_lowercase();
    // A final dot that begins an empty label is the root's.
    if !name.is_empty() && starts.last() == Some(&name.len()) {
        name.pop();
        starts.pop();
    }
    starts.into_iter().find_map(|start| {
        let indicator = *LISTED.get(&name[start..])?;
        let how = if start == 0 { How::Exact } else { How::Below };
        let scope = RULES.indicator(indicator)?.scope;
        scope.applies(how).then_some(Hit { indicator, how })
    })
}

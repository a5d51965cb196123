//! Reads a list in a format that is given: for fuzz targets, which feed each reader what its detection would keep away.

use super::build::{Builder, Options};
use super::format::{self, FORMATS};
use super::load::Loaded;
use super::problem::RulesError;

/// The names of the formats that are not our own.
#[doc(hidden)]
pub fn formats() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|format| format.name)
}

/// What a list in this format holds; none where no format has the name.
///
/// # Errors
/// What refuses the list as a whole.
#[doc(hidden)]
pub fn read_as(name: &str, text: &[u8]) -> Option<Result<Loaded, RulesError>> {
    let format = FORMATS.iter().find(|format| format.name == name)?;
    // Of any use or not: it must not fail.
    let _ = format::of("list", text);
    let mut builder = Builder::default();
    builder.set(Options {
        detail: true,
        ..Options::default()
    });
    let read = builder.add_list("list", format.name, |to| {
        format::read_other(format, text, None, to)
    });
    let refused = |error, problems| RulesError {
        errors: vec![error],
        problems,
    };
    if let Err(error) = read {
        return Some(Err(refused(error, builder.problems().to_vec())));
    }
    let asides = builder.take_asides();
    Some(match builder.finish() {
        Ok((rules, problems)) => Ok(Loaded {
            rules,
            problems,
            asides,
        }),
        Err(error) => Err(refused(error, Vec::new())),
    })
}

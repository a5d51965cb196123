//! Checks one entry of the file against its flag, and makes the arguments that stand for it.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::Arg;

use super::flags::{self, Form, Unknown};
use super::problem::{Complaint, Place};
use super::yaml::{Entry, Kind, Scalar, Value};

/// A flag that the file gives.
#[derive(Debug)]
pub(super) struct Setting<'a> {
    pub(super) arg: &'a Arg,
    pub(super) key: String,
    pub(super) at: Option<Place>,
    /// What is written on a command line for it; nothing for `false`, `0` and an empty list.
    pub(super) arguments: Vec<OsString>,
}

/// An entry after its check.
#[derive(Debug, Default)]
pub(super) struct Checked<'a> {
    /// Where nothing is wrong.
    pub(super) setting: Option<Setting<'a>>,
    pub(super) problems: Vec<Complaint>,
    pub(super) warnings: Vec<Complaint>,
}

/// Why a key is none of the command's.
pub(super) fn unknown(entry: &Entry, unknown: Unknown) -> Complaint {
    let key = &entry.key;
    let (what, fix) = match unknown.near {
        Some(near) if unknown.alias => (
            format!("`{key}` is another name of a flag"),
            format!("write `{near}`"),
        ),
        Some(near) => (
            format!("unknown key `{key}`"),
            format!("did you mean `{near}`?"),
        ),
        None if matches!(entry.value, Value::Other("a mapping")) => (
            format!("unknown key `{key}`"),
            "the file has no sections: write each key at the beginning of a line".to_owned(),
        ),
        None => (
            format!("unknown key `{key}`"),
            "keys are the long flags of the command, without `--`".to_owned(),
        ),
    };
    Complaint::new(entry.at, what, fix)
}

/// Checks an entry. Relative paths are taken from `folder`.
pub(super) fn check<'a>(arg: &'a Arg, entry: &Entry, folder: &Path) -> Checked<'a> {
    let mut checked = Checked::default();
    match arguments(arg, entry, folder, &mut checked.warnings) {
        Ok(arguments) => {
            checked.setting = Some(Setting {
                arg,
                key: entry.key.clone(),
                at: entry.at,
                arguments,
            });
        }
        Err(problems) => checked.problems = problems,
    }
    checked
}

fn arguments(
    arg: &Arg,
    entry: &Entry,
    folder: &Path,
    warnings: &mut Vec<Complaint>,
) -> Result<Vec<OsString>, Vec<Complaint>> {
    let key = &entry.key;
    let refused = |what: String, fix: &str| Err(vec![Complaint::new(entry.at, what, fix)]);
    let form = flags::form(arg);
    if let Form::Unfit(reason) = form {
        return refused(format!("`{key}` cannot stand in a file"), reason);
    }
    if let Value::Other(name) = &entry.value {
        return refused(
            format!("`{key}` is {name}"),
            "write a single value, or for some flags a list of them",
        );
    }
    let several = matches!(form, Form::Each | Form::Joined(_) | Form::Group(_));
    let items = match &entry.value {
        Value::List(_) if !several => {
            return refused(
                format!("`{key}` takes one value, and no list"),
                "write the value behind the colon",
            );
        }
        Value::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    match (form, items) {
        (Form::Switch, [Value::One(value)]) => {
            let on = switch(entry, value)?;
            if !on {
                warn_default(entry, warnings);
            }
            return Ok(Vec::from_iter(on.then(|| flag(key))));
        }
        (Form::Count, [Value::One(value)]) => {
            let times = count(entry, value)?;
            if times == 0 {
                warn_default(entry, warnings);
            }
            return Ok(vec![flag(key); usize::from(times)]);
        }
        (Form::One { optional: true }, [Value::One(value)]) => {
            let named = flags::possible(arg).iter().any(|(v, _)| *v == value.text);
            match value.kind {
                Kind::Bool(true) if !named => return Ok(vec![flag(key)]),
                Kind::Bool(false) if !named => return Ok(Vec::new()),
                _ => {}
            }
        }
        _ => {}
    }
    let (mut texts, mut problems) = (Vec::new(), Vec::new());
    for item in items {
        match text(arg, entry, item) {
            Ok(text) => texts.push((text, place(item).or(entry.at))),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    warn_values(arg, entry, &texts, warnings);
    // On the command line, a text with delimiters stands for several values as well.
    if let Some(delimiter) = arg.get_value_delimiter() {
        texts = texts
            .iter()
            .flat_map(|(text, at)| text.split(delimiter).map(|t| (t.to_owned(), *at)))
            .collect();
    }
    let values: Vec<(OsString, Option<Place>)> = texts
        .into_iter()
        .map(|(text, at)| (resolved(arg, text, folder), at))
        .collect();
    given(arg, entry, form, &values)
}

/// The arguments for values that are texts, each checked by clap.
fn given(
    arg: &Arg,
    entry: &Entry,
    form: Form,
    values: &[(OsString, Option<Place>)],
) -> Result<Vec<OsString>, Vec<Complaint>> {
    if let Form::Group(size) = form {
        return groups(arg, entry, size, values);
    }
    let problems: Vec<Complaint> = values
        .iter()
        .filter_map(|(value, at)| {
            let error = flags::try_value(arg, value).err()?;
            Some(wrong(arg, entry, &value.to_string_lossy(), *at, &error))
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let with = |value: &OsStr| {
        let mut argument = flag(&entry.key);
        argument.push("=");
        argument.push(value);
        argument
    };
    // Delimiters in a single value of any other form come back as they were.
    let joint = match form {
        Form::Joined(joint) => Some(joint),
        Form::One { .. } => arg.get_value_delimiter(),
        _ => None,
    };
    if let Some(joint) = joint
        && !values.is_empty()
    {
        let mut all = OsString::new();
        for (n, (value, _)) in values.iter().enumerate() {
            if n > 0 {
                all.push(joint.to_string());
            }
            all.push(value);
        }
        return Ok(vec![with(&all)]);
    }
    Ok(values.iter().map(|(value, _)| with(value)).collect())
}

/// The arguments of a flag that takes `size` values at once.
fn groups(
    arg: &Arg,
    entry: &Entry,
    size: usize,
    values: &[(OsString, Option<Place>)],
) -> Result<Vec<OsString>, Vec<Complaint>> {
    let key = &entry.key;
    let repeats = matches!(arg.get_action(), clap::ArgAction::Append);
    let fits = values.len().checked_rem(size) == Some(0) && (repeats || values.len() <= size);
    if !fits {
        let what = format!("`{key}` has a list of {}", values.len());
        let fix = format!("it takes {size} values at once");
        return Err(vec![Complaint::new(entry.at, what, fix)]);
    }
    let (mut arguments, mut problems) = (Vec::new(), Vec::new());
    for group in values.chunks(size.max(1)) {
        let (values, places): (Vec<OsString>, Vec<Option<Place>>) = group.iter().cloned().unzip();
        if let Err(error) = flags::try_group(arg, &values) {
            let texts: Vec<_> = values.iter().map(|v| v.to_string_lossy()).collect();
            let at = places.first().copied().flatten();
            problems.push(wrong(arg, entry, &texts.join(" "), at, &error));
        }
        arguments.push(flag(key));
        arguments.extend(values);
    }
    if problems.is_empty() {
        Ok(arguments)
    } else {
        Err(problems)
    }
}

/// What clap says to a value.
fn wrong(
    arg: &Arg,
    entry: &Entry,
    value: &str,
    at: Option<Place>,
    error: &clap::Error,
) -> Complaint {
    let (said, fix) = flags::explain(arg, error);
    let mut what = format!("`{}` cannot be `{value}`", entry.key);
    if let Some(said) = said {
        what.push_str(": ");
        what.push_str(&said);
    }
    Complaint::new(at, what, fix)
}

fn flag(key: &str) -> OsString {
    OsString::from(format!("--{key}"))
}

fn place(value: &Value) -> Option<Place> {
    match value {
        Value::One(scalar) => scalar.at,
        _ => None,
    }
}

/// Words that were booleans in YAML 1.1 and are none in YAML 1.2.
fn old_boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "y" | "on" | "true" | "1" => Some(true),
        "no" | "n" | "off" | "false" | "0" => Some(false),
        _ => None,
    }
}

fn no_value(key: &str, at: Option<Place>) -> Complaint {
    Complaint::new(at, format!("`{key}` has no value"), "remove it or give one")
}

fn switch(entry: &Entry, value: &Scalar) -> Result<bool, Vec<Complaint>> {
    let at = value.at.or(entry.at);
    let problem = match value.kind {
        Kind::Bool(on) => return Ok(on),
        Kind::Null => no_value(&entry.key, at),
        Kind::Number | Kind::Text => {
            let what = format!("`{}` cannot be `{}`", entry.key, value.text);
            let fix = match old_boolean(&value.text) {
                Some(on) => format!("write {on}, without quotes"),
                None => "allowed: true, false".to_owned(),
            };
            Complaint::new(at, what, fix)
        }
    };
    Err(vec![problem])
}

fn count(entry: &Entry, value: &Scalar) -> Result<u8, Vec<Complaint>> {
    let at = value.at.or(entry.at);
    if value.kind == Kind::Null {
        return Err(vec![no_value(&entry.key, at)]);
    }
    value.text.parse().map_err(|_| {
        let what = format!("`{}` cannot be `{}`", entry.key, value.text);
        let fix = "allowed: how many times the flag is given, 0 to 255";
        vec![Complaint::new(at, what, fix)]
    })
}

/// The text of a value for a flag that takes one.
fn text(arg: &Arg, entry: &Entry, item: &Value) -> Result<String, Complaint> {
    let key = &entry.key;
    let scalar = match item {
        Value::One(scalar) => scalar,
        Value::Other(name) => {
            let what = format!("an item of `{key}` is {name}");
            return Err(Complaint::new(entry.at, what, "items are single values"));
        }
        Value::List(_) => {
            let what = format!("an item of `{key}` is a list");
            return Err(Complaint::new(entry.at, what, "items are single values"));
        }
    };
    let at = scalar.at.or(entry.at);
    // A block of text ends with the end of its last line, which is meant by nobody.
    let text = scalar.text.trim_end_matches('\n');
    match scalar.kind {
        Kind::Null if matches!(entry.value, Value::List(_)) => {
            let what = format!("an item of `{key}` has no value");
            return Err(Complaint::new(at, what, "remove it or give one"));
        }
        Kind::Null => return Err(no_value(key, at)),
        // `eve: true` is more likely a wish for the feature than for a file of this name.
        Kind::Bool(_) if !flags::possible(arg).iter().any(|(v, _)| v == text) => {
            let what = format!("`{key}` cannot be `{text}`: it is no switch but takes a value");
            let fix = format!("give one, or write \"{text}\" in quotes if this text is meant");
            return Err(Complaint::new(at, what, fix));
        }
        Kind::Bool(_) | Kind::Number | Kind::Text => {}
    }
    if text.contains('\0') {
        let what = format!("`{key}` has a zero byte in its value");
        return Err(Complaint::new(at, what, "no flag takes one; remove it"));
    }
    if flags::is_path(arg) && (text == "~" || text.starts_with("~/")) {
        let what = format!("`{key}` cannot be `{text}`: `~` stands for nothing in this file");
        return Err(Complaint::new(at, what, "write the whole path"));
    }
    Ok(text.to_owned())
}

/// Relative paths are taken from the file's folder.
fn resolved(arg: &Arg, text: String, folder: &Path) -> OsString {
    if flags::is_relative(arg, &text) {
        folder.join(text).into_os_string()
    } else {
        text.into()
    }
}

fn warn_default(entry: &Entry, warnings: &mut Vec<Complaint>) {
    let what = format!("`{}` has its default", entry.key);
    warnings.push(Complaint::new(entry.at, what, "it can be left out"));
}

fn warn_values(
    arg: &Arg,
    entry: &Entry,
    texts: &[(String, Option<Place>)],
    warnings: &mut Vec<Complaint>,
) {
    let key = &entry.key;
    let defaults = flags::defaults(arg);
    let same = defaults.iter().eq(texts.iter().map(|(t, _)| t));
    // A relative default is taken from the working directory, and so means another file.
    if texts.is_empty() {
        let what = format!("`{key}` is an empty list");
        let fix = "this is the same as no list; remove it";
        warnings.push(Complaint::new(entry.at, what, fix));
    } else if same && !defaults.iter().any(|d| flags::is_relative(arg, d)) {
        warn_default(entry, warnings);
    }
    let mut seen = std::collections::HashSet::new();
    // Pairs and the like may well repeat a value.
    let distinct = !matches!(flags::form(arg), Form::Group(_));
    let list = matches!(entry.value, Value::List(_));
    for (text, at) in texts.iter().filter(|_| distinct) {
        // A dash that is indented more than the one above continues the text there.
        if list && text.contains(" - ") {
            let what = format!("`{key}` has the item `{text}`");
            let fix = "if two are meant, indent their dashes alike";
            warnings.push(Complaint::new(*at, what, fix));
        }
        if !seen.insert(text) {
            let what = format!("`{key}` has `{text}` twice");
            warnings.push(Complaint::new(*at, what, "remove one"));
        }
    }
}

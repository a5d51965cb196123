//! A configuration file with every flag of a command, all of them commented out.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::flags::{self, Flags, Form};
use super::problem::ConfigError;

/// The width of the text, in characters.
const WIDTH: usize = 100;

/// A configuration file for the subcommand of the program `command`: each flag that may stand in
/// it, under its heading, with its help, what is allowed, and its default. Every line is a comment;
/// `#key: value`, without a space behind the `#`, is one that sets the default when the `#` goes.
///
/// # Errors
/// [`ConfigError::NoCommand`].
pub fn template(command: &Command, subcommand: &str) -> Result<String, ConfigError> {
    let flags = Flags::new(command, subcommand)?;
    let mut text = String::new();
    let program = command.get_name();
    prose(
        &mut text,
        &format!("Configuration of `{program} {subcommand}`, for its flag `--config FILE`."),
    );
    blank(&mut text);
    prose(
        &mut text,
        "A line `#key: value` shows what a flag has where it is not given; to change it, remove \
         the `#` in front and write another value. `#key:` has none, and needs one. Flags on the \
         command line win over this file. Relative paths are taken from the folder of this file. \
         Switches take true or false.",
    );
    for (heading, args) in groups(&flags) {
        text.push('\n');
        prose(&mut text, &format!("== {heading} =="));
        for (key, arg) in args {
            text.push('\n');
            entry(&mut text, key, arg);
        }
    }
    Ok(text)
}

type Group<'a> = (&'a str, Vec<(&'a str, &'a Arg)>);

/// The flags by their headings, in the order in which these first occur.
fn groups(flags: &Flags) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (key, arg) in flags.args() {
        if arg.is_hide_set() || matches!(flags::form(arg), Form::Unfit(_)) {
            continue;
        }
        let heading = arg.get_help_heading().unwrap_or("Options");
        match groups.iter_mut().find(|(name, _)| *name == heading) {
            Some((_, args)) => args.push((key, arg)),
            None => groups.push((heading, vec![(key, arg)])),
        }
    }
    groups
}

fn entry(text: &mut String, key: &str, arg: &Arg) {
    let help = arg.get_long_help().or(arg.get_help());
    for line in help.map(ToString::to_string).unwrap_or_default().lines() {
        if line.trim().is_empty() {
            blank(text);
        } else {
            prose(text, line);
        }
    }
    let form = flags::form(arg);
    let possible = flags::possible(arg);
    let range = flags::range(arg).filter(|_| !matches!(form, Form::Switch | Form::Count));
    if let Some(range) = &range {
        prose(text, &format!("allowed: {range}"));
    }
    if !possible.is_empty() {
        allowed(text, &possible);
    }
    match form {
        Form::Switch => setting(text, key, "false"),
        Form::Count => setting(text, key, "0"),
        _ => {
            let defaults = flags::defaults(arg);
            let relative = defaults.iter().any(|d| flags::is_relative(arg, d));
            let defaults: Vec<String> = defaults
                .iter()
                .map(|d| match d.as_str() {
                    // Quotes are for those who mean the text.
                    "true" | "false" if possible.iter().any(|(p, _)| p == d) => d.clone(),
                    _ => scalar(d),
                })
                .collect();
            let listed = list(form, &defaults);
            if defaults.is_empty() || relative {
                if relative {
                    // Uncommented, it would be taken from another folder.
                    prose(
                        text,
                        &format!("default: {listed}, in the working directory"),
                    );
                }
                let low = range.and_then(|r| Some(r.split_once(' ')?.0.to_owned()));
                let names = arg.get_value_names().unwrap_or_default();
                let name = names.first().map(|n| n.as_str().to_owned());
                let samples: Vec<String> = if possible.is_empty() {
                    vec![low.or(name).unwrap_or_else(|| "VALUE".to_owned())]
                } else {
                    possible.iter().map(|(name, _)| name.clone()).collect()
                };
                let times = match form {
                    Form::Group(size) => size,
                    Form::Each | Form::Joined(_) => 2,
                    _ => 1,
                };
                let samples = samples.iter().cycle().take(times).map(|s| scalar(s));
                let samples: Vec<String> = samples.collect();
                prose(text, &format!("example: {key}: {}", list(form, &samples)));
                setting(text, key, "");
            } else {
                setting(text, key, &listed);
            }
        }
    }
}

/// The values of a flag, in brackets where it takes several.
fn list(form: Form, values: &[String]) -> String {
    let values_text = values.join(", ");
    if matches!(form, Form::Each | Form::Joined(_) | Form::Group(_)) {
        format!("[{values_text}]")
    } else {
        values_text
    }
}

/// Possible values: in one line, or one a line where they have help.
fn allowed(text: &mut String, values: &[(String, Option<String>)]) {
    if values.iter().all(|(_, help)| help.is_none()) {
        let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
        return prose(text, &format!("allowed: {}", names.join(", ")));
    }
    prose(text, "allowed:");
    for (name, help) in values {
        match help.as_deref().and_then(|h| h.lines().next()) {
            Some(help) => prose(text, &format!("- {name}: {help}")),
            None => prose(text, &format!("- {name}")),
        }
    }
}

fn setting(text: &mut String, key: &str, value: &str) {
    let gap = if value.is_empty() { "" } else { " " };
    // Writing to a text does not fail.
    let _ = writeln!(text, "#{key}:{gap}{value}");
}

fn blank(text: &mut String) {
    text.push_str("#\n");
}

/// A comment, in as many lines as it takes.
fn prose(text: &mut String, words: &str) {
    let mut width = 0_usize;
    for word in words.split_whitespace() {
        let long = word.chars().count();
        let with_gap = width.saturating_add(long).saturating_add(1);
        if width > 0 && with_gap > WIDTH {
            text.push('\n');
            width = 0;
        }
        text.push_str(if width == 0 { "# " } else { " " });
        text.push_str(word);
        width = width.max(1).saturating_add(long).saturating_add(1);
    }
    text.push('\n');
}

/// A text as YAML: as it is where nothing else can be read from it.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '-' | '+');
    let word = |w: &str| {
        matches!(
            w.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        )
    };
    let number = text.strip_prefix('-').unwrap_or_default();
    if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) {
        return text.to_owned();
    }
    let begins = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '_'));
    if begins && text.chars().all(plain) && !word(text) {
        return text.to_owned();
    }
    if text.chars().any(char::is_control) {
        let mut quoted = String::from("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                c if c.is_control() => {
                    let _ = write!(quoted, "\\u{:04x}", u32::from(c));
                }
                c => quoted.push(c),
            }
        }
        quoted.push('"');
        return quoted;
    }
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;

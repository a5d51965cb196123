//! `bellerophon rules show`: all that is known about an indicator or a pack.

use std::error::Error;
use std::io::{self, BufWriter, Write};

use serde_json::{Value, json};

use super::list::{is_in_use, told, with_all_packs};
use super::{age, holdings, unless_closed, when};
use crate::cli::rules::Show;
use crate::commands::{Status, complain};
use crate::output::{counted, printable};
use crate::rules::{self, Inquiry, LoadOptions, PackInfo};
use crate::time::Timestamp;

/// Runs the command.
///
/// # Errors
/// Rules cannot be loaded, or what is known cannot be printed.
pub(super) fn run(args: &Show) -> Result<Status, Box<dyn Error>> {
    let loaded = rules::load(&LoadOptions {
        detail: true,
        ..with_all_packs(args.rules.options())
    })?;
    for problem in &loaded.problems {
        complain(&problem.to_string());
    }
    let now = Timestamp::of_clock();
    let inquiry = Inquiry::new(&loaded, now);
    let mut out = BufWriter::new(io::stdout().lock());
    let mut status = if loaded.problems.is_empty() {
        Status::Done
    } else {
        Status::Failed
    };
    let mut written = Ok(());
    for what in &args.what {
        let mut packs = loaded
            .rules
            .packs()
            .filter(|pack| pack.name == *what)
            .peekable();
        if packs.peek().is_some() {
            for pack in packs {
                let in_use = is_in_use(pack, &args.rules);
                written = written.and_then(|()| {
                    if args.json {
                        writeln!(out, "{}", pack_json(pack, in_use, now))
                    } else {
                        show_pack(pack, in_use, now, &mut out)
                    }
                });
            }
            continue;
        }
        let answer = inquiry.ask(what);
        if let Some((why, fix)) = &answer.error {
            complain(&format!("{what:?}: {why}; {fix}"));
            status = Status::Failed;
        } else if !answer.is_match() && status == Status::Done {
            status = Status::Wrong;
        }
        written = written.and_then(|()| {
            if args.json {
                writeln!(out, "{}", answer.to_json())
            } else if answer.error.is_none() {
                let text = answer.to_string();
                text.lines()
                    .try_for_each(|line| writeln!(out, "{}", printable(line)))
            } else {
                Ok(())
            }
        });
    }
    unless_closed(written.and_then(|()| out.flush()), status)
}

fn pack_json(pack: &PackInfo, in_use: bool, now: Timestamp) -> Value {
    let mut told = told(pack, in_use, now);
    if let Some(told) = told.as_object_mut() {
        let sources = pack.sources.iter().map(|source| json!(&**source)).collect();
        told.insert("sources".to_owned(), sources);
    }
    told
}

fn show_pack(
    pack: &PackInfo,
    in_use: bool,
    now: Timestamp,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "pack {}: {}", pack.name, printable(&pack.title))?;
    let mut line = |what: &str, text: &str| writeln!(out, "  {what:<9} {}", printable(text));
    for (what, text) in [
        ("vendor", &pack.vendor),
        ("about", &pack.description),
        ("licence", &pack.licence),
        ("credit", &pack.attribution),
    ] {
        if let Some(text) = text {
            line(what, text.trim())?;
        }
    }
    line("file", &format!("{} ({})", pack.file, pack.format))?;
    line("holds", &holdings(pack))?;
    for (what, count) in &pack.aside {
        line(
            "aside",
            &format!("{} {what}", crate::output::grouped(*count as u64)),
        )?;
    }
    if pack.refused != 0 {
        line("refused", &counted(pack.refused as u64, "entry", "entries"))?;
    }
    match age(pack, now) {
        Some(age) if age.is_old() => line("updated", &format!("{}: old", when(&age)))?,
        Some(age) => line("updated", &when(&age))?,
        None => line("updated", "no date")?,
    }
    line(
        "in use",
        if in_use {
            "yes"
        } else {
            "not with these flags"
        },
    )?;
    for source in &pack.sources {
        let details = [
            &source.publisher,
            &source.published,
            &source.url,
            &source.licence,
            &source.list,
        ];
        let details = details.into_iter().flatten().map(String::as_str);
        let said: Vec<&str> = std::iter::once(source.title.as_str())
            .chain(details)
            .collect();
        line("source", &said.join(", "))?;
    }
    Ok(())
}

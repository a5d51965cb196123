//! All findings: for people, as lines of 100 columns, and as one line of JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::finding::{Finding, Level, Mend, Section};
use crate::output::{Style, counted, printable};

/// Lines are broken here.
const WIDTH: usize = 100;

/// Room for the level and for the name of a check.
const LEVEL: usize = 9;
const LABEL: usize = 14;

/// Where what was found begins.
const INDENT: usize = 2 + LEVEL + LABEL;

/// What stands before what mends it.
const ARROW: &str = "-> ";

/// Takes findings, and writes them.
#[derive(Debug)]
pub(super) struct Report {
    sections: Vec<Section>,
    /// Each section is written for people when it is there; otherwise all are kept for JSON.
    text: Option<Style>,
    /// Commands can be run as they are; otherwise `sudo` stands before them.
    is_root: bool,
}

impl Report {
    pub(super) fn new(text: Option<Style>, is_root: bool) -> Self {
        Self {
            sections: Vec::new(),
            text,
            is_root,
        }
    }

    /// Takes a section.
    pub(super) fn add(&mut self, section: Section, to: &mut impl Write) -> io::Result<()> {
        if let Some(style) = self.text {
            if !self.sections.is_empty() {
                writeln!(to)?;
            }
            writeln!(to, "{}", style.strong(&printable(&section.title)))?;
            for finding in &section.findings {
                self.lines(finding, style, to)?;
            }
            to.flush()?;
        }
        self.sections.push(section);
        Ok(())
    }

    fn lines(&self, finding: &Finding, style: Style, to: &mut impl Write) -> io::Result<()> {
        let level = finding.level.as_str();
        // Colours have no width.
        let room = " ".repeat(LEVEL.saturating_sub(level.len()));
        let level = match finding.level {
            Level::Skipped => style.faint(level),
            Level::Ok => level.to_owned(),
            Level::Warning => style.caution(level),
            Level::Error => style.alarm(level),
        };
        write!(to, "  {level}{room}{:<LABEL$}", finding.label())?;
        let mut lines = broken(&finding.found, WIDTH.saturating_sub(INDENT)).into_iter();
        writeln!(to, "{}", lines.next().unwrap_or_default())?;
        for line in lines {
            writeln!(to, "{:INDENT$}{line}", "")?;
        }
        match &finding.mend {
            None => {}
            // A command is copied: it stays on one line.
            Some(Mend::Command(command)) => {
                let command = printable(&self.as_root(command));
                writeln!(to, "{:INDENT$}{ARROW}{}", "", style.strong(&command))?;
            }
            Some(Mend::Step(step)) => {
                let width = WIDTH.saturating_sub(INDENT).saturating_sub(ARROW.len());
                for (number, line) in broken(step, width).iter().enumerate() {
                    let before = if number == 0 { ARROW } else { "   " };
                    writeln!(to, "{:INDENT$}{before}{line}", "")?;
                }
            }
        }
        Ok(())
    }

    fn as_root(&self, command: &str) -> String {
        if self.is_root {
            command.to_owned()
        } else {
            format!("sudo {command}")
        }
    }

    fn count(&self, level: Level) -> u64 {
        let all = self.sections.iter().flat_map(|section| &section.findings);
        all.filter(|finding| finding.level == level).count() as u64
    }

    /// The worst that was found.
    pub(super) fn worst(&self) -> Level {
        let all = self.sections.iter().flat_map(|section| &section.findings);
        let worst = all.map(|finding| finding.level).max();
        worst.unwrap_or(Level::Ok).max(Level::Ok)
    }

    /// Writes what remains to be written: how many there are of what, or all as JSON.
    pub(super) fn finish(&self, to: &mut impl Write) -> io::Result<()> {
        let Some(style) = self.text else {
            serde_json::to_writer(&mut *to, &self.json())?;
            writeln!(to)?;
            return to.flush();
        };
        let worst = match self.worst() {
            Level::Error => style.alarm("watch does not see what it needs"),
            Level::Warning => style.caution("watch runs, and may see less than it could"),
            Level::Ok | Level::Skipped => "watch has what it needs".to_owned(),
        };
        writeln!(
            to,
            "\n{}, {}, {} ok, {} skipped: {worst}",
            counted(self.count(Level::Error), "error", "errors"),
            counted(self.count(Level::Warning), "warning", "warnings"),
            self.count(Level::Ok),
            self.count(Level::Skipped),
        )?;
        to.flush()
    }

    fn json(&self) -> Value {
        let check = |section: &Section, finding: &Finding| {
            let (command, step) = match &finding.mend {
                Some(Mend::Command(command)) => (Some(self.as_root(command)), None),
                Some(Mend::Step(step)) => (None, Some(step)),
                None => (None, None),
            };
            json!({
                "check": finding.check,
                "interface": section.interface,
                "status": finding.level.as_str(),
                "found": finding.found,
                "command": command,
                "step": step,
                "values": finding.values,
            })
        };
        let checks: Vec<Value> = self
            .sections
            .iter()
            .flat_map(|section| section.findings.iter().map(move |f| check(section, f)))
            .collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "status": self.worst().as_str(),
            "errors": self.count(Level::Error),
            "warnings": self.count(Level::Warning),
            "ok": self.count(Level::Ok),
            "skipped": self.count(Level::Skipped),
            "checks": checks,
        })
    }
}

/// The text in lines of so many characters, where it has blanks to break it at.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut room = 0usize;
    for word in printable(text).split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if length < room => {
                line.push(' ');
                line.push_str(word);
                room = room.saturating_sub(length).saturating_sub(1);
            }
            _ => {
                lines.push(word.to_owned());
                room = width.saturating_sub(length);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::finding::{command, step};
    use super::*;

    fn section(interface: Option<&str>, findings: Vec<Finding>) -> Section {
        Section {
            interface: interface.map(str::to_owned),
            title: interface.map_or("This machine".into(), |name| format!("Interface {name}")),
            findings,
        }
    }

    fn written(text: bool, is_root: bool, sections: Vec<Section>) -> String {
        let mut report = Report::new(text.then_some(Style::PLAIN), is_root);
        let mut to = Vec::new();
        for section in sections {
            report.add(section, &mut to).unwrap();
        }
        report.finish(&mut to).unwrap();
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn people_get_a_table() {
        let long = "word ".repeat(30);
        let text = written(
            true,
            false,
            vec![
                section(None, vec![Finding::ok("kernel.bpf_jit", "on")]),
                section(
                    Some("eth0"),
                    vec![
                        Finding::warning("card.ring", "512 of 4,096", command("ethtool -G eth0")),
                        Finding::error("traffic.packets", long.trim(), step(long.trim())),
                        Finding::skipped("card.clock", "not told\u{1b}[31m"),
                    ],
                ),
            ],
        );
        assert_eq!(
            text,
            "This machine\n  \
             ok       bpf jit       on\n\n\
             Interface eth0\n  \
             warning  ring          512 of 4,096\n                         -> sudo ethtool -G eth0\n  \
             error    packets       word word word word word word word word word word word word word word word\n                         \
             word word word word word word word word word word word word word word word\n                         \
             -> word word word word word word word word word word word word word word\n                            \
             word word word word word word word word word word word word word word\n                            \
             word word\n  \
             skipped  clock         not told\\u{1b}[31m\n\n\
             1 error, 1 warning, 1 ok, 1 skipped: watch does not see what it needs\n"
        );
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn machines_get_one_line() {
        let text = written(
            false,
            true,
            vec![section(
                Some("eth0"),
                vec![
                    Finding::warning("card.ring", "512", command("ethtool -G eth0"))
                        .with("rx", 512),
                    Finding::ok("card.vlan", "fine"),
                ],
            )],
        );
        assert!(text.ends_with("}\n") && text.lines().count() == 1);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["status"], "warning");
        assert_eq!(
            (&value["errors"], &value["warnings"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(
            value["checks"][0],
            json!({
                "check": "card.ring", "interface": "eth0", "status": "warning", "found": "512",
                "command": "ethtool -G eth0", "step": null, "values": {"rx": 512},
            })
        );
    }

    #[test]
    fn what_is_skipped_is_no_fault() {
        let text = written(
            true,
            true,
            vec![section(None, vec![Finding::skipped("a.b", "")])],
        );
        assert!(text.ends_with("0 errors, 0 warnings, 0 ok, 1 skipped: watch has what it needs\n"));
    }
}

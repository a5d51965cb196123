//! Writes what a capture holds: JSON for the end-to-end tests, Markdown for people.

use super::{Observed, Scenario};

pub(super) fn json(scenario: &Scenario) -> String {
    let names: Vec<String> = scenario
        .observed
        .iter()
        .map(|row| object(row, ""))
        .collect();
    let contacts: Vec<String> = scenario
        .contacts()
        .iter()
        .map(|contact| {
            let more = format!(
                ",\"device\":\"{}\",\"indicator\":\"{}\",\"match\":\"{}\"",
                contact.observed.device, contact.indicator, contact.matched
            );
            object(contact.observed, &more)
        })
        .collect();
    format!(
        "{{\n\"file\": \"{}\",\n\"packets\": {},\n\"contacts\": {},\n\"names\": {}\n}}\n",
        scenario.file,
        scenario.packets,
        array(&contacts),
        array(&names),
    )
}

fn array(rows: &[String]) -> String {
    if rows.is_empty() {
        "[]".into()
    } else {
        format!("[\n  {}\n]", rows.join(",\n  "))
    }
}

/// One row, one line, so that a changed capture gives a readable difference.
fn object(row: &Observed, more: &str) -> String {
    let time = row.time.map_or("null".into(), |time| time.to_string());
    format!(
        "{{\"packet\":{},\"ts_ns\":{time},\"kind\":\"{}\",\"name\":\"{}\",\"src\":\"{}\",\"sport\":{},\
         \"dst\":\"{}\",\"dport\":{}{more}}}",
        row.packet,
        row.kind,
        row.name.replace('\\', "\\\\").replace('"', "\\\""),
        row.src.ip(),
        row.src.port(),
        row.dst.ip(),
        row.dst.port(),
    )
}

const INTRODUCTION: &str = "\
# The captures in this folder

Made by `tests/testkit/src/scenarios/` from readable builders; no packet here was ever on a wire.
`tests/captures.rs` fails when a file differs from what the builders make, and this writes them
anew, with this page and `expected/`:

    BELLEROPHON_BLESS=1 cargo test --test captures

Addresses are documentation addresses (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24,
2001:db8::/32) and 10.0.0.0/8 for clients; MAC addresses are 00:00:5e:00:53:xx. Planted names are
real indicators published by Amnesty International (2018 to 2021), and names below them. All other
names are innocent and must not raise an alert, however much they look like an indicator.

`expected/<file>.json` holds what was put into each file, written down while the packets were
built, never copied from the program's output:

* `names`: every name that must be observed, once per packet and kind, in order;
* `contacts`: those of them that must be alerted, with device, indicator and match (a response's
  question and answer of one name are one alert);

`golden/` is the opposite: what the program prints for all of these files, kept by
`tests/end_to_end/golden.rs` so that a change in the output shows as a difference.

`ts_ns` is the packet's time in nanoseconds since 1970, `null` where the file has none. A `device`
is the address that asked, was answered, or connected. Packets count from 1; a name in a message of
several segments belongs to the segment that holds the name's last byte.
";

pub(super) fn manifest(scenarios: &[Scenario]) -> String {
    let mut out = INTRODUCTION.to_string();
    out.push_str("\n| file | packets | names | contacts |\n| --- | --- | --- | --- |\n");
    for scenario in scenarios {
        out.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            scenario.file,
            scenario.packets,
            scenario.observed.len(),
            scenario.contacts().len()
        ));
    }
    for scenario in scenarios {
        out.push_str(&format!("\n## {}\n\n{}\n", scenario.file, scenario.about));
        if scenario.planted.is_empty() {
            out.push_str("\nNothing is planted here: no alert.\n");
            continue;
        }
        out.push_str(
            "\n| planted name | indicator | seen as | packets |\n| --- | --- | --- | --- |\n",
        );
        for planted in &scenario.planted {
            let rows: Vec<&Observed> = scenario
                .observed
                .iter()
                .filter(|row| row.name == planted.name)
                .collect();
            let mut kinds: Vec<&str> = rows.iter().map(|row| row.kind).collect();
            kinds.sort_unstable();
            kinds.dedup();
            let mut packets: Vec<usize> = rows.iter().map(|row| row.packet).collect();
            packets.dedup();
            let packets: Vec<String> = packets.iter().map(usize::to_string).collect();
            out.push_str(&format!(
                "| `{}` | `{}` | {} | {} |\n",
                planted.name,
                planted.indicator,
                kinds.join(", "),
                packets.join(", ")
            ));
        }
    }
    out
}

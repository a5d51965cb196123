//! Asks tshark for an oracle.
//!
//! It is as good as tshark alone can be: NetBIOS names are left out, and since tshark does not say
//! which strings of a certificate are common names, those that look like host names become rows
//! that are optional (`unconfirmed`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::normalise;

/// tshark's fields, and the kind of the names in them. DNS becomes mDNS and so on by its layer.
const FIELDS: [(&str, &str); 24] = [
    ("dns.qry.name", "dns_query"),
    ("dns.resp.name", "dns_answer"),
    ("dns.srv.name", "dns_answer"),
    ("dns.cname", "dns_answer"),
    ("dns.dname", "dns_answer"),
    ("dns.ns", "dns_answer"),
    ("dns.ptr.domain_name", "dns_answer"),
    ("dns.mx.mail_exchange", "dns_answer"),
    ("dns.srv.target", "dns_answer"),
    ("dns.soa.mname", "dns_answer"),
    ("dns.soa.rname", "dns_answer"),
    ("dns.svcb.targetname", "dns_answer"),
    ("dns.afsdb.hostname", "dns_answer"),
    ("dns.rrsig.signers_name", "dns_answer"),
    ("dns.nsec.next_domain_name", "dns_answer"),
    ("dns.naptr.replacement", "dns_answer"),
    ("tls.handshake.extensions_server_name", "tls_sni"),
    ("dtls.handshake.extensions_server_name", "dtls_sni"),
    ("gquic.tag.sni", "gquic_sni"),
    ("http.host", "http_host"),
    ("http2.headers.authority", "http2_authority"),
    ("socks.remote_name", "socks_host"),
    ("x509ce.dNSName", "x509_san"),
    (STRING, "x509_cn"),
];

/// Common names, but also organisations and places.
const STRING: &str = "x509sat.uTF8String";
const OTHER_STRING: &str = "x509sat.printableString";
const METHOD: &str = "http.request.method";
const TARGET: &str = "http.request.uri";
const LAYERS: &str = "frame.protocols";

/// (capture, kind, name), and what all of its occurrences were inside of.
type Names = BTreeMap<(String, String, String), BTreeSet<&'static str>>;

/// Writes an oracle of all captures below `folder` to `to`, which must not exist.
///
/// # Errors
/// Where tshark cannot be run, or something not read or written. What tshark does not take for a
/// capture is passed over, with a message.
pub fn make(folder: &Path, to: &Path) -> Result<(), String> {
    let fields = known_fields()?;
    let fail = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    let out = File::create_new(to).map_err(|e| fail(to, e))?;
    let mut files = Vec::new();
    list(folder, &mut files).map_err(|e| fail(folder, e))?;
    let mut names = Names::new();
    let mut passed_over = 0;
    for file in files.iter().filter(|file| *file != to) {
        let path = file.strip_prefix(folder).unwrap_or(file);
        let path = path.to_string_lossy().replace('\\', "/");
        if let Err(error) = dissect(file, &path, &fields, &mut names) {
            passed_over += 1;
            eprintln!("note: {path}: {error}");
        }
    }
    let mut out = BufWriter::new(out);
    let written = names.iter().try_for_each(|((file, proto, name), tags)| {
        let cls = normalise::class(name);
        let row = json!({
            "file": file, "proto": proto, "name": name, "cls": cls, "only_tags": tags,
        });
        writeln!(out, "{row}")
    });
    written
        .and_then(|()| out.flush())
        .map_err(|e| fail(to, e))?;
    println!(
        "{}: {} names; {passed_over} of {} files are not (wholly) captures to tshark",
        to.display(),
        names.len(),
        files.len()
    );
    Ok(())
}

/// All files below `folder`, in order; links are not followed.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let entries: Result<Vec<_>, _> = fs::read_dir(folder)?.collect();
    let mut entries = entries?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Those of the fields that this tshark knows: it refuses to start with others.
fn known_fields() -> Result<Vec<&'static str>, String> {
    let output = Command::new("tshark").args(["-G", "fields"]).output();
    let output = output.map_err(|e| match e.kind() {
        ErrorKind::NotFound => "tshark is not installed (Debian: apt install tshark)".to_owned(),
        _ => format!("tshark: {e}"),
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let known: BTreeSet<&str> = text.lines().filter_map(|l| l.split('\t').nth(2)).collect();
    let fields: Vec<&str> = FIELDS
        .iter()
        .map(|(field, _)| *field)
        .chain([OTHER_STRING, METHOD, TARGET])
        .filter(|field| known.contains(field))
        .collect();
    if fields.is_empty() {
        return Err("tshark -G fields: none of the fields is known".to_owned());
    }
    Ok(fields)
}

fn dissect(file: &Path, path: &str, fields: &[&str], names: &mut Names) -> Result<(), String> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-T", "ek", "-Y", &fields.join(" || "), "-e", LAYERS]);
    for field in fields {
        command.args(["-e", field]);
    }
    command.arg("-r").arg(file);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| e.to_string())?;
    let mut error = Ok(());
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(|e| e.to_string())?;
            match serde_json::from_str::<Value>(&String::from_utf8_lossy(&line)) {
                Ok(packet) => take(path, &packet["layers"], names),
                Err(e) if line.iter().any(|b| !b.is_ascii_whitespace()) => {
                    error = Err(format!("tshark's output: {e}"));
                }
                Err(_) => {}
            }
        }
    }
    let status = child.wait().map_err(|e| e.to_string())?;
    if !status.success() {
        return Err(format!("tshark: {status}"));
    }
    error
}

/// Takes the names of one packet as `tshark -T ek` gives it.
fn take(path: &str, packet: &Value, names: &mut Names) {
    let values = |field: &str| -> Vec<&str> {
        let values = packet[field.replace('.', "_")].as_array();
        let texts = values.map(|v| v.iter().filter_map(Value::as_str).collect());
        texts.unwrap_or_default()
    };
    let layers: BTreeSet<&str> = values(LAYERS)
        .into_iter()
        .flat_map(|l| l.split(':'))
        .collect();
    let in_icmp = layers.contains("icmp") || layers.contains("icmpv6");
    let mut add = |kind: &str, name: &str, unconfirmed: bool| {
        if name.is_empty() || name == "<Root>" {
            return;
        }
        let mut tags = BTreeSet::new();
        tags.extend(in_icmp.then_some("icmp_quoted"));
        tags.extend(unconfirmed.then_some("unconfirmed"));
        let key = (path.to_owned(), kind.to_owned(), name.to_owned());
        names
            .entry(key)
            .and_modify(|known| known.retain(|tag| tags.contains(tag)))
            .or_insert(tags);
    };
    for (field, kind) in FIELDS {
        let kind = match kind.strip_prefix("dns_") {
            Some(section) if layers.contains("mdns") => format!("mdns_{section}"),
            Some(section) if layers.contains("llmnr") => format!("llmnr_{section}"),
            _ if kind == "tls_sni" && layers.contains("quic") => "quic_sni".to_owned(),
            _ => kind.to_owned(),
        };
        if field != STRING {
            values(field)
                .iter()
                .for_each(|name| add(&kind, name, false));
        }
    }
    for name in values(STRING).into_iter().chain(values(OTHER_STRING)) {
        if normalise::class(name) == "fqdn" {
            add("x509_cn", name, true);
        }
    }
    for (method, target) in values(METHOD).into_iter().zip(values(TARGET)) {
        let absolute = target.split_once("://").map(|(_, rest)| rest);
        if method == "CONNECT" {
            add("http_connect", target, false);
        } else if let Some(rest) = absolute.filter(|_| target.starts_with("http")) {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            add("http_uri_host", host, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(packets: &[Value]) -> Vec<(String, String, Vec<&'static str>)> {
        let mut names = Names::new();
        packets
            .iter()
            .for_each(|packet| take("a.pcap", packet, &mut names));
        names
            .into_iter()
            .map(|((_, kind, name), tags)| (kind, name, tags.into_iter().collect()))
            .collect()
    }

    fn found(kind: &str, name: &str, tags: &[&'static str]) -> (String, String, Vec<&'static str>) {
        (kind.into(), name.into(), tags.to_vec())
    }

    #[test]
    fn kinds_follow_the_layer() {
        for (layers, field, kind) in [
            ("eth:ip:udp:dns", "dns_qry_name", "dns_query"),
            ("eth:ip:udp:mdns", "dns_qry_name", "mdns_query"),
            ("eth:ip:udp:llmnr", "dns_resp_name", "llmnr_answer"),
            (
                "eth:ip:tcp:tls",
                "tls_handshake_extensions_server_name",
                "tls_sni",
            ),
            (
                "eth:ip:udp:quic:tls",
                "tls_handshake_extensions_server_name",
                "quic_sni",
            ),
        ] {
            let packet = json!({"frame_protocols": [layers], field: ["x.example", "<Root>"]});
            assert_eq!(
                names(&[packet]),
                [found(kind, "x.example", &[])],
                "{layers}"
            );
        }
    }

    #[test]
    fn http_targets() {
        let packet = json!({
            "frame_protocols": ["eth:ip:tcp:http"],
            "http_request_method": ["GET", "GET", "CONNECT"],
            "http_request_uri": ["/a?b=http://no.example/", "http://me@abs.example:80/p", "tun.example:443"],
        });
        let want = [
            found("http_connect", "tun.example:443", &[]),
            found("http_uri_host", "abs.example:80", &[]),
        ];
        assert_eq!(names(&[packet]), want);
    }

    #[test]
    fn doubtful_names_are_tagged_unless_seen_elsewhere() {
        let quoted = json!({"frame_protocols": ["eth:ip:icmp:ip:udp:dns"], "dns_qry_name": ["a.example", "b.example"]});
        let open = json!({"frame_protocols": ["eth:ip:udp:dns"], "dns_qry_name": ["b.example"]});
        let certificate = json!({"frame_protocols": ["eth:ip:tcp:tls"],
            "x509sat_uTF8String": ["cn.example", "An Organisation"], "x509sat_printableString": ["US"]});
        let want = [
            found("dns_query", "a.example", &["icmp_quoted"]),
            found("dns_query", "b.example", &[]),
            found("x509_cn", "cn.example", &["unconfirmed"]),
        ];
        assert_eq!(names(&[quoted, open, certificate]), want);
    }
}

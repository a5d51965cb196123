//! Rows of JSON lines, from an oracle or from a program.

use std::io::BufRead;

use serde_json::Value;

/// One name in one capture.
#[derive(Debug, Clone)]
pub struct Row {
    /// The capture's path.
    pub file: String,
    /// The kind of name, in the words of `bellerophon names`.
    pub proto: String,
    /// The name as it was written.
    pub name: String,
    /// Class of the name; oracle rows only.
    pub cls: String,
    /// What the name was only ever seen in; oracle rows only.
    pub only_tags: Vec<String>,
    /// The whole row, for the lists of misses and false names.
    pub json: Value,
}

/// Reads rows and hands each to `take`. The kind may be called `proto` or `kind`.
///
/// # Errors
/// With the line's number, where it cannot be read or lacks something.
pub fn read(from: impl BufRead, what: &str, mut take: impl FnMut(Row)) -> Result<(), String> {
    for (line, number) in from.lines().zip(1..) {
        let at = |error: &dyn std::fmt::Display| format!("{what}:{number}: {error}");
        let line = line.map_err(|e| at(&e))?;
        if line.trim().is_empty() {
            continue;
        }
        let json: Value = serde_json::from_str(&line).map_err(|e| at(&e))?;
        take(row(json).map_err(|e| at(&e))?);
    }
    Ok(())
}

fn row(json: Value) -> Result<Row, String> {
    let text = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
    let needed = |key: &str| text(key).ok_or_else(|| format!("no text \"{key}\" in this row"));
    Ok(Row {
        file: needed("file")?,
        proto: text("proto").map_or_else(|| needed("kind"), Ok)?,
        name: needed("name")?,
        cls: text("cls").unwrap_or_else(|| "fqdn".to_owned()),
        only_tags: json
            .get("only_tags")
            .and_then(Value::as_array)
            .map(|tags| tags.iter().filter_map(Value::as_str))
            .map(|tags| tags.map(str::to_owned).collect())
            .unwrap_or_default(),
        json,
    })
}

/// Reads a list of captures: one path a line, or JSON lines with `file`.
///
/// # Errors
/// As [`read`].
pub fn read_files(from: impl BufRead, what: &str) -> Result<Vec<String>, String> {
    let mut files = Vec::new();
    for (line, number) in from.lines().zip(1..) {
        let line = line.map_err(|e| format!("{what}:{number}: {e}"))?;
        let line = line.trim();
        if line.starts_with('{') {
            let json: Value =
                serde_json::from_str(line).map_err(|e| format!("{what}:{number}: {e}"))?;
            let file = json.get("file").and_then(Value::as_str);
            files.push(
                file.ok_or_else(|| format!("{what}:{number}: no \"file\""))?
                    .to_owned(),
            );
        } else if !line.is_empty() {
            files.push(line.to_owned());
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_an_oracle_and_of_a_program() {
        let text = r#"{"file":"a","proto":"dns_query","name":"x.example","only_tags":["t"],"cls":"odd"}

{"file":"b","kind":"tls_sni","name":"y.example","packet":3}
"#;
        let mut rows = Vec::new();
        read(text.as_bytes(), "x", |row| rows.push(row)).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].cls.as_str(), rows[0].only_tags.len()), ("odd", 1));
        assert_eq!(
            (rows[1].proto.as_str(), rows[1].cls.as_str()),
            ("tls_sni", "fqdn")
        );
        assert_eq!(rows[1].json["packet"], 3);
    }

    #[test]
    fn errors_name_the_line() {
        let error = |text: &str| read(text.as_bytes(), "f.jsonl", |_| ()).unwrap_err();
        assert!(
            error("\n{\"file\":\"a\",\"name\":\"b\"}").starts_with("f.jsonl:2: no text \"kind\"")
        );
        assert!(error("{").starts_with("f.jsonl:1: "));
    }

    #[test]
    fn lists_of_files() {
        let files = read_files("a/b.pcap\n\n{\"file\": \"c d.pcap\"}\n".as_bytes(), "x").unwrap();
        assert_eq!(files, ["a/b.pcap", "c d.pcap"]);
    }
}

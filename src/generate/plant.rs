//! What is planted, and the record of it.

use std::io::{self, Write};
use std::net::IpAddr;

use serde::Serialize;
use thiserror::Error;

use super::ends::Ends;
use super::rng::Rng;
use super::words::{Host, INNOCENT, MAX_PLANTED};
use crate::names::Kind;
use crate::rules::{How, RuleSet, Scope};

/// Why rules cannot be planted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlantError {
    /// An indicator covers names that innocent traffic is made of.
    #[error(
        "the indicator {0} covers names of the generated innocent traffic, whose registered names begin \
         with `{INNOCENT}`; give other rules"
    )]
    Innocent(String),
    /// All indicators are longer than fits a template.
    #[error("no indicator has {MAX_PLANTED} bytes or less; give other rules")]
    TooLong,
}

/// Indicators that names can be planted of.
#[derive(Debug, Clone, Default)]
pub struct Names(Vec<(Box<str>, Scope)>);

/// A name to plant.
#[derive(Debug, Clone)]
pub struct Name {
    pub(super) host: Host,
    indicator: usize,
    how: How,
}

impl Names {
    /// Takes the indicators of `rules`, in their order; those of more than 64 bytes are left out.
    ///
    /// # Errors
    /// When innocent traffic would match, or nothing is left.
    pub fn new(rules: &RuleSet) -> Result<Self, PlantError> {
        let mut names = Vec::new();
        for (_, indicator) in rules.names() {
            let name = indicator.name;
            if name.split('.').any(|label| label.starts_with(INNOCENT)) {
                return Err(PlantError::Innocent(name.to_owned()));
            }
            if name.len() <= MAX_PLANTED {
                names.push((name.into(), indicator.scope));
            }
        }
        if names.is_empty() {
            return Err(PlantError::TooLong);
        }
        Ok(Self(names))
    }

    #[cfg(test)]
    pub(super) fn of(names: &[(&str, Scope)]) -> Self {
        Self(
            names
                .iter()
                .map(|(name, scope)| ((*name).into(), *scope))
                .collect(),
        )
    }

    /// An indicator, or as often a name below one.
    pub(super) fn pick(&self, rng: &mut Rng) -> Name {
        let indicator = rng.below(self.0.len() as u32) as usize;
        let (name, scope) = &self.0[indicator];
        let how = match scope {
            Scope::Exact => How::Exact,
            Scope::Below => How::Below,
            Scope::Suffix if rng.once_in(2) => How::Below,
            Scope::Suffix => How::Exact,
        };
        let mut host = match how {
            How::Below => Host::below(rng),
            _ => Host::EMPTY,
        };
        host.push(name.as_bytes());
        Name {
            host,
            indicator,
            how,
        }
    }
}

/// A planted contact as a line of JSON. Fields are named as in the output of `names`.
#[derive(Serialize)]
struct Line<'a> {
    packet: u64,
    kind: &'static str,
    name: &'a str,
    indicator: &'a str,
    #[serde(rename = "match")]
    how: &'static str,
    src: IpAddr,
    sport: u16,
    dst: IpAddr,
    dport: u16,
    proto: &'static str,
}

/// Counts what was planted, and writes it down where that is wanted.
pub(super) struct Ledger<'a> {
    names: &'a Names,
    out: Option<&'a mut dyn Write>,
    pub(super) counts: [u64; Kind::COUNT],
}

impl<'a> Ledger<'a> {
    pub(super) fn new(names: &'a Names, out: Option<&'a mut dyn Write>) -> Self {
        Self {
            names,
            out,
            counts: [0; Kind::COUNT],
        }
    }

    pub(super) fn pick(&self, rng: &mut Rng) -> Name {
        self.names.pick(rng)
    }

    /// Packet `packet`, of a flow with these ends, made a planted name whole.
    pub(super) fn contact(
        &mut self,
        packet: u64,
        kind: Kind,
        name: &Name,
        ends: &Ends,
        from_client: bool,
    ) -> io::Result<()> {
        self.counts[kind as usize] += 1;
        let Some(out) = &mut self.out else {
            return Ok(());
        };
        let address = |bytes: &[u8; 16]| -> IpAddr {
            match *bytes {
                bytes if ends.v6 => bytes.into(),
                [a, b, c, d, ..] => [a, b, c, d].into(),
            }
        };
        let (client, server) = (address(&ends.client), address(&ends.server));
        let (src, dst) = if from_client {
            (client, server)
        } else {
            (server, client)
        };
        let (sport, dport) = ends.ports(from_client);
        let line = Line {
            packet,
            kind: kind.as_str(),
            name: std::str::from_utf8(name.host.as_bytes()).unwrap_or_default(),
            indicator: &self.names.0[name.indicator].0,
            how: name.how.as_str(),
            src,
            sport,
            dst,
            dport,
            proto: match kind {
                Kind::TlsSni | Kind::X509San | Kind::HttpHost => "TCP",
                _ => "UDP",
            },
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{self, LoadOptions};

    fn names(domain: &str) -> Result<Names, PlantError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.yaml");
        let yaml = format!("bellerophon: 1\npack: mine\ngroups:\n  - domains: [{domain}]\n");
        std::fs::write(&path, yaml).unwrap();
        let options = LoadOptions {
            rules: vec![path],
            packs: Vec::new(),
            ..LoadOptions::default()
        };
        Names::new(&rules::load(&options).unwrap().rules)
    }

    #[test]
    fn rules_that_cover_innocent_names_or_fit_no_template_are_refused() {
        assert_eq!(
            names("xqbarado.com").unwrap_err(),
            PlantError::Innocent("xqbarado.com".to_owned())
        );
        let long = format!("{}.com", "a".repeat(61));
        assert_eq!(names(&long).unwrap_err(), PlantError::TooLong);
        let longest = format!("{}.com", "a".repeat(60));
        let mut rng = Rng::new(1);
        let names = names(&longest).unwrap();
        for _ in 0..1_000 {
            let name = names.pick(&mut rng);
            let text = std::str::from_utf8(name.host.as_bytes()).unwrap();
            match name.how {
                How::Exact => assert_eq!(text, longest),
                _ => assert!(text.ends_with(&format!(".{longest}")), "{text}"),
            }
        }
    }

    #[test]
    fn all_built_in_packs_can_be_planted() {
        let options = LoadOptions {
            rules: Vec::new(),
            packs: vec!["all".to_owned()],
            ..LoadOptions::default()
        };
        let loaded = rules::load(&options).unwrap();
        assert_eq!(
            Names::new(&loaded.rules).unwrap().0.len(),
            loaded.rules.name_count()
        );
    }
}

//! What is listed beside names, and the indexes that find it.

use std::net::IpAddr;

use super::domain::Refusal;
use super::indicator::IndicatorKind;
use super::matcher::fingerprints::{self, Fingerprints};
use super::matcher::keywords::Keywords;
use super::matcher::networks::{Networks, parse_network};
use super::matcher::urls::{Urls, parse_url};

/// All of it. Each has a number: kind by kind in the order of [`IndicatorKind::ALL`], in the order of the lists.
#[derive(Debug)]
pub(super) struct Others {
    texts: Vec<Box<str>>,
    /// Where each kind ends.
    ends: [usize; IndicatorKind::ALL.len()],
    keywords: Keywords,
    networks: Networks,
    urls: Urls,
    prints: Fingerprints,
}

impl Others {
    /// From the texts of each kind, in the one form that the kind has.
    ///
    /// # Errors
    /// When there are too many of a kind.
    pub(super) fn new(lists: Vec<Vec<Box<str>>>) -> Result<Self, Refusal> {
        let list = |kind: IndicatorKind| lists.get(kind as usize).map_or(&[][..], Vec::as_slice);
        let keywords = Keywords::new(list(IndicatorKind::Keyword))?;
        let mut networks = Vec::with_capacity(list(IndicatorKind::Address).len());
        for text in list(IndicatorKind::Address) {
            networks.push(parse_network(text)?);
        }
        let networks = Networks::new(&networks)?;
        let mut urls = Vec::with_capacity(list(IndicatorKind::Url).len());
        for text in list(IndicatorKind::Url) {
            urls.push(parse_url(text)?);
        }
        let urls = Urls::new(&urls)?;
        let mut prints = Fingerprints::default();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        for (n, text) in list(IndicatorKind::Ja3).iter().enumerate() {
            prints.add_ja3(fingerprints::ja3(text)?, number(n));
        }
        for (n, text) in list(IndicatorKind::Ja4).iter().enumerate() {
            prints.add_ja4(fingerprints::ja4(text)?, number(n));
        }
        for (n, text) in list(IndicatorKind::Certificate).iter().enumerate() {
            prints.add_certificate(fingerprints::certificate(text)?, number(n));
        }
        let mut ends = [0; IndicatorKind::ALL.len()];
        let mut texts = Vec::with_capacity(lists.iter().map(Vec::len).sum());
        for (list, end) in lists.into_iter().zip(&mut ends) {
            texts.extend(list);
            *end = texts.len();
        }
        Ok(Self {
            texts,
            ends,
            keywords,
            networks,
            urls,
            prints,
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// What has this number.
    pub(super) fn get(&self, number: usize) -> Option<(IndicatorKind, &str)> {
        let text = self.texts.get(number)?;
        let kind = self.ends.iter().position(|end| number < *end)?;
        Some((*IndicatorKind::ALL.get(kind)?, text))
    }

    /// How many there are of a kind.
    pub(super) fn count(&self, kind: IndicatorKind) -> usize {
        let end = self.ends.get(kind as usize).copied().unwrap_or(0);
        end.saturating_sub(self.start(kind))
    }

    fn start(&self, kind: IndicatorKind) -> usize {
        let before = (kind as usize).checked_sub(1);
        before.and_then(|b| self.ends.get(b).copied()).unwrap_or(0)
    }

    fn number(&self, kind: IndicatorKind, of_kind: Option<u32>) -> Option<usize> {
        let of_kind = usize::try_from(of_kind?).ok()?;
        Some(self.start(kind).saturating_add(of_kind))
    }

    #[inline]
    pub(super) fn has_keywords(&self) -> bool {
        !self.keywords.is_empty()
    }

    #[inline]
    pub(super) fn keyword(&self, name: &[u8]) -> Option<usize> {
        if self.keywords.is_empty() {
            return None;
        }
        self.number(IndicatorKind::Keyword, self.keywords.find(name))
    }

    /// The same, as if those that are `left_out` were not listed.
    pub(super) fn keyword_but(
        &self,
        name: &[u8],
        left_out: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let kind = IndicatorKind::Keyword;
        let left_out = |of_kind| self.number(kind, Some(of_kind)).is_some_and(&left_out);
        self.number(kind, self.keywords.find_but(name, &left_out))
    }

    pub(super) fn has_networks(&self) -> bool {
        !self.networks.is_empty()
    }

    pub(super) fn networks(&self) -> &Networks {
        &self.networks
    }

    pub(super) fn address(&self, address: IpAddr, port: u16) -> Option<usize> {
        self.number(IndicatorKind::Address, self.networks.find(address, port))
    }

    /// The same, as if those that are `left_out` were not listed.
    pub(super) fn address_but(
        &self,
        address: IpAddr,
        port: u16,
        left_out: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let kind = IndicatorKind::Address;
        let left_out = |of_kind| self.number(kind, Some(of_kind)).is_some_and(&left_out);
        self.number(kind, self.networks.find_but(address, port, left_out))
    }

    pub(super) fn urls(&self) -> &Urls {
        &self.urls
    }

    pub(super) fn url(&self, host: &[u8], target: &[u8]) -> Option<usize> {
        self.number(IndicatorKind::Url, self.urls.find(host, target))
    }

    pub(super) fn prints(&self) -> &Fingerprints {
        &self.prints
    }

    pub(super) fn ja3(&self, ja3: &[u8; 16]) -> Option<usize> {
        self.number(IndicatorKind::Ja3, self.prints.find_ja3(ja3))
    }

    pub(super) fn ja4(&self, ja4: &[u8; 36]) -> Option<usize> {
        self.number(IndicatorKind::Ja4, self.prints.find_ja4(ja4))
    }

    pub(super) fn sha1(&self, digest: &[u8; 20]) -> Option<usize> {
        self.number(IndicatorKind::Certificate, self.prints.find_sha1(digest))
    }

    pub(super) fn sha256(&self, digest: &[u8; 32]) -> Option<usize> {
        self.number(IndicatorKind::Certificate, self.prints.find_sha256(digest))
    }

    pub(super) fn serial(&self, serial: &[u8]) -> Option<usize> {
        self.number(IndicatorKind::Certificate, self.prints.find_serial(serial))
    }

    /// Bytes of heap.
    pub(super) fn memory(&self) -> usize {
        self.texts
            .iter()
            .map(|text| text.len().saturating_add(size_of::<Box<str>>()))
            .sum::<usize>()
            .saturating_add(self.keywords.memory())
            .saturating_add(self.networks.memory())
            .saturating_add(self.urls.memory())
            .saturating_add(self.prints.memory())
    }
}

//! A glance at a ClientHello that fits a segment: that its name is not listed, without handing it to anybody.
//!
//! Whatever is not usual, or may be listed, is left to [`client_stream`](super::client_stream), which reads
//! all there is.

use super::Hello;
use super::hello::Bytes;
use crate::names::label;
use crate::names::text::MAX_WIRE;

const SERVER_NAME: u16 = 0;
const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;

/// Looks at a segment. `None` where it is not one record with one whole and usual hello (RFC 8446 section 4.1.2),
/// or the name in it ends in two labels that `may_list` takes: then it has to be read.
pub fn glance(payload: &[u8], may_list: impl Fn(u64) -> bool) -> Option<Hello> {
    let (&[0x16, 3, _, r0, r1, 1, h0, h1, h2], body) = payload.split_first_chunk::<9>()? else {
        return None;
    };
    let record = usize::from(u16::from_be_bytes([r0, r1]));
    let length = u32::from_be_bytes([0, h0, h1, h2]);
    if usize::try_from(length).ok()? != body.len() || record != body.len().wrapping_add(4) {
        return None;
    }
    let mut fields = Bytes(body);
    // Version and random, session ID, cipher suites, compression methods.
    fields.take(34)?;
    fields.take_u8_prefixed()?;
    fields.take_u16_prefixed()?;
    fields.take_u8_prefixed()?;
    if fields.0.is_empty() {
        return Some(Hello::Nameless);
    }
    let mut extensions = Bytes(fields.take_u16_prefixed()?);
    if !fields.0.is_empty() {
        return None;
    }
    let (mut named, mut ech) = (false, false);
    while !extensions.0.is_empty() {
        let kind = extensions.take_u16()?;
        let content = extensions.take_u16_prefixed()?;
        match kind {
            SERVER_NAME if named => return None,
            SERVER_NAME => {
                if is_listed(content, &may_list)? {
                    return None;
                }
                named = true;
            }
            ENCRYPTED_CLIENT_HELLO => ech = true,
            _ => {}
        }
    }
    Some(if named {
        Hello::Named { ech }
    } else {
        Hello::Nameless
    })
}

/// Whether the only name of a server name extension (RFC 6066 section 3) may be listed; `None` where it is not
/// a host name alone.
fn is_listed(content: &[u8], may_list: impl Fn(u64) -> bool) -> Option<bool> {
    let mut content = Bytes(content);
    let mut entry = Bytes(content.take_u16_prefixed()?);
    // The type host_name.
    let [0] = entry.take(1)? else {
        return None;
    };
    let name = entry.take_u16_prefixed()?;
    if !content.0.is_empty() || !entry.0.is_empty() || name.len() > MAX_WIRE {
        return None;
    }
    let name = name.strip_suffix(b".").unwrap_or(name);
    if matches!(name, [] | [.., b'.']) || memchr::memchr(b':', name).is_some() {
        return None;
    }
    Some(label::last_two(name).is_some_and(may_list))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
    use proptest::prelude::*;
    use testkit::tls::{self as make, SniPlace, Version};

    use super::super::client_stream;
    use super::*;
    use crate::names::Step;

    fn glance(payload: &[u8]) -> Option<Hello> {
        super::glance(payload, |_| false)
    }

    #[test]
    fn usual_hellos_are_told() {
        let named = Some(Hello::Named { ech: false });
        for version in [Version::Tls10, Version::Tls12, Version::Tls13] {
            for place in [SniPlace::First, SniPlace::Middle, SniPlace::Last] {
                let hello = make::client_hello("www.example.com")
                    .version(version)
                    .sni(place);
                assert_eq!(glance(&hello.records()), named, "{version:?}");
            }
        }
        let hello = make::client_hello("www.example.com").post_quantum();
        assert_eq!(glance(&hello.records()), named);
        assert_eq!(glance(&make::client_hello("localhost").records()), named);
        let mut odd = hello.records();
        odd[2] = 0x7f;
        assert_eq!(glance(&odd), named);
        assert_eq!(
            glance(&make::client_hello_without_name().records()),
            Some(Hello::Nameless)
        );
    }

    #[test]
    fn a_listed_name_has_to_be_read() {
        let evil = label::last_two(b"evil.example").unwrap();
        for (name, innocent) in [
            ("evil.example", false),
            ("A.B.Evil.EXAMPLE", false),
            ("evil.example.", false),
            ("notevil.example", true),
            ("evil.example.org", true),
        ] {
            let hello = make::client_hello(name).records();
            let glanced = super::glance(&hello, |last_two| last_two == evil);
            assert_eq!(glanced.is_some(), innocent, "{name}");
        }
    }

    #[test]
    fn what_is_not_usual_has_to_be_read() {
        let hello = make::client_hello("www.example.com");
        let whole = hello.records();
        for length in 0..whole.len() {
            assert_eq!(glance(&whole[..length]), None, "{length}");
        }
        assert_eq!(glance(&[&whole[..], &[0]].concat()), None);
        assert_eq!(glance(&hello.records_of(100)), None);
        for name in ["www.example.com:443", "www.example.com..", "2001:db8::1"] {
            assert_eq!(glance(&make::client_hello(name).records()), None, "{name}");
        }
        let malformed = make::client_hello("www.example.com").malformed_extension_before_sni();
        let unknown = make::client_hello("www.example.com").unknown_name_type_first();
        assert_eq!(glance(&unknown.records()), None);
        assert_eq!(glance(&make::server_hello()), None);
        // Its content contradicts itself; its length does not, and nothing else is asked for.
        assert!(glance(&malformed.records()).is_some());
    }

    proptest! {
        // Whatever it answers for, the reader of whole hellos says the same and gives no listed name.
        #[test]
        fn tells_what_is_read(
            host in "[a-c]{1,2}(\\.[a-cA-C]{1,2}){0,3}\\.?",
            listed in "[a-c]{1,2}\\.[a-c]{1,2}",
            ech: bool,
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        ) {
            let hello = make::client_hello(&host);
            let hello = if ech { hello.encrypted_client_hello() } else { hello };
            let mut bytes = hello.records();
            for (at, value) in flips {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let hash = label::last_two(listed.as_bytes()).unwrap();
            let Some(hello) = super::glance(&bytes, |last_two| last_two == hash) else {
                return Ok(());
            };
            let mut names = Vec::new();
            let read = client_stream(&bytes, true, &mut Vec::new(), &mut |name| {
                names.push(String::from_utf8_lossy(name).to_ascii_lowercase());
            });
            prop_assert_eq!(read, (Step::Took(bytes.len() as u64), Some(hello)));
            prop_assert_eq!(names.len(), usize::from(matches!(hello, Hello::Named { .. })));
            for name in names {
                let name = name.trim_end_matches('.');
                let below = format!(".{listed}");
                prop_assert!(name != listed && !name.ends_with(&below));
            }
        }
    }
}

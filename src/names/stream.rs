//! One direction of a TCP connection (temporary).
use super::{Kind, Step, tls};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint { Any, Dns }
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Note { pub ech: bool, pub dns: Option<super::dns::DnsNote> }
#[derive(Debug, Default)]
pub struct Scratch { joined: Vec<u8> }
#[derive(Debug)]
pub struct Direction;
impl Direction {
    pub fn new(_: Hint) -> Self { Self }
    pub fn read(&mut self, bytes: &[u8], last: bool, s: &mut Scratch, visit: &mut impl FnMut(Kind, &[u8], Note)) -> Step {
        if let Some((l, _)) = bytes.get(3..).and_then(|b| b.split_first_chunk::<2>()) {
            let n = usize::from(u16::from_be_bytes(*l)).saturating_add(5);
            if n > bytes.len() && !last { return Step::Need(n); }
        } else if !last { return Step::Need(6); }
        tls::client_hello(bytes, &mut s.joined, &mut |n| visit(Kind::TlsSni, n, Note::default()));
        Step::End
    }
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape { Nothing, ClientHello, ServerHello, Http, Http2, Socks, Text, Ldap, Postgres, MySql, Rdp, Tds, ProxyProtocol, Sslv2, Short }
pub fn shape(payload: &[u8]) -> Shape {
    match payload { [0x16, 3, 0..=4, _, _, 1, ..] => Shape::ClientHello, [0x16, 3, 0..=4, _, _, 2, ..] => Shape::ServerHello, _ => Shape::Nothing }
}

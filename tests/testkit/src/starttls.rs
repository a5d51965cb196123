//! What stands before a TLS hello in the protocols that begin in the clear: the client's side, or
//! the server's.

/// A dialogue's side by its protocol: for messages of tests.
pub type Dialogue = (&'static str, Vec<u8>);

/// What clients send up to their ClientHello.
pub fn clients() -> Vec<Dialogue> {
    let text = |protocol, lines: &str| (protocol, lines.replace('\n', "\r\n").into_bytes());
    vec![
        text("smtp", "EHLO laptop.example\nSTARTTLS\n"),
        text("lmtp", "LHLO mx.example\nSTARTTLS\n"),
        text("imap", "a001 CAPABILITY\na002 STARTTLS\n"),
        text("imap, one letter", "a STARTTLS\n"),
        text("pop3", "CAPA\nSTLS\n"),
        text("ftp", "FEAT\nAUTH TLS\n"),
        text("nntp", "CAPABILITIES\nSTARTTLS\n"),
        text("managesieve", "STARTTLS\n"),
        text("irc", "CAP LS 302\nSTARTTLS\n"),
        text("proxy 1", "PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\n"),
        (
            "xmpp",
            b"<?xml version='1.0'?><stream:stream to='chat.example' xmlns='jabber:client' \
              xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>\n\
              <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\n"
                .to_vec(),
        ),
        ("ldap", [ldap_bind(), ldap_start_tls()].concat()),
        ("postgresql", vec![0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]),
        (
            "postgresql, gss first",
            vec![
                0, 0, 0, 8, 4, 0xd2, 0x16, 0x30, 0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f,
            ],
        ),
        ("mysql", mysql_ssl_request()),
        ("rdp", rdp(0xe0)),
        ("tds", tds_prelogin()),
        ("adb", [adb(b"CNXN", b"host::"), adb(b"STLS", b"")].concat()),
        ("proxy 2", proxy2()),
    ]
}

/// What servers send up to their ServerHello.
pub fn servers() -> Vec<Dialogue> {
    let text = |protocol, lines: &str| (protocol, lines.replace('\n', "\r\n").into_bytes());
    vec![
        text(
            "smtp",
            "220 mx.example ESMTP\n250-mx.example\n250 STARTTLS\n220 go on\n",
        ),
        text("imap", "* OK ready\na1 OK begin TLS\n"),
        text("pop3", "+OK ready\n+OK begin\n"),
        text("ftp", "220-welcome\n220 ready\n234 AUTH TLS\n"),
        text("nntp", "200 news\n382 go on\n"),
        text(
            "managesieve",
            "\"IMPLEMENTATION\" \"x\"\n\"STARTTLS\"\nOK\n",
        ),
        (
            "xmpp",
            b"<?xml version='1.0'?><stream:stream from='chat.example'><stream:features/>\
              <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
                .to_vec(),
        ),
        (
            "ldap",
            vec![0x30, 0x0c, 2, 1, 1, 0x78, 7, 0x0a, 1, 0, 4, 0, 4, 0],
        ),
        ("postgresql", b"S".to_vec()),
        ("postgresql, no gss", b"NS".to_vec()),
        ("mysql", mysql_greeting()),
        ("rdp", rdp(0xd0)),
        (
            "http proxy",
            b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n".to_vec(),
        ),
        (
            "http proxy with a password",
            b"HTTP/1.1 407 Who?\r\nContent-Length: 3\r\n\r\nno\nHTTP/1.1 200 OK\r\n\r\n".to_vec(),
        ),
        ("socks 5", vec![5, 0, 5, 0, 0, 1, 192, 0, 2, 1, 1, 187]),
        (
            "socks 5 with a password",
            vec![5, 2, 1, 0, 5, 0, 0, 1, 192, 0, 2, 1, 1, 187],
        ),
        ("socks 4", vec![0, 0x5a, 1, 187, 192, 0, 2, 1]),
    ]
}

fn ldap_bind() -> Vec<u8> {
    vec![0x30, 0x0c, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0]
}

fn ldap_start_tls() -> Vec<u8> {
    let oid = b"1.3.6.1.4.1.1466.20037";
    let mut message = vec![0x30, 0x1d, 2, 1, 2, 0x77, 0x18, 0x80, 0x16];
    message.extend(oid);
    message
}

fn mysql_ssl_request() -> Vec<u8> {
    let mut packet = vec![0x20, 0, 0, 1, 0x8d, 0xae, 0xff, 0x19, 0, 0, 0, 1, 45];
    packet.resize(36, 0);
    packet
}

fn mysql_greeting() -> Vec<u8> {
    let mut packet = vec![74, 0, 0, 0, 10];
    packet.extend(b"8.0.36\0");
    packet.resize(78, 7);
    packet
}

/// X.224: 0xe0 asks for a connection, 0xd0 confirms it.
fn rdp(code: u8) -> Vec<u8> {
    vec![3, 0, 0, 19, 14, code, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0]
}

fn tds_prelogin() -> Vec<u8> {
    vec![
        0x12, 1, 0, 26, 0, 0, 1, 0, 0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 9, 0, 0, 0, 0, 0, 1,
    ]
}

fn adb(command: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut message = command.to_vec();
    message.extend([1, 0, 0, 1, 0, 0, 16, 0]);
    message.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    message.extend([0; 4]);
    message.extend(command.map(|byte| !byte));
    message.extend(data);
    message
}

fn proxy2() -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend([192, 0, 2, 7, 198, 51, 100, 1, 0x9c, 0x40, 1, 0xbb]);
    header
}

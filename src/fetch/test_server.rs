//! A small server of HTTP/1.1 on this machine, with and without TLS, that says what a test tells it to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What was asked: the target and the fields, in lower case.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) target: String,
    pub(super) fields: Vec<(String, String)>,
}

impl Asked {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Where the answer goes.
pub(super) trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

type Handler = Arc<dyn Fn(&Asked, &mut dyn Wire) + Send + Sync>;

pub(super) struct Server {
    address: SocketAddr,
    tls: bool,
    asked: Arc<Mutex<Vec<Asked>>>,
    over: Arc<AtomicBool>,
}

impl Server {
    /// A server whose answers are whole texts of HTTP.
    pub(super) fn answering(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Self {
        Self::start(None, move |asked, wire| {
            // Who asked may be gone already.
            let _ = wire.write_all(answer(asked).as_bytes());
        })
    }

    pub(super) fn start(
        tls: Option<Arc<ServerConfig>>,
        handler: impl Fn(&Asked, &mut dyn Wire) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            tls: tls.is_some(),
            asked: Arc::default(),
            over: Arc::default(),
        };
        let (asked, over) = (Arc::clone(&server.asked), Arc::clone(&server.over));
        let handler: Handler = Arc::new(handler);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let (asked, handler, tls) = (Arc::clone(&asked), Arc::clone(&handler), tls.clone());
                thread::spawn(move || serve(stream.unwrap(), tls, &asked, &handler));
            }
        });
        server
    }

    /// An address on this server; `path` begins with a slash.
    pub(super) fn url(&self, path: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}{path}", self.address.port())
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    asked: &Mutex<Vec<Asked>>,
    handler: &Handler,
) {
    // Nothing of a test waits for ever.
    let most = Some(Duration::from_secs(20));
    stream.set_read_timeout(most).unwrap();
    stream.set_write_timeout(most).unwrap();
    match tls {
        Some(config) => {
            let connection = ServerConnection::new(config).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            exchange(&mut stream, asked, handler);
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        None => exchange(&mut { stream }, asked, handler),
    }
}

fn exchange(wire: &mut dyn Wire, asked: &Mutex<Vec<Asked>>, handler: &Handler) {
    let mut lines = BufReader::new(&mut *wire).lines();
    // A handshake that failed ends here.
    let Some(Ok(first)) = lines.next() else {
        return;
    };
    let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut fields = Vec::new();
    while let Some(Ok(line)) = lines.next() {
        let Some((key, value)) = line.split_once(':') else {
            break;
        };
        fields.push((key.to_ascii_lowercase(), value.trim().to_owned()));
    }
    drop(lines);
    let question = Asked { target, fields };
    asked.lock().unwrap().push(question.clone());
    handler(&question, wire);
}

/// An answer with a length. `fields` are whole lines, each with `\r\n`.
pub(super) fn answer(status: &str, fields: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{fields}\r\n{body}",
        body.len()
    )
}

pub(super) fn ok(body: &str) -> String {
    answer("200 OK", "", body)
}

/// An authority of a test and a server that it vouches for.
pub(super) struct Authority {
    /// PEM.
    pub(super) root: String,
    pub(super) config: Arc<ServerConfig>,
    /// SubjectPublicKeyInfo of the server.
    pub(super) key: Vec<u8>,
}

impl Authority {
    pub(super) fn for_host(host: &str) -> Self {
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![host.to_owned()])
            .unwrap()
            .signed_by(&key, &ca)
            .unwrap();
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], secret)
            .unwrap();
        Self {
            root: ca.pem(),
            config: Arc::new(config),
            key: key.subject_public_key_info(),
        }
    }
}

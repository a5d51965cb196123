//! Whom to trust: roots, pins, and TLS with both.
//!
//! ureq's own TLS takes roots and no pins, so the connection is wrapped here. A pin comes on top of the usual
//! verification and replaces none of it.

use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, OtherError,
    RootCertStore, SignatureScheme, StreamOwned,
};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

/// Largest file of roots in bytes; the list of a whole system has a quarter of a megabyte.
const MAX_CA_FILE: u64 = 8 << 20;

/// How curl writes a pin.
const PIN_PREFIX: &str = "sha256//";

/// Why what should be trusted cannot be.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file of `--ca` cannot be read.
    #[error("--ca {}: {source}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file of `--ca` has no certificates.
    #[error(
        "--ca {}: {why}; give a file with certificates in PEM form (-----BEGIN CERTIFICATE-----)",
        path.display()
    )]
    NoCertificates {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The text of `--pin` is no pin.
    #[error(
        "--pin {pin}: expected sha256// and 44 characters of base64. To compute it: openssl s_client -connect HOST:443 </dev/null | \
         openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64"
    )]
    Pin {
        /// The text.
        pin: String,
    },
    /// The TLS library refuses the outcome.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// The SHA-256 of a public key (SubjectPublicKeyInfo, RFC 5280, section 4.1.2.7), as in RFC 7469.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Pin([u8; 32]);

impl Pin {
    fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix(PIN_PREFIX)?).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    fn of_key(spki: &[u8]) -> Option<Self> {
        let hash = digest::digest(&digest::SHA256, spki);
        Some(Self(hash.as_ref().try_into().ok()?))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PIN_PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whose certificates are believed.
#[derive(Debug, Clone)]
pub struct Trust {
    tls: Arc<ClientConfig>,
}

impl Trust {
    /// Mozilla's roots, or those of the PEM file `ca` in their place (a system's own list is such a file, too). With
    /// `pins`, each server's key must be one of them as well: `sha256//BASE64`, as curl writes them. The file is read
    /// here and not again.
    ///
    /// # Errors
    ///
    /// The file cannot be read or has no certificates; a pin is malformed.
    pub fn new(ca: Option<&Path>, pins: &[String]) -> Result<Self, TrustError> {
        let roots = match ca {
            Some(path) => roots_of(path)?,
            None => RootCertStore {
                roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            },
        };
        let pins = pins
            .iter()
            .map(|pin| Pin::parse(pin).ok_or_else(|| TrustError::Pin { pin: pin.clone() }))
            .collect::<Result<Vec<_>, _>>()?;
        let setup = |e: &dyn fmt::Display| TrustError::Setup(e.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let usual = WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::<CryptoProvider>::clone(&provider),
        )
        .build()
        .map_err(|e| setup(&e))?;
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| setup(&e))?
            // The verifier is rustls's own, with one more condition.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier { usual, pins }))
            .with_no_client_auth();
        Ok(Self { tls: Arc::new(tls) })
    }
}

fn roots_of(path: &Path) -> Result<RootCertStore, TrustError> {
    let failed = |source| TrustError::CaFile {
        path: path.into(),
        source,
    };
    let none = |why: String| TrustError::NoCertificates {
        path: path.into(),
        why,
    };
    let mut pem = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_CA_FILE).read_to_end(&mut pem))
        .map_err(failed)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| none(e.to_string()))?;
        roots.add(certificate).map_err(|e| none(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(none("no certificate in it".into()));
    }
    Ok(roots)
}

/// A key that is none of the pinned ones.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the server's key is {found:?}, which is not pinned")]
pub(super) struct WrongKey {
    /// The key that the server has.
    pub(super) found: Pin,
}

#[derive(Debug)]
struct Verifier {
    usual: Arc<WebPkiServerVerifier>,
    pins: Vec<Pin>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.usual.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        if self.pins.is_empty() {
            return Ok(verified);
        }
        let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        match Pin::of_key(&key) {
            Some(found) if self.pins.contains(&found) => Ok(verified),
            Some(found) => {
                Err(CertificateError::Other(OtherError(Arc::new(WrongKey { found }))).into())
            }
            None => Err(CertificateError::BadEncoding.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// The last link of ureq's chain of connectors: TLS where the address says `https`.
#[derive(Debug)]
pub(super) struct TlsConnector(pub(super) Trust);

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(below) = chained else {
            return Ok(None);
        };
        if !details.needs_tls() || below.is_tls() {
            return Ok(Some(Either::A(below)));
        }
        let host = details.uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| ureq::Error::Tls("the host's name cannot stand in a certificate"))?;
        let mut tls = ClientConnection::new(Arc::clone(&self.0.tls), name)?;
        let mut socket = TransportAdapter::new(below.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(details.timeout);
        tls.complete_io(&mut socket).map_err(unwrapped)?;
        let buffers = LazyBuffers::new(
            details.config.input_buffer_size(),
            details.config.output_buffer_size(),
        );
        let stream = StreamOwned::new(tls, socket);
        Ok(Some(Either::B(TlsTransport { buffers, stream })))
    }
}

/// What rustls says about a handshake comes as an I/O error around its own.
fn unwrapped(error: std::io::Error) -> ureq::Error {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(tls) => ureq::Error::Rustls(tls.clone()),
        None => error.into(),
    }
}

/// A connection in TLS.
pub(super) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;

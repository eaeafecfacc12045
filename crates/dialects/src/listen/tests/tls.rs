//! The same over TLS, with a certificate that nobody checks.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::*;

/// What stands before the 32 bytes of an Ed25519 key in its PKCS #8 form (RFC 8410).
const KEY_PREFIX: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ResolvesServerCert for Unchecked {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let key = [&KEY_PREFIX[..], &[7; 32]].concat();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
        let key = self.0.key_provider.load_private_key(key).ok()?;
        let certificate = CertificateDer::from(&b"no certificate"[..]);
        Some(Arc::new(CertifiedKey::new(vec![certificate], key)))
    }
}

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

fn server() -> Arc<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider's versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Unchecked(provider)));
    Arc::new(config)
}

fn client() -> TlsConnector {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider's versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Unchecked(provider)))
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn requests_are_answered_under_tls() {
    let stand = stand(quick(), Some(server())).await;
    let name = ServerName::try_from("redress.example").expect("a name");
    let stream = stand.connect().await;
    let mut stream = client().connect(name, stream).await.expect("a handshake");
    assert_eq!(asked(&mut stream, GET).await, "HTTP/1.1 200 OK");
    assert_eq!(asked(&mut stream, GET).await, "HTTP/1.1 200 OK");
    stream.shutdown().await.expect("said good-bye");
    stand.ended(Ended::Done).await;
}

#[tokio::test]
async fn a_handshake_that_never_comes_is_given_up() {
    for begin in [&b""[..], &b"\x16\x03\x01"[..], GET.as_bytes()] {
        let stand = stand(quick(), Some(server())).await;
        let mut stream = stand.connect().await;
        stream.write_all(begin).await.expect("written");
        closed(&mut stream).await;
        stand.ended(Ended::Handshake).await;
        assert_eq!(stand.stopped().await, Drained { cut: 0 });
    }
}

#[tokio::test]
async fn silence_after_the_handshake_is_given_up_too() {
    let stand = stand(quick(), Some(server())).await;
    let name = ServerName::try_from("redress.example").expect("a name");
    let stream = stand.connect().await;
    let mut stream = client().connect(name, stream).await.expect("a handshake");
    let mut rest = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("an end").ok();
    stand.ended(Ended::SlowStart).await;
}

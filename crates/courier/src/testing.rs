//! Small things the tests of this crate share.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A TLS end for a server, from PEM texts.
pub fn acceptor(chain: &[u8], key: &[u8]) -> TlsAcceptor {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let key = PrivateKeyDer::from_pem_slice(key).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(chain.expect("a chain"), key)
        .expect("a certificate with its key");
    TlsAcceptor::from(Arc::new(config))
}

/// An https server that says 200 to everybody who trusts it.
pub struct TlsServer {
    /// Its port on loopback.
    pub port: u16,
}

/// Starts one; it ends with the test's runtime.
pub async fn tls_once(chain: &[u8], key: &[u8]) -> TlsServer {
    let acceptor = acceptor(chain, key);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut some = [0; 4_096];
            drop(stream.read(&mut some).await);
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await);
            drop(stream.shutdown().await);
        }
    });
    TlsServer { port }
}

/// Dice from a seed (SplitMix64).
pub struct Seeded(pub u64);

impl domain::Dice for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56) as u8;
        }
    }
}

/// An address.
pub fn address(text: &str) -> domain::address::Address {
    domain::address::Address::parse(text).expect("an address")
}

/// The n-th message id.
pub fn message_id(n: u32) -> domain::ids::MessageId {
    domain::ids::MessageId::parse(&format!("msg_{n:026}")).expect("an id")
}

/// What was logged on this thread, a line per event.
#[derive(Clone, Default)]
pub struct Lines(Arc<std::sync::Mutex<Vec<(&'static str, String)>>>);

impl Lines {
    /// The lines of one target.
    pub fn of(&self, target: &str) -> Vec<String> {
        let all = self.0.lock().expect("nobody panicked with it");
        all.iter().filter(|(of, _)| *of == target).map(|(_, line)| line.clone()).collect()
    }
}

impl tracing::Subscriber for Lines {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = event.metadata().level().to_string();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            line.push_str(&format!(" {field}={value:?}"));
        });
        let target = event.metadata().target();
        self.0.lock().expect("nobody panicked with it").push((target, line));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

use std::fs;
use std::process::Command;

use super::super::address::Address;
use super::super::http::{Answer, Client, FetchError, Limits, Question, Validators};
use super::super::rights::Surrendered;
use super::super::test_server::{Authority, Server, ok};
use super::*;

struct Scene {
    server: Server,
    folder: tempfile::TempDir,
    key: Vec<u8>,
}

impl Scene {
    fn new(host: &str) -> Self {
        let authority = Authority::for_host(host);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), &authority.root).unwrap();
        let server = Server::start(Some(authority.config), |_, wire| {
            let _ = wire.write_all(ok("a.example\n").as_bytes());
        });
        Self {
            server,
            folder,
            key: authority.key,
        }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn get(&self, trust: &Trust) -> Result<Vec<u8>, FetchError> {
        let limits = Limits::default();
        let client = Client::new(&Surrendered::pretended(), trust, false, limits).unwrap();
        let address = Address::parse(&self.server.url("/"), false).unwrap();
        let answer = client.get(&Question {
            address: &address,
            accept: None,
            secret: None,
            known: Validators::default(),
            max_bytes: 1_000,
            until: client.until(),
        })?;
        match answer {
            Answer::Content(content) => Ok(content.bytes),
            Answer::NotModified => panic!("was not asked for"),
        }
    }
}

#[test]
fn roots_of_a_file_take_the_place_of_the_others() {
    let scene = Scene::new("127.0.0.1");
    let trusting = Trust::new(Some(&scene.ca()), &[]).unwrap();
    assert_eq!(scene.get(&trusting).unwrap(), b"a.example\n");

    let error = scene.get(&Trust::new(None, &[]).unwrap()).unwrap_err();
    assert!(matches!(error, FetchError::Tls { .. }), "{error:?}");
    assert!(error.to_string().contains("--ca FILE"), "{error}");
    // Nothing was asked of a server that is not believed.
    assert_eq!(scene.server.asked().len(), 1);
}

#[test]
fn the_name_has_to_be_right() {
    let scene = Scene::new("other.example");
    let error = scene
        .get(&Trust::new(Some(&scene.ca()), &[]).unwrap())
        .unwrap_err();
    assert!(error.to_string().contains("is for another name"), "{error}");
}

#[test]
fn a_pin_comes_on_top() {
    let scene = Scene::new("127.0.0.1");
    let pin = Pin::of_key(&scene.key).unwrap().to_string();
    let other = Pin::of_key(b"other").unwrap().to_string();

    let trust = Trust::new(Some(&scene.ca()), &[other.clone(), pin.clone()]).unwrap();
    assert!(scene.get(&trust).is_ok());

    let trust = Trust::new(Some(&scene.ca()), &[other]).unwrap();
    match scene.get(&trust).unwrap_err() {
        FetchError::WrongKey { found, .. } => assert_eq!(found, pin),
        error => panic!("{error}"),
    }
    assert_eq!(scene.server.asked().len(), 1);

    // The right key does not replace a root.
    let trust = Trust::new(None, &[pin]).unwrap();
    assert!(matches!(scene.get(&trust), Err(FetchError::Tls { .. })));
}

#[test]
fn a_pin_is_what_openssl_computes() {
    let scene = Scene::new("127.0.0.1");
    let script = "openssl x509 -in \"$1\" -pubkey -noout | openssl pkey -pubin -outform der | \
                  openssl dgst -sha256 -binary | base64";
    let root = fs::read(scene.ca()).unwrap();
    let certificate = CertificateDer::from_pem_slice(&root).unwrap();
    let key = ParsedCertificate::try_from(&certificate)
        .unwrap()
        .subject_public_key_info();
    let run = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(scene.ca())
        .output();
    match run {
        Ok(out) if out.status.success() && out.stdout.len() > 40 => {
            let text = String::from_utf8(out.stdout).unwrap();
            assert_eq!(
                Pin::of_key(&key).unwrap().to_string(),
                format!("sha256//{}", text.trim())
            );
        }
        _ => println!("SKIP: no openssl here"),
    }
}

#[test]
fn what_cannot_be_trusted_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca");
    assert!(matches!(
        Trust::new(Some(&path), &[]),
        Err(TrustError::CaFile { .. })
    ));
    for text in [
        "",
        "words",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        fs::write(&path, text).unwrap();
        let error = Trust::new(Some(&path), &[]).unwrap_err();
        assert!(
            matches!(error, TrustError::NoCertificates { .. }),
            "{text}: {error}"
        );
    }
    for pin in ["", "sha256//", "sha256//AAAA", "AAAA", "sha256//ü"] {
        let error = Trust::new(None, &[pin.to_owned()]).unwrap_err();
        assert!(error.to_string().contains("openssl s_client"), "{error}");
    }
}

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::super::secret::SecretKind;
use super::super::test_server::{Asked, Server, answer, ok};
use super::*;

fn limits() -> Limits {
    Limits {
        bytes: 1_000,
        time: Duration::from_secs(20),
        redirects: 5,
    }
}

fn client(limits: Limits) -> Client {
    let trust = Trust::new(None, &[]).unwrap();
    Client::new(&Surrendered::pretended(), &trust, false, limits).unwrap()
}

fn get_with(url: &str, limits: Limits, known: Validators<'_>) -> Result<Answer, FetchError> {
    let address = Address::parse(url, false).unwrap();
    let client = client(limits);
    client.get(&Question {
        address: &address,
        accept: None,
        secret: None,
        known,
        max_bytes: limits.bytes,
        until: client.until(),
    })
}

fn get(url: &str) -> Result<Content, FetchError> {
    match get_with(url, limits(), Validators::default())? {
        Answer::Content(content) => Ok(content),
        Answer::NotModified => panic!("was not asked for"),
    }
}

#[test]
fn a_list_with_what_is_said_of_it() {
    let server = Server::answering(|_| {
        let fields = "ETag: \"a1\"\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: text/plain\r\n";
        answer("200 OK", fields, "a.example\n")
    });
    let content = get(&server.url("/x?y=z")).unwrap();
    assert_eq!(content.bytes, b"a.example\n");
    assert_eq!(content.etag.as_deref(), Some("\"a1\""));
    assert_eq!(
        content.last_modified.as_deref(),
        Some("Mon, 01 Jan 2024 00:00:00 GMT")
    );
    assert_eq!(content.media_type, "text/plain");
    let asked = &server.asked()[0];
    assert_eq!(asked.target, "/x?y=z");
    assert_eq!(asked.field("user-agent"), Some(USER_AGENT));
    assert_eq!(asked.field("accept-encoding"), Some("identity"));
    assert_eq!(asked.field("if-none-match"), None);
    for name in ["accept", "user-agent", "accept-encoding", "host"] {
        assert_eq!(
            asked.fields.iter().filter(|(key, _)| key == name).count(),
            1
        );
    }
}

#[test]
fn what_is_at_hand_is_not_sent_again() {
    let server = Server::answering(|asked| match asked.field("if-none-match") {
        Some("\"a1\"") => answer("304 Not Modified", "", ""),
        _ => ok("new"),
    });
    let known = |etag| Validators {
        etag: Some(etag),
        last_modified: Some("Mon, 01 Jan 2024 00:00:00 GMT"),
    };
    let url = server.url("/");
    assert!(matches!(
        get_with(&url, limits(), known("\"a1\"")),
        Ok(Answer::NotModified)
    ));
    assert!(matches!(
        get_with(&url, limits(), known("\"a0\"")),
        Ok(Answer::Content(_))
    ));
    assert_eq!(
        server.asked()[0].field("if-modified-since"),
        Some("Mon, 01 Jan 2024 00:00:00 GMT")
    );
}

#[test]
fn an_answer_that_was_not_asked_for_is_an_error() {
    let server = Server::answering(|_| answer("304 Not Modified", "", ""));
    assert!(matches!(
        get(&server.url("/")),
        Err(FetchError::Status { code: 304, .. })
    ));
}

fn hops(asked: &Asked) -> String {
    let n: u32 = asked.target.trim_start_matches('/').parse().unwrap();
    match n {
        0 => ok("end"),
        n => answer(
            "302 Found",
            &format!("Location: {}\r\n", n.saturating_sub(1)),
            "",
        ),
    }
}

#[test]
fn redirects_are_bounded() {
    let server = Server::answering(hops);
    assert_eq!(get(&server.url("/5")).unwrap().bytes, b"end");
    assert!(matches!(
        get(&server.url("/6")),
        Err(FetchError::TooManyRedirects { limit: 5, .. })
    ));
    assert_eq!(server.asked().len(), 6 + 6);
}

#[test]
fn redirects_lead_to_nothing_that_may_not_be_asked() {
    for (to, want) in [
        ("http://a.example/", "use https"),
        ("file:///etc/passwd", "not an address"),
        ("https://me:pw@a.example/", "holds a name or password"),
    ] {
        let fields = format!("Location: {to}\r\n");
        let server = Server::answering(move |_| answer("301 Moved", &fields, ""));
        let error = get(&server.url("/")).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
    let server = Server::answering(|_| answer("301 Moved", "", ""));
    assert!(matches!(
        get(&server.url("/")),
        Err(FetchError::Protocol { .. })
    ));
}

fn secret() -> Secret {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, "abc").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Secret::from_file(SecretKind::Token, &path).unwrap()
}

fn get_secretly(url: &str) -> Result<Answer, FetchError> {
    let secret = secret();
    let limits = limits();
    let client = client(limits);
    client.get(&Question {
        address: &Address::parse(url, true).unwrap(),
        accept: Some("text/plain"),
        secret: Some(&secret),
        known: Validators::default(),
        max_bytes: limits.bytes,
        until: client.until(),
    })
}

#[test]
fn a_secret_stays_with_its_origin() {
    let other = Server::answering(|_| ok("x"));
    let fields = format!("Location: {}\r\n", other.url("/"));
    let server = Server::answering(move |asked| match asked.target.as_str() {
        "/here" => answer("302 Found", "Location: /there\r\n", ""),
        _ => answer("302 Found", &fields, ""),
    });
    get_secretly(&server.url("/here")).unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    for asked in asked {
        assert_eq!(asked.field("authorization"), Some("Bearer abc"));
        assert_eq!(asked.field("accept"), Some("text/plain"));
    }
    assert_eq!(other.asked()[0].field("authorization"), None);
}

#[test]
fn a_secret_is_not_sent_in_the_clear() {
    // Refused before the name is looked up.
    let error = get_secretly("http://a.example/").unwrap_err();
    assert!(matches!(error, FetchError::SecretInTheClear { .. }));
}

#[test]
fn a_body_is_bounded() {
    let too_large = |head: &'static str, endless: bool| {
        let server = Server::start(None, move |_, wire| {
            let _ = wire.write_all(head.as_bytes());
            while endless && wire.write_all(b"40\r\n").is_ok() {
                if wire.write_all(&[b'x'; 64]).is_err() || wire.write_all(b"\r\n").is_err() {
                    break;
                }
            }
        });
        get(&server.url("/")).unwrap_err()
    };
    // Announced; in chunks; until the connection ends.
    for (head, endless) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", false),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            true,
        ),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", true),
    ] {
        assert_eq!(
            std::mem::discriminant(&too_large(head, endless)),
            std::mem::discriminant(&FetchError::TooLarge {
                url: String::new(),
                limit: 0
            }),
            "{head}"
        );
    }
    let just = "x".repeat(1_000);
    let server = Server::answering(move |_| ok(&just));
    assert_eq!(get(&server.url("/")).unwrap().bytes.len(), 1_000);
}

#[test]
fn a_head_is_bounded() {
    let server = Server::start(None, |_, wire| {
        let _ = wire.write_all(b"HTTP/1.1 200 OK\r\n");
        while wire
            .write_all(b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")
            .is_ok()
        {}
    });
    assert!(matches!(
        get(&server.url("/")),
        Err(FetchError::Protocol { .. })
    ));
}

const SOON: Limits = Limits {
    bytes: 1_000,
    time: Duration::from_millis(400),
    redirects: 5,
};

#[test]
fn all_of_it_has_a_time() {
    for head in [
        "HTTP/1.1 200 OK\r\nX: ",
        "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n",
    ] {
        let server = Server::start(None, move |_, wire| {
            let _ = wire.write_all(head.as_bytes());
            // A byte now and then: each read is quick, and the whole is not.
            for _ in 0..200 {
                if wire.write_all(b"x").and_then(|()| wire.flush()).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let error = get_with(&server.url("/"), SOON, Validators::default()).unwrap_err();
        assert!(
            matches!(error, FetchError::TooSlow { .. }),
            "{head}: {error}"
        );
    }
}

#[test]
fn a_server_that_says_nothing_has_a_time_as_well() {
    // The kernel connects, and nobody takes the connection.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://{at}/");
        let error = get_with(&url, SOON, Validators::default()).unwrap_err();
        assert!(
            matches!(error, FetchError::TooSlow { .. }),
            "{scheme}: {error}"
        );
    }
}

#[test]
fn a_list_that_is_cut_off_is_none() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
    ] {
        let server = Server::answering(move |_| text.into());
        let error = get(&server.url("/")).unwrap_err();
        assert!(
            matches!(error, FetchError::CutOff { .. }),
            "{text}: {error:?}"
        );
    }
}

#[test]
fn compressed_lists_are_refused() {
    let server = Server::answering(|_| answer("200 OK", "Content-Encoding: gzip\r\n", "x"));
    assert!(matches!(
        get(&server.url("/")),
        Err(FetchError::Encoded { .. })
    ));
}

#[test]
fn statuses_in_words() {
    for (status, fields, want) in [
        ("401 U", "", "wants a login (401)"),
        ("403 F", "", "refuses access (403)"),
        ("404 N", "", "no such list (404)"),
        ("410 G", "", "no such list (410)"),
        (
            "429 T",
            "Retry-After: 60\r\n",
            "too many questions (429); try again in 60 s",
        ),
        ("429 T", "", "try again in an hour"),
        (
            "503 S",
            "Retry-After: Mon, 01 Jan 2024 00:00:00 GMT\r\n",
            "busy (503); try again at Mon",
        ),
        ("500 I", "", "trouble at the server (500)"),
        ("206 P", "", "unexpected status 206"),
        ("204 N", "", "unexpected status 204"),
    ] {
        let server = Server::answering(move |_| answer(status, fields, ""));
        let error = get(&server.url("/l")).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
        assert!(error.starts_with(&server.url("/l")), "{error}");
    }
}

#[test]
fn what_is_no_http_is_said() {
    let server = Server::answering(|_| "SSH-2.0-x\r\n\r\n".into());
    assert!(matches!(
        get(&server.url("/")),
        Err(FetchError::Protocol { .. })
    ));
    let url = server.url("/");
    drop(server);
    // A port that nobody listens on, once the thread is gone; until then the connection ends early.
    assert!(get(&url).is_err());
}

#[test]
fn fields_that_could_do_harm_are_not_kept() {
    let mut headers = HeaderMap::new();
    headers.insert("a", "\u{fc}".parse().unwrap());
    headers.insert("b", "x".repeat(600).parse().unwrap());
    headers.insert("c", " ok ".parse().unwrap());
    headers.insert("d", "tab\tx".parse().unwrap());
    assert_eq!(field(&headers, "a", 512), None);
    assert_eq!(field(&headers, "b", 512), None);
    assert_eq!(field(&headers, "c", 512).as_deref(), Some("ok"));
    assert_eq!(field(&headers, "d", 512), None);
}

const SCENARIO: &str = "BELLEROPHON_PROXY";

/// Does nothing but in a process that a test started, with a proxy in its environment.
#[test]
fn child() {
    let Some(scenario) = std::env::var_os(SCENARIO) else {
        return;
    };
    let trust = Trust::new(None, &[]).unwrap();
    let client = Client::new(&Surrendered::pretended(), &trust, false, limits());
    if scenario == "broken" {
        let error = client.unwrap_err();
        assert!(matches!(error, FetchError::Proxy { .. }), "{error}");
        println!("\nSAID {error}");
        return;
    }
    // By way of the proxy, which refuses; and this machine without it.
    let error = get("https://a.example/").unwrap_err();
    println!("\nSAID {error}");
    let server = Server::answering(|_| ok("x"));
    assert_eq!(get(&server.url("/")).unwrap().bytes, b"x");
}

fn with_proxy(scenario: &str, proxy: &str) -> String {
    let path = module_path!().split_once("::").unwrap().1;
    let mut command = Command::new(std::env::current_exe().unwrap());
    for variable in PROXY_VARIABLES.iter().chain(&["NO_PROXY", "no_proxy"]) {
        command.env_remove(variable);
    }
    let out = command
        .args(["--exact", "--nocapture", &format!("{path}::child")])
        .env(SCENARIO, scenario)
        .env("HTTPS_PROXY", proxy)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{text}");
    let said = text.lines().find_map(|line| line.strip_prefix("SAID "));
    said.unwrap().to_owned()
}

#[test]
fn a_proxy_of_the_environment_is_used() {
    let proxy = Server::answering(|_| answer("403 Forbidden", "", ""));
    let said = with_proxy("used", &proxy.url(""));
    assert!(said.contains("the proxy refused"), "{said}");
    let asked = proxy.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].target, "a.example:443");
}

#[test]
fn a_proxy_that_is_none_is_not_passed_by() {
    let said = with_proxy("broken", "gopher://a.example");
    assert!(said.starts_with("HTTPS_PROXY in the environment"), "{said}");
}

//! One plain HTTP/1.1 request or response: enough for a redirect in a story.

/// A GET request of a phone's browser.
pub fn get(host: &str, path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\n\
         User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 12_4 like Mac OS X)\r\n\
         Accept: text/html,application/xhtml+xml\r\nAccept-Language: fr-fr\r\n\
         Connection: keep-alive\r\n\r\n"
    )
    .into_bytes()
}

/// A redirect, for instance `302` or `307`.
pub fn redirect(status: u16, location: &str) -> Vec<u8> {
    let reason = match status {
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        _ => panic!("{status} is no redirect"),
    };
    format!(
        "HTTP/1.1 {status} {reason}\r\nLocation: {location}\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

/// A page.
pub fn page(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_blank_lines_are_right() {
        let text = String::from_utf8(page("<p>hello</p>")).unwrap();
        assert!(text.contains("Content-Length: 12\r\n\r\n<p>hello</p>"));
        assert!(get("news.example", "/").ends_with(b"\r\n\r\n"));
        let redirect = String::from_utf8(redirect(307, "https://x.example:30495/a")).unwrap();
        assert!(redirect.starts_with("HTTP/1.1 307 Temporary Redirect\r\n"));
        assert!(redirect.contains("\r\nLocation: https://x.example:30495/a\r\n"));
    }
}

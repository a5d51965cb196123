//! Plain HTTP/1.1 requests and responses, with and without bodies.

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

/// A head from its lines, which get their ends and a blank line behind them.
pub fn head(lines: &[&str]) -> Vec<u8> {
    let mut head = String::new();
    for line in lines {
        head += line;
        head += "\r\n";
    }
    head += "\r\n";
    head.into_bytes()
}

/// A POST request whose length is stated.
pub fn post(host: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let mut request = head(&[
        &format!("POST {path} HTTP/1.1"),
        &format!("Host: {host}"),
        &format!("Content-Length: {}", body.len()),
    ]);
    request.extend(body);
    request
}

/// A POST request in chunks, with an extension at the first and one trailer field.
pub fn post_chunked(host: &str, path: &str, chunks: &[&[u8]]) -> Vec<u8> {
    let mut request = head(&[
        &format!("POST {path} HTTP/1.1"),
        "Transfer-Encoding: chunked",
        &format!("Host: {host}"),
    ]);
    for (index, chunk) in chunks.iter().enumerate() {
        let extension = if index == 0 { ";part=1" } else { "" };
        request.extend(format!("{:x}{extension}\r\n", chunk.len()).bytes());
        request.extend(*chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\nChecksum: none\r\n\r\n");
    request
}

/// A request for a tunnel to `target`, for instance `host:443`.
pub fn connect(target: &str) -> Vec<u8> {
    head(&[
        &format!("CONNECT {target} HTTP/1.1"),
        &format!("Host: {target}"),
        "Proxy-Connection: keep-alive",
    ])
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

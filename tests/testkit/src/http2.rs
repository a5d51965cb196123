//! Cleartext HTTP/2: frames, and header blocks as encoders really write them.

/// What a client sends first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame on stream 1, or on stream 0 for SETTINGS.
pub fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let stream = u8::from(kind != 4);
    let mut frame = vec![
        length[1], length[2], length[3], kind, flags, 0, 0, 0, stream,
    ];
    frame.extend(payload);
    frame
}

/// A SETTINGS frame with one setting: MAX_CONCURRENT_STREAMS 100.
pub fn settings() -> Vec<u8> {
    frame(4, 0, &[0, 3, 0, 0, 0, 100])
}

/// A literal string without Huffman code, of at most 126 bytes.
pub fn string(text: &[u8]) -> Vec<u8> {
    assert!(text.len() < 127);
    [&[u8::try_from(text.len()).unwrap()], text].concat()
}

/// `:method GET`, `:scheme http`, `:path /` and an `:authority` that enters the dynamic table.
pub fn request_block(authority: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x86, 0x84, 0x41];
    block.extend(string(authority.as_bytes()));
    block
}

/// The preface, SETTINGS, and one request in a HEADERS frame.
pub fn connection(authority: &str) -> Vec<u8> {
    let headers = frame(1, 0x05, &request_block(authority));
    [PREFACE, &settings(), &headers].concat()
}

//! A pattern of STIX, in an indicator of a bundle.

use bellerophon::rules::read_as;

use super::lists;

pub fn run(data: &[u8]) {
    let mut bundle = String::from(
        "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[{\"type\":\"indicator\",\"id\":\"indicator--1\",\
         \"pattern\":\"",
    );
    for c in String::from_utf8_lossy(data).chars() {
        match c {
            '"' | '\\' => bundle.extend(['\\', c]),
            c if c.is_control() && c.is_ascii() => {
                bundle.push_str(&format!("\\u{:04x}", u32::from(c)))
            }
            c => bundle.push(c),
        }
    }
    bundle.push_str("\"}]}");
    let told = lists::holds(
        &read_as("stix", bundle.as_bytes()).unwrap(),
        bundle.as_bytes(),
    );
    assert!(told > 0, "a pattern was dropped");
}

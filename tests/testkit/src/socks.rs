//! What SOCKS clients and servers send.

use std::net::Ipv4Addr;

/// A SOCKS 4 request to connect to an address.
pub fn v4(address: Ipv4Addr, port: u16, user: &str) -> Vec<u8> {
    let mut request = vec![4, 1];
    request.extend(port.to_be_bytes());
    request.extend(address.octets());
    request.extend(user.bytes());
    request.push(0);
    request
}

/// A SOCKS 4a request to connect to a host by its name.
pub fn v4a(host: &str, port: u16, user: &str) -> Vec<u8> {
    let mut request = v4(Ipv4Addr::new(0, 0, 0, 1), port, user);
    request.extend(host.bytes());
    request.push(0);
    request
}

/// A SOCKS 5 greeting.
pub fn greeting(methods: &[u8]) -> Vec<u8> {
    let mut greeting = vec![5, u8::try_from(methods.len()).unwrap()];
    greeting.extend(methods);
    greeting
}

/// A log-in with user name and password.
pub fn log_in(user: &str, password: &str) -> Vec<u8> {
    let mut message = vec![1];
    for text in [user, password] {
        message.push(u8::try_from(text.len()).unwrap());
        message.extend(text.bytes());
    }
    message
}

/// A SOCKS 5 request to connect to a host by its name.
pub fn v5(host: &str, port: u16) -> Vec<u8> {
    let mut request = vec![5, 1, 0, 3, u8::try_from(host.len()).unwrap()];
    request.extend(host.bytes());
    request.extend(port.to_be_bytes());
    request
}

/// A SOCKS 5 request to connect to an address.
pub fn v5_address(address: Ipv4Addr, port: u16) -> Vec<u8> {
    let mut request = vec![5, 1, 0, 1];
    request.extend(address.octets());
    request.extend(port.to_be_bytes());
    request
}

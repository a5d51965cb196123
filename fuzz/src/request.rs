//! The head of a request to the metrics server: the first byte says where it is cut.

use bellerophon::serve::http::judge;

pub fn run(data: &[u8]) {
    let Some((&cut, head)) = data.split_first() else {
        return;
    };
    let whole = judge(head);
    if let Some(status) = whole {
        assert!(matches!(status, 200 | 400..=505), "{status}");
    }
    // What was answered stays answered, whatever comes behind it.
    let part = head.get(..usize::from(cut)).unwrap_or(head);
    if let Some(status) = judge(part) {
        assert_eq!(whole, Some(status), "{}", head.escape_ascii());
    }
}

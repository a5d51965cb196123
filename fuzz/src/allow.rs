//! An allow list.

use bellerophon::rules::Allow;

use super::lists::check;

pub fn run(data: &[u8]) {
    match Allow::read("list", data) {
        Ok(list) => {
            for entry in list.entries() {
                let shown = format!("{entry:?}");
                assert!(!shown.is_empty());
            }
            assert!(list.entries().len() <= 10_000);
            assert!(list.expired(i64::MAX).count() <= list.entries().len());
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in &problems {
                check(problem, data);
            }
        }
    }
}

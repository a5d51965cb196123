//! Rules that can be replaced while they are in use.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::RuleSet;

/// The rules that count now. Readers look for new ones between two blocks of packets, at the cost of one load.
#[derive(Debug)]
pub struct Current {
    generation: AtomicU64,
    rules: Mutex<Arc<RuleSet>>,
}

impl Current {
    /// Begins with these rules, the first generation.
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self {
            generation: AtomicU64::new(0),
            rules: Mutex::new(rules),
        }
    }

    /// How often the rules were replaced.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The rules that count now.
    pub fn get(&self) -> Arc<RuleSet> {
        // Nobody panics while it is locked; if so, the rules would still be whole.
        Arc::clone(&self.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes `rules` count from now on, and gives back what counted before.
    pub fn replace(&self, rules: Arc<RuleSet>) -> Arc<RuleSet> {
        let mut current = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *current, rules);
        self.generation.fetch_add(1, Ordering::Release);
        before
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LoadOptions, load};
    use super::*;

    #[test]
    fn rules_are_replaced() {
        let rules = Arc::new(load(&LoadOptions::default()).unwrap().rules);
        let current = Current::new(Arc::clone(&rules));
        assert!(Arc::ptr_eq(&current.get(), &rules));
        let next = Arc::new(load(&LoadOptions::default()).unwrap().rules);
        let before = current.replace(Arc::clone(&next));
        assert!(Arc::ptr_eq(&before, &rules) && Arc::ptr_eq(&current.get(), &next));
        assert_eq!(current.generation(), 1);
    }
}

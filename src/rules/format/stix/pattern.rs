//! The pattern language of STIX 2.0 and 2.1 (section 9 of the 2.1 specification): from text to a tree.

use std::borrow::Cow;

use super::scan::{Parsed, Scanner};

/// How deep parentheses may stand in each other.
pub(super) const MAX_DEPTH: usize = 64;

/// How many qualifiers may follow an observation.
const MAX_QUALIFIERS: usize = 8;

/// A pattern or a part of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Node<'p> {
    Test(Test<'p>),
    /// Any of these, inside of brackets or between them.
    Or(Vec<Self>),
    /// All of these, in one observation.
    And(Vec<Self>),
    /// All of these, each in an observation of its own (`AND` and `FOLLOWEDBY` between brackets), with their texts.
    Together(Vec<(Self, &'p str)>),
    /// `REPEATS ... TIMES`, with its text.
    Repeated(Box<Self>, &'p str),
    /// `START ... STOP ...`, with the time at which it stops.
    Until(Box<Self>, Cow<'p, str>),
}

/// A comparison.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Test<'p> {
    pub(super) path: Path<'p>,
    pub(super) operator: Operator,
    /// `NOT`, `!=`.
    pub(super) negated: bool,
    /// What is compared with: one value, or any of several.
    pub(super) values: Vec<Cow<'p, str>>,
    /// As the pattern has it.
    pub(super) text: &'p str,
}

/// What is compared: `network-traffic:dst_ref.value` is the object `network-traffic` and the steps `dst_ref` and `value`.
/// Indexes (`[0]`, `[*]`) are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path<'p> {
    pub(super) object: &'p str,
    pub(super) steps: Vec<Cow<'p, str>>,
}

/// How it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=`, `==`, `IN`; with `negated` also `!=`, `<>`.
    Equal,
    Like,
    Matches,
    Subset,
    /// `<`, `>`, `<=`, `>=`, `ISSUPERSET`, `EXISTS`.
    Other,
}

/// A pattern with the number of values in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern<'p> {
    pub(super) node: Node<'p>,
    pub(super) values: usize,
}

/// Reads a pattern.
///
/// # Errors
/// What was expected, and what stands there.
pub(super) fn parse(text: &str) -> Result<Pattern<'_>, String> {
    let mut parser = Parser {
        scan: Scanner::new(text),
        depth: 0,
    };
    let node = parser.observations()?;
    parser.scan.skip();
    if !parser.scan.rest().is_empty() {
        return Err(parser.scan.expected("AND, OR, FOLLOWEDBY or the end"));
    }
    Ok(Pattern {
        node,
        values: parser.scan.values,
    })
}

struct Parser<'p> {
    scan: Scanner<'p>,
    depth: usize,
}

impl<'p> Parser<'p> {
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(format!("its parentheses are more than {MAX_DEPTH} deep"));
        }
        let found = inner(self)?;
        self.depth = self.depth.saturating_sub(1);
        Ok(found)
    }

    fn observations(&mut self) -> Parsed<Node<'p>> {
        self.together("FOLLOWEDBY", |parser| {
            let mut any = vec![parser.together("AND", Self::observation)?];
            while parser.scan.keyword("OR") {
                any.push(parser.together("AND", Self::observation)?);
            }
            Ok(parser.any_of(any))
        })
    }

    fn together(
        &mut self,
        word: &str,
        part: impl Fn(&mut Self) -> Parsed<Node<'p>>,
    ) -> Parsed<Node<'p>> {
        let mut all = Vec::new();
        loop {
            let start = self.scan.at;
            let node = part(self)?;
            all.push((node, self.scan.since(start)));
            if !self.scan.keyword(word) {
                break;
            }
        }
        match all.pop() {
            Some((only, _)) if all.is_empty() => Ok(only),
            last => {
                all.extend(last);
                Ok(Node::Together(all))
            }
        }
    }

    fn observation(&mut self) -> Parsed<Node<'p>> {
        let mut node = if self.scan.eat("[") {
            let inner = self.any()?;
            self.scan.need("]")?;
            inner
        } else if self.scan.eat("(") {
            let inner = self.deeper(Self::observations)?;
            self.scan.need(")")?;
            inner
        } else {
            return Err(self.scan.expected("`[` or `(`"));
        };
        // Qualifiers nest in the tree, so their number has a bound.
        for _ in 0..MAX_QUALIFIERS {
            self.scan.skip();
            let start = self.scan.at;
            if self.scan.keyword("WITHIN") {
                self.scan.value()?;
                let _ = self.scan.keyword("SECONDS");
            } else if self.scan.keyword("REPEATS") {
                self.scan.value()?;
                let _ = self.scan.keyword("TIMES");
                node = Node::Repeated(Box::new(node), self.scan.since(start));
            } else if self.scan.keyword("START") {
                self.scan.value()?;
                if !self.scan.keyword("STOP") {
                    return Err(self.scan.expected("STOP"));
                }
                node = Node::Until(Box::new(node), self.scan.value()?);
            } else {
                break;
            }
        }
        Ok(node)
    }

    /// Comparisons with OR.
    fn any(&mut self) -> Parsed<Node<'p>> {
        let mut any = vec![self.all()?];
        while self.scan.keyword("OR") {
            any.push(self.all()?);
        }
        Ok(self.any_of(any))
    }

    /// Comparisons with AND, which binds closer than OR.
    fn all(&mut self) -> Parsed<Node<'p>> {
        let mut all = Vec::new();
        loop {
            let node = if self.scan.eat("(") {
                let inner = self.deeper(Self::any)?;
                self.scan.need(")")?;
                inner
            } else {
                Node::Test(self.test()?)
            };
            match node {
                Node::And(nodes) => all.extend(nodes),
                node => all.push(node),
            }
            if !self.scan.keyword("AND") {
                break;
            }
        }
        Ok(match all.pop() {
            Some(only) if all.is_empty() => only,
            last => {
                all.extend(last);
                Node::And(all)
            }
        })
    }

    fn test(&mut self) -> Parsed<Test<'p>> {
        self.scan.skip();
        let start = self.scan.at;
        let mut negated = self.scan.keyword("NOT");
        if self.scan.keyword("EXISTS") {
            let path = self.path()?;
            return Ok(Test {
                path,
                operator: Operator::Other,
                negated,
                values: Vec::new(),
                text: self.scan.since(start),
            });
        }
        let path = self.path()?;
        negated ^= self.scan.keyword("NOT");
        let operator = if self.scan.eat("!=") || self.scan.eat("<>") {
            negated = !negated;
            Operator::Equal
        } else if self.scan.eat("==") || self.scan.eat("=") {
            Operator::Equal
        } else if self.scan.keyword("IN") {
            let values = self.set()?;
            return Ok(Test {
                path,
                operator: Operator::Equal,
                negated,
                values,
                text: self.scan.since(start),
            });
        } else if self.scan.keyword("LIKE") {
            Operator::Like
        } else if self.scan.keyword("MATCHES") {
            Operator::Matches
        } else if self.scan.keyword("ISSUBSET") {
            Operator::Subset
        } else if self.scan.keyword("ISSUPERSET") || self.scan.eat("<") || self.scan.eat(">") {
            let _ = self.scan.eat("=");
            Operator::Other
        } else {
            return Err(self.scan.expected("a comparison (`=`, IN, LIKE ...)"));
        };
        Ok(Test {
            path,
            operator,
            negated,
            values: vec![self.scan.value()?],
            text: self.scan.since(start),
        })
    }

    fn path(&mut self) -> Parsed<Path<'p>> {
        let object = self.scan.word("an object path (`domain-name:value`)")?;
        self.scan.need(":")?;
        let mut steps = vec![self.step()?];
        loop {
            if self.scan.eat(".") {
                steps.push(self.step()?);
            } else if self.scan.eat("[") {
                if !self.scan.eat("*") {
                    self.scan.word("an index")?;
                }
                self.scan.need("]")?;
            } else {
                return Ok(Path { object, steps });
            }
        }
    }

    fn step(&mut self) -> Parsed<Cow<'p, str>> {
        self.scan.skip();
        if self.scan.rest().starts_with(['\'', '"']) {
            self.scan.quoted()
        } else {
            self.scan.word("a property").map(Cow::Borrowed)
        }
    }

    fn set(&mut self) -> Parsed<Vec<Cow<'p, str>>> {
        self.scan.need("(")?;
        let mut values = vec![self.scan.value()?];
        while self.scan.eat(",") {
            values.push(self.scan.value()?);
        }
        self.scan.need(")")?;
        Ok(values)
    }

    /// Joins what has OR between it. Neighbours that compare the same thing become one comparison with any of several values.
    fn any_of(&self, nodes: Vec<Node<'p>>) -> Node<'p> {
        let mut any: Vec<Node<'p>> = Vec::with_capacity(nodes.len());
        let mut add = |node: Node<'p>| match (any.last_mut(), node) {
            (Some(Node::Test(last)), Node::Test(next)) if last.joins(&next) => {
                last.values.extend(next.values);
                last.text = self.between(last.text, next.text);
            }
            (_, node) => any.push(node),
        };
        for node in nodes {
            match node {
                Node::Or(inner) => inner.into_iter().for_each(&mut add),
                node => add(node),
            }
        }
        match any.pop() {
            Some(only) if any.is_empty() => only,
            last => {
                any.extend(last);
                Node::Or(any)
            }
        }
    }

    /// The text from the beginning of one part of it to the end of a later one.
    fn between(&self, first: &'p str, last: &'p str) -> &'p str {
        let offset = |part: &str| {
            let at = part.as_ptr().addr();
            at.saturating_sub(self.scan.text.as_ptr().addr())
        };
        let end = offset(last).saturating_add(last.len());
        self.scan.text.get(offset(first)..end).unwrap_or(first)
    }
}

impl Test<'_> {
    fn joins(&self, next: &Self) -> bool {
        self.operator != Operator::Other
            && self.operator == next.operator
            && !self.negated
            && !next.negated
            && self.path == next.path
    }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;

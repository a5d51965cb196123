use super::*;
use crate::flow::Protocol;

fn flow(n: u16) -> Flow {
    Flow {
        src: "10.0.0.7".parse().unwrap(),
        dst: "192.0.2.80".parse().unwrap(),
        sport: n,
        dport: 80,
        protocol: Protocol::Tcp,
    }
}

fn back(flow: Flow) -> Flow {
    Flow {
        src: flow.dst,
        dst: flow.src,
        sport: flow.dport,
        dport: flow.sport,
        protocol: flow.protocol,
    }
}

const NOTHING: Spoke = Spoke {
    request: false,
    hello: false,
    answer: false,
    tunnel: false,
};
const REQUEST: Spoke = Spoke {
    request: true,
    ..NOTHING
};
const HELLO: Spoke = Spoke {
    hello: true,
    ..NOTHING
};
const ANSWER: Spoke = Spoke {
    answer: true,
    ..NOTHING
};

fn at(secs: i64) -> Timestamp {
    Timestamp::from_parts(secs, 0)
}

#[test]
fn only_what_follows_a_syn_proves_a_role() {
    let there = flow(1);
    let cases = [
        (Start::Opener, REQUEST, true),
        (Start::Opener, HELLO, true),
        (Start::Opener, ANSWER, false),
        (Start::Opener, NOTHING, false),
        (Start::Acceptor, REQUEST, false),
        (Start::Unknown, REQUEST, false),
        (Start::Unknown, HELLO, false),
    ];
    for (start, spoke, proves) in cases {
        let mut roles = Roles::default();
        roles.note(&there, start, spoke, at(0));
        let mut content = |flow| roles.is_content(&flow, 5, false, Shape::Http, at(1));
        assert_eq!(content(back(there)), proves, "{start:?} {spoke:?}");
        assert!(!content(there));
    }
    let mut roles = Roles::default();
    roles.note(&back(there), Start::Acceptor, ANSWER, at(0));
    assert!(roles.is_content(&back(there), 5, false, Shape::ClientHello, at(1)));
    assert!(!roles.is_content(&there, 5, false, Shape::ClientHello, at(1)));
    roles.forget(&there);
    assert!(!roles.is_content(&back(there), 5, false, Shape::ClientHello, at(1)));
}

#[test]
fn a_servers_flight_answers_a_hello() {
    let there = flow(1);
    let mut roles = Roles::default();
    roles.note(&there, Start::Opener, REQUEST, at(0));
    assert!(roles.is_content(&back(there), 5, false, Shape::ServerHello, at(1)));
    roles.note(&there, Start::Unknown, HELLO, at(2));
    assert!(!roles.is_content(&back(there), 5, false, Shape::ServerHello, at(3)));
    assert!(!roles.is_content(&back(there), 5, false, Shape::Short, at(3)));
    assert!(roles.is_content(&back(there), 5, false, Shape::Http, at(3)));
}

#[test]
fn a_hello_that_others_saw_proves_as_much() {
    let there = flow(1);
    let mut roles = Roles::default();
    for (shape, content) in [
        (Shape::Http, true),
        (Shape::ServerHello, false),
        (Shape::Short, false),
    ] {
        assert_eq!(
            roles.is_content(&back(there), 5, true, shape, at(0)),
            content
        );
    }
    let connect = Spoke {
        tunnel: true,
        ..REQUEST
    };
    roles.note(&there, Start::Opener, connect, at(0));
    assert!(!roles.is_content(&back(there), 5, true, Shape::Http, at(1)));
}

#[test]
fn a_tunnel_may_hold_anything() {
    let there = flow(1);
    let mut roles = Roles::default();
    let connect = Spoke {
        tunnel: true,
        ..REQUEST
    };
    roles.note(&there, Start::Opener, connect, at(0));
    for shape in [
        Shape::ServerHello,
        Shape::Short,
        Shape::Http,
        Shape::Nothing,
    ] {
        assert!(
            !roles.is_content(&back(there), 5, false, shape, at(1)),
            "{shape:?}"
        );
    }
}

#[test]
fn a_body_in_the_middle_of_a_connection_proves_nothing() {
    let there = flow(1);
    let mut roles = Roles::default();
    roles.note_body((&there, Start::Unknown), 1_000, &[], 200, at(0));
    roles.note_body((&back(there), Start::Acceptor), 1_000, &[], 200, at(0));
    assert!(!roles.is_in_body(&there, 1_100, at(1)));
    roles.note(&there, Start::Opener, REQUEST, at(1));
    roles.note_body((&there, Start::Unknown), 1_000, &[], 200, at(1));
    assert!(roles.is_in_body(&there, 1_100, at(1)));
    assert!(!roles.is_in_body(&back(there), 1_100, at(1)));
}

/// Also where the numbers come round.
#[test]
fn a_body_is_content_for_a_while() {
    let there = flow(1);
    for base in [1_000, u32::MAX - 50] {
        let mut roles = Roles::default();
        let content = |roles: &mut Roles, offset: u32, secs| {
            roles.is_content(
                &there,
                base.wrapping_add(offset),
                false,
                Shape::Http,
                at(secs),
            )
        };
        roles.note_body((&there, Start::Opener), base, &[0; 40], 200, at(0));
        let answers = [0, 39, 40, 199, 200].map(|offset| content(&mut roles, offset, 1));
        assert_eq!(answers, [false, false, true, true, false]);
        assert!(!content(&mut roles, 100, BODY_SECS + 1));
        roles.note_body(
            (&there, Start::Opener),
            base,
            &[0; 40],
            40,
            at(BODY_SECS + 1),
        );
        assert!(!content(&mut roles, 100, BODY_SECS + 2));
    }
}

#[test]
fn the_one_that_was_silent_longest_makes_room() {
    let mut roles = Roles::default();
    let many = 20_000;
    for n in 0..many {
        roles.note(&flow(n), Start::Opener, HELLO, at(n.into()));
        // In use all the time.
        let used = roles.is_content(&back(flow(0)), 5, false, Shape::Http, at(n.into()));
        assert!(used);
    }
    let mut known = 0;
    for n in 0..many {
        known +=
            usize::from(roles.is_content(&back(flow(n)), 5, false, Shape::Http, at(many.into())));
    }
    assert_eq!(known, CONNECTIONS);
    assert_eq!(roles.connections.len(), CONNECTIONS);
}

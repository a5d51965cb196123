use std::io::{Read, Write};
use std::thread;

use serde_json::json;
use tempfile::TempDir;

use super::super::control_client::ask;
use super::super::stats::Counts;
use super::*;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control");
    (folder, path)
}

fn bind(path: &Path) -> Control {
    Control::bind(path, Access::Owner).unwrap()
}

/// Sends as it is, and reads until the server closes.
fn send(path: &Path, request: &[u8]) -> Reply {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.write_all(request).unwrap();
    reply(&mut stream)
}

fn reply(stream: &mut UnixStream) -> Reply {
    let mut line = String::new();
    stream.read_to_string(&mut line).unwrap();
    assert_eq!(line.lines().count(), 1, "{line:?}");
    assert!(line.ends_with('\n'), "{line:?}");
    serde_json::from_str(&line).unwrap()
}

fn wait_for(stats: &Stats, what: impl Fn(Counts) -> bool) {
    while !what(stats.counts()) {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn commands_reach_the_main_loop_and_replies_the_client() {
    let (_folder, path) = folder();
    let (handle, requests) = bind(&path).start().unwrap();
    let main = thread::spawn(move || {
        let mut got = Vec::new();
        for request in requests {
            let data = json!({"rules": 1444, "n": got.len()});
            got.push(request.command.clone());
            request.reply.send(Reply::ok("done").with_data(data));
        }
        got
    });
    let commands = [
        Command::Reload { force: true },
        Command::Status,
        Command::Rotate,
        Command::Stop,
    ];
    for (n, command) in commands.iter().enumerate() {
        let reply = client(&path, command).unwrap();
        assert!(reply.ok);
        assert_eq!(reply.message, "done");
        assert_eq!(reply.data, json!({"rules": 1444, "n": n}));
    }
    assert!(send(&path, b"{\"command\":\"reload\"}\n").ok);
    assert!(
        send(
            &path,
            b" {\"force\":false, \"command\":\"reload\"}\r\nbehind"
        )
        .ok
    );
    let stats = handle.stats();
    handle.stop().unwrap();
    let got = main.join().unwrap();
    assert_eq!(got[..4], commands);
    assert_eq!(
        got[4..],
        [
            Command::Reload { force: false },
            Command::Reload { force: false }
        ]
    );
    let counts = stats.counts();
    assert_eq!((counts.accepted, counts.answered, counts.broken), (6, 6, 0));
}

#[test]
fn the_file_has_its_mode_and_goes_at_the_end() {
    for (access, mode) in [(Access::Owner, 0o600), (Access::Group, 0o660)] {
        let (_folder, path) = folder();
        let (handle, _requests) = Control::bind(&path, access).unwrap().start().unwrap();
        let found = fs::symlink_metadata(&path).unwrap();
        assert!(found.file_type().is_socket());
        assert_eq!(found.permissions().mode() & 0o7777, mode);
        handle.stop().unwrap();
        assert!(!path.exists());
    }
    let (_folder, path) = folder();
    drop(bind(&path));
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_no_longer_ours_stays() {
    let (_folder, path) = folder();
    let (handle, _requests) = bind(&path).start().unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    handle.stop().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");

    fs::remove_file(&path).unwrap();
    let (handle, _requests) = bind(&path).start().unwrap();
    // Kept, so that its number is not given to the next.
    fs::rename(&path, path.with_extension("old")).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    handle.stop().unwrap();
    assert!(UnixStream::connect(&path).is_ok());
}

#[test]
fn a_socket_that_is_left_over_is_replaced() {
    let (_folder, path) = folder();
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let _control = bind(&path);
    assert!(UnixStream::connect(&path).is_ok());
}

#[test]
fn a_socket_on_which_somebody_answers_is_not() {
    let (_folder, path) = folder();
    let (_handle, requests) = bind(&path).start().unwrap();
    let error = Control::bind(&path, Access::Owner).unwrap_err();
    assert!(matches!(error, ControlError::InUse(_)), "{error}");
    let main = thread::spawn(move || requests.recv().unwrap().reply.send(Reply::ok("alive")));
    assert_eq!(client(&path, &Command::Status).unwrap().message, "alive");
    main.join().unwrap();
}

#[test]
fn what_is_no_socket_is_not_replaced() {
    let (folder, path) = folder();
    let refused = |path: &Path| {
        let error = Control::bind(path, Access::Owner).unwrap_err();
        assert!(matches!(error, ControlError::NotASocket(_)), "{error}");
        assert!(error.to_string().starts_with("--control "), "{error}");
    };
    fs::write(&path, "precious").unwrap();
    refused(&path);
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    refused(folder.path());
    // A link to a socket that is left over is no socket either.
    let old = folder.path().join("old");
    drop(UnixListener::bind(&old).unwrap());
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&old, &link).unwrap();
    refused(&link);
    assert!(old.exists());
}

#[test]
fn paths_that_cannot_be_are_refused() {
    let (folder, _) = folder();
    let error = |path: &Path| Control::bind(path, Access::Owner).unwrap_err();
    let missing = folder.path().join("missing/control");
    let text = error(&missing).to_string();
    assert!(text.contains("missing: make it first"), "{text}");
    let long = folder.path().join("x".repeat(120));
    assert!(matches!(error(&long), ControlError::Name(_)));
    assert!(matches!(error(Path::new("")), ControlError::Name(_)));
    assert!(matches!(error(Path::new("a\0b")), ControlError::Name(_)));
}

#[test]
fn two_clients_are_served_side_by_side() {
    let (_folder, path) = folder();
    let (_handle, requests) = bind(&path).start().unwrap();
    thread::scope(|scope| {
        let first = scope.spawn(|| client(&path, &Command::Reload { force: false }).unwrap());
        let waiting = requests.recv().unwrap();
        // While the first one waits, a silent one and another one come.
        let _silent = UnixStream::connect(&path).unwrap();
        let second = scope.spawn(|| client(&path, &Command::Status).unwrap());
        let request = requests.recv().unwrap();
        assert_eq!(request.command, Command::Status);
        request.reply.send(Reply::ok("second"));
        assert_eq!(second.join().unwrap().message, "second");
        waiting.reply.send(Reply::error("first"));
        let reply = first.join().unwrap();
        assert_eq!((reply.ok, reply.message.as_str()), (false, "first"));
    });
}

#[test]
fn what_is_no_command_is_said_and_counted() {
    let (_folder, path) = folder();
    let (handle, requests) = bind(&path).start().unwrap();
    for line in [
        "garbage\n",
        "\n",
        "\u{0}\n",
        "[]\n",
        "{\"command\":\"explode\"}\n",
        "{\"command\":\"reload\",\"force\":\"yes\"}\n",
        "{\"command\":\"reload\",\"forse\":true}\n",
        "{\"command\":\"status\"} {}\n",
    ] {
        let reply = send(&path, line.as_bytes());
        assert!(!reply.ok, "{line}");
        assert!(
            reply.message.contains("not a command"),
            "{line}: {}",
            reply.message
        );
    }
    let long = format!("{{\"command\":\"status\"{}}}\n", " ".repeat(MAX_REQUEST));
    let reply = send(&path, long.as_bytes());
    assert!(reply.message.contains("4 KiB"), "{}", reply.message);
    let reply = send(&path, &vec![b'x'; MAX_REQUEST]);
    assert!(reply.message.contains("4 KiB"), "{}", reply.message);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"{\"command\":\"stop\"}").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(reply_text(&mut stream).contains("no line end"));
    assert!(requests.is_empty());
    assert_eq!(handle.stats().counts().rejected, 11);
}

fn reply_text(stream: &mut UnixStream) -> String {
    reply(stream).message
}

#[test]
fn a_request_of_4_kib_is_taken() {
    let (_folder, path) = folder();
    let (_handle, requests) = bind(&path).start().unwrap();
    let main = thread::spawn(move || requests.recv().unwrap().reply.send(Reply::ok("")));
    let start = "{\"command\":\"status\"";
    let spaces = " ".repeat(MAX_REQUEST - start.len() - 2);
    assert!(send(&path, format!("{start}{spaces}}}\n").as_bytes()).ok);
    main.join().unwrap();
}

#[test]
fn a_client_that_closes_its_side_still_gets_its_reply() {
    let (_folder, path) = folder();
    let (_handle, requests) = bind(&path).start().unwrap();
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"{\"command\":\"status\"}\n").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    requests.recv().unwrap().reply.send(Reply::ok("here"));
    assert_eq!(reply_text(&mut stream), "here");
}

#[test]
fn a_main_loop_that_does_not_reply_is_told_of() {
    let (_folder, path) = folder();
    let control = bind(&path).with_reply_timeout(Duration::from_millis(20));
    let (handle, requests) = control.start().unwrap();
    let reply = client(&path, &Command::Status).unwrap();
    assert!(
        !reply.ok && reply.message.contains("no reply in time"),
        "{reply:?}"
    );
    assert_eq!(handle.stats().counts().unanswered, 1);
    // Too late is not wrong.
    requests.recv().unwrap().reply.send(Reply::ok("late"));

    let main = thread::spawn(move || drop(requests.recv().unwrap()));
    let reply = client(&path, &Command::Status).unwrap();
    assert!(!reply.ok, "{reply:?}");
    main.join().unwrap();
}

#[test]
fn a_silent_client_has_its_time() {
    let (_folder, path) = folder();
    let control = bind(&path).with_limits(|l| l.read = Duration::from_millis(20));
    let (handle, _requests) = control.start().unwrap();
    let mut silent = UnixStream::connect(&path).unwrap();
    assert!(reply_text(&mut silent).contains("took too long"));
    assert_eq!(handle.stats().counts().timed_out, 1);
}

#[test]
fn a_full_queue_and_too_many_connections_are_told_and_counted() {
    let (_folder, path) = folder();
    let control = bind(&path).with_limits(|l| l.read = Duration::from_secs(3600));
    let (handle, requests) = control.start().unwrap();
    let stats = handle.stats();
    let mut waiting = Vec::new();
    for n in 1..=4 {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(b"{\"command\":\"status\"}\n").unwrap();
        waiting.push(stream);
        while requests.len() < n {
            thread::sleep(Duration::from_millis(1));
        }
    }
    let reply = client(&path, &Command::Status).unwrap();
    assert!(
        !reply.ok && reply.message.contains("other commands"),
        "{reply:?}"
    );
    assert_eq!(stats.counts().queue_full, 1);
    let silent: Vec<UnixStream> = (0..4)
        .map(|_| UnixStream::connect(&path).unwrap())
        .collect();
    wait_for(&stats, |c| c.accepted == 9);
    let reply = client(&path, &Command::Status).unwrap();
    assert!(!reply.ok && reply.message.contains("too many"), "{reply:?}");
    assert_eq!(stats.counts().busy, 1);
    // A client that goes while it waits makes room.
    drop(silent);
    drop(waiting.pop());
    wait_for(&stats, |c| c.broken == 5);
    for stream in &mut waiting {
        requests.recv().unwrap().reply.send(Reply::ok("at last"));
        assert_eq!(reply_text(stream), "at last");
    }
}

#[test]
fn a_reply_given_before_the_end_is_sent_and_others_are_told() {
    let (_folder, path) = folder();
    let (handle, requests) = bind(&path).start().unwrap();
    let open = || {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(b"{\"command\":\"stop\"}\n").unwrap();
        (stream, requests.recv().unwrap())
    };
    let (mut first, stop) = open();
    let (mut second, _kept) = open();
    stop.reply.send(Reply::ok("goodbye"));
    handle.stop().unwrap();
    assert_eq!(reply_text(&mut first), "goodbye");
    assert!(reply_text(&mut second).contains("ending"));
    let error = client(&path, &Command::Status).unwrap_err();
    assert!(matches!(error, ClientError::Nobody { .. }), "{error}");
}

#[test]
fn a_reply_that_is_too_long_is_an_error() {
    let (_folder, path) = folder();
    let (handle, requests) = bind(&path).start().unwrap();
    let main = thread::spawn(move || {
        for length in [600_000, 2_000_000] {
            let reply = Reply::ok("x".repeat(length));
            requests.recv().unwrap().reply.send(reply);
        }
    });
    let reply = client(&path, &Command::Status).unwrap();
    assert_eq!((reply.ok, reply.message.len()), (true, 600_000));
    let reply = client(&path, &Command::Status).unwrap();
    assert!(!reply.ok && reply.message.contains("1 MiB"));
    assert_eq!(handle.stats().counts().rejected, 1);
    main.join().unwrap();
}

#[test]
fn without_a_main_loop_the_client_is_told() {
    let (_folder, path) = folder();
    let (_handle, requests) = bind(&path).start().unwrap();
    drop(requests);
    let reply = ask(&path, &Command::Status, Duration::from_secs(60)).unwrap();
    assert!(!reply.ok && reply.message.contains("ending"), "{reply:?}");
}

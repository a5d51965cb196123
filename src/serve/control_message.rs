//! What is said over the control socket: one line of JSON there, one back.

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wake::Waker;

/// Bytes of a request, with its line end.
pub(super) const MAX_REQUEST: usize = 4 * 1024;

/// Bytes of a reply, with its line end.
pub(super) const MAX_REPLY: usize = 1024 * 1024;

/// What is asked for: `{"command":"reload","force":false}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Read the rules anew.
    Reload {
        /// Also where the new rules look like a mistake.
        #[serde(default)]
        force: bool,
    },
    /// Say how things are.
    Status,
    /// Open the output files anew.
    Rotate,
    /// Finish and end.
    Stop,
}

/// What came of it: `{"ok":true,"message":"..","data":{..}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether it was done.
    pub ok: bool,
    /// A line for people.
    pub message: String,
    /// For programs; null where there is nothing.
    #[serde(default)]
    pub data: Value,
}

impl Reply {
    /// It was done.
    pub fn ok(message: impl Into<String>) -> Self {
        Self {
            ok: true,
            message: message.into(),
            data: Value::Null,
        }
    }

    /// It was not.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            ok: false,
            ..Self::ok(message)
        }
    }

    /// With `data` for programs.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    /// The line to send. None where it is too long.
    pub(super) fn line(&self) -> Option<Vec<u8>> {
        let mut line = serde_json::to_vec(self).ok()?;
        line.push(b'\n');
        (line.len() <= MAX_REPLY).then_some(line)
    }
}

/// A command for the main loop.
#[derive(Debug)]
pub struct Request {
    /// What to do.
    pub command: Command,
    /// Where the answer goes.
    pub reply: ReplyTo,
}

/// Takes one reply and wakes the thread that waits for it. Dropped without one, the client is told so.
#[derive(Debug)]
pub struct ReplyTo {
    sender: Option<Sender<Reply>>,
    waker: Waker,
}

impl ReplyTo {
    /// A place for one reply, and where it will be found.
    pub(super) fn pair(waker: Waker) -> (Self, Receiver<Reply>) {
        let (sender, receiver) = bounded(1);
        let sender = Some(sender);
        (Self { sender, waker }, receiver)
    }

    /// Gives the reply. If the client no longer waits, it goes nowhere.
    pub fn send(self, reply: Reply) {
        if let Some(sender) = &self.sender {
            let _ = sender.try_send(reply);
        }
    }
}

impl Drop for ReplyTo {
    fn drop(&mut self) {
        // Before waking, so that the thread sees that nothing more will come.
        self.sender = None;
        self.waker.wake();
    }
}

/// None where the reply may still come.
pub(super) fn take(receiver: &Receiver<Reply>) -> Option<Reply> {
    match receiver.try_recv() {
        Ok(reply) => Some(reply),
        Err(TryRecvError::Empty) => None,
        Err(TryRecvError::Disconnected) => Some(Reply::error("the request was dropped unanswered")),
    }
}

/// Reads a request: up to the first line end, where nothing follows.
pub(super) fn parse(line: &[u8]) -> Result<Command, String> {
    serde_json::from_slice(line).map_err(|error| {
        format!(
            "not a command ({error}): send one line such as {{\"command\":\"status\"}}; \
             the commands are reload, status, rotate and stop"
        )
    })
}

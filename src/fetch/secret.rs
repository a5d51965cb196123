//! Logins for servers, from a file or a variable of the environment: what stands on a command line, everybody can read.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Longest secret in bytes.
const MAX_LEN: u64 = 8_192;

/// What kind of secret it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// `NAME:PASSWORD` (RFC 7617).
    Login,
    /// A token, sent as `Bearer` (RFC 6750), or as it is where it begins with a scheme and a space, as in `Token abc`.
    Token,
}

/// A login, as the value of an `Authorization` field. It is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("{}: others may read this secret; chmod 600 {}", .0.display(), .0.display())]
    Open(PathBuf),
    /// The variable is not set.
    #[error("the variable {0} is not in the environment; set it, or give a file")]
    NoVariable(String),
    /// The text is no such secret.
    #[error("{from}: {why}")]
    Text {
        /// The file or variable.
        from: String,
        /// What is wrong, without the secret.
        why: &'static str,
    },
}

impl Secret {
    /// From a variable of the environment.
    ///
    /// # Errors
    ///
    /// It is not set, or holds no such secret.
    pub fn from_env(kind: SecretKind, variable: &str) -> Result<Self, SecretError> {
        let text =
            std::env::var(variable).map_err(|_| SecretError::NoVariable(variable.to_owned()))?;
        Self::parse(kind, &text, variable)
    }

    /// From the first line of a file that only its owner and group may read.
    ///
    /// # Errors
    ///
    /// It cannot be read, others may read it, or it holds no such secret.
    pub fn from_file(kind: SecretKind, path: &Path) -> Result<Self, SecretError> {
        let failed = |source| SecretError::File {
            path: path.into(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o004 != 0 {
            return Err(SecretError::Open(path.into()));
        }
        let mut text = String::new();
        file.take(MAX_LEN)
            .read_to_string(&mut text)
            .map_err(failed)?;
        Self::parse(kind, &text, &path.display().to_string())
    }

    fn parse(kind: SecretKind, text: &str, from: &str) -> Result<Self, SecretError> {
        let bad = |why| SecretError::Text {
            from: from.into(),
            why,
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(bad("it is empty"));
        }
        if text.contains(|c: char| c.is_control()) {
            return Err(bad("more than one line"));
        }
        match kind {
            SecretKind::Login if !text.contains(':') => Err(bad("expected NAME:PASSWORD")),
            SecretKind::Login => Ok(Self(format!("Basic {}", STANDARD.encode(text)))),
            SecretKind::Token if !text.is_ascii() => {
                Err(bad("a token has plain ASCII characters only"))
            }
            SecretKind::Token if text.contains(' ') => Ok(Self(text.into())),
            SecretKind::Token => Ok(Self(format!("Bearer {text}"))),
        }
    }

    /// The value of the field.
    pub(super) fn field(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn field(kind: SecretKind, text: &str) -> Result<String, String> {
        Secret::parse(kind, text, "X")
            .map(|s| s.0)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn fields() {
        use SecretKind::{Login, Token};
        assert_eq!(field(Login, "me:a:b\n").unwrap(), "Basic bWU6YTpi");
        assert_eq!(field(Token, " abc\n").unwrap(), "Bearer abc");
        assert_eq!(field(Token, "Token abc").unwrap(), "Token abc");
        for (kind, bad) in [
            (Login, "me"),
            (Token, ""),
            (Token, "a\r\nHost: b"),
            (Token, "ü"),
        ] {
            let error = field(kind, bad).unwrap_err();
            assert!(error.starts_with("X: "), "{error}");
        }
    }

    #[test]
    fn files_that_others_may_read_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "abc\n").unwrap();
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o644);
        let error = Secret::from_file(SecretKind::Token, &path).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
        mode(0o600);
        let secret = Secret::from_file(SecretKind::Token, &path).unwrap();
        assert_eq!(secret.field(), "Bearer abc");
        assert!(!format!("{secret:?}").contains("abc"));
    }
}

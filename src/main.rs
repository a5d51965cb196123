//! The program `bellerophon`.

use std::process::ExitCode;

use bellerophon::{cli::Cli, commands};

fn main() -> ExitCode {
    match Cli::of_process() {
        Ok(cli) => commands::run(cli).into(),
        Err(error) => {
            commands::complain(&error.to_string());
            commands::Status::Failed.into()
        }
    }
}

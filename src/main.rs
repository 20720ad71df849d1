//! Runs the task of the command line, and returns the exit code.

use std::process::ExitCode;

use turnero::config::Action;
use turnero::presentation::access::set_stored_pin;
use turnero::presentation::authority::make_certificate;
use turnero::presentation::backup::{request_backup, restore_file};
use turnero::presentation::check::check_file;
use turnero::presentation::tickets::moving::{export_file, import_file};
use turnero::serve::{check_config, serve};

/// Exit code if the task failed.
const FAILED: u8 = 1;

/// The command line or a variable is wrong.
const WRONG_USAGE: u8 = 2;

/// The file that was to be checked is damaged.
const DAMAGED: u8 = 3;

fn main() -> ExitCode {
    let (done, code) = match Action::read() {
        Ok(Action::Serve(config)) => (serve(*config), FAILED),
        Ok(Action::CheckConfig(config)) => (check_config(&config), FAILED),
        Ok(Action::SetPin(role, config)) => (set_stored_pin(role, &config.data), FAILED),
        Ok(Action::Export {
            file,
            until,
            config,
        }) => (export_file(&config.data, &file, until), FAILED),
        Ok(Action::Import {
            file,
            replace,
            config,
        }) => (import_file(&file, &config.data, replace), FAILED),
        Ok(Action::MakeCertificate(config)) => (make_certificate(&config), FAILED),
        Ok(Action::Backup(config)) => (request_backup(&config), FAILED),
        Ok(Action::Restore(file, config)) => (restore_file(&file, &config.data), FAILED),
        Ok(Action::Check(file)) => match check_file(&file) {
            Ok(false) => return ExitCode::from(DAMAGED),
            checked => (checked.map(|_| ()), FAILED),
        },
        Ok(Action::Print(text)) => {
            println!("{text}");
            (Ok(()), FAILED)
        }
        Err(why) => (Err(why.into()), WRONG_USAGE),
    };
    let Err(why) = done else {
        return ExitCode::SUCCESS;
    };
    eprintln!("turnero: {why}");
    ExitCode::from(code)
}

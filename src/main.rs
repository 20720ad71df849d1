//! Does what the command line asks for, and returns the exit code.

use std::process::ExitCode;

use turnero::config::Action;
use turnero::presentation::access::set_pin_of_file;
use turnero::presentation::tickets::transfer::{export_file, import_file};
use turnero::serve::serve;

fn main() -> ExitCode {
    let (done, code) = match Action::read() {
        Ok(Action::Serve(config)) => (serve(*config), 1),
        Ok(Action::SetPin(role, config)) => (set_pin_of_file(role, &config.data), 1),
        Ok(Action::Export {
            file,
            until,
            config,
        }) => (export_file(&config.data, &file, until), 1),
        Ok(Action::Import {
            file,
            replace,
            config,
        }) => (import_file(&file, &config.data, replace), 1),
        Ok(Action::Print(text)) => {
            println!("{text}");
            (Ok(()), 0)
        }
        Err(why) => (Err(why.into()), 2),
    };
    let Err(why) = done else {
        return ExitCode::SUCCESS;
    };
    eprintln!("turnero: {why}");
    ExitCode::from(code)
}

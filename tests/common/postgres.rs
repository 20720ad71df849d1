//! The database that the tests were given by `tests/with-postgres`, if they were.

use std::path::Path;
use std::process::{Command, Output};

/// The address of the database, for tests that run on one.
pub fn database() -> Option<String> {
    std::env::var("TURNERO_TEST_POSTGRES").ok()
}

/// The name of the office that takes the place of a data file.
pub fn office_of(data: &Path) -> String {
    data.to_string_lossy().replace('/', "-")
}

/// Runs SQL in the database, on the program's tables. Returns the rows without their frame.
pub fn sql(statements: &str) -> String {
    sql_in(
        &database().expect("the tests run with a database"),
        statements,
    )
}

/// The same in the database of that address.
pub fn sql_in(address: &str, statements: &str) -> String {
    let output = try_sql(address, statements);
    assert!(output.status.success(), "{statements}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The same, where it may fail.
pub fn try_sql(address: &str, statements: &str) -> Output {
    Command::new("psql")
        .args(["-v", "ON_ERROR_STOP=1", "-qAtX", "-c", statements])
        .arg(address)
        .env("PGOPTIONS", "-c search_path=turnero")
        .output()
        .unwrap()
}

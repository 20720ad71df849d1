//! `turnero backup`, which asks the running server, and `turnero restore`.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::config::Config;
use crate::files::is_json;
use crate::storage::{self, DataSource};

/// Interval between two questions whether the backup is done.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How long the server may take for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Accepted {
    run: u64,
}

#[derive(Deserialize)]
struct List {
    folder: Option<String>,
    finished: u64,
    problem: Option<String>,
    backups: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Refused {
    detail: Option<String>,
}

/// `turnero backup`: asks the server on this machine for a backup, and waits until it is made.
pub fn request_backup(config: &Config) -> Result<(), Box<dyn Error>> {
    if config.data.file().is_none() {
        let why = "backup is for a data file; PostgreSQL has tools of its own, such as pg_dump.";
        return Err(why.into());
    }
    let address = local_address(config.listen);
    let Accepted { run } = ask(address, "POST")?;
    loop {
        let list: List = ask(address, "GET")?;
        if list.finished >= run {
            if let Some(problem) = list.problem {
                return Err(problem.into());
            }
            let name = list.backups.first().map_or("", |newest| &newest.name);
            println!("The backup is {}/{name}.", list.folder.unwrap_or_default());
            return Ok(());
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// The address at which this machine reaches the server.
fn local_address(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// One request to `/api/backups`. The server's own machine is an admin.
fn ask<T: DeserializeOwned>(address: SocketAddr, method: &str) -> Result<T, Box<dyn Error>> {
    let unreachable = |error: std::io::Error| {
        format!(
            "No server answers at {address}: {error}. Give --listen as the server has it. While it is stopped, copy \
             the data file."
        )
    };
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT).map_err(unreachable)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    let head =
        format!("{method} /api/backups HTTP/1.0\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n");
    let mut answer = Vec::new();
    let exchanged = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.read_to_end(&mut answer));
    exchanged.map_err(unreachable)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status.starts_with('2') {
        return Ok(serde_json::from_str(body)?);
    }
    let refused: Option<Refused> = serde_json::from_str(body).ok();
    let detail = refused.and_then(|refused| refused.detail);
    let why = detail.unwrap_or_else(|| "it is not a turnero server".to_owned());
    Err(format!("The server at {address} refuses: {why}").into())
}

/// `turnero restore FILE`: lets a backup take the place of the data file.
pub fn restore_file(from: &Path, data: &DataSource) -> Result<(), Box<dyn Error>> {
    let data = data.file().ok_or(
        "restore is for a data file; PostgreSQL has tools of its own, such as pg_restore.",
    )?;
    let shown = from.display();
    let is_export = is_json(from).map_err(|error| format!("{shown} cannot be read: {error}."))?;
    if is_export {
        return Err(format!("{shown} is an export: use «turnero import {shown}».").into());
    }
    let earlier = storage::restore(from, data)?;
    println!("{} is the office of {shown} now.", data.display());
    if let Some(earlier) = earlier {
        println!("The file that was there is {} now.", earlier.display());
    }
    println!(
        "Tickets that were taken after the backup are not in it, and their numbers can be given again today."
    );
    Ok(())
}

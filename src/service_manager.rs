//! Messages to the service manager (`sd_notify(3)`): ready, stopping, alive, and a status line.

use std::env;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::presentation::office::Office;
use crate::threads;

/// Interval between two status lines.
const STATUS_INTERVAL: Duration = Duration::from_secs(10);

/// The socket of the service manager, if one has started this program.
pub struct ServiceManager {
    socket: UnixDatagram,
    /// How often it must hear that the program is alive; `None` if it does not ask.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// Connects to the socket that `NOTIFY_SOCKET` names. `None` without one.
    pub fn from_environment() -> Option<Arc<Self>> {
        let name = env::var("NOTIFY_SOCKET").ok()?;
        let socket = connect(&name)
            .map_err(|error| log::warn!("The service manager cannot be notified: {error}"))
            .ok()?;
        Some(Arc::new(Self {
            socket,
            watchdog: watchdog(),
        }))
    }

    /// Says that the server listens, and starts the thread `notify`, which says from then on that it is alive.
    pub fn ready(self: &Arc<Self>, office: &Arc<Office>) -> io::Result<()> {
        self.send(&format!("READY=1\n{}", status(office)));
        let (manager, office) = (self.clone(), office.clone());
        threads::spawn_vital("notify", move || manager.run(&office))?;
        Ok(())
    }

    /// Says that the server stops.
    pub fn stopping(&self) {
        self.send("STOPPING=1\nSTATUS=Stopping");
    }

    fn run(&self, office: &Office) {
        // Half of the time, as systemd advises.
        let interval = self
            .watchdog
            .map_or(STATUS_INTERVAL, |time| (time / 2).min(STATUS_INTERVAL));
        loop {
            thread::sleep(interval);
            // A server whose ledger hangs is restarted.
            if office.tickets.is_alive(interval / 2) {
                self.send(&format!("WATCHDOG=1\n{}", status(office)));
            }
        }
    }

    fn send(&self, message: &str) {
        if let Err(error) = self.socket.send(message.as_bytes()) {
            log::debug!("The service manager was not told: {error}");
        }
    }
}

/// The interval of `WATCHDOG_USEC`, if it is meant for this process.
fn watchdog() -> Option<Duration> {
    let for_process = env::var("WATCHDOG_PID").ok();
    let own = std::process::id().to_string();
    let is_own = for_process.is_none_or(|pid| pid == own);
    let micros = env::var("WATCHDOG_USEC").ok()?.parse().ok();
    micros.filter(|_| is_own).map(Duration::from_micros)
}

fn status(office: &Office) -> String {
    if office.tickets.storage_problem().is_some() {
        return "STATUS=Changes are refused: storage fails".to_owned();
    }
    let waiting = office.tickets.read_queue(crate::domain::Queue::waiting);
    format!(
        "STATUS={} screens, {waiting} waiting",
        office.wss.subscribers()
    )
}

/// Connects a datagram socket. A name that begins with `@` is abstract.
fn connect(name: &str) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    match name.strip_prefix('@') {
        None => socket.connect(name)?,
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt;
            let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
            socket.connect_addr(&address)?;
        }
        #[cfg(not(target_os = "linux"))]
        Some(_) => return Err(io::ErrorKind::Unsupported.into()),
    }
    Ok(socket)
}

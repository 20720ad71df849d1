//! A reverse proxy in front of servers, with a file of `docs/deploy/`, if it is installed.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Client, Folder, Response, wait_for};

/// Writes the configuration into a folder, and says how the proxy is started. It gets the text of the file and
/// the address to listen on.
pub type Prepare = fn(&Folder, &str, SocketAddr) -> Command;

/// A proxy. It is killed with the test.
pub struct Proxy {
    child: Child,
    address: SocketAddr,
    _folder: Folder,
}

/// A file of `docs/deploy/`.
pub fn deploy_file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/deploy");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// nginx with these directives in its block `http`.
pub fn nginx(folder: &Folder, directives: &str) -> Command {
    let at = folder.path().display();
    let config = format!(
        "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;
         events {{}}
         http {{
             access_log off;
             client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;
             uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
             {directives}
         }}"
    );
    let config = folder.write("nginx.conf", &config);
    let mut command = Command::new("nginx");
    command.arg("-e").arg(folder.join("error.log"));
    command.arg("-p").arg(folder.path()).arg("-c").arg(config);
    command
}

impl Proxy {
    /// `None` if the proxy is not installed.
    pub fn start(name: &str, text: &str, prepare: Prepare) -> Option<Self> {
        let folder = Folder::new();
        // A port that was free a moment ago.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut command = prepare(&folder, text, address);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(child) = child else {
            eprintln!("NOT TESTED: {name} is missing; tests/setup proxy installs it");
            return None;
        };
        let mut proxy = Self {
            child,
            address,
            _folder: folder,
        };
        wait_for("the proxy listens", || {
            assert_eq!(proxy.child.try_wait().unwrap(), None, "{name} has ended");
            TcpStream::connect(address).ok()
        });
        Some(proxy)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        Client::connect(self.address).send(method, path, headers, b"")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

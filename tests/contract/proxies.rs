//! Reverse proxies, with the files of `docs/deploy/`: the real server, if it is installed.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::common::{Client, Folder, Launch, PATIENCE, Server, wait_for};

/// nginx with `docs/deploy/nginx.conf`, in front of a server. It is killed with the test.
struct Nginx {
    child: Child,
    address: SocketAddr,
    _folder: Folder,
}

impl Nginx {
    /// `None` if nginx is not installed.
    fn before(server: &Server) -> Option<Self> {
        let folder = Folder::new();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/deploy/nginx.conf");
        let locations = fs::read_to_string(path).unwrap();
        let locations = locations.replace("127.0.0.1:3000", &server.address().to_string());
        assert!(locations.contains(&server.address().to_string()));
        folder.write("locations.conf", &locations);
        // A port that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let at = folder.path().display();
        let config = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;
             events {{}}
             http {{
                 access_log off;
                 client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;
                 uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
                 server {{ listen {address}; include {at}/locations.conf; }}
             }}"
        );
        let config = folder.write("nginx.conf", &config);
        let mut command = Command::new("nginx");
        command
            .arg("-e")
            .arg(folder.join("error.log"))
            .arg("-p")
            .arg(folder.path());
        let child = command.arg("-c").arg(config).stderr(Stdio::null()).spawn();
        let Ok(child) = child else {
            eprintln!("NOT TESTED: nginx is missing; tests/setup proxy installs it");
            return None;
        };
        let nginx = Self {
            child,
            address,
            _folder: folder,
        };
        wait_for("nginx listens", || TcpStream::connect(address).ok());
        Some(nginx)
    }

    fn client(&self) -> Client {
        Client::connect(self.address)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn nginx_passes_paths_sockets_and_clients_on_as_they_are() {
    let server = Launch::new()
        .with(&["--trusted-proxy", "127.0.0.1"])
        .start();
    let Some(nginx) = Nginx::before(&server) else {
        return;
    };
    let get = |path: &str| nginx.client().send("GET", path, &[], b"");
    assert_eq!(get("/turnero/new-ticket.html").status, 200);
    assert_eq!(get("/turnero").status, 301);
    // A client behind the proxy is not on the server's own machine.
    get("/turnero/api/audit").problem(401, "pin-needed");
    nginx
        .client()
        .send("POST", "/turnero/api/tickets", &[], b"")
        .expect(201);
    // A path that was encoded is not decoded on the way: «a/b» stays one part.
    let missing = get("/turnero/api/tickets/a%2Fb").problem(404, "not-found");
    assert!(missing.contains("a/b"), "{missing}");
    // A WebSocket, as browsers open it.
    let mut socket = TcpStream::connect(nginx.address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let host = nginx.address;
    let request = format!(
        "GET /turnero/ws HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
}

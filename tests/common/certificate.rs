//! A certificate for HTTPS that the program makes, and clients that trust it.

use std::net::TcpStream;
use std::path::PathBuf;

use super::{Client, Folder, Launch, Screen, Server, Stream, Trust, run_to_end};

/// A folder with a certificate for this machine.
pub struct Certificate(Folder);

impl Certificate {
    pub fn new() -> Self {
        let made = Self(Folder::new());
        made.make();
        made
    }

    /// Makes the certificate, or makes it anew.
    pub fn make(&self) -> String {
        let arguments = ["tls", "self-signed", "--data", "office.db"];
        let output = run_to_end(self.0.path(), &arguments, &[]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn folder(&self) -> &Folder {
        &self.0
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join("tls").join(name)
    }

    /// The flags of a server with this certificate.
    pub fn flags(&self) -> [String; 3] {
        [
            "--tls-listen=127.0.0.1:0".to_owned(),
            format!("--tls-cert={}", self.file("server.crt").display()),
            format!("--tls-key={}", self.file("server.key").display()),
        ]
    }

    pub fn launch(&self) -> Launch {
        Launch::new().with(&self.flags())
    }

    pub fn trust(&self) -> Trust {
        Trust::of(&self.file("ca.crt"), &["http/1.1"])
    }

    pub fn connect(&self, server: &Server) -> Stream {
        self.over(TcpStream::connect(server.tls_address()).unwrap())
    }

    /// Over a connection that is there.
    pub fn over(&self, tcp: TcpStream) -> Stream {
        let address = tcp.peer_addr().unwrap().ip();
        self.trust().over(tcp, address).unwrap()
    }

    pub fn client(&self, server: &Server) -> Client {
        Client::over(self.connect(server))
    }

    pub fn screen(&self, server: &Server) -> Screen {
        Screen::over(self.connect(server), "", Some("turnero.v1"))
    }
}

//! Reverse proxies, with the files of `docs/deploy/`: the real servers, if they are installed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;

use crate::common::{Folder, Launch, PATIENCE, Prepare, Proxy, Server, deploy_file, text};

/// The proxies: a name, the file, and how it is used.
const PROXIES: [(&str, &str, Prepare); 3] = [
    ("nginx", "nginx.conf", nginx),
    ("caddy", "Caddyfile", caddy),
    ("apache2", "apache.conf", apache),
];

fn nginx(folder: &Folder, file: &str, address: SocketAddr) -> Command {
    folder.write("locations.conf", file);
    let at = folder.path().display();
    let server = format!("server {{ listen {address}; include {at}/locations.conf; }}");
    crate::common::nginx(folder, &server)
}

fn caddy(folder: &Folder, file: &str, address: SocketAddr) -> Command {
    // Its own certificates would need a name that the internet knows.
    let site = file.replace("office.example", &format!("http://{address}"));
    let config = folder.write("Caddyfile", &format!("{{\n\tadmin off\n}}\n{site}"));
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]);
    command.arg(config);
    for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        command.env(name, folder.path());
    }
    command
}

fn apache(folder: &Folder, file: &str, address: SocketAddr) -> Command {
    folder.write("site.conf", file);
    let at = folder.path().display();
    let modules = [
        "mpm_event",
        "authz_core",
        "proxy",
        "proxy_http",
        "headers",
        "alias",
    ];
    let load =
        |name: &str| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n");
    let config = format!(
        "{}ServerRoot {at}\nServerName office.example\nPidFile {at}/pid\nErrorLog {at}/error.log\nListen {address}
         User nobody\nGroup nogroup\nDefaultRuntimeDir {at}
         <VirtualHost *:{}>\nInclude {at}/site.conf\n</VirtualHost>\n",
        modules.map(load).concat(),
        address.port(),
    );
    let config = folder.write("apache2.conf", &config);
    let mut command = Command::new("apache2");
    // In one process, which ends with the test.
    command.arg("-X").arg("-f").arg(config);
    command
}

/// A proxy in front of a server; `None` if it is not installed. `change` may change the file.
fn before(
    server: &Server,
    (name, file, prepare): (&str, &str, Prepare),
    change: impl Fn(&str) -> String,
) -> Option<Proxy> {
    let text = change(&deploy_file(file));
    let changed = text.replace("127.0.0.1:3000", &server.address().to_string());
    assert!(changed.contains(&server.address().to_string()));
    Proxy::start(name, &changed, prepare)
}

/// A server that trusts the proxy and its users.
fn office() -> Server {
    Launch::new()
        .with(&["--trusted-proxy", "127.0.0.1"])
        .with(&["--user-header", "Remote-User", "--admin-users", "ana"])
        .start()
}

#[test]
fn proxies_pass_paths_sockets_and_clients_on_as_they_are() {
    for kind in PROXIES {
        let server = office();
        let Some(proxy) = before(&server, kind, str::to_owned) else {
            continue;
        };
        let name = kind.0;
        let get = |path: &str| proxy.send("GET", path, &[]);
        assert_eq!(get("/turnero/new-ticket.html").status, 200, "{name}");
        assert_eq!(get("/turnero").status, 301, "{name}");
        // A client behind the proxy is not on the server's own machine, whatever it says.
        get("/turnero/api/audit").problem(401, "pin-needed");
        for header in [
            ("X-Forwarded-For", "127.0.0.1"),
            ("Remote-User", "ana"),
            ("remote-user", "ana"),
        ] {
            proxy
                .send("GET", "/turnero/api/audit", &[header])
                .problem(401, "pin-needed");
        }
        let made = proxy.send("POST", "/turnero/api/tickets", &[]).expect(201);
        let location = made.header("Location").unwrap();
        assert!(
            location.ends_with(&format!(
                "/turnero/api/tickets/{}",
                text(&made.json(), "id")
            )),
            "{name}: {location}"
        );
        get(location
            .split_once("/turnero/")
            .map(|(_, path)| format!("/turnero/{path}"))
            .unwrap()
            .as_str())
        .expect(200);
        // A path that was encoded is not decoded on the way: «a/b» stays one part.
        let missing = get("/turnero/api/tickets/a%2Fb").problem(404, "not-found");
        assert!(missing.contains("a/b"), "{name}: {missing}");
        let address = proxy.address().to_string();
        assert_eq!(open_socket(&proxy, &address), "HTTP/1.1 101", "{name}");
        assert_eq!(
            open_socket(&proxy, "evil.example"),
            "HTTP/1.1 403",
            "{name}"
        );
    }
}

/// Opens a WebSocket as a browser does, from a page of this host. The beginning of the answer.
fn open_socket(proxy: &Proxy, origin: &str) -> String {
    let mut socket = TcpStream::connect(proxy.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let host = proxy.address();
    let request = format!(
        "GET /turnero/ws HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{origin}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).unwrap();
    String::from_utf8(answer.to_vec()).unwrap()
}

/// The sign-in of an organisation, as a proxy asks it: with the cookie `sso=NAME` it names that user.
fn sign_in_service() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for tcp in listener.incoming().map_while(Result::ok) {
            let mut tcp = tcp;
            let lines = BufReader::new(tcp.try_clone().unwrap()).lines();
            let head = lines
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty());
            let cookie =
                head.filter_map(|line| line.split_once("sso=").map(|(_, name)| name.to_owned()));
            let answer = match cookie.last() {
                Some(name) => format!("HTTP/1.1 200 OK\r\nRemote-User: {name}\r\n"),
                None => "HTTP/1.1 401 Unauthorized\r\n".to_owned(),
            };
            let _ = tcp.write_all(
                format!("{answer}Content-Length: 0\r\nConnection: close\r\n\r\n").as_bytes(),
            );
        }
    });
    address
}

#[test]
fn the_sign_in_of_the_organisation_names_users_through_caddy() {
    let server = office();
    let service = sign_in_service();
    // The lines that the file has for it, without their sign of a comment.
    let change = |file: &str| {
        let lines = file.lines().map(|line| line.replacen("\t\t#", "\t\t", 1));
        let lines: Vec<String> = lines.filter(|line| !line.starts_with("\t\t ")).collect();
        let changed = lines
            .join("\n")
            .replace("127.0.0.1:9091", &service.to_string());
        assert!(changed.contains(&service.to_string()) && changed.contains("copy_headers"));
        changed + "\n"
    };
    let Some(proxy) = before(&server, PROXIES[1], change) else {
        return;
    };
    names_users(&proxy);
    assert_eq!(session(&proxy, &[("Remote-User", "ana")]).status, 401);
}

#[test]
fn the_sign_in_of_the_organisation_names_users_through_nginx() {
    let server = office();
    let service = sign_in_service();
    // The lines that the file has for it, without their sign of a comment, in place of the one that removes the header.
    let change = |file: &str| {
        let lines = file
            .lines()
            .filter(|line| !line.ends_with("Remote-User \"\";"));
        let lines: Vec<String> = lines
            .map(|line| {
                let (indent, rest) = line.split_once('#').unwrap_or((line, ""));
                let is_line = indent.trim().is_empty() && !rest.starts_with(' ');
                let is_line = is_line || rest.starts_with("    ");
                if is_line {
                    format!("{indent}{rest}")
                } else {
                    line.to_owned()
                }
            })
            .collect();
        let changed = lines
            .join("\n")
            .replace("127.0.0.1:9091", &service.to_string());
        assert!(changed.contains(&service.to_string()) && changed.contains("\n    auth_request /"));
        changed + "\n"
    };
    let Some(proxy) = before(&server, PROXIES[0], change) else {
        return;
    };
    names_users(&proxy);
    let stranger = session(&proxy, &[("Remote-User", "ana")]);
    let location = stranger.expect(302).header("Location").unwrap().to_owned();
    assert!(
        location.starts_with("https://auth.office.example/?rd="),
        "{location}"
    );
    assert_eq!(
        open_socket(&proxy, &proxy.address().to_string()),
        "HTTP/1.1 302"
    );
}

fn session(proxy: &Proxy, headers: &[(&str, &str)]) -> crate::common::Response {
    proxy.send("GET", "/turnero/api/session", headers)
}

/// Checks that the users of the sign-in are known, with their roles.
fn names_users(proxy: &Proxy) {
    for (user, role) in [("luis", "staff"), ("ana", "admin")] {
        let cookie = format!("sso={user}");
        // What the client writes itself counts for nothing.
        for more in [&[][..], &[("Remote-User", "eva")]] {
            let headers = [&[("Cookie", cookie.as_str())], more].concat();
            let found = session(proxy, &headers).expect(200).json();
            assert_eq!((text(&found, "name"), text(&found, "role")), (user, role));
        }
    }
}

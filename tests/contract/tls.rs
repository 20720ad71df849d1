//! HTTPS: the certificate that the program makes, connections, and what they cannot do.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use crate::common::{
    Certificate, Client, Folder, Launch, PATIENCE, Server, Trust, run_to_end, text, wait_for,
    wait_until,
};
use crate::people::pin;

#[test]
fn a_ticket_is_taken_over_https_and_screens_hear_of_it_over_both() {
    let certificate = Certificate::new();
    let server = certificate.launch().start();
    let mut secure = certificate.screen(&server);
    let mut plain = server.screen("");
    secure.expect("state");
    plain.expect("state");
    let mut client = certificate.client(&server);
    client.post("/api/tickets").expect(201);
    // On the same connection, with a body and an answer of many records.
    client
        .send_json("POST", "/api/tickets", &json!({"note": "ñ".repeat(200)}))
        .expect(201);
    let page = client.get("/settings.html").expect(200);
    assert!(page.body.len() > 1_000);
    let description = client.get("/api/openapi.json").expect(200);
    assert!(description.body.len() > 100_000);
    server.ticket();
    for screen in [&mut secure, &mut plain] {
        for number in 1..=3 {
            let created = screen.expect("ticket-created");
            assert_eq!(created["payload"]["ticket"]["number"], number);
        }
    }
    // A poll ends with the event that it waits for.
    client.request("GET", "/api/events?since=3&wait=25", &[], b"");
    server.ticket();
    let events = client.answer().expect(200).json();
    assert_eq!(events[0]["type"], "ticket-created");
    server.stop();
    assert!(secure.closed().is_some_and(|code| u16::from(code) == 1001));
}

#[test]
fn curl_takes_a_ticket_over_https() {
    let certificate = Certificate::new();
    let server = certificate.launch().start();
    let curl = Command::new("curl")
        .args(["--silent", "--show-error", "--http2", "--request", "POST"])
        .args([
            "--header",
            "Accept: text/plain",
            "--write-out",
            "%{http_version} ",
        ])
        .arg("--cacert")
        .arg(certificate.file("ca.crt"))
        .arg(format!(
            "https://localhost:{}/api/tickets",
            server.tls_address().port()
        ))
        .output();
    let Ok(curl) = curl else {
        eprintln!("NOT TESTED: curl is missing");
        return;
    };
    assert_eq!(
        String::from_utf8_lossy(&curl.stdout),
        "A1\n1.1 ",
        "{curl:?}"
    );
}

#[test]
fn a_cookie_is_secure_where_the_connection_is() {
    let certificate = Certificate::new();
    let server = certificate.launch().start();
    let pin = json!({"pin": pin(&server, "admin")});
    let cookies = |client: &mut Client| {
        let answer = client.send_json("POST", "/api/session", &pin).expect(200);
        let cookies: Vec<String> = answer.headers("Set-Cookie").map(str::to_owned).collect();
        assert_eq!(cookies.len(), 2);
        cookies
    };
    let is_secure = |cookie: &String| cookie.ends_with("; Secure");
    assert!(
        cookies(&mut certificate.client(&server))
            .iter()
            .all(is_secure)
    );
    assert!(!cookies(&mut server.client()).iter().any(is_secure));
    // A page of the plain address is another site.
    let host = server.tls_address();
    for (scheme, status) in [("https", 201), ("http", 403)] {
        let origin = format!("{scheme}://{host}");
        let headers = [("Origin", origin.as_str())];
        let mut client = certificate.client(&server);
        client
            .send("POST", "/api/tickets", &headers, b"")
            .expect(status);
    }
    // Codes for phones lead back to the port that the page came from.
    let address = certificate
        .client(&server)
        .get("/api/address")
        .expect(200)
        .json();
    let address = address["address"].as_str().unwrap().to_owned();
    assert!(address.starts_with("https://"), "{address}");
}

#[test]
fn devices_find_the_secure_address_and_the_authority_to_trust() {
    let certificate = Certificate::new();
    let server = certificate.launch().start();
    let found = server.json("/api/address?base=http://127.0.0.1:3000");
    let secure = format!("https://127.0.0.1:{}/", server.tls_address().port());
    assert_eq!(found["secureAddress"], secure);
    assert_eq!(found["hasAuthority"], true);
    let answer = server.get("/ca.crt").expect(200);
    assert_eq!(
        answer.header("Content-Type"),
        Some("application/x-x509-ca-cert")
    );
    let expected = CertificateDer::from_pem_file(certificate.file("ca.crt")).unwrap();
    assert_eq!(answer.body, expected.to_vec());
    // Never a key, whatever somebody puts into that file.
    let key = fs::read(certificate.file("ca.key")).unwrap();
    let both = [key, fs::read(certificate.file("ca.crt")).unwrap()].concat();
    fs::write(certificate.file("ca.crt"), both).unwrap();
    assert_eq!(server.get("/ca.crt").expect(200).body, expected.to_vec());
    // Without an authority, or without HTTPS, there is nothing to trust.
    fs::remove_file(certificate.file("ca.crt")).unwrap();
    server.get("/ca.crt").problem(404, "not-found");
    assert_eq!(server.json("/api/address")["hasAuthority"], false);
    let plain = Server::new().json("/api/address");
    assert_eq!(plain["secureAddress"], serde_json::Value::Null);
}

#[test]
fn only_http_1_1_is_spoken() {
    let certificate = Certificate::new();
    let server = certificate.launch().start();
    let ask = |protocols: &[&str]| {
        let trust = Trust::of(&certificate.file("ca.crt"), protocols);
        trust.connect(server.tls_address())
    };
    for protocols in [&["h2", "http/1.1"][..], &[]] {
        Client::over(ask(protocols).unwrap()).get("/").expect(200);
    }
    let refused = ask(&["h2"]).err().expect("it is refused").to_string();
    assert!(refused.contains("NoApplicationProtocol"), "{refused}");
}

#[test]
fn a_changed_certificate_is_read_and_a_bad_one_is_not_used() {
    let certificate = Certificate::new();
    let server = certificate.launch().start();
    let mut old = certificate.screen(&server);
    old.expect("state");
    let before = fs::read(certificate.file("ca.crt")).unwrap();
    // A bad file: log and health say which, and everything goes on.
    let good = fs::read(certificate.file("server.crt")).unwrap();
    let problem = || server.json("/api/health")["certificateProblem"].clone();
    fs::write(certificate.file("server.crt"), "nothing").unwrap();
    wait_until("the bad file is noticed", || {
        let problem = problem();
        problem
            .as_str()
            .is_some_and(|why| why.contains("cannot be used"))
    });
    wait_until("the log says it", || {
        certificate.client(&server).get("/api/health").expect(200);
        server.log().contains("has no certificate in PEM")
    });
    assert!(server.log().contains("the one from before stays in use"));
    fs::write(certificate.file("server.crt"), good).unwrap();
    wait_until("the good one is in use", || problem().is_null());
    // Another authority: only what it has signed is trusted from now on.
    for name in ["ca.crt", "ca.key", "server.crt", "server.key"] {
        fs::remove_file(certificate.file(name)).unwrap();
    }
    certificate.make();
    assert_ne!(fs::read(certificate.file("ca.crt")).unwrap(), before);
    let stream = wait_for("the new certificate is in use", || {
        certificate.trust().connect(server.tls_address()).ok()
    });
    Client::over(stream).post("/api/tickets").expect(201);
    // Connections from before go on.
    old.expect("ticket-created");
}

#[test]
fn a_new_certificate_is_of_the_same_authority() {
    let certificate = Certificate::new();
    let read = |name: &str| fs::read(certificate.file(name)).unwrap();
    let before = ["ca.crt", "ca.key", "server.key", "server.crt"].map(read);
    let said = certificate.make();
    let after = ["ca.crt", "ca.key", "server.key", "server.crt"].map(read);
    assert_eq!(before[..3], after[..3]);
    assert_ne!(before[3], after[3]);
    for part in ["localhost", "127.0.0.1", "--tls-cert", "SHA-256", "ca.key"] {
        assert!(said.contains(part), "«{said}» does not say «{part}»");
    }
    for (name, rights) in [("ca.key", 0o600), ("server.key", 0o600), ("ca.crt", 0o644)] {
        let found = fs::metadata(certificate.file(name)).unwrap().permissions();
        let found = std::os::unix::fs::PermissionsExt::mode(&found) & 0o777;
        assert_eq!(found, rights, "{name}");
    }
    // Without its key an authority cannot be used, and it is not replaced in silence.
    fs::remove_file(certificate.file("ca.key")).unwrap();
    let output = run_to_end(certificate.folder().path(), &["tls", "self-signed"], &[]);
    let why = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{why}");
    assert!(why.contains("ca.key is not there"), "{why}");
    assert_eq!(read("ca.crt"), before[0]);
}

#[test]
fn files_that_cannot_be_used_are_named_at_the_start() {
    let (certificate, other) = (Certificate::new(), Certificate::new());
    let path = |name: &str| certificate.file(name).display().to_string();
    let foreign = other.file("server.key").display().to_string();
    let damaged = certificate.folder().write(
        "damaged.crt",
        "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n",
    );
    let hollow = certificate.folder().write(
        "hollow.crt",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    let damaged = damaged.display().to_string();
    let hollow = hollow.display().to_string();
    for (cert, key, part) in [
        (
            "/no/such/file",
            path("server.key"),
            "--tls-cert «/no/such/file» is not there",
        ),
        (
            "/tmp",
            path("server.key"),
            "--tls-cert «/tmp» cannot be read",
        ),
        (
            &path("server.key"),
            path("server.key"),
            "has no certificate in PEM",
        ),
        (
            &path("server.crt"),
            path("ca.crt"),
            "has no private key in PEM",
        ),
        (&path("server.crt"), foreign, "is not the key of --tls-cert"),
        (&damaged, path("server.key"), "is damaged"),
        (&hollow, path("server.key"), "cannot be used"),
    ] {
        for more in [&["--listen=127.0.0.1:0"][..], &["--check-config"]] {
            let flags = [&["--tls-cert", cert, "--tls-key", &key], more].concat();
            let output = run_to_end(certificate.folder().path(), &flags, &[]);
            let why = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{why}");
            let last = why.lines().last().unwrap();
            assert!(last.starts_with("turnero: --tls-"), "{why}");
            assert!(last.contains(part), "«{last}» does not say «{part}»");
        }
    }
    let flags = certificate.flags();
    let right = ["--check-config", &flags[0], &flags[1], &flags[2]];
    let output = run_to_end(certificate.folder().path(), &right, &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("HTTPS on 127.0.0.1:0"), "{output:?}");
    // A key that everybody could download.
    let served = format!("--html={}", certificate.folder().path().display());
    let output = run_to_end(
        certificate.folder().path(),
        &[&right[..], &[&served]].concat(),
        &[],
    );
    let why = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{why}");
    assert!(
        why.contains("--tls-key") && why.contains("outside --html"),
        "{why}"
    );
}

#[test]
fn what_is_no_regular_file_is_refused_at_the_start_and_later() {
    let certificate = Certificate::new();
    let folder = certificate.folder().path();
    let pipe = folder.join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let path = |name: &str| certificate.file(name).display().to_string();
    let shown = pipe.display().to_string();
    for (cert, key) in [
        (shown.clone(), path("server.key")),
        (path("server.crt"), shown.clone()),
        ("/dev/zero".to_owned(), path("server.key")),
    ] {
        let flags = ["--check-config", "--tls-cert", &cert, "--tls-key", &key];
        let output = run_to_end(folder, &flags, &[]);
        let why = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{why}");
        assert!(why.contains("it is no regular file"), "{why}");
    }
    for command in ["check", "restore"] {
        let arguments = [command, &shown, "--data", "new.db"];
        let output = run_to_end(folder, &arguments, &[]);
        let why = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{why}");
        assert!(why.contains("it is no regular file"), "{why}");
    }
    let output = run_to_end(folder, &["export", "office.json", "--data", &shown], &[]);
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(why.contains("it is no regular file"), "{why}");
    // One that takes the place of a certificate in use holds up nobody.
    let server = certificate.launch().start();
    let trust = certificate.trust();
    for name in ["ca.crt", "server.crt"] {
        fs::remove_file(certificate.file(name)).unwrap();
        fs::rename(&pipe, certificate.file(name)).unwrap();
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
    }
    wait_until("the log says it", || {
        let connected = trust.connect(server.tls_address()).unwrap();
        Client::over(connected).get("/api/health").expect(200);
        server.log().contains("it is no regular file")
    });
    server.get("/ca.crt").problem(404, "not-found");
    // The command that makes certificates reads the keys.
    fs::remove_file(certificate.file("ca.key")).unwrap();
    fs::rename(&pipe, certificate.file("ca.key")).unwrap();
    let output = run_to_end(folder, &["tls", "self-signed", "--data", "office.db"], &[]);
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(why.contains("it is no regular file"), "{why}");
}

#[test]
fn an_authority_that_has_not_signed_the_certificate_is_said_everywhere() {
    let (certificate, other) = (Certificate::new(), Certificate::new());
    let folder = certificate.folder().path();
    let flags = certificate.flags();
    let check = || {
        let arguments = [&["--check-config".to_owned()], &flags[..]].concat();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run_to_end(folder, &arguments, &[]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let why = "has not signed it";
    assert!(!check().contains(why));
    let server = certificate.launch().start();
    let problem = |server: &Server| server.json("/api/health")["certificateProblem"].clone();
    assert_eq!(problem(&server), serde_json::Value::Null);
    fs::copy(other.file("ca.crt"), certificate.file("ca.crt")).unwrap();
    let trust = other.trust();
    wait_until("it is noticed while the server runs", || {
        // Nobody who trusts the other authority gets in.
        assert!(trust.connect(server.tls_address()).is_err());
        server.log().contains(why)
    });
    assert!(text(&server.json("/api/health"), "certificateProblem").contains(why));
    assert!(check().contains(why), "{}", check());
    let server = certificate.launch().start();
    wait_until("the log says it at the start", || {
        server.log().contains(why)
    });
}

#[test]
fn no_key_is_served_from_a_folder_that_holds_the_data() {
    let certificate = Certificate::new();
    let folder = certificate.folder().path().to_owned();
    fs::write(folder.join("tls/page.html"), "").unwrap();
    fs::write(folder.join("page.html"), "").unwrap();
    let data = folder.join("office.db");
    for (html, hidden) in [
        (
            folder.clone(),
            ["/tls/ca.key", "/tls/server.key", "/tls/page.html"],
        ),
        (folder.join("tls"), ["/ca.key", "/server.key", "/page.html"]),
    ] {
        let server = Launch::new()
            .with(&["--data".as_ref(), data.as_os_str()])
            .with(&["--html".as_ref(), html.as_os_str()])
            .start();
        for path in hidden {
            server.get(path).expect(404);
        }
        if html == folder {
            server.get("/page.html").expect(200);
        }
    }
}

#[test]
fn a_folder_of_certificates_that_is_a_link_is_refused() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    symlink(elsewhere.path(), folder.join("tls")).unwrap();
    let arguments = ["tls", "self-signed", "--data", "office.db"];
    let output = run_to_end(folder.path(), &arguments, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn plain_http_on_the_port_of_https_is_led_on_or_told_why() {
    let certificate = Certificate::new();
    let server = certificate.launch().start();
    let plain = || Client::connect(server.tls_address());
    let led = plain().get("/public.html?lang=es&x=%20").expect(307);
    let address = format!("https://{}/public.html?lang=es&x=%20", server.tls_address());
    assert_eq!(led.header("Location"), Some(address.as_str()));
    for method in ["POST", "PUT", "DELETE"] {
        let answer = plain().send(method, "/api/tickets", &[], b"");
        let why = answer.problem(400, "bad-request");
        assert!(why.contains("https://"), "{why}");
    }
    // A Host that would lead elsewhere is not repeated.
    let mut client = plain();
    client.raw("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.header("Location"), None);
    assert_eq!(answer.status, 400);
    assert_eq!(server.json("/api/health")["seq"], 0, "nothing was done");
}

#[test]
fn bytes_that_are_no_tls_end_their_connection_only() {
    let certificate = Certificate::new();
    let server = certificate.launch().start();
    let mut screen = certificate.screen(&server);
    screen.expect("state");
    let hello = [0x16, 3, 1, 0x40, 0];
    let junk: [&[u8]; 5] = [
        &[0; 600],
        &[0xff; 20_000],
        b"\n\n\n",
        &hello,
        &[0x16; 2_000],
    ];
    for bytes in junk {
        let mut tcp = TcpStream::connect(server.tls_address()).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = tcp.write_all(bytes);
        // The server may have ended it by then.
        let _ = tcp.shutdown(std::net::Shutdown::Write);
        let mut rest = Vec::new();
        let _ = tcp.read_to_end(&mut rest);
        // An alert at most.
        assert!(rest.len() <= 7, "{rest:?}");
    }
    // In the middle of a connection, too.
    let mut stream = certificate.connect(&server);
    stream.write_all(b"GET /api/health HTTP/1.1\r\n").unwrap();
    stream.tcp().write_all(&[0x17, 3, 3, 0, 40]).unwrap();
    stream.tcp().write_all(&[7; 40]).unwrap();
    assert!(matches!(stream.read(&mut [0; 100]), Ok(0) | Err(_)));
    certificate.client(&server).post("/api/tickets").expect(201);
    screen.expect("ticket-created");
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn a_handshake_that_takes_too_long_is_ended() {
    let certificate = Certificate::new();
    let server = certificate.launch().with(&["--head-seconds=1"]).start();
    let begun = Instant::now();
    let silent = TcpStream::connect(server.tls_address()).unwrap();
    let mut slow = TcpStream::connect(server.tls_address()).unwrap();
    // A record of 512 bytes that comes byte by byte.
    slow.write_all(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]).unwrap();
    slow.set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let is_open = |tcp: &mut TcpStream| match tcp.read(&mut [0; 100]) {
        Ok(read) => read > 0,
        Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
    };
    while is_open(&mut slow) {
        let _ = slow.write_all(&[0]);
        assert!(begun.elapsed() < PATIENCE, "the slow one holds its place");
    }
    assert!(begun.elapsed() >= Duration::from_millis(900));
    let mut silent = silent;
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(silent.read(&mut [0; 100]).unwrap_or(0), 0);
    // A request that goes on too slowly after the handshake.
    let mut client = certificate.client(&server);
    client.raw("GET / HTTP/1.1\r\n");
    client.answer().problem(408, "request-timeout");
}

#[test]
fn handshakes_that_do_not_go_on_give_way() {
    let certificate = Certificate::new();
    let server = certificate.launch().with(&["--max-connections=4"]).start();
    let silent: Vec<TcpStream> = (0..4)
        .map(|_| TcpStream::connect(server.tls_address()).unwrap())
        .collect();
    certificate.client(&server).post("/api/tickets").expect(201);
    server.client().post("/api/tickets").expect(201);
    drop(silent);
}

//! Pages of other sites (CSRF), and names that other sites point at this server (DNS rebinding).

use crate::common::{Client, Launch, Response, Screen, Server};
use crate::people::{FAR, Person, behind_a_proxy, pin};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64)";

/// A request with exactly these header lines.
fn raw(server: &Server, method: &str, path: &str, lines: &[&str]) -> Response {
    let mut client = Client::connect(server.address());
    let lines = lines.join("\r\n");
    client.raw(format!("{method} {path} HTTP/1.1\r\n{lines}\r\n\r\n"));
    client.answer_to(method)
}

#[test]
fn without_a_pin_names_that_another_site_may_have_are_refused() {
    let usual = Launch::new().with(&["--host", "turnero.lan"]).start();
    let open = Launch::new()
        .with(&["--host", "turnero.lan", "--open"])
        .start();
    for server in [&usual, &open] {
        for path in ["/", "/api/state", "/api/tickets", "/ws"] {
            let lines = [
                "Host: evil.example:3000",
                "Origin: http://evil.example:3000",
            ];
            let detail = raw(server, "GET", path, &lines).problem(403, "host-not-allowed");
            assert!(detail.contains("--host evil.example"), "{detail}");
        }
        for host in [
            "localhost:3000",
            "127.0.0.1",
            "[::1]:3000",
            "10.1.2.3",
            "Turnero.LAN:3000",
        ] {
            raw(server, "GET", "/api/state", &[&format!("Host: {host}")]).expect(200);
        }
    }
    // With a PIN the cookie belongs to the name, so any name is safe.
    let server = behind_a_proxy().start();
    let lines = ["Host: turnero.example", &format!("X-Forwarded-For: {FAR}")];
    raw(&server, "GET", "/api/state", &lines).expect(200);
    raw(&server, "GET", "/api/tickets", &lines).problem(401, "pin-needed");
    let server = behind_a_proxy().with(&["--open"]).start();
    raw(&server, "GET", "/api/state", &lines).problem(403, "host-not-allowed");
}

#[test]
fn a_picture_on_another_sites_page_calls_no_ticket() {
    let server = Server::new();
    server.ticket();
    let host = format!("Host: {}", server.address());
    let agent = format!("User-Agent: {BROWSER}");
    let own = format!("Referer: http://{}/page.html", server.address());
    let draw = |lines: &[&str]| {
        let mut all = vec![host.as_str()];
        all.extend(lines);
        raw(&server, "GET", "/api/ticket/draw/1", &all)
    };
    for lines in [
        &["Referer: https://evil.example/page"][..],
        &["Sec-Fetch-Site: cross-site"],
        &["Sec-Fetch-Site: same-site"],
        &["Origin: https://evil.example"],
        &["Origin: null"],
        // It can hide its site, but not that it is a browser.
        &[&agent],
        &[&agent, "Accept: image/*"],
    ] {
        draw(lines).problem(403, "cross-site");
    }
    for lines in [
        &[][..],
        &["User-Agent: curl/8.0"],
        &[&agent, &own],
        &[&agent, "Sec-Fetch-Site: same-origin"],
    ] {
        draw(lines).expect(200);
    }
}

#[test]
fn a_token_proves_the_caller_and_a_session_does_not() {
    let server = behind_a_proxy().start();
    let browser = Person::at(FAR).with("User-Agent", BROWSER);
    let staff = Person::at(FAR).signed_in(&server, &pin(&server, "staff"));
    let staff = staff.with("User-Agent", BROWSER);
    // The browser sends its cookie for pages on other ports of this host, too.
    for (method, path) in [("GET", "/api/ticket/draw/1"), ("POST", "/api/desks/1/next")] {
        let ask = |person: &Person| person.send(&server, method, path, "");
        ask(&staff).problem(403, "cross-site");
        for other in ["https://evil.example/", "http://127.0.0.1:1/page"] {
            ask(&staff.clone().with("Referer", other)).problem(403, "cross-site");
        }
        let own = format!("http://{}/desk.html", server.address());
        let answer = ask(&staff.clone().with("Referer", &own));
        assert_ne!(answer.status, 403, "{}", answer.text());
    }
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let token = admin.make_token(&server, "extension", "staff");
    browser
        .with_token(&token)
        .get(&server, "/api/ticket/draw/1")
        .expect(200);
}

#[test]
fn a_form_without_an_origin_changes_nothing() {
    let forms = |server: &Server, who: &Person| {
        let send = |who: &Person, path: &str| who.send(server, "POST", path, "").status;
        for path in ["/api/tickets", "/api/ticket", "/api/desks/1/next"] {
            assert_eq!(send(who, path), 403, "{path}");
            let own = format!("http://{}/", server.address());
            for (name, value) in [
                ("Origin", own.trim_end_matches('/')),
                ("Referer", own.as_str()),
                ("Sec-Fetch-Site", "same-origin"),
            ] {
                let says = send(&who.clone().with(name, value), path);
                assert_ne!(says, 403, "{path} with {name}");
            }
        }
    };
    let here = Person::here().with("User-Agent", BROWSER);
    forms(&Server::new(), &here);
    let open = behind_a_proxy().with(&["--open"]).start();
    forms(&open, &Person::at(FAR).with("User-Agent", BROWSER));
}

#[test]
fn ambiguous_headers_give_no_rights() {
    let server = Server::new();
    let host = format!("Host: {}", server.address());
    let own = format!("Origin: http://{}", server.address());
    let next = |lines: &[&str]| raw(&server, "POST", "/api/desks/1/next", lines);
    for name in [
        "[::1].evil",
        "localhost:evil.com",
        "[localhost]",
        "127.0.0.1:80.evil",
    ] {
        next(&[&format!("Host: {name}")]).problem(403, "host-not-allowed");
    }
    next(&[&host, &own, "Origin: https://evil.example"]).problem(403, "cross-site");
    next(&[&host, &own]).problem(409, "queue-empty");
    let bytes = |origin: &[u8], host: &[u8]| {
        let mut client = Client::connect(server.address());
        let lines = [
            b"POST /api/desks/1/next HTTP/1.1\r\nHost: ",
            host,
            b"\r\nOrigin: ",
            origin,
        ];
        client.raw([&lines.concat()[..], b"\r\n\r\n"].concat());
        client.answer_to("POST")
    };
    bytes(b"https://ev\xffl.example", b"localhost").problem(403, "cross-site");
    bytes(b"https://evil.example", b"local\xffhost").problem(400, "bad-request");
    // Only proxies send a target with a host.
    for (target, status) in [
        ("http://evil.example/api/tickets", 401),
        ("http://evil.example/api/state", 200),
        ("http://localhost/api/tickets", 401),
    ] {
        let answer = raw(&server, "GET", target, &["Host: localhost"]);
        assert_eq!(answer.status, status, "{target}");
    }
    for header in ["X-Forwarded-Port: 80", "CF-Connecting-IP: 127.0.0.1"] {
        next(&[&host, header]).problem(401, "pin-needed");
    }
    let detail = next(&[&host, "Origin: null"]).problem(403, "cross-site");
    assert!(!detail.contains("--allow-origin"), "{detail}");
}

#[test]
fn another_sites_page_gets_no_websocket() {
    let server = Server::new();
    let try_with = |headers: &[(&str, &str)]| {
        let stream = std::net::TcpStream::connect(server.address()).unwrap();
        Screen::try_over(stream, "", Some("turnero.v1"), headers)
            .err()
            .map(|(status, _)| status)
    };
    assert_eq!(try_with(&[("Origin", "https://evil.example")]), Some(403));
    assert_eq!(try_with(&[("Sec-Fetch-Site", "cross-site")]), Some(403));
    assert_eq!(try_with(&[("User-Agent", BROWSER)]), None);
}

#[test]
fn the_same_name_behind_https_may_be_another_site() {
    let server = Server::new();
    let port = server.address().port();
    let (host, own) = (
        format!("Host: localhost:{port}"),
        format!("Origin: http://localhost:{port}"),
    );
    let make = |lines: &[&str]| {
        let lines = [&[host.as_str(), "Content-Length: 0"], lines].concat();
        raw(&server, "POST", "/api/tickets", &lines)
    };
    make(&[&own]).expect(201);
    make(&[&own, "Sec-Fetch-Site: same-origin"]).expect(201);
    let other = own.replace("http:", "https:");
    for origin in [&own, &other] {
        let refused = make(&[origin, "Sec-Fetch-Site: cross-site"]);
        refused.problem(403, "cross-site");
        let refused = make(&[origin, "Sec-Fetch-Site: same-site"]);
        refused.problem(403, "cross-site");
    }
    // Behind an HTTPS proxy, a page from HTTP is another site.
    let proxied = behind_a_proxy().start();
    let asks = |origin: &str| {
        let origin = format!("{origin}://{}", proxied.address());
        let person = Person::at(FAR).with("X-Forwarded-Proto", "https");
        person
            .with("Origin", &origin)
            .post(&proxied, "/api/tickets")
    };
    asks("https").expect(201);
    asks("http").problem(403, "cross-site");
}

#[test]
fn an_allowed_site_may_send_a_token() {
    let site = "https://intranet.example";
    let server = behind_a_proxy().with(&["--allow-origin", site]).start();
    let asks = Person::at(FAR).with("Origin", site);
    let answer = asks
        .send(&server, "OPTIONS", "/api/desks/1/next", "")
        .expect(204);
    let allowed = answer.header("Access-Control-Allow-Headers").unwrap();
    assert!(allowed.contains("Authorization"), "{allowed}");
    assert_eq!(answer.header("Access-Control-Allow-Credentials"), None);
}

#[test]
fn an_allowed_site_can_read_every_answer_and_error() {
    let site = "https://intranet.example";
    let server = behind_a_proxy().with(&["--allow-origin", site]).start();
    let page = Person::at(FAR).with("Origin", site);
    for (person, path, status) in [
        (page.clone(), "/api/state", 200),
        (page.clone(), "/api/tickets", 401),
        (page.clone().with_token("unknown"), "/api/state", 401),
        (page.clone(), "/api/nothing", 404),
    ] {
        let answer = person.get(&server, path).expect(status);
        let allowed = answer.header("Access-Control-Allow-Origin");
        assert_eq!(allowed, Some(site), "{path}");
        assert_eq!(answer.header("Vary"), Some("Origin"), "{path}");
    }
    let open = Launch::new()
        .with(&["--open", "--allow-origin", site])
        .start();
    let lines = ["Host: evil.example", &format!("Origin: {site}")];
    let refused = raw(&open, "GET", "/api/state", &lines);
    refused.problem(403, "host-not-allowed");
    assert_eq!(refused.header("Access-Control-Allow-Origin"), Some(site));
}

#[test]
fn a_page_of_an_allowed_site_can_read_why_its_request_was_not_read() {
    let site = "https://intranet.example";
    let flags = [
        "--body-seconds=1",
        "--max-body-bytes=1024",
        "--allow-origin",
    ];
    let server = Launch::new().with(&flags).with(&[site]).start();
    let long = format!("X: {}", "x".repeat(20_000));
    for (status, code, line) in [
        (408, "request-timeout", "Content-Length: 10"),
        (413, "body-too-large", "Content-Length: 1025"),
        (431, "head-too-large", long.as_str()),
    ] {
        let lines = ["Host: localhost", &format!("Origin: {site}"), line];
        let answer = raw(&server, "POST", "/api/tickets", &lines);
        answer.problem(status, code);
        let allowed = answer.header("Access-Control-Allow-Origin");
        assert!(allowed == Some("*") || allowed == Some(site), "{allowed:?}");
    }
    // Without such a site nobody else reads it.
    let server = Server::new();
    let answer = raw(&server, "POST", "/api/tickets", &["Host: localhost", &long]);
    assert_eq!(answer.header("Access-Control-Allow-Origin"), None);
}

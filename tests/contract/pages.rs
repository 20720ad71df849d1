//! The pages: built in, or from a folder.

use std::fs::{self, hard_link};
use std::io::Read;
use std::os::unix::fs::symlink;

use flate2::read::GzDecoder;

use crate::common::{Folder, Launch, Server, run_to_end};

#[test]
fn the_four_screens_are_there_under_a_strict_policy() {
    let server = Server::new();
    for path in [
        "/",
        "/index.html",
        "/new-ticket.html",
        "/public.html",
        "/desk.html?desk=3",
    ] {
        let page = server.get(path).expect(200);
        assert_eq!(
            page.header("Content-Type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(page.header("X-Content-Type-Options"), Some("nosniff"));
        let policy = page.header("Content-Security-Policy").unwrap();
        assert!(policy.contains("default-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(
            page.text().to_lowercase().contains("<!doctype html>"),
            "{path}"
        );
    }
    for (path, kind) in [
        ("/shared/live.js", "text/javascript; charset=utf-8"),
        ("/shared/tokens.css", "text/css; charset=utf-8"),
        ("/lang/es.json", "application/json"),
    ] {
        let file = server.get(path).expect(200);
        assert_eq!(file.header("Content-Type"), Some(kind), "{path}");
    }
}

#[test]
fn every_tickets_address_gives_its_page_and_only_get_does() {
    let folder = Folder::new();
    folder.write("html/ticket.html", "<!doctype html>mine");
    let html = folder.join("html");
    let from_folder = Launch::new()
        .with(&["--html", html.to_str().unwrap()])
        .start();
    let built_in = Server::new();
    let unknown = format!("/t/{}", "0".repeat(32));
    for server in [&built_in, &from_folder] {
        let id = server.ticket()["id"].as_str().unwrap().to_owned();
        // The page finds out whether there is such a ticket, and says it kindly.
        for path in [&format!("/t/{id}"), &format!("/t/{id}?lang=en"), &unknown] {
            let page = server.get(path).expect(200);
            assert_eq!(
                page.header("Content-Type"),
                Some("text/html; charset=utf-8")
            );
            assert!(page.text().starts_with("<!doctype html>"), "{path}");
        }
        for path in ["/t/", "/t", &format!("/t/{id}/"), &format!("/t/{id}/x")] {
            server.get(path).problem(404, "not-found");
        }
        let refused = server.post(&unknown);
        assert_eq!(refused.header("Allow"), Some("GET, HEAD"));
        refused.problem(405, "method-not-allowed");
    }
    let page = built_in.get(&unknown).text();
    // From `/t/ID`, also below a proxy's prefix, everything is one step up.
    assert!(page.contains("<base href=\"../\">"), "{page}");
    assert_eq!(from_folder.get(&unknown).text(), "<!doctype html>mine");
}

#[test]
fn a_page_that_the_browser_has_is_not_sent_again() {
    let folder = Folder::new();
    folder.write("html/index.html", "<!doctype html>mine");
    let html = folder.join("html");
    let from_folder = Launch::new()
        .with(&["--html", html.to_str().unwrap()])
        .start();
    for server in [&Server::new(), &from_folder] {
        for encoding in ["identity", "gzip"] {
            let mut client = server.client();
            let mut get = |header: (&str, &str)| {
                let headers = [("Accept-Encoding", encoding), header];
                client.send("GET", "/", &headers, b"")
            };
            let page = get(("Accept", "*/*")).expect(200);
            let etag = page.header("ETag").unwrap();
            let again = get(("If-None-Match", etag)).expect(304);
            assert_eq!(again.header("ETag"), Some(etag));
            assert_eq!(again.header("Cache-Control"), Some("no-cache"));
            // A proxy that compresses makes it a weak one.
            get(("If-None-Match", &format!("\"a\", W/{etag}"))).expect(304);
            // The connection goes on: a 304 has no body.
            let other = get(("If-None-Match", "\"other\""));
            assert_eq!(other.expect(200).body, page.body);
        }
    }
    let before = from_folder.get("/").header("ETag").unwrap().to_owned();
    folder.write("html/index.html", "<!doctype html>changed");
    let after = from_folder.get("/").header("ETag").unwrap().to_owned();
    assert_ne!(before, after);
}

#[test]
fn a_page_is_compressed_for_whoever_accepts_it() {
    let server = Server::new();
    for path in [
        "/",
        "/shared/live.js",
        "/shared/tokens.css",
        "/lang/ar.json",
    ] {
        let mut client = server.client();
        let plain = client.get(path).expect(200);
        assert_eq!(plain.header("Content-Encoding"), None);
        assert_eq!(plain.header("Vary"), Some("Accept-Encoding"));
        let accepts = [("Accept-Encoding", "gzip, deflate, br")];
        let small = client.send("GET", path, &accepts, b"").expect(200);
        assert_eq!(small.header("Content-Encoding"), Some("gzip"));
        assert_eq!(small.header("Vary"), Some("Accept-Encoding"));
        assert_eq!(small.header("Content-Type"), plain.header("Content-Type"));
        assert_ne!(small.header("ETag"), plain.header("ETag"));
        assert!(2 * small.body.len() < plain.body.len(), "{path}");
        let mut content = Vec::new();
        GzDecoder::new(small.body.as_slice())
            .read_to_end(&mut content)
            .unwrap();
        assert!(content == plain.body, "{path}");
        let file = format!("{}/html{path}", env!("CARGO_MANIFEST_DIR"));
        if path != "/" {
            assert!(content == fs::read(file).unwrap(), "{path}");
        }
        let head = client.send("HEAD", path, &accepts, b"").expect(200);
        let length = small.body.len().to_string();
        assert_eq!(head.header("Content-Length"), Some(length.as_str()));
        assert!(head.body.is_empty());
    }
}

#[test]
fn head_gives_the_head_of_a_page_alone() {
    let server = Server::new();
    let page = server.get("/public.html").expect(200);
    let mut client = server.client();
    let head = client.send("HEAD", "/public.html", &[], b"").expect(200);
    assert_eq!(head.header("Content-Length"), page.header("Content-Length"));
    assert!(head.body.is_empty());
    client.get("/api/health").expect(200);
}

#[test]
fn a_folders_pages_take_the_place_of_the_built_in_ones() {
    let folder = Folder::new();
    folder.write("html/index.html", "<!doctype html>mine");
    folder.write("html/sub/index.html", "<!doctype html>below");
    folder.write("html/con espacio ñ.txt", "hola");
    let html = folder.join("html");
    let server = Launch::new()
        .with(&["--html", html.to_str().unwrap()])
        .start();
    assert_eq!(server.get("/").expect(200).text(), "<!doctype html>mine");
    assert_eq!(
        server.get("/sub/").expect(200).text(),
        "<!doctype html>below"
    );
    let file = server.get("/con%20espacio%20%C3%B1.txt?v=1").expect(200);
    assert_eq!(file.text(), "hola");
    server.get("/public.html").problem(404, "not-found");
    server.get("/sub").problem(404, "not-found");
    // A page that is changed is there at once.
    folder.write("html/index.html", "<!doctype html>changed");
    assert_eq!(server.get("/").expect(200).text(), "<!doctype html>changed");
    let head = server.send("HEAD", "/").expect(200);
    assert_eq!(head.header("Content-Length"), Some("22"));
    // A file larger than any buffer comes whole.
    let large = "0123456789".repeat(300_000);
    folder.write("html/large.txt", &large);
    assert_eq!(server.get("/large.txt").expect(200).text(), large);
    assert_eq!(server.ticket()["code"], "A1");
    server.screen("").expect("state");
}

#[test]
fn a_folders_files_below_t_are_served_and_other_addresses_there_give_the_ticket_page() {
    let folder = Folder::new();
    folder.write("html/ticket.html", "<!doctype html>ticket");
    folder.write("html/t/style.css", "p {}");
    folder.write("html/t/fonts/a.woff2", "font");
    let html = folder.join("html");
    let server = Launch::new()
        .with(&["--html", html.to_str().unwrap()])
        .start();
    for (path, kind, content) in [
        ("/t/style.css", "text/css; charset=utf-8", "p {}"),
        ("/t/fonts/a.woff2", "font/woff2", "font"),
        (
            "/t/other.css",
            "text/html; charset=utf-8",
            "<!doctype html>ticket",
        ),
    ] {
        let file = server.get(path).expect(200);
        assert_eq!(file.header("Content-Type"), Some(kind), "{path}");
        assert_eq!(file.text(), content, "{path}");
    }
    server.get("/t/fonts/b.woff2").problem(404, "not-found");
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let folder = Folder::new();
    folder.write("html/index.html", "inside");
    folder.write("html/sub/page.html", "inside");
    let secret = folder.write("secret.txt", "outside");
    symlink(&secret, folder.join("html/link.txt")).unwrap();
    symlink(folder.path(), folder.join("html/up")).unwrap();
    let html = folder.join("html");
    let server = Launch::new()
        .with(&["--html", html.to_str().unwrap()])
        .start();
    let absolute = secret.to_str().unwrap();
    let encoded = absolute.replace('/', "%2f");
    for path in [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/.%2e%2fsecret.txt",
        "/sub/..%2f..%2fsecret.txt",
        "/sub/..%2F..%2Fsecret.txt",
        "/%252e%252e/secret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "//../secret.txt",
        &format!("/{absolute}"),
        &format!("/{encoded}"),
        "/link.txt",
        "/up/secret.txt",
        "/index.html%00.txt",
        "/./../secret.txt",
        "/%ff",
    ] {
        let answer = server.get(path);
        assert!(!answer.text().contains("outside"), "{path} leads out");
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(server.get("/sub/page.html").expect(200).text(), "inside");
}

#[test]
fn the_data_file_is_no_page_and_asking_for_it_lets_no_second_server_in() {
    let folder = Folder::new();
    folder.write("html/index.html", "mine");
    folder.write("html/.secret", "hidden");
    let html = folder.join("html");
    let data = folder.join("html/t.db");
    let arguments = [
        "--html",
        html.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
    ];
    let launch = Launch::new().with(&arguments);
    let server = launch.start();
    server.ticket();
    symlink(&data, folder.join("html/link.html")).unwrap();
    hard_link(&data, folder.join("html/hard.html")).unwrap();
    for path in ["/t.db", "/t.db-wal", "/link.html", "/hard.html", "/.secret"] {
        server.get(path).problem(404, "not-found");
    }
    let second = run_to_end(
        folder.path(),
        &["--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()],
        &[],
    );
    assert_eq!(second.status.code(), Some(1));
    server.ticket();
    let again = server.restart();
    assert_eq!(again.json("/api/health")["waiting"], 2);
}

#[test]
fn a_wrong_address_gives_a_browser_a_page_with_links_that_work_and_a_program_json() {
    let browser = [(
        "Accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    )];
    let server = Server::new();
    let mut client = server.client();
    for (path, up) in [
        ("/wrong", "./"),
        ("/deskk.html?desk=3", "./"),
        ("/a/b/", "./../../"),
        ("/api/wrong", "./../"),
        ("/t/a/b", "./../../"),
        ("/%ff", "./"),
    ] {
        let page = client.send("GET", path, &browser, b"").expect(404);
        let kind = page.header("Content-Type");
        assert_eq!(kind, Some("text/html; charset=utf-8"), "{path}");
        assert_eq!(page.header("Vary"), Some("Accept"));
        let policy = page.header("Content-Security-Policy").unwrap();
        assert!(policy.contains("default-src 'self'"), "{policy}");
        let base = format!("<base href=\"{up}\">");
        assert!(page.text().contains(&base), "{path}: {}", page.text());
        let head = client.send("HEAD", path, &browser, b"").expect(404);
        assert!(head.body.is_empty());
        for accept in ["*/*", "application/json", "image/*", "text/html;q=0"] {
            let answer = client.send("GET", path, &[("Accept", accept)], b"");
            answer.problem(404, "not-found");
        }
        let posted = client.send("POST", path, &browser, b"");
        assert_ne!(posted.header("Content-Type"), kind, "{path}");
    }
    let folder = Folder::new();
    folder.write("html/index.html", "<!doctype html>mine");
    let html = folder.join("html");
    let server = Launch::new()
        .with(&["--html", html.to_str().unwrap()])
        .start();
    let mut client = server.client();
    client
        .send("GET", "/wrong", &browser, b"")
        .problem(404, "not-found");
    folder.write("html/not-found.html", "<!doctype html>not mine");
    let page = client.send("GET", "/wrong", &browser, b"").expect(404);
    assert_eq!(page.text(), "<!doctype html>not mine");
}

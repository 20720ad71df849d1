//! The QR code of a ticket's page, read as a phone's camera would.

use rqrr::PreparedImage;

use crate::common::{Launch, Server, text};

/// Reads a QR code from an SVG of one background and one path of rectangles.
pub fn read_svg(svg: &str) -> String {
    let number = |text: &str| -> usize {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    };
    let attribute = |name: &str| number(svg.split_once(name).unwrap().1);
    let size = attribute(" width=\"");
    assert_eq!(attribute(" height=\""), size);
    let background = format!(r##"<rect x="0" y="0" width="{size}" height="{size}" fill="#fff"/>"##);
    assert!(svg.contains(&background), "{svg:.400}");
    let (_, path) = svg.split_once(r##"<path fill="#000" d=""##).unwrap();
    let (path, _) = path.split_once('"').unwrap();
    let mut dark = vec![false; size * size];
    for rectangle in path.split('M').skip(1) {
        let (left, rest) = rectangle.split_once(' ').unwrap();
        let (top, rest) = rest.split_once('h').unwrap();
        let (width, rest) = rest.split_once('v').unwrap();
        let (left, top) = (number(left), number(top));
        for y in top..top + number(rest) {
            for x in left..left + number(width) {
                dark[y * size + x] = true;
            }
        }
    }
    let module = (0..size).find(|at| dark[at * size + at]).unwrap() / 4;
    assert!(module > 0, "four modules of margin all around");
    let mut image =
        PreparedImage::prepare_from_greyscale(
            size,
            size,
            |x, y| if dark[y * size + x] { 0 } else { 255 },
        );
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one code in the picture");
    grids[0].decode().unwrap().1
}

fn path_of(server: &Server) -> (String, String) {
    let id = text(&server.ticket(), "id").to_owned();
    (format!("/api/tickets/{id}/qr.svg"), id)
}

#[test]
fn a_phone_reads_the_address_of_the_tickets_page() {
    let server = Launch::new().with(&["--host", "office.lan"]).start();
    let (path, id) = path_of(&server);
    let answer = server.get(&path).expect(200);
    assert_eq!(answer.header("Content-Type"), Some("image/svg+xml"));
    let cache = answer.header("Cache-Control").unwrap();
    assert!(
        cache.contains("no-store") && cache.contains("private"),
        "{cache}"
    );
    // This server listens to its own machine alone, so there is no better address.
    let address = server.address();
    assert_eq!(read_svg(&answer.text()), format!("http://{address}/t/{id}"));
    for (base, page) in [
        ("http://office:3000/", "http://office:3000/t/"),
        (
            "https%3A%2F%2Fa.example%2Fqueue%2F",
            "https://a.example/queue/t/",
        ),
    ] {
        let answer = server.get(&format!("{path}?base={base}")).expect(200);
        assert_eq!(read_svg(&answer.text()), format!("{page}{id}"));
    }
    let as_asked = server
        .client()
        .send("GET", &path, &[("Host", "office.lan")], b"");
    // Two `Host` headers are refused, so this one comes alone.
    assert_eq!(as_asked.status, 400);
    let mut raw = server.client();
    raw.raw(format!("GET {path} HTTP/1.1\r\nHost: office.lan\r\n\r\n"));
    let read = read_svg(&raw.answer().expect(200).text());
    assert_eq!(read, format!("http://office.lan/t/{id}"));
}

#[test]
fn no_qr_code_for_an_unknown_ticket_or_address() {
    let server = Server::new();
    let (path, _) = path_of(&server);
    for unknown in ["0".repeat(32), "A1".to_owned(), "..".to_owned()] {
        let answer = server.get(&format!("/api/tickets/{unknown}/qr.svg"));
        answer.problem(404, "not-found");
    }
    let long = format!("http://a/{}", "b".repeat(300));
    for base in [
        "office",
        "javascript:alert(1)",
        "ftp://a",
        "http://a/?b",
        long.as_str(),
    ] {
        let detail = server
            .get(&format!("{path}?base={base}"))
            .problem(422, "invalid");
        assert!(detail.starts_with("base: "), "{detail}");
    }
    let detail = server
        .get(&format!("{path}?bas=http://a"))
        .problem(422, "invalid");
    assert!(detail.starts_with("bas"), "{detail}");
    server.post(&path).problem(405, "method-not-allowed");
}

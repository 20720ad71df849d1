//! The course's REST and its two messages, used the way the course's own pages use them.

use serde_json::{Value, json};

use crate::common::{Screen, Server, array, codes, is_time, names, number, text};

const COUNT: &str = "on-ticket-count-changed";
const WORKING: &str = "on-working-changed";

/// The page «new ticket»: shows the last number, and asks for the next.
struct NewTicketPage<'a>(&'a Server);

impl NewTicketPage<'_> {
    fn last(&self) -> Value {
        self.0.json("/api/ticket/last")
    }

    fn click(&self) -> Value {
        self.0.post("/api/ticket").expect(201).json()
    }
}

/// The page of a desk: shows how many wait, draws and finishes.
struct DeskPage<'a> {
    server: &'a Server,
    desk: &'a str,
    screen: Screen,
    shown: u64,
    working: Option<Value>,
}

impl<'a> DeskPage<'a> {
    fn open(server: &'a Server, desk: &'a str) -> Self {
        let pending = server.json("/api/ticket/pending");
        Self {
            server,
            desk,
            screen: server.course_screen(),
            shown: array(&pending).len() as u64,
            working: None,
        }
    }

    /// Takes messages, as `onmessage` does, until it shows that number.
    fn until_it_shows(&mut self, waiting: u64) {
        loop {
            let message = self.screen.message();
            if message["type"] != COUNT {
                continue;
            }
            assert_eq!(names(&message), ["payload", "type"]);
            self.shown = number(&message, "payload");
            if self.shown == waiting {
                return;
            }
        }
    }

    fn draw(&mut self) -> Result<Value, String> {
        self.finish();
        let path = format!("/api/ticket/draw/{}", self.desk);
        let answer = self.server.get(&path).expect(200).json();
        match text(&answer, "status") {
            "ok" => {
                self.working = Some(answer["ticket"].clone());
                Ok(answer["ticket"].clone())
            }
            "error" => Err(text(&answer, "message").to_owned()),
            other => panic!("the course knows no status «{other}»"),
        }
    }

    fn finish(&mut self) {
        let Some(ticket) = self.working.take() else {
            return;
        };
        let path = format!("/api/ticket/done/{}", text(&ticket, "id"));
        let answer = self.server.send("PUT", &path).expect(200).json();
        assert_eq!(answer, json!({"status": "ok"}));
    }
}

/// The number and desk of each called ticket, as the public page shows them.
fn shown(called: &Value) -> Vec<(u64, String)> {
    let called = array(called).iter();
    called
        .map(|t| (number(t, "number"), text(t, "handleAtDesk").to_owned()))
        .collect()
}

#[test]
fn the_courses_pages_work_through_a_whole_day() {
    let server = Server::new();
    let entrance = NewTicketPage(&server);
    assert_eq!(entrance.last(), json!(0));
    let mut desk = DeskPage::open(&server, "1");
    desk.until_it_shows(0);
    let mut public = server.course_screen();
    assert_eq!(public.message(), json!({"type": COUNT, "payload": 0}));
    assert_eq!(public.message(), json!({"type": WORKING, "payload": []}));
    assert_eq!(desk.draw(), Err("No hay tickets pendientes".to_owned()));

    for expected in 1..=6 {
        let ticket = entrance.click();
        assert_eq!(ticket["number"], expected);
        assert_eq!(ticket["done"], false);
        assert!(is_time(&ticket["createdAt"]), "{ticket}");
        assert_eq!(entrance.last(), json!(expected));
        desk.until_it_shows(expected);
        assert_eq!(
            public.message(),
            json!({"type": COUNT, "payload": expected})
        );
    }
    // A second desk, opened later, begins with the current state.
    let mut other = DeskPage::open(&server, "2");
    assert_eq!(other.shown, 6);

    let ticket = desk.draw().unwrap();
    assert_eq!(ticket["number"], 1);
    assert_eq!(ticket["handleAtDesk"], "1");
    assert_eq!(ticket["done"], false);
    desk.until_it_shows(5);
    other.until_it_shows(5);
    assert_eq!(public.message(), json!({"type": COUNT, "payload": 5}));
    let working = public.message();
    assert_eq!(working["type"], WORKING);
    assert_eq!(shown(&working["payload"]), [(1, "1".to_owned())]);

    for expected in 2..=6 {
        let page = if expected % 2 == 0 {
            &mut other
        } else {
            &mut desk
        };
        assert_eq!(page.draw().unwrap()["number"], expected);
        assert_eq!(
            public.message(),
            json!({"type": COUNT, "payload": 6 - expected})
        );
        assert_eq!(public.message()["type"], WORKING);
    }
    desk.finish();
    // «Serve nobody» twice is no error on the page.
    desk.finish();
    assert_eq!(other.draw(), Err("No hay tickets pendientes".to_owned()));
    let working_on = server.json("/api/ticket/working-on");
    let expected = [(6, "2"), (5, "1"), (4, "2"), (3, "1")];
    assert_eq!(shown(&working_on), expected.map(|(n, d)| (n, d.to_owned())));
    assert_eq!(codes(&server.json("/api/ticket")).len(), 6);
    assert_eq!(server.json("/api/ticket/pending"), json!([]));
    assert_eq!(entrance.last(), json!(6));
}

#[test]
fn the_two_messages_come_on_connecting_as_things_stand() {
    let server = Server::new();
    for _ in 0..3 {
        server.post("/api/ticket").expect(201);
    }
    server.get("/api/ticket/draw/7").expect(200);
    let mut screen = server.course_screen();
    assert_eq!(screen.message(), json!({"type": COUNT, "payload": 2}));
    let working = screen.message();
    assert_eq!(working["type"], WORKING);
    assert_eq!(working["payload"], server.json("/api/ticket/working-on"));
    let called = &working["payload"][0];
    assert_eq!(
        names(called),
        ["code", "done", "handleAt", "handleAtDesk", "number"]
    );
    assert_eq!(called["code"], "A1");
    assert!(is_time(&called["handleAt"]), "{called}");
}

#[test]
fn the_lists_are_arrays_of_whole_tickets() {
    let server = Server::new();
    let made: Vec<Value> = (0..3)
        .map(|_| server.post("/api/ticket").expect(201).json())
        .collect();
    let drawn = server.get("/api/ticket/draw/1").expect(200).json();
    let all = server.json("/api/ticket");
    assert_eq!(codes(&all), ["A1", "A2", "A3"]);
    assert_eq!(names(&all[0]), names(&made[0]));
    assert_eq!(all[0], drawn["ticket"]);
    let pending = server.json("/api/ticket/pending");
    assert_eq!(codes(&pending), ["A2", "A3"]);
    assert_eq!(pending[0]["id"], made[1]["id"]);
}

#[test]
fn draw_is_always_200_with_get_and_post() {
    let server = Server::new();
    let nobody = json!({"status": "error", "message": "No hay tickets pendientes"});
    assert_eq!(server.get("/api/ticket/draw/1").expect(200).json(), nobody);
    assert_eq!(server.post("/api/ticket/draw/1").expect(200).json(), nobody);
    server.post("/api/ticket").expect(201);
    server.post("/api/ticket").expect(201);
    let first = server.get("/api/ticket/draw/1").expect(200).json();
    assert_eq!(names(&first), ["status", "ticket"]);
    assert_eq!(first["ticket"]["code"], "A1");
    let second = server.post("/api/ticket/draw/1").expect(200).json();
    assert_eq!(second["ticket"]["code"], "A2");
    // Drawing has finished the one before.
    assert_eq!(server.json("/api/ticket")[0]["done"], true);
    // A link that is looked at beforehand must not call anybody.
    assert_eq!(server.send("HEAD", "/api/ticket/draw/1").status, 405);
    assert_eq!(server.json("/api/ticket")[1]["done"], false);
}

#[test]
fn done_is_always_200_and_says_what_it_did() {
    let server = Server::new();
    let unknown = json!({"status": "error", "message": "Ticket no encontrado"});
    let done = |id: &str| {
        let path = format!("/api/ticket/done/{id}");
        server.send("PUT", &path).expect(200).json()
    };
    assert_eq!(done("no-such-id"), unknown);
    assert_eq!(done(&"0".repeat(32)), unknown);
    server.post("/api/ticket").expect(201);
    let drawn = server.get("/api/ticket/draw/1").expect(200).json();
    let id = text(&drawn["ticket"], "id");
    assert_eq!(done(id), json!({"status": "ok"}));
    assert_eq!(done(id), json!({"status": "ok"}));
    let ticket = server.json(&format!("/api/tickets/{id}"));
    assert_eq!(ticket["state"], "done");
    assert_eq!(server.json("/api/desks/1")["ticket"], Value::Null);
}

#[test]
fn the_count_is_told_at_each_change_in_order() {
    let server = Server::new();
    let mut screen = server.course_screen();
    assert_eq!(screen.message(), json!({"type": COUNT, "payload": 0}));
    let mut client = server.client();
    let mut expected = Vec::new();
    for waiting in 1..=20 {
        client.post("/api/ticket").expect(201);
        expected.push(waiting);
    }
    let id = text(&server.json("/api/tickets?limit=1")[0], "id").to_owned();
    client
        .post(&format!("/api/tickets/{id}/cancel"))
        .expect(200);
    expected.push(19);
    client.post("/api/desks/1/next").expect(200);
    expected.push(18);
    let mut told = Vec::new();
    while told.len() < expected.len() {
        let message = screen.message();
        if message["type"] == COUNT {
            told.push(number(&message, "payload"));
        }
    }
    assert_eq!(told, expected);
}

#[test]
fn what_the_courses_client_sends_to_the_socket_changes_nothing() {
    let server = Server::new();
    let mut screen = server.course_screen();
    screen.message();
    screen.message();
    screen.socket().send("hola".into()).unwrap();
    server.post("/api/ticket").expect(201);
    assert_eq!(screen.message(), json!({"type": COUNT, "payload": 1}));
}

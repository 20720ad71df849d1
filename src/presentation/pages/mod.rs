//! The screens' files: built into the program, or from a folder (`--html`).

pub mod folder;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;

use self::folder::{Folder, OpenFile};
use super::http::answer::{Answer, Body, tag};
use super::http::problem::Problem;
use super::http::request::Request;
use super::slim::slim;

/// What the built-in pages may do: load from this server, and nothing else. A folder's pages are
/// the office's own, and may do what they like.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; \
     connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; form-action 'self'; ";

/// What `/t/ID` serves.
const TICKET_PAGE: &str = "ticket.html";

/// A built-in file.
struct Page {
    path: &'static str,
    bytes: &'static [u8],
}

/// Names the built-in files; each is part of the program.
macro_rules! pages {
    ($($path:literal),* $(,)?) => {
        &[$(Page { path: $path, bytes: include_bytes!(concat!("../../../html/", $path)) }),*]
    };
}

/// Every file under `html/`; a test holds this list against the folder.
const PAGES: &[Page] = pages![
    "desk.html",
    "desk/claim.js",
    "desk/desk.css",
    "desk/desk.js",
    "desk/find.js",
    "desk/lists.js",
    "desk/panel.js",
    "desk/rows.js",
    "desk/services.js",
    "desk/steps.js",
    "desk/transfer.js",
    "desk/undo.js",
    "desk/view.js",
    "figures.html",
    "figures/figures.js",
    "index.html",
    "kiosk/buttons.js",
    "kiosk/kiosk.css",
    "kiosk/kiosk.js",
    "kiosk/printed-ticket.js",
    "kiosk/ticket-request.js",
    "lang/ar.json",
    "lang/en.json",
    "lang/es.json",
    "lang/fr.json",
    "lang/languages.js",
    "lang/pt.json",
    "new-ticket.html",
    "public.html",
    "public/announcements.js",
    "public/board.js",
    "public/media.js",
    "public/public.css",
    "public/public.js",
    "public/rows.js",
    "public/side.js",
    "public/voice.js",
    "settings-access.html",
    "settings-data.html",
    "settings-desks.html",
    "settings-look.html",
    "settings-next.html",
    "settings-services.html",
    "settings-trace.html",
    "settings.html",
    "settings/access.js",
    "settings/appearance.css",
    "settings/appearance.js",
    "settings/audit-log.js",
    "settings/calling-order.js",
    "settings/data.js",
    "settings/desks.js",
    "settings/form.js",
    "settings/list.css",
    "settings/list.js",
    "settings/office.js",
    "settings/order.css",
    "settings/order.js",
    "settings/parts.js",
    "settings/services.js",
    "settings/settings.css",
    "settings/settings.js",
    "settings/table.css",
    "shared/api.js",
    "shared/appearance-later.js",
    "shared/appearance.js",
    "shared/base.css",
    "shared/favicon.svg",
    "shared/fit.js",
    "shared/i18n.js",
    "shared/later.js",
    "shared/live.js",
    "shared/office.js",
    "shared/plurals.js",
    "shared/progress.js",
    "shared/sound-later.js",
    "shared/sound.js",
    "shared/state.js",
    "shared/theme.js",
    "shared/tokens.css",
    "signin.html",
    "signin/signin.css",
    "signin/signin.js",
    "start/start.css",
    "start/start.js",
    "ticket.html",
    "ticket/ticket.css",
    "ticket/ticket.js",
];

/// The built-in files as they are sent, made once.
static SENT: LazyLock<BTreeMap<&'static str, Cow<'static, [u8]>>> = LazyLock::new(|| {
    let pages = PAGES.iter();
    pages
        .map(|page| (page.path, slim(page.path, page.bytes)))
        .collect()
});

/// Where pages come from.
pub struct Pages {
    folder: Option<Folder>,
}

impl Pages {
    /// From a folder, or the built-in ones where there is none.
    pub fn new(folder: Option<Folder>) -> Self {
        if folder.is_none() {
            // At the start, so that the first screen does not wait for it.
            LazyLock::force(&SENT);
        }
        Self { folder }
    }

    /// The file that a request asks for.
    pub fn answer(&self, request: &Request, frame_ancestors: &[String]) -> Result<Answer, Problem> {
        let missing = || Problem::not_found(format!("There is no page at {}.", request.path));
        let decoded = percent_decode_str(&request.path).decode_utf8();
        let path = decoded.map_err(|_| missing())?;
        let path = path.trim_start_matches('/');
        let is_ticket = is_ticket(path);
        let path = if path.is_empty() || path.ends_with('/') {
            format!("{path}index.html")
        } else {
            path.to_owned()
        };
        let frames = frame_policy(frame_ancestors);
        let answer = match &self.folder {
            Some(folder) => match open(folder, &path, is_ticket) {
                Ok((path, file)) => {
                    Ok(from_folder(path, file).with_header("Content-Security-Policy", frames))
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing()),
                Err(error) => {
                    log::warn!("The page {path} cannot be read: {error}");
                    Err(Problem::page_unavailable(&request.path))
                }
            },
            None => {
                let path = if is_ticket { TICKET_PAGE } else { &path };
                built_in(path, request, &frames).ok_or_else(missing)
            }
        }?;
        // Their requests may say where they are from, to this server alone: in a browser without
        // `Sec-Fetch-Site` nothing else may, and what changes something must.
        let answer = answer.with_header("Referrer-Policy", "same-origin");
        if frame_ancestors.is_empty() {
            // For browsers that do not know `frame-ancestors`; it cannot name other sites.
            return Ok(answer.with_header("X-Frame-Options", "SAMEORIGIN"));
        }
        Ok(answer)
    }
}

/// Whether it is a ticket's own address, `t/ID`. The page is the same whatever the ticket: it asks
/// for it, and says kindly where it is not there.
fn is_ticket(path: &str) -> bool {
    let id = path.strip_prefix("t/");
    id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
}

/// Opens the file at `path`, with the path that was opened. A ticket's address gives the ticket page
/// if the folder has no file of that name.
fn open<'a>(folder: &Folder, path: &'a str, is_ticket: bool) -> io::Result<(&'a str, OpenFile)> {
    match folder.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_ticket => {
            Ok((TICKET_PAGE, folder.open(TICKET_PAGE)?))
        }
        opened => Ok((path, opened?)),
    }
}

fn from_folder(path: &str, file: OpenFile) -> Answer {
    let mut answer =
        Answer::new(200, content_type(path), &b""[..]).with_header("Cache-Control", "no-cache");
    answer.body = Body::File(file.file, file.length);
    answer
}

/// Which sites may show a page inside theirs.
fn frame_policy(ancestors: &[String]) -> String {
    let mut policy = "frame-ancestors 'self'".to_owned();
    for ancestor in ancestors {
        policy.push(' ');
        policy.push_str(ancestor);
    }
    policy
}

fn built_in(path: &str, request: &Request, frames: &str) -> Option<Answer> {
    let page: &'static [u8] = SENT.get(path)?;
    let bytes = if path.starts_with("lang/") {
        words(page, &request.query)
    } else {
        Cow::Borrowed(page)
    };
    let policy = format!("{CONTENT_SECURITY_POLICY}{frames}");
    // A page that a browser has kept goes with the policy that it was kept with.
    let tag = format!("\"{:016x}\"", tag(&bytes) ^ tag(policy.as_bytes()));
    let known = request.header("If-None-Match").unwrap_or_default();
    let answer = if known.split(',').any(|other| other.trim() == tag) {
        Answer::empty(304)
    } else {
        Answer::new(200, content_type(path), bytes).with_header("Content-Security-Policy", policy)
    };
    // Kept, and asked for again each time: a newer program's pages are there at once.
    Some(
        answer
            .with_header("ETag", tag)
            .with_header("Cache-Control", "no-cache"),
    )
}

/// The built-in words of a language, all of them; `None` where there is no such language.
pub fn words_of(language: &str) -> Option<BTreeMap<&'static str, String>> {
    let path = format!("lang/{language}.json");
    let page = PAGES.iter().find(|page| page.path == path)?;
    Some(serde_json::from_slice(page.bytes).expect("a test reads every file of words"))
}

/// The words of a language that a screen needs: `?only=desk,error` asks for those whose keys begin
/// so. All of them without it.
fn words(file: &'static [u8], query: &str) -> Cow<'static, [u8]> {
    let only = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "only");
    let Some((_, only)) = only else {
        return Cow::Borrowed(file);
    };
    let words: BTreeMap<&str, String> =
        serde_json::from_slice(file).expect("a test reads every file of words");
    let wanted = |key: &str| {
        let first = key.split('.').next().unwrap_or_default();
        only.split(',').any(|wanted| wanted == first)
    };
    let chosen: BTreeMap<_, _> = words.iter().filter(|(key, _)| wanted(key)).collect();
    let chosen = serde_json::to_vec(&chosen).expect("texts are always JSON");
    Cow::Owned(chosen)
}

/// The type that a file's name says, as `Content-Type` names it.
pub fn content_type(path: &str) -> &'static str {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn files_under(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("html/ is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                files_under(&path, root, found);
            } else {
                let relative = path.strip_prefix(root).expect("it is under the root");
                found.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn every_file_under_html_is_built_in_and_has_a_type() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("html");
        let mut found = Vec::new();
        files_under(&root, &root, &mut found);
        found.sort();
        let mut listed: Vec<&str> = PAGES.iter().map(|page| page.path).collect();
        listed.sort_unstable();
        assert_eq!(listed, found);
        for path in listed {
            assert_ne!(content_type(path), "application/octet-stream", "{path}");
        }
    }

    #[test]
    fn a_screen_gets_the_words_it_asks_for() {
        for page in PAGES.iter().filter(|page| page.path.ends_with(".json")) {
            let all = words(page.bytes, "");
            assert_eq!(&*all, page.bytes, "{}", page.path);
            let some = words(page.bytes, "v=1&only=away,start");
            let some: BTreeMap<&str, String> = serde_json::from_slice(&some).expect("JSON");
            assert!(some.contains_key("away") && some.len() > 1, "{}", page.path);
            let asked = |key: &&str| *key == "away" || key.starts_with("start.");
            assert!(some.keys().all(asked), "{some:?}");
        }
    }

    #[test]
    fn what_styles_name_shortly_is_named_in_them_alone() {
        let mut names = std::collections::BTreeSet::new();
        for page in PAGES {
            let text = String::from_utf8_lossy(page.bytes);
            if page.path.ends_with(".css") {
                let parts = text.split("--").skip(1);
                let ends = |c: char| !(c.is_alphanumeric() || c == '-');
                names.extend(
                    parts.map(|part| format!("--{}", part.split(ends).next().unwrap_or(""))),
                );
            } else {
                let named = super::super::slim::NAMES
                    .iter()
                    .find(|(long, _)| text.contains(long));
                assert_eq!(named, None, "{}", page.path);
            }
        }
        let sent = names.iter().map(|name| {
            let file = format!("a{{{name}:0}}");
            slim("a.css", file.as_bytes()).into_owned()
        });
        let sent: std::collections::BTreeSet<_> = sent.collect();
        assert_eq!(sent.len(), names.len(), "two would have one name");
    }
}

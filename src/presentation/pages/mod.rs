//! The screens' files: built into the program, or from a folder (`--html`).

pub mod folder;

use std::collections::BTreeMap;
use std::io::{self, Read};

use flate2::read::GzDecoder;
use percent_encoding::percent_decode_str;

use self::folder::{Folder, OpenFile};
use super::http::answer::{Answer, Body, tag};
use super::http::problem::Problem;
use super::http::request::Request;

/// Built-in pages may load from this server only. Pages from a folder are the office's own and have no
/// such policy.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; \
     connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; form-action 'self'; ";

/// Earlier addresses of built-in pages, with the present ones.
const MOVED: [(&str, &str); 1] = [("figures.html", "statistics.html")];

/// The page behind `/t/ID`.
const TICKET_PAGE: &str = "ticket.html";

/// The page for an address that does not exist, and what the server replaces in it.
const NOT_FOUND_PAGE: &str = "not-found.html";
const BASE: &str = "<base href=\"./\">";

/// A built-in file.
struct Page {
    path: &'static str,
    /// Of the content; a part of its ETag.
    hash: u64,
    gzip: &'static [u8],
}

/// Every file under `html/`, sorted by path; `build.rs` makes the list.
const PAGES: &[Page] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

impl Page {
    /// The built-in file at `path`.
    fn find(path: &str) -> Option<&'static Self> {
        let index = PAGES.binary_search_by_key(&path, |page| page.path).ok()?;
        Some(&PAGES[index])
    }

    /// The file as it stands under `html/`.
    fn content(&self) -> Vec<u8> {
        let mut content = Vec::new();
        GzDecoder::new(self.gzip)
            .read_to_end(&mut content)
            .expect("build.rs compressed it");
        content
    }
}

/// The source of pages: built in, or a folder.
pub struct Pages {
    folder: Option<Folder>,
}

impl Pages {
    /// Pages from the folder, or the built-in ones if there is none.
    pub fn new(folder: Option<Folder>) -> Self {
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
                Ok((path, file)) => Ok(from_folder(path, file, request, frames)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing()),
                Err(error) => {
                    log::warn!("The page {path} cannot be read: {error}");
                    Err(Problem::page_unavailable(&request.path))
                }
            },
            None => {
                if let Some((_, new)) = MOVED.iter().find(|(old, _)| *old == path) {
                    return Ok(moved(new, request));
                }
                let path = if is_ticket { TICKET_PAGE } else { &path };
                built_in(path, request, &frames).ok_or_else(missing)
            }
        }?;
        Ok(as_page(answer, frame_ancestors))
    }

    /// The page that says that an address does not exist, for a browser; `None` if the client does not
    /// ask for HTML, or if the folder has no such page.
    pub fn not_found(&self, request: &Request, frame_ancestors: &[String]) -> Option<Answer> {
        if !wants_html(request.header("Accept").unwrap_or_default()) {
            return None;
        }
        let page = match &self.folder {
            Some(folder) => {
                let mut file = folder.open(NOT_FOUND_PAGE).ok()?.file;
                let mut content = String::new();
                file.read_to_string(&mut content).ok()?;
                content
            }
            None => String::from_utf8(Page::find(NOT_FOUND_PAGE)?.content()).ok()?,
        };
        // The page's links are relative, so that they hold behind a proxy that adds a prefix.
        let up = "../".repeat(request.path.matches('/').count().saturating_sub(1));
        let page = page.replace(BASE, &format!("<base href=\"./{up}\">"));
        let mut policy = frame_policy(frame_ancestors);
        if self.folder.is_none() {
            policy.insert_str(0, CONTENT_SECURITY_POLICY);
        }
        let answer = Answer::new(404, content_type(NOT_FOUND_PAGE), page.into_bytes());
        let answer = with_policy(answer, NOT_FOUND_PAGE, policy).with_header("Vary", "Accept");
        Some(as_page(answer, frame_ancestors))
    }
}

/// The built-in description of the API (OpenAPI 3.1).
pub fn api_description(request: &Request) -> Answer {
    let file =
        built_in("reference/openapi.json", request, "").expect("a test reads the description");
    as_page(file, &[])
}

/// Sends a browser to the present address of a page, with the same query.
fn moved(new: &str, request: &Request) -> Answer {
    let query = if request.query.is_empty() {
        String::new()
    } else {
        format!("?{}", request.query)
    };
    Answer::empty(301).with_header("Location", format!("{new}{query}"))
}

/// Adds the headers of every page and its files.
fn as_page(answer: Answer, frame_ancestors: &[String]) -> Answer {
    // The browser stores the file and asks each time whether it is current, so that it shows
    // the pages of a newer program at once.
    let mut answer = answer
        .with_header("Cache-Control", "no-cache")
        // With its own requests a page tells this server, and no other, where it is from. A
        // browser without `Sec-Fetch-Site` must, if the request changes something.
        .with_header("Referrer-Policy", "same-origin");
    let is_document = answer.header("Content-Security-Policy").is_some();
    if is_document && frame_ancestors.is_empty() {
        // For browsers that do not know `frame-ancestors`; it cannot name other sites.
        answer = answer.with_header("X-Frame-Options", "SAMEORIGIN");
    }
    answer
}

/// Whether it is a ticket's own address, `t/ID`. All tickets share one page, which requests the
/// ticket and explains if there is none.
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

/// A folder's file, or 304 if the browser has this version of it.
fn from_folder(path: &str, file: OpenFile, request: &Request, frames: String) -> Answer {
    let etag = format!("\"{:016x}\"", file.version() ^ tag(frames.as_bytes()));
    let answer = if has_version(request, &etag) {
        Answer::empty(304)
    } else {
        let mut answer = Answer::new(200, content_type(path), &b""[..]);
        answer.body = Body::File(file.file, file.length);
        with_policy(answer, path, frames)
    };
    answer.with_header("ETag", etag)
}

/// Adds the policy to a document. It has no effect on scripts, styles and texts.
fn with_policy(answer: Answer, path: &str, policy: String) -> Answer {
    if content_type(path).starts_with("text/html") || content_type(path) == "image/svg+xml" {
        return answer.with_header("Content-Security-Policy", policy);
    }
    answer
}

/// The `frame-ancestors` policy: sites that may show a page inside theirs.
fn frame_policy(ancestors: &[String]) -> String {
    let mut policy = "frame-ancestors 'self'".to_owned();
    for ancestor in ancestors {
        policy.push(' ');
        policy.push_str(ancestor);
    }
    policy
}

/// A built-in file, compressed if the browser accepts it, or 304 if the browser has this version.
fn built_in(path: &str, request: &Request, frames: &str) -> Option<Answer> {
    let page = Page::find(path)?;
    let policy = format!("{CONTENT_SECURITY_POLICY}{frames}");
    let gzip = accepts_gzip(request.header("Accept-Encoding").unwrap_or_default());
    // A browser uses a stored page with the policy that came with it, so a new policy needs a new
    // ETag. Each encoding has an ETag of its own (RFC 9110, section 8.8.3.3).
    let version = page.hash ^ tag(policy.as_bytes());
    let etag = format!("\"{version:016x}{}\"", if gzip { "-gzip" } else { "" });
    let answer = if has_version(request, &etag) {
        Answer::empty(304)
    } else {
        let kind = content_type(path);
        let answer = if gzip {
            Answer::new(200, kind, page.gzip).with_header("Content-Encoding", "gzip")
        } else {
            Answer::new(200, kind, page.content())
        };
        with_policy(answer, path, policy)
    };
    Some(
        answer
            .with_header("ETag", etag)
            .with_header("Vary", "Accept-Encoding"),
    )
}

/// Whether the client has the version with this ETag (`If-None-Match`, RFC 9110, section 13.1.2).
pub fn has_version(request: &Request, etag: &str) -> bool {
    let known = request.header("If-None-Match").unwrap_or_default();
    // A proxy that compresses makes an ETag a weak one.
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.split(',').any(|tag| opaque(tag) == opaque(etag))
}

/// Whether an `Accept-Encoding` header names gzip, and not with `q=0`.
fn accepts_gzip(header: &str) -> bool {
    accepts(header, "gzip")
}

/// Whether an `Accept` header names HTML, as those of browsers do for an address that a person opens.
fn wants_html(header: &str) -> bool {
    accepts(header, "text/html")
}

/// Whether a header such as `Accept` names `wanted`, and not with `q=0`.
fn accepts(header: &str, wanted: &str) -> bool {
    header.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(|part| {
            let value = part.strip_prefix("q=").or(part.strip_prefix("Q="));
            value.is_some_and(|value| value.trim().parse() == Ok(0.0))
        });
        name.eq_ignore_ascii_case(wanted) && !refused
    })
}

/// The built-in texts of a language by their keys, or `None` if there is no such language.
pub fn texts_of(language: &str) -> Option<BTreeMap<String, String>> {
    let page = Page::find(&format!("lang/{language}.json"))?;
    Some(serde_json::from_slice(&page.content()).expect("a test reads every file of texts"))
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
    use super::*;

    #[test]
    fn every_built_in_file_is_found_by_its_path_and_has_a_type() {
        assert!(PAGES.len() > 60, "{}", PAGES.len());
        for page in PAGES {
            let found = Page::find(page.path).map(|page| page.path);
            assert_eq!(found, Some(page.path));
            let kind = content_type(page.path);
            assert_ne!(kind, "application/octet-stream", "{}", page.path);
        }
    }

    #[test]
    fn every_file_of_texts_is_an_object_of_texts() {
        let languages = PAGES.iter().filter_map(|page| {
            let name = page.path.strip_prefix("lang/")?;
            name.strip_suffix(".json")
        });
        for language in languages {
            let texts = texts_of(language).expect("the file exists");
            assert!(texts.contains_key("paper.ahead"), "{language}");
        }
        assert_eq!(texts_of("xx"), None);
    }

    #[test]
    fn gzip_is_accepted_only_if_the_header_names_it() {
        for header in ["gzip", "br, GZIP;q=0.5", "deflate,gzip ; q=1"] {
            assert!(accepts_gzip(header), "{header}");
        }
        for header in [
            "",
            "br",
            "identity",
            "gzip;q=0",
            "br, gzip; q=0.000",
            "xgzip",
        ] {
            assert!(!accepts_gzip(header), "{header}");
        }
    }
}

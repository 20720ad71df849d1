//! `/api/media` and `/media`: the office's own pictures and videos (`--media`).
//!
//! Range requests are served (RFC 9110, section 14): browsers need them to seek in videos.

use std::io::{self, Seek, SeekFrom};
use std::ops::Range;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use tiny_http::Method;

use crate::presentation::http::answer::{Answer, Body};
use crate::presentation::http::problem::Problem;
use crate::presentation::pages::folder::OpenFile;
use crate::presentation::pages::{content_type, has_version};
use crate::presentation::route::{Context, Handled};

/// File name extensions that browsers of 2018 show.
const ENDINGS: [&str; 9] = [
    "gif", "jpeg", "jpg", "m4v", "mp4", "png", "svg", "webm", "webp",
];

/// Largest number of listed files: a cycle of half an hour with 10 s for each picture.
const MOST_FILES: usize = 200;

/// Largest number of folder entries read for one request.
const MOST_ENTRIES: usize = 2_000;

/// Width to which numbers in names are padded for sorting.
const NUMBER_WIDTH: usize = 20;

/// A file may contain scripts, which must not run if it is opened by itself.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; sandbox";

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    media_type: &'static str,
    /// Address, relative to the page.
    url: String,
}

/// `GET /api/media`: the files sorted by name, 2 before 10. Empty without `--media`.
pub fn list(context: &Context<'_>) -> Handled {
    let names = context.office.media.as_ref().map(|folder| {
        let names = folder.names(MOST_ENTRIES, is_media);
        names.map_err(|error| unavailable(context, &error))
    });
    let mut names = names.transpose()?.unwrap_or_default();
    names.sort_by_cached_key(|name| sorting_key(name));
    names.truncate(MOST_FILES);
    let listed = names.iter().map(|name| Listed {
        name,
        media_type: content_type(name),
        url: format!("media/{}", utf8_percent_encode(name, NON_ALPHANUMERIC)),
    });
    Ok(Answer::json(200, &listed.collect::<Vec<_>>()))
}

/// `GET /media/NAME`
pub fn show(context: &Context<'_>) -> Handled {
    let name = context.parameter();
    let missing = || Problem::not_found(format!("There is no picture or video «{name}»."));
    let folder = context.office.media.as_ref().ok_or_else(missing)?;
    if name.contains('/') || !is_media(name) {
        return Err(missing());
    }
    let file = folder.open(name).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing(),
        _ => unavailable(context, &error),
    })?;
    let tag = format!("\"{:016x}\"", file.version());
    let request = context.request;
    let answer = if has_version(request, &tag) {
        Answer::empty(304)
    } else {
        // A part of another version must not be joined with what the browser has (RFC 9110, 13.1.5).
        let fits = request.header("If-Range").is_none_or(|other| other == tag);
        let range = request
            .header("Range")
            .filter(|_| fits && request.method == Method::Get);
        match range.map_or(RequestedRange::Whole, |range| {
            requested_range(range, file.length)
        }) {
            RequestedRange::Whole => whole(file, content_type(name)),
            RequestedRange::Part(part) => {
                part_of(file, content_type(name), part).map_err(|e| unavailable(context, &e))?
            }
            RequestedRange::Unsatisfiable => {
                let range = format!("bytes */{}", file.length);
                let problem = Problem::no_such_range(file.length);
                return Ok(problem.answer().with_header("Content-Range", range));
            }
        }
    };
    Ok(answer
        .with_header("ETag", tag)
        .with_header("Accept-Ranges", "bytes")
        .with_header("Cache-Control", "no-cache")
        .with_header("Content-Security-Policy", CONTENT_SECURITY_POLICY))
}

fn unavailable(context: &Context<'_>, error: &io::Error) -> Problem {
    let path = &context.request.path;
    log::warn!("The media folder cannot be read for {path}: {error}");
    Problem::page_unavailable(path)
}

fn is_media(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS.contains(&ending.to_ascii_lowercase().as_str())
}

/// A key that sorts numbers in names by their value.
fn sorting_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len() + NUMBER_WIDTH);
    let mut digits = String::new();
    for letter in name.to_lowercase().chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        if !digits.is_empty() {
            key.push_str(&format!("{digits:0>NUMBER_WIDTH$}"));
            digits.clear();
        }
        key.push(letter);
    }
    key
}

/// The answer with a whole file.
pub(super) fn whole(file: OpenFile, media_type: &'static str) -> Answer {
    let mut answer = Answer::new(200, media_type, &b""[..]);
    answer.body = Body::File(file.file, file.length);
    answer
}

fn part_of(mut file: OpenFile, media_type: &'static str, part: Range<u64>) -> io::Result<Answer> {
    file.file.seek(SeekFrom::Start(part.start))?;
    let range = format!("bytes {}-{}/{}", part.start, part.end - 1, file.length);
    let mut answer = Answer::new(206, media_type, &b""[..]).with_header("Content-Range", range);
    answer.body = Body::File(file.file, part.end - part.start);
    Ok(answer)
}

/// The part of a file that a `Range` header requests.
#[derive(Debug, PartialEq, Eq)]
enum RequestedRange {
    /// The header is unreadable or requests several parts, so it is ignored (RFC 9110, 14.2).
    Whole,
    Part(Range<u64>),
    /// The part lies outside the file.
    Unsatisfiable,
}

fn requested_range(range: &str, length: u64) -> RequestedRange {
    let Some((unit, part)) = range.split_once('=') else {
        return RequestedRange::Whole;
    };
    let Some((first, last)) = part.trim().split_once('-') else {
        return RequestedRange::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return RequestedRange::Whole;
    }
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number beyond u64 is beyond the end of the file, too.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(last)) if first.is_empty() => length.saturating_sub(last)..length,
        _ => return RequestedRange::Whole,
    };
    if part.is_empty() {
        return RequestedRange::Unsatisfiable;
    }
    RequestedRange::Part(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_rfc_9110_says() {
        let cases = [
            ("bytes=0-0", RequestedRange::Part(0..1)),
            ("bytes=0-", RequestedRange::Part(0..100)),
            ("bytes=10-19", RequestedRange::Part(10..20)),
            ("Bytes=99-200", RequestedRange::Part(99..100)),
            ("bytes=-10", RequestedRange::Part(90..100)),
            ("bytes=-1000", RequestedRange::Part(0..100)),
            ("bytes=100-", RequestedRange::Unsatisfiable),
            ("bytes=-0", RequestedRange::Unsatisfiable),
            (
                "bytes=99999999999999999999999-",
                RequestedRange::Unsatisfiable,
            ),
            (
                "bytes=0-99999999999999999999999",
                RequestedRange::Part(0..100),
            ),
            ("bytes=20-10", RequestedRange::Whole),
            ("bytes=0-1,5-6", RequestedRange::Whole),
            ("bytes=+1-2", RequestedRange::Whole),
            ("bytes=-", RequestedRange::Whole),
            ("bytes=a-b", RequestedRange::Whole),
            ("lines=0-1", RequestedRange::Whole),
            ("bytes", RequestedRange::Whole),
        ];
        for (range, expected) in cases {
            assert_eq!(requested_range(range, 100), expected, "{range}");
        }
        assert_eq!(
            requested_range("bytes=0-", 0),
            RequestedRange::Unsatisfiable
        );
        assert_eq!(
            requested_range("bytes=-5", 0),
            RequestedRange::Unsatisfiable
        );
    }

    #[test]
    fn names_are_sorted_as_people_count() {
        let mut names = ["10.jpg", "b2.png", "2.jpg", "B10.png", "a.png", "02b.jpg"];
        names.sort_by_cached_key(|name| sorting_key(name));
        let expected = ["2.jpg", "02b.jpg", "10.jpg", "a.png", "b2.png", "B10.png"];
        assert_eq!(names, expected);
    }

    #[test]
    fn every_ending_has_a_type_that_a_page_shows() {
        for ending in ENDINGS {
            let media_type = content_type(&format!("a.{ending}"));
            let shown = media_type.starts_with("image/") || media_type.starts_with("video/");
            assert!(shown, "{ending}");
        }
        assert!(is_media("A.JPG") && !is_media("jpg") && !is_media("a.html"));
    }
}

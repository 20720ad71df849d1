//! The office's own pictures and videos, for public screens.

use std::os::unix::fs::symlink;

use serde_json::json;

use crate::common::{Folder, Launch, Server};

fn with_media(folder: &Folder) -> Server {
    let media = folder.join("media");
    let launch = Launch::new().with_variable("TURNERO_MEDIA", &media);
    launch.start()
}

#[test]
fn pictures_and_videos_of_the_folder_are_listed_in_the_order_of_their_names() {
    let folder = Folder::new();
    for name in [
        "10.jpg",
        "2.PNG",
        "a ñ.webm",
        "page.html",
        ".hidden.png",
        "sub/b.png",
    ] {
        folder.write(&format!("media/{name}"), name);
    }
    let server = with_media(&folder);
    let expected = json!([
        {"name": "2.PNG", "type": "image/png", "url": "media/2%2EPNG"},
        {"name": "10.jpg", "type": "image/jpeg", "url": "media/10%2Ejpg"},
        {"name": "a ñ.webm", "type": "video/webm", "url": "media/a%20%C3%B1%2Ewebm"},
    ]);
    assert_eq!(server.json("/api/media"), expected);
    for file in expected.as_array().unwrap() {
        let got = server.get(&format!("/{}", file["url"].as_str().unwrap()));
        let got = got.expect(200);
        assert_eq!(got.text(), file["name"].as_str().unwrap());
        assert_eq!(got.header("Content-Type"), file["type"].as_str());
        assert_eq!(got.header("X-Content-Type-Options"), Some("nosniff"));
        let policy = got.header("Content-Security-Policy").unwrap();
        assert!(policy.contains("sandbox"), "{policy}");
    }
    // A change in the folder is visible at once.
    folder.write("media/1.gif", "new");
    assert_eq!(server.json("/api/media")[0]["name"], "1.gif");
    std::fs::remove_dir_all(folder.join("media")).unwrap();
    server.get("/api/media").problem(503, "storage-unavailable");
    folder.write("media/1.gif", "back");
    assert_eq!(server.json("/api/media").as_array().unwrap().len(), 1);
}

#[test]
fn no_more_than_two_hundred_are_listed() {
    let folder = Folder::new();
    for number in 0..250 {
        folder.write(&format!("media/{number}.png"), "");
    }
    let listed = with_media(&folder).json("/api/media");
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 200);
    assert_eq!(listed[199]["name"], "199.png");
}

#[test]
fn without_the_flag_there_are_none() {
    let server = Server::new();
    assert_eq!(server.json("/api/media"), json!([]));
    server.get("/media/1.png").problem(404, "not-found");
}

#[test]
fn nothing_but_pictures_and_videos_of_the_folder_itself_is_given_away() {
    let folder = Folder::new();
    folder.write("media/1.png", "inside");
    folder.write("media/page.html", "outside");
    folder.write("media/.hidden.png", "outside");
    folder.write("media/sub/b.png", "outside");
    let secret = folder.write("secret.png", "outside");
    symlink(&secret, folder.join("media/link.png")).unwrap();
    let server = with_media(&folder);
    for path in [
        "/media/page.html",
        "/media/.hidden.png",
        "/media/sub/b.png",
        "/media/sub%2fb.png",
        "/media/link.png",
        "/media/../secret.png",
        "/media/..%2fsecret.png",
        "/media/%2e%2e%2fsecret.png",
        &format!("/media/{}", secret.to_str().unwrap().replace('/', "%2f")),
        "/media/1.png%00.png",
        "/media/",
        "/media/none.png",
    ] {
        let answer = server.get(path);
        assert!(!answer.text().contains("outside"), "{path}");
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(server.get("/media/1.png").expect(200).text(), "inside");
    assert_eq!(server.json("/api/media").as_array().unwrap().len(), 1);
}

#[test]
fn a_video_can_be_had_in_parts() {
    let folder = Folder::new();
    let video: String = (0..30_000).map(|n| format!("{n:08}")).collect();
    folder.write("media/v.mp4", &video);
    let server = with_media(&folder);
    let mut client = server.client();
    let path = "/media/v.mp4";
    let all = client.get(path).expect(200);
    assert_eq!(all.text(), video);
    assert_eq!(all.header("Accept-Ranges"), Some("bytes"));
    let tag = all.header("ETag").unwrap();
    for (range, from, to) in [
        ("bytes=0-", 0, 240_000),
        ("bytes=0-1", 0, 2),
        ("bytes=65535-131073", 65_535, 131_074),
        ("bytes=-8", 239_992, 240_000),
        ("bytes=239999-500000", 239_999, 240_000),
    ] {
        let headers = [("Range", range), ("If-Range", tag)];
        let part = client.send("GET", path, &headers, b"").expect(206);
        assert_eq!(part.text(), &video[from..to], "{range}");
        let said = format!("bytes {from}-{}/240000", to - 1);
        assert_eq!(part.header("Content-Range"), Some(said.as_str()));
        assert_eq!(part.header("ETag"), Some(tag));
    }
    let past = client.send("GET", path, &[("Range", "bytes=240000-")], b"");
    assert_eq!(past.header("Content-Range"), Some("bytes */240000"));
    past.problem(416, "no-such-range");
    let whole = |headers: &[(&str, &str)]| server.client().send("GET", path, headers, b"");
    // A part of another version, several parts, or no valid range: the whole file.
    for headers in [
        &[("Range", "bytes=5-9"), ("If-Range", "\"other\"")][..],
        &[("Range", "bytes=0-1,4-5")],
        &[("Range", "bytes=9-5")],
    ] {
        assert_eq!(whole(headers).expect(200).text(), video, "{headers:?}");
    }
    whole(&[("If-None-Match", tag)]).expect(304);
    let head = client.send("HEAD", path, &[("Range", "bytes=0-1")], b"");
    assert_eq!(head.expect(200).header("Content-Length"), Some("240000"));
    // The connection goes on after each of them.
    client.get("/api/health").expect(200);
    folder.write("media/v.mp4", &video[8..]);
    let headers = [("Range", "bytes=0-7"), ("If-Range", tag)];
    assert_eq!(whole(&headers).expect(200).text(), &video[8..]);
}

//! The developers' mailbox.

use chrono::TimeDelta;
use contracts::auth::Locale;

use crate::support::{confirmed, event, scene};

#[tokio::test]
async fn the_mailbox_shows_the_newest_first() {
    let scene = scene(None).await;
    assert_eq!(scene.client.get("/internal/notify/mails").await.expect(200).json["items"], serde_json::json!([]));
    let event = event();
    scene.publish(&event).await;
    let names = ["ada", "ben", "cem", "dora", "eve"];
    for name in names {
        scene.clock.advance(TimeDelta::milliseconds(5));
        let user = scene.person(name, Locale::En).await;
        scene.deliver(&confirmed(event.id, user)).await;
    }
    scene.mails(5).await;
    let list = scene.client.get("/internal/notify/mails?limit=10").await.expect(200).json;
    let to: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["to"].as_str().unwrap()).collect();
    let expected: Vec<_> = names.iter().rev().map(|name| format!("{name}@example.org")).collect();
    assert_eq!(to, expected);
    assert_eq!(list["items"][0]["sent_at"], "2026-06-08T12:00:00Z");
    let list = scene.client.get("/internal/notify/mails?limit=1").await.expect(200).json;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_mail_is_a_document_that_can_do_nothing() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    scene.deliver(&confirmed(event.id, ada)).await;
    scene.mails(1).await;
    let id = &scene.files()[0];
    let html = scene.client.get(&format!("/internal/notify/mails/{id}/html")).await.expect(200);
    let policy = html.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    assert!(!policy.contains("allow-scripts"), "{policy}");
    assert_eq!(html.headers["x-frame-options"], "SAMEORIGIN");
    let text = String::from_utf8(html.body).unwrap();
    assert!(text.contains("<base target=\"_top\">") && text.contains("You&#x27;re in."), "{text}");
}

#[tokio::test]
async fn nothing_but_mails_can_be_read() {
    let scene = scene(None).await;
    std::fs::create_dir_all(&scene.mail_dir).unwrap();
    std::fs::write(scene.mail_dir.parent().unwrap().join("secret.eml"), "Subject: secret\r\n\r\nsecret").unwrap();
    std::fs::write(scene.mail_dir.join("half.tmp"), "Subject: half").unwrap();
    for id in ["..%2fsecret", "..%2f..%2fsecret", "%2e%2e%2fsecret", "nothing", "%2e%2e", "half", "half.tmp", "a%00b"] {
        for rest in ["", "/html"] {
            let answer = scene.client.get(&format!("/internal/notify/mails/{id}{rest}")).await;
            assert_eq!(answer.status.as_u16(), 404, "{id}{rest}");
        }
    }
}

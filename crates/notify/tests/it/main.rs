//! From message to mail, on a real Postgres and real files.

use std::{path::PathBuf, sync::Arc};

use chrono::TimeDelta;
use contracts::{
    Category, EventId, JoinId, UserId,
    auth::{Locale, MailedToken, UserChanged, VerificationRequested},
    events::{EventCancelled, EventChanged, EventPublished, EventSnapshot, EventStatus, TimeAndPlace, Venue},
    joins::{EndReason, JoinConfirmed, JoinEnded, JoinWaitlisted, Places},
};
use platform::{Clock, bus::Consumer, config::SecretRef, role::Job};
use sqlx::PgPool;
use testkit::{Client, People, TestDb, eventually, noon};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};
use tokio_util::sync::CancellationToken;

struct Scene {
    db: TestDb,
    clock: Clock,
    client: Client,
    consumer: Consumer,
    pool: PgPool,
    mail_dir: PathBuf,
    stop: CancellationToken,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.stop.cancel();
        let _ = std::fs::remove_dir_all(self.mail_dir.parent().unwrap());
    }
}

async fn scene(smtp: Option<String>) -> Scene {
    let db = TestDb::new(&[notify::SCHEMA]).await;
    let clock = Clock::fixed(noon());
    let mut context = db.context("notify", &People::new(clock.clone()), &clock);
    let mut config = (*context.config).clone();
    let unique = EventId::new(Clock::system().now());
    config.data_dir = std::env::temp_dir().join(format!("cityevents-notify-{unique}"));
    config.smtp.url = smtp.map(SecretRef::plain);
    let mail_dir = config.data_dir.join("mail");
    std::fs::create_dir_all(&mail_dir).unwrap();
    context.config = Arc::new(config);
    let running = notify::role(context);
    let stop = CancellationToken::new();
    for job in running.jobs {
        tokio::spawn(Job::run(job, running.pool.clone(), stop.clone()));
    }
    let mut consumers = running.consumers;
    Scene {
        client: Client::new(running.router),
        consumer: consumers.remove(0),
        pool: running.pool,
        db,
        clock,
        mail_dir,
        stop,
    }
}

impl Scene {
    async fn person(&self, name: &str, locale: Locale) -> UserId {
        let user_id = UserId::new(noon());
        let email = format!("{name}@example.org");
        let payload = UserChanged { user_id, email, display_name: name.to_owned(), locale, email_verified: true };
        self.db.deliver(&self.consumer, &payload).await;
        user_id
    }

    async fn publish(&self, event: &EventSnapshot) {
        self.db.deliver(&self.consumer, &EventPublished { event: event.clone() }).await;
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(&self.mail_dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.retain(|path| path.extension().is_some_and(|it| it == "eml"));
        names.sort();
        names.iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    }

    /// The mails that have been written, once there are `count`, as the mailbox shows them.
    async fn mails(&self, count: usize) -> Vec<serde_json::Value> {
        let files = eventually("the mails", async || (self.files().len() >= count).then(|| self.files())).await;
        assert_eq!(files.len(), count);
        let mut mails = Vec::new();
        for id in files {
            mails.push(self.client.get(&format!("/internal/notify/mails/{id}")).await.expect(200).json);
        }
        mails
    }

    async fn statuses(&self) -> Vec<(String, i32)> {
        sqlx::query_as("SELECT status, attempts FROM mails ORDER BY created_at, id")
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }
}

fn event() -> EventSnapshot {
    EventSnapshot {
        id: EventId::new(noon()),
        version: 3,
        organiser_id: UserId::new(noon()),
        organiser_name: "Kiezverein".to_owned(),
        status: EventStatus::Published,
        title: "Lanterns & <script>alert(1)</script>".to_owned(),
        slug: "lanterns".to_owned(),
        summary: "We walk, with lanterns; slowly.".to_owned(),
        description: String::new(),
        category: Category::Community,
        language: "en".to_owned(),
        city: "Berlin".to_owned(),
        venue: Venue {
            name: "Canal bridge".to_owned(),
            address: Some("Uferweg 1".to_owned()),
            lat: Some(52.5),
            lon: Some(13.4),
        },
        starts_at: "2027-06-12T16:00:00Z".parse().unwrap(),
        ends_at: "2027-06-12T18:00:00Z".parse().unwrap(),
        starts_at_local: "2027-06-12T18:00:00".parse().unwrap(),
        ends_at_local: "2027-06-12T20:00:00".parse().unwrap(),
        timezone: "Europe/Berlin".to_owned(),
        all_day: false,
        capacity: Some(1),
        price: None,
        is_free: Some(true),
        external_url: None,
        source: None,
    }
}

const PLACES: Places = Places { capacity: Some(1), confirmed: 1, waitlisted: 0 };

fn confirmed(event_id: EventId, user_id: UserId, promoted: bool) -> JoinConfirmed {
    let join_id = JoinId::new(noon());
    JoinConfirmed { join_id, event_id, user_id, party_size: 1, promoted, decided_at: noon(), places: PLACES }
}

#[tokio::test]
async fn a_verification_is_mailed_in_the_persons_language_and_forgotten() {
    let scene = scene(None).await;
    for (name, locale) in [("ada", Locale::En), ("jörg", Locale::De)] {
        let payload = VerificationRequested {
            user_id: UserId::new(noon()),
            email: format!("{}@example.org", name.replace('ö', "oe")),
            display_name: name.to_owned(),
            locale,
            token: MailedToken("secret-token".to_owned()),
            expires_at: noon(),
        };
        scene.db.deliver(&scene.consumer, &payload).await;
    }
    let mails = scene.mails(2).await;
    let by = |to: &str| mails.iter().find(|mail| mail["to"] == to).unwrap();
    let ada = by("ada@example.org");
    assert_eq!(ada["subject"], "Confirm your address");
    assert!(ada["text"].as_str().unwrap().contains("http://localhost:8080/verify-email?token=secret-token"));
    assert!(
        ada["html"].as_str().unwrap().contains("href=\"http:&#x2f;&#x2f;localhost")
            || ada["html"].as_str().unwrap().contains("verify-email?token=secret-token")
    );
    assert_eq!(by("joerg@example.org")["subject"], "Bestätige deine Adresse");
    assert!(by("joerg@example.org")["text"].as_str().unwrap().starts_with("Hallo jörg,"));
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM mails WHERE data::text LIKE '%secret-token%'")
        .fetch_one(&scene.pool)
        .await
        .unwrap();
    assert_eq!(left, 0, "the token is forgotten once it is out");
}

#[tokio::test]
async fn a_place_comes_with_a_calendar_entry() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    scene.db.deliver(&scene.consumer, &confirmed(event.id, ada, false)).await;
    let mail = scene.mails(1).await.remove(0);
    assert_eq!(mail["subject"], format!("You're in: {}", event.title));
    let html = mail["html"].as_str().unwrap();
    assert!(!html.contains("<script>"), "titles are escaped in HTML");
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("Saturday, 12 June 2027, 18:00–20:00 (Europe/Berlin)"), "{text}");
    assert!(text.contains("Canal bridge, Uferweg 1, Berlin"), "{text}");
    let ics = mail["attachments"].as_array().unwrap().iter().find(|it| it["name"] == "event.ics").unwrap()["text"]
        .as_str()
        .unwrap();
    let ics = ics.replace("\r\n ", "");
    for line in [
        "METHOD:PUBLISH".to_owned(),
        format!("UID:{}@cityevents", event.id),
        "SEQUENCE:3".to_owned(),
        "DTSTART;TZID=Europe/Berlin:20270612T180000".to_owned(),
        "DTEND;TZID=Europe/Berlin:20270612T200000".to_owned(),
        "TZID:Europe/Berlin".to_owned(),
        "DTSTART:20270328T020000".to_owned(),
        "STATUS:CONFIRMED".to_owned(),
        "LOCATION:Canal bridge\\, Uferweg 1\\, Berlin".to_owned(),
    ] {
        assert!(ics.contains(&line), "{line} is missing in {ics}");
    }
}

#[tokio::test]
async fn the_line_promotion_change_and_cancellation_are_told() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    let waitlisted = JoinWaitlisted {
        join_id: JoinId::new(noon()),
        event_id: event.id,
        user_id: ada,
        party_size: 1,
        position: 4,
        decided_at: noon(),
        places: PLACES,
    };
    scene.db.deliver(&scene.consumer, &waitlisted).await;
    let first = scene.mails(1).await.remove(0);
    assert!(first["text"].as_str().unwrap().contains("number 4 in the line"));
    assert_eq!(first["attachments"], serde_json::json!([]));

    scene.clock.advance(TimeDelta::seconds(1));
    scene.db.deliver(&scene.consumer, &confirmed(event.id, ada, true)).await;
    assert!(scene.mails(2).await[1]["text"].as_str().unwrap().contains("a place came free"));

    scene.clock.advance(TimeDelta::seconds(1));
    let mut moved = event.clone();
    moved.version = 4;
    moved.starts_at_local = "2027-06-12T19:00:00".parse().unwrap();
    let before = TimeAndPlace {
        starts_at_local: event.starts_at_local,
        ends_at_local: event.ends_at_local,
        timezone: event.timezone.clone(),
        venue: event.venue.clone(),
    };
    let changed = EventChanged { event: moved.clone(), before: Some(before), overbooking_accepted: false };
    scene.db.deliver(&scene.consumer, &changed).await;
    let mails = scene.mails(3).await;
    let text = mails[2]["text"].as_str().unwrap();
    assert!(text.contains("18:00–20:00") && text.contains("19:00–20:00"), "{text}");
    assert!(mails[2]["attachments"].to_string().contains("SEQUENCE:4"));

    scene.clock.advance(TimeDelta::seconds(1));
    moved.version = 5;
    moved.status = EventStatus::Cancelled;
    scene.db.deliver(&scene.consumer, &EventCancelled { event: moved, reason: Some("Storm".to_owned()) }).await;
    let ended = JoinEnded {
        join_id: JoinId::new(noon()),
        event_id: event.id,
        user_id: ada,
        was_confirmed: true,
        reason: EndReason::EventCancelled,
        decided_at: noon(),
        places: PLACES,
    };
    scene.db.deliver(&scene.consumer, &ended).await;
    let mails = scene.mails(4).await;
    assert!(mails[3]["text"].as_str().unwrap().contains("The organiser writes: Storm"));
    assert!(mails[3]["attachments"].to_string().contains("METHOD:CANCEL"));
    // Whoever is out hears of nothing more.
    let attendances: i64 = sqlx::query_scalar("SELECT count(*) FROM attendances").fetch_one(&scene.pool).await.unwrap();
    assert_eq!(attendances, 0);
}

#[tokio::test]
async fn a_place_waits_until_event_and_person_are_known() {
    let scene = scene(None).await;
    let event = event();
    let ada = UserId::new(noon());
    scene.db.deliver(&scene.consumer, &confirmed(event.id, ada, false)).await;
    assert_eq!(scene.statuses().await, []);
    scene.publish(&event).await;
    let payload = UserChanged {
        user_id: ada,
        email: "ada@example.org".to_owned(),
        display_name: "Ada".to_owned(),
        locale: Locale::En,
        email_verified: true,
    };
    scene.db.deliver(&scene.consumer, &payload).await;
    sqlx::query("UPDATE bus.deliveries SET available_at = now()").execute(&scene.pool).await.unwrap();
    scene.db.settle(&scene.consumer).await;
    assert_eq!(scene.mails(1).await[0]["to"], "ada@example.org");
}

#[tokio::test]
async fn a_crash_between_sending_and_marking_leaves_one_mail() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    scene.db.deliver(&scene.consumer, &confirmed(event.id, ada, false)).await;
    scene.mails(1).await;
    sqlx::query("UPDATE mails SET status = 'queued', sent_at = NULL").execute(&scene.pool).await.unwrap();
    eventually("the mail to be sent again", async || {
        (scene.statuses().await == [("sent".to_owned(), 2)]).then_some(())
    })
    .await;
    assert_eq!(scene.mails(1).await.len(), 1);
}

#[tokio::test]
async fn the_mailbox_shows_files_and_nothing_else() {
    let scene = scene(None).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    scene.db.deliver(&scene.consumer, &confirmed(event.id, ada, false)).await;
    scene.mails(1).await;
    let list = scene.client.get("/internal/notify/mails?limit=10").await.expect(200);
    assert_eq!(list.json["items"][0]["to"], "ada@example.org");
    let id = list.json["items"][0]["id"].as_str().unwrap();
    let html = scene.client.get(&format!("/internal/notify/mails/{id}/html")).await.expect(200);
    assert!(html.headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    for id in ["..%2f..%2fsecret", "nothing", "%2e%2e"] {
        let _ = scene.client.get(&format!("/internal/notify/mails/{id}")).await.expect(404);
    }
}

#[tokio::test]
async fn the_calendar_of_a_public_event_can_be_had() {
    let scene = scene(None).await;
    let event = event();
    scene.publish(&event).await;
    let answer = scene.client.get(&format!("/api/v1/events/{}/calendar.ics", event.id)).await.expect(200);
    assert!(String::from_utf8(answer.body).unwrap().contains(&format!("UID:{}@cityevents", event.id)));
    let draft = EventSnapshot { version: 4, status: EventStatus::Draft, ..event.clone() };
    let unpublished = contracts::events::EventUnpublished { event: draft };
    scene.db.deliver(&scene.consumer, &unpublished).await;
    let _ = scene.client.get(&format!("/api/v1/events/{}/calendar.ics", event.id)).await.expect(404);
}

/// An SMTP server that refuses the first recipients, and then takes everything.
async fn smtp_server(refusals: usize) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut left = refusals;
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 test\r\n").await.unwrap();
            let mut data: Option<String> = None;
            while let Ok(Some(line)) = lines.next_line().await {
                let answer = match &mut data {
                    Some(text) if line == "." => {
                        let _ = sender.send(std::mem::take(text));
                        data = None;
                        "250 taken\r\n"
                    }
                    Some(text) => {
                        text.push_str(&line);
                        text.push('\n');
                        continue;
                    }
                    None if line.starts_with("RCPT") && left > 0 => {
                        left -= 1;
                        "451 later\r\n"
                    }
                    None if line == "DATA" => {
                        data = Some(String::new());
                        "354 go on\r\n"
                    }
                    None if line.starts_with("QUIT") => "221 bye\r\n",
                    None => "250 ok\r\n",
                };
                if write.write_all(answer.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    (url, receiver)
}

#[tokio::test]
async fn a_server_that_refuses_for_now_gets_it_later() {
    let (url, mut received) = smtp_server(1).await;
    let scene = scene(Some(url)).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    scene.db.deliver(&scene.consumer, &confirmed(event.id, ada, false)).await;
    eventually("the refusal", async || (scene.statuses().await == [("queued".to_owned(), 1)]).then_some(())).await;
    scene.clock.advance(TimeDelta::minutes(1));
    let mail = tokio::time::timeout(std::time::Duration::from_secs(10), received.recv()).await.unwrap().unwrap();
    assert!(mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    assert!(mail.contains("To: ada <ada@example.org>") || mail.contains("ada@example.org"), "{mail}");
    eventually("the mark", async || (scene.statuses().await == [("sent".to_owned(), 2)]).then_some(())).await;
}

#[tokio::test]
async fn what_is_refused_again_and_again_waits_for_an_operator() {
    let (url, _received) = smtp_server(usize::MAX).await;
    let scene = scene(Some(url)).await;
    let (event, ada) = (event(), scene.person("ada", Locale::En).await);
    scene.publish(&event).await;
    scene.db.deliver(&scene.consumer, &confirmed(event.id, ada, false)).await;
    sqlx::query("UPDATE mails SET attempts = 11").execute(&scene.pool).await.unwrap();
    eventually("the end", async || (!notify::failed_mails(&scene.pool, 10).await.unwrap().is_empty()).then_some(()))
        .await;
    assert!(notify::failed_mails(&scene.pool, 10).await.unwrap()[0].to_string().contains("12 attempts"));
    assert_eq!(notify::retry_failed(&scene.pool).await.unwrap(), 1);
}

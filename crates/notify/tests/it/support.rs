//! A notify role on a database of its own, and servers to send mails to.

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::TimeDelta;
use contracts::{
    EventId, JoinId, Payload, UserId,
    auth::{Locale, UserChanged},
    events::{EventCancelled, EventChanged, EventPublished, EventSnapshot, EventStatus, TimeAndPlace},
    joins::{EndReason, JoinConfirmed, JoinEnded, JoinOffered, JoinRequested, JoinWaitlisted, Places},
    registration::{Access, Registration},
};
use platform::{
    Clock,
    bus::Consumer,
    config::SecretRef,
    role::{Job, Running, Rush},
};
use sqlx::PgPool;
use testkit::{Client, People, TestDb, eventually, noon};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};
use tokio_util::sync::CancellationToken;

pub struct Scene {
    pub db: TestDb,
    pub clock: Clock,
    pub client: Client,
    pub consumer: Consumer,
    pub pool: PgPool,
    pub mail_dir: PathBuf,
    smtp: Option<String>,
    pub rush: Rush,
    stop: CancellationToken,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.stop.cancel();
        let _ = std::fs::remove_dir_all(self.mail_dir.parent().unwrap());
    }
}

/// A role that sends what it queues: to files, or to the server.
pub async fn scene(smtp: Option<String>) -> Scene {
    let scene = silent_scene(smtp).await;
    scene.send();
    scene
}

/// A role that only queues.
pub async fn silent_scene(smtp: Option<String>) -> Scene {
    let db = TestDb::new(&[notify::SCHEMA]).await;
    let clock = Clock::fixed(noon());
    let unique = EventId::new(Clock::system().now());
    let mail_dir = std::env::temp_dir().join(format!("cityevents-notify-{unique}")).join("mail");
    let rush = Rush::default();
    let running = role(&db, &clock, &mail_dir, smtp.as_ref(), &rush);
    let mut consumers = running.consumers;
    let (client, consumer, pool) = (Client::new(running.router), consumers.remove(0), running.pool);
    Scene { client, consumer, pool, db, clock, mail_dir, smtp, rush, stop: CancellationToken::new() }
}

fn role(db: &TestDb, clock: &Clock, mail_dir: &std::path::Path, smtp: Option<&String>, rush: &Rush) -> Running {
    let mut context = db.context("notify", &People::new(clock.clone()), clock);
    let mut config = (*context.config).clone();
    mail_dir.parent().unwrap().clone_into(&mut config.data_dir);
    config.smtp.url = smtp.map(SecretRef::plain);
    context.config = Arc::new(config);
    context.rush = rush.clone();
    notify::role(context)
}

impl Scene {
    /// Starts a sender, as one more process would.
    pub fn send(&self) {
        let running = role(&self.db, &self.clock, &self.mail_dir, self.smtp.as_ref(), &self.rush);
        for job in running.jobs.into_iter().filter(|job| job.name() == "send") {
            tokio::spawn(Job::run(job, running.pool.clone(), self.stop.clone()));
        }
    }

    /// Does a job's work once.
    pub async fn job(&self, name: &str) {
        let running = role(&self.db, &self.clock, &self.mail_dir, self.smtp.as_ref(), &self.rush);
        let job = running.jobs.into_iter().find(|job| job.name() == name).unwrap();
        job.once(&self.pool).await.unwrap();
    }

    pub async fn deliver<P: Payload>(&self, payload: &P) {
        self.db.deliver(&self.consumer, payload).await;
    }

    /// What waited for something that is there now.
    pub async fn deliver_what_waits(&self) {
        self.sql("UPDATE bus.deliveries SET available_at = now()").await;
        self.db.settle(&self.consumer).await;
    }

    pub async fn person(&self, name: &str, locale: Locale) -> UserId {
        let user_id = UserId::new(noon());
        self.deliver(&user(user_id, name, locale)).await;
        user_id
    }

    pub async fn publish(&self, event: &EventSnapshot) {
        self.deliver(&EventPublished { event: event.clone() }).await;
    }

    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.mail_dir).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        names.retain(|path| path.extension().is_some_and(|it| it == "eml"));
        names.sort();
        names.iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    }

    /// The mails that have been written, once there are `count` and none waits, as the mailbox shows them.
    pub async fn mails(&self, count: usize) -> Vec<serde_json::Value> {
        eventually("the mails", async || {
            (self.files().len() >= count && self.count("queued").await == 0).then_some(())
        })
        .await;
        let files = self.files();
        assert_eq!(files.len(), count);
        let mut mails = Vec::new();
        for id in files {
            let mut mail = self.client.get(&format!("/internal/notify/mails/{id}")).await.expect(200).json;
            for body in ["text", "html"] {
                mail[body] = mail[body].as_str().unwrap().replace("\r\n", "\n").into();
            }
            mails.push(mail);
        }
        mails
    }

    /// The one mail whose subject begins like this, once there are `count` mails.
    pub async fn mail(&self, count: usize, subject: &str) -> serde_json::Value {
        let mut mails = self.mails(count).await;
        let subjects: Vec<_> = mails.iter().map(|mail| mail["subject"].to_string()).collect();
        mails.retain(|mail| mail["subject"].as_str().unwrap().starts_with(subject));
        assert_eq!(mails.len(), 1, "{subject} among {subjects:?}");
        mails.remove(0)
    }

    /// What was queued, by kind and recipient's name, in this order.
    pub async fn queue(&self) -> Vec<(String, String)> {
        sqlx::query_as("SELECT kind, to_name FROM mails ORDER BY kind, to_name").fetch_all(&self.pool).await.unwrap()
    }

    pub async fn standing(&self, event: EventId, user: UserId) -> String {
        sqlx::query_scalar("SELECT status FROM attendances WHERE event_id = $1 AND user_id = $2")
            .bind(event)
            .bind(user)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    pub async fn count(&self, status: &str) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM mails WHERE status = $1")
            .bind(status)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// Status and tries of each mail, oldest first.
    pub async fn statuses(&self) -> Vec<(String, i32)> {
        sqlx::query_as("SELECT status, attempts FROM mails ORDER BY created_at, id")
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    /// Waits until the only mail is where it should be.
    pub async fn until(&self, status: &str, attempts: i32) {
        eventually(status, async || (self.statuses().await == [(status.to_owned(), attempts)]).then_some(())).await;
    }

    pub async fn sql(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.pool).await.unwrap();
    }

    pub async fn number(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.pool).await.unwrap()
    }
}

pub fn user(user_id: UserId, name: &str, locale: Locale) -> UserChanged {
    let email = format!("{name}@example.org");
    UserChanged { user_id, email, display_name: name.to_owned(), locale, email_verified: true }
}

/// The text of a mail.
pub fn text(mail: &serde_json::Value) -> &str {
    mail["text"].as_str().unwrap()
}

/// The entry that is attached to a mail, without line breaks within properties.
pub fn entry(mail: &serde_json::Value) -> Option<String> {
    let attached = mail["attachments"].as_array().unwrap().iter().find(|it| it["name"] == "event.ics")?;
    Some(attached["text"].as_str().unwrap().replace("\r\n ", ""))
}

/// An event whose organiser approves who comes.
pub fn by_approval() -> EventSnapshot {
    let registration = Registration { access: Access::Approval, ..Registration::default() };
    EventSnapshot { registration, ..event() }
}

pub fn event() -> EventSnapshot {
    EventSnapshot {
        version: 3,
        title: "Lanterns & <script>alert(1)</script>".to_owned(),
        capacity: Some(1),
        ..testkit::snapshot()
    }
}

const PLACES: Places = Places { capacity: Some(1), confirmed: 1, waitlisted: 0, held: 0 };

pub fn confirmed(event_id: EventId, user_id: UserId) -> JoinConfirmed {
    let join_id = JoinId::new(noon());
    JoinConfirmed {
        join_id,
        event_id,
        user_id,
        party_size: 1,
        promoted: false,
        decided_at: noon(),
        places: PLACES,
        ticket: None,
        answers_due: None,
    }
}

pub fn waitlisted(event_id: EventId, user_id: UserId, position: i32) -> JoinWaitlisted {
    let join_id = JoinId::new(noon());
    JoinWaitlisted { join_id, event_id, user_id, party_size: 1, position, decided_at: noon(), places: PLACES }
}

pub fn requested(event_id: EventId, user_id: UserId) -> JoinRequested {
    JoinRequested { join_id: JoinId::new(noon()), event_id, user_id, party_size: 1, decided_at: noon() }
}

/// Until twenty to seven in the evening in Berlin.
pub fn offered(event_id: EventId, user_id: UserId) -> JoinOffered {
    let offered_until = noon() + TimeDelta::minutes(280);
    JoinOffered {
        join_id: JoinId::new(noon()),
        event_id,
        user_id,
        party_size: 1,
        offered_until,
        decided_at: noon(),
        places: PLACES,
    }
}

/// The same join, come up from the line.
pub fn promoted(it: &JoinWaitlisted) -> JoinConfirmed {
    let JoinWaitlisted { join_id, event_id, user_id, party_size, decided_at, places, .. } = *it;
    JoinConfirmed {
        join_id,
        event_id,
        user_id,
        party_size,
        promoted: true,
        decided_at,
        places,
        ticket: None,
        answers_due: None,
    }
}

pub fn ended(it: &JoinConfirmed, reason: EndReason) -> JoinEnded {
    let JoinConfirmed { join_id, event_id, user_id, decided_at, places, .. } = *it;
    JoinEnded { join_id, event_id, user_id, was_confirmed: true, reason, decided_at, places, words: None }
}

/// The event starts an hour later.
pub fn moved(event: &EventSnapshot) -> EventChanged {
    let before = TimeAndPlace {
        starts_at_local: event.starts_at_local,
        ends_at_local: event.ends_at_local,
        timezone: event.timezone.clone(),
        venue: event.venue.clone(),
    };
    let hour = TimeDelta::hours(1);
    let event = EventSnapshot {
        version: event.version + 1,
        starts_at: event.starts_at + hour,
        starts_at_local: event.starts_at_local + hour,
        ..event.clone()
    };
    EventChanged { event, before: Some(before), overbooking_accepted: false }
}

pub fn cancelled(event: &EventSnapshot, reason: &str) -> EventCancelled {
    let event = EventSnapshot { version: event.version + 1, status: EventStatus::Cancelled, ..event.clone() };
    EventCancelled { event, reason: Some(reason.to_owned()) }
}

/// An SMTP server that gives the first recipients the given answers, and then takes everything.
pub async fn smtp_server(answers: &[&'static str]) -> (String, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    (url, serve_smtp(listener, answers))
}

/// The mails that it takes come out of the channel.
pub fn serve_smtp(listener: TcpListener, answers: &[&'static str]) -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    let answers = Arc::new(std::sync::Mutex::new(answers.to_vec()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (sender, answers) = (sender.clone(), answers.clone());
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                let mut data: Option<String> = None;
                let mut answer = "220 test";
                loop {
                    if !answer.is_empty() && write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                        return;
                    }
                    let Ok(Some(line)) = lines.next_line().await else { return };
                    answer = match &mut data {
                        Some(text) if line == "." => {
                            let _ = sender.send(std::mem::take(text));
                            data = None;
                            "250 taken"
                        }
                        Some(text) => {
                            text.push_str(&line);
                            text.push('\n');
                            ""
                        }
                        None if line.starts_with("RCPT") => {
                            let mut left = answers.lock().unwrap();
                            if left.is_empty() { "250 ok" } else { left.remove(0) }
                        }
                        None if line == "DATA" => {
                            data = Some(String::new());
                            "354 go on"
                        }
                        None if line.starts_with("QUIT") => "221 bye",
                        None => "250 ok",
                    };
                }
            });
        }
    });
    receiver
}

/// The next mail that a server takes.
pub async fn next(received: &mut UnboundedReceiver<String>) -> String {
    tokio::time::timeout(Duration::from_secs(20), received.recv()).await.expect("a mail in time").unwrap()
}

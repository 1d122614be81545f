//! Gets queued mails out.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures::future::join_all;
use lettre::{message::Mailbox, transport::smtp};
use platform::{
    Clock,
    config::Config,
    random,
    role::Context,
    trace::{Span, TraceContext},
};
use sqlx::PgPool;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use uuid::Uuid;

use crate::{
    domain::{self, Unreadable},
    message, metrics,
    render::{self, Letterhead},
    store::{self, QueuedMail},
    transport::Transport,
};

/// Mails under way at a time.
const CONCURRENT: u16 = 8;
/// The longest that one may take. Their rows are locked meanwhile, and Postgres ends a transaction that idles for half a minute.
const DEADLINE: Duration = Duration::from_secs(15);
/// A turn begins no new mails after this, for the same reason: it runs within the job's own transaction.
const TURN: Duration = Duration::from_secs(10);
/// While nothing gets out at all, whatever the mail: first pause, and longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// Sends. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    pool: PgPool,
    clock: Clock,
    config: Arc<Config>,
    mail_dir: Arc<Path>,
    links: Arc<str>,
    door: Arc<OnceLock<Door>>,
    pause: Arc<Mutex<Pause>>,
}

/// What is needed to send anything.
struct Door {
    transport: Transport,
    from: Mailbox,
    head: Letterhead,
}

/// Until when nothing is tried, since nothing gets out.
#[derive(Default)]
struct Pause {
    until: Option<Instant>,
    length: Duration,
}

/// Why a mail did not go out.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("the template is broken: {0}")]
    Template(#[from] minijinja::Error),
    #[error("the address cannot be used: {0}")]
    Address(#[from] lettre::address::AddressError),
    #[error("the message cannot be built: {0}")]
    Message(#[from] lettre::error::Error),
    #[error("the calendar entry cannot be attached: {0}")]
    ContentType(#[from] lettre::message::header::ContentTypeErr),
    #[error("the file cannot be written: {0}")]
    File(#[from] std::io::Error),
    #[error("the server refused or was away: {0}")]
    Smtp(#[from] smtp::Error),
    #[error("no answer in time")]
    TimedOut,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remedy {
    /// Only an operator can help: the address does not exist, the template is broken.
    Operator,
    /// This mail, later.
    Later,
    /// Nothing gets out: the server is away or does not accept us, the disk is full.
    Pause,
}

impl SendError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::Template(_) | Self::Address(_) | Self::Message(_) | Self::ContentType(_) => Remedy::Operator,
            // A newer version of the program can.
            Self::Unreadable(_) => Remedy::Later,
            Self::File(_) | Self::TimedOut => Remedy::Pause,
            Self::Smtp(error) => match error.status().map(u16::from) {
                // Closing down, or about who we are (RFC 5321 and 4954): says nothing about the mail.
                Some(421 | 454 | 521 | 530 | 534 | 535 | 538) | None => Remedy::Pause,
                Some(500..) => Remedy::Operator,
                Some(_) => Remedy::Later,
            },
        }
    }

    /// For logs. What servers say often repeats the recipient's address; the whole text is in the mail's row.
    fn label(&self) -> String {
        match self {
            Self::Smtp(error) => match error.status() {
                Some(code) => format!("the server answered {code}"),
                None => format!(
                    "no connection to the server{}",
                    if error.is_timeout() { ": no answer in time" } else { "" }
                ),
            },
            Self::File(error) => format!("the file cannot be written: {error}"),
            Self::TimedOut => "no answer in time".to_owned(),
            Self::Template(_) => "the template is broken".to_owned(),
            Self::Address(_) => "the address cannot be used".to_owned(),
            Self::Message(_) | Self::ContentType(_) => "the message cannot be built".to_owned(),
            Self::Unreadable(_) => "another version of the program wrote it".to_owned(),
        }
    }
}

enum Outcome {
    Sent,
    Dropped(&'static str),
    Failed(SendError),
}

enum Batch {
    /// Nothing was due.
    Empty,
    Done,
    /// Not one of them got out, for reasons that concern them all.
    Stuck,
}

impl Sender {
    pub fn new(context: &Context, mail_dir: Arc<Path>, links: Arc<str>) -> Self {
        Self {
            pool: context.pool.clone(),
            clock: context.clock.clone(),
            config: context.config.clone(),
            mail_dir,
            links,
            door: Arc::default(),
            pause: Arc::default(),
        }
    }

    /// Sends what is due, for a while; the rest is for the next turn.
    pub async fn drain(&self) -> Result<(), sqlx::Error> {
        let mut pause = self.pause.lock().await;
        if pause.until.is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        let door = match self.door() {
            Ok(door) => door,
            Err(reason) => {
                pause.lengthen();
                tracing::error!(reason, "mails wait: the settings do not allow to send any");
                return Ok(());
            }
        };
        let end = Instant::now() + TURN;
        while Instant::now() < end {
            match self.batch(door).await? {
                Batch::Empty => break,
                Batch::Done => *pause = Pause::default(),
                Batch::Stuck => {
                    pause.lengthen();
                    tracing::warn!(seconds = pause.length.as_secs(), "mails wait: nothing gets out");
                    break;
                }
            }
        }
        Ok(())
    }

    /// Opened when first needed, and tried again until it can be: a secret may come later than the program.
    fn door(&self) -> Result<&Door, String> {
        if let Some(door) = self.door.get() {
            return Ok(door);
        }
        let from: Mailbox = self.config.mail.from.parse().map_err(|_| "mail.from is no address".to_owned())?;
        let head = Letterhead { links: self.links.to_string(), sender: from.email.to_string() };
        let transport = Transport::open(&self.config, &self.mail_dir, CONCURRENT.into())?;
        Ok(self.door.get_or_init(|| Door { transport, from, head }))
    }

    /// A few at a time, each marked in the transaction that holds its row: another process never sends the same one. A crash after
    /// sending and before marking sends it again, under the same id.
    async fn batch(&self, door: &Door) -> Result<Batch, sqlx::Error> {
        let now = self.clock.now();
        let mut tx = self.pool.begin().await?;
        let mails = store::due(&mut tx, now, CONCURRENT.into()).await?;
        if mails.is_empty() {
            tx.rollback().await?;
            return Ok(Batch::Empty);
        }
        let outcomes = join_all(mails.iter().map(|mail| self.try_to_send(door, mail))).await;
        let mut stuck = true;
        for (mail, outcome) in mails.iter().zip(outcomes) {
            if matches!(outcome, Outcome::Sent) && mail.attempts == 0 {
                metrics::sent(mail.next_attempt_at, now);
            }
            stuck &= matches!(&outcome, Outcome::Failed(error) if error.remedy() == Remedy::Pause);
            match outcome {
                Outcome::Sent => store::sent(&mut tx, mail.id, now).await?,
                Outcome::Dropped(reason) => {
                    tracing::info!(mail.id = %mail.id, mail.kind = mail.kind, reason, "mail dropped");
                    store::dropped(&mut tx, mail.id, reason).await?;
                }
                Outcome::Failed(error) => {
                    let next = match error.remedy() {
                        Remedy::Operator => None,
                        Remedy::Later | Remedy::Pause => domain::next_attempt(mail.attempts + 1, now, random::jitter()),
                    };
                    log(mail.id, &mail.kind, &error, next.is_none());
                    store::not_sent(&mut tx, mail.id, &error.to_string(), next).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(if stuck { Batch::Stuck } else { Batch::Done })
    }

    async fn try_to_send(&self, door: &Door, mail: &QueuedMail) -> Outcome {
        let cause = mail.traceparent.as_deref().and_then(TraceContext::parse);
        let (started, mut span) = (Instant::now(), Span::client_for("send mail", cause));
        span.set("cityevents.mail.kind", mail.kind.clone());
        let outcome = span.context().scope(self.send(door, mail)).await;
        let word = match &outcome {
            Outcome::Sent => "sent",
            Outcome::Dropped(_) => "dropped",
            Outcome::Failed(error) => {
                span.fail(error.label());
                if error.remedy() == Remedy::Operator { "failed" } else { "retried" }
            }
        };
        metrics::tried(&mail.kind, word, started.elapsed());
        outcome
    }

    async fn send(&self, door: &Door, mail: &QueuedMail) -> Outcome {
        let letter = match mail.read() {
            Ok(letter) => letter,
            Err(error) => return Outcome::Failed(error.into()),
        };
        if let Some(reason) = letter.overtaken(mail.attempts, mail.fate(), self.clock.now()) {
            return Outcome::Dropped(reason);
        }
        let sending = async {
            let rendered = render::render(&letter, &door.head)?;
            door.transport.send(mail, message::build(mail, rendered, &door.from)?).await
        };
        match timeout(DEADLINE, sending).await {
            Ok(Ok(())) => Outcome::Sent,
            Ok(Err(error)) => Outcome::Failed(error),
            Err(_) => Outcome::Failed(SendError::TimedOut),
        }
    }
}

impl Pause {
    fn lengthen(&mut self) {
        self.length = (self.length * 2).clamp(PAUSES.0, PAUSES.1);
        self.until = Some(Instant::now() + self.length);
    }
}

fn log(id: Uuid, kind: &str, error: &SendError, gives_up: bool) {
    let label = error.label();
    if gives_up {
        tracing::error!(mail.id = %id, mail.kind = kind, error = label, "mail failed; `cityevents admin mails` shows and retries it");
    } else {
        tracing::warn!(mail.id = %id, mail.kind = kind, error = label, "mail not sent; will be tried again");
    }
}

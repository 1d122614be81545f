//! Gets queued mails out: to files, or to an SMTP server.

use std::{path::Path, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Attachment, Mailbox, MultiPart, SinglePart, header::ContentType},
};
use platform::{Clock, random, role::Context};
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use tokio::time::timeout;

use crate::{
    render::{self, Rendered},
    store::{self, QueuedMail},
};

/// Mails under way at a time.
const CONCURRENT: i64 = 8;
/// The longest that one may take.
const DEADLINE: Duration = Duration::from_secs(15);
/// After so many tries (about a day) a mail counts as failed, and waits for an operator.
const MAX_ATTEMPTS: i32 = 12;

/// Sends. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    pool: PgPool,
    clock: Clock,
    from: String,
    links: Arc<str>,
    transport: Arc<Transport>,
}

enum Transport {
    Files(Arc<Path>),
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    /// The URL cannot be used; mails wait until it is mended.
    Broken(String),
}

/// Why a mail did not go out.
#[derive(Debug, thiserror::Error)]
enum SendError {
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
    Smtp(#[from] lettre::transport::smtp::Error),
    #[error("no answer in time")]
    TimedOut,
    #[error("{0}")]
    Broken(String),
}

impl Sender {
    pub fn new(context: &Context, mail_dir: Arc<Path>, links: Arc<str>) -> Self {
        let config = &context.config;
        let transport = match &config.smtp.url {
            None => Transport::Files(mail_dir),
            Some(reference) => match reference.resolve().map_err(|error| error.to_string()).and_then(|url| {
                let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret());
                builder.map(|it| it.timeout(Some(DEADLINE)).build()).map_err(|_| "smtp.url is no SMTP URL".to_owned())
            }) {
                Ok(smtp) => Transport::Smtp(Box::new(smtp)),
                Err(reason) => {
                    tracing::error!(reason, "mails wait: SMTP is not usable");
                    Transport::Broken(reason)
                }
            },
        };
        Self {
            pool: context.pool.clone(),
            clock: context.clock.clone(),
            from: config.mail.from.clone(),
            links,
            transport: Arc::new(transport),
        }
    }

    /// Sends everything that is due.
    pub async fn drain(&self) -> Result<(), sqlx::Error> {
        while self.batch().await? {}
        Ok(())
    }

    /// A few at a time, each marked in the transaction that holds its row: another process never sends the same one. A crash after
    /// sending and before marking sends it again, under the same id.
    async fn batch(&self) -> Result<bool, sqlx::Error> {
        let now = self.clock.now();
        let mut tx = self.pool.begin().await?;
        let mails = store::due(&mut tx, now, CONCURRENT).await?;
        if mails.is_empty() {
            return Ok(false);
        }
        let outcomes =
            join_all(mails.iter().map(|mail| async {
                timeout(DEADLINE, self.send(mail, now)).await.unwrap_or(Err(SendError::TimedOut))
            }))
            .await;
        for (mail, outcome) in mails.iter().zip(outcomes) {
            match outcome {
                Ok(()) => store::sent(&mut tx, mail.id, now).await?,
                Err(error) => {
                    let next = next_attempt(mail, now);
                    let gives_up = next.is_none();
                    tracing::warn!(mail.id = %mail.id, mail.kind = ?mail.kind, gives_up, error = %platform::chain(&error), "mail not sent");
                    store::not_sent(&mut tx, mail.id, &error.to_string(), next).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn send(&self, mail: &QueuedMail, now: DateTime<Utc>) -> Result<(), SendError> {
        let rendered = render::render(mail, &self.links, now)?;
        let message = self.message(mail, rendered)?;
        match &*self.transport {
            Transport::Files(dir) => write_file(dir, mail, &message.formatted()).await.map_err(SendError::from),
            Transport::Smtp(smtp) => smtp.send(message).await.map(drop).map_err(SendError::from),
            Transport::Broken(reason) => Err(SendError::Broken(reason.clone())),
        }
    }

    fn message(&self, mail: &QueuedMail, rendered: Rendered) -> Result<Message, SendError> {
        let to = Mailbox::new(Some(mail.to_name.clone()), mail.to_address.parse::<Address>()?);
        let from: Mailbox = self.from.parse()?;
        let domain = from.email.domain().to_owned();
        let body = MultiPart::alternative_plain_html(rendered.text, rendered.html);
        let body = match rendered.calendar {
            None => body,
            Some((text, method)) => {
                let kind = ContentType::parse(&format!("text/calendar; charset=utf-8; method={}", method.name()))?;
                // As an alternative, for programs that offer to add it, and as a file for all others.
                let inline = SinglePart::builder().header(kind).body(text.clone());
                let file = Attachment::new("event.ics".to_owned())
                    .body(text, ContentType::parse("text/calendar; charset=utf-8")?);
                MultiPart::mixed().multipart(body.singlepart(inline)).singlepart(file)
            }
        };
        Ok(Message::builder()
            .from(from)
            .to(to)
            .subject(rendered.subject)
            // The same at every attempt: whoever gets it twice can tell.
            .message_id(Some(format!("<{}@{domain}>", mail.id)))
            .date(std::time::UNIX_EPOCH + Duration::from_secs(u64::try_from(mail.created_at.timestamp()).unwrap_or(0)))
            .header(AutoSubmitted)
            .multipart(body)?)
    }
}

/// RFC 3834: nobody's out-of-office note needs to answer.
#[derive(Clone, Debug)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Half a minute, then twice as long each time up to four hours, ± 20 %; `None` after the last.
fn next_attempt(mail: &QueuedMail, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let attempts = mail.attempts + 1;
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    let seconds = (30.0 * f64::from(2_u32.pow(u32::try_from(attempts - 1).unwrap_or(0).min(9)))).min(14_400.0);
    let jittered = Duration::from_secs_f64(seconds * (0.8 + random::jitter() * 0.4));
    Some(now + TimeDelta::from_std(jittered).unwrap_or(TimeDelta::minutes(1)))
}

/// Appears whole or not at all; sent again it replaces itself.
async fn write_file(dir: &Path, mail: &QueuedMail, content: &[u8]) -> std::io::Result<()> {
    tokio::fs::create_dir_all(dir).await?;
    let name = format!("{}-{}", mail.created_at.format("%Y%m%dT%H%M%S"), mail.id);
    let (draft, file) = (dir.join(format!("{name}.tmp")), dir.join(format!("{name}.eml")));
    tokio::fs::write(&draft, content).await?;
    tokio::fs::rename(&draft, &file).await
}

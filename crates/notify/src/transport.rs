//! Where mails go: to files, or to an SMTP server.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor, transport::smtp::PoolConfig};
use platform::config::Config;
use secrecy::ExposeSecret as _;
use tokio::task::spawn_blocking;

use crate::{sender::SendError, store::QueuedMail};

/// How long the server has for one answer.
const ANSWER: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub enum Transport {
    Files(Arc<Path>),
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

impl Transport {
    /// Does not connect yet; `connections` at most.
    ///
    /// # Errors
    /// Why it cannot be used: a sentence without secrets.
    pub fn open(config: &Config, mail_dir: &Arc<Path>, connections: u32) -> Result<Self, String> {
        let Some(reference) = &config.smtp.url else { return Ok(Self::Files(mail_dir.clone())) };
        let url = reference.resolve().map_err(|error| error.to_string())?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret());
        let builder = builder.map_err(|_| "smtp.url is no SMTP URL".to_owned())?;
        let pool = PoolConfig::new().max_size(connections);
        Ok(Self::Smtp(builder.timeout(Some(ANSWER)).pool_config(pool).build()))
    }

    pub async fn send(&self, mail: &QueuedMail, message: Message) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(message).await.map(drop).map_err(SendError::from),
            Self::Files(dir) => {
                let (dir, name) = (dir.clone(), file_name(mail));
                let write = spawn_blocking(move || write_file(&dir, &name, &message.formatted()));
                Ok(write.await.map_err(io::Error::other)??)
            }
        }
    }
}

/// Sorts by time; sent again, the mail replaces itself.
fn file_name(mail: &QueuedMail) -> String {
    format!("{}-{}", mail.created_at.format("%Y%m%dT%H%M%S%6f"), mail.id)
}

/// Appears whole or not at all, and stays when the power fails. Only its owner can read it: it may hold a link that opens an account.
fn write_file(dir: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let (draft, whole) = (dir.join(format!("{name}.tmp")), dir.join(format!("{name}.eml")));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&draft, &whole)?;
    File::open(dir)?.sync_all()
}

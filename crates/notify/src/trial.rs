use std::{path::Path, sync::Arc, time::Duration};

use lettre::message::Mailbox;
use platform::config::Config;
use tokio::time::timeout;

use crate::transport::Transport;

/// How long the server has to answer somebody who is waiting for it.
const DEADLINE: Duration = Duration::from_secs(4);

/// Tries whether mail could be sent: greets the SMTP server and signs in, and sends nothing. Tells where mail goes.
///
/// # Errors
/// Why it could not: a sentence without secrets.
pub async fn try_mail(config: &Config) -> Result<String, String> {
    config.mail.from.parse::<Mailbox>().map_err(|_| "mail.from is no address".to_owned())?;
    let dir: Arc<Path> = config.data_dir.join("mail").into();
    match Transport::open(config, &dir, 1)? {
        Transport::Files(dir) => Ok(format!("files under {}", dir.display())),
        Transport::Smtp(smtp) => match timeout(DEADLINE, smtp.test_connection()).await {
            Ok(Ok(true)) => Ok("the SMTP server answers".to_owned()),
            Ok(Ok(false)) => Err("the SMTP server does not answer as one".to_owned()),
            Ok(Err(error)) => Err(format!("the SMTP server cannot be used: {}", platform::chain(&error))),
            Err(_) => Err(format!("the SMTP server does not answer within {} s", DEADLINE.as_secs())),
        },
    }
}

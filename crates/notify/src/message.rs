//! A rendered mail as a MIME message.

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Address, Message,
    message::{
        Attachment, Mailbox, MultiPart, SinglePart,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
};

use crate::{domain::is_greetable, render::Rendered, sender::SendError, store::QueuedMail};

pub fn build(mail: &QueuedMail, rendered: Rendered, from: &Mailbox) -> Result<Message, SendError> {
    let name = Some(mail.to_name.clone()).filter(|name| is_greetable(name));
    let to = Mailbox::new(name, mail.to_address.parse::<Address>()?);
    let body = MultiPart::alternative_plain_html(rendered.text, rendered.html);
    let body = match rendered.calendar {
        None => body,
        Some((text, method)) => {
            let kind = ContentType::parse(&format!("text/calendar; charset=utf-8; method={}", method.name()))?;
            // As an alternative, for programs that offer to add it, and as a file for all others.
            let inline = SinglePart::builder().header(kind).body(text.clone());
            let file =
                Attachment::new("event.ics".to_owned()).body(text, ContentType::parse("text/calendar; charset=utf-8")?);
            MultiPart::mixed().multipart(body.singlepart(inline)).singlepart(file)
        }
    };
    let created = u64::try_from(mail.created_at.timestamp()).unwrap_or(0);
    Ok(Message::builder()
        .from(from.clone())
        .to(to)
        .subject(rendered.subject)
        // Id and date are the same at every attempt: whoever gets it twice can tell.
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .date(UNIX_EPOCH + Duration::from_secs(created))
        .header(AutoSubmitted)
        .multipart(body)?)
}

/// RFC 3834: nobody's out-of-office note needs to answer.
#[derive(Clone, Debug)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
